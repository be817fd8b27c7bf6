// mistakes: D01
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
enum Vote {
    Up,
    Down,
}

fn main() {}
