//! Classes that nobody declared: one for each table, and from each foreign key a relation on either side.
//!
//! | what the tables say | relation | its name |
//! |---|---|---|
//! | a foreign key | `belongs_to` | its column without `_id`; else the table it refers to |
//! | the same from the other side | `has_many` | the table that refers |
//! | the same over a unique key | `has_one` | the table that refers |
//! | a table of two foreign keys and nothing else | `many_to_many` | the table on the other side |
//!
//! Where a table refers to another one in several ways, or to itself, the names say by which columns: `posts_by_author`, and
//! `parent_posts` for a column `parent`. The sides of a pair are each other's inverse. The names follow the tables alone, in the order in which
//! they are declared, so the same schema always gives the same classes.

use rustc_hash::FxHashSet;

use crate::id::{ColumnId, TableId};
use crate::object::class::{Class, Relationship};
use crate::schema::{ReferenceSchema, Schema, Table, TableSchema};

/// The classes of a schema, in the order of its tables.
pub(super) fn classes(schema: &Schema) -> Vec<Class> {
    let classes = schema.tables().iter().map(|it| Class::new(it.name.clone(), Table::new(it.name.clone()))).collect();
    let taken = schema.tables().iter().map(|it| it.columns.iter().map(|it| it.name.clone()).collect()).collect();
    let mut reflection = Reflection { schema, classes, taken };
    for table in schema.tables() {
        let references: Vec<&ReferenceSchema> = table.outbound.iter().map(|&it| schema.reference(it)).collect();
        match references[..] {
            [one, other] if is_between(table, one, other) => reflection.between(table, one, other),
            _ => reflection.references(table, &references),
        }
    }
    reflection.classes
}

struct Reflection<'a> {
    schema: &'a Schema,
    classes: Vec<Class>,
    /// The names of the attributes and relations of each class.
    taken: Vec<FxHashSet<String>>,
}

impl Reflection<'_> {
    /// The relations of a table's foreign keys.
    fn references(&mut self, table: &TableSchema, references: &[&ReferenceSchema]) {
        for (position, &reference) in references.iter().enumerate() {
            let is_same = |it: &&ReferenceSchema| it.target == reference.target && it.columns == reference.columns;
            if references[..position].iter().any(is_same) {
                continue;
            }
            let target = self.schema.table(reference.target);
            let via = table.names(&reference.columns);
            let ways = references.iter().filter(|it| it.target == reference.target).count();
            let is_only = ways == 1 && target.id != table.id;
            let plain = stem(&via).or_else(|| is_only.then(|| target.name.clone()));
            let to_one = self.free(table.id, plain, format!("{}_{}", via.join("_"), target.name));
            let by = stem(&via).unwrap_or_else(|| via.join("_"));
            let plain = is_only.then(|| table.name.clone());
            let to_many = self.free(target.id, plain, format!("{}_by_{by}", table.name));
            let back = match table.key_over(&reference.columns) {
                Some(_) => Relationship::has_one(to_many.clone(), table.name.clone()),
                None => Relationship::has_many(to_many.clone(), table.name.clone()),
            };
            let there = Relationship::belongs_to(to_one.clone(), target.name.clone()).via(via.clone()).inverse(to_many);
            self.add(table.id, there);
            self.add(target.id, back.via(via).inverse(to_one));
        }
    }

    /// The relations of the two tables that a table stands between.
    fn between(&mut self, table: &TableSchema, one: &ReferenceSchema, other: &ReferenceSchema) {
        let own = [one, other].map(|it| table.names(&it.columns));
        let targets = [one, other].map(|it| self.schema.table(it.target));
        let itself = one.target == other.target;
        let [to_other, to_one] = [(0, 1), (1, 0)].map(|(here, there)| {
            let plain = if itself { stem(&own[there]) } else { Some(targets[there].name.clone()) };
            let by_table = format!("{}_by_{}", targets[there].name, table.name);
            self.free(targets[here].id, plain, by_table)
        });
        for (here, there, name, inverse) in [(0, 1, &to_other, &to_one), (1, 0, &to_one, &to_other)] {
            let target = targets[there].name.clone();
            let relation = Relationship::many_to_many(name.clone(), target, table.name.clone());
            let relation = relation.columns(own[here].clone(), own[there].clone());
            self.add(targets[here].id, relation.inverse(inverse.clone()));
        }
    }

    /// The plain name, if the class has it not yet; the other one otherwise, with a number if it must be.
    fn free(&mut self, table: TableId, plain: Option<String>, other: String) -> String {
        let taken = &mut self.taken[table.index()];
        let mut name = plain.filter(|it| !taken.contains(it)).unwrap_or_else(|| other.clone());
        let mut number = 1;
        while !taken.insert(name.clone()) {
            number += 1;
            name = format!("{other}_{number}");
        }
        name
    }

    fn add(&mut self, table: TableId, relation: Relationship) {
        self.classes[table.index()].relations.push(relation);
    }
}

/// Whether a table says nothing but which rows of two tables belong together.
fn is_between(table: &TableSchema, one: &ReferenceSchema, other: &ReferenceSchema) -> bool {
    let both: Vec<ColumnId> = one.columns.iter().chain(&other.columns).copied().collect();
    both.len() == table.columns.len()
        && table.inbound.is_empty()
        && table.primary_key().is_some_and(|it| both.iter().all(|column| it.columns.contains(column)))
}

/// What a single column refers to, by its name.
fn stem(columns: &[String]) -> Option<String> {
    let [column] = columns else { return None };
    let stem = column.strip_suffix("_id").or_else(|| column.strip_suffix("Id"))?;
    (!stem.is_empty()).then(|| stem.to_owned())
}
