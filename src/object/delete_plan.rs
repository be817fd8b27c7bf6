//! What deleting an object would do, over both layers: what the session does along relations, and what foreign keys do
//! behind it in the tables.

mod build;

use std::fmt;

use crate::error::{RowFact, Violation};
use crate::query::{Outline, OutlinedCause, OutlinedRefusal, OutlinedStep};
use crate::schema::Action;
use crate::value::Value;
use crate::value::json::string;

/// What [`Session::delete`](super::Session::delete) and the next flush would do to rows: each row once, with the way
/// that led to it. It prints as a tree, and as [JSON](DeletePlan::to_json), [Mermaid](DeletePlan::to_mermaid) and
/// [DOT](DeletePlan::to_dot).
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DeletePlan {
    /// The rows: that of the object first, and each behind the one that led to it.
    pub steps: Vec<DeleteStep>,
    /// Why the flush, or a commit after it, would fail; nothing where it would not. The steps are then those that the
    /// session would take, without what foreign keys do behind them.
    pub refusals: Vec<Violation>,
    /// What deleting the object's row by a statement would do, without the session.
    pub plain: Outline,
    /// The listeners to rows that it concerns.
    pub listeners: Vec<PlannedListener>,
}

/// A listener to deletes or updates of objects, or to foreign key actions, and the rows of a plan that it is about.
/// Listeners to relations, columns and the steps of a unit of work are not foreseen.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PlannedListener {
    /// To what it listens, and where it was registered.
    pub listener: String,
    /// The steps that it will be told of, by each statement that has a part in them.
    pub told: Vec<usize>,
    /// The steps that it would be told of if the session did to these rows what foreign key actions do: nobody calls it.
    /// Listen to [`rows_acted_on`](crate::listen::rows_acted_on) to hear of them.
    pub bypassed: Vec<usize>,
}

impl fmt::Display for PlannedListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = |it: &[usize]| if it.len() == 1 { "1 row".to_owned() } else { format!("{} rows", it.len()) };
        write!(f, "{}: ", self.listener)?;
        match (&self.told[..], &self.bypassed[..]) {
            (told, []) => write!(f, "told of {}", rows(told)),
            ([], bypassed) => write!(f, "not told of {}, which foreign keys reach", rows(bypassed)),
            (told, bypassed) => {
                write!(f, "told of {}, and not of {}, which foreign keys reach", rows(told), rows(bypassed))
            }
        }
    }
}

/// One row of a plan.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DeleteStep {
    /// The row as it is before.
    pub row: RowFact,
    /// The columns that get other values; `None` where the row goes.
    pub set: Option<Vec<(String, Value)>>,
    /// How it was reached; `None` for the object itself.
    pub cause: Option<DeleteCause>,
}

/// How a row was reached.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DeleteCause {
    /// The step of the row that led to it.
    pub step: usize,
    /// The relation, such as `Post.votes`, or the foreign key.
    pub by: String,
    /// What it did.
    pub mechanism: Mechanism,
}

/// What reaches a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Mechanism {
    /// The relation cascades deletes, so the session deletes it.
    ObjectCascade,
    /// The relation deletes what has lost its owner.
    Orphan,
    /// The session sets the foreign key of what stays behind to NULL.
    SetNull,
    /// The row stands for a link of the relation, and the session removes it.
    AssociationRow,
    /// A row of the same object, in another table of its class.
    SameObject,
    /// The action of the foreign key.
    Action(Action),
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mechanism::ObjectCascade => f.write_str("object cascade"),
            Mechanism::Orphan => f.write_str("orphan"),
            Mechanism::SetNull => f.write_str("set null by the session"),
            Mechanism::AssociationRow => f.write_str("association row"),
            Mechanism::SameObject => f.write_str("same object"),
            Mechanism::Action(action) => action.fmt(f),
        }
    }
}

/// A row to which a plain delete would do something else than the plan.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference<'p> {
    /// What the plan does to it; `None` where it does nothing.
    pub planned: Option<&'p DeleteStep>,
    /// What a plain delete does to it; `None` where it does nothing.
    pub plainly: Option<&'p OutlinedStep>,
}

impl DeletePlan {
    /// The step of a row.
    pub fn step_of(&self, table: &str, key: &[Value]) -> Option<usize> {
        self.steps.iter().position(|it| it.row.table == table && it.row.key == key)
    }

    /// The steps from the object's row to this one, both included.
    pub fn path(&self, mut step: usize) -> Vec<usize> {
        let mut path = vec![step];
        while let Some(cause) = &self.steps[step].cause {
            step = cause.step;
            path.push(step);
        }
        path.reverse();
        path
    }

    /// How many rows of a table the plan deletes.
    pub fn deleted(&self, table: &str) -> usize {
        self.steps.iter().filter(|it| it.row.table == table && it.set.is_none()).count()
    }

    /// How many rows of a table the plan updates.
    pub fn updated(&self, table: &str) -> usize {
        self.steps.iter().filter(|it| it.row.table == table && it.set.is_some()).count()
    }

    /// Whether nothing refuses it.
    pub fn is_possible(&self) -> bool {
        self.refusals.is_empty()
    }

