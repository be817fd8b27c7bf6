//! What is read, when, and for whom.

use diptych::error::Misuse;
use diptych::object::{Existing, LoadOption, Selection, Step, Strategy, Synchronize};
use diptych::prelude::*;
use diptych::{Class, Column, Direction, Expr, ForeignKey, Lazy, PassiveDeletes, Relationship, State, Table, Value};

use super::{ada, add, blog, plain, session};

/// A tree of three levels whose children are loaded two levels deep.
fn tree(lazy: Lazy) -> Result<Database> {
    let nodes = Table::new("nodes")
        .auto_key("id")
        .column(Column::int("parent_id").nullable())
        .foreign_key(ForeignKey::new(["parent_id"], "nodes"));
    let children = Relationship::has_many("children", "Node").lazy(lazy).join_depth(2);
    let database = Database::with_classes([Class::new("Node", nodes).relation(children)], [])?;
    let mut session = database.session();
    let mut by_name = session.untyped();
    let root = add(&mut by_name, "Node", 1)?;
    let child = add(&mut by_name, "Node", 2)?;
    by_name.push(root, "children", child)?;
    session.commit()?;
    Ok(database)
}

/// When a row is read again, each of its relations is read by itself. What is behind is loaded along for objects that the
/// session did not hold, and what comes by a subquery for the others, too.
#[test]
fn what_is_read_again_loads_less_than_what_is_read() -> Result<()> {
    for (lazy, for_known) in [(Lazy::Selectin, false), (Lazy::Subquery, true)] {
        let database = tree(lazy)?;
        let mut session = session(&database);
        let mut by_name = session.untyped();
        let all = by_name.all("Node")?;
        assert!(by_name.is_loaded(all[1], "children")?, "{lazy:?}: it is read for the first time");
        by_name.expire(all[0], &[])?;
        by_name.expire(all[1], &[])?;
        assert_eq!(by_name.related(all[0], "children")?, [all[1]]);
        assert_eq!(by_name.is_loaded(all[1], "children")?, for_known, "{lazy:?}");
    }
    Ok(())
}

/// A reference to an object of the session that was expired is read as that object, with all that it loads itself.
#[test]
fn an_expired_target_is_read_with_what_it_loads_itself() -> Result<()> {
    let database = blog(|it| it.lazy(Lazy::Selectin), |it| it.lazy(Lazy::Immediate))?;
    let mut session = session(&database);
    let (user, post, _) = ada(&mut session)?;
    let mut by_name = session.untyped();
    by_name.value(post, "title")?;
    assert!(by_name.is_loaded(post, "author")? && by_name.is_loaded(user, "posts")?);
    Ok(())
}

/// To read an object over does not take back that it is to be deleted.
#[test]
fn what_is_to_be_deleted_stays_so_when_it_is_read_over() -> Result<()> {
    let database = blog(plain, plain)?;
    let mut session = session(&database);
    let (_, post, _) = ada(&mut session)?;
    session.delete(post)?;
    session.set_autoflush(false);
    let selection = Selection { existing: Existing::Overwritten, ..Selection::new() };
    assert_eq!(session.untyped().select("Post", &selection)?.len(), 2);
    assert!(session.untyped().status(post)?.marked_deleted);
    Ok(())
}

/// A relation that would be loaded along, but for the ring that this would be, is left as it is when its owner is read
/// over.
#[test]
fn a_ring_of_loaders_leaves_what_is_loaded() -> Result<()> {
    let database = blog(|it| it.lazy(Lazy::Selectin), plain)?;
    let mut session = session(&database);
    let (user, post, other) = ada(&mut session)?;
    let mut by_name = session.untyped();
    assert_eq!(by_name.related(user, "posts")?, [post, other]);
    let along = LoadOption::new(Step::Relation("author".into()), Strategy::By(Lazy::Subquery));
    let selection = Selection { existing: Existing::Overwritten, ..Selection::new().load(along) };
    by_name.select("Post", &selection)?;
    assert!(by_name.is_loaded(user, "posts")?);
    by_name.select("User", &Selection { existing: Existing::Overwritten, ..Selection::new() })?;
    assert!(by_name.is_loaded(user, "posts")?, "it was read again");
    Ok(())
}

