//! The statement that reads one relation of objects by their keys, with what is joined to it.

use std::sync::Arc;

use super::branch::{Asked, Place};
use super::joined::{Joiner, Node};
use crate::error::Result;
use crate::expr::Expr;
use crate::id::{ClassId, ColumnId, RelationId};
use crate::object::class::Lazy;
use crate::object::graph::Graph;
use crate::object::model::{Join, RelationModel};
use crate::object::select::{
    About, Entity, Ground, Layout, Route, Scope, Sides, Sources, cover, lead, order, own_columns, reads_owner,
    related_between, subclasses, target_columns,
};
use crate::query::{JoinKind, Leaf, OrderBy, Output, Prepared, Select};

/// A relation as a statement reads it for the keys that it is run with.
pub(in crate::object) struct Plan {
    pub(super) prepared: Prepared,
    /// The targets.
    pub(super) entity: Entity,
    pub(super) cell: usize,
    pub(super) nodes: Vec<Node>,
    /// The attributes of the owner that are the keys.
    pub(super) keys: Vec<ColumnId>,
    /// Where the targets stand in its rows and where their keys do, if these are values: of several tables.
    pub(super) layout: Option<Layout>,
    /// Where the targets are in the path.
    pub(super) place: Arc<Place>,
}

/// The same before it is prepared.
pub(super) struct Draft {
    pub(super) select: Select,
    pub(super) entity: Entity,
    pub(super) cell: usize,
    pub(super) nodes: Vec<Node>,
    pub(super) keys: Vec<ColumnId>,
    pub(super) layout: Option<Layout>,
}

/// What is to be read.
pub(super) struct Wanted<'w> {
    pub(super) ground: Ground<'w>,
    pub(super) graph: &'w Graph,
    pub(super) class: ClassId,
    pub(super) relation: &'w RelationModel,
    pub(super) asked: Option<&'w Asked>,
    /// Where the targets are in the path.
    pub(super) place: &'w Arc<Place>,
    pub(super) everywhere: Option<Lazy>,
}

impl Draft {
    /// One whose rows are values, with the keys that have brought them behind.
    fn of_values(
        ground: Ground<'_>,
        mut select: Select,
        entity: Entity,
        (keys, by): (Vec<ColumnId>, Vec<Expr<Leaf>>),
    ) -> Self {
        let layout = Layout::of(ground, entity.class).with_keys(by.len());
        select.outputs = layout.outputs(&entity, by);
        Draft { select, entity, cell: 0, nodes: Vec::new(), keys, layout: Some(layout) }
    }
}

impl Wanted<'_> {
    /// Writes the statement.
    pub(super) fn draft(&self) -> Result<Draft> {
        let ground = self.ground;
        let target = self.asked.and_then(|it| it.of).unwrap_or(self.relation.target);
        let relation = ground.model.as_it_leads_to(self.relation, ground.model.class(target))?;
        let below = self.subclasses(target)?;
        let mut owner = None;
        let (mut sources, entity, between, keys) = match &relation.join {
            _ if reads_owner(relation) => {
                let key = ground.model.class(self.class).key.clone();
                let (mut sources, own) = Sources::of(ground, self.class, &[], 0)?;
                sources.select.keys = ground.model.class(self.class).parts[0].names(ground, &key).unwrap_or_default();
                let first = sources.count();
                let route = Route { relation, target, subclasses: &below, kind: JoinKind::Inner };
                let entity = sources.join_along(ground, &own, route, &|_, _| Ok(None))?;
                let between = matches!(relation.join, Join::Through { .. }).then_some((0, first));
                owner = Some(own);
                (sources, entity, between, key)
            }
            Join::Has { own_columns, columns, .. } if relation.is_apart() => {
                let (mut sources, entity) = Sources::union_along(ground, relation, 0)?;
                sources.select.keys = ground.model.class(target).names(columns);
                (sources, entity, None, own_columns.clone())
            }
            Join::BelongsTo { columns: own, target_columns: other, .. }
            | Join::Has { own_columns: own, columns: other, .. } => {
                let lead = lead(ground, target, other);
                let (mut sources, entity) = Sources::led_by(ground, target, &below, lead, 0)?;
                let part = &ground.model.class(target).parts[lead];
                sources.select.keys = part.names(ground, other).unwrap_or_default();
                (sources, entity, None, own.clone())
            }
            Join::Through { table, own, other, target_columns, .. } => {
                let mut sources = Sources::over(table.clone(), 0);
                sources.select.keys.clone_from(own);
                let entity = sources.join_entity(ground, (target, &below), JoinKind::Inner, target_columns, |it| {
                    Ok(related_between(it.columns(ground, target_columns, 0)?, other))
                })?;
                (sources, entity, Some((0, 0)), own_columns(relation).to_vec())
            }
        };
        let sides = Sides { owner: owner.as_ref(), between, target: &entity, level: 0 };
        if owner.is_none() {
            sources.ask(ground, relation, sides)?;
        }
        if let Some(filter) = self.asked.and_then(|it| it.filter.as_ref()) {
            sources.filter(Scope::about(ground, self.graph, &entity).resolve(filter)?);
        }
        sources.select.order_by = self.order((target, relation), &entity, sides)?;
        if entity.derived().is_some() {
            let by = match &owner {
                Some(owner) => owner.columns(ground, &keys, 0)?,
                None => entity.columns(ground, target_columns(relation), 0)?,
            };
            return Ok(Draft::of_values(ground, sources.select, entity, (keys, by)));
        }
        if entity.tables.iter().all(|it| it.1 != 0) {
            // Which key brought a row is found in the row of the first source, where the order mixes owners.
            sources.select.outputs.push(Output::Row(0));
        }
        let cell = sources.output(&entity);
        let (graph, everywhere) = (self.graph, self.everywhere);
        let known = self.leads_back().into_iter().collect();
        let mut joiner = Joiner { ground, graph, sources, nodes: Vec::new(), everywhere, known, joined: None };
        joiner.join_all(&entity, self.place)?;
        let Joiner { sources, nodes, .. } = joiner;
        Ok(Draft { select: sources.select, entity, cell, nodes, keys, layout: None })
    }

    /// The order of the members: what is asked for the first of each owner, then what is declared.
    fn order(
        &self,
        (target, relation): (ClassId, &RelationModel),
        entity: &Entity,
        sides: Sides<'_>,
    ) -> Result<Vec<OrderBy>> {
        let mut all = Vec::new();
        if let Some(first) = self.asked.and_then(|it| it.per_owner.as_ref()) {
            let class = self.ground.model.class(target);
            for (name, direction) in &first.order_by {
                let by = entity.column(self.ground, class.id, class.column_named(name)?, 0)?;
                all.push(OrderBy { by, direction: *direction, nulls: None });
            }
        }
        all.extend(order(self.ground, relation, sides)?);
        Ok(all)
    }

    /// The other side of the relation, if the identity map answers for it: it leads to the owners.
    fn leads_back(&self) -> Option<RelationId> {
        let back = self.relation.inverse?;
        self.ground.model.relation(self.relation.target, back).is_by_identity().then_some(back)
    }

    fn subclasses(&self, target: ClassId) -> Result<Vec<ClassId>> {
        let mut below = subclasses(self.ground, target, &self.place.branch.inline)?;
        let about = About::Mainly(&self.ground.model.class(target).name);
        cover(self.ground, target, about, self.asked.and_then(|it| it.filter.as_ref()), &mut below)?;
        Ok(below)
    }
}
