//! Groups that an index counts: it knows where each value begins and ends, and no row is read.
//!
//! A group costs two descents of a tree, which is more than it takes to put a few rows into groups by hashing. So the
//! rows that the groups stand for have to keep ahead of the groups; where they do not, somebody else groups them.

use std::cell::Cell;

use super::frame::Frame;
use super::group::Group;
use super::plan::{Access, Grouping, Origin, SelectPlan};
use super::run::{Execution, all_hold};
use crate::error::Result;
use crate::expr::Scalar;
use crate::id::IndexId;
use crate::value::{Value, ValueRef};

/// How many rows a group has to stand for.
const ROWS: usize = 16;

/// How many groups are made before that is asked.
const GROUPS: usize = 64;

/// Runs a query that counts the rows of groups, by an index behind whose first columns, which equal something, comes the
/// one that groups are made by; says whether it has: if groups are small, nothing has happened.
pub(super) fn run_counted<'r>(
    execution: &Execution<'r>,
    (plan, grouping, index): (&SelectPlan, &Grouping, IndexId),
    outer: Option<&Frame<'_, 'r>>,
    emit: &mut dyn FnMut(&Frame<'_, 'r>) -> Result<bool>,
) -> Result<bool> {
    let level = &plan.levels[0];
    let Origin::Table(table) = level.origin else { return Ok(false) };
    let nowhere = vec![Cell::new(None); plan.sources];
    let frame = Frame::within(execution, &nowhere, outer);
    if !all_hold(&plan.gate, &frame)? {
        return Ok(true);
    }
    let equal = match &level.access {
        Access::Index { equal, .. } => equal.iter().map(|it| it.evaluate(&frame)).collect::<Result<Vec<_>>>()?,
        _ => Vec::new(),
    };
    let prefix: Vec<ValueRef<'_>> = equal.iter().map(Scalar::get).collect();
    if prefix.iter().any(|it| it.is_null()) {
        return Ok(true);
    }
    let (mut groups, mut rows): (Vec<(Value, usize)>, usize) = (Vec::new(), 0);
    let mut large = true;
    let counted = execution.image.table(table).each_group(index, &prefix, |value, count| {
        groups.push((value.to_value(), count));
        rows += count;
        large = groups.len() <= GROUPS || groups.len() * ROWS <= rows;
        large
    });
    if !counted || !large {
        return Ok(false);
    }
    for (key, count) in groups {
        let aggregates = vec![Value::Int(count as i64); grouping.aggregates.len()];
        let group = Group { keys: vec![key], aggregates };
        let frame = Frame { group: Some(&group), ..frame };
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
