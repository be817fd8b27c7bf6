//! Giving slots other contents, and letting the indexes follow.
//!
//! An index is touched for those rows alone whose key in it becomes another one, and once for all of them: the entries
//! that leave are taken out in order, then those that come are put in. So a change of one column costs nothing in the
//! indexes that do not read it, and many rows share the walk down each tree.

use super::change::Change;
use super::entries::Batch;
use super::table::{AWAY, Keys, TableImage, Taken};
use crate::id::RowId;
use crate::record::{Record, Row};
use crate::schema::{IndexSchema, TableSchema};
use crate::value::ValueRef;

/// The entries of one index that leave, and those that come.
struct Move {
    leaving: Batch,
    coming: Batch,
}

/// So few rows are changed one by one: sorting them would be most of the work.
const WORTH_A_BATCH: usize = 8;

impl TableImage {
    /// Gives slots other contents, each once; `None` empties a slot. Unique keys are not judged: it goes to what has been
    /// there before, or is there in another version.
    pub(super) fn exchange(&mut self, schema: &TableSchema, contents: Vec<(RowId, Option<Row>)>) {
        if contents.len() < WORTH_A_BATCH {
            for (id, row) in contents {
                self.exchange_one(schema, id, row);
            }
            return;
        }
        let moves = self.moves(schema, &contents);
        self.leave(&moves);
        self.come(moves.into_iter().map(|it| it.map(|it| it.coming)));
        for (id, row) in contents {
            self.set_slot(id, row);
        }
    }

    fn exchange_one(&mut self, schema: &TableSchema, id: RowId, row: Option<Row>) {
        let after = row.clone();
        let before = self.set_slot(id, row);
        let (before, after) = (before.as_deref(), after.as_deref());
        for (index, tree) in schema.indexes.iter().zip(&mut self.indexes) {
            if let Some(tree) = tree
                && !has_same_key(index, before, after)
            {
                before.into_iter().for_each(|it| tree.remove(it, id, index));
                after.into_iter().for_each(|it| tree.insert(it, id, index));
            }
        }
    }

    /// Gives rows that keep their slots other versions, all or none, and notes each as a change. Unique keys are judged
    /// when all rows have their new version.
    ///
    /// # Errors
    /// [`Taken`] for the first row that another one is in the way of; nothing has changed then.
    pub(super) fn replace_in_place(
        &mut self,
        schema: &TableSchema,
        rows: Vec<(RowId, Row)>,
        changes: &mut Vec<Change>,
    ) -> Result<(), Taken> {
        let contents: Vec<(RowId, Option<Row>)> = rows.into_iter().map(|(id, row)| (id, Some(row))).collect();
        let moves = self.moves(schema, &contents);
        self.leave(&moves);
        let trees = schema.indexes.iter().zip(&self.indexes).zip(&moves);
        let is_free = trees.into_iter().all(|((index, tree), moved)| match (tree, moved) {
            (Some(tree), Some(moved)) if index.is_judged_at_once() => tree.leaves_unique(&moved.coming),
            _ => true,
        });
        if !is_free {
            self.come(moves.into_iter().map(|it| it.map(|it| it.leaving)));
            return Err(self.taken(schema, contents));
        }
        self.come(moves.into_iter().map(|it| it.map(|it| it.coming)));
        for (id, row) in contents {
            if let Some(before) = self.set_slot(id, row) {
                changes.push(Change::Replaced { table: schema.id, from: id, to: id, before });
            }
        }
        Ok(())
    }

    /// The first of some new versions that cannot be beside those before it and the rows that stay.
    fn taken(&self, schema: &TableSchema, contents: Vec<(RowId, Option<Row>)>) -> Taken {
        let mut judged = self.clone();
        let moved = |id: RowId, row: &Option<Row>| {
            let keys = schema.indexes.iter().filter(|it| it.is_judged_at_once());
            let before = self.get(id).map(|it| &**it);
            keys.into_iter().any(|it| !has_same_key(it, before, row.as_deref()))
        };
        let moved: Vec<(RowId, Option<Row>)> = contents.into_iter().filter(|(id, row)| moved(*id, row)).collect();
        for (id, _) in &moved {
            judged.remove(schema, *id);
        }
        let taken = moved.into_iter().filter_map(|it| it.1).find_map(|row| judged.insert(schema, row).err());
        taken.unwrap_or_else(|| unreachable!("two rows of a table agree in a key, and one of them comes first"))
    }

    /// What contents would change in each index; `None` where nothing does.
    fn moves(&self, schema: &TableSchema, contents: &[(RowId, Option<Row>)]) -> Vec<Option<Move>> {
        let indexes = schema.indexes.iter().zip(&self.indexes);
        let moves = indexes.map(|(index, tree)| {
            let tree = tree.as_ref()?;
            let (mut leaving, mut coming) = (Vec::new(), Vec::new());
            for (id, after) in contents {
                let (before, after) = (self.get(*id), after.as_ref());
                if !has_same_key(index, before.map(|it| &**it), after.map(|it| &**it)) {
                    leaving.extend(before.map(|it| (*id, it)));
                    coming.extend(after.map(|it| (*id, it)));
                }
            }
            let moved = !(leaving.is_empty() && coming.is_empty());
            moved.then(|| Move { leaving: tree.batch(&leaving, index), coming: tree.batch(&coming, index) })
        });
        moves.collect()
    }

    fn leave(&mut self, moves: &[Option<Move>]) {
        for (tree, moved) in self.indexes.iter_mut().zip(moves) {
            if let (Some(tree), Some(moved)) = (tree, moved) {
                tree.leave(&moved.leaving);
            }
        }
    }

    fn come(&mut self, batches: impl Iterator<Item = Option<Batch>>) {
        for (tree, batch) in self.indexes.iter_mut().zip(batches) {
            if let (Some(tree), Some(batch)) = (tree, batch) {
                tree.enter(batch);
            }
        }
    }

    /// Puts a row into a slot, or empties it, and knows where strays are; the indexes do not follow.
    pub(super) fn set_slot(&mut self, id: RowId, row: Option<Row>) -> Option<Row> {
        if id.0 & AWAY == 0 {
            return match row {
                Some(row) => self.home.insert(id.0, row),
                None => self.home.remove(id.0),
            };
        }
        let after = row.clone();
        let before = match row {
            Some(row) => self.away.insert(id.0 & !AWAY, row),
            None => self.away.remove(id.0 & !AWAY),
        };
        if let Keys::Integer { column, strays } = &mut self.keys {
            let key = |row: &Option<Row>| match row.as_ref().map(|it| it.get(*column)) {
                Some(ValueRef::Int(key)) => Some((key, id)),
                _ => None,
            };
            let (before, after) = (key(&before), key(&after));
            if before != after {
                strays.remove_sorted(before.as_slice());
                after.into_iter().for_each(|it| {
                    strays.insert(it);
                });
            }
        }
        before
    }
}

/// Whether an index holds two versions of a row under the very same key. It asks for what the index reads, its predicate
/// included, so the answer may be no where only something beside the key is another.
pub(super) fn has_same_key(index: &IndexSchema, before: Option<&dyn Record>, after: Option<&dyn Record>) -> bool {
    match (before, after) {
        (Some(before), Some(after)) => index.reads.iter().all(|&it| before.get(it).is_identical(after.get(it))),
        (None, None) => true,
        _ => false,
    }
}
