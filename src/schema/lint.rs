//! What is allowed but probably not meant.

use std::fmt;

use super::{Action, IndexSchema, ReferenceSchema, Schema, TableSchema};

/// Something in a schema that is allowed but will probably surprise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lint {
    /// The key it concerns.
    pub place: String,
    /// What will happen.
    pub problem: String,
    /// What to write instead; may be empty.
    pub advice: String,
}

impl Lint {
    /// States a lint.
    pub fn new(place: impl Into<String>, problem: impl Into<String>, advice: impl Into<String>) -> Self {
        Lint { place: place.into(), problem: problem.into(), advice: advice.into() }
    }
}

impl fmt::Display for Lint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.problem)?;
        if self.advice.is_empty() { Ok(()) } else { write!(f, "; {}", self.advice) }
    }
}

impl Schema {
    /// Everything in the schema that is allowed but will probably surprise: foreign keys first, then indexes, then names.
    pub fn lint(&self) -> Vec<Lint> {
        let mut found = Vec::new();
        self.references.iter().for_each(|it| self.lint_reference(it, &mut found));
        self.tables.iter().for_each(|it| lint_indexes(it, &mut found));
        self.tables.iter().for_each(|it| self.lint_names(it, &mut found));
        found
    }

    fn lint_reference(&self, reference: &ReferenceSchema, found: &mut Vec<Lint>) {
        let table = self.table(reference.table);
        let place = format!("{}.{}", table.name, reference.name);
        let mut note = |problem: &str| found.push(Lint::new(&*place, problem, ""));
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
        if actions.contains(&Action::Restrict) && reference.timing.is_deferrable() {
            note("RESTRICT refuses at once, so only what the key refers to can be deferred");
        }
    }

    /// Two constraints of one name are allowed, but an error and SET CONSTRAINTS cannot tell one from the other.
    fn lint_names(&self, table: &TableSchema, found: &mut Vec<Lint>) {
        let references = table.outbound.iter().map(|&it| &self.reference(it).name);
        let indexes = table.indexes.iter().map(|it| &it.name);
        let mut names: Vec<&String> = indexes.chain(table.checks.iter().map(|it| &it.name)).chain(references).collect();
        names.sort();
        for group in names.chunk_by(|a, b| a == b).filter(|it| it.len() > 1) {
            let problem =
                format!("{} constraints have this name, so an error does not tell which it means", group.len());
            found.push(Lint::new(format!("{}.{}", table.name, group[0]), problem, ""));
        }
    }
}

/// Indexes that another one makes needless. Of two that hold the same, the later one is noted.
fn lint_indexes(table: &TableSchema, found: &mut Vec<Lint>) {
    for (position, index) in table.indexes.iter().enumerate() {
        let alike = |other: &IndexSchema| other.parts == index.parts && other.predicate == index.predicate;
        let starts = |other: &IndexSchema| {
            other.parts.len() > index.parts.len()
                && other.parts.starts_with(&index.parts)
                && other.predicate == index.predicate
        };
        let mut note = |problem: String| {
            found.push(Lint::new(format!("{}.{}", table.name, index.name), problem, ""));
        };
        if let Some(other) = table.indexes[..position].iter().find(|it| alike(it)) {
            let forbids = index.is_unique() && !other.is_unique();
            if !forbids {
                note(format!("{} holds the same keys, so this one only costs time and memory", other.name));
            }
        } else if let Some(other) = table.indexes.iter().find(|it| !index.is_unique() && starts(it)) {
            note(format!("{} starts with the same keys and serves all that this one serves", other.name));
        }
    }
}
