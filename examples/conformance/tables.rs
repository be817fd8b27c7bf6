//! The tables of a case, and the rows that stand in them before its session begins.

use std::collections::HashMap;

use diptych::query::{Input, Leaf};
use diptych::{
    Action, Column, Connection, Control, Database, Error, Expr, ForeignKey, Insert, NativeConnection, Table, Value,
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
/// the others, and what is still refused then gets its references in a second step.
pub fn seed(database: &Database, case: &Json) -> Result<(), Fault> {
    let mut connection = database.connect();
    let mut waiting: Vec<Seed<'_>> = Vec::new();
    for group in list(case, "seed") {
        let rows = group[1].as_array().into_iter().flatten().filter_map(Json::as_object);
        waiting.extend(rows.map(|row| Seed { table: group[0].as_str().unwrap_or_default(), row }));
    }
    while !waiting.is_empty() {
        let before = waiting.len();
        let mut refused = None;
        waiting.retain(|seed| match insert(&mut connection, seed, &HashMap::new()) {
            Ok(()) => false,
            Err(error) => {
                refused = Some(error);
                true
            }
        });
        if waiting.len() == before {
            return in_two_steps(&mut connection, &waiting, case, refused);
        }
    }
    Ok(connection.control(Control::Commit)?)
}

fn insert(connection: &mut NativeConnection, seed: &Seed<'_>, instead: &HashMap<&str, Value>) -> Result<(), Error> {
    let columns: Vec<String> = seed.row.keys().cloned().collect();
    let values = seed.row.iter().map(|(name, value)| {
        let value = instead.get(name.as_str()).cloned().unwrap_or_else(|| from_json(value));
        Expr::<Leaf>::Value(value)
    });
    let prepared = connection.prepare(Insert::into(seed.table.to_owned(), columns).row(values).into())?;
    connection.run(&prepared, Input::Values(&[])).map(drop)
}

/// Rows that refer to each other in a ring: first without their references, then with them.
fn in_two_steps(
    connection: &mut NativeConnection,
    rows: &[Seed<'_>],
    case: &Json,
    refused: Option<Error>,
) -> Result<(), Fault> {
    let table_of = |name: &str| list(&case["schema"], "tables").iter().find(|it| text(it, "name") == name);
    for seed in rows {
        let Some(table) = table_of(seed.table) else { continue };
        let references = list(table, "foreign_keys").iter().flat_map(|it| texts(it, "columns"));
        let nulls: HashMap<&str, Value> = references.map(|it| (it, Value::Null)).collect();
        if insert(connection, seed, &nulls).is_err() {
            return Err(refused.map_or(Fault::Category("invalid_request"), Fault::from));
        }
    }
    for seed in rows {
        let Some(table) = table_of(seed.table) else { continue };
        let mut update = diptych::Update::table(seed.table.to_owned());
        for column in list(table, "foreign_keys").iter().flat_map(|it| texts(it, "columns")) {
            update = update.set(column.to_owned(), from_json(seed.row.get(column).unwrap_or(&Json::Null)));
        }
        for column in list(table, "columns").iter().filter(|it| says(it, "primary_key")) {
            let name = text(column, "name");
            let value = from_json(seed.row.get(name).unwrap_or(&Json::Null));
            update = update.filter(diptych::Expression::eq(diptych::col(name.to_owned()), value));
        }
        let prepared = connection.prepare(update.into())?;
        connection.run(&prepared, Input::Values(&[]))?;
    }
    Ok(connection.control(Control::Commit)?)
}
