//! The way along a relation within a query: the conditions that join its two sides, with a table between them or not.

use super::entity::{Entity, Ground, all_equal};
use super::source::Sources;
use crate::error::Result;
use crate::expr::{Expr, Expression};
use crate::id::{ClassId, ColumnId, TableId};
use crate::object::model::{Join, JoinLeaf, RelationModel};
use crate::query::{JoinKind, Leaf, OrderBy, Output, Select};
use crate::schema::Name;

/// Further conditions of a join, once its target has its sources.
pub(in crate::object) type Further<'f> = &'f dyn Fn(&Entity, u8) -> Result<Option<Expr<Leaf>>>;

/// The two sides of a join, and where the table between them stands, as a select at a level reads them.
#[derive(Clone, Copy)]
pub(in crate::object) struct Sides<'e> {
    pub(in crate::object) owner: Option<&'e Entity>,
    /// How far out, and as which source.
    pub(in crate::object) between: Option<(u8, u8)>,
    pub(in crate::object) target: &'e Entity,
    pub(in crate::object) level: u8,
}

/// How a join along a relation is made.
#[derive(Clone, Copy)]
pub(in crate::object) struct Route<'a> {
    pub(in crate::object) relation: &'a RelationModel,
    /// The class of the targets: the relation's, or a subclass.
    pub(in crate::object) target: ClassId,
    pub(in crate::object) subclasses: &'a [ClassId],
    pub(in crate::object) kind: JoinKind,
}

impl Sources {
    /// Joins what a relation of an entity leads to.
    pub(in crate::object) fn join_along(
        &mut self,
        ground: Ground<'_>,
        owner: &Entity,
        route: Route<'_>,
        further: Further<'_>,
    ) -> Result<Entity> {
        let (level, relation) = (self.level, route.relation);
        let target = (route.target, route.subclasses);
        match &relation.join {
            Join::BelongsTo { columns: own, target_columns: other, .. }
            | Join::Has { own_columns: own, columns: other, .. } => {
                self.join_entity(ground, target, route.kind, other, |target| {
                    let pairs = all_equal(target.columns(ground, other, level)?, owner.columns(ground, own, level)?);
                    let sides = Sides { owner: Some(owner), between: None, target, level };
                    conditions(ground, relation, sides, pairs, further)
                })
            }
            Join::Through { table, own, other, own_columns, target_columns, .. } => {
                let source = self.count();
                let mut on = all_equal(between(0, source, own), owner.columns(ground, own_columns, level)?);
                if route.kind == JoinKind::Left && restricts(relation, further, ground, route)? {
                    on = on.and(leads_somewhere(ground, owner, source, level, route, further)?);
                }
                self.join_table(table.clone(), route.kind, on);
                self.join_entity(ground, target, route.kind, target_columns, |target| {
                    let there = target.columns(ground, target_columns, level)?;
                    let pairs = all_equal(there, between(0, source, other));
                    let sides = Sides { owner: Some(owner), between: Some((0, source)), target, level };
                    conditions(ground, relation, sides, pairs, further)
                })
            }
        }
    }

    /// A query for what a relation of an entity outside leads to, for asking whether there is any.
    pub(in crate::object) fn related(
        ground: Ground<'_>,
        owner: &Entity,
        relation: &RelationModel,
        target: ClassId,
        level: u8,
    ) -> Result<(Self, Entity)> {
        match &relation.join {
            Join::BelongsTo { columns: own, target_columns: other, .. }
            | Join::Has { own_columns: own, columns: other, .. } => {
                let (mut sources, target) = Sources::of(ground, target, &[], level)?;
                let pairs = all_equal(target.columns(ground, other, level)?, owner.columns(ground, own, level)?);
                sources.filter(pairs);
                sources.ask(ground, relation, Sides { owner: Some(owner), between: None, target: &target, level })?;
                Ok((sources, target))
            }
            Join::Through { table, own, other, own_columns, target_columns, .. } => {
                let mut sources = Sources::over(table.clone(), level);
                let target = sources.join_entity(ground, (target, &[]), JoinKind::Inner, target_columns, |target| {
                    let there = target.columns(ground, target_columns, level)?;
                    Ok(all_equal(there, between(0, 0, other)))
                })?;
                sources.filter(all_equal(between(0, 0, own), owner.columns(ground, own_columns, level)?));
                let between = Some((0, 0));
                sources.ask(ground, relation, Sides { owner: Some(owner), between, target: &target, level })?;
                Ok((sources, target))
            }
        }
    }

    /// Adds what a declared join asks beyond its pairs of columns.
    pub(in crate::object) fn ask(
        &mut self,
        ground: Ground<'_>,
        relation: &RelationModel,
        sides: Sides<'_>,
    ) -> Result<()> {
        if let Some(condition) = condition(ground, relation, sides)? {
            self.filter(condition);
        }
        Ok(())
    }
}

/// The condition that attributes of the target are what the table between, the first source, refers to.
pub(in crate::object) fn related_between(target: Vec<Expr<Leaf>>, other: &[Name]) -> Expr<Leaf> {
    all_equal(target, between(0, 0, other))
}

