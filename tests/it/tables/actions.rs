//! Foreign key actions: what a delete or a key change sets in motion, and when it is refused.

use diptych::error::{ErrorKind, Rule};
use diptych::{Action, Column, Connection, Control, Delete, Expression, ForeignKey, Insert, Table, Update, Value, col};

use super::{commit, connect, done, facts, id, ints, keyed, referring, refused, rows, sound};

#[test]
fn i1_a_diamond_deletes_its_foot_once() {
    let cascade = |key: ForeignKey| key.on_delete(Action::Cascade);
    let middle = |name| referring(keyed(name), "top", cascade, "tops");
    let foot = referring(referring(keyed("feet"), "left_id", cascade, "lefts"), "right_id", cascade, "rights");
    let mut connection = connect([keyed("tops"), middle("lefts"), middle("rights"), foot]);
    done(&mut connection, Insert::into("tops", ["id"]).row([1]));
    done(&mut connection, Insert::into("lefts", ["id", "top"]).row([1, 1]));
    done(&mut connection, Insert::into("rights", ["id", "top"]).row([1, 1]));
    done(&mut connection, Insert::into("feet", ["id", "left_id", "right_id"]).row([1, 1, 1]));
    let outcome = done(&mut connection, Delete::from("tops"));
    assert_eq!((outcome.count, outcome.by_actions), (1, 3));
    for table in ["tops", "lefts", "rights", "feet"] {
        assert_eq!(rows(&mut connection, table), ints::<1>([]), "{table}");
    }
}

#[test]
fn i1_a_ring_and_a_row_that_refers_to_itself_come_to_an_end() {
    let cascade = |key: ForeignKey| key.on_delete(Action::Cascade).on_update(Action::Cascade).deferred();
    let ring = |name, next| referring(keyed(name), "next", cascade, next);
    let mut connection = connect([ring("a", "b"), ring("b", "a"), ring("own", "own")]);
    done(&mut connection, Insert::into("a", ["id", "next"]).row([1, 1]));
    done(&mut connection, Insert::into("b", ["id", "next"]).row([1, 1]));
    done(&mut connection, Insert::into("own", ["id", "next"]).row([1, 1]).row([2, 1]));
    assert_eq!(done(&mut connection, Update::table("own").set("id", 9).filter(id(1))).by_actions, 1);
    assert_eq!(rows(&mut connection, "own"), ints([[2, 9], [9, 9]]));
    assert_eq!(done(&mut connection, Delete::from("own").filter(id(9))).by_actions, 1);
    assert_eq!(done(&mut connection, Delete::from("a")).by_actions, 1);
    assert_eq!(rows(&mut connection, "b"), ints::<2>([]));
    sound(&connection);
    commit(&mut connection).unwrap();
}

#[test]
fn i3_both_ends_of_a_no_action_reference_go_in_one_statement() {
    let mut connection = connect([referring(keyed("notes"), "parent", |it| it, "notes")]);
    done(&mut connection, Insert::into("notes", ["id", "parent"]).row([1, 1]).row([2, 1]));
    let violation = refused(&mut connection, Delete::from("notes").filter(id(1)));
    assert_eq!(facts(&violation), (Rule::StillReferenced, "notes", &[Value::Int(1)][..]));
    assert_eq!(violation.blocking[0].key, [Value::Int(2)]);
    assert_eq!(done(&mut connection, Delete::from("notes").filter(col("id").in_list([1, 2]))).count, 2);
}

#[test]
fn restrict_refuses_at_once_even_when_deferred() {
    let restrict = |key: ForeignKey| key.on_delete(Action::Restrict).on_update(Action::Restrict).deferred();
    let mut connection = connect([keyed("users"), referring(keyed("posts"), "author", restrict, "users")]);
    done(&mut connection, Insert::into("users", ["id"]).row([1]));
    done(&mut connection, Insert::into("posts", ["id", "author"]).row([7, 1]));
    let violation = refused(&mut connection, Delete::from("users"));
    assert_eq!(facts(&violation), (Rule::Restrict, "users", &[Value::Int(1)][..]));
    assert_eq!((violation.blocking[0].key.clone(), violation.blocking_count), (vec![Value::Int(7)], 1));
    assert_eq!(refused(&mut connection, Update::table("users").set("id", 2)).rule, Rule::Restrict);
}

