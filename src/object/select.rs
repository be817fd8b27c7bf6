//! Queries for objects as plain values, with names: what typed queries are made of, and what classes that are made at
//! run time are asked by.
//!
//! A name is looked up in the innermost query first: by the alias or the class that a source stands for, or by a class
//! that it is a case of. Without one, a column or relation is of what the query, or the condition over related objects,
//! is about.

mod bulk;
mod bulk_delete;
mod cast;
mod compared;
mod count;
mod entity;
mod expression;
mod known;
mod members;
mod option;
mod page;
mod route;
mod run;
mod source;
mod union;

pub use bulk::Synchronize;
pub(in crate::object) use cast::{About, cover};
pub(in crate::object) use entity::{Entity, Ground, all_equal};
pub(in crate::object) use expression::Scope;
pub(in crate::object) use known::KnownQueries;
pub use option::{Columns, Depth, LoadOption, Loading, PerOwner, Step, Strategy};
pub(in crate::object) use route::{
    Route, Sides, order, own_columns, reads_owner, related_between, target_columns, whole,
};
pub(in crate::object) use source::{Sources, lead, subclasses};
pub(in crate::object) use union::Layout;

use super::diagnosis::Budget;
use super::reference::AnyRef;
use crate::expr::{Expr, Expression};
use crate::query::Direction;
use crate::schema::Name;

/// A query for objects of a class.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    /// The condition that they fulfil.
    pub filter: Option<Expr<Term>>,
    /// Further names for classes, for joining one twice.
    pub aliases: Vec<(Name, Name)>,
    /// Joins along relations. A row comes out for each combination.
    pub joins: Vec<Along>,
    /// Their order.
    pub order_by: Vec<(Expr<Term>, Direction)>,
    /// How many at most. With joins it counts rows.
    pub limit: Option<u64>,
    /// How many are passed over first.
    pub offset: u64,
    /// Whether equal rows come once, before the limit counts them.
    pub distinct: bool,
    /// The subclasses whose columns are read along and can be named.
    pub subclasses: Subclasses,
    /// What is loaded along, and how.
    pub loading: Loading,
    /// What happens to objects that the session holds already.
    pub existing: Existing,
    /// Whether an object that several rows lead to comes once.
    pub repeats: Repeats,
    /// The most that it may bring, with what it loads along.
    pub budget: Option<Budget>,
}

/// The subclasses whose columns a query reads along.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Subclasses {
    /// Those that the class declares.
    #[default]
    AsDeclared,
    /// All of them.
    All,
    /// These.
    These(Vec<Name>),
}

impl Subclasses {
    /// Adds what is asked elsewhere.
    pub(super) fn extend(&mut self, more: &Subclasses) {
        match (&mut *self, more) {
            (_, Subclasses::AsDeclared) | (Subclasses::All, _) => {}
            (Subclasses::These(all), Subclasses::These(more)) => all.extend(more.iter().cloned()),
            _ => self.clone_from(more),
        }
    }
}

/// What a query does to objects that the session holds already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Existing {
    /// What they have loaded stays as it is.
    #[default]
    Kept,
    /// They become what the rows say; changes that were not flushed are lost.
    Overwritten,
}

/// Whether an object that several rows lead to comes once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Repeats {
    /// Once, where it comes first.
    #[default]
    Dropped,
    /// As often as rows lead to it.
    Kept,
}

/// A join along a relation.
#[derive(Clone, Debug, PartialEq)]
pub struct Along {
    /// The class or alias whose relation it is; none stands for what the query is about.
    pub from: Option<Name>,
    /// The relation.
    pub relation: Name,
    /// Whether owners without a target come out.
    pub outer: bool,
    /// The name of the target in the query; none stands for its class.
    pub alias: Option<Name>,
    /// Only targets of this subclass.
    pub of: Option<Name>,
    /// What the target has to fulfil to be joined.
    pub filter: Option<Expr<Term>>,
}

impl Along {
    /// An inner join along a relation of what the query is about.
    pub fn new(relation: impl Into<Name>) -> Self {
        Along { from: None, relation: relation.into(), outer: false, alias: None, of: None, filter: None }
    }
}

