//! The model of the property test, derived and made at run time, and what a reference needs to know of it.

use diptych::expr::Expression;
use diptych::prelude::*;
use diptych::{Cascade, Class, Column, ForeignKey, Relationship, Table, column};

/// A class: its name, table, columns and primary key.
pub(super) struct ClassFacts {
    pub(super) name: &'static str,
    pub(super) table: &'static str,
    pub(super) columns: &'static [&'static str],
    pub(super) key: &'static [usize],
    pub(super) auto: bool,
}

/// A foreign key and the relations above it.
pub(super) struct ReferenceFacts {
    pub(super) child: usize,
    pub(super) parent: usize,
    /// The child's columns; they refer to the parent's primary key.
    pub(super) columns: &'static [usize],
    /// The child's relation.
    pub(super) belongs: Option<&'static str>,
    /// The parent's relation.
    pub(super) has: Option<&'static str>,
    pub(super) one: bool,
    pub(super) required: bool,
    pub(super) delete: bool,
    pub(super) orphan: bool,
}

/// A many-to-many relation.
pub(super) struct PairFacts {
    pub(super) owner: usize,
    pub(super) target: usize,
    pub(super) name: &'static str,
    pub(super) inverse: Option<&'static str>,
    pub(super) table: &'static str,
}

pub(super) const TEAM: usize = 0;
pub(super) const ROOM: usize = 1;
pub(super) const USER: usize = 2;
pub(super) const PROFILE: usize = 3;
pub(super) const LOCKER: usize = 4;
pub(super) const POST: usize = 5;
pub(super) const TAG: usize = 6;
pub(super) const VOTE: usize = 7;
pub(super) const NOTE: usize = 8;
pub(super) const BADGE: usize = 9;
pub(super) const AVATAR: usize = 10;

const fn class(
    name: &'static str,
    table: &'static str,
    columns: &'static [&'static str],
    key: &'static [usize],
    auto: bool,
) -> ClassFacts {
    ClassFacts { name, table, columns, key, auto }
}

/// `val` is a plain column everywhere, at 0 or later; CHECK keeps it from being negative in users.
pub(super) const CLASSES: [ClassFacts; 11] = [
    class("Team", "teams", &["id", "val"], &[0], true),
    class("Room", "rooms", &["building", "number", "val"], &[0, 1], false),
    class("User", "users", &["id", "val", "email", "team_id", "building", "room"], &[0], true),
    class("Profile", "profiles", &["id", "val", "user_id"], &[0], true),
    class("Locker", "lockers", &["id", "val", "owner_id"], &[0], true),
    class("Post", "posts", &["id", "val", "author_id", "parent_id", "reviewer_id"], &[0], true),
    class("Tag", "tags", &["name", "val"], &[0], false),
    class("Vote", "votes", &["user_id", "post_id", "val"], &[0, 1], false),
    class("Note", "notes", &["id", "val", "user_id"], &[0], true),
    class("Badge", "badges", &["id", "val", "user_id"], &[0], true),
    class("Avatar", "avatars", &["id", "val", "user_id"], &[0], true),
];

#[rustfmt::skip]
pub(super) const REFERENCES: [ReferenceFacts; 12] = [
    reference(USER, TEAM, &[3], Some("team"), Some("members"), ""),
    reference(USER, ROOM, &[4, 5], Some("place"), Some("occupants"), ""),
    reference(PROFILE, USER, &[2], Some("user"), Some("profile"), "one required delete orphan"),
    reference(LOCKER, USER, &[2], Some("owner"), Some("locker"), "one"),
    reference(POST, USER, &[2], Some("author"), Some("posts"), "required"),
    reference(POST, POST, &[3], Some("parent"), Some("replies"), "delete"),
    reference(POST, USER, &[4], Some("reviewer"), None, ""),
    reference(VOTE, USER, &[0], Some("user"), Some("votes"), "required delete"),
    reference(VOTE, POST, &[1], Some("post"), Some("votes"), "required delete orphan"),
    reference(NOTE, USER, &[2], Some("user"), Some("notes"), "delete orphan"),
    reference(BADGE, USER, &[2], None, Some("badges"), ""),
    reference(AVATAR, USER, &[2], None, Some("avatar"), "one"),
];

