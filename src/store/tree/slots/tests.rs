//! [`Slots`] against `BTreeMap`: random edits, with clones kept aside that
//! must never change.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;

use super::Slots;
use super::node::{self, Leaf, Node};

type Value = Arc<u32>;
type Model = BTreeMap<u64, u32>;

/// One step of a random sequence of edits.
#[derive(Clone, Debug)]
enum Step {
    Insert(u64, u32),
    Remove(u64),
    Change(u64, u32),
    /// Appends this many values after the last slot, or at the given slot when
    /// nothing from there on is occupied.
    Append(u64, usize),
    RemoveSorted(Vec<u64>),
    /// Removes every slot of a range.
    RemoveRange(u64, u64),
    Keep,
}

/// Slots of every kind: crowded, one tree of three levels, and anywhere.
fn slot() -> impl Strategy<Value = u64> {
    prop_oneof![
        6 => 0..100u64,
        4 => 0..20_000u64,
        1 => any::<u64>().prop_map(|slot| slot >> (slot % 60)),
        1 => (0..40u64).prop_map(|below| u64::MAX - below),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (slot(), any::<u32>()).prop_map(|(slot, value)| Step::Insert(slot, value)),
        4 => slot().prop_map(Step::Remove),
        2 => (slot(), any::<u32>()).prop_map(|(slot, value)| Step::Change(slot, value)),
        2 => (slot(), 0..300usize).prop_map(|(slot, count)| Step::Append(slot, count)),
        2 => vec(slot(), 0..80).prop_map(|mut slots| { slots.sort(); Step::RemoveSorted(slots) }),
        1 => (slot(), 0..3_000u64).prop_map(|(slot, count)| Step::RemoveRange(slot, count)),
        2 => Just(Step::Keep),
    ]
}

/// A tree and what it must hold.
#[derive(Clone, Default)]
struct Pair {
    tree: Slots<Value>,
    model: Model,
}

impl Pair {
    fn apply(&mut self, step: &Step) {
        let Self { tree, model } = self;
        match *step {
            Step::Insert(slot, value) => {
                let old = tree.insert(slot, Arc::new(value));
                assert_eq!(old.map(|old| *old), model.insert(slot, value));
            }
            Step::Remove(slot) => {
                assert_eq!(tree.remove(slot).map(|old| *old), model.remove(&slot));
            }
            Step::Change(slot, value) => {
                let found = tree.get_mut(slot);
                assert_eq!(found.is_some(), model.contains_key(&slot));
                if let Some(found) = found {
                    *found = Arc::new(value);
                    model.insert(slot, value);
                }
            }
            Step::Append(slot, count) => self.append(slot, count),
            Step::RemoveSorted(ref slots) => self.remove_sorted(slots),
            Step::RemoveRange(slot, count) => {
                let slots: Vec<u64> = (slot..slot.saturating_add(count)).collect();
                self.remove_sorted(&slots);
            }
            Step::Keep => {}
        }
    }

    fn append(&mut self, slot: u64, count: usize) {
        // Appending over occupied slots replaces them, which is tried too.
        let last = slot.saturating_add(count as u64);
        if last == u64::MAX {
            return;
        }
        let values = (slot..last).map(|slot| Arc::new(slot as u32));
        assert_eq!(self.tree.append(slot, values), last);
        self.model.extend((slot..last).map(|slot| (slot, slot as u32)));
    }

    fn remove_sorted(&mut self, slots: &[u64]) {
        let mut removed = Vec::new();
        self.tree.remove_sorted(slots, |slot, value| removed.push((slot, *value)));
        let expected: Vec<_> = slots.iter().filter_map(|slot| Some((*slot, self.model.remove(slot)?))).collect();
        assert_eq!(removed, expected);
    }

