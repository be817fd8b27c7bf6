//! Which of the rows that are saved together need which: by the keys that flow between them, and by those that they hold.

use rustc_hash::FxHashMap;
use std::sync::Arc;

use super::order::{Assigned, circular};
use super::{FlushPlan, When};
use crate::error::Result;
use crate::id::{ClassId, ColumnId};
use crate::object::identity::Identity;
use crate::object::model::Model;
use crate::object::reference::ObjectKey;
use crate::object::session::{Core, Manner};
use crate::object::state::State;
use crate::schema::{ReferenceSchema, Schema, Timing};

/// Which of a group of rows needs which, by position.
pub(super) struct Needs<'a> {
    objects: &'a [ObjectKey],
    edges: Vec<Vec<Need>>,
}

struct Need {
    target: usize,
    columns: Vec<ColumnId>,
    /// Whether the foreign key can be NULL at first.
    can_wait: bool,
}

/// Rows that can be written together.
pub(super) struct Wave {
    pub(super) rows: Vec<usize>,
    pub(super) put_off: Vec<(usize, Vec<ColumnId>)>,
}

impl<'a> Needs<'a> {
    pub(super) fn of(
        core: &Core,
        model: &Arc<Model>,
        schema: &Arc<Schema>,
        objects: &'a [ObjectKey],
        plan: &FlushPlan,
        assigned: &Assigned,
    ) -> Self {
        let ringed = ringed_references(core, model, schema, objects);
        let one_by_one = core.graph.manner == Manner::SqlAlchemy;
        let pending = |key: ObjectKey| core.graph.objects[key].state == State::Pending;
        let inserted = |key: ObjectKey| pending(key) && plan.switches.before(key).is_none();
        // A foreign key is judged when its statement ends, and a deferred one at commit, so neither asks for an order as long
        // as the key to write is known: new rows of one table are one statement, unless they go one by one.
        let later = |it: &Ringed<'_>, by: ObjectKey, to: ObjectKey| {
            let root = |key: ObjectKey| core.graph.root(core.graph.objects[key].class);
            let together = || inserted(by) && inserted(to) && root(by) == root(to);
            !one_by_one && (is_deferred(it) || is_within_table(it) && together())
        };
        let comes = |key: ObjectKey| {
            pending(key) || core.graph.is_changed_in(key, &model.class(core.graph.objects[key].class).key)
        };
        let mixed = objects.iter().any(|it| comes(*it)) && !objects.iter().all(|it| inserted(*it));
        let asks = |it: &Ringed<'_>| one_by_one || !is_deferred(it) && (mixed || !is_within_table(it));
        let asked = ringed.values().flatten().any(asks);
        if assigned.is_empty() && !asked {
            return Needs { objects, edges: Vec::new() };
        }
        let places: FxHashMap<ObjectKey, usize> = objects.iter().enumerate().map(|(at, it)| (*it, at)).collect();
        let by_identity = if asked { new_by_key(core, objects) } else { FxHashMap::default() };
        let mut edges: Vec<Vec<Need>> = Vec::with_capacity(objects.len());
        for (at, &key) in objects.iter().enumerate() {
            let class = model.class(core.graph.objects[key].class);
            let mut needs = Vec::new();
            for &assignment in assigned.get(&key).map(Vec::as_slice).unwrap_or_default() {
                let assignment = &plan.assignments[assignment];
                let Some((from, columns)) = assignment.from.as_ref().filter(|_| assignment.when == When::Row) else {
                    continue;
                };
                let comes = pending(*from) || core.graph.is_changed_in(*from, columns);
                let Some(&target) = places.get(from).filter(|_| comes) else { continue };
                let known = core.graph.row(*from).is_some_and(|row| columns.iter().all(|it| !row.get(*it).is_null()));
                let reference = ringed.get(&class.id).and_then(|all| all.iter().find(|it| it.0 == assignment.columns));
                let waits = reference.map_or(one_by_one, |it| !later(it, key, *from));
                if known && (!waits || target == at) {
                    continue;
                }
                let can_wait = class.can_be_null(core.connection.schema(), &assignment.columns);
                needs.push(Need { target, columns: assignment.columns.clone(), can_wait });
            }
            for reference in ringed.get(&class.id).map(Vec::as_slice).unwrap_or_default() {
                let linked = assigned
                    .get(&key)
                    .is_some_and(|all| all.iter().any(|it| plan.assignments[*it].columns == reference.0));
                if linked || is_deferred(reference) && !one_by_one {
                    continue;
                }
                let need = core.graph.row(key).and_then(|row| {
                    let identity = Identity::of(&**row, &reference.0)?;
                    by_identity.get(&(reference.2, identity)).copied()
                });
                if let Some(target) = need.filter(|it| *it != at && !later(reference, key, objects[*it])) {
                    let can_wait = class.can_be_null(core.connection.schema(), &reference.0);
                    needs.push(Need { target, columns: reference.0.clone(), can_wait });
                }
            }
            edges.push(needs);
        }
        Needs { objects, edges }
    }

    /// Kahn's algorithm, a wave at a time. Source: A. B. Kahn, "Topological sorting of large networks", CACM 5 (1962).
    pub(super) fn waves(mut self, core: &Core) -> Result<Vec<Wave>> {
        let count = self.objects.len();
        if self.edges.iter().all(Vec::is_empty) {
            let rows = (0..count).collect();
            return Ok(if count == 0 { Vec::new() } else { vec![Wave { rows, put_off: Vec::new() }] });
        }
        let mut open: Vec<usize> = self.edges.iter().map(Vec::len).collect();
        let mut needed_by: Vec<Vec<usize>> = vec![Vec::new(); count];
        for (at, needs) in self.edges.iter().enumerate() {
            needs.iter().for_each(|it| needed_by[it.target].push(at));
        }
        let mut placed = vec![false; count];
        let mut left = count;
        let mut ready: Vec<usize> = (0..count).filter(|&at| open[at] == 0).collect();
        let mut waves = Vec::new();
        while left > 0 {
            let mut put_off = Vec::new();
            if ready.is_empty() {
                ready = self.break_ring(&placed, core, &mut put_off)?;
            }
            let mut next = Vec::new();
            for &at in &ready {
                placed[at] = true;
                for &dependent in &needed_by[at] {
                    open[dependent] -= 1;
                    if open[dependent] == 0 && !placed[dependent] {
                        next.push(dependent);
                    }
                }
            }
            left -= ready.len();
            ready.sort_unstable();
            waves.push(Wave { rows: ready, put_off });
            next.retain(|at| !placed[*at]);
            ready = next;
        }
        Ok(waves)
    }

    /// The rows that can go first if the foreign keys that hold them back wait.
    fn break_ring(
        &mut self,
        placed: &[bool],
        core: &Core,
        put_off: &mut Vec<(usize, Vec<ColumnId>)>,
    ) -> Result<Vec<usize>> {
        let holds = |needs: &[Need]| needs.iter().filter(|it| !placed[it.target]).all(|it| it.can_wait);
        let first = (0..placed.len()).find(|&at| !placed[at] && holds(&self.edges[at]));
        let Some(first) = first else {
            let ring = (0..placed.len()).filter(|&at| !placed[at]).take(8);
            let ring = ring.map(|at| core.graph.name(self.objects[at])).collect();
            return Err(circular(ring));
        };
        let waiting = self.edges[first].iter().filter(|it| !placed[it.target]);
        let columns: Vec<ColumnId> = waiting.flat_map(|it| it.columns.clone()).collect();
        put_off.push((first, columns));
        Ok(vec![first])
    }
}

