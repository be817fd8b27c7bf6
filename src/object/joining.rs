//! Joins of typed queries: along a relation, with conditions on what stands at its end, in its order, and with the relation
//! filled from the rows that the query finds.
//!
//! A join that only asks is said shorter by `has` and `any`, which repeat nothing. What they cannot say is said here: an
//! order by what is joined, rows without a partner, and collections of those members alone that the query has found.

use std::fmt;
use std::marker::PhantomData;

use super::condition::{Condition, Orders};
use super::entity::{Entity, IsA, Relation};
use super::loaded::LoadList;
use super::query::Query;
use super::select::{Along, LoadOption, Loading, Selection, Step, Strategy, Term};
use crate::expr::{Expr, Expression};
use crate::query::Direction;
use crate::schema::Name;

/// A join along a relation of `E` to a class `T`, and what is asked there. [`JoinRelation::join`] begins one,
/// [`Query::join`] takes it.
#[must_use]
pub struct JoinPath<E, T> {
    join: Join,
    of: PhantomData<fn() -> (E, T)>,
}

/// The same without its types.
#[derive(Clone, Debug)]
struct Join {
    relation: Name,
    outer: bool,
    /// What a target has to fulfil to be joined.
    on: Vec<Expr<Term>>,
    /// What the combination has to fulfil.
    filter: Vec<Expr<Term>>,
    order_by: Vec<(Expr<Term>, Direction)>,
    eager: bool,
    then: Vec<Join>,
}

/// Relations, as what a query is joined along.
pub trait JoinRelation: Relation {
    /// A join along the relation: a row for each combination of an owner and a target.
    ///
    /// ```
    /// use diptych::object::JoinRelation;
    /// use diptych::prelude::*;
    /// # #[derive(Entity, Clone, Debug)]
    /// # #[has_many(posts: Post, inverse = author)]
    /// # struct User { #[key(auto)] id: Id<User>, name: String }
    /// # #[derive(Entity, Clone, Debug)]
    /// # #[belongs_to(author: User, via = author_id, inverse = posts)]
    /// # struct Post { #[key(auto)] id: Id<Post>, #[references(User)] author_id: Id<User>, title: String }
    /// # fn main() -> Result<()> {
    /// # let database = Database::of::<(User, Post)>()?;
    /// # let mut session = database.session();
    /// # for name in ["Eve", "Ada"] {
    /// #     let user = session.add(User { name: name.into(), ..User::draft() });
    /// #     session.push(user, User::posts, Post { title: format!("by {name}"), ..Post::draft() })?;
    /// # }
    /// # session.commit()?;
    /// # let session = database.session();
    /// let by_author = Post::author.join().filter(User::name.ne("Eve")).order_by(User::name).eager();
    /// let posts = session.all(Post::select().join(by_author))?;
    /// assert_eq!(posts.first().expect("one").loaded(Post::author)?.name, "Ada");
    /// assert_eq!((posts.len(), session.totals().statements), (1, 1));
    /// # Ok(())
    /// # }
    /// ```
    fn join(self) -> JoinPath<Self::Owner, Self::Target> {
        let (relation, on, filter, order_by, then) = (Self::NAME.into(), vec![], vec![], vec![], vec![]);
        JoinPath { join: Join { relation, outer: false, on, filter, order_by, eager: false, then }, of: PhantomData }
    }
}

impl<R: Relation> JoinRelation for R {}

impl<E, T> JoinPath<E, T> {
    /// Owners without a target come out as well.
    pub fn outer(mut self) -> Self {
        self.join.outer = true;
        self
    }

    /// Only targets that fulfil the condition are joined: an owner without one is left out, or comes out alone where the
    /// join is [`outer`](JoinPath::outer).
    pub fn on<B>(mut self, condition: Condition<B>) -> Self
    where
        T: IsA<B>,
    {
        self.join.on.push(condition.expr);
        self
    }

    /// Only combinations come out whose target fulfils the condition. Of an owner without a target every column is NULL.
    pub fn filter<B>(mut self, condition: Condition<B>) -> Self
    where
        T: IsA<B>,
    {
        self.join.filter.push(condition.expr);
        self
    }

    /// In this order of the targets, after the orders that were given before.
    pub fn order_by(mut self, order: impl Orders<T>) -> Self {
        self.join.order_by.push({
            let order = order.ordering();
            (order.by, order.direction)
        });
        self
    }

    /// Fills the relation from the rows that are found, and those on the way to it (`contains_eager`). Of a collection these
    /// are the members that the query brings; what it leaves out is not loaded, and nothing takes it for removed.
    pub fn eager(mut self) -> Self {
        self.join.eager = true;
        self
    }

    /// Joins along a relation of the targets, too.
    pub fn then<B, N>(mut self, next: JoinPath<B, N>) -> Self
    where
        T: IsA<B>,
    {
        self.join.then.push(next.join);
        self
    }
}

impl<E: Entity, L: LoadList> Query<E, L> {
    /// Joins along a relation. An object comes once, however many rows lead to it; a limit counts rows, unless the query is
    /// [`distinct`](Query::distinct).
    pub fn join<B, T>(mut self, path: JoinPath<B, T>) -> Self
    where
        E: IsA<B>,
    {
        let option = path.join.attach(&mut self.selection, None, E::CLASS);
        self.selection.loading.options.extend(option);
        self
    }

    /// Equal rows come once, before a limit counts them.
    pub fn distinct(mut self) -> Self {
        self.selection.distinct = true;
        self
    }
}

impl Join {
    /// Adds the join, and those behind it, to a query. Returns what is filled from it. A path is as deep as a program has
    /// written it.
    fn attach(self, selection: &mut Selection, from: Option<Name>, above: &str) -> Option<LoadOption> {
        let alias = unused(selection, &format!("{above}.{}", self.relation));
        let about = |it: Expr<Term>| Term::named(&it, &alias);
        let filter = self.on.into_iter().map(about).reduce(Expression::and);
        let (relation, outer) = (self.relation, self.outer);
        selection.joins.push(Along {
            from,
            relation: relation.clone(),
            outer,
            alias: Some(alias.clone()),
            of: None,
            filter,
        });
        for condition in self.filter {
            *selection = std::mem::take(selection).filter(about(condition));
        }
        selection.order_by.extend(self.order_by.into_iter().map(|(by, direction)| (about(by), direction)));
        let behind: Vec<LoadOption> =
            self.then.into_iter().filter_map(|it| it.attach(selection, Some(alias.clone()), &alias)).collect();
        (self.eager || !behind.is_empty()).then(|| {
            let strategy = Strategy::FromQuery(Some(alias.clone()));
            let then = Loading { options: behind, ..Loading::default() };
            LoadOption { then, ..LoadOption::new(Step::Relation(relation), strategy) }
        })
    }
}

/// A name that no join of the query has. It has a dot, so no class and no relation has it.
fn unused(selection: &Selection, name: &str) -> Name {
    let is_taken = |name: &str| selection.joins.iter().any(|it| it.alias.as_deref() == Some(name));
    let numbered = (2..).map(|it| format!("{name} {it}"));
    std::iter::once(name.to_owned()).chain(numbered).find(|it| !is_taken(it)).unwrap_or_default().into()
}

impl<E, T> Clone for JoinPath<E, T> {
    fn clone(&self) -> Self {
        JoinPath { join: self.join.clone(), of: PhantomData }
    }
}

impl<E, T> fmt::Debug for JoinPath<E, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.join.fmt(f)
    }
}
