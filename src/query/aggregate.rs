//! Aggregates while their operands come.

use rustc_hash::FxHashSet;

use super::frame::Frame;
use super::leaf::Aggregate;
use super::plan::{BoundAggregate, SortKey};
use super::run::compare;
use crate::error::{Misuse, Result};
use crate::expr::Function;
use crate::value::{Value, ValueRef};

/// An aggregate of a group: filters its rows, passes over what it has seen, and sorts, where that is asked for.
pub(super) struct Aggregator {
    running: Running,
    /// The operands that were taken, where each counts once.
    seen: Option<Box<Seen>>,
    /// The operands that wait for their order.
    waiting: Option<Vec<Waiting>>,
}

/// What counts once.
enum Seen {
    Values(FxHashSet<Value>),
    /// Of several operands, each combination, NULLs included, as DISTINCT of a select has them.
    Combinations(FxHashSet<Box<[Value]>>),
}

impl Seen {
    fn of(aggregate: &BoundAggregate) -> Self {
        match (aggregate.function, &aggregate.operands[..]) {
            (Aggregate::Count, [_, _, ..]) => Seen::Combinations(FxHashSet::default()),
            _ => Seen::Values(FxHashSet::default()),
        }
    }

    /// Whether a value has come for the first time.
    fn is_new(&mut self, value: ValueRef<'_>) -> bool {
        match self {
            Seen::Values(seen) => seen.insert(value.to_value()),
            Seen::Combinations(_) => true,
        }
    }
}

struct Waiting {
    by: Vec<Value>,
    operand: Value,
    separator: Option<Value>,
}

impl Aggregator {
    pub(super) fn start(aggregate: &BoundAggregate) -> Self {
        Aggregator {
            running: Running::start(aggregate.function),
            seen: aggregate.distinct.then(|| Box::new(Seen::of(aggregate))),
            waiting: (!aggregate.order_by.is_empty()).then(Vec::new),
        }
    }

    /// What counts rows, and has counted so many already.
    pub(super) fn counted(count: usize) -> Self {
        Aggregator { running: Running::Count(count as i64), seen: None, waiting: None }
    }

    /// Takes a row; says whether it is the least or the greatest so far.
    pub(super) fn take(&mut self, aggregate: &BoundAggregate, frame: &Frame<'_, '_>) -> Result<bool> {
        if let Some(filter) = &aggregate.filter
            && !filter.holds(frame)?.is_true()
        {
            return Ok(false);
        }
        let Some(operand) = aggregate.operands.first() else {
            self.running.count_row();
            return Ok(false);
        };
        if let Some(Seen::Combinations(seen)) = self.seen.as_deref_mut() {
            let all = aggregate.operands.iter().map(|it| Ok(it.evaluate(frame)?.into_value()));
            if seen.insert(all.collect::<Result<_>>()?) {
                self.running.count_row();
            }
            return Ok(false);
        }
        let scalar = operand.evaluate(frame)?;
        let operand = scalar.get();
        if operand.is_null() {
            return Ok(false);
        }
        if let Some(seen) = &mut self.seen
            && !seen.is_new(operand)
        {
            return Ok(false);
        }
        let separator = aggregate.operands.get(1).map(|it| it.evaluate(frame)).transpose()?;
        let Some(waiting) = &mut self.waiting else {
            return self.running.take(operand, separator.as_ref().map(|it| it.get()));
        };
        let by = aggregate.order_by.iter().map(|it| Ok(it.by.evaluate(frame)?.into_value()));
        let by = by.collect::<Result<Vec<_>>>()?;
        let separator = separator.map(|it| it.into_value());
        waiting.push(Waiting { by, operand: operand.to_value(), separator });
        Ok(false)
    }

    /// Whether the operands of rows are all that an aggregate has to know.
    pub(super) fn takes_values(aggregate: &BoundAggregate) -> bool {
        aggregate.filter.is_none() && aggregate.order_by.is_empty() && aggregate.operands.len() <= 1
    }

    /// Takes a row of which nothing is read.
    #[inline]
    pub(super) fn count_row(&mut self) {
        self.running.count_row();
    }

    /// Takes an operand of an aggregate that takes values.
    #[inline]
    pub(super) fn take_value(&mut self, operand: ValueRef<'_>) -> Result<()> {
        if operand.is_null() || self.seen.as_mut().is_some_and(|it| !it.is_new(operand)) {
            return Ok(());
        }
        self.running.take(operand, None).map(drop)
    }

