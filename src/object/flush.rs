//! The unit of work as a pipeline: collect, order, plan, apply, settle.
//!
//! 1. `collect` finds what has happened: new, changed and deleted objects, links, orphans, references to null.
//! 2. `order` sorts inserts by the rows they need and deletes the other way; what rings leave open is filled in later.
//! 3. The outcome is a [`FlushPlan`], a value that prints.
//! 4. `apply` runs it inside a savepoint; generated keys flow into the foreign keys of later steps.
//! 5. `settle` brings objects up to date; after a failure `apply` has put them back instead (O3).
//!
//! Rows of tables that nothing refers to are deleted first, so that a unique key they held is free for an insert.

mod apply;
mod collect;
mod order;
mod settle;

use std::fmt;

use super::reference::ObjectKey;
use super::session::Core;
use crate::error::Result;
use crate::id::{ClassId, ColumnId, RelationId};
use crate::query::Control;
use crate::schema::Name;
use crate::value::Value;

/// What a flush will do: its statements in order.
#[derive(Clone, Debug, Default)]
pub struct FlushPlan {
    /// The statements.
    pub steps: Vec<FlushStep>,
    /// References that are not links of their row's object: set by an owner without an inverse, or to be NULL because
    /// the owner goes.
    assignments: Vec<Assignment>,
    /// Orphans that were never inserted: the flush leaves them out.
    dropped: Vec<ObjectKey>,
}

/// One statement of a flush.
#[derive(Clone, Debug)]
pub struct FlushStep {
    /// The table it writes.
    pub table: Name,
    /// The columns it writes; empty where it writes whole rows or removes them.
    pub columns: Vec<Name>,
    work: Work,
}

#[derive(Clone, Debug)]
enum Work {
    /// `later` are foreign keys that stay NULL until a later step, because a ring leaves no other order.
    Insert {
        class: ClassId,
        objects: Vec<ObjectKey>,
        later: Vec<(ObjectKey, Vec<ColumnId>)>,
    },
    Update {
        class: ClassId,
        columns: Vec<ColumnId>,
        objects: Vec<ObjectKey>,
    },
    Delete {
        class: ClassId,
        objects: Vec<ObjectKey>,
    },
    Associate {
        class: ClassId,
        relation: RelationId,
        pairs: Vec<(ObjectKey, ObjectKey)>,
    },
    Dissociate {
        class: ClassId,
        relation: RelationId,
        pairs: Vec<(ObjectKey, ObjectKey)>,
    },
    /// All association rows of owners that go.
    DissociateAll {
        class: ClassId,
        relation: RelationId,
        owners: Vec<ObjectKey>,
    },
}

/// A reference that a flush writes although it is no link of the row's object.
#[derive(Clone, Debug)]
struct Assignment {
    object: ObjectKey,
    columns: Vec<ColumnId>,
    /// The owner whose columns it takes; NULL without one.
    from: Option<(ObjectKey, Vec<ColumnId>)>,
}

impl FlushStep {
    /// How many rows it names.
    pub fn rows(&self) -> usize {
        match &self.work {
            Work::Insert { objects, .. } | Work::Update { objects, .. } | Work::Delete { objects, .. } => objects.len(),
            Work::Associate { pairs, .. } | Work::Dissociate { pairs, .. } => pairs.len(),
            Work::DissociateAll { owners, .. } => owners.len(),
        }
    }

    /// What it does.
    pub fn verb(&self) -> &'static str {
        match &self.work {
            Work::Insert { .. } | Work::Associate { .. } => "insert",
            Work::Update { .. } => "update",
            Work::Delete { .. } | Work::Dissociate { .. } | Work::DissociateAll { .. } => "delete",
        }
    }
}

impl fmt::Display for FlushPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            write!(f, "{} {}", step.verb(), step.table)?;
            if !step.columns.is_empty() {
                write!(f, " ({})", step.columns.join(", "))?;
            }
            writeln!(f, "  {} rows", step.rows())?;
        }
        Ok(())
    }
}

impl Core {
    /// Runs the pipeline.
    pub(super) fn flush(&mut self) -> Result<()> {
        if self.graph.touched.is_empty() {
            return Ok(());
        }
        let mut marked = Vec::new();
        let plan = match self.prepare_flush(&mut marked) {
            Ok(plan) => plan,
            Err(error) => {
                self.unmark(marked);
                return Err(error);
            }
        };
        if !plan.steps.is_empty() {
            self.found.let_go();
            self.graph.let_go_of_versions();
        }
        let several = plan.steps.len() > 1;
        if several {
            self.connection.control(Control::Savepoint)?;
        }
        let mut undo = apply::Undo::default();
        match self.apply(&plan, &mut undo) {
            Ok(done) => {
                if several {
                    self.connection.control(Control::Release)?;
                }
                self.settle(&plan, done);
                Ok(())
            }
            Err(error) => {
                if several {
                    self.connection.control(Control::RollbackTo)?;
                }
                self.put_back(undo);
                self.unmark(marked);
                Err(error)
            }
        }
    }

    /// What a flush would do. Nothing has changed afterwards.
    pub(super) fn plan_flush(&mut self) -> Result<FlushPlan> {
        let mut marked = Vec::new();
        let plan = self.prepare_flush(&mut marked);
        self.unmark(marked);
        plan
    }

    /// Collects and orders, without running anything but reads. Orphans are marked on the way; whoever does not go
    /// through with the plan takes the marks back.
    fn prepare_flush(&mut self, marked: &mut Vec<ObjectKey>) -> Result<FlushPlan> {
        // Collecting may read relations, and reading must not flush what is being collected.
        let autoflush = std::mem::replace(&mut self.autoflush, false);
        let plan = self.collect(marked).and_then(|collected| self.order(collected));
        self.autoflush = autoflush;
        plan
    }

    /// The scalars of some columns of an object, as they will be in its row.
    fn scalars(&mut self, key: ObjectKey, columns: &[ColumnId]) -> Result<Vec<Value>> {
        let object = self.object(key)?;
        if object.lacks_row()
            && self.graph.model.class(object.class).key == columns
            && let Some(identity) = self.graph.identity_of(object)
        {
            return Ok(identity.to_values());
        }
        self.fresh(key)?;
        Ok(self.graph.row(key).map(|row| crate::record::project(&**row, columns)).unwrap_or_default())
    }
}
