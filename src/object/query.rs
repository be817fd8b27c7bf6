//! Queries over a class, and what they load along.

use std::marker::PhantomData;

use super::class::Lazy;
use super::condition::{Condition, Ordering};
use super::entity::{Entity, Relation};
use super::select::{LoadOption, Selection};

/// A query for objects of a class.
#[derive(Clone, Debug)]
#[must_use]
pub struct Query<E> {
    pub(super) selection: Selection,
    of: PhantomData<fn() -> E>,
}

impl<E: Entity> Query<E> {
    /// All objects of the class.
    pub fn new() -> Self {
        Query { selection: Selection::default(), of: PhantomData }
    }

    /// Only objects that fulfil the condition, beside those given before.
    pub fn filter(mut self, condition: Condition<E>) -> Self {
        self.selection = self.selection.filter(condition.expr);
        self
    }

    /// In this order, after those given before.
    pub fn order_by(mut self, order: impl Into<Ordering<E>>) -> Self {
        let order = order.into();
        self.selection.order_by.push((order.by, order.direction));
        self
    }

    /// At most this many.
    pub fn limit(mut self, limit: u64) -> Self {
        self.selection.limit = Some(limit);
        self
    }

    /// Without the first ones.
    pub fn offset(mut self, offset: u64) -> Self {
        self.selection.offset = offset;
        self
    }

    /// Loads a relation along, or forbids touching it.
    pub fn with<T>(mut self, path: LoadPath<E, T>) -> Self {
        self.selection.loading.options.push(path.option);
        self
    }
}

impl<E: Entity> Default for Query<E> {
    fn default() -> Self {
        Query::new()
    }
}

/// A path of relations from a class `E` to a class `T`.
#[derive(Clone, Debug)]
#[must_use]
pub struct LoadPath<E, T> {
    pub(super) option: LoadOption,
    of: PhantomData<fn() -> (E, T)>,
}

impl<E, T> LoadPath<E, T> {
    /// Loads a relation of the targets as well; call it again for another one beside it.
    pub fn then<N>(mut self, next: LoadPath<T, N>) -> Self {
        self.option.then.options.push(next.option);
        self
    }
}

/// Ways to load a relation with a query.
pub trait LoadRelation: Relation {
    /// By a join in the same statement.
    fn joined(self) -> LoadPath<Self::Owner, Self::Target> {
        path::<Self>(Lazy::Joined)
    }

    /// By one more statement for each batch of keys.
    fn selectin(self) -> LoadPath<Self::Owner, Self::Target> {
        path::<Self>(Lazy::Selectin)
    }

    /// When it is touched, whatever its declaration says.
    fn lazily(self) -> LoadPath<Self::Owner, Self::Target> {
        path::<Self>(Lazy::Select)
    }

    /// Never: touching it is an error.
    fn raise(self) -> LoadPath<Self::Owner, Self::Target> {
        path::<Self>(Lazy::Raise)
    }
}

impl<R: Relation> LoadRelation for R {}

fn path<R: Relation>(strategy: Lazy) -> LoadPath<R::Owner, R::Target> {
    LoadPath { option: LoadOption::by(R::NAME, strategy), of: PhantomData }
}
