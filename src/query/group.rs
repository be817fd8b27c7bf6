//! Groups and their aggregates.

use rustc_hash::{FxHashMap, FxHashSet};

use super::frame::Frame;
use super::leaf::Aggregate;
use super::plan::{BoundAggregate, Bounded, Grouping, SelectPlan};
use super::run::Execution;
use crate::error::{Misuse, Result};
use crate::value::Value;

/// What a group is known by, and what was computed for it.
pub(super) struct Group {
    pub(super) keys: Vec<Value>,
    pub(super) aggregates: Vec<Value>,
}

/// Runs a query that groups: all combinations go into their groups, then the groups go out.
pub(super) fn run_grouped<'r>(
    execution: &Execution<'r>,
    plan: &SelectPlan,
    grouping: &Grouping,
    outer: Option<&Frame<'_, 'r>>,
    emit: &mut dyn FnMut(&Frame<'_, 'r>) -> Result<bool>,
) -> Result<()> {
    let start = || grouping.aggregates.iter().map(Running::start).collect::<Vec<_>>();
    let mut places: FxHashMap<Vec<Value>, usize> = FxHashMap::default();
    let mut groups: Vec<(Vec<Value>, Vec<Running>)> = Vec::new();
    if grouping.keys.is_empty()
        && grouping.aggregates.iter().all(|it| it.operand.is_none())
        && let Some(count) = execution.count(plan, outer)?
    {
        let count = || Running::Count(count as i64);
        groups.push((Vec::new(), grouping.aggregates.iter().map(|_| count()).collect()));
        return finish(execution, grouping, groups, outer, emit);
    }
    execution.each_combination(plan, outer, &mut |frame| {
        let keys = grouping.keys.iter().map(|it| Ok(it.evaluate(frame)?.into_value()));
        let keys = keys.collect::<Result<Vec<_>>>()?;
        let place = match places.get(&keys) {
            Some(place) => *place,
            None => {
                groups.push((keys.clone(), start()));
                places.insert(keys, groups.len() - 1);
                groups.len() - 1
            }
        };
        for (running, aggregate) in groups[place].1.iter_mut().zip(&grouping.aggregates) {
            running.take(aggregate.operand.as_ref(), frame)?;
        }
        Ok(true)
    })?;
    // Without GROUP BY there is always one group, an empty one included.
    if grouping.keys.is_empty() && groups.is_empty() {
        groups.push((Vec::new(), start()));
    }
    finish(execution, grouping, groups, outer, emit)
}

/// Lets the groups go out that fulfil HAVING.
fn finish<'r>(
    execution: &Execution<'r>,
    grouping: &Grouping,
    groups: Vec<(Vec<Value>, Vec<Running>)>,
    outer: Option<&Frame<'_, 'r>>,
    emit: &mut dyn FnMut(&Frame<'_, 'r>) -> Result<bool>,
) -> Result<()> {
    for (keys, running) in groups {
        let group = Group { keys, aggregates: running.into_iter().map(Running::finish).collect() };
        let frame = Frame::of_group(execution, &group, outer);
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
    fn start(aggregate: &BoundAggregate) -> Self {
        match aggregate.function {
            Aggregate::Count if aggregate.distinct => Running::Distinct(FxHashSet::default()),
            Aggregate::Count => Running::Count(0),
            Aggregate::Sum | Aggregate::Total | Aggregate::Concat => Running::Sum(None),
            Aggregate::Min => Running::Min(None),
            Aggregate::Max => Running::Max(None),
            Aggregate::Average => Running::Average { sum: 0.0, count: 0 },
        }
    }

    fn take(&mut self, operand: Option<&Bounded>, frame: &Frame<'_, '_>) -> Result<()> {
        let Some(operand) = operand else {
            if let Running::Count(count) = self {
                *count += 1;
            }
            return Ok(());
        };
        let scalar = operand.evaluate(frame)?;
        let value = scalar.get();
        if value.is_null() {
            return Ok(());
        }
        match self {
            Running::Count(count) => *count += 1,
            Running::Distinct(seen) => {
                seen.insert(value.to_value());
            }
            Running::Sum(sum) => *sum = Some(add(sum.take(), value.to_value())?),
            Running::Min(least) if least.as_ref().is_none_or(|it| value < it.as_ref()) => {
                *least = Some(value.to_value());
            }
            Running::Max(greatest) if greatest.as_ref().is_none_or(|it| value > it.as_ref()) => {
                *greatest = Some(value.to_value());
            }
            Running::Min(_) | Running::Max(_) => {}
            Running::Average { sum, count } => {
                *sum += number(&value.to_value(), "avg")?;
                *count += 1;
            }
        }
        Ok(())
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
