//! A class, resolved: its attributes, the tables they stand in, and its place in an inheritance.

use std::any::Any;
use std::sync::OnceLock;

use super::{Join, Model, RelationModel};
use crate::error::{Error, Misuse, Result, closest};
use crate::expr::Expr;
use crate::id::{ClassId, ColumnId, ColumnSet, TableId};
use crate::object::class::{Cascade, ComputedKind, Inheritance, Reach, SubclassLoad};
use crate::query::Prepared;
use crate::record::{Row, Tuple, edit};
use crate::schema::{Name, ReferenceSchema};
use crate::value::Value;

/// One class. A [`ColumnId`] of it is the position of an attribute: those of its base come first. The attributes of a
/// class without a base are the columns of its table, in order, unless subclasses have some of them to themselves.
#[derive(Debug)]
pub struct ClassModel {
    /// Its position.
    pub id: ClassId,
    /// Its name.
    pub name: String,
    /// Its own table: the one of its base, if its rows stand there.
    pub table: Name,
    /// Its own table's position.
    pub(in crate::object) table_id: TableId,
    /// The attributes of its primary key.
    pub key: Vec<ColumnId>,
    /// Whether the table gives keys that are not given.
    pub auto: bool,
    /// The names of its attributes, in order.
    pub columns: Vec<Name>,
    /// The attributes that its rows always have, though their table lets rows of other classes have NULL there.
    pub(in crate::object) given: Vec<ColumnId>,
    /// A draft of the row that an object has in memory: the struct of the program that shows it, or a tuple.
    pub(in crate::object) prototype: Row,
    /// Its relations; those of its base come first.
    pub relations: Vec<RelationModel>,
    /// The class it inherits from.
    pub base: Option<ClassId>,
    /// The class whose objects share their keys with its own: the first of its bases, unless tables are concrete.
    pub root: ClassId,
    /// The classes that are a case of it: itself, and those that inherit from it, each behind its base.
    pub descendants: Vec<ClassId>,
    /// How its rows stand to those of its base.
    pub inheritance: Option<Inheritance>,
    /// The tables of an object, that of its root first. A class without a base has one.
    pub parts: Vec<ClassPart>,
    /// What tells the class of a row.
    pub discriminator: Option<Discriminator>,
    /// What the discriminator holds for this class.
    pub identity_value: Option<Value>,
    /// Whether each of its objects is of a class that extends it.
    pub is_abstract: bool,
    /// What queries on this class load of its subclasses.
    pub reach: Reach,
    /// When queries on its base load what it adds.
    pub load: SubclassLoad,
    /// Attributes that are loaded on first access.
    pub deferred: Vec<ColumnId>,
    /// Attributes whose access is an error unless a query has loaded them.
    pub raise_deferred: Vec<ColumnId>,
    /// Attributes whose old value is loaded when they are set.
    pub active_history: Vec<ColumnId>,
    /// Attributes that a unique key of a table reads, in order. What they held is known when they are written: another
    /// row may take it.
    pub(in crate::object) unique: Vec<ColumnId>,
    /// Attributes whose change a flush has to follow along relations: what others refer to, or all where an object may
    /// have left an owner without which it is not to be.
    pub(in crate::object) followed: Vec<ColumnId>,
    /// The attribute that counts the versions of an object.
    pub version_column: Option<ColumnId>,
    /// Attributes that are computed from others.
    pub computed: Vec<ComputedModel>,
    /// Whether no foreign key refers to its table.
    pub(in crate::object) is_leaf: bool,
    /// Whether its row is all that is read with an object of which nobody has asked more.
    pub(in crate::object) quiet: OnceLock<bool>,
    pub(in crate::object) by_key: OnceLock<Prepared>,
    pub(in crate::object) insert: OnceLock<Prepared>,
    pub(in crate::object) delete: OnceLock<Prepared>,
}

