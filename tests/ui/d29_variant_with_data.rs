// mistakes: D29
use diptych::prelude::*;

#[derive(AsValue, Clone, Debug)]
enum Payment {
    Cash,
    Card(String),
}

fn main() {}
