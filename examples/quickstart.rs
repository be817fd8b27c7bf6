//! The code of the README: a few objects, their rows, and what a delete would set in motion.
//!
//! `cargo run --example quickstart`

use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[entity(table = "users")]
#[has_many(posts: Post, inverse = author)]
struct User {
    #[key(auto)]
    id: Id<User>,
    #[unique]
    email: String,
    name: String,
}

#[derive(Entity, Clone, Debug)]
#[belongs_to(author: User, via = author_id, inverse = posts)]
#[belongs_to(parent: Post, via = parent_id, inverse = replies)]
#[has_many(replies: Post, inverse = parent, cascade(all), order_by(created_at))]
#[many_to_many(tags: Tag, through = "post_tags", inverse = posts)]
struct Post {
    #[key(auto)]
    id: Id<Post>,
    #[references(User, on_delete = cascade)]
    author_id: Id<User>,
    #[references(Post, on_delete = set_null)]
    parent_id: Option<Id<Post>>,
    body: String,
    score: i64,
    created_at: i64,
}

#[derive(Entity, Clone, Debug)]
#[many_to_many(posts: Post, through = "post_tags", inverse = tags)]
struct Tag {
    #[key]
    name: String,
}

fn main() -> Result<()> {
    let database = Database::of::<(User, Post, Tag)>()?;
    let mut session = database.session();

    let alice = session.add(User { email: "alice@example.org".into(), name: "Alice".into(), ..User::draft() });
    let post = session.add(Post { body: "First!".into(), ..Post::draft() });
    session.set(post, Post::author, alice)?;
    assert_eq!(session.get(alice)?.loaded(User::posts)?.len(), 1, "both sides move together, before any flush");

    let reply = session.push(post, Post::replies, Post { body: "Welcome!".into(), ..Post::draft() })?;
    session.set(reply, Post::author, alice)?;
    session.push(post, Post::tags, Tag { name: "greeting".into() })?;
    session.edit(post)?.score += 1;
    println!("{}", session.plan_flush()?);
    session.commit()?;

    let posts = session.all(
        Post::select()
            .filter(Post::score.ge(1).and(Post::author.has(User::name.eq("Alice"))))
            .order_by(Post::created_at.desc())
            .limit(20)
            .with(Post::author.joined())
            .with(Post::replies.selectin().then(Post::author.joined()))
            .with(Post::tags.selectin()),
    )?;
    assert_eq!(posts.len(), 1);
    for post in &posts {
        println!("{} by {}", post.body, post.load(Post::author)?.name);
        for reply in post.loaded(Post::replies)? {
            println!("  {} by {}", reply.body, reply.load(Post::author)?.name);
        }
        for tag in post.loaded(Post::tags)? {
            println!("  tagged {}", tag.name);
        }
    }

    println!("{}", session.plan_delete(alice)?);
    session.delete(alice)?;
    session.commit()?;
    assert_eq!(session.count(Post::select())?, 0);
    assert_eq!(session.count(Tag::select())?, 1);
    Ok(())
}
