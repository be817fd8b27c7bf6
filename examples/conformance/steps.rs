//! Carrying out one step.

mod attributes;
mod dml;
pub mod probes;
mod queries;
mod units;

use serde_json::Value as Json;

use crate::case::{says, text};
use crate::fault::{Fault, unsupported};
use crate::world::World;

/// What a step gives: a value, or none.
pub type Given = Result<Option<Json>, Fault>;

/// Carries out a step.
pub fn run(world: &mut World<'_>, step: &Json) -> Given {
    let quiet = says(step, "no_autoflush");
    if quiet {
        world.session.set_autoflush(false);
    }
    let given = dispatch(world, step);
    if quiet {
        world.configure();
    }
    given
}

fn dispatch(world: &mut World<'_>, step: &Json) -> Given {
    match text(step, "op") {
        "new" => attributes::new(world, step),
        "set" => attributes::set(world, step),
        "set_rel" => attributes::set_relation(world, step),
        "unset" => attributes::unset(world, step),
        "append" | "remove" | "insert" | "set_item" | "pop" | "clear" | "replace" => attributes::mutate(world, step),
        "read" => attributes::read(world, step),
        "read_rel" => attributes::read_relation(world, step),
        "read_all" => attributes::read_all(world),
        "state" | "states" | "is_loaded" | "identity" | "same" | "contents" | "history" | "dump" => {
            probes::probe(world, step)
        }
        "get" => queries::get(world, step),
        "query" => queries::query(world, step),
        "sql" => dml::sql(world, step),
        "bulk_update" | "bulk_delete" => dml::bulk(world, step),
        "add" | "add_all" | "delete" | "expunge" | "expire" | "refresh" | "merge" | "make_transient"
        | "make_detached" => units::on_object(world, step),
        "flush" | "commit" | "rollback" | "savepoint" | "release" | "rollback_to" | "expunge_all" | "expire_all"
        | "close" | "new_session" => units::on_session(world, step),
        other => unsupported(format!("the step `{other}`")),
    }
}

/// Whether a step looks without a statement.
pub fn is_probe(step: &Json) -> bool {
    matches!(text(step, "op"), "state" | "states" | "is_loaded" | "identity" | "same" | "contents" | "history" | "dump")
}
