//! Attributes that are computed, defined once (checklist: `hybrid_property`, `hybrid_method`), and relations that are
//! computed (checklist: calculated relationship, `primaryjoin` with a status flag and a date range, a writable filtered
//! relation).

use std::sync::atomic::{AtomicI64, Ordering};

use diptych::Expression as _;
use diptych::expr::{Expr, UserFunction};
use diptych::object::{Hybrid, JoinColumn, on, own};
use diptych::prelude::*;
use proptest::prelude::*;

/// The clock that relations and hybrids ask.
static CLOCK: AtomicI64 = AtomicI64::new(100);

fn now() -> Expr<JoinColumn> {
    UserFunction::new("now", 0, |_| Ok(CLOCK.load(Ordering::Relaxed).into())).of([])
}

#[derive(Entity, Clone, Debug)]
#[has_many(notes: Note, inverse = author)]
#[has_many(
    recent_notes: Note,
    view_only,
    order_by(created desc),
    primary_join = on(Author::id).eq(on(Note::author_id)).and(on(Note::created).gt(now().minus(7)))
)]
#[has_many(drafts: Note, primary_join = on(Author::id).eq(on(Note::author_id)).and(on(Note::sketch).eq(true)))]
struct Author {
    #[key(auto)]
    id: Id<Author>,
}

#[derive(Entity, Clone, Debug)]
#[belongs_to(author: Author, inverse = notes)]
struct Note {
    #[key(auto)]
    id: Id<Note>,
    #[references(Author)]
    author_id: Option<Id<Author>>,
    created: i64,
    score: Option<i64>,
    stars: Option<i64>,
    sketch: bool,
}

impl Note {
    /// A property; NULL where the score is.
    fn is_good() -> Hybrid<Note, Option<bool>> {
        Hybrid::new(own(Note::score).gt(3).or(own(Note::stars).is_null().and(own(Note::sketch))))
    }

    /// A property that is a number.
    fn weight() -> Hybrid<Note, Option<i64>> {
        Hybrid::new(own(Note::score).times(2).plus(own(Note::stars)))
    }

    /// A method with an argument.
    fn is_recent(now: i64) -> Hybrid<Note, bool> {
        Hybrid::new(own(Note::created).gt(now - 7))
    }
}

fn note(created: i64) -> Note {
    Note { created, ..Note::draft() }
}

fn small() -> impl proptest::strategy::Strategy<Value = Option<i64>> {
    proptest::option::of(0..6_i64)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// 114: what a hybrid says of a row, property or method, is what a query says, NULL included.
    #[test]
    fn a_hybrid_says_the_same_of_a_row_and_in_a_query(
        rows in proptest::collection::vec((0..20_i64, small(), small(), any::<bool>()), 1..12),
        clock in 0..30_i64,
        least in 0..12_i64,
    ) {
        let mut session = Database::of::<(Author, Note)>().expect("the model is sound").session();
        for (created, score, stars, sketch) in rows {
            session.add(Note { created, score, stars, sketch, ..Note::draft() });
        }
        let all = session.all(Note::select()).expect("rows");
        let by_row = |holds: &dyn Fn(&Note) -> bool| {
            all.iter().filter(|it| holds(it.entity())).map(|it| it.reference()).collect::<Vec<_>>()
        };
        let by_query = |condition| session.all(Note::select().filter(condition)).expect("rows").references();
        let good = |it: &Note| Note::is_good().of(it).expect("computed") == Some(true);
        prop_assert_eq!(by_row(&good), by_query(Note::is_good().is_true()));
        let recent = |it: &Note| Note::is_recent(clock).of(it).expect("computed");
        prop_assert_eq!(by_row(&recent), by_query(Note::is_recent(clock).is_true()));
        let heavy = |it: &Note| Note::weight().of(it).expect("computed").is_some_and(|it| it > least);
        prop_assert_eq!(by_row(&heavy), by_query(Note::weight().gt(least)));
        let unknown = |it: &Note| Note::weight().of(it).expect("computed").is_none();
        prop_assert_eq!(by_row(&unknown), by_query(Note::weight().is_null()));
        let mut sorted: Vec<_> = all.iter().map(|it| Note::weight().of(it.entity()).expect("computed")).collect();
        sorted.sort();
        let ordered = session.all(Note::select().order_by(Note::weight().asc())).expect("rows");
        let ordered: Vec<_> = ordered.iter().map(|it| Note::weight().of(it.entity()).expect("computed")).collect();
        prop_assert_eq!(sorted, ordered);
    }
}

/// 115, 118: a relation that is computed with the time of an injected clock, in loads, eager loads and filters.
#[test]
fn a_calculated_relation_follows_the_clock_in_loads_and_filters() -> Result<()> {
    let database = Database::of::<(Author, Note)>()?;
    database.transaction(|session| {
        let author = session.add(Author::draft());
        for created in [90, 95, 99] {
            session.push(author, Author::notes, note(created))?;
        }
        Ok(())
    })?;
    let created = |session: &Session| -> Result<Vec<i64>> {
        let author = session.one(Author::select())?;
        Ok(author.load(Author::recent_notes)?.iter().map(|it| it.created).collect())
    };
    CLOCK.store(100, Ordering::Relaxed);
    let mut session = database.session();
    assert_eq!(created(&session)?, [99, 95]);
    session.expire_all();
    CLOCK.store(105, Ordering::Relaxed);
    assert_eq!(created(&session)?, [99], "it follows the clock");
    let with_any = |session: &Session| session.count(Author::select().filter(Author::recent_notes.is_not_empty()));
    assert_eq!(with_any(&session)?, 1);
    for path in [Author::recent_notes.selectin(), Author::recent_notes.joined()] {
        let session = database.session();
        let author = session.one(Author::select().with(path))?;
        assert_eq!(author.loaded(Author::recent_notes)?.len(), 1);
    }
    CLOCK.store(200, Ordering::Relaxed);
    assert_eq!(with_any(&session)?, 0);
    Ok(())
}

/// 71d: what is put into a filtered relation has to be what it would find there.
#[test]
fn a_filtered_relation_refuses_members_that_it_would_not_find() -> Result<()> {
    let mut session = Database::of::<(Author, Note)>()?.session();
    let author = session.add(Author::draft());
    let error = session.push(author, Author::drafts, note(1)).expect_err("it is no draft");
    assert!(error.to_string().contains("drafts"), "{error}");
    let draft = session.push(author, Author::drafts, Note { sketch: true, ..note(2) })?;
    session.commit()?;
    assert_eq!(session.get(author)?.load(Author::drafts)?.references(), [draft]);
    assert_eq!(session.count(Note::select().filter(Note::author.is_present()))?, 1);
    Ok(())
}