    /// Everything that is cheap enough to check after every step.
    fn check(&self, probe: u64) {
        let Self { tree, model } = self;
        tree.audit().unwrap();
        assert_eq!(tree.len(), model.len());
        assert_eq!(tree.is_empty(), model.is_empty());
        assert_eq!(tree.get(probe).map(|value| **value), model.get(&probe).copied());
        assert_eq!(tree.first_slot(), model.keys().next().copied());
        assert_eq!(tree.last_slot(), model.keys().next_back().copied());
        let rank = model.range(..probe).count();
        assert_eq!(tree.rank(probe), rank);
        let nth = tree.nth(rank).map(|(slot, value)| (slot, **value));
        assert_eq!(nth, model.range(probe..).next().map(plain));
        assert_eq!(tree.nth(model.len()), None);
    }

    /// The whole contents, by every iterator.
    fn check_contents(&self, from: u64) {
        let Self { tree, model } = self;
        assert!(tree.iter().map(shared).eq(model.iter().map(plain)));
        assert!(tree.iter_rev().map(shared).eq(model.iter().rev().map(plain)));
        let up = model.range(from..).map(plain);
        assert!(tree.iter_from(from).map(shared).eq(up));
        let down = model.range(..=from).rev().map(plain);
        assert!(tree.iter_rev_from(from).map(shared).eq(down));
        assert!(model.iter().all(|(slot, value)| tree.get(*slot).map(|found| **found) == Some(*value)));
    }
}

fn shared((slot, value): (u64, &Value)) -> (u64, u32) {
    (slot, **value)
}

fn plain((slot, value): (&u64, &u32)) -> (u64, u32) {
    (*slot, *value)
}

type Difference = Vec<(u64, Option<u32>, Option<u32>)>;

fn difference(one: &Slots<Value>, other: &Slots<Value>) -> Difference {
    let mut found = Vec::new();
    one.diff(
        other,
        |mine, theirs| mine == theirs,
        |slot, mine, theirs| found.push((slot, mine.map(|value| **value), theirs.map(|value| **value))),
    );
    found
}

fn naive_difference(one: &Model, other: &Model) -> Difference {
    let mut slots: Vec<u64> = one.keys().chain(other.keys()).copied().collect();
    slots.sort_unstable();
    slots.dedup();
    slots
        .into_iter()
        .map(|slot| (slot, one.get(&slot).copied(), other.get(&slot).copied()))
        .filter(|(_, mine, theirs)| mine != theirs)
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn behaves_like_a_map_and_clones_never_change(
        steps in vec((step(), slot()), 1..60),
    ) {
        let mut current = Pair::default();
        let mut kept: Vec<Pair> = Vec::new();
        for (step, probe) in &steps {
            current.apply(step);
            current.check(*probe);
            if matches!(step, Step::Keep) {
                current.check_contents(*probe);
                kept.push(current.clone());
            }
        }
        kept.push(current);
        for pair in &kept {
            pair.tree.audit().unwrap();
            pair.check_contents(steps[0].1);
        }
        for pair in kept.windows(2) {
            let expected = naive_difference(&pair[0].model, &pair[1].model);
            prop_assert_eq!(difference(&pair[0].tree, &pair[1].tree), expected);
            let expected = naive_difference(&pair[1].model, &kept[0].model);
            prop_assert_eq!(difference(&pair[1].tree, &kept[0].tree), expected);
        }
    }
}

/// A dense tree of `count` entries, each its own number.
fn dense(count: u64) -> Slots<u64> {
    let mut tree = Slots::new();
    tree.append(0, 0..count);
    tree
}

#[test]
fn one_edit_of_a_large_tree_differs_in_one_slot() {
    let old = dense(200_000);
    let mut new = old.clone();
    assert!(new.ptr_eq(&old));
    new.insert(123_456, 7);
    assert!(!new.ptr_eq(&old));
    let mut visited = Vec::new();
    let compared = Cell::new(0);
    old.diff(
        &new,
        |one, other| {
            compared.set(compared.get() + 1);
            one == other
        },
        |slot, one, other| visited.push((slot, one.copied(), other.copied())),
    );
    assert_eq!(visited, [(123_456, Some(123_456), Some(7))]);
    assert_eq!(compared.get(), 32, "only the one copied leaf is compared");
    assert_eq!(old.get(123_456), Some(&123_456));
    new.audit().unwrap();
}

