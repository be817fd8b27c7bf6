//! What a query asks to be loaded, resolved, and what that means for one relation at one place of a path.

use std::sync::Arc;

use crate::error::{Misuse, Result};
use crate::expr::Expr;
use crate::id::{ClassId, ColumnId, RelationId};
use crate::object::class::{Lazy, Reach, SubclassLoad};
use crate::object::model::{Model, RelationModel};
use crate::object::select::{Columns, Depth, LoadOption, Loading, PerOwner, Step, Strategy, Subclasses, Term};
use crate::schema::Name;

/// What is asked at one place of a path.
#[derive(Debug, Default)]
pub(in crate::object) struct Branch {
    asked: Vec<Asked>,
    /// How every relation is loaded that is not named.
    rest: Option<Lazy>,
    pub(super) columns: Columns,
    pub(super) subclasses: Vec<ClassId>,
    /// Those that come with the statement itself.
    pub(super) inline: Subclasses,
}

/// What is asked of one relation.
#[derive(Clone, Debug)]
pub(in crate::object) struct Asked {
    /// The class that has it: that of the place, or a subclass.
    class: ClassId,
    relation: RelationId,
    pub(super) strategy: Strategy,
    pub(super) filter: Option<Expr<Term>>,
    pub(super) of: Option<ClassId>,
    pub(super) inner: bool,
    depth: Option<Depth>,
    pub(super) per_owner: Option<PerOwner>,
    then: Arc<Branch>,
}

/// A place of a path: what is asked there, and the relations that led to it.
#[derive(Debug, Default)]
pub(in crate::object) struct Place {
    pub(super) branch: Arc<Branch>,
    path: Vec<(ClassId, RelationId)>,
}

/// How a relation is loaded at a place.
#[derive(Clone)]
pub(in crate::object) struct Way<'p> {
    pub(super) lazy: Lazy,
    /// What is asked of the relation by name.
    pub(super) asked: Option<&'p Asked>,
    /// The alias of the join that it is filled from, if the query says so.
    pub(super) from_query: Option<Option<&'p Name>>,
}

impl Branch {
    /// Resolves what is asked at a class.
    pub(in crate::object) fn resolve(model: &Model, class: ClassId, loading: &Loading) -> Result<Self> {
        let mut branch =
            Branch { columns: loading.columns.clone(), inline: loading.inline.clone(), ..Branch::default() };
        for name in &loading.subclasses {
            branch.subclasses.push(model.class_named(name)?.id);
        }
        let mut merged: Vec<(ClassId, RelationId, LoadOption)> = Vec::new();
        for option in &loading.options {
            let (owner, name) = match &option.relation {
                Step::Rest => {
                    branch.rest = match option.strategy {
                        Strategy::By(lazy) => Some(lazy),
                        Strategy::AsDeclared | Strategy::FromQuery(_) => None,
                    };
                    continue;
                }
                Step::Relation(name) => (owner_of(model, class, name), name),
                Step::Of(class, name) => (model.class_named(class)?.id, name),
            };
            let relation = model.class(owner).relation_named(name)?.id;
            match merged.iter_mut().find(|it| (it.0, it.1) == (owner, relation)) {
                Some((.., before)) => merge(before, option),
                None => merged.push((owner, relation, option.clone())),
            }
        }
        for (owner, relation, option) in merged {
            branch.asked.push(Asked::resolve(model, owner, model.relation(owner, relation), option)?);
        }
        Ok(branch)
    }

    /// What is asked of a relation by name. A class with a whole table of its own has that of its base at another place.
    pub(super) fn asked(&self, model: &Model, class: ClassId, relation: RelationId) -> Option<&Asked> {
        let own = self.asked.first().and_then(|_| model.class(class).relations.get(relation.index()))?;
        let is_meant = |it: &&Asked| {
            let asked = model.relation(it.class, it.relation);
            own.name == asked.name && (it.relation == relation || own.target == asked.target)
        };
        self.asked.iter().find(|it| model.is_a(class, it.class) && is_meant(it))
    }

