//! Steps that find objects.

use diptych::{AnyRef, Direction, Value};
use serde_json::{Value as Json, json};

use super::Given;
use crate::case::{list, text};
use crate::classes::{OwnColumns, direction};
use crate::expression::expression;
use crate::fault::{Fault, unsupported};
use crate::value::from_json;
use crate::world::World;

/// A collection as results show it: a list where its order counts, a bag where it does not.
pub fn collection(shown: Vec<Json>, ordered: bool) -> Json {
    if ordered { json!({ "list": shown }) } else { json!({ "bag": shown }) }
}

pub fn get(world: &mut World<'_>, step: &Json) -> Given {
    if ["load", "populate_existing"].iter().any(|it| step.get(it).is_some()) {
        return unsupported("get with options");
    }
    let key: Vec<Value> = list(step, "pk").iter().map(from_json).collect();
    match world.untyped().find(text(step, "class"), &key)? {
        None => Ok(Some(Json::Null)),
        Some(object) => {
            world.bind_all(step.get("as"), &[object]);
            Ok(Some(world.reference(object)?.into()))
        }
    }
}

const LATER: [&str; 8] =
    ["join", "aliases", "columns", "load", "with_polymorphic", "populate_existing", "unique", "distinct"];

pub fn query(world: &mut World<'_>, step: &Json) -> Given {
    if let Some(what) = LATER.iter().find(|it| step.get(**it).is_some()) {
        return unsupported(format!("queries with `{what}`"));
    }
    let filter = step.get("where").map(|it| expression(it, &mut OwnColumns)).transpose()?;
    let column = |it: &Json| it.as_str().and_then(|it| it.rsplit('.').next()).unwrap_or_default().to_owned();
    let order: Vec<(String, Direction)> =
        list(step, "order_by").iter().map(|it| (column(&it[0]), direction(&it[1]))).collect();
    let number = |key: &str| step.get(key).and_then(Json::as_u64);
    let ordered = !order.is_empty();
    let first = text(step, "result") == "first";
    let limit = number("limit").or(first.then_some(1));
    let mut found =
        world.untyped().all_where(text(step, "class"), filter, order, limit, number("offset").unwrap_or(0))?;
    match text(step, "result") {
        "count" => return Ok(Some(found.len().into())),
        "exists" => return Ok(Some((!found.is_empty()).into())),
        "one" | "one_or_none" if found.len() > 1 => return Err(Fault::Category("multiple_found")),
        "one" if found.is_empty() => return Err(Fault::Category("not_found")),
        "" | "all" => {
            world.bind_all(step.get("as"), &found);
            let shown = world.references(&found)?;
            return Ok(Some(collection(shown, ordered)));
        }
        _ => {}
    }
    found.truncate(1);
    world.bind_all(step.get("as"), &found);
    let shown = world.references(&found)?;
    Ok(Some(shown.into_iter().next().unwrap_or(Json::Null)))
}

/// What a relation leads to by a query of its own.
pub struct Related;

impl Related {
    pub fn asked(world: &mut World<'_>, object: AnyRef, step: &Json) -> Result<Vec<AnyRef>, Fault> {
        let _ = (world, object, step);
        unsupported("asking a relation with conditions")
    }
}