#[test]
fn the_audit_finds_faults() {
    let fault = |root: Arc<Node<u64>>, height: u32| {
        let reach = node::last_slot_of_height(height);
        let root = Some(root);
        Slots { root, height, reach }.audit().unwrap_err()
    };
    let leaf = |len: usize| Leaf { len, ..Leaf::of_one(3, 3) };
    assert!(fault(node::path(0, 3, leaf(2)), 0).contains("counts 2 entries but has 1"));
    assert!(fault(node::path(0, 3, Leaf::fill(0, &mut std::iter::empty())), 0).contains("empty node"));
    assert!(fault(node::path(1, 3, leaf(1)), 1).contains("height is 1 where slot 3 needs 0"));
    assert!(fault(node::path(1, 3, leaf(1)), 0).contains("inner node at height 0"));
    assert!(fault(node::path(1, 99, leaf(1)), 2).contains("leaf at height 1"));
    let emptied = Slots { reach: 63, ..Slots::<u64>::new() };
    assert!(emptied.audit().unwrap_err().contains("reach slot 63"));
}

#[test]
fn edits_that_change_nothing_copy_nothing() {
    let old = dense(5_000);
    let mut new = old.clone();
    assert_eq!(new.remove(5_000), None);
    assert_eq!(new.get_mut(90_000), None);
    new.remove_sorted(&[6_000, 7_000, u64::MAX], |_, _| panic!("nothing to remove"));
    assert_eq!(new.append(9_000, []), 9_000);
    assert!(new.ptr_eq(&old));
}

#[test]
fn the_tree_rises_and_sinks_with_its_highest_slot() {
    let mut tree = Slots::new();
    for slot in [0, 31, 32, 2_047, 2_048, 131_072, 1 << 40, u64::MAX] {
        tree.insert(slot, slot);
        tree.audit().unwrap();
    }
    let slots: Vec<u64> = tree.iter().map(|(slot, _)| slot).collect();
    assert!(tree.iter().all(|(slot, value)| slot == *value));
    for slot in slots.into_iter().rev() {
        assert_eq!(tree.last_slot(), Some(slot));
        assert_eq!(tree.remove(slot), Some(slot));
        tree.audit().unwrap();
    }
    assert!(tree.is_empty() && tree.ptr_eq(&Slots::new()));
}

#[test]
fn a_panic_in_the_callers_closure_leaves_the_tree_whole() {
    let mut tree = dense(1_000);
    let slots: Vec<u64> = (100..900).collect();
    let mut seen = 0;
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        tree.remove_sorted(&slots, |_, _| {
            seen += 1;
            assert!(seen < 300);
        });
    }));
    assert!(outcome.is_err());
    tree.audit().unwrap();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        tree.append(5_000, (0..100).inspect(|value| assert!(*value < 50)));
    }));
    assert!(outcome.is_err());
    tree.audit().unwrap();
}

#[test]
fn appending_up_to_the_end_of_the_numbers() {
    let mut tree = Slots::new();
    assert_eq!(tree.append(u64::MAX - 5, 0..5), u64::MAX);
    let outcome = catch_unwind(AssertUnwindSafe(|| tree.append(u64::MAX, [9, 9])));
    assert!(outcome.is_err());
    tree.audit().unwrap();
    assert_eq!(tree.get(u64::MAX), Some(&9));
    assert_eq!(tree.iter_from(u64::MAX).count(), 1);
    assert_eq!(tree.iter_rev().count(), 6);
}

#[test]
fn values_are_dropped_exactly_once() {
    let value = Arc::new(());
    let mut tree = Slots::new();
    tree.append(10, std::iter::repeat_n(value.clone(), 5_000));
    let kept = tree.clone();
    tree.insert(20, value.clone());
    tree.remove(21);
    tree.remove_sorted(&(100..4_000).collect::<Vec<_>>(), |_, _| ());
    drop(kept);
    assert_eq!(Arc::strong_count(&value), 1 + tree.len());
    drop(tree);
    assert_eq!(Arc::strong_count(&value), 1);
}