/// No outcome depends on the order of paths: RESTRICT refuses although CASCADE would remove the row that refers.
#[test]
fn restrict_refuses_whatever_the_order_of_the_paths() {
    let build = |first: Action, second: Action| {
        let posts = keyed("posts").column(Column::int("author").nullable()).column(Column::int("editor").nullable());
        let key = |column, action| ForeignKey::new([column], "users").on_delete(action);
        connect([keyed("users"), posts.foreign_key(key("author", first)).foreign_key(key("editor", second))])
    };
    for (first, second) in [(Action::Cascade, Action::Restrict), (Action::Restrict, Action::Cascade)] {
        let mut connection = build(first, second);
        done(&mut connection, Insert::into("users", ["id"]).row([1]));
        done(&mut connection, Insert::into("posts", ["id", "author", "editor"]).row([1, 1, 1]));
        assert_eq!(refused(&mut connection, Delete::from("users")).rule, Rule::Restrict);
    }
}

#[test]
fn a_row_that_goes_is_not_updated() {
    let posts = keyed("posts").column(Column::int("author")).column(Column::int("editor"));
    let posts = posts.foreign_key(ForeignKey::new(["author"], "users").on_delete(Action::SetNull));
    let posts = posts.foreign_key(ForeignKey::new(["editor"], "users").on_delete(Action::Cascade));
    let mut connection = connect([keyed("users"), posts]);
    done(&mut connection, Insert::into("users", ["id"]).row([1]).row([2]));
    done(&mut connection, Insert::into("posts", ["id", "author", "editor"]).row([1, 1, 1]).row([2, 1, 2]));
    // Row 2 stays, and its author must not be NULL.
    assert_eq!(refused(&mut connection, Delete::from("users").filter(id(1))).rule, Rule::NotNull);
    done(&mut connection, Delete::from("posts").filter(id(2)));
    assert_eq!(done(&mut connection, Delete::from("users").filter(id(1))).by_actions, 1);
}

#[test]
fn on_update_cascade_goes_down_a_chain_of_keys() {
    let level = |name, up| {
        let key = ForeignKey::new(["id"], up).on_update(Action::Cascade);
        keyed(name).foreign_key(key)
    };
    let mut connection = connect([keyed("a"), level("b", "a"), level("c", "b"), level("d", "c")]);
    for table in ["a", "b", "c", "d"] {
        done(&mut connection, Insert::into(table, ["id"]).row([1]).row([2]));
    }
    assert_eq!(done(&mut connection, Update::table("a").set("id", 5).filter(id(1))).by_actions, 3);
    for table in ["a", "b", "c", "d"] {
        assert_eq!(rows(&mut connection, table), ints([[2], [5]]), "{table}");
    }
    sound(&connection);
}

/// A key whose two columns change on two ways is carried on with both.
#[test]
fn a_composite_key_follows_two_ways_at_once() {
    let half = |name| keyed(name).foreign_key(ForeignKey::new(["id"], "roots").on_update(Action::Cascade));
    let both = Table::new("pairs").column(Column::int("a")).column(Column::int("b")).primary_key(["a", "b"]);
    let both = both.foreign_key(ForeignKey::new(["a"], "lefts").on_update(Action::Cascade));
    let both = both.foreign_key(ForeignKey::new(["b"], "rights").on_update(Action::Cascade));
    let leaf = keyed("leaves").column(Column::int("a")).column(Column::int("b"));
    let leaf = leaf.foreign_key(ForeignKey::new(["a", "b"], "pairs").on_update(Action::Cascade));
    let mut connection = connect([keyed("roots"), half("lefts"), half("rights"), both, leaf]);
    for table in ["roots", "lefts", "rights"] {
        done(&mut connection, Insert::into(table, ["id"]).row([1]));
    }
    done(&mut connection, Insert::into("pairs", ["a", "b"]).row([1, 1]));
    done(&mut connection, Insert::into("leaves", ["id", "a", "b"]).row([1, 1, 1]));
    done(&mut connection, Update::table("roots").set("id", 8));
    assert_eq!(rows(&mut connection, "leaves"), ints([[1, 8, 8]]));
}

