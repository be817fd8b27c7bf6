//! Running a query for objects: the joined relations in the same statement, the others after it.

use rustc_hash::{FxHashMap, FxHashSet};

use super::batch::link;
use crate::error::Result;
use crate::expr::Expr;
use crate::id::{ClassId, RelationId};
use crate::object::class::Lazy;
use crate::object::condition::{column, columns_equal};
use crate::object::links::Link;
use crate::object::model::{Join, Model};
use crate::object::query::{LoadOption, QueryParts};
use crate::object::reference::ObjectKey;
use crate::object::session::Core;
use crate::query::{Input, JoinKind, Leaf, Output, Select};

/// A relation that is joined into the statement of a query.
struct Node {
    class: ClassId,
    relation: RelationId,
    /// The node whose objects own the relation; `None` for the objects of the query.
    parent: Option<usize>,
    target: ClassId,
    /// Where its row stands in the result.
    cell: usize,
    then: Vec<LoadOption>,
}

/// What a joined relation leads to, for each owner in the order in which they come first.
#[derive(Default)]
struct Members {
    groups: Vec<(ObjectKey, Vec<ObjectKey>)>,
    places: FxHashMap<ObjectKey, usize>,
    last: usize,
}

impl Members {
    /// The group of an owner. Rows mostly come owner by owner, so the last one is tried first.
    #[inline]
    fn group(&mut self, owner: ObjectKey) -> &mut Vec<ObjectKey> {
        if self.groups.get(self.last).is_none_or(|it| it.0 != owner) {
            self.last = *self.places.entry(owner).or_insert_with(|| {
                self.groups.push((owner, Vec::new()));
                self.groups.len() - 1
            });
        }
        &mut self.groups[self.last].1
    }
}

/// A query, compiled.
struct Compiled {
    select: Select,
    nodes: Vec<Node>,
}

impl Core {
    /// Runs a query and loads what it asks for. Each object comes once, in the order of its first row.
    pub(in crate::object) fn query(&mut self, class: ClassId, query: &QueryParts) -> Result<Vec<ObjectKey>> {
        if self.wants_flush() {
            self.flush()?;
        }
        let model = self.graph.model.clone();
        let mut options = with_declared(&model, class, &query.options, &[]);
        let compiled = compile(&model, class, query, &options)?;
        if compiled.nodes.is_empty() {
            read_afterwards(&mut options);
        }
        let prepared = self.connection.prepare(compiled.select.into())?;
        self.connection.locate(&prepared, Input::Values(&[]), &mut self.found)?;
        self.graph.expect(self.found.len());
        let mut found = Vec::with_capacity(self.found.len());
        if compiled.nodes.is_empty() {
            self.graph.meet_all(class, &mut self.found, 0, |met| found.extend(met));
        } else {
            self.take_joined(class, &compiled.nodes, &mut found)?;
        }
        self.load_options(class, &found, &options, &mut Vec::new())?;
        Ok(found)
    }

    /// How many rows a query finds, by a statement that returns one.
    pub(in crate::object) fn count(&mut self, class: ClassId, query: &QueryParts) -> Result<u64> {
        if self.wants_flush() {
            self.flush()?;
        }
        let model = self.graph.model.clone();
        let mut select = base(&model, class, query)?;
        select.outputs = vec![Output::Value(crate::query::count())];
        let prepared = self.connection.prepare(select.into())?;
        let rows = self.connection.run(&prepared, Input::Values(&[]))?.rows;
        Ok(rows.typed::<i64>()?.first().map_or(0, |it| *it as u64))
    }

