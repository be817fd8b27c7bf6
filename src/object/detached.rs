//! Copies of objects that own their data: they outlive the session, cross threads, and are merged into another session.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::entity::{Entity, IsA, Many, Optional, Relation, Required};
use super::extra::Extra;
use super::identity::Identity;
use super::links::{Link, Since};
use super::loaded::{Includes, Loaded, Nothing, With};
use super::model::{ClassModel, Model, RelationModel};
use super::reference::{ObjectKey, Ref};
use super::session::{Core, Session};
use super::state::State;
use super::view::View;
use crate::error::{Error, Misuse, Result};
use crate::id::{ClassId, RelationId};
use crate::record::{Row, edit, seen_as, seen_as_mut};

/// A copy of an object and of all that was loaded from it on, without a session. Its type says what the query of its
/// view had loaded (`L`), as the view's does; a `Detached<Post>` says nothing, and any copy becomes one by `into()`.
///
/// It shares rows with the database as long as nobody edits them, so making one copies no row. [`Session::merge`] brings
/// it back, into any session whose database has the same classes.
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
/// let database = Database::of::<(User, Post)>()?;
/// let mut session = database.session();
/// let ada = session.add(User { name: "Ada".into(), ..User::draft() });
/// session.push(ada, User::posts, Post { title: "Notes".into(), ..Post::draft() })?;
/// session.commit()?;
/// let mut copy = session.one(User::select().with(User::posts.selectin()))?.detach();
/// drop(session);
///
/// let copy = std::thread::spawn(move || {
///     assert_eq!(copy.get(User::posts)[0].title, "Notes");
///     copy.edit().name.push_str(" Lovelace");
///     copy
/// });
/// let mut session = database.session();
/// let ada = session.merge(copy.join().expect("it has not panicked"))?;
/// assert_eq!(session[ada].name, "Ada Lovelace");
/// session.commit()
/// # }
/// ```
pub struct Detached<T, L = Nothing> {
    copy: Copied,
    of: PhantomData<fn() -> (T, L)>,
}

/// Some objects without a session, and how they lead to each other.
#[derive(Clone)]
pub struct Copied {
    model: Arc<Model>,
    /// The object that was asked for comes first.
    nodes: Vec<Node>,
}

/// One object of a copy.
#[derive(Clone)]
struct Node {
    class: ClassId,
    row: Row,
    identity: Option<Identity>,
    extra: Option<Extra>,
    /// The relations that were loaded, and where in the copy they lead to.
    links: Vec<(RelationId, Vec<usize>)>,
    /// Those of them of which a query had brought a part.
    partial: Vec<RelationId>,
}

/// An object of a [`Detached`] copy: derefs to the struct, leads to related objects of the copy.
pub struct Kept<'d, T, L = Nothing> {
    copy: &'d Copied,
    at: usize,
    entity: &'d T,
    of: PhantomData<fn() -> L>,
}

/// What a relation leads to in a copy, with `B` loaded behind it.
pub type Copies<'d, R, B> = <<R as Relation>::Arity as Keeps>::Output<'d, <R as Relation>::Target, B>;

/// Why the struct of a copy is there.
const WHOLE: &str = "a copy is made of a view, which shows the struct";

/// Why what a copy promises can be counted on.
const PROMISED: &str = "the query has made sure of it, and a copy keeps what was loaded";

impl<T: Entity, L> View<'_, T, L> {
    /// A copy of the object and of all that was loaded from it on, which needs no session. Relations that lead to an
    /// object that has been expired count as not loaded.
    pub fn detach(&self) -> Detached<T, L> {
        Detached { copy: self.session.core.borrow().copy(self.key), of: PhantomData }
    }
}

