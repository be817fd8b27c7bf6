//! Random expressions of every kind, and statements that hold them, over a table with a column of each kind.

use diptych::expr::{Arithmetic, Case, Cast, Comparison, Expr, Expression, Function, Like, Matching};
use diptych::query::{ConflictAction, Leaf, Nulls, OnConflict, Output, Quantifier, Source};
use diptych::value::Truth;
use diptych::{
    Aggregate, Column, Connection, Control, Database, Delete, Direction, Insert, Kind, Schema, Select, Statement,
    Table, Update, Value, aggregate, count,
};

use crate::differential::choices::Choices;

/// The columns of both tables, with their kinds. One of the names needs quotes, one is a word of SQL.
pub(super) const COLUMNS: [(&str, Kind); 6] = [
    ("id", Kind::Int),
    ("Number", Kind::Int),
    ("weight", Kind::Float),
    ("order", Kind::Text),
    ("done", Kind::Bool),
    ("raw", Kind::Bytes),
];
const TABLES: [&str; 2] = ["things", "Other Things"];

/// Both tables with a few rows.
pub(super) fn database(choices: &mut Choices) -> Database {
    let mut schema = Schema::builder();
    for name in TABLES {
        let table = COLUMNS[1..].iter().fold(Table::new(name).column(Column::int("id")), |table, (name, kind)| {
            table.column(Column::new(*name, *kind).nullable())
        });
        schema = schema.table(table.primary_key(["id"]).unique(["Number", "order"]));
    }
    let database = Database::new(schema.build().unwrap());
    let mut connection = database.connect();
    for name in TABLES {
        for id in 0..choices.between(0, 4) {
            let cells = COLUMNS[1..].iter().map(|(_, kind)| value(choices, *kind).into());
            let row: Vec<Expr<Leaf>> = std::iter::once(Expr::from(id)).chain(cells).collect();
            // A row that a unique key refuses is not there.
            let _ = connection.execute(Insert::into(name, COLUMNS.map(|it| it.0)).row(row));
        }
    }
    connection.control(Control::Commit).unwrap();
    database
}

/// A scalar of a kind, those that are hard to write among them.
pub(super) fn value(choices: &mut Choices, kind: Kind) -> Value {
    if choices.percent(12) {
        return Value::Null;
    }
    match kind {
        Kind::Int => Value::Int(*choices.one(&[0, 1, 2, 3, -1, 7, i64::MAX, i64::MIN, -9_007_199_254_740_993])),
        Kind::Float => Value::Float(*choices.one(&[
            0.0,
            -0.0,
            1.0,
            -2.5,
            0.1,
            1e300,
            5e-324,
            1e21,
            123_456_789.123,
            f64::INFINITY,
            f64::NEG_INFINITY,
        ])),
        Kind::Text => {
            (*choices.one(&["", "a", "it's", "\"q\"", "é%_\\", "a\0b", "--", "NULL", "1", "x\ny", "$1 ?"])).into()
        }
        Kind::Bool => Value::Bool(choices.percent(50)),
        _ => Value::from(*choices.one(&[&b""[..], b"\x00", b"\xff\xfe", b"abc"])),
    }
}

/// Writes expressions and statements. Sources stand in scopes, from the outermost select inwards, each by how many there
/// are: each is one of the tables.
pub(super) struct Writer<'a> {
    pub(super) choices: &'a mut Choices,
    scopes: Vec<u8>,
}

type E = Expr<Leaf>;

impl<'a> Writer<'a> {
    pub(super) fn new(choices: &'a mut Choices) -> Self {
        Writer { choices, scopes: Vec::new() }
    }

    fn kind(&mut self) -> Kind {
        COLUMNS[1 + self.choices.below(5)].1
    }

    fn column(&mut self, kind: Kind) -> E {
        let up = if self.scopes.len() > 1 && self.choices.percent(30) { 1 } else { 0 };
        let Some(count) = self.scopes.iter().rev().nth(up).filter(|it| **it > 0) else {
            return value(self.choices, kind).into();
        };
        let source = self.choices.below(usize::from(*count)) as u8;
        let all: Vec<&str> = COLUMNS.iter().filter(|it| it.1 == kind).map(|it| it.0).collect();
        let name = (*self.choices.one(&all)).into();
        Expr::Leaf(Leaf::Column { up: up as u8, source, name })
    }

