//! What is wrong with a data set, and where.

use std::fmt;

/// One thing that is wrong. What does not apply is empty: a file that is missing has no line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fault {
    pub file: Box<str>,
    pub line: Option<u64>,
    pub table: Box<str>,
    pub columns: Vec<String>,
    pub values: Vec<String>,
    pub problem: String,
}

impl fmt::Display for Fault {
    /// As compilers write it: `posts.csv:17: posts.thread_id = 99: refers to no row`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.table)?;
        if !self.columns.is_empty() {
            write!(f, ".{} = {}", Several(&self.columns), Several(&self.values))?;
        }
        write!(f, ": {}", self.problem)
    }
}

/// One word as it is, several in parentheses.
struct Several<'a>(&'a [String]);

impl fmt::Display for Several<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [one] => f.write_str(one),
            all => write!(f, "({})", all.join(", ")),
        }
    }
}
