//! Classes whose rows are structs of the program.
//!
//! Such a row is what a view hands out, so it holds the attributes of its class and nothing else. A class that extends
//! another has a struct of its own, which begins with that of its base. What the tables compute with a row has no place in
//! it, and neither has what a subclass without a struct adds; a class that has either keeps its rows as tuples. A subclass
//! that adds nothing is shown by the struct of its base.

use std::any::{Any, TypeId};

use rustc_hash::FxHashMap;

use crate::error::Mistake;
use crate::id::ClassId;
use crate::object::class::{Class, Inheritance};
use crate::object::model::{ClassModel, Discriminator};
use crate::record::{Row, Tuple, edit};
use crate::schema::{Name, Schema, Storage};
use crate::value::{Kind, Value};

/// Puts what subclasses add to the table of their base into that table, whose rows are then tuples.
pub(super) fn share_tables(classes: &mut [Class], mistakes: &mut Vec<Mistake>) {
    let mut owners: FxHashMap<(usize, Name), usize> = FxHashMap::default();
    for at in 0..classes.len() {
        let Some(added) = classes[at].added.clone() else { continue };
        let own: Vec<Name> = added.column_names().cloned().collect();
        classes[at].own_columns.extend(own.iter().cloned());
        let Some(holder) = bases(classes, at).find(|it| classes[*it].table.is_some()) else { continue };
        let Some(table) = classes[holder].table.take() else { continue };
        let taken: Vec<Name> = own.iter().filter(|it| table.column_names().any(|own| own == *it)).cloned().collect();
        for name in &taken {
            let owner = *owners.get(&(holder, name.clone())).unwrap_or(&holder);
            mistakes.push(taken_by(&classes[at], name, &classes[owner], table.name()));
        }
        owners.extend(own.iter().map(|it| ((holder, it.clone()), at)));
        let on = discriminator(classes, at).filter(|on| table.column_names().any(|it| it == on));
        let added = added.without_columns(&taken);
        let shared = table.taking_in(&added, on.as_ref(), &identities(classes, at));
        classes[holder].table = Some(if own.is_empty() { shared } else { shared.of_tuples() });
    }
}

/// Two classes give a column of one table the same name.
fn taken_by(class: &Class, name: &Name, owner: &Class, table: &str) -> Mistake {
    let problem = format!("`{}` has a column of this name in the same table `{table}`", owner.name);
    let advice = format!("give the column another: `#[column(\"{}_{name}\")]`", class.name.to_lowercase());
    Mistake::new(format!("{}.{name}", class.name), problem, advice)
}

/// The bases of a class, from below. A ring is refused elsewhere, and left here.
fn bases(classes: &[Class], at: usize) -> impl Iterator<Item = usize> {
    let base = move |at: &usize| {
        let name = classes[*at].base.as_ref()?;
        classes.iter().position(|it| it.name == *name)
    };
    std::iter::successors(base(&at), base).take(classes.len())
}

fn discriminator(classes: &[Class], at: usize) -> Option<Name> {
    bases(classes, at).find_map(|it| classes[it].polymorphic.as_ref()?.on.clone())
}

/// What the discriminator holds in the rows of a class and of those below it.
fn identities(classes: &[Class], at: usize) -> Vec<Value> {
    let below = (0..classes.len()).filter(|&it| it == at || bases(classes, it).any(|base| base == at));
    below.filter_map(|it| classes[it].polymorphic.as_ref()?.identity.clone()).collect()
}

/// The struct that shows the objects of a class.
#[derive(Clone)]
struct Shown {
    /// The class that brings it along.
    of: ClassId,
    prototype: Row,
    attributes: Vec<Name>,
}

/// Finds for each class the row that its objects have, and notes where they have no place in it. Returns the class of each
/// struct.
pub(super) fn resolve(
    schema: &Schema,
    classes: &[Class],
    order: &[ClassId],
    built: &mut [ClassModel],
    mistakes: &mut Vec<Mistake>,
) -> FxHashMap<TypeId, ClassId> {
    let mut by_type = FxHashMap::default();
    let mut shown: Vec<Option<Shown>> = vec![None; classes.len()];
    for &id in order {
        let class = &built[id.index()];
        let own = own_struct(schema, &classes[id.index()], class);
        if let Some(own) = &own {
            by_type.entry(Any::type_id(&*own.prototype)).or_insert(id);
        }
        let alone = own.is_none() && class.inheritance == Some(Inheritance::Concrete);
        let by = own.or_else(|| shown[class.base?.index()].clone());
        let row = match &by {
            None => Tuple::nulls(class.columns.len()).into_row(),
            Some(by) => {
                if alone || class.columns != by.attributes {
                    mistakes.push(no_place(built, class, by));
                }
                relations(classes, id, mistakes);
                by.prototype.clone()
            }
        };
        mistakes.extend(identity(schema, built, &built[id.index()], &row));
        shown[id.index()] = by;
        built[id.index()].prototype = row;
    }
    by_type
}

