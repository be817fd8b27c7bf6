//! A class as it is declared: a table and the relations above it. A derived entity and a class made at run time are
//! the same value.

use std::ops::BitOr;

use crate::query::Direction;
use crate::schema::{Action, Name, Table};

/// A class: a name, a table, and virtual relations that add no column.
#[derive(Clone, Debug)]
pub struct Class {
    pub(super) name: Name,
    pub(super) table: Table,
    pub(super) relations: Vec<Relationship>,
}

impl Class {
    /// A class whose rows are tuples.
    pub fn new(name: impl Into<Name>, table: Table) -> Self {
        Class { name: name.into(), table, relations: Vec::new() }
    }

    /// Adds a relation.
    pub fn relation(mut self, relation: Relationship) -> Self {
        self.relations.push(relation);
        self
    }
}

/// A relation as it is declared.
#[derive(Clone, Debug)]
pub struct Relationship {
    pub(super) name: Name,
    pub(super) target: Name,
    pub(super) pattern: Pattern,
    pub(super) via: Vec<Name>,
    pub(super) inverse: Option<Name>,
    pub(super) cascade: Cascade,
    pub(super) lazy: Lazy,
    pub(super) order_by: Vec<(Name, Direction)>,
    pub(super) passive_deletes: PassiveDeletes,
}

/// What a relation looks like from its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pattern {
    /// The owner has the foreign key.
    BelongsTo,
    /// The target has the foreign key, and at most one row of it refers to an owner.
    HasOne,
    /// The target has the foreign key.
    HasMany,
    /// A table of two foreign keys stands between.
    ManyToMany(AssociationTable),
}

/// The table between the two sides of a many-to-many relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AssociationTable {
    pub(super) table: Name,
    pub(super) own: Vec<Name>,
    pub(super) other: Vec<Name>,
    pub(super) on_delete: Action,
}

impl Relationship {
    fn new(name: Name, target: Name, pattern: Pattern) -> Self {
        Relationship {
            name,
            target,
            pattern,
            via: Vec::new(),
            inverse: None,
            cascade: Cascade::default(),
            lazy: Lazy::Select,
            order_by: Vec::new(),
            passive_deletes: PassiveDeletes::Inferred,
        }
    }

    /// Many-to-one, from the side that has the foreign key.
    pub fn belongs_to(name: impl Into<Name>, target: impl Into<Name>) -> Self {
        Relationship::new(name.into(), target.into(), Pattern::BelongsTo)
    }

    /// One-to-one, from the side without the foreign key.
    pub fn has_one(name: impl Into<Name>, target: impl Into<Name>) -> Self {
        Relationship::new(name.into(), target.into(), Pattern::HasOne)
    }

    /// One-to-many.
    pub fn has_many(name: impl Into<Name>, target: impl Into<Name>) -> Self {
        Relationship::new(name.into(), target.into(), Pattern::HasMany)
    }

    /// Many-to-many through a table of two foreign keys. The table is made unless a class or table declares it.
    pub fn many_to_many(name: impl Into<Name>, target: impl Into<Name>, through: impl Into<Name>) -> Self {
        let (own, other, on_delete) = (Vec::new(), Vec::new(), Action::Cascade);
        let between = AssociationTable { table: through.into(), own, other, on_delete };
        Relationship::new(name.into(), target.into(), Pattern::ManyToMany(between))
    }

    /// The foreign key columns it follows: of the owner in `belongs_to`, of the target in `has_one` and `has_many`.
    /// Not needed where only one foreign key leads there or the inverse names it.
    pub fn via<N: Into<Name>>(mut self, columns: impl IntoIterator<Item = N>) -> Self {
        self.via = columns.into_iter().map(Into::into).collect();
        self
    }

    /// The columns of the association table that refer to the owner and to the target; only for many-to-many.
    pub fn columns<N: Into<Name>>(
        mut self,
        own: impl IntoIterator<Item = N>,
        other: impl IntoIterator<Item = N>,
    ) -> Self {
        if let Pattern::ManyToMany(between) = &mut self.pattern {
            between.own = own.into_iter().map(Into::into).collect();
            between.other = other.into_iter().map(Into::into).collect();
        }
        self
    }

    /// The relation of the target that is the other side of this one. Both move together, in memory, at once.
    pub fn inverse(mut self, name: impl Into<Name>) -> Self {
        self.inverse = Some(name.into());
        self
    }

    /// What follows the owner along this relation.
    pub fn cascade(mut self, cascade: Cascade) -> Self {
        self.cascade = cascade;
        self
    }

    /// How it is loaded unless a query says otherwise.
    pub fn lazy(mut self, lazy: Lazy) -> Self {
        self.lazy = lazy;
        self
    }

    /// The order of the collection: columns of the target.
    pub fn order_by(mut self, column: impl Into<Name>, direction: Direction) -> Self {
        self.order_by.push((column.into(), direction));
        self
    }

    /// Who takes care of the targets when the owner is deleted.
    pub fn passive_deletes(mut self, passive: PassiveDeletes) -> Self {
        self.passive_deletes = passive;
        self
    }
}

/// What follows an object along a relation: a set of cascades.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cascade(u8);

impl Cascade {
    /// Nothing follows.
    pub const NONE: Cascade = Cascade(0);
    /// An object that enters the session brings the related ones.
    pub const SAVE_UPDATE: Cascade = Cascade(1);
    /// A merged object brings the related ones.
    pub const MERGE: Cascade = Cascade(2);
    /// A deleted object takes the related ones along.
    pub const DELETE: Cascade = Cascade(4);
    /// An object that is taken out of the relation is deleted.
    pub const DELETE_ORPHAN: Cascade = Cascade(8);
    /// An object that leaves the session takes the related ones along.
    pub const EXPUNGE: Cascade = Cascade(16);
    /// Refresh and expire reach the related ones.
    pub const REFRESH_EXPIRE: Cascade = Cascade(32);
    /// All but delete-orphan.
    pub const ALL: Cascade = Cascade(1 | 2 | 4 | 16 | 32);

    /// Whether all of `other` are in the set.
    pub const fn contains(self, other: Cascade) -> bool {
        self.0 & other.0 == other.0
    }
}

impl Default for Cascade {
    /// Save-update and merge.
    fn default() -> Self {
        Cascade::SAVE_UPDATE | Cascade::MERGE
    }
}

impl BitOr for Cascade {
    type Output = Cascade;

    fn bitor(self, other: Cascade) -> Cascade {
        Cascade(self.0 | other.0)
    }
}

/// How and when a relation is loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Lazy {
    /// On first access, one statement for each object.
    #[default]
    Select,
    /// With the objects, by one more statement for each batch of keys.
    Selectin,
    /// With the objects, by a join in the same statement.
    Joined,
    /// Never by itself: access is an error that says what would load it.
    Raise,
}

/// Who takes care of the targets of `has_one` and `has_many` when the owner is deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PassiveDeletes {
    /// The foreign key's action, where the session could only fail: no delete cascade, the column is never NULL, and
    /// the action removes the rows. The session otherwise.
    #[default]
    Inferred,
    /// The session: it loads the targets, then deletes them or sets their foreign key to NULL.
    Off,
    /// The foreign key's action for targets that are not loaded; the session for those that are.
    On,
}
