//! Running a query for objects.

use std::sync::Arc;

use super::cast::{About, cover};
use super::entity::{Entity, Ground};
use super::expression::Scope;
use super::known::{Parameters, conditions, is_lasting};
use super::page::paged;
use super::route::Route;
use super::source::{Sources, subclasses};
use super::union::is_union;
use super::{Existing, Repeats, Selection, Step, Strategy, Term};
use crate::error::{Misuse, Result};
use crate::expr::{Expr, Expression};
use crate::id::{ClassId, ColumnId};
use crate::object::class::Lazy;
use crate::object::diagnosis::Noted;
use crate::object::graph::Graph;
use crate::object::load::{Branch, Joined, Joiner, Node, Place, Reach, Reading};
use crate::object::model::Model;
use crate::object::reference::{ObjectKey, each_once};
use crate::object::session::Core;
use crate::query::{Input, JoinKind, Leaf, OrderBy, Places, Version};
use crate::record::project;
use crate::schema::Name;
use crate::value::Value;

/// A query whose names are resolved, before what it loads along is joined.
pub(in crate::object) struct Resolved<'a> {
    pub(super) scope: Scope<'a>,
    pub(super) sources: Sources,
    pub(super) root: Entity,
    pub(super) joined: Vec<Joined>,
}

/// A query whose statement has run.
enum Started {
    /// Its objects are there already.
    Read(Found),
    /// Its rows are where the session keeps what was found last.
    Rows(Arc<Running>),
}

/// What is needed to make objects of rows.
pub(in crate::object) struct Running {
    root: Entity,
    place: Arc<Place>,
    nodes: Vec<Node>,
    existing: Existing,
    everywhere: Option<Lazy>,
    /// Whether a collection that is joined repeats objects.
    repeats: bool,
    /// Whether anything that is joined may.
    may_repeat: bool,
    /// Whether an object is made of nothing but its row, and known by one integer.
    pub(super) by_row: bool,
}

/// A query whose objects are made so many rows at a time.
pub(in crate::object) enum Chunks {
    Read(Found),
    Rows(Box<ChunkRows>),
}

/// The rows of such a query, and how far they have been looked at.
pub(in crate::object) struct ChunkRows {
    rows: Places,
    /// The version that they are of, which is kept as long as they are.
    version: Option<Version>,
    query: Arc<Running>,
    selection: Selection,
    from: usize,
    size: usize,
}

impl Running {
    fn reading(&self) -> Reading<'_> {
        let Running { root, place, nodes, existing, everywhere, .. } = self;
        let (existing, everywhere, reach, cell) = (*existing, *everywhere, Reach::All, 0);
        Reading { root, cell, place, nodes, existing, everywhere, reach }
    }
}

fn repeated() -> crate::error::Error {
    let reason = "a collection that is joined repeats objects, which then come once and all together; \
                  load it by selectin instead";
    Misuse::Statement { reason: reason.to_owned() }.into()
}

fn parts_of_a_join() -> crate::error::Error {
    let reason =
        "a query that joins brings an object in several rows, which parts would tear; ask by `has` and `any` instead";
    Misuse::Statement { reason: reason.to_owned() }.into()
}

/// The objects that a query found, in order.
pub(in crate::object) type Found = Vec<ObjectKey>;

impl<'a> Resolved<'a> {
    /// Resolves joins, condition and order.
    pub(super) fn of(ground: Ground<'a>, graph: &'a Graph, class: ClassId, selection: &Selection) -> Result<Self> {
        Resolved::with(ground, graph, (class, selection), |_, condition| condition)
    }

    /// The same, with something else in place of conditions.
    fn with(
        ground: Ground<'a>,
        graph: &'a Graph,
        (class, selection): (ClassId, &Selection),
        put: impl Fn(usize, Expr<Leaf>) -> Expr<Leaf>,
    ) -> Result<Self> {
        let name: Name = ground.model.class(class).name.clone().into();
        let mut below = subclasses(ground, class, &selection.subclasses)?;
        let asked = selection.filter.iter().chain(selection.order_by.iter().map(|it| &it.0));
        cover(ground, class, About::Mainly(&name), asked, &mut below)?;
        let (sources, root) = match is_union(ground, class) {
            true => Sources::union(ground, class, 0)?,
            false => Sources::of(ground, class, &below, 0)?,
        };
        let mut scope = Scope::new(ground, graph);
        scope.add(name, root.clone());
        let mut resolved = Resolved { scope, sources, root, joined: Vec::new() };
        for along in &selection.joins {
            resolved.join(selection, along)?;
        }
        for (at, condition) in conditions(selection).iter().enumerate() {
            let condition = resolved.scope.resolve(condition)?;
            resolved.sources.filter(put(at, condition));
        }
        for (by, direction) in &selection.order_by {
            let by = resolved.scope.resolve(by)?;
            resolved.sources.select.order_by.push(OrderBy { by, direction: *direction, nulls: None });
        }
        Ok(resolved)
    }

