//! Collecting in the manner of SQLAlchemy: relations have their turns.
//!
//! Each relation looks at every object that takes part, once, with the fate that the object has at that time. An object
//! that one relation lets be deleted after another has looked at it as saved is not looked at again by that other. A
//! sound session looks again.

use rustc_hash::FxHashSet;

use super::collect::Registry;
use crate::error::Result;
use crate::id::ClassId;
use crate::object::class::PassiveDeletes;
use crate::object::compact::Fate;
use crate::object::model::{Join, RelationModel};
use crate::object::parents::Declared;
use crate::object::reference::ObjectKey;
use crate::object::select::own_columns;
use crate::object::session::Core;
use crate::schema::strongly_connected;

/// Which relations have looked at which objects.
#[derive(Default)]
struct Turns {
    /// The relations, in the order in which their classes came.
    relations: Vec<Declared>,
    classes: Vec<ClassId>,
    looked: FxHashSet<(Declared, ObjectKey)>,
    /// Those that have found something to do, or to keep.
    set_up: FxHashSet<Declared>,
}

impl Core {
    /// Lets every relation look at every object, until nothing new comes up.
    pub(super) fn take_turns(&mut self, registry: &mut Registry) -> Result<()> {
        let mut turns = Turns::default();
        loop {
            let mut looked = false;
            let mut at = 0;
            self.note_classes(registry, &mut turns);
            while let Some(&by) = turns.relations.get(at) {
                looked |= self.take_turn(registry, &mut turns, by)?;
                self.note_classes(registry, &mut turns);
                at += 1;
            }
            if !looked {
                let before = registry.objects.len();
                self.find_followers(registry)?;
                if registry.objects.len() == before {
                    registry.rings = self.rings(&turns);
                    self.read_references_of_rings(registry, &turns.set_up)?;
                    registry.settle();
                    registry.set_up = turns.set_up;
                    return Ok(());
                }
            }
        }
    }

    /// The relations of classes that have come up since.
    fn note_classes(&self, registry: &Registry, turns: &mut Turns) {
        for &key in &registry.objects {
            let class = self.graph.objects[key].class;
            if turns.classes.contains(&class) {
                continue;
            }
            turns.classes.push(class);
            for relation in self.graph.model.class(class).relations.iter().filter(|it| !it.view_only) {
                let by = self.graph.declared(class, relation.id);
                if !turns.relations.contains(&by) {
                    turns.relations.push(by);
                }
            }
        }
    }

    /// Lets one relation look at the objects that it has not looked at: first those that go.
    fn take_turn(&mut self, registry: &mut Registry, turns: &mut Turns, by: Declared) -> Result<bool> {
        let model = self.graph.model.clone();
        let waits = |core: &Core, turns: &Turns, it: ObjectKey| {
            core.graph.has_relation(it, by)
                && core.graph.objects[it].fate() != Fate::Listed
                && !turns.looked.contains(&(by, it))
        };
        let waiting: Vec<ObjectKey> = registry.objects.iter().copied().filter(|it| waits(self, turns, *it)).collect();
        let (gone, kept): (Vec<ObjectKey>, Vec<ObjectKey>) =
            waiting.into_iter().partition(|it| self.graph.objects[*it].fate() == Fate::Delete);
        for &key in &gone {
            let relation = model.relation(self.graph.objects[key].class, by.1);
            self.look_along_deleted(registry, key, relation)?;
        }
        for &key in &kept {
            let relation = model.relation(self.graph.objects[key].class, by.1);
            self.look_along_saved(registry, key, relation)?;
        }
        if !turns.set_up.contains(&by) && self.sets_up((registry, turns), (&gone, &kept), by)? {
            turns.set_up.insert(by);
        }
        turns.looked.extend(gone.iter().chain(&kept).map(|it| (by, *it)));
        Ok(!gone.is_empty() || !kept.is_empty())
    }

