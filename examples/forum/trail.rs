//! The audit trail of a forum: who changed which row, when, from what to what, and by which cascade.

use std::collections::BTreeMap;
use std::time::SystemTime;

use diptych::txn::ChangeSet;

/// One row of the trail.
#[derive(Clone, Debug)]
pub struct Line {
    pub who: String,
    pub when: SystemTime,
    pub table: String,
    pub row: String,
    /// The row before, none if it came.
    pub old: Option<String>,
    /// The row after, none if it went.
    pub new: Option<String>,
    /// How many foreign keys lead to it from the row that somebody named.
    pub cascades: usize,
}

/// A change set as lines, one for each row.
pub fn lines(set: &ChangeSet) -> Vec<Line> {
    let cells = |row: &Option<diptych::Row>| {
        row.as_ref().map(|it| {
            let cells = diptych::record::values(&**it).iter().map(ToString::to_string).collect::<Vec<_>>();
            cells.join(", ")
        })
    };
    let each = set.changes.iter().enumerate().map(|(position, change)| Line {
        who: set.author.as_deref().unwrap_or("nobody").to_owned(),
        when: set.at,
        table: set.schema().table(change.row.table).name.clone(),
        row: change.row.fact(set.schema()).to_string(),
        old: cells(&change.row.before),
        new: cells(&change.row.after),
        cascades: set.path(position).len(),
    });
    each.collect()
}

/// How many rows of each table went, and how many changed.
pub fn counts(trail: &[Line]) -> BTreeMap<String, (usize, usize)> {
    let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for line in trail {
        let count = counts.entry(line.table.clone()).or_default();
        match (&line.old, &line.new) {
            (Some(_), None) => count.0 += 1,
            (Some(_), Some(_)) => count.1 += 1,
            (None, _) => {}
        }
    }
    counts
}
