//! From the rows of a query to objects, and to the members of the relations that came with them.

use std::borrow::Cow;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::after::JoinedHere;
use super::branch::Place;
use super::joined::{Brings, Node};
use crate::error::Result;
use crate::id::ClassId;
use crate::object::class::Lazy;
use crate::object::model::Model;
use crate::object::reference::{ObjectKey, each_once};
use crate::object::select::{Entity, Existing};
use crate::object::session::Core;

/// How the rows of a query become objects.
pub(in crate::object) struct Reading<'q> {
    pub(in crate::object) root: &'q Entity,
    /// Where its rows stand in the result.
    pub(in crate::object) cell: usize,
    pub(in crate::object) place: &'q Arc<Place>,
    pub(in crate::object) nodes: &'q [Node],
    pub(in crate::object) existing: Existing,
    pub(in crate::object) everywhere: Option<Lazy>,
    /// Whether what is loaded afterwards reaches objects that were there already.
    pub(in crate::object) reach: Reach,
}

impl Reading<'_> {
    /// What it reads, as messages name it: the path that leads there, and what is joined.
    pub(in crate::object) fn path(&self, model: &Model) -> String {
        let mut path = self.place.name(model, self.root.class);
        let joined: Vec<&str> =
            self.nodes.iter().map(|it| model.relation(it.class, it.relation).name.as_str()).collect();
        if !joined.is_empty() {
            path.push_str(&format!(" with {} joined", joined.join(", ")));
        }
        path
    }

    /// The entities of its rows, and where the cells of each begin.
    pub(in crate::object) fn entities(&self) -> impl Iterator<Item = (&Entity, usize)> {
        std::iter::once((self.root, self.cell)).chain(self.nodes.iter().map(|it| (&it.entity, it.cell)))
    }
}

/// Which objects get what is loaded after their rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::object) enum Reach {
    /// All that the rows lead to.
    All,
    /// Those that the session did not hold before.
    New,
    /// An object is read again, and SQLAlchemy reads each relation of it by itself. What is behind these is loaded for
    /// objects that the session did not hold before.
    Again,
    /// The same for what was joined to it. A collection that was changed unread is left alone in the one that is read
    /// again only.
    Along,
    /// The same for what was known before and came with no row.
    Known,
    /// None yet: the caller sees to it.
    Nobody,
}

/// Objects of one column of a result.
#[derive(Default)]
pub(in crate::object) struct Met {
    /// One for each row; `None` where there is no object.
    pub(in crate::object) by_row: Vec<Option<ObjectKey>>,
    /// Those that the session did not hold before.
    pub(in crate::object) new: Vec<ObjectKey>,
}

/// What a relation leads to, for each owner in the order in which they come first.
#[derive(Default)]
struct Members {
    groups: Vec<(ObjectKey, Vec<ObjectKey>)>,
    places: FxHashMap<ObjectKey, usize>,
    last: usize,
}

impl Members {
    /// The group of an owner. Rows mostly come owner by owner, so the last one is tried first.
    #[inline]
    fn group(&mut self, owner: ObjectKey) -> &mut Vec<ObjectKey> {
        if self.groups.get(self.last).is_none_or(|it| it.0 != owner) {
            self.last = *self.places.entry(owner).or_insert_with(|| {
                self.groups.push((owner, Vec::new()));
                self.groups.len() - 1
            });
        }
        &mut self.groups[self.last].1
    }
}

impl Core {
    /// Takes the rows that were just found: their objects, what was joined, and what is loaded after them.
    pub(in crate::object) fn take(&mut self, reading: &Reading<'_>) -> Result<Met> {
        self.spend_rows(reading)?;
        if reading.nodes.is_empty() {
            let met = self.meet(reading.root, reading.cell, reading.place, reading.existing)?;
            self.spend_objects(reading, met.new.len())?;
            self.load_behind(reading, (reading.root.class, reading.place, None), &met)?;
            return Ok(met);
        }
        let joins = self.note_joins(reading.nodes);
        let join = |at: usize| joins.get(at).copied().flatten();
        let mut met = vec![self.meet(reading.root, reading.cell, reading.place, reading.existing)?];
        for (at, node) in reading.nodes.iter().enumerate() {
            let meet = |core: &mut Core| core.meet(&node.entity, node.cell, &node.place, reading.existing);
            met.push(self.behind(join(at), meet)?);
        }
        self.spend_objects(reading, met.iter().map(|it| it.new.len()).sum())?;
        leave_out(reading.nodes, &mut met);
        if !joins.is_empty() {
            let columns: Vec<&[Option<ObjectKey>]> = met.iter().map(|it| &*it.by_row).collect();
            self.note_joined_rows(reading.nodes, &joins, &columns);
        }
        let members = sort(reading.nodes, &met);
        for (at, (node, members)) in reading.nodes.iter().zip(members).enumerate() {
            self.behind(join(at), |core| core.link_joined(node, members, reading.existing))?;
        }
        let mut met = met.into_iter();
        let roots = met.next().unwrap_or_default();
        self.load_behind(reading, (reading.root.class, reading.place, None), &roots)?;
        let reach = if reading.reach == Reach::Again { Reach::Along } else { reading.reach };
        let along = Reading { reach, ..*reading };
        for (at, (node, met)) in reading.nodes.iter().zip(met).enumerate() {
            let at_node = (node.entity.class, &node.place, Some(at));
            let load = |core: &mut Core| core.load_behind(&along, at_node, &met);
            self.behind(join(at), load)?;
        }
        Ok(roots)
    }