    fn join(&mut self, selection: &Selection, along: &super::Along) -> Result<()> {
        let ground = self.scope.ground;
        let (owner, relation) = self.scope.relation(along.from.as_ref(), &along.relation)?;
        let owner = owner.clone();
        let alias = along.alias.as_ref();
        let of = match (&along.of, alias) {
            (Some(of), _) => Some(of),
            (None, Some(alias)) => selection.aliases.iter().find(|it| it.0 == *alias).map(|it| &it.1),
            (None, None) => None,
        };
        let target = match of {
            Some(name) => ground.model.class_named(name)?.id,
            None => relation.target,
        };
        let name: Name = alias.cloned().unwrap_or_else(|| ground.model.class(target).name.clone().into());
        let mut below = subclasses(ground, target, &super::Subclasses::AsDeclared)?;
        let orders = selection.order_by.iter().map(|it| &it.0);
        let asked = along.filter.iter().chain(&selection.filter).chain(orders);
        cover(ground, target, About::Named(&name), asked, &mut below)?;
        let kind = if along.outer { JoinKind::Left } else { JoinKind::Inner };
        let (scope, filter) = (&self.scope, along.filter.as_ref());
        let further = |target: &Entity, level: u8| -> Result<Option<Expr<Leaf>>> {
            let Some(filter) = filter else { return Ok(None) };
            let named = match level == target.level && level > 0 {
                true => scope.within(name.clone(), target.clone()),
                false => scope.with_last(name.clone(), target.clone()),
            };
            named.resolve(filter).map(Some)
        };
        let route = Route { relation, target, subclasses: &below, kind };
        let entity = self.sources.join_along(ground, &owner, route, &further)?;
        self.scope.add(name.clone(), entity.clone());
        self.joined.push(Joined { name, entity });
        Ok(())
    }
}

impl Core {
    /// Runs a query and loads what it asks for.
    pub(in crate::object) fn select(&mut self, class: ClassId, selection: &Selection) -> Result<Found> {
        self.select_by(class, selection, |core| core.start(class, selection))
    }

    fn select_by(
        &mut self,
        class: ClassId,
        selection: &Selection,
        start: impl FnOnce(&mut Core) -> Result<Started>,
    ) -> Result<Found> {
        self.budgeted(selection.budget, |core| {
            core.noted(Noted::Query { class, selection }, |core| match start(core)? {
                Started::Read(found) => Ok(found),
                Started::Rows(query) => {
                    let found = core.take(&query.reading())?;
                    Ok(listed(found.by_row, selection, query.may_repeat))
                }
            })
        })
    }

    /// Runs the statement of a query. Its rows are found; objects are still to be made of them.
    fn start(&mut self, class: ClassId, selection: &Selection) -> Result<Started> {
        self.before_select(selection)?;
        // Who watches statements reads them as they were asked, with their constants.
        if self.is_watched {
            return self.start_anew(class, selection, false);
        }
        if let Some((prepared, running, values)) = self.known.find(class, selection, &*self.connection) {
            self.connection.locate(prepared, Input::Values(values), &mut self.found)?;
            return Ok(Started::Rows(running.clone()));
        }
        self.start_anew(class, selection, is_lasting(selection))
    }

