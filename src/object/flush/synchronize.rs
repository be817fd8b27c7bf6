//! Which foreign keys follow which objects, and which rows of association tables stand for links.

use rustc_hash::{FxHashMap, FxHashSet};

use super::collect::{Registry, follows_keys};
use super::{Assignment, When};
use crate::error::{Misuse, Result};
use crate::id::{ClassId, ColumnId, RelationId};
use crate::object::class::{Cascade, PassiveDeletes};
use crate::object::compact::Fate;
use crate::object::model::{Join, Model, RelationModel};
use crate::object::parents::Declared;
use crate::object::reference::ObjectKey;
use crate::object::select::target_columns;
use crate::object::session::Core;
use crate::object::state::State;
use crate::object::trace::Way;
use crate::query::{Input, Select};
use crate::record::project;
use crate::value::Value;

/// Links that become rows.
#[derive(Default)]
pub(super) struct Links {
    pub(super) assignments: Vec<Assignment>,
    /// Rows of association tables of owners that go.
    pub(super) dissociated_first: Vec<Pairs>,
    pub(super) dissociated: Vec<Pairs>,
    pub(super) associated: Vec<Pairs>,
    /// Rows of association tables of owners whose keys change.
    pub(super) rekeyed: Vec<Pairs>,
    /// Pairs that one side has spoken for, so that the other need not.
    spoken: FxHashSet<(Declared, ObjectKey, ObjectKey)>,
    /// The same of the turn that is under way, in the manner of SQLAlchemy.
    speaking: Vec<(Declared, ObjectKey, ObjectKey)>,
}

/// Association rows of one relation.
pub(super) struct Pairs {
    pub(super) class: ClassId,
    pub(super) relation: RelationId,
    pub(super) pairs: Vec<(ObjectKey, ObjectKey)>,
}

impl Core {
    /// Goes through the relations of every object that takes part.
    pub(super) fn synchronize(&mut self, registry: &mut Registry) -> Result<Links> {
        let model = self.graph.model.clone();
        let ranks = ranks(&model);
        let mut links = Links::default();
        let mut through = Vec::new();
        for at in 0..registry.objects.len() {
            let key = registry.objects[at];
            let Some(object) = self.graph.objects.get(key) else { continue };
            let (fate, class) = (object.fate(), model.class(object.class));
            let is_linked = object.has_links() || object.reads().next().is_some();
            let plain = !is_linked && !self.concerns_relations(key, class);
            if fate == Fate::Listed || fate == Fate::Save && plain {
                continue;
            }
            for relation in class.relations.iter().filter(|it| !it.view_only) {
                if self.passes_over_unread(registry, key, relation) {
                    continue;
                }
                let declared = self.graph.declared(class.id, relation.id);
                let rank = ranks[&declared] + if fate == Fate::Delete { 0 } else { ranks.len() };
                if !self.graph.is_sound() && matches!(relation.join, Join::Through { .. }) {
                    through.push((fate != Fate::Delete, rank, key, relation.id));
                    continue;
                }
                match fate {
                    Fate::Delete => self.synchronize_deleted(registry, &mut links, key, relation, rank)?,
                    _ => self.synchronize_saved(registry, &mut links, key, relation, rank)?,
                }
            }
        }
        // Of two collections that tell the same pair, the first by name speaks for both, whoever owns them.
        through.sort_by_key(|it| (it.0, it.1));
        let mut turn = None;
        for (is_saved, rank, key, relation) in through {
            if turn.replace((is_saved, rank)) != Some((is_saved, rank)) {
                links.spoken.extend(links.speaking.drain(..));
            }
            let relation = model.relation(self.graph.objects[key].class, relation);
            match is_saved {
                false => self.synchronize_deleted(registry, &mut links, key, relation, rank)?,
                true => self.synchronize_saved(registry, &mut links, key, relation, rank)?,
            }
        }
        if self.graph.is_sound() {
            self.drop_known_pairs(&mut links.associated)?;
        }
        self.follow_keys(registry, &mut links, &ranks)?;
        // What is cleared comes first: whoever has got another owner keeps it. SQLAlchemy only has what follows from deletes
        // come first.
        let is_sound = self.graph.is_sound();
        links.assignments.sort_by_key(|it| (is_sound && it.from.is_some(), it.rank));
        Ok(links)
    }

