//! One relation of many objects, by one statement for each batch of keys.

use rustc_hash::FxHashMap;
use slotmap::Key as _;

use crate::error::{Misuse, Result};
use crate::id::{ClassId, ColumnId};
use crate::object::identity::Identity;
use crate::object::links::Link;
use crate::object::model::{ClassModel, Join, Model, RelationModel};
use crate::object::reference::ObjectKey;
use crate::object::session::Core;
use crate::query::{Input, Output, Prepared, Select};
use crate::record::project;
use crate::value::Value;

/// How many keys go into one statement.
pub const BATCH: usize = 500;

impl Core {
    /// Reads a relation for the objects that do not have it yet. Returns every target that was read.
    pub(super) fn read_batch(
        &mut self,
        class: ClassId,
        relation: &RelationModel,
        owners: &[ObjectKey],
    ) -> Result<Vec<ObjectKey>> {
        match &relation.join {
            Join::BelongsTo { columns, by_identity: true, .. } => self.read_references(relation, columns, owners),
            Join::BelongsTo { columns, target_columns, .. } => {
                self.read_matches(class, relation, columns, target_columns, owners)
            }
            Join::Has { columns, own_columns, .. } => self.read_matches(class, relation, own_columns, columns, owners),
            Join::Through { own_columns, .. } => self.read_through(class, relation, own_columns, owners),
        }
    }

    /// References to primary keys: only targets that the session does not know need a statement, and the identity map
    /// holds the answer, so no link is made.
    fn read_references(
        &mut self,
        relation: &RelationModel,
        columns: &[ColumnId],
        owners: &[ObjectKey],
    ) -> Result<Vec<ObjectKey>> {
        let model = self.graph.model.clone();
        let target = model.class(relation.target);
        let mut found = Vec::new();
        let mut wanted: Vec<Identity> = Vec::new();
        for &owner in owners {
            if let Link::One { target, .. } = self.graph.link(owner, relation.id) {
                found.extend(*target);
                continue;
            }
            if matches!(self.graph.link(owner, relation.id), Link::Refused) {
                // An earlier query wanted reading it to be an error; this one reads it.
                *self.graph.link_mut(owner, relation.id) = Link::Unloaded;
            }
            let Some(row) = self.graph.row(owner) else { continue };
            let Some(identity) = Identity::of(&**row, columns) else { continue };
            match self.graph.known(relation.target, &identity) {
                Some(known) => found.push(known),
                None => wanted.push(identity),
            }
        }
        found.sort_unstable();
        found.dedup();
        let mut seen = rustc_hash::FxHashSet::default();
        wanted.retain(|it| seen.insert(it.clone()));
        let names = || target.names(&target.key);
        for batch in wanted.chunks(BATCH) {
            let keys: Vec<Value> = batch.iter().flat_map(Identity::to_values).collect();
            let prepared =
                self.prepared(&target.by_key, || Select::from(target.table.clone()).by_keys(names()).into())?;
            self.connection.locate(&prepared, Input::Keys(&keys), &mut self.found)?;
            self.graph.expect(self.found.len());
            self.graph.meet_all(relation.target, &mut self.found, 0, |met| found.extend(met));
        }
        Ok(found)
    }

    /// Targets whose columns match the owners' columns.
    fn read_matches(
        &mut self,
        class: ClassId,
        relation: &RelationModel,
        own: &[ColumnId],
        other: &[ColumnId],
        owners: &[ObjectKey],
    ) -> Result<Vec<ObjectKey>> {
        let model = self.graph.model.clone();
        let prepared = self.prepared(&relation.load, || select_matches(&model, relation, other).into())?;
        self.read_groups(class, relation, &prepared, own, 0, owners)
    }

    /// Targets through an association table: its row tells the owner, the joined row is the target.
    fn read_through(
        &mut self,
        class: ClassId,
        relation: &RelationModel,
        own: &[ColumnId],
        owners: &[ObjectKey],
    ) -> Result<Vec<ObjectKey>> {
        let model = self.graph.model.clone();
        let prepared = self.prepared_through(&model, relation)?;
        let mut targets = self.read_groups(class, relation, &prepared, own, 1, owners)?;
        targets.sort_unstable();
        targets.dedup();
        Ok(targets)
    }

    /// Runs a statement by the keys of owners, a batch after the other, and links each owner to what its key brought.
    fn read_groups(
        &mut self,
        class: ClassId,
        relation: &RelationModel,
        prepared: &Prepared,
        own: &[ColumnId],
        column: usize,
        owners: &[ObjectKey],
    ) -> Result<Vec<ObjectKey>> {
        let mut targets = Vec::new();
        let by_identity = self.graph.model.class(class).key == own;
        let mut met = Vec::new();
        for batch in self.waiting(relation, owners).chunks(BATCH) {
            let (mut groups, keys) = Groups::of(self, batch, own, by_identity);
            self.connection.locate(prepared, Input::Keys(&keys), &mut self.found)?;
            let count = self.found.len();
            targets.reserve(count);
            self.graph.expect(count);
            met.clear();
            met.reserve(count);
            let mut nothing = false;
            self.graph.meet_all(relation.target, &mut self.found, column, |target| {
                nothing |= target.is_none();
                met.push(target.unwrap_or_default());
            });
            groups.sort(&met, self.found.keys());
            if nothing {
                groups.members.iter_mut().for_each(|it| it.retain(|it| !it.is_null()));
                met.retain(|it| !it.is_null());
            }
            targets.extend_from_slice(&met);
            groups.link(self, relation)?;
        }
        Ok(targets)
    }

