//! Giving slots other contents, and letting the indexes follow.
//!
//! An index is touched for those rows alone whose key in it becomes another one, and once for all of them: the entries
//! that leave are taken out in order, then those that come are put in. So a change of one column costs nothing in the
//! indexes that do not read it, and many rows share the walk down each tree.

use super::change::Change;
use super::entries::Batch;
use super::table::{AWAY, Keys, TableImage, Taken};
use crate::id::{ColumnSet, RowId};
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
        let moves = self.moves(schema, &contents, |_| true);
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
    /// when all rows have their new version. An index that reads no column in which one differs is not looked at.
    ///
    /// # Errors
    /// [`Taken`] for the first row that another one is in the way of; nothing has changed then.
    pub(super) fn replace_in_place(
        &mut self,
        schema: &TableSchema,
        rows: Vec<(RowId, Row)>,
        differing: &ColumnSet,
        changes: &mut Vec<Change>,
    ) -> Result<(), Taken> {
        let contents: Vec<(RowId, Option<Row>)> = rows.into_iter().map(|(id, row)| (id, Some(row))).collect();
        let moves = self.moves(schema, &contents, |index| differing.contains_any(&index.reads));
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

    /// What contents would change in each index, of those that they may concern; `None` where nothing does.
    fn moves(
        &self,
        schema: &TableSchema,
        contents: &[(RowId, Option<Row>)],
        concerns: impl Fn(&IndexSchema) -> bool,
    ) -> Vec<Option<Move>> {
        let indexes = schema.indexes.iter().zip(&self.indexes);
        let moves = indexes.map(|(index, tree)| {
            let tree = tree.as_ref().filter(|_| concerns(index))?;
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

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::sync::Arc;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::column;
    use crate::expr::Expression;
    use crate::record::{Tuple, values};
    use crate::schema::{Column, Index, Schema, Table};
    use crate::store::Image;
    use crate::value::Value;

    /// A table of four columns that are read by every shape of index; `by_arrival` says that its key is no integer alone.
    fn schema(by_arrival: bool) -> Schema {
        let table = Table::new("t").column(Column::int("id")).column(Column::int("a").nullable());
        let table = table.column(Column::int("b")).column(Column::text("c").nullable());
        let table = if by_arrival { table.primary_key(["id", "b"]) } else { table.primary_key(["id"]) };
        let table = table.index(["a"]).index(["a", "c"]).index(["b", "id"]).unique(["c"]);
        let table = table.add_index(Index::on(["b"]).unique().filter(column("a").eq(1)));
        Schema::builder().table(table).build().expect("the declaration is right")
    }

    type Cells = (i64, Option<i64>, i64, Option<u8>);

    fn tuple((id, a, b, c): Cells) -> Row {
        let c = c.map(|it| Value::from(format!("c{it}")));
        Arc::new(Tuple::new([id.into(), a.into(), b.into(), c.into()]))
    }

    fn cells() -> impl Strategy<Value = Cells> {
        // Some keys are at home, some far away.
        let id = prop_oneof![4 => 0..60_i64, 1 => -5..0_i64, 1 => 1_000_000..1_000_010_i64];
        (id, prop::option::of(0..4_i64), 0..40_i64, prop::option::weighted(0.7, 0..90_u8))
    }

    /// Which rows are changed, by their order, and to what: one column of each, taken from a row of this list.
    fn step() -> impl Strategy<Value = (Vec<bool>, u8, Vec<Cells>)> {
        (vec(prop::bool::weighted(0.6), 60), 0..6_u8, vec(cells(), 60))
    }

    fn held(image: &Image, schema: &Schema) -> BTreeMap<RowId, Vec<Value>> {
        let table = schema.tables()[0].id;
        image.table(table).rows().map(|(id, row)| (id, values(&**row))).collect()
    }

    /// Whether no two of these rows agree in a unique key.
    fn is_free<'a>(rows: impl Iterator<Item = &'a Vec<Value>>, by_arrival: bool) -> bool {
        let (mut keys, mut texts, mut partial) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        rows.fold(true, |free, row| {
            let key = if by_arrival { vec![row[0].clone(), row[2].clone()] } else { vec![row[0].clone()] };
            let text = row[3].is_null() || texts.insert(row[3].clone());
            let once = row[1] != Value::Int(1) || partial.insert(row[2].clone());
            keys.insert(key) && text && once && free
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

        /// T1 to T4: many rows at once, few, and those whose slots change, judged as a whole; what is refused has changed
        /// nothing, what is taken back is as before, and whoever catches up holds the same.
        #[test]
        fn t1_indexes_follow_rows_however_many_change(
            by_arrival in any::<bool>(),
            rows in vec(cells(), 1..60),
            steps in vec((step(), any::<bool>()), 1..6),
        ) {
            let schema = schema(by_arrival);
            let table = &schema.tables()[0];
            let mut image = Image::empty(&schema);
            for it in rows {
                // Some are in the way of others.
                let _ = image.table_mut(table.id).insert(table, tuple(it));
            }
            for ((chosen, what, others), back) in steps {
                let before = held(&image, &schema);
                let mut follower = image.clone();
                let mut after = before.clone();
                for ((_, row), other) in after.iter_mut().zip(&others).zip(&chosen).filter(|it| *it.1).map(|it| it.0) {
                    let other = values(&*tuple(*other));
                    match what {
                        // Equal values of another version, and all columns at once.
                        4 => {}
                        5 => *row = other,
                        column => row[column as usize] = other[column as usize].clone(),
                    }
                }
                let changed: Vec<(RowId, Row)> = (after.iter().zip(&chosen).filter(|it| *it.1))
                    .map(|((id, row), _)| (*id, Arc::new(Tuple::new(row.clone())) as Row))
                    .collect();
                let mut changes = Vec::new();
                let differing = image.table(table.id).differing(&changed);
                let outcome = image.table_mut(table.id).replace_many(table, changed, &differing, &mut changes);
                image.audit(&schema).expect("the table is sound");
                if let Err(taken) = outcome {
                    prop_assert!(!is_free(after.values(), by_arrival), "{:?}", taken);
                    prop_assert!(changes.is_empty());
                    prop_assert_eq!(held(&image, &schema), before);
                    continue;
                }
                prop_assert!(is_free(after.values(), by_arrival));
                let all = |it: &BTreeMap<RowId, Vec<Value>>| it.values().cloned().collect::<BTreeSet<_>>();
                prop_assert_eq!(all(&held(&image, &schema)), all(&after));
                let slots: Vec<_> = changes.iter().flat_map(Change::slots).collect();
                follower.catch_up(&schema, &image, &slots);
                follower.audit(&schema).expect("who has caught up is sound");
                prop_assert_eq!(held(&follower, &schema), held(&image, &schema));
                if back {
                    image.revert(&schema, changes);
                    image.audit(&schema).expect("what was taken back is sound");
                    prop_assert_eq!(held(&image, &schema), before);
                }
            }
        }
    }
}
