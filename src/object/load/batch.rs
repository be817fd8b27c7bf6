//! One relation of many objects, by one statement for each batch of keys.

use rustc_hash::FxHashMap;

use crate::error::{Misuse, Result};
use crate::id::{ClassId, ColumnId};
use crate::object::graph::{Link, Since};
use crate::object::identity::Identity;
use crate::object::model::{ClassModel, Join, Model, RelationModel};
use crate::object::reference::ObjectKey;
use crate::object::session::Core;
use crate::query::{Input, Output, Prepared, Select};
use crate::record::{Record, Row, project};
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
            let Some(row) = &self.graph.objects[owner].row else { continue };
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
            let rows = self.connection.run(&prepared, Input::Keys(&keys))?.rows;
            found.extend(rows.into_rows().filter_map(|row| self.graph.meet(relation.target, row)));
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
        let mut targets = Vec::new();
        let mut groups = Groups::new(&model, class, relation, own);
        let waiting = self.waiting(relation, owners);
        for batch in waiting.chunks(BATCH) {
            let keys = groups.begin(self, batch)?;
            let rows = self.connection.run(&prepared, Input::Keys(&keys))?.rows;
            targets.reserve(rows.len());
            self.graph.expect(rows.len());
            for row in rows.into_rows() {
                let owner = groups.owner(self, &*row, other);
                let Some(target) = self.graph.meet(relation.target, row) else { continue };
                targets.push(target);
                groups.put(owner, target);
            }
            groups.finish(self)?;
        }
        Ok(targets)
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
        let Join::Through { layout, .. } = &relation.join else { return Ok(Vec::new()) };
        let prepared = self.prepared_through(&model, relation)?;
        let mut targets = Vec::new();
        let mut groups = Groups::new(&model, class, relation, own);
        let waiting = self.waiting(relation, owners);
        for batch in waiting.chunks(BATCH) {
            let keys = groups.begin(self, batch)?;
            let mut cells = self.connection.run(&prepared, Input::Keys(&keys))?.rows.into_cells();
            for pair in cells.chunks_exact_mut(2) {
                let [Some(between), row] = pair else { continue };
                let owner = groups.owner(self, &**between, &layout.own);
                let Some(target) = row.take().and_then(|row| self.graph.meet(relation.target, row)) else { continue };
                targets.push(target);
                groups.put(owner, target);
            }
            groups.finish(self)?;
        }
        targets.sort_unstable();
        targets.dedup();
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
            Link::Unloaded | Link::Refused => self.graph.objects[*key].row.is_some(),
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

/// Sorts targets to their owners.
///
/// Rows mostly come owner by owner, so the group that the last row went to is tried first; what does not match it is
/// looked up by key.
struct Groups<'a> {
    class: ClassId,
    relation: &'a RelationModel,
    own: &'a [ColumnId],
    /// Whether the owners' columns are their primary key, so that the identity map finds them.
    by_identity: bool,
    places: FxHashMap<ObjectKey, usize>,
    by_values: FxHashMap<Vec<Value>, ObjectKey>,
    members: Vec<(ObjectKey, Vec<ObjectKey>)>,
    last: usize,
}

impl<'a> Groups<'a> {
    fn new(model: &Model, class: ClassId, relation: &'a RelationModel, own: &'a [ColumnId]) -> Self {
        let by_identity = model.class(class).key == own;
        Groups {
            class,
            relation,
            own,
            by_identity,
            places: FxHashMap::default(),
            by_values: FxHashMap::default(),
            members: Vec::new(),
            last: 0,
        }
    }

    /// Makes an empty group for each owner and returns their keys for the statement.
    fn begin(&mut self, core: &Core, owners: &[ObjectKey]) -> Result<Vec<Value>> {
        self.places.clear();
        self.by_values.clear();
        self.members.clear();
        self.last = 0;
        let mut keys = Vec::with_capacity(owners.len() * self.own.len());
        for &owner in owners {
            self.places.insert(owner, self.members.len());
            self.members.push((owner, Vec::new()));
            let Some(row) = &core.graph.objects[owner].row else { continue };
            // The key of the row as it was read: what other rows refer to until the flush.
            let row: &Row = core.graph.objects[owner].original.as_ref().unwrap_or(row);
            let values = project(&**row, self.own);
            if self.by_identity {
                keys.extend(values);
            } else {
                // Several owners may share the value of a reference; they share its group in `finish`.
                if let std::collections::hash_map::Entry::Vacant(entry) = self.by_values.entry(values) {
                    keys.extend(entry.key().iter().cloned());
                    entry.insert(owner);
                }
            }
        }
        Ok(keys)
    }

    /// The owner that a row refers to.
    #[inline]
    fn owner(&self, core: &Core, row: &dyn Record, columns: &[ColumnId]) -> Option<ObjectKey> {
        if self.by_identity {
            Identity::of(row, columns).and_then(|it| core.graph.known(self.class, &it))
        } else {
            self.by_values.get(&project(row, columns)).copied()
        }
    }

    #[inline]
    fn put(&mut self, owner: Option<ObjectKey>, target: ObjectKey) {
        let Some(owner) = owner else { return };
        if self.members.get(self.last).is_none_or(|it| it.0 != owner) {
            let Some(&place) = self.places.get(&owner) else { return };
            self.last = place;
        }
        self.members[self.last].1.push(target);
    }

    /// Links each owner to its group.
    fn finish(&mut self, core: &mut Core) -> Result<()> {
        let shared: FxHashMap<Vec<Value>, Vec<ObjectKey>> = if self.by_identity {
            FxHashMap::default()
        } else {
            let groups = std::mem::take(&mut self.by_values).into_iter();
            groups.map(|(values, owner)| (values, self.members[self.places[&owner]].1.clone())).collect()
        };
        for (owner, members) in self.members.drain(..) {
            let mut members = members;
            if !self.by_identity {
                let row = core.graph.objects[owner].row.as_ref();
                members = row.and_then(|row| shared.get(&project(&**row, self.own)).cloned()).unwrap_or_default();
            }
            link(core, self.relation, owner, members)?;
        }
        Ok(())
    }
}

/// Links an owner to what was read for it.
pub(in crate::object) fn link(
    core: &mut Core,
    relation: &RelationModel,
    owner: ObjectKey,
    mut members: Vec<ObjectKey>,
) -> Result<()> {
    if let Some(inverse) = relation.inverse
        && matches!(relation.join, Join::Has { .. })
    {
        // A row that refers here may stand for an object that has been moved since; its own reference knows better.
        members.retain(|&member| match core.graph.link(member, inverse) {
            Link::One { target, since } if *since != Since::Unchanged => *target == Some(owner),
            _ => true,
        });
    }
    if relation.join.is_many() {
        core.graph.collection_mut(owner, relation.id).fill(members);
        return Ok(());
    }
    if let [_, _, ..] = members.as_slice() {
        let table = core.graph.model.class(relation.target).table.to_string();
        return Err(Misuse::NotOne { table, found: members.len() }.into());
    }
    let target = members.first().copied();
    if !matches!(core.graph.link(owner, relation.id), Link::One { .. }) {
        *core.graph.link_mut(owner, relation.id) = Link::One { target, since: Since::Unchanged };
    }
    Ok(())
}
