//! What a listener may do: read and change objects. It cannot flush, commit or roll back, nor move relations while the
//! session is only read.

use super::During;
use crate::error::{Misuse, Result};
use crate::id::ClassId;
use crate::object::condition::ToOne;
use crate::object::entity::{Entity, Field, IsA, Many, Relation, Writable};
use crate::object::reference::{ObjectKey, Ref, SessionId};
use crate::object::session::{Core, Target};
use crate::object::state::State;
use crate::record::{Row, seen_as, seen_as_mut};
use crate::value::AsValue;
use std::sync::Arc;

/// A session in the hands of a listener. Reading flushes nothing; what is changed is told to listeners afterwards, and
/// waits for the next flush as any change does.
pub struct Reaction<'c> {
    core: &'c mut Core,
    session: SessionId,
}

impl<'c> Reaction<'c> {
    pub(super) fn new(core: &'c mut Core, session: SessionId) -> Self {
        Reaction { core, session }
    }

    pub(super) fn refer<T: ?Sized>(&self, key: ObjectKey) -> Ref<T> {
        Ref::new(key, self.session)
    }

    /// A reference to an object, if it is of this class.
    pub(super) fn refer_if<T: ?Sized>(&self, key: ObjectKey, class: Option<ClassId>) -> Option<Ref<T>> {
        let is = self.core.graph.objects.contains_key(key) && class.is_some_and(|it| self.core.graph.is_a(key, it));
        is.then(|| self.refer(key))
    }

    fn check<T: ?Sized>(&self, object: Ref<T>) -> Result<ObjectKey> {
        if object.session != self.session {
            return Err(Misuse::WrongSession { of: object.session.0, used_with: self.session.0 }.into());
        }
        self.core.object(object.key)?;
        Ok(object.key)
    }

    /// The row of a table as the struct of a class, if the row is of the class and a whole one.
    pub(super) fn shown<E: Entity>(&self, table: &str, row: &Row) -> Option<E> {
        if let Some(whole) = seen_as::<E>(&**row) {
            return Some(whole.clone());
        }
        let model = &self.core.graph.model;
        let class = model.class_of::<E>(E::CLASS).ok()?;
        let [part] = class.parts.as_slice() else { return None };
        // What is of no class that is a case of this one says so by an error.
        if part.table != table || model.class_of_row(class, |_| Some(row)).is_err() {
            return None;
        }
        let values = part.columns.iter().map(|it| row.get(it.1).to_value()).collect();
        class.row_of(values, |_| true).ok().and_then(|it| seen_as::<E>(&*it).cloned())
    }

    /// Refuses to move a relation while the session is only read: views may be alive whose types say what is loaded.
    fn check_movable(&self, what: impl Fn() -> String) -> Result<()> {
        match self.core.listeners.during {
            During::Change => Ok(()),
            During::Read => Err(Misuse::ListenerOfRead { what: what() }.into()),
        }
    }

    fn relation_name<R: Relation>() -> String {
        format!("{}.{}", R::Owner::CLASS, R::NAME)
    }

    /// The struct of an object, read again if it was expired.
    ///
    /// # Errors
    /// When the reference is not of this session, or the object's row is gone.
    pub fn get<T: Entity>(&mut self, object: Ref<T>) -> Result<&T> {
        let key = self.check(object)?;
        self.core.fresh_as::<T>(key)?;
        let row = self.core.graph.row(key);
        let wrong = || Misuse::WrongClass { expected: T::CLASS.to_owned(), given: "another class".to_owned() }.into();
        row.and_then(|it| seen_as(&**it)).ok_or_else(wrong)
    }

    /// The struct of an object, for changing.
    ///
    /// # Errors
    /// As [`get`](Reaction::get).
    pub fn edit<T: Entity>(&mut self, object: Ref<T>) -> Result<&mut T> {
        let key = self.check(object)?;
        let row = self.core.editable::<T>(key)?;
        let wrong = || Misuse::WrongClass { expected: T::CLASS.to_owned(), given: "another class".to_owned() }.into();
        seen_as_mut(row).ok_or_else(wrong)
    }

    /// Gives a column another value.
    ///
    /// # Errors
    /// As [`get`](Reaction::get).
    pub fn assign<F: Field>(
        &mut self,
        object: Ref<impl IsA<F::Entity>>,
        _: F,
        value: impl Into<F::Value>,
    ) -> Result<()> {
        let key = self.check(object)?;
        let value = value.into().as_value().to_value();
        self.core.editable::<F::Entity>(key)?.set(F::COLUMN, value)?;
        Ok(())
    }

    /// Adds a new object.
    ///
    /// # Errors
    /// When the database was made without the class.
    pub fn add<T: Entity>(&mut self, entity: T) -> Result<Ref<T>> {
        let mut row: Row = Arc::new(entity);
        let class = self.core.graph.model.class_of::<T>(T::CLASS)?;
        class.check_made(&self.core.graph.model)?;
        class.mark(&mut row)?;
        class.check_marked(&row)?;
        let key = self.core.graph.introduce(class.id, row, State::Pending);
        Ok(self.refer(key))
    }

