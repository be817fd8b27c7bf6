//! What is asked of an object without changing it.

use diptych::error::Misuse;
use diptych::expr::Function;
use diptych::object::{Change, Repeats, Selection, Synchronize, Term};
use diptych::prelude::*;
use diptych::{Class, Column, Expr, Expression, ForeignKey, Lazy, Relationship, Table};

use super::{ada, add, blog, new, plain, session};

/// A partner that was set without having been read is looked up when somebody asks whether that is a change.
#[test]
fn who_a_partner_was_is_found_out_when_it_is_asked_for() -> Result<()> {
    let cards = Table::new("cards")
        .auto_key("id")
        .column(Column::int("user_id").nullable())
        .foreign_key(ForeignKey::new(["user_id"], "users"));
    let user = Class::new("User", Table::new("users").auto_key("id"))
        .relation(Relationship::has_one("card", "Card").inverse("user"));
    let card = Class::new("Card", cards).relation(Relationship::belongs_to("user", "User").inverse("card"));
    let database = Database::with_classes([user, card], [])?;
    let mut session = session(&database);
    let mut by_name = session.untyped();
    let (ada, bob, card) =
        (add(&mut by_name, "User", 1)?, add(&mut by_name, "User", 2)?, add(&mut by_name, "Card", 1)?);
    by_name.set(card, "user", Some(ada))?;
    session.commit()?;
    let mut by_name = session.untyped();
    by_name.set(ada, "card", None)?;
    by_name.set(bob, "card", None)?;
    assert_eq!((by_name.status(ada)?.modified, by_name.status(bob)?.modified), (true, false));
    assert_eq!(by_name.history(ada, "card")?.deleted, [Change::Object(Some(card))]);
    by_name.expunge(card)?;
    let contents = by_name.contents();
    assert_eq!((contents.dirty, contents.persistent.len()), (vec![ada], 3), "the card is read again");
    Ok(())
}

/// A reference that is known to lead nowhere is a value like any other.
#[test]
fn nothing_is_in_the_history_of_a_reference() -> Result<()> {
    let database = blog(plain, plain)?;
    let mut session = session(&database);
    let post = add(&mut session.untyped(), "Post", 1)?;
    session.commit()?;
    let mut by_name = session.untyped();
    assert_eq!(by_name.related(post, "author")?, []);
    assert_eq!(by_name.history(post, "author")?.unchanged, [Change::Object(None)]);
    Ok(())
}

/// A condition may name an object that has forgotten its row: what is compared of it is read first. A new object that was
/// never given it has nothing to be compared.
#[test]
fn what_is_compared_of_an_object_is_read_first() -> Result<()> {
    let database = blog(plain, plain)?;
    let mut session = session(&database);
    let (user, post, _) = ada(&mut session)?;
    let mut by_name = session.untyped();
    let has = |object| {
        let (of, relation) = (None, "posts".into());
        Selection::new().filter(Expr::Leaf(Term::Contains { of, relation, object }))
    };
    by_name.expire(post, &[])?;
    assert_eq!(by_name.select("User", &has(post))?, [user]);
    by_name.expire(post, &["author_id"])?;
    assert_eq!(by_name.count("User", &has(post))?, 1);
    let stranger = new(&mut by_name, "Post", 9)?;
    let refused = by_name.exists("User", &has(stranger)).expect_err("it was never said whose it is");
    assert!(matches!(refused.misuse(), Some(Misuse::Statement { .. })), "{refused}");
    Ok(())
}

/// What is added to a dynamic collection is all there is of it while its owner has no row.
#[test]
fn a_dynamic_collection_of_an_owner_without_a_row_is_what_was_added() -> Result<()> {
    let database = blog(|it| it.lazy(Lazy::Dynamic), plain)?;
    let mut session = session(&database);
    let (user, ..) = ada(&mut session)?;
    let mut by_name = session.untyped();
    let (other, draft) = (new(&mut by_name, "User", 1)?, new(&mut by_name, "Post", 9)?);
    by_name.push(other, "posts", draft)?;
    assert_eq!(by_name.select_related(other, "posts", &Selection::new())?, [draft]);
    by_name.expunge(user)?;
    assert_eq!(by_name.select_related(user, "posts", &Selection::new())?, []);
    Ok(())
}

/// What was taken out of a collection that is never read is a change of its owner.
#[test]
fn a_collection_that_is_only_written_changes_its_owner() -> Result<()> {
    let database = blog(|it| it.lazy(Lazy::WriteOnly), plain)?;
    let mut session = session(&database);
    let (user, post, _) = ada(&mut session)?;
    let mut by_name = session.untyped();
    by_name.remove(user, "posts", post)?;
    assert!(by_name.status(user)?.modified);
    assert_eq!(by_name.contents().dirty, [user, post]);
    Ok(())
}

/// That a join repeats objects is noticed by the first of them.
#[test]
fn no_row_is_none_that_is_repeated() -> Result<()> {
    let database = blog(|it| it.lazy(Lazy::Joined), plain)?;
    let mut session = session(&database);
    let all = Selection { repeats: Repeats::Kept, ..Selection::new() };
    assert_eq!(session.untyped().select("User", &all)?, []);
    ada(&mut session)?;
    let refused = session.untyped().select("User", &all).expect_err("there are two rows");
    assert!(matches!(refused.misuse(), Some(Misuse::Statement { .. })), "{refused}");
    Ok(())
}

/// SQLAlchemy evaluates no pattern, no function and nothing of related objects for the objects in memory, whether there are
/// any or not; texts that are joined it does.
#[test]
fn patterns_are_not_looked_for_in_memory() -> Result<()> {
    let database = blog(plain, plain)?;
    let mut session = session(&database);
    let title = || Term::column("title");
    let like = title().like("%1").negated();
    let lower = title().call(Function::Lower).eq("notes");
    let related = Expr::Leaf(Term::Related { of: Some("Post".into()), relation: "author".into(), condition: None });
    for filter in [like, lower, related] {
        let refused = session.untyped().delete_where("Post", Some(&filter), Synchronize::Evaluate);
        let refused = refused.expect_err("only the tables know");
        assert!(matches!(refused.misuse(), Some(Misuse::NotEvaluable { .. })), "{refused}");
        session.untyped().delete_where("Post", Some(&filter), Synchronize::Auto)?;
    }
    let joined = Expr::Call(Function::Concat, vec![title(), "!".into()]).eq("notes!");
    session.untyped().delete_where("Post", Some(&joined), Synchronize::Evaluate)?;
    Ok(())
}
