//! The reference: plain sets and options that say what the graph is, and what a flush should make of it.

use std::collections::{BTreeMap, BTreeSet};

use diptych::Value;

use super::schema::{CLASSES, PAIRS, REFERENCES, ROOM, TAG, USER, VOTE};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    Transient,
    Pending,
    Persistent,
    Deleted,
}

#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) class: usize,
    pub(super) life: Life,
    pub(super) marked: bool,
    pub(super) val: i64,
    /// The email of a user; the natural key of a tag or a room.
    pub(super) text: String,
    /// The generated key.
    pub(super) auto: Option<i64>,
    pub(super) to: [Option<usize>; REFERENCES.len()],
    /// Which references were changed since the last flush.
    pub(super) moved: [bool; REFERENCES.len()],
}

impl Node {
    pub(super) fn lives(&self) -> bool {
        matches!(self.life, Life::Pending | Life::Persistent)
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct World {
    pub(super) nodes: Vec<Node>,
    pub(super) pairs: [BTreeSet<(usize, usize)>; PAIRS.len()],
}

/// Why a flush must fail.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fault {
    Null { node: usize, reference: usize },
    Dangling { node: usize, reference: usize },
    Negative { node: usize },
    Taken { node: usize },
    SameKey { node: usize },
}

impl World {
    pub(super) fn children(&self, reference: usize, parent: usize) -> Vec<usize> {
        let all = 0..self.nodes.len();
        all.filter(|&it| self.nodes[it].lives() && self.nodes[it].to[reference] == Some(parent)).collect()
    }

    pub(super) fn of_class(&self, class: usize) -> Vec<usize> {
        let fits = |&it: &usize| self.nodes[it].class == class && self.nodes[it].lives() && !self.nodes[it].marked;
        (0..self.nodes.len()).filter(fits).collect()
    }

    /// Lets a reference lead elsewhere; a partner of one-to-one that was there is let go and returned.
    pub(super) fn set(&mut self, child: usize, reference: usize, to: Option<usize>) -> Vec<usize> {
        let facts = &REFERENCES[reference];
        let mut evicted = Vec::new();
        if let (true, Some(parent)) = (facts.one, to) {
            evicted = self.children(reference, parent);
            evicted.retain(|it| *it != child);
            for &it in &evicted {
                self.nodes[it].to[reference] = None;
                self.nodes[it].moved[reference] = true;
            }
        }
        let node = &mut self.nodes[child];
        if node.to[reference] != to {
            node.to[reference] = to;
            node.moved[reference] = true;
        }
        evicted
    }

    /// What `delete` does: marks a node and what its cascades reach; pending ones were never there.
    pub(super) fn kill(&mut self, node: usize) {
        let mut work = vec![node];
        while let Some(node) = work.pop() {
            if self.nodes[node].marked || !self.nodes[node].lives() {
                continue;
            }
            for (at, facts) in REFERENCES.iter().enumerate() {
                if facts.delete && facts.parent == self.nodes[node].class {
                    work.extend(self.children(at, node));
                }
            }
            if self.nodes[node].life == Life::Persistent {
                self.nodes[node].marked = true;
            } else {
                self.forget(node);
            }
        }
    }

    fn forget(&mut self, node: usize) {
        self.nodes[node].life = Life::Transient;
        self.nodes[node].to = Default::default();
        self.nodes[node].moved = Default::default();
        for at in 0..REFERENCES.len() {
            for child in self.children(at, node) {
                self.nodes[child].to[at] = None;
                self.nodes[child].moved[at] = true;
            }
        }
        self.drop_pairs(node);
    }

    fn drop_pairs(&mut self, node: usize) {
        let class = self.nodes[node].class;
        for (facts, pairs) in PAIRS.iter().zip(&mut self.pairs) {
            pairs.retain(|(a, b)| !(facts.owner == class && *a == node || facts.target == class && *b == node));
        }
    }

