// mistakes: D02
use diptych::prelude::*;

#[derive(AsValue, Clone, Debug)]
struct Wrapped<T>(T);

fn main() {}
