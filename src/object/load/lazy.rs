//! Reading a relation of one object when it is touched.

use std::sync::Arc;

use super::batch::{Batch, By};
use super::branch::{Asked, Place};
use super::plan::Plan;
use super::take::Reach;
use crate::error::{Misuse, Result};
use crate::id::{ClassId, RelationId};
use crate::object::class::Lazy;
use crate::object::diagnosis::Noted;
use crate::object::identity::Identity;
use crate::object::links::{Link, Since};
use crate::object::model::{Join, RelationModel};
use crate::object::reference::ObjectKey;
use crate::object::select::{Existing, own_columns};
use crate::object::session::Core;
use crate::object::state::State;

impl Core {
    /// What a relation of an object leads to, if that is known without a statement; `None` when it is not loaded.
    #[inline]
    pub(in crate::object) fn loaded_one(&self, key: ObjectKey, relation: &RelationModel) -> Option<Option<ObjectKey>> {
        match self.graph.link(key, relation.id) {
            Link::One { target, .. } => return Some(target.filter(|it| !self.graph.passes_over(*it))),
            Link::Many(_) => return None,
            Link::Unloaded => {}
        }
        if !self.graph.has_identity(key) {
            return Some(None);
        }
        match &relation.join {
            Join::BelongsTo { columns, .. } if self.graph.is_changed_in(key, columns) => self.rewritten(key, relation),
            Join::BelongsTo { .. } => self.graph.known_reference(key, relation),
            _ => None,
        }
    }

    /// What a reference leads to whose foreign key was written since.
    fn rewritten(&self, key: ObjectKey, relation: &RelationModel) -> Option<Option<ObjectKey>> {
        let Join::BelongsTo { columns, by_identity: true, .. } = &relation.join else { return None };
        let row = self.graph.row(key)?;
        match Identity::of(&**row, columns) {
            Some(identity) if relation.condition.is_none() => self.graph.known_as(relation.target, &identity),
            Some(_) => None,
            None => Some(None),
        }
    }

    /// The members of a collection, if they are known without a statement.
    pub(in crate::object) fn loaded_many(&self, key: ObjectKey, relation: RelationId) -> Option<Arc<Vec<ObjectKey>>> {
        let fresh = !self.graph.has_identity(key);
        match self.graph.link(key, relation) {
            // No row refers to an object that has none yet, so what was added is all there is.
            Link::Many(collection) => match &collection.members {
                Some(members) if self.graph.has_gone && members.iter().any(|it| self.graph.passes_over(*it)) => {
                    Some(Arc::new(members.iter().copied().filter(|it| !self.graph.passes_over(*it)).collect()))
                }
                Some(members) => Some(members.clone()),
                None => fresh.then(|| Arc::new(collection.queued_added().to_vec())),
            },
            Link::Unloaded => fresh.then(Arc::default),
            Link::One { .. } => None,
        }
    }

    /// What a relation leads to, read if need be.
    pub(in crate::object) fn load_one(&mut self, key: ObjectKey, relation: RelationId) -> Result<Option<ObjectKey>> {
        let (model, class) = (self.graph.model.clone(), self.object(key)?.class);
        let declared = model.relation(class, relation);
        let way = self.way_now(key, declared);
        self.may_look(key, declared, way)?;
        self.note_look(key, relation);
        if !self.graph.is_loaded(key, relation) && self.graph.objects[key].state == State::Detached {
            self.check_related_readable(key)?;
        }
        if let Some(known) = self.loaded_one(key, declared) {
            if !self.graph.is_sound() && self.graph.is_loaded(key, relation) {
                return Ok(known);
            }
            if way == Lazy::RaiseOnSql && self.is_asked_for(key, declared) {
                return Err(self.not_loaded(key, declared));
            }
            let known = self.check_known(declared.target, known)?;
            self.remember_read(key, declared, known);
            return Ok(known);
        }
        if self.needs_no_row(key, way) {
            return Ok(None);
        }
        self.check_related_readable(key)?;
        let asked = self.asked_before_flush(key, declared);
        let lacked = self.graph.objects[key].lacks_row();
        if !self.graph.is_sound() && !lacked && !self.lacks_start(key, declared) {
            self.may_read(key, declared, way)?;
        }
        self.prepare_reading(key, declared)?;
        if lacked {
            self.note_expired(key, declared);
        }
        if let Some(asked) = asked.filter(|it| self.target_identity(key, declared).as_ref() != Some(it)) {
            self.may_read(key, declared, way)?;
            let target = self.find(declared.target, &asked.to_values())?;
            *self.graph.link_mut(key, relation) = Link::One { target, since: Since::Unchanged };
            return Ok(target);
        }
        if self.loaded_one(key, declared).is_none() {
            self.may_read(key, declared, way)?;
            self.read_relation(class, declared, &[key])?;
        }
        match self.loaded_one(key, declared) {
            // The foreign key leads to no row, which only a deferred constraint allows for a while.
            None => {
                *self.graph.link_mut(key, relation) = Link::One { target: None, since: Since::Unchanged };
                Ok(None)
            }
            Some(known) => {
                let known = self.check_known(declared.target, known)?;
                self.remember_read(key, declared, known);
                Ok(known)
            }
        }
    }

