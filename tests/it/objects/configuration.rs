//! Relations whose direction is found: by foreign keys, `secondary`, `remote_side`, and custom joins with their marks.
//! What was found is compared as the text of the model.

use diptych::error::{ErrorKind, Fault, Mistake};
use diptych::object::{ComputedKind, JoinLeaf, Lazy, PassiveDeletes, foreign, join_column, remote};
use diptych::{Cascade, Class, Column, Database, Direction, Expr, Expression, ForeignKey, Relationship, Table, column};

/// The text of a model, without its class lines.
#[track_caller]
fn found(classes: impl IntoIterator<Item = Class>, tables: impl IntoIterator<Item = Table>) -> Vec<String> {
    let database = Database::with_classes(classes, tables).unwrap_or_else(|error| panic!("{error}"));
    let text = database.model().expect("there is one").to_string();
    text.lines().filter_map(|it| it.strip_prefix("  ")).map(str::to_owned).collect()
}

#[track_caller]
fn mistakes(classes: impl IntoIterator<Item = Class>, tables: impl IntoIterator<Item = Table>) -> Vec<Mistake> {
    let error = Database::with_classes(classes, tables).map(|_| ()).expect_err("the model is wrong");
    match error.kind() {
        ErrorKind::Declaration(all) => all.clone(),
        _ => panic!("{error}"),
    }
}

#[track_caller]
fn refused(all: &[Mistake], place: &str, fault: Fault, words: &[&str]) {
    let says = |it: &&Mistake| {
        it.place == place && it.fault == fault && words.iter().all(|word| it.to_string().contains(word))
    };
    assert!(all.iter().any(|it| says(&it)), "no mistake at {place} is {fault:?} and says {words:?} among {all:#?}");
}

fn node() -> Table {
    let key = ForeignKey::new(["parent_id"], "node");
    Table::new("node").auto_key("id").column(Column::int("parent_id").nullable()).foreign_key(key)
}

fn user() -> Table {
    Table::new("user").auto_key("id")
}

/// Two foreign keys to users.
fn message() -> Table {
    Table::new("message")
        .auto_key("id")
        .column(Column::int("from_id"))
        .column(Column::int("to_id"))
        .column(Column::bool("read").default(false))
        .foreign_key(ForeignKey::new(["from_id"], "user"))
        .foreign_key(ForeignKey::new(["to_id"], "user"))
}

fn friend() -> Table {
    Table::new("friend")
        .column(Column::int("a_id"))
        .column(Column::int("b_id"))
        .primary_key(["a_id", "b_id"])
        .foreign_key(ForeignKey::new(["a_id"], "user"))
        .foreign_key(ForeignKey::new(["b_id"], "user"))
}

fn same(a: &'static str, b: &'static str) -> Expr<diptych::object::JoinColumn> {
    join_column(a).eq(join_column(b))
}

#[test]
fn a_class_that_leads_to_itself_is_one_to_many_unless_remote_side_says_otherwise() {
    let class = Class::new("Node", node())
        .relation(Relationship::new("children", "Node").back_populates("parent"))
        .relation(Relationship::new("parent", "Node").back_populates("children").remote_side(["node.id"]));
    assert_eq!(
        found([class], []),
        [
            "children has many Node by id = parent_id; moves parent",
            "parent belongs to Node by parent_id = id; moves children",
        ]
    );
    let forgotten = Class::new("Node", node())
        .relation(Relationship::new("children", "Node").back_populates("parent"))
        .relation(Relationship::new("parent", "Node").back_populates("children"));
    refused(&mistakes([forgotten], []), "Node.parent", Fault::Configuration, &["same direction", "remote_side"]);
}

/// In an adjacency list within a group, the group is compared with itself.
#[test]
fn a_composite_reference_that_shares_a_column_has_a_direction() {
    let table = Table::new("node")
        .column(Column::int("grp"))
        .column(Column::int("id"))
        .column(Column::int("parent_id").nullable())
        .primary_key(["grp", "id"])
        .foreign_key(ForeignKey::new(["grp", "parent_id"], "node"));
    let class = Class::new("Node", table)
        .relation(Relationship::new("children", "Node"))
        .relation(Relationship::new("parent", "Node").remote_side(["node.grp", "node.id"]));
    assert_eq!(
        found([class], []),
        [
            "children has many Node by (grp, id) = (grp, parent_id)",
            "parent belongs to Node by (grp, parent_id) = (grp, id)",
        ]
    );
}

