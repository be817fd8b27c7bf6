//! The closure over the reference graph, on a worklist: a chain of a million rows needs no deep call stack.
//!
//! Deleting and updating are two phases. First the set of rows that go is closed under CASCADE; no action of an update
//! can add to it, so it is final and no outcome depends on an order. Then SET NULL and SET DEFAULT reach the rows that
//! stay, and key changes spread from row to row.

use rustc_hash::FxHashSet;

use super::facts::fact;
use super::plan::{ActionPlan, Cause, Effect, Step};
use super::references::{Check, path_to};
use crate::error::{Result, RowFact, Rule, Violation};
use crate::id::{ColumnId, ReferenceId, RowId, TableId};
use crate::record::{Row, edit, project};
use crate::schema::{Action, ReferenceSchema, Schema};
use crate::store::Image;
use crate::value::{Value, ValueRef};

/// Plans the deletion of rows.
///
/// # Errors
/// A [`Violation`] when RESTRICT forbids it.
pub fn plan_delete(schema: &Schema, image: &Image, table: TableId, rows: &[RowId]) -> Result<ActionPlan> {
    let mut walk = Walk::new(schema, image);
    for &row in rows {
        if let Some(before) = image.table(table).get(row) {
            walk.plan.name(table, row, before.clone(), Effect::Delete);
        }
    }
    walk.close_deletes()?;
    walk.settle_survivors()?;
    walk.spread_keys()?;
    Ok(walk.plan)
}

/// Plans the replacement of rows by other versions.
///
/// # Errors
/// A [`Violation`] when RESTRICT forbids a key change.
pub fn plan_update(schema: &Schema, image: &Image, table: TableId, rows: Vec<(RowId, Row)>) -> Result<ActionPlan> {
    let mut walk = Walk::new(schema, image);
    let columns = key_columns(schema, table);
    let own: Vec<ReferenceId> = schema.table(table).outbound.clone();
    for (row, after) in rows {
        let Some(before) = image.table(table).get(row) else { continue };
        let step = walk.plan.steps.len();
        if columns.iter().any(|&it| before.get(it) != after.get(it)) {
            walk.moved.push(step);
        }
        for &id in &own {
            let reference = schema.reference(id);
            if reference.columns.iter().any(|&it| before.get(it) != after.get(it)) {
                walk.plan.checks.push(Check::of_child(id, row));
            }
        }
        walk.plan.name(table, row, before.clone(), Effect::Update(after));
    }
    walk.spread_keys()?;
    Ok(walk.plan)
}

/// The columns of a table that some foreign key refers to.
fn key_columns(schema: &Schema, table: TableId) -> Vec<ColumnId> {
    let inbound = schema.table(table).inbound.iter();
    let mut columns: Vec<ColumnId> = inbound.flat_map(|&it| schema.reference(it).target_columns.clone()).collect();
    columns.sort_unstable();
    columns.dedup();
    columns
}

struct Walk<'a> {
    schema: &'a Schema,
    image: &'a Image,
    plan: ActionPlan,
    /// Steps whose row gets another key, still to be followed.
    moved: Vec<usize>,
    /// A reference of a row is set once, so that a ring of key changes comes to an end.
    set: FxHashSet<(ReferenceId, RowId)>,
}

impl<'a> Walk<'a> {
    fn new(schema: &'a Schema, image: &'a Image) -> Self {
        Walk { schema, image, plan: ActionPlan::default(), moved: Vec::new(), set: FxHashSet::default() }
    }

    /// Follows CASCADE from each row that goes, and lets RESTRICT refuse.
    fn close_deletes(&mut self) -> Result<()> {
        let mut next = 0;
        while next < self.plan.steps.len() {
            let inbound = &self.schema.table(self.plan.steps[next].table).inbound;
            for &id in inbound {
                let reference = self.schema.reference(id);
                let action = reference.on_delete;
                if !matches!(action, Action::Cascade | Action::Restrict) {
                    continue;
                }
                let before = self.plan.steps[next].before.clone();
                let mut blocking = Vec::new();
                each_child(self.image, reference, &before, |row, child| {
                    let known = self.plan.step_of(reference.table, row);
                    if action == Action::Cascade && known.is_none() {
                        let cause = Some(Cause { step: next, reference: id });
                        let effect = Effect::Delete;
                        self.plan.push(Step { table: reference.table, row, before: child.clone(), effect, cause });
                    }
                    if action == Action::Restrict && !known.is_some_and(|step| self.plan.is_named(step)) {
                        blocking.push(child.clone());
                    }
                });
                if !blocking.is_empty() {
                    return Err(self.restricted(reference, next, &blocking).into());
                }
            }
            next += 1;
        }
        Ok(())
    }