/// Where foreign keys share a column, SET NULL decides before CASCADE and CASCADE before SET DEFAULT.
#[test]
fn a_shared_column_does_not_depend_on_the_order_of_foreign_keys() {
    let become_of = |first: Action, second: Action| {
        let child = keyed("children").column(Column::int("parent").nullable().default(1));
        let child = child.foreign_key(ForeignKey::new(["parent"], "parents").named("one").on_update(first));
        let child = child.foreign_key(ForeignKey::new(["parent"], "parents").named("two").on_update(second));
        let mut connection = connect([keyed("parents"), child]);
        done(&mut connection, Insert::into("parents", ["id"]).row([1]).row([2]));
        done(&mut connection, Insert::into("children", ["id", "parent"]).row([1, 2]));
        done(&mut connection, Update::table("parents").set("id", 3).filter(id(2)));
        rows(&mut connection, "children")[0][1].clone()
    };
    for (a, b, expected) in [
        (Action::SetNull, Action::Cascade, Value::Null),
        (Action::Cascade, Action::SetDefault, Value::Int(3)),
        (Action::SetNull, Action::SetDefault, Value::Null),
    ] {
        assert_eq!(become_of(a, b), expected, "{a}, {b}");
        assert_eq!(become_of(b, a), expected, "{b}, {a}");
    }
}

#[test]
fn set_default_refers_to_the_default_or_is_refused() {
    let posts = keyed("posts").column(Column::int("author").default(0));
    let posts = posts.foreign_key(ForeignKey::new(["author"], "users").on_delete(Action::SetDefault));
    let mut connection = connect([keyed("users"), posts]);
    done(&mut connection, Insert::into("users", ["id"]).row([0]).row([1]));
    done(&mut connection, Insert::into("posts", ["id", "author"]).row([1, 1]));
    done(&mut connection, Delete::from("users").filter(id(1)));
    assert_eq!(rows(&mut connection, "posts"), ints([[1, 0]]));
    assert_eq!(refused(&mut connection, Delete::from("users")).rule, Rule::ForeignKey);
}

/// I4 and D1: what is open at commit is listed row by row, and what has been mended since is not.
#[test]
fn i4_d1_a_commit_lists_what_is_open() {
    let deferred = |key: ForeignKey| key.deferred();
    let ring = |name, next| referring(keyed(name), "next", deferred, next);
    let mut connection = connect([ring("a", "b"), ring("b", "a")]);
    done(&mut connection, Insert::into("a", ["id", "next"]).row([1, 1]).row([2, 2]).row([3, 3]));
    done(&mut connection, Insert::into("b", ["id", "next"]).row([1, 1]));
    let error = commit(&mut connection).unwrap_err();
    let ErrorKind::Open(open) = error.kind() else { panic!("{error:#}") };
    let keys: Vec<i64> = open.iter().map(|it| if let Value::Int(key) = it.row.key[0] { key } else { 0 }).collect();
    assert_eq!(keys, [2, 3]);
    assert!(open.iter().all(|it| it.rule == Rule::ForeignKey && it.constraint == "a_next_fkey"));
    // The transaction is still open and can be mended.
    done(&mut connection, Insert::into("b", ["id", "next"]).row([2, 1]).row([3, 1]));
    commit(&mut connection).unwrap();
}

/// The ledger follows a row whose key, and so whose slot, changes.
#[test]
fn i4_an_open_reference_stays_open_when_its_row_moves() {
    let mut connection = connect([keyed("b"), referring(keyed("a"), "next", |it| it.deferred(), "b")]);
    done(&mut connection, Insert::into("a", ["id", "next"]).row([1, 1]));
    done(&mut connection, Update::table("a").set("id", 2));
    assert_eq!(commit(&mut connection).unwrap_err().violation().unwrap().row.key, [Value::Int(2)]);
    connection.control(Control::Rollback).unwrap();
    assert_eq!(connection.database().snapshot().len("a").unwrap(), 0, "D2");
}

#[test]
fn i4_going_back_to_a_savepoint_closes_what_was_opened_after_it() {
    let mut connection = connect([keyed("b"), referring(keyed("a"), "next", |it| it.deferred(), "b")]);
    connection.control(Control::Savepoint).unwrap();
    done(&mut connection, Insert::into("a", ["id", "next"]).row([1, 1]));
    connection.control(Control::RollbackTo).unwrap();
    done(&mut connection, Insert::into("a", ["id"]).row([1]));
    commit(&mut connection).unwrap();
}
