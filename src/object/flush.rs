//! The unit of work as a pipeline: collect, synchronize, order, plan, apply, settle.
//!
//! 1. `collect` decides the fate of every object: saved, deleted, or along for the ride; orphans and cascades are found
//!    here, and `lost` says which of what an owner has lost has another one. It may read, and flushes nothing while it does.
//! 2. `synchronize` says which foreign keys follow which objects, and which rows stand for links.
//! 3. `order` puts rows into an order that no constraint refuses; the outcome is a [`FlushPlan`], a value that prints.
//! 4. `apply` runs it; generated keys flow into the foreign keys of later steps.
//! 5. `settle` brings objects up to date; after a failure `apply` has put them back instead (O3), and `blame` says which
//!    object and which line of the program the refused statement leads back to.

mod announce;
mod apply;
mod association;
mod blame;
mod collect;
mod delete;
mod exchange;
mod follow;
mod in_view;
mod kinds;
mod levels;
mod lost;
mod moved;
mod needs;
mod order;
mod owners;
mod rings;
mod rows;
mod settle;
mod slots;
mod switches;
mod synchronize;
mod told;
mod turn;
mod turns;
mod updates;
mod waiting;

use rustc_hash::FxHashSet;
use std::fmt;

pub(super) use in_view::Seen;

use switches::Switches;

use super::compact::Fate;
use super::events::{RowStep, UnitStep};
use super::model::RelationModel;
use super::reference::ObjectKey;
use super::session::{Core, Manner};
use crate::error::Result;
use crate::id::{ClassId, ColumnId, RelationId};
use crate::query::Control;
use crate::schema::Name;

/// What a flush will do: its statements in order.
#[derive(Clone, Debug, Default)]
pub struct FlushPlan {
    /// The statements.
    pub steps: Vec<FlushStep>,
    /// Foreign keys that follow other objects, in the order in which they are written.
    assignments: Vec<Assignment>,
    /// Objects whose rows are saved, deleted, or written by others.
    saved: Vec<ObjectKey>,
    deleted: Vec<ObjectKey>,
    listed: Vec<ObjectKey>,
    /// New objects that are left out, because they have lost their parents.
    dropped: Vec<ObjectKey>,
    /// Objects whose rows are written by several statements, each of which has columns of its own.
    apart: FxHashSet<ObjectKey>,
    /// New objects that take over the rows of deleted ones.
    switches: Switches,
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
        when: When,
    },
    /// Updates of rows that wait for each other, of one hierarchy, each with the columns that it writes.
    Exchange {
        rows: Vec<(ObjectKey, Vec<ColumnId>)>,
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
    /// The keys of owners have changed: their association rows follow.
    Reassociate {
        class: ClassId,
        relation: RelationId,
        pairs: Vec<(ObjectKey, ObjectKey)>,
    },
    Dissociate {
        class: ClassId,
        relation: RelationId,
        pairs: Vec<(ObjectKey, ObjectKey)>,
    },
}

/// With which statement a foreign key is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    /// With the row.
    Row,
    /// By a statement of its own, after all rows are there or before any goes.
    Post,
    /// By none: the tables' own action has written it, and only the object has to follow. A sound session is told by the
    /// statement what its actions have written.
    Memory,
}

/// How a session lets foreign keys follow a key that changes.
#[derive(Clone, Copy, Debug)]
enum Follows {
    /// It writes them.
    Written,
    /// The tables' actions write them, and those objects follow that are known to refer.
    Guessed,
}

impl Follows {
    /// The statement that writes a foreign key, which otherwise would be written so.
    fn when(self, written: When) -> When {
        match self {
            Follows::Written => written,
            Follows::Guessed => When::Memory,
        }
    }
}

/// A foreign key that follows another object.
#[derive(Clone, Debug)]
struct Assignment {
    object: ObjectKey,
    columns: Vec<ColumnId>,
    /// The object whose columns it takes; NULL without one.
    from: Option<(ObjectKey, Vec<ColumnId>)>,
    when: When,
    /// Where its relation stands among all by name, and what follows from deletes before the rest: of two that write the same
    /// column, the later one counts.
    rank: usize,
}

impl FlushStep {
    /// How many rows it names.
    pub fn rows(&self) -> usize {
        match &self.work {
            Work::Insert { objects, .. } | Work::Update { objects, .. } | Work::Delete { objects, .. } => objects.len(),
            Work::Exchange { rows } => rows.len(),
            Work::Associate { pairs, .. } | Work::Dissociate { pairs, .. } | Work::Reassociate { pairs, .. } => {
                pairs.len()
            }
        }
    }

    /// What it does.
    pub fn verb(&self) -> &'static str {
        match &self.work {
            Work::Insert { .. } | Work::Associate { .. } => "insert",
            Work::Update { .. } | Work::Exchange { .. } | Work::Reassociate { .. } => "update",
            Work::Delete { .. } | Work::Dissociate { .. } => "delete",
        }
    }
}