    fn prepared_through(&mut self, model: &Model, relation: &RelationModel) -> Result<Prepared> {
        self.prepared(&relation.load, || {
            let Join::Through { table, own, other, target_columns, .. } = &relation.join else {
                unreachable!("only a relation through a table is read through one");
            };
            let target = model.class(relation.target);
            let on = crate::object::condition::columns_equal((0, 0), other, (0, 1), &target.names(target_columns));
            let mut select = Select::from(table.clone()).by_keys(own.clone()).join(target.table.clone(), on);
            select.outputs = vec![Output::Row(0), Output::Row(1)];
            for (name, direction) in &relation.order_by {
                select = select.order_by(crate::object::condition::column(0, 1, name), *direction);
            }
            select.into()
        })
    }

    /// The owners that do not have the relation yet, each once.
    fn waiting(&self, relation: &RelationModel, owners: &[ObjectKey]) -> Vec<ObjectKey> {
        let waits = |key: &ObjectKey| match self.graph.link(*key, relation.id) {
            Link::One { .. } => false,
            Link::Many(collection) => collection.members.is_none(),
            Link::Unloaded | Link::Refused => !self.graph.objects[*key].lacks_row(),
        };
        let mut waiting: Vec<ObjectKey> = owners.iter().copied().filter(waits).collect();
        // Queries hand over each object once, in which case there is nothing to do but look.
        let mut seen = rustc_hash::FxHashSet::default();
        waiting.retain(|it| seen.insert(*it));
        waiting
    }
}

fn select_matches(model: &Model, relation: &RelationModel, other: &[ColumnId]) -> Select {
    let target: &ClassModel = model.class(relation.target);
    let mut select = Select::from(target.table.clone()).by_keys(target.names(other));
    for (name, direction) in &relation.order_by {
        select = select.order_by(crate::object::condition::column(0, 0, name), *direction);
    }
    select
}

/// Sorts targets to their owners, by the positions of the keys that brought them.
struct Groups {
    /// Each owner, and the position of its key: several may share the value of a reference.
    owners: Vec<(ObjectKey, usize)>,
    shared: bool,
    /// By the position of the key.
    members: Vec<Vec<ObjectKey>>,
}

impl Groups {
    /// Makes an empty group for each key of the owners, and returns the keys for the statement.
    fn of(core: &Core, owners: &[ObjectKey], own: &[ColumnId], by_identity: bool) -> (Self, Vec<Value>) {
        let mut keys = Vec::with_capacity(owners.len() * own.len());
        let mut positions: FxHashMap<Vec<Value>, usize> = FxHashMap::default();
        let mut placed = Vec::with_capacity(owners.len());
        let mut count = 0;
        for &owner in owners {
            // The key of the row as it was read: what other rows refer to until the flush.
            let Some(row) = core.graph.original(owner).or_else(|| core.graph.row(owner)) else { continue };
            if by_identity {
                keys.extend(own.iter().map(|&it| row.get(it).to_value()));
                placed.push((owner, count));
                count += 1;
                continue;
            }
            let position = *positions.entry(project(&**row, own)).or_insert_with_key(|values| {
                keys.extend(values.iter().cloned());
                count += 1;
                count - 1
            });
            placed.push((owner, position));
        }
        (Groups { shared: placed.len() > count, owners: placed, members: vec![Vec::new(); count] }, keys)
    }

    /// Puts each target into the group of the key that brought it. Rows mostly come key by key: what belongs together
    /// is then copied at once.
    fn sort(&mut self, met: &[ObjectKey], keys: &[u32]) {
        let mut rest = met;
        for same in keys.chunk_by(|a, b| a == b) {
            let (these, after) = rest.split_at(same.len());
            self.members[same[0] as usize].extend_from_slice(these);
            rest = after;
        }
    }

    /// Links each owner to its group.
    fn link(mut self, core: &mut Core, relation: &RelationModel) -> Result<()> {
        for (owner, key) in self.owners {
            let group = &mut self.members[key];
            let members = if self.shared { group.clone() } else { std::mem::take(group) };
            link(core, relation, owner, members)?;
        }
        Ok(())
    }
}

/// Links an owner to what was read for it.
pub(in crate::object) fn link(
    core: &mut Core,
    relation: &RelationModel,
    owner: ObjectKey,
    members: Vec<ObjectKey>,
) -> Result<()> {
    if relation.join.is_many() {
        core.fill_many(owner, relation, members);
        return Ok(());
    }
    if let [_, _, ..] = members.as_slice() {
        let table = core.graph.model.class(relation.target).table.to_string();
        return Err(Misuse::NotOne { table, found: members.len() }.into());
    }
    core.fill_one(owner, relation, members.first().copied());
    Ok(())
}
