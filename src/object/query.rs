//! Queries over a class, and what they load along.

use std::marker::PhantomData;

use super::class::Lazy;
use super::condition::{Condition, Ordering};
use super::entity::{Entity, Field, Relation};
use super::select::{Depth, Existing, LoadOption, PerOwner, Selection, Step, Strategy};
use crate::expr::Expression;
use crate::query::Direction;

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

    /// Lets objects that the session holds already become what the rows say. Changes that were not flushed are lost.
    pub fn overwriting(mut self) -> Self {
        self.selection.existing = Existing::Overwritten;
        self
    }

    /// How every relation is loaded, by objects of this class and by what is loaded with them, that no
    /// [`with`](Query::with) names: `Lazy::Raise` makes a query that shows every access nobody has planned.
    pub fn otherwise(mut self, lazy: Lazy) -> Self {
        self.selection.loading.options.push(LoadOption::new(Step::Rest, Strategy::By(lazy)));
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

    /// Only targets that fulfil the condition become members.
    pub fn filter(mut self, condition: Condition<T>) -> Self {
        self.option.filter = Some(match self.option.filter.take() {
            Some(before) => before.and(condition.expr),
            None => condition.expr,
        });
        self
    }

    /// Each owner gets so many members at most, the first ones in the order of these columns and then in the declared
    /// one. Not for joined loads.
    pub fn first<F: Field<Entity = T>>(mut self, limit: u64, order: impl IntoIterator<Item = (F, Direction)>) -> Self {
        let order_by = order.into_iter().map(|(_, direction)| (F::NAME.into(), direction)).collect();
        self.option.per_owner = Some(PerOwner { limit, order_by });
        self
    }

    /// Leaves out owners without a target; for joined loads.
    pub fn inner(mut self) -> Self {
        self.option.inner = true;
        self
    }

    /// Follows a self-reference with the same strategy.
    pub fn depth(mut self, depth: Depth) -> Self {
        self.option.depth = Some(depth);
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

    /// By one more statement, however many objects there are.
    fn subquery(self) -> LoadPath<Self::Owner, Self::Target> {
        path::<Self>(Lazy::Subquery)
    }

    /// At once, by one statement for each object.
    fn immediate(self) -> LoadPath<Self::Owner, Self::Target> {
        path::<Self>(Lazy::Immediate)
    }

    /// Not at all: it is none or empty.
    fn noload(self) -> LoadPath<Self::Owner, Self::Target> {
        path::<Self>(Lazy::Noload)
    }

    /// Never by a statement: touching it is an error unless the session knows the target.
    fn raise_on_sql(self) -> LoadPath<Self::Owner, Self::Target> {
        path::<Self>(Lazy::RaiseOnSql)
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
