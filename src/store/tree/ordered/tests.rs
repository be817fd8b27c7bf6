//! [`Ordered`] against `BTreeSet`: random edits, with clones kept aside that
//! must never change.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;

use super::Ordered;
use super::node::{Branch, Node};

/// One step of a random sequence of edits, on numbers that stand for keys.
#[derive(Clone, Debug)]
enum Step {
    Insert(u32),
    Remove(u32),
    InsertMany(Vec<u32>),
    RemoveMany(Vec<u32>),
    /// Inserts every n-th number from the first on, so many of them.
    InsertRange(u32, u32, u32),
    /// Removes so many consecutive numbers.
    RemoveRange(u32, u32),
    /// Adds so many keys behind all others.
    Append(u32),
    /// Takes so many keys from the end, or from the start, one by one.
    RemoveLast(usize),
    RemoveFirst(usize),
    Keep,
}

fn number() -> impl Strategy<Value = u32> {
    prop_oneof![0..200u32, 0..20_000u32]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => number().prop_map(Step::Insert),
        4 => number().prop_map(Step::Remove),
        2 => vec(number(), 0..200).prop_map(Step::InsertMany),
        2 => vec(number(), 0..200).prop_map(Step::RemoveMany),
        1 => (number(), 1..5u32, 0..2_000u32)
            .prop_map(|(first, every, count)| Step::InsertRange(first, every, count)),
        2 => (number(), 0..5_000u32).prop_map(|(first, count)| Step::RemoveRange(first, count)),
        1 => (0..400u32).prop_map(Step::Append),
        1 => (0..150usize).prop_map(Step::RemoveLast),
        1 => (0..150usize).prop_map(Step::RemoveFirst),
        2 => Just(Step::Keep),
    ]
}

/// A set and what it must hold.
#[derive(Clone)]
struct Pair<K> {
    tree: Ordered<K>,
    model: BTreeSet<K>,
}

impl<K: Ord + Clone + Debug> Pair<K> {
    fn of(keys: Vec<K>) -> Self {
        Self { tree: Ordered::from_sorted(keys.clone()), model: keys.into_iter().collect() }
    }

    fn apply(&mut self, step: &Step, key: impl Fn(u32) -> K) {
        let Self { tree, model } = self;
        match *step {
            Step::Insert(number) => {
                assert_eq!(tree.insert(key(number)), model.insert(key(number)));
            }
            Step::Remove(number) => {
                assert_eq!(tree.remove(&key(number)), model.remove(&key(number)));
            }
            // In any order and with duplicates, which it must put right.
            Step::InsertMany(ref numbers) => {
                self.insert_sorted(numbers.iter().map(|number| key(*number)).collect());
            }
            Step::InsertRange(first, every, count) => {
                self.insert_sorted((0..count).map(|n| key(first + n * every)).collect());
            }
            Step::Append(count) => {
                self.insert_sorted((0..count).map(|n| key(1_000_000 + n)).collect());
            }
            Step::RemoveMany(ref numbers) => {
                self.remove_sorted(numbers.iter().map(|number| key(*number)).collect());
            }
            Step::RemoveRange(first, count) => {
                self.remove_sorted((first..first + count).map(key).collect());
            }
            Step::RemoveLast(count) => {
                for _ in 0..count {
                    let last = tree.last().cloned();
                    assert_eq!(last, model.pop_last());
                    if let Some(last) = last {
                        assert!(tree.remove(&last));
                    }
                }
            }
            Step::RemoveFirst(count) => {
                for _ in 0..count {
                    let first = tree.first().cloned();
                    assert_eq!(first, model.pop_first());
                    if let Some(first) = first {
                        assert!(tree.remove(&first));
                    }
                }
            }
            Step::Keep => {}
        }
    }

    fn insert_sorted(&mut self, keys: Vec<K>) {
        let before = self.model.len();
        self.model.extend(keys.iter().cloned());
        let added = self.tree.insert_sorted(keys);
        assert_eq!(added, self.model.len() - before);
    }

    fn remove_sorted(&mut self, mut keys: Vec<K>) {
        keys.sort();
        let before = self.model.len();
        for key in &keys {
            self.model.remove(key);
        }
        assert_eq!(self.tree.remove_sorted(&keys), before - self.model.len());
    }

