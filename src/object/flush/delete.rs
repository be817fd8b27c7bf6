//! The order of deletes: rows that refer go before those that they refer to.
//!
//! Tables settle most of it. Rows of one table go together, since their foreign keys are judged when the statement ends;
//! RESTRICT is judged at once, and so is everything where rows go one by one. There, and among tables that refer to each
//! other, rows decide. Where they form a ring, a foreign key that may be NULL is set to NULL first.

use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::order::{circular, update_step};
use super::{Assignment, FlushPlan, FlushStep, When, Work};
use crate::error::Result;
use crate::id::{ClassId, ColumnId};
use crate::object::model::Model;
use crate::object::reference::ObjectKey;
use crate::object::session::{Core, Manner};
use crate::schema::Action;
use crate::value::Value;

/// A row that refers to another one, by positions, and the columns by which it does.
pub(super) struct Edge {
    from: usize,
    to: usize,
    columns: Vec<ColumnId>,
    can_be_null: bool,
}

impl Core {
    pub(super) fn order_deletes(&mut self, model: &Arc<Model>, plan: &mut FlushPlan) -> Result<()> {
        if self.graph.manner == Manner::SqlAlchemy {
            return self.order_deletes_by_relations(model, plan);
        }
        let mut groups: BTreeMap<usize, Vec<ObjectKey>> = BTreeMap::new();
        for &key in &plan.deleted {
            if !plan.switches.iter().any(|it| it.1 == key) {
                groups.entry(model.insert_rank[self.graph.objects[key].class.index()]).or_default().push(key);
            }
        }
        for objects in groups.into_values().rev() {
            let edges = self.delete_edges(model, &objects)?;
            self.delete_in_order(model, plan, &objects, edges)?;
        }
        Ok(())
    }

    /// In the other manner relations decide, and foreign keys that no relation follows do not.
    fn order_deletes_by_relations(&mut self, model: &Arc<Model>, plan: &mut FlushPlan) -> Result<()> {
        let ranks = self.delete_ranks();
        let rank = |it: &ObjectKey| ranks[self.graph.root(self.graph.objects[*it].class).index()];
        let switched = |it: &ObjectKey| plan.switches.iter().any(|(_, before)| before == it);
        let mut objects: Vec<ObjectKey> = plan.deleted.iter().copied().filter(|it| !switched(it)).collect();
        objects.sort_by_key(rank);
        let edges = self.relation_edges(&objects);
        let mut open = vec![0; objects.len()];
        edges.iter().flatten().for_each(|it| open[*it] += 1);
        let mut left: Vec<usize> = (0..objects.len()).collect();
        while !left.is_empty() {
            let Some(at) = left.iter().position(|it| open[*it] == 0) else {
                return Err(circular(left.iter().take(8).map(|it| self.graph.name(objects[*it])).collect()));
            };
            let next = left.remove(at);
            edges[next].iter().for_each(|it| open[*it] -= 1);
            delete_together(self, model, plan, vec![objects[next]]);
        }
        Ok(())
    }

    /// Which of the rows refer to which, where that matters.
    pub(super) fn delete_edges(&mut self, model: &Arc<Model>, objects: &[ObjectKey]) -> Result<Vec<Edge>> {
        let schema = self.connection.schema().clone();
        let mut edges = Vec::new();
        let mut classes: Vec<ClassId> = objects.iter().map(|it| self.graph.objects[*it].class).collect();
        classes.sort_unstable();
        classes.dedup();
        for &class in &classes {
            for part in &model.class(class).parts {
                let Ok(table) = schema.table_named(&part.table) else { continue };
                for reference in table.outbound.iter().map(|&it| schema.reference(it)) {
                    let among =
                        |it: &&ClassId| model.class(**it).parts.iter().any(|it| it.table_id == reference.target);
                    let Some(&target) = classes.iter().find(among) else { continue };
                    let own = model.class(class).parts.iter().any(|it| it.table_id == reference.target);
                    let together = reference.table == reference.target
                        && self.graph.manner == Manner::Sound
                        && reference.on_delete != Action::Restrict;
                    if together || own && reference.table != reference.target {
                        continue;
                    }
                    let attributes = |class: ClassId, table, columns: &[ColumnId]| -> Option<Vec<ColumnId>> {
                        let part = model.class(class).parts.iter().find(|it| it.table_id == table)?;
                        columns.iter().map(|c| part.columns.iter().find(|it| it.1 == *c).map(|it| it.0)).collect()
                    };
                    let from = attributes(class, part.table_id, &reference.columns);
                    let to = attributes(target, reference.target, &reference.target_columns);
                    if let (Some(from), Some(to)) = (from, to) {
                        let can_be_null = reference.columns.iter().all(|&it| table.column(it).nullable);
                        self.edges_by(objects, (class, from), (reference.target, to), can_be_null, &mut edges)?;
                    }
                }
            }
        }
        Ok(edges)
    }

