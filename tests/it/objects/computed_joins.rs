//! Relations whose join computes something (the checklist's 119): a function, a cast, and the index over the expression
//! that answers it.

use diptych::object::{Lazy, LoadOption, Selection, foreign, join_column, remote};
use diptych::prelude::*;
use diptych::schema::Index;
use diptych::{AnyRef, Class, Column, Expression, Kind, Relationship, Table, Value, column};

const OWNERS: i64 = 40;
const MEMBERS: i64 = 20;

/// Accounts have visits by name, whatever its case, and payments by a number that these hold as text.
fn accounts(is_indexed: bool) -> Database {
    let by_name = join_column("accounts.name").lower().eq(remote(foreign(join_column("visits.visitor").lower())));
    let by_number = join_column("accounts.id").eq(remote(foreign(join_column("payments.account").cast(Kind::Int))));
    let accounts = Class::new("Account", Table::new("accounts").auto_key("id").column(Column::text("name")))
        .relation(Relationship::has_many("visits", "Visit").primary_join(by_name).view_only())
        .relation(Relationship::has_many("payments", "Payment").primary_join(by_number).view_only());
    let (mut visits, mut payments) = (
        Table::new("visits").auto_key("id").column(Column::text("visitor")),
        Table::new("payments").auto_key("id").column(Column::text("account")),
    );
    if is_indexed {
        visits = visits.add_index(Index::over(column("visitor").lower()));
        payments = payments.add_index(Index::over(column("account").cast(Kind::Int)));
    }
    let database = Database::with_classes([accounts, Class::new("Visit", visits), Class::new("Payment", payments)], [])
        .unwrap_or_else(|error| panic!("{error}"));
    database
        .transaction(|session| {
            let mut by_name = session.untyped();
            for owner in 1..=OWNERS {
                by_name.add("Account", &[("name", format!("Name{owner}").into())])?;
                for member in 0..MEMBERS {
                    let name = if member % 2 == 0 { format!("NAME{owner}") } else { format!("name{owner}") };
                    by_name.add("Visit", &[("visitor", name.into())])?;
                    by_name.add("Payment", &[("account", format!("0{owner}").into())])?;
                }
            }
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
    database
}

fn keys(session: &mut Session, objects: &[AnyRef]) -> Result<Vec<Value>> {
    objects.iter().map(|it| session.untyped().value(*it, "id")).collect()
}

/// What the relation of one account leads to, and how many rows that has read.
fn touched(database: &Database, relation: &str) -> Result<(Vec<Value>, u64)> {
    let mut session = database.session();
    let account = session.untyped().find("Account", &[Value::from(7)])?.expect("it is there");
    let before = session.totals();
    let members = session.untyped().related(account, relation)?;
    let read = (session.totals() - before).rows_read;
    Ok((keys(&mut session, &members)?, read))
}

#[test]
fn a_join_over_a_function_or_a_cast_is_answered_by_an_index_over_it() -> Result<()> {
    let (plain, indexed) = (accounts(false), accounts(true));
    for relation in ["visits", "payments"] {
        let (found, scanned) = touched(&plain, relation)?;
        assert_eq!(
            (found.len() as i64, scanned as i64),
            (MEMBERS, 1 + OWNERS * MEMBERS),
            "the owner's row and all others"
        );
        let (same, read) = touched(&indexed, relation)?;
        assert_eq!((same, read as i64), (found, 1 + MEMBERS), "{relation}: only those that it leads to");
    }
    Ok(())
}

#[test]
fn every_strategy_follows_a_join_that_computes() -> Result<()> {
    let database = accounts(true);
    let mut graphs = Vec::new();
    for lazy in [Lazy::Select, Lazy::Joined, Lazy::Subquery, Lazy::Selectin, Lazy::Immediate] {
        let mut session = database.session();
        let mut selection = Selection::default();
        for relation in ["visits", "payments"] {
            selection.loading.options.push(LoadOption::by(relation, lazy));
        }
        let mut graph = Vec::new();
        for account in session.untyped().select("Account", &selection)? {
            for relation in ["visits", "payments"] {
                let members = session.untyped().related(account, relation)?;
                graph.push(keys(&mut session, &members)?);
            }
        }
        graphs.push(graph);
    }
    assert_eq!(graphs[0].iter().map(Vec::len).sum::<usize>() as i64, 2 * OWNERS * MEMBERS);
    assert!(graphs.iter().all(|it| *it == graphs[0]), "the strategies disagree");
    Ok(())
}