    /// Where a plain delete of the row would do something else: first what the plan names, in its order, then what only
    /// the plain delete does. Of a plain delete that is refused see [`plain`](DeletePlan::plain).
    pub fn differences(&self) -> Vec<Difference<'_>> {
        use std::collections::{HashMap, HashSet};
        // Rows are found by how they are printed: values have no hash that all of them agree on.
        let plainly: HashMap<String, &OutlinedStep> =
            self.plain.steps.iter().map(|it| (it.row.to_string(), it)).collect();
        let known: HashSet<String> = self.steps.iter().map(|it| it.row.to_string()).collect();
        let planned = self.steps.iter().filter_map(|it| {
            let plainly = plainly.get(&it.row.to_string()).copied();
            let differs = plainly.is_none_or(|plainly| plainly.set != it.set);
            differs.then_some(Difference { planned: Some(it), plainly })
        });
        let only_plainly = self.plain.steps.iter().filter(|it| !known.contains(&it.row.to_string()));
        planned.chain(only_plainly.map(|it| Difference { planned: None, plainly: Some(it) })).collect()
    }

    /// The rows to which another plan does something else.
    pub(super) fn other_rows(&self, other: &DeletePlan) -> Vec<RowFact> {
        let does = |plan: &DeletePlan, step: &DeleteStep| plan.steps.contains(step);
        let only_here = self.steps.iter().filter(|it| !does(other, it));
        let rows = only_here.chain(other.steps.iter().filter(|it| !does(self, it))).map(|it| it.row.clone());
        let mut all: Vec<RowFact> = Vec::new();
        rows.for_each(|it| {
            if !all.contains(&it) {
                all.push(it)
            }
        });
        all
    }

    /// The plan in the form of what the tables plan, which prints and draws.
    pub fn outline(&self) -> Outline {
        let cause =
            |it: &DeleteCause| OutlinedCause { step: it.step, by: it.by.clone(), action: it.mechanism.to_string() };
        let step = |it: &DeleteStep| OutlinedStep {
            row: it.row.clone(),
            set: it.set.clone(),
            cause: it.cause.as_ref().map(cause),
        };
        let refusal = |it: &Violation| {
            let met = std::iter::once(&it.row).chain(it.path.iter().rev().map(|it| &it.from));
            let step = met.into_iter().find_map(|row| self.step_of(&row.table, &row.key));
            OutlinedRefusal { step, violation: it.clone() }
        };
        Outline { steps: self.steps.iter().map(step).collect(), refusals: self.refusals.iter().map(refusal).collect() }
    }

    /// One line of JSON: `planned` and `plain`, each in the form of [`Outline::to_json`], `listeners` with the positions
    /// of the steps that each is `told` of and those where it is `bypassed`, and `differences` as pairs of positions in the
    /// steps of both.
    pub fn to_json(&self) -> String {
        let at = |position: Option<usize>| position.map_or("null".to_owned(), |it| it.to_string());
        let pair = |it: &Difference<'_>| {
            let planned = it.planned.and_then(|it| self.steps.iter().position(|step| std::ptr::eq(step, it)));
            let plainly = it.plainly.and_then(|it| self.plain.steps.iter().position(|step| std::ptr::eq(step, it)));
            format!("[{},{}]", at(planned), at(plainly))
        };
        let pairs: Vec<String> = self.differences().iter().map(pair).collect();
        let (planned, plain) = (self.outline().to_json(), self.plain.to_json());
        let listener = |it: &PlannedListener| {
            let mut name = String::new();
            string(&mut name, &it.listener);
            format!("{{\"listener\":{name},\"told\":{:?},\"bypassed\":{:?}}}", it.told, it.bypassed)
        };
        let listeners: Vec<String> = self.listeners.iter().map(listener).collect();
        let (listeners, pairs) = (listeners.join(","), pairs.join(","));
        format!("{{\"planned\":{planned},\"plain\":{plain},\"listeners\":[{listeners}],\"differences\":[{pairs}]}}")
    }

    /// The plan as a flowchart of [Mermaid](https://mermaid.js.org).
    pub fn to_mermaid(&self) -> String {
        self.outline().to_mermaid()
    }

    /// The plan as a graph of [Graphviz](https://graphviz.org).
    pub fn to_dot(&self) -> String {
        self.outline().to_dot()
    }
}

impl fmt::Display for DeletePlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 12;
        self.outline().fmt(f)?;
        let differences = if self.plain.refusals.is_empty() { self.differences() } else { Vec::new() };
        if !self.plain.refusals.is_empty() {
            writeln!(f, "a plain delete of the row is refused:")?;
            for it in &self.plain.refusals {
                writeln!(f, "   ✗ {}", it.violation)?;
            }
        } else if differences.is_empty() {
            writeln!(f, "a plain delete of the row does the same")?;
        } else {
            writeln!(f, "a plain delete of the row:")?;
        }
        for it in differences.iter().take(SHOWN) {
            match (it.planned, it.plainly) {
                (Some(step), None) => writeln!(f, "   {}  stays as it is", step.row)?,
                (_, Some(step)) => {
                    let by = step.cause.as_ref().map_or(String::new(), |it| format!(" by {}", it.by));
                    writeln!(f, "   {}  {}{by}", step.row, step.effect())?;
                }
                (None, None) => {}
            }
        }
        if let more @ 1.. = differences.len().saturating_sub(SHOWN) {
            writeln!(f, "   … and {more} more")?;
        }
        self.listeners.iter().try_for_each(|it| writeln!(f, "{it}"))
    }
}