    fn take_joined(&mut self, class: ClassId, nodes: &[Node], found: &mut Vec<ObjectKey>) -> Result<()> {
        let model = self.graph.model.clone();
        let count = self.found.len();
        let mut met: Vec<Vec<Option<ObjectKey>>> = Vec::with_capacity(nodes.len() + 1);
        let classes = std::iter::once((class, 0)).chain(nodes.iter().map(|it| (it.target, it.cell)));
        for (class, cell) in classes {
            let mut column = Vec::with_capacity(count);
            self.graph.meet_all(class, &mut self.found, cell, |met| column.push(met));
            met.push(column);
        }
        // With one collection only, equal neighbours are all the repetition there is; with several, their product
        // repeats members anywhere.
        let many = nodes.iter().filter(|it| model.relation(it.class, it.relation).join.is_many()).count();
        let mut pairs: FxHashSet<(usize, ObjectKey, ObjectKey)> = FxHashSet::default();
        let mut members: Vec<Members> = nodes.iter().map(|_| Members::default()).collect();
        let mut roots = Members::default();
        for (position, root) in met[0].iter().enumerate() {
            let Some(root) = *root else { continue };
            roots.group(root);
            for (at, node) in nodes.iter().enumerate() {
                let Some(owner) = met[node.parent.map_or(0, |it| it + 1)][position] else { continue };
                let group = members[at].group(owner);
                let Some(target) = met[at + 1][position] else { continue };
                let new = if many > 1 { pairs.insert((at, owner, target)) } else { group.last() != Some(&target) };
                if new {
                    group.push(target);
                }
            }
        }
        found.extend(roots.groups.into_iter().map(|(root, _)| root));
        let mut reached: Vec<Vec<ObjectKey>> = vec![Vec::new(); nodes.len()];
        for (at, (node, members)) in nodes.iter().zip(members).enumerate() {
            let relation = model.relation(node.class, node.relation);
            let by_identity = matches!(relation.join, Join::BelongsTo { by_identity: true, .. });
            for (owner, targets) in members.groups {
                reached[at].extend(&targets);
                let loaded = match self.graph.link(owner, node.relation) {
                    Link::One { .. } => true,
                    Link::Many(collection) => collection.members.is_some(),
                    Link::Unloaded | Link::Refused => false,
                };
                if matches!(self.graph.link(owner, node.relation), Link::Refused) {
                    *self.graph.link_mut(owner, node.relation) = Link::Unloaded;
                }
                // The identity map already answers for a reference to a key; a link for it would only take room.
                if !loaded && !by_identity {
                    link(self, relation, owner, targets)?;
                }
            }
        }
        for (node, mut targets) in nodes.iter().zip(reached) {
            targets.sort_unstable();
            targets.dedup();
            self.load_options(node.target, &targets, &node.then, &mut Vec::new())?;
        }
        Ok(())
    }

