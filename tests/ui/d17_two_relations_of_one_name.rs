// mistakes: D17
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[has_many(replies: Post, via = parent_id)]
#[has_many(replies: Post, via = root_id)]
struct Post {
    #[key(auto)]
    id: Id<Post>,
    #[references(Post)]
    parent_id: Option<Id<Post>>,
    #[references(Post)]
    root_id: Option<Id<Post>>,
}

fn main() {}
