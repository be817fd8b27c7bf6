//! What lies between two versions, as rows that came, went or changed.

use std::fmt;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::Snapshot;
use crate::error::{Misuse, Result, RowFact};
use crate::id::{ColumnId, RowId, TableId};
use crate::integrity::fact;
use crate::record::{Row, changed_columns, project};
use crate::schema::Schema;
use crate::store::Difference;
use crate::value::Value;

/// A row that is not the same in two versions.
#[derive(Clone, Debug)]
pub struct RowDifference {
    /// Its table.
    pub table: TableId,
    /// The row in the earlier version; nothing if it came later.
    pub before: Option<Row>,
    /// The row in the later version; nothing if it went.
    pub after: Option<Row>,
}

impl RowDifference {
    /// The row, as it is in the later version if it is there.
    pub fn row(&self) -> &Row {
        match (&self.after, &self.before) {
            (Some(row), _) | (None, Some(row)) => row,
            (None, None) => unreachable!("a difference has a row on one side"),
        }
    }

    /// The row, named by its table and key.
    pub fn fact(&self, schema: &Schema) -> RowFact {
        fact(schema.table(self.table), &**self.row())
    }

    /// The columns that differ; all of them for a row that came or went.
    pub fn columns(&self) -> Vec<ColumnId> {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => changed_columns(&**before, &**after),
            _ => (0..self.row().width()).map(|it| ColumnId(it as u16)).collect(),
        }
    }

    /// Writes it in one line.
    pub(super) fn line(&self, schema: &Schema, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table = schema.table(self.table);
        let sign = match (&self.before, &self.after) {
            (None, _) => '+',
            (_, None) => '-',
            _ => '~',
        };
        write!(f, "{sign} {}", self.fact(schema))?;
        for (position, column) in self.columns().into_iter().enumerate() {
            let name = &table.column(column).name;
            f.write_str(if position == 0 { "  " } else { ", " })?;
            match (&self.before, &self.after) {
                (Some(a), Some(b)) => write!(f, "{name} {} → {}", a.get(column), b.get(column))?,
                (Some(it), None) | (None, Some(it)) => write!(f, "{name} {}", it.get(column))?,
                (None, None) => {}
            }
        }
        Ok(())
    }
}

/// What lies between two versions.
#[derive(Clone, Debug)]
pub struct Diff {
    schema: Arc<Schema>,
    /// The rows that differ, table by table.
    pub rows: Vec<RowDifference>,
    /// How many nodes of the trees were looked into.
    pub nodes_visited: usize,
}

impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in &self.rows {
            row.line(&self.schema, f)?;
            f.write_str("\n")?;
        }
        Ok(())
    }
}

impl Snapshot {
    /// The rows that a later version does not share with this one, in time proportional to the difference: what both
    /// share is left out unseen. A row that another version of its key replaces has changed; one whose key is another
    /// went, and the other came.
    ///
    /// # Errors
    /// When the two have different schemas.
    pub fn diff(&self, later: &Snapshot) -> Result<Diff> {
        if !Arc::ptr_eq(&self.schema, &later.schema) {
            let reason = "versions under different schemas have no common rows to compare".to_owned();
            return Err(Misuse::Statement { reason }.into());
        }
        let (found, nodes_visited) = self.image.differences(&later.image);
        Ok(Diff { schema: self.schema.clone(), rows: paired(&self.schema, found), nodes_visited })
    }
}

/// Differences of slots as differences of rows: a row that left one slot and came back in another is one row.
pub(super) fn paired(schema: &Schema, found: Vec<Difference>) -> Vec<RowDifference> {
    let mut rows: Vec<RowDifference> = Vec::with_capacity(found.len());
    for table in found.chunk_by(|a, b| a.table == b.table) {
        let key = schema.table(table[0].table).primary_key().map(|it| it.columns.as_slice());
        let came = table.iter().filter(|it| it.before.is_none());
        let mut back: FxHashMap<Vec<Value>, &Difference> = FxHashMap::default();
        if let Some(key) = key
            && table.iter().any(|it| it.after.is_none())
        {
            back.extend(came.filter_map(|it| Some((project(&**it.after.as_ref()?, key), it))));
        }
        let mut taken: FxHashSet<RowId> = FxHashSet::default();
        for it in table {
            let mut row = RowDifference { table: it.table, before: it.before.clone(), after: it.after.clone() };
            if let (Some(key), Some(before), None) = (key, &it.before, &it.after)
                && let Some(other) = back.remove(&project(&**before, key))
            {
                taken.insert(other.row);
                row.after = other.after.clone();
            }
            rows.push(row);
        }
        if !taken.is_empty() {
            let first = rows.len() - table.len();
            let mut position = 0;
            rows.retain(|_| {
                position += 1;
                position <= first || !taken.contains(&table[position - 1 - first].row)
            });
        }
    }
    // A row that was written again as it was has not changed.
    rows.retain(|it| !matches!((&it.before, &it.after), (Some(a), Some(b)) if changed_columns(&**a, &**b).is_empty()));
    rows
}
