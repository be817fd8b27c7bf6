//! Groups that an index counts: it knows where each value begins and ends, and no row is read. The different values of a
//! column are such groups, too, and so are the first and the last rows of each, if the next column of the index orders them.
//!
//! A group costs a few descents of a tree, which is more than it takes to put a few rows into groups by hashing. So the
//! rows that the groups stand for have to keep ahead of the groups; where they do not, somebody else groups them.

use std::cell::Cell;

use super::frame::Frame;
use super::group::KeptGroup;
use super::plan::{Access, Grouping, Origin, SelectPlan, Told};
use super::run::{Execution, all_hold};
use crate::error::Result;
use crate::expr::Scalar;
use crate::id::IndexId;
use crate::store::GroupEntries;
use crate::value::{Value, ValueRef};

/// How many rows a group has to stand for.
const ROWS: usize = 16;

/// How many groups are made before that is asked.
const GROUPS: usize = 64;

/// Runs a query that asks of groups, or of all rows, only what an index tells. Behind its first columns, which equal
/// something, comes the one that groups are made by. Says whether it has: if groups are small, nothing has happened.
pub(super) fn run_counted<'r>(
    execution: &Execution<'r>,
    (plan, grouping): (&SelectPlan, &Grouping),
    (index, told): (IndexId, &[Told]),
    outer: Option<&Frame<'_, 'r>>,
    emit: &mut dyn FnMut(&Frame<'_, 'r>) -> Result<bool>,
) -> Result<bool> {
    let level = &plan.levels[0];
    let Origin::Table(table) = level.origin else { return Ok(false) };
    let nowhere = vec![Cell::new(None); plan.sources];
    let frame = Frame::within(execution, &nowhere, outer);
    let equal = match &level.access {
        Access::Index { equal, .. } => equal.iter().map(|it| it.evaluate(&frame)).collect::<Result<Vec<_>>>()?,
        _ => Vec::new(),
    };
    let prefix: Vec<ValueRef<'_>> = equal.iter().map(Scalar::get).collect();
    let each = !grouping.keys.is_empty();
    let (mut groups, mut whole, mut count, mut rows): (Vec<KeptGroup>, Whole<'_>, usize, usize) = Default::default();
    let mut large = true;
    if all_hold(&plan.gate, &frame)? && !prefix.iter().any(|it| it.is_null()) {
        let extremes = each && told.iter().any(|it| matches!(it, Told::Least | Told::Greatest));
        let counted = execution.image.table(table).each_group(index, &prefix, extremes, |group| {
            if each {
                groups.push(of_group(&group, told));
            } else {
                whole.take(&group);
            }
            (count, rows) = (count + 1, rows + group.count);
            large = count <= GROUPS || count * ROWS <= rows;
            large
        });
        if !counted || !large {
            return Ok(false);
        }
    }
    if !each {
        groups.push(KeptGroup { keys: Box::default(), aggregates: told.iter().map(|it| whole.value(*it)).collect() });
    }
    for group in groups {
        let frame = Frame { group: Some(group.group()), ..frame };
        let is_wanted = match &grouping.having {
            Some(condition) => condition.holds(&frame)?.is_true(),
            None => true,
        };
        if is_wanted && !emit(&frame)? {
            break;
        }
    }
    Ok(true)
}

fn of_group(group: &GroupEntries<'_>, told: &[Told]) -> KeptGroup {
    let aggregate = |it: &Told| match it {
        Told::Rows => Value::Int(group.count as i64),
        Told::Values if group.value.is_null() => Value::Int(0),
        Told::Values => Value::Int(group.count as i64),
        Told::Different => Value::Int(i64::from(!group.value.is_null())),
        Told::Least => group.least.to_value(),
        Told::Greatest => group.greatest.to_value(),
    };
    KeptGroup { keys: [group.value.to_value()].into(), aggregates: told.iter().map(aggregate).collect() }
}

/// What is known of all rows, by the values of a column that come in order, NULL first.
#[derive(Default)]
struct Whole<'a> {
    rows: usize,
    values: usize,
    different: usize,
    least: ValueRef<'a>,
    greatest: ValueRef<'a>,
}

impl<'a> Whole<'a> {
    fn take(&mut self, group: &GroupEntries<'a>) {
        self.rows += group.count;
        if group.value.is_null() {
            return;
        }
        self.values += group.count;
        if self.different == 0 {
            self.least = group.value;
        }
        self.different += 1;
        self.greatest = group.value;
    }

    fn value(&self, told: Told) -> Value {
        match told {
            Told::Rows => Value::Int(self.rows as i64),
            Told::Values => Value::Int(self.values as i64),
            Told::Different => Value::Int(self.different as i64),
            Told::Least => self.least.to_value(),
            Told::Greatest => self.greatest.to_value(),
        }
    }
}
