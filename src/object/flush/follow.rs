//! Rows that foreign key actions change while a flush runs, and the objects that stand for them: they hold what the tables
//! hold, whether anybody has read the reference, and are known by their keys at once.
//!
//! Nothing is predicted here: each statement says which rows its actions have changed (`Connection::run_and_tell`).
//! SQLAlchemy is not told, and lets those objects follow that it knows to refer to the one whose key changes
//! (`When::Memory`).

use rustc_hash::{FxHashMap, FxHashSet};

use super::apply::{Done, Undo};
use super::owners::KnownBy;
use super::{FlushPlan, FlushStep, When, Work};
use crate::error::Result;
use crate::id::{ClassId, ColumnId, RelationId, TableId};
use crate::object::compact::Fate;
use crate::object::identity::Identity;
use crate::object::links::{Link, Since};
use crate::object::model::Join;
use crate::object::reference::ObjectKey;
use crate::object::session::Core;
use crate::object::state::State;
use crate::query::{Acted, Input, Prepared, Tell};
use crate::record::{Row, edit, project};
use crate::value::Value;

/// A reference that leads no more where it did.
pub(super) struct Left {
    object: ObjectKey,
    relation: RelationId,
    columns: Vec<ColumnId>,
}

/// What a flush has done so far, as far as it is asked when rows are to be followed. Each step adds its own.
#[derive(Default)]
pub(super) struct Following<'p> {
    /// New objects, which the identity map does not know yet, by the keys that their rows have got. One whose key an action
    /// has changed since stands under both.
    new: FxHashMap<(ClassId, Identity), ObjectKey>,
    updated: FxHashSet<ObjectKey>,
    /// How many objects of `Done` stand in these.
    inserted_by_now: usize,
    updated_by_now: usize,
    /// The references that the flush writes itself, once they have been asked for.
    written: Option<FxHashSet<(ObjectKey, &'p [ColumnId])>>,
}

impl<'p> Following<'p> {
    /// Whether the flush itself writes a reference, in whichever step.
    fn writes(&mut self, plan: &'p FlushPlan, key: ObjectKey, columns: &[ColumnId]) -> bool {
        let all = || plan.assignments.iter().map(|it| (it.object, &*it.columns)).collect();
        self.written.get_or_insert_with(all).contains(&(key, columns))
    }
}

/// A hierarchy with rows in a table, and the columns that hold its key there.
struct Hierarchy {
    root: ClassId,
    key: Vec<ColumnId>,
}

impl Core {
    /// Tells members that are in no session what their foreign keys would be, where the owners have keys. SQLAlchemy does so
    /// before it writes members, and does not take it back when the flush fails.
    pub(super) fn tell_those_outside(&mut self, plan: &FlushPlan) -> Result<()> {
        for it in plan.assignments.iter().filter(|it| it.when == When::Memory) {
            if !self.graph.is_in(it.object) && !self.values_of(it)?.iter().any(Value::is_null) {
                self.follow_in_memory(it)?;
            }
        }
        Ok(())
    }

    /// Runs a statement of the flush that changes rows, and keeps what actions have changed beside them.
    pub(super) fn change(&mut self, statement: &Prepared, input: Input<'_>) -> Result<u64> {
        self.graph.holdings.note_change();
        let outcome = match self.graph.is_sound() {
            true => self.connection.run_and_tell(statement, input, (Tell::Actions, &mut self.acted))?,
            false => self.connection.run(statement, input)?,
        };
        Ok(outcome.count)
    }

    /// After a step: objects hold what actions have made of their rows, and are known by the keys that these have now.
    pub(super) fn follow<'p>(
        &mut self,
        (plan, step): (&'p FlushPlan, &FlushStep),
        following: &mut Following<'p>,
        undo: &mut Undo,
        done: &mut Done,
    ) -> Result<()> {
        let mut changed: Vec<(ObjectKey, Identity)> = Vec::new();
        let acted = std::mem::take(&mut self.acted);
        if !acted.is_empty() {
            self.keep_up(following, done);
        }
        for (key, it) in self.objects_of(&acted, &|core, of| core.found_at(of, following, plan)) {
            match &it.after {
                Some(after) => {
                    self.remember_row(key, undo);
                    let left = self.left_by(key, it.table, (&it.before, after)).into_iter();
                    done.left.extend(left.filter(|it| !following.writes(plan, key, &it.columns)));
                    changed.extend(self.take_acted(key, it.table, (&it.before, after))?);
                    done.followed.push(key);
                }
                None if self.goes_with(key, it.table) => done.gone.push(key),
                None => {}
            }
        }
        let owners = self.owners_before(&acted, &|core, of| core.found_at(of, following, plan));
        for key in self.rekeyed_by(step) {
            changed.extend(self.identity_in_row(key).map(|it| (key, it)));
        }
        for (key, now) in changed.iter().filter(|it| self.graph.objects[it.0].state == State::Pending) {
            following.new.insert((self.graph.root(self.graph.objects[*key].class), now.clone()), *key);
        }
        self.settle_keys(changed);
        done.to_read.extend(self.owners_to_read(&owners, &acted, &|core, of| core.found_at(of, following, plan)));
        Ok(())
    }

