//! From names to positions. An unknown name is an error that says which one was probably meant.

use super::choose::{Candidate, Source, choose, order_of};
use super::leaf::{Aggregation, Leaf};
use super::plan::{Access, BoundAggregate, BoundLeaf, BoundOutput, Bounded, Grouping, Level, Plan, SelectPlan};
use super::select::{Direction, JoinKind, OrderBy, Output, Select, Source as From};
use super::statement::{InsertValues, Statement};
use crate::error::{Error, Misuse, Result};
use crate::expr::Expr;
use crate::id::{ColumnId, TableId};
use crate::schema::{Name, Schema, TableSchema};
use crate::store::Image;
use crate::value::Value;

/// Binds a statement against a schema; the image tells how many rows there are to choose by.
pub(super) fn bind(schema: &Schema, image: &Image, statement: &Statement) -> Result<Plan> {
    let mut binder = Binder { schema, image, scopes: Vec::new() };
    Ok(match statement {
        Statement::Select(select) => Plan::Select(binder.select(select)?),
        Statement::Insert(insert) => {
            let table = schema.table_named(&insert.table)?;
            let columns = columns_of(table, &insert.columns)?;
            binder.scopes.push(Vec::new());
            let (InsertValues::Rows(given), None, []) = (&insert.values, &insert.on_conflict, &insert.returning[..])
            else {
                return Err(unsupported("an INSERT with a query, ON CONFLICT or RETURNING"));
            };
            let mut rows = Vec::with_capacity(given.len());
            for row in given {
                if row.len() != columns.len() {
                    let reason = format!("{} columns of {} are given {} values", columns.len(), table.name, row.len());
                    return Err(Misuse::Statement { reason }.into());
                }
                rows.push(row.iter().map(|it| binder.plain(it)).collect::<Result<Vec<_>>>()?);
            }
            Plan::Insert { table: table.id, columns, rows }
        }
        Statement::InsertRows(insert) => Plan::InsertRows { table: schema.table_named(&insert.table)?.id },
        Statement::Update(update) => {
            let table = schema.table_named(&update.table)?;
            if !update.joins.is_empty() || !update.returning.is_empty() {
                return Err(unsupported("an UPDATE with joins or RETURNING"));
            }
            let find = binder.find(table, update.filter.as_ref())?;
            let mut set = Vec::with_capacity(update.set.len());
            for (name, value) in &update.set {
                set.push((table.column_named(name)?, binder.plain(value)?));
            }
            Plan::Update { table: table.id, set, find }
        }
        Statement::UpdateRows(update) => {
            let table = schema.table_named(&update.table)?;
            if table.primary_key().is_none() {
                return Err(Misuse::NoKey { table: table.name.clone() }.into());
            }
            Plan::UpdateRows { table: table.id, columns: columns_of(table, &update.columns)? }
        }
        Statement::Delete(delete) => {
            let table = schema.table_named(&delete.table)?;
            if !delete.joins.is_empty() || !delete.returning.is_empty() {
                return Err(unsupported("a DELETE with joins or RETURNING"));
            }
            Plan::Delete { table: table.id, find: binder.find(table, delete.filter.as_ref())? }
        }
        Statement::DeleteRows(delete) => {
            let table = schema.table_named(&delete.table)?;
            let columns = match (columns_of(table, &delete.columns)?, table.primary_key()) {
                (columns, Some(key)) if columns.is_empty() => key.columns.clone(),
                (columns, None) if columns.is_empty() => {
                    return Err(Misuse::NoKey { table: table.name.clone() }.into());
                }
                (columns, _) => columns,
            };
            let access = keys_access(table, columns);
            let find = Level { source: 0, table: table.id, kind: JoinKind::Inner, access, on: vec![], after: vec![] };
            Plan::DeleteRows { table: table.id, find }
        }
    })
}

fn columns_of(table: &TableSchema, names: &[Name]) -> Result<Vec<ColumnId>> {
    names.iter().map(|name| table.column_named(name)).collect()
}

/// Finds rows by keys: through an index over exactly these columns in this order, where there is one.
fn keys_access(table: &TableSchema, columns: Vec<ColumnId>) -> Access {
    let index = table.indexes.iter().position(|it| it.is_plain() && it.columns.starts_with(&columns));
    Access::Keys { index: index.map(|it| crate::id::IndexId(it as u16)), columns }
}

struct Binder<'a> {
    schema: &'a Schema,
    image: &'a Image,
    /// The tables of each select from the outermost to the one being bound.
    scopes: Vec<Vec<TableId>>,
}

