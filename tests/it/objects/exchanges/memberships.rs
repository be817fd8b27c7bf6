//! Association rows of objects whose keys pass from one to another: in the end there is one for each link that was made,
//! and none for one that was taken away.

use std::collections::BTreeSet;

use diptych::object::Untyped;
use diptych::prelude::*;
use diptych::{Action, AnyRef, Class, Column, ForeignKey, Relationship, Table, Value};
use proptest::prelude::*;

/// Clubs with numbers and people with numbers, and who is in which. Where the table does not let its rows follow the keys,
/// the session does.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Follows {
    Table,
    Session,
}

fn database(follows: Follows) -> Result<Database> {
    let reference = |column: &'static str, to: &'static str| {
        let key = ForeignKey::new([column], to);
        if follows == Follows::Table { key.on_update(Action::Cascade) } else { key.deferred() }
    };
    let memberships = Table::new("memberships").column(Column::int("club")).column(Column::int("person"));
    let memberships = memberships.primary_key(["club", "person"]);
    let memberships = memberships.foreign_key(reference("club", "clubs")).foreign_key(reference("person", "people"));
    let class = |name: &'static str, table: &'static str, relation: &'static str, target: &'static str, back| {
        let table = Table::new(table).column(Column::int("number")).primary_key(["number"]);
        let relation = Relationship::many_to_many(relation, target, "memberships").inverse(back);
        Class::new(name, table).relation(relation.passive_updates(follows == Follows::Table))
    };
    let clubs = class("Club", "clubs", "members", "Person", "clubs");
    Database::with_classes([clubs, class("Person", "people", "clubs", "Club", "members")], [memberships])
}

/// Two clubs and two people, each in the club of their number.
fn two_of_each(follows: Follows) -> Result<(Database, Session, [AnyRef; 2], [AnyRef; 2])> {
    let database = database(follows)?;
    let mut session = database.session();
    session.set_autoflush(false);
    let mut by_name = session.untyped();
    let clubs = [made(&mut by_name, "Club", 1)?, made(&mut by_name, "Club", 2)?];
    let people = [made(&mut by_name, "Person", 1)?, made(&mut by_name, "Person", 2)?];
    for at in 0..2 {
        by_name.push(clubs[at], "members", people[at])?;
    }
    session.commit()?;
    Ok((database, session, clubs, people))
}

fn made(by_name: &mut Untyped<'_>, class: &str, number: i64) -> Result<AnyRef> {
    by_name.add(class, &[("number", number.into())])
}

fn exchange(by_name: &mut Untyped<'_>, [a, b]: [AnyRef; 2]) -> Result<()> {
    let (x, y) = (by_name.value(a, "number")?, by_name.value(b, "number")?);
    by_name.assign(a, "number", y)?;
    by_name.assign(b, "number", x)
}

fn rows(database: &Database) -> Result<BTreeSet<(i64, i64)>> {
    let number = |it: &Value| if let Value::Int(it) = it { *it } else { panic!("{it} is no number") };
    let rows = database.session().untyped().rows("memberships")?;
    Ok(rows.iter().map(|it| (number(&it[0]), number(&it[1]))).collect())
}

#[test]
fn a_member_leaves_a_club_whose_number_changes_hands() -> Result<()> {
    for follows in [Follows::Table, Follows::Session] {
        let (database, mut session, clubs, people) = two_of_each(follows)?;
        let mut by_name = session.untyped();
        exchange(&mut by_name, clubs)?;
        by_name.remove(clubs[0], "members", people[0])?;
        session.commit()?;
        assert_eq!(rows(&database)?, BTreeSet::from([(1, 2)]), "{follows:?}");
    }
    Ok(())
}

#[test]
fn members_change_clubs_with_the_numbers() -> Result<()> {
    for follows in [Follows::Table, Follows::Session] {
        let (database, mut session, clubs, people) = two_of_each(follows)?;
        let mut by_name = session.untyped();
        exchange(&mut by_name, clubs)?;
        by_name.remove(clubs[0], "members", people[0])?;
        by_name.push(clubs[1], "members", people[0])?;
        session.commit()?;
        assert_eq!(rows(&database)?, BTreeSet::from([(1, 1), (1, 2)]), "{follows:?}");
    }
    Ok(())
}

#[test]
fn who_stays_is_a_member_under_the_new_number() -> Result<()> {
    for follows in [Follows::Table, Follows::Session] {
        let (database, mut session, clubs, people) = two_of_each(follows)?;
        let mut by_name = session.untyped();
        exchange(&mut by_name, clubs)?;
        exchange(&mut by_name, people)?;
        let third = made(&mut by_name, "Person", 3)?;
        by_name.push(clubs[0], "members", third)?;
        session.commit()?;
        assert_eq!(rows(&database)?, BTreeSet::from([(2, 2), (1, 1), (2, 3)]), "{follows:?}");
    }
    Ok(())
}

/// Nobody has looked at who is in the clubs: that another one had the number says nothing.
#[test]
fn a_member_joins_unread_where_another_club_had_the_number() -> Result<()> {
    let (database, mut session, clubs, people) = two_of_each(Follows::Table)?;
    let mut by_name = session.untyped();
    exchange(&mut by_name, clubs)?;
    by_name.push(clubs[0], "members", people[1])?;
    session.commit()?;
    assert_eq!(rows(&database)?, BTreeSet::from([(2, 1), (1, 2), (2, 2)]));
    Ok(())
}

