//! A row that a constraint refuses.

use std::fmt;

use crate::value::Value;

/// What kind of rule was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Rule {
    /// A column that must have a value got NULL.
    NotNull,
    /// A value is of another type than its column.
    Type,
    /// A CHECK condition is false.
    Check,
    /// Another row has the same primary key.
    PrimaryKey,
    /// Another row has the same unique key.
    Unique,
    /// The referenced row does not exist.
    ForeignKey,
    /// Rows still refer to the row (NO ACTION).
    StillReferenced,
    /// Rows refer to the row and RESTRICT forbids the change at once.
    Restrict,
}

impl Rule {
    /// The name that messages use.
    pub fn name(self) -> &'static str {
        match self {
            Rule::NotNull => "not null",
            Rule::Type => "type",
            Rule::Check => "check",
            Rule::PrimaryKey => "primary key",
            Rule::Unique => "unique",
            Rule::ForeignKey => "foreign key",
            Rule::StillReferenced => "no action",
            Rule::Restrict => "restrict",
        }
    }

    /// Whether the rule belongs to a foreign key.
    pub fn is_reference(self) -> bool {
        matches!(self, Rule::ForeignKey | Rule::StillReferenced | Rule::Restrict)
    }
}

/// A row, named by its table and key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RowFact {
    /// The table.
    pub table: String,
    /// The values of its primary key (of all columns, in a table without one).
    pub key: Vec<Value>,
}

impl fmt::Display for RowFact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.table, Listed(&self.key))
    }
}

/// One step on the way from the row a statement named to the row that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Hop {
    /// The row the step starts from.
    pub from: RowFact,
    /// What carried it on, such as `cascade by posts_author_id_fkey`.
    pub by: String,
}

/// A row that a constraint refuses, and everything a caller needs to act on it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Violation {
    /// The kind of rule.
    pub rule: Rule,
    /// The constraint's name.
    pub constraint: String,
    /// The table that declares it.
    pub table: String,
    /// The columns it speaks of.
    pub columns: Vec<String>,
    /// What those columns hold in the refused row.
    pub values: Vec<Value>,
    /// The refused row.
    pub row: RowFact,
    /// The rows in the way: the holder of a unique key, the rows that still refer.
    pub blocking: Vec<RowFact>,
    /// How many rows are in the way; more than `blocking` lists when there are many.
    pub blocking_count: usize,
    /// How the statement reached the refused row; empty when it named the row itself.
    pub path: Vec<Hop>,
    /// What would be accepted instead.
    pub advice: String,
}

impl Violation {
    /// At most this many blocking rows are listed; the rest are only counted.
    pub const LISTED: usize = 8;
}

/// Values or rows, separated by commas.
pub(super) struct Listed<'a, T>(pub(super) &'a [T]);

impl<T: fmt::Display> fmt::Display for Listed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, item) in self.0.iter().enumerate() {
            if position > 0 {
                f.write_str(", ")?;
            }
            item.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.headline(f)?;
        if !f.alternate() {
            return Ok(());
        }
        write!(
            f,
            "\n\nconstraint  {} ({}) on {}({})",
            self.constraint,
            self.rule.name(),
            self.table,
            Listed(&self.columns)
        )?;
        write!(f, "\nvalues      {}", Listed(&self.values))?;
        if !self.blocking.is_empty() {
            write!(f, "\nin the way  {}", Listed(&self.blocking))?;
            if self.blocking_count > self.blocking.len() {
                write!(f, " and {} more", self.blocking_count - self.blocking.len())?;
            }
        }
        if !self.path.is_empty() {
            f.write_str("\nreached by  ")?;
            self.path.iter().try_for_each(|hop| write!(f, "{} ─{}→ ", hop.from, hop.by))?;
            self.row.fmt(f)?;
        }
        if !self.advice.is_empty() {
            write!(f, "\nyou may     {}", self.advice)?;
        }
        Ok(())
    }
}

impl Violation {
    fn headline(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = Listed(&self.columns);
        let values = Listed(&self.values);
        match self.rule {
            Rule::NotNull => write!(f, "{}: {}.{columns} must not be NULL", self.row, self.table),
            Rule::Type => write!(f, "{}: {values} does not fit into {}.{columns}", self.row, self.table),
            Rule::Check => write!(f, "{}: CHECK {} is false for ({columns}) = ({values})", self.row, self.constraint),
            Rule::PrimaryKey | Rule::Unique => {
                write!(f, "{}: ({columns}) = ({values}) is taken, {} must be unique", self.row, self.constraint)
            }
            Rule::ForeignKey => {
                write!(f, "{}: ({columns}) = ({values}) refers to no row, {} needs one", self.row, self.constraint)
            }
            Rule::StillReferenced => {
                write!(f, "{} is still referred to by {} of {}", self.row, rows(self.blocking_count), self.table)?;
                write!(f, " through {}", self.constraint)
            }
            Rule::Restrict => {
                write!(f, "{} may not change: {} restricts it", self.row, self.constraint)?;
                write!(f, " ({} of {})", rows(self.blocking_count), self.table)
            }
        }
    }
}

fn rows(count: usize) -> String {
    if count == 1 { "1 row".to_owned() } else { format!("{count} rows") }
}
