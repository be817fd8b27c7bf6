//! Rows in vectors: a world is a list of tables, a table a list of rows, a row a list of values.

use crate::id::{ColumnId, TableId};
use crate::schema::{ReferenceSchema, Schema};
use crate::value::Value;

/// One row.
pub type Cells = Vec<Value>;

/// All rows of all tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct World {
    /// The rows of each table, in no order.
    pub tables: Vec<Vec<Cells>>,
}

/// A row, by its table and its place in it, which holds until the next statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The table.
    pub table: TableId,
    /// The place.
    pub at: usize,
}

impl World {
    /// A world without rows.
    pub fn empty(schema: &Schema) -> Self {
        World { tables: vec![Vec::new(); schema.tables().len()] }
    }

    /// The rows of a table.
    pub fn rows(&self, table: TableId) -> &[Cells] {
        &self.tables[table.index()]
    }

    /// One row.
    pub fn row(&self, place: Place) -> &Cells {
        &self.tables[place.table.index()][place.at]
    }

    pub(super) fn row_mut(&mut self, place: Place) -> &mut Cells {
        &mut self.tables[place.table.index()][place.at]
    }

    /// Every row of a table.
    pub(super) fn places_of(&self, table: TableId) -> impl Iterator<Item = Place> + use<> {
        (0..self.tables[table.index()].len()).map(move |at| Place { table, at })
    }

    /// Every row.
    pub(super) fn places(&self, schema: &Schema) -> Vec<Place> {
        schema.tables().iter().flat_map(|it| self.places_of(it.id)).collect()
    }
}

/// What a row holds in some columns.
pub(super) fn cells(row: &[Value], columns: &[ColumnId]) -> Cells {
    columns.iter().map(|it| row[it.index()].clone()).collect()
}

/// Whether one row refers to the other, by rule 1.
pub(super) fn refers(reference: &ReferenceSchema, child: &[Value], parent: &[Value]) -> bool {
    reference.columns.iter().zip(&reference.target_columns).all(|(own, target)| {
        let own = &child[own.index()];
        *own != Value::Null && *own == parent[target.index()]
    })
}
