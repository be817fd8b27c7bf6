//! What the ledger of a session shows: relations that are read one by one, eager loads that nobody looks at, products of
//! joined collections, and loads above their budget; each with the line of the program and a trial of what mends it.

use diptych::diagnosis::{Budget, Counted, Finding, LoadCause, Proof};
use diptych::error::Misuse;
use diptych::prelude::*;
use diptych::{Lazy, assert_no_n_plus_one, assert_well_loaded};

use super::forum::*;

/// Three users with two posts each, which two others have voted for and which have two tags.
fn written() -> Result<Database> {
    let database = forum();
    let mut session = database.session();
    let users: Vec<Ref<User>> = ["alice", "bob", "carol"].iter().map(|it| session.add(user(it))).collect();
    let tags = [session.add(tag("rust")), session.add(tag("sql"))];
    for author in &users {
        for body in ["one", "two"] {
            let post = posted(&mut session, *author, body);
            for tag in tags {
                session.push(post, Post::tags, tag)?;
            }
            for voter in users.iter().filter(|it| *it != author) {
                let vote = session.push(post, Post::votes, Vote { value: 1, ..Vote::draft() })?;
                session.set(vote, Vote::user, *voter)?;
            }
        }
    }
    session.commit()?;
    Ok(database)
}

fn kept(database: &Database) -> Session {
    let mut session = database.session();
    session.set_ledger(true);
    session
}

/// Checklist 77: N + 1 is found by its cause, with the line that touches the relation, the line of the query to change,
/// and the option, whose effect was tried on a fork.
#[test]
fn a_relation_that_is_read_one_by_one_is_found_with_the_option_that_mends_it() -> Result<()> {
    let session = kept(&written()?);
    let users = session.all(User::select())?;
    let query = line!() - 1;
    for user in &users {
        assert_eq!(user.load(User::posts)?.len(), 2);
    }
    let touch = line!() - 2;
    let diagnosis = session.diagnose()?;
    let [Finding::OneByOne(found)] = &*diagnosis.findings else { panic!("{diagnosis:#}") };
    assert_eq!((&*found.path, found.loads, found.owners, found.statements), ("User.posts", 3, 3, 3));
    assert_eq!(found.line.map(|it| (it.file(), it.line())), Some((file!(), touch)));
    assert_eq!(found.query.map(|it| it.line()), Some(query));
    assert_eq!(found.option, ".with(User::posts.selectin())");
    let proof = Proof { statements_before: 4, statements_after: 2, rows_before: 9, rows_after: 9 };
    assert_eq!(found.proof, Some(proof));
    let line = format!(
        "User.posts was read for 3 of 3 objects one by one  at {}:{touch}; \
         `.with(User::posts.selectin())` makes 4 statements 2\n",
        file!()
    );
    assert_eq!(diagnosis.to_string(), line);
    let story = format!("{diagnosis:#}");
    assert!(story.contains(&format!("the owners came with the query at {}:{query}", file!())), "{story}");
    assert!(story.contains("the same reading on a fork: statements 4 → 2, rows 9 → 9"), "{story}");
    assert!(story.contains("touch User.posts  owners 1  statements 1  rows 2  objects 2"), "{story}");
    Ok(())
}

/// What the option says is what helps: with it, nothing is found.
#[test]
fn what_is_loaded_along_and_looked_at_is_no_finding() -> Result<()> {
    let mut session = written()?.session();
    let posts: usize = assert_well_loaded!(session, {
        let users = session.all(User::select().with(User::posts.selectin().then(Post::author.joined())))?;
        users
            .iter()
            .map(|it| it.get(User::posts).iter().map(|it| it.get(Post::author).name.len().min(1)).sum::<usize>())
            .sum()
    });
    assert_eq!(posts, 6_usize);
    assert!(session.loads().is_empty(), "the ledger is kept no longer than the block");
    Ok(())
}

