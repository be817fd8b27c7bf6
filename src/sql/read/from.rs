//! FROM: where rows come from, and the names that it brings into sight.

use std::sync::Arc;

use sqlparser::ast::{
    self as syntax, JoinConstraint, JoinOperator, ObjectName, Query, SetExpr, TableAlias, TableFactor, TableWithJoins,
};

use super::call::{last_part, parts_of};
use super::catalog::{Field, View};
use super::meaning::Typed;
use super::place::{placed, unsupported, wrong};
use super::scope::{Alias, Reader, Source as Names, field, leaf};
use super::select::Heading;
use super::system::SystemTable;
use crate::error::Result;
use crate::expr::{Comparison, Expr, Function};
use crate::query::{Join, JoinKind, Leaf, Output, Select, Source};

/// The sources of a select as they are found.
#[derive(Default)]
pub(super) struct Sources {
    pub(super) first: Option<Source>,
    pub(super) joins: Vec<Join>,
    /// Conditions of joins in parentheses, which hold for all of it.
    pub(super) conditions: Vec<Expr<Leaf>>,
}

impl Sources {
    fn count(&self) -> usize {
        usize::from(self.first.is_some()) + self.joins.len()
    }
}

impl Reader<'_> {
    /// Reads sources; their names come into sight of the innermost scope.
    pub(super) fn sources(&mut self, list: &[TableWithJoins], found: &mut Sources) -> Result<()> {
        for it in list {
            self.joined_tables(it, found)?;
        }
        Ok(())
    }

    fn joined_tables(&mut self, it: &TableWithJoins, found: &mut Sources) -> Result<()> {
        self.deeper(|reader| {
            reader.join(&it.relation, JoinKind::Inner, None, found)?;
            for join in &it.joins {
                let (kind, constraint) = kind_of_join(join)?;
                reader.join(&join.relation, kind, Some(constraint), found)?;
            }
            Ok(())
        })
    }

    /// Adds one source, or the sources of a join in parentheses.
    fn join(
        &mut self,
        relation: &TableFactor,
        kind: JoinKind,
        constraint: Option<&JoinConstraint>,
        found: &mut Sources,
    ) -> Result<()> {
        let before = self.scope().sources.len();
        if let TableFactor::NestedJoin { table_with_joins, alias: None } = relation
            && kind == JoinKind::Inner
        {
            self.joined_tables(table_with_joins, found)?;
            let on = self.constraint(constraint, kind, before, relation)?;
            if !matches!(&on, Expr::And(list) if list.is_empty()) {
                found.conditions.push(on);
            }
            return Ok(());
        }
        let position = u8::try_from(found.count()).map_err(|_| wrong(relation, "too many sources"))?;
        let source = self.source(relation, position)?;
        if found.first.is_none() {
            found.first = Some(source);
            return Ok(());
        }
        let on = self.constraint(constraint, kind, before, relation)?;
        if matches!(kind, JoinKind::Semi | JoinKind::Anti) {
            self.scope().sources.truncate(before);
        }
        found.joins.push(Join { kind, source, on });
        Ok(())
    }

    /// One source, whose names come into sight.
    pub(super) fn source(&mut self, relation: &TableFactor, position: u8) -> Result<Source> {
        match relation {
            TableFactor::Table { name, alias, args: None, .. } => self.table(name, alias.as_ref(), position),
            TableFactor::Derived { lateral, subquery, alias, .. } => {
                let hidden = if *lateral { None } else { Some(std::mem::take(self.scope())) };
                let read = self.derived(subquery);
                if let Some(hidden) = hidden {
                    *self.scope() = hidden;
                }
                let (made, fields) = read?;
                let name = alias.as_ref().map_or(String::new(), |it| it.name.value.clone());
                let fields = renamed(fields, alias.as_ref())?;
                let names = fields.iter().map(|it| it.name.clone().into()).collect();
                self.in_sight(name, fields, position, false);
                Ok(match made {
                    Made::Values(rows) => Source::Values(rows, names),
                    Made::Select(select) => Source::Select(select, names),
                })
            }
            TableFactor::NestedJoin { table_with_joins, alias } => {
                self.nested(table_with_joins, alias.as_ref(), position)
            }
            TableFactor::Table { name, alias, args: Some(it), with_ordinality: false, .. } => {
                self.produced(name, &it.args, alias.as_ref(), position)
            }
            TableFactor::Function { name, alias, args, .. } => self.produced(name, args, alias.as_ref(), position),
            TableFactor::UNNEST { array_exprs, .. } => self.unnested(relation, array_exprs, position),
            other => Err(unsupported(other, "this form of a source")),
        }
    }

    pub(super) fn in_sight(&mut self, name: String, fields: Vec<Field>, position: u8, is_table: bool) {
        let names = Names { name, fields: fields.into(), position, is_table, rowid: None };
        self.scope().sources.push(names);
    }

    /// A table, a view, or a query of a WITH.
    fn table(&mut self, name: &ObjectName, alias: Option<&TableAlias>, position: u8) -> Result<Source> {
        let written = last_part(name);
        let called = alias.map_or_else(|| written.clone(), |it| it.name.value.clone());
        let common = self.commons.iter().rev().find(|it| it.name.eq_ignore_ascii_case(&written)).cloned();
        if let Some(common) = common.filter(|_| name.0.len() == 1) {
            refuse_columns(alias)?;
            self.in_sight(called, common.fields.to_vec(), position, false);
            return Ok(Source::Common(common.name.into()));
        }
        if let Some(view) = self.catalog.view(&written) {
            if self.views.contains(&view.name) {
                return Err(wrong(name, format!("the view `{}` reads itself", view.name)));
            }
            self.views.push(view.name.clone());
            let around = (std::mem::take(&mut self.scopes), std::mem::take(&mut self.commons));
            let read = self.query(&view.query);
            (self.scopes, self.commons) = around;
            self.views.pop();
            let (select, heading) = read.map_err(|it| placed(it, name))?;
            let fields: Vec<Field> =
                heading.iter().zip(view_names(view, &heading)).map(|(it, name)| it.field(name)).collect();
            let fields = renamed(fields, alias)?;
            let names = fields.iter().map(|it| it.name.clone().into()).collect();
            self.in_sight(called, fields, position, false);
            return Ok(Source::Select(Box::new(select), names));
        }
        if let Some(kept) = self.catalog.kept(&written) {
            refuse_columns(alias)?;
            let (fields, name) = (kept.fields(), kept.view.name.clone());
            self.in_sight(called, fields, position, false);
            return Ok(Source::Table(name));
        }
        if self.catalog.table(&written).is_none()
            && let Some(system) = SystemTable::named(&parts_of(name), self.catalog, self.dialect)
        {
            let fields = renamed(system.fields, alias)?;
            let names = fields.iter().map(|it| it.name.clone().into()).collect();
            self.in_sight(called, fields, position, false);
            return Ok(Source::Values(system.rows, names));
        }
        let (table, fields) = self.catalog.table_named(&written).map_err(|it| placed(it, name))?;
        refuse_columns(alias)?;
        let rowid = table.auto.map(|it| it.index());
        let names = Names { name: called, fields: fields.clone(), position, is_table: true, rowid };
        let source = Source::Table(table.name.clone().into());
        self.scope().sources.push(names);
        Ok(source)
    }

    /// A query as a source; plain rows stay rows.
    fn derived(&mut self, query: &Query) -> Result<(Made, Vec<Field>)> {
        if let SetExpr::Values(values) = &*query.body
            && query.with.is_none()
            && query.order_by.is_none()
            && query.limit_clause.is_none()
        {
            let (rows, heading) = self.rows(values)?;
            let fields = heading.iter().map(|it| it.field(it.name.clone())).collect();
            return Ok((Made::Values(rows), fields));
        }
        let (select, heading) = self.query(query)?;
        let names = distinct_names(heading.iter().map(|it| it.name.clone()));
        let fields = heading.iter().zip(names).map(|(it, name)| it.field(name)).collect();
        Ok((Made::Select(Box::new(select)), fields))
    }

    /// A join in parentheses that is one side of an outer join: a query of its own, whose columns are still found by the
    /// names of its tables.
    fn nested(&mut self, it: &TableWithJoins, alias: Option<&TableAlias>, position: u8) -> Result<Source> {
        let hidden = std::mem::take(self.scope());
        self.scopes.push(super::scope::Scope::default());
        let mut found = Sources::default();
        let read = self.joined_tables(it, &mut found);
        let inner = self.scopes.pop().unwrap_or_default();
        *self.scope() = hidden;
        read?;
        let mut select = Select::from(found.first.unwrap_or(Source::Nothing));
        select.joins = found.joins;
        select.outputs.clear();
        for condition in found.conditions {
            select = select.filter(condition);
        }
        let mut names = Vec::new();
        let mut all = Vec::new();
        for source in &inner.sources {
            let mut fields = Vec::new();
            for at in 0..source.fields.len() {
                let typed = leaf(0, source, at);
                let inner = format!("column{}", names.len() + 1);
                fields.push(Field { inner: Some(inner.clone()), ..source.fields[at].clone() });
                names.push(inner.into());
                select.outputs.push(Output::Value(typed.expr));
            }
            match alias {
                Some(_) => all.append(&mut fields),
                None => self.in_sight(source.name.clone(), fields, position, false),
            }
        }
        if let Some(alias) = alias {
            self.in_sight(alias.name.value.clone(), all, position, false);
        }
        Ok(Source::Select(Box::new(select), names))
    }

    fn constraint(
        &mut self,
        constraint: Option<&JoinConstraint>,
        kind: JoinKind,
        before: usize,
        at: &TableFactor,
    ) -> Result<Expr<Leaf>> {
        match constraint {
            None | Some(JoinConstraint::None) => Ok(Expr::And(Vec::new())),
            Some(JoinConstraint::On(condition)) => self.condition_of(condition),
            Some(JoinConstraint::Using(names)) => {
                let names = names.iter().map(last_part).collect();
                self.using(names, kind, before, at)
            }
            Some(JoinConstraint::Natural) => {
                let scope = self.scope();
                let (left, right) = scope.sources.split_at(before.min(scope.sources.len()));
                let shared = right.iter().flat_map(|it| it.fields.iter()).map(|it| it.name.clone());
                let shared = shared.filter(|name| left.iter().any(|it| field(it, name).is_some())).collect();
                self.using(shared, kind, before, at)
            }
            Some(JoinConstraint::UsingAlias(..)) => Err(unsupported(at, "an alias of USING")),
        }
    }

    /// Columns of both sides that are equal, and one column to those who name them.
    fn using(&mut self, names: Vec<String>, kind: JoinKind, before: usize, at: &TableFactor) -> Result<Expr<Leaf>> {
        let mut conditions = Vec::new();
        for name in names {
            let scope = self.scope().clone();
            let (left, right) = scope.sources.split_at(before.min(scope.sources.len()));
            let find = |all: &[Names]| all.iter().find_map(|it| field(it, &name).map(|at| leaf(0, it, at)));
            let merged = scope.merged.iter().position(|it| it.name.eq_ignore_ascii_case(&name));
            let a = merged.map(|it| scope.merged[it].typed.clone()).or_else(|| find(left));
            let (Some(a), Some(b)) = (a, find(right)) else {
                return Err(wrong(at, format!("the column `{name}` is not in both tables")));
            };
            conditions.push(self.compare(Comparison::Equal, a.clone(), b.clone()).expr);
            let typed = match kind {
                JoinKind::Right => b,
                JoinKind::Full => Typed { kind: a.kind, ..Typed::call(Function::Coalesce, vec![a, b]) },
                _ => a,
            };
            let alias = Alias { name, typed };
            match merged {
                Some(it) => self.scope().merged[it] = alias,
                None => self.scope().merged.push(alias),
            }
        }
        Ok(if conditions.len() == 1 { conditions.remove(0) } else { Expr::And(conditions) })
    }

    /// `IN name`: all rows of a table.
    pub(super) fn all_of(&mut self, name: &ObjectName) -> Result<(Select, Vec<Heading>)> {
        self.scopes.push(super::scope::Scope::default());
        let read = self.table(name, None, 0);
        let scope = self.scopes.pop().unwrap_or_default();
        let select = Select::from(read?);
        let fields = scope.sources.iter().flat_map(|it| it.fields.iter());
        Ok((select, fields.map(Heading::of).collect()))
    }
}

