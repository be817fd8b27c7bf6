//! The rows that refer to a row: found by an index where the foreign key has one.

use crate::id::RowId;
use crate::record::Row;
use crate::schema::ReferenceSchema;
use crate::store::Image;
use crate::value::ValueRef;

/// Visits the rows that refer to the key of `target` through a foreign key: by its index, or by a scan without one.
pub(super) fn each_child(image: &Image, reference: &ReferenceSchema, target: &Row, mut visit: impl FnMut(RowId, &Row)) {
    let table = image.table(reference.table);
    let mut refers = |probe: &[ValueRef<'_>]| {
        if probe.iter().any(|it| it.is_null()) {
            return;
        }
        if let Some(index) = reference.index {
            table.each_equal(index, probe, |id, row| {
                visit(id, row);
                true
            });
            return;
        }
        for (id, row) in table.rows() {
            if reference.columns.iter().zip(probe).all(|(&column, value)| row.get(column) == *value) {
                visit(id, row);
            }
        }
    };
    match reference.target_columns.as_slice() {
        [only] => refers(&[target.get(*only)]),
        many => refers(&many.iter().map(|&it| target.get(it)).collect::<Vec<_>>()),
    }
}
