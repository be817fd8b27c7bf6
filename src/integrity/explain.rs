//! A plan as a tree that a person can read.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use super::outline::{Outline, OutlinedCause, OutlinedStep};
use super::plan::ActionPlan;
use super::preview::Preview;
use crate::schema::{Action, Schema};

/// A plan together with the names it is printed with.
pub type Explained = Outline;

impl ActionPlan {
    /// The plan for printing: a tree of rows, each under the row that reached it.
    pub fn explain(&self, schema: &Schema) -> Explained {
        self.outline(schema)
    }
}

impl Preview {
    /// The preview for printing: the tree of the plan, and under each row what refuses it.
    pub fn explain(&self, schema: &Schema) -> Explained {
        self.outline(schema)
    }
}

/// Of each row's followers by one foreign key, this many are shown; the rest are counted.
const SHOWN: usize = 6;

/// One line of a tree, or one box of a drawing.
#[derive(Clone, Copy)]
pub(super) enum Shown {
    Step(usize),
    Refusal(usize),
    /// Further rows that the row of a step reaches by one foreign key.
    More {
        count: usize,
        of: Option<usize>,
    },
}

/// Visits what is shown of an outline, depth first, with how deep it stands.
pub(super) fn shown(outline: &Outline, mut visit: impl FnMut(Shown, usize)) {
    let mut followers: Vec<Vec<usize>> = vec![Vec::new(); outline.steps.len()];
    let mut roots = Vec::new();
    for (position, step) in outline.steps.iter().enumerate() {
        match &step.cause {
            Some(cause) => followers[cause.step].push(position),
            None => roots.push(position),
        }
    }
    let mut refused: BTreeMap<Option<usize>, Vec<usize>> = BTreeMap::new();
    for (position, refusal) in outline.refusals.iter().enumerate() {
        refused.entry(refusal.step).or_default().push(position);
    }
    // A worklist, so that a long chain is shown without recursion.
    let mut work: Vec<(Shown, usize)> = Vec::new();
    let of_none = refused.get(&None).into_iter().flatten().rev();
    work.extend(of_none.map(|&it| (Shown::Refusal(it), 0)));
    let stop: HashSet<usize> = outline.refusals.iter().filter_map(|it| it.step).collect();
    work.extend(cut(outline, &roots, None, &stop).into_iter().rev().map(|it| (it, 0)));
    while let Some((it, depth)) = work.pop() {
        visit(it, depth);
        if let Shown::Step(step) = it {
            work.extend(cut(outline, &followers[step], Some(step), &stop).into_iter().rev().map(|it| (it, depth + 1)));
            let refusals = refused.get(&Some(step)).into_iter().flatten().rev();
            work.extend(refusals.map(|&it| (Shown::Refusal(it), depth + 1)));
        }
    }
}

/// The rows to show of those that one row reached, foreign key by foreign key, so that many rows of one do not hide what
/// the others do. Rows that something refuses are always shown.
fn cut(outline: &Outline, steps: &[usize], of: Option<usize>, stop: &HashSet<usize>) -> Vec<Shown> {
    let by = |step: &usize| outline.steps[*step].cause.as_ref().map(|it| &it.by);
    let mut shown = Vec::new();
    for group in steps.chunk_by(|a, b| by(a) == by(b)) {
        let (first, rest) = group.split_at(group.len().min(SHOWN));
        shown.extend(first.iter().map(|&it| Shown::Step(it)));
        let before = shown.len();
        shown.extend(rest.iter().filter(|it| stop.contains(it)).map(|&it| Shown::Step(it)));
        let count = rest.len() - (shown.len() - before);
        if count > 0 {
            shown.push(Shown::More { count, of });
        }
    }
    shown
}

impl OutlinedStep {
    /// What happens to the row: `delete`, or `set` with columns and values.
    pub fn effect(&self) -> String {
        match &self.set {
            None => "delete".to_owned(),
            Some(set) => {
                let each: Vec<String> = set.iter().map(|(column, value)| format!("{column} = {value}")).collect();
                format!("set {}", each.join(", "))
            }
        }
    }
}

impl OutlinedCause {
    /// What reached the row, where it was no action of a foreign key: those are told by what they do.
    fn beyond_tables(&self) -> String {
        let is_action = Action::ALL.iter().any(|it| self.action.eq_ignore_ascii_case(it.sql()));
        if is_action { String::new() } else { format!(" ({})", self.action) }
    }
}

impl fmt::Display for Outline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut outcome = Ok(());
        shown(self, |it, depth| {
            // Deeper than this, nobody can read how deep it is.
            let indent = "   ".repeat(depth.min(14));
            outcome = outcome.and_then(|()| match it {
                Shown::Step(step) => writeln!(f, "{indent}{}", line(&self.steps[step])),
                Shown::More { count, .. } => writeln!(f, "{indent}… and {count} more"),
                Shown::Refusal(at) => {
                    let violation = &self.refusals[at].violation;
                    write!(f, "{indent}✗ {violation}")?;
                    for (position, row) in violation.blocking.iter().enumerate() {
                        write!(f, "{}{row}", if position == 0 { ": " } else { ", " })?;
                    }
                    let more = violation.blocking_count - violation.blocking.len();
                    if more > 0 { writeln!(f, " and {more} more") } else { writeln!(f) }
                }
            });
        });
        outcome?;
        self.total(f)
    }
}

fn line(step: &OutlinedStep) -> String {
    let effect = step.effect();
    match &step.cause {
        None => format!("{}  {effect}", step.row),
        Some(cause) => format!("└ {}  {effect} by {}{}", step.row, cause.by, cause.beyond_tables()),
    }
}

impl Outline {
    fn total(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut tables: Vec<(&str, usize, usize)> = Vec::new();
        let mut places: HashMap<&str, usize> = HashMap::new();
        for step in &self.steps {
            let at = *places.entry(&step.row.table).or_insert_with(|| {
                tables.push((&step.row.table, 0, 0));
                tables.len() - 1
            });
            if step.set.is_none() { tables[at].1 += 1 } else { tables[at].2 += 1 }
        }
        for (table, deleted, updated) in tables {
            match (deleted, updated) {
                (_, 0) => writeln!(f, "{table}: {deleted} deleted")?,
                (0, _) => writeln!(f, "{table}: {updated} updated")?,
                _ => writeln!(f, "{table}: {deleted} deleted, {updated} updated")?,
            }
        }
        match self.refusals.len() {
            0 => Ok(()),
            1 => writeln!(f, "refused for one reason"),
            count => writeln!(f, "refused for {count} reasons"),
        }
    }
}
