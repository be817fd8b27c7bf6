//! Q3: random queries bring the same rows by every way to them, and the same as on SQLite.
//!
//! `DIPTYCH_QUERIES` sets for how many worlds four queries each are written.

use diptych::expr::{Expr, Expression};
use diptych::query::{JoinKind, Leaf, Output};
use diptych::{Connection, Direction, Select, Value};

use super::choices::Choices;
use super::query::{COLUMNS, QueryWriter, Reader, TABLES};
use super::query_text::sql;
use super::worlds::{Rows, WAYS, database, in_order, literal, random_rows, sorted};

struct Oracle(rusqlite::Connection);

impl Oracle {
    fn new(rows: &[Rows]) -> Self {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        for (name, rows) in TABLES.into_iter().zip(rows) {
            connection.execute_batch(&format!("CREATE TABLE {name} (id INT, x INT, y INT, s TEXT)")).unwrap();
            for row in rows {
                let cells: Vec<String> = row.iter().map(literal).collect();
                connection.execute_batch(&format!("INSERT INTO {name} VALUES ({})", cells.join(", "))).unwrap();
            }
        }
        Oracle(connection)
    }

    fn rows(&self, sql: &str) -> rusqlite::Result<Rows> {
        let mut statement = self.0.prepare(sql)?;
        let width = statement.column_count();
        let cell = |row: &rusqlite::Row<'_>, at| {
            row.get_ref(at).map(|it| match it {
                rusqlite::types::ValueRef::Null => Value::Null,
                rusqlite::types::ValueRef::Integer(it) => Value::Int(it),
                rusqlite::types::ValueRef::Real(it) => Value::Float(it),
                other => panic!("{other:?}"),
            })
        };
        let rows = statement.query_map([], |row| (0..width).map(|at| cell(row, at)).collect())?;
        rows.collect()
    }
}

/// What is wrong with the rows that one of the databases brings, if anything is.
fn mismatch(rows: &[Rows], select: &Select) -> Option<String> {
    let text = sql(select, Reader::Sqlite);
    let expected = match Oracle::new(rows).rows(&text) {
        Ok(rows) => rows,
        Err(_) => return None,
    };
    for (way, index) in WAYS.into_iter().enumerate() {
        let mut connection = database(index, rows);
        let plan = match connection.explain(select.clone()) {
            Ok(plan) => plan,
            Err(error) => return Some(format!("way {way}: {error:#}")),
        };
        let found = match connection.execute(select.clone()) {
            Ok(outcome) => outcome.rows.to_values(),
            Err(error) => return Some(format!("way {way}: {error:#}\n{plan}")),
        };
        if sorted(found.clone()) != sorted(expected.clone()) || !in_order(select, &found) {
            return Some(format!("way {way} brings {found:?}\nSQLite brings {expected:?}\n{plan}"));
        }
    }
    None
}

/// The query with one thing less. What that makes of it may be no query any more; then nothing runs it.
fn smaller(select: &Select) -> Vec<Select> {
    let mut all = Vec::new();
    let mut push = |change: &dyn Fn(&mut Select)| {
        let mut less = select.clone();
        change(&mut less);
        if less != *select {
            all.push(less);
        }
    };
    push(&|it| (it.limit, it.offset) = (None, None));
    push(&|it| it.order_by.clear());
    push(&|it| it.distinct = false);
    push(&|it| it.having = None);
    push(&|it| it.filter = None);
    for at in 0..select.with.len() {
        push(&|it| drop(it.with.remove(at)));
    }
    for at in 0..select.compounds.len() {
        push(&|it| drop(it.compounds.remove(at)));
    }
    if let Some(Expr::And(conditions)) = &select.filter {
        for condition in conditions {
            push(&|it| it.filter = Some(condition.clone()));
        }
    }
    if select.compounds.is_empty() && select.order_by.is_empty() {
        for output in &select.outputs {
            push(&|it| it.outputs = vec![output.clone()]);
        }
        // What a window reads of groups it does not read of rows.
        if let [Output::Value(it)] = &select.outputs[..]
            && !matches!(it, Expr::Leaf(Leaf::Window(_)))
        {
            push(&|it| it.group_by.clear());
        }
    }
    all
}

