//! How many objects a session keeps.

use rustc_hash::FxHashSet;

use super::{Core, Session};
use crate::error::Result;
use crate::id::ClassId;
use crate::object::compact::Object;
use crate::object::links::Link;
use crate::object::model::Join;
use crate::object::reference::ObjectKey;
use crate::object::state::State;

impl Session {
    /// Lets go of objects until the session holds no more than so many, as far as it can: those that have a row and no
    /// changes go, whichever, unless they are linked with one that has none. What is pending is flushed first. References to
    /// what went are refused from now on, and relations that led there are read again when they are looked at. Returns how
    /// many went.
    ///
    /// A session that walks many objects holds all that it has met. Called after each part of the work, this bounds what it
    /// holds; [`let_go_of_all`](Session::let_go_of_all) is less work where nothing is to stay.
    ///
    /// ```
    /// use diptych::prelude::*;
    ///
    /// #[derive(Entity, Clone, Debug)]
    /// struct Post { #[key(auto)] id: Id<Post>, score: i64 }
    ///
    /// # fn main() -> Result<()> {
    /// let mut session = Database::of::<(Post,)>()?.session();
    /// session.insert_many((0..100).map(|score| Post { score, ..Post::draft() }))?;
    /// for part in 0..10 {
    ///     for key in 1..=10 {
    ///         let post = session.find::<Post>(10 * part + key)?.expect("it is there").reference();
    ///         session.edit(post)?.score += 1;
    ///     }
    ///     session.keep_at_most(10)?;
    ///     assert_eq!(session.len(), 10);
    /// }
    /// session.commit()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the flush fails; nothing has gone then.
    #[track_caller]
    pub fn keep_at_most(&mut self, most: usize) -> Result<usize> {
        self.exclusive_here().told(|core| core.keep_at_most(most))
    }
}

impl Core {
    fn keep_at_most(&mut self, most: usize) -> Result<usize> {
        if self.graph.objects.len() <= most {
            return Ok(0);
        }
        self.check_active()?;
        if !self.graph.touched.is_empty() {
            self.flush()?;
        }
        let excess = self.graph.objects.len().saturating_sub(most);
        let bound = self.graph.bound_to_the_rowless();
        let goes = |it: &(ObjectKey, &crate::object::compact::Object)| {
            it.1.state == State::Persistent && !it.1.marked && !it.1.touched && !bound.contains(&it.0)
        };
        let going: FxHashSet<ObjectKey> = self.graph.objects.iter().filter(goes).map(|it| it.0).take(excess).collect();
        self.graph.parents.forget_parents(|it| going.contains(&it));
        self.frames.iter_mut().for_each(|it| it.let_go |= !going.is_empty());
        for &key in &going {
            self.graph.expunge_one(key);
            self.graph.remove_object(key);
            self.notes.remove(key);
            self.peers.remove(key);
        }
        self.graph.unload_links_to(&going);
        Ok(going.len())
    }
}

impl crate::object::graph::Graph {
    /// The objects that are linked with one that has no row, from either side: nothing but these links says so.
    fn bound_to_the_rowless(&self) -> FxHashSet<ObjectKey> {
        let mut bound = FxHashSet::default();
        for (holder, object) in &self.objects {
            let Some(links) = object.links() else { continue };
            let has_row = object.state == State::Persistent && !object.touched;
            for link in self.links.get(links) {
                let (one, members) = match link {
                    Link::One { target, .. } => (*target, None),
                    Link::Many(collection) => (None, collection.members.as_deref()),
                    Link::Unloaded => (None, None),
                };
                for target in one.into_iter().chain(members.into_iter().flatten().copied()) {
                    if !has_row {
                        bound.insert(target);
                    } else if self.objects.get(target).is_none_or(|it| it.state != State::Persistent || it.touched) {
                        bound.insert(holder);
                    }
                }
                if let Link::Many(collection) = link {
                    bound.extend(collection.queued_added().iter().chain(collection.queued_removed()));
                    if !collection.queued_added().is_empty() || !collection.queued_removed().is_empty() {
                        bound.insert(holder);
                    }
                }
            }
        }
        bound
    }

    /// Lets relations be read again that may have been read while these objects, or rows between, were other ones: what
    /// refers to an owner is told by rows of members, and the owner need not have been written itself.
    pub(super) fn unload_collections_of(&mut self, changed: &[ObjectKey]) {
        let there = changed.iter().filter_map(|it| self.objects.get(*it));
        let roots: FxHashSet<ClassId> = there.map(|it| self.root(it.class)).collect();
        let model = self.model.clone();
        let concerns = |class: ClassId| roots.contains(&model.class(class).root);
        let stands = |it: &&Object| it.state == State::Persistent && !roots.is_empty();
        for object in self.objects.values().filter(stands) {
            let Some(links) = object.links() else { continue };
            for (link, relation) in self.links.get_mut(links).iter_mut().zip(&model.class(object.class).relations) {
                let concerned = match &relation.join {
                    Join::BelongsTo { .. } => false,
                    Join::Has { .. } => {
                        concerns(relation.target) || relation.apart.iter().any(|it| concerns(it.target))
                    }
                    Join::Through { .. } => concerns(object.class) || concerns(relation.target),
                };
                if concerned {
                    *link = Link::Unloaded;
                }
            }
        }
    }

    /// Lets relations that lead to objects which have gone be read again.
    fn unload_links_to(&mut self, gone: &FxHashSet<ObjectKey>) {
        for object in self.objects.values() {
            let Some(links) = object.links() else { continue };
            for link in self.links.get_mut(links) {
                let leads_there = match link {
                    Link::One { target, .. } => target.is_some_and(|it| gone.contains(&it)),
                    Link::Many(collection) => {
                        collection.members.as_deref().is_some_and(|all| all.iter().any(|it| gone.contains(it)))
                    }
                    Link::Unloaded => false,
                };
                if leads_there {
                    *link = Link::Unloaded;
                }
            }
        }
    }
}
