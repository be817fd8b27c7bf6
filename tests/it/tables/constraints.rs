//! Keys, NOT NULL and CHECK; statements are judged as a whole and fail as a whole.

use diptych::error::Rule;
use diptych::query::{Input, InsertRows};
use diptych::{
    Action, Column, Connection, Expression, ForeignKey, Insert, Row, Table, Tuple, Update, Value, col, column,
};

use super::{connect, done, facts, id, ints, keyed, refused, rows, sound};

/// T3 at the end of a statement: two rows swap their unique keys, and rows move up by one.
#[test]
fn t3_unique_keys_are_judged_when_the_statement_ends() {
    let mut connection = connect([keyed("seats").column(Column::int("place")).unique(["place"])]);
    done(&mut connection, Insert::into("seats", ["id", "place"]).row([1, 1]).row([2, 2]).row([3, 3]));
    done(&mut connection, Update::table("seats").set("place", diptych::Expr::from(4).minus(col("place"))));
    assert_eq!(rows(&mut connection, "seats"), ints([[1, 3], [2, 2], [3, 1]]));
    done(&mut connection, Update::table("seats").set("id", col("id").plus(1)));
    assert_eq!(rows(&mut connection, "seats"), ints([[2, 3], [3, 2], [4, 1]]));
    sound(&connection);
    let violation = refused(&mut connection, Update::table("seats").set("place", 1).filter(col("id").lt(4)));
    assert_eq!((violation.rule, violation.constraint.as_str()), (Rule::Unique, "seats_place_key"));
}

/// I5: a refused exchange of keys leaves each row in its slot.
#[test]
fn i5_a_refused_swap_of_primary_keys_is_taken_back() {
    let key = ForeignKey::new(["id"], "names").on_update(Action::NoAction);
    let mut connection = connect([keyed("names"), keyed("uses").foreign_key(key)]);
    done(&mut connection, Insert::into("names", ["id"]).row([1]).row([2]).row([3]));
    done(&mut connection, Insert::into("uses", ["id"]).row([1]).row([3]));
    // 1 and 2 change places, 3 goes away and is missed.
    let refusal = Update::table("names").set("id", diptych::Expr::from(3).minus(col("id")));
    assert_eq!(refused(&mut connection, refusal).rule, Rule::StillReferenced);
    done(
        &mut connection,
        Update::table("names").set("id", diptych::Expr::from(3).minus(col("id"))).filter(col("id").lt(3)),
    );
    assert_eq!(rows(&mut connection, "names"), ints([[1], [2], [3]]));
    sound(&connection);
}

/// T2: rows move between the slots of their keys and the region for keys far away, several in one statement.
#[test]
fn t2_rows_move_home_and_away() {
    let mut connection = connect([keyed("points").column(Column::int("x")).index(["x"])]);
    done(&mut connection, Insert::into("points", ["id", "x"]).row([0, 0]).row([1_000_000, 1]).row([-5, 2]));
    sound(&connection);
    done(&mut connection, Update::table("points").set("id", col("id").minus(1)).set("x", col("x").plus(1)));
    sound(&connection);
    assert_eq!(rows(&mut connection, "points"), ints([[-6, 3], [-1, 1], [999_999, 2]]));
    done(&mut connection, Update::table("points").set("id", 3).filter(id(999_999)));
    sound(&connection);
}

#[test]
fn i5_a_refused_insert_takes_generated_keys_back() {
    let mut connection = connect([Table::new("notes").auto_key("id").column(Column::text("body")).unique(["body"])]);
    let draft = |body: &str| Tuple::new([Value::Null, body.into()]).into_row();
    let insert = connection.prepare(InsertRows { table: "notes".into() }.into()).unwrap();
    let mut given: Vec<Row> = vec![draft("a"), draft("b"), draft("a")];
    let error = connection.run(&insert, Input::Rows(&mut given)).unwrap_err();
    assert_eq!(error.violation().unwrap().rule, Rule::Unique);
    assert!(given.iter().all(|row| row.get(diptych::id::ColumnId::new(0)).is_null()), "Q2");
    given.pop();
    connection.run(&insert, Input::Rows(&mut given)).unwrap();
    let keys: Vec<Value> = given.iter().map(|row| row.get(diptych::id::ColumnId::new(0)).to_value()).collect();
    assert_eq!(keys, [Value::Int(1), Value::Int(2)]);
}

