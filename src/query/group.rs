//! Groups and their aggregates.

use std::cell::Cell;
use std::hash::{Hash, Hasher};

use rustc_hash::{FxHashMap, FxHasher};

use super::aggregate::Aggregator;
use super::frame::Frame;
use super::plan::{BoundAggregate, Bounded, Grouping, KeptRow, SelectPlan};
use super::run::Execution;
use crate::error::Result;
use crate::expr::Scalar;
use crate::id::RowId;
use crate::record::Row;
use crate::value::{Value, ValueRef};

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
    running: Vec<Aggregator>,
    rows: Kept<'r>,
    /// Another group whose keys have the same hash.
    next: Option<usize>,
}

/// Runs a query that groups: all combinations go into their groups, then the groups go out.
pub(super) fn run_grouped<'r>(
    execution: &Execution<'r>,
    plan: &SelectPlan,
    grouping: &Grouping,
    outer: Option<&Frame<'_, 'r>>,
    emit: &mut dyn FnMut(&Frame<'_, 'r>) -> Result<bool>,
) -> Result<()> {
    let start = || grouping.aggregates.iter().map(Aggregator::start).collect::<Vec<_>>();
    let none = || vec![Cell::new(None); plan.sources].into();
    let mut groups = Groups { all: Vec::new(), places: FxHashMap::default() };
    if let Some(count) = counted(execution, plan, grouping, outer)? {
        let running = grouping.aggregates.iter().map(|_| Aggregator::counted(count)).collect();
        groups.all.push(Gathering { keys: Vec::new(), running, rows: none(), next: None });
        return finish(execution, grouping, groups.all, outer, emit);
    }
    execution.each_combination(plan, outer, &mut |frame| {
        let place = with_keys(&grouping.keys, frame, |keys| {
            groups.place(keys, || {
                let rows = if grouping.keeps.is_some() { frame.rows.into() } else { Box::default() };
                (start(), rows)
            })
        })?;
        let group = &mut groups.all[place];
        for (position, (running, aggregate)) in group.running.iter_mut().zip(&grouping.aggregates).enumerate() {
            let replaced = running.take(aggregate, frame)?;
            if replaced && grouping.keeps == Some(KeptRow::Extremum(position)) {
                group.rows = frame.rows.into();
            }
        }
        Ok(true)
    })?;
    // Without GROUP BY there is always one group, an empty one included.
    if grouping.keys.is_empty() && groups.all.is_empty() {
        groups.all.push(Gathering { keys: Vec::new(), running: start(), rows: none(), next: None });
    }
    finish(execution, grouping, groups.all, outer, emit)
}

/// The groups by their keys. A row finds its group without a list of its own.
struct Groups<'r> {
    all: Vec<Gathering<'r>>,
    /// The first group of each hash.
    places: FxHashMap<u64, usize>,
}

impl<'r> Groups<'r> {
    fn place(&mut self, keys: &[ValueRef<'_>], start: impl FnOnce() -> (Vec<Aggregator>, Kept<'r>)) -> usize {
        if keys.is_empty() && !self.all.is_empty() {
            return 0;
        }
        let mut hasher = FxHasher::default();
        keys.iter().for_each(|it| it.hash(&mut hasher));
        let first = self.places.entry(hasher.finish());
        let known = match &first {
            std::collections::hash_map::Entry::Occupied(it) => Some(*it.get()),
            std::collections::hash_map::Entry::Vacant(_) => None,
        };
        let mut next = known;
        while let Some(place) = next {
            let group = &self.all[place];
            if group.keys.iter().zip(keys).all(|(a, b)| a.as_ref() == *b) {
                return place;
            }
            next = group.next;
        }
        let (running, rows) = start();
        let keys = keys.iter().map(|it| it.to_value()).collect();
        self.all.push(Gathering { keys, running, rows, next: known });
        *first.or_default() = self.all.len() - 1;
        self.all.len() - 1
    }
}

/// Computes the keys of a row and hands them over; up to two of them need no list.
fn with_keys<T>(keys: &[Bounded], frame: &Frame<'_, '_>, take: impl FnOnce(&[ValueRef<'_>]) -> T) -> Result<T> {
    Ok(match keys {
        [] => take(&[]),
        [only] => take(&[only.evaluate(frame)?.get()]),
        [a, b] => {
            let (a, b) = (a.evaluate(frame)?, b.evaluate(frame)?);
            take(&[a.get(), b.get()])
        }
        keys => {
            let keys = keys.iter().map(|it| it.evaluate(frame)).collect::<Result<Vec<_>>>()?;
            take(&keys.iter().map(Scalar::get).collect::<Vec<_>>())
        }
    })
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
    for Gathering { keys, running, rows, .. } in groups {
        let aggregates = running.into_iter().zip(&grouping.aggregates).map(|(it, said)| it.finish(&said.order_by));
        let group = Group { keys, aggregates: aggregates.collect::<Result<_>>()?, rows };
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