#[test]
fn foreign_keys_and_joins_choose_between_several_ways() {
    let sent = Relationship::new("sent", "Message").foreign_keys(["message.from_id"]).back_populates("sender");
    let received = Relationship::new("received", "Message").primary_join(same("user.id", "message.to_id"));
    let unread = join_column("message.read").eq(false).and(same("message.to_id", "user.id"));
    let unread = Relationship::new("unread", "Message").primary_join(unread).view_only();
    let users = Class::new("User", user()).relation(sent).relation(received).relation(unread);
    let sender = Relationship::new("sender", "User").foreign_keys(["message.from_id"]).back_populates("sent");
    let messages = Class::new("Message", message()).relation(sender);
    assert_eq!(
        found([users, messages], []),
        [
            "sent has many Message by id = from_id; moves sender",
            "received has many Message by id = to_id",
            "unread has many Message by id = to_id and a condition; cascade merge; view only",
            "sender belongs to User by from_id = id; moves sent",
        ]
    );
}

#[test]
fn what_a_join_asks_beyond_pairs_is_kept() {
    let unread = join_column("message.read").eq(false).and(same("message.to_id", "user.id"));
    let unread = Relationship::new("unread", "Message").primary_join(unread);
    let users = Class::new("User", user()).relation(unread);
    let database = Database::with_classes([users, Class::new("Message", message())], []).expect("it is right");
    let model = database.model().expect("there is one");
    let relation = model.class_named("User").and_then(|it| it.relation_named("unread")).expect("there is one");
    let read = model.class_named("Message").and_then(|it| it.column_named("read")).expect("there is one");
    assert_eq!(relation.condition, Some(Expr::Leaf(JoinLeaf::Target(read)).eq(false)));
}

#[test]
fn a_join_needs_no_foreign_key_if_a_column_is_marked() {
    let table = |name: &'static str| Table::new(name).auto_key("id").column(Column::text("k").nullable());
    let join = || join_column("a.k").eq(foreign(join_column("b.k")));
    let a = Class::new("A", table("a")).relation(Relationship::new("bs", "B").primary_join(join()));
    let b = Class::new("B", table("b")).relation(Relationship::new("a", "A").primary_join(join()));
    assert_eq!(found([a, b], []), ["bs has many B by k = k", "a belongs to A by k = k"]);

    let greater = join_column("a.id").gt(foreign(remote(join_column("a.id"))));
    let before = Relationship::new("before", "A").primary_join(greater);
    let refusal = mistakes([Class::new("A", table("a")).relation(before.clone())], []);
    refused(&refusal, "A.before", Fault::Configuration, &["simple equality", "view_only"]);
    let view = Class::new("A", table("a")).relation(before.view_only());
    let [line] = &found([view], [])[..] else { panic!("one relation") };
    assert!(line.starts_with("before has many A") && line.contains("and a condition"), "{line}");
}

#[test]
fn a_table_between_may_be_declared_elsewhere() {
    let likes = Relationship::new("likes", "User").secondary("friend").primary_join(same("user.id", "friend.a_id"));
    let likes = likes.secondary_join(same("user.id", "friend.b_id")).back_populates("liked_by");
    let liked_by = Relationship::new("liked_by", "User").secondary("friend");
    let liked_by = liked_by.primary_join(same("user.id", "friend.b_id")).secondary_join(same("user.id", "friend.a_id"));
    let liked_by = liked_by.back_populates("likes").order_by("friend.a_id", Direction::Descending);
    let users = Class::new("User", user()).relation(likes).relation(liked_by);
    assert_eq!(
        found([users], [friend()]),
        [
            "likes has many User by id = a_id through friend on b_id = id; moves liked_by",
            "liked_by has many User by id = b_id through friend on a_id = id; moves likes",
        ]
    );
    let unsaid = Class::new("User", user()).relation(Relationship::new("likes", "User").secondary("friend"));
    let all = mistakes([unsaid], [friend()]);
    refused(&all, "User.likes", Fault::AmbiguousForeignKeys, &["friend.a_id", "friend.b_id"]);
    let nowhere = Class::new("User", user()).relation(Relationship::new("likes", "User").secondary("likes"));
    refused(&mistakes([nowhere], []), "User.likes", Fault::Configuration, &["no table `likes`", "declare the table"]);
}

