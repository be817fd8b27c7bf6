//! A relation, resolved: direction, pairs of columns, and what else its join asks.

use std::sync::OnceLock;

use super::ClassModel;
use crate::expr::Expr;
use crate::id::{ClassId, ColumnId, RelationId, TableId};
use crate::object::class::{Cascade, CollectionKind, Lazy, PassiveDeletes};
use crate::query::{Direction, Prepared};
use crate::schema::Name;

/// One relation.
#[derive(Clone, Debug)]
pub struct RelationModel {
    /// Its position among the relations of its class.
    pub id: RelationId,
    /// Its name.
    pub name: String,
    /// The class that declares it: its own, or a base of that.
    pub declared_by: ClassId,
    /// The relation of the target that was made as its other side.
    pub backref: Option<String>,
    /// The class it leads to.
    pub target: ClassId,
    /// How it is joined.
    pub join: Join,
    /// The relation of the target that a change of this one moves along.
    pub inverse: Option<RelationId>,
    /// The relations of the target that are a pair with this one, whoever declares it and whether or not they move
    /// together. What is written for one of a pair is written for both.
    pub reverse: Vec<RelationId>,
    /// What follows along it.
    pub cascade: Cascade,
    /// How it is loaded unless a query says otherwise.
    pub lazy: Lazy,
    /// The order of the collection, over columns of the target and of the table between.
    pub order: Vec<(Expr<JoinLeaf>, Direction)>,
    /// Who takes care of the targets when the owner is deleted; never [`PassiveDeletes::Inferred`].
    pub passive_deletes: PassiveDeletes,
    /// Whether the foreign key's action writes the targets when the owner's key changes; the session otherwise.
    pub passive_updates: bool,
    /// Whether the foreign key is written by a statement of its own.
    pub post_update: bool,
    /// Whether a target has one owner at a time.
    pub single_parent: bool,
    /// The column of the target that holds the position of a member.
    pub position: Option<ColumnId>,
    /// Whether no object may be its own ancestor along it.
    pub acyclic: bool,
    /// Whether it is read and never written.
    pub view_only: bool,
    /// Whether it moves with its inverse.
    pub sync_backref: bool,
    /// Whether a join may leave out owners without a target.
    pub inner_join: bool,
    /// How many levels of a self-reference are loaded eagerly.
    pub join_depth: Option<u32>,
    /// Whether the old target is loaded when another is set.
    pub active_history: bool,
    /// What its collection is.
    pub collection: CollectionKind,
    /// What a declared join asks beyond the pairs of columns in `join`.
    pub condition: Option<Expr<JoinLeaf>>,
    /// The same relation as it leads to each class whose rows stand apart from those of the target, in a whole table that
    /// queries on the target read too: the attributes of such a class are its own.
    pub apart: Vec<RelationModel>,
    /// Where it leads straight from row to row, if it does.
    pub(in crate::object) straight: Option<Straight>,
    pub(in crate::object) load: OnceLock<Prepared>,
}

/// A reference by one column to the primary key of a class that has no base and a table of its own, from the rows of
/// another.
#[derive(Clone, Copy, Debug)]
pub(in crate::object) struct Straight {
    pub(in crate::object) table: TableId,
    pub(in crate::object) column: ColumnId,
    pub(in crate::object) target_table: TableId,
}

/// A column in a resolved join.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JoinLeaf {
    /// An attribute of the owner.
    Owner(ColumnId),
    /// A column of the table between.
    Between(ColumnId),
    /// An attribute of the target.
    Target(ColumnId),
}

/// How a relation is joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Join {
    /// The owner has the foreign key.
    BelongsTo {
        /// The owner's columns.
        columns: Vec<ColumnId>,
        /// The target's columns that they refer to.
        target_columns: Vec<ColumnId>,
        /// Whether those are the target's primary key, so that the identity map can answer.
        by_identity: bool,
        /// Whether the foreign key may be NULL.
        nullable: bool,
        /// Whether the database judges it at commit.
        deferred: bool,
    },
    /// The target has the foreign key.
    Has {
        /// The target's columns.
        columns: Vec<ColumnId>,
        /// The owner's columns that they refer to.
        own_columns: Vec<ColumnId>,
        /// Whether at most one target refers to an owner.
        one: bool,
    },
    /// A table stands between.
    Through {
        /// Its name.
        table: Name,
        /// Its columns that refer to the owner.
        own: Vec<Name>,
        /// Its columns that refer to the target.
        other: Vec<Name>,
        /// The owner's columns.
        own_columns: Vec<ColumnId>,
        /// The target's columns.
        target_columns: Vec<ColumnId>,
        /// Whether deleting the owner removes its rows of the table between.
        cascades: bool,
        /// Whether it leads to at most one target.
        one: bool,
        /// The position of `own` and `other` in the table, and how many columns it has.
        layout: ThroughLayout,
    },
}

/// Where the columns of an association row stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThroughLayout {
    pub(in crate::object) own: Vec<ColumnId>,
    pub(in crate::object) other: Vec<ColumnId>,
    pub(in crate::object) width: usize,
}

impl RelationModel {
    /// The relation as it leads to objects of a class, by whose attributes and relations they are joined and moved.
    #[inline]
    pub fn to(&self, class: ClassId) -> &RelationModel {
        match self.apart.is_empty() || class == self.target {
            true => self,
            false => self.apart.iter().find(|it| it.target == class).unwrap_or(self),
        }
    }

    /// Whether it leads to rows of several tables.
    #[inline]
    pub(in crate::object) fn is_apart(&self) -> bool {
        !self.apart.is_empty()
    }

    /// The same, to be completed.
    pub(super) fn to_mut(&mut self, class: ClassId) -> &mut RelationModel {
        match self.apart.iter().position(|it| it.target == class) {
            Some(at) => &mut self.apart[at],
            None => self,
        }
    }

    /// How it leads straight from the row of an owner to that of the target, if it does.
    pub(super) fn find_straight(&self, owner: &ClassModel, target: &ClassModel) -> Option<Straight> {
        let (Join::BelongsTo { columns, .. }, true) = (&self.join, self.is_by_identity()) else { return None };
        let &[column] = columns.as_slice() else { return None };
        let (table, target_table) = (owner.table_id, target.table_id);
        (target.root == target.id).then_some(Straight { table, column, target_table })
    }

    /// Whether the identity map can tell what it leads to by the owner's foreign key.
    #[inline]
    pub(in crate::object) fn is_by_identity(&self) -> bool {
        matches!(self.join, Join::BelongsTo { by_identity: true, .. }) && self.condition.is_none()
    }
}

impl Join {
    /// Whether the relation leads to a collection.
    pub fn is_many(&self) -> bool {
        match self {
            Join::BelongsTo { .. } => false,
            Join::Has { one, .. } | Join::Through { one, .. } => !one,
        }
    }
}
