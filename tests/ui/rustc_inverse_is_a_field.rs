// mistakes: E0277
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[has_many(replies: Post, inverse = parent_id)]
struct Post {
    #[key(auto)]
    id: Id<Post>,
    #[references(Post)]
    parent_id: Option<Id<Post>>,
}

fn main() {}
