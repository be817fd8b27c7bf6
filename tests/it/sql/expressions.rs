//! Random constants and expressions: SQLite reads them as they were meant.

use diptych::expr::{Arithmetic, Comparison, Function};
use diptych::query::Leaf;
use diptych::{Column, Connection, Expr, Expression, Insert, Schema, Select, Statement, Table, Value, col};
use proptest::prelude::*;

use rusqlite::types::Value as Cell;

use super::{Twins, cell};

/// One table with NULLs in every column but the key.
fn cells() -> Twins {
    let table = Table::new("cells").auto_key("id");
    let table = table.column(Column::int("number").nullable()).column(Column::text("word").nullable());
    let mut twins = Twins::of(Schema::builder().table(table).build().unwrap());
    let mut insert = Insert::into("cells", ["number", "word"]);
    for number in [Value::Null, 0.into(), 3.into(), (-7).into()] {
        for word in [Value::Null, "".into(), "a'B".into(), "%é_".into()] {
            insert = insert.row([number.clone(), word]);
        }
    }
    twins.execute(insert);
    twins
}

type Scalar = Expr<Leaf>;

fn pair(of: impl Strategy<Value = Scalar> + Clone) -> impl Strategy<Value = (Scalar, Scalar)> {
    (of.clone(), of)
}

/// Numbers, words and conditions that may hold each other, about `depth` deep.
fn expressions(depth: u32) -> (BoxedStrategy<Scalar>, BoxedStrategy<Scalar>, BoxedStrategy<Scalar>) {
    let number = prop_oneof![Just(col("number")), Just(col("id")), (-9_i64..10).prop_map(Expr::from)];
    let word = prop_oneof![Just(col("word")), "[a-cA-C%_'é]{0,3}".prop_map(Expr::from)];
    let truth = prop_oneof![any::<bool>().prop_map(Expr::from), Just(Expr::Value(Value::Null))];
    if depth == 0 {
        return (number.boxed(), word.boxed(), truth.boxed());
    }
    let (numbers, words, truths) = expressions(depth - 1);
    let operation = prop_oneof![
        Just(Arithmetic::Add),
        Just(Arithmetic::Subtract),
        Just(Arithmetic::Multiply),
        Just(Arithmetic::Divide),
        Just(Arithmetic::Remainder)
    ];
    let comparison = prop_oneof![
        Just(Comparison::Equal),
        Just(Comparison::NotEqual),
        Just(Comparison::Less),
        Just(Comparison::GreaterOrEqual)
    ];
    let number = prop_oneof![
        number,
        (operation, pair(numbers.clone())).prop_map(|(how, (a, b))| a.arithmetic(how, b)),
        numbers.clone().prop_map(|it| Expr::Call(Function::Abs, vec![it])),
        words.clone().prop_map(|it| it.length()),
        prop::collection::vec(numbers.clone(), 1..4).prop_map(|it| Expr::Call(Function::Coalesce, it)),
    ];
    let word = prop_oneof![
        word,
        pair(words.clone()).prop_map(|(a, b)| Expr::Call(Function::Concat, vec![a, b])),
        words.clone().prop_map(|it| it.lower()),
    ];
    let truth = prop_oneof![
        truth,
        (comparison.clone(), pair(numbers.clone())).prop_map(|(how, (a, b))| a.compare(how, b)),
        (comparison.clone(), pair(words.clone())).prop_map(|(how, (a, b))| a.compare(how, b)),
        (comparison, pair(truths.clone())).prop_map(|(how, (a, b))| a.compare(how, b)),
        prop::collection::vec(truths.clone(), 0..4).prop_map(Expr::And),
        prop::collection::vec(truths.clone(), 0..4).prop_map(Expr::Or),
        truths.clone().prop_map(|it| it.negated()),
        numbers.clone().prop_map(|it| it.is_null()),
        (numbers.clone(), prop::collection::vec(numbers, 0..4)).prop_map(|(it, list)| it.in_list(list)),
        (words.clone(), words).prop_map(|(text, pattern)| text.like(pattern)),
    ];
    (number.boxed(), word.boxed(), truth.boxed())
}

fn any_expression() -> impl Strategy<Value = Scalar> {
    let (number, word, truth) = expressions(4);
    prop_oneof![number, word, truth]
}

fn constant() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::Int),
        prop_oneof![Just(i64::MIN), Just(i64::MAX)].prop_map(Value::Int),
        any::<u64>().prop_map(|bits| Value::Float(f64::from_bits(bits))),
        (-1e6..1e6_f64).prop_map(Value::Float),
        any::<bool>().prop_map(Value::Bool),
        any::<String>().prop_map(Value::from),
        "[a'\0]{0,4}".prop_map(Value::from),
        any::<Vec<u8>>().prop_map(|it| Value::from(&it[..])),
        Just(Value::Null),
    ]
}

/// Whether SQLite read what was written. It promises 15 digits of a float, which is some units in the last place.
fn same(written: &Cell, read: &Cell) -> bool {
    match (written, read) {
        (Cell::Real(a), Cell::Real(b)) => a == b || a.to_bits().abs_diff(b.to_bits()) <= 4,
        (a, b) => a == b,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// L3 for expressions: wherever they have a value here, SQLite computes the same one from the text. Least
    /// parentheses are enough parentheses.
    #[test]
    fn l3_expressions_mean_the_same(expr in any_expression()) {
        let mut twins = cells();
        let statement = Statement::from(Select::from("cells").values([expr]));
        let text = statement.to_sql();
        let prepared = twins.native.prepare(statement).unwrap();
        // An overflow is an error here and a float there.
        if let Ok(outcome) = twins.native.run(&prepared, diptych::query::Input::Values(&[])) {
            let here: Vec<_> = outcome.rows.to_values().iter().map(|it| cell(&it[0])).collect();
            let there: Vec<_> = twins.ask(&text, &[]).into_iter().flatten().collect();
            prop_assert_eq!(here, there, "{}", text);
        }
    }

    /// L2: constants come back as they were.
    #[test]
    fn l2_constants_come_back(values in prop::collection::vec(constant(), 1..20)) {
        let twins = Twins::of(Schema::builder().table(Table::new("one").auto_key("id")).build().unwrap());
        twins.sqlite.execute("INSERT INTO one DEFAULT VALUES", []).unwrap();
        let constants = values.iter().cloned().map(Expr::Value);
        let text = Statement::from(Select::from("one").values(constants)).to_sql();
        for (value, read) in values.iter().zip(&twins.ask(&text, &[])[0]) {
            prop_assert!(same(&cell(value), read), "{} was read as {:?}", value, read);
        }
    }
}