    fn edges_by(
        &mut self,
        objects: &[ObjectKey],
        (class, from): (ClassId, Vec<ColumnId>),
        (table, to): (crate::id::TableId, Vec<ColumnId>),
        can_be_null: bool,
        edges: &mut Vec<Edge>,
    ) -> Result<()> {
        let model = self.graph.model.clone();
        let mut places: FxHashMap<Vec<Value>, usize> = FxHashMap::default();
        for (at, &key) in objects.iter().enumerate() {
            let class = model.class(self.graph.objects[key].class);
            if class.parts.iter().any(|it| it.table_id == table)
                && let Some(values) = self.stored(key, &to)
            {
                places.insert(values, at);
            }
        }
        for (at, &key) in objects.iter().enumerate() {
            if self.graph.objects[key].class != class {
                continue;
            }
            let Some(values) = self.stored(key, &from).filter(|it| !it.iter().any(Value::is_null)) else { continue };
            if let Some(&target) = places.get(&values).filter(|it| **it != at) {
                edges.push(Edge { from: at, to: target, columns: from.clone(), can_be_null });
            }
        }
        Ok(())
    }

    /// What the tables hold in some columns of an object, as far as is known without reading.
    pub(super) fn stored(&self, key: ObjectKey, columns: &[ColumnId]) -> Option<Vec<Value>> {
        let object = &self.graph.objects[key];
        if object.lacks_row() {
            let class = self.graph.model.class(object.class);
            let identity = self.graph.identity(key)?.to_values();
            let value = |column: &ColumnId| class.key.iter().position(|it| it == column).map(|at| identity[at].clone());
            return columns.iter().map(value).collect();
        }
        let row = self.graph.original(key).or_else(|| self.graph.row(key))?;
        let lacks = self.graph.extra(key).is_some_and(|it| columns.iter().any(|column| it.lacks(*column)));
        (!lacks).then(|| crate::record::project(&**row, columns))
    }

    pub(super) fn delete_in_order(
        &mut self,
        model: &Arc<Model>,
        plan: &mut FlushPlan,
        objects: &[ObjectKey],
        edges: Vec<Edge>,
    ) -> Result<()> {
        let mut open = vec![0; objects.len()];
        let mut frees: Vec<Vec<usize>> = vec![Vec::new(); objects.len()];
        for (at, edge) in edges.iter().enumerate() {
            open[edge.to] += 1;
            frees[edge.from].push(at);
        }
        let mut placed = vec![false; objects.len()];
        let mut cut = vec![false; edges.len()];
        let mut ready: Vec<usize> = (0..objects.len()).filter(|&at| open[at] == 0).collect();
        let mut left = objects.len();
        while left > 0 {
            if ready.is_empty() {
                ready = cut_ring(self, model, plan, objects, &edges, &placed, &mut cut, &mut open)?;
            }
            ready.sort_unstable();
            let rows: Vec<ObjectKey> = ready.iter().map(|&at| objects[at]).collect();
            let mut next = Vec::new();
            for at in std::mem::take(&mut ready) {
                placed[at] = true;
                left -= 1;
                for &edge in frees[at].iter().filter(|it| !cut[**it]) {
                    let to = edges[edge].to;
                    open[to] -= 1;
                    if open[to] == 0 && !placed[to] {
                        next.push(to);
                    }
                }
            }
            ready = next;
            delete_together(self, model, plan, rows);
        }
        Ok(())
    }
}

/// Lets a foreign key that closes a ring be NULL first; says which rows can go then.
#[allow(clippy::too_many_arguments)]
fn cut_ring(
    core: &Core,
    model: &Model,
    plan: &mut FlushPlan,
    objects: &[ObjectKey],
    edges: &[Edge],
    placed: &[bool],
    cut: &mut [bool],
    open: &mut [usize],
) -> Result<Vec<usize>> {
    for at in (0..objects.len()).filter(|&at| !placed[at]) {
        let held: Vec<usize> =
            (0..edges.len()).filter(|&it| edges[it].to == at && !placed[edges[it].from] && !cut[it]).collect();
        if !held.iter().all(|&it| edges[it].can_be_null) {
            continue;
        }
        for it in held {
            let edge = &edges[it];
            let (object, columns) = (objects[edge.from], edge.columns.clone());
            clear_first(core, model, plan, object, columns);
            cut[it] = true;
            open[edge.to] -= 1;
        }
        return Ok(vec![at]);
    }
    let ring = (0..objects.len()).filter(|&at| !placed[at]).take(8);
    Err(circular(ring.map(|at| core.graph.name(objects[at])).collect()))
}

/// Lets a foreign key of a row be NULL before anything else is written to the row.
pub(super) fn clear_first(core: &Core, model: &Model, plan: &mut FlushPlan, object: ObjectKey, columns: Vec<ColumnId>) {
    if core.graph.original(object).is_some() {
        plan.apart.insert(object);
    }
    let class = core.graph.objects[object].class;
    let assignment = Assignment { object, columns: columns.clone(), from: None, when: When::Post, rank: 0 };
    plan.assignments.push(assignment);
    plan.steps.push(update_step(model, class, columns, vec![object], When::Post));
}

/// Deletes of the same class go together.
pub(super) fn delete_together(core: &Core, model: &Model, plan: &mut FlushPlan, rows: Vec<ObjectKey>) {
    let mut by_class: BTreeMap<(usize, ClassId), Vec<ObjectKey>> = BTreeMap::new();
    for key in rows {
        let class = core.graph.objects[key].class;
        by_class.entry((model.insert_rank[class.index()], class)).or_default().push(key);
    }
    for ((_, class), objects) in by_class.into_iter().rev() {
        let table = model.class(class).table.clone();
        plan.steps.push(FlushStep { table, columns: Vec::new(), work: Work::Delete { class, objects } });
    }
}
