//! Relations that are loaded by joins in the statement of a query, or from the joins that it makes itself.

use std::sync::Arc;

use super::branch::{Asked, Place, Way};
use crate::error::{Misuse, Result};
use crate::expr::Expr;
use crate::id::{ClassId, RelationId};
use crate::object::class::Lazy;
use crate::object::graph::Graph;
use crate::object::model::{Join, RelationModel};
use crate::object::select::{
    About, Entity, Ground, Route, Scope, Sides, Sources, Term, cover, order, subclasses, whole,
};
use crate::query::{JoinKind, Leaf};
use crate::schema::Name;

/// A relation whose targets come with the rows of a query.
pub(in crate::object) struct Node {
    /// The class that has the relation.
    pub(in crate::object) class: ClassId,
    pub(in crate::object) relation: RelationId,
    /// The node whose objects own the relation; `None` for the objects of the query.
    pub(in crate::object) parent: Option<usize>,
    pub(super) entity: Entity,
    /// Where its rows stand in the result.
    pub(super) cell: usize,
    pub(super) place: Arc<Place>,
    /// Whether an owner without a target is left out.
    pub(super) inner: bool,
    pub(super) brings: Brings,
    /// Whether the query restricts what it brings of the relation.
    pub(super) is_partial: bool,
}

impl Node {
    /// Whether it repeats its owner for each member.
    pub(in crate::object) fn is_many(&self) -> bool {
        self.brings == Brings::Many
    }
}

/// How a joined relation multiplies rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Brings {
    /// Not at all.
    One,
    /// It repeats the owner for each member, which a limit would count.
    Many,
    /// As the query does anyway, which joins it itself.
    WhatTheQueryJoins,
}

/// Adds joined relations to a query.
pub(in crate::object) struct Joiner<'a> {
    pub(in crate::object) ground: Ground<'a>,
    pub(in crate::object) graph: &'a Graph,
    pub(in crate::object) sources: Sources,
    pub(in crate::object) nodes: Vec<Node>,
    pub(in crate::object) everywhere: Option<Lazy>,
    /// Relations of the objects of the query that are known: they lead back to where these are read from, or were changed.
    pub(in crate::object) known: Vec<RelationId>,
    /// The entities that the query joins itself; `None` where it is no query of the user's, so that nothing can be filled
    /// from its joins.
    pub(in crate::object) joined: Option<&'a [Joined]>,
}

/// A join that a query makes itself.
pub(in crate::object) struct Joined {
    pub(in crate::object) name: Name,
    pub(in crate::object) entity: Entity,
}

/// A place in the query to which relations are joined.
struct At<'p> {
    owner: &'p Entity,
    class: ClassId,
    place: &'p Arc<Place>,
    parent: Option<usize>,
    /// Whether owners are always there, so that an inner join leaves nobody out who should be there.
    surely: bool,
}

