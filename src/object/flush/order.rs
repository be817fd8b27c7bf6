//! The order of statements: inserts after the rows they need, deletes before them.
//!
//! Tables in dependency order settle most of it. Within a group of tables that refer to each other in a ring, or one
//! that refers to itself, rows decide: those that need no other come first, then those that need only these, and so on.
//! Where rows form a ring themselves, a foreign key that may be NULL is written later.

use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::collect::Collected;
use super::{Assignment, FlushPlan, FlushStep, Work};
use crate::error::{Misuse, Result};
use crate::id::{ClassId, ColumnId};
use crate::object::identity::Identity;
use crate::object::links::{Link, Since};
use crate::object::model::{Join, Model};
use crate::object::reference::ObjectKey;
use crate::object::session::Core;
use crate::record::changed_columns;
use crate::schema::{Name, ReferenceSchema, Schema, Timing};
use crate::value::Value;

impl Core {
    /// Puts what was collected into an order that no constraint refuses.
    pub(super) fn order(&mut self, mut collected: Collected) -> Result<FlushPlan> {
        let model = self.graph.model.clone();
        let mut steps = Vec::new();
        let mut later = Vec::new();
        let (first, last) = self.order_deletes(&model, &collected.deletes);
        let pairs = |(class, relation, pairs): super::collect::Pairs, added: bool| {
            let Join::Through { table, .. } = &model.relation(class, relation).join else { return None };
            let work = if added {
                Work::Associate { class, relation, pairs }
            } else {
                Work::Dissociate { class, relation, pairs }
            };
            Some(FlushStep { table: table.clone(), columns: Vec::new(), work })
        };
        steps.extend(first);
        steps.extend(std::mem::take(&mut collected.dissociated).into_iter().filter_map(|it| pairs(it, false)));
        self.order_inserts(&model, &collected.inserts, &collected.assignments, &mut steps, &mut later)?;
        self.order_updates(&model, &collected, later, &mut steps)?;
        steps.extend(collected.associated.into_iter().filter_map(|it| pairs(it, true)));
        for (class, relation, owners) in collected.dissociated_all {
            if let Join::Through { table, .. } = &model.relation(class, relation).join {
                let work = Work::DissociateAll { class, relation, owners };
                steps.push(FlushStep { table: table.clone(), columns: Vec::new(), work });
            }
        }
        steps.extend(last);
        Ok(FlushPlan { steps, assignments: collected.assignments, dropped: collected.dropped })
    }

    fn order_inserts(
        &self,
        model: &Arc<Model>,
        inserts: &[ObjectKey],
        assignments: &[Assignment],
        steps: &mut Vec<FlushStep>,
        later: &mut Vec<(ObjectKey, Vec<ColumnId>)>,
    ) -> Result<()> {
        let mut groups: BTreeMap<usize, Vec<ObjectKey>> = BTreeMap::new();
        for &key in inserts {
            groups.entry(model.insert_rank[self.graph.objects[key].class.index()]).or_default().push(key);
        }
        let schema = self.connection.schema();
        for objects in groups.into_values() {
            let needs = Needs::of(self, model, schema, &objects, assignments);
            for wave in needs.waves(self)? {
                let mut by_class: BTreeMap<ClassId, Vec<ObjectKey>> = BTreeMap::new();
                for &at in &wave.rows {
                    by_class.entry(self.graph.objects[objects[at]].class).or_default().push(objects[at]);
                }
                let mut put_off: FxHashMap<ObjectKey, Vec<ColumnId>> = FxHashMap::default();
                for (at, columns) in wave.put_off {
                    put_off.entry(objects[at]).or_default().extend(columns);
                }
                for (class, objects) in by_class {
                    let own = objects.iter().filter_map(|it| put_off.remove(it).map(|columns| (*it, columns)));
                    let own: Vec<(ObjectKey, Vec<ColumnId>)> = own.collect();
                    later.extend(own.iter().cloned());
                    let table = model.class(class).table.clone();
                    let work = Work::Insert { class, objects, later: own };
                    steps.push(FlushStep { table, columns: Vec::new(), work });
                }
            }
        }
        Ok(())
    }

