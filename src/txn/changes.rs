//! A commit as a change set: every row that it changed, why, by whom and when.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use rustc_hash::{FxHashMap, FxHashSet};

use super::database::Shared;
use super::difference::{RowDifference, paired};
use super::journal::Reason;
use super::{Snapshot, Version};
use crate::error::{Hop, RowFact};
use crate::id::{IndexId, RowId, TableId};
use crate::integrity::fact;
use crate::record::{Row, changed_columns, project};
use crate::schema::Schema;
use crate::store::Difference;
use crate::value::Value;

/// What one commit changed. A row that was changed several times stands once, as it was before and after.
#[derive(Clone, Debug)]
pub struct ChangeSet {
    /// The version that the commit made. The one before has the number before.
    pub version: Version,
    /// Who committed, if the transaction said so.
    pub author: Option<Arc<str>>,
    /// When, by the database's clock.
    pub at: SystemTime,
    /// What sort of commit it was.
    pub origin: Origin,
    /// The rows, table by table.
    pub changes: Vec<RowChange>,
    schema: Arc<Schema>,
}

/// What sort of commit a change set is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A transaction.
    Transaction,
    /// What lies between two versions was taken back.
    Undo {
        /// The version before what was undone.
        from: Version,
        /// The version after it.
        to: Version,
    },
    /// Changes of a fork or branch were taken over.
    Merge {
        /// The branch, if it has a name.
        branch: Option<String>,
    },
    /// A change set was applied.
    Replay,
}

/// One row of a change set.
#[derive(Clone, Debug)]
pub struct RowChange {
    /// The row before and after.
    pub row: RowDifference,
    /// Why it changed.
    pub cause: Cause,
}

/// Why a row changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A statement named it.
    Statement {
        /// The place of the statement among those of its transaction that changed rows, from 0.
        number: usize,
    },
    /// A foreign key action reached it.
    Action {
        /// The place of the statement that set it in motion.
        number: usize,
        /// What happened and by which foreign key, such as `cascade by posts_author_id_fkey`.
        by: String,
        /// The row that it followed.
        parent: RowFact,
        /// Where that row stands in the change set, if it is in it.
        position: Option<usize>,
    },
    /// The commit is an undo.
    Undo,
    /// The commit is a merge.
    Merge,
    /// The commit is a replay.
    Replay,
    /// The transaction changed rows before anybody listened, so that reasons were not noted.
    Unnoted,
}

impl ChangeSet {
    pub(super) fn new(
        shared: &Shared,
        current: Version,
        author: Option<Arc<str>>,
        origin: Origin,
        differences: Vec<Difference>,
        reasons: Option<&[Reason]>,
    ) -> Self {
        let schema = shared.schema.clone();
        let changes = match origin {
            Origin::Transaction => explained(&schema, differences, reasons),
            _ => {
                let cause = match origin {
                    Origin::Undo { .. } => Cause::Undo,
                    Origin::Merge { .. } => Cause::Merge,
                    _ => Cause::Replay,
                };
                let rows = paired(&schema, differences).into_iter();
                rows.map(|row| RowChange { row, cause: cause.clone() }).collect()
            }
        };
        let at = shared.clock.read().now();
        ChangeSet { version: Version(current.0 + 1), author, at, origin, changes, schema }
    }

    /// The tables.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// The way from the row that a statement named to the row at a position: empty if it was named itself.
    pub fn path(&self, position: usize) -> Vec<Hop> {
        let mut path = Vec::new();
        let mut next = Some(position);
        while let Some(Cause::Action { by, parent, position, .. }) = next.map(|it| &self.changes[it].cause) {
            path.push(Hop { from: parent.clone(), by: by.clone() });
            // A row that left and came back may follow one that followed it.
            next = position.filter(|_| path.len() <= self.changes.len());
        }
        path.reverse();
        path
    }
}

impl fmt::Display for ChangeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = self.author.as_deref().unwrap_or("somebody");
        writeln!(f, "version {} by {who}, {}", self.version.number(), self.origin)?;
        for it in &self.changes {
            f.write_str("  ")?;
            it.row.line(&self.schema, f)?;
            writeln!(f, "  ({})", it.cause)?;
        }
        Ok(())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Transaction => f.write_str("transaction"),
            Origin::Undo { from, to } => write!(f, "undo of {} to {}", from.number(), to.number()),
            Origin::Merge { branch: Some(name) } => write!(f, "merge of {name}"),
            Origin::Merge { branch: None } => f.write_str("merge"),
            Origin::Replay => f.write_str("replay"),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Statement { number } => write!(f, "statement {number}"),
            Cause::Action { number, by, parent, .. } => write!(f, "{by} after {parent}, statement {number}"),
            Cause::Undo => f.write_str("undo"),
            Cause::Merge => f.write_str("merge"),
            Cause::Replay => f.write_str("replay"),
            Cause::Unnoted => f.write_str("not noted"),
        }
    }
}

/// The slots in which one row was, one after the other, and the reasons of each.
struct Reasons<'a> {
    first: FxHashMap<(TableId, RowId), &'a Reason>,
    last: FxHashMap<(TableId, RowId), &'a Reason>,
}

