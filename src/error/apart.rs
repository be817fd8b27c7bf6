//! An object that a relation cannot lead to, because its rows stand in another table.

use std::fmt;

/// An object of a class with a whole table of its own was given to a relation that leads to rows of another table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandsApart {
    /// The relation, such as `Sign.shape`.
    pub relation: String,
    /// The class of the object.
    pub class: String,
    /// The table in which its rows stand.
    pub table: String,
    /// The table whose rows the relation leads to: the one that the foreign key refers to, or the one that has it.
    pub leads_to: String,
    /// What to declare instead.
    pub advice: String,
}

impl fmt::Display for StandsApart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let StandsApart { relation, class, table, leads_to, advice } = self;
        write!(f, "{relation} leads to rows of `{leads_to}`, and those of a {class} stand in `{table}`; {advice}")
    }
}
