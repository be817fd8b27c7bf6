//! Rows of a flush, and which of them comes before which.
//!
//! What is left when no row is ready are groups of rows that wait for each other. They are found once, and again only
//! within a group in which one row has come to wait less: a chain of rings that wait for each other takes about as much
//! longer as it is longer.

use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};

use super::FlushPlan;
use crate::id::ColumnId;
use crate::object::reference::ObjectKey;
use crate::schema::strongly_connected;

/// Why one row comes before another one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Why {
    /// The second takes a unique value that the first leaves.
    Value,
    /// The second refers by these attributes to the first, which is new.
    New(Vec<ColumnId>),
    /// The first has referred by these attributes to the second, which goes.
    Gone(Vec<ColumnId>),
}

/// Rows of a flush, and which of them comes before which.
pub(super) struct Order {
    pub(super) rows: Vec<ObjectKey>,
    pub(super) places: FxHashMap<ObjectKey, usize>,
    before: Vec<BTreeSet<usize>>,
    open: Vec<usize>,
    edges: BTreeMap<(usize, usize), BTreeSet<Why>>,
    placed: Vec<bool>,
    /// Why each row waits, once for each that it waits for.
    reasons: FxHashMap<usize, Vec<Why>>,
    groups: Option<Groups>,
    /// Foreign keys that are written when everything else is.
    pub(super) put_off: FxHashMap<ObjectKey, Vec<ColumnId>>,
}

/// Groups of rows that wait for each other.
#[derive(Default)]
struct Groups {
    /// The group of each row.
    of: Vec<usize>,
    /// For each group, how many of its rows' waits are for rows of others.
    held: Vec<usize>,
    rows: Vec<Vec<usize>>,
    /// Those that wait for no other and were not taken yet.
    free: Vec<usize>,
    /// How many rows were looked at to find groups.
    looks: usize,
}

impl Groups {
    /// One of the rows for which a group has waited is placed.
    fn free_from(&mut self, group: usize) {
        self.held[group] -= 1;
        if self.held[group] == 0 {
            self.free.push(group);
        }
    }
}

impl Order {
    pub(super) fn of(plan: &FlushPlan) -> Self {
        let deleted = plan.deleted.iter().copied().filter(|it| !plan.switches.is_taken(*it));
        Order::over(plan.saved.iter().copied().chain(deleted).collect())
    }

    fn over(rows: Vec<ObjectKey>) -> Self {
        let places = rows.iter().enumerate().map(|(at, it)| (*it, at)).collect();
        Order {
            before: vec![BTreeSet::new(); rows.len()],
            open: vec![0; rows.len()],
            placed: vec![false; rows.len()],
            rows,
            places,
            edges: BTreeMap::new(),
            reasons: FxHashMap::default(),
            groups: None,
            put_off: FxHashMap::default(),
        }
    }

    /// Lets one row come before another one.
    pub(super) fn put(&mut self, first: usize, second: usize, why: Why) {
        if first == second {
            return;
        }
        if self.edges.entry((first, second)).or_default().insert(why.clone()) {
            self.reasons.entry(second).or_default().push(why);
        }
        if self.before[first].insert(second) {
            self.open[second] += 1;
        }
    }

    /// Takes back one reason why a row comes before another one.
    pub(super) fn cut(&mut self, first: usize, second: usize, why: &Why) {
        let Some(whys) = self.edges.get_mut(&(first, second)) else { return };
        if !whys.remove(why) {
            return;
        }
        if whys.is_empty() && self.before[first].remove(&second) {
            self.open[second] -= 1;
        }
        self.settle(second, why);
    }

    /// Places rows; returns those that waited only for them.
    pub(super) fn place(&mut self, rows: &[usize]) -> Vec<usize> {
        rows.iter().for_each(|&at| self.placed[at] = true);
        let mut next = Vec::new();
        for &at in rows {
            for dependent in std::mem::take(&mut self.before[at]) {
                for why in self.edges.remove(&(at, dependent)).unwrap_or_default() {
                    self.settle(dependent, &why);
                }
                if let Some(groups) = &mut self.groups
                    && groups.of[at] != groups.of[dependent]
                {
                    groups.free_from(groups.of[dependent]);
                }
                self.open[dependent] -= 1;
                if self.open[dependent] == 0 && !self.placed[dependent] {
                    next.push(dependent);
                }
            }
        }
        next.sort_unstable();
        next
    }

    /// The rings within a group that are rings, too, without what rows that are exchanged leave to each other. Each of
    /// them has to be opened by itself.
    pub(super) fn inner_rings(&self, group: &[usize], is_exchanged: impl Fn(usize) -> bool) -> Vec<Vec<usize>> {
        let places: FxHashMap<usize, usize> = group.iter().enumerate().map(|(at, it)| (*it, at)).collect();
        let holds = |first: usize, (second, whys): &(usize, &BTreeSet<Why>)| {
            whys.iter().any(|it| *it != Why::Value) || !is_exchanged(first) || !is_exchanged(*second)
        };
        let after = |&first: &usize| -> Vec<usize> {
            let held = self.after(first).filter(|it| holds(first, it));
            held.filter_map(|it| places.get(&it.0).copied()).collect()
        };
        let successors: Vec<Vec<usize>> = group.iter().map(after).collect();
        let rings = strongly_connected(&successors).into_iter().filter(|it| it.len() > 1);
        rings.map(|ring| ring.into_iter().map(|at| group[at]).collect()).collect()
    }

