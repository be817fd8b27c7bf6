//! The same work in joined and in whole tables: whatever was done, the boxes hold the same.

use diptych::object::{Cascade, Inheritance, Lazy, Manner, Selection};
use diptych::prelude::*;
use diptych::{AnyRef, Direction, Error, Relationship, State};
use proptest::prelude::*;

use super::{a_box, boxes, label, named, read, shape};

const CLASSES: [&str; 3] = ["Shape", "Circle", "Square"];

/// What is done: which step, with which box, with which shape.
type Step = (u8, usize, usize);

/// What the boxes say of their shapes, and how the session behaves.
#[derive(Clone, Copy, Debug)]
struct Setting {
    lazy: Lazy,
    manner: Manner,
    cascade: Cascade,
    ordered: bool,
    /// Whether the collections are looked at after each step.
    looks: bool,
}

impl Setting {
    fn declare(self, it: Relationship) -> Relationship {
        let it = it.lazy(self.lazy).cascade(self.cascade);
        if self.ordered { it.order_by("at", Direction::Ascending).ordered(true) } else { it }
    }
}

fn lives(session: &Session, object: AnyRef) -> bool {
    session.state(object).is_ok_and(|it| matches!(it, State::Pending | State::Persistent))
}

/// A session at work.
struct Work {
    session: Session,
    boxes: Vec<AnyRef>,
    shapes: Vec<AnyRef>,
}

impl Work {
    fn begin(how: Inheritance, setting: Setting) -> Result<(Database, Self)> {
        let database = boxes(how, |it| setting.declare(it));
        let mut session = database.session();
        let boxes: Vec<AnyRef> = ["a", "b", "c"].iter().map(|it| a_box(&mut session, it)).collect();
        let shapes: Vec<AnyRef> = (0..6).map(|it| shape(&mut session, CLASSES[it % 3], &format!("n{it}"))).collect();
        for (at, it) in shapes.iter().enumerate() {
            session.untyped().push(boxes[at % 2], "shapes", *it)?;
        }
        session.commit()?;
        session.set_manner(setting.manner);
        Ok((database, Work { session, boxes, shapes }))
    }

    fn step(&mut self, (what, owner, member): Step) -> Result<()> {
        let (owner, member) = (self.boxes[owner % self.boxes.len()], self.shapes[member % self.shapes.len()]);
        let session = &mut self.session;
        // The key of a row that has gone may be given to another, in each of the mappings to another one.
        if !lives(session, owner) || !lives(session, member) {
            return Ok(());
        }
        match what {
            0 | 1 => session.untyped().push(owner, "shapes", member),
            2 => session.untyped().remove(owner, "shapes", member),
            3 => session.untyped().set(member, "box", Some(owner)),
            4 => session.untyped().set(member, "box", None),
            5 => session.untyped().replace(owner, "shapes", &[member]),
            6 => session.flush(),
            7 => session.untyped().expire(owner, &[]),
            8 => session.untyped().related(owner, "shapes").map(drop),
            9 => session.commit(),
            10 => session.rollback(),
            11 => session.untyped().delete(member),
            12 => session.untyped().delete(owner),
            13 => session.untyped().insert(owner, "shapes", 0, member),
            14 => session.untyped().clear(owner, "shapes"),
            15 => {
                let number = self.shapes.len();
                let new = shape(session, CLASSES[number % 3], &format!("m{number}"));
                // Nor is it given to a new one: a cascade may come to the one that has gone.
                session.untyped().assign(new, "id", 100 + number as i64)?;
                self.shapes.push(new);
                session.untyped().push(owner, "shapes", new)
            }
            16 => {
                // SQLAlchemy reads it again while it flushes, when some tables are written and others are not.
                session.flush()?;
                session.untyped().refresh(owner, &[])
            }
            17 => session.untyped().merge(owner, true).map(drop),
            _ => {
                session.savepoint()?;
                session.untyped().push(owner, "shapes", member)?;
                session.flush()?;
                session.rollback_to()
            }
        }
    }

