// mistakes: D08
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[index(journal_id, id)]
struct Note {
    #[key(auto)]
    id: Id<Note>,
    journal_id: i64,
}

fn main() {}