/// A value that is set while nothing is read begins a row; what it lacks is read with what comes along.
#[test]
fn a_row_that_an_assignment_began_is_read_with_its_relations() -> Result<()> {
    let database = blog(plain, |it| it.lazy(Lazy::Selectin))?;
    let mut session = session(&database);
    let (_, post, _) = ada(&mut session)?;
    let mut by_name = session.untyped();
    by_name.assign(post, "title", "Notes")?;
    assert!(!by_name.is_loaded(post, "author")?);
    by_name.value(post, "author_id")?;
    assert!(by_name.is_loaded(post, "author")?);
    Ok(())
}

/// A partner that is joined may turn out to be two. The owner comes once, and has the first.
#[test]
fn a_joined_partner_that_is_two_repeats_nobody() -> Result<()> {
    let users = Table::new("users").auto_key("id");
    let rows = Table::new("cards")
        .auto_key("id")
        .column(Column::int("user_id"))
        .foreign_key(ForeignKey::new(["user_id"], "users"));
    let card = Relationship::has_one("card", "Card").lazy(Lazy::Joined).order_by("id", Direction::Ascending);
    let card_class = Class::new("Card", rows).relation(Relationship::belongs_to("user", "User"));
    let database = Database::with_classes([Class::new("User", users).relation(card), card_class], [])?;
    let mut session = session(&database);
    let mut by_name = session.untyped();
    let user = add(&mut by_name, "User", 1)?;
    for id in [1, 2] {
        let card = add(&mut by_name, "Card", id)?;
        by_name.set(card, "user", Some(user))?;
    }
    session.commit()?;
    let mut by_name = session.untyped();
    assert_eq!(by_name.all("User")?, [user]);
    let first = by_name.find("Card", &[1.into()])?.expect("it is there");
    assert_eq!(by_name.related(user, "card")?, [first]);
    Ok(())
}

/// The row of an object is one statement and a relation of it another. Each flushes first, which shows where one flush
/// leaves something to the next: a post that was to be deleted and was linked is saved, and deleted then.
#[test]
fn a_row_and_a_relation_are_two_statements() -> Result<()> {
    for (expired, state) in [(false, State::Persistent), (true, State::Deleted)] {
        let database = blog(plain, plain)?;
        let mut session = session(&database);
        let (user, post, _) = ada(&mut session)?;
        let mut by_name = session.untyped();
        let eve = add(&mut by_name, "User", 2)?;
        session.commit()?;
        let mut by_name = session.untyped();
        by_name.related(eve, "posts")?;
        by_name.value(user, "name")?;
        if expired {
            by_name.expire(user, &[])?;
        }
        by_name.delete(post)?;
        by_name.push(eve, "posts", post)?;
        by_name.related(user, "posts")?;
        assert_eq!(by_name.status(post)?.state, state, "expired: {expired}");
    }
    Ok(())
}

/// A relation of an object whose row was deleted is read from the tables all the same.
#[test]
fn relations_of_deleted_objects_are_read() -> Result<()> {
    let database = blog(|it| it.passive_deletes(PassiveDeletes::On), plain)?;
    let mut session = session(&database);
    let (user, post, other) = ada(&mut session)?;
    let mut by_name = session.untyped();
    for it in [post, other] {
        by_name.set(it, "author", None)?;
    }
    session.commit()?;
    session.delete(user)?;
    session.flush()?;
    let mut by_name = session.untyped();
    assert!(!by_name.is_loaded(user, "posts")?);
    assert_eq!(by_name.related(user, "posts")?, []);
    Ok(())
}

