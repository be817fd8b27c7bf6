//! What a diagnosis says: plain values that print.

use std::fmt;
use std::panic::Location;

use super::budget::Counted;
use super::ledger::{At, Load, LoadCause, OriginId};

/// What the ledger of a session shows. `{}` prints a line for each finding, `{:#}` the whole story: what the trials have
/// shown, and every read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diagnosis {
    /// What could be loaded better, in the order in which it was done.
    pub findings: Vec<Finding>,
    /// Every read, in order.
    pub loads: Vec<Load>,
}

/// Something that could be loaded better.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Finding {
    /// A relation was read one by one (N + 1).
    OneByOne(OneByOne),
    /// Rows were read again one by one.
    ReadAgain(ReadAgain),
    /// A relation was loaded along, and not looked at.
    Unused(Unused),
    /// Sibling collections were joined in one statement.
    Product(Product),
    /// A load has brought more than its budget.
    OverBudget(OverBudget),
}

/// A relation of objects that came with one result was read for each of them by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct OneByOne {
    /// The relation, from the class of the query on: `User.posts.author`.
    pub path: String,
    /// Why it was read: [`LoadCause::Touch`], or [`LoadCause::Unit`] where a cascade needed it.
    pub cause: LoadCause,
    /// The line that touched it.
    pub line: Option<&'static Location<'static>>,
    /// The line of the query that brought the owners, which is the one to change.
    pub query: Option<&'static Location<'static>>,
    /// How many of the owners it was read for by a statement of its own.
    pub loads: usize,
    /// How many owners came with the result.
    pub owners: usize,
    /// How many statements that took.
    pub statements: u64,
    /// What the query would say: `.with(User::posts.selectin())`.
    pub option: String,
    /// What it would change, tried on a fork; none where it could not be tried.
    pub proof: Option<Proof>,
    pub(super) origin: Option<OriginId>,
}

/// Objects that came with one result were read again, one by one, for what had been expired or was deferred.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadAgain {
    /// The result that they came with.
    pub path: String,
    /// The line that looked at them.
    pub line: Option<&'static Location<'static>>,
    /// How many times one was read again.
    pub loads: usize,
    /// How many statements that took.
    pub statements: u64,
}

/// A relation was loaded along, and nobody has looked at it for any of its owners.
#[derive(Clone, Debug, PartialEq)]
pub struct Unused {
    /// The relation, from the class of the query on.
    pub path: String,
    /// How it was loaded.
    pub cause: LoadCause,
    /// The line of the query.
    pub query: Option<&'static Location<'static>>,
    /// Of how many objects it was loaded.
    pub owners: usize,
    /// How many statements that took; none for a join.
    pub statements: u64,
    /// How many rows it has brought.
    pub rows: u64,
    /// What the query would say, if the option was not its own to leave out: `.with(User::posts.lazily())`.
    pub option: String,
    /// What it would change, tried on a fork; none where it could not be tried.
    pub proof: Option<Proof>,
    pub(super) origin: Option<OriginId>,
}

/// Collections that do not lead to each other were joined in one statement, so that each member of the one comes with
/// each of the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Product {
    /// The collections.
    pub paths: Vec<String>,
    /// How many rows the statement has brought.
    pub rows: usize,
    /// How many objects are in them.
    pub objects: usize,
    /// The line of the query.
    pub line: Option<&'static Location<'static>>,
    /// What the query would say of one of them.
    pub option: String,
    /// What it would change, tried on a fork; none where it could not be tried.
    pub proof: Option<Proof>,
    pub(super) origin: Option<OriginId>,
}

/// A load has brought more than its budget, which was to be reported.
#[derive(Clone, Debug, PartialEq)]
pub struct OverBudget {
    /// The path that has brought most.
    pub path: String,
    /// How much that has brought.
    pub by_path: u64,
    /// What is counted.
    pub counted: Counted,
    /// The budget.
    pub limit: u64,
    /// How much there was when it was noticed.
    pub reached: u64,
    /// The line of the program.
    pub line: Option<&'static Location<'static>>,
}

/// What the same reading takes as it was, and as it is proposed: both done on a fork of the tables, in a session that
/// holds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Statements as it was.
    pub statements_before: u64,
    /// Statements as proposed.
    pub statements_after: u64,
    /// Rows as it was.
    pub rows_before: u64,
    /// Rows as proposed.
    pub rows_after: u64,
}

impl Diagnosis {
    /// Whether nothing was found.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    /// The relations that were read one by one.
    pub fn one_by_one(&self) -> impl Iterator<Item = &OneByOne> {
        self.findings.iter().filter_map(|it| match it {
            Finding::OneByOne(found) => Some(found),
            _ => None,
        })
    }

