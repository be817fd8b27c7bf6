//! References to one of several classes: a sum type over the references of an object, of which one leads somewhere.
//!
//! Each class that may be meant has a foreign key of its own, so the tables enforce what a pair of a name and a number
//! could not; a CHECK ([`exactly_one_of`](crate::schema::exactly_one_of)) enforces that one of them is set. The enum is
//! how a program reads and writes them: it cannot set two, and a `match` has to name all.

use std::panic::Location;

use super::condition::Condition;
use super::entity::{Entity, IsA, Relation, Writable};
use super::reference::{AnyRef, ObjectKey, Ref};
use super::session::{Core, Session};
use super::view::View;
use crate::error::{Misuse, Result};
use crate::id::RelationId;

/// What an object refers to, one of several classes. [`one_of!`](crate::one_of) makes such enums.
pub trait OneOf: Copy {
    /// The class that has the references.
    type Owner: Entity;

    /// Objects that refer to this one.
    ///
    /// ```
    /// # use diptych::prelude::*;
    /// # #[derive(Entity, Clone, Debug)]
    /// # struct Post { #[key(auto)] id: Id<Post> }
    /// # #[derive(Entity, Clone, Debug)]
    /// # struct Thread { #[key(auto)] id: Id<Thread> }
    /// # #[derive(Entity, Clone, Debug)]
    /// # #[belongs_to(post: Post)]
    /// # #[belongs_to(thread: Thread)]
    /// # struct Attachment {
    /// #     #[key(auto)] id: Id<Attachment>,
    /// #     #[references(Post)] post_id: Option<Id<Post>>,
    /// #     #[references(Thread)] thread_id: Option<Id<Thread>>,
    /// # }
    /// # diptych::one_of! { enum Subject of Attachment { Post(Post) by post, Thread(Thread) by thread } }
    /// # let mut session = Database::of::<(Post, Thread, Attachment)>()?.session();
    /// # let post = session.add(Post::draft());
    /// # let attachment = session.add(Attachment::draft());
    /// # session.choose(attachment, Subject::Post(post))?;
    /// let attached = session.all(Attachment::select().filter(Subject::Post(post).is_chosen()))?;
    /// assert_eq!(attached.len(), 1);
    /// # Ok::<(), diptych::Error>(())
    /// ```
    fn is_chosen(self) -> Condition<Self::Owner>;

    #[doc(hidden)]
    fn with_relations<T>(work: impl FnOnce(&[RelationId]) -> T) -> T;

    #[doc(hidden)]
    fn relation_and_target(self) -> (RelationId, AnyRef);

    #[doc(hidden)]
    fn along(relation: RelationId, target: AnyRef) -> Option<Self>;
}