impl<T: Entity, L> Detached<T, L> {
    /// The object, and what it leads to.
    pub fn view(&self) -> Kept<'_, T, L> {
        Kept { copy: &self.copy, at: 0, entity: self, of: PhantomData }
    }

    /// What a relation leads to that the query had loaded, as [`View::get`].
    pub fn get<R: Relation, B, I>(&self, relation: R) -> Copies<'_, R, B>
    where
        Loaded<L>: Includes<T, R, B, I>,
    {
        self.view().get(relation)
    }

    /// The struct, for changing. Merging brings the change along.
    pub fn edit(&mut self) -> &mut T {
        seen_as_mut(edit(&mut self.copy.nodes[0].row)).expect(WHOLE)
    }

    /// How many objects the copy is made of.
    pub fn size(&self) -> usize {
        self.copy.nodes.len()
    }
}

impl<T, R, B, L> From<Detached<T, With<R, B, L>>> for Detached<T> {
    fn from(copy: Detached<T, With<R, B, L>>) -> Self {
        Detached { copy: copy.copy, of: PhantomData }
    }
}

impl<T: Entity, L> Deref for Detached<T, L> {
    type Target = T;

    fn deref(&self) -> &T {
        self.copy.entity(0).expect(WHOLE)
    }
}

impl<T, L> Clone for Detached<T, L> {
    fn clone(&self) -> Self {
        Detached { copy: self.copy.clone(), of: PhantomData }
    }
}

impl<T: Entity + fmt::Debug, L> fmt::Debug for Detached<T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Detached").field(&**self).finish()
    }
}

impl<'d, T: Entity, L> Kept<'d, T, L> {
    /// The struct, for as long as the copy is borrowed.
    pub fn entity(&self) -> &'d T {
        self.entity
    }

    /// What a relation leads to that the query had loaded: it cannot fail, and what was not loaded does not compile.
    #[rustfmt::skip] // The compiler quotes these lines beside a relation that is not loaded: one is enough.
    pub fn get<R: Relation, B, I>(&self, relation: R) -> Copies<'d, R, B> where Loaded<L>: Includes<T, R, B, I> {
        let _ = relation;
        let places = self.copy.places(self.at, R::RELATION).expect(PROMISED);
        R::Arity::kept(self.copy, places).expect(PROMISED)
    }

    /// The same object as one of the class `S`; `None` if it is not one, or if what this adds had not been read when the copy
    /// was made.
    pub fn downcast<S: IsA<T> + Entity>(&self) -> Option<Kept<'d, S>> {
        let lacks =
            |it: &Extra| [&it.expired, &it.deferred].into_iter().flatten().any(|it| it.index() < S::COLUMNS.into());
        match &self.copy.nodes[self.at].extra {
            Some(extra) if lacks(extra) => None,
            _ => self.copy.kept(self.at),
        }
    }

    /// What a relation led to when the copy was made.
    ///
    /// # Errors
    /// When it was not loaded.
    pub fn loaded<R: Relation>(&self, relation: R) -> Result<Copies<'d, R, Nothing>>
    where
        T: IsA<R::Owner>,
    {
        let _ = relation;
        let places = self.copy.places(self.at, R::RELATION);
        places.and_then(|it| R::Arity::kept(self.copy, it)).ok_or_else(|| self.copy.not_loaded::<R>(self.at))
    }
}

impl<T, L> Deref for Kept<'_, T, L> {
    type Target = T;

    fn deref(&self) -> &T {
        self.entity
    }
}

impl<T, L> Clone for Kept<'_, T, L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, L> Copy for Kept<'_, T, L> {}

impl<T: fmt::Debug, L> fmt::Debug for Kept<'_, T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.entity.fmt(f)
    }
}

/// How a relation of an arity is read from a copy.
pub trait Keeps {
    /// What reading gives: an object of the copy, perhaps one, or a list.
    type Output<'d, T: Entity, L>;

    #[doc(hidden)]
    fn kept<'d, T: Entity, L>(copy: &'d Copied, places: &[usize]) -> Option<Self::Output<'d, T, L>>;
}

impl Keeps for Required {
    type Output<'d, T: Entity, L> = Kept<'d, T, L>;

    fn kept<'d, T: Entity, L>(copy: &'d Copied, places: &[usize]) -> Option<Kept<'d, T, L>> {
        copy.kept(*places.first()?)
    }
}

