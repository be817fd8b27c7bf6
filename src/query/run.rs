//! Carrying out a query: each source in turn binds a row, the innermost combination goes out.
//!
//! Rows are only borrowed until one goes out, from the image or from where the rows of inner queries are kept; joins and
//! aggregates clone none.

mod access;
mod arena;
mod combine;
mod covered;
mod hash;
mod origin;
mod outcome;
mod sets;
mod windows;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Instant;

use rustc_hash::{FxHashMap, FxHashSet};

use super::answer::Answer;
use super::frame::Frame;
use super::plan::{Bounded, Level, Origin, SelectPlan};
use super::profile::Profile;
use super::rows::Rows;
use super::whole::{is_whole, run_whole};
use crate::error::{Misuse, Result};
use crate::expr::Moment;
use crate::record::Row;
use crate::store::{Finger, Image};
use crate::value::{Value, ValueRef};

pub(super) use arena::Arena;
use hash::HashTable;
pub(super) use outcome::{compare, put};

/// What a statement is given when it runs.
#[derive(Clone, Copy)]
pub(super) struct Given<'r> {
    pub(super) parameters: &'r [Value],
    pub(super) keys: &'r [Value],
    pub(super) moment: &'r Moment<'r>,
}

impl<'r> Given<'r> {
    /// The keys of so many scalars, each once, with its position; but for those with a NULL, which no row has.
    pub(super) fn each_key(&self, width: usize) -> impl Iterator<Item = (u32, &'r [Value])> + use<'r> {
        let keys = self.keys.chunks_exact(width);
        // A key that is given twice does not bring its rows twice. Keys mostly rise, and then none is.
        let rising = keys.clone().is_sorted_by(|a, b| a < b);
        let mut seen = FxHashSet::default();
        seen.reserve(if rising { 0 } else { keys.len() });
        (0..).zip(keys).filter(move |(_, key)| !key.iter().any(Value::is_null) && (rising || seen.insert(*key)))
    }
}

/// What a statement is carried out with.
pub(super) struct Execution<'r> {
    pub(super) image: &'r Image,
    pub(super) given: Given<'r>,
    /// How many rows were looked at.
    pub(super) read: Cell<u64>,
    /// Which of the given keys has brought the row at which the first source stands.
    pub(super) key: Cell<u32>,
    /// Where it is written down what each part of the plan does.
    pub(super) profile: Option<&'r Profile>,
    /// Where the rows of inner queries are kept.
    arena: &'r Arena,
    /// By level and, where that is not a table, by the rows.
    hashes: RefCell<FxHashMap<(*const Level, *const Row), Rc<HashTable<'r>>>>,
    /// Where sources that are merged stand in their indexes, by level.
    fingers: RefCell<FxHashMap<*const Level, Rc<RefCell<Finger<'r>>>>>,
    /// What subqueries that read nothing of the selects around them have answered.
    answers: RefCell<FxHashMap<*const SelectPlan, Rc<Answer>>>,
    /// What sources that read nothing around them have brought, by their plan.
    found: RefCell<FxHashMap<*const (), &'r [Row]>>,
    /// What recursive queries that run have found last.
    working: RefCell<FxHashMap<usize, &'r [Row]>>,
}

/// Which part of the rows comes out.
#[derive(Clone, Copy)]
pub(super) struct Page {
    pub(super) offset: usize,
    pub(super) limit: Option<usize>,
}

impl<'r> Execution<'r> {
    pub(super) fn new(image: &'r Image, given: Given<'r>, arena: &'r Arena) -> Self {
        Execution {
            image,
            given,
            read: Cell::new(0),
            key: Cell::new(0),
            profile: None,
            arena,
            hashes: RefCell::default(),
            fingers: RefCell::default(),
            answers: RefCell::default(),
            found: RefCell::default(),
            working: RefCell::default(),
        }
    }

