//! What deleting an owner does in the two layers: through its object, and as a row.

use super::{At, Linter};
use crate::object::class::{Cascade, PassiveDeletes};
use crate::object::model::Join;
use crate::schema::{Action, Lint};

impl<'a> Linter<'a> {
    /// Deletes that fail, or that do otherwise than the foreign key.
    pub(super) fn deletes(&self, at: At<'a>, found: &mut Vec<Lint>) {
        let Join::Has { columns, .. } = &at.relation.join else { return };
        if at.relation.view_only {
            return;
        }
        let Some((table, places)) = self.places(self.target(at), columns) else { return };
        let references = table.outbound.iter().map(|&it| self.schema.reference(it));
        let same = |it: &&crate::schema::ReferenceSchema| {
            it.columns.len() == places.len() && it.columns.iter().all(|column| places.contains(column))
        };
        let Some(reference) = references.into_iter().find(same) else { return };
        let deletes = at.relation.cascade.contains(Cascade::DELETE);
        let never_null = places.iter().any(|&it| !table.column(it).nullable);
        let passive = at.relation.passive_deletes != PassiveDeletes::Off;
        let key = format!("{}.{}", table.name, reference.name);
        let mut note = |problem: String, advice: &str| found.push(Lint::new(at.place(), problem, advice));
        if !deletes && never_null && !passive {
            let columns = table.names(&places).join(", ");
            note(
                format!(
                    "deleting an owner that has targets fails: the session sets `{}`.({columns}) to NULL, which is never NULL",
                    table.name
                ),
                "add `delete` to its cascade, or write `passive_deletes` and let the foreign key act",
            );
        }
        if deletes && reference.on_delete == Action::SetNull {
            note(
                format!(
                    "the session deletes the targets of an owner that it deletes; {key} sets them to NULL where the row is deleted"
                ),
                "let both do the same: `on_delete = cascade`, or no `delete` in its cascade",
            );
        }
        if !deletes && !never_null && !passive && reference.on_delete == Action::Cascade {
            note(
                format!(
                    "the session sets the targets of an owner that it deletes to NULL; {key} deletes them where the row is deleted"
                ),
                "let both do the same: `delete` in its cascade, or `on_delete = set_null`",
            );
        }
    }
}
