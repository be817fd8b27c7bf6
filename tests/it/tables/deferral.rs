//! When constraints are judged: foreign keys and unique keys that may wait until commit, and `SET CONSTRAINTS`.

use diptych::error::{ErrorKind, Misuse, Rule};
use diptych::schema::{ConstraintMode, Constraints, Index, Timing};
use diptych::{Column, Connection, Control, Delete, Error, Expression, ForeignKey, Insert, NativeConnection, Table};
use diptych::{Update, Value, col};

use super::{commit, connect, done, facts, id, ints, keyed, referring, refused, rows, sound};

fn set(connection: &mut NativeConnection, which: Constraints, mode: ConstraintMode) -> Result<(), Error> {
    connection.control(Control::SetConstraints(which, mode))
}

fn named(name: &'static str) -> Constraints {
    Constraints::Named(vec![name.into()])
}

fn places(timing: Timing) -> Table {
    keyed("seats").column(Column::int("place")).add_index(Index::on(["place"]).unique().timing(timing))
}

/// I4: a shared key is a fact that names both rows; it may be mended before commit.
#[test]
fn i4_a_deferred_unique_key_is_judged_at_commit() {
    let mut connection = connect([places(Timing::InitiallyDeferred)]);
    done(&mut connection, Insert::into("seats", ["id", "place"]).row([1, 7]).row([2, 7]));
    done(&mut connection, Insert::into("seats", ["id", "place"]).row([3, 8]));
    done(&mut connection, Update::table("seats").set("place", 8).filter(id(1)));
    sound(&connection);
    let error = commit(&mut connection).unwrap_err();
    let ErrorKind::Open(open) = error.kind() else { panic!("{error:#}") };
    assert_eq!(open.len(), 1, "what was shared by 1 and 2 is mended: {error:#}");
    assert_eq!(facts(&open[0]), (Rule::Unique, "seats", &[Value::Int(1)][..]));
    assert_eq!(open[0].blocking[0].key, [Value::Int(3)]);
    done(&mut connection, Delete::from("seats").filter(id(3)));
    commit(&mut connection).unwrap();
    let mut other = connection.database().connect();
    assert_eq!(rows(&mut other, "seats"), ints([[1, 8], [2, 7]]));
}

/// I4: whoever holds the shared key may move to another slot meanwhile.
#[test]
fn i4_a_shared_key_stays_open_when_its_row_moves() {
    let mut connection = connect([places(Timing::InitiallyDeferred)]);
    done(&mut connection, Insert::into("seats", ["id", "place"]).row([1, 7]));
    done(&mut connection, Insert::into("seats", ["id", "place"]).row([2, 7]));
    done(&mut connection, Update::table("seats").set("id", 9).filter(id(2)));
    assert_eq!(commit(&mut connection).unwrap_err().violation().unwrap().constraint, "seats_place_key");
    connection.control(Control::Rollback).unwrap();
    assert_eq!(connection.database().snapshot().len("seats").unwrap(), 0);
}

#[test]
fn a_deferrable_key_is_judged_when_the_statement_ends_unless_told_otherwise() {
    let mut connection = connect([places(Timing::InitiallyImmediate)]);
    done(&mut connection, Insert::into("seats", ["id", "place"]).row([1, 1]).row([2, 2]));
    assert_eq!(refused(&mut connection, Update::table("seats").set("place", 1)).rule, Rule::Unique);
    done(&mut connection, Update::table("seats").set("place", diptych::Expr::from(3).minus(col("place"))));
    set(&mut connection, named("seats_place_key"), ConstraintMode::Deferred).unwrap();
    done(&mut connection, Update::table("seats").set("place", 1));
    assert_eq!(rows(&mut connection, "seats"), ints([[1, 1], [2, 1]]));
    assert!(commit(&mut connection).is_err());
    done(&mut connection, Update::table("seats").set("place", 2).filter(id(2)));
    commit(&mut connection).unwrap();
    // What was said ends with the transaction.
    assert_eq!(refused(&mut connection, Update::table("seats").set("place", 1)).rule, Rule::Unique);
}

/// A deferrable primary key may be shared for a while, too.
#[test]
fn a_primary_key_can_wait_as_well() {
    let table = Table::new("pages").column(Column::int("number")).column(Column::text("title"));
    let mut connection = connect([table.primary_key(["number"]).primary_key_timing(Timing::InitiallyDeferred)]);
    let page =
        |number: i64, title: &str| Insert::into("pages", ["number", "title"]).row([number.into(), Value::from(title)]);
    done(&mut connection, page(1, "a"));
    done(&mut connection, page(1, "b"));
    assert_eq!(rows(&mut connection, "pages").len(), 2);
    assert_eq!(commit(&mut connection).unwrap_err().violation().unwrap().rule, Rule::PrimaryKey);
    done(&mut connection, Update::table("pages").set("number", 2).filter(col("title").eq("a")));
    commit(&mut connection).unwrap();
}

