//! From declared classes to a model and its schema. Every mistake is reported, those of the schema among them.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use super::{ClassModel, ClassPart, Model};
use crate::error::{ErrorKind, Mistake, Result, closest};
use crate::id::{ClassId, ColumnId};
use crate::object::class::{Class, Pattern, Reach, Relationship, SubclassLoad};
use crate::record::Tuple;
use crate::schema::{Column, Components, ForeignKey, Name, Schema, Table, TableSchema};

mod attributes;
mod relations;

/// Builds the schema of the classes and tables, with the model attached to it.
pub(in crate::object) fn build(mut classes: Vec<Class>, tables: Vec<Table>) -> Result<Schema> {
    let mut mistakes = check_names(&classes);
    let association = association_tables(&mut classes, &tables);
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
    Ok(schema.attach(Arc::new(model)))
}

/// A model with one class for each table and no relations, for a schema that was made without classes.
pub(in crate::object) fn reflect(schema: &Schema) -> Result<Model> {
    let classes: Vec<Class> =
        schema.tables().iter().map(|it| Class::new(it.name.clone(), Table::new(it.name.clone()))).collect();
    model(schema, &classes)
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

/// The tables of many-to-many relations that nobody declares: two foreign keys, which together are the primary key.
fn association_tables(classes: &mut [Class], tables: &[Table]) -> Vec<Table> {
    let declared: Vec<String> = classes
        .iter()
        .filter_map(|it| Some(it.table.as_ref()?.name().to_owned()))
        .chain(tables.iter().map(|it| it.name().to_owned()))
        .collect();
    let keys: HashMap<Name, (Name, Vec<(Name, crate::value::Kind)>)> = classes
        .iter()
        .filter_map(|it| {
            let table = it.table.as_ref()?;
            Some((it.name.clone(), (Name::from(table.name().to_owned()), table.key_columns())))
        })
        .collect();
    let mut made: Vec<Table> = Vec::new();
    for class in classes.iter_mut() {
        let Some(own_table) = &class.table else { continue };
        let (class_name, class_table) = (class.name.clone(), Name::from(own_table.name().to_owned()));
        let own_key = own_table.key_columns();
        for relation in &mut class.relations {
            let Some((target_table, target_key)) = keys.get(&relation.target) else { continue };
            let target = relation.target.clone();
            let Pattern::ManyToMany(between) = &mut relation.pattern else { continue };
            let Some(on_delete) = between.made else { continue };
            if declared.iter().any(|it| *it == between.table) {
                continue;
            }
            let named = |class: &Name, key: &[(Name, crate::value::Kind)]| -> Vec<Name> {
                key.iter().map(|(column, _)| format!("{}_{column}", snake_case(class)).into()).collect()
            };
            if between.own.is_empty() {
                between.own = named(&class_name, &own_key);
            }
            if between.other.is_empty() {
                between.other = named(&target, target_key);
            }
            if made.iter().any(|it| it.name() == between.table) {
                continue;
            }
            let mut table = Table::new(between.table.clone());
            let sides = [(&between.own, &own_key, &class_table), (&between.other, target_key, target_table)];
            for (columns, key, to) in sides {
                for (column, (_, kind)) in columns.iter().zip(key.iter()) {
                    table = table.column(Column::new(column.clone(), *kind));
                }
                let foreign = ForeignKey::new(columns.clone(), (*to).clone());
                table = table.foreign_key(foreign.on_delete(on_delete));
            }
            made.push(table.primary_key(between.own.iter().chain(&between.other).cloned()));
        }
    }
    made
}

/// `BlogPost` as `blog_post`.
fn snake_case(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for (position, c) in name.chars().enumerate() {
        if c.is_uppercase() && position > 0 {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}

fn model(schema: &Schema, classes: &[Class]) -> Result<Model> {
    let by_name: HashMap<String, ClassId> =
        classes.iter().enumerate().map(|(at, it)| (it.name.to_string(), ClassId::new(at as u16))).collect();
    let mut built = Vec::with_capacity(classes.len());
    let mut by_type = rustc_hash::FxHashMap::default();
    let mut insert_rank = Vec::with_capacity(classes.len());
    let components = Components::of(schema);
    let mut mistakes = Vec::new();
    for (position, class) in classes.iter().enumerate() {
        let Some(table) = &class.table else {
            mistakes.push(Mistake::new(&*class.name, "it has no table", "give it one"));
            continue;
        };
        let table = schema.table_named(table.name())?;
        let id = ClassId::new(position as u16);
        let record = Any::type_id(&*table.prototype);
        if record != TypeId::of::<Tuple>() {
            by_type.insert(record, id);
        }
        let key = table.primary_key().map(|it| it.columns.clone()).unwrap_or_default();
        if key.is_empty() {
            let advice = "an object is known by its key: declare a primary key";
            mistakes.push(Mistake::new(&*class.name, format!("`{}` has no primary key", table.name), advice));
        }
        insert_rank.push(components.rank(table.id));
        built.push(class_model(id, class, table, key));
    }
    if !mistakes.is_empty() {
        return Err(mistakes.into());
    }
    for (class, declared) in built.iter_mut().zip(classes) {
        attributes::resolve(class, declared, &mut mistakes);
    }
    let resolved = relations::resolve(schema, classes, &by_name, &mut mistakes);
    if !mistakes.is_empty() {
        return Err(mistakes.into());
    }
    for (class, relations) in built.iter_mut().zip(resolved) {
        class.relations = relations;
    }
    Ok(Model { classes: built, by_name, by_type, insert_rank })
}

/// A class of one table, before what it says about attributes and relations is resolved.
fn class_model(id: ClassId, class: &Class, table: &TableSchema, key: Vec<ColumnId>) -> ClassModel {
    ClassModel {
        id,
        name: class.name.to_string(),
        table: table.name.clone().into(),
        table_id: table.id,
        key,
        auto: table.auto.is_some(),
        columns: table.columns.iter().map(|it| Name::from(it.name.clone())).collect(),
        relations: Vec::new(),
        base: None,
        root: id,
        descendants: vec![id],
        inheritance: None,
        parts: vec![ClassPart {
            table: table.name.clone().into(),
            table_id: table.id,
            columns: table.column_ids().map(|it| (it, it)).collect(),
        }],
        discriminator: None,
        identity_value: None,
        reach: Reach::Own,
        load: SubclassLoad::OnAccess,
        deferred: Vec::new(),
        raise_deferred: Vec::new(),
        active_history: Vec::new(),
        version_column: None,
        computed: Vec::new(),
        is_leaf: table.inbound.is_empty(),
        by_key: OnceLock::new(),
        insert: OnceLock::new(),
        delete: OnceLock::new(),
    }
}

/// Where a relation stands, for messages.
fn place(class: &Class, relation: &Relationship) -> String {
    format!("{}.{}", class.name, relation.name)
}

/// Names as columns of a table; those that are not there are left out, the schema has reported them.
fn columns(table: &crate::schema::TableSchema, names: &[Name]) -> Vec<ColumnId> {
    names.iter().filter_map(|name| table.column_named(name).ok()).collect()
}