    /// The same with nothing known yet, for rows that live shorter.
    pub(super) fn again<'s>(&'s self) -> Execution<'s>
    where
        'r: 's,
    {
        Execution::new(self.image, self.given, self.arena)
    }

    /// About how many groups a query may have: no more than there are rows in the table that it reads.
    pub(super) fn expected(&self, plan: &SelectPlan) -> usize {
        match plan.levels.first().map(|it| &it.origin) {
            Some(Origin::Table(table)) => self.image.table(*table).len(),
            _ => 0,
        }
    }

    /// Runs a query.
    pub(super) fn select(&self, plan: &SelectPlan) -> Result<Rows> {
        if is_whole(plan) {
            return run_whole(self, plan);
        }
        self.rows(plan, None)
    }

    /// What a query brings, within the rows at which the selects around it stand.
    pub(super) fn rows(&self, plan: &SelectPlan, outer: Option<&Frame<'_, 'r>>) -> Result<Rows> {
        if let Some(profile) = self.profile {
            let start = Instant::now();
            let rows = self.rows_unwatched(plan, outer)?;
            profile.add_select(plan, rows.len() as u64, start);
            return Ok(rows);
        }
        self.rows_unwatched(plan, outer)
    }

    fn rows_unwatched(&self, plan: &SelectPlan, outer: Option<&Frame<'_, 'r>>) -> Result<Rows> {
        let page = self.page(plan.limit.as_ref(), plan.offset.as_ref(), outer)?;
        if plan.compounds.is_empty() {
            return self.core(plan, &plan.order_by, page, outer);
        }
        self.put_together(plan, page, outer)
    }

    /// How many rows come out, and how many are passed over.
    pub(super) fn page(
        &self,
        limit: Option<&Bounded>,
        offset: Option<&Bounded>,
        outer: Option<&Frame<'_, 'r>>,
    ) -> Result<Page> {
        let frame = Frame::within(self, &[], outer);
        let number = |it: Option<&Bounded>| match it {
            None => Ok(None),
            Some(it) => match it.evaluate(&frame)?.get() {
                ValueRef::Null => Ok(None),
                ValueRef::Int(it) => Ok(usize::try_from(it).ok()),
                other => Err(Misuse::Operation { operation: "LIMIT", operands: vec![other.to_value()] }.into()),
            },
        };
        let (limit, offset) = (number(limit), number(offset));
        let (limit, offset): (Result<_>, Result<_>) = (limit, offset);
        Ok(Page { limit: limit?, offset: offset?.unwrap_or(0) })
    }

    /// What a subquery brings, computed once for the statement where nothing around it matters.
    pub(super) fn answer(&self, plan: &SelectPlan, around: &Frame<'_, 'r>) -> Result<Rc<Answer>> {
        if let Some(known) = self.answers.borrow().get(&std::ptr::from_ref(plan)) {
            return Ok(known.clone());
        }
        let answer = Rc::new(Answer::of(&self.rows(plan, Some(around))?));
        if !plan.correlated {
            self.answers.borrow_mut().insert(plan, answer.clone());
        }
        Ok(answer)
    }

    /// Whether a subquery brings any row.
    pub(super) fn brings_any(&self, plan: &SelectPlan, around: &Frame<'_, 'r>) -> Result<bool> {
        let plain = plan.grouping.is_none() && plan.compounds.is_empty();
        if !plain || plan.limit.is_some() || plan.offset.is_some() {
            return Ok(self.answer(plan, around)?.count > 0);
        }
        if let Some(known) = self.answers.borrow().get(&std::ptr::from_ref(plan)) {
            return Ok(known.count > 0);
        }
        let mut found = false;
        self.each_combination(plan, Some(around), &mut |_| {
            found = true;
            Ok(false)
        })?;
        if !plan.correlated {
            self.answers.borrow_mut().insert(plan, Rc::new(Answer::whether(found)));
        }
        Ok(found)
    }
}

/// Whether all conditions are true.
#[inline]
pub(super) fn all_hold(conditions: &[Bounded], frame: &Frame<'_, '_>) -> Result<bool> {
    for condition in conditions {
        if !condition.holds(frame)?.is_true() {
            return Ok(false);
        }
    }
    Ok(true)
}
