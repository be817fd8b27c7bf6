//! Tables that tell of tables: `sqlite_schema` as SQLite has it, `information_schema` as PostgreSQL does. They are read
//! and never changed; whoever reads one reads a list of constants, made of the schema as it is then.

use super::catalog::{Catalog, Field, KeptView};
use super::from::view_names;
use super::meaning::Purpose;
use super::scope::Reader;
use super::types::{SqlDialect, affinity};
use crate::expr::{Expr, Type};
use crate::id::ColumnId;
use crate::query::{Leaf, Statement, View};
use crate::schema::{ReferenceSchema, TableSchema, Uniqueness};
use crate::sql::Dialect;
use crate::sql::define::{index_text, table_text};
use crate::value::{Kind, Value};

/// A table that tells of tables: its columns and its rows.
pub(super) struct SystemTable {
    pub(super) fields: Vec<Field>,
    pub(super) rows: Vec<Vec<Expr<Leaf>>>,
}

impl SystemTable {
    /// The one of a name, whose parts are those between dots.
    pub(super) fn named(parts: &[String], catalog: &Catalog, dialect: SqlDialect) -> Option<SystemTable> {
        let parts: Vec<String> = parts.iter().map(|it| it.to_ascii_lowercase()).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        if dialect.is_sqlite() {
            return matches!(
                parts[..],
                ["sqlite_schema" | "sqlite_master"] | ["main", "sqlite_schema" | "sqlite_master"]
            )
            .then(|| sqlite_schema(catalog));
        }
        match parts[..] {
            ["information_schema", "tables"] => Some(tables(catalog)),
            ["information_schema", "columns"] => Some(columns(catalog, dialect)),
            ["information_schema", "views"] => Some(views(catalog)),
            ["information_schema", "table_constraints"] => Some(table_constraints(catalog)),
            ["information_schema", "key_column_usage"] => Some(key_column_usage(catalog)),
            ["information_schema", "referential_constraints"] => Some(referential_constraints(catalog)),
            _ => None,
        }
    }

    pub(super) fn new(columns: &[(&str, Kind)], rows: Vec<Vec<Value>>) -> Self {
        let field = |(name, kind): &(&str, Kind)| Field {
            name: (*name).to_owned(),
            inner: None,
            kind: Some(*kind),
            affinity: affinity(Some(*kind)),
        };
        let rows = rows.into_iter().map(|row| row.into_iter().map(Expr::Value).collect());
        SystemTable { fields: columns.iter().map(field).collect(), rows: rows.collect() }
    }
}

/// Where a table is, as `information_schema` says it: all are in one schema of one database.
fn place() -> [Value; 2] {
    [Value::from("diptych"), Value::from("public")]
}

/// Tables, each followed by its indexes, and views. What an index forbids as a constraint of its table has no text.
fn sqlite_schema(catalog: &Catalog) -> SystemTable {
    let columns = [
        ("type", Kind::Text),
        ("name", Kind::Text),
        ("tbl_name", Kind::Text),
        ("rootpage", Kind::Int),
        ("sql", Kind::Text),
    ];
    let row = |kind: &str, name: &str, table: &str, text: Option<String>| {
        vec![kind.into(), name.into(), table.into(), Value::Int(0), text.into()]
    };
    let schema = catalog.schema();
    let mut rows = Vec::new();
    for table in schema.tables() {
        rows.push(row("table", &table.name, &table.name, Some(table_text(schema, table, Dialect::Sqlite))));
        for index in &table.indexes {
            // A key that is the row's own number has no index in SQLite.
            if index.uniqueness == Uniqueness::Primary && table.auto.is_some() {
                continue;
            }
            let is_constraint = index.is_unique() && index.is_plain();
            let text = (!is_constraint).then(|| index_text(table, index, Dialect::Sqlite));
            rows.push(row("index", &index.name, &table.name, text));
        }
    }
    for view in catalog.views_by_name() {
        let columns = if view.columns.is_empty() {
            String::new()
        } else {
            format!(" ({})", Dialect::Sqlite.names(view.columns.iter().map(String::as_str)))
        };
        let text = format!("CREATE VIEW {}{columns} AS {}", Dialect::Sqlite.name(&view.name), view.query);
        rows.push(row("view", &view.name, &view.name, Some(text)));
    }
    for KeptView { view, .. } in catalog.kept_by_name() {
        let columns = Dialect::Sqlite.names(view.columns.iter().map(|it| &**it));
        let query = kept_text(catalog, view, Dialect::Sqlite);
        let text = format!("CREATE VIEW {} ({columns}) AS {query}", Dialect::Sqlite.name(&view.name));
        rows.push(row("view", &view.name, &view.name, Some(text)));
    }
    SystemTable::new(&columns, rows)
}