    /// Adds what the steps since have done.
    fn keep_up(&self, following: &mut Following<'_>, done: &Done) {
        for &key in &done.inserted[following.inserted_by_now..] {
            let root = self.graph.root(self.graph.objects[key].class);
            following.new.extend(self.identity_in_row(key).map(|it| ((root, it), key)));
        }
        following.updated.extend(&done.updated[following.updated_by_now..]);
        (following.inserted_by_now, following.updated_by_now) = (done.inserted.len(), done.updated.len());
    }

    /// The object at hand whose row has a key. A row that is taken over is that of the object before until the new one has
    /// been written.
    fn found_at(&self, of: &(ClassId, Identity), following: &Following<'_>, plan: &FlushPlan) -> Option<ObjectKey> {
        let new = following.new.get(of).filter(|it| self.identity_in_row(**it).as_ref() == Some(&of.1));
        let after = |it: ObjectKey| plan.switches.after(it).filter(|it| following.updated.contains(it)).unwrap_or(it);
        new.copied().or_else(|| self.graph.known(of.0, &of.1).map(after))
    }

    /// The key that the row of an object has, whatever it is known by.
    fn identity_in_row(&self, key: ObjectKey) -> Option<Identity> {
        let class = self.graph.model.class(self.graph.objects[key].class);
        Identity::of(&**self.graph.row(key)?, &class.key)
    }