impl Binder<'_> {
    fn select(&mut self, select: &Select) -> Result<SelectPlan> {
        if !select.with.is_empty() || !select.compounds.is_empty() {
            return Err(unsupported("WITH and set operations"));
        }
        let sources = std::iter::once(&select.from).chain(select.joins.iter().map(|it| &it.source));
        let tables = sources.map(|it| self.table(it)).collect::<Result<Vec<_>>>()?;
        const SOURCES: usize = 64;
        if tables.len() > SOURCES {
            let reason = format!("a select has at most {SOURCES} sources, this one has {}", tables.len());
            return Err(Misuse::Statement { reason }.into());
        }
        self.scopes.push(tables.clone());
        let bound = self.select_in_scope(select, &tables);
        self.scopes.pop();
        bound
    }

    fn table(&self, source: &From) -> Result<TableId> {
        match source {
            From::Table(name) => Ok(self.schema.table_named(name)?.id),
            _ => Err(unsupported("a source that is not a table")),
        }
    }

    fn select_in_scope(&mut self, select: &Select, tables: &[TableId]) -> Result<SelectPlan> {
        let mut sources = Vec::with_capacity(tables.len());
        sources.push(Source { table: tables[0], kind: JoinKind::Inner, on: Vec::new() });
        for (join, &table) in select.joins.iter().zip(&tables[1..]) {
            sources.push(Source { table, kind: join.kind, on: self.candidates(&join.on)? });
        }
        let filter = match &select.filter {
            Some(it) => self.candidates(it)?,
            None => Vec::new(),
        };
        let keys = columns_of(self.schema.table(tables[0]), &select.keys)?;
        let key_width = keys.len();
        let grouped = !select.group_by.is_empty()
            || select.outputs.iter().any(|it| matches!(it, Output::Value(it) if has_aggregate(it)))
            || select.having.is_some();
        let mut order_by = Vec::new();
        let (outputs, grouping) = if grouped {
            self.grouped(select, &mut order_by)?
        } else {
            for OrderBy { by, direction, .. } in &select.order_by {
                order_by.push((self.plain(by)?, *direction));
            }
            (select.outputs.iter().map(|it| self.output(it, tables.len())).collect::<Result<_>>()?, None)
        };
        let wanted = if grouped || select.distinct { None } else { order_of(&order_by) };
        let keys = (!keys.is_empty()).then(|| keys_access(self.schema.table(tables[0]), keys));
        let (levels, in_order) = choose(self.schema, self.image, sources, filter, keys, wanted);
        Ok(SelectPlan {
            sources: tables.len(),
            levels,
            grouping,
            outputs,
            distinct: select.distinct,
            order_by: if in_order { Vec::new() } else { order_by },
            limit: constant(select.limit.as_ref())?,
            offset: constant(select.offset.as_ref())?.unwrap_or_default(),
            key_width,
            correlated: reads_around(select, 0),
        })
    }

    fn output(&mut self, output: &Output, sources: usize) -> Result<BoundOutput> {
        Ok(match output {
            Output::Row(source) if (*source as usize) < sources => BoundOutput::Row(*source),
            Output::Row(source) => {
                let reason = format!("the query has {sources} sources, there is no source {source} to return");
                return Err(Misuse::Statement { reason }.into());
            }
            Output::Value(it) => BoundOutput::Value(self.plain(it)?),
        })
    }

    /// Binds what comes out of groups: keys of the group, aggregates, and what is computed from them.
    fn grouped(
        &mut self,
        select: &Select,
        order_by: &mut Vec<(Bounded, Direction)>,
    ) -> Result<(Vec<BoundOutput>, Option<Grouping>)> {
        let keys = select.group_by.iter().map(|it| self.plain(it)).collect::<Result<Vec<_>>>()?;
        let mut group = GroupBinding { by: &select.group_by, aggregates: Vec::new() };
        let mut outputs = Vec::with_capacity(select.outputs.len());
        for output in &select.outputs {
            match output {
                Output::Value(it) => outputs.push(BoundOutput::Value(self.in_group(it, &mut group)?)),
                Output::Row(_) => {
                    let reason = "a query that groups returns scalars, not whole rows".to_owned();
                    return Err(Misuse::Statement { reason }.into());
                }
            }
        }
        let having = select.having.as_ref().map(|it| self.in_group(it, &mut group)).transpose()?;
        for OrderBy { by, direction, .. } in &select.order_by {
            order_by.push((self.in_group(by, &mut group)?, *direction));
        }
        Ok((outputs, Some(Grouping { keys, aggregates: group.aggregates, having })))
    }

    fn in_group(&mut self, expr: &Expr<Leaf>, group: &mut GroupBinding<'_>) -> Result<Bounded> {
        if let Some(position) = group.by.iter().position(|it| it == expr) {
            return Ok(Expr::Leaf(BoundLeaf::GroupKey(position)));
        }
        expr.try_map(&mut |leaf| self.leaf_in_group(leaf, group))
    }

    fn leaf_in_group(&mut self, leaf: &Leaf, group: &mut GroupBinding<'_>) -> Result<Bounded> {
        let whole = Expr::Leaf(leaf.clone());
        if let Some(position) = group.by.iter().position(|it| *it == whole) {
            return Ok(Expr::Leaf(BoundLeaf::GroupKey(position)));
        }
        match leaf {
            Leaf::Aggregate(aggregation) => {
                if aggregation.filter.is_some() || aggregation.operands.len() > 1 || !aggregation.order_by.is_empty() {
                    return Err(unsupported("an aggregate with a condition or an order"));
                }
                let operand = aggregation.operands.first().map(|it| self.plain(it)).transpose()?;
                group.aggregates.push(BoundAggregate {
                    function: aggregation.function,
                    distinct: aggregation.distinct,
                    operand,
                });
                Ok(Expr::Leaf(BoundLeaf::Aggregate(group.aggregates.len() - 1)))
            }
            Leaf::Column { up: 0, name, .. } => {
                let reason = format!("`{name}` is neither grouped by nor inside an aggregate");
                Err(Misuse::Statement { reason }.into())
            }
            Leaf::Exists(select) | Leaf::In(_, select) | Leaf::Scalar(select) if sources_of_select(select, 1) != 0 => {
                // A group has no row of its own that the subquery could read.
                let reason = "a subquery reads a row of the select around it, which has only groups".to_owned();
                Err(Misuse::Statement { reason }.into())
            }
            Leaf::In(needle, select) => {
                let needle = Box::new(self.in_group(only(needle)?, group)?);
                Ok(Expr::Leaf(BoundLeaf::In(needle, Box::new(self.select(select)?))))
            }
            other => self.leaf(other),
        }
    }

    fn plain(&mut self, expr: &Expr<Leaf>) -> Result<Bounded> {
        expr.try_map(&mut |leaf| self.leaf(leaf))
    }

    fn leaf(&mut self, leaf: &Leaf) -> Result<Bounded> {
        Ok(Expr::Leaf(match leaf {
            Leaf::Column { up, source, name } => {
                let scope = self.scopes.len().checked_sub(1 + *up as usize).map(|at| &self.scopes[at]);
                let table = scope.and_then(|it| it.get(*source as usize)).ok_or_else(|| Misuse::Statement {
                    reason: format!("`{name}` is read from source {source}, {up} selects outwards: there is none"),
                })?;
                let column = self.schema.table(*table).column_named(name)?;
                BoundLeaf::Column { up: *up, source: *source, column }
            }
            Leaf::Parameter(position) => BoundLeaf::Parameter(*position),
            Leaf::Aggregate(aggregation) => {
                let reason = format!("{}(…) stands where rows are not grouped yet", aggregation.function.name());
                return Err(Misuse::Statement { reason }.into());
            }
            Leaf::Exists(select) => BoundLeaf::Exists(Box::new(self.select(select)?)),
            Leaf::In(needle, select) => {
                let needle = self.plain(only(needle)?)?;
                BoundLeaf::In(Box::new(needle), Box::new(self.select(select)?))
            }
            Leaf::Scalar(select) => BoundLeaf::Scalar(Box::new(self.select(select)?)),
            Leaf::Window(_) | Leaf::Quantified(..) | Leaf::Output(_) | Leaf::Default => {
                return Err(unsupported("a window, a quantifier, a position or DEFAULT"));
            }
        }))
    }

    fn candidates(&mut self, expr: &Expr<Leaf>) -> Result<Vec<Candidate>> {
        let conjuncts = expr.clone().conjuncts();
        conjuncts.iter().map(|it| Ok(Candidate { sources: sources_of(it, 0), expr: self.plain(it)? })).collect()
    }

    /// The access of an UPDATE or DELETE.
    fn find(&mut self, table: &TableSchema, filter: Option<&Expr<Leaf>>) -> Result<Level> {
        self.scopes.push(vec![table.id]);
        let filter = match filter {
            Some(it) => self.candidates(it)?,
            None => Vec::new(),
        };
        let source = Source { table: table.id, kind: JoinKind::Inner, on: Vec::new() };
        let (mut levels, _) = choose(self.schema, self.image, vec![source], filter, None, None);
        Ok(levels.remove(0))
    }
}

