//! Carrying out a query: each source in turn binds a row, the innermost combination goes out.
//!
//! Rows are only borrowed from the image until one goes out; joins and aggregates clone none.

use std::cell::{Cell, RefCell};
use std::ops::Bound;
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::answer::Answer;
use super::frame::Frame;
use super::group::run_grouped;
use super::plan::{Access, BoundOutput, Bounded, Level, SelectPlan};
use super::rows::Rows;
use super::select::{Direction, JoinKind};
use super::whole::{is_whole, run_whole};
use crate::error::Result;
use crate::expr::Scalar;
use crate::id::RowId;
use crate::record::Row;
use crate::store::{Image, Order};
use crate::value::{Value, ValueRef};

/// What a statement is carried out with.
pub(super) struct Execution<'r> {
    pub(super) image: &'r Image,
    pub(super) parameters: &'r [Value],
    pub(super) keys: &'r [Value],
    /// How many rows were looked at.
    pub(super) read: Cell<u64>,
    hashes: RefCell<FxHashMap<*const Level, Rc<HashTable<'r>>>>,
    /// What subqueries that read nothing of the selects around them have answered.
    answers: RefCell<FxHashMap<*const SelectPlan, Rc<Answer>>>,
}

type HashTable<'r> = FxHashMap<Vec<Value>, Vec<(RowId, &'r Row)>>;

impl<'r> Execution<'r> {
    pub(super) fn new(image: &'r Image, parameters: &'r [Value], keys: &'r [Value]) -> Self {
        Execution {
            image,
            parameters,
            keys,
            read: Cell::new(0),
            hashes: RefCell::default(),
            answers: RefCell::default(),
        }
    }

    /// Runs a query.
    pub(super) fn select(&self, plan: &SelectPlan) -> Result<Rows> {
        if is_whole(plan) {
            return run_whole(self, plan);
        }
        self.select_within(plan, None)
    }

    fn select_within(&self, plan: &SelectPlan, outer: Option<&Frame<'_, 'r>>) -> Result<Rows> {
        let row_width = plan.outputs.iter().filter(|it| matches!(it, BoundOutput::Row(_))).count();
        let value_width = plan.outputs.len() - row_width;
        let mut out = Rows { row_width, value_width, ..Rows::default() };
        if plan.limit == Some(0) {
            return Ok(out);
        }
        let mut sorted: Vec<Sorted> = Vec::new();
        let mut seen = FxHashSet::default();
        let mut to_skip = plan.offset;
        let mut emit = |frame: &Frame<'_, 'r>| -> Result<bool> {
            if !plan.order_by.is_empty() {
                sorted.push(Sorted::take(plan, frame)?);
                return Ok(true);
            }
            if plan.distinct {
                let values = values_of(plan, frame)?;
                if !seen.insert(values.clone()) {
                    return Ok(true);
                }
            }
            if to_skip > 0 {
                to_skip -= 1;
                return Ok(true);
            }
            put(plan, frame, &mut out)?;
            Ok(plan.limit.is_none_or(|limit| (out.count as u64) < limit))
        };
        match &plan.grouping {
            Some(grouping) => run_grouped(self, plan, grouping, outer, &mut emit)?,
            None => {
                self.each_combination(plan, outer, &mut emit)?;
            }
        }
        if !plan.order_by.is_empty() {
            finish_sorted(plan, sorted, &mut out);
        }
        Ok(out)
    }

    /// How many combinations there are, where that is known without a visit: all rows of a table, or all that agree in
    /// the first columns of an index.
    pub(super) fn count(&self, plan: &SelectPlan, outer: Option<&Frame<'_, 'r>>) -> Result<Option<usize>> {
        let [Level { table, access, on, after, .. }] = &plan.levels[..] else { return Ok(None) };
        if !on.is_empty() || !after.is_empty() {
            return Ok(None);
        }
        let table = self.image.table(*table);
        match access {
            Access::Scan => Ok(Some(table.len())),
            Access::Index { index, equal, range: (Bound::Unbounded, Bound::Unbounded), .. } => {
                let frame = Frame { execution: self, rows: &[], outer, group: None };
                let equal = equal.iter().map(|it| it.evaluate(&frame)).collect::<Result<Vec<_>>>()?;
                let probe: Vec<ValueRef<'_>> = equal.iter().map(Scalar::get).collect();
                let null = probe.iter().any(|it| it.is_null());
                Ok(Some(if null { 0 } else { table.count_equal(*index, &probe) }))
            }
            _ => Ok(None),
        }
    }

    /// Visits every combination of rows that the sources and conditions let through, until `emit` says no.
    pub(super) fn each_combination(
        &self,
        plan: &SelectPlan,
        outer: Option<&Frame<'_, 'r>>,
        emit: &mut dyn FnMut(&Frame<'_, 'r>) -> Result<bool>,
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
        let frame = Frame { execution: self, rows, outer, group: None };
        self.descend(&plan.levels, &frame, emit)
    }

