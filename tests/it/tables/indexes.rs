//! Partial indexes and indexes over expressions: which rows they hold and what they forbid.

use diptych::error::Rule;
use diptych::schema::{Index, Part, Timing};
use diptych::{Column, Delete, Expression, ForeignKey, Insert, Schema, Select, Table, Update, Value, col, column};

use super::{commit, connect, done, facts, id, ints, keyed, refused, rows, sound};

/// T1 and T3: a partial unique key forbids that two rows agree for which its condition is true, and nothing else.
#[test]
fn t3_a_partial_key_holds_only_what_its_condition_is_true_for() {
    let table = keyed("jobs").column(Column::int("worker").nullable()).column(Column::bool("done"));
    let open = Index::on(["worker"]).unique().filter(column("done").negated()).named("one_open_job");
    let mut connection = connect([table.add_index(open)]);
    let job = |id: i64, worker: i64, done: bool| {
        Insert::into("jobs", ["id", "worker", "done"]).row([Value::Int(id), worker.into(), done.into()])
    };
    done(&mut connection, job(1, 5, true));
    done(&mut connection, job(2, 5, true));
    done(&mut connection, job(3, 5, false));
    sound(&connection);
    let violation = refused(&mut connection, job(4, 5, false));
    assert_eq!((violation.constraint.as_str(), violation.rule), ("one_open_job", Rule::Unique));
    assert_eq!(violation.blocking[0].key, [Value::Int(3)]);
    // A row enters and leaves the index when its condition changes, though its key does not.
    assert_eq!(refused(&mut connection, Update::table("jobs").set("done", false).filter(id(1))).rule, Rule::Unique);
    done(&mut connection, Update::table("jobs").set("done", true).filter(id(3)));
    done(&mut connection, Update::table("jobs").set("done", false).filter(id(1)));
    sound(&connection);
    done(&mut connection, Delete::from("jobs").filter(id(1)));
    sound(&connection);
    done(&mut connection, job(4, 5, false));
    // A plan may not read the index for rows that it does not hold.
    let found = done(&mut connection, Select::from("jobs").filter(col("worker").eq(5)));
    assert_eq!(found.count, 3);
    commit(&mut connection).unwrap();
}

/// T3: rows that agree in an expression, judged one by one and in a batch.
#[test]
fn t3_a_key_over_an_expression_compares_what_it_computes() {
    let users = || {
        let table = Table::new("users").auto_key("id").column(Column::text("email").nullable());
        connect([table.add_index(Index::over(column("email").lower()).unique())])
    };
    let mut connection = users();
    assert_eq!(connection.database().schema().tables()[0].indexes[1].name, "users_lower_key");
    done(
        &mut connection,
        Insert::into("users", ["email"]).row(["A@x"]).row(["b@x"]).row([Value::Null]).row([Value::Null]),
    );
    let violation = refused(&mut connection, Insert::into("users", ["email"]).row(["a@X"]));
    assert_eq!(facts(&violation), (Rule::Unique, "users", &[Value::Int(5)][..]));
    assert_eq!(violation.columns, ["email"]);
    done(&mut connection, Update::table("users").set("email", "a@X").filter(id(1)));
    assert_eq!(refused(&mut connection, Update::table("users").set("email", "B@x").filter(id(1))).rule, Rule::Unique);
    sound(&connection);
    let batch = |last: &str| {
        let names = (0..20).map(|it| format!("n{it}")).chain([last.to_owned()]);
        names.fold(Insert::into("users", ["email"]), |all, it| all.row([it]))
    };
    let mut connection = users();
    assert_eq!(refused(&mut connection, batch("N3")).rule, Rule::Unique);
    done(&mut connection, batch("n30"));
    sound(&connection);
}

#[test]
fn an_index_serves_by_the_columns_before_its_first_expression() {
    let table = keyed("words").column(Column::int("page")).column(Column::text("word"));
    let mixed = Index::on(["page"]).and(column("word").lower()).and(column("id"));
    let mut connection = connect([table.add_index(mixed.unique())]);
    let index = &connection.database().schema().tables()[0].indexes[1];
    assert!(matches!(index.parts[..], [Part::Column(_), Part::Expression(_), Part::Column(_)]));
    assert_eq!((index.columns.len(), index.reads.len(), index.is_plain()), (1, 3, false));
    let word = |id: i64, page: i64, word: &str| {
        Insert::into("words", ["id", "page", "word"]).row([Value::Int(id), page.into(), word.into()])
    };
    for (id, page, it) in [(1, 1, "b"), (2, 1, "A"), (3, 2, "a"), (4, 1, "a")] {
        done(&mut connection, word(id, page, it));
    }
    let query = || Select::from("words").values([col("id")]).filter(col("page").eq(1));
    let plan = connection.explain(query()).unwrap();
    assert!(plan.contains("words_page_lower_id_key"), "{plan}");
    let mut found = done(&mut connection, query()).rows.typed::<i64>().unwrap();
    found.sort_unstable();
    assert_eq!(found, [1, 2, 4]);
}

/// I5: a row for which an index cannot be computed is refused before anything changes.
#[test]
fn i5_a_row_that_an_index_cannot_compute_is_refused() {
    let table = keyed("points").column(Column::int("x"));
    let mut connection = connect([table.add_index(Index::over(column("x").plus(1)))]);
    done(&mut connection, Insert::into("points", ["id", "x"]).row([1, 1]));
    let insert = Insert::into("points", ["id", "x"]).row([2, 2]).row([3, i64::MAX]);
    let error = connection.execute(insert).unwrap_err();
    assert!(error.to_string().contains("does not fit into an integer"), "{error}");
    assert_eq!(rows(&mut connection, "points"), ints([[1, 1]]));
    sound(&connection);
}

#[test]
fn s2_a_key_that_does_not_hold_for_all_rows_at_all_times_cannot_be_referred_to() {
    let wrong = |index: Index| {
        let target = keyed("a").column(Column::int("code")).add_index(index.named("codes"));
        let child = keyed("b").column(Column::int("code")).foreign_key(ForeignKey::new(["code"], "a").to(["code"]));
        Schema::builder().table(target).table(child).build().unwrap_err().to_string()
    };
    let code = || Index::on(["code"]).unique();
    let deferrable = wrong(code().timing(Timing::InitiallyImmediate));
    assert!(deferrable.contains("codes of `a` is deferrable, so it cannot be referred to"), "{deferrable}");
    let partial = wrong(code().filter(column("code").gt(0)));
    assert!(partial.contains("codes of `a` is partial, so it cannot be referred to"), "{partial}");
    assert!(wrong(Index::over(column("code").plus(0)).unique()).contains("is no key of `a`"));
}

#[test]
fn s3_mistakes_in_an_index_are_reported_together() {
    let table = keyed("a")
        .add_index(Index::over(column("nam").lower()))
        .add_index(Index::on(["id"]).filter(column("actve")))
        .add_index(Index::on(["id"]).timing(Timing::InitiallyDeferred));
    let error = Schema::builder().table(table).build().unwrap_err().to_string();
    for part in ["a.nam: ", "a.actve: ", "an index forbids nothing that could be deferred"] {
        assert!(error.contains(part), "{error}");
    }
}
