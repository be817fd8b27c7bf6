//! The one door to data.

use std::sync::Arc;

use super::locate::Shape;
use super::log::Log;
use super::places::Places;
use super::plan::{Access, Plan};
use super::rows::Rows;
use super::sizes::Sizes;
use super::version::Version;
use super::{ActionPlan, ChangeSet, Preview, Statement};
use crate::error::{Misuse, Result};
use crate::id::{ColumnId, IndexId, RowId, TableId};
use crate::record::Row;
use crate::schema::{ConstraintMode, Constraints, Schema};
use crate::value::Value;

/// Statements in, rows out. The object layer knows no other way to data.
pub trait Connection {
    /// The tables behind it.
    fn schema(&self) -> &Arc<Schema>;

    /// Makes a statement ready to run any number of times.
    ///
    /// # Errors
    /// When it names something that is not there, or makes no sense.
    fn prepare(&mut self, statement: Statement) -> Result<Prepared>;

    /// The same for a statement whose parameters are about to have these values. Where the best way depends on them,
    /// [`Prepared::is_for_any`] says that the plan is for these alone: with others it answers as well, and maybe slower.
    ///
    /// # Errors
    /// As [`prepare`](Connection::prepare).
    fn prepare_for(&mut self, statement: Statement, values: &[Value]) -> Result<Prepared> {
        let _ = values;
        self.prepare(statement)
    }

    /// The version that statements are answered from now; `None` where the connection has no versions.
    fn version(&mut self) -> Option<Version> {
        None
    }

    /// Whether that is this one.
    fn is_at(&self, version: &Version) -> bool {
        let _ = version;
        true
    }

    /// Whether the tables that a query reads are still of about the sizes that it was planned for.
    fn is_current(&self, statement: &Prepared) -> bool {
        let _ = statement;
        true
    }

    /// Runs a statement. A transaction begins with the first one.
    ///
    /// # Errors
    /// When a constraint refuses it, or it cannot be computed; nothing has changed then (Q2).
    fn run(&mut self, statement: &Prepared, input: Input<'_>) -> Result<Outcome>;

    /// The same, and says which rows were changed or removed: objects of a session that stand for them follow. A connection
    /// that cannot tell says nothing.
    ///
    /// # Errors
    /// As [`run`](Connection::run).
    fn run_and_tell(&mut self, statement: &Prepared, input: Input<'_>, told: Telling<'_>) -> Result<Outcome> {
        let _ = told;
        self.run(statement, input)
    }

    /// Runs a query whose outputs are whole rows, and says where these stand instead of sharing each. It is counted as
    /// [`run`](Connection::run) is. A connection that has no places shares the rows.
    ///
    /// # Errors
    /// As [`run`](Connection::run).
    fn locate(&mut self, statement: &Prepared, input: Input<'_>, found: &mut Places) -> Result<()> {
        locate_shared(self, statement, input, found)
    }

    /// Finds the row with one integer primary key in a version that the caller holds, if the statement asks for no more
    /// than that and would be answered from that very version. It is counted as [`run`](Connection::run) is. `None` says
    /// that nothing was done: ask by [`locate`](Connection::locate).
    fn look_up<'v>(&mut self, statement: &Prepared, key: i64, version: &'v Version) -> Option<LookedUp<'v>> {
        let _ = (statement, key, version);
        None
    }

    /// The same for a query that asks for one row by all columns of a unique key, each of them a parameter. The row's
    /// place and the row are shown to `takes` before the query is counted; where it says no, nothing was done either.
    fn look_up_unique<'v>(
        &mut self,
        statement: &Prepared,
        values: &[Value],
        version: &'v Version,
        takes: &mut dyn FnMut(RowId, &Row) -> bool,
    ) -> Option<LookedUp<'v>> {
        let _ = (statement, values, version, takes);
        None
    }

    /// Ends transactions and nests them.
    ///
    /// # Errors
    /// When there is no savepoint to end, when a deferred constraint is violated, or when another transaction was
    /// first; when a constraint is unknown or not deferrable.
    fn control(&mut self, control: Control) -> Result<()>;

    /// What deleting rows by primary key would set in motion.
    ///
    /// # Errors
    /// When RESTRICT forbids it.
    fn plan_delete(&mut self, table: &str, keys: &[Value]) -> Result<ActionPlan>;

    /// What deleting rows by primary key would set in motion, and everything that would refuse it.
    ///
    /// # Errors
    /// When there is no such table, or it has no primary key; when the connection cannot tell.
    fn preview_delete(&mut self, table: &str, keys: &[Value]) -> Result<Preview> {
        let _ = (table, keys);
        Err(unable("preview a statement"))
    }

    /// A connection to a database of its own that holds what this one sees, the open transaction included. Whatever is
    /// done there stays there.
    ///
    /// # Errors
    /// When the connection cannot fork what it is connected to.
    fn rehearse(&mut self) -> Result<Box<dyn Connection + Send>> {
        Err(unable("fork what it is connected to"))
    }

    /// What the open transaction has changed so far: each row once, and why, where that is noted, as in a rehearsal.
    ///
    /// # Errors
    /// When the connection cannot tell.
    fn changes(&mut self) -> Result<ChangeSet> {
        Err(unable("tell what it has changed"))
    }

    /// What passed the door.
    fn log(&mut self) -> &mut Log;
}

