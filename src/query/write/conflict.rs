//! Rows that are to be inserted, where a row with the same unique key may be in the way.
//!
//! What happens is decided row by row, as SQLite does it: a row meets those of the table and those of the same statement
//! that came before it, as they have become by then. Nothing is changed meanwhile. In the end everything is applied and
//! judged as one statement.

use std::cell::Cell;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{assign, default_of};
use crate::error::{Error, Misuse, Result, Rule};
use crate::expr::Moment;
use crate::id::{IndexId, RowId};
use crate::integrity::{judge_alone, settle};
use crate::query::frame::Frame;
use crate::query::plan::{BoundConflict, ConflictPlan};
use crate::query::run::Execution;
use crate::record::{Row, edit};
use crate::schema::TableSchema;
use crate::store::TableImage;
use crate::txn::Transaction;
use crate::value::{Value, ValueRef};

/// A row that holds a key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holder {
    /// One that the statement inserts, by position.
    New(usize),
    /// One that the statement changes, by position.
    Changed(usize),
    /// One that the table holds.
    There(RowId),
}

/// What becomes of the rows that meet.
pub(super) struct Meeting<'a> {
    table: &'a TableSchema,
    keys: &'a [IndexId],
    /// The rows that are inserted; nothing where a later one has taken the place.
    new: Vec<Option<Row>>,
    changed: Vec<(RowId, Row)>,
    deleted: Vec<RowId>,
    /// Rows of the table that do not have the key any more by which an index knows them.
    touched: FxHashSet<RowId>,
    /// Who holds a key among the rows of the statement.
    held: FxHashMap<(IndexId, Vec<Value>), Holder>,
    /// In which order rows were inserted (`true`) or changed.
    order: Vec<Holder>,
}

/// What is to be done.
pub(super) struct Settled {
    pub(super) inserted: Vec<Row>,
    pub(super) updated: Vec<(RowId, Row)>,
    pub(super) deleted: Vec<RowId>,
    /// In which order rows are inserted (`true`) or changed.
    pub(super) order: Vec<bool>,
}

/// The key of a row whose key is given by the table.
fn key_of(table: &TableSchema, row: &Row) -> i64 {
    match table.auto.map(|it| row.get(it)) {
        Some(ValueRef::Int(it)) => it,
        _ => 0,
    }
}

/// Gives a row its form and its key, the next one where it has none, and judges it by itself.
fn alone(table: &TableSchema, row: &mut Row, greatest: i64) -> Result<()> {
    settle(table, row)?;
    if let Some(key) = table.auto.filter(|it| row.get(*it).is_null()) {
        let next = greatest
            .checked_add(1)
            .ok_or_else(|| Misuse::Overflow { operation: "the next key", operands: vec![Value::Int(greatest)] })?;
        edit(row).set(key, Value::Int(next))?;
    }
    judge_alone(table, &**row, None)
}

/// Whether a row that breaks a rule by itself is left out.
fn ignored(plan: &ConflictPlan, error: &Error) -> bool {
    let rule = error.violation().map(|it| it.rule);
    matches!(plan.action, BoundConflict::Ignore) && matches!(rule, Some(Rule::NotNull | Rule::Check))
}

/// Puts defaults where a row has NULL and its table does not take it.
fn with_defaults(transaction: &Transaction, table: &TableSchema, row: &mut Row, moment: &Moment<'_>) -> Result<()> {
    for id in table.column_ids().filter(|it| table.auto != Some(*it)) {
        let column = table.column(id);
        if !column.nullable && column.default.is_some() && row.get(id).is_null() {
            edit(row).set(id, default_of(transaction, table, id, moment)?)?;
        }
    }
    Ok(())
}

