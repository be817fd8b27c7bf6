//! Queries that are carried out as others that mean the same; each rule says what it did in the plan.

use diptych::expr::Comparison;
use diptych::query::{Input, JoinKind, Leaf, Output, Quantifier, SetOperation, Source, Views};
use diptych::{
    Aggregate, Column, Connection, Database, Direction, Expr, Expression, Insert, NativeConnection, Schema, Select,
};
use diptych::{Table, Value, aggregate, col, count};

use super::{any_order, found, hidden, lines, of, outer, refused};

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

/// Whether a value is among what a subquery finds for each row: asked by index, up to the first that is.
#[test]
fn q3_exists_finds_a_value_among_those_of_a_row_around() {
    let mut notes = notes();
    let stars = || Select::from("notes").values([col("stars")]).filter(col("author").eq(outer(1, 0, "id")));
    let among = |condition| Select::from("authors").values([col("id")]).filter(condition);
    let four = Leaf::In(vec![4.into()], Box::new(stars())).expr();
    // Ten authors, the first note of each of the two whose notes have four stars, and the 727 notes of the others.
    let (read, rows) = by_rules(&mut notes, among(four.clone()), &["exists"]);
    assert_eq!((read, rows), (10 + 2 + 727, vec![vec![4.into()], vec![9.into()]]));
    // In a disjunction, and by a comparison with any.
    let more = Leaf::Quantified(Box::new(1.into()), Comparison::Greater, Quantifier::Any, Box::new(stars())).expr();
    let (_, rows) = by_rules(&mut notes, among(four.clone().or(more.clone())), &["exists"]);
    assert_eq!(rows, [[0], [4], [5], [9]].map(|it| it.map(Value::Int)));
    // A subquery that reads nothing around it is answered once; groups and limits make other rows.
    let alone = Leaf::In(vec![4.into()], Box::new(Select::from("notes").values([col("stars")]))).expr();
    let limited = Leaf::In(vec![4.into()], Box::new(stars().limit(1))).expr();
    let grouped = Leaf::In(vec![4.into()], Box::new(stars().group_by([col("stars")]))).expr();
    // What is said of all that are compared is not said of one.
    let all = Leaf::Quantified(Box::new(1.into()), Comparison::Less, Quantifier::All, Box::new(stars())).expr();
    for condition in [alone, limited, grouped, all, hidden(four), hidden(more)] {
        by_rules(&mut notes, among(condition), &[]);
    }
}

/// NOT IN is unknown where NULL is among the values, and where the value is NULL, unless there are none.
#[test]
fn q3_exists_keeps_what_not_in_says_of_null() {
    let mut notes = notes();
    let outside = |needle, select| Leaf::In(vec![needle], Box::new(select)).expr().negated();
    // Ids are never NULL, authors may be: among the notes with each number of stars, some have none.
    let ids = || Select::from("authors").values([col("id")]).filter(col("id").lt(outer(1, 0, "stars")));
    let authors = || Select::from("notes").values([col("author")]).filter(col("stars").eq(outer(1, 0, "id")));
    let (_, rows) = by_rules(&mut notes, Select::from("authors").filter(outside(col("id"), authors())), &["exists"]);
    assert_eq!(rows.len(), 5, "those for whose number there are no notes");
    let select = |from: &'static str, condition| Select::from(from).values([col("id")]).filter(condition);
    let cases = [
        ("authors", "id", authors()),
        ("authors", "id", authors().filter(col("author").is_not_null())),
        ("authors", "id", authors().filter(col("id").lt(0))),
        ("notes", "id", ids()),
        ("notes", "author", ids()),
        ("notes", "author", authors().filter(col("id").lt(30))),
        ("notes", "author", authors().filter(col("id").lt(30)).filter(col("author").is_not_null())),
    ];
    for (from, needle, among) in cases {
        let condition = outside(col(needle), among);
        let (_, rows) = by_rules(&mut notes, select(from, condition.clone()), &["exists"]);
        let (_, same) = by_rules(&mut notes, select(from, hidden(condition)), &[]);
        assert_eq!(rows, same, "{needle} of {from}");
    }
}

/// A condition on what groups are made by is one on their rows.
#[test]
fn q3_having_on_keys_is_asked_of_rows() {
    let mut notes = notes();
    let by_author = || Select::from("notes").group_by([col("author")]).values([col("author"), count()]);
    let one = by_author().having(col("author").eq(4).and(count().gt(2)));
    assert_eq!(by_rules(&mut notes, one, &["having"]), (0, vec![vec![4.into(), 91.into()]]));
    // What is computed for a group is known when it is whole; and 4 of one kind may be told from 4 of another.
    for (condition, groups) in [(count().gt(90), 10), (col("author").plus(0).eq(4), 1), (Expr::from(1).eq(2), 0)] {
        let (_, rows) = by_rules(&mut notes, by_author().having(condition), &[]);
        assert_eq!(rows.len(), groups);
    }
    // Without groups, there is one even if no row fulfils the condition.
    let whole = Select::from("notes").values([count()]).having(count().lt(0));
    assert_eq!(by_rules(&mut notes, whole, &[]).1, Vec::<Vec<Value>>::new());
}