fn run(seed: u64) {
    let mut choices = Choices::new(seed);
    let mut rows = [random_rows(&mut choices), random_rows(&mut choices)];
    for _ in 0..4 {
        let select = QueryWriter::new(&mut choices).query();
        if let Err(error) = Oracle::new(&rows).rows(&sql(&select, Reader::Sqlite)) {
            // SQLite turns a source inside out beside a FULL JOIN, and then refuses what it has made of it.
            let its_own = error.to_string().contains("ON clause references tables to its right");
            assert!(its_own, "seed {seed}: SQLite does not run {}\n{error}", sql(&select, Reader::Sqlite));
            continue;
        }
        if mismatch(&rows, &select).is_none() {
            continue;
        }
        let mut select = select;
        while let Some(smaller) = smaller(&select).into_iter().find(|it| mismatch(&rows, it).is_some()) {
            select = smaller;
        }
        // Drop rows while it stays wrong.
        for table in 0..2 {
            for at in (0..rows[table].len()).rev() {
                let dropped = rows[table].remove(at);
                if mismatch(&rows, &select).is_none() {
                    rows[table].insert(at, dropped);
                }
            }
        }
        let why = mismatch(&rows, &select).expect("it is still wrong");
        panic!("seed {seed}: {}\n{why}\na: {:?}\nb: {:?}", sql(&select, Reader::Sqlite), rows[0], rows[1]);
    }
}

#[test]
fn q3_every_way_brings_the_rows_that_sqlite_brings() {
    let count = super::setting("DIPTYCH_QUERIES", 2_000);
    let first = super::setting("DIPTYCH_SEED", 0);
    (first..first + count).for_each(run);
}

/// Rows without a partner come out after all others, so the index that brings the others in order gives no order.
#[test]
fn q3_a_right_join_takes_the_order_of_an_index_away() {
    let rows =
        [vec![], [[3, 9, 9], [4, 0, 2]].map(|row| [row.map(Value::Int).to_vec(), vec![Value::Null]].concat()).to_vec()];
    let of = |source: u8, name: &'static str| Expr::Leaf(Leaf::Column { up: 0, source, name: name.into() });
    let select = Select::from("b").join_as(JoinKind::Right, "b", of(1, "x").eq(of(0, "x")).and(of(0, "x").eq(0)));
    let select = select.order_by(of(0, "id"), Direction::Ascending).values([of(0, "id")]);
    assert_eq!(mismatch(&rows, &select), None);
    assert_eq!(database(WAYS[1], &rows).execute(select).unwrap().rows.to_values()[0], [Value::Null]);
}

/// Q3 for rows by key: by an index, by the slots, by a hash table; a key that is given twice brings its rows once.
#[test]
fn q3_rows_by_keys_are_the_same_by_every_way() {
    for seed in 0..200 {
        let mut choices = Choices::new(seed);
        let rows = [random_rows(&mut choices), random_rows(&mut choices)];
        let keys: Vec<Value> = (0..choices.below(6)).map(|_| Value::Int(choices.between(-3, 6))).collect();
        for column in ["id", "x", "y"] {
            let at = COLUMNS.iter().position(|it| *it == column).unwrap();
            let expected = sorted(rows[0].iter().filter(|row| keys.contains(&row[at])).cloned().collect());
            for way in WAYS {
                let mut connection = database(way, &rows);
                let outputs = COLUMNS.map(|it| Expr::Leaf(Leaf::Column { up: 0, source: 0, name: it.into() }));
                let select = Select::from("a").by_keys([column]).values(outputs);
                let prepared = connection.prepare(select.into()).unwrap();
                let found = connection.run(&prepared, diptych::query::Input::Keys(&keys)).unwrap();
                assert_eq!(sorted(found.rows.to_values()), expected, "seed {seed}, {column} among {keys:?}");
            }
        }
    }
}
