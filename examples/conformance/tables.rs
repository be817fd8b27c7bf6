//! The tables of a case, and the rows that stand in them before its session begins.

use diptych::query::{Input, Leaf};
use diptych::{
    Action, Column, Connection, Control, Database, Error, Expr, Expression, ForeignKey, Insert, NativeConnection,
    Table, Update, col,
};
use serde_json::Value as Json;

use crate::case::{list, says, text, texts};
use crate::fault::{Fault, unsupported};
use crate::value::from_json;

/// A table as the case declares it.
pub fn table(json: &Json) -> Result<Table, Fault> {
    let mut table = Table::new(text(json, "name").to_owned());
    let mut key: Vec<&str> = texts(json, "primary_key");
    for column in list(json, "columns") {
        let name = text(column, "name").to_owned();
        let mut declared = match text(column, "type") {
            "int" => Column::int(name),
            "text" => Column::text(name),
            "real" => Column::float(name),
            "bool" => Column::bool(name),
            other => return unsupported(format!("columns of type {other}")),
        };
        if says(column, "primary_key") {
            key.push(text(column, "name"));
        }
        if column.get("nullable") != Some(&Json::Bool(false)) && !key.contains(&text(column, "name")) {
            declared = declared.nullable();
        }
        if let Some(default) = column.get("default") {
            declared = declared.default(from_json(default));
        }
        table = table.column(declared);
        if says(column, "unique") {
            table = table.unique([text(column, "name").to_owned()]);
        }
    }
    for columns in list(json, "unique") {
        let columns = columns.as_array().into_iter().flatten().filter_map(Json::as_str).map(str::to_owned);
        table = table.unique(columns);
    }
    for key in list(json, "foreign_keys") {
        table = table.foreign_key(foreign_key(key)?);
    }
    let generated = match key.as_slice() {
        [one] => list(json, "columns").iter().any(|it| {
            let given = it.get("autoincrement") == Some(&Json::Bool(false));
            text(it, "name") == *one && text(it, "type") == "int" && !given
        }),
        _ => false,
    };
    if !key.is_empty() {
        table = table.primary_key(key.into_iter().map(str::to_owned));
    }
    Ok(if generated { table.auto() } else { table })
}

fn foreign_key(json: &Json) -> Result<ForeignKey, Fault> {
    let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect::<Vec<_>>();
    let references = &json["references"];
    let mut key = ForeignKey::new(owned(texts(json, "columns")), text(references, "table").to_owned());
    key = key.to(owned(texts(references, "columns")));
    if json.get("on_delete").is_some() {
        key = key.on_delete(action(text(json, "on_delete"))?);
    }
    if json.get("on_update").is_some() {
        key = key.on_update(action(text(json, "on_update"))?);
    }
    Ok(if says(json, "deferred") { key.deferred() } else { key })
}

fn action(name: &str) -> Result<Action, Fault> {
    match Action::ALL.into_iter().find(|it| it.sql() == name) {
        Some(action) => Ok(action),
        None => unsupported(format!("the foreign key action {name}")),
    }
}

/// One row that is to be inserted.
struct Seed<'a> {
    table: &'a str,
    row: &'a serde_json::Map<String, Json>,
}

/// Inserts the rows of a case. They may refer to each other in any order: what is refused for now is tried again after
/// the others. Where rows wait for each other in a ring, one goes in without the references that may be NULL, and gets
/// them in the end.
pub fn seed(database: &Database, case: &Json) -> Result<(), Fault> {
    let mut connection = database.connect();
    let mut waiting: Vec<Seed<'_>> = Vec::new();
    for group in list(case, "seed") {
        let rows = group[1].as_array().into_iter().flatten().filter_map(Json::as_object);
        waiting.extend(rows.map(|row| Seed { table: group[0].as_str().unwrap_or_default(), row }));
    }
    let mut incomplete = Vec::new();
    while !waiting.is_empty() {
        let before = waiting.len();
        let mut refused = None;
        waiting.retain(|seed| match insert(&mut connection, seed, &[]) {
            Ok(()) => false,
            Err(error) => {
                refused = Some(error);
                true
            }
        });
        if waiting.len() < before {
            continue;
        }
        let without =
            waiting.iter().position(|seed| insert(&mut connection, seed, &optional(case, seed.table)).is_ok());
        match without {
            Some(at) => incomplete.push(waiting.remove(at)),
            None => return Err(refused.map_or(Fault::Category("invalid_request"), Fault::from)),
        }
    }
    incomplete.iter().try_for_each(|seed| complete(&mut connection, seed, case))?;
    Ok(connection.control(Control::Commit)?)
}

fn table_of<'c>(case: &'c Json, name: &str) -> Option<&'c Json> {
    list(&case["schema"], "tables").iter().find(|it| text(it, "name") == name)
}

/// The columns of a table that refer and may be NULL.
fn optional<'c>(case: &'c Json, table: &str) -> Vec<&'c str> {
    let Some(table) = table_of(case, table) else { return Vec::new() };
    let nullable = |name: &&str| {
        list(table, "columns")
            .iter()
            .any(|it| text(it, "name") == *name && it.get("nullable") != Some(&Json::Bool(false)))
    };
    list(table, "foreign_keys").iter().flat_map(|it| texts(it, "columns")).filter(nullable).collect()
}

fn insert(connection: &mut NativeConnection, seed: &Seed<'_>, without: &[&str]) -> Result<(), Error> {
    let given = || seed.row.iter().filter(|it| !without.contains(&it.0.as_str()));
    let columns: Vec<String> = given().map(|it| it.0.clone()).collect();
    let values = given().map(|it| Expr::<Leaf>::Value(from_json(it.1)));
    let prepared = connection.prepare(Insert::into(seed.table.to_owned(), columns).row(values).into())?;
    connection.run(&prepared, Input::Values(&[])).map(drop)
}

/// Gives a row the references that it went in without.
fn complete(connection: &mut NativeConnection, seed: &Seed<'_>, case: &Json) -> Result<(), Fault> {
    let Some(table) = table_of(case, seed.table) else { return Ok(()) };
    let value = |name: &str| from_json(seed.row.get(name).unwrap_or(&Json::Null));
    let mut update = Update::table(seed.table.to_owned());
    for column in optional(case, seed.table) {
        update = update.set(column.to_owned(), value(column));
    }
    let marked = list(table, "columns").iter().filter(|it| says(it, "primary_key")).map(|it| text(it, "name"));
    for name in marked.chain(texts(table, "primary_key")) {
        update = update.filter(col(name.to_owned()).eq(value(name)));
    }
    let prepared = connection.prepare(update.into())?;
    Ok(connection.run(&prepared, Input::Values(&[])).map(drop)?)
}