    /// Carries out the options that are not joined, and those behind them.
    fn load_options(
        &mut self,
        class: ClassId,
        objects: &[ObjectKey],
        options: &[LoadOption],
        path: &mut Vec<(ClassId, RelationId)>,
    ) -> Result<()> {
        let model = self.graph.model.clone();
        for option in options {
            let relation = model.relation(class, option.relation);
            match option.strategy {
                Lazy::Selectin => {
                    let targets = self.read_batch(class, relation, objects)?;
                    path.push((class, option.relation));
                    let mut then = with_declared(&model, relation.target, &option.then, path);
                    read_afterwards(&mut then);
                    self.load_options(relation.target, &targets, &then, path)?;
                    path.pop();
                }
                Lazy::Raise => {
                    for &object in objects {
                        let link = self.graph.link_mut(object, option.relation);
                        if matches!(link, Link::Unloaded) {
                            *link = Link::Refused;
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Loads what the relations of a class say that they load by themselves, for objects that were read without a
    /// query of their own.
    pub(super) fn load_declared(
        &mut self,
        class: ClassId,
        objects: &[ObjectKey],
        path: &mut Vec<(ClassId, RelationId)>,
    ) -> Result<()> {
        let model = self.graph.model.clone();
        let mut options = with_declared(&model, class, &[], path);
        options.retain(|it| matches!(it.strategy, Lazy::Selectin | Lazy::Joined));
        read_afterwards(&mut options);
        if options.is_empty() { Ok(()) } else { self.load_options(class, objects, &options, path) }
    }
}

/// Where there is no statement to join into, another one reads what would have been joined.
fn read_afterwards(options: &mut [LoadOption]) {
    options.iter_mut().filter(|it| it.strategy == Lazy::Joined).for_each(|it| it.strategy = Lazy::Selectin);
}

/// The options of a query, and for every other relation of the class what it declares, unless the path to it has been
/// that way already: a self-reference that loads itself would never end.
fn with_declared(
    model: &Model,
    class: ClassId,
    options: &[LoadOption],
    path: &[(ClassId, RelationId)],
) -> Vec<LoadOption> {
    let mut all = options.to_vec();
    for relation in &model.class(class).relations {
        let eager = matches!(relation.lazy, Lazy::Selectin | Lazy::Joined);
        let named = options.iter().any(|it| it.relation == relation.id);
        if eager && !named && !path.contains(&(class, relation.id)) {
            all.push(LoadOption { relation: relation.id, strategy: relation.lazy, then: Vec::new() });
        }
    }
    all
}

fn base(model: &Model, class: ClassId, query: &QueryParts) -> Result<Select> {
    let mut select = Select::from(model.class(class).table.clone());
    if let Some(filter) = &query.filter {
        select = select.filter(model.resolve(class, 0, filter)?);
    }
    Ok(select)
}

fn compile(model: &Model, class: ClassId, query: &QueryParts, options: &[LoadOption]) -> Result<Compiled> {
    let mut select = base(model, class, query)?;
    for (by, direction) in &query.order_by {
        select = select.order_by(model.resolve(class, 0, by)?, *direction);
    }
    let mut compiler = Compiler { model, select, nodes: Vec::new(), many: false };
    compiler.join_all(class, 0, None, options, &mut Vec::new());
    let Compiler { mut select, nodes, many, .. } = compiler;
    if !many || (query.limit.is_none() && query.offset == 0) {
        return Ok(Compiled { select: limited(select, query), nodes });
    }
    // A limit counts objects, and joined collections repeat them: the limit goes into a subquery that finds the keys.
    let key = model.class(class).names(&model.class(class).key);
    if let [only] = key.as_slice() {
        let mut inner = base(model, class, query)?.values([column(0, 0, only)]);
        for (by, direction) in &query.order_by {
            inner = inner.order_by(model.resolve(class, 0, by)?, *direction);
        }
        let needle = vec![column(0, 0, only)];
        select.filter = Some(Expr::Leaf(Leaf::In(needle, Box::new(limited(inner, query)))));
        return Ok(Compiled { select, nodes });
    }
    // A composite key has no IN over a subquery here, so its collections are read after the query instead.
    let mut select = base(model, class, query)?;
    for (by, direction) in &query.order_by {
        select = select.order_by(model.resolve(class, 0, by)?, *direction);
    }
    Ok(Compiled { select: limited(select, query), nodes: Vec::new() })
}

fn limited(select: Select, query: &QueryParts) -> Select {
    let select = select.offset(query.offset);
    match query.limit {
        Some(limit) => select.limit(limit),
        None => select,
    }
}

struct Compiler<'a> {
    model: &'a Model,
    select: Select,
    nodes: Vec<Node>,
    many: bool,
}

impl Compiler<'_> {
    fn join_all(
        &mut self,
        class: ClassId,
        source: u8,
        parent: Option<usize>,
        options: &[LoadOption],
        path: &mut Vec<(ClassId, RelationId)>,
    ) {
        for option in options.iter().filter(|it| it.strategy == Lazy::Joined) {
            let relation = self.model.relation(class, option.relation);
            let (owner, target) = (self.model.class(class), self.model.class(relation.target));
            let next = self.select.joins.len() as u8 + 1;
            let at = match &relation.join {
                Join::BelongsTo { columns, target_columns, .. } => {
                    let on =
                        columns_equal((0, next), &target.names(target_columns), (0, source), &owner.names(columns));
                    self.left_join(target.table.clone(), on);
                    next
                }
                Join::Has { columns, own_columns, .. } => {
                    let on = columns_equal((0, next), &target.names(columns), (0, source), &owner.names(own_columns));
                    self.left_join(target.table.clone(), on);
                    next
                }
                Join::Through { table, own, other, own_columns, target_columns, .. } => {
                    let on = columns_equal((0, next), own, (0, source), &owner.names(own_columns));
                    self.left_join(table.clone(), on);
                    let on = columns_equal((0, next + 1), &target.names(target_columns), (0, next), other);
                    self.left_join(target.table.clone(), on);
                    next + 1
                }
            };
            self.many |= relation.join.is_many();
            self.select.outputs.push(Output::Row(at));
            for (name, direction) in &relation.order_by {
                self.order(at, name, *direction);
            }
            path.push((class, option.relation));
            let then = with_declared(self.model, relation.target, &option.then, path);
            self.nodes.push(Node {
                class,
                relation: option.relation,
                parent,
                target: relation.target,
                cell: self.nodes.len() + 1,
                then: then.clone(),
            });
            let node = self.nodes.len() - 1;
            self.join_all(relation.target, at, Some(node), &then, path);
            path.pop();
        }
    }

    fn left_join(&mut self, table: crate::schema::Name, on: Expr<Leaf>) {
        self.select.joins.push(crate::query::Join { kind: JoinKind::Left, source: table.into(), on });
    }

    fn order(&mut self, source: u8, name: &crate::schema::Name, direction: crate::query::Direction) {
        self.select.order_by.push(crate::query::OrderBy { by: column(0, source, name), direction, nulls: None });
    }
}