    /// Everything that is cheap enough to check after every step.
    fn check(&self, probe: &K) {
        let Self { tree, model } = self;
        tree.audit().unwrap();
        assert_eq!(tree.len(), model.len());
        assert_eq!(tree.is_empty(), model.is_empty());
        assert_eq!(tree.contains(probe), model.contains(probe));
        assert_eq!(tree.first(), model.first());
        assert_eq!(tree.last(), model.last());
        let rank = model.range(..probe).count();
        assert_eq!(tree.rank_by(|key| key < probe), rank);
        assert_eq!(tree.nth(rank), model.range(probe..).next());
        assert_eq!(tree.nth(model.len()), None);
    }

    /// The whole contents, by every iterator.
    fn check_contents(&self, probe: &K) {
        let Self { tree, model } = self;
        assert!(tree.iter().eq(model.iter()));
        assert!(tree.iter().rev().eq(model.iter().rev()));
        assert_eq!(tree.iter().len(), model.len());
        assert!(tree.seek(|key| key < probe).eq(model.range(probe..)));
        assert!(tree.seek_back(|key| key < probe).eq(model.range(..probe).rev()));
        assert!(tree.seek_back(|key| key <= probe).eq(model.range(..=probe).rev()));
        let mut ends = (tree.iter(), model.iter());
        for turn in 0..model.len() + 2 {
            let (found, expected) = match turn % 3 {
                0 => (ends.0.next_back(), ends.1.next_back()),
                _ => (ends.0.next(), ends.1.next()),
            };
            assert_eq!(found, expected);
        }
    }
}

fn run<K: Ord + Clone + Debug>(start: u32, steps: &[(Step, u32)], key: impl Fn(u32) -> K) {
    let mut current = Pair::of((0..start).map(|number| key(number * 3)).collect());
    let mut kept = Vec::new();
    for (step, probe) in steps {
        current.apply(step, &key);
        current.check(&key(*probe));
        if matches!(step, Step::Keep) {
            current.check_contents(&key(*probe));
            kept.push(current.clone());
        }
    }
    kept.push(current);
    for pair in &kept {
        pair.tree.audit().unwrap();
        pair.check_contents(&key(steps[0].1));
    }
}

