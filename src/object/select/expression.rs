//! Names in expressions over objects become columns of sources, and questions about related objects become subqueries.

use super::Term;
use super::cast::{About, cover};
use super::entity::{Entity, Ground, all_are, all_equal};
use super::route::{between, own_columns, target_columns, whole};
use super::source::Sources;
use crate::error::{Misuse, Result, closest};
use crate::expr::{Expr, Expression};
use crate::id::{ClassId, ColumnId};
use crate::object::graph::Graph;
use crate::object::model::{Discriminator, Join, RelationModel};
use crate::object::reference::AnyRef;
use crate::query::{Leaf, Select};
use crate::schema::Name;
use crate::value::Value;

/// The names that an expression can use, in the select it stands in and in those around it.
#[derive(Clone)]
pub(in crate::object) struct Scope<'a> {
    pub(in crate::object) ground: Ground<'a>,
    graph: &'a Graph,
    /// For each nested select its names; the first one of each is what it is about.
    frames: Vec<Vec<(Name, Entity)>>,
}

impl<'a> Scope<'a> {
    /// No names yet.
    pub(in crate::object) fn new(ground: Ground<'a>, graph: &'a Graph) -> Self {
        Scope { ground, graph, frames: vec![Vec::new()] }
    }

    /// A condition within one entity alone.
    pub(in crate::object) fn about(ground: Ground<'a>, graph: &'a Graph, entity: &Entity) -> Self {
        let mut scope = Scope::new(ground, graph);
        scope.frames.resize(usize::from(entity.level) + 1, Vec::new());
        scope.add(ground.model.class(entity.class).name.clone().into(), entity.clone());
        scope
    }

    /// Names an entity of the innermost select.
    pub(in crate::object) fn add(&mut self, name: Name, entity: Entity) {
        let last = self.frames.len() - 1;
        self.frames[last].push((name, entity));
    }

    /// With a further select inside, which is about an entity.
    pub(in crate::object) fn within(&self, name: Name, entity: Entity) -> Self {
        let mut inner = self.clone();
        inner.frames.resize(usize::from(entity.level), Vec::new());
        inner.frames.push(vec![(name, entity)]);
        inner
    }

    /// The same names, and an entity of the innermost select behind them.
    pub(in crate::object) fn with_last(&self, name: Name, entity: Entity) -> Self {
        let mut other = self.clone();
        other.add(name, entity);
        other
    }

    fn level(&self) -> u8 {
        self.frames.len() as u8 - 1
    }

    /// The entity that a name stands for, and the class by which it was named.
    pub(in crate::object) fn entity(&self, of: Option<&Name>) -> Result<(&Entity, ClassId)> {
        let model = self.ground.model;
        let Some(name) = of else {
            let about = self.frames.last().and_then(|it| it.first());
            return about.map(|it| (&it.1, it.1.class)).ok_or_else(|| unknown("source", "", String::new()));
        };
        for frame in self.frames.iter().rev() {
            if let Some(found) = frame.iter().find(|it| it.0 == *name) {
                return Ok((&found.1, found.1.class));
            }
        }
        if let Ok(class) = model.class_named(name) {
            let related = |it: ClassId| model.is_a(class.id, it) || model.is_a(it, class.id);
            for frame in self.frames.iter().rev() {
                if let Some(found) = frame.iter().find(|it| related(it.1.class)) {
                    return Ok((&found.1, class.id));
                }
            }
        }
        let names = self.frames.iter().flatten().map(|it| &*it.0);
        Err(unknown("class or alias in this query", name, closest(name, names)))
    }

    /// An expression over objects as one over rows.
    pub(in crate::object) fn resolve(&self, expr: &Expr<Term>) -> Result<Expr<Leaf>> {
        expr.try_map(&mut |leaf: &Term| self.leaf(leaf, None))
    }

    /// The same, as one of a class that is a case of it.
    fn entity_as(&self, of: Option<&Name>, class: Option<ClassId>) -> Result<(&Entity, ClassId)> {
        let (entity, own) = self.entity(of)?;
        let model = self.ground.model;
        match class {
            Some(class) if model.is_a(class, own) => Ok((entity, class)),
            Some(class) if !model.is_a(own, class) => {
                let (expected, given) = (model.class(own).name.clone(), model.class(class).name.clone());
                Err(Misuse::WrongClass { expected, given }.into())
            }
            _ => Ok((entity, own)),
        }
    }

