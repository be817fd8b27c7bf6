//! Every combination of rows that the sources and conditions let through.

use std::cell::{Cell, RefCell};

use rustc_hash::FxHashSet;

use super::{Execution, all_hold};
use crate::error::Result;
use crate::id::RowId;
use crate::query::frame::Frame;
use crate::query::plan::{Level, SelectPlan};
use crate::query::select::JoinKind;
use crate::record::Row;

/// A walk through the sources of one select.
struct Walk<'p> {
    levels: &'p [Level],
    /// For each source whose rows come out without a partner too: which of them had one.
    partners: Vec<Partners>,
}

struct Partners {
    depth: usize,
    had: RefCell<FxHashSet<*const Row>>,
}

type Emit<'e, 'r> = &'e mut dyn FnMut(&Frame<'_, 'r>) -> Result<bool>;

impl<'r> Execution<'r> {
    /// Visits every combination of rows that the sources and conditions let through, until `emit` says no.
    pub(in crate::query) fn each_combination(
        &self,
        plan: &SelectPlan,
        outer: Option<&Frame<'_, 'r>>,
        emit: Emit<'_, 'r>,
    ) -> Result<bool> {
        match &plan.covering {
            Some(covering) => self.each_entry((plan, covering), 0, outer, emit),
            None => self.each_combination_of(plan, &plan.levels, outer, emit),
        }
    }

    /// The same for the first of the sources; those behind them bring no row.
    pub(in crate::query) fn each_combination_of(
        &self,
        plan: &SelectPlan,
        levels: &[Level],
        outer: Option<&Frame<'_, 'r>>,
        emit: Emit<'_, 'r>,
    ) -> Result<bool> {
        const USUAL: usize = 4;
        let small: [Cell<Option<(RowId, &'r Row)>>; USUAL] = Default::default();
        let large: Vec<Cell<Option<(RowId, &'r Row)>>>;
        let rows = if plan.sources <= USUAL {
            &small[..plan.sources]
        } else {
            large = vec![Cell::new(None); plan.sources];
            &large[..]
        };
        let frame = Frame::within(self, rows, outer);
        if !all_hold(&plan.gate, &frame)? {
            return Ok(true);
        }
        let outlasts = |it: &Level| matches!(it.kind, JoinKind::Right | JoinKind::Full);
        let partners = levels.iter().enumerate().filter(|(_, it)| outlasts(it));
        let partners = partners.map(|(depth, _)| Partners { depth, had: RefCell::default() }).collect();
        let walk = Walk { levels, partners };
        if !self.descend(&walk, 0, &frame, emit)? {
            return Ok(false);
        }
        // From left to right: rows of a source that had no partner may be partners of rows of a later one.
        for partners in &walk.partners {
            if !self.lonely(&walk, partners, &frame, emit)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Goes on with the rows of a source that had no partner.
    fn lonely(&self, walk: &Walk<'_>, partners: &Partners, frame: &Frame<'_, 'r>, emit: Emit<'_, 'r>) -> Result<bool> {
        let level = &walk.levels[partners.depth];
        let cell = &frame.rows[level.source as usize];
        let mut outcome = Ok(true);
        self.each_of_all(level, frame, &mut |id, row| {
            if partners.had.borrow().contains(&std::ptr::from_ref(row)) {
                return true;
            }
            cell.set(Some((id, row)));
            outcome = all_hold(&level.after, frame)
                .and_then(|fits| if fits { self.descend(walk, partners.depth + 1, frame, emit) } else { Ok(true) });
            matches!(outcome, Ok(true))
        })?;
        cell.set(None);
        outcome
    }

    fn descend(&self, walk: &Walk<'_>, depth: usize, frame: &Frame<'_, 'r>, emit: Emit<'_, 'r>) -> Result<bool> {
        let Some(level) = walk.levels.get(depth) else { return emit(frame) };
        let kind = level.kind;
        let had = match kind {
            JoinKind::Right | JoinKind::Full => walk.partners.iter().find(|it| it.depth == depth),
            _ => None,
        };
        let only_whether = matches!(kind, JoinKind::Semi | JoinKind::Anti);
        let cell = &frame.rows[level.source as usize];
        let mut partner = false;
        let mut outcome = Ok(true);
        self.each_row(level, frame, &mut |id, row| {
            cell.set(Some((id, row)));
            let next = all_hold(&level.on, frame).and_then(|fits| {
                if !fits {
                    return Ok(true);
                }
                partner = true;
                if only_whether {
                    return Ok(true);
                }
                if let Some(partners) = had {
                    partners.had.borrow_mut().insert(row);
                }
                if all_hold(&level.after, frame)? { self.descend(walk, depth + 1, frame, emit) } else { Ok(true) }
            });
            let going = matches!(next, Ok(true));
            if !going {
                outcome = next;
            }
            going && !(only_whether && partner)
        })?;
        cell.set(None);
        let alone = match kind {
            JoinKind::Left | JoinKind::Full | JoinKind::Anti => !partner,
            JoinKind::Semi => partner,
            JoinKind::Inner | JoinKind::Right => false,
        };
        if matches!(outcome, Ok(true)) && alone && all_hold(&level.after, frame)? {
            return self.descend(walk, depth + 1, frame, emit);
        }
        outcome
    }
}
