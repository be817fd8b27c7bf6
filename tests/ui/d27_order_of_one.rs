// mistakes: D27 D27
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[belongs_to(parent: Post, order_by(id))]
#[has_one(summary: Post, via = parent_id, order_by(id))]
struct Post {
    #[key(auto)]
    id: Id<Post>,
    #[references(Post)]
    parent_id: Option<Id<Post>>,
}

fn main() {}