    pub(super) fn finish(mut self, order: &[SortKey]) -> Result<Value> {
        if let Some(mut waiting) = self.waiting {
            waiting.sort_by(|a, b| compare(&a.by, &b.by, order));
            for Waiting { operand, separator, .. } in waiting {
                self.running.take(operand.as_ref(), separator.as_ref().map(Value::as_ref))?;
            }
        }
        self.running.value()
    }
}

/// What is known of the operands so far.
#[derive(Clone, Debug)]
pub(super) enum Running {
    Count(i64),
    Sum(Sum),
    Total(Sum),
    Average(Sum),
    Least(Option<Value>),
    Greatest(Option<Value>),
    Concat(Option<String>),
}

impl Running {
    pub(super) fn start(function: Aggregate) -> Self {
        match function {
            Aggregate::Count => Running::Count(0),
            Aggregate::Sum => Running::Sum(Sum::default()),
            Aggregate::Total => Running::Total(Sum::default()),
            Aggregate::Average => Running::Average(Sum::default()),
            Aggregate::Min => Running::Least(None),
            Aggregate::Max => Running::Greatest(None),
            Aggregate::Concat => Running::Concat(None),
        }
    }

    /// Takes a row of which nothing is asked but that it is there.
    pub(super) fn count_row(&mut self) {
        if let Running::Count(count) = self {
            *count += 1;
        }
    }

    /// Takes an operand that is not NULL; says whether it is the least or the greatest so far.
    pub(super) fn take(&mut self, operand: ValueRef<'_>, separator: Option<ValueRef<'_>>) -> Result<bool> {
        match self {
            Running::Count(count) => *count += 1,
            Running::Sum(sum) => sum.take(operand, "sum")?,
            Running::Total(sum) => sum.take(operand, "total")?,
            Running::Average(sum) => sum.take(operand, "avg")?,
            Running::Least(least) if least.as_ref().is_none_or(|it| operand < it.as_ref()) => {
                *least = Some(operand.to_value());
                return Ok(true);
            }
            Running::Greatest(greatest) if greatest.as_ref().is_none_or(|it| operand > it.as_ref()) => {
                *greatest = Some(operand.to_value());
                return Ok(true);
            }
            Running::Least(_) | Running::Greatest(_) => {}
            Running::Concat(text) => {
                let text = match text {
                    None => text.insert(String::new()),
                    Some(text) => {
                        append(text, separator.unwrap_or(ValueRef::Text(",")))?;
                        text
                    }
                };
                append(text, operand)?;
            }
        }
        Ok(false)
    }

    /// Gives back an operand that was taken, where that can be done exactly.
    pub(super) fn give_back(&mut self, operand: ValueRef<'_>) -> bool {
        match self {
            Running::Count(count) => *count -= 1,
            Running::Sum(sum) | Running::Total(sum) | Running::Average(sum) => return sum.give_back(operand),
            _ => return false,
        }
        true
    }

    /// What has come out so far.
    pub(super) fn value(&self) -> Result<Value> {
        Ok(match self {
            Running::Count(count) => Value::Int(*count),
            Running::Sum(sum) if sum.count == 0 => Value::Null,
            Running::Sum(sum) if sum.has_float => Value::Float(sum.float()),
            Running::Sum(sum) => match (sum.decimal()?, i64::try_from(sum.whole)) {
                (Some(it), _) => it,
                (None, Ok(it)) => Value::Int(it),
                (None, Err(_)) => {
                    let operands = vec![Value::Float(sum.whole as f64)];
                    return Err(Misuse::Overflow { operation: "sum", operands }.into());
                }
            },
            Running::Total(sum) => Value::Float(sum.float()),
            Running::Average(sum) if sum.count == 0 => Value::Null,
            Running::Average(sum) => Value::Float(sum.float() / sum.count as f64),
            Running::Least(it) | Running::Greatest(it) => it.clone().unwrap_or_default(),
            Running::Concat(it) => it.as_deref().map_or(Value::Null, Value::from),
        })
    }
}

/// Text at the end of a text, without one of its own where it is text already.
fn append(all: &mut String, it: ValueRef<'_>) -> Result<()> {
    match it {
        ValueRef::Null => {}
        ValueRef::Text(it) => all.push_str(it),
        other => {
            if let Value::Text(it) = Function::Concat.call(&[other])? {
                all.push_str(&it);
            }
        }
    }
    Ok(())
}

/// A sum: of integers exactly, whatever the order; of floats with what rounding has lost, as SQLite does it.
#[derive(Clone, Debug, Default)]
pub(super) struct Sum {
    count: u64,
    /// Of the integers. So many as would be needed to leave 128 bits fit into no memory.
    whole: i128,
    floats: f64,
    lost: f64,
    has_float: bool,
    /// Of the decimals, if there are any.
    #[cfg(feature = "decimal")]
    decimals: Option<rust_decimal::Decimal>,
}

