//! The fate of every object: what has happened since the last flush, and what follows from it along relations.

use std::cell::OnceCell;

use rustc_hash::{FxHashMap, FxHashSet};

use super::Follows;
use crate::error::{Misuse, Result};
use crate::id::{ClassId, ColumnId, RelationId};
use crate::object::class::{Cascade, Lazy, PassiveDeletes};
use crate::object::compact::Fate;
use crate::object::history::Changes;
use crate::object::links::{Link, Since};
use crate::object::model::{ClassModel, Join, RelationModel};
use crate::object::parents::Declared;
use crate::object::reference::ObjectKey;
use crate::object::session::Core;
use crate::object::state::State;
use crate::object::trace::Way;

/// What a flush knows of the objects that take part.
#[derive(Default)]
pub(super) struct Registry {
    /// In the order in which they were found.
    pub(super) objects: Vec<ObjectKey>,
    /// Those whose relations are still to be looked at.
    work: Vec<ObjectKey>,
    /// Those that are to be deleted and were not looked at yet, by class: what is read of one is read of all of them.
    ahead: FxHashMap<ClassId, Vec<ObjectKey>>,
    /// Whether what orphans lead to was read ahead.
    orphans_read: bool,
    /// What has happened to relations where finding it out took a read.
    changes: FxHashMap<(ObjectKey, RelationId), Changes>,
    /// New objects that have lost a parent without which they are not to be: they are left out.
    pub(super) dropped: Vec<ObjectKey>,
    /// The relations that have something to do, as SQLAlchemy finds out. A sound session does not ask.
    pub(super) set_up: FxHashSet<Declared>,
    /// The roots of the classes whose objects SQLAlchemy sorts one by one.
    pub(super) rings: FxHashSet<ClassId>,
    /// What this transaction has inserted, once somebody has asked.
    pub(super) inserted: OnceCell<FxHashSet<ObjectKey>>,
    /// What collections have got, by relation.
    pub(super) added: FxHashMap<Declared, FxHashSet<ObjectKey>>,
}

/// What a flush does with an object that it comes across.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Comes {
    /// It is saved, if nothing else was decided.
    Along,
    /// It is saved, although it was to be deleted.
    Kept,
    /// It is deleted.
    ToDelete,
    /// Something else writes its row, if nothing else was decided.
    Listed,
}

impl Comes {
    /// Of those that refer to an object whose key changes.
    fn of(follows: Follows) -> Comes {
        match follows {
            Follows::Written => Comes::Along,
            Follows::Guessed => Comes::Listed,
        }
    }
}

impl Registry {
    /// Every object has been looked at.
    pub(super) fn settle(&mut self) {
        self.work.clear();
    }
}

impl Core {
    /// Decides about every touched object, and about those that it leads to.
    pub(super) fn collect(&mut self) -> Result<Registry> {
        let mut registry = Registry::default();
        let dropped = if self.graph.is_sound() { self.graph.lost() } else { FxHashSet::default() };
        let (mut marked, mut at) = (Vec::new(), 0);
        while at < self.graph.touched.len() {
            let key = self.graph.touched[at];
            at += 1;
            let Some(object) = self.graph.objects.get(key) else { continue };
            if !object.state.lives() || dropped.contains(&key) {
                continue;
            }
            if object.marked {
                marked.push(key);
                continue;
            }
            if !self.graph.is_sound() && object.state == State::Persistent && object.lacks_row() && !object.has_links()
            {
                // It was expired with all its changes.
                continue;
            }
            let orphan = self.graph.is_orphan(key);
            match (object.state, orphan) {
                (State::Pending, true) if self.graph.extra(key).is_some_and(|it| it.orphaned) => {
                    self.graph.expunge_one(key);
                }
                (State::Persistent, true) => self.register(&mut registry, key, Comes::ToDelete),
                _ => self.register(&mut registry, key, Comes::Along),
            }
        }
        // The order among deletions is that in which they were asked for.
        marked.into_iter().for_each(|key| self.register(&mut registry, key, Comes::ToDelete));
        registry.dropped = dropped.into_iter().collect();
        registry.work.reverse();
        if !self.graph.is_sound() {
            self.take_turns(&mut registry)?;
            return Ok(registry);
        }
        while let Some(key) = registry.work.pop() {
            self.look_around(&mut registry, key)?;
            if registry.work.is_empty() {
                self.find_followers(&mut registry)?;
            }
        }
        Ok(registry)
    }

