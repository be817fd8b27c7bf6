//! Classes and relations, resolved once against the schema and then frozen.

use rustc_hash::FxHashMap;
use std::any::TypeId;
use std::collections::HashMap;
use std::sync::OnceLock;

mod build;

pub(super) use build::{build, reflect};

use super::class::{Cascade, Lazy};
use crate::error::{Misuse, Result, closest};
use crate::id::{ClassId, ColumnId, RelationId, TableId};
use crate::query::{Direction, Prepared};
use crate::schema::Name;

/// All classes of a database and how they are related.
#[derive(Debug)]
pub struct Model {
    pub(super) classes: Vec<ClassModel>,
    pub(super) by_name: HashMap<String, ClassId>,
    pub(super) by_type: FxHashMap<TypeId, ClassId>,
    /// For each class, its place in the order in which rows can be inserted.
    pub(super) insert_rank: Vec<usize>,
}

/// One class.
#[derive(Debug)]
pub struct ClassModel {
    /// Its position.
    pub id: ClassId,
    /// Its name.
    pub name: String,
    /// Its table.
    pub table: Name,
    /// Its table's position.
    pub(super) table_id: TableId,
    /// The columns of its primary key.
    pub key: Vec<ColumnId>,
    /// Whether the table gives keys that are not given.
    pub auto: bool,
    /// The names of its columns, in order.
    pub columns: Vec<Name>,
    /// Its relations.
    pub relations: Vec<RelationModel>,
    /// Whether no foreign key refers to its table.
    pub(super) is_leaf: bool,
    pub(super) by_key: OnceLock<Prepared>,
    pub(super) insert: OnceLock<Prepared>,
    pub(super) delete: OnceLock<Prepared>,
}

/// One relation.
#[derive(Debug)]
pub struct RelationModel {
    /// Its position among the relations of its class.
    pub id: RelationId,
    /// Its name.
    pub name: String,
    /// The class it leads to.
    pub target: ClassId,
    /// How it is joined.
    pub join: Join,
    /// The other side, a relation of the target.
    pub inverse: Option<RelationId>,
    /// What follows along it.
    pub cascade: Cascade,
    /// How it is loaded unless a query says otherwise.
    pub lazy: Lazy,
    /// The order of the collection: columns of the target.
    pub order_by: Vec<(Name, Direction)>,
    /// Whether the foreign key's action takes care of the targets when the owner is deleted.
    pub passive_deletes: bool,
    pub(super) load: OnceLock<Prepared>,
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
        /// The position of `own` and `other` in the table, and how many columns it has.
        layout: ThroughLayout,
    },
}

/// Where the columns of an association row stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThroughLayout {
    pub(super) own: Vec<ColumnId>,
    pub(super) other: Vec<ColumnId>,
    pub(super) width: usize,
}

impl Join {
    /// Whether the relation leads to a collection.
    pub fn is_many(&self) -> bool {
        match self {
            Join::BelongsTo { .. } => false,
            Join::Has { one, .. } => !one,
            Join::Through { .. } => true,
        }
    }
}

impl Model {
    /// A class by position.
    #[inline]
    pub fn class(&self, id: ClassId) -> &ClassModel {
        &self.classes[id.index()]
    }

    /// All classes.
    pub fn classes(&self) -> &[ClassModel] {
        &self.classes
    }

    /// A class by name.
    ///
    /// # Errors
    /// When there is none; the message says which name was probably meant.
    pub fn class_named(&self, name: &str) -> Result<&ClassModel> {
        self.by_name.get(name).map(|&id| self.class(id)).ok_or_else(|| {
            let hint = closest(name, self.classes.iter().map(|it| it.name.as_str()));
            Misuse::UnknownName { what: "class", name: name.to_owned(), hint }.into()
        })
    }

    /// The class of a Rust type.
    pub(super) fn class_of<T: 'static>(&self, name: &str) -> Result<&ClassModel> {
        self.by_type.get(&TypeId::of::<T>()).map(|&id| self.class(id)).ok_or_else(|| {
            let hint = "name it when the database is made".to_owned();
            Misuse::UnknownName { what: "class", name: name.to_owned(), hint }.into()
        })
    }

    /// A relation.
    #[inline]
    pub fn relation(&self, class: ClassId, relation: RelationId) -> &RelationModel {
        &self.classes[class.index()].relations[relation.index()]
    }
}

impl ClassModel {
    /// A relation by name.
    ///
    /// # Errors
    /// When there is none; the message says which name was probably meant.
    pub fn relation_named(&self, name: &str) -> Result<&RelationModel> {
        self.relations.iter().find(|it| it.name == name).ok_or_else(|| {
            let hint = closest(name, self.relations.iter().map(|it| it.name.as_str()));
            Misuse::UnknownName { what: "relation", name: format!("{}.{name}", self.name), hint }.into()
        })
    }

    /// A column by name.
    ///
    /// # Errors
    /// When there is none; the message says which name was probably meant.
    pub fn column_named(&self, name: &str) -> Result<ColumnId> {
        let found = self.columns.iter().position(|it| it == name);
        found.map(|position| ColumnId::new(position as u16)).ok_or_else(|| {
            let hint = closest(name, self.columns.iter().map(|it| &**it));
            Misuse::UnknownName { what: "column", name: format!("{}.{name}", self.name), hint }.into()
        })
    }

    /// The names of some columns.
    pub(super) fn names(&self, columns: &[ColumnId]) -> Vec<Name> {
        columns.iter().map(|it| self.columns[it.index()].clone()).collect()
    }
}