    /// Whether nothing is asked.
    pub(super) fn is_empty(&self) -> bool {
        self.asked.is_empty()
            && self.rest.is_none()
            && self.subclasses.is_empty()
            && self.inline == Subclasses::AsDeclared
            && self.columns == Columns::default()
    }

    /// The branch without what `*` says.
    pub(super) fn without_rest(&self) -> Branch {
        Branch {
            asked: self.asked.clone(),
            rest: None,
            columns: self.columns.clone(),
            subclasses: self.subclasses.clone(),
            inline: self.inline.clone(),
        }
    }
}

/// The class that brings in a relation of this name: the one of the place, or the only one below it.
fn owner_of(model: &Model, class: ClassId, name: &str) -> ClassId {
    let has = |it: &ClassId| model.class(*it).relations.iter().any(|relation| relation.name == *name);
    if has(&class) { class } else { model.class(class).descendants.iter().copied().find(has).unwrap_or(class) }
}

fn merge(before: &mut LoadOption, later: &LoadOption) {
    if later.strategy != Strategy::AsDeclared {
        let then = std::mem::take(&mut before.then);
        *before = LoadOption { then, ..later.clone() };
    }
    before.then.options.extend(later.then.options.iter().cloned());
    before.then.subclasses.extend(later.then.subclasses.iter().cloned());
    before.then.inline.extend(&later.then.inline);
    let (columns, more) = (&mut before.then.columns, &later.then.columns);
    columns.only = more.only.clone().or(columns.only.take());
    columns.defer.extend(more.defer.iter().cloned());
    columns.undefer.extend(more.undefer.iter().cloned());
}

impl Asked {
    fn resolve(model: &Model, class: ClassId, relation: &RelationModel, option: LoadOption) -> Result<Self> {
        let of = option.of.as_ref().map(|name| model.class_named(name).map(|it| it.id)).transpose()?;
        if option.depth.is_some() && !model.is_a(relation.target, class) && !model.is_a(class, relation.target) {
            let reason = format!("{} does not lead back to its own class, so it has no depth", relation.name);
            return Err(Misuse::Statement { reason }.into());
        }
        let eager = match &option.strategy {
            Strategy::By(lazy) => is_eager(*lazy),
            Strategy::FromQuery(_) => true,
            Strategy::AsDeclared => false,
        };
        if eager && relation.lazy.is_never_loaded() {
            let reason = format!("{} is queried when it is read; it cannot be loaded along", relation.name);
            return Err(Misuse::Statement { reason }.into());
        }
        let then = Branch::resolve(model, of.unwrap_or(relation.target), &option.then)?;
        Ok(Asked {
            class,
            relation: relation.id,
            strategy: option.strategy,
            filter: option.filter,
            of,
            inner: option.inner,
            depth: option.depth,
            per_owner: option.per_owner,
            then: Arc::new(then),
        })
    }

    /// A relation that is read when it is touched, whatever is declared.
    fn touched(class: ClassId, relation: RelationId) -> Self {
        let strategy = Strategy::By(Lazy::Select);
        let (filter, of, inner, depth, per_owner, then) = Default::default();
        Asked { class, relation, strategy, filter, of, inner, depth, per_owner, then }
    }

    /// What is asked at the targets: the same again, as long as the depth lasts.
    fn at_targets(&self) -> Arc<Branch> {
        let depth = match self.depth {
            None | Some(Depth::Levels(0)) => return self.then.clone(),
            Some(Depth::Levels(levels)) => Depth::Levels(levels - 1),
            Some(Depth::Unlimited) => Depth::Unlimited,
        };
        let mut branch = Branch { rest: self.then.rest, ..self.then.without_rest() };
        branch.asked.push(Asked { depth: Some(depth), ..self.clone() });
        Arc::new(branch)
    }
}

impl Asked {
    /// The same of all targets.
    pub(super) fn of_all(&self) -> Asked {
        Asked { filter: None, ..self.clone() }
    }

