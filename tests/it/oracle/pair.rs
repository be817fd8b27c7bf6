//! One world on both sides: each statement is given to the engine and to the oracle, and what they say is compared.

use std::sync::Arc;

use diptych::error::{ErrorKind, Rule, Violation};
use diptych::id::{ReferenceId, RowId, TableId};
use diptych::integrity::{ActionPlan, Effect as Done};
use diptych::lab::oracle::{Answer, Because, Cells, Effect, Oracle, Planned, Refusal, RowStatement, World};
use diptych::record::values;
use diptych::schema::{ConstraintMode, Constraints};
use diptych::txn::Savepoint;
use diptych::{Database, Error, Row, Schema, Transaction, Tuple};

/// A world that the engine and the oracle both hold.
pub(super) struct Pair<'a> {
    pub(super) schema: &'a Arc<Schema>,
    transaction: Transaction,
    savepoints: Vec<Savepoint>,
    pub(super) oracle: Oracle<'a>,
    pub(super) tally: Tally,
}

/// What came of the statements.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) accepted: usize,
    /// Rows that actions deleted or updated.
    pub(super) by_actions: usize,
    pub(super) refused: usize,
    /// Statements that the rules do not decide.
    pub(super) open: usize,
}

impl Tally {
    pub(super) fn add(&mut self, other: Tally) {
        self.accepted += other.accepted;
        self.by_actions += other.by_actions;
        self.refused += other.refused;
        self.open += other.open;
    }
}

impl<'a> Pair<'a> {
    pub(super) fn new(schema: &'a Arc<Schema>) -> Self {
        let transaction = Database::new(schema.clone()).begin();
        Pair { schema, transaction, savepoints: Vec::new(), oracle: Oracle::new(schema), tally: Tally::default() }
    }

    /// Gives a statement to both.
    ///
    /// # Errors
    /// What they disagree about.
    pub(super) fn execute(&mut self, statement: &RowStatement) -> Result<(), String> {
        let before = self.rows();
        let engine = self.engine(statement);
        let after = self.rows();
        if engine.is_err() && before != after {
            return Err("refused by the engine, and yet something changed".to_owned());
        }
        self.transaction.image().audit(self.schema)?;
        let answer = self.oracle.execute(statement);
        if let Answer::Open(_) = answer {
            self.tally.open += 1;
            // The engine goes on from where it was, so that everything after this is compared too.
            if engine.is_ok() {
                self.oracle = Oracle::at(self.schema, World { tables: after });
            }
            return Ok(());
        }
        match (&engine, &answer) {
            (Ok(plan), Answer::Accepted(planned)) => {
                self.tally.accepted += 1;
                self.tally.by_actions += planned.iter().filter(|it| !it.because.is_empty()).count();
                compare_plans(plan, planned)?;
            }
            (Err(error), Answer::Refused(refusals)) => {
                self.tally.refused += 1;
                self.compare_refusals(error, refusals)?;
            }
            _ => return Err(format!("engine: {engine:?}\noracle: {answer:?}")),
        }
        self.compare_rows()
    }

    /// Says when all deferrable constraints, or those of a name, are judged.
    pub(super) fn set_constraints(&mut self, name: Option<&str>, mode: ConstraintMode) -> Result<(), String> {
        let which = name.map_or(Constraints::All, |it| Constraints::Named(vec![it.to_owned().into()]));
        match (self.transaction.set_constraints(&which, mode), self.oracle.set_constraints(name, mode)) {
            (Ok(()), Answer::Accepted(_)) => Ok(()),
            (Err(error), Answer::Refused(refusals)) => self.compare_open(&error, &refusals),
            (engine, oracle) => Err(format!("set constraints: engine {engine:?}, oracle {oracle:?}")),
        }
    }

    /// What is open at a commit or when constraints become immediate: each is named, and nothing else.
    fn compare_open(&self, error: &Error, refusals: &[Refusal]) -> Result<(), String> {
        let ErrorKind::Open(open) = error.kind() else { return Err(format!("{error:#}")) };
        for violation in open {
            self.known(violation, refusals)?;
        }
        let named = |it: &Refusal| open.iter().any(|violation| self.is(violation, it));
        match refusals.iter().find(|it| !named(it)) {
            Some(missed) => Err(format!("the engine does not name {missed:?}: {error:#}")),
            None => Ok(()),
        }
    }

    pub(super) fn savepoint(&mut self) {
        self.savepoints.push(self.transaction.savepoint());
        self.oracle.savepoint();
    }

    pub(super) fn roll_back_to(&mut self) -> Result<(), String> {
        let Some(savepoint) = self.savepoints.pop() else { return Ok(()) };
        self.transaction.rollback_to(savepoint);
        self.oracle.roll_back_to();
        self.compare_rows()
    }

    pub(super) fn release(&mut self) {
        self.savepoints.pop();
        self.oracle.release();
    }

    pub(super) fn commit(&mut self) -> Result<(), String> {
        match (self.transaction.commit(), self.oracle.commit()) {
            (Ok(_), Answer::Accepted(_)) => self.savepoints.clear(),
            (Err(error), Answer::Refused(refusals)) => self.compare_open(&error, &refusals)?,
            (_, Answer::Open(_)) => self.tally.open += 1,
            (engine, oracle) => return Err(format!("commit: engine {engine:?}, oracle {oracle:?}")),
        }
        self.compare_rows()
    }

