//! Where the rows of a result stand, for those who keep a version and look at rows later.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::rows::Rows;
use super::version::Version;
use crate::id::{ColumnId, RowId, TableId};
use crate::record::{Row, project};
use crate::store::Image;
use crate::value::Value;

/// The whole rows that a query brings: as places in a version where the connection has such, shared otherwise. It is
/// filled by [`Connection::locate`](super::Connection::locate), again and again if need be.
#[derive(Debug, Default)]
pub struct Places {
    pub(super) version: Option<Arc<Version>>,
    pub(super) count: usize,
    pub(super) width: usize,
    /// Cell by cell; [`NOWHERE`] where a left join found no partner.
    pub(super) cells: Vec<RowId>,
    /// The rows themselves, where they have no places.
    pub(super) shared: Vec<Option<Row>>,
    pub(super) is_shared: bool,
    /// For each row of the result, the position of the key that brought it.
    pub(super) keys: Vec<u32>,
}

/// The place of a row that is not there.
pub(super) const NOWHERE: RowId = RowId(u64::MAX);

impl Places {
    /// How many rows the result has.
    #[inline]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many whole rows each row of the result has.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The version in which the places are; `None` when rows are shared.
    #[inline]
    pub fn version(&self) -> Option<&Arc<Version>> {
        self.version.as_ref().filter(|_| !self.is_shared)
    }

    /// Where a whole row of a row of the result stands; `None` where a left join found no partner.
    #[inline]
    pub fn at(&self, position: usize, column: usize) -> Option<RowId> {
        Some(self.cells[position * self.width + column]).filter(|it| *it != NOWHERE)
    }

    /// Where the whole rows of one column of the result stand.
    #[inline]
    pub fn column(&self, column: usize) -> impl Iterator<Item = Option<RowId>> + '_ {
        let cells = self.cells.get(column..).unwrap_or_default();
        cells.iter().step_by(self.width.max(1)).map(|&it| Some(it).filter(|it| *it != NOWHERE))
    }

    /// Takes a whole row of a row of the result, where rows are shared.
    pub fn take(&mut self, position: usize, column: usize) -> Option<Row> {
        self.shared[position * self.width + column].take()
    }

    /// Which of the keys that the statement was run with brought a row of the result, by the position of the key.
    pub fn key_of(&self, position: usize) -> usize {
        self.keys[position] as usize
    }

    /// The same for all rows of the result.
    pub fn keys(&self) -> &[u32] {
        &self.keys
    }

    /// A whole row of a row of the result, which is of this table; `None` where a left join found no partner.
    pub fn row(&self, position: usize, column: usize, table: TableId) -> Option<&Row> {
        match self.version() {
            Some(version) => version.row(table, self.at(position, column)?),
            None => self.shared.get(position * self.width + column)?.as_ref(),
        }
    }

    /// The first whole row of a result from one table, shared.
    pub fn whole(&self, table: TableId) -> Option<Row> {
        if self.is_empty() { None } else { self.row(0, 0, table).cloned() }
    }

    /// Some of the rows of the result, from one position to before another, as a result of its own.
    pub fn part(&self, from: usize, to: usize) -> Places {
        let (from, to) = (from.min(self.count), to.min(self.count));
        let cells = |all: usize| (from * self.width).min(all)..(to * self.width).min(all);
        Places {
            version: self.version.clone(),
            count: to - from,
            width: self.width,
            cells: self.cells[cells(self.cells.len())].to_vec(),
            shared: self.shared[cells(self.shared.len())].to_vec(),
            is_shared: self.is_shared,
            keys: self.keys.get(from..to).unwrap_or_default().to_vec(),
        }
    }

    /// Keeps no more than so many rows of each key, the first ones.
    pub fn first_of_each_key(&mut self, limit: usize) {
        let mut counts: FxHashMap<u32, usize> = FxHashMap::default();
        let stays: Vec<bool> = (self.keys.iter())
            .map(|key| {
                let count = counts.entry(*key).or_default();
                *count += 1;
                *count <= limit
            })
            .collect();
        let width = self.width.max(1);
        let mut at = 0..;
        self.cells.retain(|_| stays[at.next().unwrap_or_default() / width]);
        let mut at = 0..;
        self.shared.retain(|_| stays[at.next().unwrap_or_default() / width]);
        let mut at = 0..;
        self.keys.retain(|_| stays[at.next().unwrap_or_default()]);
        self.count = self.keys.len();
    }

    /// Lets go of the version, so that it does not outlive its use.
    pub fn let_go(&mut self) {
        self.version = None;
        self.clear(0);
    }

    /// Makes room for places in a version.
    #[inline]
    pub(super) fn stand_in(&mut self, image: &Image, width: usize) {
        if !self.version.as_ref().is_some_and(|it| it.is(image)) {
            self.version = Some(Arc::new(Version::of(image)));
        }
        self.clear(width);
    }

    /// Makes room for another result; the version stays, because the next result is mostly of the same.
    pub(super) fn clear(&mut self, width: usize) {
        (self.count, self.width, self.is_shared) = (0, width, false);
        self.cells.clear();
        self.shared.clear();
        self.keys.clear();
    }

    /// Holds the rows of a result that has no places. Which key brought a row is found by its columns, in the first
    /// cell.
    pub(super) fn share(&mut self, rows: Rows, columns: &[ColumnId], keys: &[Value]) {
        self.clear(rows.row_width());
        (self.count, self.is_shared) = (rows.len(), true);
        self.shared = rows.into_cells();
        if columns.is_empty() {
            return;
        }
        let mut by_key: FxHashMap<&[Value], u32> = FxHashMap::default();
        for (position, key) in keys.chunks_exact(columns.len()).enumerate() {
            by_key.entry(key).or_insert(position as u32);
        }
        let brought = |row: &[Option<Row>]| {
            let key = row.first().and_then(Option::as_ref).map(|row| project(&**row, columns));
            key.and_then(|key| by_key.get(key.as_slice()).copied()).unwrap_or_default()
        };
        self.keys = self.shared.chunks_exact(self.width.max(1)).map(brought).collect();
    }
}
