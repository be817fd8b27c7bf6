//! A plan as a tree that a person can read.

use std::fmt;

use super::facts::fact;
use super::plan::{ActionPlan, Effect};
use crate::record::changed_columns;
use crate::schema::Schema;

/// A plan together with the names it is printed with.
#[derive(Clone, Copy, Debug)]
pub struct Explained<'a> {
    plan: &'a ActionPlan,
    schema: &'a Schema,
}

impl ActionPlan {
    /// The plan for printing: a tree of rows, each under the row that reached it.
    pub fn explain<'a>(&'a self, schema: &'a Schema) -> Explained<'a> {
        Explained { plan: self, schema }
    }
}

/// Of each row's followers by one foreign key, this many are printed; the rest are counted.
const PRINTED: usize = 6;

impl fmt::Display for Explained<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut followers: Vec<Vec<usize>> = vec![Vec::new(); self.plan.steps.len()];
        let mut roots = Vec::new();
        for (position, step) in self.plan.steps.iter().enumerate() {
            match step.cause {
                Some(cause) => followers[cause.step].push(position),
                None => roots.push(position),
            }
        }
        // A worklist, so that a long chain prints without recursion.
        let first = self.cut(&roots).into_iter().rev();
        let mut work: Vec<Line> = first.map(|what| Line { what, indent: String::new() }).collect();
        while let Some(Line { what, indent }) = work.pop() {
            match what {
                What::More(count) => writeln!(f, "{indent}… and {count} more")?,
                What::Step(step) => {
                    writeln!(f, "{indent}{}", self.line(step))?;
                    let deeper = if indent.len() < 40 { format!("{indent}   ") } else { indent };
                    let below = self.cut(&followers[step]).into_iter().rev();
                    work.extend(below.map(|what| Line { what, indent: deeper.clone() }));
                }
            }
        }
        self.total(f)
    }
}

struct Line {
    what: What,
    indent: String,
}

enum What {
    Step(usize),
    More(usize),
}

impl Explained<'_> {
    /// The rows to print of those that one row reached, foreign key by foreign key, so that many rows of one do not hide
    /// what the others do.
    fn cut(&self, steps: &[usize]) -> Vec<What> {
        let by = |step: &usize| self.plan.steps[*step].cause.map(|it| it.reference);
        let mut shown = Vec::new();
        for group in steps.chunk_by(|a, b| by(a) == by(b)) {
            shown.extend(group.iter().take(PRINTED).map(|&it| What::Step(it)));
            if group.len() > PRINTED {
                shown.push(What::More(group.len() - PRINTED));
            }
        }
        shown
    }

    fn line(&self, position: usize) -> String {
        let step = &self.plan.steps[position];
        let table = self.schema.table(step.table);
        let row = fact(table, &*step.before);
        let effect = match &step.effect {
            Effect::Delete => "delete".to_owned(),
            Effect::Update(after) => {
                let changed = changed_columns(&*step.before, &**after);
                let each = changed.iter().map(|&it| format!("{} = {}", table.column(it).name, after.get(it)));
                format!("set {}", each.collect::<Vec<_>>().join(", "))
            }
        };
        match step.cause {
            None => format!("{row}  {effect}"),
            Some(cause) => format!("└ {row}  {effect} by {}", self.schema.reference(cause.reference).name),
        }
    }

    fn total(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for table in self.schema.tables() {
            let (deleted, updated) = (self.plan.deleted(table.id), self.plan.updated(table.id));
            match (deleted, updated) {
                (0, 0) => {}
                (_, 0) => writeln!(f, "{}: {deleted} deleted", table.name)?,
                (0, _) => writeln!(f, "{}: {updated} updated", table.name)?,
                _ => writeln!(f, "{}: {deleted} deleted, {updated} updated", table.name)?,
            }
        }
        Ok(())
    }
}