    /// The objects of a step that may have got another key.
    fn rekeyed_by(&self, step: &FlushStep) -> Vec<ObjectKey> {
        let is_key = |class: ClassId, columns: &[ColumnId]| {
            let class = self.graph.model.class(class);
            columns.iter().any(|it| class.key.contains(it))
        };
        match &step.work {
            Work::Update { class, columns, objects, .. } if is_key(*class, columns) => objects.clone(),
            Work::Exchange { rows } => {
                let class = |key: ObjectKey| self.graph.objects[key].class;
                rows.iter().filter(|it| is_key(class(it.0), &it.1)).map(|it| it.0).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The hierarchies that have rows in a table.
    fn hierarchies_in(&self, table: TableId) -> Vec<Hierarchy> {
        let mut found: Vec<Hierarchy> = Vec::new();
        for class in self.graph.model.classes() {
            let root = self.graph.root(class.id);
            let part = class.parts.iter().find(|it| it.table_id == table && found.iter().all(|it| it.root != root));
            let key = part.and_then(|part| class.key.iter().map(|it| part.column_of(*it)).collect());
            found.extend(key.map(|key| Hierarchy { root, key }));
        }
        found
    }

    /// The objects at hand that stand for rows, each with its row.
    fn objects_of<'a>(&self, acted: &'a [Acted], known: KnownBy<'_>) -> Vec<(ObjectKey, &'a Acted)> {
        let mut hierarchies: FxHashMap<TableId, Vec<Hierarchy>> = FxHashMap::default();
        let mut found = Vec::new();
        for it in acted {
            let hierarchies = hierarchies.entry(it.table).or_insert_with(|| self.hierarchies_in(it.table));
            for hierarchy in hierarchies.iter() {
                let identity = Identity::of(&*it.before, &hierarchy.key).map(|it| (hierarchy.root, it));
                found.extend(identity.and_then(|of| known(self, &of)).map(|key| (key, it)));
            }
        }
        found
    }

    /// Whether an object goes with a row that an action has removed: that of its first table, where nobody has asked for it
    /// to go.
    fn goes_with(&self, key: ObjectKey, table: TableId) -> bool {
        let object = &self.graph.objects[key];
        let first = self.graph.model.class(object.class).parts[0].table_id == table;
        first && object.state.lives() && object.fate() != Fate::Delete
    }

    /// The same for a statement on many rows, which is no part of a flush. What is still to be written stays a change.
    pub(in crate::object) fn follow_many(&mut self, acted: Vec<Acted>) -> Result<()> {
        let mut changed = Vec::new();
        let known: KnownBy<'_> = &|core, of| core.graph.known(of.0, &of.1);
        for (key, it) in self.objects_of(&acted, known) {
            match &it.after {
                Some(after) => {
                    for left in self.left_by(key, it.table, (&it.before, after)) {
                        match self.graph.link(left.object, left.relation) {
                            Link::One { since: Since::Changed(_) | Since::ChangedUnread, .. } => {}
                            _ => self.forget_left(left),
                        }
                    }
                    changed.extend(self.take_acted(key, it.table, (&it.before, after))?);
                    self.frame().written.insert(key);
                }
                None if self.goes_with(key, it.table) => self.settle_deleted(key),
                None => {}
            }
        }
        let owners = self.owners_before(&acted, known);
        self.settle_keys(changed);
        let to_read = self.owners_to_read(&owners, &acted, known);
        self.forget_members(to_read);
        Ok(())
    }

    /// Lets an object hold what an action has made of one of its rows. What it is still to write stays a change. Returns
    /// its key, if that is another one now.
    fn take_acted(
        &mut self,
        key: ObjectKey,
        table: TableId,
        (before, after): (&Row, &Row),
    ) -> Result<Option<(ObjectKey, Identity)>> {
        let model = self.graph.model.clone();
        let class = model.class(self.graph.objects[key].class);
        let Some((depth, part)) = class.parts.iter().enumerate().find(|it| it.1.table_id == table) else {
            return Ok(None);
        };
        let is_changed = |it: &&(ColumnId, ColumnId)| before.get(it.1) != after.get(it.1);
        let changed: Vec<(ColumnId, ColumnId)> = part.columns.iter().filter(is_changed).copied().collect();
        self.graph.keep_reads(key);
        for &(attribute, column) in &changed {
            if self.graph.objects[key].lacks_row() || !self.graph.has_column(key, attribute) {
                continue;
            }
            let value = after.get(column).to_value();
            let Some(own) = self.graph.own_mut(key) else { continue };
            let (Some(row), original) = (own.row.as_mut(), own.original.as_mut()) else { continue };
            let is_own = original.as_ref().is_some_and(|it| it.get(attribute) != row.get(attribute));
            for row in original.into_iter().chain((!is_own).then_some(row)) {
                edit(row).set(attribute, value.clone())?;
            }
        }
        let is_key = depth == 0 && changed.iter().any(|it| class.key.contains(&it.0));
        let columns: Option<Vec<ColumnId>> = class.key.iter().map(|it| part.column_of(*it)).collect();
        let identity = columns.filter(|_| is_key).and_then(|it| Identity::of(&**after, &it));
        Ok(identity.map(|it| (key, it)))
    }

    /// The references that were set to something else than the keys of what they led to.
    fn left_by(&self, key: ObjectKey, table: TableId, (before, after): (&Row, &Row)) -> Vec<Left> {
        let class = self.graph.model.class(self.graph.objects[key].class);
        let Some(part) = class.parts.iter().find(|it| it.table_id == table) else { return Vec::new() };
        let mut left = Vec::new();
        for relation in &class.relations {
            let Join::BelongsTo { columns, target_columns, .. } = &relation.join else { continue };
            let Some(own) = columns.iter().map(|it| part.column_of(*it)).collect::<Option<Vec<ColumnId>>>() else {
                continue;
            };
            let (before, after): (Vec<Value>, _) = (project(&**before, &own), project(&**after, &own));
            if before == after {
                continue;
            }
            let target = match self.graph.link(key, relation.id) {
                Link::One { target, .. } => Some(*target),
                _ if relation.is_by_identity() => {
                    Identity::from_values(&before).and_then(|it| self.graph.known(relation.target, &it)).map(Some)
                }
                _ => None,
            };
            // What was read to lead nowhere leads somewhere, if to nothing else than NULL.
            let follows = |it: Option<ObjectKey>| match it {
                Some(it) => self.graph.row(it).is_some_and(|it| project(&**it, target_columns) == after),
                None => after.iter().any(Value::is_null),
            };
            if target.is_some_and(|it| !follows(it)) {
                left.push(Left { object: key, relation: relation.id, columns: columns.clone() });
            }
        }
        left
    }

    /// What an action has set to something else is to be read again.
    pub(super) fn forget_left(&mut self, Left { object, relation, .. }: Left) {
        if let link @ Link::One { .. } = self.graph.link_mut(object, relation) {
            *link = Link::Unloaded;
        }
    }
}