    fn register(&mut self, registry: &mut Registry, key: ObjectKey, comes: Comes) {
        if !self.graph.is_in(key) || registry.dropped.contains(&key) {
            return;
        }
        let object = &mut self.graph.objects[key];
        let fate = match (object.fate(), comes) {
            (Fate::None, Comes::Along | Comes::Kept) => Fate::Save,
            (Fate::None, Comes::Listed) => Fate::Listed,
            (_, Comes::ToDelete) => Fate::Delete,
            (Fate::Delete | Fate::Listed, Comes::Kept) => Fate::Save,
            _ => return,
        };
        if object.fate() == fate {
            return;
        }
        if object.fate() == Fate::None {
            registry.objects.push(key);
            self.graph.fated.push(key);
        }
        let object = &mut self.graph.objects[key];
        object.set_fate(fate);
        if fate == Fate::Delete {
            registry.ahead.entry(object.class).or_default().push(key);
        }
        registry.work.push(key);
    }

    /// Registers an orphan to be deleted, and what its delete cascades reach; SQLAlchemy does not ask whether the orphan
    /// itself is in the session.
    fn register_orphan(&mut self, registry: &mut Registry, key: ObjectKey) -> Result<()> {
        self.register(registry, key, Comes::ToDelete);
        if self.graph.is_in(key) || !self.graph.is_sound() {
            self.read_ahead_of_orphans(registry, key)?;
            for (it, _) in self.reach_deletes(key)? {
                self.register(registry, it, Comes::ToDelete);
            }
        }
        Ok(())
    }

    /// Reads, once in a flush, what will be asked of its orphans, as far as they are known by now.
    fn read_ahead_of_orphans(&mut self, registry: &mut Registry, first: ObjectKey) -> Result<()> {
        if registry.orphans_read || !self.graph.is_sound() {
            return Ok(());
        }
        registry.orphans_read = true;
        let model = self.graph.model.clone();
        let (mut orphans, mut seen) = (vec![first], FxHashSet::from_iter([first]));
        for &owner in &registry.work {
            if !self.graph.objects[owner].has_links() {
                continue;
            }
            let class = model.class(self.graph.objects[owner].class);
            for relation in class.relations.iter().filter(|it| it.cascade.contains(Cascade::DELETE_ORPHAN)) {
                let by = self.graph.declared(class.id, relation.id);
                let removed = self.graph.changes(owner, relation.id).removed;
                orphans.extend(self.without_parent(removed, by, (owner, relation))?);
            }
        }
        orphans.retain(|it| self.graph.is_in(*it) && (*it == first || seen.insert(*it)));
        self.read_ahead(&orphans)
    }

    /// What the fate of an object means for those it is related to.
    fn look_around(&mut self, registry: &mut Registry, key: ObjectKey) -> Result<()> {
        let model = self.graph.model.clone();
        let object = &self.graph.objects[key];
        let (fate, class) = (object.fate(), model.class(object.class));
        if fate == Fate::Listed || fate == Fate::Save && !object.has_links() && !self.concerns_relations(key, class) {
            return Ok(());
        }
        if fate == Fate::Delete {
            self.read_ahead_of_deleted(registry, class)?;
        }
        for relation in class.relations.iter().filter(|it| !it.view_only) {
            match fate {
                Fate::Delete => self.look_along_deleted(registry, key, relation)?,
                _ => self.look_along_saved(registry, key, relation)?,
            }
        }
        Ok(())
    }

    /// Reads what will be asked of objects that go, of all of a class that are known to go by now.
    fn read_ahead_of_deleted(&mut self, registry: &mut Registry, class: &ClassModel) -> Result<()> {
        let owners = registry.ahead.remove(&class.id).unwrap_or_default();
        for relation in class.relations.iter().filter(|it| reads_when_deleted(it) && !it.lazy.is_never_loaded()) {
            self.read_together(class.id, relation, &owners)?;
        }
        Ok(())
    }

    pub(super) fn look_along_saved(
        &mut self,
        registry: &mut Registry,
        key: ObjectKey,
        relation: &RelationModel,
    ) -> Result<()> {
        let deletes_orphans = relation.cascade.contains(Cascade::DELETE_ORPHAN);
        let by = self.graph.declared(self.graph.objects[key].class, relation.id);
        match &relation.join {
            Join::Has { own_columns, .. } => {
                let rekeyed = self.is_rekeyed(key, own_columns);
                let changes = self.unit_changes(registry, key, relation, rekeyed && !relation.passive_updates)?;
                if changes.is_empty() {
                    return Ok(());
                }
                // In a sound session an object that was deleted after it was added stays deleted.
                let comes = if self.graph.is_sound() { Comes::Along } else { Comes::Kept };
                for &child in &changes.added {
                    self.check_member(relation, child)?;
                    self.register(registry, child, comes);
                }
                registry.added.entry(by).or_default().extend(&changes.added);
                for &child in &changes.removed {
                    if deletes_orphans {
                        if self.lacks_parent(child, by, (key, relation))? {
                            self.note_reached(child, key, relation, Way::Orphan);
                            self.register_orphan(registry, child)?;
                        }
                    } else if relation.passive_deletes != PassiveDeletes::All {
                        self.register(registry, child, Comes::Along);
                    }
                }
                if let Some(comes) = self.follows(relation).filter(|_| rekeyed).map(Comes::of) {
                    changes.unchanged.iter().for_each(|it| self.register(registry, *it, comes));
                }
            }
            Join::BelongsTo { .. } | Join::Through { .. } if deletes_orphans => {
                let belongs = matches!(relation.join, Join::BelongsTo { .. });
                let load = belongs && relation.passive_deletes == PassiveDeletes::Off;
                let changes = self.unit_changes(registry, key, relation, load)?;
                for child in changes.removed {
                    if self.lacks_parent(child, by, (key, relation))? {
                        self.note_reached(child, key, relation, Way::Orphan);
                        self.register_orphan(registry, child)?;
                    }
                }
            }
            Join::Through { own_columns, .. } => {
                if !relation.passive_updates && self.is_rekeyed(key, own_columns) {
                    self.unit_changes(registry, key, relation, true)?;
                }
            }
            Join::BelongsTo { .. } => {}
        }
        Ok(())
    }

