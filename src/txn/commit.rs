//! Publishing a version: the numbered steps of the front page.

use super::Transaction;
use super::database::Version;
use crate::error::{Conflict, ErrorKind, Result};
use crate::id::{RowId, TableId};
use crate::integrity::{dangling, fact, judge};
use crate::record::{Record, Row, project};
use crate::schema::Schema;
use crate::store::{Difference, Image};
use crate::value::ValueRef;

impl Transaction {
    /// Publishes what the transaction did.
    ///
    /// # Errors
    /// [`ErrorKind::Open`] when a deferred constraint is violated: the transaction stays open and can be mended.
    /// [`ErrorKind::Conflict`] when another transaction was first: roll back and try again.
    pub fn commit(&mut self) -> Result<Version> {
        let schema = self.shared.schema.clone();
        // Step 1.
        let open = judge(&schema, &self.image, &self.ledger, |_| true);
        if !open.is_empty() {
            return Err(ErrorKind::Open(open).into());
        }
        let committing = self.shared.committing.lock();
        if !self.image.same(&self.base.image) {
            // Steps 2 to 4. Nobody else moves the head meanwhile, and readers may have it.
            let (current, image) = {
                let head = self.shared.head.read();
                (head.version, head.image.clone())
            };
            if current != self.base.version {
                self.image = rebase(&schema, &self.base.image, &self.image, &image)?;
            }
            let mut head = self.shared.head.write();
            let before = std::mem::replace(&mut head.image, self.image.clone());
            head.version = Version(head.version.0 + 1);
            drop(head);
            // What only the version before held goes when nobody waits for it.
            drop((before, image));
        }
        let version = self.shared.head.read().version;
        drop(committing);
        self.base.image = self.image.clone();
        self.base.version = version;
        self.ledger.clear();
        Ok(version)
    }
}

/// Carries the differences of one transaction over to the version that others have published.
fn rebase(schema: &Schema, base: &Image, own: &Image, head: &Image) -> Result<Image> {
    let mut merged = head.clone();
    let differences = base.differences(own);
    let mut changes = Vec::new();
    let mut written = Vec::new();
    for difference in &differences {
        let Difference { table, row, before: Some(before), .. } = difference else { continue };
        let declared = schema.table(*table);
        let current = merged.table(*table).get(*row);
        if current.is_none_or(|it| !std::sync::Arc::ptr_eq(it, before)) {
            return Err(Conflict::Row { row: fact(declared, &**before) }.into());
        }
        merged.table_mut(*table).remove_many(declared, &[*row], &mut changes);
    }
    for difference in &differences {
        let Difference { table, after: Some(after), .. } = difference else { continue };
        let declared = schema.table(*table);
        match merged.table_mut(*table).insert(declared, after.clone()) {
            Ok(id) => written.push((*table, id, after)),
            Err(taken) => {
                let constraint = declared.index(taken.index).name.clone();
                let (row, holder) = (fact(declared, &*taken.row), fact(declared, &*taken.holder));
                return Err(Conflict::Key { constraint, row, holder }.into());
            }
        }
    }
    for (table, id, row) in written {
        judge_deferrable_keys(schema, &merged, table, id, row)?;
        judge_outbound(schema, &merged, table, row)?;
    }
    for difference in &differences {
        if let Some(before) = &difference.before {
            judge_inbound(schema, &merged, difference, before)?;
        }
    }
    Ok(merged)
}

/// Deferrable keys let rows share them until here.
fn judge_deferrable_keys(schema: &Schema, merged: &Image, table: TableId, id: RowId, row: &Row) -> Result<()> {
    let declared = schema.table(table);
    for &key in &declared.deferrable_keys {
        if let Some(holder) = merged.table(table).rival(declared, key, id) {
            let constraint = declared.index(key).name.clone();
            let (row, holder) = (fact(declared, &**row), fact(declared, &**holder));
            return Err(Conflict::Key { constraint, row, holder }.into());
        }
    }
    Ok(())
}

fn judge_outbound(schema: &Schema, merged: &Image, table: TableId, row: &Row) -> Result<()> {
    let declared = schema.table(table);
    for &id in &declared.outbound {
        let reference = schema.reference(id);
        if dangling(merged, reference, &**row) {
            let constraint = reference.name.clone();
            return Err(Conflict::Reference { constraint, row: fact(declared, &**row) }.into());
        }
    }
    Ok(())
}

/// Rows that others have made refer to a key which this transaction took away.
fn judge_inbound(schema: &Schema, merged: &Image, difference: &Difference, before: &Row) -> Result<()> {
    for &id in &schema.table(difference.table).inbound {
        let reference = schema.reference(id);
        let key = project(&**before, &reference.target_columns);
        if difference.after.as_ref().is_some_and(|after| project(&**after, &reference.target_columns) == key) {
            continue;
        }
        let probe: Vec<ValueRef<'_>> = key.iter().map(|it| it.as_ref()).collect();
        let mut orphan: Option<Row> = None;
        let mut look = |row: &Row| {
            if dangling(merged, reference, &**row) {
                orphan = Some(row.clone());
            }
            orphan.is_none()
        };
        let children = merged.table(reference.table);
        match reference.index {
            _ if probe.iter().any(|it| it.is_null()) => {}
            Some(index) => children.each_equal(index, &probe, |_, row| look(row)),
            None => {
                let refers = |row: &dyn Record| reference.columns.iter().zip(&probe).all(|(&it, v)| row.get(it) == *v);
                let _ = children.rows().filter(|(_, row)| refers(&***row)).all(|(_, row)| look(row));
            }
        }
        if let Some(row) = orphan {
            let constraint = reference.name.clone();
            return Err(Conflict::Reference { constraint, row: fact(schema.table(reference.table), &*row) }.into());
        }
    }
    Ok(())
}
