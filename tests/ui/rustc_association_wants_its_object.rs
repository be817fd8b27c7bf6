// mistakes: E0277
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[has_many(votes: Vote, inverse = voter)]
struct User {
    #[key(auto)]
    id: Id<User>,
}

#[derive(Entity, Clone, Debug)]
#[has_many(votes: Vote, inverse = post)]
struct Post {
    #[key(auto)]
    id: Id<Post>,
}

#[derive(Entity, Clone, Debug)]
#[belongs_to(voter: User, inverse = votes)]
#[belongs_to(post: Post, inverse = votes)]
struct Vote {
    #[key]
    #[references(User)]
    voter_id: Id<User>,
    #[key]
    #[references(Post)]
    post_id: Id<Post>,
    value: i64,
}

fn vote(session: &mut Session, user: Ref<User>, post: Ref<Post>) -> Result<()> {
    session.push(user, User::votes, post)?;
    Ok(())
}

fn main() {}