    /// What a reference leads to, read if need be.
    ///
    /// # Errors
    /// When the reference is not of this session, or reading is refused or fails.
    pub fn one<R>(&mut self, object: Ref<impl IsA<R::Owner>>, _: R) -> Result<Option<Ref<R::Target>>>
    where
        R: Relation,
        R::Arity: ToOne,
    {
        let key = self.check(object)?;
        Ok(self.core.load_one(key, R::RELATION)?.map(|it| self.refer(it)))
    }

    /// The members of a collection, read if need be.
    ///
    /// # Errors
    /// As [`one`](Reaction::one).
    pub fn many<R: Relation<Arity = Many>>(
        &mut self,
        object: Ref<impl IsA<R::Owner>>,
        _: R,
    ) -> Result<Vec<Ref<R::Target>>> {
        let key = self.check(object)?;
        Ok(self.core.load_many(key, R::RELATION)?.iter().map(|it| self.refer(*it)).collect())
    }

    /// Lets a reference lead to another object, or to none.
    ///
    /// # Errors
    /// When a reference is not of this session, or the session is only read, by a query say.
    pub fn set<R>(&mut self, object: Ref<impl IsA<R::Owner>>, _: R, target: impl Target<R::Target>) -> Result<()>
    where
        R: Relation + Writable,
        R::Arity: ToOne,
    {
        let key = self.check(object)?;
        let target = target.into_target().map(|it| self.check(it)).transpose()?;
        self.check_movable(Self::relation_name::<R>)?;
        self.core.link_one(key, R::RELATION, target)
    }

    /// Adds an object to a collection.
    ///
    /// # Errors
    /// As [`set`](Reaction::set).
    pub fn push<R>(&mut self, object: Ref<impl IsA<R::Owner>>, _: R, member: Ref<impl IsA<R::Target>>) -> Result<()>
    where
        R: Relation<Arity = Many> + Writable,
    {
        let (key, member) = (self.check(object)?, self.check(member)?);
        self.check_movable(Self::relation_name::<R>)?;
        self.core.link_many(key, R::RELATION, member)
    }

    /// Takes an object out of a collection.
    ///
    /// # Errors
    /// When it is no member, and as [`set`](Reaction::set).
    pub fn remove<R>(&mut self, object: Ref<impl IsA<R::Owner>>, _: R, member: Ref<impl IsA<R::Target>>) -> Result<()>
    where
        R: Relation<Arity = Many> + Writable,
    {
        let (key, member) = (self.check(object)?, self.check(member)?);
        self.check_movable(Self::relation_name::<R>)?;
        self.core.unlink(key, R::RELATION, member)
    }

    /// Marks an object for deletion, and whatever its delete cascades reach.
    ///
    /// # Errors
    /// When the object has no row, and as [`set`](Reaction::set).
    pub fn delete<T: ?Sized>(&mut self, object: Ref<T>) -> Result<()> {
        let key = self.check(object)?;
        self.check_movable(|| self.core.graph.name(key))?;
        self.core.delete(key)
    }

    /// The objects of a class that the next flush inserts.
    ///
    /// # Errors
    /// When the database was made without the class.
    pub fn new_objects<T: Entity>(&self) -> Result<Vec<Ref<T>>> {
        self.touched(|_, state, _| state == State::Pending)
    }

    /// The objects of a class that have changed since they were read or flushed, in columns or in relations.
    ///
    /// # Errors
    /// When the database was made without the class.
    pub fn changed<T: Entity>(&self) -> Result<Vec<Ref<T>>> {
        self.touched(|key, state, marked| state == State::Persistent && !marked && self.core.graph.has_changes(key))
    }

    /// The objects of a class that the next flush deletes.
    ///
    /// # Errors
    /// When the database was made without the class.
    pub fn deleted<T: Entity>(&self) -> Result<Vec<Ref<T>>> {
        self.touched(|_, state, marked| state == State::Persistent && marked)
    }

    fn touched<T: Entity>(&self, which: impl Fn(ObjectKey, State, bool) -> bool) -> Result<Vec<Ref<T>>> {
        let graph = &self.core.graph;
        let class = graph.model.class_of::<T>(T::CLASS)?.id;
        let all = graph.touched.iter().copied().filter(|it| graph.objects.contains_key(*it));
        let all = all.filter(|&it| {
            let object = &graph.objects[it];
            graph.is_a(it, class) && which(it, object.state, object.marked)
        });
        Ok(all.map(|it| self.refer(it)).collect())
    }
}

impl std::fmt::Debug for Reaction<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reaction").field("session", &self.session).finish_non_exhaustive()
    }
}
