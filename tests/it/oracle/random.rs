//! Random worlds and histories, answered by both sides alike (W2), whatever the order of the rows (W3).

use std::sync::Arc;

use diptych::id::TableId;
use diptych::lab::oracle::{Answer, Cells, Oracle, RowStatement, World};
use diptych::schema::{ConstraintMode, TableSchema};
use diptych::{Action, Kind, Schema, Value};

use super::pair::{Pair, Tally};
use crate::differential::choices::Choices;
use crate::differential::schema::SchemaSpec;
use crate::differential::setting;

/// A schema of two to five tables, with constraints of all timings; and the names of those that can be deferred. Half of
/// the schemas also have foreign keys that share a column and do different things to it, which the histories for other
/// databases avoid.
fn schema(choices: &mut Choices) -> (Arc<Schema>, Vec<String>) {
    let mut spec = SchemaSpec::random(choices);
    spec.defer(choices);
    if choices.percent(50) {
        for reference in spec.tables.iter_mut().flat_map(|it| &mut it.references) {
            reference.on_delete = *choices.one(&Action::ALL);
            reference.on_update = *choices.one(&Action::ALL);
        }
    }
    (Arc::new(spec.build()), spec.deferrable())
}

fn value(kind: Kind, choices: &mut Choices) -> Value {
    match kind {
        Kind::Int => Value::Int(choices.between(0, 6)),
        _ => Value::from(["a", "b", "c", "d", "e"][choices.below(5)]),
    }
}

/// Statements about the rows that are there.
struct Writer<'a> {
    schema: &'a Schema,
    world: &'a World,
    choices: &'a mut Choices,
}