/// What a view that the schema holds brings, as text.
fn kept_text(catalog: &Catalog, view: &View, dialect: Dialect) -> String {
    Statement::from(view.select.clone()).to_sql_for(catalog.schema(), 0, dialect)
}

/// The columns of a view.
type ViewColumns = Vec<(String, Type)>;

/// All views with their columns. One that cannot be read as it was written, since a table has gone, has none.
fn view_columns(catalog: &Catalog, dialect: SqlDialect) -> Vec<(String, ViewColumns)> {
    let mut all = Vec::new();
    for view in catalog.views_by_name() {
        let mut columns = Vec::new();
        if let Ok((select, heading)) = Reader::new(catalog, dialect, Purpose::Run).query(&view.query) {
            let names = view_names(view, &heading);
            let types = catalog.schema().types_of(&select);
            let known = types.into_iter().zip(&heading).map(|(it, said)| Type { kind: it.kind.or(said.kind), ..it });
            columns.extend(names.into_iter().zip(known));
        }
        all.push((view.name.clone(), columns));
    }
    for KeptView { view, types } in catalog.kept_by_name() {
        let columns = view.columns.iter().map(|it| it.to_string()).zip(types.iter().copied());
        all.push((view.name.to_string(), columns.collect()));
    }
    all
}

/// What views bring, as text. None of them can be changed.
fn views(catalog: &Catalog) -> SystemTable {
    let columns = [
        ("table_catalog", Kind::Text),
        ("table_schema", Kind::Text),
        ("table_name", Kind::Text),
        ("view_definition", Kind::Text),
        ("check_option", Kind::Text),
        ("is_updatable", Kind::Text),
    ];
    let row = |name: &str, text: String| {
        let own: [Value; 4] = [name.into(), text.into(), "NONE".into(), yes_or_no(false)];
        place().into_iter().chain(own).collect()
    };
    let said = catalog.views_by_name().into_iter().map(|it| row(&it.name, it.query.to_string()));
    let kept = catalog.kept_by_name();
    let kept = kept.into_iter().map(|it| row(&it.view.name, kept_text(catalog, &it.view, Dialect::Postgres)));
    SystemTable::new(&columns, said.chain(kept).collect())
}

fn tables(catalog: &Catalog) -> SystemTable {
    let columns = [
        ("table_catalog", Kind::Text),
        ("table_schema", Kind::Text),
        ("table_name", Kind::Text),
        ("table_type", Kind::Text),
    ];
    let tables = catalog.schema().tables().iter().map(|it| (&it.name, "BASE TABLE"));
    let tables = tables.map(|(name, kind)| (name.as_str(), kind));
    let views = catalog.views_by_name().into_iter().map(|it| (it.name.as_str(), "VIEW"));
    let kept = catalog.kept_by_name().into_iter().map(|it| (&*it.view.name, "VIEW"));
    let all = tables.chain(views).chain(kept);
    let rows = all.map(|(name, kind)| place().into_iter().chain([name.into(), kind.into()]).collect());
    SystemTable::new(&columns, rows.collect())
}

