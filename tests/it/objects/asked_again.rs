//! Queries that are asked again: with other values they run as they were planned; whatever else differs is planned anew.

use diptych::object::{AnyRef, ComputedKind, Inheritance, Selection, Term};
use diptych::prelude::*;
use diptych::schema::Index;
use diptych::{Class, Column, Direction, Expr, Expression, Table, Value, column};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use proptest::test_runner::Config;

use super::doors::{Counted, Door, over};
use super::forum::*;
use super::mappings::mapped;
use super::property::cases;

/// A session, and what its door has counted.
struct Asking {
    session: Session,
    counted: Counted,
}

impl Asking {
    fn of(database: &Database, door: Door) -> Self {
        let (session, counted) = over(database, door);
        Asking { session, counted }
    }

    /// How many statements were planned since the last time.
    fn planned(&self) -> u64 {
        self.counted.planned.take()
    }
}

/// Letters with two indexed columns and one that is not, and who wrote them.
fn letters() -> Database {
    let letters = Table::new("letters")
        .auto_key("id")
        .column(Column::int("sender").nullable())
        .column(Column::int("topic").nullable())
        .column(Column::text("body").nullable())
        .index(["sender"])
        .index(["topic"]);
    let letter = Class::new("Letter", letters).computed("weight", ComputedKind::Hybrid, column("sender").times(2));
    Database::with_classes([letter], []).expect("the classes are right")
}

/// Writes letters with these senders and topics.
fn write(database: &Database, letters: impl IntoIterator<Item = (i64, i64)>) {
    let mut session = database.session();
    let mut untyped = session.untyped();
    for (sender, topic) in letters {
        let values = [("sender", sender.into()), ("topic", topic.into()), ("body", format!("{sender}").into())];
        untyped.add("Letter", &values).expect("it is a letter");
    }
    session.commit().expect("they can be written");
}

fn is(column: &'static str, value: impl Into<Value>) -> Expr<Term> {
    Term::column(column).eq(value.into())
}

#[test]
fn a_query_with_other_values_is_planned_once() -> Result<()> {
    let database = forum();
    let mut filling = database.session();
    for at in 0..20 {
        filling.add(User { email: format!("{at}@example.org"), ..user(&format!("user {}", at % 3)) });
    }
    filling.commit()?;
    let Asking { session, counted } = Asking::of(&database, Door::Open);
    for at in 0..20 {
        let before = session.totals();
        let found = session.one(User::select().filter(User::email.eq(format!("{at}@example.org"))))?;
        assert_eq!(found.email, format!("{at}@example.org"));
        let cost = session.totals() - before;
        assert_eq!((cost.statements, cost.rows_read, cost.rows), (1, 1, 1));
    }
    assert_eq!(counted.planned.take(), 1);
    let page = |after: i64| {
        let after = User::id.gt(Id::new(after)).and(User::name.ne("user 1"));
        session.all(User::select().filter(after).order_by(User::id).limit(2))
    };
    let keys = |after| page(after).map(|it| it.iter().map(|it| it.id.get().unwrap_or(0)).collect::<Vec<_>>());
    assert_eq!((keys(0)?, keys(4)?, keys(18)?, keys(20)?), (vec![1, 3], vec![6, 7], vec![19], vec![]));
    assert_eq!(counted.planned.get(), 1);
    Ok(())
}

/// Each of these is another query than the one before, and each is asked twice.
#[test]
fn what_is_no_value_of_an_attribute_is_part_of_the_query() -> Result<()> {
    let database = letters();
    write(&database, (1..=6).map(|it| (it, it % 2)));
    let mut asking = Asking::of(&database, Door::Open);
    let all = Selection::new();
    let by_id = || Selection::new().order_by(Term::column("id"), Direction::Ascending);
    let list = |values: &[i64]| Term::column("sender").in_list(values.iter().map(|it| Expr::Value((*it).into())));
    let expected: &[(Selection, &[i64])] = &[
        (all.clone(), &[1, 2, 3, 4, 5, 6]),
        (Selection { limit: Some(2), ..by_id() }, &[1, 2]),
        (Selection { limit: Some(3), ..by_id() }, &[1, 2, 3]),
        (Selection { limit: Some(3), offset: 1, ..by_id() }, &[2, 3, 4]),
        (Selection::new().order_by(Term::column("id"), Direction::Descending), &[6, 5, 4, 3, 2, 1]),
        (all.clone().filter(is("sender", 3)), &[3]),
        (all.clone().filter(is("sender", Value::Null)), &[]),
        (all.clone().filter(Term::column("sender").lt(3)), &[1, 2]),
        (all.clone().filter(Term::column("sender").le(3)), &[1, 2, 3]),
        (all.clone().filter(list(&[1, 5])), &[1, 5]),
        (all.clone().filter(list(&[1, 5, 6])), &[1, 5, 6]),
        (all.clone().filter(list(&[2, 5, 6])), &[2, 5, 6]),
        (all.clone().filter(Term::column("body").like("4%")), &[4]),
        (all.clone().filter(Term::column("body").like("5%")), &[5]),
        (all.clone().filter(is("weight", 4)), &[2]),
        (all.clone().filter(is("weight", 6)), &[3]),
        (all.clone().filter(is("sender", 3).or(is("sender", 4))), &[3, 4]),
        (all.clone().filter(is("sender", 3).or(is("sender", 5))), &[3, 5]),
        (all.clone().filter(is("sender", 5).and(is("topic", 1))), &[5]),
        (all.clone().filter(is("topic", 1).and(is("sender", 5))), &[5]),
    ];
    for (at, (selection, wanted)) in expected.iter().enumerate() {
        let before = asking.planned();
        assert_eq!(before, 0);
        for _ in 0..2 {
            assert_eq!(asking.found(selection), *wanted, "{at}");
        }
        // A value that decides between two indexes makes the last two plans worth nothing for others.
        assert_eq!(asking.planned(), if at < expected.len() - 2 { 1 } else { 2 }, "{at}");
    }
    // A value of another type than the attribute's is part of the query, too.
    for sender in ["three", "four"] {
        assert_eq!((asking.found(&all.clone().filter(is("sender", sender))), asking.planned()), (vec![], 1));
    }
    Ok(())
}

