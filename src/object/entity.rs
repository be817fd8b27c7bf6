//! What a user's struct tells the object layer about itself. The derive writes all of it.

use super::class::Class;
use super::detached::Keeps;
use super::view::Loads;
use crate::id::{ColumnId, RelationId};
use crate::record::Record;
use crate::value::{AsValue, Value};

/// A struct that is the row of a table.
///
/// Derive it; see [`derive@crate::Entity`].
pub trait Entity: Record + Clone + Sized {
    /// The class's name: the struct's.
    const CLASS: &'static str;
    /// The table's name.
    const TABLE: &'static str;
    /// How many columns it has, with those of its base.
    const COLUMNS: u16;
    /// How many relations it has, with those of its base.
    const RELATIONS: u16;
    /// The type of the primary key: one column's type, or a tuple in the order of the key.
    type Key: Key;

    /// A row to fill in: numbers are zero, text is empty, options are absent, automatic keys are still to be given.
    fn draft() -> Self;

    /// The table and the relations, as data.
    fn declare() -> Class;
}

/// An entity that others can extend: its rows tell of which class they are.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be extended: its rows do not tell of which class they are",
    label = "no field of it tells of which class a row is",
    note = "write: `#[entity(discriminator = kind, identity = \"…\")]` above it, with a field `kind: String`"
)]
pub trait Extensible: Entity {}

/// An entity whose rows begin with a row of its base: a class that inherits.
pub trait Extends: Entity {
    /// The class that it extends.
    type Base: Extensible;
}

/// A class is another one, or extends it: its objects are objects of the other, with all that these have.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no `{B}`",
    label = "`{Self}` is not `{B}`, and does not extend it"
)]
pub trait IsA<B> {}

impl<T: Entity> IsA<T> for T {}

/// A typed column of an entity: a zero-sized constant such as `Post::score`.
pub trait Field: Copy + 'static {
    /// The entity.
    type Entity: Entity;
    /// The Rust type of the column.
    type Value: AsValue;
    /// Its position.
    const COLUMN: ColumnId;
    /// Its name in the table.
    const NAME: &'static str;
}

/// A typed relation of an entity: a zero-sized constant such as `Post::author`.
#[diagnostic::on_unimplemented(message = "`{Self}` is not a relation of an entity")]
pub trait Relation: Copy + 'static {
    /// The entity that declares it.
    type Owner: Entity;
    /// The entity it leads to.
    type Target: Entity;
    /// How many it leads to: [`Required`], [`Optional`] or [`Many`].
    type Arity: Loads + Keeps;
    /// Its position among the relations of the owner.
    const RELATION: RelationId;
    /// Its name.
    const NAME: &'static str;
}

/// A relation that can be written: each but those that are declared `view_only`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is only read: it is declared `view_only`",
    label = "this relation is never written",
    note = "write the relation whose foreign key it follows"
)]
pub trait Writable: Relation {}

/// How many objects a relation leads to.
pub trait Arity: 'static {
    /// Whether it leads to a collection.
    const MANY: bool;
    /// Whether it leads to an object in any case.
    const REQUIRED: bool = false;
}

/// Leads to exactly one object.
#[derive(Clone, Copy, Debug)]
pub struct Required;

/// Leads to one object or none.
#[derive(Clone, Copy, Debug)]
pub struct Optional;

/// Leads to a collection.
#[derive(Clone, Copy, Debug)]
pub struct Many;

impl Arity for Required {
    const MANY: bool = false;
    const REQUIRED: bool = true;
}

impl Arity for Optional {
    const MANY: bool = false;
}

impl Arity for Many {
    const MANY: bool = true;
}

/// A primary key as a Rust type.
pub trait Key {
    /// Hands over the scalars in the order of the key's columns. They live on the stack: a lookup allocates nothing.
    fn with_values<R>(self, work: impl FnOnce(&[Value]) -> R) -> R;
}

impl<T: AsValue> Key for T {
    #[inline]
    fn with_values<R>(self, work: impl FnOnce(&[Value]) -> R) -> R {
        work(&[self.as_value().to_value()])
    }
}

macro_rules! composite_keys {
    ($(($($name:ident),+);)*) => {$(
        impl<$($name: AsValue),+> Key for ($($name,)+) {
            #[allow(non_snake_case)]
            fn with_values<R>(self, work: impl FnOnce(&[Value]) -> R) -> R {
                let ($($name,)+) = self;
                work(&[$($name.as_value().to_value()),+])
            }
        }
    )*};
}

composite_keys! {
    (A, B);
    (A, B, C);
    (A, B, C, D);
}

/// The name of a column, where the compiler has checked that the column exists.
pub const fn field_name<F: Field>(_: F) -> &'static str {
    F::NAME
}

/// The name of a relation, where the compiler has checked that the relation exists.
pub const fn relation_name<R: Relation>(_: R) -> &'static str {
    R::NAME
}
