//! Looking at a session without a statement and without a flush.

use rustc_hash::FxHashSet;

use super::{Attribute, Untyped};
use crate::error::Result;
use crate::id::RelationId;
use crate::object::history::Changes;
use crate::object::links::{Link, Since};
use crate::object::model::RelationModel;
use crate::object::reference::{AnyRef, ObjectKey};
use crate::object::state::State;
use crate::query::{Input, Select};
use crate::record::values;
use crate::value::Value;

/// What a session can say of one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// Its state.
    pub state: State,
    /// Whether a flush looks at it.
    pub in_session: bool,
    /// Whether the next flush deletes it.
    pub marked_deleted: bool,
    /// Whether the next flush would find something to write.
    pub modified: bool,
}

/// What a session holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// What the next flush inserts.
    pub new: Vec<AnyRef>,
    /// What has changed since it was read or flushed.
    pub dirty: Vec<AnyRef>,
    /// What the next flush deletes.
    pub deleted: Vec<AnyRef>,
    /// All objects with a row.
    pub persistent: Vec<AnyRef>,
}

/// One value in the history of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Of a column.
    Value(Value),
    /// Of a relation; `None` where a reference leads nowhere.
    Object(Option<AnyRef>),
}

/// What has happened to an attribute since the last flush.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// What came.
    pub added: Vec<Change>,
    /// What stayed.
    pub unchanged: Vec<Change>,
    /// What went.
    pub deleted: Vec<Change>,
}