impl Keeps for Optional {
    type Output<'d, T: Entity, L> = Option<Kept<'d, T, L>>;

    fn kept<'d, T: Entity, L>(copy: &'d Copied, places: &[usize]) -> Option<Option<Kept<'d, T, L>>> {
        places.first().map_or(Some(None), |&at| copy.kept(at).map(Some))
    }
}

impl Keeps for Many {
    type Output<'d, T: Entity, L> = Vec<Kept<'d, T, L>>;

    fn kept<'d, T: Entity, L>(copy: &'d Copied, places: &[usize]) -> Option<Vec<Kept<'d, T, L>>> {
        places.iter().map(|&at| copy.kept(at)).collect()
    }
}

impl Copied {
    fn entity<T: Entity>(&self, at: usize) -> Option<&T> {
        seen_as(&*self.nodes[at].row)
    }

    fn kept<T: Entity, L>(&self, at: usize) -> Option<Kept<'_, T, L>> {
        Some(Kept { copy: self, at, entity: self.entity(at)?, of: PhantomData })
    }

    /// Where a relation leads to in the copy, if it was loaded.
    fn places(&self, at: usize, relation: RelationId) -> Option<&[usize]> {
        self.nodes[at].links.iter().find(|it| it.0 == relation).map(|it| &*it.1)
    }

    fn not_loaded<R: Relation>(&self, at: usize) -> Error {
        let (class, identity) = (&self.model.class(self.nodes[at].class).name, &self.nodes[at].identity);
        let key = identity.as_ref().map(Identity::to_values).unwrap_or_default();
        let key = key.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let advice = "load it before the copy is made: `.with(….selectin())`";
        let object = format!("a copy of {class}[{key}]");
        Misuse::NotLoaded { relation: format!("{class}.{}", R::NAME), object, advice }.into()
    }

    /// The classes of its objects in a model: those that have its names, attributes and relations.
    fn classes<'m>(&self, model: &'m Arc<Model>) -> Result<Vec<&'m ClassModel>> {
        let find = |node: &Node| {
            if Arc::ptr_eq(model, &self.model) {
                return Ok(model.class(node.class));
            }
            let own = self.model.class(node.class);
            let found = model.class_named(&own.name)?;
            let relations = |it: &ClassModel| it.relations.iter().map(|it| it.name.clone()).collect::<Vec<_>>();
            if found.columns == own.columns && relations(found) == relations(own) {
                return Ok(found);
            }
            let given = "class of this name with other columns or relations".to_owned();
            Err(Misuse::WrongClass { expected: own.name.clone(), given }.into())
        };
        self.nodes.iter().map(find).collect()
    }
}

/// What can be merged into a session: a detached copy, a struct, or an object that the session has let go.
pub trait Mergeable<T> {
    /// Its objects as ones of the session: the first one, and those that go again afterwards.
    #[doc(hidden)]
    fn place(self, session: &mut Session) -> Result<(ObjectKey, Vec<ObjectKey>)>;
}

impl<T: Entity, L> Mergeable<T> for Detached<T, L> {
    fn place(self, session: &mut Session) -> Result<(ObjectKey, Vec<ObjectKey>)> {
        let keys = session.exclusive().paste(self.copy)?;
        Ok((keys[0], keys))
    }
}

impl<T: Entity> Mergeable<T> for T {
    fn place(self, session: &mut Session) -> Result<(ObjectKey, Vec<ObjectKey>)> {
        let key = session.transient(self)?.key;
        Ok((key, vec![key]))
    }
}

impl<T> Mergeable<T> for Ref<T> {
    fn place(self, session: &mut Session) -> Result<(ObjectKey, Vec<ObjectKey>)> {
        Ok((session.check(self)?, Vec::new()))
    }
}

