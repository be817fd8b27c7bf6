//! Queries that are carried out as others that mean the same; each rule says what it did in the plan.

use diptych::query::{JoinKind, Leaf, Output, Source, Views};
use diptych::{Column, Connection, Database, Direction, Expr, Expression, Insert, NativeConnection, Schema, Select};
use diptych::{Table, Value, col, count};

use super::{any_order, found, lines, of, outer, refused};

/// A thousand notes of ten authors.
fn notes() -> NativeConnection {
    let authors = Table::new("authors").column(Column::int("id")).primary_key(["id"]).column(Column::text("name"));
    let notes = Table::new("notes").column(Column::int("id")).primary_key(["id"]);
    let notes = notes.column(Column::int("author").nullable()).column(Column::int("stars")).index(["author"]);
    let schema = Schema::builder().table(authors).table(notes).build().unwrap();
    let good = Select::from("notes").values([col("id"), col("author")]).filter(col("stars").ge(3));
    let schema = schema.with_views(Views::new().view("good", ["note", "by"], good)).unwrap();
    let mut connection = Database::new(schema).connect();
    let insert = Insert::into("authors", ["id", "name"]);
    let insert = (0..10).fold(insert, |all, id| all.row([Value::from(id), format!("a{id}").into()]));
    connection.execute(insert).unwrap();
    let insert = Insert::into("notes", ["id", "author", "stars"]);
    let row = |id: i64| [Value::from(id), if id % 11 == 0 { Value::Null } else { (id % 10).into() }, (id % 5).into()];
    connection.execute((0..1_000).fold(insert, |all, id| all.row(row(id)))).unwrap();
    connection
}

/// What a query looks at and what comes out, with the rules that are named in its plan.
fn by_rules(notes: &mut NativeConnection, select: Select, rules: &[&str]) -> (u64, Vec<Vec<Value>>) {
    let plan = notes.explain(select.clone()).unwrap();
    for rule in rules {
        assert!(plan.contains(&format!("rewritten by {rule}")), "{rule} is not in\n{plan}");
    }
    assert_eq!(plan.matches("rewritten by").count(), rules.len(), "{plan}");
    let before = notes.log().totals();
    let mut rows = found(notes, select);
    rows.sort();
    ((notes.log().totals() - before).rows_read, rows)
}

/// The indexes of a table serve whoever asks a view, or a query that only picks of it.
#[test]
fn q3_inline_asks_the_table_itself() {
    let mut notes = notes();
    let view = Select::from("good").values([col("note")]).filter(col("by").eq(4));
    let (read, rows) = by_rules(&mut notes, view.clone(), &["inline"]);
    assert_eq!((read, rows.len()), (91, 91));
    let same = Select::from("notes").values([col("id")]).filter(col("author").eq(4)).filter(col("stars").ge(3));
    assert_eq!(any_order(&mut notes, view), any_order(&mut notes, same));
    // Joined from the left, its condition says who is a partner.
    let left = Select::from("authors").left_join("good", of(0, "id").eq(of(1, "by")).and(of(1, "note").lt(20)));
    let left = left.values([of(0, "name"), of(1, "note")]);
    let (_, rows) = by_rules(&mut notes, left, &["inline"]);
    let text = |row: &Vec<Value>| format!("{} {}", row[0], row[1]);
    let rows: Vec<String> = rows.iter().map(text).collect();
    assert_eq!(
        rows,
        [
            "'a0' NULL",
            "'a1' NULL",
            "'a2' NULL",
            "'a3' 3",
            "'a3' 13",
            "'a4' 4",
            "'a4' 14",
            "'a5' NULL",
            "'a6' NULL",
            "'a7' NULL",
            "'a8' 8",
            "'a8' 18",
            "'a9' 9",
            "'a9' 19"
        ]
    );
    // Whole rows are the columns of the view.
    let whole = Source::select(Select::from("good").filter(col("note").eq(4)), ["n", "b"]);
    let rows = lines(&mut notes, Select::from(whole).values([col("n"), col("b")]));
    assert_eq!(rows, ["4 4"]);
    let as_row = notes.execute(Select::from("good").filter(col("note").eq(4))).unwrap().rows;
    assert_eq!(as_row.rows_at(0)[0].as_ref().unwrap().width(), 2);
    // What the view does not name is not there.
    assert!(refused(&mut notes, Select::from("good").values([col("stars")])).to_string().contains("stars"));
}

