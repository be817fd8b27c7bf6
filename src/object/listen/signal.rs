//! What one can listen to, and what a listener is given, both typed by the relation, column or entity that is named.

use std::fmt;
use std::marker::PhantomData;

use super::{Interest, Reaction};
use crate::error::Result;
use crate::id::ClassId;
use crate::object::condition::ToOne;
use crate::object::entity::{Entity, Field, Many, Relation};
use crate::object::events::{Happening, RowStep, StateChange, UnitStep};
use crate::object::model::Model;
use crate::object::reference::{ObjectKey, Ref};
use crate::value::AsValue;

/// Something that one can listen to; see [`Session::on`](crate::Session::on) and
/// [`Database::on`](crate::Database::on).
#[diagnostic::on_unimplemented(message = "nobody can listen to `{Self}`")]
pub trait Signal: Send + 'static {
    /// What a listener is given.
    type Event;

    #[doc(hidden)]
    fn interest(&self) -> Interest {
        Interest::Other
    }

    #[doc(hidden)]
    fn name(&self) -> String;

    #[doc(hidden)]
    fn class(&self, model: &Model) -> Result<Option<ClassId>>;

    #[doc(hidden)]
    fn read(&self, happening: &Happening, class: Option<ClassId>, reaction: &Reaction<'_>) -> Option<Self::Event>;
}

/// An object is added to a collection, from whichever side.
#[derive(Clone, Copy, Debug)]
pub struct Append<R>(pub R);

/// An object has left a collection: it was taken out, from whichever side, or its row was deleted.
#[derive(Clone, Copy, Debug)]
pub struct Remove<R>(pub R);

/// A collection is replaced as a whole; told before what is added and removed by that.
#[derive(Clone, Copy, Debug)]
pub struct Replace<R>(pub R);

/// A reference is set, from whichever side.
#[derive(Clone, Copy, Debug)]
pub struct Set<R>(pub R);

/// A column has got another value, by `assign` or through an [`Edit`](crate::Edit). What an `Edit` has changed is told
/// with the next call of the session, the flush at the latest.
#[derive(Clone, Copy, Debug)]
pub struct Changed<F>(pub F);

/// A step of a flush that reaches objects of a class: [`RowStep::of`].
#[derive(Clone, Copy, Debug)]
pub struct RowSignal<E> {
    step: RowStep,
    of: PhantomData<fn() -> E>,
}

/// An object is read that the session did not know: [`load`].
#[derive(Clone, Copy, Debug)]
pub struct Loads<E>(PhantomData<fn() -> E>);

/// A foreign key action changes or removes the row of an object of a class: [`rows_acted_on`].
#[derive(Clone, Copy, Debug)]
pub struct ActedSignal<E>(PhantomData<fn() -> E>);

/// What was added to a collection.
#[derive(Clone, Copy)]
pub struct Appended<R: Relation> {
    /// Whose collection it is.
    pub owner: Ref<R::Owner>,
    /// The object.
    pub member: Ref<R::Target>,
}

/// What has left a collection.
#[derive(Clone, Copy)]
pub struct Removed<R: Relation> {
    /// Whose collection it is.
    pub owner: Ref<R::Owner>,
    /// The object.
    pub member: Ref<R::Target>,
    /// How it has come to leave.
    pub cause: Cause,
}

/// How an object has come to leave a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// It was taken out.
    Taken,
    /// A flush has deleted it, because the user or a cascade of a relation said so.
    Deleted,
    /// A foreign key action has removed its row.
    ForeignKeyAction,
}

/// What a collection is about to hold.
#[derive(Clone)]
pub struct Replaced<R: Relation> {
    /// Whose collection it is.
    pub owner: Ref<R::Owner>,
    /// What it will hold.
    pub members: Vec<Ref<R::Target>>,
}

/// Where a reference leads.
#[derive(Clone, Copy)]
pub struct SetTo<R: Relation> {
    /// Whose reference it is.
    pub owner: Ref<R::Owner>,
    /// What it leads to now.
    pub target: Option<Ref<R::Target>>,
    /// What it led to before; `None` where that was nothing or is not known.
    pub before: Option<Ref<R::Target>>,
}

/// What a column holds.
#[derive(Clone)]
pub struct ColumnChanged<F: Field> {
    /// The object.
    pub object: Ref<F::Entity>,
    /// What it held.
    pub before: F::Value,
    /// What it holds.
    pub now: F::Value,
}

