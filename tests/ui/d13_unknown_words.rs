// mistakes: D13 D13 D13 D13
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[has_many(replies: Post, via = parent_id, cascade(all, orphan), lazy = selectn, order_by(id down))]
struct Post {
    #[key(auto)]
    id: Id<Post>,
    #[references(Post, on_delete = nullify)]
    parent_id: Option<Id<Post>>,
}

fn main() {}
