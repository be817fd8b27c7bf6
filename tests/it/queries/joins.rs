//! The joins.

use diptych::query::{JoinKind, Leaf, Output, Source};
use diptych::{Column, Database, Direction, Expr, Expression, Insert, NativeConnection, Schema, Select, Table, Value};
use diptych::{col, count};

use super::{any_order, hidden, of, outer, refused, shop};

fn joined(kind: JoinKind) -> Select {
    let select = Select::from("people").join_as(kind, "orders", of(0, "id").eq(of(1, "person")));
    select.values([of(0, "name"), of(1, "id")])
}

#[test]
fn rows_without_a_partner_come_out_on_the_side_that_a_join_says() {
    let mut shop = shop();
    let both = ["'Ann' 1", "'Ann' 2", "'Cid' 3"];
    assert_eq!(any_order(&mut shop, joined(JoinKind::Inner)), both);
    assert_eq!(
        any_order(&mut shop, joined(JoinKind::Left)),
        [&both[..2], &["'Bob' NULL", "'Cid' 3", "'Dee' NULL"]].concat()
    );
    assert_eq!(any_order(&mut shop, joined(JoinKind::Right)), [&both[..], &["NULL 4", "NULL 5"]].concat());
    let full = [&both[..2], &["'Bob' NULL", "'Cid' 3", "'Dee' NULL", "NULL 4", "NULL 5"]].concat();
    assert_eq!(any_order(&mut shop, joined(JoinKind::Full)), full);
    let names = |kind| Select { outputs: vec![Output::Value(of(0, "name"))], ..joined(kind) };
    assert_eq!(any_order(&mut shop, names(JoinKind::Semi)), ["'Ann'", "'Cid'"]);
    assert_eq!(any_order(&mut shop, names(JoinKind::Anti)), ["'Bob'", "'Dee'"]);
}

/// A condition of the query is judged after rows without a partner have come out, wherever it could be judged earlier.
#[test]
fn conditions_wait_for_rows_without_a_partner() {
    let mut shop = shop();
    let absent = |kind| joined(kind).filter(of(0, "name").is_null());
    assert_eq!(any_order(&mut shop, absent(JoinKind::Right)), ["NULL 4", "NULL 5"]);
    assert_eq!(any_order(&mut shop, absent(JoinKind::Full)), ["NULL 4", "NULL 5"]);
    let not_ann = |kind| joined(kind).filter(of(0, "name").ne("Ann").or(of(0, "name").is_null()));
    assert_eq!(any_order(&mut shop, not_ann(JoinKind::Right)), ["'Cid' 3", "NULL 4", "NULL 5"]);
    // In the condition of the join, it only says who is a partner.
    let on = of(0, "id").eq(of(1, "person")).and(of(0, "name").ne("Ann"));
    let select = Select::from("people").join_as(JoinKind::Full, "orders", on).values([of(0, "name"), of(1, "id")]);
    let expected = ["'Ann' NULL", "'Bob' NULL", "'Cid' 3", "'Dee' NULL", "NULL 1", "NULL 2", "NULL 4", "NULL 5"];
    assert_eq!(any_order(&mut shop, select), expected);
}

/// A row that had no partner goes on to the joins that follow, and may find or miss partners there.
#[test]
fn joins_follow_each_other() {
    let mut shop = shop();
    let third = |kind| {
        let select = joined(JoinKind::Full).join_as(kind, "people", of(2, "id").eq(of(1, "id")));
        select.values([of(0, "name"), of(1, "id"), of(2, "name")])
    };
    let inner = ["'Ann' 1 'Ann'", "'Ann' 2 'Bob'", "'Cid' 3 'Cid'", "NULL 4 'Dee'"];
    assert_eq!(any_order(&mut shop, third(JoinKind::Inner)), inner);
    assert_eq!(any_order(&mut shop, third(JoinKind::Right)), inner);
    let left = ["'Bob' NULL NULL", "'Dee' NULL NULL", "NULL 5 NULL"];
    let mut expected = [&inner[..], &left[..]].concat();
    expected.sort_unstable();
    assert_eq!(any_order(&mut shop, third(JoinKind::Full)), expected);
    assert_eq!(any_order(&mut shop, third(JoinKind::Left)), expected);
    // Two sides whose rows stay, one after the other, with nothing in common.
    let never = Expr::from(1).eq(0);
    let apart = Select::from("people").join_as(JoinKind::Full, "orders", never.clone());
    let apart = apart.join_as(JoinKind::Full, "people", never).values([count()]);
    assert_eq!(any_order(&mut shop, apart), ["13"]);
}

#[test]
fn a_source_of_partners_is_not_read_elsewhere() {
    let mut shop = shop();
    let semi = |select: Select| select.join_as(JoinKind::Semi, "orders", of(0, "id").eq(of(1, "person")));
    let read = semi(Select::from("people")).values([of(1, "id")]);
    assert!(refused(&mut shop, read).to_string().contains("only partners"));
    let whole = Select { outputs: vec![Output::Row(1)], ..semi(Select::from("people")) };
    assert!(refused(&mut shop, whole).to_string().contains("only partners"));
    let own = Select::from("orders").filter(col("person").eq(outer(1, 0, "id"))).values([col("price")]);
    let lateral = Source::select(own, ["price"]);
    let right = Select::from("people").join_as(JoinKind::Right, lateral, Expr::And(vec![])).values([of(0, "id")]);
    assert!(refused(&mut shop, right).to_string().contains("sources before it"));
}

