// mistakes: D08
use diptych::prelude::*;

#[derive(AsValue, Clone, Debug)]
enum Level {
    #[value(integer)]
    Low,
}

fn main() {}
