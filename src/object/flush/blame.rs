//! From a statement that was refused back to the object, to what has carried it into the flush, and to a line.

use super::{FlushPlan, FlushStep, Work};
use crate::error::{Error, FlushFact, Misuse, ObjectHop, RowFact, Rule, Violation};
use crate::id::ColumnId;
use crate::object::model::{Join, RelationModel};
use crate::object::reference::ObjectKey;
use crate::object::session::Core;
use crate::object::touched::{Along, Whence};
use crate::object::trace::Trace;
use crate::value::Value;

impl Core {
    /// Says of the failure of a step where it belongs. Objects are as they were before the flush.
    pub(super) fn blame(&mut self, error: Error, plan: &FlushPlan, step: usize) -> Error {
        let Some(failed) = plan.steps.get(step) else { return error };
        let objects = failed.objects();
        let refused = match (error.violation(), error.misuse()) {
            (Some(violation), _) => self.refused(&objects, violation),
            (None, Some(Misuse::Stale { row })) => objects.iter().copied().find(|it| self.is_row_of(*it, row)),
            (None, _) => None,
        };
        let object = refused.or(match &*objects {
            [only] => Some(*only),
            _ => None,
        });
        let (whence, path) = object.map(|it| self.way_to(it)).unwrap_or_default();
        let advice = object.zip(error.violation()).and_then(|(it, violation)| self.advice(it, violation, path.last()));
        let name = |it: ObjectKey| match self.graph.identity(it).is_some() {
            true => self.graph.name(it),
            false => format!("a new {}", self.graph.model.class(self.graph.objects[it].class).name),
        };
        let hop = |it: &Along| {
            let class = self.graph.objects[it.from].class;
            let relation = self.graph.model.relation(class, it.relation);
            ObjectHop { from: name(it.from), by: self.graph.relation_name(relation.declared_by, relation) }
        };
        error.with_flush(FlushFact {
            step: step + 1,
            steps: plan.steps.len(),
            statement: format!("{} {}", failed.verb(), failed.table),
            rows: failed.rows(),
            object: object.map(name),
            path: path.iter().map(hop).collect(),
            advice,
            line: whence.line,
        })
    }

    /// Which of these objects a violation speaks of: the one with the key of the row that the statement named, or
    /// one that holds the refused values.
    fn refused(&self, objects: &[ObjectKey], violation: &Violation) -> Option<ObjectKey> {
        let row = violation.path.first().map_or(&violation.row, |it| &it.from);
        let model = &self.graph.model;
        let class = |it: ObjectKey| model.class(self.graph.objects[it].class);
        let holds = |it: ObjectKey, column: &String, value: &Value| {
            let at = class(it).columns.iter().position(|own| **own == **column);
            let row = self.graph.row(it);
            at.zip(row).is_some_and(|(at, row)| row.get(crate::id::ColumnId::new(at as u16)) == value.as_ref())
        };
        let has_values = |it: ObjectKey| {
            violation.columns.iter().zip(&violation.values).all(|(column, value)| holds(it, column, value))
        };
        let by_key = objects.iter().copied().find(|it| self.is_row_of(*it, row));
        // Of new objects that hold the same values the second one is refused.
        let mut by_values = objects.iter().copied().filter(|it| violation.path.is_empty() && has_values(*it));
        by_key.or_else(|| by_values.next().map(|first| by_values.next().unwrap_or(first)))
    }

    /// What to do with relations where a foreign key is NULL that must not be.
    fn advice(&self, object: ObjectKey, violation: &Violation, along: Option<&Along>) -> Option<String> {
        let graph = &self.graph;
        let class = graph.model.class(graph.objects[object].class);
        let is_column = |it: &ColumnId| violation.columns.iter().any(|name| *class.columns[it.index()] == **name);
        if violation.rule != Rule::NotNull {
            return None;
        }
        if let Some(along) = along.filter(|it| graph.objects[it.from].marked) {
            let by = graph.model.relation(graph.objects[along.from].class, along.relation);
            let Join::Has { columns, .. } = &by.to(class.id).join else { return None };
            let name = graph.relation_name(by.declared_by, by);
            let advice = "or leave what it leads to to the foreign key by `passive_deletes`";
            return columns.iter().any(is_column).then(|| format!("add `delete` to the cascade of `{name}`, {advice}"));
        }
        let leads = |it: &&RelationModel| {
            matches!(&it.join, Join::BelongsTo { columns, .. } if columns.iter().any(is_column)) && !it.view_only
        };
        let relation = class.relations.iter().find(leads)?;
        let name = graph.relation_name(relation.declared_by, relation);
        let back = relation.inverse.map(|it| graph.model.relation(relation.target, it));
        let back = back.map(|it| graph.relation_name(it.declared_by, it));
        Some(match (back, graph.has_identity(object)) {
            (Some(back), false) => format!("let `{name}` lead to an object, or push this one to `{back}`"),
            (Some(back), true) => {
                format!("let `{name}` lead to an object, or delete this one: `{back}` does by `delete_orphan`")
            }
            (None, _) => format!("let `{name}` lead to an object"),
        })
    }

    /// Whether a row is one of an object's.
    fn is_row_of(&self, object: ObjectKey, RowFact { table, key }: &RowFact) -> bool {
        let class = self.graph.model.class(self.graph.objects[object].class);
        class.parts.iter().any(|part| *part.table == **table)
            && self.graph.identity(object).is_some_and(|it| it.to_values() == *key)
    }

    /// How an object came into the flush: from the program by way of cascades, the first step first. What only a flush
    /// comes to, such as an orphan, nobody has touched: then the flush is planned once more, and traced.
    fn way_to(&mut self, object: ObjectKey) -> (Whence, Vec<Along>) {
        let (mut at, mut path, mut traced) = (object, Vec::new(), None);
        let whence = loop {
            let (whence, along) = match self.graph.touched.whence(at) {
                Some(whence) => (whence, whence.along),
                None => (Whence::default(), self.traced(&mut traced, at)),
            };
            // A way is no longer than there are objects, and none is on it twice.
            let Some(along) = along.filter(|it| path.iter().all(|step: &Along| step.from != it.from)) else {
                break whence;
            };
            at = along.from;
            path.push(along);
        };
        path.reverse();
        (whence, path)
    }

    fn traced(&mut self, trace: &mut Option<Trace>, object: ObjectKey) -> Option<Along> {
        if trace.is_none() {
            self.clear_fates();
            let kept = self.trace.replace(Trace::default());
            // What it finds is of no interest, nor whether it fails.
            let _planned = self.plan_flush();
            *trace = std::mem::replace(&mut self.trace, kept);
        }
        trace.as_ref()?.reached.get(&object).map(|it| it.along)
    }
}

impl FlushStep {
    /// The objects whose rows it writes.
    fn objects(&self) -> Vec<ObjectKey> {
        match &self.work {
            Work::Insert { objects, .. } | Work::Update { objects, .. } | Work::Delete { objects, .. } => {
                objects.clone()
            }
            Work::Exchange { rows } => rows.iter().map(|it| it.0).collect(),
            Work::Associate { pairs, .. } | Work::Dissociate { pairs, .. } | Work::Reassociate { pairs, .. } => {
                pairs.iter().map(|it| it.0).collect()
            }
        }
    }
}
