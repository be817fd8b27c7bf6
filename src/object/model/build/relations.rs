//! Which foreign key a relation follows, and which relation is its other side.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::super::{Join, RelationModel, ThroughLayout};
use super::{columns, place};
use crate::error::{Mistake, closest};
use crate::id::{ClassId, ReferenceId, RelationId};
use crate::object::class::{AssociationTable, Cascade, Class, PassiveDeletes, Pattern, Relationship};
use crate::schema::{Action, Name, ReferenceSchema, Schema, TableSchema, Timing};

/// Resolves the relations of every class.
pub(super) fn resolve(
    schema: &Schema,
    classes: &[Class],
    by_name: &HashMap<String, ClassId>,
    mistakes: &mut Vec<Mistake>,
) -> Vec<Vec<RelationModel>> {
    let resolver = Resolver { schema, classes, by_name };
    let mut resolved = Vec::with_capacity(classes.len());
    for class in classes {
        let mut relations = Vec::with_capacity(class.relations.len());
        for (position, relation) in class.relations.iter().enumerate() {
            match resolver.relation(class, relation, RelationId::new(position as u16)) {
                Ok(it) => relations.push(it),
                Err(mistake) => mistakes.push(mistake),
            }
        }
        resolved.push(relations);
    }
    resolved
}

struct Resolver<'a> {
    schema: &'a Schema,
    classes: &'a [Class],
    by_name: &'a HashMap<String, ClassId>,
}