/// Of two indexes the one is walked that brings fewer rows for the values that are asked for.
#[test]
fn a_plan_that_values_have_decided_serves_them_alone() -> Result<()> {
    let database = letters();
    write(&database, (0..400).map(|it| if it < 200 { (1, it) } else { (it, 1) }));
    let mut asking = Asking::of(&database, Door::Open);
    for (sender, topic) in [(1, 7), (300, 1), (1, 8), (301, 1)] {
        let before = asking.session.totals();
        let both = Selection::new().filter(is("sender", sender).and(is("topic", topic)));
        assert_eq!(asking.found(&both).len(), 1);
        // Two letters have topic 1 or sender 1 by chance of the numbers; a hundred and more would be the wrong index.
        assert!((asking.session.totals() - before).rows_read <= 2, "{sender} {topic}");
    }
    assert_eq!(asking.planned(), 4);
    Ok(())
}

#[test]
fn a_plan_is_made_anew_when_its_tables_have_grown() -> Result<()> {
    let database = letters();
    let mut asking = Asking::of(&database, Door::Open);
    let few = Selection::new().filter(is("sender", 3));
    assert_eq!((asking.found(&few).len(), asking.found(&few).len(), asking.planned()), (0, 0, 1));
    asking.session.rollback()?;
    write(&database, (0..2000).map(|it| (it % 500, it)));
    assert_eq!((asking.found(&few).len(), asking.found(&few).len(), asking.planned()), (4, 4, 1));
    Ok(())
}

/// A constant that a partial index asks for stays one, so that the index serves.
#[test]
fn a_constant_that_a_partial_index_asks_for_stays_one() -> Result<()> {
    let table = Table::new("letters").auto_key("id").column(Column::int("state"));
    let table = table.add_index(Index::on(["id"]).filter(column("state").eq(1)));
    let database = Database::with_classes([Class::new("Letter", table)], [])?;
    let mut session = database.session();
    for at in 0..400 {
        session.untyped().add("Letter", &[("state", Value::Int(i64::from(at == 200)))])?;
    }
    session.commit()?;
    let mut session = database.session();
    for _ in 0..2 {
        let before = session.totals();
        assert_eq!(session.untyped().select("Letter", &Selection::new().filter(is("state", 1)))?.len(), 1);
        assert_eq!((session.totals() - before).rows_read, 1);
    }
    Ok(())
}

/// A query over whole tables is put together from a statement for each, and is not kept.
#[test]
fn a_union_of_tables_is_asked_by_values_too() -> Result<()> {
    let mut session = mapped(Inheritance::Concrete).session();
    session.untyped().add("Shape", &[("id", 1.into()), ("name", "a".into())])?;
    session.untyped().add("Circle", &[("id", 2.into()), ("name", "b".into()), ("radius", 1.into())])?;
    session.commit()?;
    for name in ["b", "a", "b"] {
        let found = session.untyped().select("Shape", &Selection::new().filter(is("name", name)))?;
        assert_eq!(found.len(), 1, "{name}");
    }
    Ok(())
}

/// What a reference is compared with is read off the object, which may have another key by now.
#[test]
fn a_query_that_speaks_of_an_object_is_resolved_each_time() -> Result<()> {
    let database = forum();
    let mut session = database.session();
    let posts = |session: &Session, author| -> Result<usize> {
        Ok(session.all(Post::select().filter(Post::author.is(author)))?.len())
    };
    let (first, second) = (session.add(user("first")), session.add(user("second")));
    for (author, title) in [(first, "a"), (second, "b"), (second, "c")] {
        posted(&mut session, author, title);
    }
    session.flush()?;
    assert_eq!((posts(&session, first)?, posts(&session, second)?, posts(&session, first)?), (1, 2, 1));
    // The key of the first goes to another one, who has a post, and the first comes back without posts.
    session.rollback()?;
    let other = session.add(user("other"));
    posted(&mut session, other, "d");
    session.flush()?;
    session.untyped().save(first.untyped())?;
    assert_eq!((posts(&session, first)?, posts(&session, other)?), (0, 1));
    assert_eq!((session.get(first)?.id, session.get(other)?.id), (Id::new(2), Id::new(1)));
    Ok(())
}

