//! The order of deletes: rows that refer go before those that they refer to.
//!
//! Tables settle most of it. Rows of one table go together, since their foreign keys are judged when the statement ends;
//! RESTRICT is judged at once, and so is everything where rows go one by one. There, and among tables that refer to each
//! other, rows decide. Where they form a ring, a foreign key that may be NULL is set to NULL first.

use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;
use std::sync::Arc;

use super::order::{circular, update_step};
use super::{Assignment, FlushPlan, FlushStep, When, Work};
use crate::error::Result;
use crate::id::{ClassId, ColumnId, TableId};
use crate::object::model::Model;
use crate::object::reference::ObjectKey;
use crate::object::session::{Core, Manner};
use crate::schema::{Action, ReferenceSchema, sources};
use crate::value::Value;

/// A row that refers to another one, by positions, and the columns by which it does.
pub(super) struct Edge {
    from: usize,
    to: usize,
    columns: Vec<ColumnId>,
    can_be_null: bool,
}

/// A foreign key of objects of a class, and what it refers to in those of another one, as attributes.
struct Ends<'c> {
    from: (ClassId, &'c [ColumnId]),
    to: (ClassId, &'c [ColumnId]),
    can_be_null: bool,
}

/// What is left of rows that go one after the other.
struct Left {
    placed: Vec<bool>,
    /// Which references are NULL by then.
    cut: Vec<bool>,
    /// How many references hold each row back.
    open: Vec<usize>,
}

impl Core {
    pub(super) fn order_deletes(&mut self, model: &Arc<Model>, plan: &mut FlushPlan) -> Result<()> {
        if self.graph.manner == Manner::SqlAlchemy {
            return self.order_deletes_by_relations(model, plan);
        }
        let mut groups: BTreeMap<usize, Vec<ObjectKey>> = BTreeMap::new();
        for &key in &plan.deleted {
            if !plan.switches.is_taken(key) {
                groups.entry(model.insert_rank[self.graph.objects[key].class.index()]).or_default().push(key);
            }
        }
        for objects in groups.into_values().rev() {
            let edges = self.delete_edges(model, plan, &objects)?;
            self.delete_in_order(model, plan, &objects, edges)?;
        }
        Ok(())
    }

    /// In the other manner relations decide, and foreign keys that no relation follows do not.
    fn order_deletes_by_relations(&mut self, model: &Arc<Model>, plan: &mut FlushPlan) -> Result<()> {
        let ranks = self.delete_ranks();
        let rank = |it: &ObjectKey| ranks[self.graph.root(self.graph.objects[*it].class).index()];
        let mut objects: Vec<ObjectKey> =
            plan.deleted.iter().copied().filter(|it| !plan.switches.is_taken(*it)).collect();
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
    pub(super) fn delete_edges(
        &mut self,
        model: &Arc<Model>,
        plan: &FlushPlan,
        objects: &[ObjectKey],
    ) -> Result<Vec<Edge>> {
        let schema = self.connection.schema().clone();
        let mut edges = Vec::new();
        let mut classes: Vec<ClassId> = objects.iter().map(|it| self.graph.objects[*it].class).collect();
        classes.sort_unstable();
        classes.dedup();
        for &class in &classes {
            for part in &model.class(class).parts {
                let Ok(table) = schema.table_named(&part.table) else { continue };
                for reference in table.outbound.iter().map(|&it| schema.reference(it)) {
                    if goes_together(model, &classes, class, reference)
                        || model.class(class).joins_parts(part, reference)
                    {
                        continue;
                    }
                    let Some(from) = attributes(model, class, reference.table, &reference.columns) else { continue };
                    let can_be_null = model.class(class).can_be_null(&schema, &from);
                    for &target in &classes {
                        let to = attributes(model, target, reference.target, &reference.target_columns);
                        let Some(to) = to else { continue };
                        let ends = Ends { from: (class, &from), to: (target, &to), can_be_null };
                        self.edges_by(objects, &ends, &mut edges)?;
                    }
                }
            }
        }
        // A reference that is NULL by then holds nobody back.
        let clears = |it: &&Assignment| it.when == When::Post && it.from.is_none();
        let cleared: FxHashSet<(ObjectKey, &[ColumnId])> =
            plan.assignments.iter().filter(clears).map(|it| (it.object, &it.columns[..])).collect();
        edges.retain(|it| !cleared.contains(&(objects[it.from], &it.columns)));
        Ok(edges)
    }

    fn edges_by(&mut self, objects: &[ObjectKey], ends: &Ends<'_>, edges: &mut Vec<Edge>) -> Result<()> {
        let of = |core: &Core, class: ClassId| -> Vec<usize> {
            (0..objects.len()).filter(|&at| core.graph.objects[objects[at]].class == class).collect()
        };
        let keys = |places: &[usize]| -> Vec<ObjectKey> { places.iter().map(|&at| objects[at]).collect() };
        let (froms, tos) = (of(self, ends.from.0), of(self, ends.to.0));
        let refers = self.stored_surely(&keys(&froms), ends.from.1)?;
        if refers.iter().flatten().all(|it| it.iter().any(Value::is_null)) {
            return Ok(());
        }
        let there = self.stored_surely(&keys(&tos), ends.to.1)?;
        let places: FxHashMap<Vec<Value>, usize> =
            there.into_iter().zip(tos).filter_map(|(values, at)| Some((values?, at))).collect();
        for (values, from) in refers.into_iter().zip(froms) {
            let Some(values) = values.filter(|it| !it.iter().any(Value::is_null)) else { continue };
            if let Some(&to) = places.get(&values).filter(|it| **it != from) {
                edges.push(Edge { from, to, columns: ends.from.1.to_vec(), can_be_null: ends.can_be_null });
            }
        }
        Ok(())
    }

    /// What the tables hold in some columns of objects of one class, read where it is not known; `None` where the row has
    /// gone.
    pub(super) fn stored_surely(
        &mut self,
        objects: &[ObjectKey],
        columns: &[ColumnId],
    ) -> Result<Vec<Option<Vec<Value>>>> {
        let expired = |it: &ObjectKey| self.stored(*it, columns).is_none() && self.graph.objects[*it].lacks_row();
        let expired: Vec<ObjectKey> = objects.iter().copied().filter(expired).collect();
        if let Some(first) = expired.first() {
            let model = self.graph.model.clone();
            let class = model.class(self.graph.objects[*first].class);
            let keys: Vec<Vec<Value>> =
                expired.iter().filter_map(|it| self.graph.identity(*it)).map(|it| it.to_values()).collect();
            self.objects_by_keys(class, keys)?;
        }
        let mut all = Vec::with_capacity(objects.len());
        for &key in objects {
            let known = self.stored(key, columns);
            let unread = known.is_none() && !self.graph.objects[key].lacks_row();
            all.push(match self.graph.identity(key).filter(|_| unread) {
                Some(identity) => {
                    let row = self.row_with(self.graph.objects[key].class, &identity, columns)?;
                    row.map(|row| crate::record::project(&*row, columns))
                }
                None => known,
            });
        }
        Ok(all)
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
        let mut left =
            Left { placed: vec![false; objects.len()], cut: vec![false; edges.len()], open: vec![0; objects.len()] };
        let mut frees: Vec<Vec<usize>> = vec![Vec::new(); objects.len()];
        for (at, edge) in edges.iter().enumerate() {
            left.open[edge.to] += 1;
            frees[edge.from].push(at);
        }
        let mut ready: Vec<usize> = (0..objects.len()).filter(|&at| left.open[at] == 0).collect();
        let mut count = objects.len();
        while count > 0 {
            if ready.is_empty() {
                ready = cut_rings(self, model, plan, (objects, &edges), &mut left)?;
            }
            ready.sort_unstable();
            let rows: Vec<ObjectKey> = ready.iter().map(|&at| objects[at]).collect();
            let mut next = Vec::new();
            for at in std::mem::take(&mut ready) {
                left.placed[at] = true;
                count -= 1;
                for &edge in frees[at].iter().filter(|it| !left.cut[**it]) {
                    let to = edges[edge].to;
                    left.open[to] -= 1;
                    if left.open[to] == 0 && !left.placed[to] {
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

/// The attributes of a class that stand in these columns of a table.
fn attributes(model: &Model, class: ClassId, table: TableId, columns: &[ColumnId]) -> Option<Vec<ColumnId>> {
    let part = model.class(class).parts.iter().find(|it| it.table_id == table)?;
    columns.iter().map(|it| part.columns.iter().find(|own| own.1 == *it).map(|own| own.0)).collect()
}

/// Whether one statement takes all rows that a foreign key of a class leads from and to, and judges it when they have
/// gone: they are of one table and of one class, whose rows need no care one by one.
fn goes_together(model: &Model, classes: &[ClassId], class: ClassId, reference: &ReferenceSchema) -> bool {
    let declared = model.class(class);
    let stands_there = |it: &&ClassId| model.class(**it).parts.iter().any(|it| it.table_id == reference.table);
    reference.table == reference.target
        && reference.on_delete != Action::Restrict
        && declared.is_simple()
        && declared.version_column.is_none()
        && classes.iter().filter(stands_there).count() == 1
}

/// Lets foreign keys that close rings be NULL first, one row of each ring that nothing else refers to; says which rows can
/// go then.
fn cut_rings(
    core: &Core,
    model: &Model,
    plan: &mut FlushPlan,
    (objects, edges): (&[ObjectKey], &[Edge]),
    left: &mut Left,
) -> Result<Vec<usize>> {
    let waiting: Vec<usize> = (0..objects.len()).filter(|&at| !left.placed[at]).collect();
    let places: FxHashMap<usize, usize> = waiting.iter().enumerate().map(|(at, it)| (*it, at)).collect();
    let (mut successors, mut holding) = (vec![Vec::new(); waiting.len()], vec![Vec::new(); waiting.len()]);
    for (at, edge) in edges.iter().enumerate().filter(|it| !left.cut[it.0]) {
        if let (Some(&from), Some(&to)) = (places.get(&edge.from), places.get(&edge.to)) {
            successors[from].push(to);
            holding[to].push(at);
        }
    }
    let (mut freed, mut seen) = (Vec::new(), FxHashSet::default());
    let mut cleared: BTreeMap<(ClassId, &[ColumnId]), Vec<ObjectKey>> = BTreeMap::new();
    for ring in sources(&successors) {
        let first = ring.iter().find(|at| holding[**at].iter().all(|&it| edges[it].can_be_null));
        let Some(&first) = first else {
            return Err(circular(ring.iter().take(8).map(|&at| core.graph.name(objects[waiting[at]])).collect()));
        };
        for &at in &holding[first] {
            let (object, edge) = (objects[edges[at].from], &edges[at]);
            // Two foreign keys may share their columns.
            if seen.insert((object, &edge.columns)) {
                cleared.entry((core.graph.objects[object].class, &edge.columns)).or_default().push(object);
            }
            left.cut[at] = true;
            left.open[edge.to] -= 1;
        }
        freed.push(waiting[first]);
    }
    for ((_, columns), objects) in cleared {
        clear_first(core, model, plan, objects, columns.to_vec());
    }
    Ok(freed)
}

/// Lets a foreign key of rows of one class be NULL before anything else is written to them.
pub(super) fn clear_first(
    core: &Core,
    model: &Model,
    plan: &mut FlushPlan,
    objects: Vec<ObjectKey>,
    columns: Vec<ColumnId>,
) {
    let class = core.graph.objects[objects[0]].class;
    plan.apart.extend(objects.iter().filter(|it| core.graph.original(**it).is_some()));
    let clear = |&object| Assignment { object, columns: columns.clone(), from: None, when: When::Post, rank: 0 };
    plan.assignments.extend(objects.iter().map(clear));
    plan.steps.push(update_step(model, class, columns, objects, When::Post));
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