    fn synchronize_saved(
        &mut self,
        registry: &mut Registry,
        links: &mut Links,
        key: ObjectKey,
        relation: &RelationModel,
        rank: usize,
    ) -> Result<()> {
        let by = self.graph.declared(self.graph.objects[key].class, relation.id);
        let deletes_orphans = relation.cascade.contains(Cascade::DELETE_ORPHAN);
        let when = if relation.post_update { When::Post } else { When::Row };
        match &relation.join {
            Join::Has { own_columns, .. } => {
                let changes = self.unit_changes(registry, key, relation, false)?;
                let from = || Some((key, own_columns.clone()));
                for &child in &changes.added {
                    self.check_member(relation, child)?;
                    let columns = self.key_in(relation, child);
                    self.assign(links, child, columns, from(), when, rank);
                }
                if !deletes_orphans && relation.passive_deletes != PassiveDeletes::All {
                    for child in self.without_parent(changes.removed, by, (key, relation))? {
                        // A sound session reads nothing when a member is taken out, which may be that of another owner.
                        let columns = self.key_in(relation, child);
                        let reads = self.graph.is_sound() && !self.graph.is_loaded(key, relation.id);
                        if !reads || self.held(child, columns)? == self.held(key, own_columns)? {
                            self.note_reached(child, key, relation, Way::SetNull);
                            self.clear(links, child, columns, relation, when, rank)?;
                        }
                    }
                }
                if let Some(follows) = self.follows(relation).filter(|_| self.is_rekeyed(key, own_columns)) {
                    for &child in &changes.unchanged {
                        let columns = self.key_in(relation, child);
                        self.assign(links, child, columns, from(), follows.when(when), rank);
                    }
                }
            }
            Join::BelongsTo { columns, target_columns, .. } => {
                let changes = self.graph.changes(key, relation.id);
                if let Some(&target) = changes.added.first() {
                    if self.is_left_out(target) {
                        self.clear(links, key, columns, relation, when, rank)?;
                    } else if self.graph.is_in(target) {
                        self.check_member(relation, target)?;
                        self.assign(links, key, columns, Some((target, target_columns.clone())), when, rank);
                    }
                } else if changes.is_change() {
                    self.clear(links, key, columns, relation, when, rank)?;
                }
            }
            Join::Through { own_columns, .. } => {
                let changes = self.unit_changes(registry, key, relation, false)?;
                let new = self.those_that_stay(changes.added);
                let added = self.pairs(links, key, relation, &new)?;
                let removed = self.pairs(links, key, relation, &changes.removed)?;
                note(&mut links.associated, by.0, relation.id, added);
                note(&mut links.dissociated, by.0, relation.id, removed);
                if !relation.passive_updates && self.is_rekeyed(key, own_columns) {
                    self.note_rekeyed(links, key, relation, changes.unchanged)?;
                }
            }
        }
        Ok(())
    }

