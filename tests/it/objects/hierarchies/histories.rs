//! Any history of a hierarchy whose objects come and go, exchange keys, names and tags, and refer to each other, with
//! savepoints: the flushes go through, and the rows are what was asked for.

use diptych::prelude::*;
use proptest::collection::vec;
use proptest::prelude::*;

use super::super::property::cases;

/// What is done, to whom, and to whom else.
type Step = (u8, usize, usize);

/// What an object is to be.
#[derive(Clone, Debug, PartialEq)]
struct Wanted {
    key: i64,
    class: usize,
    name: String,
    tag: Option<String>,
    friend: Option<usize>,
}

macro_rules! histories {
    ($($name:ident),*) => {$(
        mod $name {
            use super::super::adversary::$name::*;
            use super::*;

            type Slots = Vec<Option<(Ref<Pet>, Wanted)>>;

            struct Story {
                database: Database,
                session: Session,
                slots: Slots,
                saved: Vec<Slots>,
                made: i64,
            }

            impl Story {
                fn new() -> Result<Self> {
                    let database = database();
                    let session = database.session();
                    let mut story = Story { database, session, slots: vec![None; 6], saved: Vec::new(), made: 0 };
                    for at in 0..5 {
                        story.add(at, at, None)?;
                    }
                    story.session.commit()?;
                    Ok(story)
                }

                /// A new object, which may have what another one that has gone has left.
                fn add(&mut self, at: usize, class: usize, left: Option<Wanted>) -> Result<()> {
                    self.made += 1;
                    let new = self.made;
                    let (key, name) = match &left {
                        Some(left) => (left.key, left.name.clone()),
                        None => (new, format!("n{new}")),
                    };
                    let class = class % 4;
                    let tag = (class == 1 || class == 2)
                        .then(|| left.and_then(|it| it.tag).unwrap_or_else(|| format!("t{new}")));
                    let said = tag.clone().unwrap_or_default();
                    let object = match class {
                        0 => self.session.add(pet(key, &name)),
                        1 => self.session.add(dog(key, &name, &said)).upcast(),
                        2 => self.session.add(puppy(key, &name, &said)).upcast(),
                        _ => self.session.add(cat(key, &name)).upcast(),
                    };
                    self.slots[at] = Some((object, Wanted { key, class, name, tag, friend: None }));
                    Ok(())
                }

                fn pair(&mut self, a: usize, b: usize) -> Option<(Ref<Pet>, Ref<Pet>)> {
                    Some((self.slots[a].as_ref()?.0, self.slots[b].as_ref()?.0))
                }

                fn wanted(&mut self, at: usize) -> &mut Wanted {
                    &mut self.slots[at].as_mut().expect("it is there").1
                }

                fn befriend(&mut self, a: usize, b: Option<usize>) -> Result<()> {
                    let Some((object, _)) = self.slots[a] .clone() else { return Ok(()) };
                    let friend = b.and_then(|it| self.slots[it].as_ref()).map(|it| it.0);
                    self.session.set(object, Pet::friend, friend)?;
                    self.wanted(a).friend = b.filter(|_| friend.is_some());
                    Ok(())
                }

                /// An object goes, and perhaps another one takes what it has left.
                fn go(&mut self, a: usize, b: usize) -> Result<()> {
                            if let Some((object, left)) = self.slots[a].take() {
                                for at in 0..6 {
                                    if self.slots[at].as_ref().is_some_and(|it| it.1.friend == Some(a)) {
                                        self.befriend(at, None)?;
                                    }
                                }
                                self.session.delete(object)?;
                                if b % 2 == 0 {
                                    self.add(a, b + left.class, Some(left))?;
                                }
                            }
                    Ok(())
                }

                fn exchange_keys(&mut self, a: usize, b: usize) -> Result<()> {
                    let Some((left, right)) = self.pair(a, b) else { return Ok(()) };
                    let (x, y) = (self.wanted(a).key, self.wanted(b).key);
                    self.session.edit(left)?.a = y;
                    self.session.edit(right)?.a = x;
                    (self.wanted(a).key, self.wanted(b).key) = (y, x);
                    Ok(())
                }

                fn step(&mut self, (what, a, b): Step) -> Result<()> {
                    let (a, b) = (a % 6, b % 6);
                    match what {
                        0 | 1 => {
                            let Some((left, right)) = self.pair(a, b) else { return Ok(()) };
                            let (x, y) = (self.wanted(a).name.clone(), self.wanted(b).name.clone());
                            self.session.edit(left)?.name = Some(y.clone());
                            self.session.edit(right)?.name = Some(x.clone());
                            (self.wanted(a).name, self.wanted(b).name) = (y, x);
                        }
                        2 => {
                            let Some((left, right)) = self.pair(a, b) else { return Ok(()) };
                            let dog = |session: &Session, it| session.downcast::<Dog>(it);
                            let both = (dog(&self.session, left)?, dog(&self.session, right)?);
                            let (Some(left), Some(right)) = both else { return Ok(()) };
                            if a == b {
                                return Ok(());
                            }
                            let (x, y) = (self.wanted(a).tag.clone(), self.wanted(b).tag.clone());
                            self.session.edit(left)?.tag.clone_from(&y);
                            self.session.edit(right)?.tag.clone_from(&x);
                            (self.wanted(a).tag, self.wanted(b).tag) = (y, x);
                        }
                        3 => self.befriend(a, Some(b))?,
                        4 => self.befriend(a, None)?,
                        5 => {
self.go(a, b)?;
                        }
                        6 if self.slots[a].is_none() => self.add(a, b, None)?,
                        7 => {
                            self.session.savepoint()?;
                            self.saved.push(self.slots.clone());
                        }
                        8 => {
                            if let Some(slots) = self.saved.pop() {
                                self.session.rollback_to()?;
                                self.slots = slots;
                            }
                        }
                        9 => {
                            if self.saved.pop().is_some() {
                                self.session.release()?;
                            }
                        }
                        10 => {
                            self.session.flush()?;
                        }
                        13 => {
                            self.exchange_keys(a, b)?;
                        }
                        11 => {
                            let Some((object, _)) = self.slots[a].clone() else { return Ok(()) };
                            self.made += 1;
                            let key = self.made;
                            self.session.edit(object)?.a = key;
                            self.wanted(a).key = key;
                        }
                        _ => {
                            self.session.commit()?;
                            self.saved.clear();
                        }
                    }
                    Ok(())
                }

                /// After a flush the objects say what was asked for, whoever has written it.
                fn said(&self) -> std::result::Result<(), TestCaseError> {
                    for (object, wanted) in self.slots.iter().flatten() {
                        let friend = wanted.friend.map(|at| self.slots[at].as_ref().expect("it is there").1.key);
                        let row = self.session.get(*object).map_err(|it| TestCaseError::fail(it.to_string()))?;
                        let said = (row.a, row.name.as_deref(), row.friend_a);
                        prop_assert_eq!(said, (wanted.key, Some(wanted.name.as_str()), friend));
                    }
                    Ok(())
                }

                fn check(&mut self) -> std::result::Result<(), TestCaseError> {
                    self.session.flush().map_err(|it| TestCaseError::fail(format!("{it:#}")))?;
                    self.said()?;
                    self.session.commit().map_err(|it| TestCaseError::fail(format!("{it:#}")))?;
                    let session = self.database.session();
                    let found = session.all(Pet::select()).map_err(|it| TestCaseError::fail(it.to_string()))?;
                    let wanted: Vec<&Wanted> = self.slots.iter().flatten().map(|it| &it.1).collect();
                    prop_assert_eq!(found.len(), wanted.len());
                    for it in wanted {
                        let friend = it.friend.map(|at| self.slots[at].as_ref().expect("it is there").1.key);
                        let row = found.iter().find(|row| row.a == it.key).ok_or_else(|| {
                            TestCaseError::fail(format!("there is no {it:?}"))
                        })?;
                        let tag = row.downcast::<Dog>().ok().flatten().and_then(|it| it.tag.clone());
                        let kind = ["pet", "dog", "puppy", "cat"][it.class];
                        prop_assert_eq!((row.kind.as_str(), row.name.as_deref()), (kind, Some(it.name.as_str())));
                        prop_assert_eq!((&tag, row.friend_a), (&it.tag, friend));
                    }
                    self.said()
                }
            }

            pub(super) fn hold(steps: &[Step]) -> std::result::Result<(), TestCaseError> {
                let failed = |it: diptych::Error| TestCaseError::fail(format!("{it:#}"));
                let mut story = Story::new().map_err(failed)?;
                for (at, &step) in steps.iter().enumerate() {
                    story.step(step).map_err(|it| TestCaseError::fail(format!("at step {at} {step:?}: {it:#}")))?;
                    if step.0 == 10 {
                        story.said()?;
                    }
                }
                story.check()
            }
        }
    )*};
}

