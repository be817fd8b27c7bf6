// mistakes: D02
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
struct Word<'a> {
    #[key]
    text: &'a str,
}

fn main() {}
