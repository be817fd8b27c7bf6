// mistakes: E0277
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[many_to_many(tags: Tag, through = "post_tags", inverse = posts)]
#[has_many(votes: Vote, inverse = post)]
struct Post {
    #[key(auto)]
    id: Id<Post>,
}

#[derive(Entity, Clone, Debug)]
#[many_to_many(posts: Post, through = "post_tags", inverse = tags)]
struct Tag {
    #[key(auto)]
    id: Id<Tag>,
}

#[derive(Entity, Clone, Debug)]
#[belongs_to(post: Post, via = post_id, inverse = votes)]
struct Vote {
    #[key(auto)]
    id: Id<Vote>,
    #[references(Post)]
    post_id: Id<Post>,
}

fn read(session: &Session) -> Result<()> {
    let post = session.one(Post::select().with(Post::tags.selectin()))?;
    post.get(Tag::posts);
    Ok(())
}

fn main() {}