    fn synchronize_deleted(
        &mut self,
        registry: &mut Registry,
        links: &mut Links,
        key: ObjectKey,
        relation: &RelationModel,
        rank: usize,
    ) -> Result<()> {
        let by = self.graph.declared(self.graph.objects[key].class, relation.id);
        let when = if relation.post_update { When::Post } else { When::Row };
        match &relation.join {
            Join::Has { .. } if relation.post_update || relation.passive_deletes != PassiveDeletes::All => {
                let changes = self.unit_changes(registry, key, relation, false)?;
                for child in self.without_parent(changes.removed, by, (key, relation))? {
                    self.note_reached(child, key, relation, Way::SetNull);
                    self.clear(links, child, self.key_in(relation, child), relation, when, rank)?;
                }
                if relation.post_update || !relation.cascade.contains(Cascade::DELETE) {
                    let added = registry.added.get(&by);
                    let stay = |it: &&ObjectKey| added.is_none_or(|added| !added.contains(*it));
                    // What it has got since, and what has lost another owner for it, has none either.
                    let got: &[ObjectKey] = if self.graph.is_sound() { &changes.added } else { &[] };
                    for &child in changes.unchanged.iter().chain(got).filter(stay) {
                        self.note_reached(child, key, relation, Way::SetNull);
                        self.clear(links, child, self.key_in(relation, child), relation, when, rank)?;
                    }
                }
            }
            Join::BelongsTo { columns, .. } => {
                let deletes_orphans = relation.cascade.contains(Cascade::DELETE_ORPHAN);
                // SQLAlchemy does not come to a relation of which it knows nothing.
                let comes_to_it = self.graph.is_sound() || registry.set_up.contains(&by);
                let passive = relation.passive_deletes == PassiveDeletes::All;
                if relation.post_update && comes_to_it && !deletes_orphans && !passive {
                    self.clear(links, key, columns, relation, When::Post, rank)?;
                }
            }
            Join::Has { .. } => {}
            Join::Through { .. } => {
                let changes = self.unit_changes(registry, key, relation, false)?;
                let gone = [changes.unchanged, changes.removed].concat();
                let pairs = self.pairs(links, key, relation, &gone)?;
                note(&mut links.dissociated_first, by.0, relation.id, pairs);
            }
        }
        Ok(())
    }

    /// Whether what waits for a collection to be read is left to the other side: of objects that it sorts one by one,
    /// SQLAlchemy only comes to the relations that are loaded.
    fn passes_over_unread(&self, registry: &Registry, key: ObjectKey, relation: &RelationModel) -> bool {
        relation.join.is_many()
            && !relation.lazy.is_never_loaded()
            && registry.rings.contains(&self.graph.root(self.graph.objects[key].class))
            && self.graph.has_identity(key)
            && !self.graph.is_loaded(key, relation.id)
    }