impl Sum {
    fn take(&mut self, operand: ValueRef<'_>, operation: &'static str) -> Result<()> {
        match operand {
            ValueRef::Int(it) => self.whole += i128::from(it),
            ValueRef::Float(it) => {
                self.has_float = true;
                let sum = self.floats + it;
                if self.floats.abs() > it.abs() {
                    self.lost += (self.floats - sum) + it;
                } else {
                    self.lost += (it - sum) + self.floats;
                }
                self.floats = sum;
            }
            #[cfg(feature = "decimal")]
            ValueRef::Decimal(it) => {
                let sum = self.decimals.unwrap_or_default().checked_add(it);
                let operands = || vec![self.decimals.unwrap_or_default().into(), it.into()];
                self.decimals = Some(sum.ok_or_else(|| Misuse::Operation { operation, operands: operands() })?);
            }
            other => return Err(Misuse::Operation { operation, operands: vec![other.to_value()] }.into()),
        }
        self.count += 1;
        Ok(())
    }

    fn give_back(&mut self, operand: ValueRef<'_>) -> bool {
        match operand {
            ValueRef::Int(it) if !self.has_float => {
                self.whole -= i128::from(it);
                self.count -= 1;
                true
            }
            _ => false,
        }
    }

    /// The sum of decimals and integers, where decimals take part and no float does.
    fn decimal(&self) -> Result<Option<Value>> {
        #[cfg(feature = "decimal")]
        if let (Some(decimals), false) = (self.decimals, self.has_float) {
            let sum = i64::try_from(self.whole).ok().and_then(|it| decimals.checked_add(it.into()));
            let operands = vec![decimals.into(), Value::Float(self.whole as f64)];
            return sum
                .map(|it| Some(it.into()))
                .ok_or_else(|| Misuse::Operation { operation: "sum", operands }.into());
        }
        Ok(None)
    }

    /// What is summed exactly, as a float.
    fn exact(&self) -> f64 {
        let whole = self.whole as f64;
        #[cfg(feature = "decimal")]
        if let Some(it) = self.decimals {
            // The text is read with correct rounding.
            return whole + it.to_string().parse().unwrap_or(f64::NAN);
        }
        whole
    }

    fn float(&self) -> f64 {
        if !self.has_float {
            return self.exact();
        }
        let sum = self.floats + self.exact();
        // Infinities lose no digits, and what they would have lost is no number.
        if sum.is_finite() { sum + self.lost } else { sum }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(function: Aggregate, operands: &[Value]) -> Result<Value> {
        let mut running = Running::start(function);
        for it in operands {
            running.take(it.as_ref(), None)?;
        }
        running.value()
    }

    /// X2: a sum that does not fit is an error, and what fits in the end is none, whatever comes in between.
    #[test]
    fn x2_sums_do_not_wrap() {
        let max = Value::Int(i64::MAX);
        assert!(all(Aggregate::Sum, &[max.clone(), 1.into()]).is_err());
        assert_eq!(all(Aggregate::Sum, &[max.clone(), 1.into(), (-1).into()]), Ok(max.clone()));
        assert_eq!(all(Aggregate::Total, &[max.clone(), 1.into()]), Ok(Value::Float(9_223_372_036_854_775_808.0)));
        assert!(all(Aggregate::Sum, &["a".into()]).is_err());
    }

    #[test]
    fn sums_of_floats_keep_what_rounding_loses() {
        let tenth = vec![Value::Float(0.1); 10];
        assert_eq!(all(Aggregate::Sum, &tenth), Ok(Value::Float(1.0)));
        assert_eq!(all(Aggregate::Sum, &[1.into(), 0.5.into()]), Ok(Value::Float(1.5)));
        assert_eq!(all(Aggregate::Sum, &[f64::INFINITY.into(), 1.5.into()]), Ok(Value::Float(f64::INFINITY)));
    }

    #[test]
    fn nothing_has_no_sum() {
        assert_eq!(all(Aggregate::Sum, &[]), Ok(Value::Null));
        assert_eq!(all(Aggregate::Average, &[]), Ok(Value::Null));
        assert_eq!(all(Aggregate::Total, &[]), Ok(Value::Float(0.0)));
        assert_eq!(all(Aggregate::Concat, &[]), Ok(Value::Null));
        assert_eq!(all(Aggregate::Concat, &["a".into(), 1.into()]), Ok("a,1".into()));
    }
}
