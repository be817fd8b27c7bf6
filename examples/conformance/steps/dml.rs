//! Steps that write rows by statements.

use diptych::object::{Synchronize, Term};
use diptych::query::Leaf;
use diptych::{Delete, Expr, Insert, Update, col};
use serde_json::Value as Json;

use super::Given;
use crate::case::text;
use crate::expression::{Leaves, expression};
use crate::fault::{Fault, unsupported};
use crate::selection::Terms;
use crate::value::from_json;
use crate::world::World;

/// Columns of the table that a statement writes.
struct TableColumns;

impl Leaves for TableColumns {
    type Leaf = Leaf;

    fn column(&mut self, name: &str) -> Result<Expr<Leaf>, Fault> {
        Ok(col(name.rsplit('.').next().unwrap_or(name).to_owned()))
    }
}

pub fn sql(world: &mut World<'_>, step: &Json) -> Given {
    let table = text(step, "table").to_owned();
    let filter = step.get("where").map(|it| expression(it, &mut TableColumns)).transpose()?;
    let mut values: Vec<(String, Expr<Leaf>)> = Vec::new();
    for (name, value) in step.get("values").and_then(Json::as_object).into_iter().flatten() {
        let value = match value.get("expr") {
            Some(json) => expression(json, &mut TableColumns)?,
            None => Expr::Value(from_json(value)),
        };
        values.push((name.clone(), value));
    }
    let outcome = match text(step, "dml") {
        "insert" => {
            let (columns, values): (Vec<String>, Vec<Expr<Leaf>>) = values.into_iter().unzip();
            world.session.execute(Insert::into(table, columns).row(values))?
        }
        "update" => {
            let update = values.into_iter().fold(Update::table(table), |it, (name, value)| it.set(name, value));
            world.session.execute(filter.into_iter().fold(update, Update::filter))?
        }
        "delete" => world.session.execute(filter.into_iter().fold(Delete::from(table), Delete::filter))?,
        other => return unsupported(format!("sql {other}")),
    };
    Ok(Some(outcome.count.into()))
}

pub fn bulk(world: &mut World<'_>, step: &Json) -> Given {
    let class = text(step, "class");
    let filter = step.get("where").map(|it| expression(it, &mut Terms(world))).transpose()?;
    let synchronize = match text(step, "sync") {
        "" | "auto" => Synchronize::Auto,
        "evaluate" => Synchronize::Evaluate,
        "fetch" => Synchronize::Fetch,
        "none" => Synchronize::Not,
        other => return unsupported(format!("synchronizing by {other}")),
    };
    if text(step, "op") == "bulk_delete" {
        return Ok(Some(world.untyped().delete_where(class, filter.as_ref(), synchronize)?.into()));
    }
    let mut values: Vec<(&str, Expr<Term>)> = Vec::new();
    for (name, value) in step.get("values").and_then(Json::as_object).into_iter().flatten() {
        let value = match value.get("expr") {
            Some(json) => expression(json, &mut Terms(world))?,
            None => Expr::Value(from_json(value)),
        };
        values.push((name, value));
    }
    Ok(Some(world.untyped().update_where(class, &values, filter.as_ref(), synchronize)?.into()))
}
