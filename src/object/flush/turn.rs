//! Rows of a flush in the order that they need of each other, where unique values pass from one to another.
//!
//! Rows that wait for nobody are written, then those that waited only for them, and so on. Where all that is left waits,
//! there are rows that wait for each other and for nobody else. Updates among them exchange values, and are written
//! together; new rows, and rows that go, refer to each other, and are ordered as anywhere else. Of others one is written
//! in two steps: a foreign key of it before or after the rest.

use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::delete::{clear_first, delete_together};
use super::needs::Needs;
use super::order::{Assigned, Later, post_updates, update_step};
use super::waiting::{Order, Why};
use super::{Assignment, FlushPlan, FlushStep, When, Work};
use crate::error::{Misuse, Result};
use crate::id::{ClassId, ColumnId};
use crate::object::compact::Fate;
use crate::object::model::Model;
use crate::object::reference::ObjectKey;
use crate::object::session::Core;
use crate::schema::Name;

impl Core {
    /// Orders all rows of a flush by what they need of each other, unique values included.
    pub(super) fn order_by_slots(
        &mut self,
        model: &Arc<Model>,
        plan: &mut FlushPlan,
        assigned: &Assigned,
        associated: Vec<FlushStep>,
    ) -> Result<()> {
        let schema = self.connection.schema().clone();
        let mut order = Order::of(plan);
        self.order_slots(&schema, &mut order, plan, assigned)?;
        self.order_references(&schema, &mut order, plan, assigned)?;
        let clears = |it: &super::Assignment| it.from.is_none() && self.whose_row(it.object, plan).is_some();
        let (first, last) = (post_updates(plan, clears), post_updates(plan, |it| !clears(it)));
        plan.apart.extend(first.iter().map(|it| it.0).filter(|it| self.graph.original(*it).is_some()));
        self.order_post_updates(model, plan, Vec::new(), first);
        let mut later = Vec::new();
        let mut ready = order.ready(0..order.rows.len());
        let mut left = order.rows.len();
        while left > 0 {
            if ready.is_empty() {
                for group in self.together(plan, assigned, &mut order)? {
                    if self.write_group(model, plan, assigned, (&mut order, &group), &mut later)? {
                        left -= group.len();
                        ready.extend(order.place(&group));
                    } else {
                        order.split(&group);
                        ready.extend(order.ready(group));
                    }
                }
                ready.sort_unstable();
                continue;
            }
            let rows = ready.iter().map(|&at| order.rows[at]);
            let (gone, kept): (Vec<_>, Vec<_>) = rows.partition(|it| self.graph.objects[*it].fate() == Fate::Delete);
            delete_together(self, model, plan, gone);
            let put_off = kept.iter().filter_map(|it| Some((*it, order.put_off.remove(it)?))).collect();
            self.save_together(model, plan, assigned, kept, put_off, &mut later)?;
            left -= ready.len();
            ready = order.place(&ready);
        }
        plan.steps.extend(associated);
        self.order_post_updates(model, plan, later, last);
        Ok(())
    }

    /// Groups of rows that wait for nobody outside. Those of one hierarchy that exchange values in the same columns are one
    /// group: the same statements write all of them.
    fn together(&mut self, plan: &FlushPlan, assigned: &Assigned, order: &mut Order) -> Result<Vec<Vec<usize>>> {
        let mut exchanged: BTreeMap<(ClassId, BTreeSet<ColumnId>), Vec<usize>> = BTreeMap::new();
        let mut groups = Vec::new();
        for group in order.take_waiting() {
            if !group.iter().all(|&at| self.is_exchanged(order.rows[at], plan)) {
                groups.push(group);
                continue;
            }
            let root = self.graph.root(self.graph.objects[order.rows[group[0]]].class);
            let mut columns = BTreeSet::new();
            for &at in &group {
                columns.extend(self.update_columns(plan, assigned, order.rows[at])?);
            }
            exchanged.entry((root, columns)).or_default().extend(group);
        }
        groups.extend(exchanged.into_values());
        Ok(groups)
    }

    /// Whether a row is there and stays, so that it can be written together with others.
    fn is_exchanged(&self, key: ObjectKey, plan: &FlushPlan) -> bool {
        self.graph.objects[key].fate() != Fate::Delete && self.whose_row(key, plan).is_some()
    }