/// One of the tables that an object has a row in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassPart {
    /// Its name.
    pub table: Name,
    /// Its position.
    pub(in crate::object) table_id: TableId,
    /// Which attribute stands in which of its columns.
    pub columns: Vec<(ColumnId, ColumnId)>,
    /// Which attributes its rows are found by, and in which of its columns they stand: the primary key in the first
    /// part, and in a further part what its rows repeat of the part before.
    pub key: Vec<(ColumnId, ColumnId)>,
}

/// What tells the class of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Discriminator {
    /// An attribute of the root.
    Column(ColumnId),
    /// The table it was read from, under this name.
    Table(Name),
}

/// An attribute that is computed from others.
#[derive(Clone, Debug)]
pub struct ComputedModel {
    /// Its name.
    pub name: String,
    /// Who computes it.
    pub kind: ComputedKind,
    /// Where it stands among the attributes, if it is loaded with them.
    pub column: Option<ColumnId>,
    /// How, from other attributes.
    pub expression: Expr<ColumnId>,
}

impl ClassModel {
    /// The attributes whose change concerns a relation.
    pub(super) fn followed_by(relations: &[RelationModel], width: usize) -> Vec<ColumnId> {
        let mut followed = ColumnSet::default();
        for relation in relations.iter().filter(|it| !it.view_only) {
            let deletes_orphans = relation.cascade.contains(Cascade::DELETE_ORPHAN);
            match &relation.join {
                Join::Has { own_columns, .. } => own_columns.iter().for_each(|it| followed.note(*it, true)),
                Join::BelongsTo { .. } | Join::Through { .. } if deletes_orphans => {
                    (0..width).for_each(|it| followed.note(ColumnId::new(it as u16), true));
                }
                Join::Through { own_columns, .. } => own_columns.iter().for_each(|it| followed.note(*it, true)),
                Join::BelongsTo { .. } => {}
            }
        }
        followed.iter().collect()
    }

    /// Whether queries on it read the whole tables of its subclasses along.
    pub(in crate::object) fn reads_whole_tables(&self) -> bool {
        self.reach == Reach::Union
    }

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
    pub(in crate::object) fn names(&self, columns: &[ColumnId]) -> Vec<Name> {
        columns.iter().map(|it| self.columns[it.index()].clone()).collect()
    }

    /// Whether its attributes are the columns of one table, in order, and every row of that table is one of its objects.
    #[inline]
    pub(in crate::object) fn is_simple(&self) -> bool {
        self.base.is_none() && self.descendants.len() == 1 && self.computed.iter().all(|it| it.column.is_none())
    }

    /// The row of an object that holds these values, as far as they are given; it holds anything else elsewhere.
    ///
    /// # Errors
    /// When the struct of the class does not hold one of them.
    pub(in crate::object) fn row_of(&self, values: Vec<Value>, given: impl Fn(usize) -> bool) -> Result<Row> {
        if (&*self.prototype as &dyn Any).is::<Tuple>() {
            return Ok(Tuple::new(values).into_row());
        }
        let mut row = self.prototype.duplicate();
        for (at, value) in values.into_iter().enumerate().filter(|it| given(it.0)) {
            edit(&mut row).set(ColumnId::new(at as u16), value)?;
        }
        Ok(row)
    }

    /// Whether the rows of its table, which hold its attributes in order, are those of its objects.
    pub(in crate::object) fn holds(&self, row: &Row) -> bool {
        Any::type_id(&**row) == Any::type_id(&*self.prototype)
    }

    /// Lets the row of a new object say of which class it is, where an attribute tells.
    ///
    /// # Errors
    /// When the attribute does not hold what stands for the class.
    #[inline]
    pub(in crate::object) fn mark(&self, row: &mut Row) -> Result<()> {
        match &self.identity_value {
            Some(identity) => self.mark_by(identity, row),
            None => Ok(()),
        }
    }

    /// The attribute that tells of which class an object is.
    pub(in crate::object) fn told_by(&self) -> Option<ColumnId> {
        match &self.discriminator {
            Some(Discriminator::Column(column)) => Some(*column),
            // Of a union the discriminator is computed, but an attribute may be called so, too.
            Some(Discriminator::Table(on)) => self.column_named(on).ok(),
            None => None,
        }
    }