    /// Resolves, plans and runs the statement of a query, and keeps it if that is wanted and worth it.
    fn start_anew(&mut self, class: ClassId, selection: &Selection, keeps: bool) -> Result<Started> {
        let model = self.graph.model.clone();
        let (place, everywhere) = place(&model, class, selection)?;
        let schema = self.connection.schema().clone();
        let ground = Ground { model: &model, schema: &schema };
        let keeps = keeps && !is_union(ground, class);
        let parameters = if keeps { Parameters::of(ground, class, selection) } else { Parameters::default() };
        let put = |at: usize, condition| if keeps { parameters.put(at, condition) } else { condition };
        let mut resolved = Resolved::with(ground, &self.graph, (class, selection), put)?;
        if resolved.root.derived().is_some() {
            let (select, root, beside) = (resolved.sources.select, resolved.root, (&place, everywhere));
            return self.select_union(ground, &root, selection, select, beside).map(Started::Read);
        }
        resolved.sources.output(&resolved.root);
        let (before, Resolved { sources, root, joined, .. }) = (resolved.sources.select.clone(), resolved);
        let (graph, nodes) = (&self.graph, Vec::new());
        let mut joiner = Joiner { ground, graph, sources, nodes, everywhere, known: Vec::new(), joined: Some(&joined) };
        joiner.join_all(&root, &place)?;
        let (repeats, may_repeat) = (joiner.repeats(), joiner.may_repeat());
        let Joiner { sources, nodes, .. } = joiner;
        let refused = repeats && selection.repeats == Repeats::Kept;
        if refused && self.graph.is_sound() {
            return Err(repeated());
        }
        let select = paged(ground, &root, selection, before, sources.select, repeats)?;
        let prepared = self.connection.prepare_for(select.into(), &parameters.values)?;
        self.connection.locate(&prepared, Input::Values(&parameters.values), &mut self.found)?;
        // SQLAlchemy notices it by the first row.
        if refused && !self.found.is_empty() {
            return Err(repeated());
        }
        let existing = selection.existing;
        // What is kept asks for nothing to be loaded along.
        let by_row = keeps && existing == Existing::Kept && self.is_known_by_integer(class);
        let running = Running { root, place, nodes, existing, everywhere, repeats, may_repeat, by_row };
        let running = Arc::new(running);
        if keeps && !refused && prepared.is_for_any() {
            self.known.keep((class, selection), parameters, prepared, running.clone());
        }
        Ok(Started::Rows(running))
    }

    /// Runs a query whose objects are made so many rows at a time.
    pub(in crate::object) fn chunks(&mut self, class: ClassId, selection: &Selection, size: usize) -> Result<Chunks> {
        if !selection.joins.is_empty() {
            return Err(parts_of_a_join());
        }
        // Without a join no object comes twice.
        let selection = &Selection { distinct: false, ..selection.clone() };
        let what = Noted::Query { class, selection };
        let (rows, query) = match self.noted(what, |core| core.start(class, selection))? {
            Started::Read(found) => return Ok(Chunks::Read(found)),
            Started::Rows(query) => (std::mem::take(&mut self.found), query),
        };
        if query.repeats {
            return Err(repeated());
        }
        let (version, selection) = (self.connection.version(), selection.clone());
        Ok(Chunks::Rows(Box::new(ChunkRows { rows, version, query, selection, from: 0, size })))
    }

    /// The objects of the next rows; `None` after the last ones.
    pub(in crate::object) fn next_chunk(&mut self, chunks: &mut Chunks) -> Result<Option<Found>> {
        match chunks {
            Chunks::Read(found) if found.is_empty() => Ok(None),
            Chunks::Read(found) => Ok(Some(std::mem::take(found))),
            Chunks::Rows(it) if it.from >= it.rows.len() => Ok(None),
            Chunks::Rows(it) => {
                let part = it.rows.part(it.from, it.from.saturating_add(it.size));
                it.from += it.size;
                let (class, selection) = (it.query.root.class, &it.selection);
                if it.version.as_ref().is_some_and(|version| !self.connection.is_at(version)) {
                    let keys = self.keys_of(&part, &it.query.root);
                    let again = among(&self.graph.model, class, selection, &keys);
                    // These keys do not come again, so the query is not worth keeping.
                    let start =
                        |core: &mut Core| core.before_query().and_then(|()| core.start_anew(class, &again, false));
                    return self.select_by(class, &again, start).map(Some);
                }
                self.found = part;
                let found = self.budgeted(selection.budget, |core| {
                    core.noted(Noted::Query { class, selection }, |core| core.take(&it.query.reading()))
                })?;
                Ok(Some(listed(found.by_row, selection, it.query.may_repeat)))
            }
        }
    }

