//! Schemas and operations as SQL that SQLite runs and that a person can paste.

use std::fmt::{self, Write};

use diptych::Kind;

use super::history::{ConflictSpec, Filter, Operation, To};
use super::schema::{CheckSpec, OnlySpec, SchemaSpec, TableSpec, column_name, table_name, unique_name};

fn list(columns: &[usize]) -> String {
    columns.iter().map(|&it| column_name(it)).collect::<Vec<_>>().join(", ")
}

impl SchemaSpec {
    pub(crate) fn sql(&self) -> String {
        let tables = self.tables.iter().enumerate();
        tables.map(|(position, table)| table.sql(position)).collect()
    }
}

impl TableSpec {
    /// STRICT, so that a value of another type is refused rather than stored. A key that does not fill itself is `INT`,
    /// which to SQLite is an ordinary column; only `INTEGER PRIMARY KEY` stands for the row's number.
    fn sql(&self, position: usize) -> String {
        let mut parts = Vec::new();
        for (at, column) in self.columns.iter().enumerate() {
            let mut part = column_name(at);
            part += match column.kind {
                Kind::Int if self.auto && self.primary == [at] => " INTEGER PRIMARY KEY",
                Kind::Int => " INT",
                _ => " TEXT",
            };
            if !(column.nullable || self.auto && self.primary == [at]) || (self.primary.contains(&at) && !self.auto) {
                part += " NOT NULL";
            }
            if let Some(default) = &column.default {
                write!(part, " DEFAULT {default}").unwrap();
            }
            parts.push(part);
        }
        if !self.primary.is_empty() && !self.auto {
            parts.push(format!("PRIMARY KEY ({})", list(&self.primary)));
        }
        let whole = self.unique.iter().filter(|it| it.only.is_none());
        parts.extend(whole.map(|it| format!("UNIQUE ({})", list(&it.columns))));
        parts.extend(self.checks.iter().map(|check| match *check {
            CheckSpec::AtMost(a, most) => format!("CHECK ({} <= {most})", column_name(a)),
            CheckSpec::Differ(a, b) => format!("CHECK ({} <> {})", column_name(a), column_name(b)),
        }));
        for key in &self.references {
            let mut part = format!("FOREIGN KEY ({}) REFERENCES {}", list(&key.columns), table_name(key.target));
            write!(part, " ({})", list(&key.target_columns)).unwrap();
            write!(part, " ON DELETE {} ON UPDATE {}", key.on_delete.sql(), key.on_update.sql()).unwrap();
            write!(part, " {}", key.timing.sql()).unwrap();
            parts.push(part);
        }
        let mut sql = format!("CREATE TABLE {} (\n  {}\n) STRICT;\n", table_name(position), parts.join(",\n  "));
        for (at, unique) in self.unique.iter().enumerate() {
            if let Some(only) = &unique.only {
                let (name, table) = (unique_name(position, at), table_name(position));
                writeln!(sql, "CREATE UNIQUE INDEX {name} ON {table} ({}) WHERE {only};", list(&unique.columns))
                    .unwrap();
            }
        }
        sql
    }
}

impl fmt::Display for OnlySpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OnlySpec::AtLeast(a, least) => write!(f, "{} >= {least}", column_name(*a)),
            OnlySpec::Null(a) => write!(f, "{} IS NULL", column_name(*a)),
            OnlySpec::NotNull(a) => write!(f, "{} IS NOT NULL", column_name(*a)),
        }
    }
}

impl Operation {
    /// The operation as SQL. `depth` is the number of savepoints that are open before it.
    pub(crate) fn sql(&self, depth: usize) -> String {
        match self {
            Operation::Insert { table, columns, rows, on_conflict } => {
                let row = |row: &Vec<_>| {
                    let cells: Vec<String> = row.iter().map(ToString::to_string).collect();
                    format!("({})", cells.join(", "))
                };
                let rows: Vec<String> = rows.iter().map(row).collect();
                let (verb, conflict) = match on_conflict {
                    None => ("INSERT", String::new()),
                    Some(ConflictSpec::Replace) => ("INSERT OR REPLACE", String::new()),
                    Some(ConflictSpec::Nothing(None)) => ("INSERT", " ON CONFLICT DO NOTHING".to_owned()),
                    Some(ConflictSpec::Nothing(Some(key))) => {
                        ("INSERT", format!(" ON CONFLICT ({}) DO NOTHING", list(key)))
                    }
                    Some(ConflictSpec::Update { key, set }) => {
                        ("INSERT", format!(" ON CONFLICT ({}) DO UPDATE SET {}", list(key), assignments(set)))
                    }
                };
                let (table, columns, rows) = (table_name(*table), list(columns), rows.join(", "));
                format!("{verb} INTO {table} ({columns}) VALUES {rows}{conflict};")
            }
            Operation::Update { table, set, filter } => {
                format!("UPDATE {} SET {}{};", table_name(*table), assignments(set), filter.sql())
            }
            Operation::Delete { table, filter } => format!("DELETE FROM {}{};", table_name(*table), filter.sql()),
            Operation::Savepoint => format!("SAVEPOINT s{depth};"),
            Operation::Release => format!("RELEASE s{};", depth - 1),
            Operation::RollbackTo => format!("ROLLBACK TO s{0}; RELEASE s{0};", depth - 1),
            Operation::Commit => "COMMIT; BEGIN;".to_owned(),
            Operation::Rollback => "ROLLBACK; BEGIN;".to_owned(),
            Operation::SetConstraints(name, mode) => {
                format!("SET CONSTRAINTS {} {};", name.as_deref().unwrap_or("ALL"), mode.sql())
            }
        }
    }
}

fn assignments(set: &[(usize, To)]) -> String {
    let each = set.iter().map(|(column, to)| {
        let name = column_name(*column);
        match to {
            To::Cell(cell) => format!("{name} = {cell}"),
            To::Plus(more) => format!("{name} = {name} + {more}"),
            To::Column(other) => format!("{name} = {}", column_name(*other)),
            To::Given(other) => format!("{name} = excluded.{}", column_name(*other)),
        }
    });
    each.collect::<Vec<_>>().join(", ")
}

impl Filter {
    fn sql(&self) -> String {
        match self {
            Filter::All => String::new(),
            Filter::Compare(column, how, cell) => {
                format!(" WHERE {} {} {cell}", column_name(*column), how.symbol())
            }
            Filter::AnyOf(column, cells) => {
                let cells: Vec<String> = cells.iter().map(ToString::to_string).collect();
                format!(" WHERE {} IN ({})", column_name(*column), cells.join(", "))
            }
            Filter::Null(column) => format!(" WHERE {} IS NULL", column_name(*column)),
        }
    }
}