#[test]
fn no_way_and_several_ways_are_different_faults_and_come_together() {
    let users = Class::new("User", user())
        .relation(Relationship::new("messages", "Message"))
        .relation(Relationship::new("tags", "Tag"))
        .relation(Relationship::new("sent", "Message").foreign_keys(["message.read"]))
        .relation(Relationship::new("typo", "Message").foreign_keys(["mesage.from_id"]));
    let tags = Class::new("Tag", Table::new("tag").auto_key("id"));
    let all = mistakes([users, Class::new("Message", message()), tags], []);
    let ways = ["\"message.from_id\"", "\"message.to_id\"", "foreign_keys"];
    refused(&all, "User.messages", Fault::AmbiguousForeignKeys, &ways);
    refused(&all, "User.tags", Fault::NoForeignKeys, &["`user`", "`tag`", "primary_join"]);
    refused(&all, "User.sent", Fault::NoForeignKeys, &["`user`", "`message`"]);
    refused(&all, "User.typo", Fault::Configuration, &["mesage", "did you mean `message`?"]);
    assert_eq!(all.len(), 4, "{all:#?}");
}

#[test]
fn words_that_contradict_each_other_are_refused() {
    let users = Class::new("User", user());
    let sender = |name: &'static str| Relationship::new(name, "User").foreign_keys(["message.from_id"]);
    let messages = Class::new("Message", message())
        .relation(sender("owner").cascade(Cascade::ALL | Cascade::DELETE_ORPHAN))
        .relation(sender("pages").lazy(Lazy::WriteOnly))
        .relation(sender("seen").view_only().sync_backref(true))
        .relation(sender("many").uselist(true));
    let all = mistakes([users, messages], []);
    refused(&all, "Message.owner", Fault::Configuration, &["delete_orphan", "single_parent"]);
    refused(&all, "Message.pages", Fault::Configuration, &["one object", "collections"]);
    refused(&all, "Message.seen", Fault::Configuration, &["never written", "sync_backref"]);
    refused(&all, "Message.many", Fault::Configuration, &["no collection"]);

    let all = Cascade::ALL;
    let sent = Relationship::new("sent", "Message").foreign_keys(["message.from_id"]);
    let users = Class::new("User", user()).relation(sent.cascade(all).passive_deletes(PassiveDeletes::All));
    let all = mistakes([users, Class::new("Message", message())], []);
    refused(&all, "User.sent", Fault::Configuration, &["foreign key", "passive_deletes = all"]);
}

#[test]
fn single_parent_lets_any_side_own() {
    let sender = Relationship::new("sender", "User").foreign_keys(["message.from_id"]).single_parent(true);
    let sender = sender.cascade(Cascade::ALL | Cascade::DELETE_ORPHAN);
    let messages = Class::new("Message", message()).relation(sender);
    assert_eq!(
        found([Class::new("User", user()), messages], []),
        ["sender belongs to User by from_id = id; cascade all, delete_orphan; single parent"]
    );
}

#[test]
fn the_other_side_has_to_be_one() {
    let users = Class::new("User", user())
        .relation(Relationship::new("sent", "Message").foreign_keys(["message.from_id"]).back_populates("nope"))
        .relation(Relationship::new("received", "Message").foreign_keys(["message.to_id"]).back_populates("tag"))
        .relation(Relationship::new("read", "Message").foreign_keys(["message.to_id"]).back_populates("sender"));
    let tag = Relationship::new("tag", "Tag");
    let sender = Relationship::new("sender", "User").foreign_keys(["message.from_id"]);
    let table = message().column(Column::int("tag_id")).foreign_key(ForeignKey::new(["tag_id"], "tag"));
    let messages = Class::new("Message", table).relation(tag).relation(sender);
    let tags = Class::new("Tag", Table::new("tag").auto_key("id"));
    let all = mistakes([users, messages, tags], []);
    refused(&all, "User.sent", Fault::Configuration, &["nope", "not there"]);
    refused(&all, "User.received", Fault::Configuration, &["leads to `Tag`"]);
    refused(&all, "User.read", Fault::Configuration, &["same foreign key"]);
}