/// Prints these fields of an event. A derived `Debug` would ask the relation or the column for one, which is but a name.
macro_rules! debugs {
    ($($event:ident<$of:ident: $is:ident> { $($field:ident),+ })+) => {
        $(impl<$of: $is> fmt::Debug for $event<$of> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($event))$(.field(stringify!($field), &self.$field))+.finish()
            }
        })+
    };
}

debugs! {
    Appended<R: Relation> { owner, member }
    Removed<R: Relation> { owner, member, cause }
    Replaced<R: Relation> { owner, members }
    SetTo<R: Relation> { owner, target, before }
}

impl<F: Field> fmt::Debug for ColumnChanged<F>
where
    F::Value: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("ColumnChanged");
        fields.field("object", &self.object).field("before", &self.before).field("now", &self.now).finish()
    }
}

/// What a foreign key action has done to a row.
#[derive(Clone, Debug)]
pub struct Acted<E> {
    /// The table.
    pub table: String,
    /// The row as it was.
    pub row: E,
    /// The object of the row, if the session knows it. What it has read is not touched; expire it to see the row.
    pub object: Option<Ref<E>>,
    /// The columns that the action has set; `None` where the row is gone.
    pub set: Option<Vec<(String, crate::value::Value)>>,
    /// The object whose deletion set it in motion.
    pub origin: crate::object::reference::AnyRef,
    /// The foreign keys on the way from there, the last one last.
    pub path: Vec<String>,
}

/// An object is read that the session did not know.
pub fn load<E: Entity>() -> Loads<E> {
    Loads(PhantomData)
}

/// A foreign key action changes or removes rows of a class, because the session has deleted an object. A class whose rows
/// stand in several tables is not told of: no row is a whole one of it. Ask for its base.
pub fn rows_acted_on<E: Entity>() -> ActedSignal<E> {
    ActedSignal(PhantomData)
}

impl RowStep {
    /// This step, for objects of a class. What comes before is told before the flush runs its first statement: what a
    /// listener changes then is part of the flush.
    pub fn of<E: Entity>(self) -> RowSignal<E> {
        RowSignal { step: self, of: PhantomData }
    }
}

/// The position of an entity's class.
fn position<E: Entity>(model: &Model) -> Result<Option<ClassId>> {
    Ok(Some(model.class_of::<E>(E::CLASS)?.id))
}

/// The names by which messages call a relation and a column.
fn relation_name<R: Relation>() -> String {
    format!("{}.{}", R::Owner::CLASS, R::NAME)
}

impl<R: Relation<Arity = Many> + Send> Signal for Append<R> {
    type Event = Appended<R>;

    fn name(&self) -> String {
        format!("append to {}", relation_name::<R>())
    }

    fn class(&self, model: &Model) -> Result<Option<ClassId>> {
        position::<R::Owner>(model)
    }

    fn read(&self, happening: &Happening, class: Option<ClassId>, reaction: &Reaction<'_>) -> Option<Appended<R>> {
        let Happening::Append { owner, relation, member } = *happening else { return None };
        let (owner, member) = (reaction.refer_if(owner, class)?, reaction.refer(member));
        (relation == R::RELATION).then_some(Appended { owner, member })
    }
}

impl<R: Relation<Arity = Many> + Send> Signal for Remove<R> {
    type Event = Removed<R>;

    fn name(&self) -> String {
        format!("remove from {}", relation_name::<R>())
    }

    fn class(&self, model: &Model) -> Result<Option<ClassId>> {
        position::<R::Owner>(model)
    }

    fn read(&self, happening: &Happening, class: Option<ClassId>, reaction: &Reaction<'_>) -> Option<Removed<R>> {
        let (owner, relation, member, cause) = match *happening {
            Happening::Remove { owner, relation, member } => (owner, relation, member, Cause::Taken),
            Happening::Gone { owner, relation, member, by_action: false } => (owner, relation, member, Cause::Deleted),
            Happening::Gone { owner, relation, member, by_action: true } => {
                (owner, relation, member, Cause::ForeignKeyAction)
            }
            _ => return None,
        };
        let (owner, member) = (reaction.refer_if(owner, class)?, reaction.refer(member));
        (relation == R::RELATION).then_some(Removed { owner, member, cause })
    }
}

impl<R: Relation<Arity = Many> + Send> Signal for Replace<R> {
    type Event = Replaced<R>;

    fn name(&self) -> String {
        format!("replacement of {}", relation_name::<R>())
    }

    fn class(&self, model: &Model) -> Result<Option<ClassId>> {
        position::<R::Owner>(model)
    }

