//! The anomalies that isolation is about, one script each: those that do not occur, and those that do.
//!
//! A line is `transaction: what -> outcome`. Transactions begin with their first line. The names are those of
//! A. Adya, "Weak Consistency" (1999) and of the tests of M. Kleppmann's Hermitage, which other databases are compared by.

use std::collections::BTreeMap;

use diptych::{
    Column, Connection, Control, Database, Delete, Direction, Expression, Insert, NativeConnection, Schema, Select,
    Table, Update, col,
};

/// Runs a script on rows 1 = 10 and 2 = 20.
fn script(lines: &str) {
    let schema = Schema::builder().table(Table::new("rows").auto_key("id").column(Column::int("n"))).build().unwrap();
    let database = Database::new(schema);
    let mut setup = database.connect();
    setup.execute(Insert::into("rows", ["n"]).row([10]).row([20])).unwrap();
    setup.control(Control::Commit).unwrap();
    let mut connections: BTreeMap<&str, NativeConnection> = BTreeMap::new();
    for line in lines.lines().map(str::trim).filter(|it| !it.is_empty()) {
        let (who, rest) = line.split_once(": ").unwrap();
        let (what, expected) = rest.split_once(" -> ").unwrap_or((rest, "done"));
        let connection = connections.entry(who).or_insert_with(|| database.connect());
        assert_eq!(step(connection, what), expected, "{line}");
        database.audit().unwrap();
    }
}

fn step(connection: &mut NativeConnection, what: &str) -> String {
    let words: Vec<&str> = what.split(' ').collect();
    let number = |at: usize| words[at].parse::<i64>().unwrap();
    let outcome = match words[0] {
        "read" => {
            let all = Select::from("rows").values([col("id"), col("n")]).order_by(col("id"), Direction::Ascending);
            let one = |id: i64| all.clone().filter(col("id").eq(id));
            let tens = |all: Select| all.filter(col("n").ge(10));
            let select = match words.get(1) {
                Some(&"many") => tens(all),
                Some(_) => one(number(1)),
                None => all,
            };
            return connection.execute(select).map_or_else(|it| it.to_string(), |it| pairs(&it.rows));
        }
        "set" => connection.execute(Update::table("rows").set("n", number(2)).filter(col("id").eq(number(1)))),
        "add" => {
            connection.execute(Update::table("rows").set("n", col("n").plus(number(2))).filter(col("id").eq(number(1))))
        }
        "insert" => connection.execute(Insert::into("rows", ["n"]).row([number(1)])),
        "delete" => connection.execute(Delete::from("rows").filter(col("id").eq(number(1)))),
        "commit" => return ended(connection.control(Control::Commit)),
        "rollback" => return ended(connection.control(Control::Rollback)),
        other => panic!("{other}"),
    };
    outcome.map_or_else(|it| it.to_string(), |_| "done".to_owned())
}

fn ended(outcome: Result<(), diptych::Error>) -> String {
    match outcome {
        Ok(()) => "done".to_owned(),
        Err(error) => {
            assert!(error.is_retryable());
            error
                .to_string()
                .replace("another transaction changed ", "lost ")
                .replace(" first; try again in a new transaction", "")
        }
    }
}

fn pairs(rows: &diptych::query::Rows) -> String {
    let rows = rows.clone().typed::<(i64, i64)>().unwrap();
    rows.iter().map(|(id, n)| format!("{id}={n}")).collect::<Vec<_>>().join(" ")
}

// ---- What does not occur ----

/// G0: writes of two transactions do not mix.
#[test]
fn no_dirty_write() {
    script(
        "a: set 1 11
         b: set 1 12
         a: set 2 21
         a: commit
         b: set 2 22
         b: commit -> lost rows[1]
         c: read -> 1=11 2=21",
    );
}

/// G1a: what is rolled back was never to be seen.
#[test]
fn no_dirty_read_of_what_is_rolled_back() {
    script(
        "a: set 1 101
         b: read -> 1=10 2=20
         a: rollback
         b: read -> 1=10 2=20
         b: commit",
    );
}

/// G1b: nobody sees a value that its own transaction replaces later.
#[test]
fn no_dirty_read_of_what_is_not_the_last_word() {
    script(
        "a: set 1 101
         b: read 1 -> 1=10
         a: set 1 11
         a: commit
         b: read 1 -> 1=10
         c: read 1 -> 1=11",
    );
}

