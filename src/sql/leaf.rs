//! What stands at the leaves of expressions in statements: columns, parameters, aggregates, windows, subqueries.

use super::Dialect;
use super::alias::alias;
use super::scalar::{Binding, Piece};
use super::select::{Naming, Renderer};
use crate::query::{
    Aggregate, Aggregation, FrameBound, FrameUnit, Leaf, Quantifier, Window, WindowFrame, WindowFunction,
};

impl Renderer<'_> {
    pub(super) fn leaf(&mut self, leaf: &Leaf) -> Piece {
        match leaf {
            Leaf::Column { up, source, name } => Piece::atom(self.column(*up, *source, name)),
            Leaf::Parameter(position) => Piece::atom(self.dialect.parameter(usize::from(*position))),
            Leaf::Aggregate(it) => self.aggregate(it),
            Leaf::Window(it) => self.window(it),
            Leaf::Exists(select) => Piece::atom(format!("EXISTS ({})", self.select(select))),
            Leaf::In(needle, select) => {
                let needle = match &needle[..] {
                    [only] => self.expr(only).within(Binding::Bits),
                    all => format!("({})", self.list(all)),
                };
                Piece::turnable(&needle, "IN", &format!("({})", self.select(select)))
            }
            Leaf::Quantified(needle, how, quantifier, select) => {
                let word = match quantifier {
                    Quantifier::Any => "ANY",
                    Quantifier::All => "ALL",
                };
                let needle = self.expr(needle).within(Binding::Bits);
                let text = format!("{needle} {} {word} ({})", how.symbol(), self.select(select));
                Piece::new(text, Binding::Comparison)
            }
            Leaf::Scalar(select) => Piece::atom(format!("({})", self.select(select))),
            Leaf::Output(position) => Piece::atom((position + 1).to_string()),
            Leaf::Default => Piece::atom("DEFAULT"),
            Leaf::Now => Piece::atom(self.dialect.now()),
        }
    }

    /// A column `up` selects outwards.
    pub(super) fn column(&self, up: u8, source: u8, name: &str) -> String {
        let name = self.dialect.name(name);
        match self.scopes.len().checked_sub(1 + usize::from(up)).map(|depth| (depth, self.scopes[depth])) {
            Some((_, Naming::Excluded)) if source == 1 => format!("excluded.{name}"),
            Some((_, Naming::Target)) if source == 0 => format!("{}.{name}", self.target),
            Some((depth, Naming::Aliases | Naming::Excluded | Naming::Target)) => {
                format!("{}.{name}", alias(depth, source))
            }
            Some((_, Naming::Plain)) | None => name.into_owned(),
        }
    }

    fn aggregate(&mut self, it: &Aggregation) -> Piece {
        let mut operands = match (&it.operands[..], self.dialect) {
            ([], _) => "*".to_owned(),
            ([_, _, ..], Dialect::Postgres) if it.function == Aggregate::Count => {
                format!("({})", self.list(&it.operands))
            }
            ([_, _, ..], Dialect::Sqlite) if it.function == Aggregate::Count => {
                // It takes one operand: a text that tells combinations apart.
                let quoted = it.operands.iter().map(|it| format!("quote({})", self.expr(it).alone()));
                quoted.collect::<Vec<_>>().join(" || ',' || ")
            }
            _ => self.list(&it.operands),
        };
        if it.function == Aggregate::Concat && it.operands.len() == 1 && self.dialect == Dialect::Postgres {
            operands += ", ','";
        }
        let distinct = if it.distinct { "DISTINCT " } else { "" };
        let order = match &it.order_by[..] {
            [] => String::new(),
            order => format!(" ORDER BY {}", self.orders(order)),
        };
        let filter = match &it.filter {
            None => String::new(),
            Some(it) => format!(" FILTER (WHERE {})", self.expr(it).alone()),
        };
        Piece::atom(format!("{}({distinct}{operands}{order}){filter}", self.aggregate_name(it.function)))
    }

    fn aggregate_name(&self, it: Aggregate) -> &'static str {
        match (it, self.dialect) {
            (Aggregate::Concat, Dialect::Postgres) => "string_agg",
            (other, _) => other.name(),
        }
    }

    fn window(&mut self, it: &Window) -> Piece {
        let (name, star) = match it.function {
            WindowFunction::Aggregate(function) => (self.aggregate_name(function), function == Aggregate::Count),
            other => (window_name(other), false),
        };
        let operands = if it.operands.is_empty() && star { "*".to_owned() } else { self.list(&it.operands) };
        let filter = match &it.filter {
            None => String::new(),
            Some(it) => format!(" FILTER (WHERE {})", self.expr(it).alone()),
        };
        let mut parts = Vec::new();
        if !it.partition_by.is_empty() {
            parts.push(format!("PARTITION BY {}", self.list(&it.partition_by)));
        }
        if !it.order_by.is_empty() {
            parts.push(format!("ORDER BY {}", self.orders(&it.order_by)));
        }
        if let Some(frame) = &it.frame {
            parts.push(self.frame(frame));
        }
        Piece::atom(format!("{name}({operands}){filter} OVER ({})", parts.join(" ")))
    }

    fn frame(&mut self, it: &WindowFrame) -> String {
        let unit = match it.unit {
            FrameUnit::Rows => "ROWS",
            FrameUnit::Range => "RANGE",
            FrameUnit::Groups => "GROUPS",
        };
        let (start, end) = (self.bound(&it.start, "PRECEDING"), self.bound(&it.end, "FOLLOWING"));
        format!("{unit} BETWEEN {start} AND {end}")
    }

    fn bound(&mut self, it: &FrameBound, unbounded: &str) -> String {
        match it {
            FrameBound::Unbounded => format!("UNBOUNDED {unbounded}"),
            FrameBound::Current => "CURRENT ROW".to_owned(),
            FrameBound::Preceding(it) => format!("{} PRECEDING", self.expr(it).within(Binding::Sum)),
            FrameBound::Following(it) => format!("{} FOLLOWING", self.expr(it).within(Binding::Sum)),
        }
    }
}

fn window_name(it: WindowFunction) -> &'static str {
    match it {
        WindowFunction::RowNumber => "row_number",
        WindowFunction::Rank => "rank",
        WindowFunction::DenseRank => "dense_rank",
        WindowFunction::PercentRank => "percent_rank",
        WindowFunction::CumulativeDistribution => "cume_dist",
        WindowFunction::Ntile => "ntile",
        WindowFunction::Lag => "lag",
        WindowFunction::Lead => "lead",
        WindowFunction::FirstValue => "first_value",
        WindowFunction::LastValue => "last_value",
        WindowFunction::NthValue => "nth_value",
        WindowFunction::Aggregate(it) => it.name(),
    }
}
