//! Rows and constraints as the facts that errors are made of.

use crate::error::{RowFact, Rule, Violation};
use crate::record::{Record, project};
use crate::schema::{TableSchema, Uniqueness};
use crate::store::Taken;

/// A row, named by its table and key.
pub fn fact(table: &TableSchema, row: &dyn Record) -> RowFact {
    RowFact { table: table.name.clone(), key: project(row, &table.naming_columns()) }
}

/// The violation of a unique key that another row holds.
pub fn taken(table: &TableSchema, taken: &Taken) -> Violation {
    let index = table.index(taken.index);
    let rule = if index.uniqueness == Uniqueness::Primary { Rule::PrimaryKey } else { Rule::Unique };
    // Of an expression, what it reads: two rows that agree in it may differ there.
    let columns = index.key_reads();
    Violation {
        rule,
        constraint: index.name.clone(),
        table: table.name.clone(),
        columns: table.names(&columns),
        values: project(&*taken.row, &columns),
        row: fact(table, &*taken.row),
        blocking: vec![fact(table, &*taken.holder)],
        blocking_count: 1,
        path: Vec::new(),
        advice: "change one of the two rows, or update the row that holds the key".to_owned(),
    }
}