impl Untyped<'_> {
    /// The state of an object, and what the next flush has to do with it.
    ///
    /// # Errors
    /// When the reference is stale or of another session.
    pub fn status(&mut self, object: AnyRef) -> Result<Status> {
        let key = self.session.check(object)?;
        let state = self.session.state(object)?;
        let ghost = self.session.exclusive().graph.objects[key].is_ghost();
        let marked_deleted = (state == State::Persistent || ghost) && self.session.is_marked_deleted(object)?;
        Ok(Status { state, in_session: state.lives() || ghost, marked_deleted, modified: self.is_modified(key) })
    }

    fn is_modified(&mut self, key: ObjectKey) -> bool {
        let core = self.session.exclusive();
        let object = &core.graph.objects[key];
        if object.state != State::Persistent || object.is_ghost() {
            return false;
        }
        let model = core.graph.model.clone();
        let class = model.class(object.class);
        if !core.graph.changed_columns(key).is_empty() {
            return true;
        }
        // What waits for a collection to be read may turn out to be no change, unless it is never read as a whole.
        class.relations.iter().any(|it| {
            let knows = it.lazy.is_never_loaded() || self.session.exclusive().graph.is_loaded(key, it.id);
            knows && self.changes(key, it).is_change()
        })
    }

    /// What has happened to a relation. SQLAlchemy finds out here who a partner was that was set without having been read.
    fn changes(&mut self, key: ObjectKey, relation: &RelationModel) -> Changes {
        let core = self.session.exclusive();
        let mut changes = core.graph.changes(key, relation.id);
        let unread = matches!(core.graph.link(key, relation.id), Link::One { since: Since::ChangedUnread, .. });
        let asks = unread && !relation.is_by_identity() && !core.graph.is_sound();
        if !asks || core.graph.objects[key].state != State::Persistent {
            return changes;
        }
        if let Ok(before) = core.quietly(|core| core.peek(key, relation)) {
            let (before, now) = (before.first().copied(), changes.added.first().copied());
            if before == now {
                return Changes { unchanged: now.into_iter().collect(), ..Changes::default() };
            }
            changes.removed = before.into_iter().collect();
        }
        changes
    }

    /// The key by which the session knows an object, if it has one.
    ///
    /// # Errors
    /// When the reference is stale or of another session.
    pub fn identity(&mut self, object: AnyRef) -> Result<Option<Vec<Value>>> {
        let (key, _) = self.resolve(object)?;
        Ok(self.session.exclusive().graph.identity(key).map(|it| it.to_values()))
    }

    /// The values of its key columns as the object shows them now.
    ///
    /// # Errors
    /// When the reference is stale or of another session.
    pub fn key_columns(&mut self, object: AnyRef) -> Result<Vec<Value>> {
        let (key, class) = self.resolve(object)?;
        let model = self.session.model().clone();
        let columns = &model.class(class).key;
        let row = self.session.exclusive().graph.row(key).cloned();
        let value = |row: &crate::record::Row| columns.iter().map(|it| row.get(*it).to_value()).collect();
        Ok(row.as_ref().map_or_else(|| vec![Value::Null; columns.len()], value))
    }

    /// All that the session holds.
    pub fn contents(&mut self) -> Contents {
        let all: Vec<ObjectKey> = self.session.exclusive().graph.objects.keys().collect();
        // Who asks may read who a partner was, which is held then, too.
        let modified: FxHashSet<ObjectKey> = all.into_iter().filter(|it| self.is_modified(*it)).collect();
        let keys: Vec<(ObjectKey, State, bool)> = {
            let graph = &self.session.exclusive().graph;
            // In the manner of SQLAlchemy a new object replaces one that was read in the midst of the flush of its row.
            let lists = |key| graph.is_sound() || graph.stands(key);
            let objects = graph.objects.iter().filter(|(key, it)| it.state != State::Persistent || lists(*key));
            objects.map(|(key, it)| (key, it.state, it.marked)).collect()
        };
        let mut contents = Contents::default();
        for (key, state, marked) in keys {
            let object = self.session.refer(key);
            match state {
                State::Pending => contents.new.push(object),
                State::Persistent => {
                    contents.persistent.push(object);
                    if marked {
                        contents.deleted.push(object);
                    } else if modified.contains(&key) {
                        contents.dirty.push(object);
                    }
                }
                State::Transient | State::Deleted | State::Detached => {}
            }
        }
        contents
    }

    /// What has happened to an attribute since it was read or flushed, as far as is known without reading.
    ///
    /// # Errors
    /// When there is no such attribute.
    pub fn history(&mut self, object: AnyRef, attribute: &str) -> Result<History> {
        let (key, attribute) = self.attribute(object, attribute)?;
        let graph = &self.session.exclusive().graph;
        let column = match attribute {
            Attribute::Column(column) => column,
            Attribute::Relation { relation, .. } => return Ok(self.relation_history(key, relation)),
        };
        let of = |row: &crate::record::Row| Change::Value(row.get(column).to_value());
        let unset = graph.extra(key).is_some_and(|it| it.unset.contains(&column));
        let unread = graph.extra(key).is_some_and(|it| it.unread.contains(&column));
        let has = graph.has_column(key, column);
        let now = graph.row(key).filter(|_| has).map(of);
        let before = graph.original(key).filter(|_| !unread && (has || unset)).map(of);
        if !graph.has_identity(key) || unread {
            return Ok(History { added: now.into_iter().collect(), ..History::default() });
        }
        Ok(match (now, before) {
            (Some(now), Some(before)) if now != before => {
                History { added: vec![now], unchanged: Vec::new(), deleted: vec![before] }
            }
            (None, Some(before)) if unset => History { deleted: vec![before], ..History::default() },
            (now, _) => History { unchanged: now.into_iter().collect(), ..History::default() },
        })
    }

    fn relation_history(&mut self, key: ObjectKey, relation: RelationId) -> History {
        let graph = &self.session.exclusive().graph;
        let model = graph.model.clone();
        let class = graph.objects[key].class;
        if !graph.is_loaded(key, relation) && !model.relation(class, relation).lazy.is_never_loaded() {
            return History::default();
        }
        let many = model.relation(class, relation).join.is_many();
        let changes = self.changes(key, model.relation(class, relation));
        let refer =
            |it: Vec<ObjectKey>| it.into_iter().map(|it| Change::Object(Some(self.session.refer(it)))).collect();
        let none = |on: bool| if on { vec![Change::Object(None)] } else { Vec::new() };
        let is_none = !many && changes == Changes::default();
        let added = [refer(changes.added), none(changes.to_none)].concat();
        let unchanged = [refer(changes.unchanged), none(is_none)].concat();
        History { added, unchanged, deleted: refer(changes.removed) }
    }

    /// The rows of a table as the open transaction sees them, without a flush, ordered by their key, and then by all
    /// their columns.
    ///
    /// # Errors
    /// When there is no such table.
    pub fn rows(&mut self, table: &str) -> Result<Vec<Vec<Value>>> {
        let connection = &mut self.session.exclusive().connection;
        let schema = connection.schema().clone();
        let key = schema.table_named(table)?.primary_key().map(|it| it.columns.clone()).unwrap_or_default();
        let prepared = connection.prepare(Select::from(table.to_owned()).into())?;
        let found = connection.run(&prepared, Input::Values(&[]))?;
        let mut rows: Vec<Vec<Value>> = found.rows.into_rows().map(|it| values(&*it)).collect();
        let by_key = |row: &Vec<Value>| key.iter().map(|it| row[it.index()].clone()).collect::<Vec<_>>();
        rows.sort_by(|a, b| by_key(a).cmp(&by_key(b)).then_with(|| a.cmp(b)));
        Ok(rows)
    }
}