    fn read(&self, happening: &Happening, class: Option<ClassId>, reaction: &Reaction<'_>) -> Option<Replaced<R>> {
        let Happening::Replace { owner, relation, members } = happening else { return None };
        let owner = reaction.refer_if(*owner, class).filter(|_| *relation == R::RELATION)?;
        Some(Replaced { owner, members: members.iter().map(|it| reaction.refer(*it)).collect() })
    }
}

impl<R: Relation + Send> Signal for Set<R>
where
    R::Arity: ToOne,
{
    type Event = SetTo<R>;

    fn name(&self) -> String {
        format!("set of {}", relation_name::<R>())
    }

    fn class(&self, model: &Model) -> Result<Option<ClassId>> {
        position::<R::Owner>(model)
    }

    fn read(&self, happening: &Happening, class: Option<ClassId>, reaction: &Reaction<'_>) -> Option<SetTo<R>> {
        let Happening::Set { owner, relation, target, before } = *happening else { return None };
        let owner = reaction.refer_if(owner, class).filter(|_| relation == R::RELATION)?;
        let refer = |it: ObjectKey| reaction.refer(it);
        Some(SetTo { owner, target: target.map(refer), before: before.map(refer) })
    }
}

impl<F: Field + Send> Signal for Changed<F> {
    type Event = ColumnChanged<F>;

    fn interest(&self) -> Interest {
        Interest::Columns
    }

    fn name(&self) -> String {
        format!("change of {}.{}", F::Entity::CLASS, F::NAME)
    }

    fn class(&self, model: &Model) -> Result<Option<ClassId>> {
        position::<F::Entity>(model)
    }

    fn read(&self, happening: &Happening, class: Option<ClassId>, reaction: &Reaction<'_>) -> Option<ColumnChanged<F>> {
        let Happening::Column { object, column, before, now } = happening else { return None };
        let object = reaction.refer_if(*object, class).filter(|_| *column == F::COLUMN)?;
        let (before, now) = (F::Value::from_value(before.clone()).ok()?, F::Value::from_value(now.clone()).ok()?);
        Some(ColumnChanged { object, before, now })
    }
}

impl<E: Entity> Signal for RowSignal<E> {
    type Event = Ref<E>;

    fn interest(&self) -> Interest {
        Interest::Rows(self.step)
    }

    fn name(&self) -> String {
        format!("{:?} of {}", self.step, E::CLASS)
    }

    fn class(&self, model: &Model) -> Result<Option<ClassId>> {
        position::<E>(model)
    }

    fn read(&self, happening: &Happening, class: Option<ClassId>, reaction: &Reaction<'_>) -> Option<Ref<E>> {
        let Happening::Row { object, step } = *happening else { return None };
        reaction.refer_if(object, class).filter(|_| step == self.step)
    }
}

impl<E: Entity> Signal for Loads<E> {
    type Event = Ref<E>;

    fn name(&self) -> String {
        format!("load of {}", E::CLASS)
    }

    fn class(&self, model: &Model) -> Result<Option<ClassId>> {
        position::<E>(model)
    }

    fn read(&self, happening: &Happening, class: Option<ClassId>, reaction: &Reaction<'_>) -> Option<Ref<E>> {
        let Happening::State { object, change: StateChange::LoadedAsPersistent } = *happening else { return None };
        reaction.refer_if(object, class)
    }
}

impl<E: Entity> Signal for ActedSignal<E> {
    type Event = Acted<E>;

    fn interest(&self) -> Interest {
        Interest::Actions
    }

    fn name(&self) -> String {
        format!("foreign key actions on {}", E::CLASS)
    }

    fn class(&self, model: &Model) -> Result<Option<ClassId>> {
        position::<E>(model)
    }

    fn read(&self, happening: &Happening, _: Option<ClassId>, reaction: &Reaction<'_>) -> Option<Acted<E>> {
        let Happening::Action(taken) = happening else { return None };
        let row = reaction.shown(&taken.table, &taken.before)?;
        Some(Acted {
            table: taken.table.clone(),
            row,
            object: taken.object.map(|it| reaction.refer(it)),
            set: taken.set.clone(),
            origin: reaction.refer(taken.origin),
            path: taken.path.clone(),
        })
    }
}

impl Signal for UnitStep {
    type Event = UnitStep;

    fn name(&self) -> String {
        format!("{self:?}")
    }

    fn class(&self, _: &Model) -> Result<Option<ClassId>> {
        Ok(None)
    }

    fn read(&self, happening: &Happening, _: Option<ClassId>, _: &Reaction<'_>) -> Option<UnitStep> {
        matches!(happening, Happening::Unit(step) if step == self).then_some(*self)
    }
}