impl Joiner<'_> {
    /// Whether a collection that was joined repeats rows.
    pub(in crate::object) fn repeats(&self) -> bool {
        self.nodes.iter().any(|it| it.brings == Brings::Many)
    }

    /// Whether what was joined may repeat rows: a one-to-one relation whose column is not unique does, too.
    pub(in crate::object) fn may_repeat(&self) -> bool {
        let has = |it: &Node| matches!(self.ground.model.relation(it.class, it.relation).join, Join::Has { .. });
        self.repeats() || self.nodes.iter().any(has)
    }

    /// Adds what is joined at the objects of the query, and behind that.
    pub(in crate::object) fn join_all(&mut self, root: &Entity, place: &Arc<Place>) -> Result<()> {
        let from = place.depth();
        let mut work = vec![(root.clone(), place.clone(), None, true)];
        while let Some((owner, place, parent, surely)) = work.pop() {
            let model = self.ground.model;
            let covered: Vec<ClassId> = std::iter::once(owner.class).chain(owner.covers.iter().copied()).collect();
            for class in covered {
                // What subclasses have in common comes with the class of the entity.
                let known = if class == owner.class { 0 } else { shared_relations(&self.ground, class, owner.class) };
                for relation in &model.class(class).relations[known..] {
                    let at_start = place.depth() == from;
                    let Some(way) = place.joins(model, class, relation, (self.everywhere, from)) else { continue };
                    if at_start && self.known.contains(&relation.id) {
                        continue;
                    }
                    let seen = owner.seen_as(class);
                    let at = At { owner: &seen, class, place: &place, parent, surely };
                    let Some(node) = self.join(&at, relation, &way)? else { continue };
                    let sure = surely && node.inner;
                    work.push((node.entity.clone(), node.place.clone(), Some(self.nodes.len()), sure));
                    self.nodes.push(node);
                }
            }
        }
        Ok(())
    }

    fn join(&mut self, at: &At<'_>, relation: &RelationModel, way: &Way<'_>) -> Result<Option<Node>> {
        let target = way.of().unwrap_or(relation.target);
        let place = at.place.behind(self.ground.model, at.class, relation.id);
        let mut below = subclasses(self.ground, target, &place.branch.inline)?;
        let filter = way.asked.and_then(|it| it.filter.as_ref());
        let about = About::Mainly(&self.ground.model.class(target).name);
        cover(self.ground, target, about, filter, &mut below)?;
        let led = self.ground.model.as_it_leads_to(relation, self.ground.model.class(target))?;
        if let Some(alias) = way.from_query {
            let Some(joined) = self.joined else { return Ok(None) };
            let entity = self.joined_by_query(joined, relation, target, alias)?;
            if entity.derived().is_some() {
                return Err(values_of_several_tables(relation));
            }
            let cell = self.sources.output(&entity);
            let (class, relation, parent) = (at.class, relation.id, at.parent);
            let brings = Brings::WhatTheQueryJoins;
            return Ok(Some(Node {
                class,
                relation,
                parent,
                entity,
                cell,
                place,
                inner: false,
                brings,
                is_partial: true,
            }));
        }
        let inner = way.asked.is_some_and(|it| it.inner) || relation.inner_join;
        if led.is_apart() {
            if inner && at.surely {
                self.leave_out(at.owner, led, filter)?;
            }
            return Ok(None);
        }
        let required = matches!(&relation.join, Join::BelongsTo { nullable: false, deferred: false, .. })
            && relation.condition.is_none()
            && way.asked.is_none_or(|it| it.filter.is_none() && it.of.is_none());
        let kind = if at.surely && (inner || required) { JoinKind::Inner } else { JoinKind::Left };
        let route = Route { relation, target, subclasses: &below, kind };
        let (ground, graph, first) = (self.ground, self.graph, self.sources.count());
        let further = |target: &Entity, _: u8| -> Result<Option<Expr<Leaf>>> {
            filter.map(|it| Scope::about(ground, graph, target).resolve(it)).transpose()
        };
        let entity = self.sources.join_along(ground, at.owner, route, &further)?;
        let between = matches!(relation.join, Join::Through { .. }).then_some((0, first));
        let sides = Sides { owner: Some(at.owner), between, target: &entity, level: self.sources.level };
        let by = order(ground, relation, sides)?;
        self.sources.select.order_by.extend(by);
        let cell = self.sources.output(&entity);
        let brings = if relation.join.is_many() { Brings::Many } else { Brings::One };
        let (class, relation, parent) = (at.class, relation.id, at.parent);
        let is_partial = !way.asked.is_none_or(Asked::is_plain);
        Ok(Some(Node { class, relation, parent, entity, cell, place, inner: inner || required, brings, is_partial }))
    }

    /// Leaves out owners that have no target, where the targets are not joined but read after them.
    fn leave_out(&mut self, owner: &Entity, relation: &RelationModel, filter: Option<&Expr<Term>>) -> Result<()> {
        let target = (relation.target, &[][..]);
        let (mut inner, entity) = Sources::related(self.ground, owner, relation, target, self.sources.level + 1)?;
        if let Some(filter) = filter {
            inner.filter(Scope::about(self.ground, self.graph, &entity).resolve(filter)?);
        }
        self.sources.filter(Expr::Leaf(Leaf::Exists(Box::new(whole(inner.select)))));
        Ok(())
    }

    /// The entity that the query joins under an alias, or as the target's class.
    fn joined_by_query(
        &self,
        joined: &[Joined],
        relation: &RelationModel,
        target: ClassId,
        alias: Option<&Name>,
    ) -> Result<Entity> {
        let model = self.ground.model;
        let fits = |it: &&Joined| match alias {
            Some(alias) => it.name == *alias,
            None => it.entity.class == target || model.is_a(it.entity.class, target),
        };
        joined.iter().find(fits).map(|it| it.entity.clone()).ok_or_else(|| {
            let reason = format!("{} is to be filled from a join that the query does not make", relation.name);
            Misuse::Statement { reason }.into()
        })
    }
}

fn values_of_several_tables(relation: &RelationModel) -> crate::error::Error {
    let reason = format!(
        "{} cannot be filled from a join: it leads to rows of several tables; load it by selectin",
        relation.name
    );
    Misuse::Statement { reason }.into()
}

/// How many relations a class has in common with one that it is a case of.
fn shared_relations(ground: &Ground<'_>, class: ClassId, with: ClassId) -> usize {
    if ground.model.is_a(class, with) { ground.model.class(with).relations.len() } else { 0 }
}