    fn engine(&mut self, statement: &RowStatement) -> Result<Vec<Planned>, Error> {
        match statement {
            RowStatement::Insert(table, rows) => {
                let mut rows: Vec<Row> = rows.iter().map(row_of).collect();
                self.transaction.insert(*table, &mut rows).map(|_| Vec::new())
            }
            RowStatement::Update(table, rows) => {
                let slots = self.slots(*table, &rows.iter().map(|it| it.0).collect::<Vec<_>>());
                let versions = rows.iter().map(|it| row_of(&it.1));
                let plan = self.transaction.plan_update(*table, slots.into_iter().zip(versions).collect())?;
                let planned = planned_of(&plan);
                self.transaction.apply(plan).map(|_| planned)
            }
            RowStatement::Delete(table, rows) => {
                let plan = self.transaction.plan_delete(*table, &self.slots(*table, rows))?;
                let planned = planned_of(&plan);
                self.transaction.apply(plan).map(|_| planned)
            }
        }
    }

    /// Where the engine keeps the rows that the oracle has in these places. Of equal rows, any will do.
    fn slots(&self, table: TableId, places: &[usize]) -> Vec<RowId> {
        let mut taken = Vec::new();
        for &at in places {
            let wanted = &self.oracle.world().rows(table)[at];
            let mut rows = self.transaction.image().table(table).rows();
            let found = rows.find(|(id, row)| !taken.contains(id) && values(&***row) == *wanted);
            taken.push(found.expect("both sides hold the same rows").0);
        }
        taken
    }

    /// The rows of every table as the engine holds them.
    fn rows(&self) -> Vec<Vec<Cells>> {
        let tables = self.schema.tables().iter();
        tables.map(|it| self.transaction.image().table(it.id).rows().map(|it| values(&**it.1)).collect()).collect()
    }

    fn compare_rows(&self) -> Result<(), String> {
        let sorted = |mut tables: Vec<Vec<Cells>>| {
            tables.iter_mut().for_each(|it| it.sort());
            tables
        };
        let (engine, oracle) = (sorted(self.rows()), sorted(self.oracle.world().tables.clone()));
        if engine == oracle {
            Ok(())
        } else {
            Err(format!("rows of the engine: {engine:?}\nof the oracle: {oracle:?}"))
        }
    }

    fn compare_refusals(&self, error: &Error, refusals: &[Refusal]) -> Result<(), String> {
        match error.violation() {
            Some(violation) => self.known(violation, refusals),
            None => Err(format!("engine: {error:#}\noracle: {refusals:?}")),
        }
    }

    fn known(&self, violation: &Violation, refusals: &[Refusal]) -> Result<(), String> {
        if refusals.iter().any(|it| self.is(violation, it)) {
            return Ok(());
        }
        Err(format!("engine: {violation:#}\noracle: {refusals:?}"))
    }

    /// Whether the engine's violation and the oracle's refusal are the same.
    fn is(&self, violation: &Violation, refusal: &Refusal) -> bool {
        let rule = match violation.rule {
            // The oracle looks at a reference, not at which of its two ends has moved.
            Rule::StillReferenced => Rule::ForeignKey,
            other => other,
        };
        let constraint = match rule {
            Rule::NotNull | Rule::Type => &violation.columns[0],
            _ => &violation.constraint,
        };
        let table = &self.schema.table(refusal.table).name;
        rule == refusal.rule && violation.table == *table && *constraint == refusal.constraint
    }
}

fn row_of(cells: &Cells) -> Row {
    Tuple::new(cells.iter().cloned()).into_row()
}

/// The engine's plan in the shape of the oracle's; its `because` holds the one way that the engine took.
fn planned_of(plan: &ActionPlan) -> Vec<Planned> {
    let steps = plan.steps.iter().map(|step| {
        let parent = |step: usize| values(&*plan.steps[step].before);
        let because: Option<(ReferenceId, usize)> = step.cause.map(|it| (it.reference, it.step));
        let because = because.map(|(reference, step)| Because { reference, parent: parent(step) });
        Planned {
            table: step.table,
            before: values(&*step.before),
            effect: match &step.effect {
                Done::Delete => Effect::Delete,
                Done::Update(after) => Effect::Update(values(&**after)),
            },
            because: because.into_iter().collect(),
        }
    });
    steps.collect()
}

/// The same rows with the same effect (I1: each once), and the way of the engine is one that the oracle knows.
fn compare_plans(engine: &[Planned], oracle: &[Planned]) -> Result<(), String> {
    let mut left: Vec<&Planned> = oracle.iter().collect();
    for step in engine {
        let same = |it: &&Planned| {
            let known = step.because.iter().all(|it_by| it.because.contains(it_by));
            let named = step.because.is_empty() == it.because.is_empty();
            step.table == it.table && step.before == it.before && step.effect == it.effect && known && named
        };
        match left.iter().position(same) {
            Some(at) => drop(left.remove(at)),
            None => return Err(format!("the engine plans {step:?}\nof the oracle are left {left:?}")),
        }
    }
    if left.is_empty() { Ok(()) } else { Err(format!("the engine does not plan {left:?}")) }
}
