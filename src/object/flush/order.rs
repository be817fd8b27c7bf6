//! The order of statements: inserts after the rows they need, deletes before them.
//!
//! Tables in dependency order settle most of it; within a table updates come before inserts. In a group of tables that
//! refer to each other in a ring, or in one that refers to itself, rows decide: those that need no other come first,
//! then those that need only these, and so on. Where rows form a ring themselves, a foreign key that may be NULL is
//! written later.

use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::collect::Registry;
use super::needs::Needs;
use super::synchronize::{Links, Pairs};
use super::{Assignment, FlushPlan, FlushStep, When, Work};
use crate::error::{Misuse, Result};
use crate::id::{ClassId, ColumnId};
use crate::object::compact::Fate;
use crate::object::model::{Join, Model};
use crate::object::reference::ObjectKey;
use crate::object::session::{Core, Manner};
use crate::object::state::State;
use crate::schema::Name;
use crate::value::Value;

/// A class, and columns of it that are written.
type Shape = (ClassId, Vec<ColumnId>);

/// The foreign keys that each object gets from others, by position among the assignments.
pub(super) type Assigned = FxHashMap<ObjectKey, Vec<usize>>;

/// Objects, each with columns that are written by a statement of their own.
pub(super) type Later = Vec<(ObjectKey, Vec<ColumnId>)>;

impl Core {
    /// Puts what was collected into an order that no constraint refuses.
    pub(super) fn order(&mut self, mut registry: Registry, links: Links) -> Result<FlushPlan> {
        let model = self.graph.model.clone();
        let (assignments, dropped) = (links.assignments, std::mem::take(&mut registry.dropped));
        let mut plan = FlushPlan { assignments, dropped, ..FlushPlan::default() };
        for &key in &registry.objects {
            match self.graph.objects[key].fate() {
                Fate::Save => plan.saved.push(key),
                Fate::Delete => plan.deleted.push(key),
                Fate::Listed => plan.listed.push(key),
                Fate::None => {}
            }
        }
        if self.graph.manner == Manner::SqlAlchemy {
            self.refuse_rings(&plan)?;
            self.sort_as_sqlalchemy(&mut plan);
        }
        let mut assigned: Assigned = FxHashMap::default();
        for (at, it) in plan.assignments.iter().enumerate() {
            assigned.entry(it.object).or_default().push(at);
        }
        plan.switches = self.find_switches(&plan, &assigned)?;
        plan.steps.extend(links.dissociated_first.into_iter().filter_map(|it| pairs(&model, it, false)));
        let came = links.rekeyed.into_iter().filter_map(|it| rekeyed(&model, it));
        let came: Vec<FlushStep> =
            came.chain(links.associated.into_iter().filter_map(|it| pairs(&model, it, true))).collect();
        let by_slots = self.graph.is_sound() && self.has_slot_conflicts(&plan, &assigned)?;
        if by_slots {
            self.read_what_is_assigned(&plan)?;
        }
        // Where a key changes, association rows are found by the one before.
        let (first, dissociated): (Vec<Pairs>, Vec<Pairs>) =
            links.dissociated.into_iter().partition(|it| by_slots || self.has_other_keys(&model, it));
        plan.steps.extend(first.into_iter().filter_map(|it| pairs(&model, it, false)));
        if by_slots {
            self.order_by_slots(&model, &mut plan, &assigned, came)?;
            return Ok(plan);
        }
        let mut later = Vec::new();
        self.order_saves(&model, &mut plan, &assigned, &mut later)?;
        plan.steps.extend(dissociated.into_iter().filter_map(|it| pairs(&model, it, false)));
        plan.steps.extend(came);
        let wanted = post_updates(&plan, |_| true);
        self.order_post_updates(&model, &mut plan, later, wanted);
        self.order_deletes(&model, &mut plan)?;
        if !self.graph.is_sound() {
            self.sort_by_levels(&registry, &mut plan);
        }
        Ok(plan)
    }

    /// Whether the key of an owner or a member changes, where the tables are asked for the rows between.
    fn has_other_keys(&self, model: &Model, it: &Pairs) -> bool {
        let Join::Through { own_columns, target_columns, .. } = &model.relation(it.class, it.relation).join else {
            return false;
        };
        let changes = |pair: &(ObjectKey, ObjectKey)| {
            self.graph.is_changed_in(pair.0, own_columns) || self.graph.is_changed_in(pair.1, target_columns)
        };
        self.graph.is_sound() && it.pairs.iter().any(changes)
    }

    /// In the other manner new rows are written in the order in which they were added, others in that of their keys.
    fn sort_as_sqlalchemy(&self, plan: &mut FlushPlan) {
        let key = |it: &ObjectKey| match self.graph.objects[*it].state {
            State::Pending => (1, None),
            _ => (0, self.graph.identity(*it).map(|it| it.to_values())),
        };
        plan.saved.sort_by_cached_key(key);
        plan.deleted.sort_by_cached_key(key);
    }

