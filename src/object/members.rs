//! A collection as a query: what `dynamic` and `write_only` relations are read by, and any other that is too large.

use std::marker::PhantomData;
use std::sync::Arc;

use super::class::SubclassLoad;
use super::condition::{Conditions, Orders};
use super::entity::{Entity, IsA, Many, Relation};
use super::loaded::{LoadList, Nothing, Promise};
use super::query::{LoadPath, PathOf, Query};
use super::reference::Ref;
use super::session::Session;
use super::view::{View, Views};
use crate::error::Result;

/// A query over the members of one collection, as the rows say. It reads only what it is asked for: a page of a
/// collection of a million touches the page.
///
/// ```
/// use diptych::prelude::*;
///
/// #[derive(Entity, Clone, Debug)]
/// #[has_many(posts: Post, inverse = author, lazy = write_only)]
/// struct User { #[key(auto)] id: Id<User>, name: String }
///
/// #[derive(Entity, Clone, Debug)]
/// #[belongs_to(author: User, via = author_id, inverse = posts)]
/// struct Post { #[key(auto)] id: Id<Post>, #[references(User)] author_id: Id<User>, score: i64 }
///
/// # fn main() -> Result<()> {
/// # let mut session = Database::of::<(User, Post)>()?.session();
/// let ada = session.add(User { name: "Ada".into(), ..User::draft() });
/// for score in 0..10 {
///     session.push(ada, User::posts, Post { score, ..Post::draft() })?;
/// }
/// let liked = session.query_of(ada, User::posts).filter(Post::score.ge(3));
/// assert_eq!(liked.clone().count()?, 7);
/// let best = liked.order_by(Post::score.desc()).limit(2).with(Post::author.joined()).all()?;
/// assert_eq!(best.iter().map(|it| it.score).collect::<Vec<_>>(), [9, 8]);
/// assert_eq!(best.first().expect("there are two").get(Post::author).name, "Ada");
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct MembersQuery<'s, R: Relation, L = Nothing> {
    session: &'s Session,
    owner: Ref<R::Owner>,
    query: Query<R::Target, L>,
    of: PhantomData<fn() -> R>,
}

impl Session {
    /// The members of a collection as a query.
    pub fn query_of<R: Relation<Arity = Many>>(
        &self,
        owner: Ref<impl IsA<R::Owner>>,
        relation: R,
    ) -> MembersQuery<'_, R> {
        let _ = relation;
        MembersQuery { session: self, owner: owner.upcast(), query: Query::new(), of: PhantomData }
    }
}

impl<'s, R: Relation<Arity = Many>, L: LoadList> MembersQuery<'s, R, L> {
    fn map<M>(self, change: impl FnOnce(Query<R::Target, L>) -> Query<R::Target, M>) -> MembersQuery<'s, R, M> {
        MembersQuery { session: self.session, owner: self.owner, query: change(self.query), of: PhantomData }
    }

    /// Only members that fulfil the condition.
    pub fn filter(self, condition: impl Conditions<R::Target>) -> Self {
        self.map(|it| it.filter(condition))
    }

    /// In this order, and then in the declared one.
    pub fn order_by(self, order: impl Orders<R::Target>) -> Self {
        self.map(|it| it.order_by(order))
    }

    /// At most this many.
    pub fn limit(self, limit: u64) -> Self {
        self.map(|it| it.limit(limit))
    }

    /// Without the first ones.
    pub fn offset(self, offset: u64) -> Self {
        self.map(|it| it.offset(offset))
    }

    /// Loads a relation of the members along.
    pub fn with<W: PathOf<R::Target>>(self, path: W) -> MembersQuery<'s, R, <W::Promise as Promise>::Onto<L>> {
        self.map(|it| it.with(path))
    }

    /// What a class that extends that of the members adds comes along for those of it; see
    /// [`Query::with_subclass`](super::Query::with_subclass).
    pub fn with_subclass<S: Entity + IsA<R::Target>>(self, load: SubclassLoad) -> Self {
        self.map(|it| it.with_subclass::<S>(load))
    }

    /// What every class adds that extends that of the members comes along, in the same statement.
    pub fn with_subclasses(self) -> Self {
        self.map(Query::with_subclasses)
    }

    /// Loads a relation of a class that extends that of the members, for those of it.
    pub fn with_of<S: Entity + IsA<R::Target>, T, P>(self, path: LoadPath<S, T, P>) -> Self {
        self.map(|it| it.with_of(path))
    }

    /// The members, by a statement of its own.
    ///
    /// # Errors
    /// When the owner is not of this session, has no row, or the statement fails.
    pub fn all(self) -> Result<Views<'s, R::Target, L>> {
        let owner = self.session.check(self.owner)?;
        let found = self.session.core.borrow_mut().select_related(owner, R::RELATION, &self.query.selection)?;
        L::make_sure(self.session, &found)?;
        self.session.views(Arc::new(found))
    }

    /// The first member.
    ///
    /// # Errors
    /// As [`all`](MembersQuery::all).
    pub fn first(self) -> Result<Option<View<'s, R::Target, L>>> {
        Ok(self.limit(1).all()?.first())
    }

    /// One of the pages of so many members each, counted from zero.
    ///
    /// # Errors
    /// As [`all`](MembersQuery::all).
    pub fn page(self, number: u64, size: u64) -> Result<Views<'s, R::Target, L>> {
        self.offset(number.saturating_mul(size)).limit(size).all()
    }

    /// How many members it finds, by a statement that returns one row.
    ///
    /// # Errors
    /// As [`all`](MembersQuery::all).
    pub fn count(self) -> Result<u64> {
        let owner = self.session.check(self.owner)?;
        self.session.core.borrow_mut().count_related(owner, R::RELATION, &self.query.selection)
    }
}

impl<R: Relation, L> Clone for MembersQuery<'_, R, L> {
    fn clone(&self) -> Self {
        MembersQuery { session: self.session, owner: self.owner, query: self.query.clone(), of: PhantomData }
    }
}

impl<R: Relation, L> std::fmt::Debug for MembersQuery<'_, R, L> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MembersQuery").field("owner", &self.owner).field("relation", &R::NAME).finish_non_exhaustive()
    }
}
