//! INSERT, UPDATE and DELETE. Which rows they are about, what they compute and what they return is bound as a select.

use super::select::Shape;
use super::statement::assignable;
use super::{Binder, Scope, senseless};
use crate::error::{Misuse, Result};
use crate::expr::Expr;
use crate::id::{ColumnId, IndexId};
use crate::query::leaf::Leaf;
use crate::query::plan::{
    Assignments, BoundConflict, BoundOutput, Bounded, ConflictPlan, InsertPlan, InsertSource, Plan, SelectPlan,
};
use crate::query::select::{Output, Select};
use crate::query::statement::{ConflictAction, Delete, Insert, InsertValues, OnConflict, Update};
use crate::schema::{Name, TableSchema};

impl Binder<'_> {
    pub(super) fn insert(&mut self, insert: &Insert) -> Result<Plan> {
        let schema = self.schema;
        let table = schema.table_named(&insert.table)?;
        let columns = assignable(table, &insert.columns)?;
        for common in &insert.with {
            self.common(common)?;
        }
        let count = |given: usize| {
            if given == columns.len() {
                return Ok(());
            }
            let reason = format!("{} columns of {} are given {given} values", columns.len(), table.name);
            Err(Misuse::Statement { reason })
        };
        let source = match &insert.values {
            InsertValues::Rows(given) => {
                self.scopes.push(Scope::default());
                let mut rows = Vec::with_capacity(given.len());
                for row in given {
                    count(row.len())?;
                    rows.push(row.iter().map(|it| self.value(it)).collect::<Result<Vec<_>>>()?);
                }
                self.scopes.pop();
                InsertSource::Rows(rows)
            }
            InsertValues::Select(select) => {
                let plan = self.select(select, Shape::Columns)?;
                count(plan.outputs.len())?;
                InsertSource::Select(Box::new(plan))
            }
        };
        let on_conflict = insert.on_conflict.as_ref().map(|it| self.conflict(table, &insert.table, it)).transpose()?;
        let outputs = insert.returning.clone();
        let returning = self.found(Select { outputs, ..Select::from(insert.table.clone()) })?.outputs;
        Ok(Plan::Insert(InsertPlan { table: table.id, columns, source, on_conflict, returning }))
    }

    pub(super) fn update(&mut self, update: &Update) -> Result<Plan> {
        let schema = self.schema;
        let table = schema.table_named(&update.table)?;
        let mut find = self.found(Select {
            with: update.with.clone(),
            joins: update.joins.clone(),
            filter: update.filter.clone(),
            outputs: computed(&update.set).chain(update.returning.iter().cloned()).collect(),
            ..Select::from(update.table.clone())
        })?;
        let returning = find.outputs.split_off(computed(&update.set).count());
        let set = assignments(table, &update.set, std::mem::take(&mut find.outputs))?;
        Ok(Plan::Update { table: table.id, set, find: Box::new(find), returning })
    }

    pub(super) fn delete(&mut self, delete: &Delete) -> Result<Plan> {
        let table = self.schema.table_named(&delete.table)?.id;
        let mut find = self.found(Select {
            with: delete.with.clone(),
            joins: delete.joins.clone(),
            filter: delete.filter.clone(),
            outputs: delete.returning.clone(),
            ..Select::from(delete.table.clone())
        })?;
        let returning = std::mem::take(&mut find.outputs);
        Ok(Plan::Delete { table, find: Box::new(find), returning })
    }

    /// A select from whose rows single rows are changed.
    fn found(&mut self, select: Select) -> Result<SelectPlan> {
        let mut plan = self.select(&select, Shape::Rows)?;
        // Who changes rows looks at them.
        plan.covering = None;
        if plan.grouping.is_some() || !plan.windows.is_empty() {
            return Err(senseless(
                "what changes a row is computed from that row: an aggregate stands in a subquery only",
            ));
        }
        Ok(plan)
    }

    /// A whole value; nothing for the default.
    fn value(&mut self, value: &Expr<Leaf>) -> Result<Option<Bounded>> {
        if is_default(value) { Ok(None) } else { self.expr(value).map(Some) }
    }

    fn conflict(&mut self, table: &TableSchema, name: &Name, said: &OnConflict) -> Result<ConflictPlan> {
        let keys = keys_meant(table, said)?;
        let action = match &said.action {
            ConflictAction::Nothing => BoundConflict::Nothing,
            ConflictAction::Ignore => BoundConflict::Ignore,
            ConflictAction::Replace => BoundConflict::Replace,
            ConflictAction::Update { set, filter } => {
                let outputs = computed(set).chain(filter.iter().cloned().map(Output::Value)).collect();
                let select = Select { outputs, ..Select::from(name.clone()) }.cross_join(name.clone());
                let mut values = self.found(select)?.outputs;
                let filter = if filter.is_some() { values.pop().and_then(scalar) } else { None };
                BoundConflict::Update { set: assignments(table, set, values)?, filter }
            }
        };
        Ok(ConflictPlan { keys, action })
    }
}

fn is_default(value: &Expr<Leaf>) -> bool {
    matches!(value, Expr::Leaf(Leaf::Default))
}

/// What is not the default is computed.
fn computed(set: &[(Name, Expr<Leaf>)]) -> impl Iterator<Item = Output> {
    set.iter().filter(|(_, it)| !is_default(it)).map(|(_, it)| Output::Value(it.clone()))
}

fn scalar(output: BoundOutput) -> Option<Bounded> {
    if let BoundOutput::Value(it) = output { Some(it) } else { None }
}

/// Puts what is computed to the columns that it is for.
fn assignments(table: &TableSchema, set: &[(Name, Expr<Leaf>)], values: Vec<BoundOutput>) -> Result<Assignments> {
    let mut values = values.into_iter().filter_map(scalar);
    let mut all: Assignments = Vec::with_capacity(set.len());
    for (name, value) in set {
        let value = if is_default(value) { None } else { values.next() };
        all.push((table.assignable(name)?, value));
    }
    Ok(all)
}

/// The unique keys that are meant: all, or those over the named columns, in whatever order.
fn keys_meant(table: &TableSchema, said: &OnConflict) -> Result<Vec<IndexId>> {
    let unique = (0..).map(IndexId).zip(&table.indexes).filter(|(_, it)| it.is_unique());
    if said.target.is_empty() {
        return Ok(unique.map(|(id, _)| id).collect());
    }
    let mut wanted: Vec<ColumnId> =
        said.target.iter().map(|name| table.column_named(name)).collect::<Result<Vec<_>>>()?;
    wanted.sort_unstable();
    let filter = said.target_filter.as_ref().map(|it| it.try_map(&mut |leaf| column(table, leaf))).transpose()?;
    let meant = unique.filter(|(_, index)| {
        let mut columns = index.columns.clone();
        columns.sort_unstable();
        let whole = index.columns.len() == index.parts.len() && columns == wanted;
        whole && (index.predicate.is_none() || index.predicate == filter)
    });
    let meant: Vec<IndexId> = meant.map(|(id, _)| id).collect();
    if meant.is_empty() {
        let reason = format!("{} has no unique key over {}", table.name, said.target.join(", "));
        return Err(senseless(reason));
    }
    Ok(meant)
}

fn column(table: &TableSchema, leaf: &Leaf) -> Result<Expr<ColumnId>> {
    match leaf {
        Leaf::Column { up: 0, source: 0, name } => Ok(Expr::Leaf(table.column_named(name)?)),
        _ => Err(senseless("the condition of a unique key reads columns of its table alone")),
    }
}
