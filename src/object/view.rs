//! What reading and changing hand out: views that borrow the session shared, and a guard that borrows it exclusively.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::sync::Arc;

use super::entity::{Arity, Entity, IsA, Many, Optional, Relation, Required};
use super::loaded::{Includes, Loaded, Nothing, With};
use super::reference::{ObjectKey, Ref};
use super::session::{Beside, Session};
use crate::error::Result;

/// An object as it was when the view was made: derefs to the struct, leads to related objects.
///
/// Its type says what the query has loaded with it (`L`), and that is what [`get`](View::get) answers. Nothing can be
/// unloaded under it, because it borrows the session (O8). A `View<'_, Post>` says nothing; any view becomes one by
/// `into()`.
pub struct View<'s, T, L = Nothing> {
    pub(super) session: &'s Session,
    pub(super) key: ObjectKey,
    pub(super) entity: &'s T,
    pub(super) loaded: PhantomData<fn() -> L>,
}

/// What a relation leads to, with `B` loaded behind it.
pub type Got<'s, R, B> = <<R as Relation>::Arity as Loads>::Output<'s, <R as Relation>::Target, B>;

impl<'s, T: Entity, L> View<'s, T, L> {
    /// The reference that outlives the view.
    pub fn reference(&self) -> Ref<T> {
        self.session.refer(self.key)
    }

    /// The struct, for as long as the session is borrowed.
    pub fn entity(&self) -> &'s T {
        self.entity
    }

    /// What a relation leads to that the query has loaded: a view, an optional view, or the views of a collection. It
    /// runs no statement and cannot fail; what the query did not load does not compile. As the session shows it: with
    /// what has been linked and not been flushed, and within what the first query that loaded the relation asked for.
    ///
    /// ```
    /// use diptych::prelude::*;
    ///
    /// #[derive(Entity, Clone, Debug)]
    /// #[has_many(posts: Post, inverse = author)]
    /// struct User { #[key(auto)] id: Id<User>, name: String }
    ///
    /// #[derive(Entity, Clone, Debug)]
    /// #[belongs_to(author: User, via = author_id, inverse = posts)]
    /// struct Post { #[key(auto)] id: Id<Post>, #[references(User)] author_id: Id<User>, title: String }
    ///
    /// # fn main() -> Result<()> {
    /// # let database = Database::of::<(User, Post)>()?;
    /// # let mut session = database.session();
    /// # let ada = session.add(User { name: "Ada".into(), ..User::draft() });
    /// # session.push(ada, User::posts, Post { title: "Notes".into(), ..Post::draft() })?;
    /// let users = session.all(User::select().with(User::posts.selectin().then(Post::author.joined())))?;
    /// for user in &users {
    ///     for post in user.get(User::posts) {
    ///         assert_eq!(post.get(Post::author).name, user.name);
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[rustfmt::skip] // The compiler quotes these lines beside a relation that is not loaded: one is enough.
    #[inline]
    pub fn get<R: Relation, B, I>(&self, relation: R) -> Got<'s, R, B> where Loaded<L>: Includes<T, R, B, I> {
        let _ = relation;
        R::Arity::got::<R, B>(self.session, self.key)
    }

    /// What a relation leads to, read if need be: a view, an optional view, or the views of a collection.
    ///
    /// # Errors
    /// When the relation was declared or queried with `raise`, or reading fails.
    #[track_caller]
    pub fn load<R: Relation>(&self, relation: R) -> Result<Got<'s, R, Nothing>>
    where
        T: IsA<R::Owner>,
    {
        let _ = relation;
        R::Arity::load::<R>(self.session, self.key)
    }

    /// What a relation leads to, without a statement.
    ///
    /// # Errors
    /// When it is not loaded.
    pub fn loaded<R: Relation>(&self, relation: R) -> Result<Got<'s, R, Nothing>>
    where
        T: IsA<R::Owner>,
    {
        let _ = relation;
        R::Arity::loaded::<R>(self.session, self.key)
    }
}

