//! Groups and their aggregates.

use std::cell::Cell;

use rustc_hash::{FxHashMap, FxHashSet};

use super::frame::Frame;
use super::leaf::Aggregate;
use super::plan::{BoundAggregate, Grouping, KeptRow, SelectPlan};
use super::run::Execution;
use crate::error::{Misuse, Result};
use crate::id::RowId;
use crate::record::Row;
use crate::value::Value;

/// What a group is known by, and what was computed for it.
#[derive(Clone)]
pub(super) struct Group<'r> {
    pub(super) keys: Vec<Value>,
    pub(super) aggregates: Vec<Value>,
    /// A row of the group, where one is read.
    rows: Kept<'r>,
}

/// Where the sources stood at some row of a group.
type Kept<'r> = Box<[Cell<Option<(RowId, &'r Row)>>]>;

/// A group while its rows come.
struct Gathering<'r> {
    keys: Vec<Value>,
    running: Vec<Running>,
    rows: Kept<'r>,
}

/// Runs a query that groups: all combinations go into their groups, then the groups go out.
pub(super) fn run_grouped<'r>(
    execution: &Execution<'r>,
    plan: &SelectPlan,
    grouping: &Grouping,
    outer: Option<&Frame<'_, 'r>>,
    emit: &mut dyn FnMut(&Frame<'_, 'r>) -> Result<bool>,
) -> Result<()> {
    let start = || grouping.aggregates.iter().map(Running::start).collect::<Result<Vec<_>>>();
    let none = || vec![Cell::new(None); plan.sources].into();
    let mut places: FxHashMap<Vec<Value>, usize> = FxHashMap::default();
    let mut groups: Vec<Gathering<'r>> = Vec::new();
    if let Some(count) = counted(execution, plan, grouping, outer)? {
        let running = grouping.aggregates.iter().map(|_| Running::Count(count as i64)).collect();
        groups.push(Gathering { keys: Vec::new(), running, rows: none() });
        return finish(execution, grouping, groups, outer, emit);
    }
    execution.each_combination(plan, outer, &mut |frame| {
        let keys = grouping.keys.iter().map(|it| Ok(it.evaluate(frame)?.into_value()));
        let keys = keys.collect::<Result<Vec<_>>>()?;
        let place = match places.get(&keys) {
            Some(place) => *place,
            None => {
                let rows = if grouping.keeps.is_some() { frame.rows.into() } else { Box::default() };
                groups.push(Gathering { keys: keys.clone(), running: start()?, rows });
                places.insert(keys, groups.len() - 1);
                groups.len() - 1
            }
        };
        let group = &mut groups[place];
        for (position, (running, aggregate)) in group.running.iter_mut().zip(&grouping.aggregates).enumerate() {
            let replaced = running.take(aggregate, frame)?;
            if replaced && grouping.keeps == Some(KeptRow::Extremum(position)) {
                group.rows = frame.rows.into();
            }
        }
        Ok(true)
    })?;
    // Without GROUP BY there is always one group, an empty one included.
    if grouping.keys.is_empty() && groups.is_empty() {
        groups.push(Gathering { keys: Vec::new(), running: start()?, rows: none() });
    }
    finish(execution, grouping, groups, outer, emit)
}

/// How many rows there are, where nothing else is asked and that is known without a visit.
fn counted<'r>(
    execution: &Execution<'r>,
    plan: &SelectPlan,
    grouping: &Grouping,
    outer: Option<&Frame<'_, 'r>>,
) -> Result<Option<usize>> {
    let counts = |it: &BoundAggregate| it.operands.is_empty() && it.filter.is_none();
    if !grouping.keys.is_empty() || grouping.keeps.is_some() || !grouping.aggregates.iter().all(counts) {
        return Ok(None);
    }
    execution.count(plan, outer)
}

