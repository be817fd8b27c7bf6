// mistakes: D32
use diptych::prelude::*;

#[derive(AsValue, Clone, Copy, Debug)]
#[value(integer)]
enum Level {
    #[value("low")]
    Low,
}

fn main() {}