    /// A relation that an expression names.
    pub(in crate::object) fn relation(&self, of: Option<&Name>, name: &str) -> Result<(Entity, &'a RelationModel)> {
        self.relation_as(of, name, None)
    }

    fn relation_as(
        &self,
        of: Option<&Name>,
        name: &str,
        class: Option<ClassId>,
    ) -> Result<(Entity, &'a RelationModel)> {
        let (entity, class) = self.entity_as(of, class)?;
        Ok((entity.seen_as(class), self.ground.model.class(class).relation_named(name)?))
    }

    fn leaf(&self, leaf: &Term, class: Option<ClassId>) -> Result<Expr<Leaf>> {
        match leaf {
            Term::Cast { class, term } => self.leaf(term, Some(self.ground.model.class_named(class)?.id)),
            Term::Column { of, name } => self.attribute(self.entity_as(of.as_ref(), class)?, name),
            Term::Related { of, relation, condition } => {
                let (owner, relation) = self.relation_as(of.as_ref(), relation, class)?;
                self.exists(&owner, relation, condition.as_deref())
            }
            Term::Contains { of, relation, object } => {
                let (owner, relation) = self.relation_as(of.as_ref(), relation, class)?;
                self.contains(&owner, relation, *object)
            }
            Term::Refers { of, relation, to } => {
                let (owner, relation) = self.relation_as(of.as_ref(), relation, class)?;
                self.refers(&owner, relation, *to)
            }
            Term::RefersElsewhere { of, relation, than } => {
                let (owner, relation) = self.relation_as(of.as_ref(), relation, class)?;
                self.refers_elsewhere(&owner, relation, *than)
            }
        }
    }

    fn attribute(&self, (entity, class): (&Entity, ClassId), name: &Name) -> Result<Expr<Leaf>> {
        let level = self.level();
        let declared = self.ground.model.class(class);
        if let Some(computed) = declared.computed.iter().find(|it| it.name == **name) {
            return computed.expression.try_map(&mut |&it: &ColumnId| entity.column(self.ground, class, it, level));
        }
        match declared.column_named(name) {
            Ok(column) => entity.column(self.ground, class, column, level),
            // Of a union, the discriminator is a column that no class has.
            Err(_) if matches!(&declared.discriminator, Some(Discriminator::Table(on)) if on == name) => {
                let source = entity.derived().unwrap_or_default();
                Ok(Expr::Leaf(Leaf::Column { up: level - entity.level, source, name: name.clone() }))
            }
            Err(error) => Err(error),
        }
    }

    /// Some related object fulfils the condition.
    fn exists(&self, owner: &Entity, relation: &RelationModel, condition: Option<&Expr<Term>>) -> Result<Expr<Leaf>> {
        let name = &self.ground.model.class(relation.target).name;
        let mut asked = Vec::new();
        cover(self.ground, relation.target, About::Mainly(name), condition, &mut asked)?;
        let target = (relation.target, &*asked);
        let (mut inner, entity) = Sources::related(self.ground, owner, relation, target, self.level() + 1)?;
        if let Some(condition) = condition {
            let name = name.clone();
            inner.filter(self.within(name.into(), entity).resolve(condition)?);
        }
        Ok(Expr::Leaf(Leaf::Exists(Box::new(whole(inner.select)))))
    }

    fn contains(&self, owner: &Entity, relation: &RelationModel, object: AnyRef) -> Result<Expr<Leaf>> {
        let level = self.level();
        match &relation.join {
            Join::Through { table, own, other, own_columns, target_columns, .. } => {
                let values = self.values(relation, target_columns, object)?;
                let own = all_equal(between(0, 0, own), owner.columns(self.ground, own_columns, level + 1)?);
                let select = Select::from(table.clone()).filter(own.and(all_are(between(0, 0, other), values)));
                Ok(Expr::Leaf(Leaf::Exists(Box::new(select))))
            }
            Join::Has { .. } => {
                let values = self.values(relation, target_columns(relation), object)?;
                Ok(all_are(owner.columns(self.ground, own_columns(relation), level)?, values))
            }
            Join::BelongsTo { .. } => Err(not_compared(relation, "it is no collection; compare it instead")),
        }
    }