/// The differences of a transaction with the reasons that it noted.
fn explained(schema: &Schema, differences: Vec<Difference>, reasons: Option<&[Reason]>) -> Vec<RowChange> {
    let Some(noted) = reasons else {
        let rows = paired(schema, differences).into_iter();
        return rows.map(|row| RowChange { row, cause: Cause::Unnoted }).collect();
    };
    let mut reasons = Reasons { first: FxHashMap::default(), last: FxHashMap::default() };
    for it in noted {
        reasons.first.entry((it.table, it.row)).or_insert(it);
        reasons.last.insert((it.table, it.row), it);
    }
    let rows = followed(differences, &reasons);
    // What is left in two halves but has one key is one row; its reason is that of the half that came.
    let slots: FxHashMap<*const (), (TableId, RowId)> =
        rows.iter().map(|it| (identity(it.after.as_ref().or(it.before.as_ref())), (it.table, it.row))).collect();
    let rows = paired(schema, rows);
    let slot_of = |row: &RowDifference| slots.get(&identity(Some(row.row()))).copied();
    let mut positions: FxHashMap<(TableId, Vec<Value>), usize> = FxHashMap::default();
    for (position, row) in rows.iter().enumerate() {
        let key = row.before.as_ref().unwrap_or(row.row());
        positions.entry((row.table, fact(schema.table(row.table), &**key).key)).or_insert(position);
    }
    let cause = |row: &RowDifference| {
        let Some(slot) = slot_of(row) else { return Cause::Unnoted };
        // Why a new row is there at all, or what became of an old one in the end.
        let reason = if row.before.is_none() { reasons.first.get(&slot) } else { reasons.last.get(&slot) };
        let Some(reason) = reason else { return Cause::Unnoted };
        let Some(follows) = &reason.follows else { return Cause::Statement { number: reason.statement } };
        let reference = schema.reference(follows.reference);
        let action = if follows.deleted { reference.on_delete } else { reference.on_update };
        let parent = fact(schema.table(follows.table), &*follows.before);
        let position = positions.get(&(follows.table, parent.key.clone())).copied();
        let by = format!("{action} by {}", reference.name);
        Cause::Action { number: reason.statement, by, parent, position }
    };
    let causes: Vec<Cause> = rows.iter().map(cause).collect();
    rows.into_iter().zip(causes).map(|(row, cause)| RowChange { row, cause }).collect()
}

fn identity(row: Option<&Row>) -> *const () {
    row.map_or(std::ptr::null(), |it| Arc::as_ptr(it).cast())
}

/// Joins what a row left with where it went, where its key changed and moved it to another slot.
fn followed(differences: Vec<Difference>, reasons: &Reasons<'_>) -> Vec<Difference> {
    let left: FxHashMap<(TableId, RowId), usize> = differences
        .iter()
        .enumerate()
        .filter(|(_, it)| it.after.is_none())
        .map(|(position, it)| ((it.table, it.row), position))
        .collect();
    if left.is_empty() {
        return differences;
    }
    let mut origins = vec![None; differences.len()];
    let mut joined = vec![false; differences.len()];
    for (position, it) in differences.iter().enumerate().filter(|(_, it)| it.before.is_none()) {
        let mut slot = it.row;
        // A chain of moves is not longer than there are moves.
        for _ in 0..=reasons.last.len() {
            let Some(from) = reasons.last.get(&(it.table, slot)).and_then(|it| it.from) else { break };
            slot = from;
            if let Some(&origin) = left.get(&(it.table, slot))
                && !joined[origin]
            {
                origins[position] = differences[origin].before.clone();
                joined[origin] = true;
                break;
            }
        }
    }
    let rows = differences.into_iter().zip(origins).zip(joined).filter(|(_, joined)| !joined);
    rows.map(|((it, origin), _)| Difference { before: origin.or(it.before), ..it }).collect()
}

impl Snapshot {
    /// What a change set means for the rows of this version: each row found by its key, or by all its cells.
    pub(super) fn located(&self, set: &ChangeSet) -> Vec<Difference> {
        // Rows without a key may be equal; each stands for one of them.
        let mut found: FxHashSet<(TableId, RowId)> = FxHashSet::default();
        let mut find = |row: &RowDifference| {
            let before = row.before.as_ref()?;
            let table = self.image.table(row.table);
            match self.schema.table(row.table).primary_key() {
                Some(key) => {
                    let key = project(&**before, &key.columns);
                    let probe: Vec<_> = key.iter().map(|it| it.as_ref()).collect();
                    table.find(IndexId(0), &probe)
                }
                None => table
                    .rows()
                    .find(|(id, it)| changed_columns(&***it, &**before).is_empty() && found.insert((row.table, *id))),
            }
        };
        let located = set.changes.iter().map(|it| {
            let RowDifference { table, before, after } = it.row.clone();
            match (find(&it.row), before) {
                (Some((row, current)), Some(before)) => {
                    // The very row, if it is equal, so that it counts as unchanged.
                    let same = changed_columns(&**current, &*before).is_empty();
                    Difference { table, row, before: Some(if same { current.clone() } else { before }), after }
                }
                (_, before) => Difference { table, row: RowId(u64::MAX), before, after },
            }
        });
        located.collect()
    }
}
