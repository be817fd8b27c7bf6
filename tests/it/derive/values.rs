//! `derive(AsValue)`: enums and structs of one field as columns.

use diptych::error::Rule;
use diptych::prelude::*;
use diptych::value::Mismatch;
use diptych::{AsValue as _, Connection, Insert, Kind, Value, ValueRef};

#[derive(AsValue, Clone, Debug, PartialEq)]
enum Status {
    Open,
    InReview,
    #[value("wontfix")]
    Refused,
}

#[derive(AsValue, Clone, Copy, Debug, PartialEq)]
#[value(integer)]
enum Level {
    Low = 1,
    #[value(draft)]
    Middle = 5,
    High,
}

#[derive(AsValue, Clone, Debug, PartialEq)]
struct Email(String);

#[derive(AsValue, Clone, Debug, PartialEq)]
struct Nickname {
    text: Option<String>,
}

#[derive(Entity, Clone, Debug)]
struct Ticket {
    #[key(auto)]
    id: Id<Ticket>,
    status: Status,
    level: Level,
    #[unique]
    email: Email,
    nickname: Nickname,
    before: Option<Status>,
}

#[test]
fn v4_what_is_none_of_the_variants_is_refused() {
    for (status, text) in [(Status::Open, "open"), (Status::InReview, "in_review"), (Status::Refused, "wontfix")] {
        assert_eq!(status.as_value(), ValueRef::Text(text));
        assert_eq!(Status::from_value(text.into()), Ok(status));
    }
    let wrong = Status::from_value("refused".into()).unwrap_err();
    assert_eq!(wrong, Mismatch::new("refused".into(), "one of 'open', 'in_review', 'wontfix'"));
    assert_eq!((Level::from_value(6.into()), Value::from(Level::High)), (Ok(Level::High), Value::Int(6)));
    assert!(Level::from_value(2.into()).is_err() && Level::from_value("low".into()).is_err());
    assert_eq!((Status::KIND, Level::KIND, Email::KIND, Email::NULLABLE), (Kind::Text, Kind::Int, Kind::Text, false));
    const { assert!(Nickname::NULLABLE && Option::<Status>::NULLABLE) };
}

#[test]
fn entities_hold_them_and_queries_compare_them() {
    let database = Database::of::<(Ticket,)>().unwrap();
    let mut session = database.session();
    let draft = Ticket::draft();
    assert_eq!((&draft.status, draft.level, &draft.email), (&Status::Open, Level::Middle, &Email(String::new())));
    session.add(Ticket { email: Email("a@x".into()), ..draft });
    let nickname = Nickname { text: Some("b".into()) };
    let (email, before) = (Email("b@x".into()), Some(Status::Open));
    session.add(Ticket { status: Status::Refused, level: Level::High, email, nickname, before, ..Ticket::draft() });
    session.commit().unwrap();
    let found =
        session.one(Ticket::select().filter(Ticket::status.eq(Status::Refused)).filter(Ticket::level.gt(Level::Low)));
    let found = found.unwrap();
    assert_eq!((&found.email, &found.before), (&Email("b@x".into()), &Some(Status::Open)));
    assert_eq!(found.nickname.text.as_deref(), Some("b"));
    // A statement by names is held to the variants, too.
    let columns = ["status", "level", "email"];
    let mut connection = database.connect();
    let ticket =
        |status: &'static str| Insert::into("tickets", columns).row([Value::from(status), 1.into(), "c".into()]);
    let error = connection.execute(ticket("closed")).unwrap_err();
    assert_eq!(error.violation().map(|it| (it.rule, it.columns[0].as_str())), Some((Rule::Type, "status")));
    connection.execute(ticket("open")).unwrap();
    assert_eq!(connection.schema().tables()[0].columns[1].kind, Kind::Text);
}
