//! What has happened since the last flush.

use rustc_hash::FxHashSet;

use super::Assignment;
use crate::error::Result;
use crate::id::{ClassId, ColumnId, RelationId};
use crate::object::class::{Cascade, PassiveDeletes};
use crate::object::links::{Link, Since};
use crate::object::model::{ClassModel, Join, RelationModel};
use crate::object::reference::ObjectKey;
use crate::object::session::Core;
use crate::object::state::State;
use crate::query::{Input, Select};
use crate::record::project;
use crate::value::Value;

/// Everything that a flush has to carry over, not yet in any order.
#[derive(Default)]
pub(super) struct Collected {
    pub(super) inserts: Vec<ObjectKey>,
    pub(super) updates: Vec<ObjectKey>,
    pub(super) deletes: Vec<ObjectKey>,
    pub(super) assignments: Vec<Assignment>,
    pub(super) associated: Vec<Pairs>,
    pub(super) dissociated: Vec<Pairs>,
    /// Orphans that were never inserted.
    pub(super) dropped: Vec<ObjectKey>,
    pub(super) dissociated_all: Vec<(ClassId, RelationId, Vec<ObjectKey>)>,
}

/// Association rows of one relation.
pub(super) type Pairs = (ClassId, RelationId, Vec<(ObjectKey, ObjectKey)>);

impl Core {
    /// Looks at every touched object. Orphans and the partners that a deletion leaves behind are touched on the way, so
    /// the list grows while it is walked.
    pub(super) fn collect(&mut self, marked: &mut Vec<ObjectKey>) -> Result<Collected> {
        let mut collected = Collected::default();
        loop {
            let found = marked.len();
            collected.assignments.clear();
            self.find_orphans(marked, &mut collected.assignments)?;
            // One that was never inserted leaves what it owned without an owner, which may make further orphans.
            if marked[found..].iter().all(|it| self.graph.objects[*it].state != State::Pending) {
                break;
            }
        }
        let mut at = 0;
        while at < self.graph.touched.len() {
            let key = self.graph.touched[at];
            at += 1;
            let Some(object) = self.graph.objects.get(key) else { continue };
            match (object.state, object.marked) {
                (State::Pending, true) => {
                    collected.dropped.push(key);
                    continue;
                }
                (State::Pending, false) => collected.inserts.push(key),
                (State::Persistent, true) => collected.deletes.push(key),
                (State::Persistent, false) => collected.updates.push(key),
                (State::Transient | State::Deleted | State::Detached, _) => continue,
            }
            self.collect_relations(key, &mut collected)?;
        }
        self.drop_known_pairs(&mut collected.associated)?;
        // An owner that loses a member to another one has no say.
        let taken: FxHashSet<ObjectKey> =
            collected.assignments.iter().filter(|it| it.from.is_some()).map(|it| it.object).collect();
        if !taken.is_empty() {
            let all = collected.assignments.clone();
            let same = |a: &Assignment, b: &Assignment| a.object == b.object && a.columns == b.columns;
            collected.assignments.retain(|it| {
                it.from.is_some()
                    || !taken.contains(&it.object)
                    || !all.iter().any(|other| other.from.is_some() && same(it, other))
            });
        }
        // What an owner that goes leaves behind is updated too, though nobody has touched it.
        if collected.assignments.is_empty() {
            return Ok(collected);
        }
        let known: FxHashSet<ObjectKey> =
            collected.inserts.iter().chain(&collected.updates).chain(&collected.deletes).copied().collect();
        let mut left: Vec<ObjectKey> = collected.assignments.iter().map(|it| it.object).collect();
        left.retain(|it| !known.contains(it));
        left.sort_unstable();
        left.dedup();
        collected.updates.extend(left);
        Ok(collected)
    }

    /// Marks what was taken out of a relation that deletes its orphans, and what that reaches.
    fn find_orphans(&mut self, marked: &mut Vec<ObjectKey>, released: &mut Vec<Assignment>) -> Result<()> {
        let model = self.graph.model.clone();
        let mut at = 0;
        while at < self.graph.touched.len() {
            let key = self.graph.touched[at];
            at += 1;
            let Some(object) = self.graph.objects.get(key) else { continue };
            if !object.state.lives() || !object.has_links() {
                continue;
            }
            let class = model.class(object.class);
            for relation in &class.relations {
                let orphans = match &relation.join {
                    Join::BelongsTo { .. } if self.is_orphan_by(key, relation) => vec![key],
                    Join::Has { .. } => {
                        let before = self.unread_partner(key, relation)?;
                        if relation.cascade.contains(Cascade::DELETE_ORPHAN) {
                            before.into_iter().chain(self.lost(key, relation)).collect()
                        } else {
                            self.release(before, relation, released);
                            Vec::new()
                        }
                    }
                    Join::BelongsTo { .. } | Join::Through { .. } => Vec::new(),
                };
                for orphan in orphans {
                    self.mark(orphan, marked)?;
                }
            }
        }
        Ok(())
    }