/// G1c: two transactions do not both see what the other one writes.
#[test]
fn no_circular_flow_of_information() {
    script(
        "a: set 1 11
         b: set 2 22
         a: read 2 -> 2=20
         b: read 1 -> 1=10
         a: commit
         b: commit
         c: read -> 1=11 2=22",
    );
}

/// OTV: of a transaction that was seen, all is seen, also when another one writes over it.
#[test]
fn no_transaction_vanishes_after_it_was_seen() {
    script(
        "a: set 1 11
         a: set 2 19
         a: commit
         b: set 1 12
         c: read 1 -> 1=11
         b: set 2 18
         b: commit
         c: read -> 1=11 2=19
         d: read -> 1=12 2=18",
    );
}

/// P2, fuzzy read: what was read once reads the same again.
#[test]
fn no_non_repeatable_read() {
    script(
        "a: read 1 -> 1=10
         b: set 1 11
         b: commit
         a: read 1 -> 1=10
         a: commit
         a: read 1 -> 1=11",
    );
}

/// PMP, phantom: a condition that was asked once brings the same rows again.
#[test]
fn no_phantom() {
    script(
        "a: read many -> 1=10 2=20
         b: insert 30
         b: delete 1
         b: commit
         a: read many -> 1=10 2=20
         a: read -> 1=10 2=20
         a: commit
         a: read many -> 2=20 3=30",
    );
}

/// P4: of two increments that began at the same value, one has to begin again.
#[test]
fn no_lost_update() {
    script(
        "a: read 1 -> 1=10
         b: read 1 -> 1=10
         a: add 1 1
         b: add 1 1
         a: commit
         b: commit -> lost rows[1]
         b: rollback
         b: add 1 1
         b: commit
         c: read 1 -> 1=12",
    );
}

/// P4, with a delete: whoever changes a row that is gone has lost, and the other way round.
#[test]
fn no_update_of_a_row_that_went() {
    script(
        "a: delete 1
         b: add 1 1
         a: commit
         b: commit -> lost rows[1]
         b: rollback
         c: add 2 1
         d: delete 2
         c: commit
         d: commit -> lost rows[2]
         e: read -> 2=21",
    );
}

/// G-single, read skew: rows that change together are read together.
#[test]
fn no_read_skew() {
    script(
        "a: read 1 -> 1=10
         b: set 1 12
         b: set 2 18
         b: commit
         a: read 2 -> 2=20
         a: commit",
    );
}

/// G-single through a write: what was read of a version that has gone cannot be written over.
#[test]
fn no_read_skew_that_ends_in_a_write() {
    script(
        "a: read 1 -> 1=10
         b: set 1 12
         b: set 2 18
         b: commit
         a: set 2 0
         a: commit -> lost rows[2]
         c: read -> 1=12 2=18",
    );
}

// ---- What occurs ----

/// G2-item, write skew: each reads what the other writes, and both commit. In no order of the two does 1 become 11 while
/// 2 becomes 21, if each writes only because of what it read.
#[test]
fn write_skew_occurs() {
    script(
        "a: read -> 1=10 2=20
         b: read -> 1=10 2=20
         a: set 1 11
         b: set 2 21
         a: commit
         b: commit
         c: read -> 1=11 2=21",
    );
}

/// G2, write skew on a condition: each adds a row that would have been counted by the other.
#[test]
fn write_skew_on_a_condition_occurs() {
    script(
        "a: read many -> 1=10 2=20
         b: read many -> 1=10 2=20
         a: insert 30
         b: insert 42
         a: commit
         b: commit
         c: read -> 1=10 2=20 3=30 4=42",
    );
}

/// The anomaly of one that only reads (A. Fekete, E. O'Neil, P. O'Neil, 2004): without c, the order b, a would explain
/// all. But c has seen what b did and not what a did, and a has not seen what b did.
#[test]
fn a_reader_sees_what_no_order_explains() {
    script(
        "a: read -> 1=10 2=20
         b: set 2 40
         b: commit
         c: read -> 1=10 2=40
         c: commit
         a: set 1 -1
         a: commit
         d: read -> 1=-1 2=40",
    );
}

/// What prevents write skew where it matters: both write one row that stands for the rule.
#[test]
fn a_row_that_both_write_prevents_write_skew() {
    script(
        "a: read -> 1=10 2=20
         b: read -> 1=10 2=20
         a: add 1 1
         a: add 2 0
         b: add 2 1
         a: commit
         b: commit -> lost rows[2]",
    );
}