/// The flush before a statement may delete what the statement was to read: it is not found then.
#[test]
fn what_the_flush_before_a_look_deletes_is_not_found() -> Result<()> {
    let database = blog(plain, plain)?;
    let mut session = session(&database);
    let (_, post, other) = ada(&mut session)?;
    let mut by_name = session.untyped();
    by_name.delete(post)?;
    assert_eq!(by_name.find("Post", &[1.into()])?, None);
    by_name.delete(other)?;
    let refused = by_name.refresh(other, &[]).expect_err("its row is gone");
    assert!(matches!(refused.misuse(), Some(Misuse::NotFound { .. })), "{refused}");
    Ok(())
}

/// A collection that was changed unread is left alone when its owner is read again, and read when a query loads it along:
/// what was changed is applied to what is read.
#[test]
fn a_collection_that_was_changed_unread_waits_for_a_query() -> Result<()> {
    let database = blog(|it| it.lazy(Lazy::Selectin), plain)?;
    let mut session = session(&database);
    session.set_autoflush(false);
    let (user, post, other) = ada(&mut session)?;
    let mut by_name = session.untyped();
    by_name.value(post, "title")?;
    by_name.related(post, "author")?;
    by_name.expire(user, &[])?;
    by_name.set(post, "author", None)?;
    by_name.value(user, "name")?;
    assert!(!by_name.is_loaded(user, "posts")?);
    by_name.select("User", &Selection::new())?;
    assert!(by_name.is_loaded(user, "posts")?);
    assert_eq!(by_name.related(user, "posts")?, [other]);
    Ok(())
}

/// What a reference was read to lead to stays, whatever became of the row there.
#[test]
fn a_reference_that_was_read_is_not_looked_up_again() -> Result<()> {
    let database = blog(plain, plain)?;
    let mut session = session(&database);
    let (user, post, _) = ada(&mut session)?;
    let mut by_name = session.untyped();
    by_name.related(post, "author")?;
    by_name.update_where("Post", &[("author_id", Expr::Value(Value::Null))], None, Synchronize::Not)?;
    by_name.delete_where("User", None, Synchronize::Not)?;
    by_name.expire(user, &[])?;
    assert_eq!(by_name.related(post, "author")?, [user]);
    Ok(())
}

/// Where a ring closes, relations that are read by batches stop, and those that are read one by one do not.
#[test]
fn a_ring_stops_batches_only() -> Result<()> {
    for (lazy, goes_on) in [(Lazy::Selectin, false), (Lazy::Subquery, false), (Lazy::Immediate, true)] {
        let database = blog(|it| it.lazy(lazy), |it| it.lazy(lazy))?;
        ada(&mut session(&database))?;
        let mut session = session(&database);
        let mut by_name = session.untyped();
        let posts = by_name.all("Post")?;
        let user = by_name.related(posts[0], "author")?[0];
        assert_eq!(by_name.is_loaded(user, "posts")?, goes_on, "{lazy:?}");
    }
    Ok(())
}

/// A row that was begun by a value is read whole, with what comes with it, and as the transaction has changed it; the value
/// stays.
#[test]
fn a_row_that_was_begun_is_read_among_changes() -> Result<()> {
    let database = blog(plain, |it| it.lazy(Lazy::Joined))?;
    let mut session = session(&database);
    session.set_autoflush(false);
    let (user, post, _) = ada(&mut session)?;
    let mut by_name = session.untyped();
    by_name.update_where("User", &[("name", Expr::Value("Ada".into()))], None, Synchronize::Not)?;
    by_name.assign(post, "title", "Notes")?;
    assert_eq!(by_name.value(post, "author_id")?, 1.into());
    assert_eq!(by_name.value(post, "title")?, "Notes".into(), "what was set is not what was read");
    assert!(by_name.is_loaded(post, "author")?, "it comes with the row");
    let before = session.totals().statements;
    let mut by_name = session.untyped();
    assert_eq!((by_name.related(post, "author")?, by_name.value(user, "name")?), (vec![user], "Ada".into()));
    assert_eq!(session.totals().statements, before);
    Ok(())
}