/// The columns of tables and views.
fn columns(catalog: &Catalog, dialect: SqlDialect) -> SystemTable {
    let columns = [
        ("table_catalog", Kind::Text),
        ("table_schema", Kind::Text),
        ("table_name", Kind::Text),
        ("column_name", Kind::Text),
        ("ordinal_position", Kind::Int),
        ("column_default", Kind::Text),
        ("is_nullable", Kind::Text),
        ("data_type", Kind::Text),
        ("is_identity", Kind::Text),
        ("is_generated", Kind::Text),
    ];
    let mut rows = Vec::new();
    for table in catalog.schema().tables() {
        for (id, column) in table.column_ids().zip(&table.columns) {
            let default = column.default.as_ref().and_then(|it| it.constant());
            let default = default.map(|it| Dialect::Postgres.literal(it.as_ref()).to_string());
            let own: [Value; 8] = [
                table.name.as_str().into(),
                column.name.as_str().into(),
                Value::Int(id.index() as i64 + 1),
                default.into(),
                yes_or_no(column.nullable),
                Dialect::Postgres.column_type(column.kind, false).into(),
                yes_or_no(table.auto == Some(id)),
                if column.generated.is_some() { "ALWAYS" } else { "NEVER" }.into(),
            ];
            rows.push(place().into_iter().chain(own).collect());
        }
    }
    for (view, columns) in view_columns(catalog, dialect) {
        for (position, (name, Type { kind, nullable })) in (1..).zip(columns) {
            let own: [Value; 8] = [
                view.as_str().into(),
                name.into(),
                Value::Int(position),
                Value::Null,
                yes_or_no(nullable),
                kind.map(|it| Dialect::Postgres.column_type(it, false)).into(),
                yes_or_no(false),
                "NEVER".into(),
            ];
            rows.push(place().into_iter().chain(own).collect());
        }
    }
    SystemTable::new(&columns, rows)
}

fn yes_or_no(it: bool) -> Value {
    if it { "YES" } else { "NO" }.into()
}

/// The keys of a table that are constraints: their names, what they are, and their columns.
fn keys<'a>(catalog: &'a Catalog, table: &'a TableSchema) -> Vec<(&'a str, &'static str, &'a [ColumnId])> {
    let unique = table.indexes.iter().filter(|it| it.is_unique() && it.is_plain());
    let unique = unique.map(|it| match it.uniqueness {
        Uniqueness::Primary => (&*it.name, "PRIMARY KEY", &*it.columns),
        _ => (&*it.name, "UNIQUE", &*it.columns),
    });
    let references = table.outbound.iter().map(|&it| catalog.schema().reference(it));
    unique.chain(references.map(|it| (&*it.name, "FOREIGN KEY", &*it.columns))).collect()
}

fn table_constraints(catalog: &Catalog) -> SystemTable {
    let columns = [
        ("constraint_catalog", Kind::Text),
        ("constraint_schema", Kind::Text),
        ("constraint_name", Kind::Text),
        ("table_name", Kind::Text),
        ("constraint_type", Kind::Text),
    ];
    let mut rows = Vec::new();
    for table in catalog.schema().tables() {
        let keys = keys(catalog, table).into_iter().map(|(name, kind, _)| (name, kind));
        for (name, kind) in keys.chain(table.checks.iter().map(|it| (&*it.name, "CHECK"))) {
            rows.push(place().into_iter().chain([name.into(), table.name.as_str().into(), kind.into()]).collect());
        }
    }
    SystemTable::new(&columns, rows)
}

fn key_column_usage(catalog: &Catalog) -> SystemTable {
    let columns = [
        ("constraint_catalog", Kind::Text),
        ("constraint_schema", Kind::Text),
        ("constraint_name", Kind::Text),
        ("table_name", Kind::Text),
        ("column_name", Kind::Text),
        ("ordinal_position", Kind::Int),
    ];
    let mut rows = Vec::new();
    for table in catalog.schema().tables() {
        for (name, _, columns) in keys(catalog, table) {
            for (position, column) in (1..).zip(columns) {
                let column = table.column(*column).name.as_str();
                let own = [name.into(), table.name.as_str().into(), column.into(), Value::Int(position)];
                rows.push(place().into_iter().chain(own).collect());
            }
        }
    }
    SystemTable::new(&columns, rows)
}

fn referential_constraints(catalog: &Catalog) -> SystemTable {
    let columns = [
        ("constraint_catalog", Kind::Text),
        ("constraint_schema", Kind::Text),
        ("constraint_name", Kind::Text),
        ("unique_constraint_name", Kind::Text),
        ("match_option", Kind::Text),
        ("update_rule", Kind::Text),
        ("delete_rule", Kind::Text),
    ];
    let row = |it: &ReferenceSchema| {
        let key = &catalog.schema().table(it.target).index(it.target_key).name;
        let own: [Value; 5] = [
            it.name.as_str().into(),
            key.as_str().into(),
            "NONE".into(),
            it.on_update.sql().into(),
            it.on_delete.sql().into(),
        ];
        place().into_iter().chain(own).collect()
    };
    SystemTable::new(&columns, catalog.schema().references().iter().map(row).collect())
}
