//! Where a flush was when it failed.

use std::fmt;
use std::panic::Location;

/// The statement of a flush that was refused, and the object and line of the program that it leads back to. Ask an
/// [`Error`](crate::Error) for it with [`in_flush`](crate::Error::in_flush).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlushFact {
    /// Which statement of the flush it was, counted from one.
    pub step: usize,
    /// How many statements the flush had planned.
    pub steps: usize,
    /// What the statement does, as the plan of the flush prints it: `insert posts`.
    pub statement: String,
    /// How many rows it names.
    pub rows: usize,
    /// The object whose row is refused, as `Post[7]`, or `a new Post`; `None` where the row is no object's, or where it is
    /// not known which of many it was.
    pub object: Option<String>,
    /// How cascades have come to the object from the one that the program named, step by step; empty where it named the
    /// object itself.
    pub path: Vec<ObjectHop>,
    /// What would be allowed instead, in the words of objects and relations, where they say more than those of rows.
    pub advice: Option<String>,
    /// The line of the program that has changed the object first since the last flush.
    pub line: Option<&'static Location<'static>>,
}

/// A step of a cascade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectHop {
    /// The object that it starts from.
    pub from: String,
    /// The relation that carried it on, as `User.posts`.
    pub by: String,
}

impl fmt::Display for FlushFact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = if self.rows == 1 { "row" } else { "rows" };
        let FlushFact { step, steps, statement, rows: count, .. } = self;
        write!(f, "\nin a flush   statement {step} of {steps}: {statement}, {count} {rows}")?;
        if let Some(object) = &self.object {
            f.write_str("\nobject       ")?;
            self.path.iter().try_for_each(|hop| write!(f, "{} ─{}→ ", hop.from, hop.by))?;
            f.write_str(object)?;
        }
        if let Some(advice) = &self.advice {
            write!(f, "\nor you may  {advice}")?;
        }
        match self.line {
            Some(line) => write!(f, "\nchanged at   {}:{}", line.file(), line.line()),
            None => Ok(()),
        }
    }
}