/// A side that names the other moves it; one that does not, does not. A view moves with nothing.
#[test]
fn a_side_moves_the_other_if_it_names_it() {
    let sent = || Relationship::new("sent", "Message").foreign_keys(["message.from_id"]);
    let sender = || Relationship::new("sender", "User").foreign_keys(["message.from_id"]);
    let pair = |sent: Relationship, sender: Relationship| {
        found([Class::new("User", user()).relation(sent), Class::new("Message", message()).relation(sender)], [])
    };
    assert_eq!(
        pair(sent().back_populates("sender"), sender()),
        ["sent has many Message by id = from_id; moves sender", "sender belongs to User by from_id = id"]
    );
    assert_eq!(
        pair(sent().back_populates("sender").view_only(), sender().back_populates("sent")),
        ["sent has many Message by id = from_id; cascade merge; view only", "sender belongs to User by from_id = id"]
    );
    assert_eq!(
        pair(sent().back_populates("sender"), sender().back_populates("sent").sync_backref(false)),
        ["sent has many Message by id = from_id; moves sender", "sender belongs to User by from_id = id"]
    );
}

#[test]
fn backref_makes_the_other_side() {
    let sent = Relationship::new("sent", "Message").foreign_keys(["message.from_id"]).backref("sender");
    let likes = Relationship::many_to_many("likes", "User", "likes").columns(["who"], ["whom"]).backref("liked_by");
    let children = Relationship::new("children", "Node").backref("parent");
    let users = Class::new("User", user()).relation(sent).relation(likes);
    let nodes = Class::new("Node", node()).relation(children);
    assert_eq!(
        found([users, Class::new("Message", message()), nodes], []),
        [
            "sent has many Message by id = from_id; moves sender",
            "likes has many User by id = who through likes on whom = id; moves liked_by",
            "liked_by has many User by id = whom through likes on who = id; moves likes",
            "sender belongs to User by from_id = id; moves sent",
            "children has many Node by id = parent_id; moves parent",
            "parent belongs to Node by parent_id = id; moves children",
        ]
    );
    let taken = Relationship::new("children", "Node").backref("children");
    let all = mistakes([Class::new("Node", node()).relation(taken)], []);
    refused(&all, "Node.children", Fault::Configuration, &["there already"]);
}

#[test]
fn what_a_class_says_of_its_attributes_is_resolved() {
    let table = || Table::new("doc").auto_key("id").column(Column::int("version")).column(Column::text("body"));
    let length = column("body").length();
    let class = Class::new("Doc", table()).deferred(["body"]).version_column("version");
    let class = class.computed("size", ComputedKind::Loaded, length).active_history(["version"]);
    let database = Database::with_classes([class], []).expect("it is right");
    let model = database.model().expect("there is one");
    let doc = model.class_named("Doc").expect("there is one");
    let at = |name: &str| doc.column_named(name).expect("there is one");
    assert_eq!((&doc.deferred[..], &doc.active_history[..]), (&[at("body")][..], &[at("version")][..]));
    assert_eq!((doc.version_column, doc.computed[0].column), (Some(at("version")), Some(at("size"))));

    let class = Class::new("Doc", table()).deferred(["boby"]).version_column("body");
    let all = mistakes([class.computed("size", ComputedKind::Hybrid, column("seize").length())], []);
    refused(&all, "Doc", Fault::Configuration, &["boby", "did you mean `body`?"]);
    refused(&all, "Doc", Fault::Configuration, &["seize"]);
    refused(&all, "Doc", Fault::Configuration, &["version `body`", "Column::int"]);
}