pub(super) const PAIRS: [PairFacts; 2] = [
    PairFacts { owner: POST, target: TAG, name: "tags", inverse: Some("posts"), table: "post_tags" },
    PairFacts { owner: POST, target: USER, name: "watchers", inverse: None, table: "watching" },
];

const fn reference(
    child: usize,
    parent: usize,
    columns: &'static [usize],
    belongs: Option<&'static str>,
    has: Option<&'static str>,
    words: &'static str,
) -> ReferenceFacts {
    ReferenceFacts {
        child,
        parent,
        columns,
        belongs,
        has,
        one: says(words, "one"),
        required: says(words, "required"),
        delete: says(words, "delete"),
        orphan: says(words, "orphan"),
    }
}

/// Whether one of the words stands in the list.
const fn says(words: &str, word: &str) -> bool {
    let (words, word) = (words.as_bytes(), word.as_bytes());
    let mut at = 0;
    while at + word.len() <= words.len() {
        let mut same = 0;
        while same < word.len() && words[at + same] == word[same] {
            same += 1;
        }
        if same == word.len() {
            return true;
        }
        at += 1;
    }
    false
}

/// The model made at run time, from the facts.
pub(super) fn at_run_time() -> Database {
    let classes = CLASSES.iter().enumerate().map(|(at, facts)| {
        let mut table = Table::new(facts.table);
        for (position, name) in facts.columns.iter().enumerate() {
            let text = matches!(*name, "email" | "building" | "name");
            let column = if text { Column::text(*name) } else { Column::int(*name) };
            let keys = REFERENCES.iter().filter(|it| it.child == at && it.columns.contains(&position));
            table = table.column(if keys.clone().any(|it| !it.required) { column.nullable() } else { column });
        }
        table = table.primary_key(facts.key.iter().map(|it| facts.columns[*it]));
        if facts.auto {
            table = table.auto();
        }
        if at == USER {
            table = table.unique(["email"]).check("val_not_negative", column("val").ge(0));
        }
        for it in REFERENCES.iter().filter(|it| it.child == at) {
            table = table.foreign_key(ForeignKey::new(
                it.columns.iter().map(|column| facts.columns[*column]),
                CLASSES[it.parent].table,
            ));
        }
        let mut class = Class::new(facts.name, table);
        for it in &REFERENCES {
            class = relations_of(at, it, class);
        }
        for it in &PAIRS {
            if it.owner == at {
                let mut relation = Relationship::many_to_many(it.name, CLASSES[it.target].name, it.table);
                if let Some(inverse) = it.inverse {
                    relation = relation.inverse(inverse);
                }
                class = class.relation(relation);
            }
            if let (true, Some(inverse)) = (it.target == at, it.inverse) {
                let relation = Relationship::many_to_many(inverse, CLASSES[it.owner].name, it.table);
                class = class.relation(relation.inverse(it.name));
            }
        }
        class
    });
    Database::with_classes(classes, []).expect("the model is sound")
}

fn relations_of(at: usize, it: &ReferenceFacts, mut class: Class) -> Class {
    let via: Vec<&str> = it.columns.iter().map(|column| CLASSES[it.child].columns[*column]).collect();
    if let (true, Some(name)) = (it.child == at, it.belongs) {
        let mut relation = Relationship::belongs_to(name, CLASSES[it.parent].name).via(via.clone());
        if let Some(inverse) = it.has {
            relation = relation.inverse(inverse);
        }
        class = class.relation(relation);
    }
    if let (true, Some(name)) = (it.parent == at, it.has) {
        let target = CLASSES[it.child].name;
        let relation = if it.one { Relationship::has_one(name, target) } else { Relationship::has_many(name, target) };
        let mut relation = relation.via(via);
        if let Some(inverse) = it.belongs {
            relation = relation.inverse(inverse);
        }
        let mut cascade = if it.delete { Cascade::ALL } else { Cascade::default() };
        if it.orphan {
            cascade = cascade | Cascade::DELETE_ORPHAN;
        }
        class = class.relation(relation.cascade(cascade));
    }
    class
}

/// The same model as a person would write it.
pub(super) fn derived() -> Database {
    use derived::*;
    Database::of::<(Team, Room, User, Profile, Locker, Post, Tag, Vote, Note, Badge, Avatar)>()
        .expect("the model is sound")
}

mod derived {
    use super::*;

