//! Merging: the state of an object, and of what merge cascades reach from it, is copied onto objects of the session.

use rustc_hash::{FxHashMap, FxHashSet};

use super::class::{Cascade, Lazy};
use super::columns::Assigned;
use super::identity::Identity;
use super::links::Link;
use super::model::RelationModel;
use super::reference::ObjectKey;
use super::session::Core;
use super::state::State;
use crate::error::{Misuse, Result, RowFact};
use crate::id::{ClassId, ColumnId, RelationId};
use crate::value::Value;

/// What a merge has done so far.
#[derive(Default)]
struct Merged {
    /// The object of the session that each given one was merged into.
    into: FxHashMap<ObjectKey, ObjectKey>,
    by_identity: FxHashMap<(ClassId, Vec<Value>), ObjectKey>,
    /// Relations along which an object was reached: the other side is not walked back.
    along: FxHashSet<(ObjectKey, ClassId, RelationId)>,
}

impl Core {
    /// Copies an object's state onto the object of the session with the same key: one that it holds, one that is read,
    /// or a new one. Returns that object.
    pub(super) fn merge(&mut self, key: ObjectKey, load: bool) -> Result<ObjectKey> {
        if self.graph.is_sound() {
            self.check_active()?;
        }
        if load && self.wants_flush() {
            self.flush()?;
        }
        self.quietly(|core| core.merge_one(key, load, &mut Merged::default()))
    }

    fn merge_one(&mut self, given: ObjectKey, load: bool, merged: &mut Merged) -> Result<ObjectKey> {
        if let Some(&into) = merged.into.get(&given) {
            return Ok(into);
        }
        let class = self.object(given)?.class;
        let model = self.graph.model.clone();
        let declared = model.class(class);
        let identity = match self.graph.identity(given) {
            Some(identity) => Some(identity),
            None if load => self.key_in_row(given)?,
            None => {
                let wanted = "merging without a load takes objects that have a row; flush it first";
                return Err(self.merge_refused(given, wanted));
            }
        };
        let (into, is_new) = match self.merge_target(given, class, identity.as_ref(), load, merged)? {
            Some(found) => found,
            None => {
                let row = self.blank(class);
                let key = self.graph.introduce(class, row, State::Transient);
                let all = (0..declared.columns.len()).map(|it| ColumnId::new(it as u16)).collect();
                self.graph.extra_mut(key).unset = all;
                self.graph.enroll(key, None)?;
                (key, true)
            }
        };
        let _ = is_new;
        merged.into.insert(given, into);
        if let Some(identity) = &identity {
            merged.by_identity.insert((self.graph.root(class), identity.to_values()), into);
        }
        if given == into {
            return Ok(into);
        }
        self.check_versions(given, into)?;
        self.note_merged(given, into);
        // SQLAlchemy merges relations first, which shows where one of them is refused.
        if self.graph.is_sound() {
            self.merge_columns(given, into, load)?;
        }
        for relation in &declared.relations {
            self.merge_relation(given, into, relation, load, merged)?;
        }
        if !self.graph.is_sound() {
            self.merge_columns(given, into, load)?;
        }
        if !load {
            self.graph.settle_merged(into);
        }
        Ok(into)
    }

    /// The object of the session to merge into, if there is one.
    fn merge_target(
        &mut self,
        given: ObjectKey,
        class: ClassId,
        identity: Option<&Identity>,
        load: bool,
        merged: &Merged,
    ) -> Result<Option<(ObjectKey, bool)>> {
        let Some(identity) = identity else { return Ok(None) };
        if let Some(known) = self.graph.known(class, identity) {
            return Ok(Some((known, false)));
        }
        if let Some(&known) = merged.by_identity.get(&(self.graph.root(class), identity.to_values())) {
            return Ok(Some((known, false)));
        }
        if load {
            return Ok(self.find(class, &identity.to_values())?.map(|it| (it, false)));
        }
        if self.graph.has_changes(given) {
            return Err(
                self.merge_refused(given, "merging without a load takes objects without changes; flush it first")
            );
        }
        let row = self.blank(class);
        Ok(Some((self.graph.introduce_read(class, identity.clone(), row), true)))
    }

    fn merge_refused(&self, given: ObjectKey, wanted: &'static str) -> crate::error::Error {
        let state = self.graph.objects[given].state.name();
        Misuse::Merge { object: self.graph.name(given), state, wanted }.into()
    }

    /// The key that stands in the row of an object without an identity, if all of it was given.
    fn key_in_row(&self, key: ObjectKey) -> Result<Option<Identity>> {
        let class = self.graph.model.class(self.graph.objects[key].class);
        if self.graph.extra(key).is_some_and(|extra| class.key.iter().any(|it| extra.expired.contains(it))) {
            self.check_readable(key)?;
        }
        if class.key.iter().any(|it| !self.graph.has_column(key, *it)) {
            return Ok(None);
        }
        Ok(self.graph.row(key).and_then(|row| Identity::of(&**row, &class.key)))
    }

    fn check_versions(&self, given: ObjectKey, into: ObjectKey) -> Result<()> {
        let class = self.graph.model.class(self.graph.objects[given].class);
        let Some(column) = class.version_column else { return Ok(()) };
        if !self.graph.has_column(given, column) || !self.graph.has_column(into, column) {
            return Ok(());
        }
        let value = |key| self.graph.row(key).map(|row| row.get(column).to_value());
        if value(given) == value(into) {
            return Ok(());
        }
        let key = self.graph.identity(into).map(|it| it.to_values()).unwrap_or_default();
        Err(Misuse::Stale { row: RowFact { table: class.table.to_string(), key } }.into())
    }