fn unable(to: &str) -> crate::error::Error {
    Misuse::Statement { reason: format!("the connection is of a kind that cannot {to}") }.into()
}

/// Runs a query and holds its rows shared.
pub(super) fn locate_shared<C: Connection + ?Sized>(
    connection: &mut C,
    statement: &Prepared,
    input: Input<'_>,
    found: &mut Places,
) -> Result<()> {
    let keys: &[Value] = if let Input::Keys(keys) = input { keys } else { &[] };
    let rows = connection.run(statement, input)?.rows;
    found.share(rows, key_columns(&statement.0.plan), keys);
    Ok(())
}

/// The columns that a query finds its first source by, if it is run with keys.
fn key_columns(plan: &Plan) -> &[ColumnId] {
    let Plan::Select(select) = plan else { return &[] };
    match select.levels.first().map(|it| &it.access) {
        Some(Access::Keys { columns, .. }) => columns,
        _ => &[],
    }
}

/// The row that a look-up found in a version, and where it stands there; `None` if there is no such row.
pub type LookedUp<'v> = Option<(RowId, &'v Row)>;

/// Ends transactions and nests them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    /// Begins a nested transaction.
    Savepoint,
    /// Ends the innermost nested transaction and keeps what it did.
    Release,
    /// Ends the innermost nested transaction and forgets what it did.
    RollbackTo,
    /// Publishes everything.
    Commit,
    /// Forgets everything.
    Rollback,
    /// Says when deferrable constraints are judged until the transaction ends; see
    /// [`Transaction::set_constraints`](crate::txn::Transaction::set_constraints).
    SetConstraints(Constraints, ConstraintMode),
}

/// What a statement is run with.
#[derive(Debug)]
pub enum Input<'a> {
    /// Its parameters.
    Values(&'a [Value]),
    /// The keys that its rows must be among, one after the other.
    Keys(&'a [Value]),
    /// The records to insert. Generated keys are filled in.
    Rows(&'a mut [Row]),
    /// The changes to make.
    Changes(&'a mut [RowChange]),
}

/// Other values for some columns of one row.
#[derive(Clone, Debug)]
pub struct RowChange {
    /// The row as it was read. It names the row to change by its primary key.
    pub before: Row,
    /// The row as it should be. It comes back as the table holds it.
    pub after: Row,
}

/// What a statement did.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// What came out.
    pub rows: Rows,
    /// How many rows it returned, inserted, changed or removed itself.
    pub count: u64,
    /// How many further rows foreign key actions changed or removed.
    pub by_actions: u64,
}

/// Of which rows a connection tells that they were changed or removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tell {
    /// Those that foreign key actions have, those among them that the statement names as well.
    Actions,
    /// Those that the statement names, too.
    All,
}

/// Of which rows a connection is to tell, and where to.
pub type Telling<'a> = (Tell, &'a mut Vec<Acted>);

/// A row that a statement has changed or removed, itself or by a foreign key action.
#[derive(Clone, Debug)]
pub struct Acted {
    /// Its table.
    pub table: TableId,
    /// The row as it was before the statement.
    pub before: Row,
    /// The row as it is after it; `None` if it has gone.
    pub after: Option<Row>,
}

/// A statement that is ready to run: bound and planned once.
#[derive(Clone, Debug)]
pub struct Prepared(pub(super) Arc<PreparedParts>);

#[derive(Debug)]
pub(super) struct PreparedParts {
    pub(super) statement: Arc<Statement>,
    pub(super) tables: Arc<[String]>,
    pub(super) plan: Plan,
    pub(super) shape: Shape,
    /// The indexes it reads, but for unique ones, which are needed whether or not they are read.
    pub(super) indexes: Box<[(TableId, IndexId)]>,
    /// Whether the values of its parameters have decided how it is carried out.
    pub(super) by_values: bool,
    pub(super) sizes: Sizes,
}

impl Prepared {
    /// Whether the plan would have been the same with any other values of its parameters, as far as it is known; see
    /// [`Connection::prepare_for`].
    pub fn is_for_any(&self) -> bool {
        !self.0.by_values
    }

    /// The statement as it was said.
    pub fn statement(&self) -> &Statement {
        &self.0.statement
    }
}