/// What a query in parentheses makes.
enum Made {
    Values(Vec<Vec<Expr<Leaf>>>),
    Select(Box<Select>),
}

/// The names of the columns of a view: those that it was given, and those of what it brings.
pub(super) fn view_names(view: &View, heading: &[Heading]) -> Vec<String> {
    let given = view.columns.iter().cloned();
    distinct_names(given.chain(heading.iter().map(|it| it.name.clone()).skip(view.columns.len())))
}

fn refuse_columns(alias: Option<&TableAlias>) -> Result<()> {
    match alias.and_then(|it| it.columns.first()) {
        Some(column) => {
            Err(super::place::wrong_at(column.name.span, "names for the columns of a table are not supported"))
        }
        None => Ok(()),
    }
}

/// The columns with the names that an alias gives them.
pub(super) fn renamed(mut fields: Vec<Field>, alias: Option<&TableAlias>) -> Result<Vec<Field>> {
    let Some(alias) = alias else { return Ok(fields) };
    if alias.columns.len() > fields.len() {
        let problem = format!("`{}` has {} columns, {} are named", alias.name, fields.len(), alias.columns.len());
        return Err(super::place::wrong_at(alias.name.span, problem));
    }
    for (field, column) in fields.iter_mut().zip(&alias.columns) {
        field.name = column.name.value.clone();
    }
    Ok(fields)
}

