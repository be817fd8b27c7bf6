//! The connection to a database of ours.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::bind::{Bound, bind};
use super::connection::{
    Connection, Control, Input, LookedUp, Outcome, Prepared, PreparedParts, Telling, locate_shared,
};
use super::explain::Explained;
use super::locate::{Shape, locate, look_up, look_up_unique};
use super::log::{Entry, Kind, Log};
use super::places::Places;
use super::plan::{Plan, SelectPlan};
use super::profile::Profile;
use super::run::{Arena, Execution, Given};
use super::select::Select;
use super::sizes::Sizes;
use super::statement::Statement;
use super::version::Version;
use super::write::Told;
use super::{ActionPlan, ChangeSet, Preview, write};
use crate::error::{Misuse, Result};
use crate::expr::Moment;
use crate::id::{IndexId, RowId, TableId};
use crate::record::{Row, edit};
use crate::schema::Schema;
use crate::txn::{Database, Savepoint, Transaction};
use crate::value::Value;

/// A connection to a [`Database`]: one transaction at a time, with savepoints in it.
pub struct NativeConnection {
    database: Database,
    transaction: Option<Transaction>,
    savepoints: Vec<Savepoint>,
    log: Log,
}

impl Database {
    /// Opens a connection.
    ///
    /// ```
    /// use diptych::{col, Column, Connection, Database, Expression, Insert, Schema, Select, Table};
    ///
    /// let schema = Schema::builder().table(Table::new("notes").auto_key("id").column(Column::text("body"))).build()?;
    /// let mut connection = Database::new(schema).connect();
    /// connection.execute(Insert::into("notes", ["body"]).row(["first"]).row(["second"]))?;
    /// let found = connection.execute(Select::from("notes").values([col("id")]).filter(col("body").eq("second")))?;
    /// assert_eq!(found.rows.typed::<i64>()?, [2]);
    /// # Ok::<(), diptych::Error>(())
    /// ```
    pub fn connect(&self) -> NativeConnection {
        NativeConnection { database: self.clone(), transaction: None, savepoints: Vec::new(), log: Log::default() }
    }
}

impl NativeConnection {
    /// Prepares a statement and runs it once, without parameters.
    ///
    /// # Errors
    /// As [`prepare`](Connection::prepare) and [`run`](Connection::run).
    pub fn execute(&mut self, statement: impl Into<Statement>) -> Result<Outcome> {
        let prepared = self.prepare(statement.into())?;
        self.run(&prepared, Input::Values(&[]))
    }

    /// The way a query would be carried out, as text.
    ///
    /// # Errors
    /// As [`prepare`](Connection::prepare).
    pub fn explain(&mut self, select: Select) -> Result<String> {
        Ok(self.prepare(select.into())?.explain(self.database.schema()).to_string())
    }

    /// Runs a query and shows how it was carried out: for each part what was expected and what happened.
    ///
    /// ```
    /// use diptych::{col, Column, Connection, Database, Expression, Insert, Schema, Select, Table};
    ///
    /// let schema = Schema::builder().table(Table::new("notes").auto_key("id").column(Column::text("body"))).build()?;
    /// let mut connection = Database::new(schema).connect();
    /// connection.execute(Insert::into("notes", ["body"]).row(["first"]).row(["second"]))?;
    /// let explained = connection.explain_analyze(Select::from("notes").filter(col("body").eq("second")), &[])?;
    /// let source = &explained.root().children[0];
    /// assert_eq!(source.what, "notes by scan, 1 filters");
    /// assert_eq!(source.actual.map(|it| (it.runs, it.rows)), Some((1, 2)));
    /// assert_eq!(explained.root().actual.map(|it| it.rows), Some(1));
    /// # Ok::<(), diptych::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`prepare`](Connection::prepare) and [`run`](Connection::run).
    pub fn explain_analyze(&mut self, select: Select, parameters: &[Value]) -> Result<Explained> {
        let prepared = self.prepare(select.into())?;
        let Plan::Select(plan) = &prepared.0.plan else { return Err(write::wrong_input()) };
        let transaction = self.transaction.get_or_insert_with(|| self.database.begin());
        let (arena, profile) = (Arena::default(), Profile::default());
        let tell = || self.database.clock().text();
        let moment = Moment::of(&tell);
        let mut execution =
            Execution::new(transaction.image(), Given { parameters, keys: &[], moment: &moment }, &arena);
        execution.profile = Some(&profile);
        let rows = execution.rows(plan, None)?.len() as u64;
        self.log.count(Kind::Select, execution.read.get(), rows);
        self.database.note_index_reads(&prepared.0.indexes);
        Ok(prepared.explain_with(self.database.schema(), Some(&profile)))
    }