    /// Loads what is asked behind the objects of one column. Mostly nothing is, and then they need not be told apart.
    fn load_behind(
        &mut self,
        reading: &Reading<'_>,
        (class, place, parent): (ClassId, &Arc<Place>, Option<usize>),
        met: &Met,
    ) -> Result<()> {
        let joined = JoinedHere { nodes: reading.nodes, parent };
        if self.is_done(place, class, reading.everywhere, joined) {
            return Ok(());
        }
        let all_new = met.new.len() == met.by_row.len();
        let objects = if all_new { Cow::Borrowed(&met.new) } else { Cow::Owned(once(&met.by_row)) };
        self.load_after(reading, (class, place, parent), &objects, &met.new)
    }

    fn link_joined(&mut self, node: &Node, members: Members, existing: Existing) -> Result<()> {
        let model = self.graph.model.clone();
        let relation = model.relation(node.class, node.relation);
        for (owner, targets) in members.groups {
            // A sibling may have another relation at the same position.
            if !model.shares(self.graph.objects[owner].class, (node.class, node.relation)) {
                continue;
            }
            if existing == Existing::Kept && self.has_queue(owner, relation) {
                continue;
            }
            if !self.graph.is_loaded(owner, relation.id) && node.brings != Brings::WhatTheQueryJoins {
                self.note_filled(relation.id, &[owner]);
            }
            let target = targets.first().copied();
            // The identity map already answers for a reference to a key; a link for it would only take room.
            let known = relation.is_by_identity() && self.graph.known_reference(owner, relation) == Some(target);
            let was_loaded = self.graph.is_loaded(owner, relation.id);
            match known && !was_loaded {
                true => self.graph.note_read(owner, relation, target),
                false => self.fill(owner, relation, targets)?,
            }
            if node.is_partial && !known && !was_loaded {
                self.graph.note_partial(owner, relation.id);
            }
        }
        Ok(())
    }
}

/// Each object once, where it comes first.
fn once(by_row: &[Option<ObjectKey>]) -> Vec<ObjectKey> {
    let mut objects: Vec<ObjectKey> = Vec::with_capacity(by_row.len());
    objects.extend(by_row.iter().copied().flatten());
    each_once(&mut objects);
    objects
}

/// Where an inner join finds no partner, the owner is left out of the row.
fn leave_out(nodes: &[Node], met: &mut [Met]) {
    for (at, node) in nodes.iter().enumerate().rev() {
        let Some(parent) = node.parent.filter(|_| node.inner) else { continue };
        for position in 0..met[0].by_row.len() {
            if met[at + 1].by_row[position].is_none() {
                met[parent + 1].by_row[position] = None;
            }
        }
    }
}

/// Sorts the targets of every relation to their owners.
fn sort(nodes: &[Node], met: &[Met]) -> Vec<Members> {
    // With one repeated relation only, equal neighbours are all the repetition there is; with several, their product
    // repeats members anywhere. What the query joins itself may repeat anything.
    let plain = nodes.iter().filter(|it| it.brings == Brings::Many).count() <= 1
        && nodes.iter().all(|it| it.brings != Brings::WhatTheQueryJoins);
    let mut pairs: FxHashSet<(usize, ObjectKey, ObjectKey)> = FxHashSet::default();
    let mut members: Vec<Members> = nodes.iter().map(|_| Members::default()).collect();
    for (at, node) in nodes.iter().enumerate() {
        let (mut owners, mut targets) = (&met[node.parent.map_or(0, |it| it + 1)].by_row[..], &met[at + 1].by_row[..]);
        // Rows mostly come owner by owner: the group is looked for once for all that follow each other.
        while let Some(&owner) = owners.first() {
            let same = owners.iter().take_while(|it| **it == owner).count();
            let (these, rest) = targets.split_at(same);
            (owners, targets) = (&owners[same..], rest);
            let Some(owner) = owner else { continue };
            let group = members[at].group(owner);
            if plain && node.brings == Brings::Many {
                group.reserve(these.iter().flatten().count());
            }
            for target in these.iter().copied().flatten() {
                let new = if plain { group.last() != Some(&target) } else { pairs.insert((at, owner, target)) };
                if new {
                    group.push(target);
                }
            }
        }
    }
    members
}

/// The class that objects really are, for each group of them. Those of a class that nobody extends are not copied.
pub(super) fn by_class<'k>(
    core: &Core,
    class: ClassId,
    objects: &'k [ObjectKey],
) -> Vec<(ClassId, Cow<'k, [ObjectKey]>)> {
    if core.graph.model.class(class).descendants.len() <= 1 {
        return vec![(class, Cow::Borrowed(objects))];
    }
    let groups = core.by_classes(objects);
    groups.into_iter().map(|(class, objects)| (class, Cow::Owned(objects))).collect()
}