/// A relation that may not be read by a statement is refused before anything is flushed.
#[test]
fn what_may_not_be_read_flushes_nothing() -> Result<()> {
    let database = blog(|it| it.lazy(Lazy::RaiseOnSql), plain)?;
    let mut session = session(&database);
    let (user, _, _) = ada(&mut session)?;
    let mut by_name = session.untyped();
    by_name.value(user, "name")?;
    let bob = add(&mut by_name, "User", 2)?;
    by_name.related(user, "posts").expect_err("it may not be read");
    assert_eq!(by_name.status(bob)?.state, State::Pending);
    Ok(())
}

/// What a query asked of an object holds until another query reads its row; when the object is read by itself, it holds
/// again.
#[test]
fn a_query_that_reads_a_row_again_says_how_relations_are_read() -> Result<()> {
    let database = blog(plain, plain)?;
    ada(&mut session(&database))?;
    let mut session = session(&database);
    let forbid = Selection::new().load(LoadOption::new(Step::Relation("author".into()), Strategy::By(Lazy::Raise)));
    let mut by_name = session.untyped();
    let post = by_name.select("Post", &forbid)?[0];
    by_name.expire(post, &[])?;
    by_name.select("Post", &Selection::new())?;
    assert_eq!(by_name.related(post, "author")?.len(), 1, "the query has forbidden nothing");
    by_name.expire(post, &[])?;
    by_name.value(post, "title")?;
    by_name.related(post, "author").expect_err("it was read by itself, as the first query asked");
    Ok(())
}

/// What is declared is said to objects that are new; one that was allowed to be read stays so.
#[test]
fn a_query_says_nothing_of_what_is_declared_to_objects_that_were_there() -> Result<()> {
    let database = blog(plain, |it| it.lazy(Lazy::Raise))?;
    ada(&mut session(&database))?;
    let mut session = session(&database);
    let allow = Selection::new().load(LoadOption::new(Step::Relation("author".into()), Strategy::By(Lazy::Select)));
    let mut by_name = session.untyped();
    let post = by_name.select("Post", &allow)?[0];
    by_name.select("Post", &Selection::new())?;
    assert_eq!(by_name.related(post, "author")?.len(), 1);
    Ok(())
}

/// A reference is read by the key that it had when somebody asked, though the flush that comes before writes another one.
#[test]
fn a_reference_is_read_by_the_key_before_the_flush() -> Result<()> {
    let users = Table::new("users").auto_key("id");
    let posts = Table::new("posts")
        .auto_key("id")
        .column(Column::int("author_id").nullable())
        .foreign_key(ForeignKey::new(["author_id"], "users"));
    let user = Class::new("User", users).relation(Relationship::has_many("posts", "Post"));
    let post = Class::new("Post", posts).relation(Relationship::belongs_to("author", "User"));
    let database = Database::with_classes([user, post], [])?;
    let mut session = session(&database);
    let (ada, bob, post) = {
        let mut by_name = session.untyped();
        let (ada, bob) = (add(&mut by_name, "User", 1)?, add(&mut by_name, "User", 2)?);
        let post = add(&mut by_name, "Post", 1)?;
        by_name.set(post, "author", Some(bob))?;
        (ada, bob, post)
    };
    session.commit()?;
    let mut by_name = session.untyped();
    by_name.expunge(bob)?;
    by_name.value(post, "author_id")?;
    by_name.push(ada, "posts", post)?;
    let author = by_name.related(post, "author")?;
    assert_eq!(by_name.value(post, "author_id")?, Value::Int(1), "it was flushed");
    assert_eq!(by_name.value(author[0], "id")?, Value::Int(2));
    Ok(())
}

/// A relation that is never loaded is empty, whatever the rows say: nothing is read again for it.
#[test]
fn nothing_is_read_for_a_relation_that_is_never_loaded() -> Result<()> {
    let database = blog(|it| it.lazy(Lazy::Noload), |it| it.lazy(Lazy::Noload))?;
    let mut session = session(&database);
    let (user, post, _) = ada(&mut session)?;
    session.expire_all();
    session.record();
    let mut by_name = session.untyped();
    assert_eq!((by_name.related(user, "posts")?, by_name.related(post, "author")?), (vec![], vec![]));
    assert_eq!(session.take_log().len(), 0);
    Ok(())
}
