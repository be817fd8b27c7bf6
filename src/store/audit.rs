//! The structural audit of a table: T1, T2 and T3.

use super::table::{Keys, TableImage};
use crate::id::IndexId;
use crate::schema::TableSchema;
use crate::value::ValueRef;

impl TableImage {
    /// Checks that rows, slots and indexes agree.
    ///
    /// # Errors
    /// The first disagreement.
    pub fn audit(&self, schema: &TableSchema) -> Result<(), String> {
        self.home.audit()?;
        self.away.audit()?;
        self.audit_slots()?;
        for (position, (index, tree)) in schema.indexes.iter().zip(&self.indexes).enumerate() {
            let Some(tree) = tree else { continue };
            tree.audit_trees().map_err(|problem| format!("{}: {problem}", index.name))?;
            let held = || self.rows().filter(|(_, row)| index.covers(&***row));
            if tree.len() != held().count() {
                return Err(format!("T1: {} holds {} rows of {}", index.name, tree.len(), held().count()));
            }
            for (id, row) in held() {
                if !tree.holds(&**row, id, index) {
                    return Err(format!("T1: {} does not hold {row:?} in slot {id:?}", index.name));
                }
            }
            let id = IndexId(position as u16);
            if index.is_judged_at_once()
                && let Some((_, row)) = held().find(|(slot, _)| self.rival(schema, id, *slot).is_some())
            {
                return Err(format!("T3: {} holds {row:?} twice", index.name));
            }
        }
        Ok(())
    }

    fn audit_slots(&self) -> Result<(), String> {
        let Keys::Integer { column, strays } = &self.keys else {
            return if self.away.is_empty() { Ok(()) } else { Err("T2: rows away without an integer key".into()) };
        };
        strays.audit()?;
        for (slot, row) in self.home.iter() {
            if row.get(*column) != ValueRef::Int(slot as i64) {
                return Err(format!("T2: {row:?} is at home in slot {slot}"));
            }
        }
        if strays.len() != self.away.len() {
            return Err(format!("T2: {} strays for {} rows away", strays.len(), self.away.len()));
        }
        for &(key, id) in strays.iter() {
            if self.get(id).is_none_or(|row| row.get(*column) != ValueRef::Int(key)) {
                return Err(format!("T2: the stray {key} is not in {id:?}"));
            }
            if u64::try_from(key).is_ok_and(|slot| self.home.get(slot).is_some()) {
                return Err(format!("T3: key {key} is at home and away"));
            }
        }
        Ok(())
    }
}
