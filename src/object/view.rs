//! What reading and changing hand out: views that borrow the session shared, and a guard that borrows it exclusively.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::sync::Arc;

use super::entity::{Arity, Entity, Many, Optional, Relation, Required};
use super::reference::{ObjectKey, Ref};
use super::session::Session;
use crate::error::Result;

/// An object as it was when the view was made: derefs to the struct, leads to related objects.
pub struct View<'s, T> {
    pub(super) session: &'s Session,
    pub(super) key: ObjectKey,
    pub(super) entity: &'s T,
}

impl<'s, T: Entity> View<'s, T> {
    /// The reference that outlives the view.
    pub fn reference(&self) -> Ref<T> {
        self.session.refer(self.key)
    }

    /// The struct, for as long as the session is borrowed.
    pub fn get(&self) -> &'s T {
        self.entity
    }

    /// What a relation leads to, read if need be: a view, an optional view, or the views of a collection.
    ///
    /// # Errors
    /// When the relation was declared or queried with `raise`, or reading fails.
    #[track_caller]
    pub fn load<R>(&self, relation: R) -> Result<<R::Arity as Loads>::Output<'s, R::Target>>
    where
        R: Relation<Owner = T>,
        R::Arity: Loads,
    {
        let _ = relation;
        R::Arity::load::<R>(self.session, self.key)
    }

    /// What a relation leads to, without a statement.
    ///
    /// # Errors
    /// When it is not loaded.
    pub fn loaded<R>(&self, relation: R) -> Result<<R::Arity as Loads>::Output<'s, R::Target>>
    where
        R: Relation<Owner = T>,
        R::Arity: Loads,
    {
        let _ = relation;
        R::Arity::loaded::<R>(self.session, self.key)
    }
}

impl<T> Deref for View<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.entity
    }
}

impl<T> Clone for View<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for View<'_, T> {}

impl<T: fmt::Debug> fmt::Debug for View<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.entity.fmt(f)
    }
}

impl<T> PartialEq for View<'_, T> {
    /// Whether both are views of the same object.
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.session.id == other.session.id
    }
}

/// The members of a collection or of a result, as views.
pub struct Views<'s, T> {
    pub(super) session: &'s Session,
    pub(super) members: Arc<Vec<ObjectKey>>,
    pub(super) of: PhantomData<fn() -> T>,
}

impl<'s, T: Entity> Views<'s, T> {
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
    pub fn iter(&self) -> impl ExactSizeIterator<Item = View<'s, T>> + use<'_, 's, T> {
        self.members.iter().map(|&key| self.session.view_of(key))
    }

    /// The first one.
    pub fn first(&self) -> Option<View<'s, T>> {
        self.members.first().map(|&key| self.session.view_of(key))
    }
}

impl<'s, T: Entity> IntoIterator for Views<'s, T> {
    type Item = View<'s, T>;
    type IntoIter = IntoViews<'s, T>;

    fn into_iter(self) -> Self::IntoIter {
        IntoViews { views: self, at: 0 }
    }
}

impl<'s, T: Entity> IntoIterator for &Views<'s, T> {
    type Item = View<'s, T>;
    type IntoIter = IntoViews<'s, T>;

    fn into_iter(self) -> Self::IntoIter {
        let (session, members) = (self.session, self.members.clone());
        IntoViews { views: Views { session, members, of: PhantomData }, at: 0 }
    }
}

impl<T: Entity + fmt::Debug> fmt::Debug for Views<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Walks the views of a collection.
pub struct IntoViews<'s, T> {
    views: Views<'s, T>,
    at: usize,
}

impl<'s, T: Entity> Iterator for IntoViews<'s, T> {
    type Item = View<'s, T>;

    fn next(&mut self) -> Option<View<'s, T>> {
        let key = *self.views.members.get(self.at)?;
        self.at += 1;
        Some(self.views.session.view_of(key))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.views.members.len() - self.at;
        (left, Some(left))
    }
}

impl<T: Entity> ExactSizeIterator for IntoViews<'_, T> {}

/// How a relation of an arity is read.
pub trait Loads: Arity {
    /// What reading gives.
    type Output<'s, T: Entity>;

    #[doc(hidden)]
    #[track_caller]
    fn load<R: Relation>(session: &Session, key: ObjectKey) -> Result<Self::Output<'_, R::Target>>;

    #[doc(hidden)]
    fn loaded<R: Relation>(session: &Session, key: ObjectKey) -> Result<Self::Output<'_, R::Target>>;
}

impl Loads for Required {
    type Output<'s, T: Entity> = View<'s, T>;

    fn load<R: Relation>(session: &Session, key: ObjectKey) -> Result<View<'_, R::Target>> {
        let target = session.called_from(Location::caller()).told(|core| core.load_one(key, R::RELATION))?;
        session.required::<R>(key, target)
    }

    fn loaded<R: Relation>(session: &Session, key: ObjectKey) -> Result<View<'_, R::Target>> {
        let target = session.known_one(key, R::RELATION)?;
        session.required::<R>(key, target)
    }
}

impl Loads for Optional {
    type Output<'s, T: Entity> = Option<View<'s, T>>;

    fn load<R: Relation>(session: &Session, key: ObjectKey) -> Result<Option<View<'_, R::Target>>> {
        let target = session.called_from(Location::caller()).told(|core| core.load_one(key, R::RELATION))?;
        target.map(|key| session.view(key)).transpose()
    }

    fn loaded<R: Relation>(session: &Session, key: ObjectKey) -> Result<Option<View<'_, R::Target>>> {
        let target = session.known_one(key, R::RELATION)?;
        target.map(|key| session.view(key)).transpose()
    }
}

impl Loads for Many {
    type Output<'s, T: Entity> = Views<'s, T>;

    fn load<R: Relation>(session: &Session, key: ObjectKey) -> Result<Views<'_, R::Target>> {
        let members = session.called_from(Location::caller()).told(|core| core.load_many(key, R::RELATION))?;
        session.views(members)
    }

    fn loaded<R: Relation>(session: &Session, key: ObjectKey) -> Result<Views<'_, R::Target>> {
        let members = session.known_many(key, R::RELATION)?;
        session.views(members)
    }
}

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
