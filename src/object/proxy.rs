//! Association proxies: a relation through the objects between, read and changed as if these were not there.

use std::fmt;
use std::panic::Location;

use super::condition::{Condition, ToManyCondition, ToOne, ToOneCondition};
use super::entity::{Entity, Many, Relation, Writable};
use super::reference::Ref;
use super::session::Session;
use crate::error::{Misuse, Result};

/// A collection of association objects, seen as what they lead to: `Post::votes` through `Vote::user` are the voters of a
/// post.
///
/// ```
/// use diptych::object::ProxyRelation as _;
/// use diptych::prelude::*;
/// # #[derive(Entity, Clone, Debug)]
/// # #[has_many(votes: Vote, inverse = user)]
/// # struct User { #[key(auto)] id: Id<User>, name: String }
/// # #[derive(Entity, Clone, Debug)]
/// # #[has_many(votes: Vote, inverse = post, cascade(all, delete_orphan))]
/// # struct Post { #[key(auto)] id: Id<Post> }
/// # #[derive(Entity, Clone, Debug)]
/// # #[belongs_to(user: User, inverse = votes)]
/// # #[belongs_to(post: Post, inverse = votes)]
/// # struct Vote {
/// #     #[key] #[references(User)] user_id: Id<User>,
/// #     #[key] #[references(Post)] post_id: Id<Post>,
/// #     value: i64,
/// # }
/// # let mut session = Database::of::<(User, Post, Vote)>()?.session();
/// let voters = Post::votes.through(Vote::user).creating(|| Vote { value: 1, ..Vote::draft() });
/// let ann = session.add(User { name: "Ann".into(), ..User::draft() });
/// let post = session.add(Post::draft());
/// let vote = voters.push(&mut session, post, ann)?;
/// session.flush()?;
/// assert_eq!(session[vote].value, 1);
/// assert_eq!(voters.of(&session, post)?, [ann]);
/// assert_eq!(session.count(Post::select().filter(voters.any(User::name.eq("Ann"))))?, 1);
/// voters.remove(&mut session, post, ann)?;
/// session.flush()?;
/// assert_eq!(session.count(Vote::select())?, 0);
/// # Ok::<(), diptych::Error>(())
/// ```
pub struct Proxy<L: Relation, R: Relation> {
    links: L,
    targets: R,
    create: fn() -> L::Target,
}

/// Relations that lead to association objects.
pub trait ProxyRelation: Relation<Arity = Many> {
    /// What the association objects lead to by this relation of theirs. [`Proxy::creating`] says how one is made; a draft
    /// is, unless it says otherwise.
    fn through<R>(self, targets: R) -> Proxy<Self, R>
    where
        R: Relation<Owner = Self::Target>,
        R::Arity: ToOne,
    {
        Proxy { links: self, targets, create: <Self::Target as Entity>::draft }
    }
}

impl<R: Relation<Arity = Many>> ProxyRelation for R {}

impl<L, R> Proxy<L, R>
where
    L: Relation<Arity = Many>,
    R: Relation<Owner = L::Target>,
    R::Arity: ToOne,
{
    /// The association object that stands for a new link, before it is linked.
    pub fn creating(mut self, create: fn() -> L::Target) -> Self {
        self.create = create;
        self
    }

    /// The targets, in the order of the association objects; read if need be. A query with
    /// `.with(links.selectin().then(targets.selectin()))` reads them for many owners at once.
    ///
    /// # Errors
    /// When the reference is not of the session, or reading is refused or fails.
    #[track_caller]
    pub fn of(&self, session: &Session, owner: Ref<L::Owner>) -> Result<Vec<Ref<R::Target>>> {
        drop(session.called_from(Location::caller()));
        let links = self.links_of(session, owner)?;
        let mut targets = Vec::with_capacity(links.len());
        for link in links {
            targets.extend(self.target_of(session, link)?);
        }
        Ok(targets)
    }

    fn links_of(&self, session: &Session, owner: Ref<L::Owner>) -> Result<Vec<Ref<L::Target>>> {
        let key = session.check(owner)?;
        let links = session.core.borrow_mut().told_while_shared(|core| core.load_many(key, L::RELATION))?;
        Ok(links.iter().map(|it| session.refer(*it)).collect())
    }

    fn target_of(&self, session: &Session, link: Ref<L::Target>) -> Result<Option<Ref<R::Target>>> {
        let key = session.check(link)?;
        let target = session.core.borrow_mut().told_while_shared(|core| core.load_one(key, R::RELATION))?;
        Ok(target.map(|it| session.refer(it)))
    }

    /// Some target fulfils the condition.
    pub fn any(&self, condition: Condition<R::Target>) -> Condition<L::Owner> {
        self.links.any(self.targets.has(condition))
    }
}

impl<L, R> Proxy<L, R>
where
    L: Relation<Arity = Many> + Writable,
    R: Relation<Owner = L::Target> + Writable,
    R::Arity: ToOne,
{
    /// Adds a target, by an association object that is made for it.
    ///
    /// # Errors
    /// When a reference is not of the session.
    #[track_caller]
    pub fn push(&self, session: &mut Session, owner: Ref<L::Owner>, target: Ref<R::Target>) -> Result<Ref<L::Target>> {
        session.check(target)?;
        let link = session.push(owner, self.links, (self.create)())?;
        session.set(link, self.targets, target)?;
        Ok(link)
    }

    /// Takes a target out: its association object leaves the collection, and goes if the relation deletes orphans.
    ///
    /// # Errors
    /// When it is not among the targets, a reference is not of the session, or reading fails.
    #[track_caller]
    pub fn remove(&self, session: &mut Session, owner: Ref<L::Owner>, target: Ref<R::Target>) -> Result<()> {
        for link in self.links_of(session, owner)? {
            if self.target_of(session, link)? == Some(target) {
                return session.remove(owner, self.links, link);
            }
        }
        let core = session.core.borrow();
        let relation = format!("{}.{} through {}", L::Owner::CLASS, L::NAME, R::NAME);
        Err(Misuse::NotInCollection { relation, object: core.graph.name(target.key) }.into())
    }
}

impl<L: Relation, R: Relation> Clone for Proxy<L, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<L: Relation, R: Relation> Copy for Proxy<L, R> {}

impl<L: Relation, R: Relation> fmt::Debug for Proxy<L, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{} through {}.{}", L::Owner::CLASS, L::NAME, R::Owner::CLASS, R::NAME)
    }
}
