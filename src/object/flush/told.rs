//! What a flush that fails leaves in new objects in the manner of SQLAlchemy: the foreign keys that it had told them.

use super::{Assignment, FlushPlan, When, Work};
use crate::id::ClassId;
use crate::object::session::Core;
use crate::record::edit;
use crate::value::Value;

impl Core {
    /// Lets new objects keep what they were told until a step failed. SQLAlchemy tells all rows of a table their foreign
    /// keys before it writes the first of them, and takes nothing back: these objects are in no session afterwards, and
    /// would be inserted with what they hold.
    pub(super) fn keep_what_was_told(&mut self, plan: &FlushPlan, failed: usize) {
        let failing = plan.steps.get(failed).and_then(|it| match &it.work {
            Work::Insert { class, .. } | Work::Update { class, when: When::Row, .. } => Some(self.graph.root(*class)),
            _ => None,
        });
        let is_told = |core: &Core, at: usize, class: ClassId| at <= failed || failing == Some(core.graph.root(class));
        for (at, step) in plan.steps.iter().enumerate() {
            let Work::Insert { class, objects, .. } = &step.work else { continue };
            if is_told(self, at, *class) {
                for it in plan.assignments.iter().filter(|it| it.when == When::Row && objects.contains(&it.object)) {
                    self.keep_assignment(it);
                }
            }
        }
    }

    fn keep_assignment(&mut self, it: &Assignment) {
        let values = match &it.from {
            None => Some(vec![Value::Null; it.columns.len()]),
            Some((from, columns)) => self.stored(*from, columns).filter(|it| !it.iter().any(Value::is_null)),
        };
        let Some(values) = values else { return };
        self.graph.keep_reads(it.object);
        self.graph.with_extra(it.object, |extra| it.columns.iter().for_each(|column| extra.has(*column)));
        if let Some(row) = self.graph.own_mut(it.object).and_then(|own| own.row.as_mut()) {
            for (&column, value) in it.columns.iter().zip(values) {
                // A field of a type without NULL stays as it is.
                let _refused = edit(row).set(column, value);
            }
        }
    }
}
