// mistakes: E0277
use diptych::object::on;
use diptych::prelude::*;
use diptych::Expression;

#[derive(Entity, Clone, Debug)]
#[has_many(open: Todo, view_only, primary_join = on(User::id).eq(on(Todo::user_id)).and(on(Todo::done).eq(false)))]
struct User {
    #[key(auto)]
    id: Id<User>,
}

#[derive(Entity, Clone, Debug)]
struct Todo {
    #[key(auto)]
    id: Id<Todo>,
    #[references(User)]
    user_id: Id<User>,
    done: bool,
}

fn add(session: &mut Session, user: Ref<User>, todo: Ref<Todo>) -> Result<()> {
    session.push(user, User::open, todo)?;
    Ok(())
}

fn main() {}