    /// The diagnosis without what concerns a path, such as `Post.author`, or what is behind it: for what is known and
    /// accepted.
    #[must_use]
    pub fn without(mut self, path: &str) -> Self {
        let concerns = |it: &str| it.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        self.findings.retain(|it| !it.paths().iter().any(|it| concerns(it)));
        self
    }
}

impl Finding {
    /// The paths that it is about.
    pub fn paths(&self) -> Vec<&str> {
        match self {
            Finding::OneByOne(it) => vec![&it.path],
            Finding::ReadAgain(it) => vec![&it.path],
            Finding::Unused(it) => vec![&it.path],
            Finding::Product(it) => it.paths.iter().map(String::as_str).collect(),
            Finding::OverBudget(it) => vec![&it.path],
        }
    }

    /// What the query would say, where an option would mend it.
    pub fn option(&self) -> Option<&str> {
        match self {
            Finding::OneByOne(it) => Some(&it.option),
            Finding::Unused(it) => Some(&it.option),
            Finding::Product(it) => Some(&it.option),
            Finding::ReadAgain(_) | Finding::OverBudget(_) => None,
        }
    }

    /// What the option would change, where it was tried.
    pub fn proof(&self) -> Option<&Proof> {
        match self {
            Finding::OneByOne(it) => it.proof.as_ref(),
            Finding::Unused(it) => it.proof.as_ref(),
            Finding::Product(it) => it.proof.as_ref(),
            Finding::ReadAgain(_) | Finding::OverBudget(_) => None,
        }
    }

    fn advice(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Some(option), proof) = (self.option(), self.proof()) else { return Ok(()) };
        write!(f, "; `{option}`")?;
        match proof {
            Some(it) if it.statements_before != it.statements_after => {
                write!(f, " makes {} statements {}", it.statements_before, it.statements_after)
            }
            Some(it) => write!(f, " makes {} rows {}", it.rows_before, it.rows_after),
            None => f.write_str(" would mend it, but could not be tried"),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Finding::OneByOne(it) => {
                let (path, line) = (&it.path, At(it.line));
                write!(f, "{path} was read for {} of {} objects one by one  at {line}", it.loads, it.owners)?;
            }
            Finding::ReadAgain(it) => {
                let ReadAgain { path, loads, .. } = it;
                write!(
                    f,
                    "{loads} objects of {path} were read again one by one, for what had expired or was deferred"
                )?;
                write!(f, "  at {}", At(it.line))?;
            }
            Finding::Unused(it) => {
                let (path, how) = (&it.path, it.cause);
                write!(f, "{path} was loaded ({how}) for {} objects and never looked at  at ", it.owners)?;
                At(it.query).fmt(f)?;
            }
            Finding::Product(it) => {
                write!(f, "{} are joined in one statement and multiply: ", it.paths.join(" and "))?;
                write!(f, "{} rows for {} objects  at {}", it.rows, it.objects, At(it.line))?;
            }
            Finding::OverBudget(it) => it.fmt(f)?,
        }
        self.advice(f)?;
        if !f.alternate() {
            return Ok(());
        }
        match self {
            Finding::OneByOne(it) if it.query.is_some() => {
                write!(f, "\n    the owners came with the query at {}, which is where the option goes", At(it.query))?;
            }
            Finding::OneByOne(it) => {
                let (class, _) = it.path.split_once('.').unwrap_or((&it.path, ""));
                write!(
                    f,
                    "\n    they came with one {class} and no query; declare the relation to load along, or query"
                )?;
            }
            Finding::Unused(_) => f.write_str("\n    or leave the option out, if it is the query's own")?,
            Finding::ReadAgain(_) => {
                f.write_str("\n    query them once more with all they are wanted for, or do not let them expire")?;
            }
            Finding::Product(_) | Finding::OverBudget(_) => {}
        }
        match self.proof() {
            Some(it) => write!(f, "\n    {it}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Proof { statements_before, statements_after, rows_before, rows_after } = self;
        write!(f, "the same reading on a fork: statements {statements_before} → {statements_after}, ")?;
        write!(f, "rows {rows_before} → {rows_after}")
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.findings.is_empty() {
            writeln!(f, "nothing found")?;
        }
        for finding in &self.findings {
            if f.alternate() {
                writeln!(f, "{finding:#}")?;
            } else {
                writeln!(f, "{finding}")?;
            }
        }
        if f.alternate() {
            writeln!(f, "reads:")?;
            for (at, load) in self.loads.iter().enumerate() {
                let outer = std::iter::successors(load.within, |&it| self.loads.get(it)?.within).count();
                writeln!(f, "  {at:>3}  {}{load}", "  ".repeat(outer))?;
            }
        }
        Ok(())
    }
}
