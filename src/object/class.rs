//! A class as it is declared: a table and the relations above it. A derived entity and a class made at run time are
//! the same value.

mod follow;
mod join;
mod polymorphic;
mod relationship;
mod structure;

pub use follow::{Cascade, CollectionKind, Lazy, PassiveDeletes};
pub use join::{JoinColumn, Marks, foreign, join_column, on, remote};
pub use polymorphic::{Inheritance, Polymorphic, Reach, SubclassLoad};
pub use relationship::Relationship;
pub(super) use relationship::{AssociationTable, Inverse, Pattern};

use structure::Structure;

use crate::expr::Expr;
use crate::schema::{Name, Table};

/// A class: a name, a table, and virtual relations that add no column.
#[derive(Clone, Debug)]
pub struct Class {
    pub(super) name: Name,
    /// None for a class whose rows stand in the table of its base.
    pub(super) table: Option<Table>,
    /// What its rows have in the table of its base beside what is there.
    pub(super) added: Option<Table>,
    /// The struct that its rows are.
    pub(super) structure: Option<Structure>,
    pub(super) relations: Vec<Relationship>,
    pub(super) base: Option<Name>,
    pub(super) polymorphic: Option<Polymorphic>,
    pub(super) own_columns: Vec<Name>,
    pub(super) deferred: Vec<Name>,
    pub(super) raise_deferred: Vec<Name>,
    pub(super) active_history: Vec<Name>,
    pub(super) version_column: Option<Name>,
    pub(super) computed: Vec<Computed>,
}

/// An attribute that is computed from others.
#[derive(Clone, Debug)]
pub(super) struct Computed {
    pub(super) name: Name,
    pub(super) kind: ComputedKind,
    pub(super) expression: Expr<Name>,
}

/// Who computes a computed attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ComputedKind {
    /// The object, from its attributes as they are; a query from the columns.
    Hybrid,
    /// The database: it is loaded with the row, and read again after a change of the object is flushed.
    Loaded,
}

impl Class {
    /// A class whose rows are tuples.
    pub fn new(name: impl Into<Name>, table: Table) -> Self {
        Class { table: Some(table), ..Class::bare(name.into()) }
    }

    /// A subclass whose rows stand in the table of its base.
    pub fn inheriting(name: impl Into<Name>, base: impl Into<Name>) -> Self {
        let kind = Some(Polymorphic::of(Inheritance::Single));
        Class { base: Some(base.into()), polymorphic: kind, ..Class::bare(name.into()) }
    }

    fn bare(name: Name) -> Self {
        Class {
            name,
            table: None,
            added: None,
            structure: None,
            relations: Vec::new(),
            base: None,
            polymorphic: None,
            own_columns: Vec::new(),
            deferred: Vec::new(),
            raise_deferred: Vec::new(),
            active_history: Vec::new(),
            version_column: None,
            computed: Vec::new(),
        }
    }

    /// Adds a relation.
    pub fn relation(mut self, relation: Relationship) -> Self {
        self.relations.push(relation);
        self
    }

    /// Makes it a subclass: it has the attributes and relations of its base.
    pub fn inherits(mut self, base: impl Into<Name>) -> Self {
        self.base = Some(base.into());
        self
    }

    /// Says how the class stands to its base and its subclasses.
    pub fn polymorphic(mut self, polymorphic: Polymorphic) -> Self {
        self.polymorphic = Some(polymorphic);
        self
    }

    /// Columns of a shared table that only this class and its subclasses have as attributes.
    pub fn own_columns<N: Into<Name>>(mut self, columns: impl IntoIterator<Item = N>) -> Self {
        self.own_columns.extend(columns.into_iter().map(Into::into));
        self
    }

    /// Columns that are not loaded with the row, but on first access.
    pub fn deferred<N: Into<Name>>(mut self, columns: impl IntoIterator<Item = N>) -> Self {
        self.deferred.extend(columns.into_iter().map(Into::into));
        self
    }

    /// Columns that are not loaded with the row, and whose access is an error unless a query has asked for them.
    pub fn raise_deferred<N: Into<Name>>(mut self, columns: impl IntoIterator<Item = N>) -> Self {
        self.raise_deferred.extend(columns.into_iter().map(Into::into));
        self
    }

    /// Columns whose old value is loaded when they are set.
    pub fn active_history<N: Into<Name>>(mut self, columns: impl IntoIterator<Item = N>) -> Self {
        self.active_history.extend(columns.into_iter().map(Into::into));
        self
    }

    /// An integer column that counts the versions of an object: 1 at its insert, one more with each update. An update
    /// or delete that meets another version fails.
    pub fn version_column(mut self, column: impl Into<Name>) -> Self {
        self.version_column = Some(column.into());
        self
    }

    /// Adds an attribute that is computed from others, which the expression names.
    pub fn computed(mut self, name: impl Into<Name>, kind: ComputedKind, expression: Expr<Name>) -> Self {
        self.computed.push(Computed { name: name.into(), kind, expression });
        self
    }
}
