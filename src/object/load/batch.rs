//! One relation of many objects, by one statement for each batch of keys.

use std::borrow::Cow;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::after::{After, JoinedHere};
use super::apart::Brought;
use super::branch::{Asked, Place};
use super::plan::{Plan, Wanted};
use super::references::{References, Target};
use super::take::{Reach, Reading};
use crate::error::Result;
use crate::id::{ClassId, ColumnId};
use crate::object::class::Lazy;
use crate::object::diagnosis::Noted;
use crate::object::identity::Identity;
use crate::object::model::{Join, RelationModel};
use crate::object::reference::{ObjectKey, each_once};
use crate::object::select::{Existing, Ground};
use crate::object::session::Core;
use crate::object::state::State;
use crate::object::trail::Lead;
use crate::query::Input;
use crate::record::{Row, project};
use crate::value::Value;

/// How many keys go into one statement.
pub const BATCH: usize = 500;

/// One relation of objects, and how it is read.
pub(super) struct Batch<'b> {
    pub(super) relation: &'b RelationModel,
    pub(super) plan: &'b Plan,
    pub(super) existing: Existing,
    pub(super) everywhere: Option<Lazy>,
    pub(super) reach: Reach,
    /// How many members each owner gets at most.
    pub(super) per_owner: usize,
    pub(super) size: usize,
    pub(super) by: By,
}

/// By which values of its owners a relation is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// Those that they have now.
    Now,
    /// Those that their rows hold.
    Stored,
}

impl Core {
    /// Reads a relation for objects that were read at a place, and what is loaded behind it.
    pub(super) fn read_batch(
        &mut self,
        after: &After<'_>,
        class: ClassId,
        relation: &RelationModel,
        owners: &[ObjectKey],
    ) -> Result<()> {
        let model = self.graph.model.clone();
        let way = after.place.way(&model, class, relation, after.everywhere);
        let place = after.place.behind(&model, class, relation.id);
        let plan = self.load_plan(class, relation, way.asked, &place, after.everywhere)?;
        let per_owner = way.asked.and_then(|it| it.per_owner.as_ref()).map_or(usize::MAX, |it| it.limit as usize);
        let size = if way.lazy == Lazy::Subquery { usize::MAX } else { BATCH };
        let After { existing, everywhere, .. } = *after;
        let reach = Reach::All;
        let by = By::Now;
        let batch = Batch { relation, plan: &plan, existing, everywhere, reach, per_owner, size, by };
        let plain = way.asked.is_none_or(Asked::is_plain);
        // What was to be joined and could not be is read so, too.
        let lazy = if way.lazy == Lazy::Joined { Lazy::Selectin } else { way.lazy };
        let what = Noted::Along { class, relation, lazy };
        self.noted(what, |core| core.read_for(&batch, owners, plain).map(drop))
    }

    /// Reads a relation for the objects that do not have it yet. What is behind it is loaded for all. Returns the objects
    /// that this brought.
    pub(super) fn read_for(&mut self, batch: &Batch<'_>, owners: &[ObjectKey], plain: bool) -> Result<Vec<ObjectKey>> {
        let waiting = self.waiting(batch, owners);
        self.note_filled(batch.relation.id, &waiting);
        let mut known = Vec::new();
        if waiting.len() < owners.len() {
            known = self.members_of(batch.relation, owners);
        }
        let new = match &batch.relation.join {
            Join::BelongsTo { columns, by_identity: true, .. } if plain && batch.relation.condition.is_none() => {
                self.read_references(batch, columns, &waiting, &mut known)?
            }
            _ => self.read_groups(batch, &waiting)?,
        };
        if !plain {
            waiting.iter().for_each(|&it| self.graph.note_partial(it, batch.relation.id));
        }
        if !known.is_empty() && batch.reach == Reach::All {
            let Batch { existing, everywhere, .. } = *batch;
            let joined = JoinedHere::default();
            let after = After { place: &batch.plan.place, existing, everywhere, reach: Reach::Known, joined };
            self.load_at(&after, batch.relation.target, &known, &[])?;
        }
        Ok(new)
    }

