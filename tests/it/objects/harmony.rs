//! Deleting an owner as an object and as a row: the model says for each relation what becomes of its targets in either
//! layer. Every combination is replayed on a database, so that where they are said to differ, they do.

use diptych::object::{Fate, Harmony, PassiveDeletes, Verdict};
use diptych::{
    Action, Cascade, Class, Column, Database, Delete, Expression, ForeignKey, Relationship, Session, Table, Value, col,
};

#[derive(Clone, Copy, Debug)]
struct Combination {
    action: Action,
    nullable: bool,
    default: bool,
    deletes: bool,
    passive: PassiveDeletes,
}

fn combinations() -> Vec<Combination> {
    let mut all = Vec::new();
    for action in [Action::NoAction, Action::Restrict, Action::Cascade, Action::SetNull, Action::SetDefault] {
        for passive in [PassiveDeletes::Off, PassiveDeletes::On, PassiveDeletes::All] {
            for (nullable, default, deletes) in (0..8).map(|it| (it & 1 > 0, it & 2 > 0, it & 4 > 0)) {
                let contradicts = passive == PassiveDeletes::All && deletes;
                if !contradicts {
                    all.push(Combination { action, nullable, default, deletes, passive });
                }
            }
        }
    }
    all
}

/// Owner 1 has the target 10; owner 2 is the default.
fn database(it: Combination) -> Database {
    let column = Column::int("owner_id");
    let column = if it.nullable { column.nullable() } else { column };
    let column = if it.default { column.default(2) } else { column };
    let target = Table::new("target").column(Column::int("id")).column(column).primary_key(["id"]);
    let target = target.foreign_key(ForeignKey::new(["owner_id"], "owner").on_delete(it.action));
    let cascade = if it.deletes { Cascade::ALL } else { Cascade::default() };
    let targets = Relationship::has_many("targets", "Target").cascade(cascade).passive_deletes(it.passive);
    let owner = Table::new("owner").column(Column::int("id")).primary_key(["id"]);
    let classes = [Class::new("Owner", owner).relation(targets), Class::new("Target", target)];
    let database = Database::with_classes(classes, []).unwrap_or_else(|error| panic!("{it:?}: {error}"));
    let mut session = database.session();
    let first = session.untyped().add("Owner", &[("id", 1.into())]).expect("it is new");
    session.untyped().add("Owner", &[("id", 2.into())]).expect("it is new");
    let target = session.untyped().add("Target", &[("id", 10.into())]).expect("it is new");
    session.untyped().push(first, "targets", target).expect("they are of this session");
    session.commit().unwrap_or_else(|error| panic!("{it:?}: {error}"));
    database
}

/// What the target became, if `delete` succeeded.
fn fate(session: &mut Session, outcome: diptych::Result<()>) -> Fate {
    if outcome.is_err() {
        return Fate::Refused;
    }
    match &session.untyped().rows("target").expect("it is there")[..] {
        [] => Fate::Deleted,
        [row] if row[1] == Value::Null => Fate::SetToNull,
        [row] if row[1] == Value::Int(2) => Fate::SetToDefault,
        rows => panic!("the target still refers to an owner that is gone: {rows:?}"),
    }
}

fn as_object(database: &Database, load: bool) -> Fate {
    let mut session = database.session();
    let owner = session.untyped().find("Owner", &[1.into()]).expect("it can be read").expect("it is there");
    if load {
        session.untyped().related(owner, "targets").expect("they can be read");
    }
    let outcome = session.untyped().delete(owner).and_then(|()| session.commit());
    fate(&mut database.session(), outcome)
}

fn as_row(database: &Database) -> Fate {
    let mut session = database.session();
    let outcome = session.execute(Delete::from("owner").filter(col("id").eq(1))).and_then(|_| session.commit());
    fate(&mut database.session(), outcome)
}

fn harmony(database: &Database) -> Harmony {
    let all = database.model().expect("there is one").harmony(database.schema());
    assert_eq!(all.len(), 1);
    all[0].clone()
}

#[test]
fn what_is_said_of_each_combination_is_what_happens() {
    for combination in combinations() {
        let said = harmony(&database(combination));
        let done = [
            as_object(&database(combination), false),
            as_object(&database(combination), true),
            as_row(&database(combination)),
        ];
        assert_eq!([said.unloaded, said.loaded, said.row], done, "{combination:?}: {said}");
        let differs = done.iter().any(|it| *it != done[2]);
        assert_eq!(said.verdict == Verdict::Disagree, differs, "{combination:?}: {said}");
    }
}

#[test]
fn it_reads_as_a_sentence() {
    let combination = Combination {
        action: Action::Cascade,
        nullable: true,
        default: false,
        deletes: false,
        passive: PassiveDeletes::On,
    };
    assert_eq!(
        harmony(&database(combination)).to_string(),
        "Owner.targets: disagree: the session sets targets to NULL if they are loaded and deletes targets otherwise, \
         the foreign key deletes targets"
    );
    let both = Combination { deletes: true, passive: PassiveDeletes::Off, ..combination };
    assert_eq!(
        harmony(&database(both)).to_string(),
        "Owner.targets: redundant: the session deletes targets, the foreign key deletes targets"
    );
}