    fn descend(
        &self,
        levels: &[Level],
        frame: &Frame<'_, 'r>,
        emit: &mut dyn FnMut(&Frame<'_, 'r>) -> Result<bool>,
    ) -> Result<bool> {
        let Some((level, rest)) = levels.split_first() else { return emit(frame) };
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
                if all_hold(&level.after, frame)? { self.descend(rest, frame, emit) } else { Ok(true) }
            });
            let going = matches!(next, Ok(true));
            if !going {
                outcome = next;
            }
            going
        })?;
        cell.set(None);
        if matches!(outcome, Ok(true)) && !partner && level.kind == JoinKind::Left && all_hold(&level.after, frame)? {
            return self.descend(rest, frame, emit);
        }
        outcome
    }

    /// Visits the rows that an access brings, until `visit` says no.
    pub(super) fn each_row(
        &self,
        level: &Level,
        frame: &Frame<'_, 'r>,
        visit: &mut dyn FnMut(RowId, &'r Row) -> bool,
    ) -> Result<()> {
        let table = self.image.table(level.table);
        let mut visit = |id: RowId, row: &'r Row| {
            self.read.set(self.read.get() + 1);
            visit(id, row)
        };
        match &level.access {
            Access::Scan => {
                let _ = table.rows().all(|(id, row)| visit(id, row));
            }
            Access::Index { index, equal, range: (Bound::Unbounded, Bound::Unbounded), order: Order::Ascending }
                if equal.len() == 1 =>
            {
                // The commonest way by far, a lookup by one column, needs no list of its own.
                let value = equal[0].evaluate(frame)?;
                if !value.get().is_null() {
                    table.each_equal(*index, &[value.get()], visit);
                }
            }
            Access::Index { .. } => self.each_in_range(level, frame, &mut visit)?,
            Access::AnyOf { index, list } => {
                let mut values =
                    list.iter().map(|it| Ok(it.evaluate(frame)?.into_value())).collect::<Result<Vec<_>>>()?;
                values.retain(|it| !it.is_null());
                values.sort();
                values.dedup();
                let mut going = true;
                for value in values {
                    if going {
                        table.each_equal(*index, &[value.as_ref()], |id, row| {
                            going = visit(id, row);
                            going
                        });
                    }
                }
            }
            Access::Answer { index, subquery } => {
                let answer = self.answer(subquery, frame)?;
                let mut going = true;
                for value in answer.members() {
                    if going {
                        table.each_equal(*index, &[value.as_ref()], |id, row| {
                            going = visit(id, row);
                            going
                        });
                    }
                }
            }
            Access::Keys { index, columns } => self.each_key(level, *index, columns, &mut visit),
            Access::Hash { columns, equal } => {
                let probe = equal.iter().map(|it| Ok(it.evaluate(frame)?.into_value())).collect::<Result<Vec<_>>>()?;
                if !probe.iter().any(Value::is_null) {
                    let hash = self.hash(level, columns);
                    let found = hash.get(&probe).map_or(&[][..], Vec::as_slice);
                    let _ = found.iter().all(|&(id, row)| visit(id, row));
                }
            }
        }
        Ok(())
    }

    /// Visits the rows whose first index columns equal the given scalars and whose next one lies within the bounds.
    fn each_in_range(
        &self,
        level: &Level,
        frame: &Frame<'_, 'r>,
        visit: &mut impl FnMut(RowId, &'r Row) -> bool,
    ) -> Result<()> {
        let Access::Index { index, equal, range, order } = &level.access else { return Ok(()) };
        let table = self.image.table(level.table);
        let equal = equal.iter().map(|it| it.evaluate(frame)).collect::<Result<Vec<_>>>()?;
        let probe: Vec<ValueRef<'_>> = equal.iter().map(Scalar::get).collect();
        let (lower, upper) = (bound(&range.0, frame)?, bound(&range.1, frame)?);
        let (mut low, high) = (borrowed(&lower), borrowed(&upper));
        if matches!(low, Bound::Unbounded) && !matches!(high, Bound::Unbounded) {
            // NULL is less than everything in the index, and not less than anything in a condition.
            low = Bound::Excluded(ValueRef::Null);
        }
        let null =
            |it: &Bound<Scalar<'_>>| matches!(it, Bound::Included(it) | Bound::Excluded(it) if it.get().is_null());
        if !probe.iter().any(|it| it.is_null()) && !null(&lower) && !null(&upper) {
            table.each_within(*index, &probe, (low, high), *order, visit);
        }
        Ok(())
    }

    fn each_key(
        &self,
        level: &Level,
        index: Option<crate::id::IndexId>,
        columns: &[crate::id::ColumnId],
        visit: &mut impl FnMut(RowId, &'r Row) -> bool,
    ) {
        let table = self.image.table(level.table);
        let mut going = true;
        let mut probe: Vec<ValueRef<'_>> = Vec::with_capacity(columns.len());
        let keys = || self.keys.chunks_exact(columns.len());
        // A key that is given twice does not bring its rows twice. Keys mostly rise, and then none is.
        let rising = keys().is_sorted_by(|a, b| a < b);
        let mut seen = FxHashSet::default();
        for key in keys() {
            if !going {
                return;
            }
            if !rising && !seen.insert(key) {
                continue;
            }
            probe.clear();
            probe.extend(key.iter().map(Value::as_ref));
            if probe.iter().any(|it| it.is_null()) {
                continue;
            }
            match index {
                Some(index) => table.each_equal(index, &probe, |id, row| {
                    going = visit(id, row);
                    going
                }),
                None => {
                    let hash = self.hash(level, columns);
                    let found = hash.get(key).map_or(&[][..], Vec::as_slice);
                    going = found.iter().all(|&(id, row)| visit(id, row));
                }
            }
        }
    }

    /// What a subquery brings, computed once for the statement where nothing around it matters.
    pub(super) fn answer(&self, plan: &SelectPlan, around: &Frame<'_, 'r>) -> Result<Rc<Answer>> {
        if let Some(known) = self.answers.borrow().get(&std::ptr::from_ref(plan)) {
            return Ok(known.clone());
        }
        let answer = Rc::new(Answer::of(&self.select_within(plan, Some(around))?));
        if !plan.correlated {
            self.answers.borrow_mut().insert(plan, answer.clone());
        }
        Ok(answer)
    }

    /// Whether a subquery brings any row.
    pub(super) fn brings_any(&self, plan: &SelectPlan, around: &Frame<'_, 'r>) -> Result<bool> {
        if plan.grouping.is_some() || plan.limit.is_some() || plan.offset > 0 {
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

    /// The hash table of a level, made when it is first asked for.
    fn hash(&self, level: &Level, columns: &[crate::id::ColumnId]) -> Rc<HashTable<'r>> {
        let mut hashes = self.hashes.borrow_mut();
        let made = hashes.entry(std::ptr::from_ref(level)).or_insert_with(|| {
            let mut hash = HashTable::default();
            for (id, row) in self.image.table(level.table).rows() {
                self.read.set(self.read.get() + 1);
                hash.entry(crate::record::project(&**row, columns)).or_default().push((id, row));
            }
            Rc::new(hash)
        });
        made.clone()
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

fn bound<'a>(bound: &'a Bound<Bounded>, frame: &'a Frame<'_, '_>) -> Result<Bound<Scalar<'a>>> {
    Ok(match bound {
        Bound::Included(it) => Bound::Included(it.evaluate(frame)?),
        Bound::Excluded(it) => Bound::Excluded(it.evaluate(frame)?),
        Bound::Unbounded => Bound::Unbounded,
    })
}

fn borrowed<'a>(bound: &'a Bound<Scalar<'_>>) -> Bound<ValueRef<'a>> {
    match bound {
        Bound::Included(it) => Bound::Included(it.get()),
        Bound::Excluded(it) => Bound::Excluded(it.get()),
        Bound::Unbounded => Bound::Unbounded,
    }
}

fn values_of(plan: &SelectPlan, frame: &Frame<'_, '_>) -> Result<Vec<Value>> {
    let mut values = Vec::new();
    for output in &plan.outputs {
        if let BoundOutput::Value(it) = output {
            values.push(it.evaluate(frame)?.into_value());
        }
    }
    Ok(values)
}

/// Lets the combination go out.
fn put(plan: &SelectPlan, frame: &Frame<'_, '_>, out: &mut Rows) -> Result<()> {
    for output in &plan.outputs {
        match output {
            BoundOutput::Row(source) => {
                out.rows.push(frame.rows[*source as usize].get().map(|(_, row)| row.clone()));
            }
            BoundOutput::Value(it) => out.values.push(it.evaluate(frame)?.into_value()),
        }
    }
    out.count += 1;
    Ok(())
}

/// A combination that waits for its place in the order.
struct Sorted {
    by: Vec<Value>,
    rows: Vec<Option<Row>>,
    values: Vec<Value>,
}

impl Sorted {
    fn take(plan: &SelectPlan, frame: &Frame<'_, '_>) -> Result<Self> {
        let by = plan.order_by.iter().map(|(by, _)| Ok(by.evaluate(frame)?.into_value()));
        let by = by.collect::<Result<Vec<_>>>()?;
        let mut out = Rows::default();
        put(plan, frame, &mut out)?;
        Ok(Sorted { by, rows: out.rows, values: out.values })
    }
}

fn finish_sorted(plan: &SelectPlan, mut sorted: Vec<Sorted>, out: &mut Rows) {
    sorted.sort_by(|a, b| {
        let each = a.by.iter().zip(&b.by).zip(&plan.order_by).map(|((a, b), (_, direction))| match direction {
            Direction::Ascending => a.cmp(b),
            Direction::Descending => b.cmp(a),
        });
        each.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
    });
    let mut seen = FxHashSet::default();
    let different = sorted.into_iter().filter(|it| !plan.distinct || seen.insert(it.values.clone()));
    let limit = plan.limit.map_or(usize::MAX, |it| usize::try_from(it).unwrap_or(usize::MAX));
    for it in different.skip(usize::try_from(plan.offset).unwrap_or(usize::MAX)).take(limit) {
        out.rows.extend(it.rows);
        out.values.extend(it.values);
        out.count += 1;
    }
}