    /// Whether nothing restricts the targets.
    pub(super) fn is_plain(&self) -> bool {
        self.filter.is_none() && self.of.is_none() && self.per_owner.is_none()
    }
}

impl Place {
    /// Whether a query on a class reads what a subclass adds, because that is asked here or declared.
    pub(super) fn reads_along(&self, model: &Model, class: ClassId, subclass: ClassId) -> bool {
        if model.class(class).reach != Reach::Own || self.branch.inline != Subclasses::AsDeclared {
            return true;
        }
        let mut at = Some(subclass).filter(|it| *it != class);
        while let Some(of) = at {
            if model.class(of).load != SubclassLoad::OnAccess || self.branch.subclasses.contains(&of) {
                return true;
            }
            at = model.class(of).base.filter(|it| *it != class);
        }
        false
    }

    /// Whether it is behind one relation that was touched, with nothing asked: what most are.
    pub(super) fn is_common(&self) -> bool {
        self.path.len() == 1 && self.branch.is_empty()
    }

    /// Where a query begins.
    pub(in crate::object) fn root(branch: Branch) -> Arc<Self> {
        Arc::new(Place { branch: Arc::new(branch), path: Vec::new() })
    }

    /// The same place, where every class reads the columns that it is declared to read.
    pub(super) fn with_declared_columns(self: &Arc<Self>) -> Arc<Self> {
        if self.branch.columns == Columns::default() {
            return self.clone();
        }
        let branch = Branch { rest: self.branch.rest, columns: Columns::default(), ..self.branch.without_rest() };
        Arc::new(Place { branch: Arc::new(branch), path: self.path.clone() })
    }

    /// The place behind a relation.
    pub(super) fn behind(&self, model: &Model, class: ClassId, relation: RelationId) -> Arc<Self> {
        let asked = self.branch.asked(model, class, relation);
        let mut path = Vec::with_capacity(self.path.len() + 1);
        path.extend_from_slice(&self.path);
        path.push((class, relation));
        Arc::new(Place { branch: asked.map(Asked::at_targets).unwrap_or_default(), path })
    }

    /// The same place, where some relations of a class are read when they are touched, unless something was asked of them.
    pub(super) fn reading_touched(&self, model: &Model, class: ClassId, relations: &[RelationId]) -> Arc<Self> {
        let mut branch = Branch { rest: self.branch.rest, ..self.branch.without_rest() };
        for &relation in relations.iter().filter(|it| self.branch.asked(model, class, **it).is_none()) {
            branch.asked.push(Asked::touched(class, relation));
        }
        Arc::new(Place { branch: Arc::new(branch), path: self.path.clone() })
    }

