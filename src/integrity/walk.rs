//! The closure over the reference graph, on a worklist: a chain of a million rows needs no deep call stack.
//!
//! Deleting and updating are two phases. First the set of rows that go is closed under CASCADE; no action of an update
//! can add to it, so it is final and no outcome depends on an order. Then SET NULL and SET DEFAULT reach the rows that
//! stay, and key changes spread from row to row.

use rustc_hash::{FxHashMap, FxHashSet};

use super::children::each_child;
use super::facts::fact;
use super::plan::{ActionPlan, Cause, Effect, Step};
use super::preview::Refusals;
use super::references::{Check, path_to};
use super::rows;
use crate::error::{Result, RowFact, Rule, Violation};
use crate::id::{ColumnId, ReferenceId, RowId, TableId};
use crate::record::{Row, edit, project};
use crate::schema::{Action, ReferenceSchema, Schema};
use crate::store::Image;
use crate::value::Value;

/// Plans the deletion of rows.
///
/// # Errors
/// A [`Violation`] when RESTRICT forbids it.
pub fn plan_delete(schema: &Schema, image: &Image, table: TableId, rows: &[RowId]) -> Result<ActionPlan> {
    walk_delete(schema, image, table, rows, &mut Refusals::First)
}

pub(super) fn walk_delete(
    schema: &Schema,
    image: &Image,
    table: TableId,
    rows: &[RowId],
    refusals: &mut Refusals,
) -> Result<ActionPlan> {
    let mut walk = Walk::new(schema, image, refusals);
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
/// A [`Violation`] when RESTRICT forbids a key change, or a version is none that the table can hold.
pub fn plan_update(schema: &Schema, image: &Image, table: TableId, rows: Vec<(RowId, Row)>) -> Result<ActionPlan> {
    walk_update(schema, image, table, rows, &mut Refusals::First)
}

pub(super) fn walk_update(
    schema: &Schema,
    image: &Image,
    table: TableId,
    rows: Vec<(RowId, Row)>,
    refusals: &mut Refusals,
) -> Result<ActionPlan> {
    let mut walk = Walk::new(schema, image, refusals);
    let columns = walk.key_columns(table).to_vec();
    let own: Vec<ReferenceId> = schema.table(table).outbound.clone();
    walk.plan.steps.reserve(rows.len());
    for (row, mut after) in rows {
        let Some(before) = image.table(table).get(row) else { continue };
        rows::settle(schema.table(table), &mut after)?;
        let step = walk.plan.steps.len();
        let differing = after.differing(&**before);
        // Another form of an equal value moves no reference.
        let is_other = |it: &ColumnId| differing.contains(*it) && before.get(*it) != after.get(*it);
        if columns.iter().any(is_other) {
            walk.moved.push(step);
        }
        for &id in &own {
            let reference = schema.reference(id);
            if reference.columns.iter().any(is_other) {
                walk.plan.checks.push(Check::of_child(id, row));
                walk.turned.insert((id, row));
            }
        }
        walk.plan.name(table, row, before.clone(), Effect::Update(after));
    }
    walk.spread_keys()?;
    Ok(walk.plan)
}

struct Walk<'a> {
    schema: &'a Schema,
    image: &'a Image,
    plan: ActionPlan,
    refusals: &'a mut Refusals,
    /// Steps whose row gets another key, still to be followed.
    moved: Vec<usize>,
    /// References to which the statement itself gives another value: they do not follow.
    turned: FxHashSet<(ReferenceId, RowId)>,
    /// References of rows that an action has set.
    set: FxHashSet<(ReferenceId, RowId)>,
    /// The same reference set again, because a key changes in several of its columns on different ways. To the same
    /// values it is set at most once more, so that a ring of key changes comes to an end.
    again: FxHashSet<(ReferenceId, RowId, Option<Vec<Value>>)>,
    /// By which action a column was set that several references share.
    verdicts: FxHashMap<(TableId, RowId, ColumnId), Action>,
    /// The columns of each table that some foreign key refers to.
    keys: Vec<Vec<ColumnId>>,
}

impl<'a> Walk<'a> {
    fn new(schema: &'a Schema, image: &'a Image, refusals: &'a mut Refusals) -> Self {
        Walk {
            refusals,
            schema,
            image,
            plan: ActionPlan::default(),
            moved: Vec::new(),
            turned: FxHashSet::default(),
            set: FxHashSet::default(),
            again: FxHashSet::default(),
            verdicts: FxHashMap::default(),
            keys: vec![Vec::new(); schema.tables().len()],
        }
    }

