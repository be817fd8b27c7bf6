//! Expressions of random queries.

use diptych::expr::{Arithmetic, Case, Comparison, Expr, Expression};
use diptych::query::{Aggregation, Leaf, Quantifier, aggregate_distinct};
use diptych::{Aggregate, Select, Value, aggregate, count};

use super::query::{QueryWriter, Reader};

impl QueryWriter<'_> {
    fn column(&mut self, up: u8, sources: &[usize]) -> Expr<Leaf> {
        let source = *self.choices.one(sources);
        let scope = self.scopes.len() - 1 - usize::from(up);
        let name = self.choices.one(&self.scopes[scope][source].numbers).clone();
        Expr::Leaf(Leaf::Column { up, source: source as u8, name: name.into() })
    }

    /// A column of one source, which has just been added.
    pub(super) fn of_source(&mut self, source: usize) -> Expr<Leaf> {
        self.column(0, &[source])
    }

    /// A column of a source before this one.
    pub(super) fn number_below(&mut self, source: usize) -> Expr<Leaf> {
        let scope = self.scopes.last().expect("a select is open");
        let sources: Vec<usize> = (0..source).filter(|it| !scope[*it].hidden).collect();
        self.column(0, &sources)
    }

    /// A column of any source.
    pub(super) fn number(&mut self, up: u8) -> Expr<Leaf> {
        let scope = &self.scopes[self.scopes.len() - 1 - usize::from(up)];
        let sources: Vec<usize> = (0..scope.len()).filter(|it| !scope[*it].hidden).collect();
        self.column(up, &sources)
    }

    pub(super) fn constant(&mut self) -> Expr<Leaf> {
        if self.choices.percent(4) {
            return Expr::Value(Value::Null);
        }
        Expr::Value(Value::Int(self.choices.between(-1, 6)))
    }

    pub(super) fn comparison(&mut self) -> Comparison {
        use Comparison::*;
        [Equal, Equal, Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual][self.choices.below(8)]
    }

    /// What comes out: mostly a column.
    pub(super) fn output(&mut self, depth: usize) -> Expr<Leaf> {
        match self.choices.weighted(&[70, 8, 8, 6]) {
            1 => self.number(0).arithmetic(Arithmetic::Add, self.constant()),
            2 => {
                let arms = (0..1 + self.choices.below(2)).map(|_| (self.condition(0), self.number(0)));
                let arms = arms.collect();
                let otherwise = self.choices.percent(60).then(|| self.constant());
                Expr::Case(Box::new(Case { arms, otherwise }))
            }
            3 if depth > 0 => {
                let select = self.around(|writer| writer.aggregate());
                Expr::Leaf(Leaf::Scalar(Box::new(select)))
            }
            _ => self.number(0),
        }
    }

    pub(super) fn aggregate(&mut self) -> Expr<Leaf> {
        use Aggregate::*;
        if self.choices.percent(30) {
            return count();
        }
        match [Some(Count), None, Some(Sum), Some(Min), Some(Max), Some(Average), Some(Total)][self.choices.below(7)] {
            Some(which) if self.choices.percent(20) => {
                let filter = Some(self.simple(0));
                Aggregation { filter, ..Aggregation::of(which, self.number(0)) }.expr()
            }
            Some(which) => aggregate(which, self.number(0)),
            None => aggregate_distinct(*self.choices.one(&[Count, Sum, Average]), self.number(0)),
        }
    }

    /// A comparison that an index may serve.
    pub(super) fn simple(&mut self, up: u8) -> Expr<Leaf> {
        let column = self.number(up);
        match self.choices.below(7) {
            0 => column.in_list((0..1 + self.choices.below(4)).map(|_| self.constant()).collect::<Vec<_>>()),
            1 => column.is_null(),
            2 => match self.text() {
                Some(text) => {
                    text.compare(self.comparison(), Expr::Value(["p", "q", "r"][self.choices.below(3)].into()))
                }
                None => column.is_not_null(),
            },
            3 => self.constant().compare(self.comparison(), column),
            4 => Expr::Same(Box::new(column), Box::new(self.number(up))),
            _ => column.compare(self.comparison(), self.constant()),
        }
    }

    fn text(&mut self) -> Option<Expr<Leaf>> {
        let scope = self.scopes.last().expect("a select is open");
        let tables: Vec<usize> = (0..scope.len()).filter(|it| scope[*it].is_table && !scope[*it].hidden).collect();
        let source = *tables.get(self.choices.below(tables.len().max(1)))?;
        Some(Expr::Leaf(Leaf::Column { up: 0, source: source as u8, name: "s".into() }))
    }

    pub(super) fn condition(&mut self, depth: usize) -> Expr<Leaf> {
        match self.choices.weighted(&[10, 2, 2, 2, 2, 4]) {
            1 if depth > 0 => self.condition(depth - 1).or(self.condition(depth - 1)),
            2 if depth > 0 => self.condition(depth - 1).negated(),
            3 => {
                let sum = self.number(0).arithmetic(Arithmetic::Add, self.constant());
                sum.compare(self.comparison(), self.number(0))
            }
            4 => self.number(0).compare(self.comparison(), self.number(0)),
            5 if depth > 0 && self.scopes.len() < 3 => self.subquery(),
            _ => self.simple(0),
        }
    }

    /// A select of one thing, correlated or not.
    pub(super) fn around(&mut self, of: impl FnOnce(&mut Self) -> Expr<Leaf>) -> Select {
        self.scopes.push(Vec::new());
        let mut select = self.sources_inside();
        if self.choices.percent(60) {
            let condition = self.of_source(0).compare(self.comparison(), self.number(1));
            select = select.filter(condition);
        }
        let select = select.values([of(self)]);
        self.scopes.pop();
        select
    }

    /// EXISTS, IN of one or two columns, ANY or ALL, or a scalar.
    fn subquery(&mut self) -> Expr<Leaf> {
        let needle = self.number(0);
        if self.reader == Reader::Postgres && self.choices.percent(30) {
            let quantifier = *self.choices.one(&[Quantifier::Any, Quantifier::All]);
            let how = self.comparison();
            let select = self.around(|writer| writer.number(0));
            return Expr::Leaf(Leaf::Quantified(Box::new(needle), how, quantifier, Box::new(select)));
        }
        match self.choices.below(4) {
            0 => Expr::Leaf(Leaf::Exists(Box::new(self.around(|writer| writer.number(0))))),
            1 => Expr::Leaf(Leaf::In(vec![needle], Box::new(self.around(|writer| writer.number(0))))),
            2 => {
                let second = self.number(0);
                let mut another = None;
                let mut select = self.around(|writer| {
                    another = Some(writer.number(0));
                    writer.number(0)
                });
                select.outputs.extend(another.map(diptych::query::Output::Value));
                Expr::Leaf(Leaf::In(vec![needle, second], Box::new(select)))
            }
            _ => {
                let how = self.comparison();
                let select = self.around(|writer| writer.aggregate());
                needle.compare(how, Expr::Leaf(Leaf::Scalar(Box::new(select))))
            }
        }
    }
}