    fn refers(&self, owner: &Entity, relation: &RelationModel, to: Option<AnyRef>) -> Result<Expr<Leaf>> {
        let Join::BelongsTo { columns, .. } = &relation.join else {
            return match to {
                Some(object) => self.contains(owner, relation, object),
                None => Ok(self.exists(owner, relation, None)?.negated()),
            };
        };
        let own = owner.columns(self.ground, columns, self.level())?;
        match to {
            Some(object) => Ok(all_are(own, self.values(relation, target_columns(relation), object)?)),
            None => Ok(join(own.into_iter().map(Expr::is_null), Expr::And)),
        }
    }

    fn refers_elsewhere(&self, owner: &Entity, relation: &RelationModel, than: Option<AnyRef>) -> Result<Expr<Leaf>> {
        let Join::BelongsTo { columns, .. } = &relation.join else {
            return Ok(self.refers(owner, relation, than)?.negated());
        };
        let own = owner.columns(self.ground, columns, self.level())?;
        let Some(object) = than else { return Ok(join(own.into_iter().map(Expr::is_not_null), Expr::Or)) };
        let values = self.values(relation, target_columns(relation), object)?;
        let differs = own.into_iter().zip(values).map(|(own, value)| own.clone().ne(value).or(own.is_null()));
        Ok(join(differs, Expr::Or))
    }

    /// The values by which an object would be found: as its row says, whatever has been changed since.
    fn values(&self, relation: &RelationModel, columns: &[ColumnId], object: AnyRef) -> Result<Vec<Value>> {
        let key = object.key;
        let Some(held) = self.graph.objects.get(key) else {
            return Err(Misuse::StaleReference { class: self.ground.model.class(relation.target).name.clone() }.into());
        };
        let class = self.ground.model.class(held.class);
        if !self.ground.model.is_a(held.class, relation.target) {
            let expected = self.ground.model.class(relation.target).name.clone();
            return Err(Misuse::WrongClass { expected, given: class.name.clone() }.into());
        }
        let as_there = self.ground.model.as_it_leads_to(relation, class)?;
        let columns = if as_there.target == relation.target { columns } else { target_columns(as_there) };
        let identity = self.graph.identity_of(held);
        if let Some(identity) = identity.filter(|_| class.key == columns) {
            return Ok(identity.to_values());
        }
        let row = self.graph.original(key).or_else(|| self.graph.row(key));
        let values = row.map(|row| crate::record::project(&**row, columns)).unwrap_or_default();
        let unset = values.is_empty() || (columns == class.key && values.iter().any(is_unset));
        let known = |it: &ColumnId| self.graph.original(key).is_some() || self.graph.has_column(key, *it);
        if !unset && !columns.iter().all(known) {
            return Err(not_compared(relation, "the object was never given what is compared, or has forgotten it"));
        }
        if unset { Err(not_compared(relation, "the object has no key yet; flush it first")) } else { Ok(values) }
    }
}

/// Whether a key is still to be given by the table.
fn is_unset(value: &Value) -> bool {
    value.is_null()
}

fn join(parts: impl Iterator<Item = Expr<Leaf>>, by: impl FnOnce(Vec<Expr<Leaf>>) -> Expr<Leaf>) -> Expr<Leaf> {
    let mut parts: Vec<Expr<Leaf>> = parts.collect();
    if parts.len() == 1 { parts.remove(0) } else { by(parts) }
}

fn unknown(what: &'static str, name: &str, hint: String) -> crate::error::Error {
    Misuse::UnknownName { what, name: name.to_owned(), hint }.into()
}

fn not_compared(relation: &RelationModel, why: &str) -> crate::error::Error {
    Misuse::Statement { reason: format!("{} cannot be compared with an object: {why}", relation.name) }.into()
}
