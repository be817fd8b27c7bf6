//! O11: whatever is refused has changed nothing: a history with refused verbs, commits and flushes ends as the same history does
//! without them.

use diptych::object::AnyRef;
use diptych::prelude::*;
use diptych::{Select, State, Value};
use proptest::collection::vec;
use proptest::prelude::*;

use super::property::cases;

#[derive(Entity, Clone, Debug)]
#[has_many(tasks: Task, inverse = owner, cascade(all, delete_orphan))]
#[has_one(badge: Badge, inverse = owner, cascade(all))]
#[has_many(watched: Task, inverse = watcher, via(watcher_id))]
struct Person {
    #[key]
    id: i64,
    #[unique]
    name: String,
}

#[derive(Entity, Clone, Debug)]
#[belongs_to(owner: Person, inverse = tasks, via(owner_id))]
#[belongs_to(watcher: Person, inverse = watched, via(watcher_id))]
#[belongs_to(after: Task, inverse = before, via(after_id), acyclic)]
#[has_many(before: Task, inverse = after, via(after_id))]
#[many_to_many(labels: Label, through = "task_labels", inverse = tasks)]
struct Task {
    #[key]
    id: i64,
    #[unique]
    name: String,
    #[references(Person)]
    owner_id: Option<i64>,
    #[references(Person)]
    watcher_id: Option<i64>,
    #[references(Task)]
    after_id: Option<i64>,
}

#[derive(Entity, Clone, Debug)]
#[many_to_many(tasks: Task, through = "task_labels", inverse = labels)]
struct Label {
    #[key]
    id: i64,
    #[unique]
    name: String,
}

#[derive(Entity, Clone, Debug)]
#[belongs_to(owner: Person, inverse = badge)]
struct Badge {
    #[key]
    id: i64,
    #[unique]
    name: String,
    #[references(Person)]
    #[unique]
    owner_id: Option<i64>,
}

const CLASSES: [(&str, &[&str]); 4] = [
    ("Person", &["tasks", "badge", "watched"]),
    ("Task", &["owner", "watcher", "after", "before", "labels"]),
    ("Label", &["tasks"]),
    ("Badge", &["owner"]),
];

/// What is done, to which object, by which relation, and with which other objects.
type Step = (u8, usize, usize, usize);

struct Story {
    session: Session,
    objects: Vec<(usize, AnyRef)>,
    made: i64,
    savepoints: usize,
}

impl Story {
    fn new() -> diptych::Result<Self> {
        let database = Database::of::<(Person, Task, Label, Badge)>()?;
        let mut session = database.session();
        session.set_autoflush(false);
        session.set_expire_on_commit(false);
        let mut story = Story { session, objects: Vec::new(), made: 0, savepoints: 0 };
        for class in [0, 0, 1, 1, 1, 2, 2, 3, 3] {
            story.make(class)?;
        }
        for (owner, relation, member) in
            [(0, "tasks", 2), (0, "tasks", 3), (1, "tasks", 4), (0, "badge", 7), (3, "after", 2), (2, "labels", 5)]
        {
            let (owner, member) = (story.objects[owner].1, story.objects[member].1);
            match relation {
                "tasks" | "labels" => story.session.untyped().push(owner, relation, member)?,
                _ => story.session.untyped().set(owner, relation, Some(member))?,
            }
        }
        story.session.commit()?;
        // Who has everything at hand need not read before it refuses.
        for (class, object) in story.objects.clone() {
            for relation in CLASSES[class].1 {
                story.session.untyped().related(object, relation)?;
            }
        }
        Ok(story)
    }

    /// A new object, whose name is taken if chance wills it.
    fn make(&mut self, class: usize) -> diptych::Result<()> {
        self.made += 1;
        let values = [("id", Value::from(self.made)), ("name", format!("n{}", self.made).into())];
        let object = self.session.untyped().add(CLASSES[class].0, &values)?;
        self.objects.push((class, object));
        Ok(())
    }

    fn step(&mut self, (what, a, b, c): Step) -> diptych::Result<()> {
        let (class, object) = self.objects[a % self.objects.len()];
        let relation = CLASSES[class].1[b % CLASSES[class].1.len()];
        let other = self.objects[c % self.objects.len()].1;
        let further = self.objects[(c / 3) % self.objects.len()].1;
        let mut by_name = self.session.untyped();
        if matches!((what, class), (16 | 17, 0)) {
            // Parts that were read are forgotten along, with what is pending of them, so all are.
            ["tasks", "badge"].iter().for_each(|it| drop(by_name.related(object, it)));
        }
        match what {
            0 | 1 => by_name.push(object, relation, other),
            2 => by_name.remove(object, relation, other),
            3 | 4 => by_name.set(object, relation, (c % 5 > 0).then_some(other)),
            5 | 6 => by_name.replace(object, relation, &[other, further]),
            7 => by_name.insert(object, relation, b % 3, other),
            8 => by_name.set_item(object, relation, b % 2, other),
            9 => by_name.pop(object, relation, b % 2).map(drop),
            10 => by_name.clear(object, relation),
            11 | 12 => by_name.delete(object),
            13 => by_name.save(object),
            15 => by_name.assign(object, "name", format!("n{}", 1 + c % 12)),
            16 => by_name.refresh(object, &[]),
            17 => by_name.expire(object, &[]),
            18 => by_name.merge(object, true).map(drop),
            20 => self.make(c % 4),
            21 => self.session.savepoint().map(|()| self.savepoints += 1),
            22 => self.session.rollback_to().map(|()| self.savepoints -= 1),
            23 => self.session.release().map(|()| self.savepoints -= 1),
            24 => self.session.commit().map(|()| self.savepoints = 0),
            // What leaves along depends on what was read, so chance leaves it out.
            30 => by_name.expunge(object),
            25 => by_name.assign(object, "id", (1 + c % 12) as i64),
            _ => self.session.flush(),
        }
    }