#[test]
fn a_club_goes_whose_member_gets_another_number() -> Result<()> {
    for follows in [Follows::Table, Follows::Session] {
        let (database, mut session, clubs, people) = two_of_each(follows)?;
        let mut by_name = session.untyped();
        by_name.assign(people[0], "number", 9)?;
        by_name.delete(clubs[0])?;
        session.commit()?;
        assert_eq!(rows(&database)?, BTreeSet::from([(2, 2)]), "{follows:?}");
    }
    Ok(())
}

/// The rows exchange their keys, too, so one statement writes all of them.
#[test]
fn rows_that_follow_are_written_together() -> Result<()> {
    let (database, mut session, clubs, people) = two_of_each(Follows::Session)?;
    let mut by_name = session.untyped();
    for (club, person) in clubs.into_iter().zip(people) {
        by_name.related(club, "members")?;
        by_name.related(person, "clubs")?;
    }
    exchange(&mut by_name, clubs)?;
    exchange(&mut by_name, people)?;
    diptych::assert_statements!(session, 3, { session.flush()? });
    session.commit()?;
    assert_eq!(rows(&database)?, BTreeSet::from([(1, 1), (2, 2)]));
    let mut by_name = session.untyped();
    assert_eq!(by_name.related(clubs[0], "members")?, [people[0]]);
    Ok(())
}

#[test]
fn a_new_member_of_a_club_that_goes_is_none() -> Result<()> {
    let (database, mut session, clubs, people) = two_of_each(Follows::Table)?;
    let mut by_name = session.untyped();
    by_name.push(clubs[0], "members", people[1])?;
    by_name.delete(clubs[0])?;
    made(&mut by_name, "Club", 1)?;
    session.commit()?;
    assert_eq!(rows(&database)?, BTreeSet::from([(2, 2)]));
    Ok(())
}

/// A step of a flush: what is done, to whom, and to whom else.
type Step = (u8, usize, usize);

struct Town {
    database: Database,
    session: Session,
    clubs: Vec<(AnyRef, i64)>,
    people: Vec<(AnyRef, i64)>,
    wanted: BTreeSet<(usize, usize)>,
    fresh: i64,
}

impl Town {
    fn new(follows: Follows) -> Result<Self> {
        let database = database(follows)?;
        let mut session = database.session();
        session.set_autoflush(false);
        let mut by_name = session.untyped();
        let (mut clubs, mut people, mut wanted) = (Vec::new(), Vec::new(), BTreeSet::new());
        for at in 0..3 {
            clubs.push((made(&mut by_name, "Club", at)?, at));
            people.push((made(&mut by_name, "Person", at)?, at));
        }
        for at in 0..3 {
            by_name.push(clubs[at].0, "members", people[at].0)?;
            wanted.insert((at, at));
        }
        session.commit()?;
        Ok(Town { database, session, clubs, people, wanted, fresh: 10 })
    }

    fn step(&mut self, (what, a, b): Step) -> Result<()> {
        let Town { session, clubs, people, wanted, fresh, .. } = self;
        let mut by_name = session.untyped();
        let (club, person) = (a % clubs.len(), b % people.len());
        match what {
            0 | 1 => {
                let all = if what == 0 { clubs } else { people };
                let (x, y) = (all[a % 3].1, all[b % 3].1);
                for (at, number) in [(a % 3, y), (b % 3, x)] {
                    by_name.assign(all[at].0, "number", number)?;
                    all[at].1 = number;
                }
            }
            2 | 3 => {
                let all = if what == 2 { clubs } else { people };
                *fresh += 1;
                all[a % 3].1 = *fresh;
                by_name.assign(all[a % 3].0, "number", *fresh)?;
            }
            4 | 5 if wanted.insert((club, person)) => match what {
                4 => by_name.push(clubs[club].0, "members", people[person].0)?,
                _ => by_name.push(people[person].0, "clubs", clubs[club].0)?,
            },
            6 if wanted.remove(&(club, person)) => by_name.remove(clubs[club].0, "members", people[person].0)?,
            7 => drop(by_name.related(clubs[club].0, "members")?),
            8 => {
                by_name.delete(clubs[club].0)?;
                wanted.retain(|it| it.0 != club);
                clubs[club].0 = made(&mut by_name, "Club", clubs[club].1)?;
            }
            _ => {}
        }
        Ok(())
    }
}

fn holds(flushes: &[Vec<Step>], follows: Follows) -> Result<()> {
    let mut town = Town::new(follows)?;
    for steps in flushes {
        steps.iter().try_for_each(|it| town.step(*it))?;
        town.session.commit()?;
        let wanted: BTreeSet<(i64, i64)> =
            town.wanted.iter().map(|(club, person)| (town.clubs[*club].1, town.people[*person].1)).collect();
        assert_eq!(rows(&town.database)?, wanted, "{follows:?}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: super::super::property::cases(96), ..ProptestConfig::default() })]

    /// Whatever numbers change hands, and whoever comes and goes: there is a row for each link.
    #[test]
    fn there_is_a_row_for_each_link(
        flushes in prop::collection::vec(prop::collection::vec((0u8..9, 0usize..3, 0usize..3), 1..7), 1..4),
    ) {
        holds(&flushes, Follows::Table)?;
        holds(&flushes, Follows::Session)?;
    }
}
