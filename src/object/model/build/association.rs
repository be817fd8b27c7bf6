//! The tables between many-to-many classes that nobody declares.

use std::collections::HashMap;

use crate::object::class::{Class, Pattern};
use crate::schema::{Column, ForeignKey, Name, Table};
use crate::value::Kind;

/// The columns of a primary key and their types.
type KeyColumns = Vec<(Name, Kind)>;

/// The own table of a class, which may be that of a base, and its key.
fn table_and_key(classes: &[Class], class: &Class) -> Option<(Name, KeyColumns)> {
    let mut at = class;
    for _ in 0..classes.len() {
        match &at.table {
            Some(table) => return Some((Name::from(table.name().to_owned()), table.key_columns())),
            None => at = classes.iter().find(|it| Some(&it.name) == at.base.as_ref())?,
        }
    }
    None
}

/// The tables of many-to-many relations that nobody declares: two foreign keys, which together are the primary key.
pub(super) fn tables(classes: &mut [Class], tables: &[Table]) -> Vec<Table> {
    let declared: Vec<String> = classes
        .iter()
        .filter_map(|it| Some(it.table.as_ref()?.name().to_owned()))
        .chain(tables.iter().map(|it| it.name().to_owned()))
        .collect();
    let keys: HashMap<Name, (Name, KeyColumns)> =
        classes.iter().filter_map(|it| Some((it.name.clone(), table_and_key(classes, it)?))).collect();
    let mut made: Vec<Table> = Vec::new();
    for class in classes.iter_mut() {
        let class_name = class.name.clone();
        let Some((class_table, own_key)) = keys.get(&class_name) else { continue };
        for relation in &mut class.relations {
            let Some((target_table, target_key)) = keys.get(&relation.target) else { continue };
            let target = relation.target.clone();
            let Pattern::ManyToMany(between) = &mut relation.pattern else { continue };
            let Some(on_delete) = between.made else { continue };
            if declared.iter().any(|it| *it == between.table) {
                continue;
            }
            let named = |class: &Name, key: &KeyColumns| -> Vec<Name> {
                key.iter().map(|(column, _)| format!("{}_{column}", snake_case(class)).into()).collect()
            };
            if between.own.is_empty() {
                between.own = named(&class_name, own_key);
            }
            if between.other.is_empty() {
                between.other = named(&target, target_key);
            }
            if made.iter().any(|it| it.name() == between.table) {
                continue;
            }
            let mut table = Table::new(between.table.clone());
            let sides = [(&between.own, own_key, class_table), (&between.other, target_key, target_table)];
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
