// mistakes: D03
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
struct User {
    id: Id<User>,
    name: String,
}

fn main() {
    let user = User::draft();
    let _ = (user.name, User::name, User::select());
}