    /// The database.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// The transaction that is open, if there is one.
    pub fn transaction(&self) -> Option<&Transaction> {
        self.transaction.as_ref()
    }

    /// What giving other values to rows, named by primary key, would set in motion.
    ///
    /// # Errors
    /// When RESTRICT forbids it, or a value does not fit.
    pub fn plan_update(&mut self, table: &str, keys: &[Value], set: &[(&str, Value)]) -> Result<ActionPlan> {
        let (table, rows) = self.versions_of(table, keys, set)?;
        self.begun().plan_update(table, rows)
    }

    /// What deleting rows, named by primary key, would set in motion, and everything that would refuse it.
    ///
    /// # Errors
    /// When there is no such table, or it has no primary key.
    pub fn preview_delete(&mut self, table: &str, keys: &[Value]) -> Result<Preview> {
        let (table, rows) = self.rows_of(table, keys)?;
        self.begun().preview_delete(table, &rows)
    }

    /// What giving other values to rows, named by primary key, would set in motion, and everything that would refuse it.
    ///
    /// # Errors
    /// When there is no such table or column, or it has no primary key.
    pub fn preview_update(&mut self, table: &str, keys: &[Value], set: &[(&str, Value)]) -> Result<Preview> {
        let (table, rows) = self.versions_of(table, keys, set)?;
        self.begun().preview_update(table, rows)
    }

    /// The rows with these primary keys, one key after the other.
    fn rows_of(&mut self, table: &str, keys: &[Value]) -> Result<(TableId, Vec<RowId>)> {
        let schema = self.database.schema().clone();
        let table = schema.table_named(table)?;
        let key = table.primary_key().ok_or_else(|| Misuse::NoKey { table: table.name.clone() })?;
        let image = self.begun().image().table(table.id);
        let mut rows = Vec::new();
        for key in keys.chunks_exact(key.columns.len()) {
            let probe: Vec<_> = key.iter().map(Value::as_ref).collect();
            rows.extend(image.find(IndexId(0), &probe).map(|(id, _)| id));
        }
        Ok((table.id, rows))
    }

    fn versions_of(
        &mut self,
        table: &str,
        keys: &[Value],
        set: &[(&str, Value)],
    ) -> Result<(TableId, Vec<(RowId, Row)>)> {
        let schema = self.database.schema().clone();
        let (id, rows) = self.rows_of(table, keys)?;
        let set = set.iter().map(|(name, value)| Ok((schema.table(id).assignable(name)?, value)));
        let set = set.collect::<Result<Vec<_>>>()?;
        let image = self.begun().image().table(id);
        let mut versions = Vec::with_capacity(rows.len());
        for row in rows {
            let Some(before) = image.get(row) else { continue };
            let mut after = before.duplicate();
            for (column, value) in &set {
                edit(&mut after).set(*column, (*value).clone())?;
            }
            versions.push((row, after));
        }
        Ok((id, versions))
    }

    fn begun(&mut self) -> &mut Transaction {
        self.transaction.get_or_insert_with(|| self.database.begin())
    }