    /// An expression of a kind.
    pub(super) fn expr(&mut self, kind: Kind, depth: usize) -> E {
        match self.choices.weighted(&[3, 3, if depth > 0 { 8 } else { 0 }]) {
            0 => value(self.choices, kind).into(),
            1 => self.column(kind),
            _ if self.choices.percent(20) => self.of_any(kind, depth - 1),
            _ => match kind {
                Kind::Int => self.int(depth - 1),
                Kind::Float => self.float(depth - 1),
                Kind::Text => self.text(depth - 1),
                Kind::Bool => self.bool(depth - 1),
                _ => self.column(kind),
            },
        }
    }

    fn of_any(&mut self, kind: Kind, depth: usize) -> E {
        match self.choices.below(5) {
            0 => {
                let arms = (0..1 + self.choices.below(2)).map(|_| (self.bool(depth), self.expr(kind, depth))).collect();
                let otherwise = self.choices.percent(60).then(|| self.expr(kind, depth));
                Expr::Case(Box::new(Case { arms, otherwise }))
            }
            1 => Expr::Call(Function::Coalesce, vec![self.expr(kind, depth), self.expr(kind, depth)]),
            2 => Expr::Call(Function::Nullif, vec![self.expr(kind, depth), self.expr(kind, depth)]),
            3 => {
                let which = *self.choices.one(&[Aggregate::Min, Aggregate::Max]);
                let select = self.inner(|it| aggregate(which, it.column(kind)), depth);
                Expr::Leaf(Leaf::Scalar(Box::new(select)))
            }
            _ => {
                let which = *self.choices.one(&[Function::Least, Function::Greatest]);
                Expr::Call(which, vec![self.expr(kind, depth), self.expr(kind, depth)])
            }
        }
    }

    fn int(&mut self, depth: usize) -> E {
        use Arithmetic::*;
        let all = [Add, Subtract, Multiply, Divide, Remainder, BitAnd, BitOr, ShiftLeft, ShiftRight];
        match self.choices.below(9) {
            0..=3 => {
                let how = *self.choices.one(&all);
                Expr::Arithmetic(how, Box::new(self.expr(Kind::Int, depth)), Box::new(self.expr(Kind::Int, depth)))
            }
            4 => {
                let which = *self.choices.one(&[Function::Abs, Function::Sign, Function::Negate, Function::BitNot]);
                // A minus sign before a number is a part of it.
                Expr::Call(which, vec![self.column(Kind::Int).plus(self.expr(Kind::Int, depth))])
            }
            5 => Expr::Call(Function::Length, vec![self.expr(Kind::Text, depth)]),
            6 => Expr::Call(Function::Instr, vec![self.expr(Kind::Text, depth), self.expr(Kind::Text, depth)]),
            7 => Expr::Cast(Cast::To(Kind::Int), Box::new(self.expr(Kind::Bool, depth))),
            _ => {
                let select = self.inner(|_| count(), depth);
                Expr::Leaf(Leaf::Scalar(Box::new(select)))
            }
        }
    }

    fn float(&mut self, depth: usize) -> E {
        use Arithmetic::*;
        let kind = if self.choices.percent(70) { Kind::Float } else { Kind::Int };
        match self.choices.below(5) {
            0..=2 => {
                let how = *self.choices.one(&[Add, Subtract, Multiply, Divide]);
                Expr::Arithmetic(how, Box::new(self.expr(Kind::Float, depth)), Box::new(self.expr(kind, depth)))
            }
            3 => Expr::Call(Function::Round, vec![self.expr(Kind::Float, depth)]),
            _ => Expr::Cast(Cast::To(Kind::Float), Box::new(self.expr(Kind::Int, depth))),
        }
    }

