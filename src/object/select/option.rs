//! What a query loads along, as plain values.

use super::{Subclasses, Term};
use crate::expr::Expr;
use crate::object::class::Lazy;
use crate::query::Direction;
use crate::schema::Name;

/// What is loaded at one place of a path: at the objects of the query, or behind a relation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Loading {
    /// Relations, and how they are loaded. Of two for one relation the later one decides; what is behind both is loaded.
    pub options: Vec<LoadOption>,
    /// Columns that are loaded with the row or not, other than declared.
    pub columns: Columns,
    /// Subclasses whose columns are read along, by one more statement for each.
    pub subclasses: Vec<Name>,
    /// Subclasses whose columns are read along by the statement that brings the targets. What that is for the objects of
    /// the query stands in [`Selection::subclasses`](super::Selection::subclasses).
    pub inline: Subclasses,
}

/// How one relation is loaded with a query, and what is loaded behind it.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadOption {
    /// The relation.
    pub relation: Step,
    /// How it is loaded.
    pub strategy: Strategy,
    /// Only targets that fulfil this become members.
    pub filter: Option<Expr<Term>>,
    /// Only targets of this subclass become members.
    pub of: Option<Name>,
    /// Whether a joined load leaves out owners without a target.
    pub inner: bool,
    /// How often a self-reference is followed with the same strategy.
    pub depth: Option<Depth>,
    /// How many members each owner gets, and which ones come first.
    pub per_owner: Option<PerOwner>,
    /// What is loaded at its targets.
    pub then: Loading,
}

/// A step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A relation.
    Relation(Name),
    /// A relation of a subclass.
    Of(Name, Name),
    /// Every relation that is not named at this place. At the objects of the query it reaches every other place that is
    /// loaded with it.
    Rest,
}

/// How a relation is loaded with a query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// As it would be without the option, which only leads to what is behind it.
    #[default]
    AsDeclared,
    /// By this strategy.
    By(Lazy),
    /// From the rows that the query joins along the relation, under this alias if it has one. What the query leaves out
    /// is not loaded; nothing takes it for removed.
    FromQuery(Option<Name>),
}

/// How often a self-reference is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Depth {
    /// So many times more.
    Levels(u32),
    /// To the end.
    Unlimited,
}

/// How many members each owner gets.
#[derive(Clone, Debug, PartialEq)]
pub struct PerOwner {
    /// At most so many.
    pub limit: u64,
    /// Which ones come first: attributes of the target. The declared order is what decides where these are equal.
    pub order_by: Vec<(Name, Direction)>,
}

/// Which columns are loaded with a row, other than declared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// Only these, and the key.
    pub only: Option<Vec<Name>>,
    /// Not these.
    pub defer: Vec<Name>,
    /// These too.
    pub undefer: Vec<Name>,
}

impl LoadOption {
    /// A relation by a strategy.
    pub fn by(relation: impl Into<Name>, lazy: Lazy) -> Self {
        LoadOption::new(Step::Relation(relation.into()), Strategy::By(lazy))
    }

    /// A step of a path by a strategy.
    pub fn new(relation: Step, strategy: Strategy) -> Self {
        LoadOption {
            relation,
            strategy,
            filter: None,
            of: None,
            inner: false,
            depth: None,
            per_owner: None,
            then: Loading::default(),
        }
    }

    /// Adds what is loaded at the targets.
    #[must_use]
    pub fn then(mut self, next: LoadOption) -> Self {
        self.then.options.push(next);
        self
    }
}
