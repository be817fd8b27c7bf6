//! A smaller history and schema that still show a mismatch.

use super::compare::{Mismatch, Verdict};
use super::history::Operation;
use super::schema::SchemaSpec;

/// A schema and a history on which the two sides disagree.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) schema: SchemaSpec,
    pub(crate) history: Vec<Operation>,
}

/// How the two sides are compared.
pub(crate) type Comparing<'a> = &'a mut dyn FnMut(&SchemaSpec, &[Operation]) -> Verdict;

impl Case {
    /// The mismatch of the case, if it has one before the first difference that is meant.
    pub(crate) fn mismatch(&self, compare: Comparing<'_>) -> Option<Mismatch> {
        match compare(&self.schema, &self.history) {
            Verdict::Wrong(mismatch) => Some(mismatch),
            _ => None,
        }
    }

    /// Drops whatever can be dropped: operations, rows of inserts, checks, foreign keys, unique keys nobody refers to.
    pub(crate) fn shrink(mut self, compare: Comparing<'_>) -> Self {
        loop {
            let smaller = self.smaller().into_iter().find(|it| it.mismatch(compare).is_some());
            match smaller {
                Some(it) => self = it,
                None => return self,
            }
        }
    }

    fn smaller(&self) -> Vec<Case> {
        let mut all = Vec::new();
        let mut push = |change: &dyn Fn(&mut Case)| {
            let mut case = self.clone();
            change(&mut case);
            all.push(case);
        };
        for at in (0..self.history.len()).rev() {
            push(&|it| drop(it.history.remove(at)));
        }
        for (at, operation) in self.history.iter().enumerate() {
            if let Operation::Insert { rows, .. } = operation
                && rows.len() > 1
            {
                for row in 0..rows.len() {
                    push(&|it| {
                        let Operation::Insert { rows, .. } = &mut it.history[at] else { return };
                        rows.remove(row);
                    });
                }
            }
            if let Operation::Update { set, .. } = operation
                && set.len() > 1
            {
                for position in 0..set.len() {
                    push(&|it| {
                        let Operation::Update { set, .. } = &mut it.history[at] else { return };
                        set.remove(position);
                    });
                }
            }
        }
        for (table, spec) in self.schema.tables.iter().enumerate() {
            for at in 0..spec.checks.len() {
                push(&|it| {
                    it.schema.tables[table].checks.remove(at);
                });
            }
            for at in 0..spec.references.len() {
                push(&|it| {
                    it.schema.tables[table].references.remove(at);
                });
            }
            for (at, key) in spec.unique.iter().enumerate() {
                let refers = |other: &super::schema::TableSpec| {
                    other.references.iter().any(|it| {
                        key.only.is_none()
                            && it.target == table
                            && it.target_columns.len() == key.columns.len()
                            && it.target_columns.iter().all(|it| key.columns.contains(it))
                    })
                };
                let named = |it: &Operation| match it {
                    Operation::Insert { table: of, on_conflict: Some(it), .. } => {
                        *of == table && it.key() == Some(&key.columns)
                    }
                    _ => false,
                };
                if !self.schema.tables.iter().any(refers) && !self.history.iter().any(named) {
                    push(&|it| {
                        it.schema.tables[table].unique.remove(at);
                    });
                }
            }
        }
        all
    }

    /// The case as SQL that can be pasted into SQLite's shell.
    pub(crate) fn sql(&self, at: usize) -> String {
        let mut text = format!("PRAGMA foreign_keys = ON;\n{}BEGIN;\n", self.schema.sql());
        let mut depth: usize = 0;
        for (position, operation) in self.history.iter().enumerate().take(at + 1) {
            if depth == 0 && matches!(operation, Operation::Release | Operation::RollbackTo) {
                continue;
            }
            if position == at {
                text += "-- here:\n";
            }
            text += &operation.sql(depth);
            text += "\n";
            depth = operation.depth_after(depth, true);
        }
        text
    }
}
