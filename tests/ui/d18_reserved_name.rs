// mistakes: D18 D18
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[has_many(select: Post, via = parent_id)]
struct Post {
    #[key(auto)]
    id: Id<Post>,
    #[references(Post)]
    parent_id: Option<Id<Post>>,
    draft: bool,
}

fn main() {}
