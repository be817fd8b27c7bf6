// mistakes: D07
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
struct Cell {
    #[key]
    a: i64,
    #[key]
    b: i64,
    #[key]
    c: i64,
    #[key]
    d: i64,
    #[key]
    e: i64,
}

fn main() {}
