// mistakes: D14 D14
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[has_many(replies: Post, through = "replies")]
#[belongs_to(parent: Post, passive_deletes)]
struct Post {
    #[key(auto)]
    id: Id<Post>,
    #[references(Post)]
    parent_id: Option<Id<Post>>,
}

fn main() {}
