//! Deletes that fail, or that do otherwise through an object than through its row.

use super::{At, Linter};
use crate::object::model::harmony::{Fate, Verdict};
use crate::schema::Lint;

impl<'a> Linter<'a> {
    pub(super) fn deletes(&self, at: At<'a>, found: &mut Vec<Lint>) {
        let Some(harmony) = self.model.harmony_of(self.schema, at.class, at.relation) else { return };
        if at.relation.view_only || harmony.verdict != Verdict::Disagree {
            return;
        }
        let (problem, advice) = match (harmony.loaded, harmony.row) {
            (Fate::Refused, _) => (
                "deleting an owner that has targets fails: the session sets their foreign key to NULL, which it never is",
                "add `delete` to its cascade, or write `passive_deletes` and let the foreign key act",
            ),
            (Fate::Deleted, Fate::SetToNull | Fate::SetToDefault) => (
                "the session deletes the targets of an owner that it deletes, the foreign key keeps them",
                "let both do the same: `on_delete = cascade`, or no `delete` in its cascade",
            ),
            (Fate::SetToNull, Fate::Deleted | Fate::SetToDefault) => (
                "the session sets the targets of an owner that it deletes to NULL, the foreign key does otherwise",
                "let both do the same: `delete` in its cascade for `on_delete = cascade`, or `on_delete = set_null`",
            ),
            // A foreign key that refuses what the session takes care of first guards the rows; that is its use.
            _ => return,
        };
        found.push(Lint::new(at.place(), problem, advice));
    }
}
