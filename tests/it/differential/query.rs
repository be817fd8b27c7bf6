//! Random queries over two small tables: sources and joins of all kinds, groups, subqueries, set operations, WITH.

use diptych::expr::{Expr, Expression};
use diptych::query::{Compound, JoinKind, Leaf, Nulls, SetOperation, Source};
use diptych::{Direction, Select, Value};

use super::choices::Choices;

/// Both tables have these columns; the first three hold integers, the last one text.
pub(crate) const COLUMNS: [&str; 4] = ["id", "x", "y", "s"];
pub(crate) const TABLES: [&str; 2] = ["a", "b"];

/// A source as expressions see it.
pub(super) struct Readable {
    /// Its columns of numbers.
    pub(super) numbers: Vec<String>,
    /// Whether it is a table, with a column of text too.
    pub(super) is_table: bool,
    /// Whether anything but its own join may read it.
    pub(super) hidden: bool,
}

/// Which database reads the text of the queries.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Reader {
    /// It has no INTERSECT ALL and EXCEPT ALL, no ANY and ALL, and no LATERAL.
    Sqlite,
    /// It has all of these.
    Postgres,
}

/// Writes one query.
pub(crate) struct QueryWriter<'a> {
    pub(crate) choices: &'a mut Choices,
    pub(super) reader: Reader,
    /// The sources of each select, from the outermost one inwards.
    pub(super) scopes: Vec<Vec<Readable>>,
    /// How many columns each query of the outermost WITH has.
    common: Vec<usize>,
}

/// The names of the columns of a query that is a source.
fn columns(width: usize) -> Vec<String> {
    (0..width).map(|it| format!("c{it}")).collect()
}

impl<'a> QueryWriter<'a> {
    pub(crate) fn new(choices: &'a mut Choices) -> Self {
        QueryWriter { choices, reader: Reader::Sqlite, scopes: Vec::new(), common: Vec::new() }
    }

    /// The same for another reader.
    #[allow(dead_code, reason = "the comparison with PostgreSQL is a package of its own")]
    pub(crate) fn for_reader(self, reader: Reader) -> Self {
        QueryWriter { reader, ..self }
    }

    /// A query of numbers, in an order that leaves nothing open where it is cut off.
    pub(crate) fn query(&mut self) -> Select {
        let mut with = Vec::new();
        for at in 0..self.choices.weighted(&[80, 15, 5]) {
            let width = 1 + self.choices.below(2);
            let name = format!("w{at}");
            let select = if self.choices.percent(35) { self.recursive(&name, width) } else { self.alone(width, 1) };
            with.push((name, width, select));
            self.common.push(width);
        }
        let width = 1 + self.choices.below(3);
        let mut select = self.compound(width, 2);
        if self.choices.percent(60) {
            select = self.ordered(select, width);
        }
        with.into_iter().fold(select, |all, (name, width, select)| all.with(name, columns(width), select))
    }

    /// A query that reads nothing around it.
    fn alone(&mut self, width: usize, depth: usize) -> Select {
        let around = std::mem::take(&mut self.scopes);
        let select = self.compound(width, depth);
        self.scopes = around;
        select
    }

    /// A query that counts up, or that follows rows from one to the next until no new ones come.
    fn recursive(&mut self, name: &str, width: usize) -> Select {
        let around = std::mem::take(&mut self.scopes);
        let first = self.part(width, 0);
        let itself = Source::Common(name.to_owned().into());
        let read = |at: usize| Expr::Leaf(Leaf::Column { up: 0, source: 0, name: format!("c{at}").into() });
        let union = if self.choices.percent(50) {
            let more = (0..width).map(|at| if at == 0 { read(0).plus(1) } else { read(at) });
            let last = self.choices.between(2, 5);
            first.compound_all(SetOperation::Union, Select::from(itself).filter(read(0).lt(last)).values(more))
        } else {
            let table = self.choices.one(&TABLES);
            let column = |name: &'static str| Expr::Leaf(Leaf::Column { up: 0, source: 1, name: name.into() });
            let (from, to) = (COLUMNS[self.choices.below(3)], COLUMNS[self.choices.below(3)]);
            let more = (0..width).map(|at| if at == 0 { column(to) } else { read(at) });
            let next = Select::from(itself).join(*table, read(0).eq(column(from))).values(more);
            first.compound(SetOperation::Union, next)
        };
        self.scopes = around;
        union
    }

    fn compound(&mut self, width: usize, depth: usize) -> Select {
        let mut select = self.part(width, depth);
        if depth > 0 && self.choices.percent(12) {
            for _ in 0..1 + self.choices.below(2) {
                let all = [SetOperation::Union, SetOperation::Intersect, SetOperation::Except];
                let operation = *self.choices.one(&all);
                let has_all = operation == SetOperation::Union || self.reader == Reader::Postgres;
                let all = has_all && self.choices.percent(40);
                let part = self.part(width, depth - 1);
                select.compounds.push(Compound { operation, all, select: part });
            }
        }
        select
    }

    /// A select without order and limit.
    fn part(&mut self, width: usize, depth: usize) -> Select {
        self.scopes.push(Vec::new());
        let mut select = self.from(depth);
        let mut outputs: Vec<Expr<Leaf>> = Vec::new();
        if self.choices.percent(30) {
            outputs.extend((0..self.choices.below(width + 1)).map(|_| self.number(0)));
            select = select.group_by(outputs.clone());
            let having = self.choices.percent(30);
            let keys = outputs.clone();
            outputs.extend((outputs.len()..width).map(|_| self.aggregate()));
            if !keys.is_empty() && outputs.len() > keys.len() && self.choices.percent(20) {
                outputs[width - 1] = self.window_over_groups(&keys);
            }
            if having {
                select = select.having(self.aggregate().compare(self.comparison(), self.constant()));
            }
        } else {
            outputs.extend((0..width).map(|_| self.output(depth)));
            if self.choices.percent(15) {
                let at = self.choices.below(width);
                outputs[at] = self.window();
            }
        }
        if self.choices.percent(20) {
            select = select.distinct();
        }
        self.scopes.pop();
        select.values(outputs)
    }