    /// The columns of a table that some foreign key refers to.
    fn key_columns(&mut self, table: TableId) -> &[ColumnId] {
        let inbound = &self.schema.table(table).inbound;
        let columns = &mut self.keys[table.index()];
        if columns.is_empty() {
            columns.extend(inbound.iter().flat_map(|&it| &self.schema.reference(it).target_columns));
            columns.sort_unstable();
            columns.dedup();
        }
        columns
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
                    let violation = self.restricted(reference, next, &blocking);
                    self.refusals.add(violation, Some(next))?;
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
                            let defaults = self.defaults(reference)?;
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
            let goes = known.is_some_and(|it| matches!(self.plan.steps[it].effect, Effect::Delete));
            if goes || self.turned.contains(&(id, row)) {
                continue;
            }
            let cause = Cause { step, reference: id };
            match reference.on_update {
                Action::Restrict => blocking.push(child),
                Action::NoAction => self.plan.checks.push(Check::of_parent(id, row, step)),
                Action::Cascade => self.set(reference, row, child, Some(new.clone()), cause)?,
                Action::SetNull => self.set(reference, row, child, None, cause)?,
                Action::SetDefault => {
                    let defaults = self.defaults(reference)?;
                    self.set(reference, row, child, Some(defaults), cause)?;
                }
            }
        }
        if blocking.is_empty() {
            return Ok(());
        }
        let violation = self.restricted(reference, step, &blocking);
        self.refusals.add(violation, Some(step))
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
        if !self.set.insert((reference.id, row)) && !self.again.insert((reference.id, row, values.clone())) {
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
        self.plan.note_set(step);
        let action = match self.plan.steps[cause.step].effect {
            Effect::Delete => reference.on_delete,
            Effect::Update(_) => reference.on_update,
        };
        for (position, &column) in reference.columns.iter().enumerate() {
            if !self.decides(reference, row, column, action) {
                continue;
            }
            let value = values.as_ref().map_or(Value::Null, |it| it[position].clone());
            let Effect::Update(after) = &mut self.plan.steps[step].effect else { return Ok(()) };
            if let Err(mismatch) = edit(after).set(column, value) {
                // A Rust type without NULL cannot take the place of a column that must not be NULL.
                let null = mismatch.value.is_null();
                let rule = if null { Rule::NotNull } else { Rule::Type };
                let violation = self.refused(reference, step, rule, column);
                self.refusals.add(violation, Some(step))?;
            }
        }
        if let Effect::Update(after) = &mut self.plan.steps[step].effect {
            rows::settle(self.schema.table(reference.table), after)?;
        }
        self.note_set(reference, row, step);
        Ok(())
    }

    /// Whether an action may set a column. Of several references that share it, SET NULL decides before CASCADE and
    /// CASCADE before SET DEFAULT, whatever their order; with a NULL part none of them refers to anything.
    fn decides(&mut self, reference: &ReferenceSchema, row: RowId, column: ColumnId, action: Action) -> bool {
        let others = self.schema.table(reference.table).outbound.iter().filter(|&&it| it != reference.id);
        if !others.clone().any(|&it| self.schema.reference(it).columns.contains(&column)) {
            return true;
        }
        let rank = |action: Action| match action {
            Action::SetNull => 2,
            Action::Cascade => 1,
            _ => 0,
        };
        let verdict = self.verdicts.entry((reference.table, row, column)).or_insert(action);
        if rank(action) < rank(*verdict) {
            return false;
        }
        *verdict = action;
        true
    }

    /// Follows a row whose reference was set, where it is referred to itself, and judges it at the end.
    fn note_set(&mut self, reference: &ReferenceSchema, row: RowId, step: usize) {
        self.key_columns(reference.table);
        let columns = &self.keys[reference.table.index()];
        let planned = &self.plan.steps[step];
        let Effect::Update(after) = &planned.effect else { return };
        if columns.iter().any(|&it| planned.before.get(it) != after.get(it)) {
            self.moved.push(step);
        }
        // Other foreign keys may share a column with this one.
        for &id in &self.schema.table(reference.table).outbound {
            if self.schema.reference(id).columns.iter().any(|it| reference.columns.contains(it)) {
                self.plan.checks.push(Check::of_child(id, row));
            }
        }
    }

    fn defaults(&self, reference: &ReferenceSchema) -> Result<Vec<Value>> {
        let table = self.schema.table(reference.table);
        let default = |&it: &ColumnId| table.column(it).default.as_ref().map_or(Ok(Value::Null), |it| it.at_rest());
        reference.columns.iter().map(default).collect()
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
