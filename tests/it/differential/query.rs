//! Random queries over two small tables, and the same queries as SQL.

use diptych::expr::{Arithmetic, Comparison, Expr, Expression};
use diptych::query::{JoinKind, Leaf, Output, Source, aggregate_distinct};
use diptych::{Aggregate, Direction, Select, Value, aggregate, count};

use super::choices::Choices;

/// Both tables have these columns; the first three hold integers, the last one text.
pub(crate) const COLUMNS: [&str; 4] = ["id", "x", "y", "s"];
pub(crate) const TABLES: [&str; 2] = ["a", "b"];

/// Writes one query.
pub(crate) struct QueryWriter<'a> {
    pub(crate) choices: &'a mut Choices,
    /// How many sources each select has, from the outermost one inwards.
    sources: Vec<u8>,
}

impl<'a> QueryWriter<'a> {
    pub(crate) fn new(choices: &'a mut Choices) -> Self {
        QueryWriter { choices, sources: Vec::new() }
    }

    fn table(&mut self) -> &'static str {
        TABLES[self.choices.below(2)]
    }

    /// A query of scalars, in an order that leaves nothing open.
    pub(crate) fn query(&mut self) -> Select {
        self.sources.push(1);
        let mut select = self.from();
        let grouped = self.choices.percent(35);
        let outputs: Vec<Expr<Leaf>> = if grouped {
            let keys: Vec<Expr<Leaf>> = (0..self.choices.below(3)).map(|_| self.integer(0)).collect();
            let mut outputs = keys.clone();
            outputs.extend((0..1 + self.choices.below(2)).map(|_| self.aggregate()));
            select = select.group_by(keys);
            if self.choices.percent(30) {
                let condition = self.aggregate().compare(self.comparison(), self.constant());
                select = select.having(condition);
            }
            outputs
        } else {
            (0..1 + self.choices.below(3)).map(|_| self.integer(0)).collect()
        };
        if self.choices.percent(20) {
            select = select.distinct();
        }
        if self.choices.percent(60) {
            // By one column only, so that an index may give the order; what that leaves open must not be cut off.
            let direction = self.direction();
            select = select.order_by(outputs[0].clone(), direction);
            if self.choices.percent(60) {
                for by in &outputs[1..] {
                    select = select.order_by(by.clone(), Direction::Ascending);
                }
                if self.choices.percent(50) {
                    select = select.limit(self.choices.below(6) as u64);
                }
                if self.choices.percent(30) {
                    select.limit.get_or_insert(100.into());
                    select = select.offset(self.choices.below(4) as u64);
                }
            }
        }
        self.sources.pop();
        select.values(outputs)
    }

    fn from(&mut self) -> Select {
        let mut select = Select::from(self.table());
        for _ in 0..self.choices.weighted(&[5, 4, 1]) {
            *self.sources.last_mut().expect("a select is open") += 1;
            let kind = if self.choices.percent(50) { JoinKind::Inner } else { JoinKind::Left };
            let new = self.sources.last().expect("a select is open") - 1;
            let mut on = self.own(new).eq(self.column_of(0, 0, new));
            if self.choices.percent(30) {
                on = on.and(self.simple(0));
            }
            select = select.join_as(kind, self.table(), on);
        }
        if self.choices.percent(25) {
            // What an index serves best, and what its next column may go on from.
            let name = COLUMNS[self.choices.below(3)];
            let column: Expr<Leaf> = Expr::Leaf(Leaf::Column { up: 0, source: 0, name: name.into() });
            select = select.filter(column.eq(Value::Int(self.choices.between(0, 2))));
        }
        for _ in 0..self.choices.weighted(&[3, 2, 1]) {
            let condition = self.condition(2);
            select = select.filter(condition);
        }
        select
    }

    /// A column of one source.
    fn own(&mut self, source: u8) -> Expr<Leaf> {
        let name = COLUMNS[self.choices.below(3)];
        Expr::Leaf(Leaf::Column { up: 0, source, name: name.into() })
    }

    /// An integer column of one of the sources from `low` to below `high`.
    fn column_of(&mut self, up: u8, low: u8, high: u8) -> Expr<Leaf> {
        let source = low + self.choices.below(usize::from(high - low)) as u8;
        let name = COLUMNS[self.choices.below(3)];
        Expr::Leaf(Leaf::Column { up, source, name: name.into() })
    }

    fn integer(&mut self, up: u8) -> Expr<Leaf> {
        let sources = self.sources[self.sources.len() - 1 - usize::from(up)];
        self.column_of(up, 0, sources)
    }

    fn constant(&mut self) -> Expr<Leaf> {
        if self.choices.percent(4) {
            return Expr::Value(Value::Null);
        }
        Expr::Value(Value::Int(self.choices.between(-1, 6)))
    }

    fn comparison(&mut self) -> Comparison {
        use Comparison::*;
        [Equal, Equal, Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual][self.choices.below(8)]
    }

    fn direction(&mut self) -> Direction {
        if self.choices.percent(50) { Direction::Ascending } else { Direction::Descending }
    }

    fn aggregate(&mut self) -> Expr<Leaf> {
        use Aggregate::*;
        if self.choices.percent(35) {
            return count();
        }
        match [Some(Count), None, Some(Sum), Some(Min), Some(Max), Some(Average)][self.choices.below(6)] {
            Some(which) => aggregate(which, self.integer(0)),
            None => aggregate_distinct(Count, self.integer(0)),
        }
    }

    /// A comparison that an index may serve.
    fn simple(&mut self, up: u8) -> Expr<Leaf> {
        let column = self.integer(up);
        match self.choices.below(6) {
            0 => column.in_list((0..1 + self.choices.below(4)).map(|_| self.constant()).collect::<Vec<_>>()),
            1 => column.is_null(),
            2 => self.text().compare(self.comparison(), Expr::Value(["p", "q", "r"][self.choices.below(3)].into())),
            3 => self.constant().compare(self.comparison(), column),
            _ => column.compare(self.comparison(), self.constant()),
        }
    }

    fn text(&mut self) -> Expr<Leaf> {
        let sources = *self.sources.last().expect("a select is open");
        let source = self.choices.below(usize::from(sources)) as u8;
        Expr::Leaf(Leaf::Column { up: 0, source, name: "s".into() })
    }

    fn condition(&mut self, depth: usize) -> Expr<Leaf> {
        match self.choices.weighted(&[10, 2, 2, 2, 2, 4]) {
            1 if depth > 0 => self.condition(depth - 1).or(self.condition(depth - 1)),
            2 if depth > 0 => self.condition(depth - 1).negated(),
            3 => {
                let sum = self.integer(0).arithmetic(Arithmetic::Add, self.constant());
                sum.compare(self.comparison(), self.integer(0))
            }
            4 => self.integer(0).compare(self.comparison(), self.integer(0)),
            5 if depth > 0 && self.sources.len() < 3 => self.subquery(),
            _ => self.simple(0),
        }
    }

    /// EXISTS, IN or a scalar, correlated or not.
    fn subquery(&mut self) -> Expr<Leaf> {
        let needle = self.integer(0);
        let how = self.comparison();
        self.sources.push(1);
        let mut select = self.from();
        if self.choices.percent(60) {
            let condition = self.own(0).compare(self.comparison(), self.integer(1));
            select = select.filter(condition);
        }
        let condition = match self.choices.below(3) {
            0 => Expr::Leaf(Leaf::Exists(Box::new(select))),
            1 => {
                let select = select.values([self.integer(0)]);
                Expr::Leaf(Leaf::In(vec![needle], Box::new(select)))
            }
            _ => {
                let select = select.values([self.aggregate()]);
                needle.compare(how, Expr::Leaf(Leaf::Scalar(Box::new(select))))
            }
        };
        self.sources.pop();
        condition
    }
}

