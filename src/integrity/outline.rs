//! A plan as plain facts: names, keys and values, without a schema and without rows.

use super::facts::fact;
use super::plan::{ActionPlan, Effect};
use super::preview::{Preview, Refusal};
use crate::error::{RowFact, Violation};
use crate::record::changed_columns;
use crate::schema::Schema;
use crate::value::Value;

/// What a plan does, row by row, and what refuses it.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Outline {
    /// The rows of the plan, in its order.
    pub steps: Vec<OutlinedStep>,
    /// Why the plan cannot be carried out; nothing where it can, or nobody has asked.
    pub refusals: Vec<OutlinedRefusal>,
}

/// One row of a plan.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct OutlinedStep {
    /// The row as it is before the plan.
    pub row: RowFact,
    /// The columns that get other values; `None` where the row goes.
    pub set: Option<Vec<(String, Value)>>,
    /// How the plan reached the row; `None` where the statement names it.
    pub cause: Option<OutlinedCause>,
}

/// How a plan reached a row.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct OutlinedCause {
    /// The step of the row it refers to.
    pub step: usize,
    /// The foreign key by which it refers.
    pub by: String,
    /// What that foreign key does.
    pub action: String,
}

/// One reason for which a plan cannot be carried out.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct OutlinedRefusal {
    /// The step that meets it.
    pub step: Option<usize>,
    /// The rule, and the rows in the way.
    pub violation: Violation,
}

impl ActionPlan {
    /// The plan as plain facts.
    pub fn outline(&self, schema: &Schema) -> Outline {
        let step = |step: &super::Step| {
            let table = schema.table(step.table);
            let set = match &step.effect {
                Effect::Delete => None,
                Effect::Update(after) => {
                    let changed = changed_columns(&*step.before, &**after).into_iter();
                    Some(changed.map(|it| (table.column(it).name.clone(), after.get(it).to_value())).collect())
                }
            };
            let cause = step.cause.map(|cause| {
                let reference = schema.reference(cause.reference);
                let action = self.action_of(schema, cause).to_string();
                OutlinedCause { step: cause.step, by: reference.name.clone(), action }
            });
            OutlinedStep { row: fact(table, &*step.before), set, cause }
        };
        Outline { steps: self.steps.iter().map(step).collect(), refusals: Vec::new() }
    }
}

impl Preview {
    /// The preview as plain facts.
    pub fn outline(&self, schema: &Schema) -> Outline {
        let refusal = |it: &Refusal| OutlinedRefusal { step: it.step, violation: it.violation.clone() };
        Outline { refusals: self.refusals.iter().map(refusal).collect(), ..self.plan.outline(schema) }
    }

    /// Whether nothing refuses the plan.
    pub fn is_possible(&self) -> bool {
        self.refusals.is_empty()
    }
}