    /// The key that a reference is read by. SQLAlchemy takes it before the flush that the read begins with, which may write
    /// another one.
    fn asked_before_flush(&self, key: ObjectKey, relation: &RelationModel) -> Option<Identity> {
        let asks = !self.graph.is_sound() && self.wants_flush() && relation.is_by_identity();
        if asks { self.target_identity(key, relation) } else { None }
    }

    /// The key of the target in a row that is known.
    fn target_identity(&self, key: ObjectKey, relation: &RelationModel) -> Option<Identity> {
        let columns = own_columns(relation);
        let known = columns.iter().all(|it| self.graph.has_column(key, *it));
        self.graph.row(key).filter(|_| known).and_then(|row| Identity::of(&**row, columns))
    }

    /// Remembers what a reference was found to lead to, so that it stays so until it is expired.
    pub(super) fn remember_read(&mut self, key: ObjectKey, relation: &RelationModel, target: Option<ObjectKey>) {
        if !self.graph.has_identity(key) || self.graph.is_loaded(key, relation.id) {
            return;
        }
        if self.graph.is_changed_in(key, own_columns(relation)) {
            *self.graph.link_mut(key, relation.id) = Link::One { target, since: Since::Unchanged };
        } else {
            self.graph.note_read(key, relation, target);
        }
    }

    /// Lets a reference lead where its row and the identity map say, with no statement of its own. Says whether they do.
    pub(in crate::object) fn take_known(&mut self, key: ObjectKey, relation: &RelationModel) -> Result<bool> {
        if !relation.is_by_identity() {
            return Ok(false);
        }
        let Some(known) = self.loaded_one(key, relation) else { return Ok(false) };
        let known = self.check_known(relation.target, known)?;
        self.remember_read(key, relation, known);
        Ok(true)
    }

    /// An object of the identity map, unless it was expired and its row has gone since.
    fn check_known(&mut self, class: ClassId, known: Option<ObjectKey>) -> Result<Option<ObjectKey>> {
        match known {
            Some(target) if self.graph.objects[target].lacks_row() && self.graph.is_in(target) => {
                self.still_there(class, target)
            }
            known => Ok(known),
        }
    }

    /// The members of a collection, read if need be.
    pub(in crate::object) fn load_many(&mut self, key: ObjectKey, relation: RelationId) -> Result<Arc<Vec<ObjectKey>>> {
        let (model, class) = (self.graph.model.clone(), self.object(key)?.class);
        let declared = model.relation(class, relation);
        self.note_look(key, relation);
        if let Link::Many(it) = self.graph.link(key, relation)
            && it.is_taken_away()
        {
            return Ok(Arc::default());
        }
        if let Some(known) = self.loaded_many(key, relation) {
            return Ok(known);
        }
        let way = self.way_now(key, declared);
        if self.graph.is_sound() {
            self.check_related_readable(key)?;
            self.check_whole(key, declared)?;
        }
        self.may_look(key, declared, way)?;
        if self.needs_no_row(key, way) {
            return Ok(Arc::default());
        }
        self.check_related_readable(key)?;
        let lacked = self.graph.objects[key].lacks_row();
        if !self.graph.is_sound() && !lacked {
            self.may_read(key, declared, way)?;
        }
        self.before_reading(key)?;
        if !self.graph.is_sound() && !lacked && self.graph.is_loaded(key, relation) {
            // What the flush has read on the way is as old as the rows before it.
            *self.graph.link_mut(key, relation) = Link::Unloaded;
        }
        self.begin_reading(key, declared)?;
        if lacked && !self.graph.is_sound() && self.loaded_many(key, relation).is_none() {
            // The row was one statement, the relation is another.
            self.before_query()?;
        }
        if let Some(known) = self.loaded_many(key, relation) {
            return Ok(known);
        }
        self.may_read(key, declared, way)?;
        if lacked {
            self.note_expired(key, declared);
        }
        self.read_relation(class, declared, &[key])?;
        Ok(self.loaded_many(key, relation).unwrap_or_default())
    }

