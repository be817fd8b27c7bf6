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
        let at = place.0.wrapping_sub(self.first.0);
        match at < self.rows.len() as u64 {
            true => self.rows[at as usize].as_ref(),
            false => self.row_elsewhere(place),
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

impl fmt::Debug for RowFinger<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowFinger").field("first", &self.first).finish_non_exhaustive()
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Version").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::record::Tuple;
    use crate::schema::{Column, Schema, Table};

    /// Keys at home, side by side and far from each other, and keys that live away.
    fn key() -> impl Strategy<Value = i64> {
        prop_oneof![6 => 0..100_i64, 1 => 5_000..5_040_i64, 1 => -40..0_i64, 1 => i64::MAX - 40..i64::MAX]
    }

    proptest! {
        /// A finger finds what a look finds, wherever it was before: also that there is no row.
        #[test]
        fn a_finger_finds_what_a_look_finds(
            keys in prop::collection::btree_set(key(), 0..60),
            asked in prop::collection::vec((any::<prop::sample::Index>(), 0..3_u64, any::<bool>()), 1..60),
        ) {
            let table = Table::new("t").column(Column::int("id")).primary_key(["id"]);
            let schema = Schema::builder().table(table).build().expect("the declaration is right");
            let mut image = Image::empty(&schema);
            let table = &schema.tables()[0];
            let mut places = vec![RowId::new(7), RowId::new(1 << 63), RowId::new(1 << 62)];
            for key in keys {
                let row = Arc::new(Tuple::new([key.into()]));
                places.push(image.table_mut(table.id).insert(table, row).expect("a new key"));
            }
            let version = Version::of(&image);
            let table = version.table(table.id);
            let mut finger = RowFinger::new(table);
            let mut last = RowId::new(0);
            for (at, further, anew) in asked {
                last = if anew { *at.get(&places) } else { RowId::new(last.0.wrapping_add(further)) };
                let (found, looked) = (finger.row(last), table.row(last));
                prop_assert_eq!(found.map(Arc::as_ptr), looked.map(Arc::as_ptr));
            }
        }
    }
}