    /// The keys of the objects that rows are of: where these are not of the present version any more, what the work on the
    /// parts before has changed is read anew.
    fn keys_of(&self, part: &Places, root: &Entity) -> Vec<Vec<Value>> {
        let first = &self.graph.model.class(root.class).parts[0];
        let columns: Vec<ColumnId> = first.key.iter().map(|it| it.1).collect();
        let cell = root.tables.iter().position(|it| it.0 == first.table_id).unwrap_or_default();
        let rows = (0..part.len()).filter_map(|it| part.row(it, cell, first.table_id));
        rows.map(|it| project(&**it, &columns)).collect()
    }

    /// The object with this key, with what is asked to be loaded along if its row has to be read.
    pub(in crate::object) fn find_with(
        &mut self,
        class: ClassId,
        key: &[Value],
        selection: &Selection,
    ) -> Result<Option<ObjectKey>> {
        let model = self.graph.model.clone();
        let (place, everywhere) = place(&model, class, selection)?;
        if selection.existing == Existing::Kept {
            if let Some(known) = self.find_known(class, key)? {
                return Ok(known);
            }
        } else {
            self.before_query()?;
        }
        if model.class(class).reads_whole_tables() {
            return self.find_apart(class, key, selection);
        }
        self.budgeted(selection.budget, |core| {
            let existing = (selection.existing, Reach::All);
            core.noted(Noted::Key { class, key }, |core| core.read_by_key(class, key, &place, existing, everywhere))
        })
    }

    /// The same where nothing is asked.
    pub(in crate::object) fn find_any(&mut self, class: ClassId, key: &[Value]) -> Result<Option<ObjectKey>> {
        match self.graph.model.class(class).reads_whole_tables() {
            true => self.find_with(class, key, &Selection::default()),
            false => self.find(class, key),
        }
    }

    /// The same where whole tables of subclasses are read along, each of which may have a row with the key.
    fn find_apart(&mut self, class: ClassId, key: &[Value], selection: &Selection) -> Result<Option<ObjectKey>> {
        let model = self.graph.model.clone();
        let found = self.select(class, &among(&model, class, selection, &[key.to_vec()]))?;
        match found[..] {
            [] => Ok(None),
            [only] => Ok(Some(only)),
            _ => {
                let (table, found) = (model.class(class).table.to_string(), found.len());
                Err(Misuse::NotOne { table, found }.into())
            }
        }
    }
}

/// The query for those of its objects that have one of these keys.
fn among(model: &Model, class: ClassId, selection: &Selection, keys: &[Vec<Value>]) -> Selection {
    let names = model.class(class).names(&model.class(class).key);
    let filter = match &names[..] {
        [only] => {
            let keys = keys.iter().flatten().cloned().map(Expr::Value);
            Term::column(only.clone()).in_list(keys)
        }
        _ => Expr::Or(
            keys.iter()
                .map(|key| {
                    let equal = names.iter().zip(key).map(|(name, it)| Term::column(name.clone()).eq(it.clone()));
                    Expr::And(equal.collect())
                })
                .collect(),
        ),
    };
    Selection { limit: None, offset: 0, ..selection.clone() }.filter(filter)
}

/// Where a query begins, and what it asks of every relation at all its places.
pub(super) fn place(
    model: &crate::object::model::Model,
    class: ClassId,
    selection: &Selection,
) -> Result<(Arc<Place>, Option<Lazy>)> {
    let mut loading = selection.loading.clone();
    let mut everywhere = None;
    loading.options.retain(|it| match (&it.relation, &it.strategy) {
        (Step::Rest, Strategy::By(lazy)) => {
            everywhere = Some(*lazy);
            false
        }
        _ => true,
    });
    Ok((Place::root(Branch::resolve(model, class, &loading)?), everywhere))
}

/// The objects of the rows, as often as asked, and those that a limit after the repeats leaves.
pub(super) fn listed(found: Vec<Option<ObjectKey>>, selection: &Selection, joined: bool) -> Found {
    // In place, which `flatten` cannot be.
    #[expect(clippy::filter_map_identity, reason = "flattening makes another list")]
    let mut found: Vec<ObjectKey> = found.into_iter().filter_map(|it| it).collect();
    if selection.repeats == Repeats::Dropped || selection.distinct {
        let repeats = joined || !selection.joins.is_empty();
        if repeats {
            each_once(&mut found);
        }
    }
    if selection.distinct {
        let skipped = usize::try_from(selection.offset).unwrap_or(usize::MAX).min(found.len());
        found.drain(..skipped);
        found.truncate(selection.limit.map_or(usize::MAX, |it| usize::try_from(it).unwrap_or(usize::MAX)));
    }
    found
}
