// mistakes: D13 D11 D06 D23 D25
use diptych::prelude::*;

#[derive(Entity, Clone, Debug)]
#[has_many(posts: Post, inverse = author, cascade(al))]
#[many_to_many(friends: User, inverse = friends)]
struct User {
    #[key]
    id: Option<i64>,
    name: String,
    #[references(User, on_delete = set_null, defered)]
    mentor_id: Id<User>,
}

#[derive(Entity, Clone, Debug)]
#[belongs_to(author: User, inverse = posts)]
struct Post {
    #[key(auto)]
    id: Id<Post>,
    #[references(User)]
    author_id: Id<User>,
}

fn main() {
    let user = User::draft();
    let _ = (User::select(), User::friends, User::mentor_id, User::declare(), user.name);
}