    fn merge_columns(&mut self, given: ObjectKey, into: ObjectKey, load: bool) -> Result<()> {
        let model = self.graph.model.clone();
        let class = model.class(self.graph.objects[given].class);
        let lacks_row = self.graph.objects[given].lacks_row();
        // Which class an object is of stays what it is, where it is known better than the given one knows.
        let stays = self.graph.is_sound() && self.graph.objects[into].class != class.id;
        let told_by = class.told_by().filter(|_| stays);
        let left_out = |it: &ColumnId| class.is_computed(*it) || told_by == Some(*it);
        for column in (0..class.columns.len()).map(|it| ColumnId::new(it as u16)).filter(|it| !left_out(it)) {
            self.check_has(into, model.introduces(class.id, column))?;
            if lacks_row || !self.graph.has_column(given, column) {
                if !load {
                    self.graph.extra_mut(into).expired.push(column);
                }
                continue;
            }
            let value = self.graph.row(given).map_or(Value::Null, |it| it.get(column).to_value());
            if load {
                self.set_column(into, column, Assigned::Value(value))?;
            } else if let Some(row) = self.graph.own_mut(into).and_then(|it| it.row.as_mut()) {
                crate::record::edit(row).set(column, value)?;
            }
        }
        if !load && lacks_row {
            self.graph.expire_one(into);
        }
        Ok(())
    }

    /// Whether an object has the attributes that a class brings in: one that is merged may be of a subclass of what the
    /// session holds for its key.
    fn check_has(&self, into: ObjectKey, class: ClassId) -> Result<()> {
        if self.graph.is_a(into, class) {
            return Ok(());
        }
        let (expected, given) = (self.graph.model.class(class).name.clone(), self.graph.name(into));
        Err(Misuse::WrongClass { expected, given }.into())
    }

    /// Whether a relation of the given object takes part: it is known what it leads to. Of a collection that is only
    /// queried SQLAlchemy takes what was added, if anything has happened to it; it is refused where that has to be compared
    /// with rows and only writing is allowed.
    fn is_merged(&self, given: ObjectKey, relation: &RelationModel, load: bool) -> Result<bool> {
        let (link, stored) = (self.graph.link(given, relation.id), self.graph.has_identity(given));
        if !relation.lazy.is_never_loaded() {
            return Ok(self.graph.is_loaded(given, relation.id) || !stored && !matches!(link, Link::Unloaded));
        }
        let merged = load && !self.graph.is_sound() && !matches!(link, Link::Unloaded);
        if merged && stored && relation.lazy == Lazy::Dynamic {
            // What it holds is queried, which takes a session.
            self.check_readable(given)?;
        }
        if merged && stored && relation.lazy == Lazy::WriteOnly {
            let (relation, object) = (relation.name.clone(), self.graph.name(given));
            return Err(Misuse::WriteOnly { relation, object }.into());
        }
        Ok(merged)
    }

    /// What a relation of the given object leads to; of a collection that is only queried, what was added to it.
    fn given_members(&self, given: ObjectKey, relation: &RelationModel) -> Vec<ObjectKey> {
        match self.graph.link(given, relation.id) {
            Link::Many(collection) if collection.members.is_none() => collection.queued_added().to_vec(),
            _ => self.graph.current(given, relation),
        }
    }

    fn merge_relation(
        &mut self,
        given: ObjectKey,
        into: ObjectKey,
        relation: &RelationModel,
        load: bool,
        merged: &mut Merged,
    ) -> Result<()> {
        let class = self.graph.objects[given].class;
        let mut cases = std::iter::once(relation).chain(&relation.apart);
        let came = |it: &RelationModel| it.inverse.is_some_and(|by| merged.along.contains(&(given, it.target, by)));
        if load && cases.any(came) {
            return Ok(());
        }
        if !relation.cascade.contains(Cascade::MERGE) || !self.is_merged(given, relation, load)? {
            return Ok(());
        }
        self.check_has(into, self.graph.declared(class, relation.id).0)?;
        let many = relation.join.is_many();
        let compared = load && many && self.graph.has_identity(into);
        if compared && !relation.lazy.is_never_loaded() {
            self.load_whatever(into, relation)?;
        }
        let mut members = Vec::new();
        for member in self.given_members(given, relation) {
            merged.along.insert((member, class, relation.id));
            members.push(self.merge_one(member, load, merged)?);
        }
        if many && load && relation.lazy.is_never_loaded() && !self.graph.is_sound() {
            // SQLAlchemy finds out what it held when it is replaced, or that it may not.
            return self.replace_queried(into, relation, &members);
        }
        let in_part = self.graph.is_sound() && self.graph.is_partial(given, relation.id);
        if in_part && load {
            // What the part does not show is not meant to go.
            if many {
                let there = self.graph.current(into, relation);
                members.splice(0..0, there.iter().copied().filter(|it| !members.contains(it)).collect::<Vec<_>>());
            } else if members.is_empty() {
                return Ok(());
            }
        }
        if many {
            if !load {
                let _absent = self.graph.collection_mut(into, relation.id).fill(members, false);
                return Ok(());
            }
            return self.graph.replace(into, relation, &members);
        }
        let target = members.first().copied();
        if load {
            return self.link_one(into, relation.id, target);
        }
        *self.graph.link_mut(into, relation.id) = Link::One { target, since: super::links::Since::Unchanged };
        Ok(())
    }
}

impl super::graph::Graph {
    /// What was merged without a load is no change.
    fn settle_merged(&mut self, key: ObjectKey) {
        if let Some(own) = self.own_if_any(key) {
            own.original = None;
        }
        self.with_extra(key, |it| it.unread.clear());
    }
}
