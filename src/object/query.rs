//! Queries over a class, and what they load along.

use std::fmt;
use std::marker::PhantomData;

use super::class::{Lazy, SubclassLoad};
use super::condition::{Conditions, Orders};
use super::diagnosis::Budget;
use super::entity::{Entity, Field, IsA, Relation};
use super::loaded::{LoadList, Nothing, Perhaps, Promise, Surely, With};
use super::select::{Depth, LoadOption, PerOwner, Selection, Step, Strategy, Subclasses};
use crate::expr::Expression;
use crate::query::Direction;

/// A query for objects of a class. Its type says what it loads along (`L`); a `Query<Post>` does not say, and any query
/// becomes one by `into()`.
#[must_use]
pub struct Query<E, L = Nothing> {
    pub(super) selection: Selection,
    of: PhantomData<fn() -> (E, L)>,
}

impl<E: Entity> Query<E> {
    /// All objects of the class.
    pub fn new() -> Self {
        Query { selection: Selection::default(), of: PhantomData }
    }
}

impl<E: Entity, L: LoadList> Query<E, L> {
    /// Only objects that fulfil the condition, beside those given before.
    pub fn filter(mut self, condition: impl Conditions<E>) -> Self {
        self.selection = self.selection.filter(condition.condition().expr);
        self
    }

    /// In this order, after those given before.
    pub fn order_by(mut self, order: impl Orders<E>) -> Self {
        let order = order.ordering();
        self.selection.order_by.push((order.by, order.direction));
        self
    }

    /// At most this many.
    pub fn limit(mut self, limit: u64) -> Self {
        self.selection.limit = Some(limit);
        self
    }

    /// Without the first ones.
    pub fn offset(mut self, offset: u64) -> Self {
        self.selection.offset = offset;
        self
    }

    /// What a class that extends this one adds comes along for its objects: by a join in the same statement, or by one
    /// more statement for all of them. Otherwise it is read when it is looked at, unless its declaration says more.
    ///
    /// ```
    /// use diptych::object::SubclassLoad;
    /// use diptych::prelude::*;
    /// # #[derive(Entity, Clone, Debug)]
    /// # #[entity(discriminator = kind, identity = "employee")]
    /// # struct Employee { #[key(auto)] id: Id<Employee>, kind: String, name: String }
    /// # #[derive(Entity, Clone, Debug)]
    /// # #[entity(identity = "engineer", table = "engineers")]
    /// # struct Engineer { #[base] employee: Employee, language: Option<String> }
    /// # fn main() -> Result<()> {
    /// # let database = Database::of::<(Employee, Engineer)>()?;
    /// # let mut session = database.session();
    /// # session.add(Engineer::draft());
    /// # session.commit()?;
    /// # let session = database.session();
    /// let all = session.all(Employee::select().with_subclass::<Engineer>(SubclassLoad::Inline))?;
    /// for employee in &all {
    ///     if let Some(engineer) = employee.downcast::<Engineer>()? {
    ///         println!("{} writes {:?}", engineer.name, engineer.language);
    ///     }
    /// }
    /// assert_eq!(session.totals().statements, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_subclass<S: Entity + IsA<E>>(mut self, load: SubclassLoad) -> Self {
        match load {
            SubclassLoad::OnAccess => {}
            SubclassLoad::Selectin => self.selection.loading.subclasses.push(S::CLASS.into()),
            SubclassLoad::Inline => self.selection.subclasses.extend(&Subclasses::These(vec![S::CLASS.into()])),
        }
        self
    }

    /// What every class adds that extends this one comes along, in the same statement.
    pub fn with_subclasses(mut self) -> Self {
        self.selection.subclasses = Subclasses::All;
        self
    }

    /// Loads a relation of a class that extends this one, for those objects that are of it. The type of the query does not
    /// say so. What is to be joined is, if the class is read along ([`with_subclass`](Query::with_subclass)); otherwise it is
    /// loaded by selectin.
    pub fn with_of<S: Entity + IsA<E>, T, P>(mut self, path: LoadPath<S, T, P>) -> Self {
        self.selection.loading.options.push(of_subclass::<S>(path.option));
        self
    }

    /// The most that the query may bring, with what it loads along.
    pub fn budget(mut self, budget: Budget) -> Self {
        self.selection.budget = Some(budget);
        self
    }

    /// How every relation is loaded, by objects of this class and by what is loaded with them, that no
    /// [`with`](Query::with) names: `Lazy::Raise` makes a query that shows every access nobody has planned.
    pub fn otherwise(mut self, lazy: Lazy) -> Self {
        self.selection.loading.options.push(LoadOption::new(Step::Rest, Strategy::By(lazy)));
        self
    }

    /// Loads a relation along, or forbids touching it. What is loaded is known to the type of the query, and
    /// [`View::get`](super::View::get) reads it; give each relation once, and what is behind it by
    /// [`then`](LoadPath::then).
    pub fn with<W: PathOf<E>>(self, path: W) -> Query<E, <W::Promise as Promise>::Onto<L>> {
        let Query { selection, .. } = self.loading(path);
        Query { selection, of: PhantomData }
    }

    /// Loads a relation along as [`with`](Query::with) does, and does not say so in the type: for queries that are put
    /// together at run time.
    pub fn loading(mut self, path: impl PathOf<E>) -> Self {
        self.selection.loading.options.push(path.into_option());
        self
    }
}