/// Columns of the table between.
pub(in crate::object) fn between(up: u8, source: u8, names: &[Name]) -> Vec<Expr<Leaf>> {
    names.iter().map(|name| Expr::Leaf(Leaf::Column { up, source, name: name.clone() })).collect()
}

fn conditions(
    ground: Ground<'_>,
    relation: &RelationModel,
    sides: Sides<'_>,
    pairs: Expr<Leaf>,
    further: Further<'_>,
) -> Result<Expr<Leaf>> {
    let declared = condition(ground, relation, sides)?;
    let further = further(sides.target, sides.level)?;
    Ok(declared.into_iter().chain(further).fold(pairs, Expr::and))
}

/// What a declared join asks beyond its pairs of columns.
pub(in crate::object) fn condition(
    ground: Ground<'_>,
    relation: &RelationModel,
    sides: Sides<'_>,
) -> Result<Option<Expr<Leaf>>> {
    let Some(condition) = &relation.condition else { return Ok(None) };
    condition.try_map(&mut |it: &JoinLeaf| join_leaf(ground, relation, *it, sides)).map(Some)
}

/// A column of a declared join or order, as a query reads it.
fn join_leaf(ground: Ground<'_>, relation: &RelationModel, leaf: JoinLeaf, sides: Sides<'_>) -> Result<Expr<Leaf>> {
    match (leaf, sides.owner, sides.between) {
        (JoinLeaf::Owner(column), Some(owner), _) => owner.column(ground, owner.class, column, sides.level),
        (JoinLeaf::Target(column), ..) => sides.target.column(ground, relation.target, column, sides.level),
        (JoinLeaf::Between(column), _, Some((up, source))) => {
            let name = ground.schema.table(table_between(ground, relation)?).column(column).name.clone().into();
            Ok(Expr::Leaf(Leaf::Column { up, source, name }))
        }
        (JoinLeaf::Owner(_), None, _) | (JoinLeaf::Between(_), _, None) => {
            let reason = format!("the join of {} reads a side that this query does not", relation.name);
            Err(crate::error::Misuse::Statement { reason }.into())
        }
    }
}

fn table_between(ground: Ground<'_>, relation: &RelationModel) -> Result<TableId> {
    match &relation.join {
        Join::Through { table, .. } => Ok(ground.schema.table_named(table)?.id),
        _ => Err(crate::error::Misuse::Statement { reason: format!("{} has no table between", relation.name) }.into()),
    }
}

/// Whether not every row of the table between leads to a target of the join.
fn restricts(relation: &RelationModel, further: Further<'_>, ground: Ground<'_>, route: Route<'_>) -> Result<bool> {
    let (_, probe) = Sources::of(ground, route.target, &[], 0)?;
    Ok(relation.condition.is_some() || further(&probe, 0)?.is_some() || route.target != relation.target)
}

/// The condition that a row of the table between leads to a target of the join: without it, an outer join would let the
/// owner come out once more for each row that leads to another.
fn leads_somewhere(
    ground: Ground<'_>,
    owner: &Entity,
    source: u8,
    level: u8,
    route: Route<'_>,
    further: Further<'_>,
) -> Result<Expr<Leaf>> {
    let Join::Through { other, target_columns, .. } = &route.relation.join else { return Ok(Expr::And(Vec::new())) };
    let (mut inner, target) = Sources::of(ground, route.target, &[], level + 1)?;
    let there = target.columns(ground, target_columns, level + 1)?;
    inner.filter(all_equal(there, between(1, source, other)));
    let sides = Sides { owner: Some(owner), between: Some((1, source)), target: &target, level: level + 1 };
    inner.ask(ground, route.relation, sides)?;
    if let Some(it) = further(&target, level + 1)? {
        inner.filter(it);
    }
    Ok(Expr::Leaf(Leaf::Exists(Box::new(whole(inner.select)))))
}

/// Lets the first source come out, for asking whether there is any.
pub(in crate::object) fn whole(mut select: Select) -> Select {
    if select.outputs.is_empty() {
        select.outputs = vec![Output::Row(0)];
    }
    select
}

/// The order of a collection, by the declared order.
pub(in crate::object) fn order(ground: Ground<'_>, relation: &RelationModel, sides: Sides<'_>) -> Result<Vec<OrderBy>> {
    let mut all = Vec::with_capacity(relation.order.len());
    for (by, direction) in &relation.order {
        let by = by.try_map(&mut |it: &JoinLeaf| join_leaf(ground, relation, *it, sides))?;
        all.push(OrderBy { by, direction: *direction, nulls: None });
    }
    Ok(all)
}

/// The attributes of the target by which a relation is joined.
pub(in crate::object) fn target_columns(relation: &RelationModel) -> &[ColumnId] {
    match &relation.join {
        Join::BelongsTo { target_columns, .. } | Join::Through { target_columns, .. } => target_columns,
        Join::Has { columns, .. } => columns,
    }
}

/// The attributes of the owner by which a relation is joined.
pub(in crate::object) fn own_columns(relation: &RelationModel) -> &[ColumnId] {
    match &relation.join {
        Join::BelongsTo { columns, .. } => columns,
        Join::Has { own_columns, .. } | Join::Through { own_columns, .. } => own_columns,
    }
}
