//! The way along a relation within a query: the conditions that join its two sides, with a table between them or not.

use std::cell::Cell;

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

/// The columns of a join, equal one for one, once its target has a source.
type Pairs<'f> = &'f dyn Fn(&Entity) -> Result<Expr<Leaf>>;

/// What stands at a join before its target does.
#[derive(Clone, Copy)]
struct Ends<'e> {
    owner: &'e Entity,
    between: Option<(u8, u8)>,
}

impl Ends<'_> {
    fn with<'a>(&'a self, target: &'a Entity, level: u8) -> Sides<'a> {
        Sides { owner: Some(self.owner), between: self.between, target, level }
    }
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
        let relation = ground.model.as_it_leads_to(route.relation, ground.model.class(route.target))?;
        let (level, route) = (self.level, Route { relation, ..route });
        match &relation.join {
            Join::BelongsTo { columns: own, target_columns: other, .. }
            | Join::Has { own_columns: own, columns: other, .. } => {
                let pairs = |target: &Entity| {
                    Ok(all_equal(target.columns(ground, other, level)?, owner.columns(ground, own, level)?))
                };
                self.join_target(ground, Ends { owner, between: None }, route, (other, &pairs), further)
            }
            Join::Through { table, own, other, own_columns, target_columns, .. } => {
                let source = self.count();
                let mut on = all_equal(between(0, source, own), owner.columns(ground, own_columns, level)?);
                if route.kind == JoinKind::Left && restricts(relation, further, ground, route)? {
                    on = on.and(leads_somewhere(ground, owner, source, level, route, further)?);
                }
                self.join_table(table.clone(), route.kind, on);
                let pairs = |target: &Entity| {
                    Ok(all_equal(target.columns(ground, target_columns, level)?, between(0, source, other)))
                };
                let ends = Ends { owner, between: Some((0, source)) };
                self.join_target(ground, ends, route, (target_columns, &pairs), further)
            }
        }
    }

    /// Joins the target of a relation by pairs of columns, and asks of it what the join asks beyond these: with the table
    /// that is joined first, or, where that is about others of its tables, when these are there.
    fn join_target(
        &mut self,
        ground: Ground<'_>,
        ends: Ends<'_>,
        route: Route<'_>,
        (attributes, pairs): (&[ColumnId], Pairs<'_>),
        further: Further<'_>,
    ) -> Result<Entity> {
        let level = self.level;
        if route.relation.is_apart() {
            return self.join_union(ground, route.relation, route.kind, |target| {
                let all = conditions(ground, route.relation, ends.with(target, level), further)?;
                Ok(all.into_iter().fold(pairs(target)?, Expr::and))
            });
        }
        let in_parts = !route.subclasses.is_empty() || ground.model.class(route.target).parts.len() > 1;
        let waits = Cell::new(false);
        let target = (route.target, route.subclasses);
        let entity = self.join_entity(ground, target, route.kind, attributes, |target| {
            let on = pairs(target)?;
            match conditions(ground, route.relation, ends.with(target, level), further) {
                Ok(all) => Ok(all.into_iter().fold(on, Expr::and)),
                Err(_) if in_parts && route.kind == JoinKind::Inner => {
                    waits.set(true);
                    Ok(on)
                }
                Err(_) if in_parts => Ok(on.and(holds_as_a_whole(ground, ends, route, target, further)?)),
                Err(error) => Err(error),
            }
        })?;
        if waits.get() {
            for it in conditions(ground, route.relation, ends.with(&entity, level), further)? {
                self.filter(it);
            }
        }
        Ok(entity)
    }

    /// A query for what a relation of an entity outside leads to, for asking whether there is any.
    pub(in crate::object) fn related(
        ground: Ground<'_>,
        owner: &Entity,
        relation: &RelationModel,
        (target, subclasses): (ClassId, &[ClassId]),
        level: u8,
    ) -> Result<(Self, Entity)> {
        match &relation.join {
            Join::BelongsTo { columns: own, target_columns: other, .. }
            | Join::Has { own_columns: own, columns: other, .. } => {
                let (mut sources, target) = match relation.is_apart() {
                    true => Sources::union_along(ground, relation, level)?,
                    false => Sources::of(ground, target, subclasses, level)?,
                };
                let pairs = all_equal(target.columns(ground, other, level)?, owner.columns(ground, own, level)?);
                sources.filter(pairs);
                sources.ask(ground, relation, Sides { owner: Some(owner), between: None, target: &target, level })?;
                Ok((sources, target))
            }
            Join::Through { table, own, other, own_columns, target_columns, .. } => {
                let mut sources = Sources::over(table.clone(), level);
                let target = (target, subclasses);
                let target = sources.join_entity(ground, target, JoinKind::Inner, target_columns, |target| {
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

/// What a join asks of its target beyond the pairs of columns: what is declared, and what a query adds.
fn conditions(
    ground: Ground<'_>,
    relation: &RelationModel,
    sides: Sides<'_>,
    further: Further<'_>,
) -> Result<Vec<Expr<Leaf>>> {
    let declared = condition(ground, relation, sides)?;
    let further = further(sides.target, sides.level)?;
    Ok(declared.into_iter().chain(further).collect())
}

/// The condition that what one of the tables of a target holds is a target with all of them. An outer join of the other
/// tables would come too late to ask: a row without its others would come out.
fn holds_as_a_whole(
    ground: Ground<'_>,
    ends: Ends<'_>,
    route: Route<'_>,
    part: &Entity,
    further: Further<'_>,
) -> Result<Expr<Leaf>> {
    let (level, key) = (part.level + 1, &ground.model.class(route.target).key);
    let (mut inner, target) = Sources::of(ground, route.target, route.subclasses, level)?;
    inner.filter(all_equal(target.columns(ground, key, level)?, part.columns(ground, key, level)?));
    let ends = Ends { between: ends.between.map(|it| (it.0 + 1, it.1)), ..ends };
    for it in conditions(ground, route.relation, ends.with(&target, level), further)? {
        inner.filter(it);
    }
    Ok(Expr::Leaf(Leaf::Exists(Box::new(whole(inner.select)))))
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
    let (_, probe) = Sources::of(ground, route.target, route.subclasses, 0)?;
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
    let (mut inner, target) = Sources::of(ground, route.target, route.subclasses, level + 1)?;
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

/// Whether a join asks something of the owner beyond the pairs of columns.
pub(in crate::object) fn reads_owner(relation: &RelationModel) -> bool {
    let mut reads = own_columns(relation).is_empty();
    if let Some(condition) = &relation.condition {
        condition.leaves(&mut |it: &JoinLeaf| reads |= matches!(it, JoinLeaf::Owner(_)));
    }
    reads
}

/// The attributes of the owner by which a relation is joined.
pub(in crate::object) fn own_columns(relation: &RelationModel) -> &[ColumnId] {
    match &relation.join {
        Join::BelongsTo { columns, .. } => columns,
        Join::Has { own_columns, .. } | Join::Through { own_columns, .. } => own_columns,
    }
}
