//! Queries: what comes out, set operations, groups.

use sqlparser::ast::{
    self as syntax, Distinct, GroupByExpr, Query, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, SetOperator,
    SetQuantifier, Values,
};

use super::call::last_part;
use super::from::{Sources, distinct_names};
use super::naming::postgres_name;
use super::order::position;
use super::place::{unsupported, wrong};
use super::scope::{Alias, Reader, Scope, leaf};
use crate::error::Result;
use crate::expr::{Affinity, Expr};
use crate::query::{BareColumns, Compound, Leaf, Output, Select, SetOperation, Source};
use crate::value::Kind;

/// The expressions of a row that is given.
type Given = Vec<Expr<Leaf>>;

/// A column that comes out.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) struct Heading {
    pub(in crate::sql) name: String,
    /// Whether the text gives it a name of its own.
    pub(super) named: bool,
    pub(super) kind: Option<Kind>,
    pub(super) affinity: Option<Affinity>,
    /// Whether it is ordered and grouped by without regard to the case of ASCII letters.
    pub(super) caseless: bool,
}

impl Reader<'_> {
    /// A query that stands within another one.
    pub(super) fn subquery(&mut self, query: &Query) -> Result<(Select, Vec<Heading>)> {
        self.query(query)
    }

    /// A whole query.
    pub(super) fn query(&mut self, query: &Query) -> Result<(Select, Vec<Heading>)> {
        self.deeper(|reader| {
            if !query.locks.is_empty() || query.for_clause.is_some() || !query.pipe_operators.is_empty() {
                return Err(unsupported(query, "a query that locks, or a clause behind it"));
            }
            let known = reader.commons.len();
            let with = reader.with(query.with.as_ref())?;
            let read = reader.body(&query.body, query);
            reader.commons.truncate(known);
            let (mut select, heading) = read?;
            if !with.is_empty() {
                select.with = with;
            }
            Ok((select, heading))
        })
    }

    /// What stands between WITH and the end, its order and limit among it.
    fn body(&mut self, body: &SetExpr, query: &Query) -> Result<(Select, Vec<Heading>)> {
        let (first, rest) = self.flattened(body);
        if let (SetExpr::Select(select), true) = (first, rest.is_empty()) {
            return self.select(select, Some(query));
        }
        let (mut select, mut heading) = self.part(first)?;
        let plain = query.order_by.is_none() && query.limit_clause.is_none() && query.fetch.is_none();
        let cut = !select.order_by.is_empty() || select.limit.is_some() || select.offset.is_some();
        if cut && !(rest.is_empty() && plain) || !select.with.is_empty() && !rest.is_empty() {
            // It has an order or a limit of its own, so that it has to be a source to be put together with others.
            let names = distinct_names(heading.iter().map(|it| it.name.clone()));
            select = Select::from(Source::select(select, names));
        }
        for (operation, all, part) in rest {
            let (other, columns) = self.part(part)?;
            if columns.len() != heading.len() {
                let problem = format!("queries of {} and of {} columns are put together", heading.len(), columns.len());
                return Err(wrong(part, problem));
            }
            for (mine, other) in heading.iter_mut().zip(columns) {
                mine.kind = mine.kind.filter(|it| Some(*it) == other.kind);
                mine.affinity = mine.affinity.filter(|it| Some(*it) == other.affinity);
            }
            select.compounds.push(Compound { operation, all, select: other });
        }
        // An order of several queries sees only what comes out of them.
        self.scopes.push(Scope::default());
        let done = self.order_by(query, &mut select, &heading).and_then(|()| self.limits(query, &mut select));
        self.scopes.pop();
        done?;
        Ok((select, heading))
    }

    /// One query of a set operation.
    fn part(&mut self, it: &SetExpr) -> Result<(Select, Vec<Heading>)> {
        self.deeper(|reader| match it {
            SetExpr::Select(select) => reader.select(select, None),
            SetExpr::Query(query) => reader.query(query),
            SetExpr::Values(values) => reader.values(values),
            SetExpr::SetOperation { .. } => {
                let (first, rest) = reader.flattened(it);
                let (mut select, heading) = reader.part(first)?;
                for (operation, all, part) in rest {
                    let (other, _) = reader.part(part)?;
                    select.compounds.push(Compound { operation, all, select: other });
                }
                Ok((select, heading))
            }
            SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) => {
                let instead = "run it as a statement of its own, whose RETURNING brings the rows";
                Err(wrong(it, format!("a change within a query is not supported: {instead}")))
            }
            other => Err(unsupported(other, "this form of a query")),
        })
    }

    /// Set operations from left to right. In SQLite all of them bind alike, whatever the syntax reader thinks.
    fn flattened<'s>(&self, body: &'s SetExpr) -> (&'s SetExpr, Vec<(SetOperation, bool, &'s SetExpr)>) {
        let SetExpr::SetOperation { left, op, set_quantifier, right } = body else { return (body, Vec::new()) };
        let operation = match op {
            SetOperator::Union => SetOperation::Union,
            SetOperator::Intersect => SetOperation::Intersect,
            SetOperator::Except | SetOperator::Minus => SetOperation::Except,
        };
        let all = matches!(set_quantifier, SetQuantifier::All | SetQuantifier::AllByName);
        let (first, mut rest) = self.flattened(left);
        if self.dialect.is_sqlite() {
            let (next, behind) = self.flattened(right);
            rest.push((operation, all, next));
            rest.extend(behind);
        } else {
            rest.push((operation, all, right));
        }
        (first, rest)
    }

    /// Rows that are given, as a query.
    fn values(&mut self, values: &Values) -> Result<(Select, Vec<Heading>)> {
        self.scopes.push(Scope::default());
        let read = self.rows(values);
        self.scopes.pop();
        let (rows, heading) = read?;
        let names = heading.iter().map(|it| it.name.clone().into()).collect();
        Ok((Select::from(Source::Values(rows, names)), heading))
    }

    /// Rows that are given, of the same width all.
    pub(super) fn rows(&mut self, values: &Values) -> Result<(Vec<Given>, Vec<Heading>)> {
        let (mut rows, mut heading) = (Vec::with_capacity(values.rows.len()), Vec::<Heading>::new());
        for row in &values.rows {
            let typed = row.content.iter().map(|it| self.value_of(it)).collect::<Result<Vec<_>>>()?;
            if rows.is_empty() {
                let named = (1..).zip(&typed);
                heading = named
                    .map(|(at, it)| Heading {
                        name: format!("column{at}"),
                        named: false,
                        kind: it.kind,
                        affinity: None,
                        caseless: false,
                    })
                    .collect();
            } else if typed.len() != heading.len() {
                return Err(unsupported(&values.rows[0].content[0], "VALUES of different widths"));
            }
            for (column, it) in heading.iter_mut().zip(&typed) {
                column.kind = column.kind.filter(|kind| Some(*kind) == it.kind);
            }
            rows.push(typed.into_iter().map(|it| it.expr).collect());
        }
        Ok((rows, heading))
    }

    /// One select; with the query around it, if that has no other part, for order and limit.
    fn select(&mut self, it: &syntax::Select, query: Option<&Query>) -> Result<(Select, Vec<Heading>)> {
        refuse_clauses(it)?;
        self.scopes.push(Scope { windows: it.named_window.clone(), ..Scope::default() });
        let read = self.select_in_scope(it, query);
        self.scopes.pop();
        read
    }

    fn select_in_scope(&mut self, it: &syntax::Select, query: Option<&Query>) -> Result<(Select, Vec<Heading>)> {
        let mut found = Sources::default();
        self.sources(&it.from, &mut found)?;
        let mut select = Select::from(found.first.unwrap_or(Source::Nothing));
        select.joins = found.joins;
        select.distinct = match &it.distinct {
            None | Some(Distinct::All) => false,
            Some(Distinct::Distinct) => true,
            Some(Distinct::On(_)) => false,
        };
        let groups = match &it.group_by {
            GroupByExpr::Expressions(list, modifiers) if modifiers.is_empty() => list,
            _ => return Err(unsupported(it, "this form of GROUP BY")),
        };
        let sets = |it: &&syntax::Expr| {
            matches!(it, syntax::Expr::GroupingSets(_) | syntax::Expr::Rollup(_) | syntax::Expr::Cube(_))
        };
        if let Some(found) = groups.iter().find(sets) {
            let instead = "put queries together by UNION ALL, one for each way to group";
            return Err(wrong(found, format!("{found} is not supported: {instead}")));
        }
        let whole = it.distinct.is_none() && groups.is_empty();
        let heading;
        (select.outputs, heading) = self.projection(&it.projection, whole)?;
        // Only SQLite sees the names of outputs in WHERE and HAVING.
        let hidden = if self.dialect.is_sqlite() { Vec::new() } else { std::mem::take(&mut self.scope().outputs) };
        for condition in it.selection.iter() {
            let condition = self.condition_of(condition)?;
            select = select.filter(condition);
        }
        select.having = it.having.as_ref().map(|it| self.condition_of(it)).transpose()?;
        self.scope().outputs.extend(hidden);
        for condition in found.conditions {
            select = select.filter(condition);
        }
        for by in groups {
            let by = match (position(by, heading.len())?, by) {
                (Some(at), _) => match &select.outputs[usize::from(at)] {
                    Output::Value(value) => self.by_output(value, &heading[usize::from(at)]),
                    Output::Row(_) => return Err(unsupported(by, "groups by a whole row")),
                },
                (None, by) => self.ordered_by(by)?,
            };
            select.group_by.push(by);
        }
        if let Some(query) = query {
            self.order_by(query, &mut select, &heading)?;
            self.limits(query, &mut select)?;
        }
        if let Some(Distinct::On(on)) = &it.distinct {
            select = self.distinct_on(select, &heading, on)?;
        }
        if self.dialect.is_sqlite() && (!select.group_by.is_empty() || has_aggregate(&select)) {
            select.bare_columns = BareColumns::AnyRow;
        }
        Ok((select, heading))
    }

    /// What comes out. `whole` says that rows of tables may come out as they are.
    pub(super) fn projection(&mut self, items: &[SelectItem], whole: bool) -> Result<(Vec<Output>, Vec<Heading>)> {
        let (mut outputs, mut heading, mut aliases) = (Vec::new(), Vec::new(), Vec::new());
        let whole = whole && items.iter().all(|it| !matches!(it, SelectItem::UnnamedExpr(it) if is_aggregate(it)));
        for item in items {
            let (expr, alias) = match item {
                SelectItem::UnnamedExpr(expr) => (expr, None),
                SelectItem::ExprWithAlias { expr, alias } => (expr, Some(alias)),
                SelectItem::Wildcard(_) => {
                    self.all_columns(None, whole, &mut outputs, &mut heading, item)?;
                    continue;
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                    self.all_columns(Some(&last_part(name)), whole, &mut outputs, &mut heading, item)?;
                    continue;
                }
                other => return Err(unsupported(other, "this form of an output")),
            };
            let typed = self.expr(expr)?;
            let typed = self.value(typed);
            let name = match (alias, expr) {
                (Some(alias), _) => alias.value.clone(),
                (None, syntax::Expr::Identifier(name)) => column_name(&typed.expr, &name.value),
                (None, syntax::Expr::CompoundIdentifier(path)) => {
                    column_name(&typed.expr, path.last().map_or("", |it| &it.value))
                }
                (None, other) if !self.dialect.is_sqlite() => postgres_name(other),
                // Only what the user asks for itself has a heading that anybody reads.
                (None, other) => {
                    if self.scopes.len() == 1 {
                        other.to_string()
                    } else {
                        format!("column{}", heading.len() + 1)
                    }
                }
            };
            heading.push(Heading {
                name: name.clone(),
                named: alias.is_some(),
                kind: typed.kind,
                affinity: typed.affinity,
                caseless: typed.caseless,
            });
            if alias.is_some() {
                aliases.push(Alias { name, typed: typed.clone() });
            }
            outputs.push(Output::Value(typed.expr));
        }
        self.scope().outputs = aliases;
        Ok((outputs, heading))
    }

    /// `*`, or `name.*`.
    fn all_columns(
        &mut self,
        of: Option<&str>,
        whole: bool,
        outputs: &mut Vec<Output>,
        heading: &mut Vec<Heading>,
        at: &SelectItem,
    ) -> Result<()> {
        let scope = self.scope().clone();
        let named = |it: &&super::scope::Source| of.is_none_or(|of| it.name.eq_ignore_ascii_case(of));
        let sources: Vec<_> = scope.sources.iter().filter(named).collect();
        if sources.is_empty() {
            return Err(wrong(at, of.map_or("there is no table".to_owned(), |of| format!("there is no table `{of}`"))));
        }
        let merged: &[Alias] = if of.is_none() { &scope.merged } else { &[] };
        for it in merged {
            heading.push(Heading {
                name: it.name.clone(),
                named: false,
                kind: it.typed.kind,
                affinity: it.typed.affinity,
                caseless: false,
            });
            outputs.push(Output::Value(it.typed.expr.clone()));
        }
        for source in sources {
            if whole && source.is_table && merged.is_empty() {
                heading.extend(source.fields.iter().map(Heading::of));
                outputs.push(Output::Row(source.position));
                continue;
            }
            for column in 0..source.fields.len() {
                let field = &source.fields[column];
                if merged.iter().any(|it| it.name.eq_ignore_ascii_case(&field.name)) {
                    continue;
                }
                let typed = self.value(leaf(0, source, column));
                heading.push(Heading { kind: typed.kind, ..Heading::of(field) });
                outputs.push(Output::Value(typed.expr));
            }
        }
        Ok(())
    }
}

