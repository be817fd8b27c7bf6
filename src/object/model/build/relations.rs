//! The relations of each class: its own, behind those of its base.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::checks;
use super::determine::Side;
use super::inverses::pair;
use super::join::Finder;
use super::terms::place_named;
use super::typed::Follower;
use super::{Declared, place};
use crate::error::{Mistake, closest};
use crate::expr::Expr;
use crate::id::{ClassId, ColumnId, RelationId};
use crate::object::class::{Cascade, Class, Inheritance, JoinColumn, PassiveDeletes, Relationship};
use crate::object::model::{ClassModel, Join, JoinLeaf, RelationModel};
use crate::query::Direction;
use crate::schema::{Action, Schema};

/// Resolves the relations of every class and puts them into it.
pub(super) fn resolve(
    schema: &Schema,
    classes: &[Class],
    by_name: &HashMap<String, ClassId>,
    order: &[ClassId],
    built: &mut [ClassModel],
    mistakes: &mut Vec<Mistake>,
) {
    let slots = slots(classes, order, built);
    let resolver = Resolver { schema, classes, by_name, slots: &slots, built };
    let mut all: Vec<Vec<Option<RelationModel>>> = vec![Vec::new(); classes.len()];
    for &id in order {
        let inherited = resolver.inherits(id).map(|base| all[base.index()].clone()).unwrap_or_default();
        let mut relations: Vec<Option<RelationModel>> = inherited;
        for (position, declared) in slots[id.index()].iter().enumerate().filter(|(_, it)| it.class == id) {
            let found = match resolver.relation(*declared, RelationId::new(position as u16)) {
                Ok(it) => Some(it),
                Err(mistake) => {
                    mistakes.push(mistake);
                    None
                }
            };
            if position < relations.len() { relations[position] = found } else { relations.push(found) }
        }
        all[id.index()] = relations;
    }
    pair(classes, built, &slots, order, &mut all, mistakes);
    if mistakes.is_empty() {
        for (class, relations) in built.iter_mut().zip(all) {
            class.relations = relations.into_iter().flatten().collect();
        }
    }
}

/// Finds which relations lead straight from row to row.
pub(super) fn find_straight(built: &mut [ClassModel]) {
    for class in 0..built.len() {
        for relation in 0..built[class].relations.len() {
            let found = &built[class].relations[relation];
            let straight = found.find_straight(&built[class], &built[found.target.index()]);
            built[class].relations[relation].straight = straight;
        }
    }
}

/// Which declaration stands at each place of the relations of each class: those of the base first, unless the class
/// declares one of the same name anew.
fn slots(classes: &[Class], order: &[ClassId], built: &[ClassModel]) -> Vec<Vec<Declared>> {
    let mut slots: Vec<Vec<Declared>> = vec![Vec::new(); classes.len()];
    for &id in order {
        let class = &built[id.index()];
        let base = class.base.filter(|_| class.inheritance != Some(Inheritance::Concrete));
        let mut all = base.map(|it| slots[it.index()].clone()).unwrap_or_default();
        for (position, relation) in classes[id.index()].relations.iter().enumerate() {
            let declared = Declared { class: id, position };
            let named = |it: &&mut Declared| it.of(classes).name == relation.name && it.class != id;
            match all.iter_mut().find(named) {
                Some(slot) => *slot = declared,
                None => all.push(declared),
            }
        }
        slots[id.index()] = all;
    }
    slots
}

pub(super) struct Resolver<'a> {
    schema: &'a Schema,
    classes: &'a [Class],
    by_name: &'a HashMap<String, ClassId>,
    slots: &'a [Vec<Declared>],
    pub(super) built: &'a [ClassModel],
}

