//! A query over the members of one collection: how `dynamic` and `write_only` relations are read.

use std::sync::Arc;

use super::Selection;
use super::cast::{About, cover};
use super::entity::{Entity, Ground, all_are};
use super::expression::Scope;
use super::page::limited;
use super::route::{Route, Sides, between, order, own_columns, reads_owner, related_between};
use super::run::{listed, place};
use super::source::{Sources, lead, subclasses};
use crate::error::{Misuse, Result};
use crate::id::{ClassId, RelationId};
use crate::object::class::Lazy;
use crate::object::diagnosis::Noted;
use crate::object::load::{Joiner, Reach, Reading};
use crate::object::model::{Join, RelationModel};
use crate::object::reference::ObjectKey;
use crate::object::session::Core;
use crate::object::state::State;
use crate::query::{Input, JoinKind, OrderBy};
use crate::record::project;
use crate::value::Value;

/// The sources of a query over members.
struct Led {
    sources: Sources,
    root: Entity,
    /// Where the table between stands.
    between: Option<(u8, u8)>,
    /// The owner, if its row is among them.
    own: Option<Entity>,
}

impl Core {
    /// The members of a collection that a query over them finds, as the rows say.
    pub(in crate::object) fn select_related(
        &mut self,
        owner: ObjectKey,
        relation: RelationId,
        selection: &Selection,
    ) -> Result<Vec<ObjectKey>> {
        let model = Arc::clone(&self.graph.model);
        let relation = model.relation(self.object(owner)?.class, relation);
        if let Some(added) = self.added_only(owner, relation, selection)? {
            return Ok(added);
        }
        self.before_select(selection)?;
        self.fresh(owner)?;
        let what = Noted::Touch { relation, owners: &[owner] };
        self.budgeted(selection.budget, |core| core.noted(what, |core| core.select_members(owner, relation, selection)))
    }

    /// What SQLAlchemy shows of a dynamic collection as a whole whose owner has no row, or has left the session: what was
    /// added to it.
    fn added_only(
        &mut self,
        owner: ObjectKey,
        relation: &RelationModel,
        selection: &Selection,
    ) -> Result<Option<Vec<ObjectKey>>> {
        let whole = selection.filter.is_none() && selection.order_by.is_empty() && selection.limit.is_none();
        if self.graph.is_sound() || relation.lazy != Lazy::Dynamic || !whole {
            return Ok(None);
        }
        if self.graph.objects[owner].state == State::Pending && self.wants_flush() {
            self.before_query()?;
        }
        let stored = self.graph.has_identity(owner) && self.graph.objects[owner].state != State::Detached;
        Ok((!stored).then(|| self.graph.changes(owner, relation.id).added))
    }

    fn select_members(
        &mut self,
        owner: ObjectKey,
        relation: &RelationModel,
        selection: &Selection,
    ) -> Result<Vec<ObjectKey>> {
        let model = Arc::clone(&self.graph.model);
        let schema = self.connection.schema().clone();
        let ground = Ground { model: &model, schema: &schema };
        let (mut sources, root) = self.members(ground, owner, relation, selection)?;
        let (place, everywhere) = place(&model, relation.target, selection)?;
        if root.derived().is_some() {
            return self.select_union(ground, &root, selection, sources.select, (&place, everywhere));
        }
        let cell = sources.output(&root);
        let (graph, nodes) = (&self.graph, Vec::new());
        let mut joiner = Joiner { ground, graph, sources, nodes, everywhere, known: Vec::new(), joined: None };
        if selection.limit.is_none() && selection.offset == 0 {
            joiner.join_all(&root, &place)?;
        }
        let repeats = joiner.may_repeat();
        let Joiner { sources, nodes, .. } = joiner;
        let prepared = self.connection.prepare(limited(sources.select, selection).into())?;
        self.connection.locate(&prepared, Input::Values(&[]), &mut self.found)?;
        let (existing, reach) = (selection.existing, Reach::All);
        let (root, nodes, place) = (&root, &*nodes, &place);
        let found = self.take(&Reading { root, cell, place, nodes, existing, everywhere, reach })?;
        Ok(listed(found.by_row, selection, repeats))
    }

