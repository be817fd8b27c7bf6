//! What the oracle says by itself, one story each.

use std::path::Path;
use std::sync::Arc;

use diptych::id::TableId;
use diptych::lab::oracle::{Answer, Cells, Effect, Oracle, RowStatement};
use diptych::{Action, Column, ForeignKey, Schema, Table, Value};

const PARENTS: TableId = TableId::new(0);
const OTHERS: TableId = TableId::new(1);
const CHILDREN: TableId = TableId::new(2);

fn ints<const WIDTH: usize>(rows: impl IntoIterator<Item = [i64; WIDTH]>) -> Vec<Cells> {
    rows.into_iter().map(|row| row.into_iter().map(Value::Int).collect()).collect()
}

/// A child whose one column refers to two tables.
fn shared(action: Action) -> Arc<Schema> {
    let keyed = |name: &'static str| Table::new(name).column(Column::int("id")).primary_key(["id"]);
    let key = |target: &'static str| ForeignKey::new(["both"], target).on_update(action).deferred();
    let child = keyed("children").column(Column::int("both").nullable());
    let child = child.foreign_key(key("parents")).foreign_key(key("others"));
    let builder = Schema::builder().table(keyed("parents")).table(keyed("others")).table(child);
    Arc::new(builder.build().unwrap())
}

fn accepted(oracle: &mut Oracle<'_>, statement: RowStatement) -> Vec<diptych::lab::oracle::Planned> {
    match oracle.execute(&statement) {
        Answer::Accepted(plan) => plan,
        other => panic!("{statement:?}: {other:?}"),
    }
}

#[test]
fn w4_two_values_for_one_column_are_left_open() {
    let pair = Table::new("pairs").column(Column::int("one")).column(Column::int("other"));
    let pair = pair.primary_key(["one"]).unique(["other"]);
    let key = |target: &'static str| ForeignKey::new(["both"], "pairs").to([target]).on_update(Action::Cascade);
    let child = Table::new("children").column(Column::int("both").nullable());
    let child = child.foreign_key(key("one")).foreign_key(key("other"));
    let schema = Schema::builder().table(pair).table(child).build().unwrap();
    let mut oracle = Oracle::new(&schema);
    let children = OTHERS;
    accepted(&mut oracle, RowStatement::Insert(PARENTS, ints([[1, 1]])));
    accepted(&mut oracle, RowStatement::Insert(children, ints([[1]])));
    let before = oracle.world().clone();
    // Both references follow, and no rule says which one decides what the column becomes.
    let apart = oracle.execute(&RowStatement::Update(PARENTS, vec![(0, ints([[2, 3]]).remove(0))]));
    assert!(matches!(&apart, Answer::Open(why) if why.ends_with("[2, 3]")), "{apart:?}");
    assert_eq!(*oracle.world(), before);
    // To the same value they can follow both.
    let plan = accepted(&mut oracle, RowStatement::Update(PARENTS, vec![(0, ints([[4, 4]]).remove(0))]));
    assert_eq!(plan.iter().map(|it| it.because.len()).collect::<Vec<_>>(), [0, 2]);
    assert_eq!(oracle.world().rows(children), ints([[4]]));
}

#[test]
fn what_is_deferred_is_judged_at_commit() {
    let schema = shared(Action::Cascade);
    let mut oracle = Oracle::new(&schema);
    for table in [PARENTS, OTHERS] {
        accepted(&mut oracle, RowStatement::Insert(table, ints([[1]])));
    }
    accepted(&mut oracle, RowStatement::Insert(CHILDREN, ints([[1, 1]])));
    // One key change is followed, and the other reference is to be mended before commit.
    let plan = accepted(&mut oracle, RowStatement::Update(PARENTS, vec![(0, ints([[2]]).remove(0))]));
    let followed: Vec<&Effect> = plan.iter().filter(|it| !it.because.is_empty()).map(|it| &it.effect).collect();
    assert_eq!(followed, [&Effect::Update(ints([[1, 2]]).remove(0))]);
    assert!(matches!(oracle.commit(), Answer::Refused(refusals) if refusals[0].constraint.contains("both")));
    accepted(&mut oracle, RowStatement::Insert(OTHERS, ints([[2]])));
    assert_eq!(oracle.commit(), Answer::Accepted(Vec::new()));
    oracle.roll_back();
    assert_eq!(oracle.world().rows(CHILDREN), ints([[1, 2]]));
}

/// W1, and the size at which an opinion is still obvious.
#[test]
fn w1_the_oracle_shares_only_shapes_and_is_short() {
    let room = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lab/oracle");
    let mut lines = 0;
    for entry in std::fs::read_dir(room).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        for (number, line) in text.lines().enumerate() {
            let code = line.trim_start();
            if code.is_empty() || code.starts_with("//") {
                continue;
            }
            lines += 1;
            let Some((_, import)) = code.split_once("crate::") else { continue };
            let shape = ["value::Value", "expr::{Arithmetic, Comparison, Expr}", "error::Rule"];
            let fine = import.starts_with("id::")
                || import.starts_with("schema::")
                || shape.iter().any(|it| import.trim_end_matches(';') == *it);
            assert!(fine, "{}:{}: {code}", path.display(), number + 1);
        }
    }
    assert!(lines <= 500, "{lines} lines of code");
}