    /// What comes before a reference is read: the row that it starts from.
    fn prepare_reading(&mut self, key: ObjectKey, relation: &RelationModel) -> Result<()> {
        let lacked = self.graph.objects[key].lacks_row();
        self.before_reading(key)?;
        self.begin_reading(key, relation)?;
        let reads = lacked && !self.graph.is_sound() && self.loaded_one(key, relation).is_none();
        if reads { self.before_query() } else { Ok(()) }
    }

    /// Reads what an object lacks, unless that has nothing to do with a relation: what a subclass adds, columns that were
    /// expired by themselves.
    pub(super) fn begin_reading(&mut self, key: ObjectKey, relation: &RelationModel) -> Result<()> {
        if self.lacks_start(key, relation) {
            self.fresh(key)?;
        }
        Ok(())
    }

    /// Whether an object's row has to be read before a relation of it can be.
    pub(super) fn lacks_start(&self, key: ObjectKey, relation: &RelationModel) -> bool {
        self.graph.objects[key].lacks_row()
            || self.graph.extra(key).is_some_and(|it| it.begun)
            || !own_columns(relation).iter().all(|it| self.graph.has_column(key, *it))
    }

    /// Whether a relation of an object can be read. SQLAlchemy asks the tables whatever became of the object's row.
    fn check_related_readable(&self, key: ObjectKey) -> Result<()> {
        if self.object(key)?.state == State::Deleted && !self.graph.is_sound() {
            return self.check_active();
        }
        self.check_readable(key)
    }

    /// Refuses to read a collection as a whole that is only written.
    pub(in crate::object) fn check_whole(&self, key: ObjectKey, relation: &RelationModel) -> Result<()> {
        if relation.lazy != Lazy::WriteOnly {
            return Ok(());
        }
        let (relation, object) = (relation.name.clone(), self.graph.name(key));
        Err(Misuse::WriteOnly { relation, object }.into())
    }

    /// How a relation is loaded that is touched now. Of an object that was expired, what a query asked holds again when
    /// its row has been read.
    #[inline]
    fn way_now(&self, key: ObjectKey, relation: &RelationModel) -> Lazy {
        match self.notes.is_empty() || self.graph.objects[key].lacks_row() {
            true => relation.lazy,
            false => self.way_of(key, relation),
        }
    }

    /// Whether a relation is empty whatever the rows say: SQLAlchemy reads no row again for that.
    fn needs_no_row(&self, key: ObjectKey, way: Lazy) -> bool {
        way == Lazy::Noload && !self.graph.is_sound() && self.graph.objects[key].lacks_row()
    }

    /// Whether looking at the relation is allowed though it was not loaded as such: `raise` refuses what the session
    /// happens to know, too.
    #[inline]
    fn may_look(&self, key: ObjectKey, relation: &RelationModel, way: Lazy) -> Result<()> {
        let refused = way == Lazy::Raise && self.graph.has_identity(key) && !self.graph.is_loaded(key, relation.id);
        if refused { Err(self.not_loaded(key, relation)) } else { Ok(()) }
    }

    /// Whether a reference may be read that is about to be set: SQLAlchemy asks as if it were looked at.
    pub(in crate::object) fn may_read_before_set(&mut self, key: ObjectKey, relation: &RelationModel) -> Result<()> {
        let way = self.way_now(key, relation);
        self.may_look(key, relation, way)?;
        if way == Lazy::RaiseOnSql && self.loaded_one(key, relation).is_none() {
            return Err(self.not_loaded(key, relation));
        }
        Ok(())
    }

    /// Whether reading the relation by itself is allowed.
    fn may_read(&self, key: ObjectKey, relation: &RelationModel, way: Lazy) -> Result<()> {
        match way {
            Lazy::Raise | Lazy::RaiseOnSql => Err(self.not_loaded(key, relation)),
            _ => Ok(()),
        }
    }

    /// The error of a relation that is not loaded.
    pub(in crate::object) fn not_loaded(&self, key: ObjectKey, relation: &RelationModel) -> crate::error::Error {
        let class = &self.graph.model.class(self.graph.objects[key].class).name;
        let advice = "load it with the query: `.with(….selectin())` or `.with(….joined())`";
        let relation = format!("{class}.{}", relation.name);
        Misuse::NotLoaded { relation, object: self.graph.name(key), advice }.into()
    }

    /// Reads a relation for many objects of one class that do not have it yet, and what their targets load by
    /// themselves.
    pub(in crate::object) fn read_relation(
        &mut self,
        class: ClassId,
        relation: &RelationModel,
        owners: &[ObjectKey],
    ) -> Result<()> {
        let with_peers = self.with_peers(relation, owners);
        let owners = with_peers.as_deref().unwrap_or(owners);
        self.budgeted(None, |core| {
            core.noted(Noted::Touch { relation, owners }, |core| core.read_touched(class, relation, owners))
        })
    }