struct GroupBinding<'a> {
    by: &'a [Expr<Leaf>],
    aggregates: Vec<BoundAggregate>,
}

/// A statement that can be said and not yet be carried out.
fn unsupported(what: &str) -> Error {
    Misuse::Statement { reason: format!("{what} cannot be carried out") }.into()
}

fn only(needle: &[Expr<Leaf>]) -> Result<&Expr<Leaf>> {
    if let [only] = needle { Ok(only) } else { Err(unsupported("IN over several columns")) }
}

fn constant(number: Option<&Expr<Leaf>>) -> Result<Option<u64>> {
    match number {
        None | Some(Expr::Value(Value::Null)) => Ok(None),
        Some(Expr::Value(Value::Int(it))) => Ok(u64::try_from(*it).ok()),
        Some(_) => Err(unsupported("a limit that is computed")),
    }
}

fn has_aggregate(expr: &Expr<Leaf>) -> bool {
    let mut found = false;
    expr.leaves(&mut |leaf| found |= matches!(leaf, Leaf::Aggregate(_)));
    found
}

/// The sources of the select `depth` levels outwards that an expression reads, as bits.
fn sources_of(expr: &Expr<Leaf>, depth: u8) -> u64 {
    let mut found = 0;
    expr.leaves(&mut |leaf| {
        found |= match leaf {
            Leaf::Column { up, source, .. } if *up == depth => 1 << (*source).min(63),
            Leaf::Column { .. } | Leaf::Parameter(_) | Leaf::Output(_) | Leaf::Default => 0,
            Leaf::Aggregate(it) => operands(it).fold(0, |all, it| all | sources_of(it, depth)),
            Leaf::Window(it) => it.operands.iter().fold(0, |all, it| all | sources_of(it, depth)),
            Leaf::Exists(select) | Leaf::Scalar(select) => sources_of_select(select, depth + 1),
            Leaf::Quantified(needle, _, _, select) => sources_of(needle, depth) | sources_of_select(select, depth + 1),
            Leaf::In(needle, select) => {
                needle.iter().fold(sources_of_select(select, depth + 1), |all, it| all | sources_of(it, depth))
            }
        };
    });
    found
}