    /// What owners lead to that have the relation already.
    pub(super) fn members_of(&self, relation: &RelationModel, owners: &[ObjectKey]) -> Vec<ObjectKey> {
        let mut known = Vec::new();
        for &owner in owners {
            if self.graph.is_loaded(owner, relation.id) {
                known.extend(self.graph.current(owner, relation));
            }
        }
        known.retain(|it| self.graph.objects.get(*it).is_some_and(|it| it.state == State::Persistent));
        known.sort_unstable();
        known.dedup();
        known
    }

    /// The statement that reads a relation by keys. One that nobody asked anything of is kept.
    pub(super) fn load_plan(
        &mut self,
        class: ClassId,
        relation: &RelationModel,
        asked: Option<&Asked>,
        place: &Arc<Place>,
        everywhere: Option<Lazy>,
    ) -> Result<Arc<Plan>> {
        let common = everywhere.is_none() && asked.is_none() && place.is_common();
        if let Some(plan) = self.plans.get(&(class, relation.id)).filter(|_| common) {
            return Ok(plan.clone());
        }
        let model = self.graph.model.clone();
        let schema = self.connection.schema().clone();
        let ground = Ground { model: &model, schema: &schema };
        let draft = Wanted { ground, graph: &self.graph, class, relation, asked, place, everywhere }.draft()?;
        let plain = draft.nodes.is_empty() && asked.is_none_or(Asked::is_plain);
        let prepared = if plain {
            self.prepared(&relation.load, || draft.select.into())?
        } else {
            self.connection.prepare(draft.select.into())?
        };
        let (entity, cell, nodes, keys) = (draft.entity, draft.cell, draft.nodes, draft.keys);
        let (layout, place) = (draft.layout, place.clone());
        let plan = Arc::new(Plan { prepared, entity, cell, nodes, keys, layout, place });
        if common {
            self.plans.insert((class, relation.id), plan.clone());
        }
        Ok(plan)
    }

    /// References to primary keys: only targets that the session does not know need a statement, and the identity map
    /// holds the answer, so mostly no link is made. Many owners refer to few targets: each is looked up once.
    fn read_references(
        &mut self,
        batch: &Batch<'_>,
        columns: &[ColumnId],
        owners: &[ObjectKey],
        known: &mut Vec<ObjectKey>,
    ) -> Result<Vec<ObjectKey>> {
        let mut new = Vec::new();
        let relation = batch.relation;
        let mut references = References::of(self, batch.by, columns, owners);
        let mut wanted: Vec<&Identity> = Vec::new();
        for identity in &references.targets {
            match self.graph.known_as(relation.target, identity) {
                Some(Some(key)) if batch.existing == Existing::Kept && !self.graph.objects[key].lacks_row() => {
                    known.push(key);
                }
                Some(None) if batch.existing == Existing::Kept => {}
                _ => wanted.push(identity),
            }
        }
        known.sort_unstable();
        known.dedup();
        for keys in wanted.chunks(batch.size) {
            let keys: Vec<Value> = keys.iter().flat_map(|it| it.to_values()).collect();
            self.connection.locate(&batch.plan.prepared, Input::Keys(&keys), &mut self.found)?;
            new.extend(self.take(&batch.reading())?.new);
        }
        if batch.existing == Existing::Overwritten {
            // A target may be an owner, too, and what was changed in it has been written over.
            references = References::of(self, batch.by, columns, owners);
        }
        self.note_references(batch, owners, &references);
        Ok(new)
    }