/// A condition on what a source passes on is asked where the source reads it.
#[test]
fn q3_push_asks_a_source_for_what_is_wanted_of_it() {
    let mut notes = notes();
    let groups = || Select::from("notes").group_by([col("author")]).values([col("author"), count()]);
    let source = |select| Source::select(select, ["by", "many"]);
    let one = Select::from(source(groups())).values([col("by"), col("many")]).filter(col("by").eq(4));
    assert_eq!(by_rules(&mut notes, one, &["push"]), (0, vec![vec![4.into(), 91.into()]]));
    // Into each query that is put together, each of which says what the column is.
    let authors = || Select::from("authors").values([col("id"), Expr::from(0)]);
    let both =
        Select::from(source(groups().compound(SetOperation::Union, authors()))).filter(col("by").in_list([4, 5]));
    let (read, rows) = by_rules(&mut notes, both.values([col("by"), col("many")]), &["push"]);
    assert_eq!((read, rows.len()), (0, 4), "an index on authors, and keys");
    // A partner has to fulfil what joins say of it; who has none is still there.
    let on = of(0, "id").eq(of(1, "by")).and(of(1, "by").eq(4));
    let left = Select::from("authors").left_join(source(groups()), on).values([of(0, "id"), of(1, "many")]);
    let (read, rows) = by_rules(&mut notes, left, &["push"]);
    assert_eq!((read, rows.len()), (10, 10));
    assert_eq!(rows.iter().filter(|row| !row[1].is_null()).count(), 1);
}

/// Rows by keys of queries that are put together are looked for in the tables of all of them.
#[test]
fn q3_keys_go_into_the_queries_that_are_the_source() {
    let mut notes = notes();
    let both = Select::from("notes").values([col("id"), col("author"), Expr::from("note")]);
    let authors = Select::from("authors").values([Expr::from(-1), col("id"), col("name")]);
    let both = both.compound_all(SetOperation::Union, authors);
    let source = || Source::select(both.clone(), ["it", "by", "what"]);
    let outputs = || [col("it"), col("by"), col("what")];
    let keys = [4.into(), Value::Null, 7.into(), 4.into(), 99.into()];
    let mut run = |select: Select| {
        let prepared = notes.prepare(select.into()).unwrap();
        let before = notes.log().totals();
        let rows = notes.run(&prepared, Input::Keys(&keys)).unwrap().rows.to_values();
        let plan = prepared.explain(notes.schema()).to_string();
        (rows, (notes.log().totals() - before).rows_read, plan)
    };
    let (mut rows, read, plan) = run(Select::from(source()).by_keys(["by"]).values(outputs()));
    assert_eq!((rows.len(), read), (91 + 91 + 2, 91 + 91 + 2), "{plan}");
    assert!(
        plan.contains("rewritten by keys") && plan.contains("notes by index notes_author_idx, given keys"),
        "{plan}"
    );
    // The same rows as by a condition, with a further one, a join, and in an order.
    let (mut same, ..) =
        run(Select::from(source()).values(outputs()).filter(col("by").in_list([4, 7])).by_keys(["by"]));
    rows.sort();
    same.sort();
    assert_eq!(rows, same);
    let by = Select::from(source()).by_keys(["by"]).join("authors", of(0, "by").eq(of(1, "id")));
    let by = by.filter(of(0, "it").lt(10)).order_by(of(0, "it"), Direction::Descending);
    let (rows, ..) = run(by.values([of(0, "it"), of(1, "name")]));
    let lines: Vec<String> = rows.iter().map(|row| format!("{} {}", row[0], row[1])).collect();
    assert_eq!(lines, ["7 'a7'", "4 'a4'", "-1 'a4'", "-1 'a7'"]);
}

/// Keys that a source computes are not looked for in its tables, and a page of it has been counted before.
#[test]
fn q3_keys_stay_where_a_query_does_not_pass_them_on() {
    let mut notes = notes();
    let computed = Select::from("notes").values([col("author").plus(1)]);
    let page = Select::from("notes").values([col("author")]).limit(5);
    for inner in [computed, page] {
        let select = Select::from(Source::select(inner, ["by"])).by_keys(["by"]).values([col("by")]);
        let refused = notes.prepare(select.into()).expect_err("nothing finds them by keys");
        assert!(refused.to_string().contains("no table"), "{refused}");
    }
}

/// What a source computes from several rows is not asked before it has them.
#[test]
fn q3_push_leaves_what_depends_on_other_rows() {
    let mut notes = notes();
    let first = Select::from("notes").values([col("author"), col("stars")]).limit(50);
    let source = |select| Select::from(Source::select(select, ["by", "it"])).values([col("by"), col("it")]);
    let whole = Select::from("notes").values([aggregate(Aggregate::Max, col("author")), count()]);
    let groups = Select::from("notes").group_by([col("author")]).values([col("author"), count()]);
    for (select, condition) in [
        (first.clone(), col("by").eq(4)),
        (whole, col("by").eq(4)),
        (groups.clone(), col("it").eq(91)),
        (groups.clone(), col("by").plus(0).eq(4)),
        (groups.compound(SetOperation::Union, first), col("by").eq(4)),
    ] {
        let (_, rows) = by_rules(&mut notes, source(select.clone()).filter(condition.clone()), &[]);
        let (_, same) = by_rules(&mut notes, source(select).filter(hidden(condition)), &[]);
        assert_eq!(rows, same);
    }
}

#[test]
fn q3_fold_computes_constants_once() {
    let mut notes = notes();
    let select = Select::from("notes").values([col("id")]).filter(col("id").eq(Expr::from(6).times(7).plus(1)));
    assert_eq!(by_rules(&mut notes, select, &["fold"]), (0, vec![vec![Value::Int(43)]]));
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
