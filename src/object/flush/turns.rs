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
use crate::object::model::Join;
use crate::object::parents::Declared;
use crate::object::reference::ObjectKey;
use crate::object::session::Core;

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
                    self.check_references_of_rings(registry, &turns)?;
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
        if !turns.set_up.contains(&by) && self.sets_up(turns, &gone, &kept, by)? {
            turns.set_up.insert(by);
        }
        turns.looked.extend(gone.iter().chain(&kept).map(|it| (by, *it)));
        Ok(!gone.is_empty() || !kept.is_empty())
    }

    /// Whether a relation has something to do in this flush, as SQLAlchemy finds out: by what is known of it. Where a
    /// reference of an object that goes is not, the row is read, and what the identity map says is kept: it can be asked
    /// for when the row is gone.
    fn sets_up(&mut self, turns: &Turns, gone: &[ObjectKey], kept: &[ObjectKey], by: Declared) -> Result<bool> {
        let model = self.graph.model.clone();
        for &key in gone {
            let relation = model.relation(self.graph.objects[key].class, by.1);
            let refers = matches!(relation.join, Join::BelongsTo { .. });
            if refers && relation.passive_deletes == PassiveDeletes::Off && !self.graph.is_loaded(key, relation.id) {
                self.read_begun(key)?;
                if let Some(known) = self.loaded_one(key, relation) {
                    self.graph.note_read(key, relation, known);
                }
            }
            if self.graph.is_loaded(key, relation.id) && (refers || !self.graph.changes(key, relation.id).is_empty()) {
                return Ok(true);
            }
        }
        let relation = model.relation(by.0, by.1);
        let takes_part = |some: &[ObjectKey]| {
            !some.is_empty() && !model.is_a(relation.target, by.0) && turns.classes.contains(&relation.target)
        };
        let changes = |it: &ObjectKey| !self.graph.changes(*it, by.1).is_empty();
        Ok(takes_part(gone) || kept.iter().any(changes) || takes_part(kept))
    }

    /// SQLAlchemy sorts objects one by one where a class refers to itself, and then asks for the references of those that
    /// go as if they were looked at: one that may not be read refuses the flush.
    fn check_references_of_rings(&mut self, registry: &Registry, turns: &Turns) -> Result<()> {
        let model = self.graph.model.clone();
        let leads_back = |it: &Declared| {
            let relation = model.relation(it.0, it.1);
            self.graph.root(relation.target) == self.graph.root(it.0)
        };
        let rings: Vec<ClassId> =
            turns.set_up.iter().filter(|it| leads_back(it)).map(|it| self.graph.root(it.0)).collect();
        let goes = |it: &ObjectKey| {
            self.graph.objects[*it].fate() == Fate::Delete
                && rings.contains(&self.graph.root(self.graph.objects[*it].class))
        };
        let gone: Vec<ObjectKey> = registry.objects.iter().copied().filter(goes).collect();
        for key in gone {
            for relation in &model.class(self.graph.objects[key].class).relations {
                let asks =
                    matches!(relation.join, Join::BelongsTo { .. }) && relation.passive_deletes == PassiveDeletes::Off;
                let by = self.graph.declared(self.graph.objects[key].class, relation.id);
                if asks && turns.set_up.contains(&by) {
                    self.may_read_before_set(key, relation)?;
                }
            }
        }
        Ok(())
    }
}
