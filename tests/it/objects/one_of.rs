//! References to one of several classes: an enum for the program, foreign keys and a CHECK for the tables.

use diptych::assert_statements;
use diptych::error::Rule;
use diptych::prelude::*;
use diptych::schema::{at_most_one_of, exactly_one_of};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, prop_oneof, proptest};
use proptest::test_runner::Config;

use super::property::cases;

#[derive(Entity, Clone, Debug)]
#[has_many(notes: Note, inverse = post, cascade(all))]
struct Post {
    #[key(auto)]
    id: Id<Post>,
    title: String,
}

/// A class with a key of two columns, and nothing that leads back to what refers to it.
#[derive(Entity, Clone, Debug)]
struct Seat {
    #[key]
    row: i64,
    #[key]
    place: i64,
}

#[derive(Entity, Clone, Debug)]
#[belongs_to(post: Post, inverse = notes)]
#[belongs_to(seat: Seat)]
#[belongs_to(parent: Note, via = parent_id, inverse = replies)]
#[has_many(replies: Note, inverse = parent, cascade(all))]
#[foreign_key(via(seat_row, seat_place), references = Seat, on_delete = cascade)]
#[check(one_subject = exactly_one_of(["post_id", "seat_row", "parent_id"]))]
struct Note {
    #[key(auto)]
    id: Id<Note>,
    #[references(Post)]
    post_id: Option<Id<Post>>,
    seat_row: Option<i64>,
    seat_place: Option<i64>,
    #[references(Note)]
    parent_id: Option<Id<Note>>,
    text: String,
}

diptych::one_of! {
    /// What a note is about.
    enum Subject of Note {
        Post(Post) by post,
        Seat(Seat) by seat,
        /// Another note.
        Reply(Note) by parent,
    }
}

fn database() -> Database {
    Database::of::<(Post, Seat, Note)>().expect("the model is right")
}

/// A post, a seat, and a note that is about nothing yet.
fn begun(session: &mut Session) -> (Ref<Post>, Ref<Seat>, Ref<Note>) {
    let post = session.add(Post { title: "First!".into(), ..Post::draft() });
    let seat = session.add(Seat { row: 4, place: 7 });
    (post, seat, session.add(Note { text: "worn".into(), ..Note::draft() }))
}

#[test]
fn a_choice_moves_both_sides_and_is_written_by_one_statement() -> Result<()> {
    let database = database();
    let mut session = database.session();
    let (post, seat, note) = begun(&mut session);
    session.choose(note, Subject::Post(post))?;
    session.commit()?;
    assert_eq!((session.get(note)?.post_id, session.get(note)?.seat_row), (Some(Id::new(1)), None));
    session.get(post)?.load(Post::notes)?;
    session.get(seat)?;
    assert_statements!(session, 0, {
        session.choose(note, Subject::Seat(seat))?;
        assert!(session.get(post)?.loaded(Post::notes)?.is_empty(), "the other side has let it go");
        assert_eq!(session.chosen(note)?, Some(Subject::Seat(seat)));
    });
    assert_statements!(session, 1, { session.flush()? });
    let written = session.get(note)?;
    assert_eq!((written.post_id, written.seat_row, written.seat_place), (None, Some(4), Some(7)));
    session.rollback()?;
    assert_eq!(session.chosen(note)?, Some(Subject::Post(post)), "a rollback takes the choice back");
    assert_eq!(session.get(post)?.load(Post::notes)?.references(), [note]);
    let reply = session.add(Note { text: "is it?".into(), ..Note::draft() });
    session.choose(reply, Subject::Reply(note))?;
    session.commit()?;
    assert_eq!(session.get(note)?.load(Note::replies)?.references(), [reply]);
    Ok(())
}

