//! Calls that cannot be answered.

use std::fmt;

use super::{RowFact, StandsApart};
use crate::value::{Mismatch, Value};

/// A call that cannot be answered, and why.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Misuse {
    /// A name that the schema or the model does not know.
    UnknownName {
        /// What was looked for: a table, a column, a class, a relation.
        what: &'static str,
        /// The name.
        name: String,
        /// What was probably meant.
        hint: String,
    },
    /// A value of the wrong type.
    Mismatch(Mismatch),
    /// An operation that its operands do not have.
    Operation {
        /// The operation.
        operation: &'static str,
        /// The operands.
        operands: Vec<Value>,
    },
    /// An arithmetic result that no integer of 64 bits holds.
    Overflow {
        /// The operation.
        operation: &'static str,
        /// The operands.
        operands: Vec<Value>,
    },
    /// A statement got another number of parameters than it has.
    Parameters {
        /// How many it has.
        expected: usize,
        /// How many were given.
        given: usize,
    },
    /// A statement that cannot be carried out as it stands.
    Statement {
        /// Why.
        reason: String,
    },
    /// A text that is no statement, or none that can be carried out.
    Text {
        /// The line, from 1.
        line: u64,
        /// The character in the line, from 1.
        column: u64,
        /// What is wrong there.
        problem: String,
    },
    /// A table without a primary key was asked for a row by key.
    NoKey {
        /// The table.
        table: String,
    },
    /// A version that the database does not keep, or has not reached.
    NotRetained {
        /// Its number.
        version: u64,
        /// The earliest version that is kept.
        earliest: u64,
        /// The current version.
        current: u64,
    },
    /// A commit that a subscriber of the change feed has no room for, and who wants to refuse such commits.
    FeedFull {
        /// How many commits the feed holds.
        capacity: usize,
    },
    /// There is no such row.
    NotFound {
        /// The row.
        row: RowFact,
    },
    /// Exactly one row was asked for.
    NotOne {
        /// The table.
        table: String,
        /// How many there are (two stands for two or more).
        found: usize,
    },
    /// A value was given to a column that the table computes.
    Generated {
        /// The column, such as `orders.total`.
        column: String,
    },
    /// A constraint that is always judged when the statement ends was to be deferred, or said to be immediate.
    NotDeferrable {
        /// The constraint.
        constraint: String,
    },
    /// There is no such savepoint, or no transaction.
    NoTransaction,
    /// A reference of one session was used with another.
    WrongSession {
        /// The session that made the reference.
        of: u32,
        /// The session it was used with.
        used_with: u32,
    },
    /// A reference to an object that the session has let go.
    StaleReference {
        /// The class.
        class: String,
    },
    /// An object that is not in the state the call needs.
    State {
        /// The object.
        object: String,
        /// The state it is in.
        state: &'static str,
        /// What was asked.
        wanted: &'static str,
    },
    /// A relation was read without having been loaded.
    NotLoaded {
        /// The relation, such as `Post.author`.
        relation: String,
        /// The object.
        object: String,
        /// What would load it.
        advice: &'static str,
    },
    /// An object was to be taken from a collection that does not hold it.
    NotInCollection {
        /// The relation.
        relation: String,
        /// The object.
        object: String,
    },
    /// A collection has no member at a position.
    NoPosition {
        /// The relation.
        relation: String,
        /// The position, from 0.
        position: usize,
        /// How many members there are.
        members: usize,
    },
    /// Something that sessions have no way to do.
    NotSupported {
        /// What.
        what: &'static str,
    },
    /// A delete would do something else than the plan has said by which it was to be done.
    OtherPlan {
        /// The object.
        object: String,
        /// The rows to which something else would be done.
        rows: Vec<RowFact>,
    },
    /// A reference of one class was used where another is needed.
    WrongClass {
        /// The class that is needed.
        expected: String,
        /// The class that was given.
        given: String,
    },
    /// An object of a class with a whole table of its own was given to a relation that leads to rows of another.
    StandsApart(Box<StandsApart>),
    /// Rows of which each needs another one before it can be written.
    Circular {
        /// The rows, in a ring.
        ring: Vec<String>,
        /// What would break the ring.
        advice: &'static str,
    },
    /// An object was to get a second parent by a relation that is the only parent its targets may have.
    SingleParent {
        /// The relation.
        relation: String,
        /// The object.
        object: String,
    },
    /// An object whose row was deleted.
    Deleted {
        /// The object.
        object: String,
        /// What was asked.
        wanted: &'static str,
    },
    /// An object that no session takes care of was to be read or written.
    Detached {
        /// The object.
        object: String,
        /// What was asked.
        wanted: &'static str,
    },
    /// A collection that is only written was to be read as a whole.
    WriteOnly {
        /// The relation.
        relation: String,
        /// The object.
        object: String,
    },
    /// An object that is not in the session was to leave it.
    NotInSession {
        /// The object.
        object: String,
        /// What was asked.
        wanted: &'static str,
    },
    /// An object that cannot be merged as it was asked.
    Merge {
        /// The object.
        object: String,
        /// The state it is in.
        state: &'static str,
        /// What was asked.
        wanted: &'static str,
    },
    /// Another object of the session stands for the same row.
    IdentityConflict {
        /// The object.
        object: String,
    },
    /// Unlinking an object would leave a part of its primary key without a value.
    BlankKey {
        /// The object.
        object: String,
        /// The relation it was taken out of.
        relation: String,
    },
    /// An object has no value in a part of its primary key, and its table gives none.
    NullKey {
        /// The object.
        object: String,
    },
    /// A flush has failed in a session that rolls back then: nothing can be done before `rollback`.
    Inactive,
    /// The database has refused to commit in a session that behaves as SQLAlchemy: nothing can be done before `rollback`.
    CommitRefused,
    /// An object would have become its own ancestor along a relation that allows no rings.
    Ring {
        /// The relation.
        relation: String,
        /// The objects on the way around, the last of which would have led to the first.
        objects: Vec<String>,
    },
    /// A member that a relation with a condition would not find.
    NotInFilter {
        /// The relation.
        relation: String,
        /// The object.
        object: String,
    },
    /// A listener that lets happen what it listens to, again and again.
    ListenerLoop {
        /// What it listens to, and where it was registered.
        listener: String,
        /// How many listeners stood one behind the other.
        rounds: u32,
    },
    /// A listener that is told of a read moves a relation, while views may hold what was loaded.
    ListenerOfRead {
        /// The relation, or the object that it deletes.
        what: String,
    },
    /// A row says that it is of a class which there is not, or which is no case of the one it was read for.
    UnknownDiscriminator {
        /// The class that was read.
        class: String,
        /// What the row says.
        value: Value,
    },
    /// An object that would be of an abstract class and of none that extends it.
    Abstract {
        /// The class.
        class: String,
        /// The classes that extend it and can have objects.
        subclasses: Vec<String>,
    },
    /// What tells the class of an object was given a value that is that of another class, or of none.
    WrongKind {
        /// The object.
        object: String,
        /// The attribute that tells.
        attribute: String,
        /// What it was given.
        value: Value,
        /// The class whose value that is, if there is one.
        of: Option<String>,
        /// The values that there are.
        kinds: Vec<Value>,
    },
    /// An object whose row is of another class by now, and which was changed as one of the class that it had.
    ChangedAsAnother {
        /// The object.
        object: String,
        /// The class of its row.
        class: String,
    },
    /// An object whose row is of another class by now.
    IsAnother {
        /// The object.
        object: String,
        /// The class of its row.
        class: String,
    },
    /// A bulk change whose effect on the objects of a session cannot be computed from them.
    NotEvaluable {
        /// Why.
        reason: String,
    },
    /// A load would bring more than its budget.
    OverBudget {
        /// The path that has brought most, as `Post.replies`.
        path: String,
        /// How much that has brought.
        by_path: u64,
        /// What is counted: rows, objects or bytes.
        counted: &'static str,
        /// The budget.
        limit: u64,
        /// How much the load has brought so far.
        reached: u64,
    },
    /// A row that a statement should have changed is gone or was changed behind the session.
    Stale {
        /// The row.
        row: RowFact,
    },
}

