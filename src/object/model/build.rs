//! From declared classes to a model and its schema. Every mistake is reported, those of the schema among them.
//!
//! The way of a declaration: `backrefs` makes the sides that others declare, `association` the tables between that nobody
//! does, and the schema is built. Then `classes` finds tables and attributes, bases first; `relations` finds joins: `typed`
//! follows a foreign key where the direction is said, `determine`, `terms` and `join` find both where it is not; `checks`
//! refuses what contradicts itself; `apart` tells a relation once more for each whole table that queries on its target
//! read; `inverses` finds which relation is the other side of which; `structs` puts what structs add to the table of their
//! base into that table, finds the row that objects of each class have, and refuses what has no place in a struct.

use std::collections::HashMap;
use std::sync::Arc;

use super::{ClassModel, Model};
use crate::error::{ErrorKind, Mistake, Result, closest};
use crate::id::ClassId;
use crate::object::class::{Class, Relationship};
use crate::object::listen::Standing;
use crate::schema::{Components, Schema, Table};

mod apart;
mod association;
mod attributes;
mod backrefs;
mod checks;
mod classes;
mod determine;
mod inverses;
mod join;
mod reflect;
mod relations;
mod structs;
mod terms;
mod typed;

/// Builds the schema of the classes and tables, with the model attached to it.
pub(in crate::object) fn build(mut classes: Vec<Class>, tables: Vec<Table>) -> Result<Schema> {
    let mut mistakes = check_names(&classes);
    structs::share_tables(&mut classes, &mut mistakes);
    backrefs::add(&mut classes, &mut mistakes);
    let association = association::tables(&mut classes, &tables);
    let mut builder = Schema::builder();
    for table in classes.iter().filter_map(|it| it.table.as_ref()).chain(&tables).chain(&association) {
        builder = builder.table(table.clone());
    }
    let schema = match builder.build() {
        Ok(schema) => schema,
        Err(error) => {
            let ErrorKind::Declaration(more) = error.kind() else { return Err(error) };
            mistakes.extend(more.iter().cloned());
            return Err(mistakes.into());
        }
    };
    if !mistakes.is_empty() {
        return Err(mistakes.into());
    }
    let model = model(&schema, &classes)?;
    // Tables may be edited in many ways that classes have nothing to do with. Where these do not fit any more, the edited
    // schema is one of tables alone.
    Ok(schema.attach(Arc::new(model)).renewed_by(move |edited| match self::model(&edited, &classes) {
        Ok(model) => edited.attach(Arc::new(model)),
        Err(_) => edited,
    }))
}

/// The model of a schema that was made without classes: one for each table, related by the foreign keys.
pub(in crate::object) fn reflect(schema: &Schema) -> Result<Model> {
    // A table may still hold structs of entities, but their relations are not those of the model: by position, one
    // would be taken for another.
    let by_type = Default::default();
    Ok(Model { is_reflected: true, by_type, ..model(schema, &reflect::classes(schema))? })
}

fn check_names(classes: &[Class]) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    for (position, class) in classes.iter().enumerate() {
        if classes[..position].iter().any(|it| it.name == class.name) {
            mistakes.push(Mistake::new(&*class.name, "another class has this name", "rename one of them"));
        }
        for (at, relation) in class.relations.iter().enumerate() {
            let place = || format!("{}.{}", class.name, relation.name);
            if class.relations[..at].iter().any(|it| it.name == relation.name) {
                mistakes.push(Mistake::new(place(), "another relation has this name", "rename one of them"));
            }
            if !classes.iter().any(|it| it.name == relation.target) {
                let hint = closest(&relation.target, classes.iter().map(|it| &*it.name));
                let problem = format!("leads to a class `{}` that is not part of the model", relation.target);
                mistakes.push(Mistake::new(place(), problem, format!("add it to the model; {hint}")));
            }
        }
    }
    mistakes
}

fn model(schema: &Schema, classes: &[Class]) -> Result<Model> {
    let mut by_name: HashMap<String, ClassId> = HashMap::new();
    for (position, class) in classes.iter().enumerate() {
        by_name.entry(class.name.to_string()).or_insert(ClassId::new(position as u16));
    }
    let mut mistakes = Vec::new();
    let (built, order) = classes::resolve(schema, classes, &by_name, &mut mistakes);
    let Some(mut built) = built.into_iter().collect::<Option<Vec<ClassModel>>>() else {
        return Err(mistakes.into());
    };
    relations::resolve(schema, classes, &by_name, &order, &mut built, &mut mistakes);
    let by_type = structs::resolve(schema, classes, &order, &mut built, &mut mistakes);
    if !mistakes.is_empty() {
        return Err(mistakes.into());
    }
    for class in &mut built {
        class.followed = ClassModel::followed_by(&class.relations, class.columns.len());
    }
    relations::find_straight(&mut built);
    let components = Components::of(schema);
    let insert_rank = insert_ranks(&built, &components);
    Ok(Model { classes: built, by_name, by_type, insert_rank, standing: Standing::default(), is_reflected: false })
}

/// Where the declaration of a relation stands: which one of which class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Declared {
    class: ClassId,
    position: usize,
}

impl Declared {
    fn of(self, classes: &[Class]) -> &Relationship {
        &classes[self.class.index()].relations[self.position]
    }
}

/// Where a relation stands, for messages.
fn place(class: &Class, relation: &Relationship) -> String {
    format!("{}.{}", class.name, relation.name)
}

/// When the rows of each class can be inserted. An object of a subclass is a row of several tables at once, so whatever
/// stands between these tables comes in the same turn, in which rows decide.
fn insert_ranks(classes: &[ClassModel], components: &Components) -> Vec<usize> {
    let mut ranks: Vec<usize> = classes.iter().map(|it| components.rank(it.table_id)).collect();
    for class in classes.iter().filter(|it| it.parts.len() > 1) {
        let of_parts = || class.parts.iter().map(|it| components.rank(it.table_id));
        let (first, last) = (of_parts().min().unwrap_or_default(), of_parts().max().unwrap_or_default());
        let between = |it: &ClassModel| (first..=last).contains(&components.rank(it.table_id));
        let turns: Vec<usize> = classes.iter().zip(&ranks).filter(|it| between(it.0)).map(|(_, rank)| *rank).collect();
        let turn = turns.iter().copied().min().unwrap_or(first);
        ranks.iter_mut().filter(|it| turns.contains(it)).for_each(|it| *it = turn);
    }
    ranks
}