/// None where one has to be chosen, or two by the verbs of relations: the tables refuse it, and the session can be mended.
#[test]
fn none_and_two_are_refused_by_the_tables() -> Result<()> {
    let mut session = database().session();
    let (post, seat, note) = begun(&mut session);
    let refused = |session: &mut Session| {
        let refusal = session.flush().expect_err("the check refuses it");
        refusal.violation().map(|it| (it.rule, it.constraint.clone())).expect("a row was refused")
    };
    let by_check = || (Rule::Check, "one_subject".to_owned());
    assert_eq!(refused(&mut session), by_check());
    session.set(note, Note::post, post)?;
    session.set(note, Note::seat, seat)?;
    let told = session.chosen::<Subject>(note).expect_err("two are set").to_string();
    assert!(told.contains("both post and seat lead somewhere"), "{told}");
    assert_eq!(refused(&mut session), by_check());
    session.choose(note, Subject::Seat(seat))?;
    session.commit()?;
    session.choose_none::<Subject>(note)?;
    assert_eq!(session.chosen::<Subject>(note)?, None);
    assert_eq!(refused(&mut session), by_check());
    session.rollback()?;
    assert_eq!(session.chosen(note)?, Some(Subject::Seat(seat)));
    Ok(())
}

/// What is chosen is read where it is not known; what is not chosen costs nothing.
#[test]
fn a_choice_that_was_not_read_is_read_by_one_statement() -> Result<()> {
    let database = database();
    let mut session = database.session();
    let (post, seat, note) = begun(&mut session);
    session.choose(note, Subject::Seat(seat))?;
    let other = session.add(Note { text: "fine".into(), ..Note::draft() });
    session.choose(other, Subject::Post(post))?;
    session.commit()?;

    let session = database.session();
    let notes = session.all(Note::select().order_by(Note::id))?;
    let places: Vec<String> = assert_statements!(session, 2, {
        notes
            .iter()
            .map(|it| -> Result<String> {
                Ok(match it.chosen()? {
                    Some(Subject::Post(post)) => session.get(post)?.title.clone(),
                    Some(Subject::Seat(seat)) => format!("{}/{}", session.get(seat)?.row, session.get(seat)?.place),
                    Some(Subject::Reply(_)) | None => "elsewhere".to_owned(),
                })
            })
            .collect::<Result<_>>()?
    });
    assert_eq!(places, ["4/7", "First!"]);
    // Along with the query, each by its relation.
    let session = database.session();
    let notes = session.all(Note::select().with(Note::post.selectin()).with(Note::seat.joined()))?;
    assert_statements!(session, 0, {
        assert!(notes.iter().all(|it| matches!(it.chosen::<Subject>(), Ok(Some(_)))));
    });
    Ok(())
}

#[test]
fn queries_ask_for_what_is_chosen() -> Result<()> {
    let mut session = database().session();
    let (post, seat, note) = begun(&mut session);
    session.choose(note, Subject::Seat(seat))?;
    let other = session.add(Note { text: "fine".into(), ..Note::draft() });
    session.choose(other, Subject::Post(post))?;
    session.flush()?;
    let found = |condition| session.all(Note::select().filter(condition)).map(|it| it.references());
    assert_eq!(found(Subject::Seat(seat).is_chosen())?, [note]);
    assert_eq!(found(Subject::Post(post).is_chosen())?, [other]);
    assert_eq!(found(Subject::Reply(note).is_chosen())?, []);
    assert_eq!(found(Subject::Seat(seat).is_chosen().or(Note::post.has(Post::title.eq("First!"))))?.len(), 2);
    Ok(())
}

/// What refers to a thing goes with it, by the cascade of the relation that leads back or by the action of the key.
#[test]
fn what_is_chosen_takes_along_what_has_chosen_it() -> Result<()> {
    let mut session = database().session();
    let (post, seat, note) = begun(&mut session);
    session.choose(note, Subject::Seat(seat))?;
    let other = session.add(Note { text: "fine".into(), ..Note::draft() });
    session.choose(other, Subject::Post(post))?;
    let reply = session.add(Note { text: "indeed".into(), ..Note::draft() });
    session.choose(reply, Subject::Reply(other))?;
    session.commit()?;
    session.delete(post)?;
    session.commit()?;
    assert_eq!(session.all(Note::select())?.references(), [note]);
    session.delete(seat)?;
    session.commit()?;
    assert_eq!(session.count(Note::select())?, 0);
    Ok(())
}