    /// The attributes of a member that refer to its owner.
    fn key_in<'r>(&self, relation: &'r RelationModel, member: ObjectKey) -> &'r [ColumnId] {
        target_columns(self.graph.as_to(relation, member))
    }

    /// Whether a new object is no part of the flush, because it has lost its parent.
    fn is_left_out(&self, key: ObjectKey) -> bool {
        let object = &self.graph.objects[key];
        object.state == State::Pending && object.fate() == Fate::None
    }

    /// Notes whose association rows follow the key of their owner. A pair is told once, and all pairs of a table stand
    /// together: their rows may exchange keys.
    fn note_rekeyed(
        &mut self,
        links: &mut Links,
        key: ObjectKey,
        relation: &RelationModel,
        members: Vec<ObjectKey>,
    ) -> Result<()> {
        let by = self.graph.declared(self.graph.objects[key].class, relation.id);
        if !self.graph.is_sound() {
            note(&mut links.rekeyed, by.0, relation.id, members.into_iter().map(|it| (key, it)).collect());
            return Ok(());
        }
        let stay = self.those_that_stay(members);
        let pairs = self.pairs(links, key, relation, &stay)?;
        let back = relation.inverse.map(|it| self.graph.declared(relation.target, it));
        match links.rekeyed.iter_mut().find(|it| back == Some((it.class, it.relation))) {
            Some(other) => other.pairs.extend(pairs.into_iter().map(|(owner, member)| (member, owner))),
            None => note(&mut links.rekeyed, by.0, relation.id, pairs),
        }
        Ok(())
    }

    /// The members that a flush does not delete. SQLAlchemy writes rows for those that it deletes, too.
    fn those_that_stay(&self, mut members: Vec<ObjectKey>) -> Vec<ObjectKey> {
        members.retain(|it| !self.graph.is_sound() || self.graph.objects[*it].fate() != Fate::Delete);
        members
    }

    /// Lets a foreign key take the key of another object.
    fn assign(
        &self,
        links: &mut Links,
        object: ObjectKey,
        columns: &[ColumnId],
        from: Option<(ObjectKey, Vec<ColumnId>)>,
        when: When,
        rank: usize,
    ) {
        let Some(held) = self.graph.objects.get(object) else { return };
        // SQLAlchemy tells a member that is in no session what its foreign key would be.
        let outside = held.fate() == Fate::None && from.is_some() && !self.graph.is_sound() && !held.state.lives();
        let when = if outside { When::Memory } else { when };
        if held.fate() == Fate::Delete && when != When::Post || held.fate() == Fate::None && !outside {
            return;
        }
        links.assignments.push(Assignment { object, columns: columns.to_vec(), from, when, rank });
    }

    /// Lets a foreign key be NULL.
    fn clear(
        &mut self,
        links: &mut Links,
        object: ObjectKey,
        columns: &[ColumnId],
        relation: &RelationModel,
        when: When,
        rank: usize,
    ) -> Result<()> {
        let Some(held) = self.graph.objects.get(object) else { return Ok(()) };
        if held.fate() == Fate::Delete && when != When::Post || held.fate() == Fate::None {
            return Ok(());
        }
        let class = self.graph.model.clone();
        let class = class.class(held.class);
        let in_key: Vec<ColumnId> = columns.iter().copied().filter(|it| class.key.contains(it)).collect();
        if !in_key.is_empty() && self.scalars(object, &in_key)?.iter().any(|it| !it.is_null()) {
            return Err(Misuse::BlankKey { object: self.graph.name(object), relation: relation.name.clone() }.into());
        }
        self.assign(links, object, columns, None, when, rank);
        Ok(())
    }

    /// The pairs of an owner that are still to be written.
    fn pairs(
        &mut self,
        links: &mut Links,
        owner: ObjectKey,
        relation: &RelationModel,
        members: &[ObjectKey],
    ) -> Result<Vec<(ObjectKey, ObjectKey)>> {
        let by = self.graph.declared(self.graph.objects[owner].class, relation.id);
        let mut pairs = Vec::with_capacity(members.len());
        for &member in members {
            self.check_member(relation, member)?;
            self.speak(links, by, (owner, member), relation);
            if self.graph.is_in(member) && !self.is_left_out(member) && !links.spoken.contains(&(by, owner, member)) {
                pairs.push((owner, member));
            }
        }
        Ok(pairs)
    }

    /// Notes that a relation speaks for a pair, whichever of its two sides names the other. SQLAlchemy remembers the pair
    /// the other way round and not by which side it came, and looks into that from the next turn on: between objects of one
    /// class, a pair and its reverse are one to it.
    fn speak(
        &self,
        links: &mut Links,
        by: Declared,
        (owner, member): (ObjectKey, ObjectKey),
        relation: &RelationModel,
    ) {
        let reverse = &self.graph.as_to(relation, member).reverse;
        let class = self.graph.objects[member].class;
        let others = reverse.iter().map(|it| (self.graph.declared(class, *it), member, owner));
        if self.graph.is_sound() {
            links.spoken.extend(others);
            return;
        }
        links.speaking.extend(others);
        if !reverse.is_empty() {
            links.speaking.push((by, member, owner));
        }
    }

    /// Foreign keys of objects that refer to one whose key changes, where no other side tells.
    fn follow_keys(
        &mut self,
        registry: &Registry,
        links: &mut Links,
        ranks: &FxHashMap<Declared, usize>,
    ) -> Result<()> {
        let model = self.graph.model.clone();
        let rekeyed = |core: &Core, key: ObjectKey| {
            let object = &core.graph.objects[key];
            object.state == State::Persistent
                && object.fate() == Fate::Save
                && core.is_rekeyed(key, &model.class(object.class).key)
        };
        if !registry.objects.iter().any(|it| rekeyed(self, *it)) {
            return Ok(());
        }
        for &key in &registry.objects {
            let class = model.class(self.graph.objects[key].class);
            for relation in class.relations.iter().filter(|it| follows_keys(&model, it)) {
                let Join::BelongsTo { columns, target_columns, .. } = &relation.join else { continue };
                let changed = self.graph.changes(key, relation.id).is_change();
                let target = self.graph.current(key, relation).first().copied();
                if let Some(target) = target.filter(|it| !changed && rekeyed(self, *it))
                    && let Some(follows) = self.follows(relation)
                {
                    let rank = ranks[&self.graph.declared(class.id, relation.id)] + ranks.len();
                    self.assign(
                        links,
                        key,
                        columns,
                        Some((target, target_columns.clone())),
                        follows.when(When::Row),
                        rank,
                    );
                }
            }
        }
        Ok(())
    }
}