impl<'a> Meeting<'a> {
    /// Decides what happens to each row.
    pub(super) fn of(
        transaction: &Transaction,
        table: &'a TableSchema,
        plan: &'a ConflictPlan,
        rows: Vec<Row>,
        execution: &Execution<'_>,
    ) -> Result<Self> {
        let mut meeting = Meeting {
            table,
            keys: &plan.keys,
            new: Vec::new(),
            changed: Vec::new(),
            deleted: Vec::new(),
            touched: FxHashSet::default(),
            held: FxHashMap::default(),
            order: Vec::new(),
        };
        let there = transaction.image().table(table.id);
        // A row has its key when it meets others; one that is left out gives it back.
        let mut greatest = table.auto.map_or(0, |key| transaction.reserve_keys(table.id, key, &rows));
        for mut row in rows {
            if matches!(plan.action, BoundConflict::Replace) {
                with_defaults(transaction, table, &mut row, execution.given.moment)?;
            }
            // A row that breaks a rule by itself is refused even if another is in the way, as elsewhere.
            match alone(table, &mut row, greatest) {
                Err(error) if ignored(plan, &error) => continue,
                done => done?,
            }
            let holders = meeting.holders(there, &row)?;
            let Some(&first) = holders.first() else {
                greatest = greatest.max(key_of(table, &row));
                meeting.add(row)?;
                continue;
            };
            match &plan.action {
                BoundConflict::Nothing | BoundConflict::Ignore => {}
                BoundConflict::Replace => {
                    for holder in holders {
                        meeting.remove(holder)?;
                    }
                    greatest = greatest.max(key_of(table, &row));
                    meeting.add(row)?;
                }
                BoundConflict::Update { set, filter } => {
                    let before = meeting.row(there, first);
                    let after = {
                        let cells = [Some(&before), Some(&row)].map(|it| Cell::new(it.map(|row| (RowId(0), row))));
                        let execution = execution.again();
                        let frame = Frame::alone(&execution, &cells);
                        match filter {
                            Some(it) if !it.holds(&frame)?.is_true() => continue,
                            _ => assign(transaction, table, &before, set, &frame)?,
                        }
                    };
                    greatest = greatest.max(key_of(table, &after));
                    meeting.change(first, &before, after)?;
                }
            }
        }
        Ok(meeting)
    }

    pub(super) fn settle(self) -> Settled {
        let new = &self.new;
        let order = self.order.iter().filter_map(|it| match it {
            Holder::New(at) => new[*at].is_some().then_some(true),
            Holder::Changed(_) | Holder::There(_) => Some(false),
        });
        let order = order.collect();
        Settled {
            inserted: self.new.into_iter().flatten().collect(),
            updated: self.changed,
            deleted: self.deleted,
            order,
        }
    }

    /// The rows that hold a key that the row has.
    fn holders(&self, there: &TableImage, row: &Row) -> Result<Vec<Holder>> {
        let mut holders = Vec::new();
        for (index, key) in self.keys_of(row)? {
            let probe: Vec<_> = key.iter().map(Value::as_ref).collect();
            let found = there.find(index, &probe).map(|(id, _)| id).filter(|id| !self.touched.contains(id));
            let held = self.held.get(&(index, key)).copied();
            for holder in held.into_iter().chain(found.map(Holder::There)) {
                if !holders.contains(&holder) {
                    holders.push(holder);
                }
            }
        }
        Ok(holders)
    }

    /// The keys that a row has; one with a NULL part meets nobody.
    fn keys_of(&self, row: &Row) -> Result<Vec<(IndexId, Vec<Value>)>> {
        let mut keys = Vec::with_capacity(self.keys.len());
        for &id in self.keys {
            let index = self.table.index(id);
            if index.try_covers(&**row)? {
                let key = index.try_key(&**row)?;
                if !key.iter().any(Value::is_null) {
                    keys.push((id, key));
                }
            }
        }
        Ok(keys)
    }

    fn row(&self, there: &TableImage, holder: Holder) -> Row {
        let row = match holder {
            Holder::New(at) => self.new[at].clone(),
            Holder::Changed(at) => Some(self.changed[at].1.clone()),
            Holder::There(id) => there.get(id).cloned(),
        };
        row.expect("who holds a key is there")
    }

    fn enter(&mut self, row: &Row, holder: Holder) -> Result<()> {
        for key in self.keys_of(row)? {
            self.held.insert(key, holder);
        }
        Ok(())
    }

    fn leave(&mut self, row: &Row) -> Result<()> {
        for key in self.keys_of(row)? {
            self.held.remove(&key);
        }
        Ok(())
    }

    fn add(&mut self, row: Row) -> Result<()> {
        let holder = Holder::New(self.new.len());
        self.enter(&row, holder)?;
        self.new.push(Some(row));
        self.order.push(holder);
        Ok(())
    }

    fn remove(&mut self, holder: Holder) -> Result<()> {
        match holder {
            Holder::New(at) => {
                if let Some(row) = self.new[at].take() {
                    self.leave(&row)?;
                }
            }
            Holder::There(id) => {
                self.touched.insert(id);
                self.deleted.push(id);
            }
            // Only a statement that changes rows has them, and that one deletes none.
            Holder::Changed(_) => {}
        }
        Ok(())
    }

    fn change(&mut self, holder: Holder, before: &Row, mut after: Row) -> Result<()> {
        settle(self.table, &mut after)?;
        match holder {
            Holder::There(id) => {
                let holder = Holder::Changed(self.changed.len());
                self.touched.insert(id);
                self.enter(&after, holder)?;
                self.changed.push((id, after));
                self.order.push(holder);
            }
            Holder::Changed(at) => {
                self.leave(before)?;
                self.enter(&after, holder)?;
                self.changed[at].1 = after;
            }
            Holder::New(at) => {
                self.leave(before)?;
                self.enter(&after, holder)?;
                self.new[at] = Some(after);
            }
        }
        Ok(())
    }
}