/// Who records statements reads them as they were asked.
#[test]
fn a_recorded_statement_has_its_constants() -> Result<()> {
    let database = forum();
    let session = database.session();
    let ask = |name: &str| session.all(User::select().filter(User::name.eq(name))).map(|it| it.len());
    ask("unrecorded")?;
    session.record();
    ask("recorded")?;
    let log = session.take_log();
    let [entry] = &log[..] else { panic!("one statement was recorded") };
    let text = format!("{:?}", entry.statement);
    assert!(text.contains("recorded") && entry.parameters.is_empty(), "{text}");
    Ok(())
}

/// A step of two sessions over equal databases.
#[derive(Clone, Debug)]
enum Step {
    Ask { conditions: Vec<(usize, u8, Option<i64>)>, limit: Option<u64>, ordered: bool },
    Write { letters: Vec<(i64, i64)>, times: i64 },
    Delete { sender: i64 },
    Rollback,
}

fn steps() -> impl Strategy<Value = Step> {
    let value = prop_oneof![6 => (0..6_i64).prop_map(Some), 1 => Just(None)];
    let condition = (0..5_usize, 0..6_u8, value);
    let limit = prop_oneof![2 => Just(None), 1 => (0..4_u64).prop_map(Some)];
    prop_oneof![
        8 => (vec(condition, 0..3), limit, any::<bool>())
            .prop_map(|(conditions, limit, ordered)| Step::Ask { conditions, limit, ordered }),
        2 => (vec((0..6_i64, 0..6_i64), 1..4), prop_oneof![3 => Just(1_i64), 1 => Just(300)])
            .prop_map(|(letters, times)| Step::Write { letters, times }),
        1 => (0..6_i64).prop_map(|sender| Step::Delete { sender }),
        1 => Just(Step::Rollback),
    ]
}

fn condition((attribute, how, value): (usize, u8, Option<i64>)) -> Expr<Term> {
    let attribute = ["id", "sender", "topic", "weight", "body"][attribute];
    let constant = match (attribute, value) {
        (_, None) => Value::Null,
        ("body", Some(it)) => it.to_string().into(),
        (_, Some(it)) => it.into(),
    };
    let column = Term::column(attribute);
    match how {
        0 => column.lt(constant),
        1 => column.ge(constant),
        2 => column.ne(constant),
        3 => column.in_list([Expr::Value(constant)]),
        _ => column.eq(constant),
    }
}

impl Asking {
    fn found(&mut self, selection: &Selection) -> Vec<i64> {
        let mut untyped = self.session.untyped();
        let found: Vec<AnyRef> = untyped.select("Letter", selection).expect("the query works");
        let key = |it: AnyRef| match untyped.value(it, "id") {
            Ok(Value::Int(key)) => key,
            other => panic!("the key of a letter is an integer, not {other:?}"),
        };
        found.into_iter().map(key).collect()
    }

    /// Takes a step, and says what was found and what that has cost.
    fn step(&mut self, step: &Step) -> (Vec<i64>, diptych::query::Totals) {
        let before = self.session.totals();
        let found = match step {
            Step::Ask { conditions, limit, ordered } => {
                let mut selection = Selection { limit: *limit, ..Selection::new() };
                selection = conditions.iter().fold(selection, |it, &next| it.filter(condition(next)));
                if *ordered {
                    selection = selection.order_by(Term::column("id"), Direction::Ascending);
                }
                self.found(&selection)
            }
            Step::Write { letters, times } => {
                let mut untyped = self.session.untyped();
                for (sender, topic) in (0..*times).flat_map(|_| letters) {
                    let values = [("sender", (*sender).into()), ("topic", (*topic).into()), ("body", Value::Null)];
                    untyped.add("Letter", &values).expect("it is a letter");
                }
                Vec::new()
            }
            Step::Delete { sender } => {
                let of = Selection::new().filter(is("sender", *sender));
                let mut untyped = self.session.untyped();
                for letter in untyped.select("Letter", &of).expect("the query works") {
                    untyped.delete(letter).expect("a letter can be deleted");
                }
                Vec::new()
            }
            Step::Rollback => {
                self.session.rollback().expect("a session can roll back");
                Vec::new()
            }
        };
        (found, self.session.totals() - before)
    }
}

proptest! {
    #![proptest_config(Config::with_cases(cases(64)))]

    /// A session that plans each query anew finds the same at the same cost.
    #[test]
    fn q3_what_was_planned_before_finds_the_same_at_the_same_cost(steps in vec(steps(), 1..40)) {
        let database = letters();
        write(&database, (0..20).map(|it| (it % 3, it % 5)));
        let (mut known, mut anew) = (Asking::of(&database.fork(), Door::Open), Asking::of(&database.fork(), Door::WithoutMemory));
        for (at, step) in steps.iter().enumerate() {
            assert_eq!(known.step(step), anew.step(step), "step {at}: {step:?}");
        }
    }
}
