//! Objects that refer to their own class (checklist: self-referential, organisation, threaded comments, categories;
//! recursive CTE; acyclic).

use diptych::error::Misuse;
use diptych::object::Branch;
use diptych::prelude::*;

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
    assert!(ran <= 4, "{ran} statements");
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

/// 100: the recursive query says what walking from object to object says, and a ring ends.
#[test]
fn the_recursive_query_equals_a_walk_and_ends_in_a_ring() -> Result<()> {
    let mut session = Database::of::<(Category, Employee)>()?.session();
    let all: Vec<Ref<Employee>> = (0..40).map(|_| session.add(Employee::draft())).collect();
    let mut seed = 7_usize;
    for &it in &all {
        seed = (seed * 1_103_515_245 + 12_345) % (1 << 31);
        session.set(it, Employee::boss, all[seed / 7 % all.len()])?;
    }
    session.commit()?;
    for &from in &all {
        let mut walked = vec![];
        let mut waiting = vec![from];
        while let Some(at) = waiting.pop() {
            for report in session.get(at)?.load(Employee::reports)?.references() {
                if report != from && !walked.contains(&report) {
                    walked.push(report);
                    waiting.push(report);
                }
            }
        }
        let found = session.descendants(from, Employee::reports, None)?;
        let by_query = |it: &Ref<Employee>| found.iter().any(|found: &Branch<Employee>| found.object == *it);
        assert!(found.len() == walked.len() && walked.iter().all(by_query), "{} and {}", found.len(), walked.len());
    }
    Ok(())
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