    fn order_saves(
        &mut self,
        model: &Arc<Model>,
        plan: &mut FlushPlan,
        assigned: &Assigned,
        later: &mut Later,
    ) -> Result<()> {
        let mut groups: BTreeMap<usize, Vec<ObjectKey>> = BTreeMap::new();
        for &key in &plan.saved {
            groups.entry(model.insert_rank[self.graph.objects[key].class.index()]).or_default().push(key);
        }
        let schema = self.connection.schema().clone();
        for objects in groups.into_values() {
            let needs = Needs::of(self, model, &schema, &objects, plan, assigned);
            self.save_in_waves(model, plan, assigned, &objects, needs, later)?;
        }
        Ok(())
    }

    /// Rows of which some need others: those that need none, then those that need only these, and so on.
    pub(super) fn save_in_waves(
        &mut self,
        model: &Arc<Model>,
        plan: &mut FlushPlan,
        assigned: &Assigned,
        objects: &[ObjectKey],
        needs: Needs<'_>,
        later: &mut Later,
    ) -> Result<()> {
        for wave in needs.waves(self)? {
            let rows: Vec<ObjectKey> = wave.rows.iter().map(|&at| objects[at]).collect();
            let put_off = wave.put_off.into_iter().map(|(at, columns)| (objects[at], columns)).collect();
            self.save_together(model, plan, assigned, rows, put_off, later)?;
        }
        Ok(())
    }

    /// Rows that need nothing of each other: updates, class by class and columns by columns, then inserts.
    pub(super) fn save_together(
        &mut self,
        model: &Arc<Model>,
        plan: &mut FlushPlan,
        assigned: &Assigned,
        rows: Vec<ObjectKey>,
        put_off: Later,
        later: &mut Later,
    ) -> Result<()> {
        let is_insert = |core: &Core, plan: &FlushPlan, key: ObjectKey| {
            core.graph.objects[key].state == State::Pending && plan.switches.before(key).is_none()
        };
        let mut waits: FxHashMap<ObjectKey, Vec<ColumnId>> = FxHashMap::default();
        put_off.into_iter().for_each(|(key, columns)| waits.entry(key).or_default().extend(columns));
        let (inserts, updates): (Vec<ObjectKey>, Vec<ObjectKey>) =
            rows.into_iter().partition(|it| is_insert(self, plan, *it));
        self.update_together(model, plan, assigned, &updates, &waits)?;
        for (key, columns) in updates.iter().filter_map(|it| Some((*it, waits.remove(it)?))) {
            later.push((key, columns));
        }
        let mut by_class: BTreeMap<ClassId, Vec<ObjectKey>> = BTreeMap::new();
        for key in inserts {
            by_class.entry(self.graph.root(self.graph.objects[key].class)).or_default().push(key);
        }
        for (class, objects) in by_class {
            let own: Vec<_> = objects.iter().filter_map(|it| Some((*it, waits.remove(it)?))).collect();
            later.extend(own.iter().cloned());
            let table = model.class(class).table.clone();
            plan.steps.push(FlushStep {
                table,
                columns: Vec::new(),
                work: Work::Insert { class, objects, later: own },
            });
        }
        Ok(())
    }

    /// Updates of the same columns of the same class go together (O4).
    fn update_together(
        &mut self,
        model: &Arc<Model>,
        plan: &mut FlushPlan,
        assigned: &Assigned,
        updates: &[ObjectKey],
        waits: &FxHashMap<ObjectKey, Vec<ColumnId>>,
    ) -> Result<()> {
        let in_order = self.graph.manner == Manner::SqlAlchemy;
        let mut shapes: Vec<(Shape, Vec<ObjectKey>)> = Vec::new();
        let mut places: FxHashMap<Shape, usize> = FxHashMap::default();
        for &key in updates {
            let mut columns = self.update_columns(plan, assigned, key)?;
            if let Some(waiting) = waits.get(&key) {
                columns.retain(|it| !waiting.contains(it));
            }
            // Who takes a row over counts its version, even where nothing else is written.
            let counts = plan.switches.before(key).is_some()
                && model.class(self.graph.objects[key].class).version_column.is_some();
            if columns.is_empty() && !counts {
                continue;
            }
            let shape = (self.graph.objects[key].class, columns);
            // Objects mostly change as the one before did: what has one shape is put away together.
            match shapes.last_mut().filter(|it| it.0 == shape) {
                Some(last) => last.1.push(key),
                None => match places.get(&shape).filter(|_| !in_order) {
                    Some(&at) => shapes[at].1.push(key),
                    None => {
                        places.insert(shape.clone(), shapes.len());
                        shapes.push((shape, vec![key]));
                    }
                },
            }
        }
        for ((class, columns), objects) in shapes {
            plan.steps.push(update_step(model, class, columns, objects, When::Row));
        }
        Ok(())
    }