/// As in PostgreSQL: what is open refuses, names itself, and leaves the constraint deferred.
#[test]
fn i4_to_set_constraints_immediate_judges_at_once() {
    let mut connection = connect([keyed("b"), referring(keyed("a"), "next", |it| it.deferred(), "b")]);
    done(&mut connection, Insert::into("a", ["id", "next"]).row([1, 1]));
    for which in [Constraints::All, named("a_next_fkey")] {
        let error = set(&mut connection, which, ConstraintMode::Immediate).unwrap_err();
        assert_eq!(facts(error.violation().unwrap()), (Rule::ForeignKey, "a", &[Value::Int(1)][..]));
    }
    done(&mut connection, Insert::into("a", ["id", "next"]).row([2, 1]));
    done(&mut connection, Insert::into("b", ["id"]).row([1]));
    set(&mut connection, Constraints::All, ConstraintMode::Immediate).unwrap();
    assert_eq!(refused(&mut connection, Insert::into("a", ["id", "next"]).row([3, 9])).rule, Rule::ForeignKey);
    assert_eq!(refused(&mut connection, Delete::from("b")).rule, Rule::StillReferenced);
    commit(&mut connection).unwrap();
}

/// The last word counts, and a word about all takes back what was said of each.
#[test]
fn single_constraints_and_all_of_them() {
    let timing = |key: ForeignKey| key.timing(Timing::InitiallyImmediate);
    let child = referring(referring(keyed("children"), "a", timing, "parents"), "b", timing, "parents");
    let mut connection = connect([keyed("parents"), child]);
    set(&mut connection, Constraints::All, ConstraintMode::Deferred).unwrap();
    set(&mut connection, named("children_a_fkey"), ConstraintMode::Immediate).unwrap();
    assert_eq!(
        refused(&mut connection, Insert::into("children", ["id", "a"]).row([1, 5])).constraint,
        "children_a_fkey"
    );
    done(&mut connection, Insert::into("children", ["id", "b"]).row([1, 5]));
    set(&mut connection, Constraints::All, ConstraintMode::Deferred).unwrap();
    done(&mut connection, Insert::into("children", ["id", "a"]).row([2, 5]));
    done(&mut connection, Insert::into("parents", ["id"]).row([5]));
    commit(&mut connection).unwrap();
}

#[test]
fn what_is_not_deferrable_or_not_there_is_named() {
    let mut connection = connect([keyed("b"), referring(keyed("a"), "next", |it| it.deferred(), "b")]);
    let error = set(&mut connection, named("a_pkey"), ConstraintMode::Deferred).unwrap_err();
    assert_eq!(error.to_string(), "a_pkey is not deferrable");
    let error = set(&mut connection, named("a_nxt_fkey"), ConstraintMode::Deferred).unwrap_err();
    assert!(matches!(error.misuse(), Some(Misuse::UnknownName { what: "constraint", .. })));
    assert_eq!(error.to_string(), "there is no constraint `a_nxt_fkey`; did you mean `a_next_fkey`?");
}

/// A savepoint remembers what was said before it, as a subtransaction does in PostgreSQL.
#[test]
fn i4_going_back_to_a_savepoint_takes_back_what_was_said_after_it() {
    let mut connection = connect([places(Timing::InitiallyImmediate)]);
    connection.control(Control::Savepoint).unwrap();
    set(&mut connection, Constraints::All, ConstraintMode::Deferred).unwrap();
    done(&mut connection, Insert::into("seats", ["id", "place"]).row([1, 7]).row([2, 7]));
    connection.control(Control::RollbackTo).unwrap();
    let both = Insert::into("seats", ["id", "place"]).row([1, 7]).row([2, 7]);
    assert_eq!(refused(&mut connection, both).rule, Rule::Unique);
    commit(&mut connection).unwrap();
}

/// D1: two transactions that give the same deferrable key do not both commit.
#[test]
fn d1_a_deferrable_key_that_another_transaction_has_taken_is_a_conflict() {
    let mut first = connect([places(Timing::InitiallyDeferred)]);
    let mut second = first.database().connect();
    done(&mut first, Insert::into("seats", ["id", "place"]).row([1, 7]));
    done(&mut second, Insert::into("seats", ["id", "place"]).row([2, 7]));
    commit(&mut first).unwrap();
    let error = commit(&mut second).unwrap_err();
    assert!(error.is_retryable(), "{error:#}");
    assert_eq!(first.database().snapshot().len("seats").unwrap(), 1);
}
