// mistakes: D32
use diptych::prelude::*;

#[derive(AsValue, Clone, Debug)]
#[value("email")]
struct Email(String);

fn main() {}
