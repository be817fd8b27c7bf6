//! What is allowed in a model but will probably surprise, each with the line to write.

mod classes;
mod deletes;
mod overlap;

use super::{ClassModel, Join, Model, RelationModel};
use crate::id::ColumnId;
use crate::object::class::Cascade;
use crate::schema::{Lint, Schema};

impl Model {
    /// Everything in the classes that is allowed but will probably surprise: classes first, then their relations.
    pub fn lint(&self, schema: &Schema) -> Vec<Lint> {
        let linter = Linter { schema, model: self };
        let mut found = Vec::new();
        self.classes.iter().for_each(|it| linter.class(it, &mut found));
        for class in &self.classes {
            for relation in linter.own_relations(class) {
                let at = At { class, relation };
                linter.words(at, &mut found);
                linter.backref(at, &mut found);
                linter.one_side(at, &mut found);
                linter.partners(at, &mut found);
                linter.association(at, &mut found);
                linter.whole_tables(at, &mut found);
                linter.deletes(at, &mut found);
                linter.overlap(at, &mut found);
            }
        }
        found
    }
}

struct Linter<'a> {
    schema: &'a Schema,
    model: &'a Model,
}

/// A relation where it stands.
#[derive(Clone, Copy)]
struct At<'a> {
    class: &'a ClassModel,
    relation: &'a RelationModel,
}

impl At<'_> {
    fn place(&self) -> String {
        format!("{}.{}", self.class.name, self.relation.name)
    }
}

impl<'a> Linter<'a> {
    /// The relations that a class declares; those of its base are looked at there.
    fn own_relations(&self, class: &'a ClassModel) -> impl Iterator<Item = &'a RelationModel> + use<'a> {
        class.relations.iter().filter(|it| it.declared_by == class.id)
    }

    fn target(&self, at: At<'a>) -> &'a ClassModel {
        self.model.class(at.relation.target)
    }

    /// Words that have no effect.
    fn words(&self, at: At<'a>, found: &mut Vec<Lint>) {
        let relation = at.relation;
        if relation.cascade.contains(Cascade::DELETE_ORPHAN) && !relation.cascade.contains(Cascade::DELETE) {
            let problem = "it deletes a target that loses its owner, but not the targets of an owner that is deleted";
            found.push(Lint::new(at.place(), problem, "add `delete` to its cascade"));
        }
        let written =
            relation.post_update || relation.active_history || relation.single_parent || !relation.passive_updates;
        if relation.view_only && written {
            let problem = "it is never written, so what it says about writing has no effect";
            let advice = "leave `post_update`, `passive_updates`, `active_history` and `single_parent` out";
            found.push(Lint::new(at.place(), problem, advice));
        }
    }

    /// The other side was made by this one.
    fn backref(&self, at: At<'a>, found: &mut Vec<Lint>) {
        if let Some(made) = &at.relation.backref {
            let target = self.target(at);
            let problem =
                format!("it makes `{}.{made}`, which nobody who reads `{}` can see", target.name, target.name);
            let advice = format!(
                "declare `{made}` there, and write `inverse = {made}` here and `inverse = {}` there",
                at.relation.name
            );
            found.push(Lint::new(at.place(), problem, advice));
        }
    }

    /// Only one side names the other.
    fn one_side(&self, at: At<'a>, found: &mut Vec<Lint>) {
        for case in std::iter::once(at.relation).chain(&at.relation.apart) {
            self.other_side(at, case, found);
        }
    }

    fn other_side(&self, at: At<'a>, case: &RelationModel, found: &mut Vec<Lint>) {
        let target = self.model.class(case.target);
        let Some(other) = case.inverse.map(|it| self.model.relation(target.id, it)) else { return };
        if other.inverse.is_none() && !other.view_only && other.sync_backref {
            let place = format!("{}.{}", target.name, other.name);
            let problem = format!("a change of it does not move `{}`, which moves it", at.place());
            found.push(Lint::new(place, problem, format!("write `inverse = {}` there", at.relation.name)));
        }
    }

    /// One-to-one in one layer and not in the other.
    fn partners(&self, at: At<'a>, found: &mut Vec<Lint>) {
        let target = self.target(at);
        match &at.relation.join {
            Join::Has { columns, one, .. } if !at.relation.view_only && !columns.is_empty() => {
                let Some((table, places)) = target.columns_of(self.schema, columns) else { return };
                let names = table.names(&places).join(", ");
                match (one, table.key_over(&places).is_some()) {
                    (true, false) => {
                        let problem = format!(
                            "nothing forbids a second row of `{}` that refers to the same owner, and reading it then fails",
                            table.name
                        );
                        found.push(Lint::new(at.place(), problem, format!("make `{}`.({names}) unique", table.name)));
                    }
                    (false, true) => {
                        let problem = format!(
                            "it is a collection, but `{}`.({names}) is unique, so it never has two members",
                            table.name
                        );
                        found.push(Lint::new(at.place(), problem, "declare it as `has_one`"));
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// A table between that may hold a pair twice.
    fn association(&self, at: At<'a>, found: &mut Vec<Lint>) {
        let Join::Through { table, layout, .. } = &at.relation.join else { return };
        let Ok(table) = self.schema.table_named(table) else { return };
        let both: Vec<ColumnId> = layout.own.iter().chain(&layout.other).copied().collect();
        let unique = table.indexes.iter().any(|it| {
            it.is_unique()
                && it.is_plain()
                && !it.columns.is_empty()
                && it.columns.iter().all(|column| both.contains(column))
        });
        if !unique && !at.relation.view_only {
            let names = table.names(&both).join(", ");
            let problem =
                format!("`{}` may hold a pair twice, and a member then stands twice in the collection", table.name);
            found.push(Lint::new(at.place(), problem, format!("make ({names}) its primary key")));
        }
    }
}
