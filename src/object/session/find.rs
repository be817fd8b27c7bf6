//! Finding and looking at objects.

use std::marker::PhantomData;
use std::panic::Location;
use std::sync::Arc;

use super::look_up::Beside;
use super::{Core, Session};
use crate::error::{Error, Misuse, Result};
use crate::id::RelationId;
use crate::object::entity::{Entity, Key, Relation};
use crate::object::held::{Held, Lent};
use crate::object::loaded::LoadList;
use crate::object::query::Query;
use crate::object::reference::{ObjectKey, Ref};
use crate::object::select::{Existing, Selection};
use crate::object::view::{View, Views};
use crate::query::{Input, Outcome, Statement};
use crate::record::{Record, Row, seen_as};
use crate::value::Value;

impl Session {
    /// Looks at an object; its row is read again if it was expired.
    ///
    /// # Errors
    /// When the reference is stale or of another session, or its row is gone.
    #[track_caller]
    pub fn get<T: Entity>(&self, object: Ref<T>) -> Result<View<'_, T>> {
        let key = self.check(object)?;
        let row = self.row_at_hand(&self.core.borrow().graph, key);
        match row {
            Some(row) => self.viewed(key, row),
            None => {
                drop(self.called_from(Location::caller()));
                self.view_anew(key)
            }
        }
    }

    /// The object with this primary key, if there is one.
    ///
    /// # Errors
    /// When the database was made without the class, or the statement fails; when subclasses have whole tables that are
    /// read along, and several rows have the key.
    #[track_caller]
    pub fn find<T: Entity>(&self, key: impl Into<T::Key>) -> Result<Option<View<'_, T>>> {
        let class = self.class_of::<T>()?;
        let caller = Location::caller();
        key.into().with_values(|key| {
            if let [Value::Int(key)] = key
                && let Some(found) = self.look_up(class, *key)
            {
                return found.map(|(key, row)| self.viewed(key, row)).transpose();
            }
            let found = self.called_from(caller).told_while_shared(|core| core.find_any(class, key))?;
            found.map(|key| self.view(key)).transpose()
        })
    }

    /// All objects that a query finds, each once, with what it loads along.
    ///
    /// # Errors
    /// When the database was made without the class, a statement fails, or a later option of the query forbids what an
    /// earlier one loads.
    #[track_caller]
    pub fn all<T: Entity, L: LoadList>(&self, query: Query<T, L>) -> Result<Views<'_, T, L>> {
        let class = self.class_of::<T>()?;
        let found =
            self.called_from(Location::caller()).told_while_shared(|core| core.select(class, &query.selection))?;
        L::make_sure(self, &found)?;
        self.views(Arc::new(found))
    }

    /// All objects that a query finds, as the rows say: those that the session holds already are read again, too
    /// (`populate_existing`). Changes of them that were not flushed are written first if the session flushes by itself,
    /// and lost otherwise. It takes the session exclusively, because it unloads what the rows may tell otherwise (O8).
    ///
    /// # Errors
    /// As [`all`](Session::all).
    #[track_caller]
    pub fn populate_existing<T: Entity, L: LoadList>(&mut self, query: Query<T, L>) -> Result<Views<'_, T, L>> {
        let class = self.class_of::<T>()?;
        let selection = Selection { existing: Existing::Overwritten, ..query.selection };
        let core = self.exclusive_here();
        let found = core.told(|core| core.select(class, &selection))?;
        L::make_sure(self, &found)?;
        self.views(Arc::new(found))
    }

    /// Walks the objects that a query finds, so many at a time: each part is made of its rows, and what the query loads
    /// along is read for it, when the part before is done. The statement runs once. Let go of what is not needed any
    /// more, and the session never holds more than a part. Where the work on a part has changed rows, or has ended the
    /// transaction, the parts that follow are read anew by their keys: what has gone does not come, what has come neither.
    ///
    /// # Errors
    /// As [`all`](Session::all), when the query joins, or loads a collection by a join, and when the work fails.
    #[track_caller]
    pub fn each_chunk<T: Entity, L>(
        &mut self,
        query: Query<T, L>,
        size: usize,
        mut work: impl FnMut(&mut Session, Vec<Ref<T>>) -> Result<()>,
    ) -> Result<()> {
        let class = self.class_of::<T>()?;
        let (core, caller) = (self.exclusive(), Location::caller());
        core.called_from(caller);
        let mut chunks = core.chunks(class, &query.selection, size.max(1))?;
        loop {
            let core = self.exclusive();
            core.called_from(caller);
            let Some(found) = core.next_chunk(&mut chunks)? else { break };
            let found: Vec<Ref<T>> = found.into_iter().map(|key| self.refer(key)).collect();
            // All of a part may have gone meanwhile.
            if !found.is_empty() {
                work(self, found)?;
            }
        }
        Ok(())
    }

    /// The first object that a query finds.
    ///
    /// # Errors
    /// As [`all`](Session::all).
    #[track_caller]
    pub fn first<T: Entity, L: LoadList>(&self, query: Query<T, L>) -> Result<Option<View<'_, T, L>>> {
        let query = query.limit(1);
        match self.look_up_unique(self.class_of::<T>()?, &query.selection) {
            Some(found) => found.map(|(key, row)| self.viewed(key, row)).transpose(),
            None => Ok(self.all(query)?.first()),
        }
    }

    /// The only object that a query finds.
    ///
    /// # Errors
    /// As [`all`](Session::all), and when there is none or more than one.
    #[track_caller]
    pub fn one<T: Entity, L: LoadList>(&self, query: Query<T, L>) -> Result<View<'_, T, L>> {
        let not_one = |found| Misuse::NotOne { table: T::TABLE.to_owned(), found }.into();
        if let Some(found) = self.look_up_unique(self.class_of::<T>()?, &query.selection) {
            return found.map_or_else(|| Err(not_one(0)), |(key, row)| self.viewed(key, row));
        }
        let found = self.all(query)?;
        match (found.first(), found.len()) {
            (Some(view), 1) => Ok(view),
            (_, found) => Err(not_one(found.min(2))),
        }
    }

    /// How many objects a query finds, each once, also where it joins.
    ///
    /// # Errors
    /// As [`all`](Session::all).
    #[track_caller]
    pub fn count<T: Entity, L>(&self, query: Query<T, L>) -> Result<u64> {
        let class = self.class_of::<T>()?;
        let distinct = query.selection.distinct || !query.selection.joins.is_empty();
        let selection = Selection { distinct, ..query.selection };
        self.called_from(Location::caller()).select_count(class, &selection)
    }

    /// Runs a statement of the tables within the session's transaction, after a flush. Objects do not notice what it
    /// changes until they are expired.
    ///
    /// # Errors
    /// When the flush or the statement fails.
    #[track_caller]
    pub fn execute(&mut self, statement: impl Into<Statement>) -> Result<Outcome> {
        let core = self.exclusive_here();
        core.before_query()?;
        let statement = statement.into();
        if !matches!(statement, Statement::Select(_)) {
            core.graph.holdings.note_change();
        }
        let prepared = core.connection.prepare(statement)?;
        core.connection.run(&prepared, Input::Values(&[]))
    }

    /// How many objects the session holds.
    pub fn len(&self) -> usize {
        self.core.borrow().graph.objects.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A view of an object whose row may have to be read again.
    #[inline]
    pub(in crate::object) fn view<T: Entity, L>(&self, key: ObjectKey) -> Result<View<'_, T, L>> {
        let row = self.row_at_hand(&self.core.borrow().graph, key);
        match row {
            Some(row) => self.viewed(key, row),
            None => self.view_anew(key),
        }
    }

    /// A view of an object whose row is lent.
    #[inline]
    pub(in crate::object) fn viewed<'s, T: Entity, L>(
        &'s self,
        key: ObjectKey,
        row: &'s Row,
    ) -> Result<View<'s, T, L>> {
        match seen_as::<T>(&**row) {
            Some(entity) => Ok(View { session: self, key, entity, loaded: PhantomData }),
            None => self.view_anew(key),
        }
    }

    #[cold]
    fn view_anew<T: Entity, L>(&self, key: ObjectKey) -> Result<View<'_, T, L>> {
        let record = self.lend::<T>(key)?;
        match seen_as::<T>(record) {
            Some(entity) => Ok(View { session: self, key, entity, loaded: PhantomData }),
            None => {
                let given = self.core.borrow().graph.name(key);
                Err(Misuse::WrongClass { expected: T::CLASS.to_owned(), given }.into())
            }
        }
    }

    /// A view of a member whose row [`views`](Session::views) has made sure of.
    #[inline]
    pub(in crate::object) fn view_of<T: Entity, L>(&self, key: ObjectKey) -> View<'_, T, L> {
        self.view(key).expect("the rows of views are at hand while the session is borrowed")
    }

    /// The same for views that are walked: of each, the row is looked for beside the one before.
    #[inline]
    pub(in crate::object) fn view_beside<'s, T: Entity, L>(
        &'s self,
        beside: &mut Beside<'s>,
        key: ObjectKey,
    ) -> View<'s, T, L> {
        match self.row_beside(beside, key).and_then(|row| seen_as::<T>(&**row)) {
            Some(entity) => View { session: self, key, entity, loaded: PhantomData },
            None => self.view_of(key),
        }
    }

    /// Views of objects. Rows that were expired are read again, so that walking the views cannot fail.
    pub(in crate::object) fn views<T: Entity, L>(&self, members: Arc<Vec<ObjectKey>>) -> Result<Views<'_, T, L>> {
        let mut core = self.core.borrow_mut();
        if core.graph.may_lack() {
            for &key in &*members {
                core.fresh_as::<T>(key)?;
            }
        }
        drop(core);
        Ok(Views { session: self, members, of: PhantomData })
    }

    /// Borrows the row of an object, with what `T` shows of it, for as long as the session is borrowed. The row, or the version in which it stands,
    /// is kept among what was lent until nobody can be looking at it. What was lent already is not kept again.
    pub(in crate::object) fn lend<T: Entity>(&self, key: ObjectKey) -> Result<&dyn Record> {
        let mut core = self.core.borrow_mut();
        let object = core.fresh_as::<T>(key)?;
        let (class, held) = (object.class, object.held());
        let holdings = &mut core.graph.holdings;
        let row = match held {
            Held::At { version, place } => {
                let reading = &mut holdings.readings[version as usize];
                let lent = Some(reading.lent).filter(|it| it.epoch == self.epoch);
                let version = match lent.and_then(|it| self.versions.get(it.at as usize)) {
                    Some(version) => version,
                    None => {
                        reading.lent = Lent { epoch: self.epoch, at: self.versions.len() as u32 };
                        self.versions.push_get(reading.version.clone())
                    }
                };
                version.row(self.model.class(class).table_id, place).map(|row| &**row)
            }
            Held::Own(at) => {
                let own = holdings.own.get_mut(at);
                let lent = Some(own.lent).filter(|it| it.epoch == self.epoch);
                match (lent.and_then(|it| self.lent.get(it.at as usize)), &own.row) {
                    (Some(record), _) => Some(record),
                    (None, Some(row)) => {
                        own.lent = Lent { epoch: self.epoch, at: self.lent.len() as u32 };
                        Some(self.lent.push_get(row.clone()))
                    }
                    (None, None) => None,
                }
            }
            Held::Nothing => None,
        };
        row.ok_or_else(|| Misuse::StaleReference { class: "object".to_owned() }.into())
    }

    /// Somebody looks at a relation of an object.
    #[inline]
    fn note_look(&self, key: ObjectKey, relation: RelationId) {
        if self.core.borrow().ledger.is_some() {
            self.core.borrow_mut().note_look(key, relation);
        }
    }

    /// What a reference leads to, without a statement.
    pub(in crate::object) fn known_one(&self, key: ObjectKey, relation: RelationId) -> Result<Option<ObjectKey>> {
        self.note_look(key, relation);
        let core = self.core.borrow();
        let declared = self.model.relation(core.object(key)?.class, relation);
        core.loaded_one(key, declared).ok_or_else(|| core.not_loaded(key, declared))
    }

    /// The members of a collection, without a statement.
    pub(in crate::object) fn known_many(&self, key: ObjectKey, relation: RelationId) -> Result<Arc<Vec<ObjectKey>>> {
        self.note_look(key, relation);
        let core = self.core.borrow();
        let declared = self.model.relation(core.object(key)?.class, relation);
        core.loaded_many(key, relation).ok_or_else(|| core.not_loaded(key, declared))
    }

    /// The view that a required reference leads to.
    pub(in crate::object) fn required<R: Relation>(
        &self,
        key: ObjectKey,
        target: Option<ObjectKey>,
    ) -> Result<View<'_, R::Target>> {
        match target {
            Some(target) => self.view(target),
            None => Err(self.core.borrow().unset(key, R::NAME)),
        }
    }
}

impl Core {
    /// The error of a required reference that leads nowhere.
    pub(in crate::object) fn unset(&self, key: ObjectKey, relation: &str) -> Error {
        let object = format!("{relation} of {}", self.graph.name(key));
        let wanted = "a required reference leads to an object: set it first";
        Misuse::State { object, state: "unset", wanted }.into()
    }
}