#[test]
fn a_join_of_derived_rows_keeps_those_without_a_partner() {
    let mut shop = shop();
    let dear = Source::select(Select::from("orders").filter(col("price").ge(30)), ["i", "p", "c"]);
    let select = Select::from(dear).join_as(JoinKind::Full, "people", of(0, "p").eq(of(1, "id")));
    let select = select.values([of(0, "i"), of(1, "name")]);
    assert_eq!(any_order(&mut shop, select.clone()), ["2 'Ann'", "3 'Cid'", "NULL 'Bob'", "NULL 'Dee'"]);
    let exists = Leaf::Exists(Box::new(select.filter(of(1, "name").eq("Bob")))).expr();
    assert_eq!(any_order(&mut shop, Select::from(Source::Nothing).values([exists])), ["TRUE"]);
}

/// Tables that come in the order of each other's indexes, with NULLs, gaps, and several rows of a key on both sides.
fn dated() -> NativeConnection {
    let days = Table::new("days").column(Column::int("id")).primary_key(["id"]).column(Column::int("month").nullable());
    let days = days.column(Column::int("week").nullable()).column(Column::text("name")).index(["month", "week"]);
    let notes = Table::new("notes").column(Column::int("day").nullable()).column(Column::int("month").nullable());
    let notes = notes.column(Column::int("week").nullable()).column(Column::text("name"));
    let notes = notes.index(["day"]).index(["month", "week", "day"]).index(["name"]);
    let mut connection = Database::new(Schema::builder().table(days).table(notes).build().unwrap()).connect();
    let or_null = |it: i64, every: i64| if it % every == 0 { Value::Null } else { Value::from(it / every) };
    let insert = Insert::into("days", ["id", "month", "week", "name"]);
    let row = |id: i64| [Value::from(id * 3), or_null(id, 5), or_null(id * 7 % 40, 4), format!("d{}", id / 2).into()];
    connection.execute((1..120).fold(insert, |all, id| all.row(row(id)))).unwrap();
    let insert = Insert::into("notes", ["day", "month", "week", "name"]);
    let row = |id: i64| {
        let day = if id % 9 == 0 { Value::Null } else { Value::from(id * 17 % 400) };
        [day, or_null(id, 6), or_null(id * 11 % 40, 4), format!("d{}", id % 50).into()]
    };
    connection.execute((0..200).fold(insert, |all, id| all.row(row(id)))).unwrap();
    connection
}

/// Where the first source comes in the order of an index of a later one, both are gone through side by side; the outcome of
/// every join is that of looking up each key, and of a hash table.
#[test]
fn q3_sources_in_one_order_are_merged() {
    let mut dated = dated();
    let (day, month) = (of(1, "day").eq(of(0, "id")), of(1, "month").eq(of(0, "month")));
    let both = month.clone().and(of(1, "week").eq(of(0, "week")));
    let further = day.clone().and(of(1, "name").ge("d3"));
    let kinds = [JoinKind::Inner, JoinKind::Left, JoinKind::Right, JoinKind::Full, JoinKind::Semi, JoinKind::Anti];
    for kind in kinds {
        for (on, order) in [(&day, "id"), (&further, "id"), (&month, "month"), (&both, "month")] {
            let alone = matches!(kind, JoinKind::Semi | JoinKind::Anti);
            let columns = [of(0, "id"), of(0, "name"), if alone { of(0, "week") } else { of(1, "name") }];
            let by = |on| Select::from("days").join_as(kind, "notes", on).values(columns.clone());
            // Beside rows without a partner of a later source, an order is made afterwards.
            let keeps_all = matches!(kind, JoinKind::Right | JoinKind::Full);
            let ordered = |direction| match keeps_all {
                true => by(on.clone()),
                false => by(on.clone()).order_by(of(0, order), direction),
            };
            let merged = ordered(Direction::Ascending);
            let plan = dated.explain(merged.clone()).unwrap();
            assert_eq!(plan.contains("notes merged by index"), !keeps_all || order == "id", "{kind:?}\n{plan}");
            // Backwards, each key is looked up; hidden from the index, there is a hash table or a list.
            let hashed = by(hidden(on.clone()));
            let expected = any_order(&mut dated, hashed.clone());
            assert!(expected.len() > 10);
            for other in [Some(hashed), (!keeps_all).then(|| ordered(Direction::Descending))].into_iter().flatten() {
                assert!(!dated.explain(other.clone()).unwrap().contains("merged"));
                assert_eq!(any_order(&mut dated, other), expected);
            }
            assert_eq!(any_order(&mut dated, merged), expected, "{kind:?}\n{plan}");
        }
    }
    // Three sources, two of which stand in the order of the first.
    let three = Select::from("days").join("notes", day.clone()).left_join("notes", of(2, "day").eq(of(0, "id")));
    let three = three.values([of(0, "id"), of(1, "name"), of(2, "name")]);
    let plan = dated.explain(three.clone()).unwrap();
    assert_eq!(plan.matches("merged by").count(), 2, "{plan}");
    let mut hashed = three.clone();
    hashed.joins.iter_mut().for_each(|it| it.on = hidden(it.on.clone()));
    assert!(!dated.explain(hashed.clone()).unwrap().contains("merged"));
    assert_eq!(any_order(&mut dated, three), any_order(&mut dated, hashed));
    // Of few rows, each is looked up.
    let few = Select::from("days").join("notes", day).filter(of(0, "name").eq("d9")).values([of(1, "name")]);
    assert!(!dated.explain(few).unwrap().contains("merged"));
}
