//! Diptych, through prepared statements; no objects.

use std::sync::Arc;

use diptych::prelude::*;
use diptych::query::{Connection, Control, Input, InsertRows, Prepared};
use diptych::{
    Aggregate, Delete, Direction, Expression, NativeConnection, Record, Row, Select, Statement, Update, Value,
    aggregate, col, count, parameter,
};

use super::{Contender, sensor, value};

#[derive(Entity, Clone, Debug)]
pub struct Reading {
    #[key]
    id: Id<Reading>,
    #[index]
    sensor: i64,
    value: i64,
}

pub struct Ours {
    connection: NativeConnection,
    prepared: Vec<Prepared>,
}

/// The statements in the order of the contender's verbs.
fn statements() -> [Statement; 9] {
    let all = || Select::from("readings");
    let id = || col("id");
    let page = || all().values([id()]).order_by(id(), Direction::Ascending).limit(20);
    let sum = || aggregate(Aggregate::Sum, col("value"));
    let mut at = page();
    at.offset = Some(parameter(0));
    let change = |column| Update::table("readings").set(column, col(column).plus(1));
    [
        all().values([col("value")]).filter(id().eq(parameter(0))).into(),
        all().values([col("value")]).filter(col("sensor").eq(parameter(0))).into(),
        page().filter(id().gt(parameter(0))).into(),
        at.into(),
        all().values([count()]).filter(col("sensor").eq(parameter(0))).into(),
        all().values([sum()]).group_by([col("sensor")]).order_by(sum(), Direction::Descending).limit(10).into(),
        change("value").filter(id().eq(parameter(0))).into(),
        change("sensor").filter(id().ge(parameter(0)).and(id().lt(parameter(1)))).into(),
        Delete::from("readings").filter(col("sensor").eq(parameter(0))).into(),
    ]
}

impl Ours {
    pub fn fill(rows: u64) -> Self {
        let database = Database::of::<(Reading,)>().expect("the model is right");
        let mut connection = database.connect();
        let insert = connection.prepare(InsertRows { table: "readings".into() }.into()).expect("the table is there");
        let reading = |key: u64| Reading { id: Id::new(key as i64), sensor: sensor(key, rows), value: value(key) };
        const BATCH: u64 = 10_000;
        for first in (1..=rows).step_by(BATCH as usize) {
            let keys = first..=rows.min(first + BATCH - 1);
            let mut batch: Vec<Row> = keys.map(|key| Arc::new(reading(key)) as Arc<dyn Record>).collect();
            connection.run(&insert, Input::Rows(&mut batch)).expect("the rows are right");
        }
        connection.control(Control::Commit).expect("nothing is open");
        let prepared = statements().map(|it| connection.prepare(it).expect("the statement is right"));
        connection.control(Control::Commit).expect("nothing is open");
        Ours { connection, prepared: prepared.into() }
    }

    fn sum(&mut self, statement: usize, parameters: &[i64]) -> i64 {
        let values: Vec<Value> = parameters.iter().map(|&it| it.into()).collect();
        let outcome = self.connection.run(&self.prepared[statement], Input::Values(&values)).expect("the query works");
        (0..outcome.rows.len())
            .map(|at| match outcome.rows.values_at(at)[0] {
                Value::Int(it) => it,
                ref other => panic!("{other:?} is no integer"),
            })
            .sum()
    }

    fn change(&mut self, statement: usize, parameters: &[i64]) -> i64 {
        let values: Vec<Value> = parameters.iter().map(|&it| it.into()).collect();
        let outcome = self.connection.run(&self.prepared[statement], Input::Values(&values)).expect("the change works");
        self.connection.control(Control::Commit).expect("nobody else is there");
        outcome.count as i64
    }
}

impl Contender for Ours {
    fn by_key(&mut self, key: i64) -> i64 {
        self.sum(0, &[key])
    }

    fn of_sensor(&mut self, sensor: i64) -> i64 {
        self.sum(1, &[sensor])
    }

    fn page_after(&mut self, key: i64) -> i64 {
        self.sum(2, &[key])
    }

    fn page_at(&mut self, offset: u64) -> i64 {
        self.sum(3, &[offset as i64])
    }

    fn count(&mut self, sensor: i64) -> i64 {
        self.sum(4, &[sensor])
    }

    fn greatest(&mut self) -> i64 {
        self.sum(5, &[])
    }

    fn change_one(&mut self, key: i64) -> i64 {
        self.change(6, &[key])
    }

    fn change_sensor(&mut self, key: i64, rows: i64) -> i64 {
        self.change(7, &[key, key + rows])
    }

    fn delete(&mut self, sensor: i64) -> i64 {
        self.change(8, &[sensor])
    }
}