fn note(all: &mut Vec<Pairs>, class: ClassId, relation: RelationId, pairs: Vec<(ObjectKey, ObjectKey)>) {
    if pairs.is_empty() {
        return;
    }
    match all.iter_mut().find(|it| it.class == class && it.relation == relation) {
        Some(found) => found.pairs.extend(pairs),
        None => all.push(Pairs { class, relation, pairs }),
    }
}

impl Core {
    /// Leaves out the pairs that the tables have already: a sound session links without reading, so of two collections
    /// that were never read nobody could tell.
    fn drop_known_pairs(&mut self, associated: &mut Vec<Pairs>) -> Result<()> {
        let model = self.graph.model.clone();
        for it in associated.iter_mut() {
            let declared = model.relation(it.class, it.relation);
            let Join::Through { table, own, other, own_columns, target_columns, layout, .. } = &declared.join else {
                continue;
            };
            let mut keys: Vec<Vec<Value>> = Vec::new();
            for &(owner, member) in &it.pairs {
                let unread = self.is_unread(owner, declared.id)
                    && declared.inverse.map_or(self.graph.has_identity(member), |it| self.is_unread(member, it));
                if unread {
                    keys.push([self.held(owner, own_columns)?, self.held(member, target_columns)?].concat());
                }
            }
            if keys.is_empty() {
                continue;
            }
            let select = Select::from(table.clone()).by_keys(own.iter().chain(other).cloned());
            let prepared = self.connection.prepare(select.into())?;
            let found = self.connection.run(&prepared, Input::Keys(&keys.concat()))?.rows;
            let columns: Vec<ColumnId> = layout.own.iter().chain(&layout.other).copied().collect();
            let there: FxHashSet<Vec<Value>> = found.into_rows().map(|row| project(&*row, &columns)).collect();
            let mut new = Vec::with_capacity(it.pairs.len());
            for &(owner, member) in it.pairs.iter().filter(|_| !there.is_empty()) {
                let key = [self.held(owner, own_columns)?, self.held(member, target_columns)?].concat();
                if !there.contains(&key) {
                    new.push((owner, member));
                }
            }
            if !there.is_empty() {
                it.pairs = new;
            }
        }
        associated.retain(|it| !it.pairs.is_empty());
        Ok(())
    }

    /// Whether an object has rows in a collection that nobody has looked at.
    fn is_unread(&self, key: ObjectKey, relation: RelationId) -> bool {
        self.graph.has_identity(key) && !self.graph.is_loaded(key, relation)
    }
}

/// The place of each relation among all, by the names of its class and its own.
fn ranks(model: &Model) -> FxHashMap<Declared, usize> {
    let mut all: Vec<(&str, &str, Declared)> = Vec::new();
    for class in model.classes() {
        let own = class.relations.iter().filter(|it| model.declares(class.id, it.id) == class.id);
        all.extend(own.map(|it| (class.name.as_str(), it.name.as_str(), (class.id, it.id))));
    }
    all.sort_unstable();
    all.into_iter().enumerate().map(|(rank, (.., declared))| (declared, rank)).collect()
}