    /// Whether a reference was set to nothing that its inverse requires.
    fn is_orphan_by(&self, key: ObjectKey, relation: &RelationModel) -> bool {
        let Some(inverse) = relation.inverse else { return false };
        let inverse = self.graph.model.relation(relation.target, inverse);
        inverse.cascade.contains(Cascade::DELETE_ORPHAN)
            && match self.graph.link(key, relation.id) {
                Link::One { target, since } if *since != Since::Unchanged => target
                    .is_none_or(|it| self.graph.objects[it].state == State::Pending && self.graph.objects[it].marked),
                _ => false,
            }
    }

    /// Whether an object has no row and will have none: an orphan that was never inserted, or a transient one.
    pub(super) fn is_dropped(&self, key: ObjectKey) -> bool {
        self.graph.objects.get(key).is_none_or(|it| match it.state {
            State::Pending => it.marked,
            state => state == State::Transient,
        })
    }

    /// Members that were taken out of a relation and have found no other owner.
    fn lost(&self, key: ObjectKey, relation: &RelationModel) -> Vec<ObjectKey> {
        let Link::Many(collection) = self.graph.link(key, relation.id) else { return Vec::new() };
        let homeless = |member: &ObjectKey| match relation.inverse {
            Some(inverse) => matches!(self.graph.link(*member, inverse), Link::One { target: None, .. }),
            None => true,
        };
        collection.removed().iter().copied().filter(homeless).collect()
    }

    fn collect_relations(&mut self, key: ObjectKey, collected: &mut Collected) -> Result<()> {
        let model = self.graph.model.clone();
        let object = &self.graph.objects[key];
        let (class, marked) = (model.class(object.class), object.marked);
        if !object.has_links() && !marked {
            return Ok(());
        }
        for relation in &class.relations {
            match &relation.join {
                Join::BelongsTo { .. } => {}
                Join::Has { .. } if marked => self.leave_behind(key, relation, collected)?,
                Join::Has { .. } => self.collect_has(key, relation, collected)?,
                Join::Through { .. } => self.collect_pairs(key, class, relation, marked, collected),
            }
        }
        Ok(())
    }

    /// The references of what an owner that goes has had: NULL, unless the foreign key's action takes care of them.
    fn leave_behind(&mut self, key: ObjectKey, relation: &RelationModel, collected: &mut Collected) -> Result<()> {
        let Join::Has { columns, .. } = &relation.join else { return Ok(()) };
        let members = if relation.passive_deletes != PassiveDeletes::Off {
            // Those that are not loaded are the foreign key's, and so are all where it is never NULL.
            if self.can_be_null(relation, columns) { self.graph.known_members(key, relation) } else { Vec::new() }
        } else if relation.join.is_many() {
            let mut members = self.load_many(key, relation.id)?.to_vec();
            if let (None, Link::Many(collection)) = (relation.inverse, self.graph.link(key, relation.id)) {
                // Nor do those that were taken out know it.
                members.extend(collection.removed().iter().filter(|it| !self.graph.is_gone(**it)));
            }
            members
        } else {
            self.load_one(key, relation.id)?.into_iter().collect()
        };
        for member in members {
            let object = &self.graph.objects[member];
            let moved = relation.inverse.is_some_and(|inverse| {
                matches!(self.graph.link(member, inverse), Link::One { since, .. } if *since != Since::Unchanged)
            });
            if object.state == State::Persistent && !object.marked && !moved {
                collected.assignments.push(Assignment { object: member, columns: columns.clone(), from: None });
            }
        }
        Ok(())
    }

    fn can_be_null(&self, relation: &RelationModel, columns: &[ColumnId]) -> bool {
        let table = self.connection.schema().table_named(&self.graph.model.class(relation.target).table);
        table.is_ok_and(|table| columns.iter().all(|&it| table.column(it).nullable))
    }

    fn collect_has(&mut self, key: ObjectKey, relation: &RelationModel, collected: &mut Collected) -> Result<()> {
        let Join::Has { columns, own_columns, .. } = &relation.join else { return Ok(()) };
        // With an inverse the reference of the other side says it all.
        if relation.inverse.is_some() {
            return Ok(());
        }
        let (arrived, left) = match self.graph.link(key, relation.id) {
            Link::One { target, since } if *since != Since::Unchanged => (target.iter().copied().collect(), Vec::new()),
            Link::Many(collection) => (collection.added().to_vec(), collection.removed().to_vec()),
            _ => return Ok(()),
        };
        let from = Some((key, own_columns.clone()));
        let stays = |it: &ObjectKey| self.graph.objects.get(*it).is_some_and(|it| it.state.lives() && !it.marked);
        let arrived: Vec<ObjectKey> = arrived.into_iter().filter(stays).collect();
        for object in arrived {
            collected.assignments.push(Assignment { object, columns: columns.clone(), from: from.clone() });
        }
        let left: Vec<ObjectKey> = left.into_iter().filter(stays).collect();
        for object in left {
            // An owner that was never read may name a member of another one.
            if self.scalars(object, columns)? != self.scalars(key, own_columns)? {
                continue;
            }
            collected.assignments.push(Assignment { object, columns: columns.clone(), from: None });
        }
        Ok(())
    }

