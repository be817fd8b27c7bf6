//! What `derive(Entity)` writes for the options that say more than direction and inverse.

use diptych::object::{CollectionKind, join_column, on};
use diptych::schema::{Column, ForeignKey, Table};
use diptych::{
    Cascade, Class, Database, Direction, Entity, Expression, Id, Lazy, PassiveDeletes, Relation, Relationship,
};

use super::check;

#[derive(Entity, Clone, Debug)]
#[has_many(todos: Todo, inverse = owner, passive_deletes = all, passive_updates = off, collection = set)]
#[has_many(
    open: Todo, view_only, lazy = subquery, order_by(what desc, on(Todo::what).lower()),
    primary_join = on(Person::id).eq(on(Todo::owner_id)).and(on(Todo::done).eq(false)),
)]
#[has_one(desk: Desk, inverse = holder, lazy = immediate, active_history)]
#[many_to_many(
    friends: Person, through = "friendship", own = "who", other = "whom", lazy = write_only, join_depth = 2,
    primary_join = on(Person::id).eq(join_column("friendship.who")),
    secondary_join = on(Person::id).eq(join_column("friendship.whom")),
)]
struct Person {
    #[key(auto)]
    id: Id<Person>,
    #[version]
    version: i64,
}

#[derive(Entity, Clone, Debug)]
#[belongs_to(owner: Person, inverse = todos, post_update, lazy = raise_on_sql, inner_join)]
struct Todo {
    #[key(auto)]
    id: Id<Todo>,
    #[references(Person)]
    owner_id: Id<Person>,
    done: bool,
    what: String,
}

#[derive(Entity, Clone, Debug)]
#[belongs_to(holder: Person, inverse = desk, single_parent, cascade(all, delete_orphan), lazy = noload)]
#[belongs_to(near: Desk, primary_join = on(Desk::number).eq(diptych::object::foreign(on(Desk::beside))), lazy = joined)]
struct Desk {
    #[key]
    number: i64,
    #[references(Person)]
    #[unique]
    holder_id: Option<Id<Person>>,
    beside: i64,
}

#[test]
fn collections_are_declared_as_written() {
    let table = Table::new("persons").column(Column::of::<Id<Person>>("id")).column(Column::of::<i64>("version"));
    let todos = Relationship::has_many("todos", "Todo")
        .inverse("owner")
        .passive_deletes(PassiveDeletes::All)
        .passive_updates(false)
        .collection(CollectionKind::Set);
    let open = Relationship::has_many("open", "Todo")
        .lazy(Lazy::Subquery)
        .order_by("what", Direction::Descending)
        .order_by_expression(on(Todo::what).lower(), Direction::Ascending)
        .primary_join(
            join_column("persons.id").eq(join_column("todos.owner_id")).and(join_column("todos.done").eq(false)),
        )
        .view_only();
    let desk = Relationship::has_one("desk", "Desk").inverse("holder").lazy(Lazy::Immediate).active_history(true);
    let friends = Relationship::many_to_many("friends", "Person", "friendship")
        .columns(["who"], ["whom"])
        .lazy(Lazy::WriteOnly)
        .primary_join(join_column("persons.id").eq(join_column("friendship.who")))
        .secondary_join(join_column("persons.id").eq(join_column("friendship.whom")))
        .join_depth(2);
    let class = Class::of::<Person>(table.primary_key(["id"]).auto()).version_column("version");
    check::<Person>(class.relation(todos).relation(open).relation(desk).relation(friends));
}

#[test]
fn references_are_declared_as_written() {
    let owner = Relationship::belongs_to("owner", "Person")
        .via(["owner_id"])
        .inverse("todos")
        .lazy(Lazy::RaiseOnSql)
        .post_update(true)
        .inner_join(true);
    let table = Table::new("todos")
        .column(Column::of::<Id<Todo>>("id"))
        .column(Column::of::<Id<Person>>("owner_id"))
        .column(Column::of::<bool>("done"))
        .column(Column::of::<String>("what"))
        .primary_key(["id"])
        .auto()
        .foreign_key(ForeignKey::new(["owner_id"], "persons"));
    check::<Todo>(Class::of::<Todo>(table).relation(owner));

    let holder = Relationship::belongs_to("holder", "Person")
        .via(["holder_id"])
        .inverse("desk")
        .cascade(Cascade::ALL | Cascade::DELETE_ORPHAN)
        .lazy(Lazy::Noload)
        .single_parent(true);
    let near = join_column("desks.number").eq(diptych::object::foreign(join_column("desks.beside")));
    let near = Relationship::belongs_to("near", "Desk").lazy(Lazy::Joined).primary_join(near);
    let table = Table::new("desks")
        .column(Column::of::<i64>("number"))
        .column(Column::of::<Option<Id<Person>>>("holder_id"))
        .column(Column::of::<i64>("beside"))
        .primary_key(["number"])
        .unique(["holder_id"])
        .foreign_key(ForeignKey::new(["holder_id"], "persons"));
    check::<Desk>(Class::of::<Desk>(table).relation(holder).relation(near));
}

/// What is declared is also resolved: each relation goes the way that its attribute says, and a join that its target may
/// not fulfil leads to an optional one.
#[test]
fn a_join_that_is_written_out_has_the_declared_direction() {
    let between = Table::new("friendship").column(Column::int("who")).column(Column::int("whom"));
    let between = between.primary_key(["who", "whom"]);
    let classes = [Person::declare(), Todo::declare(), Desk::declare()];
    let database = Database::with_classes(classes, [between]).unwrap_or_else(|error| panic!("{error}"));
    let text = database.model().expect("there is one").to_string();
    let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
    let has = |line: &str| assert!(lines.contains(&line), "no line `{line}` in\n{text}");
    has("Person in persons: id, version; version version");
    has("todos has many Todo by id = owner_id; moves owner; passive deletes all; active updates");
    has("open has many Todo by id = owner_id and a condition; cascade merge; subquery; view only");
    has("friends has many Person by id = who through friendship on whom = id; writeonly");
    has("holder belongs to Person by holder_id = id; moves desk; cascade all, delete_orphan; noload; single parent");
    has("near belongs to Desk by beside = number; joined");
    fn optional<R: Relation<Arity = diptych::Optional>>(_: R) {}
    optional(Desk::near);
}