    fn mark_by(&self, identity: &Value, row: &mut Row) -> Result<()> {
        if let Some(on) = self.told_by() {
            edit(row).set(on, identity.clone())?;
        }
        Ok(())
    }

    /// Refuses an object that is of an abstract class and of none that extends it.
    ///
    /// # Errors
    /// When it would be one; the classes that it can be of are named.
    #[inline]
    pub(in crate::object) fn check_made(&self, model: &Model) -> Result<()> {
        if self.is_abstract { Err(self.is_not_made(model)) } else { Ok(()) }
    }

    #[cold]
    fn is_not_made(&self, model: &Model) -> Error {
        let below = self.descendants.iter().map(|it| model.class(*it)).filter(|it| !it.is_abstract);
        Misuse::Abstract { class: self.name.clone(), subclasses: below.map(|it| it.name.clone()).collect() }.into()
    }

    /// Refuses to add a row that would be of no class when it is read: one of a class without an identity, which others
    /// extend.
    ///
    /// # Errors
    /// When it is one.
    #[inline]
    pub(in crate::object) fn check_marked(&self, row: &Row) -> Result<()> {
        match &self.discriminator {
            Some(Discriminator::Column(on)) if self.identity_value.is_none() && self.descendants.len() > 1 => {
                let (class, value) = (self.name.clone(), row.get(*on).to_value());
                Err(Misuse::UnknownDiscriminator { class, value }.into())
            }
            _ => Ok(()),
        }
    }

    /// Whether the rows of one of two classes, of which one is a case of the other, are found by the keys of the other.
    pub(in crate::object) fn shares_rows(&self, other: &ClassModel) -> bool {
        self.parts[0].table_id == other.parts[0].table_id
    }

    /// Whether its rows are found by keys of its own: it has no base, or a whole table.
    pub(in crate::object) fn has_own_rows(&self) -> bool {
        self.base.is_none() || self.inheritance == Some(Inheritance::Concrete)
    }

    /// Whether an attribute is not loaded with the row.
    pub(in crate::object) fn is_lazy(&self, column: ColumnId) -> bool {
        self.deferred.contains(&column) || self.raise_deferred.contains(&column)
    }

    /// Whether the tables compute an attribute when it is loaded.
    pub(in crate::object) fn is_computed(&self, column: ColumnId) -> bool {
        self.computed.iter().any(|it| it.column == Some(column))
    }

    /// Whether all of these attributes may be NULL.
    pub(in crate::object) fn can_be_null(&self, schema: &crate::schema::Schema, columns: &[ColumnId]) -> bool {
        !columns.iter().any(|it| self.given.contains(it))
            && columns.iter().all(|attribute| {
                self.parts.iter().all(|part| match part.columns.iter().find(|it| it.0 == *attribute) {
                    Some(&(_, column)) => schema.table_named(&part.table).is_ok_and(|it| it.column(column).nullable),
                    None => true,
                })
            })
    }

    /// The attributes that repeat its key under names of their own in further tables, each behind the one that it repeats.
    pub(in crate::object) fn repeated(&self) -> impl Iterator<Item = (ColumnId, ColumnId)> {
        self.parts.iter().skip(1).flat_map(|part| {
            let named = |key: &(ColumnId, ColumnId)| {
                let own = part.columns.iter().find(|own| own.1 == key.1 && own.0 != key.0);
                own.map(|own| (key.0, own.0))
            };
            part.key.iter().filter_map(named)
        })
    }

    /// Whether a foreign key leads from the rows of its objects in one table to those of the same objects in another.
    pub(in crate::object) fn joins_parts(&self, part: &ClassPart, reference: &ReferenceSchema) -> bool {
        let own = self.parts.iter().any(|it| it.table_id == reference.target);
        let by_key =
            || part.key.len() == reference.columns.len() && part.key.iter().all(|it| reference.columns.contains(&it.1));
        own && reference.table != reference.target && by_key()
    }
}