impl Resolver<'_> {
    /// The class whose relations this one has too.
    fn inherits(&self, id: ClassId) -> Option<ClassId> {
        let class = &self.built[id.index()];
        class.base.filter(|_| class.inheritance != Some(Inheritance::Concrete))
    }

    /// The other side as it is declared.
    fn inverse(&self, relation: &Relationship, target: ClassId) -> Option<&Relationship> {
        let name = relation.inverse.name()?;
        self.slots[target.index()].iter().map(|it| it.of(self.classes)).find(|it| it.name == *name)
    }

    fn relation(&self, declared: Declared, id: RelationId) -> Result<RelationModel, Mistake> {
        let relation = declared.of(self.classes);
        let target_id = self.by_name[&*relation.target];
        let (owner, target) = (&self.built[declared.class.index()], &self.built[target_id.index()]);
        let place = place(&self.classes[declared.class.index()], relation);
        checks::words(&place, relation)?;
        let (join, condition) = if Follower::follows(relation) {
            let inverse = self.inverse(relation, target_id);
            Follower { schema: self.schema, owner, target, relation, inverse, place: place.clone() }.follow()?
        } else {
            Finder { schema: self.schema, owner, target, relation, place: place.clone() }.find()?
        };
        let cascade = checks::cascade(relation);
        checks::relation(&place, relation, &join, cascade)?;
        let order = self.order(&place, relation, target, &join)?;
        let position = checks::position(&place, relation, &order)?;
        let mut found = RelationModel {
            id,
            name: relation.name.to_string(),
            declared_by: declared.class,
            backref: relation.inverse.made().map(ToString::to_string),
            target: target_id,
            passive_deletes: self.passive_deletes(relation, target, &join, cascade),
            join,
            inverse: None,
            reverse: Vec::new(),
            cascade,
            lazy: relation.lazy,
            order,
            passive_updates: relation.passive_updates,
            post_update: relation.post_update,
            single_parent: relation.single_parent,
            acyclic: relation.acyclic,
            position,
            view_only: relation.view_only,
            sync_backref: !relation.view_only && relation.sync_backref != Some(false),
            inner_join: relation.inner_join,
            join_depth: relation.join_depth,
            active_history: relation.active_history,
            collection: relation.collection,
            condition,
            apart: Vec::new(),
            straight: None,
            load: OnceLock::new(),
        };
        found.apart = self.apart(&found, relation);
        if found.apart.iter().any(|it| it.passive_deletes != found.passive_deletes) {
            // The session could only fail for some of the tables, and has to do it for the others.
            found.passive_deletes = PassiveDeletes::Off;
        }
        Ok(found)
    }

    /// What is inferred where nothing is said: the foreign key's action takes care of targets where the session could
    /// only fail.
    pub(super) fn passive_deletes(
        &self,
        relation: &Relationship,
        target: &ClassModel,
        join: &Join,
        cascade: Cascade,
    ) -> PassiveDeletes {
        if relation.passive_deletes != PassiveDeletes::Inferred {
            return relation.passive_deletes;
        }
        let Join::Has { columns, .. } = join else { return PassiveDeletes::Off };
        let places: Vec<_> = columns.iter().filter_map(|&it| target.place_of(it)).collect();
        let never_null = !target.can_be_null(self.schema, columns);
        let removes = target.parts.iter().flat_map(|it| &self.schema.table(it.table_id).outbound).any(|&it| {
            let reference = self.schema.reference(it);
            let same = reference.columns.len() == places.len()
                && reference.columns.iter().all(|&it| places.contains(&(reference.table, it)));
            same && reference.on_delete == Action::Cascade
        });
        match never_null && removes && !cascade.contains(Cascade::DELETE) {
            true => PassiveDeletes::On,
            false => PassiveDeletes::Off,
        }
    }

    /// The order of the collection, over attributes of the target and columns of the table between.
    fn order(
        &self,
        place: &str,
        relation: &Relationship,
        target: &ClassModel,
        join: &Join,
    ) -> Result<Vec<(Expr<JoinLeaf>, Direction)>, Mistake> {
        let between = match join {
            Join::Through { table, .. } => self.schema.table_named(table).ok().map(|it| Side::table(it.id)),
            _ => None,
        };
        let leaf = |name: &str| -> Result<JoinLeaf, Mistake> {
            if let Some(position) = target.columns.iter().position(|it| it == name) {
                return Ok(JoinLeaf::Target(ColumnId::new(position as u16)));
            }
            let side = Side::of(target);
            let sides: Vec<&Side> = std::iter::once(&side).chain(&between).collect();
            let at = place_named(self.schema, name, Some(&sides)).map_err(|it| it.at(place))?;
            if between.as_ref().is_some_and(|it| it.has(at)) {
                return Ok(JoinLeaf::Between(at.1));
            }
            target.attribute_at(at.0, at.1).map(JoinLeaf::Target).ok_or_else(|| {
                let hint = closest(name, target.columns.iter().map(|it| &**it));
                Mistake::new(
                    place,
                    format!("its order names `{name}`, which is no attribute of `{}`", target.name),
                    hint,
                )
            })
        };
        let resolve = |by: &Expr<JoinColumn>| by.try_map(&mut |it: &JoinColumn| leaf(&it.name).map(Expr::Leaf));
        relation.order_by.iter().map(|(by, direction)| Ok((resolve(by)?, *direction))).collect()
    }
}