histories!(single, joined);

/// Histories that went wrong once, each with what was wrong.
#[test]
fn what_went_wrong_once_goes_right() {
    let told: [(&str, &[Step]); 6] = [
        (
            "the same statement writes the name of the row that refers, the keys, and would move what it refers to",
            &[(3, 0, 2), (7, 0, 0), (13, 2, 1), (3, 0, 1), (0, 1, 0)],
        ),
        (
            "a reference that nobody has written follows the key of a row with which its own is exchanged",
            &[(3, 0, 2), (12, 0, 0), (0, 2, 4), (5, 3, 2), (13, 2, 0), (3, 2, 3), (0, 3, 0)],
        ),
        (
            "what is to refer to a row of the exchange has referred to one that goes, and must leave it",
            &[(3, 4, 0), (12, 0, 0), (5, 0, 1), (3, 4, 4), (13, 4, 1)],
        ),
        (
            "what is to refer to itself takes the key of the row to which it has referred",
            &[(3, 3, 4), (10, 0, 0), (13, 0, 4), (3, 3, 3), (5, 4, 0), (13, 3, 0)],
        ),
        (
            "a row that is taken over has referred to one that gets another key",
            &[(3, 4, 1), (12, 0, 0), (11, 1, 0), (5, 4, 4)],
        ),
        ("two rows that refer to each other exchange their keys", &[(3, 0, 1), (3, 1, 0), (12, 0, 0), (13, 0, 1)]),
    ];
    for (what, steps) in told {
        for hold in [single::hold, joined::hold] {
            hold(steps).unwrap_or_else(|it| panic!("{what}: {it}"));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(64)))]

    #[test]
    fn rows_are_what_was_asked_for_in_one_table(steps in vec((0_u8..14, 0_usize..6, 0_usize..6), 1..25)) {
        single::hold(&steps)?;
    }

    #[test]
    fn rows_are_what_was_asked_for_in_joined_tables(steps in vec((0_u8..14, 0_usize..6, 0_usize..6), 1..25)) {
        joined::hold(&steps)?;
    }
}