    fn pass(&mut self, statement: &Prepared, input: Input<'_>, told: Told<'_>) -> Result<Outcome> {
        let watch = self.watch(&input);
        let outcome = self.carry_out(&statement.0.plan, input, told);
        let ran = outcome.as_ref().ok();
        let ran = ran.map(|(it, read)| Ran { read: *read, rows: it.count, by_actions: it.by_actions });
        self.passed(statement, watch, ran);
        self.database.note_index_reads(&statement.0.indexes);
        outcome.map(|(outcome, _)| outcome)
    }

    fn carry_out(&mut self, plan: &Plan, input: Input<'_>, told: Told<'_>) -> Result<(Outcome, u64)> {
        let transaction = self.transaction.get_or_insert_with(|| self.database.begin());
        let tell = || self.database.clock().text();
        let moment = Moment::of(&tell);
        if let Plan::Select(select) = plan {
            let arena = Arena::default();
            let execution = Execution::new(transaction.image(), given(select, input, &moment)?, &arena);
            let rows = execution.select(select)?;
            let count = rows.len() as u64;
            return Ok((Outcome { rows, count, ..Outcome::default() }, execution.read.get()));
        }
        write::run(transaction, plan, input, &moment, told)
    }

    /// Answers a query by places; returns how many rows it looked at.
    fn find_places(&mut self, plan: &SelectPlan, input: Input<'_>, found: &mut Places) -> Result<u64> {
        let image = self.transaction.get_or_insert_with(|| self.database.begin()).image();
        let tell = || self.database.clock().text();
        let moment = Moment::of(&tell);
        let given = given(plan, input, &moment)?;
        found.stand_in(image, plan.outputs.len());
        let arena = Arena::default();
        let execution = Execution::new(image, given, &arena);
        locate(&execution, plan, found)?;
        Ok(execution.read.get())
    }

    /// What a statement is run with and when it begins, if somebody wants to know.
    #[inline]
    fn watch(&self, input: &Input<'_>) -> Option<(Vec<Value>, Instant)> {
        self.log.is_watched().then(|| {
            let parameters = match input {
                Input::Values(values) | Input::Keys(values) => values.to_vec(),
                Input::Rows(_) | Input::Changes(_) => Vec::new(),
            };
            (parameters, Instant::now())
        })
    }

    /// Counts a statement that went through, and tells those who watch.
    #[inline]
    fn passed(&mut self, statement: &Prepared, watch: Option<(Vec<Value>, Instant)>, ran: Option<Ran>) {
        let kind = kind_of(&statement.0.plan);
        if let Some(Ran { read, rows, .. }) = ran {
            self.log.count(kind, read, rows);
        }
        let Some((parameters, start)) = watch else { return };
        let time = start.elapsed();
        let failed = ran.is_none();
        let Ran { read: rows_read, rows, by_actions: rows_by_actions } = ran.unwrap_or_default();
        let (tables, statement) = (statement.0.tables.clone(), Some(statement.0.statement.clone()));
        let caller = None;
        self.log.write(Entry {
            kind,
            tables,
            statement,
            parameters,
            rows_read,
            rows,
            rows_by_actions,
            time,
            failed,
            caller,
        });
    }
}

/// What a statement did, in numbers.
#[derive(Clone, Copy, Default)]
struct Ran {
    read: u64,
    rows: u64,
    by_actions: u64,
}

/// The parameters and keys that a query is run with.
fn given<'a>(plan: &SelectPlan, input: Input<'a>, moment: &'a Moment<'a>) -> Result<Given<'a>> {
    let (parameters, keys): (&[Value], &[Value]) = match input {
        Input::Values(values) => (values, &[]),
        Input::Keys(keys) => (&[], keys),
        Input::Rows(_) | Input::Changes(_) => return Err(write::wrong_input()),
    };
    if (plan.key_width == 0) != keys.is_empty() && plan.key_width == 0 {
        return Err(write::wrong_input());
    }
    Ok(Given { parameters, keys, moment })
}

impl Connection for NativeConnection {
    fn schema(&self) -> &Arc<Schema> {
        self.database.schema()
    }