/// Names of which none is there twice: the second `a` is `a:1`, as in SQLite.
pub(super) fn distinct_names(names: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for name in names {
        let taken = |it: &str, found: &[String]| found.iter().any(|other| other.eq_ignore_ascii_case(it));
        let mut own = name.clone();
        let mut number = 0;
        while taken(&own, &found) {
            number += 1;
            own = format!("{name}:{number}");
        }
        found.push(own);
    }
    found
}

fn kind_of_join(join: &syntax::Join) -> Result<(JoinKind, &JoinConstraint)> {
    Ok(match &join.join_operator {
        JoinOperator::Join(it) | JoinOperator::Inner(it) | JoinOperator::CrossJoin(it) => (JoinKind::Inner, it),
        JoinOperator::Left(it) | JoinOperator::LeftOuter(it) => (JoinKind::Left, it),
        JoinOperator::Right(it) | JoinOperator::RightOuter(it) => (JoinKind::Right, it),
        JoinOperator::FullOuter(it) => (JoinKind::Full, it),
        JoinOperator::Semi(it) | JoinOperator::LeftSemi(it) => (JoinKind::Semi, it),
        JoinOperator::Anti(it) | JoinOperator::LeftAnti(it) => (JoinKind::Anti, it),
        _ => return Err(unsupported(&join.relation, "this form of a join")),
    })
}

impl Heading {
    /// As a column of a source.
    pub(super) fn field(&self, name: String) -> Field {
        Field { name, inner: None, kind: self.kind, affinity: self.affinity }
    }

    pub(super) fn of(field: &Field) -> Self {
        Heading { name: field.name.clone(), named: false, kind: field.kind, affinity: field.affinity, caseless: false }
    }

    pub(super) fn fields(all: &[Heading]) -> Arc<[Field]> {
        let names = distinct_names(all.iter().map(|it| it.name.clone()));
        all.iter().zip(names).map(|(it, name)| it.field(name)).collect()
    }
}
