//! Which places a frame holds.

use std::ops::Range;

use super::{Arrangement, At, Distance};
use crate::error::{Misuse, Result};
use crate::query::leaf::FrameUnit;
use crate::query::plan::BoundWindow;
use crate::query::select::Direction;
use crate::value::{Value, ValueRef};

/// The frames of one window.
pub(super) struct Frames<'a> {
    arrangement: &'a Arrangement,
    unit: FrameUnit,
    start: Distance,
    end: Distance,
    /// Whether greater keys come first.
    falling: bool,
}

impl<'a> Frames<'a> {
    pub(super) fn of(window: &BoundWindow, arrangement: &'a Arrangement, at: At<'_>) -> Result<Self> {
        let falling = window.order_by.first().is_some_and(|it| it.direction == Direction::Descending);
        let usual = |start, end| Frames { arrangement, unit: FrameUnit::Range, start, end, falling };
        let Some(frame) = &window.frame else {
            return Ok(usual(Distance::Unbounded, Distance::Current));
        };
        if arrangement.rows.is_empty() {
            return Ok(usual(Distance::Unbounded, Distance::Unbounded));
        }
        let (start, end) = (Distance::of(&frame.start, at)?, Distance::of(&frame.end, at)?);
        for distance in [&start, &end] {
            let (Distance::Before(it) | Distance::After(it)) = distance else { continue };
            let by_value = frame.unit == FrameUnit::Range;
            if by_value && window.order_by.len() != 1 {
                let reason = "a frame by distance in value needs an order by one key".to_owned();
                return Err(Misuse::Statement { reason }.into());
            }
            let fits = match it {
                Value::Int(it) => *it >= 0,
                Value::Float(it) => by_value && *it >= 0.0,
                _ => false,
            };
            if !fits {
                return Err(
                    Misuse::Operation { operation: "the distance of a frame", operands: vec![it.clone()] }.into()
                );
            }
        }
        Ok(Frames { arrangement, unit: frame.unit, start, end, falling })
    }

    /// Whether every frame reaches to the end of its partition.
    pub(super) fn reach_the_end(&self) -> bool {
        matches!(self.end, Distance::Unbounded)
    }

    /// The frame of the row at a place, within its partition.
    pub(super) fn at(&self, place: usize, partition: &Range<usize>) -> Result<Range<usize>> {
        let start = match &self.start {
            Distance::Unbounded => partition.start,
            Distance::Current if self.unit == FrameUnit::Rows => place,
            Distance::Current => self.arrangement.peers(place).start,
            Distance::Before(it) => self.away(place, it, true, partition)?.start,
            Distance::After(it) => self.away(place, it, false, partition)?.start,
        };
        let end = match &self.end {
            Distance::Unbounded => partition.end,
            Distance::Current if self.unit == FrameUnit::Rows => place + 1,
            Distance::Current => self.arrangement.peers(place).end,
            Distance::Before(it) => self.away(place, it, true, partition)?.end,
            Distance::After(it) => self.away(place, it, false, partition)?.end,
        };
        Ok(start..end.max(start))
    }

    /// The places that are exactly so far away: one row, a group, or the rows with that value; empty where there are none,
    /// at the place where they would be.
    fn away(&self, place: usize, by: &Value, before: bool, partition: &Range<usize>) -> Result<Range<usize>> {
        let steps = if let Value::Int(it) = by { usize::try_from(*it).unwrap_or(usize::MAX) } else { 0 };
        Ok(match self.unit {
            FrameUnit::Rows => {
                let target = if before { place.checked_sub(steps) } else { place.checked_add(steps) };
                match target {
                    Some(it) if partition.contains(&it) => it..it + 1,
                    _ if before => partition.start..partition.start,
                    _ => partition.end..partition.end,
                }
            }
            FrameUnit::Groups => {
                let (groups, group) = (&self.arrangement.groups, self.arrangement.group[place]);
                let target = if before { group.checked_sub(steps) } else { group.checked_add(steps) };
                match target.filter(|it| it + 1 < groups.len()).map(|it| groups[it]..groups[it + 1]) {
                    Some(it) if partition.contains(&it.start) => it,
                    _ if before => partition.start..partition.start,
                    _ => partition.end..partition.end,
                }
            }
            FrameUnit::Range => self.by_value(place, by, before, partition)?,
        })
    }

    fn by_value(&self, place: usize, by: &Value, before: bool, partition: &Range<usize>) -> Result<Range<usize>> {
        let key = |place: usize| &self.arrangement.keys[self.arrangement.rows[place]][0];
        let own = key(place);
        if own.is_null() {
            // No distance leads away from NULL: its equals are as near as it gets.
            return Ok(self.arrangement.peers(place));
        }
        let target = moved(own.as_ref(), by.as_ref(), before != self.falling)?;
        // NULLs stand together at one end.
        let first = partition.start + self.count(partition, |it| key(it).is_null() && key(partition.start).is_null());
        let last = first + self.count(&(first..partition.end), |it| !key(it).is_null());
        let known = first..last;
        let less = |it: usize| if self.falling { *key(it) > target } else { *key(it) < target };
        let through = |it: usize| *key(it) == target || less(it);
        Ok(first + self.count(&known, less)..first + self.count(&known, through))
    }

    /// How many places at the beginning fulfil a condition that no place fulfils behind one that does not.
    fn count(&self, places: &Range<usize>, holds: impl Fn(usize) -> bool) -> usize {
        let (mut low, mut high) = (places.start, places.end);
        while low < high {
            let middle = low + (high - low) / 2;
            if holds(middle) { low = middle + 1 } else { high = middle }
        }
        low - places.start
    }
}

/// A key less or more by a distance.
fn moved(key: ValueRef<'_>, by: ValueRef<'_>, less: bool) -> Result<Value> {
    let float = |it: ValueRef<'_>| match it {
        ValueRef::Int(it) => Some(it as f64),
        ValueRef::Float(it) => Some(it),
        _ => None,
    };
    if let (ValueRef::Int(key), ValueRef::Int(by)) = (key, by)
        && let Some(it) = if less { key.checked_sub(by) } else { key.checked_add(by) }
    {
        return Ok(Value::Int(it));
    }
    match (float(key), float(by)) {
        (Some(key), Some(by)) => Ok(Value::Float(if less { key - by } else { key + by })),
        _ => Err(Misuse::Operation { operation: "RANGE", operands: vec![key.to_value(), by.to_value()] }.into()),
    }
}