    fn prepare(&mut self, statement: Statement) -> Result<Prepared> {
        self.prepare_for(statement, &[])
    }

    fn prepare_for(&mut self, statement: Statement, values: &[Value]) -> Result<Prepared> {
        let schema = self.database.schema().clone();
        let image = self.begun().image();
        let Bound { plan, indexes, by_values } = bind(&schema, image, &statement, values)?;
        let (shape, sizes) = (Shape::of(&plan, &schema, image), Sizes::of(&plan, image));
        let (tables, statement) = (tables_of(&statement).into(), Arc::new(statement));
        Ok(Prepared(Arc::new(PreparedParts { statement, tables, plan, shape, indexes, by_values, sizes })))
    }

    fn version(&mut self) -> Option<Version> {
        Some(Version::of(self.begun().image()))
    }

    fn is_at(&self, version: &Version) -> bool {
        match &self.transaction {
            Some(transaction) => version.is(transaction.image()),
            None => version.is(self.database.begin().image()),
        }
    }

    fn is_current(&self, statement: &Prepared) -> bool {
        match &self.transaction {
            Some(transaction) => statement.0.sizes.hold(transaction.image()),
            None => statement.0.sizes.hold(self.database.begin().image()),
        }
    }

    fn run(&mut self, statement: &Prepared, input: Input<'_>) -> Result<Outcome> {
        self.pass(statement, input, None)
    }

    fn run_and_tell(&mut self, statement: &Prepared, input: Input<'_>, told: Telling<'_>) -> Result<Outcome> {
        self.pass(statement, input, Some(told))
    }

    fn locate(&mut self, statement: &Prepared, input: Input<'_>, found: &mut Places) -> Result<()> {
        let plan = match (&statement.0.plan, statement.0.shape) {
            (Plan::Select(plan), Shape::LookUp(_) | Shape::Unique | Shape::Places) => plan,
            _ => return locate_shared(self, statement, input, found),
        };
        if let (Shape::LookUp(table), Input::Keys([key]), false) = (statement.0.shape, &input, self.log.is_watched())
            && let Some(transaction) = &self.transaction
        {
            // A lookup is so little work that everything around it counts.
            found.stand_in(transaction.image(), 1);
            let read = look_up(transaction.image(), table, key, found);
            self.log.count(Kind::Select, read, read);
            return Ok(());
        }
        let watch = self.watch(&input);
        let read = self.find_places(plan, input, found);
        let ran = read.as_ref().ok().map(|&read| Ran { read, rows: found.count as u64, by_actions: 0 });
        self.passed(statement, watch, ran);
        self.database.note_index_reads(&statement.0.indexes);
        read.map(drop)
    }