    /// Acts on the rows that stay and refer to one that goes.
    fn settle_survivors(&mut self) -> Result<()> {
        for step in 0..self.plan.steps.len() {
            let inbound = &self.schema.table(self.plan.steps[step].table).inbound;
            for &id in inbound {
                let reference = self.schema.reference(id);
                if matches!(reference.on_delete, Action::Cascade | Action::Restrict) {
                    continue;
                }
                let before = self.plan.steps[step].before.clone();
                let mut survivors = Vec::new();
                each_child(self.image, reference, &before, |row, child| {
                    let known = self.plan.step_of(reference.table, row);
                    let goes = known.is_some_and(|it| matches!(self.plan.steps[it].effect, Effect::Delete));
                    if !goes {
                        survivors.push((row, child.clone()));
                    }
                });
                for (row, child) in survivors {
                    let cause = Cause { step, reference: id };
                    match reference.on_delete {
                        Action::SetNull => self.set(reference, row, child, None, cause)?,
                        Action::SetDefault => {
                            let defaults = self.defaults(reference);
                            self.set(reference, row, child, Some(defaults), cause)?;
                        }
                        _ => self.plan.checks.push(Check::of_parent(id, row, step)),
                    }
                }
            }
        }
        Ok(())
    }

    /// Carries each key change to the rows that refer to the old key.
    fn spread_keys(&mut self) -> Result<()> {
        let mut next = 0;
        while next < self.moved.len() {
            let step = self.moved[next];
            next += 1;
            let inbound = &self.schema.table(self.plan.steps[step].table).inbound;
            for &id in inbound {
                self.spread_key(step, id)?;
            }
        }
        Ok(())
    }

    fn spread_key(&mut self, step: usize, id: ReferenceId) -> Result<()> {
        let reference = self.schema.reference(id);
        let before = self.plan.steps[step].before.clone();
        let Effect::Update(after) = &self.plan.steps[step].effect else { return Ok(()) };
        let old = project(&*before, &reference.target_columns);
        let new = project(&**after, &reference.target_columns);
        if old == new {
            return Ok(());
        }
        let mut children = Vec::new();
        each_child(self.image, reference, &before, |row, child| children.push((row, child.clone())));
        let mut blocking = Vec::new();
        for (row, child) in children {
            let known = self.plan.step_of(reference.table, row);
            let turned_away = known.is_some_and(|it| match &self.plan.steps[it].effect {
                Effect::Delete => true,
                Effect::Update(after) => {
                    self.plan.is_named(it) && project(&**after, &reference.columns) != old
                }
            });
            if turned_away {
                continue;
            }
            let cause = Cause { step, reference: id };
            match reference.on_update {
                Action::Restrict => blocking.push(child),
                Action::NoAction => self.plan.checks.push(Check::of_parent(id, row, step)),
                Action::Cascade => self.set(reference, row, child, Some(new.clone()), cause)?,
                Action::SetNull => self.set(reference, row, child, None, cause)?,
                Action::SetDefault => {
                    let defaults = self.defaults(reference);
                    self.set(reference, row, child, Some(defaults), cause)?;
                }
            }
        }
        if blocking.is_empty() { Ok(()) } else { Err(self.restricted(reference, step, &blocking).into()) }
    }