    /// Updates of the same columns of the same class go together (O4).
    fn order_updates(
        &mut self,
        model: &Arc<Model>,
        collected: &Collected,
        later: Vec<(ObjectKey, Vec<ColumnId>)>,
        steps: &mut Vec<FlushStep>,
    ) -> Result<()> {
        let mut shapes: BTreeMap<(ClassId, Vec<ColumnId>), Vec<ObjectKey>> = BTreeMap::new();
        let mut assigned: FxHashMap<ObjectKey, Vec<ColumnId>> = FxHashMap::default();
        for it in &collected.assignments {
            assigned.entry(it.object).or_default().extend(&it.columns);
        }
        // Objects mostly change as the one before did: what has one shape is put away together.
        let mut run: ((ClassId, Vec<ColumnId>), Vec<ObjectKey>) = ((ClassId::new(0), Vec::new()), Vec::new());
        for &key in &collected.updates {
            let mut columns = self.changed(model, key)?;
            columns.extend(assigned.remove(&key).unwrap_or_default());
            columns.sort_unstable();
            columns.dedup();
            if columns.is_empty() {
                continue;
            }
            let class = self.graph.objects[key].class;
            if run.0.0 != class || run.0.1 != columns {
                let (shape, objects) = std::mem::replace(&mut run, ((class, columns), Vec::new()));
                shapes.entry(shape).or_default().extend(objects);
            }
            run.1.push(key);
        }
        shapes.entry(run.0).or_default().extend(run.1);
        shapes.retain(|_, objects| !objects.is_empty());
        for (key, mut columns) in later {
            columns.sort_unstable();
            shapes.entry((self.graph.objects[key].class, columns)).or_default().push(key);
        }
        for ((class, columns), objects) in shapes {
            let declared = model.class(class);
            let names: Vec<Name> = declared.names(&columns);
            let work = Work::Update { class, columns, objects };
            steps.push(FlushStep { table: declared.table.clone(), columns: names, work });
        }
        Ok(())
    }

    /// The columns of a persistent object that differ from its row: those that were edited, and the foreign keys of
    /// references that were set.
    fn changed(&mut self, model: &Arc<Model>, key: ObjectKey) -> Result<Vec<ColumnId>> {
        let object = &self.graph.objects[key];
        let class = model.class(object.class);
        let mut columns = match (self.graph.original(key), self.graph.row(key)) {
            (Some(original), Some(row)) => changed_columns(&**original, &**row),
            _ => Vec::new(),
        };
        if !object.has_links() {
            return Ok(columns);
        }
        for relation in &class.relations {
            let Join::BelongsTo { columns: own, target_columns, .. } = &relation.join else { continue };
            let Link::One { target, since } = self.graph.link(key, relation.id) else { continue };
            if *since == Since::Unchanged {
                continue;
            }
            let target = target.filter(|it| !self.is_dropped(*it));
            let now = self.scalars(key, own)?;
            // A new target has no key yet; NULL there is no answer.
            let same = match target {
                None => now.iter().all(Value::is_null),
                Some(target) => !now.iter().any(Value::is_null) && self.scalars(target, target_columns)? == now,
            };
            if !same {
                columns.extend(own);
            }
        }
        Ok(columns)
    }

    /// Deletes in two parts: rows of tables that nothing refers to can go at once, others go last, those that refer
    /// before those they refer to. Rows of a ring go by class in one statement each; its foreign keys are judged when
    /// the statement ends.
    fn order_deletes(&self, model: &Arc<Model>, deletes: &[ObjectKey]) -> (Vec<FlushStep>, Vec<FlushStep>) {
        let mut by_class: BTreeMap<(usize, ClassId), Vec<ObjectKey>> = BTreeMap::new();
        for &key in deletes {
            let class = self.graph.objects[key].class;
            by_class.entry((model.insert_rank[class.index()], class)).or_default().push(key);
        }
        let (mut first, mut last) = (Vec::new(), Vec::new());
        for ((_, class), objects) in by_class.into_iter().rev() {
            let declared = model.class(class);
            let work = Work::Delete { class, objects };
            let step = FlushStep { table: declared.table.clone(), columns: Vec::new(), work };
            if declared.is_leaf { first.push(step) } else { last.push(step) }
        }
        (first, last)
    }
}

/// Which of a group of new rows needs which, by position.
struct Needs<'a> {
    objects: &'a [ObjectKey],
    edges: Vec<Vec<Need>>,
}

struct Need {
    target: usize,
    columns: Vec<ColumnId>,
    /// Whether the foreign key can be NULL at first.
    can_wait: bool,
}

/// Rows that can be inserted together.
struct Wave {
    rows: Vec<usize>,
    put_off: Vec<(usize, Vec<ColumnId>)>,
}