impl FlushPlan {
    /// The objects whose rows it writes, each with what is said before.
    pub(super) fn rows_before(&self) -> Vec<(ObjectKey, RowStep)> {
        let of = |step: &FlushStep| match &step.work {
            Work::Insert { objects, .. } => Some((objects.clone(), RowStep::BeforeInsert)),
            Work::Update { objects, .. } => Some((objects.clone(), RowStep::BeforeUpdate)),
            Work::Exchange { rows } => Some((rows.iter().map(|it| it.0).collect(), RowStep::BeforeUpdate)),
            Work::Delete { objects, .. } => Some((objects.clone(), RowStep::BeforeDelete)),
            Work::Associate { .. } | Work::Reassociate { .. } | Work::Dissociate { .. } => None,
        };
        let steps = self.steps.iter().filter_map(of);
        steps.flat_map(|(objects, step)| objects.into_iter().map(move |it| (it, step))).collect()
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
        if self.graph.touched.is_empty() || !self.graph.is_sound() && self.has_all_let_go() {
            return Ok(());
        }
        self.check_active()?;
        self.tell_before_flush()?;
        let outcome = self.plan().and_then(|plan| self.carry_out(plan));
        self.clear_fates();
        match outcome {
            Err(error) if self.graph.manner == Manner::SqlAlchemy => {
                self.fail()?;
                Err(error)
            }
            Err(error) => Err(error),
            Ok(()) => self.tell_step(UnitStep::AfterFlush),
        }
    }

    /// Whether none of those that were touched is still in the session, which has nothing to flush then.
    fn has_all_let_go(&self) -> bool {
        let lives = |it: &ObjectKey| self.graph.objects.get(*it).is_some_and(|it| it.state.lives());
        !self.graph.touched.iter().any(lives)
    }

    pub(super) fn carry_out(&mut self, plan: FlushPlan) -> Result<()> {
        if !plan.steps.is_empty() {
            self.found.let_go();
            self.graph.let_go_of_versions();
        }
        // In the other manner a failure rolls everything back anyway.
        let several = self.graph.manner == Manner::Sound && !self.is_one_statement(&plan);
        if several {
            self.connection.control(Control::Savepoint)?;
        }
        let mut undo = apply::Undo::default();
        match self.quietly(|core| core.apply(&plan, &mut undo)) {
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
                let step = undo.step;
                self.put_back(undo, &plan);
                if !self.graph.is_sound() {
                    self.keep_what_was_told(&plan, step);
                }
                Err(self.blame(error, &plan, step))
            }
        }
    }

    /// How the foreign keys of a relation follow those that they refer to. Where the tables let them, a sound session is
    /// told by the statement, and does nothing itself.
    fn follows(&self, relation: &RelationModel) -> Option<Follows> {
        match (relation.passive_updates, self.graph.is_sound()) {
            (false, _) => Some(Follows::Written),
            (true, false) => Some(Follows::Guessed),
            (true, true) => None,
        }
    }

    /// Whether at most one statement changes rows, which itself happens whole or not at all.
    fn is_one_statement(&self, plan: &FlushPlan) -> bool {
        let [step] = plan.steps.as_slice() else { return plan.steps.is_empty() };
        let in_one_table = |it: &ObjectKey| self.graph.model.class(self.graph.objects[*it].class).parts.len() == 1;
        match &step.work {
            Work::Update { objects, columns, .. } if objects.len() > 1 => {
                objects.iter().all(|it| in_one_table(it) && self.gives_values(*it, columns))
            }
            Work::Insert { objects, .. } | Work::Update { objects, .. } | Work::Delete { objects, .. } => {
                objects.iter().all(in_one_table)
            }
            Work::Associate { .. } | Work::Dissociate { .. } => true,
            Work::Reassociate { pairs, .. } => pairs.len() <= 1,
            Work::Exchange { .. } => false,
        }
    }

    /// What a flush would do. Nothing has changed afterwards.
    pub(super) fn plan_flush(&mut self) -> Result<FlushPlan> {
        let plan = self.plan();
        self.clear_fates();
        plan
    }

    /// Collects, synchronizes and orders, without running anything but reads. Reading must not flush what is being
    /// collected.
    fn plan(&mut self) -> Result<FlushPlan> {
        self.quietly(|core| {
            let mut registry = core.collect()?;
            if core.graph.is_sound() {
                core.check_kinds(&registry)?;
            }
            let links = core.synchronize(&mut registry)?;
            core.order(registry, links)
        })
    }

    /// Forgets what the flush has decided.
    fn clear_fates(&mut self) {
        for key in std::mem::take(&mut self.graph.fated) {
            if let Some(object) = self.graph.objects.get_mut(key) {
                object.set_fate(Fate::None);
            }
        }
    }
}