    /// How a relation of a class is loaded here. What goes for all places of a query comes after what is asked at one,
    /// and before what is declared. A way that nobody asked for by name does not go in circles: a self-reference that
    /// loads itself would never end.
    pub(super) fn way(
        &self,
        model: &Model,
        class: ClassId,
        relation: &RelationModel,
        everywhere: Option<Lazy>,
    ) -> Way<'_> {
        let asked = self.branch.asked(model, class, relation.id);
        match asked.map(|it| &it.strategy) {
            // A join has no way to count the members of each owner.
            Some(Strategy::By(Lazy::Joined)) if asked.is_some_and(|it| it.per_owner.is_some()) => {
                return Way { lazy: Lazy::Selectin, asked, from_query: None };
            }
            Some(Strategy::By(lazy)) => return Way { lazy: *lazy, asked, from_query: None },
            Some(Strategy::FromQuery(alias)) => {
                return Way { lazy: Lazy::Joined, asked, from_query: Some(alias.as_ref()) };
            }
            Some(Strategy::AsDeclared) | None => {}
        }
        let lazy = self.branch.rest.or(everywhere).unwrap_or(relation.lazy);
        let lazy = if is_eager(lazy) && self.circles(model, class, relation, 0) { Lazy::Select } else { lazy };
        Way { lazy, asked, from_query: None }
    }

    /// How a relation is declared to be loaded, where that would go in circles and nobody has asked otherwise.
    pub(super) fn stopped(
        &self,
        model: &Model,
        class: ClassId,
        relation: &RelationModel,
        everywhere: Option<Lazy>,
    ) -> Option<Lazy> {
        let asked = self.branch.asked(model, class, relation.id);
        let stops = asked.is_none_or(|it| it.strategy == Strategy::AsDeclared)
            && self.branch.rest.or(everywhere).is_none()
            && is_eager(relation.lazy)
            && self.circles(model, class, relation, 0);
        stops.then_some(relation.lazy)
    }

    /// Whether a relation is joined here, in a statement that begins so far down the path: what led there does not count.
    pub(super) fn joins(
        &self,
        model: &Model,
        class: ClassId,
        relation: &RelationModel,
        (everywhere, from): (Option<Lazy>, usize),
    ) -> Option<Way<'_>> {
        let asked = self.branch.asked(model, class, relation.id);
        if asked.is_some_and(|it| it.strategy != Strategy::AsDeclared) {
            return Some(self.way(model, class, relation, everywhere)).filter(|it| it.lazy == Lazy::Joined);
        }
        let lazy = self.branch.rest.or(everywhere).unwrap_or(relation.lazy);
        let joined = lazy == Lazy::Joined && !self.circles(model, class, relation, from);
        joined.then_some(Way { lazy, asked, from_query: None })
    }

    /// How messages name the place, where a class is read.
    pub(in crate::object) fn name(&self, model: &Model, class: ClassId) -> String {
        let first = self.path.first().map_or(class, |it| it.0);
        let mut name = model.class(first).name.clone();
        for &(class, relation) in &self.path {
            name.push('.');
            name.push_str(&model.relation(class, relation).name);
        }
        name
    }

    /// Whether a relation of the objects here leads back along the one that led to them, and the identity map answers.
    pub(super) fn leads_back(&self, model: &Model, class: ClassId, relation: &RelationModel) -> bool {
        let led = self.path.last().map(|it| model.relation(it.0, it.1));
        led.is_some_and(|it| it.to(class).inverse == Some(relation.id)) && relation.is_by_identity()
    }

    /// How many relations led here.
    pub(super) fn depth(&self) -> usize {
        self.path.len()
    }

    /// Whether a relation leads to a class again whose objects are on the path, as they are or as a case of it.
    fn circles(&self, model: &Model, class: ClassId, relation: &RelationModel, from: usize) -> bool {
        let path = &self.path[from..];
        match relation.join_depth {
            Some(depth) => path.len() + 1 > depth as usize,
            None => model.is_a(class, relation.target) || path.iter().any(|it| model.is_a(it.0, relation.target)),
        }
    }
}

/// Whether a strategy reads without being asked for each object.
pub(super) fn is_eager(lazy: Lazy) -> bool {
    matches!(lazy, Lazy::Joined | Lazy::Selectin | Lazy::Subquery | Lazy::Immediate)
}

/// The attributes of a class that are not loaded with a row at a place.
pub(super) fn deferred(model: &Model, class: ClassId, columns: &Columns) -> Vec<ColumnId> {
    let class = model.class(class);
    let named = |names: &[Name], it: ColumnId| names.iter().any(|name| *name == class.columns[it.index()]);
    let declared = |it: ColumnId| class.deferred.contains(&it) || class.raise_deferred.contains(&it);
    let stays = |it: &ColumnId| {
        // What an object is, and of which class, is read whatever is left out.
        if class.key.contains(it) || class.told_by() == Some(*it) && !declared(*it) {
            return false;
        }
        let asked = match &columns.only {
            Some(only) => named(only, *it),
            None => !declared(*it),
        };
        (!asked || named(&columns.defer, *it)) && !named(&columns.undefer, *it)
    };
    (0..class.columns.len()).map(|it| ColumnId::new(it as u16)).filter(stays).collect()
}