#[test]
fn null_in_a_composite_foreign_key_refers_to_nothing() {
    let parents = Table::new("parents").column(Column::int("a")).column(Column::int("b")).primary_key(["a", "b"]);
    let children = keyed("children").column(Column::int("a").nullable()).column(Column::int("b").nullable());
    let mut connection = connect([parents, children.foreign_key(ForeignKey::new(["a", "b"], "parents"))]);
    let insert = |a: Value, b: Value| Insert::into("children", ["id", "a", "b"]).row([Value::Int(1), a, b]);
    assert_eq!(refused(&mut connection, insert(1.into(), 1.into())).rule, Rule::ForeignKey);
    done(&mut connection, insert(1.into(), Value::Null));
    assert_eq!(refused(&mut connection, Update::table("children").set("b", 1)).columns, ["a", "b"]);
}

#[test]
fn nulls_never_agree_in_a_unique_key() {
    let pairs = Table::new("pairs").column(Column::int("a").nullable()).column(Column::int("b")).unique(["a", "b"]);
    let mut connection = connect([pairs]);
    let row = |a: Option<i64>| Insert::into("pairs", ["a", "b"]).row([Value::from(a), Value::Int(1)]);
    done(&mut connection, row(None));
    done(&mut connection, row(None));
    done(&mut connection, row(Some(1)));
    assert_eq!(refused(&mut connection, row(Some(1))).rule, Rule::Unique);
    assert_eq!(refused(&mut connection, Update::table("pairs").set("a", 1)).rule, Rule::Unique);
    sound(&connection);
}

#[test]
fn a_check_refuses_what_is_false_and_lets_pass_what_is_unknown() {
    let table = keyed("ranges").column(Column::int("low").nullable()).column(Column::int("high").nullable());
    let mut connection = connect([table.check("low_first", column("low").le(column("high")))]);
    let row = |id: i64, low: Option<i64>| {
        Insert::into("ranges", ["id", "low", "high"]).row([Value::Int(id), low.into(), Value::Int(5)])
    };
    done(&mut connection, row(1, Some(5)));
    done(&mut connection, row(2, None));
    let violation = refused(&mut connection, row(3, Some(6)));
    assert_eq!(facts(&violation), (Rule::Check, "ranges", &[Value::Int(3)][..]));
    assert_eq!(violation.columns, ["low", "high"]);
}

/// E1: whoever catches an error matches on facts. E2: one line in `{}`, the whole story in `{:#}`.
#[test]
fn e1_e2_an_error_is_facts_and_tells_its_story() {
    let cascade = |column, target| ForeignKey::new([column], target).on_delete(Action::Cascade);
    let restrict = ForeignKey::new(["post"], "posts").on_delete(Action::Restrict);
    let posts = keyed("posts").column(Column::int("author")).foreign_key(cascade("author", "users"));
    let votes = keyed("votes").column(Column::int("post")).foreign_key(restrict);
    let mut connection = connect([keyed("users"), posts, votes]);
    done(&mut connection, Insert::into("users", ["id"]).row([1]));
    done(&mut connection, Insert::into("posts", ["id", "author"]).row([5, 1]));
    done(&mut connection, Insert::into("votes", ["id", "post"]).row([8, 5]).row([9, 5]));
    let error = connection.execute(diptych::Delete::from("users")).unwrap_err();
    let violation = error.violation().unwrap();
    assert_eq!(facts(violation), (Rule::Restrict, "posts", &[Value::Int(5)][..]));
    assert_eq!((violation.constraint.as_str(), violation.blocking_count), ("votes_post_fkey", 2));
    assert_eq!(violation.path[0].from.to_string(), "users[1]");
    assert!(!error.is_retryable());
    assert_eq!(error.to_string(), "posts[5] may not change: votes_post_fkey restricts it (2 rows of votes)");
    let story = "posts[5] may not change: votes_post_fkey restricts it (2 rows of votes)

constraint  votes_post_fkey (restrict) on votes(post)
values      5
in the way  votes[8], votes[9]
reached by  users[1] ─cascade by posts_author_fkey→ posts[5]
you may     change the rows of votes first, or declare the action cascade or set null";
    assert_eq!(format!("{error:#}"), story);
}
