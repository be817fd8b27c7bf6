//! What PRAGMA tells of tables, their keys and their indexes. `pragma_table_info('name')` and the like are sources of the
//! same rows.

use super::catalog::{Catalog, Field};
use super::system::SystemTable;
use crate::id::ColumnId;
use crate::schema::{IndexSchema, Part, ReferenceSchema, TableSchema, Uniqueness};
use crate::sql::Dialect;
use crate::sql::define::{default_text, type_text};
use crate::value::{Kind, Value};

/// What a PRAGMA brings: the names of its columns, and rows.
pub(in crate::sql) struct Told {
    pub(in crate::sql) columns: Vec<&'static str>,
    pub(in crate::sql) rows: Vec<Vec<Value>>,
}

/// What a PRAGMA that tells of the schema brings; nothing where there is none of that name. What it is asked of may not
/// be there, then it brings no rows.
pub(in crate::sql) fn told(catalog: &Catalog, name: &str, of: Option<&str>) -> Option<Told> {
    let table = of.and_then(|it| catalog.table(it)).map(|it| it.0);
    let index = || of.and_then(|it| index_named(catalog, it));
    Some(match name {
        "table_info" => table_info(catalog, of, false),
        "table_xinfo" => table_info(catalog, of, true),
        "foreign_key_list" => foreign_key_list(catalog, table),
        "foreign_key_check" => Told { columns: vec!["table", "rowid", "parent", "fkid"], rows: Vec::new() },
        "index_list" => index_list(table),
        "index_info" => index_info(index(), false),
        "index_xinfo" => index_info(index(), true),
        "table_list" => table_list(catalog),
        "database_list" => {
            let row = vec![Value::Int(0), "main".into(), "".into()];
            Told { columns: vec!["seq", "name", "file"], rows: vec![row] }
        }
        "collation_list" => {
            let names = ["RTRIM", "NOCASE", "BINARY"].into_iter();
            let rows = (0..).zip(names).map(|(at, it)| vec![Value::Int(at), it.into()]).collect();
            Told { columns: vec!["seq", "name"], rows }
        }
        _ => return None,
    })
}

impl SystemTable {
    /// `pragma_table_info('name')` and the like.
    pub(super) fn of_pragma(catalog: &Catalog, function: &str, of: Option<&str>) -> Option<SystemTable> {
        let function = function.to_ascii_lowercase();
        let told = told(catalog, function.strip_prefix("pragma_")?, of)?;
        let columns: Vec<(&str, Kind)> = told
            .columns
            .iter()
            .enumerate()
            .map(|(at, name)| {
                let kind = told.rows.iter().find_map(|row| row[at].kind());
                (*name, kind.unwrap_or(Kind::Text))
            })
            .collect();
        Some(SystemTable::new(&columns, told.rows))
    }
}

fn flag(it: bool) -> Value {
    Value::Int(it.into())
}

fn table_info(catalog: &Catalog, of: Option<&str>, hidden: bool) -> Told {
    let mut columns = vec!["cid", "name", "type", "notnull", "dflt_value", "pk"];
    if hidden {
        columns.push("hidden");
    }
    let mut rows = Vec::new();
    if let Some((table, _)) = of.and_then(|it| catalog.table(it)) {
        let shown = table.column_ids().filter(|id| hidden || table.column(*id).generated.is_none());
        for (at, id) in (0..).zip(shown) {
            let column = table.column(id);
            let key = table.primary_key().and_then(|it| it.columns.iter().position(|it| *it == id));
            let mut row = vec![
                Value::Int(at),
                column.name.as_str().into(),
                type_text(column, Dialect::Sqlite).to_ascii_uppercase().into(),
                flag(!column.nullable && table.auto != Some(id)),
                default_text(column, Dialect::Sqlite).into(),
                Value::Int(key.map_or(0, |it| it as i64 + 1)),
            ];
            if hidden {
                row.push(Value::Int(if column.generated.is_some() { 3 } else { 0 }));
            }
            rows.push(row);
        }
    } else if let Some(fields) = of.and_then(|it| catalog.view_fields(it)) {
        for (at, field) in (0..).zip(fields) {
            let Field { name, kind, .. } = field;
            let kind = kind.map_or(String::new(), |it| it.name().to_ascii_uppercase());
            let mut row = vec![Value::Int(at), name.into(), kind.into(), flag(false), Value::Null, Value::Int(0)];
            row.extend(hidden.then_some(Value::Int(0)));
            rows.push(row);
        }
    }
    Told { columns, rows }
}