    /// Notes what each owner was found to refer to.
    fn note_references(&mut self, batch: &Batch<'_>, owners: &[ObjectKey], references: &References) {
        let relation = batch.relation;
        let mut trail = if batch.by == By::Now { self.graph.begin_trail(relation, owners) } else { None };
        let found = |it: &Identity| self.graph.known_as(relation.target, it).flatten();
        let found = references.targets.iter().map(found).map(|target| {
            let lead = trail.as_ref().zip(target).and_then(|(trail, target)| self.graph.lead_to(trail, target));
            (target, lead)
        });
        let found: Vec<(Option<ObjectKey>, Option<Lead>)> = found.collect();
        for (&owner, target) in owners.iter().zip(&references.by_owner) {
            let (target, lead) = match *target {
                Target::Some(at) => found[at as usize],
                Target::None => (None, None),
                Target::Unknown => continue,
            };
            if let (Some(trail), Some(lead)) = (&mut trail, lead)
                && self.graph.lay(trail, owner, lead)
            {
                continue;
            }
            match batch.by {
                By::Now => self.remember_read(owner, relation, target),
                By::Stored => self.graph.note_read(owner, relation, target),
            }
        }
        trail.into_iter().for_each(|it| self.graph.keep_trail(it));
    }

    /// Runs a statement by the keys of owners, a batch after the other, and links each owner to what its key brought.
    fn read_groups(&mut self, batch: &Batch<'_>, owners: &[ObjectKey]) -> Result<Vec<ObjectKey>> {
        let mut new = Vec::new();
        for part in owners.chunks(batch.size) {
            // Other rows refer to the key as it was read until a flush has written another. SQLAlchemy, where it reads a relation
            // of one object by itself, asks by the key that it has now.
            let refers = matches!(batch.relation.join, Join::BelongsTo { .. });
            let by_itself = !self.graph.is_sound() && batch.reach != Reach::All;
            let by = if refers || by_itself { batch.by } else { By::Stored };
            let (mut groups, keys) = Groups::of(self, by, part, &batch.plan.keys);
            if keys.is_empty() {
                groups.link(self, batch.relation)?;
                continue;
            }
            if let Some(layout) = &batch.plan.layout {
                let Brought { met, by_keys } = self.read_apart(batch, layout, &keys)?;
                groups.sort(&met.by_row, &by_keys);
                new.extend(met.new);
                groups.link(self, batch.relation)?;
                continue;
            }
            self.connection.locate(&batch.plan.prepared, Input::Keys(&keys), &mut self.found)?;
            if batch.per_owner < usize::MAX {
                self.found.first_of_each_key(batch.per_owner);
            }
            let brought = self.found.keys().to_vec();
            let met = self.take(&batch.reading())?;
            groups.sort(&met.by_row, &brought);
            new.extend(met.new);
            if !batch.plan.nodes.is_empty() || matches!(batch.relation.join, Join::Through { .. }) {
                groups.drop_repeats();
            }
            groups.link(self, batch.relation)?;
        }
        Ok(new)
    }

    /// The row by whose values a relation of an object is read.
    fn row_by(&self, by: By, owner: ObjectKey) -> Option<&Row> {
        let original = if by == By::Stored { self.graph.original(owner) } else { None };
        original.or_else(|| self.graph.row(owner))
    }

    /// The owners that do not have the relation yet, each once.
    fn waiting<'o>(&self, batch: &Batch<'_>, owners: &'o [ObjectKey]) -> Cow<'o, [ObjectKey]> {
        let waits =
            |key: &ObjectKey| !self.graph.objects[*key].lacks_row() && !self.graph.is_loaded(*key, batch.relation.id);
        // Queries hand over each object once, and new ones in the order in which they were made.
        let rising = owners.is_sorted_by(|a, b| a < b);
        if rising && owners.iter().all(waits) {
            return Cow::Borrowed(owners);
        }
        let mut waiting: Vec<ObjectKey> = owners.iter().copied().filter(waits).collect();
        if !rising {
            each_once(&mut waiting);
        }
        Cow::Owned(waiting)
    }

