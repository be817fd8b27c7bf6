// mistakes: D01
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
struct Point(i64, i64);

fn main() {
    let _ = Point::draft();
}
