// mistakes: D14 D14 D14
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[has_many(replies: Post, secondary_join = true)]
#[belongs_to(parent: Post, collection = set)]
#[many_to_many(links: Post, through = "links", passive_deletes)]
struct Post {
    #[key(auto)]
    id: Id<Post>,
    #[references(Post)]
    parent_id: Option<Id<Post>>,
}

fn main() {}
