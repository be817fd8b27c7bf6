//! Objects that refer to their own class (checklist: self-referential, organisation, threaded comments, categories;
//! recursive CTE; acyclic).

use diptych::error::Misuse;
use diptych::object::Branch;
use diptych::prelude::*;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError};
use std::collections::BTreeMap;

use super::forum::statements;

#[derive(Entity, Clone, Debug)]
#[belongs_to(parent: Category, via = parent_id, inverse = children, acyclic)]
#[has_many(children: Category, inverse = parent, cascade(all), lazy = selectin, join_depth = 2, order_by(name))]
struct Category {
    #[key(auto)]
    id: Id<Category>,
    #[references(Category)]
    parent_id: Option<Id<Category>>,
    name: String,
}

/// No rule forbids a ring here.
#[derive(Entity, Clone, Debug)]
#[belongs_to(boss: Employee, via = boss_id, inverse = reports)]
#[has_many(reports: Employee, inverse = boss)]
struct Employee {
    #[key(auto)]
    id: Id<Employee>,
    #[references(Employee)]
    boss_id: Option<Id<Employee>>,
}

fn category(session: &mut Session, parent: Option<Ref<Category>>, name: &str) -> Ref<Category> {
    let it = session.add(Category { name: name.to_owned(), ..Category::draft() });
    session.set(it, Category::parent, parent).expect("a parent can be set");
    it
}

/// A root, `chain` categories one below the other, and a leaf beside each.
fn grown(chain: usize) -> Result<Database> {
    let database = Database::of::<(Category, Employee)>()?;
    database.transaction(|session| {
        let mut at = category(session, None, "root");
        for depth in 1..=chain {
            category(session, Some(at), &format!("leaf{depth}"));
            at = category(session, Some(at), &format!("chain{depth}"));
        }
        Ok(())
    })?;
    Ok(database)
}

fn named(session: &Session, name: &str) -> Result<Ref<Category>> {
    Ok(session.one(Category::select().filter(Category::name.eq(name)).with(Category::children.lazily()))?.reference())
}

/// 94 to 97, 99, 100: everything below and above, with depth and path, by two statements each.
#[test]
fn descendants_and_ancestors_come_with_depth_and_path_by_two_statements() -> Result<()> {
    let mut session = grown(4)?.session();
    let root = named(&session, "root")?;
    let (ran, below) = statements(&mut session, |it| it.descendants(root, Category::children, None));
    let below = below?;
    assert_eq!(ran, 2 + 2, "and the two levels that the class loads along");
    let names = |session: &Session, all: &[Ref<Category>]| -> Vec<String> {
        all.iter().map(|it| session[*it].name.clone()).collect()
    };
    assert_eq!(below.len(), 8);
    let deepest = below.iter().find(|it| session[it.object].name == "chain4").expect("it is below");
    assert_eq!((deepest.depth, names(&session, &deepest.path).join("/")), (4, "chain1/chain2/chain3/chain4".into()));
    let depths: Vec<u32> = below.iter().map(|it| it.depth).collect();
    assert!(depths.is_sorted(), "children before grandchildren: {depths:?}");
    let two = session.descendants(root, Category::children, Some(2))?;
    assert_eq!(two.iter().map(|it| it.depth).collect::<Vec<_>>(), [1, 1, 2, 2], "down to a depth");
    let leaf = named(&session, "leaf4")?;
    let above = session.ancestors(leaf, Category::parent)?;
    assert_eq!(names(&session, &above), ["chain3", "chain2", "chain1", "root"]);
    assert!(session.ancestors(root, Category::parent)?.is_empty());
    Ok(())
}

/// Who reports to whom at which distance, nearest first, by a walk over a map.
fn below(bosses: &[Option<usize>], from: usize) -> BTreeMap<usize, u32> {
    let mut found = BTreeMap::new();
    let mut next = vec![from];
    for depth in 1.. {
        let reports = |it: &usize| bosses[*it].is_some_and(|boss| next.contains(&boss));
        let new = (0..bosses.len()).filter(reports).filter(|it| *it != from && !found.contains_key(it));
        next = new.collect();
        if next.is_empty() {
            break;
        }
        found.extend(next.iter().map(|it| (*it, depth)));
    }
    found
}