    /// The world after a flush, and what must refuse it.
    pub(super) fn flushed(&self) -> (World, Vec<Fault>) {
        let mut after = self.clone();
        while let Some(orphan) = after.orphan() {
            after.kill(orphan);
        }
        let gone: Vec<usize> = (0..after.nodes.len()).filter(|&it| after.nodes[it].marked).collect();
        for &owner in &gone {
            for (at, facts) in REFERENCES.iter().enumerate() {
                for child in after.children(at, owner) {
                    let node = &mut after.nodes[child];
                    // A member that has set its reference itself keeps it; one that cannot know is left without.
                    let own = facts.belongs.is_some() && (node.moved[at] || node.life == Life::Pending);
                    if facts.has.is_some() && !node.marked && !own {
                        node.to[at] = None;
                    }
                }
            }
        }
        for &node in &gone {
            after.nodes[node].life = Life::Deleted;
            after.nodes[node].marked = false;
            after.drop_pairs(node);
        }
        for node in &mut after.nodes {
            if node.life == Life::Pending {
                node.life = Life::Persistent;
            }
            node.moved = Default::default();
            if node.life == Life::Deleted {
                node.to = Default::default();
            }
        }
        let faults = after.faults();
        (after, faults)
    }

    fn orphan(&self) -> Option<usize> {
        (0..self.nodes.len()).find(|&it| {
            let node = &self.nodes[it];
            let lost = |(at, facts): (usize, &super::schema::ReferenceFacts)| {
                facts.child == node.class && facts.orphan && node.moved[at] && node.to[at].is_none()
            };
            node.lives() && !node.marked && REFERENCES.iter().enumerate().any(lost)
        })
    }

    fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut taken: BTreeMap<(usize, String), usize> = BTreeMap::new();
        for (at, node) in self.nodes.iter().enumerate().filter(|(_, it)| it.life == Life::Persistent) {
            for (reference, facts) in REFERENCES.iter().enumerate().filter(|(_, it)| it.child == node.class) {
                match node.to[reference] {
                    None if facts.required => faults.push(Fault::Null { node: at, reference }),
                    Some(to) if self.nodes[to].life != Life::Persistent => {
                        faults.push(Fault::Dangling { node: at, reference });
                    }
                    _ => {}
                }
            }
            if node.class == USER && node.val < 0 {
                faults.push(Fault::Negative { node: at });
            }
            let unique = match node.class {
                USER | TAG | ROOM => node.text.clone(),
                VOTE => format!("{:?}", &node.to[7..9]),
                _ => continue,
            };
            if taken.insert((node.class, unique), at).is_some() {
                let fault = if node.class == USER { Fault::Taken { node: at } } else { Fault::SameKey { node: at } };
                faults.push(fault);
            }
        }
        faults
    }

    /// The scalars of a node's key.
    pub(super) fn key(&self, node: usize) -> Vec<Value> {
        let it = &self.nodes[node];
        match it.class {
            TAG => vec![it.text.as_str().into()],
            ROOM => vec![it.text.as_str().into(), 7.into()],
            VOTE => [it.to[7], it.to[8]].into_iter().map(|to| self.scalars(to, 1)[0].clone()).collect(),
            _ => vec![it.auto.into()],
        }
    }

    fn scalars(&self, to: Option<usize>, width: usize) -> Vec<Value> {
        to.map_or_else(|| vec![Value::Null; width], |to| self.key(to))
    }

    /// The row of a node.
    pub(super) fn row(&self, node: usize) -> Vec<Value> {
        let it = &self.nodes[node];
        let facts = &CLASSES[it.class];
        let mut row = vec![Value::Null; facts.columns.len()];
        for (column, value) in facts.key.iter().zip(self.key(node)) {
            row[*column] = value;
        }
        for (at, name) in facts.columns.iter().enumerate() {
            match *name {
                "val" => row[at] = it.val.into(),
                "email" => row[at] = it.text.as_str().into(),
                _ => {}
            }
        }
        for (reference, facts) in REFERENCES.iter().enumerate().filter(|(_, facts)| facts.child == it.class) {
            let values = self.scalars(it.to[reference], facts.columns.len());
            facts.columns.iter().zip(values).for_each(|(column, value)| row[*column] = value);
        }
        row
    }

    /// The world that a rollback comes back to: nodes that were made since are transient.
    pub(super) fn back_to(&self, saved: &World) -> World {
        let mut back = saved.clone();
        for node in &self.nodes[saved.nodes.len()..] {
            back.nodes.push(Node {
                life: Life::Transient,
                marked: false,
                auto: None,
                to: Default::default(),
                moved: Default::default(),
                ..node.clone()
            });
        }
        for (node, now) in back.nodes.iter_mut().zip(&self.nodes) {
            if node.life == Life::Transient {
                (node.val, node.auto) = (now.val, None);
                node.text.clone_from(&now.text);
            }
        }
        back
    }
}
