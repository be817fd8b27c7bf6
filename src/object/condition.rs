//! Conditions over entities: typed columns and relations become expressions that the compiler has checked.

use std::marker::PhantomData;

use super::entity::{Arity, Entity, Field, IsA, Many, Relation};
use super::reference::Ref;
use super::select::Term;
use crate::expr::{Comparison, Expr, Expression};
use crate::query::Direction;
use crate::value::AsValue;

/// A condition that objects of a class fulfil or not.
#[derive(Clone, Debug)]
#[must_use]
pub struct Condition<E> {
    pub(super) expr: Expr<Term>,
    of: PhantomData<fn() -> E>,
}

impl<E> Condition<E> {
    pub(super) fn new(expr: Expr<Term>) -> Self {
        Condition { expr, of: PhantomData }
    }

    /// The same condition of objects of a class that extends this one, or of this one.
    pub fn of<S: IsA<E>>(self) -> Condition<S> {
        Condition::new(self.expr)
    }

    /// The same condition of objects of a base: in a query on it, which then reads what the class adds along, or of what a
    /// relation to it leads to, in [`any`](ToManyCondition::any), [`has`](ToOneCondition::has), a join or a load. In objects
    /// that are not of the class, what it adds reads as NULL.
    pub fn upcast<B>(self) -> Condition<B>
    where
        E: Entity + IsA<B>,
    {
        Condition::new(Term::cast(&self.expr, &E::CLASS.into()))
    }

    /// Both hold.
    pub fn and(self, other: Condition<E>) -> Self {
        Condition::new(self.expr.and(other.expr))
    }

    /// One of both holds.
    pub fn or(self, other: Condition<E>) -> Self {
        Condition::new(self.expr.or(other.expr))
    }
}

impl<E> std::ops::Not for Condition<E> {
    type Output = Self;

    /// It does not hold.
    fn not(self) -> Self {
        Condition::new(self.expr.negated())
    }
}

/// What objects of a class fulfil or not: a condition of it, or of one of its bases.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no condition of objects of `{E}`",
    label = "not of `{E}`, nor of what it extends",
    note = "that of a class that extends `{E}` becomes one by `.upcast()`, in a query `.with_subclass::<…>(…)`"
)]
pub trait Conditions<E> {
    /// As a condition of these objects.
    fn condition(self) -> Condition<E>;
}

#[diagnostic::do_not_recommend]
impl<B, E: IsA<B>> Conditions<E> for Condition<B> {
    fn condition(self) -> Condition<E> {
        Condition::new(self.expr)
    }
}

/// What a column of type `V` can be compared with.
#[diagnostic::on_unimplemented(
    message = "a column of type `{V}` cannot be compared with `{Self}`",
    note = "a key is compared as `Id::new(1)`, the object that a relation leads to by `.is(…)` of the relation"
)]
pub trait Operand<V> {
    /// As a scalar.
    fn into_scalar(self) -> crate::value::Value;
}

impl<V: AsValue> Operand<V> for V {
    fn into_scalar(self) -> crate::value::Value {
        self.as_value().to_value()
    }
}

impl<V: AsValue> Operand<Option<V>> for V {
    fn into_scalar(self) -> crate::value::Value {
        self.as_value().to_value()
    }
}

impl Operand<String> for &str {
    fn into_scalar(self) -> crate::value::Value {
        self.into()
    }
}

impl Operand<Option<String>> for &str {
    fn into_scalar(self) -> crate::value::Value {
        self.into()
    }
}

/// An order of objects of a class.
#[derive(Clone, Debug)]
#[must_use]
pub struct Ordering<E> {
    pub(super) by: Expr<Term>,
    pub(super) direction: Direction,
    of: PhantomData<fn() -> E>,
}

impl<E> Ordering<E> {
    pub(super) fn new(by: Expr<Term>, direction: Direction) -> Self {
        Ordering { by, direction, of: PhantomData }
    }

    /// The same order in a query on a base; see [`Condition::upcast`].
    pub fn upcast<B>(self) -> Ordering<B>
    where
        E: Entity + IsA<B>,
    {
        Ordering::new(Term::cast(&self.by, &E::CLASS.into()), self.direction)
    }
}

/// Conditions and orders over one column. Comparing with NULL is unknown, as in SQL.
pub trait FieldExpression: Field {
    /// `column = value`
    fn eq(self, value: impl Operand<Self::Value>) -> Condition<Self::Entity> {
        compare(self, Comparison::Equal, value)
    }

    /// `column <> value`
    fn ne(self, value: impl Operand<Self::Value>) -> Condition<Self::Entity> {
        compare(self, Comparison::NotEqual, value)
    }

    /// `column < value`
    fn lt(self, value: impl Operand<Self::Value>) -> Condition<Self::Entity> {
        compare(self, Comparison::Less, value)
    }

    /// `column <= value`
    fn le(self, value: impl Operand<Self::Value>) -> Condition<Self::Entity> {
        compare(self, Comparison::LessOrEqual, value)
    }

    /// `column > value`
    fn gt(self, value: impl Operand<Self::Value>) -> Condition<Self::Entity> {
        compare(self, Comparison::Greater, value)
    }