    fn text(&mut self, depth: usize) -> E {
        use Function::*;
        let text = |it: &mut Self| it.expr(Kind::Text, depth);
        match self.choices.below(8) {
            0 => Expr::Call(Concat, vec![text(self), text(self)]),
            1 => Expr::Call(*self.choices.one(&[Lower, Upper, Trim, Ltrim, Rtrim, Reverse]), vec![text(self)]),
            2 => Expr::Call(Replace, vec![text(self), text(self), text(self)]),
            3 => {
                let (from, count) = (self.choices.between(-2, 3), self.choices.between(0, 3));
                Expr::Call(Substring, vec![text(self), from.into(), count.into()])
            }
            4 => Expr::Call(*self.choices.one(&[Left, Right]), vec![text(self), self.choices.between(-2, 3).into()]),
            5 => Expr::Call(*self.choices.one(&[Trim, Ltrim, Rtrim]), vec![text(self), text(self)]),
            6 => Expr::Cast(Cast::To(Kind::Text), Box::new(self.expr(Kind::Int, depth))),
            _ => Expr::Call(SplitPart, vec![text(self), text(self), 1.into()]),
        }
    }

    /// A condition.
    pub(super) fn bool(&mut self, depth: usize) -> E {
        use Comparison::*;
        let how = *self.choices.one(&[Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual]);
        let kind = self.kind();
        if depth == 0 {
            return self.column(kind).compare(how, value(self.choices, kind));
        }
        let depth = depth - 1;
        match self.choices.below(13) {
            0 | 1 => self.expr(kind, depth).compare(how, self.expr(kind, depth)),
            2 => Expr::And((0..2 + self.choices.below(2)).map(|_| self.bool(depth)).collect()),
            3 => Expr::Or((0..2 + self.choices.below(2)).map(|_| self.bool(depth)).collect()),
            4 => self.bool(depth).negated(),
            5 => self.expr(kind, depth).is_null(),
            6 => {
                let truth = *self.choices.one(&[Truth::True, Truth::False, Truth::Unknown]);
                Expr::Is(truth, Box::new(self.bool(depth)))
            }
            7 => Expr::Same(Box::new(self.column(kind)), Box::new(self.expr(kind, depth))),
            8 => {
                let list = (0..self.choices.between(1, 3)).map(|_| self.expr(kind, depth)).collect::<Vec<_>>();
                Expr::InList(Box::new(self.expr(kind, depth)), list)
            }
            9 => {
                let matching = *self.choices.one(&[Matching::Exact, Matching::AnyCase]);
                let escape = self.choices.percent(30).then(|| "!".into());
                let (text, pattern) = (self.expr(Kind::Text, depth), self.expr(Kind::Text, depth));
                Expr::Like(Box::new(Like { matching, text, pattern, escape }))
            }
            10 => {
                let select = self.inner(|it| it.column(kind), depth);
                Expr::Leaf(Leaf::Exists(Box::new(select)))
            }
            11 => {
                let needle = self.expr(kind, depth);
                let select = self.inner(|it| it.column(kind), depth);
                Expr::Leaf(Leaf::In(vec![needle], Box::new(select)))
            }
            _ => {
                let needle = self.expr(kind, depth);
                let quantifier = *self.choices.one(&[Quantifier::Any, Quantifier::All]);
                let select = self.inner(|it| it.column(kind), depth);
                Expr::Leaf(Leaf::Quantified(Box::new(needle), how, quantifier, Box::new(select)))
            }
        }
    }

    fn table(&mut self) -> Source {
        Source::from(*self.choices.one(&TABLES))
    }

    /// A select of one thing.
    fn inner(&mut self, of: impl FnOnce(&mut Self) -> E, depth: usize) -> Select {
        self.scopes.push(1);
        let mut select = Select::from(self.table());
        if self.choices.percent(60) {
            select = select.filter(self.bool(depth.min(1)));
        }
        let select = select.values([of(self)]);
        self.scopes.pop();
        select
    }