impl Resolver<'_> {
    fn relation(&self, class: &Class, relation: &Relationship, id: RelationId) -> Result<RelationModel, Mistake> {
        let target_id = self.by_name[&*relation.target];
        let target = &self.classes[target_id.index()];
        let inverse = self.inverse(class, relation, target)?;
        let (join, passive_deletes) = match &relation.pattern {
            Pattern::BelongsTo => (self.belongs_to(class, relation, target)?, PassiveDeletes::On),
            Pattern::HasOne | Pattern::HasMany => self.has(class, relation, target)?,
            Pattern::ManyToMany(between) => (self.through(class, relation, target, between)?, PassiveDeletes::Off),
            Pattern::Found => {
                let problem = "the direction is not said";
                let advice = "declare it as belongs_to, has_one, has_many or many_to_many";
                return Err(Mistake::new(place(class, relation), problem, advice));
            }
        };
        if relation.cascade.contains(Cascade::DELETE_ORPHAN) && !matches!(join, Join::Has { .. }) {
            let problem = "delete_orphan stands on a side that does not own the other";
            return Err(Mistake::new(place(class, relation), problem, "put it on the has_one or has_many side"));
        }
        Ok(RelationModel {
            id,
            name: relation.name.to_string(),
            target: target_id,
            join,
            inverse,
            cascade: relation.cascade,
            lazy: relation.lazy,
            order_by: relation.order_by.clone(),
            order: Vec::new(),
            passive_deletes,
            passive_updates: relation.passive_updates,
            post_update: relation.post_update,
            single_parent: relation.single_parent,
            view_only: relation.view_only,
            sync_backref: relation.sync_backref.unwrap_or(!relation.view_only),
            inner_join: relation.inner_join,
            join_depth: relation.join_depth,
            active_history: relation.active_history,
            collection: relation.collection,
            condition: None,
            load: OnceLock::new(),
        })
    }

    fn table(&self, class: &Class) -> &TableSchema {
        let name = class.table.as_ref().map_or("", |it| it.name());
        let found = self.schema.table_named(name);
        found.expect("the schema was built from the tables of these classes")
    }

    /// Finds the other side and makes sure that it names this one, along the same foreign key.
    fn inverse(&self, class: &Class, relation: &Relationship, target: &Class) -> Result<Option<RelationId>, Mistake> {
        let Some(name) = relation.inverse.name() else { return Ok(None) };
        let wrong = |problem: String, advice: String| Mistake::new(place(class, relation), problem, advice);
        let Some(position) = target.relations.iter().position(|it| it.name == *name) else {
            let hint = closest(name, target.relations.iter().map(|it| &*it.name));
            return Err(wrong(format!("its inverse `{}.{name}` is not there", target.name), hint));
        };
        let other = &target.relations[position];
        if other.target != class.name {
            return Err(wrong(format!("its inverse leads to `{}`, not back", other.target), String::new()));
        }
        if other.inverse.name() != Some(&relation.name) {
            let advice = format!("write `inverse = {}` there", relation.name);
            return Err(wrong(format!("its inverse `{}.{name}` does not name it back", target.name), advice));
        }
        let fits = match (&relation.pattern, &other.pattern) {
            (Pattern::BelongsTo, Pattern::HasOne | Pattern::HasMany) => {
                self.reference(class, relation, target).ok().map(|it| it.id)
                    == self.reference_of_has(class, other, relation)
            }
            (Pattern::HasOne | Pattern::HasMany, Pattern::BelongsTo) => true,
            (Pattern::ManyToMany(a), Pattern::ManyToMany(b)) => a.table == b.table,
            _ => false,
        };
        if !fits {
            let problem = format!("its inverse `{}.{name}` does not follow the same foreign key", target.name);
            return Err(wrong(problem, "one side belongs to, the other has; name the column with `via`".to_owned()));
        }
        Ok(Some(RelationId::new(position as u16)))
    }

    /// The foreign key of `class` that a `has` relation on the other class means: the one it names, or its inverse's.
    fn reference_of_has(&self, class: &Class, has: &Relationship, belongs: &Relationship) -> Option<ReferenceId> {
        let via = if has.via.is_empty() { &belongs.via } else { &has.via };
        let owner = self.classes.get(self.by_name.get(&*belongs.target)?.index())?;
        self.one_reference(self.table(class), via, self.table(owner)).ok().map(|it| it.id)
    }

    /// The foreign key that a `belongs_to` follows.
    fn reference(&self, class: &Class, relation: &Relationship, target: &Class) -> Result<&ReferenceSchema, Mistake> {
        self.one_reference(self.table(class), &relation.via, self.table(target))
            .map_err(|(problem, advice)| Mistake::new(place(class, relation), problem, advice))
    }

    /// The only foreign key between two tables, or the one over the named columns.
    fn one_reference(
        &self,
        from: &TableSchema,
        via: &[Name],
        to: &TableSchema,
    ) -> Result<&ReferenceSchema, (String, String)> {
        let wanted = columns(from, via);
        if wanted.len() != via.len() {
            let hint = closest(via.first().map_or("", |it| it), from.columns.iter().map(|it| it.name.as_str()));
            return Err((format!("`{}` has no columns ({})", from.name, via.join(", ")), hint));
        }
        let all = from.outbound.iter().map(|&it| self.schema.reference(it)).filter(|it| it.target == to.id);
        let same = |it: &&ReferenceSchema| {
            wanted.is_empty() || (it.columns.len() == wanted.len() && wanted.iter().all(|c| it.columns.contains(c)))
        };
        let found: Vec<&ReferenceSchema> = all.filter(same).collect();
        match found.as_slice() {
            [one] => Ok(one),
            [] => Err((
                format!("no foreign key leads from `{}` to `{}`", from.name, to.name),
                "declare one on the columns that refer".to_owned(),
            )),
            many => {
                let ways: Vec<String> = many.iter().map(|it| from.names(&it.columns).join(", ")).collect();
                let problem = format!("{} foreign keys lead from `{}` to `{}`", many.len(), from.name, to.name);
                Err((problem, format!("name one with `via`: {}", ways.join(" or "))))
            }
        }
    }

    fn belongs_to(&self, class: &Class, relation: &Relationship, target: &Class) -> Result<Join, Mistake> {
        let reference = self.reference(class, relation, target)?;
        let (table, to) = (self.table(class), self.table(target));
        Ok(Join::BelongsTo {
            columns: reference.columns.clone(),
            target_columns: reference.target_columns.clone(),
            by_identity: to.primary_key().is_some_and(|it| it.columns == reference.target_columns),
            nullable: reference.columns.iter().all(|&it| table.column(it).nullable),
            deferred: reference.timing == Timing::InitiallyDeferred,
        })
    }

    fn has(&self, class: &Class, relation: &Relationship, target: &Class) -> Result<(Join, PassiveDeletes), Mistake> {
        let inverse = relation.inverse.name().and_then(|name| target.relations.iter().find(|it| it.name == *name));
        let via = match inverse {
            Some(inverse) if relation.via.is_empty() => &inverse.via,
            _ => &relation.via,
        };
        let (table, to) = (self.table(class), self.table(target));
        let reference = self
            .one_reference(to, via, table)
            .map_err(|(problem, advice)| Mistake::new(place(class, relation), problem, advice))?;
        let one = relation.pattern == Pattern::HasOne;
        let never_null = reference.columns.iter().any(|&it| !to.column(it).nullable);
        let removes = reference.on_delete == Action::Cascade;
        let passive = match relation.passive_deletes {
            PassiveDeletes::Inferred if !relation.cascade.contains(Cascade::DELETE) && never_null && removes => {
                PassiveDeletes::On
            }
            PassiveDeletes::Inferred => PassiveDeletes::Off,
            said => said,
        };
        let (columns, own_columns) = (reference.columns.clone(), reference.target_columns.clone());
        Ok((Join::Has { columns, own_columns, one }, passive))
    }

    fn through(
        &self,
        class: &Class,
        relation: &Relationship,
        target: &Class,
        between: &AssociationTable,
    ) -> Result<Join, Mistake> {
        let wrong = |(problem, advice): (String, String)| Mistake::new(place(class, relation), problem, advice);
        let table = self
            .schema
            .table_named(&between.table)
            .map_err(|error| wrong((error.to_string(), "declare the association table".to_owned())))?;
        let (from, to) = (self.table(class), self.table(target));
        let own = self.one_reference(table, &between.own, from).map_err(wrong)?;
        let other = self.one_reference(table, &between.other, to).map_err(wrong)?;
        if own.id == other.id {
            let advice = "name the columns of each side, `own` and `other`".to_owned();
            return Err(wrong(("both sides follow the same foreign key".to_owned(), advice)));
        }
        let named = |it: &ReferenceSchema| table.names(&it.columns).into_iter().map(Name::from).collect();
        Ok(Join::Through {
            table: table.name.clone().into(),
            own: named(own),
            other: named(other),
            own_columns: own.target_columns.clone(),
            target_columns: other.target_columns.clone(),
            cascades: own.on_delete == Action::Cascade,
            one: false,
            layout: ThroughLayout {
                own: own.columns.clone(),
                other: other.columns.clone(),
                width: table.columns.len(),
            },
        })
    }
}
