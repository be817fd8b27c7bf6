// mistakes: D26 D26
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[belongs_to(parent: Post, cascade(all, delete_orphan))]
#[many_to_many(links: Post, through = "links", cascade(delete_orphan))]
struct Post {
    #[key(auto)]
    id: Id<Post>,
    #[references(Post)]
    parent_id: Option<Id<Post>>,
}

fn main() {}