    #[derive(Entity, Clone, Debug)]
    #[has_many(members: User, inverse = team)]
    pub(super) struct Team {
        #[key(auto)]
        id: Id<Team>,
        val: i64,
    }

    #[derive(Entity, Clone, Debug)]
    #[has_many(occupants: User, inverse = place)]
    pub(super) struct Room {
        #[key]
        building: String,
        #[key]
        number: i64,
        val: i64,
    }

    #[derive(Entity, Clone, Debug)]
    #[check(val_not_negative = column("val").ge(0))]
    #[foreign_key(via(building, room), references = Room)]
    #[belongs_to(team: Team, via = team_id, inverse = members)]
    #[belongs_to(place: Room, via(building, room), inverse = occupants)]
    #[has_one(profile: Profile, inverse = user, cascade(all, delete_orphan))]
    #[has_one(locker: Locker, inverse = owner)]
    #[has_many(posts: Post, inverse = author)]
    #[has_many(votes: Vote, inverse = user, cascade(all))]
    #[has_many(notes: Note, inverse = user, cascade(all, delete_orphan))]
    #[has_many(badges: Badge, via = user_id)]
    #[has_one(avatar: Avatar, via = user_id)]
    pub(super) struct User {
        #[key(auto)]
        id: Id<User>,
        val: i64,
        #[unique]
        email: String,
        #[references(Team)]
        team_id: Option<Id<Team>>,
        building: Option<String>,
        room: Option<i64>,
    }

    #[derive(Entity, Clone, Debug)]
    #[belongs_to(user: User, via = user_id, inverse = profile)]
    pub(super) struct Profile {
        #[key(auto)]
        id: Id<Profile>,
        val: i64,
        #[references(User)]
        user_id: Id<User>,
    }

    #[derive(Entity, Clone, Debug)]
    #[belongs_to(owner: User, via = owner_id, inverse = locker)]
    pub(super) struct Locker {
        #[key(auto)]
        id: Id<Locker>,
        val: i64,
        #[references(User)]
        owner_id: Option<Id<User>>,
    }

    #[derive(Entity, Clone, Debug)]
    #[belongs_to(author: User, via = author_id, inverse = posts)]
    #[belongs_to(parent: Post, via = parent_id, inverse = replies)]
    #[belongs_to(reviewer: User, via = reviewer_id)]
    #[has_many(replies: Post, inverse = parent, cascade(all))]
    #[has_many(votes: Vote, inverse = post, cascade(all, delete_orphan))]
    #[many_to_many(tags: Tag, through = "post_tags", inverse = posts)]
    #[many_to_many(watchers: User, through = "watching")]
    pub(super) struct Post {
        #[key(auto)]
        id: Id<Post>,
        val: i64,
        #[references(User)]
        author_id: Id<User>,
        #[references(Post)]
        parent_id: Option<Id<Post>>,
        #[references(User)]
        reviewer_id: Option<Id<User>>,
    }

    #[derive(Entity, Clone, Debug)]
    #[many_to_many(posts: Post, through = "post_tags", inverse = tags)]
    pub(super) struct Tag {
        #[key]
        name: String,
        val: i64,
    }

    #[derive(Entity, Clone, Debug)]
    #[belongs_to(user: User, via = user_id, inverse = votes)]
    #[belongs_to(post: Post, via = post_id, inverse = votes)]
    pub(super) struct Vote {
        #[key]
        #[references(User)]
        user_id: Id<User>,
        #[key]
        #[references(Post)]
        post_id: Id<Post>,
        val: i64,
    }

    #[derive(Entity, Clone, Debug)]
    #[belongs_to(user: User, via = user_id, inverse = notes)]
    pub(super) struct Note {
        #[key(auto)]
        id: Id<Note>,
        val: i64,
        #[references(User)]
        user_id: Option<Id<User>>,
    }

    #[derive(Entity, Clone, Debug)]
    pub(super) struct Badge {
        #[key(auto)]
        id: Id<Badge>,
        val: i64,
        #[references(User)]
        user_id: Option<Id<User>>,
    }

    #[derive(Entity, Clone, Debug)]
    pub(super) struct Avatar {
        #[key(auto)]
        id: Id<Avatar>,
        val: i64,
        #[references(User)]
        user_id: Option<Id<User>>,
    }
}