impl<T, L> Deref for View<'_, T, L> {
    type Target = T;

    fn deref(&self) -> &T {
        self.entity
    }
}

impl<T, L> Clone for View<'_, T, L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, L> Copy for View<'_, T, L> {}

impl<T: fmt::Debug, L> fmt::Debug for View<'_, T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.entity.fmt(f)
    }
}

impl<T, L, M> PartialEq<View<'_, T, M>> for View<'_, T, L> {
    /// Whether both are views of the same object.
    fn eq(&self, other: &View<'_, T, M>) -> bool {
        self.key == other.key && self.session.id == other.session.id
    }
}

impl<'s, T, R, B, L> From<View<'s, T, With<R, B, L>>> for View<'s, T> {
    fn from(view: View<'s, T, With<R, B, L>>) -> Self {
        View { session: view.session, key: view.key, entity: view.entity, loaded: PhantomData }
    }
}

/// The members of a collection or of a result, as views, which all say that `L` is loaded.
pub struct Views<'s, T, L = Nothing> {
    pub(super) session: &'s Session,
    pub(super) members: Arc<Vec<ObjectKey>>,
    pub(super) of: PhantomData<fn() -> (T, L)>,
}

impl<'s, T: Entity, L> Views<'s, T, L> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The references that outlive the views.
    pub fn references(&self) -> Vec<Ref<T>> {
        self.members.iter().map(|&key| self.session.refer(key)).collect()
    }

    /// The views, one after the other.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = View<'s, T, L>> + use<'_, 's, T, L> {
        let (session, mut beside) = (self.session, Beside::default());
        self.members.iter().map(move |&key| session.view_beside(&mut beside, key))
    }

    /// The first one.
    pub fn first(&self) -> Option<View<'s, T, L>> {
        self.members.first().map(|&key| self.session.view_of(key))
    }
}

impl<'s, T, R, B, L> From<Views<'s, T, With<R, B, L>>> for Views<'s, T> {
    fn from(views: Views<'s, T, With<R, B, L>>) -> Self {
        Views { session: views.session, members: views.members, of: PhantomData }
    }
}

impl<T, L> Clone for Views<'_, T, L> {
    fn clone(&self) -> Self {
        Views { session: self.session, members: self.members.clone(), of: PhantomData }
    }
}

impl<'s, T: Entity, L> IntoIterator for Views<'s, T, L> {
    type Item = View<'s, T, L>;
    type IntoIter = IntoViews<'s, T, L>;

    fn into_iter(self) -> Self::IntoIter {
        IntoViews { views: self, at: 0, beside: Beside::default() }
    }
}

impl<'s, T: Entity, L> IntoIterator for &Views<'s, T, L> {
    type Item = View<'s, T, L>;
    type IntoIter = IntoViews<'s, T, L>;

    fn into_iter(self) -> Self::IntoIter {
        IntoViews { views: self.clone(), at: 0, beside: Beside::default() }
    }
}

impl<T: Entity + fmt::Debug, L> fmt::Debug for Views<'_, T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Walks the views of a collection.
pub struct IntoViews<'s, T, L = Nothing> {
    views: Views<'s, T, L>,
    at: usize,
    beside: Beside<'s>,
}

impl<'s, T: Entity, L> Iterator for IntoViews<'s, T, L> {
    type Item = View<'s, T, L>;

    fn next(&mut self) -> Option<View<'s, T, L>> {
        let key = *self.views.members.get(self.at)?;
        self.at += 1;
        Some(self.views.session.view_beside(&mut self.beside, key))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.views.members.len() - self.at;
        (left, Some(left))
    }
}

impl<T: Entity, L> ExactSizeIterator for IntoViews<'_, T, L> {}

/// How a relation of an arity is read.
pub trait Loads: Arity {
    /// What reading gives.
    type Output<'s, T: Entity, L>;

    #[doc(hidden)]
    #[track_caller]
    fn load<R: Relation>(session: &Session, key: ObjectKey) -> Result<Self::Output<'_, R::Target, Nothing>>;