/// Whether anything in a select, `depth` levels within the one asked about, reads rows from around that one.
fn reads_around(select: &Select, depth: u8) -> bool {
    let mut found = false;
    let mut visit = |expr: &Expr<Leaf>| found |= expr_reads_around(expr, depth);
    expressions(select).for_each(&mut visit);
    found
}

fn expr_reads_around(expr: &Expr<Leaf>, depth: u8) -> bool {
    let mut found = false;
    expr.leaves(&mut |leaf| {
        found |= match leaf {
            Leaf::Column { up, .. } => *up > depth,
            Leaf::Parameter(_) | Leaf::Output(_) | Leaf::Default => false,
            Leaf::Aggregate(it) => operands(it).any(|it| expr_reads_around(it, depth)),
            Leaf::Window(it) => it.operands.iter().any(|it| expr_reads_around(it, depth)),
            Leaf::Exists(select) | Leaf::Scalar(select) => reads_around(select, depth + 1),
            Leaf::Quantified(needle, _, _, select) => {
                expr_reads_around(needle, depth) || reads_around(select, depth + 1)
            }
            Leaf::In(needle, select) => {
                needle.iter().any(|it| expr_reads_around(it, depth)) || reads_around(select, depth + 1)
            }
        };
    });
    found
}

fn operands(aggregation: &Aggregation) -> impl Iterator<Item = &Expr<Leaf>> {
    aggregation.operands.iter().chain(&aggregation.filter)
}

fn sources_of_select(select: &Select, depth: u8) -> u64 {
    expressions(select).fold(0, |all, it| all | sources_of(it, depth))
}

/// Every expression of a select.
fn expressions(select: &Select) -> impl Iterator<Item = &Expr<Leaf>> {
    let values = select.outputs.iter().filter_map(|it| match it {
        Output::Value(it) => Some(it),
        Output::Row(_) => None,
    });
    let joins = select.joins.iter().map(|it| &it.on);
    let order = select.order_by.iter().map(|it| &it.by);
    let rest = select.filter.iter().chain(&select.having).chain(&select.group_by);
    values.chain(joins).chain(order).chain(rest)
}