    /// Which box each shape refers to, and what each box holds, if that is looked at.
    fn seen(&mut self, looks: bool) -> Vec<String> {
        let session = &mut self.session;
        let mut seen = Vec::new();
        for &it in &self.shapes {
            if !lives(session, it) {
                seen.push("gone".to_owned());
                continue;
            }
            let back = session.no_autoflush(|session| {
                let back = session.untyped().related(it, "box")?;
                back.into_iter().map(|it| label(session, it)).collect::<Result<Vec<_>>>()
            });
            seen.push(back.map_or_else(|_| "gone".to_owned(), |it| it.join(", ")));
        }
        for &it in self.boxes.iter().filter(|_| looks) {
            if !lives(session, it) {
                continue;
            }
            let held = session.no_autoflush(|session| {
                let held = session.untyped().related(it, "shapes")?;
                // What a class adds is read by itself in one of the mappings, also of an object that has gone.
                let held = held.into_iter().map(|it| session.untyped().value(it, "name"));
                let mut held = held.map(|it| Ok(it?.to_string())).collect::<Result<Vec<String>>>()?;
                held.sort();
                Ok::<_, Error>(held)
            });
            seen.push(held.map_or_else(|_| "gone".to_owned(), |it| it.join(", ")));
        }
        seen
    }
}

/// Does the steps, and shows what is seen after each, and at the end by a session that knows nothing.
fn work(how: Inheritance, setting: Setting, steps: &[Step]) -> Result<Vec<String>> {
    let (database, mut work) = Work::begin(how, setting)?;
    let mut all = Vec::new();
    for &it in steps {
        all.push(work.step(it).map_or_else(|_| "refused".to_owned(), |()| String::new()));
        all.extend(work.seen(setting.looks));
    }
    if work.session.commit().is_err() {
        all.push("refused".to_owned());
        work.session.rollback()?;
    }
    all.extend(read(&database)?);
    let mut session = database.session();
    let mut left = session.untyped().select("Shape", &Selection::new())?;
    left.sort_by_key(|it| session.untyped().value(*it, "name").map(|it| it.to_string()).unwrap_or_default());
    all.extend(named(&mut session, &left)?);
    Ok(all)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_history_is_the_same_in_joined_and_in_whole_tables(
        steps in proptest::collection::vec((0..19_u8, 0..3_usize, 0..8_usize), 1..20),
        lazy in proptest::sample::select(vec![Lazy::Select, Lazy::Selectin, Lazy::Subquery, Lazy::Joined, Lazy::Immediate]),
        cascade in proptest::sample::select(vec![Cascade::default(), Cascade::ALL, Cascade::ALL | Cascade::DELETE_ORPHAN]),
        (sound, ordered, looks) in any::<(bool, bool, bool)>(),
    ) {
        let manner = if sound { Manner::Sound } else { Manner::SqlAlchemy };
        let setting = Setting { lazy, manner, cascade, ordered, looks };
        let joined = work(Inheritance::Joined, setting, &steps).expect("in joined tables");
        prop_assert_eq!(joined, work(Inheritance::Concrete, setting, &steps).expect("in whole tables"));
    }
}

/// What was pushed to a collection that is not read waits there, where it would be joined and where it is read by itself: it
/// is not expired with its owner.
#[test]
fn what_waits_for_a_collection_is_not_loaded_along() -> Result<()> {
    let (lazy, manner, cascade) = (Lazy::Joined, Manner::SqlAlchemy, Cascade::ALL);
    let setting = Setting { lazy, manner, cascade, ordered: false, looks: false };
    let seen = [Inheritance::Joined, Inheritance::Concrete].map(|how| work(how, setting, &[(3, 2, 0), (7, 2, 0)]));
    let [joined, whole] = seen;
    assert_eq!(joined?, whole?);
    Ok(())
}
