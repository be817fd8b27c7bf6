//! Classes and relations, resolved once against the schema and then frozen.

use rustc_hash::FxHashMap;
use std::any::TypeId;
use std::collections::HashMap;

mod apart;
mod build;
mod class;
mod harmony;
mod lint;
mod outline;
mod relation;

pub(super) use build::{build, reflect};
pub use class::{ClassModel, ClassPart, ComputedModel, Discriminator};
pub use harmony::{Fate, Harmony, Verdict};
pub use relation::{Join, JoinLeaf, RelationModel, ThroughLayout};

use super::class::Inheritance;
use super::listen::Standing;
use crate::error::{Misuse, Result, closest};
use crate::id::{ClassId, ColumnId, RelationId, TableId};
use crate::record::Row;

/// All classes of a database and how they are related.
#[derive(Debug)]
pub struct Model {
    pub(super) classes: Vec<ClassModel>,
    pub(super) by_name: HashMap<String, ClassId>,
    pub(super) by_type: FxHashMap<TypeId, ClassId>,
    /// For each class, its place in the order in which rows can be inserted.
    pub(super) insert_rank: Vec<usize>,
    /// Who listens in every session.
    pub(super) standing: Standing,
    /// Whether it was made of the tables alone.
    pub(super) is_reflected: bool,
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
            let hint = match self.is_reflected {
                false => "name it when the database is made".to_owned(),
                true => "the database has tables alone: it was made of them, or they were edited so that its classes do not \
                         fit; `altered_to` takes its rows to classes"
                    .to_owned(),
            };
            Misuse::UnknownName { what: "class", name: name.to_owned(), hint }.into()
        })
    }

    /// Whether a class is a case of another one and has the relation that stands there.
    pub(super) fn shares(&self, class: ClassId, (of, relation): (ClassId, RelationId)) -> bool {
        class == of || self.is_a(class, of) && self.declares(class, relation) == self.declares(of, relation)
    }

    /// The class that a row of a class says it is of, given its row in each of the tables.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn class_of_row<'r>(
        &self,
        declared: &ClassModel,
        row: impl Fn(TableId) -> Option<&'r Row>,
    ) -> Result<ClassId> {
        let Some(Discriminator::Column(column)) = &declared.discriminator else { return Ok(declared.id) };
        let Some((table, column)) = declared.place_of(*column) else { return Ok(declared.id) };
        let value = row(table).map(|it| it.get(column).to_value()).unwrap_or_default();
        let is = |it: &&ClassId| self.class(**it).identity_value.as_ref() == Some(&value);
        match declared.descendants.iter().find(is) {
            Some(class) => Ok(*class),
            None => Err(Misuse::UnknownDiscriminator { class: declared.name.clone(), value }.into()),
        }
    }

    /// The class of the object whose first row stands in a table, if there are such objects.
    pub(super) fn class_of_object(&self, table: TableId, row: &Row) -> Option<ClassId> {
        let whole = |it: &&ClassModel| it.root == it.id && it.parts.first().is_some_and(|it| it.table_id == table);
        self.classes.iter().filter(whole).find_map(|it| self.class_of_row(it, |_| Some(row)).ok())
    }

    /// A relation.
    #[inline]
    pub fn relation(&self, class: ClassId, relation: RelationId) -> &RelationModel {
        &self.classes[class.index()].relations[relation.index()]
    }

    /// Whether an attribute of a class is part of a reference, whichever side has told the model of it.
    pub(super) fn refers_by(&self, class: ClassId, attribute: ColumnId) -> bool {
        // Attributes stand at the same positions in all classes of a root; a whole table has a root of its own.
        let is_related = |it: ClassId| self.class(it).root == self.class(class).root;
        let refers = |of: &ClassModel, it: &RelationModel| match &it.join {
            Join::BelongsTo { columns, .. } => is_related(of.id) && columns.contains(&attribute),
            Join::Has { columns, .. } => is_related(it.target) && columns.contains(&attribute),
            Join::Through { .. } => false,
        };
        let all = |of: &ClassModel, it: &RelationModel| refers(of, it) || it.apart.iter().any(|it| refers(of, it));
        self.classes.iter().any(|of| of.relations.iter().any(|it| all(of, it)))
    }

    /// The first class that has a relation: a class, or a base of it. A class with a whole table of its own shares a relation
    /// with its base if it has one of the same name at the same place.
    pub(super) fn declares(&self, class: ClassId, relation: RelationId) -> ClassId {
        let mut class = self.class(class);
        while let Some(base) = class.base.map(|it| self.class(it))
            && let Some(of_base) = base.relations.get(relation.index())
            && (class.inheritance != Some(Inheritance::Concrete)
                || class.relations.get(relation.index()).is_some_and(|it| it.name == of_base.name))
        {
            class = base;
        }
        class.id
    }
}
