// mistakes: D11
use diptych::prelude::*;

#[derive(AsValue, Clone, Debug)]
#[value(intger)]
enum Level {
    Low,
}

fn main() {}
