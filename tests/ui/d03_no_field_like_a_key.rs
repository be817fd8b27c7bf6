// mistakes: D03
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
struct Setting {
    name: String,
}

fn main() {}
