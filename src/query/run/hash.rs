//! The rows of a source by some of their columns, put into a hash table once.

use std::rc::Rc;

use super::{Execution, all_hold};
use crate::error::Result;
use crate::expr::Scalar;
use crate::id::{ColumnId, RowId};
use crate::query::frame::Frame;
use crate::query::keyed::Keyed;
use crate::query::plan::{Bounded, Level};
use crate::record::Row;
use crate::value::ValueRef;

/// Rows by a key; those with NULL in it are left out, since nothing equals them.
pub(super) struct HashTable<'r> {
    keyed: Keyed,
    /// For each key where its rows begin; the last is where they end.
    starts: Vec<u32>,
    rows: Vec<(RowId, &'r Row)>,
}

impl<'r> HashTable<'r> {
    fn of(found: Vec<(RowId, &'r Row)>, columns: &[ColumnId]) -> Self {
        let mut keyed = Keyed::new(columns.len(), found.len());
        let mut key = Vec::with_capacity(columns.len());
        let mut placed = Vec::with_capacity(found.len());
        let mut starts: Vec<u32> = vec![0];
        for (id, row) in found {
            key.clear();
            key.extend(columns.iter().map(|it| row.get(*it)));
            if key.iter().any(|it| it.is_null()) {
                continue;
            }
            let (place, new) = keyed.place(&key);
            if new {
                starts.push(0);
            }
            starts[place + 1] += 1;
            placed.push((place, id, row));
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        // Rows of a key keep the order in which they came.
        let mut next = starts.clone();
        let mut rows: Vec<Option<(RowId, &'r Row)>> = vec![None; placed.len()];
        for (place, id, row) in placed {
            rows[next[place] as usize] = Some((id, row));
            next[place] += 1;
        }
        HashTable { keyed, starts, rows: rows.into_iter().flatten().collect() }
    }

    /// The rows of a key.
    #[inline]
    pub(super) fn rows(&self, key: &[ValueRef<'_>]) -> &[(RowId, &'r Row)] {
        let Some(place) = self.keyed.find(key) else { return &[] };
        &self.rows[self.starts[place] as usize..self.starts[place + 1] as usize]
    }
}

impl<'r> Execution<'r> {
    /// The hash table of a level over rows that fulfil the conditions, made when it is first asked for. Rows that are
    /// in no table are known by where they are.
    pub(super) fn hash<I: Iterator<Item = (RowId, &'r Row)>>(
        &self,
        (level, found): (&Level, *const Row),
        columns: &[ColumnId],
        (conditions, frame): (&[Bounded], &Frame<'_, 'r>),
        rows: impl FnOnce() -> I,
    ) -> Result<Rc<HashTable<'r>>> {
        let made = (std::ptr::from_ref(level), found);
        if let Some(known) = self.hashes.borrow().get(&made) {
            return Ok(known.clone());
        }
        let cell = &frame.rows.get(level.source as usize);
        let mut kept = Vec::new();
        for (id, row) in rows() {
            if let (Some(cell), false) = (cell, conditions.is_empty()) {
                cell.set(Some((id, row)));
                if !all_hold(conditions, frame)? {
                    continue;
                }
            }
            kept.push((id, row));
        }
        let table = Rc::new(HashTable::of(kept, columns));
        self.hashes.borrow_mut().insert(made, table.clone());
        Ok(table)
    }

    /// Visits the rows of a hash table whose columns equal the given scalars.
    pub(super) fn each_hashed(
        &self,
        table: &HashTable<'r>,
        equal: &[Bounded],
        frame: &Frame<'_, 'r>,
        visit: &mut dyn FnMut(RowId, &'r Row) -> bool,
    ) -> Result<()> {
        let found = match equal {
            [] => table.rows(&[]),
            [only] => table.rows(&[only.evaluate(frame)?.get()]),
            all => {
                let key = all.iter().map(|it| it.evaluate(frame)).collect::<Result<Vec<_>>>()?;
                let key: Vec<ValueRef<'_>> = key.iter().map(Scalar::get).collect();
                table.rows(&key)
            }
        };
        let _ = found.iter().all(|&(id, row)| visit(id, row));
        Ok(())
    }
}
