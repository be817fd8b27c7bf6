//! What can be told of the columns that a query brings without running it: their kinds, and whether they can be NULL.

use super::leaf::{Aggregate, Aggregation, Leaf, Window, WindowFunction};
use super::select::{Common, JoinKind, Output, Select, Source};
use super::views::View;
use crate::expr::{Expr, Type};
use crate::schema::{Name, Schema, Storage};
use crate::value::Kind;

/// How deeply views and queries may stand within each other; what is deeper is not looked into.
const DEPTH: usize = 64;

impl Schema {
    /// The types of the columns that a query brings, as far as they follow from what it says. A column that is said to be
    /// nullable may never be; one that is not is not.
    ///
    /// ```
    /// use diptych::{Aggregate, Column, Schema, Select, Table, aggregate, col, count};
    ///
    /// let schema = Schema::builder().table(Table::new("notes").auto_key("id").column(Column::text("body"))).build()?;
    /// let types = schema.types_of(&Select::from("notes").values([col("id"), aggregate(Aggregate::Max, col("body"))]));
    /// assert!(!types[0].nullable && types[1].nullable, "without notes, there is no greatest");
    /// # Ok::<(), diptych::Error>(())
    /// ```
    pub fn types_of(&self, select: &Select) -> Vec<Type> {
        Describer { schema: self, commons: Vec::new(), depth: 0 }.select(select, &[])
    }
}

/// The columns of one source: their names and types.
type Columns = Vec<(Name, Type)>;

struct Describer<'a> {
    schema: &'a Schema,
    /// The queries of the WITHs around.
    commons: Vec<(Name, Columns)>,
    depth: usize,
}

