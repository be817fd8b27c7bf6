//! Where the rows of inner queries are kept: as long as the statement runs, so that they are borrowed like those of
//! tables.

use elsa::FrozenVec;

use crate::query::rows::Rows;
use crate::record::{Row, Tuple};

/// Rows that came out of inner queries. It only grows.
#[derive(Default)]
pub(in crate::query) struct Arena(FrozenVec<Box<[Row]>>);

impl Arena {
    /// Keeps rows.
    pub(super) fn keep(&self, rows: Vec<Row>) -> &[Row] {
        if rows.is_empty() { &[] } else { self.0.push_get(rows.into()) }
    }
}

/// The scalars that came out, as rows.
pub(super) fn tuples(found: Rows) -> Vec<Row> {
    let mut values = found.values.into_iter();
    (0..found.count).map(|_| Tuple::new(values.by_ref().take(found.value_width)).into_row()).collect()
}
