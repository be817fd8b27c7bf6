// mistakes: D30
use diptych::prelude::*;

#[derive(AsValue, Clone, Debug)]
enum Never {}

fn main() {}
