//! The commonest query by far: whole rows of one table, as an access brings them. It needs no frame for each row, and it
//! can fetch what it is about to share.
//!
//! Sharing a row is one atomic increment in the row's own memory. When that memory is not in the cache, the processor
//! waits for it, and an atomic operation lets nothing after it start; so rows far apart are shared one cache miss after
//! the other. Reading all the counts of a batch first costs the same misses, but these overlap: for 100,000 rows spread
//! over memory that was worth 60 to 100 ns a row.

use std::sync::Arc;

use super::frame::Frame;
use super::plan::{Access, BoundOutput, Origin, SelectPlan};
use super::rows::Rows;
use super::run::{Execution, Page};
use crate::error::Result;
use crate::id::ColumnId;
use crate::record::Row;
use crate::value::{Value, ValueRef};

/// How many rows are fetched before they are shared: enough to overlap, few enough to stay in the first cache.
const FETCHED: usize = 64;

/// Whether a query returns whole rows of its only source, as its access brings them and in that order.
pub(super) fn is_whole(plan: &SelectPlan) -> bool {
    let [level] = plan.levels.as_slice() else { return false };
    matches!(plan.outputs[..], [BoundOutput::Row(0)])
        && matches!(level.origin, Origin::Table(_))
        && plan.gate.is_empty()
        && level.on.is_empty()
        && level.after.is_empty()
        && plan.grouping.is_none()
        && plan.order_by.is_empty()
        && !plan.distinct
}

/// Runs such a query.
pub(super) fn run_whole(execution: &Execution<'_>, plan: &SelectPlan) -> Result<Rows> {
    let level = &plan.levels[0];
    let mut out = Rows { row_width: 1, ..Rows::default() };
    let Page { offset: to_skip, limit } = execution.page(plan.limit.as_ref(), plan.offset.as_ref(), None)?;
    let limit = limit.unwrap_or(usize::MAX);
    if limit == 0 {
        return Ok(out);
    }
    if let Access::Keys { index: Some(index), columns } = &level.access
        && let ([_], [key]) = (columns.as_slice(), execution.given.keys)
        && index.index() == 0
        && to_skip == 0
        && let Origin::Table(table) = level.origin
        && execution.image.table(table).is_keyed_by_integer()
    {
        // One integer primary key: a lookup, and nothing around it.
        let probe: ValueRef<'_> = Value::as_ref(key);
        if !probe.is_null()
            && let Some((_, row)) = execution.image.table(table).find(*index, &[probe])
        {
            execution.read.set(execution.read.get() + 1);
            out.rows.push(Some(row.clone()));
            out.count = 1;
        }
        return Ok(out);
    }
    let mut found: Vec<&Row> = Vec::with_capacity(execution.given.keys.len());
    let frame = Frame::alone(execution, &[]);
    execution.each_row_after(level, &frame, to_skip, &mut |_, row| {
        found.push(row);
        found.len() < limit
    })?;
    out.count = found.len();
    out.rows.reserve_exact(found.len());
    for batch in found.chunks(FETCHED) {
        fetch(batch);
        out.rows.extend(batch.iter().map(|&row| Some(row.clone())));
    }
    Ok(out)
}

/// Reads the reference counts of rows, so that they are in the cache when they are incremented, and a column at either
/// end, so that whoever looks at the row next finds all of it there: a struct spans more than one line of the cache.
#[inline]
fn fetch(rows: &[&Row]) {
    let touched = rows.iter().fold(0, |all, row| {
        let last = ColumnId::new((row.width().saturating_sub(1)) as u16);
        let columns = usize::from(row.get(ColumnId::new(0)).is_null()) ^ usize::from(row.get(last).is_null());
        all ^ Arc::strong_count(row) ^ columns
    });
    std::hint::black_box(touched);
}
