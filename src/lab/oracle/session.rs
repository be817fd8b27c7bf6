//! One statement after the other, with savepoints and commit.

use std::collections::BTreeMap;

use super::actions::{Actions, Planned};
use super::evaluate::Beyond;
use super::rules::{Refusal, Waits, judge};
use super::world::{Cells, Place, World};
use crate::id::TableId;
use crate::schema::{ConstraintMode, Schema, Timing};
use crate::value::Value;

/// A statement at the level of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowStatement {
    /// Adds rows; a key that fills itself may be NULL.
    Insert(TableId, Vec<Cells>),
    /// Gives rows other versions, each row once.
    Update(TableId, Vec<(usize, Cells)>),
    /// Removes rows.
    Delete(TableId, Vec<usize>),
}

/// What the oracle says to a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is accepted. These rows are deleted or updated; of an insert there are none.
    Accepted(Vec<Planned>),
    /// It is refused by one of these, whichever is judged first.
    Refused(Vec<Refusal>),
    /// The rules do not say, and the rows are as before.
    Open(String),
}

/// Rows, and the statements that change them.
#[derive(Clone, Debug)]
pub struct Oracle<'a> {
    schema: &'a Schema,
    committed: World,
    world: World,
    modes: Modes,
    marks: Vec<(World, Modes)>,
}

/// What the transaction has said of all constraints, or of those of a name; the last word counts.
type Modes = Vec<(Option<String>, ConstraintMode)>;

/// Whether a constraint waits for commit.
fn waits(modes: &Modes, name: &str, timing: Timing) -> bool {
    let said = modes.iter().rev().find(|it| it.0.as_deref().is_none_or(|it| it == name)).map(|it| it.1);
    timing != Timing::NotDeferrable && said.unwrap_or(timing.initially()) == ConstraintMode::Deferred
}

impl<'a> Oracle<'a> {
    /// Without rows.
    pub fn new(schema: &'a Schema) -> Self {
        Oracle::at(schema, World::empty(schema))
    }

    /// With rows that are committed.
    pub fn at(schema: &'a Schema, world: World) -> Self {
        Oracle { schema, committed: world.clone(), world, modes: Vec::new(), marks: Vec::new() }
    }

    /// The rows now.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Carries a statement out, or changes nothing.
    pub fn execute(&mut self, statement: &RowStatement) -> Answer {
        self.decide(statement).unwrap_or_else(|Beyond(why)| Answer::Open(why))
    }

    fn decide(&mut self, statement: &RowStatement) -> Result<Answer, Beyond> {
        let place = |table: &TableId, at: &usize| Place { table: *table, at: *at };
        let named = match statement {
            RowStatement::Insert(..) => BTreeMap::new(),
            RowStatement::Update(table, rows) => {
                rows.iter().map(|(at, row)| (place(table, at), Some(row.clone()))).collect()
            }
            RowStatement::Delete(table, rows) => rows.iter().map(|at| (place(table, at), None)).collect(),
        };
        let actions = Actions::of(self.schema, &self.world, named)?;
        let mut refusals = actions.restricted();
        let outcome = match statement {
            RowStatement::Insert(table, rows) => self.with(*table, rows),
            _ => actions.outcome(),
        };
        if refusals.is_empty() {
            refusals = judge(self.schema, &outcome, &|name, timing| waits(&self.modes, name, timing))?;
        }
        let plan = actions.plan();
        if refusals.is_empty() {
            self.world = outcome;
        }
        Ok(if refusals.is_empty() { Answer::Accepted(plan) } else { Answer::Refused(refusals) })
    }

    /// The world with more rows. A key that fills itself becomes the greatest key so far and one, and is positive.
    fn with(&self, table: TableId, rows: &[Cells]) -> World {
        let mut world = self.world.clone();
        for row in rows {
            let mut row = row.clone();
            if let Some(auto) = self.schema.table(table).auto
                && row[auto.index()] == Value::Null
            {
                let keys = world.rows(table).iter().filter_map(|it| match it[auto.index()] {
                    Value::Int(key) => Some(key),
                    _ => None,
                });
                row[auto.index()] = Value::Int(keys.max().unwrap_or(0).max(0) + 1);
            }
            world.tables[table.index()].push(row);
        }
        world
    }

    /// Says when all deferrable constraints, or those of a name, are judged from here on. What becomes immediate is
    /// judged at once; if it refuses, nothing was said.
    pub fn set_constraints(&mut self, name: Option<&str>, mode: ConstraintMode) -> Answer {
        let mut modes = self.modes.clone();
        modes.push((name.map(str::to_owned), mode));
        let answer = self.judge(&|name, timing| waits(&modes, name, timing));
        if let Answer::Accepted(_) = answer {
            self.modes = modes;
        }
        answer
    }

    fn judge(&self, waits: Waits<'_>) -> Answer {
        match judge(self.schema, &self.world, waits) {
            Ok(refusals) if refusals.is_empty() => Answer::Accepted(Vec::new()),
            Ok(refusals) => Answer::Refused(refusals),
            Err(Beyond(why)) => Answer::Open(why),
        }
    }

    /// Opens a savepoint.
    pub fn savepoint(&mut self) {
        self.marks.push((self.world.clone(), self.modes.clone()));
    }

    /// Goes back to the last savepoint, and gives it up.
    pub fn roll_back_to(&mut self) {
        if let Some(mark) = self.marks.pop() {
            (self.world, self.modes) = mark;
        }
    }

    /// Gives the last savepoint up and keeps what has happened since.
    pub fn release(&mut self) {
        self.marks.pop();
    }

    /// Commits, unless something refuses; then everything is as before. (PostgreSQL would roll back. The engine leaves
    /// the transaction open to be mended.)
    pub fn commit(&mut self) -> Answer {
        let answer = self.judge(&|_, _| false);
        if let Answer::Accepted(_) = answer {
            self.committed = self.world.clone();
            self.modes.clear();
            self.marks.clear();
        }
        answer
    }

    /// Goes back to the last commit.
    pub fn roll_back(&mut self) {
        self.world = self.committed.clone();
        self.modes.clear();
        self.marks.clear();
    }
}
