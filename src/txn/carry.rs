//! Carrying differences over to another version: the heart of a commit after others, of a merge, an undo and a replay.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::Conflict;
use crate::id::{RowId, TableId};
use crate::integrity::{dangling, fact};
use crate::record::{Record, Row, changed_columns, project, values};
use crate::schema::Schema;
use crate::store::{Change, Difference, Image, Taken};
use crate::value::{Value, ValueRef};

/// What counts as a conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// Whoever wrote a row first has it: the rule of transactions.
    FirstWins,
    /// Two sides that come to the same row agree: the rule of merges.
    SameOutcomeAgrees,
}

/// Applies differences to a version that may have gone on from the one they were made on, row by row and key by key,
/// and judges every foreign key that they touch on the outcome. Returns what it did to the version.
///
/// # Errors
/// Every conflict; the image is of no use then.
pub(super) fn carry(
    schema: &Schema,
    differences: &[Difference],
    image: &mut Image,
    rule: Rule,
) -> Result<Vec<Change>, Vec<Conflict>> {
    let mut carry = Carry { schema, image, rule, changes: Vec::new(), written: Vec::new(), conflicts: Vec::new() };
    let standing: Vec<&Difference> = differences.iter().filter(|it| carry.stands(it)).collect();
    carry.remove(&standing);
    carry.replace(&standing);
    carry.insert(&standing);
    carry.judge(&standing);
    if carry.conflicts.is_empty() { Ok(carry.changes) } else { Err(carry.conflicts) }
}

struct Carry<'a> {
    schema: &'a Schema,
    image: &'a mut Image,
    rule: Rule,
    changes: Vec<Change>,
    /// Rows that were put in, with their slots.
    written: Vec<(TableId, RowId, Row)>,
    conflicts: Vec<Conflict>,
}

