// mistakes: D28
use diptych::prelude::*;

#[derive(AsValue, Clone, Debug)]
struct Point(i64, i64);

fn main() {}
