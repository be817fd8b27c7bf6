//! Unique values that one row leaves and another one takes in the same flush.
//!
//! The usual order, saves before deletes and updates before inserts, would let a row take a value that another one still
//! holds. Where that would happen, all rows of the flush are ordered by what they need of each other (`turn`): a row that
//! takes a value comes after the one that leaves it. Rows that exchange values form a ring; they are written together
//! (`exchange`).

use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;

use super::moved::{Moved, Referred};
use super::order::Assigned;
use super::waiting::{Order, Why};
use super::{FlushPlan, When};
use crate::error::{Misuse, Result};
use crate::id::{ClassId, ColumnId, TableId};
use crate::object::compact::Fate;
use crate::object::model::{ClassModel, ClassPart};
use crate::object::reference::ObjectKey;
use crate::object::session::Core;
use crate::object::state::State;
use crate::schema::{Action, Schema, Timing};
use crate::value::Value;

/// A value of a unique key: the table, the place of the index among its indexes, and the key that a row has there.
type Slot = (TableId, usize, Vec<Value>);

/// Rows that others may refer to, by what they hold.
type Keys = FxHashMap<Referred, usize>;

/// What a row does to unique values.
#[derive(Default)]
struct Moves {
    leaves: Vec<Slot>,
    takes: Vec<Slot>,
}