/// A leaf of an expression over objects.
#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    /// An attribute: a column, or one that is computed from columns.
    Column {
        /// The class or alias; none stands for what the query or condition is about.
        of: Option<Name>,
        /// Its name.
        name: Name,
    },
    /// Some related object fulfils the condition, in which the target is named by its class; none asks for any at all.
    Related {
        /// The class or alias that has the relation.
        of: Option<Name>,
        /// The relation.
        relation: Name,
        /// What the related object fulfils.
        condition: Option<Box<Expr<Term>>>,
    },
    /// A collection holds an object, as the rows say.
    Contains {
        /// The class or alias that has the relation.
        of: Option<Name>,
        /// The relation.
        relation: Name,
        /// The object.
        object: AnyRef,
    },
    /// A reference leads to an object, or to none: its foreign key is compared.
    Refers {
        /// The class or alias that has the relation.
        of: Option<Name>,
        /// The relation.
        relation: Name,
        /// The object; none asks for a reference that leads nowhere.
        to: Option<AnyRef>,
    },
    /// A reference does not lead to an object, or leads to any. One that leads nowhere does not lead to an object.
    RefersElsewhere {
        /// The class or alias that has the relation.
        of: Option<Name>,
        /// The relation.
        relation: Name,
        /// The object; none asks for a reference that leads somewhere.
        than: Option<AnyRef>,
    },
    /// Another leaf, about an object as one of a subclass. Whom it is about is said by that leaf.
    Cast {
        /// The subclass.
        class: Name,
        /// What is asked of it.
        term: Box<Term>,
    },
}

impl Term {
    /// A column of what the query or condition is about.
    pub fn column(name: impl Into<Name>) -> Expr<Term> {
        Expr::Leaf(Term::Column { of: None, name: name.into() })
    }

    /// A column of a class or alias.
    pub fn column_of(of: impl Into<Name>, name: impl Into<Name>) -> Expr<Term> {
        Expr::Leaf(Term::Column { of: Some(of.into()), name: name.into() })
    }

    /// An expression, as one about what a name stands for where it says nothing else. Conditions within it that are about
    /// related objects stay about those.
    pub(in crate::object) fn named(expr: &Expr<Term>, name: &Name) -> Expr<Term> {
        Term::each(expr, |mut term| {
            term.of_mut().get_or_insert_with(|| name.clone());
            term
        })
    }

    /// An expression about objects of a subclass, as one about those of its base.
    pub(in crate::object) fn cast(expr: &Expr<Term>, class: &Name) -> Expr<Term> {
        Term::each(expr, |term| match term {
            // It is of a class further below already.
            Term::Cast { .. } => term,
            term => Term::Cast { class: class.clone(), term: Box::new(term) },
        })
    }

    fn each(expr: &Expr<Term>, change: impl Fn(Term) -> Term) -> Expr<Term> {
        let changed = expr.try_map(&mut |it: &Term| Ok::<_, std::convert::Infallible>(Expr::Leaf(change(it.clone()))));
        match changed {
            Ok(expr) => expr,
            Err(never) => match never {},
        }
    }

    /// The class or alias that it is about; none where that is what the query or condition is about.
    fn of(&self) -> Option<&Name> {
        match self {
            Term::Column { of, .. }
            | Term::Related { of, .. }
            | Term::Contains { of, .. }
            | Term::Refers { of, .. }
            | Term::RefersElsewhere { of, .. } => of.as_ref(),
            Term::Cast { term, .. } => term.of(),
        }
    }

    fn of_mut(&mut self) -> &mut Option<Name> {
        match self {
            Term::Column { of, .. }
            | Term::Related { of, .. }
            | Term::Contains { of, .. }
            | Term::Refers { of, .. }
            | Term::RefersElsewhere { of, .. } => of,
            Term::Cast { term, .. } => term.of_mut(),
        }
    }
}

impl Expression<Term> for Term {
    fn expr(self) -> Expr<Term> {
        Expr::Leaf(self)
    }
}

impl Selection {
    /// All objects of a class.
    pub fn new() -> Self {
        Selection::default()
    }

    /// Adds a condition, beside those given before.
    #[must_use]
    pub fn filter(mut self, condition: Expr<Term>) -> Self {
        self.filter = Some(match self.filter.take() {
            Some(before) => before.and(condition),
            None => condition,
        });
        self
    }

    /// Adds a join.
    #[must_use]
    pub fn join(mut self, along: Along) -> Self {
        self.joins.push(along);
        self
    }

    /// Adds an order, after those given before.
    #[must_use]
    pub fn order_by(mut self, by: Expr<Term>, direction: Direction) -> Self {
        self.order_by.push((by, direction));
        self
    }

    /// The most that the query may bring, with what it loads along.
    #[must_use]
    pub fn budget(mut self, budget: Budget) -> Self {
        self.budget = Some(budget);
        self
    }

    /// Adds a way to load a relation.
    #[must_use]
    pub fn load(mut self, option: LoadOption) -> Self {
        self.loading.options.push(option);
        self
    }
}
