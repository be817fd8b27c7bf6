//! Where this engine and others differ on purpose.

use diptych::error::Rule;
use diptych::{Action, Error};

use super::cell::Cell;
use super::history::{ConflictSpec, Operation, To};
use super::ours::Dump;
use super::rules::{self, Judged};
use super::schema::{ReferenceSpec, SchemaSpec, table_name};
use super::side::{Refusal, RefusalKind};

/// One operation as both sides saw it. The rows after it satisfy every constraint: the naive judge has seen them.
pub(crate) struct Seen<'a> {
    pub(crate) schema: &'a SchemaSpec,
    pub(crate) operation: &'a Operation,
    pub(crate) before: &'a Dump,
    /// What has to hold after it, where it is accepted.
    pub(crate) judged: Judged,
    pub(crate) ours: (&'a Result<(), Error>, &'a Dump),
    pub(crate) there: (&'a Result<(), Refusal>, &'a Dump),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Difference {
    /// SQLite stores an integer in a text column as text. A column here holds its own type and nothing else, so a
    /// value that comes out is the value that went in.
    NoConversion,
    /// SQLite gives the greatest key and one, which may be negative. Keys that are given here start above zero, so
    /// that they never meet those which a user reserves below it.
    AutoKeysArePositive,
    /// SQLite leaves a row out, because another one has its integer key, before it looks at the types of its values. Here a
    /// value of the wrong type is refused, whether or not its row would be left out.
    LeftOutUnseen,
    /// SQLite's REPLACE puts the default where NULL is given to a column that must have a value. Here NULL is refused.
    ReplaceFillsNull,
    /// SQLite's REPLACE deletes rows one by one, those that the same statement has inserted too, and actions follow. Here
    /// a row that does not outlive its statement was never there, so nothing that refers to it is acted on, and the keys
    /// that a table gives go on from those that the statement found or said; also where an upsert moves such a key away.
    ReplacedInTheSameStatement,
    /// SQLite judges a unique key after each row of an UPDATE, so whether it refuses depends on the order in which it
    /// finds the rows. Judged at the end of the statement, as the standard says, two rows can swap their keys, and a row
    /// that an upsert inserts can be moved out of another's way by a later row of it.
    UniqueAtTheEnd,
    /// SQLite's RESTRICT lets a row go when another path of the statement happened to remove what refers to it first.
    /// Here RESTRICT refuses whatever the order of the paths.
    RestrictWhateverTheOrder,
    /// SQLite's RESTRICT refuses to delete a row and what refers to it in one statement when it comes to the row first.
    /// Here rows that the statement itself names do not stand in each other's way.
    RestrictSparesNamedRows,
    /// SQLite applies SET NULL or SET DEFAULT to a row that goes in the same statement, and refuses what the row would
    /// break in between, or lets it set further actions in motion. Here a row that goes is not changed before.
    DeletionWins,
    /// SQLite counts dangling references instead of looking at them. It keeps counting deferred ones of an INSERT that
    /// it has refused, and then refuses commits in which nothing dangles; and it miscounts when one UPDATE changes
    /// keys that another row of the same statement takes, and then accepts what dangles. Here the rows are looked at.
    CountIsNoFact,
    /// SQLite refuses a value of the wrong type in a later row of an INSERT, and keeps the rows before it when the table
    /// has no other constraint. A statement that is refused changes nothing here.
    RefusalChangesNothing,
    /// SQLite carries ON UPDATE to rows that refer to the old key while it goes through the rows of the statement, so
    /// a reference that the statement itself has just set is changed again, or not, by the order of the rows, and later
    /// rows compute with what they became. Here the rows that referred when the statement began follow the key, and
    /// expressions see rows as they were then, as the standard says.
    SetInTheSameStatement,
    /// PostgreSQL's SET DEFAULT refuses at once when the default is the key that goes and the row referred to it already,
    /// even where the foreign key is deferred: its trigger then falls back to NO ACTION. Here it waits for commit.
    DefaultJudgedAtOnce,
    /// PostgreSQL judges a foreign key when the trigger of a row has its turn, in the midst of the statement: a row stands
    /// in the way that the cascade of a later row removes, and a row that the same transaction has inserted is judged by
    /// the reference that an action of a later row would have changed. Here only the outcome is judged, in any order.
    JudgedInTurn,
    /// SQLite follows one key change after the other. A row that the first has turned away, because two foreign keys
    /// share a column or because a row that refers is itself referred to by the same column, is not found by the next,
    /// and every version in between is judged. Here all rows that referred when the statement began follow, and only
    /// the outcome is judged.
    FollowsInSteps,
}

