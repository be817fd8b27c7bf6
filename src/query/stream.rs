//! Groups whose rows come one after the other, and a group of which the first row tells all: nothing is put aside, and who
//! has enough groups lets no further rows be read.

use std::cell::Cell;

use super::aggregate::Aggregator;
use super::frame::Frame;
use super::gather::Stand;
use super::group::Group;
use super::plan::{Gathering, Grouping, KeptRow, SelectPlan};
use super::run::Execution;
use crate::error::Result;
use crate::expr::Scalar;
use crate::value::Value;

/// The group whose rows are coming.
struct Current<'r> {
    keys: Vec<Value>,
    running: Vec<Aggregator>,
    /// The row of it that is read.
    rows: Box<Stand<'r>>,
}

/// Where groups go.
type Emit<'e, 'r> = &'e mut dyn FnMut(&Frame<'_, 'r>) -> Result<bool>;

/// Runs a query whose rows come in the order of their groups, or whose first row is enough.
pub(super) fn run_ordered<'r>(
    execution: &Execution<'r>,
    plan: &SelectPlan,
    grouping: &Grouping,
    outer: Option<&Frame<'_, 'r>>,
    emit: Emit<'_, 'r>,
) -> Result<()> {
    let mut current: Option<Current<'r>> = None;
    let mut going = true;
    execution.each_combination(plan, outer, &mut |frame| {
        let keys = grouping.keys.iter().map(|it| it.evaluate(frame)).collect::<Result<Vec<_>>>()?;
        let same = |it: &Current<'_>| it.keys.iter().zip(&keys).all(|(a, b)| a.as_ref() == b.get());
        let mut group = match current.take() {
            Some(group) if same(&group) => group,
            before => {
                if let Some(before) = before {
                    going = before.go_out(grouping, &Frame::within(execution, &[], outer), emit)?;
                }
                let keys = keys.into_iter().map(Scalar::into_value).collect();
                Current::begin(grouping, keys, frame.rows)
            }
        };
        let taken = group.take(grouping, frame)?;
        current = Some(group).filter(|_| going);
        Ok(going && !(taken && grouping.gathering == Gathering::First))
    })?;
    // Without GROUP BY there is always one group, an empty one included.
    if current.is_none() && going && grouping.keys.is_empty() {
        current = Some(Current::begin(grouping, Vec::new(), &vec![Cell::new(None); plan.sources]));
    }
    match current {
        Some(last) => last.go_out(grouping, &Frame::within(execution, &[], outer), emit).map(drop),
        None => Ok(()),
    }
}

impl<'r> Current<'r> {
    fn begin(grouping: &Grouping, keys: Vec<Value>, rows: &Stand<'r>) -> Self {
        Current { keys, running: grouping.aggregates.iter().map(Aggregator::start).collect(), rows: rows.into() }
    }

    /// Takes a row; says whether it has the least or the greatest value so far.
    fn take(&mut self, grouping: &Grouping, frame: &Frame<'_, 'r>) -> Result<bool> {
        let mut any = false;
        for (position, (running, aggregate)) in self.running.iter_mut().zip(&grouping.aggregates).enumerate() {
            let replaced = running.take(aggregate, frame)?;
            any |= replaced;
            if replaced && grouping.keeps == Some(KeptRow::Extremum(position)) {
                self.rows = frame.rows.into();
            }
        }
        Ok(any)
    }

    /// Lets the group go out, if it fulfils HAVING; says whether more are wanted.
    fn go_out(self, grouping: &Grouping, around: &Frame<'_, 'r>, emit: Emit<'_, 'r>) -> Result<bool> {
        let finished = self.running.into_iter().zip(&grouping.aggregates);
        let aggregates = finished.map(|(it, said)| it.finish(&said.order_by)).collect::<Result<Vec<_>>>()?;
        let group = Group { keys: &self.keys, aggregates: &aggregates, among: None };
        let frame = Frame { rows: &self.rows, group: Some(group), ..*around };
        match &grouping.having {
            Some(condition) if !condition.holds(&frame)?.is_true() => Ok(true),
            _ => emit(&frame),
        }
    }
}