impl<E: Entity> Default for Query<E> {
    fn default() -> Self {
        Query::new()
    }
}

impl<E, L> Clone for Query<E, L> {
    fn clone(&self) -> Self {
        Query { selection: self.selection.clone(), of: PhantomData }
    }
}

impl<E: Entity, L> fmt::Debug for Query<E, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Query").field("class", &E::CLASS).field("selection", &self.selection).finish()
    }
}

impl<E, R, B, L> From<Query<E, With<R, B, L>>> for Query<E> {
    fn from(query: Query<E, With<R, B, L>>) -> Self {
        Query { selection: query.selection, of: PhantomData }
    }
}

/// A path of relations from a class `E` to a class `T`, and what is sure to be loaded by it.
#[must_use]
pub struct LoadPath<E, T, P = Perhaps> {
    pub(super) option: LoadOption,
    #[expect(clippy::type_complexity, reason = "a path names its ends and its promise")]
    of: PhantomData<fn() -> (E, T, P)>,
}

impl<E, T, P: Promise> LoadPath<E, T, P> {
    /// Loads a relation of the targets as well; call it again for another one beside it.
    pub fn then<W: PathOf<T>>(mut self, next: W) -> LoadPath<E, T, P::Then<W::Promise>> {
        self.option.then.options.push(next.into_option());
        LoadPath { option: self.option, of: PhantomData }
    }

    /// Loads a relation of a class that extends that of the targets, for those targets that are of it.
    pub fn then_of<S: Entity + IsA<T>, N, Q>(mut self, next: LoadPath<S, N, Q>) -> Self {
        self.option.then.options.push(of_subclass::<S>(next.option));
        self
    }

    /// What a class that extends that of the targets adds comes along for those of it: by a join in the statement that
    /// brings them, or by one more statement for all of them.
    ///
    /// ```
    /// use diptych::object::SubclassLoad;
    /// use diptych::prelude::*;
    /// # #[derive(Entity, Clone, Debug)]
    /// # #[has_many(staff: Employee, inverse = firm)]
    /// # struct Firm { #[key(auto)] id: Id<Firm> }
    /// # #[derive(Entity, Clone, Debug)]
    /// # #[entity(discriminator = kind, identity = "employee")]
    /// # #[belongs_to(firm: Firm, via = firm_id, inverse = staff)]
    /// # struct Employee {
    /// #     #[key(auto)] id: Id<Employee>, kind: String, #[references(Firm)] firm_id: Option<Id<Firm>>,
    /// # }
    /// # #[derive(Entity, Clone, Debug)]
    /// # #[entity(identity = "engineer", table = "engineers")]
    /// # struct Engineer { #[base] employee: Employee, language: Option<String> }
    /// # fn main() -> Result<()> {
    /// # let database = Database::of::<(Firm, Employee, Engineer)>()?;
    /// # let mut session = database.session();
    /// # let firm = session.add(Firm::draft());
    /// # session.push(firm, Firm::staff, Engineer::draft())?;
    /// # session.commit()?;
    /// # let session = database.session();
    /// let staff = Firm::staff.selectin().with_subclass::<Engineer>(SubclassLoad::Inline);
    /// for firm in &session.all(Firm::select().with(staff))? {
    ///     for member in firm.get(Firm::staff).iter() {
    ///         println!("{:?}", member.downcast::<Engineer>()?.and_then(|it| it.language.clone()));
    ///     }
    /// }
    /// assert_eq!(session.totals().statements, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_subclass<S: Entity + IsA<T>>(mut self, load: SubclassLoad) -> Self {
        match load {
            SubclassLoad::OnAccess => {}
            SubclassLoad::Selectin => self.option.then.subclasses.push(S::CLASS.into()),
            SubclassLoad::Inline => self.option.then.inline.extend(&Subclasses::These(vec![S::CLASS.into()])),
        }
        self
    }

    /// What every class adds that extends that of the targets comes along, in the statement that brings them.
    pub fn with_subclasses(mut self) -> Self {
        self.option.then.inline = Subclasses::All;
        self
    }

    /// Only targets that fulfil the condition become members, so nothing is said about the relation as a whole.
    pub fn filter(mut self, condition: impl Conditions<T>) -> LoadPath<E, T> {
        let condition = condition.condition().expr;
        self.option.filter = Some(match self.option.filter.take() {
            Some(before) => before.and(condition),
            None => condition,
        });
        LoadPath { option: self.option, of: PhantomData }
    }

    /// Each owner gets so many members at most, the first ones in the order of these columns and then in the declared
    /// one. Not for joined loads.
    pub fn first<F: Field>(mut self, limit: u64, order: impl IntoIterator<Item = (F, Direction)>) -> LoadPath<E, T>
    where
        T: IsA<F::Entity>,
    {
        let order_by = order.into_iter().map(|(_, direction)| (F::NAME.into(), direction)).collect();
        self.option.per_owner = Some(PerOwner { limit, order_by });
        LoadPath { option: self.option, of: PhantomData }
    }

    /// Leaves out owners without a target; for joined loads.
    pub fn inner(mut self) -> Self {
        self.option.inner = true;
        self
    }

    /// Follows a self-reference with the same strategy.
    pub fn depth(mut self, depth: Depth) -> Self {
        self.option.depth = Some(depth);
        self
    }
}