/// The rows that get keys which are given, by these: new ones, and those that get others.
fn new_by_key(core: &Core, objects: &[ObjectKey]) -> FxHashMap<(ClassId, Identity), usize> {
    let keyed = objects.iter().enumerate().filter_map(|(at, &key)| {
        let class = core.graph.model.class(core.graph.objects[key].class);
        if core.graph.objects[key].state != State::Pending && !core.graph.is_changed_in(key, &class.key) {
            return None;
        }
        let identity = Identity::of(&**core.graph.row(key)?, &class.key)?;
        Some(((core.graph.root(class.id), identity), at))
    });
    keyed.collect()
}

/// A foreign key as the attributes of a class that hold it, the reference itself, and the root of the class it leads to.
type Ringed<'s> = (Vec<ColumnId>, &'s ReferenceSchema, ClassId);

/// For each class among the objects, its foreign keys that lead to a class among them.
fn ringed_references<'s>(
    core: &Core,
    model: &Arc<Model>,
    schema: &'s Arc<Schema>,
    objects: &[ObjectKey],
) -> FxHashMap<ClassId, Vec<Ringed<'s>>> {
    let mut classes: Vec<ClassId> = objects.iter().map(|it| core.graph.objects[*it].class).collect();
    classes.sort_unstable();
    classes.dedup();
    let parts = |class: ClassId| model.class(class).parts.iter().map(|it| it.table_id);
    let of = |&class: &ClassId| {
        let mut found: Vec<Ringed<'s>> = Vec::new();
        for part in &model.class(class).parts {
            let Ok(table) = schema.table_named(&part.table) else { continue };
            for reference in table.outbound.iter().map(|&it| schema.reference(it)) {
                let target = classes.iter().find(|it| parts(**it).any(|it| it == reference.target));
                let attribute = |column: &ColumnId| part.columns.iter().find(|it| it.1 == *column).map(|it| it.0);
                let columns: Option<Vec<ColumnId>> = reference.columns.iter().map(attribute).collect();
                // The key of a part that refers to the part of its base is no reference to another object.
                let own = model.class(class).joins_parts(part, reference);
                if let (Some(&target), Some(columns), false) = (target, columns, own) {
                    found.push((columns, reference, core.graph.root(target)));
                }
            }
        }
        (class, found)
    };
    classes.iter().map(of).collect()
}

/// Whether a foreign key is judged at commit.
fn is_deferred((_, reference, _): &Ringed<'_>) -> bool {
    reference.timing == Timing::InitiallyDeferred
}

/// Whether it leads to rows of its own table.
fn is_within_table((_, reference, _): &Ringed<'_>) -> bool {
    reference.table == reference.target
}