    /// Whether a relation has something to do in this flush, as SQLAlchemy finds out: by what is known of it. Where a
    /// reference of an object that goes is not, the row is read, and what the identity map says is kept: it can be asked
    /// for when the row is gone.
    fn sets_up(
        &mut self,
        (registry, turns): (&Registry, &Turns),
        (gone, kept): (&[ObjectKey], &[ObjectKey]),
        by: Declared,
    ) -> Result<bool> {
        let model = self.graph.model.clone();
        for &key in gone {
            let relation = model.relation(self.graph.objects[key].class, by.1);
            if self.asks_for_unread(registry, key, relation) {
                self.read_begun(key)?;
                if let Some(known) = self.loaded_one(key, relation) {
                    self.graph.note_read(key, relation, known);
                }
            }
            if self.graph.is_loaded(key, relation.id) && self.tells(key, relation) {
                return Ok(true);
            }
        }
        let relation = model.relation(by.0, by.1);
        let takes_part = |some: &[ObjectKey]| {
            !some.is_empty() && !model.is_a(relation.target, by.0) && turns.classes.contains(&relation.target)
        };
        let tells = |it: &ObjectKey| self.tells(*it, model.relation(self.graph.objects[*it].class, by.1));
        Ok(takes_part(gone) || kept.iter().any(tells) || takes_part(kept))
    }

    /// Whether a relation of an object that goes is a reference that was not read and that the row tells.
    fn asks_for_unread(&self, registry: &Registry, key: ObjectKey, relation: &RelationModel) -> bool {
        matches!(relation.join, Join::BelongsTo { .. })
            && relation.passive_deletes == PassiveDeletes::Off
            && self.graph.has_identity(key)
            && !self.graph.is_loaded(key, relation.id)
            && !self.was_never_given(registry, key, relation)
    }

    /// Whether a foreign key is NULL in a row that this transaction has inserted. SQLAlchemy does not read a row that it
    /// has written, and takes what was not given to be unknown.
    fn was_never_given(&self, registry: &Registry, key: ObjectKey, relation: &RelationModel) -> bool {
        let columns = own_columns(relation);
        let is_null = self.graph.row(key).is_some_and(|row| columns.iter().any(|it| row.get(*it).is_null()));
        let inserted = || self.frames.iter().flat_map(|it| &it.inserted).copied().collect();
        is_null && registry.inserted.get_or_init(inserted).contains(&key)
    }

    /// Whether something is known of a relation: that one to a single object leads nowhere is something.
    fn tells(&self, key: ObjectKey, relation: &RelationModel) -> bool {
        let is_one = !relation.join.is_many() && self.graph.is_loaded(key, relation.id);
        is_one || !self.graph.changes(key, relation.id).is_empty()
    }

    /// The hierarchies whose classes refer to each other in a ring, or one to itself, by relations that have something to
    /// do, each by its root.
    fn rings(&self, turns: &Turns) -> FxHashSet<ClassId> {
        let mut after = vec![Vec::new(); self.graph.model.classes().len()];
        for &(class, relation) in &turns.set_up {
            let declared = self.graph.model.relation(class, relation);
            let (own, target) = (self.graph.root(class).index(), self.graph.root(declared.target).index());
            match declared.join {
                _ if declared.post_update => {}
                Join::Has { .. } => after[own].push(target),
                Join::BelongsTo { .. } => after[target].push(own),
                Join::Through { .. } => {}
            }
        }
        let is_ring = |group: &Vec<usize>| group.len() > 1 || after[group[0]].contains(&group[0]);
        let groups = strongly_connected(&after).into_iter().filter(is_ring);
        groups.flatten().map(|it| self.graph.model.classes()[it].id).collect()
    }

    /// SQLAlchemy sorts objects one by one where classes refer to each other in a ring, and for that reads the references
    /// of those that go as if they were looked at: one that may not be read refuses the flush, and all of them can be asked
    /// for when the rows are gone.
    fn read_references_of_rings(&mut self, registry: &Registry, set_up: &FxHashSet<Declared>) -> Result<()> {
        let model = self.graph.model.clone();
        let goes = |it: &ObjectKey| {
            let object = &self.graph.objects[*it];
            object.fate() == Fate::Delete && registry.rings.contains(&self.graph.root(object.class))
        };
        let gone: Vec<ObjectKey> = registry.objects.iter().copied().filter(goes).collect();
        for key in gone {
            for relation in &model.class(self.graph.objects[key].class).relations {
                let by = self.graph.declared(self.graph.objects[key].class, relation.id);
                if !set_up.contains(&by) || !self.asks_for_unread(registry, key, relation) {
                    continue;
                }
                self.may_read_before_set(key, relation)?;
                self.read_begun(key)?;
                if !self.take_known(key, relation)? {
                    self.read_for_unit(key, relation)?;
                }
            }
        }
        Ok(())
    }
}