    /// The partner of one-to-one that the tables name, where another was set without its having been read.
    fn unread_partner(&mut self, key: ObjectKey, relation: &RelationModel) -> Result<Option<ObjectKey>> {
        let Link::One { target, since: Since::ChangedUnread } = *self.graph.link(key, relation.id) else {
            return Ok(None);
        };
        let class = self.graph.objects[key].class;
        let now = std::mem::take(self.graph.link_mut(key, relation.id));
        let read = self.read_relation(class, relation, &[key]);
        let before = match self.graph.link(key, relation.id) {
            Link::One { target, .. } => *target,
            _ => None,
        };
        *self.graph.link_mut(key, relation.id) = now;
        read?;
        let moved = |it: ObjectKey| {
            relation.inverse.is_some_and(
                |inverse| matches!(self.graph.link(it, inverse), Link::One { since, .. } if *since != Since::Unchanged),
            )
        };
        Ok(before.filter(|it| Some(*it) != target && !moved(*it) && !self.graph.objects[*it].marked))
    }

    /// Lets a partner go.
    fn release(&self, before: Option<ObjectKey>, relation: &RelationModel, released: &mut Vec<Assignment>) {
        let Join::Has { columns, .. } = &relation.join else { return };
        released.extend(before.map(|object| Assignment { object, columns: columns.clone(), from: None }));
    }

    fn collect_pairs(
        &mut self,
        key: ObjectKey,
        class: &ClassModel,
        relation: &RelationModel,
        marked: bool,
        collected: &mut Collected,
    ) {
        let Join::Through { cascades, .. } = &relation.join else { return };
        // Both sides have noted the same pairs; one of them speaks for both.
        let speaks = relation.inverse.is_none_or(|inverse| (class.id, relation.id) < (relation.target, inverse));
        if let (true, Link::Many(collection)) = (speaks, self.graph.link(key, relation.id)) {
            let stays = |it: &ObjectKey| {
                !marked && self.graph.objects.get(*it).is_some_and(|it| it.state.lives() && !it.marked)
            };
            let added: Vec<_> = collection.added().iter().filter(|it| stays(it)).map(|it| (key, *it)).collect();
            let removed: Vec<_> = collection.removed().iter().map(|it| (key, *it)).collect();
            note(&mut collected.associated, class.id, relation.id, added);
            note(&mut collected.dissociated, class.id, relation.id, removed);
        }
        if marked && !cascades {
            match collected.dissociated_all.iter_mut().find(|it| it.0 == class.id && it.1 == relation.id) {
                Some(found) => found.2.push(key),
                None => collected.dissociated_all.push((class.id, relation.id, vec![key])),
            }
        }
    }
}

impl Core {
    /// Leaves out the pairs that the tables have already: linking reads nothing, so of two collections that were never
    /// read nobody could tell.
    fn drop_known_pairs(&mut self, associated: &mut Vec<Pairs>) -> Result<()> {
        let model = self.graph.model.clone();
        for (class, relation, pairs) in associated.iter_mut() {
            let declared = model.relation(*class, *relation);
            let Join::Through { table, own, other, own_columns, target_columns, layout, .. } = &declared.join else {
                continue;
            };
            let mut keys: Vec<Vec<Value>> = Vec::new();
            for &(owner, member) in pairs.iter() {
                let unread = self.is_unread(owner, declared.id)
                    && declared
                        .inverse
                        .map_or(self.graph.objects[member].state == State::Persistent, |it| self.is_unread(member, it));
                if unread {
                    keys.push([self.scalars(owner, own_columns)?, self.scalars(member, target_columns)?].concat());
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
            let mut new = Vec::with_capacity(pairs.len());
            for &(owner, member) in pairs.iter().filter(|_| !there.is_empty()) {
                let key = [self.scalars(owner, own_columns)?, self.scalars(member, target_columns)?].concat();
                if !there.contains(&key) {
                    new.push((owner, member));
                }
            }
            if !there.is_empty() {
                *pairs = new;
            }
        }
        associated.retain(|it| !it.2.is_empty());
        Ok(())
    }

    /// Whether an object has rows in a collection that nobody has looked at.
    fn is_unread(&self, key: ObjectKey, relation: RelationId) -> bool {
        let unread = !matches!(self.graph.link(key, relation), Link::Many(it) if it.members.is_some());
        unread && self.graph.objects[key].state == State::Persistent
    }
}

fn note(all: &mut Vec<Pairs>, class: ClassId, relation: RelationId, pairs: Vec<(ObjectKey, ObjectKey)>) {
    if pairs.is_empty() {
        return;
    }
    match all.iter_mut().find(|it| it.0 == class && it.1 == relation) {
        Some(found) => found.2.extend(pairs),
        None => all.push((class, relation, pairs)),
    }
}