/// The keys of a table, the last one first, as SQLite tells them.
fn foreign_key_list(catalog: &Catalog, table: Option<&TableSchema>) -> Told {
    let columns = vec!["id", "seq", "table", "from", "to", "on_update", "on_delete", "match"];
    let mut rows = Vec::new();
    let Some(table) = table else { return Told { columns, rows } };
    let keys = table.outbound.iter().rev().map(|it| catalog.schema().reference(*it));
    for (id, key) in (0..).zip(keys) {
        let ReferenceSchema { columns: own, target_columns, on_update, on_delete, .. } = key;
        let target = catalog.schema().table(key.target);
        for (seq, (from, to)) in (0..).zip(own.iter().zip(target_columns)) {
            rows.push(vec![
                Value::Int(id),
                Value::Int(seq),
                target.name.as_str().into(),
                table.column(*from).name.as_str().into(),
                target.column(*to).name.as_str().into(),
                on_update.sql().into(),
                on_delete.sql().into(),
                "NONE".into(),
            ]);
        }
    }
    Told { columns, rows }
}

/// The indexes of a table, the last one first. A key that is the row's own number has no index in SQLite.
fn index_list(table: Option<&TableSchema>) -> Told {
    let columns = vec!["seq", "name", "unique", "origin", "partial"];
    let shown = table.into_iter().flat_map(|table| {
        table.indexes.iter().rev().filter(|it| it.uniqueness != Uniqueness::Primary || table.auto.is_none())
    });
    let row = |(seq, it): (i64, &IndexSchema)| {
        let origin = match it.uniqueness {
            Uniqueness::Primary => "pk",
            Uniqueness::Unique if it.is_plain() => "u",
            _ => "c",
        };
        vec![
            Value::Int(seq),
            it.name.as_str().into(),
            flag(it.is_unique()),
            origin.into(),
            flag(it.predicate.is_some()),
        ]
    };
    Told { columns, rows: (0..).zip(shown).map(row).collect() }
}

fn index_named<'a>(catalog: &'a Catalog, name: &str) -> Option<(&'a TableSchema, &'a IndexSchema)> {
    let tables = catalog.schema().tables().iter();
    let mut all = tables.flat_map(|table| table.indexes.iter().map(move |it| (table, it)));
    all.find(|(_, it)| it.name.eq_ignore_ascii_case(name))
}

fn index_info(index: Option<(&TableSchema, &IndexSchema)>, more: bool) -> Told {
    let mut columns = vec!["seqno", "cid", "name"];
    if more {
        columns.extend(["desc", "coll", "key"]);
    }
    let mut rows = Vec::new();
    if let Some((table, index)) = index {
        for (at, part) in (0..).zip(&index.parts) {
            let column = match part {
                Part::Column(id) => Some(id),
                Part::Expression(_) => None,
            };
            let name = |id: &ColumnId| Value::from(table.column(*id).name.as_str());
            let mut row = vec![
                Value::Int(at),
                Value::Int(column.map_or(-2, |id| id.index() as i64)),
                column.map_or(Value::Null, name),
            ];
            if more {
                row.extend([flag(false), "BINARY".into(), flag(true)]);
            }
            rows.push(row);
        }
    }
    Told { columns, rows }
}

fn table_list(catalog: &Catalog) -> Told {
    let columns = vec!["schema", "name", "type", "ncol", "wr", "strict"];
    let row = |name: &str, kind: &str, width: usize, keyed: bool, strict: bool| {
        vec!["main".into(), name.into(), kind.into(), Value::Int(width as i64), flag(keyed), flag(strict)]
    };
    let tables = catalog.schema().tables().iter();
    let mut rows: Vec<_> = tables.map(|it| row(&it.name, "table", it.columns.len(), false, true)).collect();
    for view in catalog.view_names() {
        let width = catalog.view_fields(&view).map_or(0, |it| it.len());
        rows.push(row(&view, "view", width, false, false));
    }
    Told { columns, rows }
}