    /// Plans what writes rows that wait for each other. Where nothing writes them together, lets one of them wait less;
    /// returns whether they are written.
    fn write_group(
        &mut self,
        model: &Arc<Model>,
        plan: &mut FlushPlan,
        assigned: &Assigned,
        (order, group): (&mut Order, &[usize]),
        later: &mut Later,
    ) -> Result<bool> {
        let rows: Vec<ObjectKey> = group.iter().map(|&at| order.rows[at]).collect();
        let goes = |core: &Core, it: ObjectKey| core.graph.objects[it].fate() == Fate::Delete;
        if rows.iter().all(|it| goes(self, *it)) {
            let edges = self.delete_edges(model, plan, &rows)?;
            self.delete_in_order(model, plan, &rows, edges)?;
        } else if rows.iter().all(|it| self.whose_row(*it, plan).is_none() && !order.put_off.contains_key(it)) {
            let schema = self.connection.schema().clone();
            let needs = Needs::of(self, model, &schema, &rows, plan, assigned);
            self.save_in_waves(model, plan, assigned, &rows, needs, later)?;
        } else if rows.iter().all(|it| self.is_exchanged(*it, plan)) {
            self.exchange(model, plan, assigned, (order, &rows), later)?;
        } else if self.part(model, plan, assigned, order, group) {
            return Ok(false);
        } else {
            let ring = rows.iter().take(8).map(|it| self.graph.name(*it)).collect();
            let advice = "let one of the foreign keys be NULL or be judged at commit, or flush between the changes";
            return Err(Misuse::Circular { ring, advice }.into());
        }
        Ok(true)
    }

    /// Opens each ring of these rows that no exchange opens, or else one of all.
    fn part(
        &self,
        model: &Arc<Model>,
        plan: &mut FlushPlan,
        assigned: &Assigned,
        order: &mut Order,
        group: &[usize],
    ) -> bool {
        let (mut parted, from) = (false, plan.steps.len());
        for ring in order.inner_rings(group, |at| self.is_exchanged(order.rows[at], plan)) {
            parted |= self.part_one(model, plan, assigned, order, &ring);
        }
        clear_together(plan, from);
        parted || self.part_one(model, plan, assigned, order, group)
    }

    /// Lets a foreign key of one of these rows be written before or after the rest of it, so that one row waits for
    /// another one no more. Returns whether there is one.
    fn part_one(
        &self,
        model: &Arc<Model>,
        plan: &mut FlushPlan,
        assigned: &Assigned,
        order: &mut Order,
        group: &[usize],
    ) -> bool {
        let group: BTreeSet<usize> = group.iter().copied().collect();
        let mut edges: Vec<(usize, usize, Why)> = Vec::new();
        for &first in &group {
            let within = order.after(first).filter(|it| group.contains(&it.0));
            edges.extend(within.flat_map(|(second, whys)| whys.iter().map(move |why| (first, second, why.clone()))));
        }
        for (first, second, why) in edges {
            let parted = match &why {
                Why::Value => false,
                Why::New(columns) => self.write_after(model, plan, assigned, (order, second), columns),
                Why::Gone(columns) => self.write_before(model, plan, assigned, (order, first), columns),
            };
            if parted {
                order.cut(first, second, &why);
                return true;
            }
        }
        false
    }

    /// Lets a foreign key be written when the new row is there that it leads to.
    fn write_after(
        &self,
        model: &Arc<Model>,
        plan: &mut FlushPlan,
        assigned: &Assigned,
        (order, at): (&mut Order, usize),
        columns: &[ColumnId],
    ) -> bool {
        let key = order.rows[at];
        let class = model.class(self.graph.objects[key].class);
        let can_be_null = class.can_be_null(self.connection.schema(), columns);
        let has_row = self.whose_row(key, plan).is_some();
        // What it refers to now may go, and what it holds now may be what another row takes.
        let leaves = columns.iter().any(|it| class.unique.contains(it))
            || order.after(at).any(|it| it.1.contains(&Why::Gone(columns.to_vec())));
        match (has_row, leaves) {
            (true, false) => {}
            (false, _) if can_be_null => {}
            (true, true) if can_be_null && self.is_followed(plan, assigned, key, columns) => {
                clear_first(self, model, plan, vec![key], columns.to_vec());
            }
            _ => return false,
        }
        if has_row {
            plan.apart.insert(key);
        }
        order.put_off.entry(key).or_default().extend(columns);
        true
    }

    /// Lets a foreign key be written before the row goes that it leads to.
    fn write_before(
        &self,
        model: &Arc<Model>,
        plan: &mut FlushPlan,
        assigned: &Assigned,
        (order, at): (&Order, usize),
        columns: &[ColumnId],
    ) -> bool {
        let key = order.rows[at];
        let class = model.class(self.graph.objects[key].class);
        let can_be_null = class.can_be_null(self.connection.schema(), columns);
        let goes = self.graph.objects[key].fate() == Fate::Delete;
        let waits = order.waits(at, &Why::New(columns.to_vec())) || self.waits_for_itself(plan, assigned, key, columns);
        let takes = columns.iter().any(|it| class.unique.contains(it));
        if !goes && !waits && !takes {
            plan.apart.insert(key);
            plan.steps.push(update_step(model, class.id, columns.to_vec(), vec![key], When::Row));
            return true;
        }
        let can_clear = can_be_null && (goes || self.is_followed(plan, assigned, key, columns));
        if can_clear {
            plan.apart.insert(key);
            clear_first(self, model, plan, vec![key], columns.to_vec());
        }
        can_clear
    }

