//! Relations of which a query has brought a part: a restricted load, a join of its own, or none of it. What a reader is
//! shown is that part; a unit of work that is about the whole reads the rest first.

use std::collections::HashSet;

use rustc_hash::FxBuildHasher;

use super::entity::{IsA, Relation};
use super::graph::Graph;
use super::links::{Link, Since};
use super::reference::{ObjectKey, Ref};
use super::session::Session;
use super::view::View;
use crate::error::Result;
use crate::id::RelationId;

/// Relations of objects that are loaded in part. One that has been unloaded since may still stand here: whoever fills it
/// again says anew whether it is whole.
pub(super) type Partial = HashSet<(ObjectKey, RelationId), FxBuildHasher>;

impl Graph {
    /// Notes that what is known of a relation may be a part of it.
    pub(super) fn note_partial(&mut self, key: ObjectKey, relation: RelationId) {
        if self.is_loaded(key, relation) {
            self.partial.insert((key, relation));
        }
    }

    /// Notes that a relation is filled, with the whole for all that is known.
    #[inline]
    pub(super) fn note_filled_whole(&mut self, key: ObjectKey, relation: RelationId) {
        if !self.partial.is_empty() {
            self.partial.remove(&(key, relation));
        }
    }

    /// Whether a relation is loaded, and a query has restricted what it brought of it.
    #[inline]
    pub(super) fn is_partial(&self, key: ObjectKey, relation: RelationId) -> bool {
        !self.partial.is_empty() && self.partial.contains(&(key, relation)) && self.is_loaded(key, relation)
    }

    /// Whether all that a relation leads to is known. In the manner of SQLAlchemy what a query has brought is all.
    #[inline]
    pub(super) fn is_known_whole(&self, key: ObjectKey, relation: RelationId) -> bool {
        self.is_loaded(key, relation) && !(self.is_sound() && self.is_partial(key, relation))
    }

    /// Lets a relation that is loaded in part count as not loaded, with what was changed of it waiting.
    pub(super) fn set_part_aside(&mut self, key: ObjectKey, relation: RelationId) {
        if !self.is_sound() || !self.is_partial(key, relation) {
            return;
        }
        self.partial.remove(&(key, relation));
        match self.link_mut(key, relation) {
            Link::Many(collection) => collection.set_aside(),
            // Whom the part has not shown may have been the partner before.
            Link::One { since: since @ Since::Changed(None), .. } => *since = Since::ChangedUnread,
            Link::One { since: Since::Changed(_) | Since::ChangedUnread, .. } => {}
            link => *link = Link::Unloaded,
        }
    }

    /// Forgets an object.
    pub(super) fn forget_partial(&mut self, key: ObjectKey) {
        if self.partial.is_empty() {
            return;
        }
        for relation in &self.model.class(self.objects[key].class).relations {
            self.partial.remove(&(key, relation.id));
        }
    }
}

impl Session {
    /// Whether an object's relation shows a part of what it leads to, because the query that loaded it has restricted it:
    /// by a filter, to the first ones, to a subclass, to what its own join finds, or to nothing (`noload`).
    ///
    /// Readers are shown that part until the relation is expired. Verbs that are about the whole read the rest first:
    /// `delete` with its cascades, `replace`, `clear`, and a flush that lets go of what stays behind.
    ///
    /// ```
    /// use diptych::prelude::*;
    ///
    /// #[derive(Entity, Clone, Debug)]
    /// #[has_many(posts: Post, inverse = author, cascade(all))]
    /// struct User { #[key(auto)] id: Id<User> }
    ///
    /// #[derive(Entity, Clone, Debug)]
    /// #[belongs_to(author: User, inverse = posts)]
    /// struct Post { #[key(auto)] id: Id<Post>, #[references(User)] author_id: Id<User>, score: i64 }
    ///
    /// # fn main() -> Result<()> {
    /// let database = Database::of::<(User, Post)>()?;
    /// let mut session = database.session();
    /// let ada = session.add(User::draft());
    /// for score in 0..5 {
    ///     session.push(ada, User::posts, Post { score, ..Post::draft() })?;
    /// }
    /// session.commit()?;
    /// let good = Post::score.gt(3);
    /// let ada = session.one(User::select().with(User::posts.selectin().filter(good)))?.reference();
    /// assert_eq!(session.get(ada)?.loaded(User::posts)?.len(), 1);
    /// assert!(session.is_partial(ada, User::posts)?);
    /// session.delete(ada)?;
    /// session.commit()?;
    /// assert_eq!(session.count(Post::select())?, 0, "those that were not shown went, too");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the reference is stale or of another session.
    pub fn is_partial<R: Relation>(&self, object: Ref<impl IsA<R::Owner>>, relation: R) -> Result<bool> {
        let _ = relation;
        let key = self.check(object)?;
        Ok(self.core.borrow().graph.is_partial(key, R::RELATION))
    }
}

impl<T, L> View<'_, T, L> {
    /// Whether a relation shows a part of what it leads to; see [`Session::is_partial`].
    pub fn is_partial<R: Relation>(&self, relation: R) -> bool
    where
        T: IsA<R::Owner>,
    {
        let _ = relation;
        self.session.core.borrow().graph.is_partial(self.key, R::RELATION)
    }
}