/// A text key whose order is that of the numbers, as of an index on texts.
fn text_key(number: u32) -> (Arc<str>, u64) {
    (format!("{:07}", number / 3).into(), u64::from(number % 3))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn number_keys_behave_like_a_set_and_clones_never_change(
        start in prop_oneof![Just(0u32), 0..6_000u32],
        steps in vec((step(), number()), 1..60),
    ) {
        run(start, &steps, |number| (i64::from(number / 2), u64::from(number % 2)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn text_keys_behave_like_a_set_and_clones_never_change(
        start in prop_oneof![Just(0u32), 0..6_000u32],
        steps in vec((step(), number()), 1..40),
    ) {
        run(start, &steps, text_key);
    }
}

/// The numbers below `count` in an order that looks random.
fn shuffled(count: u64) -> impl Iterator<Item = u64> {
    // A step that shares no factor with the count reaches every number once.
    (0..count).map(move |n| (n * 7_919 + 13) % count)
}

#[test]
fn many_levels_grow_and_shrink_again() {
    let count = 300_000;
    let mut tree = Ordered::new();
    for (turn, key) in shuffled(count).enumerate() {
        assert!(tree.insert(key));
        if turn % 50_000 == 0 {
            tree.audit().unwrap();
        }
    }
    tree.audit().unwrap();
    let full = tree.clone();
    assert!(tree.iter().copied().eq(0..count));
    for (turn, key) in shuffled(count).enumerate() {
        assert!(tree.remove(&key));
        if turn % 50_000 == 0 {
            tree.audit().unwrap();
        }
    }
    assert!(tree.is_empty() && tree.ptr_eq(&Ordered::new()));
    full.audit().unwrap();
    assert!(full.iter().copied().eq(0..count));
}

#[test]
fn ascending_keys_fill_their_leaves() {
    let mut one_by_one = Ordered::new();
    let mut in_batches = Ordered::new();
    for batch in 0..200u64 {
        let keys: Vec<u64> = (batch * 100..(batch + 1) * 100).collect();
        keys.iter().for_each(|key| assert!(one_by_one.insert(*key)));
        assert_eq!(in_batches.insert_sorted(keys), 100);
        in_batches.audit().unwrap();
    }
    let at_once = Ordered::from_sorted((0..20_000u64).collect());
    for tree in [&one_by_one, &in_batches, &at_once] {
        tree.audit().unwrap();
        assert!(tree.iter().eq(at_once.iter()));
        // Three levels and 313 leaves are the fewest that hold 20,000 keys.
        assert_eq!(shape(tree), (3, 313));
    }
}

#[test]
fn the_audit_finds_faults() {
    let leaf = |keys: &[u64]| Arc::new(Node::Leaf(keys.to_vec()));
    let branch = |lower: u64, keys: std::ops::Range<u64>| Branch {
        lower,
        len: keys.clone().count(),
        node: Arc::new(Node::Leaf(keys.collect())),
    };
    let fault = |root: Arc<Node<u64>>, len: usize| {
        let root = Some(root);
        Ordered { root, len }.audit().unwrap_err()
    };
    assert!(fault(leaf(&[1, 2]), 3).contains("claims 3 keys and has 2"));
    assert!(fault(leaf(&[1, 1]), 2).contains("do not ascend"));
    assert!(fault(leaf(&[]), 0).contains("has 0 items"));
    assert!(fault(leaf(&[7; 65]), 65).contains("has 65 items"));
    let inner = |branches: Vec<Branch<u64>>| {
        let len = branches.iter().map(|branch| branch.len).sum();
        fault(Arc::new(Node::Inner(branches)), len)
    };
    assert!(inner(vec![branch(0, 0..20)]).contains("single branch"));
    assert!(inner(vec![branch(0, 0..9), branch(9, 9..30)]).contains("has 9 items"));
    assert!(inner(vec![branch(0, 0..20), branch(19, 20..30)]).contains("outside"));
    assert!(inner(vec![branch(0, 0..20), branch(21, 20..30)]).contains("outside"));
    let mut wrong = branch(20, 20..30);
    wrong.len = 11;
    assert!(inner(vec![branch(0, 0..20), wrong]).contains("counts 11 keys and has 10"));
    let deeper = Branch { lower: 20, len: 10, node: Arc::new(Node::Inner(vec![branch(20, 20..30)])) };
    assert!(inner(vec![branch(0, 0..20), deeper]).contains("equally deep"));
}

/// Number of levels and of leaves.
fn shape<K>(tree: &Ordered<K>) -> (usize, usize) {
    fn below<K>(node: &Node<K>) -> (usize, usize) {
        match node {
            Node::Leaf(_) => (1, 1),
            Node::Inner(branches) => {
                let all = branches.iter().map(|branch| below(&branch.node));
                all.fold((0, 0), |sum, one| (one.0 + 1, sum.1 + one.1))
            }
        }
    }
    tree.root.as_deref().map_or((0, 0), below)
}

#[test]
fn batches_that_change_nothing_copy_nothing() {
    let old = Ordered::from_sorted((0..10_000u64).map(|n| n * 2).collect());
    let mut new = old.clone();
    assert_eq!(new.insert_sorted((0..5_000).map(|n| n * 4).collect()), 0);
    assert_eq!(new.remove_sorted(&(0..5_000).map(|n| n * 4 + 1).collect::<Vec<_>>()), 0);
    assert_eq!(new.insert_sorted(Vec::new()), 0);
    assert!(new.ptr_eq(&old));
    assert!(!new.insert(4) && !new.remove(&3));
    assert!(new.insert(5));
    assert!(!new.ptr_eq(&old) && !old.contains(&5));
}

#[test]
fn unsorted_input_is_put_in_order() {
    let keys = vec![5, 1, 4, 1, 5, 9, 2, 6];
    let tree = Ordered::from_sorted(keys);
    assert!(tree.iter().eq(&[1, 2, 4, 5, 6, 9]));
    let ends: Vec<_> = tree.seek_back(|key| *key < 5).collect();
    assert_eq!(ends, [&4, &2, &1]);
    assert_eq!(tree.seek(|_| true).next(), None);
    assert_eq!(tree.rank_by(|key| *key < 5), 3);
}

#[test]
fn keys_are_dropped_with_the_tree() {
    let text: Arc<str> = "key".into();
    let mut tree = Ordered::new();
    for number in 0..5_000u64 {
        tree.insert((text.clone(), number));
    }
    let kept = tree.clone();
    tree.remove_sorted(&kept.iter().step_by(2).cloned().collect::<Vec<_>>());
    assert_eq!(tree.len(), 2_500);
    drop((tree, kept));
    assert_eq!(Arc::strong_count(&text), 1);
}
