//! What is allowed but probably not meant.

use std::fmt;

use super::{Action, Schema};

/// Something in a schema that is allowed but will probably surprise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lint {
    /// The key it concerns.
    pub place: String,
    /// What will happen.
    pub problem: String,
}

impl fmt::Display for Lint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.problem)
    }
}

impl Schema {
    /// Everything in the schema that is allowed but will probably surprise.
    pub fn lint(&self) -> Vec<Lint> {
        let mut found = Vec::new();
        for reference in &self.references {
            let table = self.table(reference.table);
            let place = format!("{}.{}", table.name, reference.name);
            let mut note = |problem: &str| found.push(Lint { place: place.clone(), problem: problem.to_owned() });
            if reference.index.is_none() {
                note("no index serves this foreign key, so deleting a target row scans the table");
            }
            let actions = [reference.on_delete, reference.on_update];
            let never_null = reference.columns.iter().any(|&it| !table.column(it).nullable);
            if actions.contains(&Action::SetNull) && never_null {
                note("SET NULL on a column that is never NULL refuses every change it should follow");
            }
            let no_default = reference.columns.iter().any(|&it| {
                let column = table.column(it);
                column.default.is_none() && !column.nullable
            });
            if actions.contains(&Action::SetDefault) && no_default {
                note("SET DEFAULT on a column without a default that is never NULL refuses every change");
            }
        }
        found
    }
}
