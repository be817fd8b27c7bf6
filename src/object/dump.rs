//! What a session holds as a value that prints: objects, and where their relations lead.

use std::fmt;

use rustc_hash::FxHashMap;

use super::graph::Graph;
use super::links::Link;
use super::model::RelationModel;
use super::reference::ObjectKey;
use super::session::{Core, Session};
use super::state::State;
use crate::id::ColumnId;
use crate::value::Value;

/// The graph that a session holds: each of its objects once, by class in the order of declaration and by key. Where a
/// relation leads is said by name, so a ring ends where it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct GraphDump {
    /// Its objects: what is pending, what is persistent, and what the transaction has deleted.
    pub objects: Vec<DumpedObject>,
}

/// One object.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DumpedObject {
    /// What it is called here: `Post[1]` by its class and key, or `Post(new 1)` as long as it has none.
    pub name: String,
    /// Its class.
    pub class: String,
    /// The key by which the session knows it.
    pub key: Option<Vec<Value>>,
    /// Its state.
    pub state: State,
    /// Its columns. What is not there has to be read first, or the flush computes it.
    pub columns: Vec<(String, Option<Value>)>,
    /// Its relations.
    pub relations: Vec<(String, DumpedRelation)>,
}

/// Where a relation leads, as far as the session knows without a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum DumpedRelation {
    /// It was not loaded; a collection has its changes nevertheless.
    NotLoaded {
        /// Whom the next flush adds.
        added: Vec<String>,
        /// Whom it takes out.
        removed: Vec<String>,
    },
    /// To one object, or to none.
    One(Option<String>),
    /// To all of these, in this order.
    Many(Vec<String>),
    /// To these, as far as the query has asked for them; there may be others.
    Part(Vec<String>),
}

impl Session {
    /// The graph that the session holds, as a value that prints: the objects' view of what
    /// [`Database::dump_rows`](crate::Database::dump_rows) shows as rows. It runs no statement, so it says of what was
    /// not loaded that it was not.
    ///
    /// ```
    /// use diptych::prelude::*;
    ///
    /// #[derive(Entity, Clone, Debug)]
    /// #[has_many(posts: Post, inverse = author)]
    /// struct User { #[key(auto)] id: Id<User>, name: String }
    ///
    /// #[derive(Entity, Clone, Debug)]
    /// #[belongs_to(author: User, inverse = posts)]
    /// #[many_to_many(tags: Tag, through = "post_tags")]
    /// struct Post { #[key(auto)] id: Id<Post>, #[references(User)] author_id: Id<User>, title: String }
    ///
    /// #[derive(Entity, Clone, Debug)]
    /// struct Tag { #[key] name: String }
    ///
    /// # fn main() -> Result<()> {
    /// let database = Database::of::<(User, Post, Tag)>()?;
    /// database.transaction(|session| {
    ///     let ada = session.add(User { name: "Ada".into(), ..User::draft() });
    ///     let notes = session.push(ada, User::posts, Post { title: "Notes".into(), ..Post::draft() })?;
    ///     session.push(notes, Post::tags, Tag { name: "engines".into() }).map(drop)
    /// })?;
    ///
    /// let mut session = database.session();
    /// session.all(User::select().with(User::posts.selectin()))?;
    /// assert_eq!(session.dump_graph().to_string(), "\
    /// User[1]
    ///    id = 1, name = 'Ada'
    ///    posts: Post[1]
    /// Post[1]
    ///    id = 1, author_id = 1, title = 'Notes'
    ///    author: User[1]
    ///    tags: not loaded
    /// ");
    /// assert_eq!(database.dump_rows().to_string(), "\
    /// users
    ///    id | name
    ///    1  | 'Ada'
    /// posts
    ///    id | author_id | title
    ///    1  | 1         | 'Notes'
    /// tags
    ///    name
    ///    'engines'
    /// post_tags
    ///    post_id | tag_name
    ///    1       | 'engines'
    /// ");
    /// # Ok(())
    /// # }
    /// ```
    pub fn dump_graph(&self) -> GraphDump {
        self.core.borrow().dump()
    }
}

impl GraphDump {
    /// An object by its name.
    pub fn object(&self, name: &str) -> Option<&DumpedObject> {
        self.objects.iter().find(|it| it.name == name)
    }
}

impl DumpedObject {
    /// Where a relation leads.
    pub fn relation(&self, name: &str) -> Option<&DumpedRelation> {
        self.relations.iter().find(|it| it.0 == name).map(|it| &it.1)
    }
}

impl Core {
    fn dump(&self) -> GraphDump {
        let graph = &self.graph;
        let belongs = |state: State| state.lives() || state == State::Deleted;
        let mut keys: Vec<ObjectKey> =
            graph.objects.iter().filter(|(_, it)| belongs(it.state)).map(|(key, _)| key).collect();
        // The sort keeps the order of those without a key: the one in which they came.
        keys.sort_by_cached_key(|&it| {
            let key = graph.identity(it).map(|it| it.to_values());
            (graph.objects[it].class, key.is_none(), key)
        });
        let names = Names::of(graph, &keys);
        GraphDump { objects: keys.into_iter().map(|it| self.dump_object(it, &names)).collect() }
    }

