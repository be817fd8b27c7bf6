//! Steps that make objects, and read and change their attributes.

use diptych::{AnyRef, State, Value};
use serde_json::{Map, Value as Json};

use super::Given;
use super::queries::{collection, related};
use crate::case::{list, says, text};
use crate::classes::OwnColumns;
use crate::expression::expression;
use crate::fault::{Fault, unsupported};
use crate::value::{from_json, to_json};
use crate::world::World;

pub fn new(world: &mut World<'_>, step: &Json) -> Given {
    let object = world.untyped().construct(text(step, "class"), &[])?;
    world.bind(text(step, "as"), object);
    for (name, value) in step.get("set").and_then(Json::as_object).into_iter().flatten() {
        world.untyped().assign(object, name, from_json(value))?;
    }
    for (name, to) in step.get("rel").and_then(Json::as_object).into_iter().flatten() {
        assign_relation(world, object, name, to)?;
    }
    Ok(None)
}

pub fn set(world: &mut World<'_>, step: &Json) -> Given {
    let object = world.object(text(step, "obj"))?;
    let name = text(step, "attr");
    match step.get("expr") {
        Some(json) => world.untyped().assign_expression(object, name, expression(json, &mut OwnColumns)?)?,
        None => world.untyped().assign(object, name, from_json(&step["value"]))?,
    }
    Ok(None)
}

pub fn set_relation(world: &mut World<'_>, step: &Json) -> Given {
    let object = world.object(text(step, "obj"))?;
    assign_relation(world, object, text(step, "attr"), &step["to"])?;
    Ok(None)
}

/// A label or null for a reference, a list of labels for a collection.
fn assign_relation(world: &mut World<'_>, object: AnyRef, name: &str, to: &Json) -> Result<(), Fault> {
    if to.is_array() {
        let members = world.objects(to)?;
        return Ok(world.untyped().replace(object, name, &members)?);
    }
    let target = to.as_str().map(|it| world.object(it)).transpose()?;
    Ok(world.untyped().set(object, name, target)?)
}

pub fn unset(world: &mut World<'_>, step: &Json) -> Given {
    let object = world.object(text(step, "obj"))?;
    world.untyped().unset(object, text(step, "attr"))?;
    Ok(None)
}

/// Changes of a collection. All but those of collections that are never loaded as a whole read it first.
pub fn mutate(world: &mut World<'_>, step: &Json) -> Given {
    let (object, name) = (world.object(text(step, "obj"))?, text(step, "attr"));
    let class = world.untyped().class_of(object)?;
    let lazy = world.relationship(&class, name).map(|it| text(it, "lazy"));
    let item = world.named(step, "item")?;
    let members = step.get("items").map(|it| world.objects(it)).transpose()?.unwrap_or_default();
    let mut by_name = world.untyped();
    if !matches!(lazy, Some("dynamic" | "write_only")) {
        by_name.related(object, name)?;
    }
    let item = item.ok_or(Fault::Category("null_in_collection"));
    match text(step, "op") {
        "append" => by_name.push(object, name, item?)?,
        "remove" => by_name.remove(object, name, item?)?,
        "insert" => {
            let position = position(world, object, step)?;
            world.untyped().insert(object, name, position, item?)?;
        }
        "set_item" => {
            let position = position(world, object, step)?;
            world.untyped().set_item(object, name, position, item?)?;
        }
        "clear" => by_name.clear(object, name)?,
        "replace" => by_name.replace(object, name, &members)?,
        "pop" => {
            let position = position(world, object, step)?;
            let popped = world.untyped().pop(object, name, position)?;
            world.bind_all(step.get("as"), &[popped]);
            return Ok(Some(world.reference(popped)?.into()));
        }
        other => return unsupported(format!("the step `{other}`")),
    }
    Ok(None)
}

/// The position that a step names; a negative one counts from the end.
fn position(world: &mut World<'_>, object: AnyRef, step: &Json) -> Result<usize, Fault> {
    let position = step["index"].as_i64().unwrap_or_default();
    if position >= 0 {
        return Ok(position as usize);
    }
    let members = world.untyped().related(object, text(step, "attr"))?.len() as i64;
    match usize::try_from(members + position) {
        Ok(it) => Ok(it),
        Err(_) if text(step, "op") == "insert" => Ok(0),
        // A place that is not there, so that it is refused where the others are.
        Err(_) => Ok(members as usize),
    }
}

pub fn read(world: &mut World<'_>, step: &Json) -> Given {
    let object = world.object(text(step, "obj"))?;
    let value = world.untyped().value(object, text(step, "attr"))?;
    Ok(Some(to_json(&value)))
}

pub fn read_relation(world: &mut World<'_>, step: &Json) -> Given {
    let (object, name) = (world.object(text(step, "obj"))?, text(step, "attr"));
    let class = world.untyped().class_of(object)?;
    let queried = ["where", "order_by", "limit"].iter().any(|it| step.get(it).is_some());
    let lazy = world.relationship(&class, name).map_or("", |it| text(it, "lazy"));
    let found = match queried || matches!(lazy, "dynamic" | "write_only") {
        true => related(world, object, step)?,
        false => world.untyped().related(object, name)?,
    };
    world.bind_all(step.get("as"), &found);
    let ordered = says(step, "ordered") || step.get("order_by").is_some();
    Ok(Some(relation_value(world, object, name, &found, ordered)?))
}

/// What a relation leads to, as results show it.
fn relation_value(
    world: &mut World<'_>,
    object: AnyRef,
    name: &str,
    found: &[AnyRef],
    ordered: bool,
) -> Result<Json, Fault> {
    let shown = world.references(found)?;
    let class = world.untyped().class_of(object)?;
    if !world.untyped().is_collection(object, name)? {
        return Ok(shown.into_iter().next().unwrap_or(Json::Null));
    }
    let declared = world.relationship(&class, name).is_some_and(|it| !list(it, "order_by").is_empty());
    Ok(collection(shown, ordered || declared))
}

/// All attributes of the persistent objects that have a label. Relations that refuse to be read are left out.
pub fn read_all(world: &mut World<'_>) -> Given {
    let persistent = world.untyped().contents().persistent;
    let mut named = Vec::with_capacity(persistent.len());
    for object in persistent {
        named.extend(world.label(object).map(|label| (label, object)));
    }
    named.sort_by(|a, b| a.0.cmp(&b.0));
    let mut all = Map::new();
    for (name, object) in named {
        if world.untyped().status(object)?.state != State::Persistent {
            continue;
        }
        all.insert(name, Json::Object(attributes_of(world, object)?));
    }
    Ok(Some(Json::Object(all)))
}

fn attributes_of(world: &mut World<'_>, object: AnyRef) -> Result<Map<String, Json>, Fault> {
    let class = world.untyped().class_of(object)?;
    let mut shown = Map::new();
    for relation in world.relationships(&class) {
        if matches!(text(relation, "lazy"), "raise" | "raise_on_sql" | "dynamic" | "write_only") {
            continue;
        }
        let name = text(relation, "name");
        let found = world.untyped().related(object, name)?;
        shown.insert(name.to_owned(), relation_value(world, object, name, &found, false)?);
    }
    let columns: Vec<String> = {
        let model = world.session.model();
        model.class_named(&class)?.columns.iter().map(ToString::to_string).collect()
    };
    for column in columns {
        let value: Value = world.untyped().value(object, &column)?;
        shown.insert(column, to_json(&value));
    }
    Ok(shown)
}
