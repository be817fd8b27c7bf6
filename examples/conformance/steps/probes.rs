//! Steps that look at the session and at rows without a statement.

use diptych::object::Change;
use diptych::{AnyRef, State};
use serde_json::{Map, Value as Json, json};

use super::Given;
use crate::case::{list, text, texts};
use crate::fault::{Fault, unsupported};
use crate::value::to_json;
use crate::world::World;

pub fn probe(world: &mut World<'_>, step: &Json) -> Given {
    let op = text(step, "op");
    let shown = match op {
        "states" => states(world, step)?,
        "contents" => contents(world)?,
        "dump" => dump(world, &texts(step, "tables"))?,
        "same" => (world.object(text(step, "a"))? == world.object(text(step, "b"))?).into(),
        _ => of_object(world, op, step)?,
    };
    Ok(Some(shown))
}

fn of_object(world: &mut World<'_>, op: &str, step: &Json) -> Result<Json, Fault> {
    let (object, name) = (world.object(text(step, "obj"))?, text(step, "attr"));
    let mut by_name = world.untyped();
    Ok(match op {
        "state" => {
            let status = by_name.status(object)?;
            json!({
                "state": status.state.name(), "in_session": status.in_session,
                "marked_deleted": status.marked_deleted, "modified": status.modified
            })
        }
        "is_loaded" => by_name.is_loaded(object, name)?.into(),
        "identity" => match by_name.identity(object)? {
            Some(key) => key.iter().map(to_json).collect(),
            None => Json::Null,
        },
        "history" => {
            let history = by_name.history(object, name)?;
            let parts = [history.added, history.unchanged, history.deleted];
            let mut shown = Vec::new();
            for part in parts {
                shown.push(part.iter().map(|it| change(world, it)).collect::<Result<Json, Fault>>()?);
            }
            json!({"added": shown[0], "unchanged": shown[1], "deleted": shown[2]})
        }
        other => return unsupported(format!("the step `{other}`")),
    })
}

fn change(world: &mut World<'_>, change: &Change) -> Result<Json, Fault> {
    Ok(match change {
        Change::Value(it) => to_json(it),
        Change::Object(None) => Json::Null,
        Change::Object(Some(it)) => world.reference(*it)?.into(),
    })
}

fn states(world: &mut World<'_>, step: &Json) -> Result<Json, Fault> {
    let asked: Vec<(String, AnyRef)> = match step.get("objs") {
        Some(_) => {
            let named = |it: &str| Ok((it.to_owned(), world.object(it)?));
            texts(step, "objs").into_iter().map(named).collect::<Result<_, Fault>>()?
        }
        None => world.labels.iter().map(|(label, object)| (label.clone(), *object)).collect(),
    };
    let mut shown = Map::new();
    for (label, object) in asked {
        let state: State = world.untyped().status(object)?.state;
        shown.insert(label, state.name().into());
    }
    Ok(Json::Object(shown))
}

fn contents(world: &mut World<'_>) -> Result<Json, Fault> {
    let contents = world.untyped().contents();
    let mut shown = Map::new();
    let parts = [
        ("new", contents.new),
        ("dirty", contents.dirty),
        ("deleted", contents.deleted),
        ("persistent", contents.persistent),
    ];
    for (name, objects) in parts {
        let mut names = objects.iter().map(|it| world.reference(*it)).collect::<Result<Vec<_>, Fault>>()?;
        names.sort();
        shown.insert(name.to_owned(), names.into());
    }
    Ok(Json::Object(shown))
}

/// The rows of some tables, or of all if none is named, as the transaction sees them.
pub fn dump(world: &mut World<'_>, tables: &[&str]) -> Result<Json, Fault> {
    let mut shown = Map::new();
    for table in list(&world.case["schema"], "tables") {
        let name = text(table, "name");
        if tables.is_empty() || tables.contains(&name) {
            let rows = world.untyped().rows(name)?;
            let rows: Json = rows.iter().map(|row| row.iter().map(to_json).collect::<Json>()).collect();
            shown.insert(name.to_owned(), rows);
        }
    }
    Ok(Json::Object(shown))
}