    pub(super) fn look_along_deleted(
        &mut self,
        registry: &mut Registry,
        key: ObjectKey,
        relation: &RelationModel,
    ) -> Result<()> {
        let load = relation.passive_deletes == PassiveDeletes::Off;
        let deletes = relation.cascade.contains(Cascade::DELETE);
        let deletes_orphans = relation.cascade.contains(Cascade::DELETE_ORPHAN);
        match &relation.join {
            Join::Has { .. } => {
                let by = self.graph.declared(self.graph.objects[key].class, relation.id);
                let changes = self.unit_changes(registry, key, relation, load)?;
                for child in changes.removed {
                    if self.lacks_parent(child, by, (key, relation))? {
                        let comes = if deletes_orphans { Comes::ToDelete } else { Comes::Along };
                        if deletes_orphans {
                            self.note_reached(child, key, relation, Way::Orphan);
                        }
                        self.register(registry, child, comes);
                    }
                }
                if !deletes && relation.passive_deletes != PassiveDeletes::All {
                    changes.unchanged.iter().for_each(|it| self.register(registry, *it, Comes::Along));
                }
            }
            Join::BelongsTo { .. } if deletes || deletes_orphans => {
                let changes = self.unit_changes(registry, key, relation, load)?;
                let removed = if deletes_orphans { changes.removed } else { Vec::new() };
                for child in [changes.added, changes.unchanged, removed].concat() {
                    self.note_reached(child, key, relation, if deletes { Way::Cascade } else { Way::Orphan });
                    self.register_orphan(registry, child)?;
                }
            }
            Join::BelongsTo { .. } => {}
            Join::Through { .. } => {
                if reads_when_deleted(relation) || load && !self.graph.is_sound() {
                    self.unit_changes(registry, key, relation, true)?;
                }
            }
        }
        Ok(())
    }

    /// Whether what waits for a collection to be read is left to the other side: SQLAlchemy looks for orphans first,
    /// which the queue does not tell of, and then has seen the collection.
    fn passes_over_queue(&self, key: ObjectKey, relation: &RelationModel) -> bool {
        !self.graph.is_sound()
            && matches!(relation.join, Join::Through { .. })
            && relation.cascade.contains(Cascade::DELETE_ORPHAN)
            && self.graph.objects[key].fate() == Fate::Save
            && self.graph.has_identity(key)
            && !self.graph.is_loaded(key, relation.id)
            && !relation.lazy.is_never_loaded()
    }

    /// What has happened to a relation, as this flush sees it: read if asked, and remembered if so.
    pub(super) fn unit_changes(
        &mut self,
        registry: &mut Registry,
        key: ObjectKey,
        relation: &RelationModel,
        load: bool,
    ) -> Result<Changes> {
        if let Some(known) = registry.changes.get(&(key, relation.id)) {
            return Ok(known.clone());
        }
        if matches!(self.graph.link(key, relation.id), Link::One { since: Since::Changed(_), .. }) {
            self.graph.set_part_aside(key, relation.id);
        }
        let unread = match self.graph.link(key, relation.id) {
            Link::One { since: Since::ChangedUnread, .. } => !relation.is_by_identity(),
            _ => false,
        };
        let reads = load && !self.graph.is_known_whole(key, relation.id) && !relation.lazy.is_never_loaded();
        let queries = load && relation.lazy.is_never_loaded();
        if queries && relation.lazy == Lazy::WriteOnly && !self.graph.is_sound() {
            return Err(Misuse::WriteOnly { relation: relation.name.clone(), object: self.graph.name(key) }.into());
        }
        if self.passes_over_queue(key, relation) {
            return Ok(Changes::default());
        }
        if !(unread || reads || queries) {
            return Ok(self.graph.changes(key, relation.id));
        }
        let mut changes = if unread {
            self.graph.changes(key, relation.id)
        } else if relation.lazy.is_never_loaded() {
            let mut changes = self.graph.changes(key, relation.id);
            changes.unchanged = self.peek(key, relation)?;
            changes.unchanged.retain(|it| !changes.added.contains(it) && !changes.removed.contains(it));
            changes
        } else {
            self.read_for_unit(key, relation)?;
            self.graph.changes(key, relation.id)
        };
        if unread && self.graph.has_identity(key) {
            let before = self.peek(key, relation)?;
            let target = changes.added.first().copied();
            if target.is_some_and(|it| before.contains(&it)) {
                // It was set to what it led to already.
                changes.unchanged = std::mem::take(&mut changes.added);
            }
            changes.removed = before.into_iter().filter(|it| Some(*it) != target).take(1).collect();
            let by = self.graph.declared(self.graph.objects[key].class, relation.id);
            if self.graph.is_sound() {
                for &lost in &changes.removed {
                    self.graph.has_lost_parent(lost, by, key);
                    self.graph.forget_owner(lost, relation, key);
                }
            }
        }
        registry.changes.insert((key, relation.id), changes.clone());
        Ok(changes)
    }