fn refuse_clauses(it: &syntax::Select) -> Result<()> {
    let plain = it.top.is_none()
        && it.into.is_none()
        && it.lateral_views.is_empty()
        && it.prewhere.is_none()
        && it.connect_by.is_empty()
        && it.cluster_by.is_empty()
        && it.distribute_by.is_empty()
        && it.sort_by.is_empty()
        && it.qualify.is_none()
        && it.exclude.is_none();
    if plain { Ok(()) } else { Err(unsupported(it, "a clause of this SELECT")) }
}

/// Whether what comes out is grouped without GROUP BY, so that no row can come out as it is.
fn is_aggregate(it: &syntax::Expr) -> bool {
    match it {
        syntax::Expr::Function(function) => {
            let name = last_part(&function.name).to_ascii_lowercase();
            super::call::aggregate_named(&name).is_some() && function.over.is_none()
        }
        _ => false,
    }
}

fn has_aggregate(select: &Select) -> bool {
    let mut found = select.having.is_some();
    for output in &select.outputs {
        if let Output::Value(it) = output {
            it.leaves(&mut |leaf| found |= matches!(leaf, Leaf::Aggregate(_)));
        }
    }
    found
}

/// A column is called as it was declared, however it is written.
fn column_name(expr: &Expr<Leaf>, written: &str) -> String {
    match expr {
        Expr::Leaf(Leaf::Column { name, .. }) if name.eq_ignore_ascii_case(written) => name.to_string(),
        _ => written.to_owned(),
    }
}