impl Writer<'_> {
    fn cell(&mut self, table: &TableSchema, at: usize) -> Value {
        let column = &table.columns[at];
        match self.choices.below(100) {
            0 => Value::Null,
            1..20 if column.nullable => Value::Null,
            _ => value(column.kind, self.choices),
        }
    }

    /// Lets the foreign keys of a row refer to rows that are there, mostly.
    fn refer(&mut self, table: &TableSchema, row: &mut Cells) {
        for &id in &table.outbound {
            let reference = self.schema.reference(id);
            let targets = self.world.rows(reference.target);
            if targets.is_empty() || self.choices.percent(8) {
                if let Some(it) = reference.columns.iter().find(|it| table.column(**it).nullable) {
                    row[it.index()] = Value::Null;
                }
                continue;
            }
            let target = self.choices.one(targets);
            for (own, its) in reference.columns.iter().zip(&reference.target_columns) {
                row[own.index()] = target[its.index()].clone();
            }
        }
    }

    /// Gives a row keys that no other row has, mostly.
    fn be_unique(&mut self, table: &TableSchema, row: &mut Cells, beside: &[Cells]) {
        for index in table.indexes.iter().filter(|it| it.is_unique()) {
            for _ in 0..8 {
                let same = |other: &&Cells| index.columns.iter().all(|it| other[it.index()] == row[it.index()]);
                if !self.world.rows(table.id).iter().chain(beside).any(|it| same(&it)) {
                    break;
                }
                let column = *self.choices.one(&index.columns);
                row[column.index()] = value(table.column(column).kind, self.choices);
            }
        }
    }

    fn insert(&mut self, table: &TableSchema) -> RowStatement {
        let mut rows: Vec<Cells> = Vec::new();
        for _ in 0..1 + self.choices.weighted(&[4, 3, 2, 1]) {
            let mut row: Cells = (0..table.columns.len()).map(|it| self.cell(table, it)).collect();
            self.refer(table, &mut row);
            self.be_unique(table, &mut row, &rows);
            if let Some(auto) = table.auto.filter(|_| self.choices.percent(60)) {
                row[auto.index()] = Value::Null;
            }
            rows.push(row);
        }
        RowStatement::Insert(table.id, rows)
    }

    /// Some rows, those that are equal together: nothing tells them apart.
    fn named(&mut self, table: TableId) -> Vec<usize> {
        let rows = self.world.rows(table);
        if rows.is_empty() {
            return Vec::new();
        }
        let share = [0, 0, 30, 60, 100][self.choices.below(5)];
        let sure = self.choices.below(rows.len());
        let mut named: Vec<bool> = (0..rows.len()).map(|it| it == sure || self.choices.percent(share)).collect();
        for at in 0..rows.len() {
            named[at] |= (0..rows.len()).any(|it| named[it] && rows[it] == rows[at]);
        }
        (0..rows.len()).filter(|it| named[*it]).collect()
    }

    fn update(&mut self, table: &TableSchema) -> RowStatement {
        let named = self.named(table.id);
        // Keys that are referred to are what actions follow.
        let keys: Vec<usize> = table
            .inbound
            .iter()
            .flat_map(|it| &self.schema.reference(*it).target_columns)
            .map(|it| it.index())
            .collect();
        let mut columns = Vec::new();
        for _ in 0..1 + self.choices.below(2) {
            let key = !keys.is_empty() && self.choices.percent(60);
            columns.push(if key { *self.choices.one(&keys) } else { self.choices.below(table.columns.len()) });
        }
        let refers = self.choices.percent(35);
        let shift = self.choices.between(1, 3);
        let shifts = self.choices.percent(40);
        let mut versions: Vec<(usize, Cells)> = Vec::new();
        for at in named {
            let before = self.world.rows(table.id)[at].clone();
            // Equal rows become equal.
            let known = versions.iter().find(|it| self.world.rows(table.id)[it.0] == before).map(|it| it.1.clone());
            let mut row = known.clone().unwrap_or(before);
            if known.is_none() {
                if refers {
                    self.refer(table, &mut row);
                }
                for &column in &columns {
                    row[column] = match row[column] {
                        Value::Int(it) if shifts => Value::Int(it + shift),
                        _ => self.cell(table, column),
                    };
                }
            }
            versions.push((at, row));
        }
        RowStatement::Update(table.id, versions)
    }

    fn statement(&mut self) -> RowStatement {
        let schema = self.schema;
        let mut table = self.choices.one(schema.tables());
        if self.world.rows(table.id).is_empty() {
            return self.insert(table);
        }
        // What nobody refers to is less worth a question.
        if table.inbound.is_empty() {
            table = self.choices.one(schema.tables());
        }
        match self.choices.weighted(&[5, 6, 4]) {
            0 => self.insert(table),
            1 => self.update(table),
            _ => RowStatement::Delete(table.id, self.named(table.id)),
        }
    }
}

/// W3: the same question about the same rows in the opposite order.
fn ask_backwards(schema: &Schema, world: &World, statement: &RowStatement) -> (Answer, World) {
    let mut reversed = world.clone();
    reversed.tables.iter_mut().for_each(|it| it.reverse());
    let turned = |table: &TableId, at: &usize| world.rows(*table).len() - 1 - at;
    let statement = match statement {
        RowStatement::Insert(table, rows) => RowStatement::Insert(*table, rows.clone()),
        RowStatement::Update(table, rows) => {
            RowStatement::Update(*table, rows.iter().map(|(at, row)| (turned(table, at), row.clone())).collect())
        }
        RowStatement::Delete(table, rows) => {
            RowStatement::Delete(*table, rows.iter().map(|at| turned(table, at)).collect())
        }
    };
    let mut oracle = Oracle::at(schema, reversed);
    let answer = oracle.execute(&statement);
    (answer, oracle.world().clone())
}