#[test]
fn a_choice_of_another_session_is_refused_and_changes_nothing() -> Result<()> {
    let database = database();
    let mut session = database.session();
    let (post, _, note) = begun(&mut session);
    session.choose(note, Subject::Post(post))?;
    session.commit()?;
    let mut other = database.session();
    let foreign = other.add(Seat { row: 1, place: 1 });
    assert!(session.choose(note, Subject::Seat(foreign)).is_err());
    assert!(other.choose(note, Subject::Seat(foreign)).is_err());
    assert_eq!(session.chosen(note)?, Some(Subject::Post(post)));
    Ok(())
}

/// A choice that is refused leaves the one before, in memory and in the rows.
#[test]
fn a_choice_that_is_refused_leaves_the_one_before() -> Result<()> {
    let database = database();
    let mut session = database.session();
    let (post, seat, note) = begun(&mut session);
    session.choose(note, Subject::Post(post))?;
    session.commit()?;
    let mut other = database.session();
    let there = other.find::<Seat>((4, 7))?.expect("it is there").reference();
    other.delete(there)?;
    other.commit()?;
    assert!(session.choose(note, Subject::Seat(seat)).is_err(), "the row of the seat has gone");
    assert_eq!(session.chosen(note)?, Some(Subject::Post(post)));
    session.commit()?;
    assert_eq!(database.session().find::<Note>(1)?.expect("it is there").post_id, Some(Id::new(1)));
    Ok(())
}

/// The other way to say it, which SQLAlchemy calls a generic association: a pair of a name and a number, which a join
/// tells apart. The tables cannot enforce it, and a member that the join would not find is refused.
#[test]
fn a_name_and_a_number_are_told_apart_by_a_join() -> Result<()> {
    use diptych::object::{Selection, Term, foreign, join_column, remote};
    use diptych::{Class, Column, Expression, Relationship, Table, Value};
    let comments = Table::new("comments").auto_key("id").column(Column::text("kind")).column(Column::int("about"));
    let by = |class: &'static str, table: &'static str| {
        let about = join_column(format!("{table}.id")).eq(remote(foreign(join_column("comments.about"))));
        let join = about.and(join_column("comments.kind").eq(table));
        Class::new(class, Table::new(table).auto_key("id"))
            .relation(Relationship::new("comments", "Comment").primary_join(join))
    };
    let classes = [by("Post", "posts"), by("Seat", "seats"), Class::new("Comment", comments)];
    let database = Database::with_classes(classes, [])?;
    let mut session = database.session();
    let mut untyped = session.untyped();
    let (post, seat) = (untyped.add("Post", &[])?, untyped.add("Seat", &[])?);
    let comment = |kind: &str| [("kind", Value::from(kind))];
    let (of_post, of_seat) = (untyped.add("Comment", &comment("posts"))?, untyped.add("Comment", &comment("seats"))?);
    assert!(untyped.push(post, "comments", of_seat).is_err(), "the join would not find it");
    untyped.push(post, "comments", of_post)?;
    untyped.push(seat, "comments", of_seat)?;
    session.commit()?;
    let mut untyped = session.untyped();
    for owner in [post, seat] {
        assert_eq!(untyped.value(owner, "id")?, Value::Int(1), "both have the same number");
    }
    untyped.expunge_all()?;
    let found = |of: &str| {
        let with = Term::Related { of: None, relation: "comments".into(), condition: None };
        Selection::new()
            .filter(with.expr())
            .filter(Term::column("id").eq(1))
            .load(diptych::object::LoadOption::by(of.to_owned(), diptych::Lazy::Selectin))
    };
    for (class, kind) in [("Post", "posts"), ("Seat", "seats")] {
        let [owner] = untyped.select(class, &found("comments"))?[..] else { panic!("there is one {class}") };
        let [comment] = untyped.related(owner, "comments")?[..] else { panic!("it has one comment") };
        assert_eq!(untyped.value(comment, "kind")?, Value::from(kind));
    }
    Ok(())
}