impl Seen<'_> {
    /// The name of what is different, if it is meant.
    pub(crate) fn name(&self) -> Option<Difference> {
        if self.gives_a_key_beside_negative_ones() {
            return Some(Difference::AutoKeysArePositive);
        }
        if self.ours.0.is_err() && self.there.0.is_err() && self.there.1 != self.before {
            return Some(Difference::RefusalChangesNothing);
        }
        if self.there.0.is_ok() && rules::judge(self.schema, self.there.1, self.judged).is_err() {
            return Some(Difference::CountIsNoFact);
        }
        if self.replaces_rows_of_its_own() {
            return Some(Difference::ReplacedInTheSameStatement);
        }
        let named = self.name_by_outcome().or_else(|| self.sets_reference_and_key());
        named.or_else(|| self.follows_in_steps()).or_else(|| self.judged_in_turn())
    }

    /// Whether only the other side refuses, by a foreign key, what the naive judge has found sound.
    fn judged_in_turn(&self) -> Option<Difference> {
        let changes = matches!(self.operation, Operation::Update { .. } | Operation::Delete { .. });
        let refused = self.there.0.as_ref().is_err_and(|it| it.is(RefusalKind::ForeignKey));
        (changes && self.ours.0.is_ok() && refused).then_some(Difference::JudgedInTurn)
    }

    fn name_by_outcome(&self) -> Option<Difference> {
        match (self.ours.0, self.there.0) {
            (Err(here), Ok(())) => self.refused_here(here),
            (Ok(()), Err(there)) => self.refused_there(there),
            (Ok(()), Ok(())) => self.other_rows(),
            (Err(_), Err(_)) => None,
        }
    }

    fn replaces_rows_of_its_own(&self) -> bool {
        let Operation::Insert { table, columns, rows, on_conflict: Some(conflict), .. } = self.operation else {
            return false;
        };
        let key = self.schema.tables[*table].primary.first();
        let moves_keys = match conflict {
            ConflictSpec::Replace => false,
            ConflictSpec::Update { set, .. } if set.iter().any(|it| Some(&it.0) == key) => true,
            _ => return false,
        };
        let mut references = self.schema.tables.iter().flat_map(|it| &it.references);
        let spec = &self.schema.tables[*table];
        let given = columns.iter().position(|it| spec.auto && *it == spec.primary[0]);
        let gives = spec.auto && given.is_none_or(|at| rows.iter().any(|row| row[at] == Cell::Null));
        rows.len() > 1 && (gives || !moves_keys && references.any(|it| it.target == *table))
    }

    fn refused_here(&self, error: &Error) -> Option<Difference> {
        let violation = error.violation();
        match violation.map(|it| it.rule) {
            Some(Rule::Type) if self.puts_an_integer_into_text() => Some(Difference::NoConversion),
            Some(Rule::Type) => self.may_leave_out().then_some(Difference::LeftOutUnseen),
            Some(Rule::NotNull)
                if matches!(self.operation, Operation::Insert { on_conflict: Some(ConflictSpec::Replace), .. }) =>
            {
                Some(Difference::ReplaceFillsNull)
            }
            Some(Rule::Restrict) if self.restricts(error) => Some(Difference::RestrictWhateverTheOrder),
            _ if matches!(self.operation, Operation::Delete { .. }) => self.deletion_wins(),
            _ => None,
        }
    }

    /// Whether rows of an INSERT are left out where another one has their integer key.
    fn may_leave_out(&self) -> bool {
        let Operation::Insert { table, on_conflict: Some(ConflictSpec::Nothing(_)), .. } = self.operation else {
            return false;
        };
        self.schema.tables[*table].auto
    }

    fn puts_an_integer_into_text(&self) -> bool {
        let is = |table: usize, column: usize, cell: &Cell| {
            matches!(cell, Cell::Int(_)) && !cell.fits(self.schema.tables[table].columns[column].kind)
        };
        match self.operation {
            Operation::Insert { table, columns, rows, .. } => {
                rows.iter().any(|row| columns.iter().zip(row).any(|(&column, cell)| is(*table, column, cell)))
            }
            Operation::Update { table, set, .. } => set.iter().any(|(column, to)| match to {
                To::Cell(cell) => is(*table, *column, cell),
                _ => false,
            }),
            _ => false,
        }
    }

    /// Whether the foreign key that refuses is one of RESTRICT, a row did refer through it before the statement, and
    /// none does in SQLite's outcome: another path has taken it away.
    fn restricts(&self, error: &Error) -> bool {
        let Some(violation) = error.violation() else { return false };
        let Some((child, reference)) = self.schema.tables.iter().enumerate().find_map(|(table, spec)| {
            let position =
                (0..spec.references.len()).find(|it| format!("t{table}_fkey{it}") == violation.constraint)?;
            Some((table, &spec.references[position]))
        }) else {
            return false;
        };
        let action = match self.operation {
            Operation::Update { .. } => [reference.on_update, reference.on_update],
            _ => [reference.on_delete, reference.on_update],
        };
        // The violation gives the values in the order of the target's key; compare them as a set of pairs.
        let columns: Vec<usize> =
            violation.columns.iter().map(|it| it[1..].parse().expect("a column's name")).collect();
        let key: Vec<Cell> = violation.values.iter().map(|it| Cell::of(it.as_ref())).collect();
        let refers = |dump: &Dump| {
            dump[child].iter().filter(|row| columns.iter().zip(&key).all(|(&it, cell)| row[it] == *cell)).count()
        };
        action.contains(&Action::Restrict)
            && violation.table == table_name(child)
            && refers(self.before) >= violation.blocking_count
            && refers(self.there.1) == 0
    }

    fn refused_there(&self, refusal: &Refusal) -> Option<Difference> {
        match self.operation {
            Operation::Update { .. } | Operation::Insert { on_conflict: Some(ConflictSpec::Update { .. }), .. }
                if refusal.is(RefusalKind::Unique) =>
            {
                Some(Difference::UniqueAtTheEnd)
            }
            // A row that the statement names is reached by an action too, and SQLite judges what it is in between.
            Operation::Update { table, .. }
                if refusal.is(RefusalKind::OfOneRow) && !self.reached(*table).is_empty() =>
            {
                Some(Difference::FollowsInSteps)
            }
            Operation::Delete { .. } if refusal.is(RefusalKind::Restrict) => Some(Difference::RestrictSparesNamedRows),
            Operation::Delete { .. } if refusal.is(RefusalKind::ForeignKey) => {
                self.deletion_wins().or_else(|| self.default_is_gone())
            }
            Operation::Delete { .. } => self.deletion_wins(),
            Operation::Update { .. } if refusal.is(RefusalKind::ForeignKey) => {
                self.follows_in_steps().or_else(|| self.default_is_gone())
            }
            // The naive judge has seen that nothing dangles.
            Operation::Commit if refusal.is(RefusalKind::ForeignKey) => Some(Difference::CountIsNoFact),
            _ => None,
        }
    }

    /// Whether a row still refers to what was taken away, by a deferrable foreign key that sets the default.
    fn default_is_gone(&self) -> Option<Difference> {
        let sets = |it: &&ReferenceSpec| {
            [it.on_delete, it.on_update].contains(&Action::SetDefault) && it.timing.is_deferrable()
        };
        let all = self.schema.tables.iter().enumerate();
        let open = all.flat_map(|(at, spec)| spec.references.iter().filter(sets).map(move |it| (at, it)));
        let mut open = open.filter(|(at, it)| self.ours.1[*at].iter().any(|row| rules::dangles(self.ours.1, it, row)));
        open.next().map(|_| Difference::DefaultJudgedAtOnce)
    }

    /// Whether a row goes that SET NULL or SET DEFAULT reaches too.
    fn deletion_wins(&self) -> Option<Difference> {
        let after = if self.ours.0.is_ok() { self.ours.1 } else { self.there.1 };
        let gone = |table: usize| self.before[table].iter().filter(move |it| !after[table].contains(it));
        let key = |row: &[Cell], columns: &[usize]| columns.iter().map(|&it| row[it].clone()).collect::<Vec<_>>();
        let reached = self.schema.tables.iter().enumerate().any(|(table, spec)| {
            let setting =
                spec.references.iter().filter(|it| matches!(it.on_delete, Action::SetNull | Action::SetDefault));
            setting.clone().any(|it| {
                gone(table).any(|child| {
                    let refers = |parent: &&Vec<Cell>| key(parent, &it.target_columns) == key(child, &it.columns);
                    gone(it.target).any(|parent| refers(&parent))
                })
            })
        });
        reached.then_some(Difference::DeletionWins)
    }

    /// Whether an UPDATE sets or reads a foreign key of its table, or an upsert inserts one, and key changes of the same
    /// statement can reach that column.
    fn sets_reference_and_key(&self) -> Option<Difference> {
        let (table, set, inserts) = match self.operation {
            Operation::Update { table, set, .. } => (table, set, false),
            Operation::Insert { table, on_conflict: Some(ConflictSpec::Update { set, .. }), .. } => (table, set, true),
            _ => return None,
        };
        let sets = |column: &usize| {
            inserts || set.iter().any(|(it, to)| it == column || matches!(to, To::Column(other) if other == column))
        };
        let reached = self.reached(*table).iter().any(|it| it.columns.iter().any(sets));
        reached.then_some(Difference::SetInTheSameStatement)
    }

    /// The foreign keys of a table on which a change of its own keys can act, directly or through other tables.
    fn reached(&self, table: usize) -> Vec<&ReferenceSpec> {
        let tables = &self.schema.tables;
        let follows = |it: &ReferenceSpec| !matches!(it.on_update, Action::NoAction | Action::Restrict);
        let mut changing = vec![table];
        let mut next = 0;
        while let Some(&parent) = changing.get(next) {
            next += 1;
            for (child, spec) in tables.iter().enumerate() {
                if !changing.contains(&child) && spec.references.iter().any(|it| it.target == parent && follows(it)) {
                    changing.push(child);
                }
            }
        }
        let own = tables[table].references.iter();
        own.filter(|it| it.on_update != Action::NoAction && changing.contains(&it.target)).collect()
    }

    /// Whether actions can meet on one row. What is accepted here has been judged, and SQLite may come elsewhere; what
    /// is refused here must be a row of a table in which foreign keys share a column.
    fn follows_in_steps(&self) -> Option<Difference> {
        if !matches!(self.operation, Operation::Update { .. } | Operation::Delete { .. }) {
            return None;
        }
        let refused = self.ours.0.as_ref().err().and_then(Error::violation).map(|it| it.table.clone());
        let tables = self.schema.tables.iter().enumerate();
        let meets = tables.clone().any(|(table, spec)| {
            let mut acting = spec.references.iter().filter(|it| [it.on_delete, it.on_update] != [Action::NoAction; 2]);
            let inbound = tables.clone().flat_map(|(_, it)| &it.references).filter(|it| it.target == table);
            let key: Vec<usize> = inbound.flat_map(|it| it.target_columns.clone()).collect();
            acting.any(|one| {
                let mut others = spec.references.iter().filter(|it| !std::ptr::eq(*it, one)).flat_map(|it| &it.columns);
                let shares = others.any(|it| one.columns.contains(it));
                match &refused {
                    Some(name) => shares && *name == table_name(table),
                    None => shares || one.columns.iter().any(|it| key.contains(it)),
                }
            })
        });
        meets.then_some(Difference::FollowsInSteps)
    }

    fn other_rows(&self) -> Option<Difference> {
        match self.operation {
            Operation::Delete { .. } => self.deletion_wins(),
            _ => None,
        }
    }

    /// Whether a table gives a key while a negative one is the greatest, before the statement or in the midst of it.
    fn gives_a_key_beside_negative_ones(&self) -> bool {
        let Operation::Insert { table, columns, rows, .. } = self.operation else { return false };
        let spec = &self.schema.tables[*table];
        if !spec.auto {
            return false;
        }
        let key = spec.primary[0];
        let mut greatest = self.before[*table].iter().map(|row| row[key].clone()).max();
        rows.iter().any(|row| {
            let given = columns.iter().position(|&it| it == key).map(|it| row[it].clone()).filter(|it| !it.is_null());
            let gives = given.is_none() && greatest.as_ref().is_some_and(|it| *it < Cell::Int(0));
            greatest = greatest.take().max(given);
            gives
        })
    }
}
