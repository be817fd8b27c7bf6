//! What a query has loaded, as a type: a list of relations, each with what was loaded behind it.
//!
//! `Post::select().with(Post::tags.selectin())` is a `Query<Post, With<tags, Nothing, Nothing>>`, and so are its views.
//! [`View::get`](super::View::get) asks the compiler whether the relation is in the list. It searches from the front:
//! the last parameter of [`Includes`] is the way to the place, which it infers.

use std::marker::PhantomData;

use super::entity::{Arity, IsA, Relation};
use super::reference::ObjectKey;
use super::session::Session;
use crate::error::Result;

/// Nothing is said to be loaded.
#[derive(Debug)]
pub struct Nothing;

/// A relation `R` is loaded, `B` behind it, and `L` beside it.
#[derive(Debug)]
#[expect(clippy::type_complexity, reason = "a list of types is as long as it is")]
pub struct With<R, B, L>(PhantomData<fn() -> (R, B, L)>);

/// What a view says is loaded.
#[derive(Debug)]
pub struct Loaded<L>(PhantomData<fn() -> L>);

/// A list includes a relation of the class `O`, behind which `B` is loaded, at the place `I`.
#[diagnostic::on_unimplemented(
    message = "this query does not load `{R}`: add `.with({O}::{R}.selectin())` to it, or use `load` here"
)]
pub trait Includes<O, R, B, I> {}

#[diagnostic::do_not_recommend]
impl<R: Relation + In<L, B, I>, B, L, O: IsA<R::Owner>, I> Includes<O, R, B, I> for Loaded<L> {}

/// A relation stands in a list. It has the relation for its own type, which keeps the compiler from choosing one before
/// it knows which is asked for.
pub trait In<L, B, I> {}

/// It is the first one.
#[derive(Debug)]
pub struct Here;

/// It comes after the first one.
#[derive(Debug)]
pub struct Beyond<I>(PhantomData<fn() -> I>);

impl<R: Relation, B, L> In<With<R, B, L>, B, Here> for R {}

impl<R: Relation + In<L, C, I>, S, B, C, L, I> In<With<S, B, L>, C, Beyond<I>> for R {}

/// A list of relations that are loaded.
pub trait LoadList: 'static {
    /// Whether it says nothing.
    const IS_EMPTY: bool;

    /// Makes sure that objects have what the list says, with rows at hand, so that walking there cannot fail.
    #[doc(hidden)]
    fn make_sure(session: &Session, owners: &[ObjectKey]) -> Result<()>;
}

impl LoadList for Nothing {
    const IS_EMPTY: bool = true;

    fn make_sure(_: &Session, _: &[ObjectKey]) -> Result<()> {
        Ok(())
    }
}

impl<R: Relation, B: LoadList, L: LoadList> LoadList for With<R, B, L> {
    const IS_EMPTY: bool = false;

    fn make_sure(session: &Session, owners: &[ObjectKey]) -> Result<()> {
        let targets = session.promised::<R>(owners, !B::IS_EMPTY)?;
        B::make_sure(session, &targets)?;
        L::make_sure(session, owners)
    }
}

/// What a path of a query adds to its list.
pub trait Promise {
    /// The list with it.
    type Onto<L: LoadList>: LoadList;
    /// The promise when something is loaded behind it.
    type Then<P: Promise>: Promise;
}

/// No promise: the relation may be read when it is touched, is forbidden, or only some of its members are loaded.
#[derive(Clone, Copy, Debug)]
pub struct Perhaps;

/// The relation `R` is loaded with the query, and `B` behind it.
#[derive(Debug)]
pub struct Surely<R, B>(PhantomData<fn() -> (R, B)>);

impl Promise for Perhaps {
    type Onto<L: LoadList> = L;
    type Then<P: Promise> = Perhaps;
}

impl<R: Relation, B: LoadList> Promise for Surely<R, B> {
    type Onto<L: LoadList> = With<R, B, L>;
    type Then<P: Promise> = Surely<R, P::Onto<B>>;
}

impl<R, B> Clone for Surely<R, B> {
    fn clone(&self) -> Self {
        Surely(PhantomData)
    }
}

impl Session {
    /// Makes sure that a relation of some objects is loaded, as a query has promised; a later option of the same query
    /// may have said otherwise, which is then refused. Hands out where it leads to if that is wanted, each once.
    fn promised<R: Relation>(&self, owners: &[ObjectKey], wanted: bool) -> Result<Vec<ObjectKey>> {
        let mut core = self.core.borrow_mut();
        let mut targets = Vec::new();
        for &owner in owners {
            let before = targets.len();
            let class = core.object(owner)?.class;
            let relation = self.model.relation(class, R::RELATION);
            if relation.join.is_many() {
                let known = core.loaded_many(owner, R::RELATION);
                targets.extend_from_slice(&known.map_or_else(|| core.load_many(owner, R::RELATION), Ok)?);
            } else {
                let known = core.loaded_one(owner, relation);
                let target = known.map_or_else(|| core.load_one(owner, R::RELATION), Ok)?;
                if target.is_none() && R::Arity::REQUIRED {
                    return Err(core.unset(owner, R::NAME));
                }
                targets.extend(target);
            }
            if core.graph.may_lack() {
                for &target in &targets[before..] {
                    core.fresh_as::<R::Target>(target)?;
                }
            }
            if !wanted {
                targets.clear();
            }
        }
        targets.sort_unstable();
        targets.dedup();
        Ok(targets)
    }
}
