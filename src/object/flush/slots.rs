//! Unique values that one row leaves and another one takes in the same flush.
//!
//! The usual order, saves before deletes and updates before inserts, would let a row take a value that another one still
//! holds. Where that would happen, all rows of the flush are ordered by what they need of each other: a row that takes a
//! value comes after the one that leaves it. Rows of one table that exchange values form a ring; they are written by one
//! statement, since unique keys are judged when it ends.

use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;
use std::sync::Arc;

use super::delete::delete_together;
use super::order::{Assigned, circular, pairs, update_step};
use super::synchronize::Pairs;
use super::{FlushPlan, When};
use crate::error::Result;
use crate::id::{ClassId, ColumnId, TableId};
use crate::object::compact::Fate;
use crate::object::model::Model;
use crate::object::reference::ObjectKey;
use crate::object::session::Core;
use crate::object::state::State;
use crate::schema::Schema;
use crate::value::Value;

/// A value of a unique key: the table, the place of the index among its indexes, and the key that a row has there.
type Slot = (TableId, usize, Vec<Value>);

/// What rows refer to: the table, some of its columns, and what they hold.
type Referred = (TableId, Vec<ColumnId>, Vec<Value>);

/// What a row does to unique values.
#[derive(Default)]
struct Moves {
    leaves: Vec<Slot>,
    takes: Vec<Slot>,
}

/// Rows of a flush, and which of them comes before which.
struct Order {
    rows: Vec<ObjectKey>,
    places: FxHashMap<ObjectKey, usize>,
    before: Vec<Vec<usize>>,
    open: Vec<usize>,
    seen: FxHashSet<(usize, usize)>,
}

impl Order {
    fn of(plan: &FlushPlan) -> Self {
        let switched = |it: &ObjectKey| plan.switches.iter().any(|(_, before)| before == it);
        let deleted = plan.deleted.iter().copied().filter(|it| !switched(it));
        let rows: Vec<ObjectKey> = plan.saved.iter().copied().chain(deleted).collect();
        let places = rows.iter().enumerate().map(|(at, it)| (*it, at)).collect();
        Order {
            before: vec![Vec::new(); rows.len()],
            open: vec![0; rows.len()],
            rows,
            places,
            seen: FxHashSet::default(),
        }
    }

    fn put(&mut self, first: usize, second: usize) {
        if first != second && self.seen.insert((first, second)) {
            self.before[first].push(second);
            self.open[second] += 1;
        }
    }
}

