//! The same work in joined and in whole tables: whatever was done, the boxes hold the same.

use diptych::object::{Inheritance, Lazy, Manner};
use diptych::prelude::*;
use diptych::{AnyRef, Value};
use proptest::prelude::*;

use super::{a_box, boxes, read, shape};

const CLASSES: [&str; 3] = ["Shape", "Circle", "Square"];

/// What is done: which step, with which box, with which shape.
type Step = (u8, usize, usize);

fn step(session: &mut Session, boxes: &[AnyRef], shapes: &[AnyRef], (what, owner, member): Step) -> Result<()> {
    let (owner, member) = (boxes[owner % boxes.len()], shapes[member % shapes.len()]);
    let held = |session: &mut Session| session.untyped().related(owner, "shapes");
    match what {
        0 | 1 => session.untyped().push(owner, "shapes", member),
        2 => match held(session)?.contains(&member) {
            true => session.untyped().remove(owner, "shapes", member),
            false => Ok(()),
        },
        3 => session.untyped().set(member, "box", Some(owner)),
        4 => session.untyped().set(member, "box", None),
        5 => session.untyped().replace(owner, "shapes", &[member]),
        6 => session.flush(),
        7 => session.untyped().expire(owner, &[]),
        8 => held(session).map(drop),
        9 => session.commit(),
        10 => session.rollback(),
        _ => {
            session.savepoint()?;
            session.untyped().push(owner, "shapes", member)?;
            session.flush()?;
            session.rollback_to()
        }
    }
}

/// Does the steps, and shows what the boxes hold after each, as the session sees it, and at the end as another one does.
fn work(how: Inheritance, lazy: Lazy, manner: Manner, steps: &[Step]) -> Result<Vec<String>> {
    let database = boxes(how, |it| it.lazy(lazy));
    let mut session = database.session();
    let owners: Vec<AnyRef> = ["a", "b", "c"].iter().map(|it| a_box(&mut session, it)).collect();
    let shapes: Vec<AnyRef> = (0..6).map(|it| shape(&mut session, CLASSES[it % 3], &format!("n{it}"))).collect();
    session.commit()?;
    session.set_manner(manner);
    let mut seen = Vec::new();
    for &it in steps {
        seen.push(match step(&mut session, &owners, &shapes, it) {
            Ok(()) => String::new(),
            Err(error) => error.misuse().map(|_| "refused".to_owned()).unwrap_or_else(|| error.to_string()),
        });
        for &member in &shapes {
            let back: Vec<AnyRef> = session.no_autoflush(|it| it.untyped().related(member, "box"))?;
            let labels: Result<Vec<Value>> = back.iter().map(|it| session.untyped().value(*it, "label")).collect();
            seen.push(format!("{:?}", labels?));
        }
    }
    session.commit()?;
    seen.extend(read(&database)?);
    Ok(seen)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_history_is_the_same_in_joined_and_in_whole_tables(
        steps in proptest::collection::vec((0..12_u8, 0..3_usize, 0..6_usize), 1..20),
        lazy in proptest::sample::select(vec![Lazy::Select, Lazy::Selectin, Lazy::Subquery, Lazy::Joined, Lazy::Immediate]),
        sound in any::<bool>(),
    ) {
        let manner = if sound { Manner::Sound } else { Manner::SqlAlchemy };
        let joined = work(Inheritance::Joined, lazy, manner, &steps).expect("in joined tables");
        prop_assert_eq!(joined, work(Inheritance::Concrete, lazy, manner, &steps).expect("in whole tables"));
    }
}
