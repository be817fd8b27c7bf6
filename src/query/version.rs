//! All tables at one version, for whoever has read places of rows and looks at the rows later.

use std::fmt;

use crate::id::{IndexId, RowId, TableId};
use crate::record::Row;
use crate::store::{Image, TableImage};
use crate::value::ValueRef;

/// All tables as they were when a statement ran. Whoever holds it reads rows by their places without sharing them one by
/// one: nothing is counted up when a row is read, nor down when it is let go, and what is never looked at is never
/// fetched from memory.
///
/// The price is that all rows of the version live as long as it does, so whoever holds one for long should share the
/// few rows it needs instead.
pub struct Version(Image);

impl Version {
    pub(super) fn of(image: &Image) -> Self {
        Version(image.clone())
    }

    /// Whether the image is this version.
    #[inline]
    pub(super) fn is(&self, image: &Image) -> bool {
        self.0.same(image)
    }

    /// The row at a place of a table.
    #[inline]
    pub fn row(&self, table: TableId, place: RowId) -> Option<&Row> {
        self.0.table(table).get(place)
    }

    /// The row with this integer primary key, and its place.
    #[inline]
    pub(super) fn find(&self, table: TableId, key: i64) -> Option<(RowId, &Row)> {
        self.0.table(table).at_key(key)
    }

    /// The row with these values in the columns of a unique key, and its place.
    #[inline]
    pub(super) fn find_unique(&self, table: TableId, key: IndexId, values: &[ValueRef<'_>]) -> Option<(RowId, &Row)> {
        self.0.table(table).find(key, values)
    }

    /// One table, for many looks.
    #[inline]
    pub fn table(&self, table: TableId) -> TableVersion<'_> {
        let table = self.0.table(table);
        TableVersion { table, keyed: table.is_keyed_by_integer() }
    }
}

/// One table of a version.
#[derive(Clone, Copy)]
pub struct TableVersion<'v> {
    table: &'v TableImage,
    keyed: bool,
}

impl<'v> TableVersion<'v> {
    /// The row at a place.
    #[inline]
    pub fn row(self, place: RowId) -> Option<&'v Row> {
        self.table.get(place)
    }

    /// How many rows there are.
    #[inline]
    pub fn count(self) -> usize {
        self.table.len()
    }

    /// Visits the places of the rows that an index holds, in its order; the first of those that agree in the first parts of
    /// the key comes with these. Says whether the index is one that can be walked, and not told by the places alone.
    #[inline]
    pub fn each_key(self, index: IndexId, width: usize, visit: impl FnMut(Option<&[ValueRef<'v>]>, RowId)) -> bool {
        self.table.each_key(index, width, visit)
    }

    /// The integer primary key of the row at a place, where the place alone tells it.
    #[inline]
    pub fn key(self, place: RowId) -> Option<i64> {
        if self.keyed { self.table.key_at(place) } else { None }
    }
}

/// A place among the rows of a table that moves on: a row that stands beside the one before is found without a walk.
#[derive(Clone)]
pub struct RowFinger<'v> {
    table: TableVersion<'v>,
    first: RowId,
    rows: &'v [Option<Row>],
}

impl<'v> RowFinger<'v> {
    /// A finger that has found nothing yet.
    pub fn new(table: TableVersion<'v>) -> Self {
        RowFinger { table, first: RowId::new(0), rows: &[] }
    }

    /// The row at a place.
    #[inline]
    pub fn row(&mut self, place: RowId) -> Option<&'v Row> {
        match self.rows.get(place.0.wrapping_sub(self.first.0) as usize) {
            Some(row) => row.as_ref(),
            None => self.row_elsewhere(place),
        }
    }

    fn row_elsewhere(&mut self, place: RowId) -> Option<&'v Row> {
        (self.first, self.rows) = self.table.table.around(place)?;
        self.rows[(place.0 - self.first.0) as usize].as_ref()
    }
}

impl fmt::Debug for TableVersion<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TableVersion").field("rows", &self.table.len()).finish()
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Version").finish_non_exhaustive()
    }
}
