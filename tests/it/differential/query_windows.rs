//! Window functions of random queries.

use diptych::expr::Expr;
use diptych::query::{FrameBound, FrameUnit, Leaf, Nulls, OrderBy, Window, WindowFrame, WindowFunction};
use diptych::{Direction, Value};

use super::query::QueryWriter;

impl QueryWriter<'_> {
    /// A window function whose outcome does not depend on the order of rows that are equal in its own.
    pub(super) fn window(&mut self) -> Expr<Leaf> {
        let partition_by = (0..self.choices.weighted(&[3, 4, 1])).map(|_| self.number(0)).collect();
        let (order_by, total) = self.window_order();
        let function = self.window_function(total, !order_by.is_empty());
        let operands = self.operands(function);
        let counts = matches!(function, WindowFunction::Aggregate(_));
        let filter = (counts && self.choices.percent(20)).then(|| self.simple(0));
        let framed = counts
            || matches!(function, WindowFunction::FirstValue | WindowFunction::LastValue | WindowFunction::NthValue);
        let frame = if framed && self.choices.percent(70) { self.frame(&order_by, total) } else { None };
        let window = Window { function, operands, filter, partition_by, order_by, frame };
        Expr::Leaf(Leaf::Window(Box::new(window)))
    }

    /// A window function of a group and its neighbours, which reads what groups are made by and aggregates.
    pub(super) fn window_over_groups(&mut self, keys: &[Expr<Leaf>]) -> Expr<Leaf> {
        use WindowFunction::*;
        let functions = [
            Rank,
            DenseRank,
            PercentRank,
            CumulativeDistribution,
            Aggregate(diptych::Aggregate::Count),
            Aggregate(diptych::Aggregate::Sum),
            Aggregate(diptych::Aggregate::Max),
        ];
        let function = *self.choices.one(&functions);
        let of_group = |writer: &mut Self| match keys {
            [_, ..] if writer.choices.percent(40) => writer.choices.one(keys).clone(),
            _ => diptych::count(),
        };
        let operands = if matches!(function, Aggregate(_)) { vec![of_group(self)] } else { Vec::new() };
        let partition_by = (0..self.choices.weighted(&[3, 2])).map(|_| of_group(self)).collect();
        let order_by = (0..self.choices.weighted(&[1, 4, 1])).map(|_| OrderBy {
            by: if self.choices.percent(50) { self.aggregate() } else { of_group(self) },
            direction: if self.choices.percent(50) { Direction::Ascending } else { Direction::Descending },
            nulls: None,
        });
        let order_by = order_by.collect();
        let window = Window { function, operands, filter: None, partition_by, order_by, frame: None };
        Expr::Leaf(Leaf::Window(Box::new(window)))
    }

    /// An order, and whether it leaves no two rows equal.
    fn window_order(&mut self) -> (Vec<OrderBy>, bool) {
        let mut by: Vec<Expr<Leaf>> = (0..self.choices.weighted(&[2, 5, 2])).map(|_| self.number(0)).collect();
        let tables = self.scopes.last().is_some_and(|it| it.iter().all(|it| it.is_table || it.hidden));
        let total = tables && self.choices.percent(60);
        if total {
            by.extend(self.identities());
        }
        let mut order = Vec::new();
        for by in by {
            let direction = if self.choices.percent(50) { Direction::Ascending } else { Direction::Descending };
            let nulls = [None, None, Some(Nulls::First), Some(Nulls::Last)][self.choices.below(4)];
            order.push(OrderBy { by, direction, nulls });
        }
        (order, total)
    }

    /// What names the rows of every source that is a table.
    fn identities(&self) -> Vec<Expr<Leaf>> {
        let scope = self.scopes.last().into_iter().flatten().enumerate();
        let of = |source: usize| Expr::Leaf(Leaf::Column { up: 0, source: source as u8, name: "id".into() });
        scope.filter(|it| !it.1.hidden).map(|it| of(it.0)).collect()
    }

    fn window_function(&mut self, total: bool, ordered: bool) -> WindowFunction {
        use WindowFunction::*;
        let anywhere = [
            Rank,
            DenseRank,
            PercentRank,
            CumulativeDistribution,
            Aggregate(diptych::Aggregate::Count),
            Aggregate(diptych::Aggregate::Sum),
            Aggregate(diptych::Aggregate::Min),
            Aggregate(diptych::Aggregate::Max),
            Aggregate(diptych::Aggregate::Average),
        ];
        let by_place = [RowNumber, Ntile, Lag, Lead, FirstValue, LastValue, NthValue];
        if total && ordered && self.choices.percent(60) {
            *self.choices.one(&by_place)
        } else {
            *self.choices.one(&anywhere)
        }
    }

    fn operands(&mut self, function: WindowFunction) -> Vec<Expr<Leaf>> {
        use WindowFunction::*;
        match function {
            RowNumber | Rank | DenseRank | PercentRank | CumulativeDistribution => Vec::new(),
            Aggregate(diptych::Aggregate::Count) if self.choices.percent(40) => Vec::new(),
            Aggregate(_) | FirstValue | LastValue => vec![self.number(0)],
            Ntile => vec![self.choices.between(1, 4).into()],
            NthValue => vec![self.number(0), self.choices.between(1, 3).into()],
            Lag | Lead => {
                let mut all = vec![self.number(0)];
                let more = self.choices.below(3);
                if more > 0 {
                    all.push(self.choices.between(0, 3).into());
                }
                if more > 1 {
                    all.push(self.number(0));
                }
                all
            }
        }
    }

    /// A frame in which rows that are equal in the order are all or none, unless no two are.
    fn frame(&mut self, order: &[OrderBy], total: bool) -> Option<WindowFrame> {
        let by_value = order.len() == 1;
        let unit = match self.choices.below(3) {
            0 if total => FrameUnit::Rows,
            1 if !order.is_empty() => FrameUnit::Groups,
            _ => FrameUnit::Range,
        };
        let distance = unit != FrameUnit::Range || by_value;
        let mut bound = |end: bool, least: i64| {
            let by = |it: &mut Self, least: i64| Expr::Value(Value::Int(it.choices.between(least, 3)));
            match self.choices.below(if distance { 4 } else { 2 }) {
                0 => FrameBound::Unbounded,
                1 => FrameBound::Current,
                2 if end => FrameBound::Following(by(self, least)),
                2 => FrameBound::Preceding(by(self, least)),
                // Both ends on one side.
                _ if end => FrameBound::Following(by(self, 2)),
                _ => FrameBound::Preceding(by(self, 1)),
            }
        };
        let (start, end) = (bound(false, 0), bound(true, 0));
        Some(WindowFrame { unit, start, end })
    }
}