/// A batch is no alarm however many statements it takes, and neither are objects that were found apart.
#[test]
fn batches_and_objects_that_do_not_belong_together_are_no_alarm() -> Result<()> {
    let database = forum();
    let mut session = database.session();
    for at in 0..1100 {
        let user = session.add(user(&format!("user {at}")));
        posted(&mut session, user, "hello");
    }
    session.commit()?;
    let mut session = database.session();
    assert_no_n_plus_one!(session, {
        let users = session.all(User::select().with(User::posts.selectin()))?;
        users.iter().for_each(|it| assert_eq!(it.get(User::posts).len(), 1));
    });
    let mut session = database.session();
    assert_no_n_plus_one!(session, {
        for key in [3, 5, 8] {
            let user = session.find::<User>(key)?.expect("it is there");
            assert_eq!(user.load(User::posts)?.len(), 1);
        }
    });
    let mut session = database.session();
    session.set_peer_loading(true);
    assert_no_n_plus_one!(session, {
        let users = session.all(User::select().limit(20))?;
        users.iter().for_each(|it| assert_eq!(it.load(User::posts).unwrap().len(), 1));
    });
    Ok(())
}

/// Loops within loops are one finding for each relation, and the option nests as they do.
#[test]
fn what_is_touched_behind_what_is_touched_is_mended_by_a_nested_option() -> Result<()> {
    let session = kept(&written()?);
    for user in &session.all(User::select())? {
        for post in &user.load(User::posts)? {
            assert_eq!(post.load(Post::votes)?.len(), 2);
        }
    }
    let diagnosis = session.diagnose()?;
    let found: Vec<_> = diagnosis.one_by_one().map(|it| (&*it.path, it.loads, &*it.option)).collect();
    let nested = ".with(User::posts.selectin().then(Post::votes.selectin()))";
    assert_eq!(found, [("User.posts", 3, ".with(User::posts.selectin())"), ("User.posts.votes", 6, nested)]);
    let proofs: Vec<_> = diagnosis.findings.iter().filter_map(Finding::proof).collect();
    assert_eq!([proofs[0].statements_before, proofs[0].statements_after], [10, 8]);
    assert_eq!([proofs[1].statements_before, proofs[1].statements_after], [10, 3]);
    Ok(())
}

/// References are proposed to be joined; what the session knows is read by no statement and not counted.
#[test]
fn a_reference_that_is_touched_one_by_one_is_proposed_to_be_joined() -> Result<()> {
    let session = kept(&written()?);
    for post in &session.all(Post::select())? {
        assert!(!post.load(Post::author)?.name.is_empty());
    }
    let diagnosis = session.diagnose()?;
    let found: Vec<_> = diagnosis.one_by_one().collect();
    assert_eq!((found[0].loads, found[0].owners), (3, 6), "the second post of each author finds it");
    assert_eq!(found[0].option, ".with(Post::author.joined())");
    let proof = found[0].proof.expect("it was tried");
    assert_eq!((proof.statements_before, proof.statements_after), (4, 1));
    Ok(())
}

/// A cascade that reads a collection of each owner by itself is the same finding by another cause.
#[test]
fn what_a_cascade_reads_one_by_one_is_found_too() -> Result<()> {
    let mut session = kept(&written()?);
    let posts = session.all(Post::select())?.references();
    for post in posts {
        session.delete(post)?;
    }
    let delete = line!() - 2;
    let diagnosis = session.diagnose()?;
    let votes = diagnosis.one_by_one().find(|it| it.path == "Post.votes").expect("it cascades to votes");
    assert_eq!((votes.cause, votes.loads), (LoadCause::Unit, 6));
    assert_eq!(votes.line.map(|it| it.line()), Some(delete), "the line that deletes, not the one that queried");
    assert_eq!(votes.option, ".with(Post::votes.selectin())");
    // Each delete flushes the one before it: only what the query saw has all the rows that it found.
    let proof = votes.proof.expect("it was tried");
    assert_eq!((proof.statements_before, proof.statements_after), (13, 8));
    Ok(())
}