/// What was said, in one order.
fn in_order(answer: &Answer) -> Vec<String> {
    let mut facts: Vec<String> = match answer {
        Answer::Accepted(plan) => plan
            .iter()
            .map(|it| {
                let mut because: Vec<String> = it.because.iter().map(|it| format!("{it:?}")).collect();
                because.sort();
                format!("{:?} {:?} {:?} {because:?}", it.table, it.before, it.effect)
            })
            .collect(),
        Answer::Refused(refusals) => refusals.iter().map(|it| format!("{it:?}")).collect(),
        Answer::Open(_) => vec!["open".to_owned()],
    };
    facts.sort();
    facts
}

fn backwards_alike(schema: &Schema, world: &World, statement: &RowStatement) -> Result<(), String> {
    let mut oracle = Oracle::at(schema, world.clone());
    let answer = oracle.execute(statement);
    let (backwards, outcome) = ask_backwards(schema, world, statement);
    let sorted = |world: &World| {
        let mut world = world.clone();
        world.tables.iter_mut().for_each(|it| it.sort());
        world
    };
    if in_order(&answer) != in_order(&backwards) || sorted(oracle.world()) != sorted(&outcome) {
        return Err(format!("W3: forwards {answer:?}\nbackwards {backwards:?}"));
    }
    Ok(())
}

fn history(seed: u64) -> Tally {
    let mut choices = Choices::new(seed);
    let (schema, deferrable) = schema(&mut choices);
    let mut pair = Pair::new(&schema);
    let mut past: Vec<String> = Vec::new();
    // Tables that refer to nothing come first, so that the others have something to refer to.
    let mut order: Vec<&TableSchema> = schema.tables().iter().collect();
    order.sort_by_key(|it| it.outbound.len());
    for table in order.into_iter().flat_map(|it| [it; 3]) {
        let world = pair.oracle.world().clone();
        let insert = Writer { schema: &schema, world: &world, choices: &mut choices }.insert(table);
        past.push(format!("{insert:?}"));
        pair.execute(&insert).unwrap_or_else(|why| panic!("seed {seed}: {why}\n{past:?}\n{schema:#?}"));
    }
    for _ in 0..25 {
        let done = match choices.weighted(&[30, 2, 2, 1, 2, 2]) {
            0 => {
                let world = pair.oracle.world().clone();
                let statement = Writer { schema: &schema, world: &world, choices: &mut choices }.statement();
                past.push(format!("{statement:?}"));
                let backwards = if choices.percent(10) { backwards_alike(&schema, &world, &statement) } else { Ok(()) };
                backwards.and_then(|()| pair.execute(&statement)).map_err(|why| format!("{why}\non {world:?}"))
            }
            1 => {
                past.push("savepoint".to_owned());
                pair.savepoint();
                Ok(())
            }
            2 => {
                past.push("roll back to".to_owned());
                pair.roll_back_to()
            }
            3 => {
                past.push("release".to_owned());
                pair.release();
                Ok(())
            }
            4 => {
                past.push("commit".to_owned());
                pair.commit()
            }
            _ => {
                let all = deferrable.is_empty() || choices.percent(40);
                let name = (!all).then(|| choices.one(&deferrable).as_str());
                let mode = *choices.one(&[ConstraintMode::Immediate, ConstraintMode::Deferred]);
                past.push(format!("set constraints {name:?} {mode:?}"));
                pair.set_constraints(name, mode)
            }
        };
        done.unwrap_or_else(|why| panic!("seed {seed}: {why}\n\n{}\n\n{schema:#?}", past.join("\n")));
    }
    pair.tally
}

#[test]
fn w2_w3_random_histories() {
    let (count, first) = (setting("DIPTYCH_WORLDS", 1_500), setting("DIPTYCH_SEED", 0));
    let mut tally = Tally::default();
    (first..first + count).for_each(|seed| tally.add(history(seed)));
    println!("{count} worlds: {tally:?}");
    assert!(tally.accepted > tally.refused && tally.by_actions * 10 > tally.accepted, "{tally:?}");
    assert!(tally.open * 50 < tally.accepted, "W4: little is left open: {tally:?}");
}
