// mistakes: E0599
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[has_many(replies: Post, via = parent_id, order_by(creatd_at))]
struct Post {
    #[key(auto)]
    id: Id<Post>,
    #[references(Post)]
    parent_id: Option<Id<Post>>,
    created_at: i64,
}

fn main() {}
