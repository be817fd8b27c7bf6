//! Hybrids: attributes that are computed, defined once and read twice, from a row at hand and within a query.
//!
//! An expression is generic in its leaf. One over [`own`] columns of an entity is evaluated on a row as it is, and becomes
//! an expression of a query by naming the same columns there: there is no second definition that could say otherwise.

use std::fmt;
use std::marker::PhantomData;

use super::condition::{Condition, Operand, Ordering};
use super::entity::{Entity, Field};
use super::select::Term;
use crate::error::{Error, Result};
use crate::expr::{Comparison, Environment, Expr, Expression, Scalar};
use crate::id::ColumnId;
use crate::query::Direction;
use crate::value::AsValue;

/// A column of the entity that a hybrid belongs to.
pub struct Own<E> {
    column: ColumnId,
    name: &'static str,
    of: PhantomData<fn() -> E>,
}

impl<E> Clone for Own<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Own<E> {}

impl<E> PartialEq for Own<E> {
    fn eq(&self, other: &Self) -> bool {
        self.column == other.column
    }
}

impl<E> fmt::Debug for Own<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl<E> Expression<Own<E>> for Own<E> {
    fn expr(self) -> Expr<Own<E>> {
        Expr::Leaf(self)
    }
}

/// A column of the entity that a hybrid belongs to.
pub fn own<F: Field>(_: F) -> Expr<Own<F::Entity>> {
    Expr::Leaf(Own { column: F::COLUMN, name: F::NAME, of: PhantomData })
}

/// A computed attribute of type `V`: a property, or, made by a function with arguments, a method.
///
/// ```
/// use diptych::object::{Hybrid, own};
/// use diptych::prelude::*;
/// use diptych::Expression as _;
///
/// #[derive(Entity, Clone, Debug)]
/// struct Post { #[key(auto)] id: Id<Post>, created: i64, score: Option<i64> }
///
/// impl Post {
///     /// A property.
///     fn weight() -> Hybrid<Post, Option<i64>> { Hybrid::new(own(Post::score).times(2)) }
///     /// A method.
///     fn is_recent(now: i64) -> Hybrid<Post, bool> { Hybrid::new(own(Post::created).gt(now - 7)) }
/// }
///
/// let mut session = Database::of::<(Post,)>()?.session();
/// session.add(Post { created: 100, score: None, ..Post::draft() });
/// let found = session.one(Post::select().filter(Post::is_recent(105).is_true()))?;
/// assert!(Post::is_recent(105).of(&found)?);
/// assert_eq!(Post::weight().of(&found)?, None, "NULL twice is NULL");
/// # Ok::<(), diptych::Error>(())
/// ```
#[must_use]
pub struct Hybrid<E, V> {
    expression: Expr<Own<E>>,
    of: PhantomData<fn() -> V>,
}

impl<E: Entity, V: AsValue> Hybrid<E, V> {
    /// What an expression over the entity's own columns is. `V` has to be an `Option` where it may be NULL.
    pub fn new(expression: Expr<Own<E>>) -> Self {
        Hybrid { expression, of: PhantomData }
    }

    /// What it is for a row.
    ///
    /// # Errors
    /// When the expression cannot be computed for these values, or `V` does not hold what comes out.
    pub fn of(&self, row: &E) -> Result<V> {
        let value = self.expression.evaluate(&Cells { row })?.into_value();
        Ok(V::from_value(value)?)
    }

    /// The expression, for use in another hybrid.
    pub fn expression(self) -> Expr<Own<E>> {
        self.expression
    }

    /// What it is for the rows of a query.
    pub(super) fn term(&self) -> Expr<Term> {
        let named = self.expression.try_map(&mut |it: &Own<E>| {
            Ok::<_, std::convert::Infallible>(Expr::Leaf(Term::Column { of: None, name: it.name.into() }))
        });
        match named {
            Ok(term) => term,
            Err(never) => match never {},
        }
    }

    /// A comparison that is chosen at run time; unknown with NULL.
    pub fn compare(self, how: Comparison, value: impl Operand<V>) -> Condition<E> {
        Condition::new(self.term().compare(how, Expr::Value(value.into_scalar())))
    }

    /// It equals a value.
    pub fn eq(self, value: impl Operand<V>) -> Condition<E> {
        self.compare(Comparison::Equal, value)
    }

    /// It is less than a value.
    pub fn lt(self, value: impl Operand<V>) -> Condition<E> {
        self.compare(Comparison::Less, value)
    }

    /// It is greater than a value.
    pub fn gt(self, value: impl Operand<V>) -> Condition<E> {
        self.compare(Comparison::Greater, value)
    }

    /// It is NULL.
    pub fn is_null(self) -> Condition<E> {
        Condition::new(self.term().is_null())
    }

    /// Least first; NULL before everything.
    pub fn asc(self) -> Ordering<E> {
        Ordering::new(self.term(), Direction::Ascending)
    }

    /// Greatest first.
    pub fn desc(self) -> Ordering<E> {
        Ordering::new(self.term(), Direction::Descending)
    }
}

impl<E: Entity> Hybrid<E, bool> {
    /// As a condition of a query.
    pub fn is_true(self) -> Condition<E> {
        Condition::new(self.term())
    }
}

impl<E: Entity> Hybrid<E, Option<bool>> {
    /// As a condition of a query: an unknown one does not hold.
    pub fn is_true(self) -> Condition<E> {
        Condition::new(self.term())
    }
}

impl<E, V> Clone for Hybrid<E, V> {
    fn clone(&self) -> Self {
        Hybrid { expression: self.expression.clone(), of: PhantomData }
    }
}

impl<E, V> fmt::Debug for Hybrid<E, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Hybrid").field(&self.expression).finish()
    }
}

/// The cells of a row, for evaluation.
struct Cells<'r, E> {
    row: &'r E,
}

impl<E: Entity> Environment<Own<E>> for Cells<'_, E> {
    fn leaf<'a>(&'a self, leaf: &'a Own<E>) -> Result<Scalar<'a>, Error> {
        Ok(Scalar::Borrowed(self.row.get(leaf.column)))
    }
}