    /// How many members of a collection a query over them finds, by a statement that returns one row.
    pub(in crate::object) fn count_related(
        &mut self,
        owner: ObjectKey,
        relation: RelationId,
        selection: &Selection,
    ) -> Result<u64> {
        self.before_select(selection)?;
        self.fresh(owner)?;
        let model = Arc::clone(&self.graph.model);
        let relation = model.relation(self.object(owner)?.class, relation);
        let schema = self.connection.schema().clone();
        let ground = Ground { model: &model, schema: &schema };
        let (mut sources, _) = self.members(ground, owner, relation, selection)?;
        sources.select.order_by.clear();
        let select = sources.select.values([crate::query::count()]);
        let prepared = self.connection.prepare(select.into())?;
        let rows = self.connection.run(&prepared, Input::Values(&[]))?.rows.to_values();
        let found =
            if let Some(Value::Int(found)) = rows.first().and_then(|it| it.first()) { *found as u64 } else { 0 };
        Ok(found.saturating_sub(selection.offset).min(selection.limit.unwrap_or(u64::MAX)))
    }

    /// The query for the members of a collection: what refers to the owner's values, or what the table between leads to
    /// from them, so that an index over these brings a page in its order. Where the join asks more of the owner, it begins
    /// with the owner's row.
    fn members(
        &self,
        ground: Ground<'_>,
        owner: ObjectKey,
        relation: &RelationModel,
        selection: &Selection,
    ) -> Result<(Sources, Entity)> {
        let mut below = subclasses(ground, relation.target, &selection.subclasses)?;
        let asked = selection.filter.iter().chain(selection.order_by.iter().map(|it| &it.0));
        cover(ground, relation.target, About::Mainly(&ground.model.class(relation.target).name), asked, &mut below)?;
        let Led { mut sources, root, between, own } = self.lead_to_members(ground, owner, relation, &below)?;
        let sides = Sides { owner: own.as_ref(), between, target: &root, level: 0 };
        if own.is_none() {
            sources.ask(ground, relation, sides)?;
        }
        let scope = Scope::about(ground, &self.graph, &root);
        if let Some(filter) = &selection.filter {
            sources.filter(scope.resolve(filter)?);
        }
        for (by, direction) in &selection.order_by {
            let by = scope.resolve(by)?;
            sources.select.order_by.push(OrderBy { by, direction: *direction, nulls: None });
        }
        sources.select.order_by.extend(order(ground, relation, sides)?);
        Ok((sources, root))
    }

    /// The sources of such a query.
    fn lead_to_members(
        &self,
        ground: Ground<'_>,
        owner: ObjectKey,
        relation: &RelationModel,
        below: &[ClassId],
    ) -> Result<Led> {
        let (model, class) = (ground.model, self.object(owner)?.class);
        let Some(row) = self.graph.row(owner) else {
            return Err(Misuse::StaleReference { class: model.class(class).name.clone() }.into());
        };
        let values = project(&**row, own_columns(relation));
        Ok(match &relation.join {
            _ if reads_owner(relation) => {
                let (mut sources, own) = Sources::of(ground, class, &[], 0)?;
                let first = sources.count();
                let route = Route { relation, target: relation.target, subclasses: below, kind: JoinKind::Inner };
                let root = sources.join_along(ground, &own, route, &|_, _| Ok(None))?;
                let key = &model.class(class).key;
                let mut named = own.columns(ground, key, 0)?;
                named.extend(own.columns(ground, own_columns(relation), 0)?);
                sources.filter(all_are(named, [project(&**row, key), values].concat()));
                let between = matches!(relation.join, Join::Through { .. }).then_some((0, first));
                Led { sources, root, between, own: Some(own) }
            }
            Join::Has { columns, .. } if relation.is_apart() => {
                let (mut sources, root) = Sources::union_along(ground, relation, 0)?;
                sources.filter(all_are(root.columns(ground, columns, 0)?, values));
                Led { sources, root, between: None, own: None }
            }
            Join::BelongsTo { target_columns: columns, .. } | Join::Has { columns, .. } => {
                let lead = lead(ground, relation.target, columns);
                let (mut sources, root) = Sources::led_by(ground, relation.target, below, lead, 0)?;
                sources.filter(all_are(root.columns(ground, columns, 0)?, values));
                Led { sources, root, between: None, own: None }
            }
            Join::Through { table, own, other, target_columns, .. } => {
                let mut sources = Sources::over(table.clone(), 0);
                let target = (relation.target, below);
                let root = sources.join_entity(ground, target, JoinKind::Inner, target_columns, |it| {
                    Ok(related_between(it.columns(ground, target_columns, 0)?, other))
                })?;
                sources.filter(all_are(between(0, 0, own), values));
                Led { sources, root, between: Some((0, 0)), own: None }
            }
        })
    }
}
