// mistakes: D28
use diptych::prelude::*;

#[derive(AsValue, Clone, Debug)]
struct Nothing;

fn main() {}