impl Misuse {
    /// Whether a row was asked for that is not there, or is one of another class.
    pub fn is_gone(&self) -> bool {
        matches!(self, Misuse::NotFound { .. } | Misuse::IsAnother { .. })
    }
}

impl Misuse {
    /// What concerns objects and sessions.
    fn fmt_of_objects(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Misuse::WrongSession { of, used_with } => {
                write!(
                    f,
                    "a reference of session {of} was used with session {used_with}; objects do not cross sessions; \
                     `detach` one and `merge` the copy"
                )
            }
            Misuse::StaleReference { class } => {
                write!(f, "the session no longer holds the {class} that this reference stood for")
            }
            Misuse::State { object, state, wanted } => write!(f, "{object} is {state}; {wanted}"),
            Misuse::NotSupported { what } => write!(f, "{what} is not supported"),
            Misuse::OtherPlan { object, rows } => fmt_of_other_plan(f, object, rows),
            Misuse::WrongClass { expected, given } => write!(f, "a {expected} is needed here, not a {given}"),
            Misuse::Deleted { object, wanted } => write!(f, "{object} was deleted; {wanted}"),
            Misuse::Detached { object, wanted } => write!(f, "{object} is detached; {wanted}"),
            Misuse::NotInSession { object, wanted } => write!(f, "{object} is not in the session; {wanted}"),
            Misuse::Merge { object, state, wanted } => write!(f, "{object} is {state}; {wanted}"),
            Misuse::IdentityConflict { object } => {
                write!(f, "another object of the session stands for the row of {object} already; merge it instead")
            }
            Misuse::NullKey { object } => {
                write!(f, "{object} has no value in its primary key, and its table gives none; set it first")
            }
            Misuse::UnknownDiscriminator { class, value } => {
                write!(f, "a row of {class} says that it is of the class of {value}, which is none of its cases")
            }
            Misuse::Abstract { class, subclasses } if subclasses.is_empty() => {
                write!(f, "no object is a {class} and nothing more, and no class extends it")
            }
            Misuse::Abstract { class, subclasses } => {
                write!(f, "no object is a {class} and nothing more: make a {}", subclasses.join(" or a "))
            }
            Misuse::WrongKind { object, attribute, value, of: Some(class), .. } => {
                write!(f, "{object} says by `{attribute}` = {value} that it is a {class}; ")?;
                f.write_str("an object stays of its class: add one of the other, or change rows by `update_where`")
            }
            Misuse::WrongKind { object, attribute, value, of: None, kinds } => {
                let kinds: Vec<String> = kinds.iter().map(ToString::to_string).collect();
                write!(f, "{object} says by `{attribute}` = {value} that it is of a class which there is not; ")?;
                write!(f, "there are {}", kinds.join(", "))
            }
            Misuse::ChangedAsAnother { object, class } => {
                write!(f, "the row of {object} is one of {class} by now, and {object} has changes; expire it first")
            }
            Misuse::IsAnother { object, class } => {
                write!(f, "the row of {object} is one of {class} by now; find it as what it is")
            }
            Misuse::NotEvaluable { reason } => {
                write!(f, "the session cannot compute which of its objects a change reaches: {reason}")
            }
            Misuse::ListenerLoop { listener, rounds } => {
                write!(f, "{listener} lets happen what it listens to, {rounds} times over; nobody is told any more")
            }
            Misuse::ListenerOfRead { what } => {
                write!(
                    f,
                    "{what} cannot change while the session is only read: note it, and change it before the flush"
                )
            }
            Misuse::Inactive => f.write_str("a flush has failed in this transaction; roll back first"),
            Misuse::CommitRefused => f.write_str("this transaction could not be committed; roll back first"),
            Misuse::Stale { row } => write!(f, "{row} is gone or was changed behind the session"),
            _ => self.fmt_of_relations(f),
        }
    }

    /// What concerns relations and what they hold.
    fn fmt_of_relations(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Misuse::NotLoaded { relation, object, advice } => {
                write!(f, "{relation} of {object} is not loaded; {advice}")
            }
            Misuse::StandsApart(it) => write!(f, "{it}"),
            Misuse::NotInCollection { relation, object } => write!(f, "{relation} does not hold {object}"),
            Misuse::NoPosition { relation, position, members } => {
                write!(f, "{relation} has no member at position {position}: it has {members}")
            }
            Misuse::Circular { ring, advice } => {
                write!(
                    f,
                    "these rows need each other before any of them can be written: {}; {advice}",
                    ring.join(" → ")
                )
            }
            Misuse::SingleParent { relation, object } => {
                write!(f, "{object} has a parent by {relation} already, and may have one only; take it out there first")
            }
            Misuse::WriteOnly { relation, object } => {
                write!(
                    f,
                    "{relation} of {object} is only written; let the foreign key delete what it holds, or query it"
                )
            }
            Misuse::BlankKey { object, relation } => write!(
                f,
                "{object} was taken out of {relation}, but its foreign key is part of its primary key; \
                 delete it, or let the relation delete its orphans"
            ),
            Misuse::Ring { relation, objects } => {
                write!(f, "{relation} allows no rings: {} leads to itself", objects.join(" → "))
            }
            Misuse::NotInFilter { relation, object } => {
                write!(f, "{relation} would not find {object}: its condition does not hold; set the columns first")
            }
            Misuse::OverBudget { path, by_path, counted, limit, reached } => {
                write!(f, "a load has a budget of {limit} {counted} and would bring {reached}: {path} brings {by_path}")
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Misuse::UnknownName { what, name, hint } if hint.is_empty() => write!(f, "there is no {what} `{name}`"),
            Misuse::UnknownName { what, name, hint } => write!(f, "there is no {what} `{name}`; {hint}"),
            Misuse::Mismatch(it) => it.fmt(f),
            Misuse::Operation { operation, operands } => write!(f, "{operation} is not defined for {operands:?}"),
            Misuse::Overflow { operation, operands } => {
                write!(f, "{operation} of {operands:?} does not fit into an integer of 64 bits")
            }
            Misuse::Parameters { expected, given } => {
                write!(f, "the statement has {expected} parameters, {given} were given")
            }
            Misuse::Statement { reason } => f.write_str(reason),
            Misuse::Text { line, column, problem } => write!(f, "line {line}, column {column}: {problem}"),
            Misuse::NoKey { table } => write!(f, "{table} has no primary key"),
            Misuse::NotRetained { version, earliest, current } => {
                write!(f, "version {version} is not kept: there are {earliest} to {current}")
            }
            Misuse::FeedFull { capacity } => {
                write!(f, "a change feed with room for {capacity} commits is full and refuses this one")
            }
            Misuse::NotFound { row } => write!(f, "there is no {row}"),
            Misuse::NotOne { table, found: 0 } => write!(f, "one row of {table} was asked for, there is none"),
            Misuse::NotOne { table, .. } => write!(f, "one row of {table} was asked for, there are several"),
            Misuse::Generated { column } => write!(f, "{column} is generated: the table computes it, nobody gives it"),
            Misuse::NotDeferrable { constraint } => write!(f, "{constraint} is not deferrable"),
            Misuse::NoTransaction => f.write_str("there is no open transaction or savepoint to end"),
            _ => self.fmt_of_objects(f),
        }
    }
}

/// How a delete differs from its plan.
fn fmt_of_other_plan(f: &mut fmt::Formatter<'_>, object: &str, rows: &[RowFact]) -> fmt::Result {
    let named: Vec<String> = rows.iter().take(3).map(ToString::to_string).collect();
    let what = if named.is_empty() { "its refusals".to_owned() } else { named.join(", ") };
    write!(f, "to delete {object} would do otherwise than planned to {what}")?;
    match rows.len() - named.len() {
        0 => f.write_str("; plan it again"),
        more => write!(f, " and {more} more rows; plan it again"),
    }
}
