//! A connection that counts what passes it and can leave parts of its work undone, so that a session over it has to do
//! without.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use diptych::error::Misuse;
use diptych::id::RowId;
use diptych::prelude::*;
use diptych::query::{Control, Input, Log, LookedUp, Outcome, Places, Prepared, Telling, Version};
use diptych::{Connection, NativeConnection, Row, Schema, Statement, Value};

/// What a door does as the connection behind it would, and what it leaves undone.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Door {
    /// It does everything.
    Open,
    /// It says nothing of [`Connection::look_up`] and [`Connection::look_up_unique`], so that the long way is taken.
    WithoutShortWays,
    /// Every plan is out of date at once.
    WithoutMemory,
}

/// How often something was done.
#[derive(Clone, Default)]
pub(super) struct Count(Arc<AtomicU64>);

impl Count {
    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// How often since it was last taken.
    pub(super) fn take(&self) -> u64 {
        self.0.swap(0, Ordering::Relaxed)
    }

    fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// How many statements pass before one fails, and those after it; none does while it is not lit.
#[derive(Clone)]
pub(super) struct Fuse(Arc<AtomicI64>);

impl Default for Fuse {
    fn default() -> Self {
        Fuse(Arc::new(AtomicI64::new(i64::MAX)))
    }
}

impl Fuse {
    /// What the error of a statement says that fails.
    pub(super) const BLOWN: &str = "the fuse has blown";

    /// Lets so many statements pass.
    pub(super) fn light(&self, statements: i64) {
        self.0.store(statements, Ordering::Relaxed);
    }

    /// Lets all pass.
    pub(super) fn put_out(&self) {
        self.light(i64::MAX);
    }

    fn pass(&self) -> Result<()> {
        match self.0.load(Ordering::Relaxed) {
            i64::MAX => Ok(()),
            0 => Err(Misuse::Statement { reason: Self::BLOWN.to_owned() }.into()),
            left => {
                self.light(left - 1);
                Ok(())
            }
        }
    }
}

/// What a door has counted, and what makes it fail.
#[derive(Clone, Default)]
pub(super) struct Counted {
    /// Statements that were planned.
    pub(super) planned: Count,
    /// Look-ups that were answered by the shortest way.
    pub(super) short: Count,
    pub(super) fuse: Fuse,
}

struct Through {
    behind: NativeConnection,
    door: Door,
    counted: Counted,
}

/// A session over a door, and what the door counts.
pub(super) fn over(database: &Database, door: Door) -> (Session, Counted) {
    let counted = Counted::default();
    let through = Through { behind: database.connect(), door, counted: counted.clone() };
    (Session::over(database.session().model().clone(), through), counted)
}

impl Connection for Through {
    fn schema(&self) -> &Arc<Schema> {
        self.behind.schema()
    }

    fn prepare(&mut self, statement: Statement) -> Result<Prepared> {
        self.prepare_for(statement, &[])
    }

    fn prepare_for(&mut self, statement: Statement, values: &[Value]) -> Result<Prepared> {
        self.counted.planned.add();
        self.behind.prepare_for(statement, values)
    }

    fn version(&mut self) -> Option<Version> {
        self.behind.version()
    }

    fn is_at(&self, version: &Version) -> bool {
        self.behind.is_at(version)
    }

    fn is_current(&self, statement: &Prepared) -> bool {
        self.door != Door::WithoutMemory && self.behind.is_current(statement)
    }

    fn run(&mut self, statement: &Prepared, input: Input<'_>) -> Result<Outcome> {
        self.counted.fuse.pass()?;
        self.behind.run(statement, input)
    }

    fn run_and_tell(&mut self, statement: &Prepared, input: Input<'_>, told: Telling<'_>) -> Result<Outcome> {
        self.counted.fuse.pass()?;
        self.behind.run_and_tell(statement, input, told)
    }

    fn locate(&mut self, statement: &Prepared, input: Input<'_>, found: &mut Places) -> Result<()> {
        self.counted.fuse.pass()?;
        self.behind.locate(statement, input, found)
    }

    fn look_up<'v>(&mut self, statement: &Prepared, key: i64, version: &'v Version) -> Option<LookedUp<'v>> {
        if self.door == Door::WithoutShortWays {
            return None;
        }
        let found = self.behind.look_up(statement, key, version)?;
        self.counted.short.add();
        Some(found)
    }

    fn look_up_unique<'v>(
        &mut self,
        statement: &Prepared,
        values: &[Value],
        version: &'v Version,
        takes: &mut dyn FnMut(RowId, &Row) -> bool,
    ) -> Option<LookedUp<'v>> {
        if self.door == Door::WithoutShortWays {
            return None;
        }
        let found = self.behind.look_up_unique(statement, values, version, takes)?;
        self.counted.short.add();
        Some(found)
    }

    fn control(&mut self, control: Control) -> Result<()> {
        self.behind.control(control)
    }

    fn plan_delete(&mut self, table: &str, keys: &[Value]) -> Result<diptych::query::ActionPlan> {
        self.behind.plan_delete(table, keys)
    }

    fn log(&mut self) -> &mut Log {
        self.behind.log()
    }
}
