//! Window functions, over rows that are all there.
//!
//! Rows are sorted once for each different arrangement, that is partition and order, however many windows have it. What
//! stands in a frame is then a range of places. Frames mostly move on: what an aggregate has taken stays, what comes in is
//! taken, and what goes out is given back where that is exact; only where it is not, the frame is gone through again.

mod frame;

use std::ops::Range;

use super::aggregate::Running;
use super::leaf::{Aggregate, WindowFunction};
use super::plan::{BoundEnd, BoundLeaf, BoundWindow, Bounded, SortKey};
use super::run::compare;
use crate::error::{Misuse, Result};
use crate::expr::Expr;
use crate::value::{Truth, Value, ValueRef};

use frame::Frames;

/// Evaluates an expression at a row.
type At<'a> = &'a dyn Fn(usize, &Bounded) -> Result<Value>;

/// Computes every window for every row: one list for each window, in the order of the rows. `at` evaluates an expression
/// at a row.
pub(super) fn compute(windows: &[BoundWindow], rows: usize, at: At<'_>) -> Result<Vec<Vec<Value>>> {
    let mut arranged: Vec<(&BoundWindow, Arrangement)> = Vec::new();
    let mut all = Vec::with_capacity(windows.len());
    for window in windows {
        let known = arranged.iter().position(|(other, _)| arranged_alike(other, window));
        let known = match known {
            Some(known) => known,
            None => {
                arranged.push((window, Arrangement::of(window, rows, at)?));
                arranged.len() - 1
            }
        };
        let mut values = vec![Value::Null; rows];
        let arrangement = &arranged[known].1;
        let frames = Frames::of(window, arrangement, at)?;
        for partition in arrangement.partitions() {
            let part = Part { window, arrangement, frames: &frames, at, places: partition };
            part.compute(&mut |place, value| values[arrangement.rows[place]] = value)?;
        }
        all.push(values);
    }
    Ok(all)
}

/// Whether two windows surely arrange rows in the same way. Only what is simple is compared: sorting once more is no harm.
fn arranged_alike(a: &BoundWindow, b: &BoundWindow) -> bool {
    let simple = |a: &Bounded, b: &Bounded| match (a, b) {
        (Expr::Leaf(BoundLeaf::Column { up: a, source: b, column: c }), Expr::Leaf(other)) => {
            matches!(other, BoundLeaf::Column { up, source, column } if (a, b, c) == (up, source, column))
        }
        (Expr::Leaf(BoundLeaf::GroupKey(a)), Expr::Leaf(BoundLeaf::GroupKey(b)))
        | (Expr::Leaf(BoundLeaf::Aggregate(a)), Expr::Leaf(BoundLeaf::Aggregate(b))) => a == b,
        _ => false,
    };
    let key = |a: &SortKey, b: &SortKey| (a.direction, a.nulls) == (b.direction, b.nulls) && simple(&a.by, &b.by);
    a.partition_by.len() == b.partition_by.len()
        && a.order_by.len() == b.order_by.len()
        && a.partition_by.iter().zip(&b.partition_by).all(|(a, b)| simple(a, b))
        && a.order_by.iter().zip(&b.order_by).all(|(a, b)| key(a, b))
}

/// Rows in the order of their partitions, and in each of them in the order of the window.
struct Arrangement {
    /// The row at each place.
    rows: Vec<usize>,
    /// What each row is ordered by.
    keys: Vec<Vec<Value>>,
    /// The first place of each partition, and the number of rows at the end.
    borders: Vec<usize>,
    /// The first place of each group of rows that are equal in the order, and the number of rows at the end.
    groups: Vec<usize>,
    /// The group at each place.
    group: Vec<usize>,
}

impl Arrangement {
    fn of(window: &BoundWindow, count: usize, at: At<'_>) -> Result<Self> {
        let (mut parts, mut keys) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for row in 0..count {
            parts.push(window.partition_by.iter().map(|it| at(row, it)).collect::<Result<Vec<_>>>()?);
            keys.push(window.order_by.iter().map(|it| at(row, &it.by)).collect::<Result<Vec<_>>>()?);
        }
        let mut rows: Vec<usize> = (0..count).collect();
        rows.sort_by(|&a, &b| parts[a].cmp(&parts[b]).then_with(|| compare(&keys[a], &keys[b], &window.order_by)));
        let (mut borders, mut groups, mut group) = (Vec::new(), Vec::new(), Vec::with_capacity(count));
        for place in 0..count {
            let before = place.checked_sub(1).map(|it| rows[it]);
            let apart = before.is_none_or(|it| parts[it] != parts[rows[place]]);
            if apart {
                borders.push(place);
            }
            if apart || before.is_none_or(|it| compare(&keys[it], &keys[rows[place]], &window.order_by).is_ne()) {
                groups.push(place);
            }
            group.push(groups.len() - 1);
        }
        borders.push(count);
        groups.push(count);
        Ok(Arrangement { rows, keys, borders, groups, group })
    }