/// A query as SQL. Each source is named by its select's depth and its place in it.
pub(crate) fn sql(select: &Select, depth: usize) -> String {
    let list = |all: &[Expr<Leaf>]| all.iter().map(|it| expression(it, depth)).collect::<Vec<_>>().join(", ");
    let outputs = select.outputs.iter().map(|it| match it {
        Output::Value(it) => expression(it, depth),
        Output::Row(_) => "1".to_owned(),
    });
    let distinct = if select.distinct { "DISTINCT " } else { "" };
    let outputs: Vec<String> = outputs.collect();
    let mut text = format!("SELECT {distinct}{} FROM {} AS t{depth}_0", outputs.join(", "), table(&select.from));
    for (position, join) in select.joins.iter().enumerate() {
        let kind = if join.kind == JoinKind::Left { "LEFT JOIN" } else { "JOIN" };
        let on = expression(&join.on, depth);
        text += &format!(" {kind} {} AS t{depth}_{} ON {on}", table(&join.source), position + 1);
    }
    if let Some(filter) = &select.filter {
        text += &format!(" WHERE {}", expression(filter, depth));
    }
    if !select.group_by.is_empty() {
        text += &format!(" GROUP BY {}", list(&select.group_by));
    }
    if let Some(having) = &select.having {
        text += &format!(" HAVING {}", expression(having, depth));
    }
    let order = select
        .order_by
        .iter()
        .map(|it| expression(&it.by, depth) + if it.direction == Direction::Descending { " DESC" } else { "" });
    let order: Vec<String> = order.collect();
    if !order.is_empty() {
        text += &format!(" ORDER BY {}", order.join(", "));
    }
    if let Some(limit) = &select.limit {
        let offset = select.offset.as_ref().map_or("0".to_owned(), |it| expression(it, depth));
        text += &format!(" LIMIT {} OFFSET {offset}", expression(limit, depth));
    }
    text
}