    /// A query in an order that leaves nothing open.
    pub(super) fn select(&mut self) -> Select {
        self.scopes.push(1);
        let mut select = Select::from(self.table());
        if self.choices.percent(35) {
            self.scopes.pop();
            self.scopes.push(2);
            let (source, on) = (self.table(), self.bool(2));
            select = if self.choices.percent(50) { select.join(source, on) } else { select.left_join(source, on) };
        }
        for _ in 0..self.choices.below(2) {
            select = select.filter(self.bool(3));
        }
        let width = 1 + self.choices.below(3);
        let outputs: Vec<E> =
            (0..width).map(|_| self.kind()).collect::<Vec<_>>().into_iter().map(|it| self.expr(it, 3)).collect();
        select = select.values(outputs);
        if self.choices.percent(20) {
            select = select.distinct();
        }
        if self.choices.percent(50) {
            for at in 0..width {
                let direction = if self.choices.percent(50) { Direction::Ascending } else { Direction::Descending };
                let by = Expr::Leaf(Leaf::Output(at as u16));
                select = match self.choices.below(3) {
                    0 => select.order_by_nulls(by, direction, Nulls::First),
                    1 => select.order_by_nulls(by, direction, Nulls::Last),
                    _ => select.order_by(by, direction),
                };
            }
            if self.choices.percent(50) {
                select = select.limit(self.choices.below(5) as u64).offset(self.choices.below(2) as u64);
            }
        }
        self.scopes.pop();
        select
    }

    fn returning(&mut self) -> Vec<Output> {
        match self.choices.below(3) {
            0 => vec![Output::Row(0)],
            1 => {
                self.scopes.push(1);
                let all = vec![Output::Value(self.column(Kind::Int)), Output::Value(self.expr(Kind::Text, 2))];
                self.scopes.pop();
                all
            }
            _ => Vec::new(),
        }
    }

    fn set(&mut self) -> Vec<(diptych::schema::Name, E)> {
        let first = 1 + self.choices.below(4);
        let all = COLUMNS[first..first + 1 + self.choices.below(2)].iter();
        all.map(|(name, kind)| ((*name).into(), self.expr(*kind, 2))).collect()
    }

    fn insert(&mut self) -> Insert {
        let table = *self.choices.one(&TABLES);
        let mut insert = Insert::into(table, COLUMNS.map(|it| it.0));
        if self.choices.percent(30) {
            self.scopes.extend([0, 1]);
            let cells = COLUMNS[1..].iter().map(|it| self.expr(it.1, 2)).collect::<Vec<_>>();
            let select = Select::from(*self.choices.one(&TABLES)).filter(self.bool(2));
            let id = Expr::Leaf(Leaf::Column { up: 0, source: 0, name: "id".into() }).plus(self.choices.between(0, 9));
            insert = insert.select(select.values(std::iter::once(id).chain(cells)));
            self.scopes.truncate(self.scopes.len() - 2);
        } else {
            self.scopes.push(0);
            for _ in 0..1 + self.choices.below(2) {
                let cells = COLUMNS[1..].iter().map(|it| self.expr(it.1, 2)).collect::<Vec<_>>();
                insert = insert.row(std::iter::once(self.choices.between(0, 9).into()).chain(cells));
            }
            self.scopes.pop();
        }
        if self.choices.percent(50) {
            let action = match self.choices.below(3) {
                0 => ConflictAction::Nothing,
                _ => {
                    self.scopes.push(2);
                    let set = self.set();
                    let filter = self.choices.percent(30).then(|| self.bool(2));
                    self.scopes.pop();
                    ConflictAction::Update { set, filter }
                }
            };
            insert = insert.on_conflict(OnConflict { target: vec!["id".into()], target_filter: None, action });
        }
        insert.returning = self.returning();
        insert
    }

    /// A statement of any sort.
    pub(super) fn statement(&mut self) -> Statement {
        let table = *self.choices.one(&TABLES);
        let joined = self.choices.percent(25);
        match self.choices.below(6) {
            0..=2 => self.select().into(),
            3 => self.insert().into(),
            4 => {
                let mut update = Update::table(table);
                self.scopes.push(1 + u8::from(joined));
                if joined {
                    update = update.join(self.table(), self.bool(1));
                }
                update.set = self.set();
                update.filter = self.choices.percent(70).then(|| self.bool(3));
                self.scopes.pop();
                update.returning = if joined { Vec::new() } else { self.returning() };
                update.into()
            }
            _ => {
                let mut delete = Delete::from(table);
                self.scopes.push(1 + u8::from(joined));
                if joined {
                    delete = delete.join(self.table(), self.bool(1));
                }
                delete.filter = self.choices.percent(70).then(|| self.bool(3));
                self.scopes.pop();
                delete.returning = if joined { Vec::new() } else { self.returning() };
                delete.into()
            }
        }
    }
}