    /// Sets the foreign key columns of a row that stays; `None` means NULL.
    fn set(
        &mut self,
        reference: &ReferenceSchema,
        row: RowId,
        child: Row,
        values: Option<Vec<Value>>,
        cause: Cause,
    ) -> Result<()> {
        if !self.set.insert((reference.id, row)) {
            return Ok(());
        }
        let step = match self.plan.step_of(reference.table, row) {
            Some(step) => step,
            None => self.plan.push(Step {
                table: reference.table,
                row,
                before: child.clone(),
                effect: Effect::Update(child),
                cause: Some(cause),
            }),
        };
        let planned = &mut self.plan.steps[step];
        let Effect::Update(after) = &mut planned.effect else { return Ok(()) };
        for (position, &column) in reference.columns.iter().enumerate() {
            let value = values.as_ref().map_or(Value::Null, |it| it[position].clone());
            if let Err(mismatch) = edit(after).set(column, value) {
                // A Rust type without NULL cannot take the place of a column that must not be NULL.
                let null = mismatch.value.is_null();
                return Err(self.refused(reference, step, if null { Rule::NotNull } else { Rule::Type }, column).into());
            }
        }
        let Effect::Update(after) = &self.plan.steps[step].effect else { return Ok(()) };
        let columns = key_columns(self.schema, reference.table);
        if columns.iter().any(|&it| child_differs(&self.plan.steps[step].before, after, it)) {
            self.moved.push(step);
        }
        // Other foreign keys may share a column with this one.
        for &id in &self.schema.table(reference.table).outbound {
            if self.schema.reference(id).columns.iter().any(|it| reference.columns.contains(it)) {
                self.plan.checks.push(Check::of_child(id, row));
            }
        }
        Ok(())
    }

    fn defaults(&self, reference: &ReferenceSchema) -> Vec<Value> {
        let table = self.schema.table(reference.table);
        reference.columns.iter().map(|&it| table.column(it).default.clone().unwrap_or_default()).collect()
    }

    fn restricted(&self, reference: &ReferenceSchema, step: usize, blocking: &[Row]) -> Violation {
        let table = self.schema.table(reference.table);
        let target = self.schema.table(reference.target);
        let row = &self.plan.steps[step].before;
        let listed: Vec<RowFact> = blocking.iter().take(Violation::LISTED).map(|it| fact(table, &**it)).collect();
        let name = &table.name;
        Violation {
            rule: Rule::Restrict,
            constraint: reference.name.clone(),
            table: name.clone(),
            columns: table.names(&reference.columns),
            values: project(&**row, &reference.target_columns),
            row: fact(target, &**row),
            blocking: listed,
            blocking_count: blocking.len(),
            path: path_to(self.schema, &self.plan, step),
            advice: format!("change the rows of {name} first, or declare the action cascade or set null"),
        }
    }

    fn refused(&self, reference: &ReferenceSchema, step: usize, rule: Rule, column: ColumnId) -> Violation {
        let table = self.schema.table(reference.table);
        let row = &self.plan.steps[step].before;
        Violation {
            rule,
            constraint: reference.name.clone(),
            table: table.name.clone(),
            columns: table.names(&[column]),
            values: vec![Value::Null],
            row: fact(table, &**row),
            blocking: Vec::new(),
            blocking_count: 0,
            path: path_to(self.schema, &self.plan, step),
            advice: "let the column be NULL, or declare the action cascade".to_owned(),
        }
    }
}

fn child_differs(before: &Row, after: &Row, column: ColumnId) -> bool {
    before.get(column) != after.get(column)
}

/// Visits the rows that refer to the key of `target` through a foreign key: by its index, or by a scan without one.
pub(super) fn each_child(
    image: &Image,
    reference: &ReferenceSchema,
    target: &Row,
    mut visit: impl FnMut(RowId, &Row),
) {
    let table = image.table(reference.table);
    let mut refers = |probe: &[ValueRef<'_>]| {
        if probe.iter().any(|it| it.is_null()) {
            return;
        }
        if let Some(index) = reference.index {
            table.each_equal(index, probe, |id, row| {
                visit(id, row);
                true
            });
            return;
        }
        for (id, row) in table.rows() {
            if reference.columns.iter().zip(probe).all(|(&column, value)| row.get(column) == *value) {
                visit(id, row);
            }
        }
    };
    match reference.target_columns.as_slice() {
        [only] => refers(&[target.get(*only)]),
        many => refers(&many.iter().map(|&it| target.get(it)).collect::<Vec<_>>()),
    }
}