/// Checklist 132: what is loaded along and never looked at is shown, with what it took.
#[test]
fn an_eager_load_that_nobody_looks_at_is_found() -> Result<()> {
    let session = kept(&written()?);
    let users = session.all(User::select().with(User::posts.selectin().then(Post::votes.selectin())))?;
    let query = line!() - 1;
    assert_eq!(users.len(), 3);
    let diagnosis = session.diagnose()?;
    let [Finding::Unused(found)] = &*diagnosis.findings else {
        panic!("what is behind is not told again: {diagnosis}")
    };
    assert_eq!((&*found.path, found.owners, found.statements, found.rows), ("User.posts", 3, 1, 6));
    assert_eq!((found.cause, found.query.map(|it| it.line())), (LoadCause::Along(Lazy::Selectin), Some(query)));
    assert_eq!(found.option, ".with(User::posts.lazily())");
    let proof = found.proof.expect("it was tried");
    assert_eq!((proof.statements_before, proof.statements_after), (3, 1));
    assert!(diagnosis.without("User.posts").is_clean(), "what is accepted is left out");

    let session = kept(&written()?);
    let users = session.all(User::select().with(User::posts.selectin()))?;
    let first = users.first().expect("there are users");
    assert_eq!(first.loaded(User::posts)?.len(), 2);
    assert!(session.diagnose()?.is_clean(), "one look is enough: which owners are looked at may be chance");
    Ok(())
}

/// Sibling collections that are joined multiply; what leads on from a collection does not.
#[test]
fn a_product_of_sibling_collections_is_found_and_nesting_is_not() -> Result<()> {
    let session = kept(&written()?);
    let posts = session.all(Post::select().with(Post::tags.joined()).with(Post::votes.joined()))?;
    posts.iter().for_each(|it| assert_eq!(it.get(Post::tags).len() + it.get(Post::votes).len(), 4));
    let diagnosis = session.diagnose()?;
    let [Finding::Product(found)] = &*diagnosis.findings else { panic!("{diagnosis:#}") };
    let mut paths = found.paths.clone();
    paths.sort();
    assert_eq!(paths, ["Post.tags", "Post.votes"]);
    assert_eq!((found.rows, found.objects), (24, 20));
    let proof = found.proof.expect("it was tried");
    assert_eq!((proof.statements_before, proof.statements_after, proof.rows_before), (1, 2, 24));

    let session = kept(&written()?);
    let users = session.all(User::select().with(User::posts.joined().then(Post::votes.joined())))?;
    for user in &users {
        user.get(User::posts).iter().for_each(|it| assert_eq!(it.get(Post::votes).len(), 2));
    }
    assert!(session.diagnose()?.is_clean());
    Ok(())
}

/// Objects that were expired and are looked at one by one are found, too.
#[test]
fn rows_that_are_read_again_one_by_one_are_found() -> Result<()> {
    let mut session = kept(&written()?);
    let users = session.all(User::select())?.references();
    session.expire_all();
    for user in &users {
        assert!(!session.get(*user)?.name.is_empty());
    }
    let line = line!() - 2;
    let diagnosis = session.diagnose()?;
    let [Finding::ReadAgain(found)] = &*diagnosis.findings else { panic!("{diagnosis:#}") };
    assert_eq!((&*found.path, found.loads, found.statements), ("User", 3, 3));
    assert_eq!(found.line.map(|it| it.line()), Some(line));
    Ok(())
}

/// O9: the statements of the reads are the statements of the session; O10: a diagnosis runs none of them.
#[test]
fn o9_o10_each_statement_is_counted_in_one_read_and_a_diagnosis_runs_none() -> Result<()> {
    let mut session = kept(&written()?);
    let before = session.totals();
    for user in &session.all(User::select().with(User::posts.joined().then(Post::tags.selectin())))? {
        for post in &user.get(User::posts) {
            assert_eq!(post.load(Post::votes)?.len(), 2);
        }
    }
    session.expire_all();
    for post in &session.all(Post::select().with(Post::author.immediate()))? {
        assert!(!post.get(Post::author).name.is_empty());
    }
    let taken = session.totals() - before;
    let loads = session.loads();
    assert_eq!(loads.iter().map(|it| it.statements).sum::<u64>(), taken.statements, "{:#}", session.diagnose()?);
    let joined = |cause: LoadCause| cause == LoadCause::Along(Lazy::Joined);
    assert_eq!(loads.iter().filter(|it| !joined(it.cause)).map(|it| it.rows).sum::<u64>(), taken.rows);
    let held = session.len();
    assert!(!session.diagnose()?.is_clean());
    assert_eq!((session.totals() - before, session.len()), (taken, held));
    Ok(())
}