/// Makes an enum of what an object refers to, one of several classes: each variant holds a reference to one class and
/// names the relation that leads there.
///
/// ```
/// use diptych::prelude::*;
/// use diptych::schema::exactly_one_of;
///
/// #[derive(Entity, Clone, Debug)]
/// #[has_many(attachments: Attachment, inverse = post)]
/// struct Post { #[key(auto)] id: Id<Post>, title: String }
///
/// #[derive(Entity, Clone, Debug)]
/// struct Thread { #[key(auto)] id: Id<Thread>, title: String }
///
/// #[derive(Entity, Clone, Debug)]
/// #[belongs_to(post: Post, inverse = attachments)]
/// #[belongs_to(thread: Thread)]
/// #[check(one_subject = exactly_one_of(["post_id", "thread_id"]))]
/// struct Attachment {
///     #[key(auto)] id: Id<Attachment>,
///     #[references(Post, on_delete = cascade)] post_id: Option<Id<Post>>,
///     #[references(Thread, on_delete = cascade)] thread_id: Option<Id<Thread>>,
/// }
///
/// diptych::one_of! {
///     /// What an attachment is attached to.
///     enum Subject of Attachment {
///         Post(Post) by post,
///         Thread(Thread) by thread,
///     }
/// }
///
/// # fn main() -> Result<()> {
/// let mut session = Database::of::<(Post, Thread, Attachment)>()?.session();
/// let post = session.add(Post { title: "First!".into(), ..Post::draft() });
/// let thread = session.add(Thread { title: "Rules".into(), ..Thread::draft() });
/// let attachment = session.add(Attachment::draft());
/// session.choose(attachment, Subject::Post(post))?;
/// assert_eq!(session.get(post)?.loaded(Post::attachments)?.len(), 1);
///
/// // Another choice takes the first one back, on both sides.
/// session.choose(attachment, Subject::Thread(thread))?;
/// assert!(session.get(post)?.loaded(Post::attachments)?.is_empty());
/// session.commit()?;
/// match session.chosen(attachment)? {
///     Some(Subject::Thread(thread)) => assert_eq!(session.get(thread)?.title, "Rules"),
///     Some(Subject::Post(_)) | None => unreachable!("the thread was chosen"),
/// }
/// # Ok(())
/// # }
/// ```
#[macro_export]
macro_rules! one_of {
    (
        $(#[$about:meta])*
        $visible:vis enum $name:ident of $owner:ty {
            $($(#[$about_one:meta])* $one:ident($target:ty) by $relation:ident),+ $(,)?
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $visible enum $name {
            $($(#[$about_one])* $one($crate::object::Ref<$target>),)+
        }

        impl $crate::object::OneOf for $name {
            type Owner = $owner;

            fn is_chosen(self) -> $crate::object::Condition<$owner> {
                match self {
                    $($name::$one(target) => $crate::object::ToOneCondition::is(<$owner>::$relation, target),)+
                }
            }

            fn with_relations<T>(work: impl ::core::ops::FnOnce(&[$crate::id::RelationId]) -> T) -> T {
                work(&[$($crate::object::chosen_by::<$owner, $target, _>(<$owner>::$relation)),+])
            }

            fn relation_and_target(self) -> ($crate::id::RelationId, $crate::object::AnyRef) {
                match self {
                    $($name::$one(target) => {
                        let by = $crate::object::chosen_by::<$owner, $target, _>(<$owner>::$relation);
                        (by, target.untyped())
                    })+
                }
            }

            fn along(relation: $crate::id::RelationId, target: $crate::object::AnyRef) -> ::core::option::Option<Self> {
                $(
                    if relation == $crate::object::chosen_by::<$owner, $target, _>(<$owner>::$relation) {
                        return ::core::option::Option::Some($name::$one($crate::object::typed(target)));
                    }
                )+
                ::core::option::Option::None
            }
        }
    };
}

/// The relation by which a variant is chosen.
#[doc(hidden)]
pub fn chosen_by<O: Entity, T: Entity, R: Relation<Owner = O, Target = T> + Writable>(relation: R) -> RelationId
where
    R::Arity: super::condition::ToOne,
{
    let _ = relation;
    R::RELATION
}

/// A reference that is known to be of a class.
#[doc(hidden)]
pub fn typed<T: Entity>(reference: AnyRef) -> Ref<T> {
    Ref::new(reference.key, reference.session)
}

impl Session {
    /// What an object refers to, one of several classes; `None` if nothing is chosen. What is not known is read.
    ///
    /// # Errors
    /// When the reference is not of this session, two are chosen, or reading is refused or fails.
    #[track_caller]
    pub fn chosen<C: OneOf>(&self, object: Ref<impl IsA<C::Owner>>) -> Result<Option<C>> {
        let key = self.check(object)?;
        self.chosen_of(key, Location::caller())
    }

    fn chosen_of<C: OneOf>(&self, key: ObjectKey, caller: &'static Location<'static>) -> Result<Option<C>> {
        let mut core = self.called_from(caller);
        let found = core.told_while_shared(|core| C::with_relations(|all| core.chosen(key, all)))?;
        drop(core);
        Ok(found.and_then(|(relation, target)| C::along(relation, self.refer(target))))
    }

    /// Lets an object refer to this one alone, of all that it might refer to. Both sides of each relation follow at once,
    /// the foreign keys follow with the flush, in one statement.
    ///
    /// # Errors
    /// When a reference is not of this session.
    #[track_caller]
    pub fn choose<C: OneOf>(&mut self, object: Ref<impl IsA<C::Owner>>, target: C) -> Result<()> {
        let (relation, target) = target.relation_and_target();
        let (key, target) = (self.check(object)?, self.check(target)?);
        let core = self.exclusive_here();
        core.told(|core| C::with_relations(|all| core.choose(key, all, Some((relation, target)))))
    }

    /// Lets an object refer to nothing of what it might refer to.
    ///
    /// # Errors
    /// When the reference is not of this session.
    #[track_caller]
    pub fn choose_none<C: OneOf>(&mut self, object: Ref<impl IsA<C::Owner>>) -> Result<()> {
        let key = self.check(object)?;
        self.exclusive_here().told(|core| C::with_relations(|all| core.choose(key, all, None)))
    }
}

impl<T: Entity, L> View<'_, T, L> {
    /// What the object refers to, one of several classes; `None` if nothing is chosen. What is not known is read.
    ///
    /// # Errors
    /// When two are chosen, or reading is refused or fails.
    #[track_caller]
    pub fn chosen<C: OneOf<Owner = T>>(&self) -> Result<Option<C>> {
        self.session.chosen_of(self.key, Location::caller())
    }
}

impl Core {
    fn chosen(&mut self, key: ObjectKey, all: &[RelationId]) -> Result<Option<(RelationId, ObjectKey)>> {
        let mut found: Option<(RelationId, ObjectKey)> = None;
        for &relation in all {
            let Some(target) = self.load_one(key, relation)? else { continue };
            if let Some((before, _)) = found {
                let class = self.graph.model.class(self.object(key)?.class);
                let name = |it: RelationId| &class.relations[it.index()].name;
                let (object, before, after) = (self.graph.name(key), name(before), name(relation));
                let reason = format!(
                    "{object} refers to one of several, but both {before} and {after} lead somewhere: set one to none"
                );
                return Err(Misuse::Statement { reason }.into());
            }
            found = Some((relation, target));
        }
        Ok(found)
    }

    fn choose(&mut self, key: ObjectKey, all: &[RelationId], chosen: Option<(RelationId, ObjectKey)>) -> Result<()> {
        // What can be refused comes first: then the choice before still stands.
        if let Some((relation, target)) = chosen {
            self.link_one(key, relation, Some(target))?;
        }
        let others = all.iter().filter(|it| chosen.is_none_or(|chosen| chosen.0 != **it));
        others.copied().try_for_each(|it| self.link_one(key, it, None))
    }
}