fn table(source: &Source) -> &str {
    source.table().expect("the writer reads tables only")
}

fn expression(expr: &Expr<Leaf>, depth: usize) -> String {
    let each = |all: &[Expr<Leaf>]| all.iter().map(|it| expression(it, depth)).collect::<Vec<_>>();
    match expr {
        Expr::Value(Value::Int(it)) => it.to_string(),
        Expr::Value(Value::Text(it)) => format!("'{it}'"),
        Expr::Value(_) => "NULL".to_owned(),
        Expr::Leaf(it) => leaf(it, depth),
        Expr::Compare(how, a, b) => format!("({} {} {})", expression(a, depth), how.symbol(), expression(b, depth)),
        Expr::And(all) => format!("({})", each(all).join(" AND ")),
        Expr::Or(all) => format!("({})", each(all).join(" OR ")),
        Expr::Not(it) => format!("(NOT {})", expression(it, depth)),
        Expr::IsNull(it) => format!("({} IS NULL)", expression(it, depth)),
        Expr::InList(it, all) => format!("({} IN ({}))", expression(it, depth), each(all).join(", ")),
        Expr::Arithmetic(how, a, b) => format!("({} {} {})", expression(a, depth), how.symbol(), expression(b, depth)),
        _ => unreachable!("the writer does not write these"),
    }
}

fn leaf(leaf: &Leaf, depth: usize) -> String {
    match leaf {
        Leaf::Column { up, source, name } => format!("t{}_{source}.{name}", depth - usize::from(*up)),
        Leaf::Aggregate(it) => {
            let distinct = if it.distinct { "DISTINCT " } else { "" };
            let operand = it.operands.first().map_or("*".to_owned(), |it| expression(it, depth));
            format!("{}({distinct}{operand})", it.function.name())
        }
        Leaf::Exists(select) => format!("EXISTS ({})", sql(select, depth + 1)),
        Leaf::In(needle, select) => format!("({} IN ({}))", expression(&needle[0], depth), sql(select, depth + 1)),
        Leaf::Scalar(select) => format!("({})", sql(select, depth + 1)),
        _ => unreachable!("the writer does not write these"),
    }
}
