//! The verbs that change objects and relations.

use std::ops::Index;

use crate::error::{Misuse, Result};
use crate::object::condition::ToOne;
use crate::object::entity::{Entity, Field, IsA, Many, Writable};
use crate::object::reference::{ObjectKey, Ref};
use crate::object::state::State;
use crate::object::view::{Edit, View};
use crate::query::Places;
use crate::record::{Record, Row, seen_as_mut};
use std::sync::Arc;

use super::Session;

/// What can become a member of a relation: a reference, or a struct that no session knows yet.
#[diagnostic::on_unimplemented(
    message = "this relation leads to `{T}`; `{Self}` is none",
    label = "wants a `Ref<{T}>`, or a new `{T}`"
)]
pub trait Member<T> {
    /// What it is a reference to: `T`, or a class that extends it.
    type Object: IsA<T>;

    /// A reference to the object.
    #[doc(hidden)]
    fn into_reference(self, session: &mut Session) -> Result<Ref<Self::Object>>;
}

impl<B, T: IsA<B>> Member<B> for Ref<T> {
    type Object = T;

    fn into_reference(self, _: &mut Session) -> Result<Ref<T>> {
        Ok(self)
    }
}

impl<B, T: Entity + IsA<B>> Member<B> for T {
    type Object = T;

    fn into_reference(self, session: &mut Session) -> Result<Ref<T>> {
        session.transient(self)
    }
}

/// What a relation to one object can be set to: a reference to an object of its class, or of one that extends it, or
/// none. An optional reference is one to an object of the class itself: `found.map(Ref::upcast)` makes it that.
#[diagnostic::on_unimplemented(
    message = "this relation leads to `{T}`, and `{Self}` does not",
    label = "wants a `Ref<{T}>`, an `Option<Ref<{T}>>` or `None`",
    note = "of a class that extends it, an optional reference is given by `.map(Ref::upcast)`, a new object by `session.add(…)`"
)]
pub trait Target<T> {
    /// A reference to the object, if there is one.
    #[doc(hidden)]
    fn into_target(self) -> Option<Ref<T>>;
}

impl<B, T: IsA<B>> Target<B> for Ref<T> {
    fn into_target(self) -> Option<Ref<B>> {
        Some(self.upcast())
    }
}

// There is one implementation for optional references, so that `None` says what it is none of.
impl<T> Target<T> for Option<Ref<T>> {
    fn into_target(self) -> Option<Ref<T>> {
        self
    }
}

impl Session {
    /// Adds a new object; the next flush inserts it.
    ///
    /// # Panics
    /// Where [`try_add`](Session::try_add), the checked form, is an error: mostly when the database was made without the
    /// class.
    #[track_caller]
    pub fn add<T: Entity>(&mut self, entity: T) -> Ref<T> {
        match self.try_add(entity) {
            Ok(reference) => reference,
            Err(error) => panic!("{error}"),
        }
    }

    /// Adds a new object; the next flush inserts it.
    ///
    /// # Errors
    /// When the database was made without the class, or nothing would tell that the row is of it: it is a base without an
    /// identity.
    #[track_caller]
    pub fn try_add<T: Entity>(&mut self, entity: T) -> Result<Ref<T>> {
        self.introduce(entity, State::Pending)
    }

    /// Takes in a struct without adding it: a flush does not see it until it is [`save`](Session::save)d, or linked to
    /// an object of the session by a relation that cascades save-update.
    ///
    /// # Errors
    /// When the database was made without the class.
    #[track_caller]
    pub fn transient<T: Entity>(&mut self, entity: T) -> Result<Ref<T>> {
        self.introduce(entity, State::Transient)
    }

    #[track_caller]
    fn introduce<T: Entity>(&mut self, entity: T, state: State) -> Result<Ref<T>> {
        let class = self.class_of::<T>()?;
        let mut row: Row = Arc::new(entity);
        let declared = self.model.class(class);
        declared.check_made(&self.model)?;
        declared.mark(&mut row)?;
        if state == State::Pending {
            declared.check_marked(&row)?;
        }
        let key = self.exclusive_here().graph.introduce(class, row, state);
        Ok(self.refer(key))
    }