impl<E, T, P> Clone for LoadPath<E, T, P> {
    fn clone(&self) -> Self {
        LoadPath { option: self.option.clone(), of: PhantomData }
    }
}

impl<E, T, P> fmt::Debug for LoadPath<E, T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.option.fmt(f)
    }
}

/// A path from objects of a class: from it, or from one of its bases.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not start at objects of `{E}`",
    label = "a path from `{E}`, or from what it extends, is wanted here",
    note = "a relation of a class that extends `{E}` is loaded by `with_of`, or behind another relation by `then_of`"
)]
pub trait PathOf<E> {
    /// What is sure to be loaded by it.
    type Promise: Promise;

    /// What is asked.
    #[doc(hidden)]
    fn into_option(self) -> LoadOption;
}

#[diagnostic::do_not_recommend]
impl<B, E: IsA<B>, T, P: Promise> PathOf<E> for LoadPath<B, T, P> {
    type Promise = P;

    fn into_option(self) -> LoadOption {
        self.option
    }
}

/// The first step of a path as one of a subclass.
fn of_subclass<S: Entity>(option: LoadOption) -> LoadOption {
    let relation = match option.relation {
        Step::Relation(name) => Step::Of(S::CLASS.into(), name),
        other => other,
    };
    LoadOption { relation, ..option }
}

/// A path that says that its relation is loaded.
pub type Certain<R> = LoadPath<<R as Relation>::Owner, <R as Relation>::Target, Surely<R, Nothing>>;

/// Ways to load a relation with a query.
pub trait LoadRelation: Relation {
    /// By a join in the same statement.
    fn joined(self) -> Certain<Self> {
        path::<Self, _>(Lazy::Joined)
    }

    /// By one more statement for each batch of keys.
    fn selectin(self) -> Certain<Self> {
        path::<Self, _>(Lazy::Selectin)
    }

    /// By one more statement, however many objects there are.
    fn subquery(self) -> Certain<Self> {
        path::<Self, _>(Lazy::Subquery)
    }

    /// By a statement for each object, at once.
    fn immediate(self) -> Certain<Self> {
        path::<Self, _>(Lazy::Immediate)
    }

    /// When it is touched, whatever its declaration says.
    fn lazily(self) -> LoadPath<Self::Owner, Self::Target> {
        path::<Self, _>(Lazy::Select)
    }

    /// Never: touching it is an error.
    fn raise(self) -> LoadPath<Self::Owner, Self::Target> {
        path::<Self, _>(Lazy::Raise)
    }

    /// Never by a statement: touching it is an error unless the session knows where it leads to.
    fn raise_on_sql(self) -> LoadPath<Self::Owner, Self::Target> {
        path::<Self, _>(Lazy::RaiseOnSql)
    }

    /// Not at all: it is none or empty for the objects that the query brings.
    fn noload(self) -> LoadPath<Self::Owner, Self::Target> {
        path::<Self, _>(Lazy::Noload)
    }
}

impl<R: Relation> LoadRelation for R {}

fn path<R: Relation, P>(strategy: Lazy) -> LoadPath<R::Owner, R::Target, P> {
    LoadPath { option: LoadOption::by(R::NAME, strategy), of: PhantomData }
}