    fn read_touched(&mut self, class: ClassId, relation: &RelationModel, owners: &[ObjectKey]) -> Result<()> {
        if !self.notes.is_empty() {
            for same in owners
                .chunk_by(|a, b| {
                    let said = |it| self.notes.said(it, relation.id);
                    Arc::ptr_eq(self.notes.place(*a), self.notes.place(*b)) && said(*a) == said(*b)
                })
                .map(<[_]>::to_vec)
                .collect::<Vec<_>>()
            {
                let place = self.notes.place(same[0]).clone();
                self.read_there(&same, relation, &place, Reach::New)?;
            }
            return Ok(());
        }
        if relation.lazy == Lazy::Noload {
            self.fill_with_nothing(owners, relation)?;
            return Ok(());
        }
        self.read_plainly(class, relation, owners)
    }

    /// A relation that is not to be loaded is none or empty, for who looks at it.
    pub(super) fn fill_with_nothing(&mut self, owners: &[ObjectKey], relation: &RelationModel) -> Result<()> {
        for &owner in owners {
            if !self.graph.is_loaded(owner, relation.id) {
                self.fill(owner, relation, Vec::new())?;
                self.graph.note_partial(owner, relation.id);
            }
        }
        Ok(())
    }

    /// How a relation is read that nobody asked anything of.
    pub(super) fn plain_plan(&mut self, class: ClassId, relation: &RelationModel) -> Result<Arc<Plan>> {
        if let Some(plan) = self.plans.get(&(class, relation.id)) {
            return Ok(plan.clone());
        }
        let place = self.behind_touched(&Place::default(), class, relation);
        self.load_plan(class, relation, None, &place, None)
    }

    /// The place behind a relation that is touched. Where a reference back is declared to be nothing, or to be read at once,
    /// SQLAlchemy lets it lead back to whom it was come from, when it is touched in its turn.
    fn behind_touched(&self, place: &Place, class: ClassId, relation: &RelationModel) -> Arc<Place> {
        let model = &self.graph.model;
        let behind = place.behind(model, class, relation.id);
        let leads_back = |it: &&RelationId| {
            let back = model.relation(relation.target, **it);
            matches!(back.lazy, Lazy::Noload | Lazy::Immediate) && back.is_by_identity()
        };
        let back: Vec<RelationId> = relation.reverse.iter().filter(leads_back).copied().collect();
        match self.graph.is_sound() || back.is_empty() {
            true => behind,
            false => behind.reading_touched(model, relation.target, &back),
        }
    }

    /// The same where no query has asked anything.
    fn read_plainly(&mut self, class: ClassId, relation: &RelationModel, owners: &[ObjectKey]) -> Result<()> {
        let plan = self.plain_plan(class, relation)?;
        self.read_for(&Batch::lazily(relation, &plan), owners, true).map(drop)
    }

    /// Reads a relation of objects that were read at one place. Returns the objects that this brought.
    pub(super) fn read_there(
        &mut self,
        owners: &[ObjectKey],
        relation: &RelationModel,
        place: &Arc<Place>,
        reach: Reach,
    ) -> Result<Vec<ObjectKey>> {
        let Some(first) = owners.first() else { return Ok(Vec::new()) };
        let (model, class) = (self.graph.model.clone(), self.object(*first)?.class);
        let way = place.way(&model, class, relation, None);
        let said = self.notes.said(*first, relation.id).filter(|_| !self.graph.is_sound());
        if said.unwrap_or(way.lazy) == Lazy::Noload {
            self.fill_with_nothing(owners, relation)?;
            return Ok(Vec::new());
        }
        let of_all = way.asked.filter(|_| self.reads_all(*first, relation, way.lazy)).map(Asked::of_all);
        let asked = of_all.as_ref().or(way.asked);
        let behind = self.behind_touched(place, class, relation);
        let plan = self.load_plan(class, relation, asked, &behind, None)?;
        let limit = asked.and_then(|it| it.per_owner.as_ref()).map_or(usize::MAX, |it| it.limit as usize);
        let batch = Batch { per_owner: limit, reach, ..Batch::lazily(relation, &plan) };
        self.read_for(&batch, owners, asked.is_none_or(Asked::is_plain))
    }
}

impl<'b> Batch<'b> {
    pub(super) fn lazily(relation: &'b RelationModel, plan: &'b Plan) -> Self {
        let (existing, everywhere, reach) = (Existing::Kept, None, Reach::New);
        let (per_owner, size, by) = (usize::MAX, super::BATCH, By::Now);
        Batch { relation, plan, existing, everywhere, reach, per_owner, size, by }
    }
}