    /// `column >= value`
    fn ge(self, value: impl Operand<Self::Value>) -> Condition<Self::Entity> {
        compare(self, Comparison::GreaterOrEqual, value)
    }

    /// `column IS NULL`
    fn is_null(self) -> Condition<Self::Entity> {
        Condition::new(leaf(self).is_null())
    }

    /// `column IS NOT NULL`
    fn is_not_null(self) -> Condition<Self::Entity> {
        Condition::new(leaf(self).is_not_null())
    }

    /// `column IN (…)`
    fn in_list<V: Operand<Self::Value>>(self, values: impl IntoIterator<Item = V>) -> Condition<Self::Entity> {
        Condition::new(leaf(self).in_list(values.into_iter().map(|it| Expr::Value(it.into_scalar()))))
    }

    /// `column LIKE pattern`
    fn like(self, pattern: &str) -> Condition<Self::Entity> {
        Condition::new(leaf(self).like(pattern))
    }

    /// Least first; NULL before everything.
    fn asc(self) -> Ordering<Self::Entity> {
        Ordering { by: leaf(self), direction: Direction::Ascending, of: PhantomData }
    }

    /// Greatest first.
    fn desc(self) -> Ordering<Self::Entity> {
        Ordering { by: leaf(self), direction: Direction::Descending, of: PhantomData }
    }
}

impl<F: Field> FieldExpression for F {}

fn leaf<F: Field>(_: F) -> Expr<Term> {
    Expr::Leaf(Term::Column { of: None, name: F::NAME.into() })
}

fn compare<F: Field>(field: F, how: Comparison, value: impl Operand<F::Value>) -> Condition<F::Entity> {
    Condition::new(leaf(field).compare(how, Expr::Value(value.into_scalar())))
}

/// A column orders by its least value first.
impl<F: Field> From<F> for Ordering<F::Entity> {
    fn from(field: F) -> Self {
        field.asc()
    }
}

/// What orders objects of a class: a column, or an order, of it or of one of its bases.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not order objects of `{E}`",
    label = "not of `{E}`, nor of what it extends",
    note = "what a class that extends `{E}` adds orders them by `.asc().upcast()` or `.desc().upcast()`"
)]
pub trait Orders<E> {
    /// As an order of these objects.
    fn ordering(self) -> Ordering<E>;
}

#[diagnostic::do_not_recommend]
impl<B, E: IsA<B>> Orders<E> for Ordering<B> {
    fn ordering(self) -> Ordering<E> {
        Ordering::new(self.by, self.direction)
    }
}

#[diagnostic::do_not_recommend]
impl<F: Field, E: IsA<F::Entity>> Orders<E> for F {
    fn ordering(self) -> Ordering<E> {
        self.asc().ordering()
    }
}

/// Conditions over what a reference leads to.
pub trait ToOneCondition: Relation {
    /// It leads to an object that fulfils the condition.
    fn has<B>(self, condition: Condition<B>) -> Condition<Self::Owner>
    where
        Self::Target: IsA<B>,
    {
        related::<Self>(Some(condition.of()))
    }

    /// It leads to this object: its foreign key is compared.
    fn is(self, target: Ref<impl IsA<Self::Target>>) -> Condition<Self::Owner> {
        let to = Some(target.untyped());
        Condition::new(Expr::Leaf(Term::Refers { of: None, relation: Self::NAME.into(), to }))
    }

    /// It leads nowhere.
    fn is_none(self) -> Condition<Self::Owner> {
        Condition::new(Expr::Leaf(Term::Refers { of: None, relation: Self::NAME.into(), to: None }))
    }

    /// It leads to an object at all.
    fn is_present(self) -> Condition<Self::Owner> {
        related::<Self>(None)
    }
}

impl<R: Relation> ToOneCondition for R where R::Arity: ToOne {}

/// Arities that lead to one object at most.
pub trait ToOne: Arity {}

impl ToOne for super::entity::Required {}

impl ToOne for super::entity::Optional {}

/// Conditions over the members of a collection.
pub trait ToManyCondition: Relation<Arity = Many> {
    /// Some member fulfils the condition.
    fn any<B>(self, condition: Condition<B>) -> Condition<Self::Owner>
    where
        Self::Target: IsA<B>,
    {
        related::<Self>(Some(condition.of()))
    }

    /// This object is a member, as the rows say.
    fn contains(self, member: Ref<impl IsA<Self::Target>>) -> Condition<Self::Owner> {
        let object = member.untyped();
        Condition::new(Expr::Leaf(Term::Contains { of: None, relation: Self::NAME.into(), object }))
    }

    /// It has a member.
    fn is_not_empty(self) -> Condition<Self::Owner> {
        related::<Self>(None)
    }
}

impl<R: Relation<Arity = Many>> ToManyCondition for R {}

fn related<R: Relation>(condition: Option<Condition<R::Target>>) -> Condition<R::Owner> {
    let condition = condition.map(|it| Box::new(it.expr));
    Condition::new(Expr::Leaf(Term::Related { of: None, relation: R::NAME.into(), condition }))
}