impl Core {
    /// Whether the usual order would let a row take a value that another one has not left yet.
    pub(super) fn has_slot_conflicts(&mut self, plan: &FlushPlan, assigned: &Assigned) -> Result<bool> {
        let schema = self.connection.schema().clone();
        let mut left: FxHashSet<Slot> = FxHashSet::default();
        let model = self.graph.model.clone();
        for &key in &plan.saved {
            let object = &self.graph.objects[key];
            if object.state != State::Persistent {
                continue;
            }
            if self.touches(key, &model.class(object.class).unique, plan, assigned) {
                left.extend(self.moves(&schema, key, plan, assigned)?.leaves);
            }
        }
        self.read_what_goes(plan)?;
        for &key in &plan.deleted {
            left.extend(self.moves(&schema, key, plan, assigned)?.leaves);
        }
        if left.is_empty() {
            return Ok(false);
        }
        for &key in &plan.saved {
            if self.moves(&schema, key, plan, assigned)?.takes.iter().any(|it| left.contains(it)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Reads, by one statement a class, the rows of deleted objects that have been expired, where a row that is saved may
    /// take a unique value of theirs.
    fn read_what_goes(&mut self, plan: &FlushPlan) -> Result<()> {
        let model = self.graph.model.clone();
        let table_of = |core: &Core, key: ObjectKey| model.class(core.graph.objects[key].class).table_id;
        let mut wanted: BTreeMap<ClassId, Vec<Value>> = BTreeMap::new();
        if !plan.deleted.iter().any(|it| self.graph.objects[*it].lacks_row()) {
            return Ok(());
        }
        let saved: FxHashSet<TableId> = plan.saved.iter().map(|it| table_of(self, *it)).collect();
        for &key in &plan.deleted {
            let object = &self.graph.objects[key];
            let class = model.class(object.class);
            let others = class.unique.iter().any(|it| !class.key.contains(it));
            if object.lacks_row() && class.is_simple() && others && saved.contains(&class.table_id) {
                let identity = self.graph.identity(key).map(|it| it.to_values()).unwrap_or_default();
                wanted.entry(class.id).or_default().extend(identity);
            }
        }
        for (class, keys) in wanted {
            self.fetch(class, &keys)?;
            self.graph.meet_all(class, &mut self.found, 0, &mut Vec::new(), |_| ());
        }
        Ok(())
    }

    /// Whether an update may write some columns. Most write none of a unique key, and need no second look.
    fn touches(&self, key: ObjectKey, columns: &[ColumnId], plan: &FlushPlan, assigned: &Assigned) -> bool {
        let written = |it: &usize| plan.assignments[*it].columns.iter().any(|it| columns.contains(it));
        if assigned.get(&key).is_some_and(|all| all.iter().any(written)) {
            return true;
        }
        let (Some(original), Some(row)) = (self.graph.original(key), self.graph.row(key)) else { return false };
        columns.iter().any(|&it| original.get(it) != row.get(it))
    }

    /// The unique values that a row leaves and takes.
    fn moves(&mut self, schema: &Schema, key: ObjectKey, plan: &FlushPlan, assigned: &Assigned) -> Result<Moves> {
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
        for part in &class.parts {
            let indexes = schema.table(part.table_id).indexes.iter().enumerate();
            for (place, index) in indexes.filter(|it| it.1.is_unique()) {
                let Some(columns) = attributes(part, &index.reads) else { continue };
                let before = if state == State::Persistent { self.stored(key, &columns) } else { None };
                let after = if fate == Fate::Save { self.becomes(key, &columns, plan, assigned)? } else { None };
                if before == after {
                    continue;
                }
                let slot = |values: Option<Vec<Value>>| {
                    let values = index.key_of_reads(values?)?;
                    let distinct = !values.is_empty() && !values.iter().any(Value::is_null);
                    distinct.then_some((part.table_id, place, values))
                };
                let (before, after) = (slot(before), slot(after));
                if before != after {
                    moves.leaves.extend(before);
                    moves.takes.extend(after);
                }
            }
        }
        Ok(moves)
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

    /// Orders all rows of a flush by what they need of each other, unique values included.
    pub(super) fn order_by_slots(
        &mut self,
        model: &Arc<Model>,
        plan: &mut FlushPlan,
        assigned: &Assigned,
        dissociated: Vec<Pairs>,
        associated: Vec<Pairs>,
    ) -> Result<()> {
        plan.steps.extend(dissociated.into_iter().filter_map(|it| pairs(model, it, false)));
        let schema = self.connection.schema().clone();
        let mut order = Order::of(plan);
        self.order_slots(&schema, &mut order, plan, assigned)?;
        self.order_references(model, &schema, &mut order, plan, assigned)?;
        let mut later = Vec::new();
        let mut placed = vec![false; order.rows.len()];
        let mut ready: Vec<usize> = (0..order.rows.len()).filter(|&at| order.open[at] == 0).collect();
        let mut left = order.rows.len();
        while left > 0 {
            let together = ready.is_empty();
            if together {
                ready = self.find_exchange(&order, &placed)?;
            }
            ready.sort_unstable();
            ready.iter().for_each(|&at| placed[at] = true);
            left -= ready.len();
            let rows: Vec<ObjectKey> = ready.iter().map(|&at| order.rows[at]).collect();
            if together {
                self.exchange(model, plan, assigned, rows)?;
            } else {
                let (gone, kept): (Vec<_>, Vec<_>) =
                    rows.into_iter().partition(|it| self.graph.objects[*it].fate() == Fate::Delete);
                delete_together(self, model, plan, gone);
                self.save_together(model, plan, assigned, kept, Vec::new(), &mut later)?;
            }
            let mut next = Vec::new();
            for at in std::mem::take(&mut ready) {
                for &dependent in &order.before[at] {
                    order.open[dependent] -= 1;
                    if order.open[dependent] == 0 && !placed[dependent] {
                        next.push(dependent);
                    }
                }
            }
            ready = next;
        }
        plan.steps.extend(associated.into_iter().filter_map(|it| pairs(model, it, true)));
        self.order_post_updates(model, plan, later);
        Ok(())
    }

    /// A row that takes a value comes after the one that leaves it.
    fn order_slots(&mut self, schema: &Schema, order: &mut Order, plan: &FlushPlan, assigned: &Assigned) -> Result<()> {
        let mut left: FxHashMap<Slot, usize> = FxHashMap::default();
        let mut taken: Vec<(Slot, usize)> = Vec::new();
        for at in 0..order.rows.len() {
            let moves = self.moves(schema, order.rows[at], plan, assigned)?;
            left.extend(moves.leaves.into_iter().map(|it| (it, at)));
            taken.extend(moves.takes.into_iter().map(|it| (it, at)));
        }
        for (slot, taker) in taken {
            if let Some(&leaver) = left.get(&slot) {
                order.put(leaver, taker);
            }
        }
        Ok(())
    }

    /// A row comes after the new ones that it refers to, and before those that go and that it has referred to.
    fn order_references(
        &mut self,
        model: &Arc<Model>,
        schema: &Schema,
        order: &mut Order,
        plan: &FlushPlan,
        assigned: &Assigned,
    ) -> Result<()> {
        for it in plan.assignments.iter().filter(|it| it.when == When::Row) {
            if let Some((from, _)) = &it.from
                && self.graph.objects[*from].state == State::Pending
                && let (Some(&from), Some(&to)) = (order.places.get(from), order.places.get(&it.object))
            {
                order.put(from, to);
            }
        }
        let mut keys: FxHashMap<Referred, (usize, bool)> = FxHashMap::default();
        for at in 0..order.rows.len() {
            let key = order.rows[at];
            let class = model.class(self.graph.objects[key].class);
            let goes = self.graph.objects[key].fate() == Fate::Delete;
            for part in &class.parts {
                let table = schema.table(part.table_id);
                for reference in table.inbound.iter().map(|it| schema.reference(*it)) {
                    let Some(columns) = attributes(part, &reference.target_columns) else { continue };
                    let values = match (goes, self.graph.objects[key].state) {
                        (true, _) => self.stored(key, &columns),
                        (false, State::Pending) => self.becomes(key, &columns, plan, assigned)?,
                        (false, _) => None,
                    };
                    if let Some(values) = values {
                        keys.insert((part.table_id, reference.target_columns.clone(), values), (at, goes));
                    }
                }
            }
        }
        for at in 0..order.rows.len() {
            let key = order.rows[at];
            let class = model.class(self.graph.objects[key].class);
            for part in &class.parts {
                for reference in schema.table(part.table_id).outbound.iter().map(|it| schema.reference(*it)) {
                    let Some(columns) = attributes(part, &reference.columns) else { continue };
                    let referred = |values| (reference.target, reference.target_columns.clone(), values);
                    if let Some(&(target, true)) = self.stored(key, &columns).and_then(|it| keys.get(&referred(it))) {
                        order.put(at, target);
                    }
                    if self.graph.objects[key].fate() == Fate::Save
                        && let Some(values) = self.becomes(key, &columns, plan, assigned)?
                        && let Some(&(target, false)) = keys.get(&referred(values))
                    {
                        order.put(target, at);
                    }
                }
            }
        }
        Ok(())
    }

    /// Rows that wait for each other, found by walking back from one that waits.
    fn find_exchange(&self, order: &Order, placed: &[bool]) -> Result<Vec<usize>> {
        let waits_for = |at: usize| (0..order.rows.len()).find(|&it| !placed[it] && order.before[it].contains(&at));
        let Some(mut at) = (0..order.rows.len()).find(|&at| !placed[at]) else { return Ok(Vec::new()) };
        let mut walked = Vec::new();
        while !walked.contains(&at) {
            walked.push(at);
            match waits_for(at) {
                Some(next) => at = next,
                None => break,
            }
        }
        let start = walked.iter().position(|it| *it == at).unwrap_or_default();
        let ring = walked.split_off(start);
        let class = |at: usize| self.graph.objects[order.rows[at]].class;
        let updates = |&at: &usize| {
            let object = &self.graph.objects[order.rows[at]];
            object.state == State::Persistent && object.fate() == Fate::Save && class(at) == class(ring[0])
        };
        if ring.iter().all(updates) {
            return Ok(ring);
        }
        Err(circular(ring.iter().take(8).map(|&at| self.graph.name(order.rows[at])).collect()))
    }

    /// Rows that exchange values are updated by one statement, whatever each of them changes.
    fn exchange(
        &mut self,
        model: &Arc<Model>,
        plan: &mut FlushPlan,
        assigned: &Assigned,
        rows: Vec<ObjectKey>,
    ) -> Result<()> {
        let mut by_class: BTreeMap<ClassId, Vec<ColumnId>> = BTreeMap::new();
        for &key in &rows {
            let columns = self.update_columns(plan, assigned, key)?;
            by_class.entry(self.graph.objects[key].class).or_default().extend(columns);
        }
        for (class, mut columns) in by_class {
            columns.sort_unstable();
            columns.dedup();
            plan.steps.push(update_step(model, class, columns, rows.clone(), When::Row));
        }
        Ok(())
    }
}

/// The attributes that stand in some columns of a part.
fn attributes(part: &crate::object::model::ClassPart, columns: &[ColumnId]) -> Option<Vec<ColumnId>> {
    columns.iter().map(|column| part.columns.iter().find(|it| it.1 == *column).map(|it| it.0)).collect()
}