    /// Gives an owner what was read for it, unless it has the relation already.
    pub(in crate::object) fn fill(
        &mut self,
        owner: ObjectKey,
        relation: &RelationModel,
        members: Vec<ObjectKey>,
    ) -> Result<()> {
        if relation.join.is_many() {
            return self.fill_many(owner, relation, members);
        }
        if members.len() > 1 && self.graph.is_sound() && !self.graph.is_loaded(owner, relation.id) {
            let first = self.first_of_several(owner, relation, members)?;
            self.fill_one(owner, relation, Some(first));
            return Ok(());
        }
        self.fill_one(owner, relation, members.first().copied());
        Ok(())
    }
}

impl Batch<'_> {
    fn reading(&self) -> Reading<'_> {
        let (root, place, nodes) = (&self.plan.entity, &self.plan.place, &*self.plan.nodes);
        let (cell, existing, everywhere, reach) = (self.plan.cell, self.existing, self.everywhere, self.reach);
        Reading { root, cell, place, nodes, existing, everywhere, reach }
    }
}

/// Sorts targets to their owners, by the positions of the keys that brought them.
struct Groups {
    /// Each owner, and the position of its key: several may share the value of a reference. `None` stands for a key with
    /// a NULL in it, which brings nothing.
    owners: Vec<(ObjectKey, Option<usize>)>,
    shared: bool,
    /// By the position of the key.
    members: Vec<Vec<ObjectKey>>,
}

impl Groups {
    /// Makes an empty group for each key of the owners, and returns the keys for the statement.
    fn of(core: &Core, by: By, owners: &[ObjectKey], own: &[ColumnId]) -> (Self, Vec<Value>) {
        let class = owners.first().map(|it| core.graph.objects[*it].class);
        let by_identity = class.is_some_and(|it| core.graph.model.class(it).key == own);
        let mut keys = Vec::with_capacity(owners.len() * own.len());
        let mut positions: FxHashMap<Vec<Value>, usize> = FxHashMap::default();
        let mut placed = Vec::with_capacity(owners.len());
        let (mut count, mut with_key) = (0, 0);
        for &owner in owners {
            let Some(row) = core.row_by(by, owner) else { continue };
            if by_identity {
                // Each owner has a key of its own.
                keys.extend(own.iter().map(|&it| row.get(it).to_value()));
                placed.push((owner, Some(count)));
                (count, with_key) = (count + 1, with_key + 1);
                continue;
            }
            let values = project(&**row, own);
            if values.iter().any(Value::is_null) {
                placed.push((owner, None));
                continue;
            }
            let position = *positions.entry(values).or_insert_with_key(|values| {
                keys.extend(values.iter().cloned());
                count += 1;
                count - 1
            });
            placed.push((owner, Some(position)));
            with_key += 1;
        }
        (Groups { shared: with_key > count, owners: placed, members: vec![Vec::new(); count] }, keys)
    }

    /// Puts each target into the group of the key that brought it. Rows mostly come key by key: what belongs together
    /// is then copied at once.
    fn sort(&mut self, met: &[Option<ObjectKey>], keys: &[u32]) {
        let mut rest = met;
        for same in keys.chunk_by(|a, b| a == b) {
            let (these, after) = rest.split_at(same.len());
            self.members[same[0] as usize].extend(these.iter().copied().flatten());
            rest = after;
        }
    }

    fn drop_repeats(&mut self) {
        self.members.iter_mut().for_each(each_once);
    }

    /// Links each owner to its group.
    fn link(mut self, core: &mut Core, relation: &RelationModel) -> Result<()> {
        for (owner, key) in self.owners {
            let members = match key {
                Some(key) if self.shared => self.members[key].clone(),
                Some(key) => std::mem::take(&mut self.members[key]),
                None => Vec::new(),
            };
            core.fill(owner, relation, members)?;
        }
        Ok(())
    }
}