/// Lets the groups go out that fulfil HAVING.
fn finish<'r>(
    execution: &Execution<'r>,
    grouping: &Grouping,
    groups: Vec<Gathering<'r>>,
    outer: Option<&Frame<'_, 'r>>,
    emit: &mut dyn FnMut(&Frame<'_, 'r>) -> Result<bool>,
) -> Result<()> {
    for Gathering { keys, running, rows } in groups {
        let group = Group { keys, aggregates: running.into_iter().map(Running::finish).collect(), rows };
        let frame = Frame { group: Some(&group), ..Frame::within(execution, &group.rows, outer) };
        let kept = match &grouping.having {
            Some(condition) => condition.holds(&frame)?.is_true(),
            None => true,
        };
        if kept && !emit(&frame)? {
            break;
        }
    }
    Ok(())
}

/// An aggregate while its rows come.
enum Running {
    Count(i64),
    Distinct(FxHashSet<Value>),
    Sum(Option<Value>),
    Min(Option<Value>),
    Max(Option<Value>),
    Average { sum: f64, count: u64 },
}

impl Running {
    fn start(aggregate: &BoundAggregate) -> Result<Self> {
        if aggregate.filter.is_some() || aggregate.operands.len() > 1 || !aggregate.order_by.is_empty() {
            let reason = "an aggregate with a condition or an order cannot be carried out".to_owned();
            return Err(Misuse::Statement { reason }.into());
        }
        Ok(match aggregate.function {
            Aggregate::Count if aggregate.distinct => Running::Distinct(FxHashSet::default()),
            Aggregate::Count => Running::Count(0),
            Aggregate::Sum | Aggregate::Total | Aggregate::Concat => Running::Sum(None),
            Aggregate::Min => Running::Min(None),
            Aggregate::Max => Running::Max(None),
            Aggregate::Average => Running::Average { sum: 0.0, count: 0 },
        })
    }

    /// Takes a row; says whether it is the least or the greatest so far.
    fn take(&mut self, aggregate: &BoundAggregate, frame: &Frame<'_, '_>) -> Result<bool> {
        let Some(operand) = aggregate.operands.first() else {
            if let Running::Count(count) = self {
                *count += 1;
            }
            return Ok(false);
        };
        let scalar = operand.evaluate(frame)?;
        let value = scalar.get();
        if value.is_null() {
            return Ok(false);
        }
        match self {
            Running::Count(count) => *count += 1,
            Running::Distinct(seen) => {
                seen.insert(value.to_value());
            }
            Running::Sum(sum) => *sum = Some(add(sum.take(), value.to_value())?),
            Running::Min(least) if least.as_ref().is_none_or(|it| value < it.as_ref()) => {
                *least = Some(value.to_value());
                return Ok(true);
            }
            Running::Max(greatest) if greatest.as_ref().is_none_or(|it| value > it.as_ref()) => {
                *greatest = Some(value.to_value());
                return Ok(true);
            }
            Running::Min(_) | Running::Max(_) => {}
            Running::Average { sum, count } => {
                *sum += number(&value.to_value(), "avg")?;
                *count += 1;
            }
        }
        Ok(false)
    }

    fn finish(self) -> Value {
        match self {
            Running::Count(count) => Value::Int(count),
            Running::Distinct(seen) => Value::Int(seen.len() as i64),
            Running::Sum(it) | Running::Min(it) | Running::Max(it) => it.unwrap_or_default(),
            Running::Average { count: 0, .. } => Value::Null,
            Running::Average { sum, count } => Value::Float(sum / count as f64),
        }
    }
}

fn add(sum: Option<Value>, value: Value) -> Result<Value> {
    match (sum, value) {
        (None, value @ (Value::Int(_) | Value::Float(_))) => Ok(value),
        (Some(Value::Int(a)), Value::Int(b)) => a
            .checked_add(b)
            .map(Value::Int)
            .ok_or_else(|| Misuse::Overflow { operation: "sum", operands: vec![Value::Int(a), Value::Int(b)] }.into()),
        (Some(sum), value) => Ok(Value::Float(number(&sum, "sum")? + number(&value, "sum")?)),
        (None, value) => Err(Misuse::Operation { operation: "sum", operands: vec![value] }.into()),
    }
}

fn number(value: &Value, operation: &'static str) -> Result<f64> {
    match value {
        Value::Int(it) => Ok(*it as f64),
        Value::Float(it) => Ok(*it),
        other => Err(Misuse::Operation { operation, operands: vec![other.clone()] }.into()),
    }
}