    #[doc(hidden)]
    fn loaded<R: Relation>(session: &Session, key: ObjectKey) -> Result<Self::Output<'_, R::Target, Nothing>>;

    #[doc(hidden)]
    fn got<R: Relation, L>(session: &Session, key: ObjectKey) -> Self::Output<'_, R::Target, L>;
}

impl Loads for Required {
    type Output<'s, T: Entity, L> = View<'s, T, L>;

    fn load<R: Relation>(session: &Session, key: ObjectKey) -> Result<View<'_, R::Target>> {
        if let Some((target, row)) = session.target_at_hand(key, R::RELATION) {
            return session.viewed(target, row);
        }
        let target =
            session.called_from(Location::caller()).told_while_shared(|core| core.load_one(key, R::RELATION))?;
        session.required::<R>(key, target)
    }

    fn loaded<R: Relation>(session: &Session, key: ObjectKey) -> Result<View<'_, R::Target>> {
        let target = session.known_one(key, R::RELATION)?;
        session.required::<R>(key, target)
    }

    #[inline]
    fn got<R: Relation, L>(session: &Session, key: ObjectKey) -> View<'_, R::Target, L> {
        if let Some((target, row)) = session.target_at_hand(key, R::RELATION) {
            return session.viewed(target, row).expect(PROMISED);
        }
        let target = session.known_one(key, R::RELATION).expect(PROMISED);
        session.view_of(target.expect(PROMISED))
    }
}

impl Loads for Optional {
    type Output<'s, T: Entity, L> = Option<View<'s, T, L>>;

    fn load<R: Relation>(session: &Session, key: ObjectKey) -> Result<Option<View<'_, R::Target>>> {
        if let Some((target, row)) = session.target_at_hand(key, R::RELATION) {
            return session.viewed(target, row).map(Some);
        }
        let target =
            session.called_from(Location::caller()).told_while_shared(|core| core.load_one(key, R::RELATION))?;
        target.map(|key| session.view(key)).transpose()
    }

    fn loaded<R: Relation>(session: &Session, key: ObjectKey) -> Result<Option<View<'_, R::Target>>> {
        let target = session.known_one(key, R::RELATION)?;
        target.map(|key| session.view(key)).transpose()
    }

    #[inline]
    fn got<R: Relation, L>(session: &Session, key: ObjectKey) -> Option<View<'_, R::Target, L>> {
        if let Some((target, row)) = session.target_at_hand(key, R::RELATION) {
            return Some(session.viewed(target, row).expect(PROMISED));
        }
        let target = session.known_one(key, R::RELATION).expect(PROMISED);
        target.map(|key| session.view_of(key))
    }
}

impl Loads for Many {
    type Output<'s, T: Entity, L> = Views<'s, T, L>;

    fn load<R: Relation>(session: &Session, key: ObjectKey) -> Result<Views<'_, R::Target>> {
        let members =
            session.called_from(Location::caller()).told_while_shared(|core| core.load_many(key, R::RELATION))?;
        session.views(members)
    }

    fn loaded<R: Relation>(session: &Session, key: ObjectKey) -> Result<Views<'_, R::Target>> {
        let members = session.known_many(key, R::RELATION)?;
        session.views(members)
    }

    #[inline]
    fn got<R: Relation, L>(session: &Session, key: ObjectKey) -> Views<'_, R::Target, L> {
        let members = session.known_many(key, R::RELATION).expect(PROMISED);
        Views { session, members, of: PhantomData }
    }
}

/// Why what a view promises can be counted on.
const PROMISED: &str = "the query has made sure of it, and nothing is unloaded while the session is borrowed (O8)";

/// An object for changing: `&mut` to the struct for as long as the guard lives. The next flush writes the columns that
/// differ from what was read.
#[derive(Debug)]
pub struct Edit<'s, T> {
    pub(super) entity: &'s mut T,
}

impl<T> Deref for Edit<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.entity
    }
}

impl<T> DerefMut for Edit<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.entity
    }
}
