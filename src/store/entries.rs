//! The entries that many new rows make in an index: sorted once, judged, then entered together.

use std::sync::Arc;

use super::index::{Index, Keyed};
use super::key::{IndexKey, TextKey};
use crate::id::RowId;
use crate::record::Row;
use crate::schema::IndexSchema;
use crate::value::Value;

/// Entries in the shape of one index.
pub(super) enum Batch {
    /// For [`Index::Int`].
    Int(Entries<i64>),
    /// For [`Index::Pair`].
    Pair(Entries<(i64, i64)>),
    /// For [`Index::Text`].
    Text(Entries<TextKey>),
    /// For [`Index::General`].
    General(Entries<Arc<[Value]>>),
}

/// The keys of many rows in order, and apart from them the rows that have none. Rows that the index does not hold are
/// left out.
pub(super) struct Entries<K> {
    pub(super) present: Vec<(K, RowId)>,
    pub(super) absent: Vec<RowId>,
}

impl<K: IndexKey> Entries<K> {
    /// Rows usually come in order already, or in a few runs, which the sort notices.
    pub(super) fn of<'a>(rows: impl ExactSizeIterator<Item = (RowId, &'a Row)>, schema: &IndexSchema) -> Self {
        let mut present = Vec::with_capacity(rows.len());
        let mut absent = Vec::new();
        for (id, row) in rows.filter(|(_, row)| schema.covers(&***row)) {
            match K::of(&**row, schema) {
                Some(key) => present.push((key, id)),
                None => absent.push(id),
            }
        }
        present.sort();
        absent.sort_unstable();
        Entries { present, absent }
    }
}

impl Index {
    /// The entries that rows would make.
    pub(super) fn batch(&self, rows: &[(RowId, &Row)], schema: &IndexSchema) -> Batch {
        let rows = rows.iter().copied();
        match self {
            Index::Int(_) => Batch::Int(Entries::of(rows, schema)),
            Index::Pair(_) => Batch::Pair(Entries::of(rows, schema)),
            Index::Text(_) => Batch::Text(Entries::of(rows, schema)),
            Index::General(_) => Batch::General(Entries::of(rows, schema)),
        }
    }

    /// Whether no two entries agree, and none agrees with what is there; keys with a NULL part agree with nothing.
    pub(super) fn leaves_unique(&self, batch: &Batch) -> bool {
        match (self, batch) {
            (Index::Int(index), Batch::Int(batch)) => index.leaves_unique(batch),
            (Index::Pair(index), Batch::Pair(batch)) => index.leaves_unique(batch),
            (Index::Text(index), Batch::Text(batch)) => index.leaves_unique(batch),
            (Index::General(index), Batch::General(batch)) => index.leaves_unique(batch),
            _ => false,
        }
    }

    /// Takes the entries of a batch out that was made for this index.
    pub(super) fn leave(&mut self, batch: &Batch) {
        match (self, batch) {
            (Index::Int(index), Batch::Int(batch)) => index.leave(batch),
            (Index::Pair(index), Batch::Pair(batch)) => index.leave(batch),
            (Index::Text(index), Batch::Text(batch)) => index.leave(batch),
            (Index::General(index), Batch::General(batch)) => index.leave(batch),
            _ => unreachable!("a batch has the shape of the index that made it"),
        }
    }

    /// Enters a batch that was made for this index.
    pub(super) fn enter(&mut self, batch: Batch) {
        match (self, batch) {
            (Index::Int(index), Batch::Int(batch)) => index.enter(batch),
            (Index::Pair(index), Batch::Pair(batch)) => index.enter(batch),
            (Index::Text(index), Batch::Text(batch)) => index.enter(batch),
            (Index::General(index), Batch::General(batch)) => index.enter(batch),
            _ => unreachable!("a batch has the shape of the index that made it"),
        }
    }
}

impl<K: IndexKey> Keyed<K> {
    fn leaves_unique(&self, batch: &Entries<K>) -> bool {
        let keys = &batch.present;
        if keys.windows(2).any(|pair| pair[0].0 == pair[1].0 && !pair[0].0.has_null()) {
            return false;
        }
        let Some((first, _)) = keys.first() else { return true };
        // Keys that rise past all others need no look at each.
        if self.present.last().is_none_or(|(last, _)| last < first) {
            return true;
        }
        // Both are in order. A few steps on usually come to the place of the next key; if not, it is looked up.
        const STEPS: usize = 16;
        let mut there = self.present.seek(|(it, _)| it < first).peekable();
        for (key, _) in keys.iter().filter(|(key, _)| !key.has_null()) {
            let mut steps = 0;
            while there.peek().is_some_and(|(it, _)| it < key) {
                there.next();
                steps += 1;
                if steps == STEPS {
                    there = self.present.seek(|(it, _)| it < key).peekable();
                }
            }
            if there.peek().is_some_and(|(it, _)| it == key) {
                return false;
            }
        }
        true
    }

    pub(super) fn leave(&mut self, batch: &Entries<K>) {
        self.present.remove_sorted(&batch.present);
        self.absent.remove_sorted(&batch.absent);
    }

    fn enter(&mut self, batch: Entries<K>) {
        self.present.insert_sorted(batch.present);
        self.absent.insert_sorted(batch.absent);
    }
}