/// A flush that a read has caused is a read of its own.
#[test]
fn an_autoflush_is_told_apart_from_the_query_that_caused_it() -> Result<()> {
    let mut session = kept(&written()?);
    session.add(user("dora"));
    assert_eq!(session.all(User::select())?.len(), 4);
    let causes: Vec<_> = session.loads().iter().map(|it| (it.cause, it.statements, it.within)).collect();
    assert_eq!(causes, [(LoadCause::Query, 1, None), (LoadCause::Autoflush, 1, Some(0))]);
    Ok(())
}

/// Checklist 132: a load that would bring more than its budget is refused, and the error names the path that has grown;
/// or it is reported. What was loaded before is as it was, and no relation is loaded by half.
#[test]
fn a_load_above_its_budget_is_refused_or_reported_with_the_path_that_grew() -> Result<()> {
    let database = written()?;
    let session = database.session();
    let with_votes = || User::select().with(User::posts.selectin().then(Post::votes.selectin()));
    let refused = session.all(with_votes().budget(Budget::rows(15))).unwrap_err();
    let over =
        Misuse::OverBudget { path: "User.posts.votes".into(), by_path: 12, counted: "rows", limit: 15, reached: 21 };
    assert_eq!(refused.misuse(), Some(&over));
    let said = "a load has a budget of 15 rows and would bring 21: User.posts.votes brings 12";
    assert_eq!(refused.to_string(), said);
    for post in &session.all(Post::select())? {
        assert!(post.loaded(Post::votes).is_err(), "none, rather than some");
    }
    assert_eq!(session.all(with_votes().budget(Budget::rows(21)))?.len(), 3);

    let joined = || Post::select().with(Post::tags.joined()).with(Post::votes.joined());
    let refused = database.session().all(joined().budget(Budget::rows(20))).unwrap_err();
    assert!(refused.to_string().contains("Post with votes, tags joined brings 24"), "{refused}");
    let refused = database.session().all(with_votes().budget(Budget::objects(5))).unwrap_err();
    assert!(refused.to_string().contains("5 objects and would bring 9: User.posts brings 6"), "{refused}");
    let refused = database.session().all(with_votes().budget(Budget::bytes(100))).unwrap_err();
    assert!(matches!(refused.misuse(), Some(Misuse::OverBudget { counted: "bytes", limit: 100, .. })), "{refused}");

    let mut session = kept(&database);
    session.set_budget(Some(Budget::rows(4).reported()));
    for user in &session.all(User::select())? {
        assert_eq!(user.load(User::posts)?.len(), 2, "each touch is a load of its own");
    }
    assert!(!session.diagnose()?.findings.iter().any(|it| matches!(it, Finding::OverBudget(_))));
    assert_eq!(session.all(Post::select())?.len(), 6);
    let line = line!() - 1;
    let diagnosis = session.diagnose()?;
    let over = diagnosis.findings.iter().find_map(|it| match it {
        Finding::OverBudget(it) => Some(it),
        _ => None,
    });
    let over = over.expect("it is reported");
    assert_eq!((&*over.path, over.counted, over.limit, over.reached), ("Post", Counted::Rows, 4, 6));
    assert_eq!(over.line.map(|it| it.line()), Some(line));
    Ok(())
}

/// A session that keeps no ledger finds nothing, and one that is told to forget has forgotten.
#[test]
fn without_a_ledger_nothing_is_noted() -> Result<()> {
    let mut session = kept(&written()?);
    assert_eq!(session.all(User::select())?.len(), 3);
    assert_eq!(session.loads().len(), 1);
    session.set_ledger(false);
    for user in &session.all(User::select())? {
        assert_eq!(user.load(User::posts)?.len(), 2);
    }
    assert!(session.loads().is_empty() && session.diagnose()?.is_clean());
    Ok(())
}