impl Describer<'_> {
    fn select(&mut self, select: &Select, around: &[Vec<Columns>]) -> Vec<Type> {
        if self.depth == DEPTH {
            return vec![Type::UNKNOWN; select.outputs.len()];
        }
        self.depth += 1;
        let known = self.commons.len();
        for common in &select.with {
            let columns = self.common(common, around);
            self.commons.push((common.name.clone(), columns));
        }
        let mut types = self.core(select, around);
        for compound in &select.compounds {
            let others = self.select(&compound.select, around);
            for (type_, other) in types.iter_mut().zip(others) {
                *type_ = either(*type_, other);
            }
        }
        self.commons.truncate(known);
        self.depth -= 1;
        types
    }

    fn common(&mut self, common: &Common, around: &[Vec<Columns>]) -> Columns {
        let mut types = Vec::new();
        if common.select.names_common(&common.name) {
            // What comes later may be NULL where what comes first is not.
            let first = Select { compounds: Vec::new(), ..common.select.clone() };
            types.extend(self.select(&first, around).into_iter().map(|it| Type { nullable: true, ..it }));
        } else {
            types = self.select(&common.select, around);
        }
        named(&common.columns, types)
    }

    /// What stands between SELECT and the first set operation.
    fn core(&mut self, select: &Select, around: &[Vec<Columns>]) -> Vec<Type> {
        let mut scopes = around.to_vec();
        scopes.push(Vec::new());
        let own = scopes.len() - 1;
        let first = self.source(&select.from, &scopes);
        scopes[own].push(first);
        for join in &select.joins {
            let mut columns = self.source(&join.source, &scopes);
            if matches!(join.kind, JoinKind::Left | JoinKind::Full) {
                nullable(&mut columns);
            }
            if matches!(join.kind, JoinKind::Right | JoinKind::Full) {
                scopes[own].iter_mut().for_each(nullable);
            }
            scopes[own].push(columns);
        }
        let groups = !select.group_by.is_empty();
        let mut types = Vec::new();
        for output in &select.outputs {
            match output {
                Output::Value(it) => types.push(self.expr(it, &scopes, groups)),
                Output::Row(source) => {
                    let columns = scopes[own].get(usize::from(*source));
                    types.extend(columns.into_iter().flatten().map(|it| it.1));
                }
            }
        }
        types
    }

    fn source(&mut self, source: &Source, scopes: &[Vec<Columns>]) -> Columns {
        match source {
            Source::Nothing => Vec::new(),
            Source::Table(name) => self.table(name),
            Source::Common(name) => {
                let found = self.commons.iter().rfind(|it| it.0 == *name);
                found.map(|it| it.1.clone()).unwrap_or_default()
            }
            Source::Select(select, names) => named(names, self.select(select, scopes)),
            Source::Values(rows, names) => {
                let mut types: Vec<Type> = Vec::new();
                for row in rows {
                    let row: Vec<Type> = row.iter().map(|it| self.expr(it, scopes, false)).collect();
                    types = if types.is_empty() { row } else { types.into_iter().zip(row).map(both).collect() };
                }
                named(names, types)
            }
        }
    }

    fn table(&mut self, name: &Name) -> Columns {
        if let Ok(table) = self.schema.table_named(name) {
            let column = |it: &crate::schema::ColumnSchema| {
                let kind = (it.storage == Storage::Strict).then_some(it.kind);
                (it.name.clone().into(), Type { kind, nullable: it.nullable })
            };
            return table.columns.iter().map(column).collect();
        }
        let views = self.schema.views();
        let Some(View { columns, select, .. }) = views.named(name) else { return Vec::new() };
        let commons = std::mem::take(&mut self.commons);
        let types = self.select(select, &[]);
        self.commons = commons;
        named(columns, types)
    }

    fn expr(&mut self, expr: &Expr<Leaf>, scopes: &[Vec<Columns>], groups: bool) -> Type {
        expr.typed(&mut |leaf| self.leaf(leaf, scopes, groups))
    }

    fn leaf(&mut self, leaf: &Leaf, scopes: &[Vec<Columns>], groups: bool) -> Type {
        match leaf {
            Leaf::Column { up, source, name } => {
                let scope = scopes.len().checked_sub(1 + usize::from(*up)).and_then(|it| scopes.get(it));
                let columns = scope.and_then(|it| it.get(usize::from(*source)));
                let column = columns.and_then(|it| it.iter().find(|it| it.0 == *name));
                column.map_or(Type::UNKNOWN, |it| it.1)
            }
            Leaf::Aggregate(it) => {
                let Aggregation { function, operands, filter, .. } = &**it;
                let operand = operands.first().map_or(Type::UNKNOWN, |it| self.expr(it, scopes, groups));
                let some = groups && filter.is_none() && !operand.nullable;
                aggregate(*function, operand.kind, !some)
            }
            Leaf::Window(it) => self.window(it, scopes, groups),
            Leaf::Exists(_) => Type { kind: Some(Kind::Bool), nullable: false },
            Leaf::In(..) | Leaf::Quantified(..) => Type { kind: Some(Kind::Bool), nullable: true },
            Leaf::Scalar(select) => {
                let kind = self.select(select, scopes).first().and_then(|it| it.kind);
                Type { kind, nullable: true }
            }
            Leaf::Now => Type { kind: Some(Kind::Text), nullable: false },
            Leaf::Parameter(_) | Leaf::Output(_) | Leaf::Default => Type::UNKNOWN,
        }
    }

    fn window(&mut self, window: &Window, scopes: &[Vec<Columns>], groups: bool) -> Type {
        use WindowFunction::{CumulativeDistribution, DenseRank, Ntile, PercentRank, Rank, RowNumber};
        let operand = window.operands.first().map_or(Type::UNKNOWN, |it| self.expr(it, scopes, groups));
        match window.function {
            RowNumber | Rank | DenseRank => Type { kind: Some(Kind::Int), nullable: false },
            Ntile => Type { kind: Some(Kind::Int), nullable: true },
            PercentRank | CumulativeDistribution => Type { kind: Some(Kind::Float), nullable: false },
            WindowFunction::Aggregate(function) => aggregate(function, operand.kind, true),
            // A third operand may be of another kind.
            _ => Type { kind: operand.kind.filter(|_| window.operands.len() < 3), nullable: true },
        }
    }
}

/// The type of an aggregate of operands of a kind, which may be of no operand.
fn aggregate(function: Aggregate, of: Option<Kind>, may_be_none: bool) -> Type {
    let (kind, nullable) = match function {
        Aggregate::Count => (Some(Kind::Int), false),
        Aggregate::Total => (Some(Kind::Float), false),
        Aggregate::Average => (Some(Kind::Float).filter(|_| matches!(of, Some(Kind::Int | Kind::Float))), may_be_none),
        Aggregate::Sum => (of.filter(|it| matches!(it, Kind::Int | Kind::Float)), may_be_none),
        Aggregate::Min | Aggregate::Max => (of, may_be_none),
        Aggregate::Concat => (Some(Kind::Text), may_be_none),
    };
    Type { kind, nullable }
}

fn named(names: &[Name], types: Vec<Type>) -> Columns {
    names.iter().cloned().zip(types).collect()
}

fn nullable(columns: &mut Columns) {
    columns.iter_mut().for_each(|it| it.1.nullable = true);
}

fn both((a, b): (Type, Type)) -> Type {
    either(a, b)
}

fn either(a: Type, b: Type) -> Type {
    Type { kind: a.kind.filter(|it| b.kind == Some(*it)), nullable: a.nullable || b.nullable }
}
