//! What a change returns: scalars and rows, for each row that it is about.

use std::cell::Cell;

use crate::error::Result;
use crate::id::RowId;
use crate::query::frame::Frame;
use crate::query::plan::BoundOutput;
use crate::query::rows::Rows;
use crate::query::run::{Arena, Execution, Given, put};
use crate::record::Row;
use crate::store::Image;

/// The rows at which the sources of a change stand.
pub(super) fn cells(frame: &Frame<'_, '_>) -> Vec<Option<Row>> {
    frame.rows.iter().map(|it| it.get().map(|(_, row)| row.clone())).collect()
}

/// Computes what comes out. Subqueries read the image, which is that before the statement.
pub(super) fn evaluate(
    image: &Image,
    given: Given<'_>,
    returning: &[BoundOutput],
    rows: &[Vec<Option<Row>>],
) -> Result<Rows> {
    let row_width = returning.iter().filter(|it| matches!(it, BoundOutput::Row(_))).count();
    let mut out = Rows { row_width, value_width: returning.len() - row_width, ..Rows::default() };
    if returning.is_empty() {
        return Ok(out);
    }
    let arena = Arena::default();
    let execution = Execution::new(image, given, &arena);
    for row in rows {
        // Nothing reads by the slot where the rows are given.
        let cells: Vec<_> = row.iter().map(|it| Cell::new(it.as_ref().map(|row| (RowId(0), row)))).collect();
        put(returning, &Frame::alone(&execution, &cells), &mut out)?;
    }
    Ok(out)
}