    fn partitions(&self) -> impl Iterator<Item = Range<usize>> {
        self.borders.windows(2).map(|it| it[0]..it[1])
    }

    /// The places of the rows that are equal in the order to the one at a place.
    fn peers(&self, place: usize) -> Range<usize> {
        let group = self.group[place];
        self.groups[group]..self.groups[group + 1]
    }
}

/// One window over one partition.
struct Part<'a> {
    window: &'a BoundWindow,
    arrangement: &'a Arrangement,
    frames: &'a Frames<'a>,
    at: At<'a>,
    places: Range<usize>,
}

/// Takes what has come out at a place.
type Put<'a> = &'a mut dyn FnMut(usize, Value);

impl Part<'_> {
    fn compute(&self, put: Put<'_>) -> Result<()> {
        use WindowFunction::*;
        match self.window.function {
            RowNumber | Rank | DenseRank | PercentRank | CumulativeDistribution | Ntile => {
                for place in self.places.clone() {
                    put(place, self.ranked(place)?);
                }
            }
            Lag | Lead => {
                for place in self.places.clone() {
                    put(place, self.shifted(place)?);
                }
            }
            FirstValue | LastValue | NthValue => {
                for place in self.places.clone() {
                    put(place, self.picked(place)?);
                }
            }
            Aggregate(function) => self.aggregated(function, put)?,
        }
        Ok(())
    }

    /// An operand at a place.
    fn operand(&self, position: usize, place: usize) -> Result<Option<Value>> {
        let operand = self.window.operands.get(position);
        operand.map(|it| (self.at)(self.arrangement.rows[place], it)).transpose()
    }

    fn value(&self, place: usize) -> Result<Value> {
        Ok(self.operand(0, place)?.unwrap_or_default())
    }

    fn ranked(&self, place: usize) -> Result<Value> {
        let (start, count) = (self.places.start, self.places.len());
        let peers = self.arrangement.peers(place);
        let rank = peers.start - start;
        Ok(match self.window.function {
            WindowFunction::RowNumber => int(place - start + 1),
            WindowFunction::Rank => int(rank + 1),
            WindowFunction::DenseRank => int(self.arrangement.group[place] - self.arrangement.group[start] + 1),
            WindowFunction::PercentRank if count == 1 => Value::Float(0.0),
            WindowFunction::PercentRank => Value::Float(rank as f64 / (count - 1) as f64),
            WindowFunction::CumulativeDistribution => Value::Float((peers.end - start) as f64 / count as f64),
            _ => {
                let Some(parts) = self.count_at(0, place, "ntile", 1)? else { return Ok(Value::Null) };
                let (place, size, larger) = (place - start, count / parts, count % parts);
                // The first parts take one row more, where there are not as many in each.
                let within = larger * (size + 1);
                int(1 + if place < within { place / (size + 1) } else { larger + (place - within) / size })
            }
        })
    }

    /// An operand that counts something, from `least` on; nothing if it is NULL.
    fn count_at(&self, position: usize, place: usize, name: &'static str, least: i64) -> Result<Option<usize>> {
        match self.operand(position, place)? {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Int(it)) if it >= least => Ok(Some(usize::try_from(it).unwrap_or(usize::MAX))),
            Some(other) => Err(Misuse::Operation { operation: name, operands: vec![other] }.into()),
        }
    }

    /// The operand so many rows before or after.
    fn shifted(&self, place: usize) -> Result<Value> {
        let back = self.window.function == WindowFunction::Lag;
        let by = match self.operand(1, place)? {
            None => 1,
            Some(Value::Null) => return Ok(Value::Null),
            Some(Value::Int(it)) => i128::from(it),
            Some(other) => {
                let operation = if back { "lag" } else { "lead" };
                return Err(Misuse::Operation { operation, operands: vec![other] }.into());
            }
        };
        let target = place as i128 + if back { -by } else { by };
        match usize::try_from(target) {
            Ok(target) if self.places.contains(&target) => self.value(target),
            _ => Ok(self.operand(2, place)?.unwrap_or_default()),
        }
    }

    /// The operand in one row of the frame.
    fn picked(&self, place: usize) -> Result<Value> {
        let frame = self.frames.at(place, &self.places)?;
        let place = match self.window.function {
            WindowFunction::FirstValue => Some(frame.start),
            WindowFunction::LastValue => frame.end.checked_sub(1),
            _ => self.count_at(1, place, "nth_value", 1)?.and_then(|it| frame.start.checked_add(it - 1)),
        };
        place.filter(|it| frame.contains(it)).map_or(Ok(Value::Null), |it| self.value(it))
    }

    fn aggregated(&self, function: Aggregate, put: Put<'_>) -> Result<()> {
        let taken = self.places.clone().map(|it| self.taken(it)).collect::<Result<Vec<_>>>()?;
        let mut moving = Moving { function, taken: &taken, first: self.places.start, running: None, frame: 0..0 };
        // Where every frame reaches to the end, the last row has the least one, and others only add to it. The order of
        // texts cannot be turned around.
        let backwards = self.frames.reach_the_end() && function != Aggregate::Concat;
        let mut one = |place| -> Result<()> {
            let frame = self.frames.at(place, &self.places)?;
            put(place, moving.to(frame)?);
            Ok(())
        };
        if backwards {
            self.places.clone().rev().try_for_each(&mut one)
        } else {
            self.places.clone().try_for_each(&mut one)
        }
    }

    /// What an aggregate takes of a row.
    fn taken(&self, place: usize) -> Result<Taken> {
        if let Some(filter) = &self.window.filter {
            let filter = (self.at)(self.arrangement.rows[place], filter)?;
            if Truth::of(filter.as_ref()) != Some(Truth::True) {
                return Ok(Taken::Nothing);
            }
        }
        Ok(match self.operand(0, place)? {
            None => Taken::Row,
            Some(Value::Null) => Taken::Nothing,
            Some(operand) => Taken::Operand(operand, self.operand(1, place)?),
        })
    }
}