    /// What the session writes in the end, and what it says of each object then.
    fn end(mut self) -> (String, Vec<String>) {
        let flushed = match self.session.flush() {
            Ok(()) => String::new(),
            Err(error) => error.to_string(),
        };
        let mut all = Vec::new();
        for (number, &(class, object)) in self.objects.clone().iter().enumerate() {
            let (state, marked) = (self.session.state(object), self.session.is_marked_deleted(object));
            let mut said = format!("{number}: {state:?} {marked:?}");
            // One that cannot read any more says what happens to have been read.
            let reads = state.is_ok_and(|it| it == State::Persistent);
            let mut by_name = self.session.untyped();
            for column in ["id", "name"].iter().filter(|_| reads) {
                said += &format!(" {:?}", by_name.value(object, column).ok());
            }
            for relation in CLASSES[class].1.iter().filter(|_| reads) {
                // By their keys: one that was let go of may have come again as another object.
                let found = by_name.related(object, relation).unwrap_or_default();
                let mut related: Vec<Option<Value>> = found.iter().map(|it| by_name.value(*it, "id").ok()).collect();
                related.sort_by_key(|it| format!("{it:?}"));
                said += &format!(" {relation} {related:?}");
            }
            all.push(said);
        }
        for table in ["persons", "tasks", "labels", "badges", "task_labels"] {
            all.push(format!("{table} {:?}", self.session.execute(Select::from(table)).map(|it| it.rows)));
        }
        (flushed, all)
    }
}

fn hold(steps: &[Step]) -> std::result::Result<(), TestCaseError> {
    let failed = |error: diptych::Error| TestCaseError::fail(format!("{error:#}"));
    let (mut with, mut without) = (Story::new().map_err(failed)?, Story::new().map_err(failed)?);
    let mut refused = Vec::new();
    for (at, &step) in steps.iter().enumerate() {
        match with.step(step) {
            Ok(()) => without.step(step).map_err(|it| {
                TestCaseError::fail(format!("step {at} {step:?} goes through after {refused:?}, and not without: {it}"))
            })?,
            Err(error) => refused.push((at, error.to_string())),
        }
    }
    let (with, without) = (with.end(), without.end());
    prop_assert_eq!(with, without, "{:?} were refused", refused);
    Ok(())
}

/// Histories that went wrong once, each with what was wrong.
#[test]
fn what_went_wrong_once_goes_right() {
    let told: [(&str, &[Step]); 8] = [
        ("a member that goes is kept by an exchange that would close a ring", &[(11, 9, 0, 0), (8, 11, 8, 29)]),
        ("one that has left is another object by now", &[(30, 11, 0, 0), (18, 2, 0, 0), (11, 9, 0, 0)]),
        ("a member that was to be deleted is kept by a refused exchange", &[(11, 9, 0, 0), (8, 5, 2, 5)]),
        ("a release without a savepoint has flushed", &[(11, 1, 0, 0), (23, 0, 0, 0), (25, 0, 0, 1)]),
        ("a member whose row has gone for good", &[(20, 0, 0, 0), (11, 0, 0, 0), (24, 0, 0, 0), (5, 5, 0, 42)]),
        (
            "what was taken out though it was never there is put back",
            &[(16, 15, 0, 0), (2, 15, 0, 2), (7, 6, 0, 5), (16, 6, 0, 0)],
        ),
        (
            "an expired row refers to one that goes while a unique value is exchanged",
            &[(15, 9, 0, 37), (11, 10, 0, 0), (17, 12, 0, 0), (9, 0, 6, 0), (14, 0, 0, 0)],
        ),
        ("a cascade comes to one whose row has gone", &[(11, 13, 0, 0), (24, 0, 0, 0), (11, 10, 0, 0), (16, 4, 0, 0)]),
    ];
    for (what, steps) in told {
        hold(steps).unwrap_or_else(|it| panic!("{what}: {it}"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(64)))]

    #[test]
    fn what_is_refused_has_changed_nothing(steps in vec((0_u8..28, 0_usize..16, 0_usize..15, 0_usize..48), 1..20)) {
        hold(&steps)?;
    }
}