    /// The columns that an update of an object writes: those that were changed, and the foreign keys that follow others.
    pub(super) fn update_columns(
        &mut self,
        plan: &FlushPlan,
        assigned: &Assigned,
        key: ObjectKey,
    ) -> Result<Vec<ColumnId>> {
        let class = self.graph.model.clone();
        let class = class.class(self.graph.objects[key].class);
        let mut columns = if self.graph.objects[key].state == State::Pending {
            // It takes over the row of another object.
            let all = (0..class.columns.len()).map(|it| ColumnId::new(it as u16));
            all.filter(|it| !class.key.contains(it) && self.graph.has_column(key, *it)).collect()
        } else {
            self.graph.changed_columns(key)
        };
        for &at in assigned.get(&key).map(Vec::as_slice).unwrap_or_default() {
            let assignment = &plan.assignments[at];
            if assignment.when == When::Row && self.changes_something(plan, assignment)? {
                columns.extend(&assignment.columns);
            }
        }
        columns.retain(|it| !class.is_computed(*it));
        columns.sort_unstable();
        columns.dedup();
        Ok(columns)
    }

    /// Whether an assignment writes something else than what is there, as far as can be told before it is carried out.
    fn changes_something(&mut self, plan: &FlushPlan, assignment: &Assignment) -> Result<bool> {
        if assignment.columns.iter().any(|it| !self.graph.has_column(assignment.object, *it)) {
            return Ok(true);
        }
        let now = self.scalars(assignment.object, &assignment.columns)?;
        match &assignment.from {
            None => Ok(now.iter().any(|it| !it.is_null())),
            // A new target has no key yet; NULL there is no answer.
            Some((from, columns)) => {
                let then = self.scalars(*from, columns)?;
                Ok(then.iter().any(Value::is_null) || then != now || self.is_moved_meanwhile(plan, assignment))
            }
        }
    }

    /// Foreign keys that are written by statements of their own, and those that a ring has put off.
    pub(super) fn order_post_updates(&self, model: &Arc<Model>, plan: &mut FlushPlan, later: Later, wanted: Later) {
        let mut shapes: BTreeMap<(ClassId, Vec<ColumnId>, bool), Vec<ObjectKey>> = BTreeMap::new();
        let both = later.into_iter().map(|it| (it, false)).chain(wanted.into_iter().map(|it| (it, true)));
        for ((key, mut columns), post) in both {
            columns.sort_unstable();
            columns.dedup();
            shapes.entry((self.graph.objects[key].class, columns, post)).or_default().push(key);
        }
        for ((class, columns, post), objects) in shapes {
            let when = if post { When::Post } else { When::Row };
            plan.steps.push(update_step(model, class, columns, objects, when));
        }
    }
}

/// The foreign keys that are written by statements of their own, as far as they are asked for.
pub(super) fn post_updates(plan: &FlushPlan, is_asked: impl Fn(&Assignment) -> bool) -> Later {
    let mut wanted: Later = Vec::new();
    let mut places: FxHashMap<ObjectKey, usize> = FxHashMap::default();
    for it in plan.assignments.iter().filter(|it| it.when == When::Post && is_asked(it)) {
        let at = *places.entry(it.object).or_insert_with(|| {
            wanted.push((it.object, Vec::new()));
            wanted.len() - 1
        });
        wanted[at].1.extend(&it.columns);
    }
    wanted
}

pub(super) fn update_step(
    model: &Model,
    class: ClassId,
    columns: Vec<ColumnId>,
    objects: Vec<ObjectKey>,
    when: When,
) -> FlushStep {
    let declared = model.class(class);
    let names: Vec<Name> = declared.names(&columns);
    FlushStep { table: declared.table.clone(), columns: names, work: Work::Update { class, columns, objects, when } }
}

/// The step that lets association rows follow the keys of their owners.
fn rekeyed(model: &Model, it: Pairs) -> Option<FlushStep> {
    let Pairs { class, relation, pairs } = it;
    let Join::Through { table, own, .. } = &model.relation(class, relation).join else { return None };
    let work = Work::Reassociate { class, relation, pairs };
    Some(FlushStep { table: table.clone(), columns: own.clone(), work })
}

pub(super) fn pairs(model: &Model, it: Pairs, added: bool) -> Option<FlushStep> {
    let Pairs { class, relation, pairs } = it;
    let Join::Through { table, .. } = &model.relation(class, relation).join else { return None };
    let work = match added {
        true => Work::Associate { class, relation, pairs },
        false => Work::Dissociate { class, relation, pairs },
    };
    Some(FlushStep { table: table.clone(), columns: Vec::new(), work })
}

pub(super) fn circular(ring: Vec<String>) -> crate::error::Error {
    let advice = "let one of the foreign keys be NULL, or declare it deferred and give the keys yourself";
    Misuse::Circular { ring, advice }.into()
}