    /// Adds a transient object, and whatever its save-update cascades reach.
    ///
    /// # Errors
    /// When the reference is not of this session, or the object was deleted.
    #[track_caller]
    pub fn save<T: ?Sized>(&mut self, object: Ref<T>) -> Result<()> {
        let key = self.check(object)?;
        let core = self.exclusive_here();
        let state = core.graph.objects[key].state;
        match state {
            State::Transient | State::Detached => core.graph.enroll(key, None)?,
            // What SQLAlchemy adds again brings along what it was linked to meanwhile.
            State::Pending | State::Persistent if !core.graph.is_sound() => core.graph.enroll(key, None)?,
            State::Pending | State::Persistent if !core.graph.objects[key].is_ghost() => {
                core.graph.objects[key].marked = false;
            }
            State::Pending | State::Persistent | State::Deleted => {
                let wanted = "an object whose row is gone cannot be saved; add a copy of it";
                return Err(Misuse::State { object: core.graph.name(key), state: state.name(), wanted }.into());
            }
        }
        Ok(())
    }

    /// The struct of an object, for changing. The next flush writes the columns that differ from what was read.
    ///
    /// # Errors
    /// When the reference is not of this session, or its row is gone.
    #[track_caller]
    pub fn edit<T: Entity>(&mut self, object: Ref<T>) -> Result<Edit<'_, T>> {
        let key = self.check(object)?;
        let record = self.exclusive_here().editable::<T>(key)?;
        match seen_as_mut::<T>(record) {
            Some(entity) => Ok(Edit { entity }),
            None => Err(Misuse::WrongClass { expected: T::CLASS.to_owned(), given: "another class".to_owned() }.into()),
        }
    }

    /// Gives a column another value.
    ///
    /// # Errors
    /// As [`edit`](Session::edit).
    #[track_caller]
    pub fn assign<F: Field>(
        &mut self,
        object: Ref<impl IsA<F::Entity>>,
        field: F,
        value: impl Into<F::Value>,
    ) -> Result<()> {
        let _ = field;
        let key = self.check(object)?;
        let value = crate::value::AsValue::as_value(&value.into()).to_value();
        self.exclusive_here().told(|core| Ok(core.editable::<F::Entity>(key)?.set(F::COLUMN, value)?))
    }

    /// Lets a reference lead to another object, or to none. The other side follows at once; the foreign key follows
    /// with the flush.
    ///
    /// # Errors
    /// When a reference is not of this session.
    #[track_caller]
    pub fn set<R>(&mut self, object: Ref<impl IsA<R::Owner>>, relation: R, target: impl Target<R::Target>) -> Result<()>
    where
        R: Writable,
        R::Arity: ToOne,
    {
        let _ = relation;
        let key = self.check(object)?;
        let target = target.into_target().map(|it| self.check(it)).transpose()?;
        self.exclusive_here().told(|core| core.link_one(key, R::RELATION, target))
    }

    /// Adds an object to a collection: a reference, or a new struct, which the session then takes in.
    ///
    /// # Errors
    /// When a reference is not of this session.
    #[track_caller]
    pub fn push<R, M: Member<R::Target>>(
        &mut self,
        object: Ref<impl IsA<R::Owner>>,
        relation: R,
        member: M,
    ) -> Result<Ref<M::Object>>
    where
        R: Writable<Arity = Many>,
    {
        let _ = relation;
        let key = self.check(object)?;
        let member = member.into_reference(self)?;
        let target = self.check(member)?;
        self.exclusive_here().told(|core| core.link_many(key, R::RELATION, target))?;
        Ok(member)
    }

    /// Takes an object out of a collection.
    ///
    /// # Errors
    /// When it is not a member, or a reference is not of this session.
    #[track_caller]
    pub fn remove<R>(
        &mut self,
        object: Ref<impl IsA<R::Owner>>,
        relation: R,
        member: Ref<impl IsA<R::Target>>,
    ) -> Result<()>
    where
        R: Writable<Arity = Many>,
    {
        let _ = relation;
        let (key, member) = (self.check(object)?, self.check(member)?);
        self.exclusive_here().told(|core| core.unlink(key, R::RELATION, member))
    }

    /// Takes every object out of a collection.
    ///
    /// # Errors
    /// When a reference is not of this session, or the collection cannot be read.
    #[track_caller]
    pub fn clear<R>(&mut self, object: Ref<impl IsA<R::Owner>>, relation: R) -> Result<()>
    where
        R: Writable<Arity = Many>,
    {
        self.replace(object, relation, [])
    }

    /// Lets a collection hold exactly these objects. Only what differs is changed. References to objects of a class that
    /// extends the target's go in by [`upcast`](Ref::upcast), so that `[]` needs no type.
    ///
    /// # Errors
    /// When a reference is not of this session, or the collection cannot be read.
    #[track_caller]
    pub fn replace<R>(
        &mut self,
        object: Ref<impl IsA<R::Owner>>,
        relation: R,
        members: impl IntoIterator<Item = Ref<R::Target>>,
    ) -> Result<()>
    where
        R: Writable<Arity = Many>,
    {
        let _ = relation;
        let key = self.check(object)?;
        let members = members.into_iter().map(|it| self.check(it)).collect::<Result<Vec<_>>>()?;
        self.exclusive_here().told(|core| core.replace(key, R::RELATION, &members))
    }

    /// Marks an object for deletion, and whatever its delete cascades reach. The next flush removes the rows.
    ///
    /// # Errors
    /// When the reference is not of this session, or the object has no row.
    #[track_caller]
    pub fn delete<T: ?Sized>(&mut self, object: Ref<T>) -> Result<()> {
        let key = self.check(object)?;
        self.exclusive_here().told(|core| core.delete(key))
    }

    /// Marks several objects for deletion, and whatever their delete cascades reach, as [`delete`](Session::delete) does
    /// one by one. What has to be read for that is read for all of them together: one statement for each level of the
    /// cascade and each relation, and for each batch of [`BATCH`](crate::object::BATCH) objects.
    ///
    /// ```
    /// # use diptych::prelude::*;
    /// # #[derive(Entity, Clone, Debug)]
    /// # #[has_many(pages: Page, via = book_id, cascade(all))]
    /// # struct Book { #[key(auto)] id: Id<Book> }
    /// # #[derive(Entity, Clone, Debug)]
    /// # struct Page { #[key(auto)] id: Id<Page>, #[references(Book)] book_id: Option<Id<Book>> }
    /// # fn main() -> diptych::Result<()> {
    /// # let mut session = Database::of::<(Book, Page)>()?.session();
    /// # for _ in 0..10 {
    /// #     let book = session.add(Book { id: Id::auto() });
    /// #     session.push(book, Book::pages, Page::draft())?;
    /// # }
    /// # session.commit()?;
    /// let books = session.all(Book::select())?.references();
    /// diptych::assert_statements!(session, 1, { session.delete_all(books)? });
    /// session.commit()?;
    /// # assert_eq!(session.count(Page::select())?, 0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When a reference is not of this session, or one of the objects has no row; then none is marked.
    #[track_caller]
    pub fn delete_all<T: ?Sized>(&mut self, objects: impl IntoIterator<Item = Ref<T>>) -> Result<()> {
        let keys = objects.into_iter().map(|it| self.check(it)).collect::<Result<Vec<_>>>()?;
        self.exclusive_here().told(|core| core.delete_all(&keys))
    }

    /// The state of an object.
    ///
    /// # Errors
    /// When the reference is not of this session.
    pub fn state<T: ?Sized>(&self, object: Ref<T>) -> Result<State> {
        let key = self.check(object)?;
        let core = self.core.borrow();
        let object = core.object(key)?;
        Ok(if object.is_ghost() { State::Deleted } else { object.state })
    }

    /// Whether the next flush deletes the object.
    ///
    /// # Errors
    /// When the reference is not of this session.
    pub fn is_marked_deleted<T: ?Sized>(&self, object: Ref<T>) -> Result<bool> {
        let key = self.check(object)?;
        Ok(self.core.borrow().object(key)?.marked)
    }

    /// Lets an object forget what it has read, with changes that were not flushed; the next look reads it again.
    ///
    /// # Errors
    /// When the reference is not of this session.
    pub fn expire<T: ?Sized>(&mut self, object: Ref<T>) -> Result<()> {
        let key = self.check(object)?;
        self.exclusive().expire(key)
    }

    /// Lets every object forget what it has read.
    pub fn expire_all(&mut self) {
        self.exclusive().expire_all();
    }

    /// Reads an object's row again, at once. Changes that were not flushed are lost.
    ///
    /// # Errors
    /// When the reference is not of this session, or the row is gone.
    #[track_caller]
    pub fn refresh<T: ?Sized>(&mut self, object: Ref<T>) -> Result<()> {
        let key = self.check(object)?;
        let core = self.exclusive_here();
        core.expire(key)?;
        core.before_reading(key)?;
        // The flush may have looked at the object, and read it: what it holds is what the flush has written.
        if core.object(key)?.lacks_row() { core.refresh_row(key) } else { Ok(()) }
    }

    /// Lets an object, and what its expunge cascades reach, leave the session: what has a row is detached and keeps what
    /// it holds, what is pending is transient again. [`save`](Session::save) brings it back.
    ///
    /// # Errors
    /// When the reference is not of this session, or the object is not in it.
    pub fn expunge<T: ?Sized>(&mut self, object: Ref<T>) -> Result<()> {
        let key = self.check(object)?;
        self.exclusive().expunge(key)
    }

    /// Lets all objects leave the session, as [`expunge`](Session::expunge) does.
    pub fn expunge_all(&mut self) {
        self.exclusive().detach_all();
    }

    /// Forgets an object altogether, with changes that were not flushed: its memory is given back, and references to it
    /// are refused from now on.
    ///
    /// # Errors
    /// When the reference is not of this session.
    #[track_caller]
    pub fn let_go<T: ?Sized>(&mut self, object: Ref<T>) -> Result<()> {
        let key = self.check(object)?;
        self.exclusive_here().let_go(key);
        Ok(())
    }

    /// Forgets all objects altogether, as [`let_go`](Session::let_go) does.
    pub fn let_go_of_all(&mut self) {
        let core = self.exclusive();
        core.graph.clear();
        core.notes.clear();
        core.peers.clear();
        (core.found, core.met) = (Places::default(), Vec::new());
        let nothing = || super::core::Frame { let_go: true, ..Default::default() };
        core.frames.iter_mut().for_each(|frame| *frame = nothing());
    }

    /// Rolls back and lets all objects leave the session.
    ///
    /// # Errors
    /// When the connection fails.
    pub fn close(&mut self) -> Result<()> {
        self.exclusive().close()
    }

    /// The key of a reference that is valid in this session (O5).
    pub(in crate::object) fn check<T: ?Sized>(&self, object: Ref<T>) -> Result<ObjectKey> {
        if object.session != self.id {
            return Err(Misuse::WrongSession { of: object.session.0, used_with: self.id.0 }.into());
        }
        if self.core.borrow().graph.objects.contains_key(object.key) {
            return Ok(object.key);
        }
        let class = std::any::type_name::<T>().rsplit("::").next().unwrap_or_default().to_owned();
        Err(Misuse::StaleReference { class }.into())
    }
}

