//! Threads and users as graphs: objects loaded with all that belongs to them, then walked without a statement.
//!
//! Where a list has an order that a relation can declare, it does: replies by id, which is the order of time; tags by
//! name; bookmarks by user; awards by time. Memberships are in the order of the forum's slug, a column of another table,
//! so they are sorted here.

use diptych::prelude::*;
use serde_json::{Value, json};

use super::model::{Award, Bookmark, Forum, Membership, Post, Profile, Tag, Thread, User, Vote};

/// `facts.json` lists this many awards of a user and the number of all.
const LISTED_AWARDS: usize = 10;

/// The graph of a thread; `None` when there is no such thread.
pub fn thread(session: &Session, id: i64) -> Result<Option<Value>> {
    let posts = Thread::posts
        .selectin()
        .then(Post::author.selectin())
        .then(Post::replies.selectin())
        .then(Post::votes.selectin());
    let query = Thread::select()
        .filter(Thread::id.eq(Id::new(id)))
        .with(Thread::forum.joined())
        .with(Thread::author.joined())
        .with(Thread::accepted_post.joined())
        .with(Thread::tags.selectin())
        .with(Thread::bookmarks.selectin())
        .with(posts);
    let Some(thread) = session.all(query)?.first() else { return Ok(None) };
    let posts = thread.loaded(Thread::posts)?;
    let root = posts.iter().find(|it| it.parent_id.is_none()).map(|it| post(&it)).transpose()?;
    Ok(Some(json!({
        "id": thread.id.get(),
        "title": thread.title,
        "forum": thread.loaded(Thread::forum)?.slug,
        "author": thread.loaded(Thread::author)?.map(|it| it.display_name.clone()),
        "accepted_post_id": thread.loaded(Thread::accepted_post)?.map(|it| it.id.get()),
        "tags": names(&thread.loaded(Thread::tags)?),
        "bookmarked_by": users(&thread.loaded(Thread::bookmarks)?),
        "post_count": posts.len(),
        "root": root,
    })))
}

/// A post with its replies, and theirs. People answer each other ten deep, not a thousand, so this may call itself.
fn post(post: &View<'_, Post>) -> Result<Value> {
    let replies = post.loaded(Post::replies)?.iter().map(|it| self::post(&it)).collect::<Result<Vec<_>>>()?;
    let votes: Views<'_, Vote> = post.loaded(Post::votes)?;
    Ok(json!({
        "id": post.id.get(),
        "kind": post.kind,
        "author": post.loaded(Post::author)?.map(|it| it.display_name.clone()),
        "author_name": post.author_name,
        "score": post.score,
        "votes": votes.len(),
        "replies": replies,
    }))
}

fn names(tags: &Views<'_, Tag>) -> Vec<String> {
    tags.iter().map(|it| it.name.clone()).collect()
}

fn users(bookmarks: &Views<'_, Bookmark>) -> Vec<i64> {
    bookmarks.iter().filter_map(|it| it.user_id.get()).collect()
}

/// The graph of a user; `None` when there is no such user.
pub fn user(session: &Session, id: i64) -> Result<Option<Value>> {
    let query = User::select()
        .filter(User::id.eq(Id::new(id)))
        .with(User::profile.joined())
        .with(User::memberships.selectin().then(Membership::forum.selectin()))
        .with(User::awards.selectin().then(Award::badge.selectin()))
        .with(User::threads.selectin())
        .with(User::posts.selectin())
        .with(User::edited_posts.selectin());
    let Some(user) = session.all(query)?.first() else { return Ok(None) };
    let mut memberships: Vec<(View<'_, Forum>, View<'_, Membership>)> = Vec::new();
    for membership in user.loaded(User::memberships)? {
        memberships.push((membership.loaded(Membership::forum)?, membership));
    }
    memberships.sort_by(|(a, _), (b, _)| a.slug.cmp(&b.slug));
    let awards = user.loaded(User::awards)?;
    let mut listed = Vec::new();
    for award in awards.iter().take(LISTED_AWARDS) {
        listed.push(json!([award.loaded(Award::badge)?.name, award.awarded_at]));
    }
    Ok(Some(json!({
        "id": user.id.get(),
        "display_name": user.display_name,
        "profile": user.loaded(User::profile)?.map(|it| profile(&it)),
        "memberships": memberships
            .iter()
            .map(|(forum, it)| json!({ "forum": forum.slug, "reputation": it.reputation }))
            .collect::<Vec<_>>(),
        "awards": listed,
        "award_count": awards.len(),
        "threads": user.loaded(User::threads)?.iter().map(|it| it.id.get()).collect::<Vec<_>>(),
        "post_count": user.loaded(User::posts)?.len(),
        "edited_post_count": user.loaded(User::edited_posts)?.len(),
    })))
}

fn profile(profile: &Profile) -> Value {
    json!({
        "location": profile.location,
        "website_url": profile.website_url,
        "about_me_length": profile.about_me.as_ref().map(|it| it.chars().count()),
    })
}