impl Core {
    /// Whether the usual order would let a row take a value that another one has not left yet.
    pub(super) fn has_slot_conflicts(&mut self, plan: &FlushPlan, assigned: &Assigned) -> Result<bool> {
        self.read_what_goes(plan)?;
        let schema = self.connection.schema().clone();
        let moved = self.moved_keys(&schema, plan, assigned)?;
        let mut left: FxHashSet<Slot> = FxHashSet::default();
        let model = self.graph.model.clone();
        for &key in &plan.saved {
            let Some(had) = self.whose_row(key, plan) else { continue };
            let class = model.class(self.graph.objects[key].class);
            if had != key || self.touches(key, &class.unique, plan, assigned) {
                left.extend(self.moves(&schema, key, (plan, assigned), &moved)?.leaves);
            }
        }
        for key in plan.deleted.iter().filter(|it| !plan.switches.is_taken(**it)) {
            left.extend(self.moves(&schema, *key, (plan, assigned), &moved)?.leaves);
        }
        if left.is_empty() {
            return Ok(false);
        }
        for &key in &plan.saved {
            if self.moves(&schema, key, (plan, assigned), &moved)?.takes.iter().any(|it| left.contains(it)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Reads, by one statement a class where its objects are rows of one table, what is not known of the unique values of
    /// objects that go, where a row that is saved may take one of them.
    fn read_what_goes(&mut self, plan: &FlushPlan) -> Result<()> {
        let model = self.graph.model.clone();
        let class_of = |core: &Core, key: ObjectKey| model.class(core.graph.objects[key].class);
        if !plan.deleted.iter().any(|it| self.graph.objects[*it].lacks_row() || self.graph.objects[*it].is_special()) {
            return Ok(());
        }
        let tables = |class: &ClassModel| class.parts.iter().map(|it| it.table_id).collect::<Vec<_>>();
        let saved: FxHashSet<TableId> = plan.saved.iter().flat_map(|it| tables(class_of(self, *it))).collect();
        let mut wanted: BTreeMap<ClassId, Vec<Value>> = BTreeMap::new();
        for &key in &plan.deleted {
            let class = class_of(self, key);
            let mut others = class.unique.iter().filter(|it| !class.key.contains(it));
            let unknown = others.any(|it| self.stored(key, &[*it]).is_none());
            if !unknown || !class.parts.iter().any(|it| saved.contains(&it.table_id)) {
                continue;
            }
            if class.is_simple() && self.graph.objects[key].lacks_row() {
                let identity = self.graph.identity(key).map(|it| it.to_values()).unwrap_or_default();
                wanted.entry(class.id).or_default().extend(identity);
            } else if let Err(error) = self.fresh(key)
                // A row that has gone holds nothing.
                && !error.misuse().is_some_and(Misuse::is_gone)
            {
                return Err(error);
            }
        }
        for (class, keys) in wanted {
            self.fetch(class, &keys)?;
            self.graph.meet_all(class, &mut self.found, 0, &mut Vec::new(), |_| ());
        }
        Ok(())
    }

    /// Reads the rows of expired objects whose foreign keys the flush writes, by one statement a class: what they refer to
    /// until then goes after them.
    pub(super) fn read_what_is_assigned(&mut self, plan: &FlushPlan) -> Result<()> {
        let mut wanted: BTreeMap<ClassId, Vec<Vec<Value>>> = BTreeMap::new();
        for key in plan.assignments.iter().map(|it| it.object) {
            let object = &self.graph.objects[key];
            if object.lacks_row() && object.state == State::Persistent {
                let identity = self.graph.identity(key).map(|it| it.to_values());
                wanted.entry(object.class).or_default().extend(identity);
            }
        }
        let model = self.graph.model.clone();
        wanted.into_iter().try_for_each(|(class, keys)| self.objects_by_keys(model.class(class), keys).map(drop))
    }

    /// Whether an update may write some columns. Most write none of a unique key, and need no second look.
    fn touches(&self, key: ObjectKey, columns: &[ColumnId], plan: &FlushPlan, assigned: &Assigned) -> bool {
        let written = |it: &usize| plan.assignments[*it].columns.iter().any(|it| columns.contains(it));
        assigned.get(&key).is_some_and(|all| all.iter().any(written)) || self.graph.is_changed_in(key, columns)
    }

    /// The unique values that a row leaves and takes. A new object that takes over a row leaves what that one held.
    fn moves(
        &mut self,
        schema: &Schema,
        key: ObjectKey,
        (plan, assigned): (&FlushPlan, &Assigned),
        moved: &Moved,
    ) -> Result<Moves> {
        let model = self.graph.model.clone();
        let object = &self.graph.objects[key];
        let (class, fate, state) = (model.class(object.class), object.fate(), object.state);
        let mut moves = Moves::default();
        let still = state == State::Persistent
            && fate == Fate::Save
            && self.graph.original(key).is_none()
            && !assigned.contains_key(&key);
        if still {
            return Ok(moves);
        }
        let had = self.whose_row(key, plan);
        for part in &class.parts {
            let indexes = schema.table(part.table_id).indexes.iter().enumerate();
            for (place, index) in indexes.filter(|it| it.1.is_unique()) {
                let Some(columns) = attributes(part, &index.reads) else { continue };
                let held = had.map(|it| self.held_before(schema, it, &columns, moved));
                let (before, again) = held.unwrap_or_default();
                let after = if fate == Fate::Save { self.becomes(key, &columns, plan, assigned)? } else { None };
                if before == after && !again {
                    continue;
                }
                let slot = |values: Option<Vec<Value>>| {
                    let values = index.key_of_reads(values?)?;
                    let distinct = !values.is_empty() && !values.iter().any(Value::is_null);
                    distinct.then_some((part.table_id, place, values))
                };
                let (before, after) = (slot(before), slot(after));
                if before != after || again {
                    moves.leaves.extend(before);
                    moves.takes.extend(after);
                }
            }
        }
        Ok(moves)
    }

    /// Which object's row an object has in the tables: its own, that of an object whose row it takes over, or none yet.
    pub(super) fn whose_row(&self, key: ObjectKey, plan: &FlushPlan) -> Option<ObjectKey> {
        match self.graph.objects[key].state {
            State::Persistent => Some(key),
            _ => plan.switches.before(key),
        }
    }

    /// What a row will hold in some columns, as far as can be told before the flush.
    pub(super) fn becomes(
        &mut self,
        key: ObjectKey,
        columns: &[ColumnId],
        plan: &FlushPlan,
        assigned: &Assigned,
    ) -> Result<Option<Vec<Value>>> {
        let new = !self.graph.has_identity(key);
        let unknown = columns.iter().any(|it| !self.graph.has_column(key, *it)) && !new;
        let written = |it: &usize| plan.assignments[*it].columns.iter().any(|it| columns.contains(it));
        if unknown {
            let is_written = assigned.get(&key).is_some_and(|all| all.iter().any(written));
            if !is_written || !self.graph.is_sound() {
                return Ok(None);
            }
            // What is written is part of a unique key, of which the rest has not been read.
            self.fresh(key)?;
        }
        let mut values = self.scalars(key, columns)?;
        for &at in assigned.get(&key).map(Vec::as_slice).unwrap_or_default() {
            let assignment = plan.assignments[at].clone();
            if assignment.when == When::Post {
                continue;
            }
            for (position, column) in assignment.columns.iter().enumerate() {
                if let Some(at) = columns.iter().position(|it| it == column) {
                    values[at] = match &assignment.from {
                        None => Value::Null,
                        Some((from, columns)) => self.scalars(*from, &columns[position..=position])?.swap_remove(0),
                    };
                }
            }
        }
        Ok(Some(values))
    }

    /// A row that takes a value comes after the one that leaves it.
    pub(super) fn order_slots(
        &mut self,
        schema: &Schema,
        order: &mut Order,
        plan: &FlushPlan,
        assigned: &Assigned,
    ) -> Result<()> {
        let moved = self.moved_keys(schema, plan, assigned)?;
        // One row may leave a value to which the tables have moved it, and another one before.
        let mut left: FxHashMap<Slot, Vec<usize>> = FxHashMap::default();
        let mut taken: Vec<(Slot, usize)> = Vec::new();
        for at in 0..order.rows.len() {
            let moves = self.moves(schema, order.rows[at], (plan, assigned), &moved)?;
            moves.leaves.into_iter().for_each(|it| left.entry(it).or_default().push(at));
            taken.extend(moves.takes.into_iter().map(|it| (it, at)));
        }
        for (slot, taker) in taken {
            left.get(&slot).into_iter().flatten().for_each(|leaver| order.put(*leaver, taker, Why::Value));
        }
        Ok(())
    }

    /// A row comes after those that it refers to which are new or get another key, and before those that go and that it has referred to.
    pub(super) fn order_references(
        &mut self,
        schema: &Schema,
        order: &mut Order,
        plan: &FlushPlan,
        assigned: &Assigned,
    ) -> Result<()> {
        let model = self.graph.model.clone();
        let is_new = |core: &Core, key: ObjectKey| core.whose_row(key, plan).is_none();
        for it in plan.assignments.iter().filter(|it| it.when == When::Row) {
            if let Some((from, columns)) = &it.from
                && (is_new(self, *from) || self.graph.is_changed_in(*from, columns))
                && let (Some(&from), Some(&to)) = (order.places.get(from), order.places.get(&it.object))
            {
                order.put(from, to, Why::New(it.columns.clone()));
            }
        }
        let (come, go) = self.keys_that_move(schema, order, plan, assigned)?;
        let moved = self.moved_keys(schema, plan, assigned)?;
        for at in 0..order.rows.len() {
            let key = order.rows[at];
            let class = model.class(self.graph.objects[key].class);
            for part in &class.parts {
                for reference in schema.table(part.table_id).outbound.iter().map(|it| schema.reference(*it)) {
                    let Some(columns) = attributes(part, &reference.columns) else { continue };
                    // The key of a part that refers to the part of its base is no reference to another object.
                    let to_base = reference.table != reference.target
                        && class.parts.iter().any(|it| it.table_id == reference.target)
                        && columns.iter().all(|it| class.key.contains(it));
                    if to_base {
                        continue;
                    }
                    let referred = |values| (reference.target, reference.target_columns.clone(), values);
                    // What is judged at commit holds nobody back, unless the tables act when the row goes.
                    let deferred = reference.timing == Timing::InitiallyDeferred;
                    let had =
                        self.whose_row(key, plan).filter(|_| !deferred || reference.on_delete != Action::NoAction);
                    if let Some(values) = had.and_then(|it| self.stored(it, &columns))
                        && let Some(&target) = go.get(&referred(values))
                    {
                        order.put(at, target, Why::Gone(columns.clone()));
                    }
                    if !deferred
                        && self.graph.objects[key].fate() == Fate::Save
                        && let Some(values) = self.becomes(key, &columns, plan, assigned)?
                        && !self.is_moved_along((key, &columns), &referred(values.clone()), (assigned, plan), &moved)
                        && let Some(&target) = come.get(&referred(values))
                    {
                        order.put(target, at, Why::New(columns));
                    }
                }
            }
        }
        Ok(())
    }

    /// The keys of new rows, and of those that go, with their places.
    fn keys_that_move(
        &mut self,
        schema: &Schema,
        order: &Order,
        plan: &FlushPlan,
        assigned: &Assigned,
    ) -> Result<(Keys, Keys)> {
        let model = self.graph.model.clone();
        let (mut come, mut go) = (Keys::default(), Keys::default());
        for at in 0..order.rows.len() {
            let key = order.rows[at];
            let class = model.class(self.graph.objects[key].class);
            let goes = self.graph.objects[key].fate() == Fate::Delete;
            for part in &class.parts {
                let table = schema.table(part.table_id);
                for reference in table.inbound.iter().map(|it| schema.reference(*it)) {
                    let Some(columns) = attributes(part, &reference.target_columns) else { continue };
                    let had = self.whose_row(key, plan).and_then(|it| self.stored(it, &columns));
                    let values = match goes {
                        true => had,
                        false => self.becomes(key, &columns, plan, assigned)?.filter(|it| Some(it) != had.as_ref()),
                    };
                    // Nothing refers to NULL, which a key is that its table has yet to give.
                    if let Some(values) = values.filter(|it| !it.iter().any(Value::is_null)) {
                        let keys = if goes { &mut go } else { &mut come };
                        keys.insert((part.table_id, reference.target_columns.clone(), values), at);
                    }
                }
            }
        }
        Ok((come, go))
    }
}

/// The attributes that stand in some columns of a part.
pub(super) fn attributes(part: &ClassPart, columns: &[ColumnId]) -> Option<Vec<ColumnId>> {
    columns.iter().map(|column| part.columns.iter().find(|it| it.1 == *column).map(|it| it.0)).collect()
}