fn int(it: usize) -> Value {
    Value::Int(it as i64)
}

/// What an aggregate takes of a row.
enum Taken {
    Nothing,
    /// That it is there.
    Row,
    /// An operand and a separator.
    Operand(Value, Option<Value>),
}

/// An aggregate over a frame that moves.
struct Moving<'a> {
    function: Aggregate,
    taken: &'a [Taken],
    /// The place of the first of `taken`.
    first: usize,
    running: Option<Running>,
    /// The frame that `running` is about.
    frame: Range<usize>,
}

impl Moving<'_> {
    /// Moves to a frame.
    fn to(&mut self, frame: Range<usize>) -> Result<Value> {
        let Range { start, end } = self.frame.clone();
        let overlaps = self.running.is_some() && frame.start <= end && frame.end >= start;
        let grows_back = frame.start < start && frame.end == end && self.function != Aggregate::Concat;
        let moves_on = frame.start >= start && frame.end >= end;
        let kept = overlaps && (grows_back || (moves_on && self.give_back(start..frame.start)));
        if kept && grows_back {
            self.take(frame.start..start)?;
        } else if kept {
            self.take(end..frame.end)?;
        } else {
            self.running = None;
            self.take(frame.clone())?;
        }
        self.frame = frame;
        self.running.get_or_insert_with(|| Running::start(self.function)).value()
    }

    fn take(&mut self, places: Range<usize>) -> Result<()> {
        let running = self.running.get_or_insert_with(|| Running::start(self.function));
        for place in places {
            match &self.taken[place - self.first] {
                Taken::Nothing => {}
                Taken::Row => running.count_row(),
                Taken::Operand(operand, separator) => {
                    running.take(operand.as_ref(), separator.as_ref().map(Value::as_ref))?;
                }
            }
        }
        Ok(())
    }

    /// Gives back what goes out; says whether that could be done.
    fn give_back(&mut self, places: Range<usize>) -> bool {
        let Some(running) = &mut self.running else { return places.is_empty() };
        places.into_iter().all(|place| match &self.taken[place - self.first] {
            Taken::Nothing => true,
            Taken::Row => running.give_back(ValueRef::Null),
            Taken::Operand(operand, _) => running.give_back(operand.as_ref()),
        })
    }
}

/// How far an end of a frame is away.
enum Distance {
    Unbounded,
    Current,
    Before(Value),
    After(Value),
}

impl Distance {
    /// It is the same for all rows.
    fn of(end: &BoundEnd, at: At<'_>) -> Result<Self> {
        Ok(match end {
            BoundEnd::Unbounded => Distance::Unbounded,
            BoundEnd::Current => Distance::Current,
            BoundEnd::Preceding(it) => Distance::Before(at(0, it)?),
            BoundEnd::Following(it) => Distance::After(at(0, it)?),
        })
    }
}
