//! Steps that find objects.

use diptych::{AnyRef, Value};
use serde_json::{Value as Json, json};

use super::Given;
use crate::case::{list, text};
use crate::fault::Fault;
use crate::selection::{selection, term};
use crate::value::{from_json, to_json};
use crate::world::World;

/// A collection as results show it: a list where its order counts, a bag where it does not.
pub fn collection(shown: Vec<Json>, ordered: bool) -> Json {
    if ordered { json!({ "list": shown }) } else { json!({ "bag": shown }) }
}

pub fn get(world: &mut World<'_>, step: &Json) -> Given {
    let key: Vec<Value> = list(step, "pk").iter().map(from_json).collect();
    let selection = selection(world, step)?;
    match world.untyped().find_with(text(step, "class"), &key, &selection)? {
        None => Ok(Some(Json::Null)),
        Some(object) => {
            world.bind_all(step.get("as"), &[object]);
            Ok(Some(world.reference(object)?.into()))
        }
    }
}

pub fn query(world: &mut World<'_>, step: &Json) -> Given {
    let (class, selection) = (text(step, "class"), selection(world, step)?);
    let ordered = !selection.order_by.is_empty();
    if step.get("columns").is_some() {
        let columns: Vec<_> = list(step, "columns").iter().map(term).collect();
        let rows = world.untyped().select_values(class, &selection, &columns)?;
        let shown = rows.iter().map(|row| Json::Array(row.iter().map(to_json).collect()));
        return Ok(Some(collection(shown.collect(), ordered)));
    }
    let only = match text(step, "result") {
        "count" => return Ok(Some(world.untyped().count(class, &selection)?.into())),
        "exists" => return Ok(Some(world.untyped().exists(class, &selection)?.into())),
        "first" => world.untyped().select_first(class, &selection)?,
        "one_or_none" => world.untyped().select_one(class, &selection)?,
        "one" => match world.untyped().select_one(class, &selection)? {
            None => return Err(Fault::Category("not_found")),
            found => found,
        },
        _ => {
            let found = world.untyped().select(class, &selection)?;
            world.bind_all(step.get("as"), &found);
            let shown = world.references(&found)?;
            return Ok(Some(collection(shown, ordered)));
        }
    };
    world.bind_all(step.get("as"), only.as_slice());
    let shown = world.references(only.as_slice())?;
    Ok(Some(shown.into_iter().next().unwrap_or(Json::Null)))
}

/// What a relation leads to by a query of its own.
pub fn related(world: &mut World<'_>, object: AnyRef, step: &Json) -> Result<Vec<AnyRef>, Fault> {
    let selection = selection(world, step)?;
    Ok(world.untyped().select_related(object, text(step, "attr"), &selection)?)
}