    /// Whether a foreign key leads to its own row, which is to get another key.
    fn waits_for_itself(&self, plan: &FlushPlan, assigned: &Assigned, key: ObjectKey, columns: &[ColumnId]) -> bool {
        let mut all = assigned.get(&key).into_iter().flatten().map(|&at| &plan.assignments[at]);
        all.any(|it| {
            let own = it.from.as_ref().filter(|from| from.0 == key && it.columns == columns);
            own.is_some_and(|(_, target)| self.graph.is_changed_in(key, target))
        })
    }

    /// Whether what a foreign key will be is told by a relation, so that the row may hold NULL meanwhile.
    fn is_followed(&self, plan: &FlushPlan, assigned: &Assigned, key: ObjectKey, columns: &[ColumnId]) -> bool {
        let tells = |it: &usize| plan.assignments[*it].when == When::Row && plan.assignments[*it].columns == columns;
        assigned.get(&key).is_some_and(|all| all.iter().any(tells))
    }

    /// References of a row that is to be exchanged which the very statement would let ON UPDATE take along: they lead to a
    /// row of the same exchange that takes the key of the one before, and are written after it. One that the statement
    /// gives another value does not follow.
    fn moved_by_exchange(
        &mut self,
        plan: &FlushPlan,
        assigned: &Assigned,
        (key, together): (ObjectKey, &FxHashSet<ObjectKey>),
    ) -> Result<Vec<ColumnId>> {
        let all = assigned.get(&key).into_iter().flatten().map(|&at| &plan.assignments[at]);
        let within = |it: &Assignment| it.from.as_ref().is_some_and(|from| together.contains(&from.0));
        let mut moved = Vec::new();
        for it in all.filter(|it| it.when == When::Row && within(it)) {
            let held = self.whose_row(key, plan).and_then(|had| self.stored(had, &it.columns));
            if self.is_moved_meanwhile(plan, it) && held == self.becomes(key, &it.columns, plan, assigned)? {
                moved.extend(&it.columns);
            }
        }
        Ok(moved)
    }

    /// Rows that exchange values are updated together, whatever each of them changes.
    fn exchange(
        &mut self,
        model: &Arc<Model>,
        plan: &mut FlushPlan,
        assigned: &Assigned,
        (order, objects): (&mut Order, &[ObjectKey]),
        later: &mut Later,
    ) -> Result<()> {
        let mut rows = Vec::with_capacity(objects.len());
        let mut names: BTreeSet<Name> = BTreeSet::new();
        let together: FxHashSet<ObjectKey> = objects.iter().copied().collect();
        for &key in objects {
            let mut columns = self.update_columns(plan, assigned, key)?;
            let moved = self.moved_by_exchange(plan, assigned, (key, &together))?;
            if !moved.is_empty() {
                plan.apart.insert(key);
                order.put_off.entry(key).or_default().extend(moved);
            }
            if let Some(put_off) = order.put_off.remove(&key) {
                columns.retain(|it| !put_off.contains(it));
                later.push((key, put_off));
            }
            names.extend(model.class(self.graph.objects[key].class).names(&columns));
            rows.push((key, columns));
        }
        let table = model.class(self.graph.root(self.graph.objects[objects[0]].class)).table.clone();
        let columns = names.into_iter().collect();
        plan.steps.push(FlushStep { table, columns, work: Work::Exchange { rows } });
        Ok(())
    }
}

/// Lets what the last steps clear be cleared by one statement a shape.
fn clear_together(plan: &mut FlushPlan, from: usize) {
    let mut seen: FxHashMap<(ClassId, Vec<ColumnId>), (usize, FxHashSet<ObjectKey>)> = FxHashMap::default();
    for step in plan.steps.split_off(from) {
        let Work::Update { class, columns, objects, when: When::Post } = &step.work else {
            plan.steps.push(step);
            continue;
        };
        let (at, cleared) =
            seen.entry((*class, columns.clone())).or_insert_with(|| (plan.steps.len(), FxHashSet::default()));
        let new: Vec<ObjectKey> = objects.iter().copied().filter(|it| cleared.insert(*it)).collect();
        match plan.steps.get_mut(*at) {
            Some(FlushStep { work: Work::Update { objects, .. }, .. }) => objects.extend(new),
            _ => plan.steps.push(step),
        }
    }
}
