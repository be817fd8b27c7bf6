//! Rows of a class changed many at a time, by one statement and without an object for each: typed. What the session
//! holds of them can follow; see [`Synchronize`].

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::condition::Operand;
use super::entity::{Entity, Field, IsA};
use super::hybrid::Hybrid;
use super::query::Query;
use super::select::{Selection, Synchronize, Term};
use super::session::Session;
use crate::error::{Misuse, Result};
use crate::expr::Expr;
use crate::record::{Row, seen_as};
use crate::schema::Name;
use crate::value::AsValue;

/// What a column of many rows becomes.
#[must_use]
pub struct Assignment<E> {
    column: Name,
    value: Expr<Term>,
    of: PhantomData<fn() -> E>,
}

/// Columns, as what many rows get other values of.
pub trait FieldAssignment: Field {
    /// The column becomes this value.
    fn becomes(self, value: impl Operand<Self::Value>) -> Assignment<Self::Entity> {
        Assignment { column: Self::NAME.into(), value: Expr::Value(value.into_scalar()), of: PhantomData }
    }

    /// The column becomes what is computed from the columns of its row, as they were before the statement.
    fn becomes_computed<V: AsValue>(self, by: Hybrid<Self::Entity, V>) -> Assignment<Self::Entity> {
        Assignment { column: Self::NAME.into(), value: by.term(), of: PhantomData }
    }
}

impl<F: Field> FieldAssignment for F {}

impl<E> Assignment<E> {
    /// The same assignment in rows of a class that extends this one.
    pub fn of_subclass<S: Entity + IsA<E>>(self) -> Assignment<S> {
        Assignment { column: self.column, value: self.value, of: PhantomData }
    }
}

impl Session {
    /// Gives all rows that a query finds other values, by one statement: no cascade and no event of an object has a part in
    /// it. What is pending is flushed first, if the session flushes by itself. Returns how many rows there were. A condition of
    /// a subclass that is cast to the class ([`Condition::upcast`](super::Condition::upcast)) is asked in the tables of that.
    ///
    /// ```
    /// use diptych::Expression;
    /// use diptych::object::{FieldAssignment, Hybrid, Synchronize, own};
    /// use diptych::prelude::*;
    ///
    /// #[derive(Entity, Clone, Debug)]
    /// struct Post { #[key(auto)] id: Id<Post>, score: i64, hidden: bool }
    ///
    /// # fn main() -> Result<()> {
    /// let mut session = Database::of::<(Post,)>()?.session();
    /// let made = session.insert_many((0..5).map(|score| Post { score, ..Post::draft() }))?;
    /// assert_eq!(made.last().map(|it| it.id), Some(Id::new(5)));
    /// let low = session.find::<Post>(1)?.expect("it is there").reference();
    /// let one_more = Hybrid::<_, i64>::new(own(Post::score).plus(1));
    /// let changes = [Post::hidden.becomes(true), Post::score.becomes_computed(one_more)];
    /// let changed = session.update_where(Post::select().filter(Post::score.lt(2)), changes, Synchronize::Auto)?;
    /// assert_eq!((changed, session.get(low)?.score), (2, 1));
    /// assert_eq!(session.delete_where(Post::select().filter(Post::hidden.eq(true)), Synchronize::Auto)?, 2);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the query asks for more than a condition can say, the statement fails, or objects cannot follow it as asked.
    #[track_caller]
    pub fn update_where<T: Entity>(
        &mut self,
        query: Query<T>,
        changes: impl IntoIterator<Item = Assignment<T>>,
        synchronize: Synchronize,
    ) -> Result<u64> {
        let class = self.class_of::<T>()?;
        let filter = condition_alone(query.selection)?;
        let changes: Vec<Assignment<T>> = changes.into_iter().collect();
        let values: Vec<(&str, Expr<Term>)> = changes.iter().map(|it| (&*it.column, it.value.clone())).collect();
        self.exclusive_here().update_where(class, &values, filter.as_ref(), synchronize)
    }

    /// Deletes all objects that a query finds, by one statement: no cascade and no event of an object has a part in it; the
    /// actions of foreign keys have, and objects of the session whose rows they change or remove follow. Returns how many
    /// there were. Of objects in joined tables all rows go: by the key that joins them, which cascades where it is a
    /// derived class's, or else by one statement for each table. SQLAlchemy deletes
    /// from the table of the class alone.
    ///
    /// # Errors
    /// As [`update_where`](Session::update_where).
    #[track_caller]
    pub fn delete_where<T: Entity>(&mut self, query: Query<T>, synchronize: Synchronize) -> Result<u64> {
        let class = self.class_of::<T>()?;
        let filter = condition_alone(query.selection)?;
        self.exclusive_here().delete_where(class, filter.as_ref(), synchronize)
    }

    /// Inserts rows, by one statement for each table that they stand in, and makes no objects of them. Returns them as the
    /// tables hold them, with the keys that were given; collections that are loaded do not follow, and listeners to
    /// objects, rules among them, are not asked; the rules of the tables are. What is pending is flushed
    /// first, if the session flushes by itself. All of them are inserted, or none.
    ///
    /// # Errors
    /// When the database was made without the class, or a row is refused.
    #[track_caller]
    pub fn insert_many<T: Entity>(&mut self, rows: impl IntoIterator<Item = T>) -> Result<Vec<T>> {
        let class = self.class_of::<T>()?;
        let rows: Vec<Row> = rows.into_iter().map(|it| Arc::new(it) as Row).collect();
        let rows = self.exclusive_here().insert_many(class, rows)?;
        let given = || Misuse::WrongClass { expected: T::CLASS.to_owned(), given: "another class".to_owned() };
        rows.iter().map(|it| seen_as::<T>(&**it).cloned().ok_or_else(|| given().into())).collect()
    }
}

/// The condition of a query that asks for nothing else.
fn condition_alone(selection: Selection) -> Result<Option<Expr<Term>>> {
    let Selection { filter, .. } = &selection;
    let alone = Selection { filter: filter.clone(), ..Selection::default() };
    if alone == selection {
        return Ok(selection.filter);
    }
    let reason = "a statement on many rows takes the condition of a query, and no order, limit, join or loading";
    Err(Misuse::Statement { reason: reason.to_owned() }.into())
}

impl<E> Clone for Assignment<E> {
    fn clone(&self) -> Self {
        Assignment { column: self.column.clone(), value: self.value.clone(), of: PhantomData }
    }
}

impl<E> fmt::Debug for Assignment<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Assignment").field(&self.column).field(&self.value).finish()
    }
}