/// The same by a recursive query of SQLite.
fn below_in_sqlite(bosses: &[Option<usize>], from: usize) -> rusqlite::Result<BTreeMap<usize, u32>> {
    let connection = rusqlite::Connection::open_in_memory()?;
    connection.execute("CREATE TABLE employees (id INTEGER PRIMARY KEY, boss_id INTEGER)", [])?;
    for (at, boss) in bosses.iter().enumerate() {
        let row = (at as i64, boss.map(|it| it as i64));
        connection.execute("INSERT INTO employees VALUES (?1, ?2)", row)?;
    }
    let text = "WITH RECURSIVE below (id, depth) AS (
            SELECT id, 1 FROM employees WHERE boss_id = ?1
            UNION SELECT it.id, depth + 1 FROM employees it JOIN below ON it.boss_id = below.id WHERE depth < 20)
        SELECT id, min(depth) FROM below WHERE id <> ?1 GROUP BY id";
    let mut found = connection.prepare(text)?;
    let rows = found.query_map([from as i64], |it| Ok((it.get::<_, i64>(0)? as usize, it.get(1)?)))?;
    rows.collect()
}

proptest! {
    #![proptest_config(Config { cases: super::property::cases(48), failure_persistence: None, ..Config::default() })]

    /// 100: the recursive query says what walking from object to object says, and SQLite of the same rows: with depths,
    /// down to a depth, along paths that hang together, and where it comes back to where it began.
    #[test]
    fn the_recursive_query_equals_a_walk_and_ends_in_a_ring(
        bosses in vec(option::of(0_usize..16), 1..16),
        limit in 0_u32..5,
    ) {
        let bosses: Vec<Option<usize>> = bosses.iter().map(|it| it.filter(|it| *it < bosses.len())).collect();
        let fail = |error: diptych::Error| TestCaseError::fail(format!("{error:#}"));
        let mut session = Database::of::<(Category, Employee)>().map_err(fail)?.session();
        let all: Vec<Ref<Employee>> = bosses.iter().map(|_| session.add(Employee::draft())).collect();
        for (at, boss) in bosses.iter().enumerate() {
            session.set(all[at], Employee::boss, boss.map(|it| all[it])).map_err(fail)?;
        }
        session.commit().map_err(fail)?;
        for from in 0..all.len() {
            let expected = below(&bosses, from);
            prop_assert_eq!(&below_in_sqlite(&bosses, from).expect("SQLite answers"), &expected);
            let (ran, found) = statements(&mut session, |it| it.descendants(all[from], Employee::reports, None));
            let found = found.map_err(fail)?;
            prop_assert!(ran <= 2, "{} statements", ran);
            let place = |it: &Ref<Employee>| all.iter().position(|other| other == it).expect("it is one of them");
            let depths: BTreeMap<usize, u32> = found.iter().map(|it| (place(&it.object), it.depth)).collect();
            prop_assert_eq!((&depths, found.len()), (&expected, expected.len()));
            for Branch { object, depth, path } in &found {
                let way: Vec<usize> = path.iter().map(place).collect();
                prop_assert_eq!((way.len(), way.last()), (*depth as usize, Some(&place(object))));
                let hangs = way.iter().enumerate().all(|(at, it)| bosses[*it] == Some(if at == 0 { from } else { way[at - 1] }));
                prop_assert!(hangs, "{way:?}");
            }
            let near = session.descendants(all[from], Employee::reports, Some(limit)).map_err(fail)?;
            let near: BTreeMap<usize, u32> = near.iter().map(|it| (place(&it.object), it.depth)).collect();
            prop_assert_eq!(near, expected.into_iter().filter(|it| it.1 <= limit).collect::<BTreeMap<_, _>>());
            let mut above = Vec::new();
            let mut at = from;
            while let Some(boss) = bosses[at].filter(|it| *it != from && !above.contains(it)) {
                above.push(boss);
                at = boss;
            }
            let found = session.ancestors(all[from], Employee::boss).map_err(fail)?;
            prop_assert_eq!(found.iter().map(place).collect::<Vec<_>>(), above);
        }
    }

    /// 99d: a parent is refused exactly if it stands below, whichever side is told, before and after flushes.
    #[test]
    fn exactly_what_would_close_a_ring_is_refused(steps in vec((0_usize..6, 0_usize..6, 0_u8..6), 1..40)) {
        let fail = |error: diptych::Error| TestCaseError::fail(format!("{error:#}"));
        let mut session = Database::of::<(Category, Employee)>().map_err(fail)?.session();
        let all: Vec<Ref<Category>> = (0..6).map(|it| category(&mut session, None, &format!("c{it}"))).collect();
        let mut parents: Vec<Option<usize>> = vec![None; all.len()];
        for (child, parent, how) in steps {
            let closes = child == parent || below(&parents, child).contains_key(&parent);
            let outcome = match how {
                0 => session.set(all[child], Category::parent, None),
                1 | 2 => session.set(all[child], Category::parent, all[parent]),
                3 => session.push(all[parent], Category::children, all[child]).map(drop),
                4 => session.flush(),
                _ => session.commit(),
            };
            match how {
                0 => parents[child] = None,
                1..=3 if closes => {
                    let refused = outcome.expect_err("it closes a ring");
                    prop_assert!(matches!(refused.misuse(), Some(Misuse::Ring { .. })), "{}", refused);
                    continue;
                }
                1..=3 => parents[child] = Some(parent),
                _ => {}
            }
            outcome.map_err(fail)?;
            for (at, parent) in parents.iter().enumerate() {
                let view = session.get(all[at]).and_then(|it| it.load(Category::parent)).map_err(fail)?;
                prop_assert_eq!(view.map(|it| it.reference()), parent.map(|it| all[it]));
            }
        }
        session.commit().map_err(fail)?;
    }
}