impl Carry<'_> {
    /// Whether a difference is to be applied: the row is as it was, and has not become the same by itself.
    fn stands(&mut self, it: &Difference) -> bool {
        let Some(before) = &it.before else { return true };
        let current = self.image.table(it.table).get(it.row);
        if current.is_some_and(|row| Arc::ptr_eq(row, before)) {
            return true;
        }
        if self.rule == Rule::SameOutcomeAgrees {
            match (current, &it.after) {
                (Some(current), _) if equal(current, before) => return true,
                (None, None) => return false,
                (Some(current), Some(after)) if equal(current, after) => return false,
                _ => {}
            }
        }
        let table = self.schema.table(it.table);
        let naming = table.naming_columns();
        let key = project(&**before, &naming);
        // Another row may have come into the slot.
        let theirs = current.filter(|row| project(&***row, &naming) == key).map(|row| values(&**row));
        let mine = it.after.as_ref().map(|row| values(&**row));
        self.conflicts.push(Conflict::Row { row: fact(table, &**before), mine, theirs });
        false
    }

    fn remove(&mut self, standing: &[&Difference]) {
        let mut gone: BTreeMap<TableId, Vec<RowId>> = BTreeMap::new();
        for it in standing.iter().filter(|it| it.after.is_none()) {
            gone.entry(it.table).or_default().push(it.row);
        }
        for (table, mut rows) in gone {
            rows.sort_unstable();
            let declared = self.schema.table(table);
            self.image.table_mut(table).remove_many(declared, &rows, &mut self.changes);
        }
    }

    fn replace(&mut self, standing: &[&Difference]) {
        let mut replaced: BTreeMap<TableId, Vec<(RowId, Row)>> = BTreeMap::new();
        for it in standing {
            if let (Some(_), Some(after)) = (&it.before, &it.after) {
                replaced.entry(it.table).or_default().push((it.row, after.clone()));
            }
        }
        for (table, mut rows) in replaced {
            let declared = self.schema.table(table);
            let start = self.changes.len();
            let differing = self.image.table(table).differing(&rows);
            while let Err(taken) = {
                let image = self.image.table_mut(table);
                image.replace_many(declared, rows.clone(), &differing, &mut self.changes)
            } {
                rows.retain(|(_, row)| !Arc::ptr_eq(row, &taken.row));
                self.conflicts.push(taken_key(self.schema, table, &taken));
            }
            for change in &self.changes[start..] {
                if let Change::Replaced { to, .. } = change
                    && let Some(row) = self.image.table(table).get(*to)
                {
                    self.written.push((table, *to, row.clone()));
                }
            }
        }
    }

    fn insert(&mut self, standing: &[&Difference]) {
        for it in standing.iter().filter(|it| it.before.is_none()) {
            let Some(row) = &it.after else { continue };
            let declared = self.schema.table(it.table);
            match self.image.table_mut(it.table).insert(declared, row.clone()) {
                Ok(id) => {
                    self.changes.push(Change::Inserted { table: it.table, row: id });
                    self.written.push((it.table, id, row.clone()));
                }
                Err(taken) if self.rule == Rule::SameOutcomeAgrees && equal(&taken.holder, row) => {}
                Err(taken) => self.conflicts.push(taken_key(self.schema, it.table, &taken)),
            }
        }
    }

    /// Judges what the differences touch on the outcome.
    fn judge(&mut self, standing: &[&Difference]) {
        for (table, id, row) in std::mem::take(&mut self.written) {
            self.judge_deferrable_keys(table, id, &row);
            self.judge_outbound(table, &row);
        }
        for it in standing {
            if let Some(before) = &it.before {
                self.judge_inbound(it, before);
            }
        }
    }

    /// Deferrable keys let rows share them until here.
    fn judge_deferrable_keys(&mut self, table: TableId, id: RowId, row: &Row) {
        let declared = self.schema.table(table);
        for &key in &declared.deferrable_keys {
            if let Some(holder) = self.image.table(table).rival(declared, key, id) {
                let taken = Taken { index: key, row: row.clone(), holder: holder.clone() };
                self.conflicts.push(taken_key(self.schema, table, &taken));
            }
        }
    }

    fn judge_outbound(&mut self, table: TableId, row: &Row) {
        let declared = self.schema.table(table);
        for &id in &declared.outbound {
            let reference = self.schema.reference(id);
            if dangling(self.image, reference, &**row) {
                let constraint = reference.name.clone();
                self.conflicts.push(Conflict::Reference { constraint, row: fact(declared, &**row) });
            }
        }
    }

    /// Rows that others have made refer to a key which the differences took away.
    fn judge_inbound(&mut self, difference: &Difference, before: &Row) {
        for &id in &self.schema.table(difference.table).inbound {
            let reference = self.schema.reference(id);
            let key = project(&**before, &reference.target_columns);
            let kept = difference.after.as_ref().is_some_and(|it| project(&**it, &reference.target_columns) == key);
            if kept || key.contains(&Value::Null) {
                continue;
            }
            let probe: Vec<ValueRef<'_>> = key.iter().map(|it| it.as_ref()).collect();
            let mut orphan: Option<Row> = None;
            let mut look = |row: &Row| {
                if dangling(self.image, reference, &**row) {
                    orphan = Some(row.clone());
                }
                orphan.is_none()
            };
            let children = self.image.table(reference.table);
            match reference.index {
                Some(index) => children.each_equal(index, &probe, |_, row| look(row)),
                None => {
                    let refers =
                        |row: &dyn Record| reference.columns.iter().zip(&probe).all(|(&it, v)| row.get(it) == *v);
                    let _ = children.rows().filter(|(_, row)| refers(&***row)).all(|(_, row)| look(row));
                }
            }
            if let Some(row) = orphan {
                let constraint = reference.name.clone();
                let row = fact(self.schema.table(reference.table), &*row);
                let conflict = Conflict::Reference { constraint, row };
                if !self.conflicts.contains(&conflict) {
                    self.conflicts.push(conflict);
                }
            }
        }
    }
}

fn equal(a: &Row, b: &Row) -> bool {
    Arc::ptr_eq(a, b) || (a.width() == b.width() && changed_columns(&**a, &**b).is_empty())
}

fn taken_key(schema: &Schema, table: TableId, taken: &Taken) -> Conflict {
    let declared = schema.table(table);
    Conflict::Key {
        constraint: declared.index(taken.index).name.clone(),
        row: fact(declared, &*taken.row),
        holder: fact(declared, &*taken.holder),
    }
}