    /// Puts the rows into an order by one output, so that an index may give it, or by all of them; only then may rows be
    /// cut off.
    fn ordered(&mut self, mut select: Select, width: usize) -> Select {
        let compound = !select.compounds.is_empty();
        let outputs = select.outputs.clone();
        let by = |at: usize, writer: &mut Self| match &outputs[at] {
            diptych::query::Output::Value(it @ Expr::Leaf(Leaf::Column { .. } | Leaf::Aggregate(_)))
                if !compound && writer.choices.percent(70) =>
            {
                it.clone()
            }
            _ => Expr::Leaf(Leaf::Output(at as u16)),
        };
        let count = if self.choices.percent(60) { width } else { 1 };
        for at in 0..count {
            let direction = if self.choices.percent(50) { Direction::Ascending } else { Direction::Descending };
            let by = by(at, self);
            select = match self.choices.below(4) {
                0 => select.order_by_nulls(by, direction, Nulls::First),
                1 => select.order_by_nulls(by, direction, Nulls::Last),
                _ => select.order_by(by, direction),
            };
        }
        if count == width {
            if self.choices.percent(50) {
                select = select.limit(self.choices.below(6) as u64);
            }
            if self.choices.percent(30) {
                select.limit.get_or_insert(100.into());
                select = select.offset(self.choices.below(4) as u64);
            }
        }
        select
    }

    fn source(&mut self, depth: usize) -> (Source, Readable) {
        let readable = |numbers: Vec<String>| Readable { numbers, is_table: false, hidden: false };
        match self.choices.weighted(&[80, 10, 10, 4]) {
            1 if depth > 0 => {
                let width = 1 + self.choices.below(3);
                let select = self.alone(width, depth - 1);
                (Source::select(select, columns(width)), readable(columns(width)))
            }
            2 if !self.common.is_empty() => {
                let at = self.choices.below(self.common.len());
                (Source::Common(format!("w{at}").into()), readable(columns(self.common[at])))
            }
            3 => {
                let width = 1 + self.choices.below(2);
                let rows = (0..1 + self.choices.below(3)).map(|_| (0..width).map(|_| self.constant()).collect());
                let names = columns(width).into_iter().map(Into::into).collect();
                (Source::Values(rows.collect(), names), readable(columns(width)))
            }
            _ => {
                let numbers = COLUMNS[..3].iter().map(|it| it.to_string()).collect();
                (Source::from(TABLES[self.choices.below(2)]), Readable { numbers, is_table: true, hidden: false })
            }
        }
    }

    /// A query that reads the sources before it.
    fn lateral(&mut self) -> (Source, Readable) {
        let grouped = self.choices.percent(40);
        let select = self.around(|writer| if grouped { writer.aggregate() } else { writer.number(0) });
        let readable = Readable { numbers: columns(1), is_table: false, hidden: false };
        (Source::select(select, columns(1)), readable)
    }

    fn add(&mut self, readable: Readable) {
        self.scopes.last_mut().expect("a select is open").push(readable);
    }

    /// The sources and conditions of a subquery.
    pub(super) fn sources_inside(&mut self) -> Select {
        self.from(1)
    }

    fn from(&mut self, depth: usize) -> Select {
        let (source, readable) = self.source(depth);
        let is_table = readable.is_table;
        self.add(readable);
        let mut select = Select::from(source);
        // A join that drops what it has looked at comes last: then it says the same as a condition with EXISTS.
        let mut filters = false;
        for at in 1..=self.choices.weighted(&[5, 4, 1]) {
            let kind = match self.choices.weighted(&[40, 30, 8, 8, 8, 8]) {
                0 if filters => JoinKind::Semi,
                0 => JoinKind::Inner,
                1 if filters => JoinKind::Anti,
                1 => JoinKind::Left,
                2 if !filters => JoinKind::Right,
                3 if !filters => JoinKind::Full,
                4 => JoinKind::Semi,
                _ => JoinKind::Anti,
            };
            filters = matches!(kind, JoinKind::Semi | JoinKind::Anti);
            let lateral = self.reader == Reader::Postgres && matches!(kind, JoinKind::Inner | JoinKind::Left);
            let (source, readable) =
                if lateral && self.choices.percent(15) { self.lateral() } else { self.source(depth) };
            self.add(readable);
            let on = if self.choices.percent(8) && !filters {
                Expr::And(Vec::new())
            } else {
                let partner = self.of_source(at).eq(self.number_below(at));
                if self.choices.percent(30) { partner.and(self.simple(0)) } else { partner }
            };
            self.scopes.last_mut().expect("a select is open")[at].hidden = filters;
            select = select.join_as(kind, source, on);
        }
        if self.choices.percent(25) && is_table {
            // What an index serves best, and what its next column may go on from.
            let name = COLUMNS[self.choices.below(3)];
            let column: Expr<Leaf> = Expr::Leaf(Leaf::Column { up: 0, source: 0, name: name.into() });
            select = select.filter(column.eq(Value::Int(self.choices.between(0, 2))));
        }
        for _ in 0..self.choices.weighted(&[3, 2, 1]) {
            let condition = self.condition(depth);
            select = select.filter(condition);
        }
        select
    }
}