#[test]
fn q3_inline_reads_what_stands_around() {
    let mut notes = notes();
    // The inner query reads the source before it, and a subquery of it reads both.
    let same =
        Select::from("authors").filter(col("id").eq(outer(1, 0, "author"))).filter(col("id").eq(outer(2, 0, "id")));
    let own = Select::from("notes").values([col("id")]).filter(col("author").eq(outer(1, 0, "id")));
    let own = own.filter(Leaf::Exists(Box::new(same)).expr());
    let select =
        Select::from("authors").join(Source::select(own, ["n"]), of(1, "n").lt(13)).values([of(0, "name"), of(1, "n")]);
    let (_, rows) = by_rules(&mut notes, select, &["inline"]);
    assert_eq!(rows.len(), 11);
    // Within a subquery, what it reads of the select around it stays where it is.
    let inner =
        Source::select(Select::from("notes").values([col("id")]).filter(col("author").eq(outer(2, 0, "id"))), ["n"]);
    let many = Select::from(inner).values([count()]);
    let select =
        Select::from("authors").values([col("id"), Leaf::Scalar(Box::new(many)).expr()]).filter(col("id").lt(2));
    assert_eq!(found(&mut notes, select), [[Value::Int(0), Value::Int(90)], [Value::Int(1), Value::Int(91)]]);
}

/// A source that comes out only with a partner can be read first.
#[test]
fn q3_partners_that_have_to_be_there_are_joined_plainly() {
    let mut notes = notes();
    let joined = |kind| {
        let select = Select::from("authors").join_as(kind, "notes", of(0, "id").eq(of(1, "author")));
        select.values([of(0, "name"), of(1, "id")])
    };
    let expected = vec![vec![Value::from("a7"), Value::Int(7)]];
    let left = joined(JoinKind::Left).filter(of(1, "id").eq(7));
    assert_eq!(by_rules(&mut notes, left, &["partners"]), (2, expected.clone()));
    let full = joined(JoinKind::Full).filter(of(1, "id").eq(7)).filter(of(0, "name").is_not_null());
    assert_eq!(by_rules(&mut notes, full, &["partners"]), (2, expected));
    // Without the condition, or with one that NULL fulfils, they stay.
    let nobody = joined(JoinKind::Right).filter(of(0, "name").is_null()).filter(of(1, "id").lt(30));
    let (_, rows) = by_rules(&mut notes, nobody, &[]);
    assert_eq!(rows.len(), 3);
}

#[test]
fn q3_fold_computes_constants_once() {
    let mut notes = notes();
    let select = Select::from("notes").values([col("id")]).filter(col("id").eq(Expr::from(6).times(7).plus(1)));
    assert_eq!(by_rules(&mut notes, select, &["fold"]), (1, vec![vec![Value::Int(43)]]));
    // What cannot be computed is an error when it is.
    let overflow = Select::from("notes").filter(col("id").lt(Expr::from(i64::MAX).plus(1)));
    assert!(notes.execute(overflow).is_err());
}

/// What equals a column that equals a constant equals it too.
#[test]
fn q1_equal_columns_share_their_constant() {
    let mut notes = notes();
    let select =
        Select::from("authors").join("notes", of(0, "id").eq(of(1, "author"))).values([of(0, "name"), of(1, "id")]);
    let select = select.filter(of(0, "id").eq(3)).order_by(of(1, "id"), Direction::Ascending).limit(1);
    let plan = notes.explain(select.clone()).unwrap();
    assert!(plan.contains("notes by index notes_author_idx, 1 equal"), "{plan}");
    assert_eq!(found(&mut notes, select), [[Value::from("a3"), Value::Int(3)]]);
}

/// Pages by key are those by OFFSET, also where NULLs stand in the order.
#[test]
fn q3_pages_by_key_are_those_by_offset() {
    use diptych::query::Nulls;
    let mut notes = notes();
    let page = Select::from("notes").values([col("author"), col("id")]).limit(50);
    for direction in [Direction::Ascending, Direction::Descending] {
        for nulls in [None, Some(Nulls::First), Some(Nulls::Last)] {
            let mut page = page.clone();
            page.order_by.push(diptych::query::OrderBy { by: col("author"), direction, nulls });
            let page = page.order_by(col("id"), Direction::Descending);
            let mut next = page.clone();
            for number in 0..=20 {
                let by_key = found(&mut notes, next.clone());
                assert_eq!(
                    by_key,
                    found(&mut notes, page.clone().offset(number * 50)),
                    "page {number} {direction:?} {nulls:?}"
                );
                let Some(last) = by_key.last() else { break };
                next = page.clone().after(last.clone());
            }
        }
    }
    let first = Select { outputs: vec![Output::Row(0)], ..page.order_by(col("id"), Direction::Ascending) };
    assert_eq!(notes.execute(first.after([900])).unwrap().rows.len(), 50);
}