/// 99d: where a relation is declared acyclic, nobody becomes his own ancestor, from whichever side it is tried.
#[test]
fn a_ring_is_refused_where_a_relation_is_declared_acyclic() -> Result<()> {
    let mut session = grown(3)?.session();
    let (root, top) = (named(&session, "root")?, named(&session, "chain3")?);
    let error = session.set(root, Category::parent, top).expect_err("it is below itself");
    let Some(Misuse::Ring { objects, .. }) = error.misuse() else { panic!("{error}") };
    assert_eq!(objects.len(), 4, "the whole way around: {objects:?}");
    assert!(session.push(top, Category::children, root).is_err(), "from the other side");
    assert!(session.set(root, Category::parent, root).is_err(), "itself");
    let new = session.add(Category { name: "new".into(), ..Category::draft() });
    session.set(new, Category::parent, top)?;
    assert!(session.set(root, Category::parent, new).is_err(), "over what is pending");
    session.set(top, Category::parent, root)?;
    session.commit()?;
    let (one, other) = (session.add(Employee::draft()), session.add(Employee::draft()));
    session.set(one, Employee::boss, other)?;
    session.set(other, Employee::boss, one)
}

/// 100: a depth that the declaration limits is loaded along, level by level.
#[test]
fn a_tree_is_loaded_along_down_to_the_declared_depth() -> Result<()> {
    let session = grown(4)?.session();
    let root = session.one(Category::select().filter(Category::name.eq("root")))?;
    let second = root.loaded(Category::children)?.first().expect("chain1");
    let third = second.loaded(Category::children)?.first().expect("chain2");
    assert_eq!(third.name, "chain2");
    assert!(third.loaded(Category::children).is_err(), "two levels");
    Ok(())
}
