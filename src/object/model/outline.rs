//! The model as text: what was found out about each class and relation, one line each.

use std::fmt::{self, Write as _};

use super::{ClassModel, Discriminator, Join, Model, RelationModel};
use crate::id::ColumnId;
use crate::object::class::{Cascade, Inheritance, Lazy, PassiveDeletes};

/// Each class with its tables and attributes, and each of its relations with direction, columns and what differs from
/// what nobody would have to say.
impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for class in &self.classes {
            writeln!(f, "{}", self.class_line(class))?;
            for relation in &class.relations {
                writeln!(f, "  {}", self.relation_line(class, relation))?;
            }
        }
        Ok(())
    }
}

impl Model {
    fn class_line(&self, class: &ClassModel) -> String {
        let tables: Vec<&str> = class.parts.iter().map(|it| &*it.table).collect();
        let mut line = format!("{} in {}: {}", class.name, tables.join(" + "), names(class, &all(class)));
        if let Some(base) = class.base {
            let how = match class.inheritance {
                Some(Inheritance::Joined) | None => "joined",
                Some(Inheritance::Single) => "single",
                Some(Inheritance::Concrete) => "concrete",
            };
            line += &format!("; {how} under {}", self.class(base).name);
        }
        if let Some(value) = &class.identity_value {
            let on = match &class.discriminator {
                Some(Discriminator::Column(column)) => &class.columns[column.index()],
                Some(Discriminator::Table(name)) => name,
                None => "identity",
            };
            line += &format!("; {on} = {value:?}");
        }
        if class.is_abstract {
            line += "; abstract";
        }
        if let Some(version) = class.version_column {
            line += &format!("; version {}", class.columns[version.index()]);
        }
        line
    }

    fn relation_line(&self, class: &ClassModel, relation: &RelationModel) -> String {
        let target = self.class(relation.target);
        let pairs =
            |a: String, b: String| if a.contains(", ") { format!("({a}) = ({b})") } else { format!("{a} = {b}") };
        let (word, on) = match &relation.join {
            Join::BelongsTo { columns, target_columns, .. } => {
                ("belongs to", pairs(names(class, columns), names(target, target_columns)))
            }
            Join::Has { columns, own_columns, one } => {
                let word = if *one { "has one" } else { "has many" };
                (word, pairs(names(class, own_columns), names(target, columns)))
            }
            Join::Through { table, own, other, own_columns, target_columns, one, .. } => {
                let word = if *one { "has one" } else { "has many" };
                let first = pairs(names(class, own_columns), own.join(", "));
                let second = pairs(other.join(", "), names(target, target_columns));
                (word, format!("{first} through {table} on {second}"))
            }
        };
        let targets = std::iter::once(relation).chain(&relation.apart).map(|it| self.class(it.target).name.as_str());
        let mut line = format!("{} {word} {} by {on}", relation.name, targets.collect::<Vec<_>>().join(" or "));
        if relation.condition.is_some() {
            line += " and a condition";
        }
        if let Some(inverse) = relation.inverse {
            line += &format!("; moves {}", target.relations[inverse.index()].name);
        }
        if relation.cascade != Cascade::default() {
            line += &format!("; cascade {}", relation.cascade);
        }
        if relation.lazy != Lazy::Select {
            line += &format!("; {:?}", relation.lazy).to_lowercase();
        }
        if relation.passive_deletes != PassiveDeletes::Off {
            line += &format!("; passive deletes {:?}", relation.passive_deletes).to_lowercase();
        }
        for (word, said) in [
            ("view only", relation.view_only),
            ("post update", relation.post_update),
            ("single parent", relation.single_parent),
            ("active updates", !relation.passive_updates),
        ] {
            if said {
                let _ = write!(line, "; {word}");
            }
        }
        line
    }
}

fn all(class: &ClassModel) -> Vec<ColumnId> {
    (0..class.columns.len()).map(|it| ColumnId::new(it as u16)).collect()
}

fn names(class: &ClassModel, columns: &[ColumnId]) -> String {
    class.names(columns).join(", ")
}

impl fmt::Display for Cascade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [
            (Cascade::SAVE_UPDATE, "save_update"),
            (Cascade::MERGE, "merge"),
            (Cascade::DELETE, "delete"),
            (Cascade::DELETE_ORPHAN, "delete_orphan"),
            (Cascade::EXPUNGE, "expunge"),
            (Cascade::REFRESH_EXPIRE, "refresh_expire"),
        ];
        let mut left = *self;
        let mut said: Vec<&str> = Vec::new();
        if left.contains(Cascade::ALL) {
            said.push("all");
            left = if left.contains(Cascade::DELETE_ORPHAN) { Cascade::DELETE_ORPHAN } else { Cascade::NONE };
        }
        said.extend(words.iter().filter(|it| left.contains(it.0)).map(|it| it.1));
        f.write_str(if said.is_empty() { "none" } else { "" })?;
        f.write_str(&said.join(", "))
    }
}