    /// A row waits for one row less for a reason.
    fn settle(&mut self, second: usize, why: &Why) {
        if let Some(reasons) = self.reasons.get_mut(&second)
            && let Some(at) = reasons.iter().position(|it| it == why)
        {
            reasons.swap_remove(at);
        }
    }

    /// What comes after a row, and why.
    pub(super) fn after(&self, first: usize) -> impl Iterator<Item = (usize, &BTreeSet<Why>)> {
        self.edges.range((first, 0)..=(first, usize::MAX)).map(|(ends, whys)| (ends.1, whys))
    }

    /// Whether a row waits for another one for a reason.
    pub(super) fn waits(&self, second: usize, why: &Why) -> bool {
        self.reasons.get(&second).is_some_and(|it| it.contains(why))
    }

    /// Those of some rows that wait for nobody.
    pub(super) fn ready(&self, rows: impl IntoIterator<Item = usize>) -> Vec<usize> {
        rows.into_iter().filter(|&at| self.open[at] == 0).collect()
    }

    /// Takes the groups of rows that wait for each other and for no other row.
    pub(super) fn take_waiting(&mut self) -> Vec<Vec<usize>> {
        if self.groups.is_none() {
            let of = vec![0; self.rows.len()];
            self.groups = Some(Groups { of, ..Groups::default() });
            let left: Vec<usize> = (0..self.rows.len()).filter(|&at| !self.placed[at]).collect();
            self.split(&left);
        }
        let Some(groups) = &mut self.groups else { return Vec::new() };
        let free = std::mem::take(&mut groups.free).into_iter().map(|it| std::mem::take(&mut groups.rows[it]));
        let mut waiting: Vec<Vec<usize>> = free.filter(|it| it.iter().any(|&at| !self.placed[at])).collect();
        waiting.sort_unstable();
        waiting
    }

    /// Finds the groups among rows for which no other row is waited.
    pub(super) fn split(&mut self, rows: &[usize]) {
        let Some(groups) = &mut self.groups else { return };
        groups.looks += rows.len();
        let places: FxHashMap<usize, usize> = rows.iter().enumerate().map(|(at, it)| (*it, at)).collect();
        let after = |at: &usize| self.before[*at].iter().filter_map(|it| places.get(it).copied()).collect();
        let successors: Vec<Vec<usize>> = rows.iter().map(after).collect();
        let first = groups.rows.len();
        for found in strongly_connected(&successors) {
            let found: Vec<usize> = found.into_iter().map(|at| rows[at]).collect();
            found.iter().for_each(|&at| groups.of[at] = groups.rows.len());
            groups.rows.push(found);
        }
        groups.held.resize(groups.rows.len(), 0);
        for (&at, after) in rows.iter().zip(&successors) {
            for next in after.iter().map(|it| groups.of[rows[*it]]).filter(|it| *it != groups.of[at]) {
                groups.held[next] += 1;
            }
        }
        // A single row that waits for nobody is ready, and no group.
        let waits = |it: &usize| groups.held[*it] == 0 && groups.rows[*it].iter().any(|&at| self.open[at] > 0);
        groups.free.extend((first..groups.rows.len()).filter(waits));
    }
}

#[cfg(test)]
mod tests {
    use super::{Order, Why};
    use crate::object::reference::ObjectKey;

    /// How many rows are looked at to place rings of two, each of which waits for the one before, and how many rounds of
    /// groups that takes. Of every second ring one row comes to wait less.
    fn looks(rings: usize) -> (usize, usize) {
        let mut keys = slotmap::SlotMap::<ObjectKey, ()>::with_key();
        let mut order = Order::over((0..2 * rings).map(|_| keys.insert(())).collect());
        for ring in 0..rings {
            let (a, b) = (2 * ring, 2 * ring + 1);
            order.put(a, b, Why::Value);
            order.put(b, a, Why::Value);
            if ring > 0 {
                order.put(a - 1, a, Why::Value);
            }
        }
        assert!(order.ready(0..2 * rings).is_empty(), "all wait");
        let (mut left, mut rounds, mut ready) = (2 * rings, 0, Vec::new());
        while left > 0 {
            left -= ready.len();
            ready = order.place(&ready);
            if !ready.is_empty() {
                continue;
            }
            for group in order.take_waiting() {
                rounds += 1;
                if group[0] % 4 == 0 {
                    order.cut(group[0], group[1], &Why::Value);
                    order.split(&group);
                    ready.extend(order.ready(group));
                } else {
                    left -= group.len();
                    ready.extend(order.place(&group));
                }
            }
        }
        (order.groups.map_or(0, |it| it.looks), rounds)
    }

    #[test]
    fn chained_rings_are_looked_at_once_and_split_once() {
        for rings in [1_000, 2_000, 4_000, 8_000] {
            assert_eq!(looks(rings), (2 * rings + 2 * rings / 2, rings));
        }
    }
}
