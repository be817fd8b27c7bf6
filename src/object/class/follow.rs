//! What follows an object along a relation, how the relation is loaded, and who takes care of deletes.

use std::ops::BitOr;

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
#[non_exhaustive]
pub enum Lazy {
    /// On first access, one statement for each object.
    #[default]
    Select,
    /// With the objects, by one more statement for each batch of keys.
    Selectin,
    /// With the objects, by a join in the same statement.
    Joined,
    /// With the objects, by one more statement for all of them, however many. SQLAlchemy's holds the first query as a
    /// subquery; this one names the keys, so that both see the same owners.
    Subquery,
    /// With the objects, by one statement for each of them.
    Immediate,
    /// Never by itself: access is an error that says what would load it.
    Raise,
    /// Never by a statement: access answers what the identity map knows, and is an error otherwise.
    RaiseOnSql,
    /// Never: it reads as none or empty.
    Noload,
    /// Never as a whole: access is a query, and members are added and removed without a load.
    Dynamic,
    /// Never as a whole: members are added and removed without a load, and read by a query that is asked for.
    WriteOnly,
}

impl Lazy {
    /// Whether the relation is never loaded as a whole.
    pub(in crate::object) fn is_never_loaded(self) -> bool {
        matches!(self, Lazy::Dynamic | Lazy::WriteOnly)
    }
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
    /// The foreign key's action for all targets, loaded or not.
    All,
}

/// What a collection is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CollectionKind {
    /// In the order in which members came, or in the declared order once it is read; a member may stand in it twice.
    #[default]
    List,
    /// Each member once.
    Set,
}

impl CollectionKind {
    pub(in crate::object) fn is_set(self) -> bool {
        self == CollectionKind::Set
    }
}