    #[inline]
    fn look_up<'v>(&mut self, statement: &Prepared, key: i64, version: &'v Version) -> Option<LookedUp<'v>> {
        let Shape::LookUp(table) = statement.0.shape else { return None };
        let image = self.transaction.as_ref()?.image();
        if !version.is(image) || self.log.is_watched() {
            return None;
        }
        let found = version.find(table, key);
        let read = u64::from(found.is_some());
        self.log.count(Kind::Select, read, read);
        Some(found)
    }

    #[inline]
    fn look_up_unique<'v>(
        &mut self,
        statement: &Prepared,
        values: &[Value],
        version: &'v Version,
        takes: &mut dyn FnMut(RowId, &Row) -> bool,
    ) -> Option<LookedUp<'v>> {
        if statement.0.shape != Shape::Unique || self.log.is_watched() {
            return None;
        }
        if !version.is(self.transaction.as_ref()?.image()) {
            return None;
        }
        let found = look_up_unique(&statement.0.plan, values, version)?;
        if found.is_some_and(|(place, row)| !takes(place, row)) {
            return None;
        }
        let read = u64::from(found.is_some());
        self.log.count(Kind::Select, read, read);
        Some(found)
    }

    fn control(&mut self, control: Control) -> Result<()> {
        let kind = match control {
            Control::Savepoint => Kind::Savepoint,
            Control::Release => Kind::Release,
            Control::RollbackTo => Kind::RollbackTo,
            Control::Commit => Kind::Commit,
            Control::Rollback => Kind::Rollback,
            Control::SetConstraints(..) => Kind::SetConstraints,
        };
        let outcome = match control {
            Control::Savepoint => {
                let savepoint = self.begun().savepoint();
                self.savepoints.push(savepoint);
                Ok(())
            }
            Control::Release => self.savepoints.pop().map(drop).ok_or_else(|| Misuse::NoTransaction.into()),
            Control::RollbackTo => match (self.savepoints.pop(), self.transaction.as_mut()) {
                (Some(savepoint), Some(transaction)) => {
                    transaction.rollback_to(savepoint);
                    Ok(())
                }
                _ => Err(Misuse::NoTransaction.into()),
            },
            Control::Commit => match self.transaction.as_mut().map(Transaction::commit) {
                Some(Err(error)) => Err(error),
                Some(Ok(_)) | None => {
                    self.transaction = None;
                    self.savepoints.clear();
                    Ok(())
                }
            },
            Control::Rollback => {
                self.transaction = None;
                self.savepoints.clear();
                Ok(())
            }
            Control::SetConstraints(which, mode) => self.begun().set_constraints(&which, mode),
        };
        self.log.count(kind, 0, 0);
        if self.log.is_watched() {
            self.log.write(Entry {
                kind,
                tables: Arc::from([]),
                statement: None,
                parameters: Vec::new(),
                rows_read: 0,
                rows: 0,
                rows_by_actions: 0,
                time: Duration::ZERO,
                failed: outcome.is_err(),
                caller: None,
            });
        }
        outcome
    }

    fn plan_delete(&mut self, table: &str, keys: &[Value]) -> Result<ActionPlan> {
        let (table, rows) = self.rows_of(table, keys)?;
        self.begun().plan_delete(table, &rows)
    }

    fn preview_delete(&mut self, table: &str, keys: &[Value]) -> Result<Preview> {
        NativeConnection::preview_delete(self, table, keys)
    }

    fn rehearse(&mut self) -> Result<Box<dyn Connection + Send>> {
        let (database, transaction) = self.begun().rehearsal();
        let (savepoints, log) = (Vec::new(), Log::default());
        Ok(Box::new(NativeConnection { database, transaction: Some(transaction), savepoints, log }))
    }

    fn changes(&mut self) -> Result<ChangeSet> {
        Ok(self.begun().changes())
    }

    fn log(&mut self) -> &mut Log {
        &mut self.log
    }
}

fn kind_of(plan: &Plan) -> Kind {
    match plan {
        Plan::Select(_) => Kind::Select,
        Plan::Insert(_) | Plan::InsertRows { .. } => Kind::Insert,
        Plan::Update { .. } | Plan::UpdateRows { .. } => Kind::Update,
        Plan::Delete { .. } | Plan::DeleteRows { .. } => Kind::Delete,
    }
}

fn tables_of(statement: &Statement) -> Vec<String> {
    let one = |name: &str| vec![name.to_owned()];
    match statement {
        Statement::Select(select) => {
            let mut tables: Vec<String> =
                select.sources().filter_map(|it| it.table().map(|it| it.to_string())).collect();
            let own = tables.len();
            select.inner_tables(&mut |it| {
                if !tables.iter().any(|known| known == it) {
                    tables.push(it.to_string());
                }
            });
            // Those of inner queries have no order that matters.
            tables[own..].sort_unstable();
            tables
        }
        Statement::Insert(it) => one(&it.table),
        Statement::InsertRows(it) => one(&it.table),
        Statement::Update(it) => one(&it.table),
        Statement::UpdateRows(it) => one(&it.table),
        Statement::Delete(it) => one(&it.table),
        Statement::DeleteRows(it) => one(&it.table),
    }
}