impl<T: Entity> Index<Ref<T>> for Session {
    type Output = T;

    /// The struct of an object.
    ///
    /// # Panics
    /// When the reference is stale or of another session, or reading the row fails, as a map's index does.
    /// [`get`](Session::get) is the checked form.
    #[track_caller]
    fn index(&self, object: Ref<T>) -> &T {
        match self.get(object) {
            Ok(view) => View::entity(&view),
            Err(error) => panic!("{error}"),
        }
    }
}

impl super::Core {
    /// The row of an object with what `T` shows of it, for changing: the version that was read is kept, and the flush
    /// compares with it.
    pub(in crate::object) fn editable<T: Entity>(&mut self, key: ObjectKey) -> Result<&mut dyn Record> {
        let object = self.fresh_as::<T>(key)?;
        let (state, gone) =
            (object.state, object.state == State::Deleted || object.state == State::Detached && object.marked);
        if gone {
            let (state, wanted) = (state.name(), "its row is gone");
            return Err(Misuse::State { object: self.graph.name(key), state, wanted }.into());
        }
        self.watch_columns(key);
        self.graph.keep_reads(key);
        self.graph.touch(key);
        if self.graph.has_identity(key) {
            self.graph.keep_original(key);
        }
        match self.graph.own_mut(key).and_then(|own| own.row.as_mut()) {
            Some(row) => Ok(crate::record::edit(row)),
            None => Err(Misuse::StaleReference { class: "object".to_owned() }.into()),
        }
    }
}
