//! A select from its sources to what comes out.

use super::group::has_aggregate;
use super::statement::{columns_of, keys_access};
use super::{Binder, Columns, Scope, reads_around, senseless};
use crate::error::Result;
use crate::expr::Expr;
use crate::id::ColumnId;
use crate::query::choose::{
    Candidate, Choice, Source, choose, cover, index_of_groups, order_of, order_of_extreme, order_of_groups,
};
use crate::query::leaf::Leaf;
use crate::query::plan::{
    BoundLeaf, BoundOutput, Bounded, CompoundPlan, Gathering, Grouping, Level, Origin, SelectPlan, SortKey,
};
use crate::query::rewrite::{Known, rewrite};
use crate::query::select::{JoinKind, Output, Select};

/// What whole rows are to whoever reads a select.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Rows.
    Rows,
    /// Their columns.
    Columns,
}

impl Binder<'_> {
    /// Binds a select with its WITH, its set operations, its order and its limit.
    pub(super) fn select(&mut self, select: &Select, shape: Shape) -> Result<SelectPlan> {
        let depth = self.scopes.len();
        let outer = std::mem::take(&mut self.reads);
        let columns_come_out = shape == Shape::Columns || !select.compounds.is_empty();
        let (select, rules) = rewrite(select, &Known { schema: self.schema, columns_come_out });
        let plan = self.select_with(&select, shape);
        // What it reads of itself is nobody else's business.
        let mut found = std::mem::replace(&mut self.reads, outer);
        found.truncate(depth);
        self.note(&found);
        Ok(SelectPlan { correlated: reads_around(&found, depth), rules, ..plan? })
    }

    fn select_with(&mut self, select: &Select, shape: Shape) -> Result<SelectPlan> {
        let known = self.commons.len();
        for common in &select.with {
            self.common(common)?;
        }
        let shape = if select.compounds.is_empty() { shape } else { Shape::Columns };
        self.scopes.push(Scope::default());
        let mut plan = self.core(select, shape)?;
        plan.covering = cover(self.schema, self.ground.image, &mut plan);
        plan.levels.iter().for_each(|it| self.note_access(it));
        (plan.limit, plan.offset) = self.limits(select)?;
        self.scopes.pop();
        let width = plan.outputs.len();
        for compound in &select.compounds {
            let other = self.select(&compound.select, Shape::Columns)?;
            if other.outputs.len() != width {
                let reason = format!("queries of {width} and of {} columns are put together", other.outputs.len());
                return Err(senseless(reason));
            }
            let (operation, all) = (compound.operation, compound.all);
            plan.estimate += other.estimate;
            plan.compounds.push(CompoundPlan { operation, all, select: other });
        }
        if !select.compounds.is_empty() {
            self.scopes.push(Scope::default());
            plan.order_by = self.order_of_outputs(&select.order_by, width)?;
            self.scopes.pop();
        }
        self.commons.truncate(known);
        Ok(plan)
    }

    /// Binds what is written between SELECT and the first set operation, and the order if there is none.
    fn core(&mut self, select: &Select, shape: Shape) -> Result<SelectPlan> {
        let sources = self.sources(select)?;
        let count = sources.len();
        let filter = match &select.filter {
            Some(it) => self.candidates(it)?,
            None => Vec::new(),
        };
        let keys = match self.scope().sources[0] {
            Columns::Table(table) => columns_of(self.schema.table(table), &select.keys)?,
            Columns::Named(_) if select.keys.is_empty() => Vec::new(),
            Columns::Named(_) => return Err(senseless("keys are given for a source that is no table")),
        };
        let computed = select.outputs.iter().filter_map(|it| match it {
            Output::Value(it) => Some(it),
            Output::Row(_) => None,
        });
        let order = select.order_by.iter().map(|it| &it.by).filter(|_| select.compounds.is_empty());
        let grouped =
            !select.group_by.is_empty() || select.having.is_some() || computed.chain(order).any(has_aggregate);
        if grouped {
            self.begin_groups(select)?;
        }
        let having = select.having.as_ref().map(|it| self.expr(it)).transpose()?;
        self.scope().windows = Some(Vec::new());
        let (outputs, columns) = self.outputs(select, shape, grouped)?;
        let mut order_by = Vec::new();
        if select.compounds.is_empty() {
            self.scope().outputs = Some(columns);
            order_by = self.order(&select.order_by)?;
        }
        let windows = self.scope().windows.take().unwrap_or_default();
        let mut grouping: Option<Grouping> = self.scope().group.take().map(|it| it.finish(having));
        let wanted = match &grouping {
            _ if !windows.is_empty() => None,
            Some(it) if order_by.is_empty() => order_of_extreme(it, count),
            Some(it) if select.limit.is_some() => order_of_groups(it, &order_by),
            None if !select.distinct => order_of(&order_by),
            _ => None,
        };
        let key_width = key_width(&sources[0].origin, &keys);
        let keys = match self.scope().sources[0] {
            Columns::Table(table) if !keys.is_empty() => Some(keys_access(self.schema.table(table), keys)),
            _ => None,
        };
        let Choice { levels, gate, in_order } = choose(self.ground, sources, filter, keys, wanted);
        if let Some(grouping) = &mut grouping {
            let order = in_order.then_some(&order_by[..]);
            grouping.gathering = self.gathering(grouping, &levels, order);
        }
        let estimate = estimate(&levels, grouping.as_ref());
        Ok(SelectPlan {
            sources: count,
            gate,
            levels,
            grouping,
            windows,
            outputs,
            distinct: select.distinct,
            covering: None,
            compounds: Vec::new(),
            order_by: if in_order { Vec::new() } else { order_by },
            limit: None,
            offset: None,
            key_width,
            correlated: false,
            estimate,
            rules: Vec::new(),
        })
    }

    /// How rows find their groups, where they come in the order that was wanted if there is one.
    fn gathering(&mut self, grouping: &Grouping, levels: &[Level], order: Option<&[SortKey]>) -> Gathering {
        match (order, index_of_groups(self.schema, levels, grouping)) {
            (Some([]), _) => Gathering::First,
            (Some(_), _) => Gathering::InOrder,
            (None, Some((table, index, told))) => {
                self.note_index(table, index);
                Gathering::Counted(index, told)
            }
            (None, None) => Gathering::Hash,
        }
    }

    /// Binds the sources one after the other; each may read those before it.
    fn sources(&mut self, select: &Select) -> Result<Vec<Source>> {
        const SOURCES: usize = 64;
        let count = 1 + select.joins.len();
        if count > SOURCES {
            return Err(senseless(format!("a select has at most {SOURCES} sources, this one has {count}")));
        }
        let (origin, columns, needs) = self.source(&select.from)?;
        self.scope().sources.push(columns);
        let mut sources = vec![Source { origin, kind: JoinKind::Inner, on: Vec::new(), needs }];
        for (position, join) in (1..).zip(&select.joins) {
            let (origin, columns, needs) = self.source(&join.source)?;
            if needs != 0 && matches!(join.kind, JoinKind::Right | JoinKind::Full) {
                return Err(senseless("a source whose rows without a partner come out reads the sources before it"));
            }
            self.scope().sources.push(columns);
            let on = self.candidates(&join.on)?;
            if matches!(join.kind, JoinKind::Semi | JoinKind::Anti) {
                self.scope().hidden |= 1 << position;
            }
            sources.push(Source { origin, kind: join.kind, on, needs });
        }
        Ok(sources)
    }

    /// The conditions that must all hold, and which sources each of them reads.
    pub(super) fn candidates(&mut self, expr: &Expr<Leaf>) -> Result<Vec<Candidate>> {
        let own = self.scopes.len() - 1;
        let mut candidates = Vec::new();
        for conjunct in expr.clone().conjuncts() {
            let (expr, found) = self.watch(|it| it.expr(&conjunct))?;
            let sources = found.get(own).map_or(0, |it| it.sources);
            candidates.push(Candidate::new(expr, sources, reads_around(&found, own)));
        }
        Ok(candidates)
    }

    /// What comes out, and how an order reads it, column by column.
    fn outputs(&mut self, select: &Select, shape: Shape, grouped: bool) -> Result<(Vec<BoundOutput>, Vec<Bounded>)> {
        let (mut outputs, mut columns, mut scalars) = (Vec::new(), Vec::new(), 0);
        let mut value = |bound: Bounded, outputs: &mut Vec<BoundOutput>, columns: &mut Vec<Bounded>| {
            let simple = matches!(&bound, Expr::Leaf(BoundLeaf::Column { .. } | BoundLeaf::GroupKey(_)));
            columns.push(if simple { bound.clone() } else { Expr::Leaf(BoundLeaf::Output(scalars)) });
            scalars += 1;
            outputs.push(BoundOutput::Value(bound));
        };
        for output in &select.outputs {
            match output {
                Output::Value(it) => value(self.expr(it)?, &mut outputs, &mut columns),
                Output::Row(_) if grouped && shape == Shape::Rows => {
                    return Err(senseless("a query that groups returns scalars, not whole rows"));
                }
                Output::Row(source) => {
                    for (column, name) in (0..).zip(self.row(*source)?) {
                        let name = Expr::Leaf(Leaf::Column { up: 0, source: *source, name });
                        let bound = if grouped {
                            self.expr(&name)?
                        } else {
                            Expr::Leaf(BoundLeaf::Column { up: 0, source: *source, column: ColumnId(column) })
                        };
                        match shape {
                            Shape::Rows => columns.push(bound),
                            Shape::Columns => value(bound, &mut outputs, &mut columns),
                        }
                    }
                    if shape == Shape::Rows {
                        outputs.push(BoundOutput::Row(*source));
                    }
                }
            }
        }
        Ok((outputs, columns))
    }

    /// The names of the columns of a source that comes out as a whole.
    fn row(&mut self, source: u8) -> Result<Vec<crate::schema::Name>> {
        let scope = self.scope();
        let count = scope.sources.len();
        if scope.hidden & 1_u64.checked_shl(source.into()).unwrap_or(0) != 0 {
            return Err(senseless(format!("of source {source} only partners are looked for, it returns nothing")));
        }
        let Some(columns) = scope.sources.get(usize::from(source)).cloned() else {
            let reason = format!("the query has {count} sources, there is no source {source} to return");
            return Err(senseless(reason));
        };
        Ok(self.names(&columns))
    }
}

/// How many values a key has. Keys that a query finds which is the first source are given to the one around it.
fn key_width(first: &Origin, keys: &[ColumnId]) -> usize {
    match first {
        Origin::Select(inner) => inner.key_width,
        _ => keys.len(),
    }
}

/// How many rows are expected to come out.
fn estimate(levels: &[crate::query::plan::Level], grouping: Option<&Grouping>) -> f64 {
    let rows: f64 = levels.iter().map(|it| it.estimate).product();
    match grouping {
        Some(it) if it.keys.is_empty() => 1.0,
        Some(_) => rows.sqrt().max(1.0),
        None => rows,
    }
}
