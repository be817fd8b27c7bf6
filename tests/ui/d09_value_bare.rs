// mistakes: D09
use diptych::prelude::*;

#[derive(AsValue, Clone, Debug)]
enum Level {
    #[value]
    Low,
}

fn main() {}