/// Refuses an identity that the discriminator cannot hold: no row would say that it is of the class.
fn identity(schema: &Schema, built: &[ClassModel], class: &ClassModel, row: &Row) -> Option<Mistake> {
    let (Some(Discriminator::Column(on)), Some(identity)) = (&class.discriminator, &class.identity_value) else {
        return None;
    };
    let (table, column) = class.place_of(*on)?;
    let column = schema.table(table).column(column);
    let strict = column.storage == Storage::Strict;
    let refused = match edit(&mut row.duplicate()).set(*on, identity.clone()) {
        Err(mismatch) => mismatch.to_string(),
        Ok(()) if strict && identity.kind() != Some(column.kind) => format!("{identity} is not {}", column.kind),
        Ok(()) => return None,
    };
    let root = &built[class.root.index()].name;
    let example = match column.kind {
        Kind::Int => {
            let taken = built.iter().filter(|it| it.root == class.root).filter_map(|it| it.identity_value.as_ref());
            let greatest = taken.filter_map(|it| if let Value::Int(it) = it { Some(*it) } else { None }).max();
            greatest.unwrap_or_default().saturating_add(1).to_string()
        }
        Kind::Bool => "true".to_owned(),
        Kind::Float => "1.5".to_owned(),
        _ => format!("\"{}\"", class.name.to_lowercase()),
    };
    let problem =
        format!("its identity {identity:?} cannot stand in the discriminator `{root}.{}`: {refused}", column.name);
    let advice = match (edit(&mut row.duplicate()).set(*on, Value::from("")), column.kind) {
        // An enum says itself what it holds.
        (Err(_), Kind::Text) => "give it one of these: `#[entity(identity = …)]`".to_owned(),
        _ => format!("give it one that is: `#[entity(identity = {example})]`"),
    };
    Some(Mistake::new(&*class.name, problem, advice))
}

/// The struct that a class brings along.
fn own_struct(schema: &Schema, declared: &Class, class: &ClassModel) -> Option<Shown> {
    if let Some(it) = &declared.structure {
        let attributes = it.whole.column_names().cloned().collect();
        return Some(Shown { of: class.id, prototype: it.prototype.clone(), attributes });
    }
    let table = declared.table.as_ref().map(|_| schema.table(class.table_id)).filter(|it| !it.holds_tuples())?;
    let attributes = table.columns.iter().map(|it| it.name.clone().into()).collect();
    Some(Shown { of: class.id, prototype: table.prototype.clone(), attributes })
}

/// Objects of a class have other attributes than the struct by which they would be shown.
fn no_place(built: &[ClassModel], class: &ClassModel, by: &Shown) -> Mistake {
    let twice = by.attributes.iter().enumerate().find(|(at, it)| by.attributes[..*at].contains(it));
    if let Some((_, twice)) = twice {
        let advice = format!("give the column another: `#[column(\"{}_{twice}\")]`", class.name.to_lowercase());
        return Mistake::new(format!("{}.{twice}", class.name), "its base has a column of this name", advice);
    }
    let table = &built[by.of.index()].table;
    let problem = format!("has other attributes than the rows of `{table}`, which are structs of the program");
    let root = std::iter::successors(Some(class), |it| it.base.map(|base| &built[base.index()])).last();
    let root = root.map_or(&class.name, |it| &it.name);
    let mut advice = format!("declare `{root}` by `Class::new`, so that rows are tuples");
    if let Some(computed) = class.computed.iter().find(|it| it.column.is_some()) {
        advice = format!("make `{}` a `ComputedKind::Hybrid`, or {advice}", computed.name);
    }
    Mistake::new(&*class.name, problem, advice)
}

/// A typed relation of the base is asked for at its place in every subclass, so it has to be there, and be the same.
fn relations(classes: &[Class], id: ClassId, mistakes: &mut Vec<Mistake>) {
    let declared = &classes[id.index()];
    let is_concrete = declared.polymorphic.as_ref().is_some_and(|it| it.kind == Some(Inheritance::Concrete));
    for relation in bases(classes, id.index()).flat_map(|it| &classes[it].relations) {
        let place = || format!("{}.{}", declared.name, relation.name);
        if is_concrete && !relation.is_repeated() {
            let problem = "its base has the relation by a foreign key to the rows of the base, which these are not";
            let advice = format!("declare it on another class, or let `{}` share a table with its base", declared.name);
            mistakes.push(Mistake::new(place(), problem, advice));
        }
        if !is_concrete && declared.relations.iter().any(|it| it.name == relation.name) {
            mistakes.push(Mistake::new(place(), "its base has a relation of this name", "rename one of them"));
        }
    }
}
