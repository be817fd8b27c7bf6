// mistakes: D31
use diptych::prelude::*;

#[derive(AsValue, Clone, Debug)]
enum Status {
    Open,
    #[value("open")]
    Reopened,
}

fn main() {}