impl Session {
    /// Copies the state of something onto the object of this session that has its key, which is read or made if need
    /// be, and returns that one. What was loaded with it comes along where its relations cascade merge. What is given
    /// decides: columns and loaded relations of the session's object become those of the copy; if the class has a version
    /// column and it differs, the merge is refused as stale.
    ///
    /// # Errors
    /// When the object cannot be merged, or reading fails.
    #[track_caller]
    pub fn merge<T: Entity>(&mut self, given: impl Mergeable<T>) -> Result<Ref<T>> {
        let (key, passing) = given.place(self)?;
        let core = self.exclusive_here();
        let merged = core.merge(key, true);
        for key in passing {
            core.graph.remove_object(key);
        }
        merged.map(|key| self.refer(key))
    }
}

impl Core {
    /// Copies an object and what was loaded from it on.
    fn copy(&self, root: ObjectKey) -> Copied {
        let model = Arc::clone(&self.graph.model);
        let (mut keys, mut nodes) = (vec![root], Vec::new());
        let mut places: FxHashMap<ObjectKey, usize> = FxHashMap::from_iter([(root, 0)]);
        while let Some(&key) = keys.get(nodes.len()) {
            let class = self.graph.objects[key].class;
            let mut links = Vec::new();
            for relation in &model.class(class).relations {
                let Some(targets) = self.copied(key, relation) else { continue };
                let place = |target| {
                    *places.entry(target).or_insert_with(|| {
                        keys.push(target);
                        keys.len() - 1
                    })
                };
                links.push((relation.id, targets.into_iter().map(place).collect()));
            }
            let row = self.graph.row(key).expect("only objects whose rows are at hand are copied").clone();
            let identity = self.graph.identity(key).filter(|_| self.graph.has_identity(key));
            let partial = links.iter().map(|it| it.0).filter(|it| self.graph.is_partial(key, *it)).collect();
            nodes.push(Node { class, row, identity, extra: self.graph.extra(key).cloned(), links, partial });
        }
        Copied { model, nodes }
    }

    /// Where a relation leads to as far as a copy shows it: `None` if it is not loaded, or leads to what has to be read
    /// again.
    fn copied(&self, key: ObjectKey, relation: &RelationModel) -> Option<Vec<ObjectKey>> {
        let graph = &self.graph;
        let is_given = !graph.has_identity(key) && !matches!(graph.link(key, relation.id), Link::Unloaded);
        if !graph.is_loaded(key, relation.id) && !is_given {
            return None;
        }
        let targets: Vec<ObjectKey> = graph.current(key, relation).into_iter().collect();
        // What a subclass adds to the target of the relation is not asked for along it.
        let asked = graph.model.class(relation.target).columns.len();
        let lacks = |it: &Extra| it.expired.iter().any(|it| it.index() < asked);
        let at_hand = |it: &ObjectKey| graph.row(*it).is_some() && !graph.extra(*it).is_some_and(lacks);
        targets.iter().all(at_hand).then_some(targets)
    }

    /// Takes in the objects of a copy, outside the identity map. Returns them in the same order.
    fn paste(&mut self, copy: Copied) -> Result<Vec<ObjectKey>> {
        let model = Arc::clone(&self.graph.model);
        let classes = copy.classes(&model)?;
        let mut keys = Vec::with_capacity(copy.nodes.len());
        for (node, class) in copy.nodes.iter().zip(&classes) {
            let key = self.graph.introduce(class.id, node.row.clone(), State::Transient);
            if let Some(identity) = &node.identity {
                self.graph.identify(key, Some(identity.clone()));
                self.graph.objects[key].state = State::Detached;
            }
            if let Some(extra) = &node.extra {
                *self.graph.extra_mut(key) = extra.clone();
            }
            keys.push(key);
        }
        for (&key, (node, class)) in keys.iter().zip(copy.nodes.into_iter().zip(classes)) {
            for (relation, to) in node.links {
                let mut to = to.into_iter().map(|it| keys[it]);
                if class.relations[relation.index()].join.is_many() {
                    self.graph.collection_mut(key, relation).fill(to.collect(), false);
                } else {
                    *self.graph.link_mut(key, relation) = Link::One { target: to.next(), since: Since::Unchanged };
                }
            }
            node.partial.into_iter().for_each(|it| self.graph.note_partial(key, it));
        }
        Ok(keys)
    }
}