impl<'a> Needs<'a> {
    fn of(
        core: &Core,
        model: &Arc<Model>,
        schema: &Arc<Schema>,
        objects: &'a [ObjectKey],
        assignments: &[Assignment],
    ) -> Self {
        let ringed: FxHashMap<ClassId, Vec<&ReferenceSchema>> = ringed_references(core, model, schema, objects);
        if ringed.values().all(Vec::is_empty) {
            return Needs { objects, edges: Vec::new() };
        }
        let places: FxHashMap<ObjectKey, usize> = objects.iter().enumerate().map(|(at, it)| (*it, at)).collect();
        let mut by_identity: FxHashMap<(ClassId, Identity), usize> = FxHashMap::default();
        let mut edges: Vec<Vec<Need>> = Vec::with_capacity(objects.len());
        // A key that is known already holds back only rows of other classes.
        let asked = ringed.values().flatten().any(|it| !is_judged_later(it));
        for (at, &key) in objects.iter().enumerate().filter(|_| asked) {
            let object = &core.graph.objects[key];
            let class = model.class(object.class);
            if let Some(identity) = core.graph.row(key).and_then(|row| Identity::of(&**row, &class.key)) {
                by_identity.insert((class.id, identity), at);
            }
        }
        for &key in objects {
            let class = core.graph.objects[key].class;
            let references = ringed.get(&class).map_or(&[][..], Vec::as_slice);
            let needs =
                references.iter().filter_map(|it| need(core, model, schema, (key, it), objects, &places, &by_identity));
            edges.push(needs.collect());
        }
        for it in assignments {
            let (Some(&at), Some((owner, _))) = (places.get(&it.object), &it.from) else { continue };
            if let Some(&target) = places.get(owner) {
                edges[at].push(Need { target, columns: it.columns.clone(), can_wait: false });
            }
        }
        Needs { objects, edges }
    }

    /// Kahn's algorithm, a wave at a time. Source: A. B. Kahn, "Topological sorting of large networks", CACM 5 (1962).
    fn waves(mut self, core: &Core) -> Result<Vec<Wave>> {
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
            let advice = "let one of the foreign keys be NULL, or declare it deferred and give the keys yourself";
            return Err(Misuse::Circular { ring, advice }.into());
        };
        let waiting = self.edges[first].iter().filter(|it| !placed[it.target]);
        let columns: Vec<ColumnId> = waiting.flat_map(|it| it.columns.clone()).collect();
        put_off.push((first, columns));
        Ok(vec![first])
    }
}

/// For each class among the objects, its foreign keys that lead to a class among them.
fn ringed_references<'s>(
    core: &Core,
    model: &Arc<Model>,
    schema: &'s Arc<Schema>,
    objects: &[ObjectKey],
) -> FxHashMap<ClassId, Vec<&'s ReferenceSchema>> {
    let mut classes: Vec<ClassId> = objects.iter().map(|it| core.graph.objects[*it].class).collect();
    classes.sort_unstable();
    classes.dedup();
    let names: Vec<&str> = classes.iter().map(|it| &*model.class(*it).table).collect();
    let of = |class: &ClassId| {
        let outbound =
            schema.table_named(&model.class(*class).table).map(|it| it.outbound.as_slice()).unwrap_or_default();
        let all = outbound.iter().map(|&it| schema.reference(it));
        (*class, all.filter(|it| names.contains(&schema.table(it.target).name.as_str())).collect())
    };
    classes.iter().map(of).collect()
}

/// Whether a foreign key is judged when all rows of its table are there, or later.
fn is_judged_later(reference: &ReferenceSchema) -> bool {
    reference.timing == Timing::InitiallyDeferred || reference.table == reference.target
}

/// The row of the group that a new row needs by a foreign key: the object its reference was set to, or the one whose
/// key its columns hold.
fn need(
    core: &Core,
    model: &Arc<Model>,
    schema: &Arc<Schema>,
    (key, reference): (ObjectKey, &ReferenceSchema),
    objects: &[ObjectKey],
    places: &FxHashMap<ObjectKey, usize>,
    by_identity: &FxHashMap<(ClassId, Identity), usize>,
) -> Option<Need> {
    let object = &core.graph.objects[key];
    let class = model.class(object.class);
    let linked = class.relations.iter().filter(|_| object.has_links()).find_map(|relation| {
        let Join::BelongsTo { columns, .. } = &relation.join else { return None };
        match core.graph.link(key, relation.id) {
            Link::One { target, since } if *columns == reference.columns && *since != Since::Unchanged => Some(*target),
            _ => None,
        }
    });
    let target = match linked {
        Some(target) => *places.get(&target?)?,
        // The key that the columns hold is known, and judged when the row is there.
        None if is_judged_later(reference) => return None,
        None => {
            let target = &schema.table(reference.target).name;
            let target = model.classes().iter().find(|it| it.table == *target)?;
            let identity = Identity::of(&**core.graph.row(key)?, &reference.columns)?;
            *by_identity.get(&(target.id, identity))?
        }
    };
    let own = places.get(&key).copied();
    let other = &core.graph.objects[objects[target]];
    let key_known = {
        let other_class = model.class(other.class);
        core.graph.row_of(other).is_some_and(|row| Identity::of(&**row, &other_class.key).is_some())
    };
    // A foreign key is judged when its statement ends, and a deferred one at commit, so neither asks for an order as
    // long as the key to write is known.
    if key_known && (is_judged_later(reference) || own == Some(target)) {
        return None;
    }
    let table = schema.table(reference.table);
    let can_wait = reference.columns.iter().all(|&it| table.column(it).nullable);
    Some(Need { target, columns: reference.columns.clone(), can_wait })
}