/// The conditions say what their names say, for every combination of three columns.
#[test]
fn the_conditions_count_what_is_set() -> Result<()> {
    use diptych::{Column, Connection, Insert, Schema, Table, Value};
    let columns = ["a", "b", "c"];
    for (most, condition) in [(false, exactly_one_of(columns)), (true, at_most_one_of(columns))] {
        let table =
            columns.iter().fold(Table::new("t").auto_key("id"), |it, &name| it.column(Column::int(name).nullable()));
        let schema = Schema::builder().table(table.check("arc", condition)).build()?;
        let mut connection = Database::new(schema).connect();
        for bits in 0..8_u32 {
            let value = |at: u32| if bits >> at & 1 == 1 { Value::Int(0) } else { Value::Null };
            let taken = connection.execute(Insert::into("t", columns).row([value(0), value(1), value(2)])).is_ok();
            let set = bits.count_ones();
            assert_eq!(taken, set == 1 || most && set == 0, "{bits:03b}, at most: {most}");
        }
        assert_eq!(connection.schema().tables().len(), 1);
    }
    Ok(())
}

/// A step of a random history.
#[derive(Clone, Copy, Debug)]
enum Step {
    Choose { note: usize, subject: usize },
    Plainly { note: usize, post: usize },
    Nothing { note: usize },
    Flush,
    Rollback,
    Expire,
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..4_usize, 0..8_usize).prop_map(|(note, subject)| Step::Choose { note, subject }),
        1 => (0..4_usize, 0..2_usize).prop_map(|(note, post)| Step::Plainly { note, post }),
        1 => (0..4_usize).prop_map(|note| Step::Nothing { note }),
        2 => Just(Step::Flush),
        1 => Just(Step::Rollback),
        1 => Just(Step::Expire),
    ]
}

proptest! {
    #![proptest_config(Config::with_cases(cases(96)))]

    /// Whatever is chosen, both sides say the same, and what was flushed is what comes back.
    #[test]
    fn what_is_chosen_is_what_was_chosen_last(steps in vec(steps(), 1..40), known: bool) {
        let mut session = database().session();
        let posts = [0, 1].map(|it| session.add(Post { title: format!("post {it}"), ..Post::draft() }));
        let seats = [0, 1].map(|it| session.add(Seat { row: it, place: 1 - it }));
        let notes = [0, 1, 2, 3].map(|it| session.add(Note { text: format!("note {it}"), ..Note::draft() }));
        for note in notes {
            session.choose(note, Subject::Post(posts[0])).expect("it can be chosen");
        }
        session.commit().expect("all is right");
        if known {
            session.get(posts[0]).and_then(|it| it.load(Post::notes).map(drop)).expect("it can be read");
        }
        let mut kept = [Some(Subject::Post(posts[0])); 4];
        let mut now = kept;
        for step in steps {
            match step {
                Step::Choose { note, subject } => {
                    let subject = match subject {
                        0 | 1 => Subject::Post(posts[subject]),
                        2 | 3 => Subject::Seat(seats[subject - 2]),
                        _ => Subject::Reply(notes[subject - 4]),
                    };
                    session.choose(notes[note], subject).expect("it can be chosen");
                    now[note] = Some(subject);
                }
                Step::Plainly { note, post } => {
                    session.choose_none::<Subject>(notes[note]).expect("nothing can be chosen");
                    session.set(notes[note], Note::post, posts[post]).expect("it can be set");
                    now[note] = Some(Subject::Post(posts[post]));
                }
                Step::Nothing { note } => {
                    session.choose_none::<Subject>(notes[note]).expect("nothing can be chosen");
                    now[note] = None;
                }
                Step::Flush => {
                    // Expiring what was flushed later must not bring back what was before it.
                    if session.flush().is_ok() {
                        assert!(now.iter().all(Option::is_some), "the check has let nothing pass");
                        session.commit().expect("what was flushed can be committed");
                        kept = now;
                    } else {
                        assert!(now.iter().any(Option::is_none), "what is right is taken");
                    }
                }
                Step::Rollback => {
                    session.rollback().expect("it can be taken back");
                    now = kept;
                }
                Step::Expire => {
                    session.expire_all();
                    now = kept;
                }
            }
            session.set_autoflush(false);
            for (note, wanted) in notes.iter().zip(now) {
                assert_eq!(session.chosen::<Subject>(*note).expect("it can be read"), wanted);
            }
            for post in posts {
                let members = session.get(post).and_then(|it| it.load(Post::notes)).expect("it can be read").references();
                let about = |it: &usize| now[*it] == Some(Subject::Post(post));
                assert_eq!(members.len(), (0..4).filter(about).count());
                assert!((0..4).filter(about).all(|it| members.contains(&notes[it])));
            }
        }
    }
}