    /// Whether a column has changed, in an object that has a row, that concerns one of its relations. Most changes
    /// concern none.
    pub(super) fn concerns_relations(&self, key: ObjectKey, class: &ClassModel) -> bool {
        self.graph.objects[key].state == State::Persistent
            && self.graph.differing(key).is_some_and(|it| it.contains_any(&class.followed))
    }

    /// Whether columns that others refer to have changed in an object that has a row.
    pub(super) fn is_rekeyed(&self, key: ObjectKey, columns: &[ColumnId]) -> bool {
        self.graph.objects[key].state == State::Persistent
            && columns.iter().any(|it| self.graph.is_changed_in(key, &[*it]) && self.graph.has_column(key, *it))
    }

    /// Objects that refer to one whose key has changed, where no other side tells.
    pub(super) fn find_followers(&mut self, registry: &mut Registry) -> Result<()> {
        let model = self.graph.model.clone();
        let mut rekeyed: FxHashMap<ClassId, Vec<ObjectKey>> = FxHashMap::default();
        for &key in &registry.objects {
            let object = &self.graph.objects[key];
            if object.fate() == Fate::Save && self.is_rekeyed(key, &model.class(object.class).key) {
                rekeyed.entry(self.graph.root(object.class)).or_default().push(key);
            }
        }
        if rekeyed.is_empty() {
            return Ok(());
        }
        let all: Vec<ObjectKey> = self.graph.objects.keys().collect();
        for key in all {
            if self.graph.objects[key].state != State::Persistent {
                continue;
            }
            let class = model.class(self.graph.objects[key].class);
            for relation in class.relations.iter().filter(|it| follows_keys(&model, it)) {
                let Some(switched) = rekeyed.get(&self.graph.root(relation.target)) else { continue };
                if let Some(comes) = self.follows(relation).map(Comes::of)
                    && self.graph.current(key, relation).iter().any(|it| switched.contains(it))
                {
                    self.register(registry, key, comes);
                }
            }
        }
        Ok(())
    }

    /// Refuses a member that the relation does not lead to.
    pub(super) fn check_member(&self, relation: &RelationModel, member: ObjectKey) -> Result<()> {
        if self.graph.is_a(member, relation.target) {
            let class = self.graph.model.class(self.graph.objects[member].class);
            return self.graph.model.as_it_leads_to(relation, class).map(drop);
        }
        let given = self.graph.model.class(self.graph.objects[member].class).name.clone();
        let expected = self.graph.model.class(relation.target).name.clone();
        Err(Misuse::WrongClass { expected, given }.into())
    }
}

/// Whether a flush has to know what a relation of an object that goes leads to.
fn reads_when_deleted(relation: &RelationModel) -> bool {
    let deletes = |it: Cascade| it.contains(Cascade::DELETE) || it.contains(Cascade::DELETE_ORPHAN);
    let asks = match &relation.join {
        Join::Has { .. } => true,
        Join::BelongsTo { .. } => deletes(relation.cascade),
        Join::Through { cascades, .. } => !cascades,
    };
    asks && !relation.view_only && relation.passive_deletes == PassiveDeletes::Off
}

/// Whether the objects of a reference have to be looked for when a key changes: only if the other side does not tell.
pub(super) fn follows_keys(model: &crate::object::model::Model, relation: &RelationModel) -> bool {
    if !matches!(relation.join, Join::BelongsTo { .. }) || relation.view_only {
        return false;
    }
    match relation.inverse {
        None => true,
        Some(inverse) => !relation.passive_updates && model.relation(relation.target, inverse).passive_updates,
    }
}