    fn dump_object(&self, key: ObjectKey, names: &Names<'_>) -> DumpedObject {
        let graph = &self.graph;
        let class = graph.model.class(graph.objects[key].class);
        let column = |(at, name): (usize, &crate::schema::Name)| {
            (name.to_string(), graph.value_at_hand(key, ColumnId::new(at as u16)))
        };
        DumpedObject {
            name: names.name(key),
            class: class.name.clone(),
            key: graph.identity(key).map(|it| it.to_values()),
            state: graph.objects[key].state,
            columns: class.columns.iter().enumerate().map(column).collect(),
            relations: class.relations.iter().map(|it| (it.name.clone(), self.dump_relation(key, it, names))).collect(),
        }
    }

    fn dump_relation(&self, key: ObjectKey, relation: &RelationModel, names: &Names<'_>) -> DumpedRelation {
        let all = |keys: &[ObjectKey]| keys.iter().map(|&it| names.name(it)).collect();
        let known = match relation.join.is_many() {
            true => self.loaded_many(key, relation.id).map(|it| DumpedRelation::Many(all(&it))),
            false => self.loaded_one(key, relation).map(|it| DumpedRelation::One(it.map(|it| names.name(it)))),
        };
        let known = known.map(|it| match (self.graph.is_partial(key, relation.id), it) {
            (true, DumpedRelation::Many(members)) => DumpedRelation::Part(members),
            (true, DumpedRelation::One(target)) => DumpedRelation::Part(target.into_iter().collect()),
            (_, it) => it,
        });
        known.unwrap_or_else(|| match self.graph.link(key, relation.id) {
            Link::Many(collection) => DumpedRelation::NotLoaded {
                added: all(collection.queued_added()),
                removed: all(collection.queued_removed()),
            },
            Link::Unloaded | Link::One { .. } => DumpedRelation::NotLoaded { added: Vec::new(), removed: Vec::new() },
        })
    }
}

impl Graph {
    /// The value of a column, if it is known without reading; what was never given reads as NULL.
    fn value_at_hand(&self, key: ObjectKey, column: ColumnId) -> Option<Value> {
        if self.extra(key).is_some_and(|it| it.unset.contains(&column)) {
            return Some(Value::Null);
        }
        let row = self.row(key).filter(|_| self.has_column(key, column))?;
        Some(row.get(column).to_value())
    }
}

/// What objects are called: those without a key by numbers.
struct Names<'g> {
    graph: &'g Graph,
    numbers: FxHashMap<ObjectKey, usize>,
}

impl<'g> Names<'g> {
    /// Objects of the session have the first numbers; what is no part of it, but a relation leads there, comes behind.
    fn of(graph: &'g Graph, keys: &[ObjectKey]) -> Self {
        let mut numbers: FxHashMap<ObjectKey, usize> = FxHashMap::default();
        let mut of_class: FxHashMap<_, usize> = FxHashMap::default();
        for key in keys.iter().copied().chain(graph.objects.keys()) {
            if graph.identity(key).is_none() && !numbers.contains_key(&key) {
                let number = of_class.entry(graph.objects[key].class).or_default();
                *number += 1;
                numbers.insert(key, *number);
            }
        }
        Names { graph, numbers }
    }

    fn name(&self, key: ObjectKey) -> String {
        match self.numbers.get(&key) {
            Some(number) => format!("{}(new {number})", self.graph.model.class(self.graph.objects[key].class).name),
            None => self.graph.name(key),
        }
    }
}

impl fmt::Display for GraphDump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.objects.iter().try_for_each(|it| it.fmt(f))
    }
}

impl fmt::Display for DumpedObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.state {
            State::Persistent => writeln!(f, "{}", self.name)?,
            state => writeln!(f, "{}, {}", self.name, state.name())?,
        }
        if self.columns.iter().all(|it| it.1.is_none()) {
            writeln!(f, "   columns not loaded")?;
            return self.relations.iter().try_for_each(|(name, to)| writeln!(f, "   {name}: {to}"));
        }
        let column = |(name, value): &(String, Option<Value>)| match value {
            Some(value) => format!("{name} = {value}"),
            None => format!("{name} not loaded"),
        };
        writeln!(f, "   {}", self.columns.iter().map(column).collect::<Vec<_>>().join(", "))?;
        self.relations.iter().try_for_each(|(name, to)| writeln!(f, "   {name}: {to}"))
    }
}

impl fmt::Display for DumpedRelation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DumpedRelation::One(None) => f.write_str("none"),
            DumpedRelation::One(Some(name)) => f.write_str(name),
            DumpedRelation::Many(names) if names.is_empty() => f.write_str("empty"),
            DumpedRelation::Many(names) => f.write_str(&names.join(", ")),
            DumpedRelation::Part(names) if names.is_empty() => f.write_str("none of those that there are"),
            DumpedRelation::Part(names) => write!(f, "{}, of those that there are", names.join(", ")),
            DumpedRelation::NotLoaded { added, removed } => {
                f.write_str("not loaded")?;
                for (names, word) in [(added, "added"), (removed, "removed")] {
                    if !names.is_empty() {
                        write!(f, "; {word}: {}", names.join(", "))?;
                    }
                }
                Ok(())
            }
        }
    }
}
