//! What a session holds behind its borrow: the graph, the connection, and what the open transaction has done to objects.

use std::sync::{Arc, OnceLock};

use crate::error::{Misuse, Result, RowFact};
use crate::id::ClassId;
use crate::object::compact::Object;
use crate::object::graph::Graph;
use crate::object::identity::Identity;
use crate::object::model::Model;
use crate::object::reference::ObjectKey;
use crate::object::state::State;
use crate::query::{Connection, Input, Places, Prepared, Select, Statement};
use crate::value::Value;

/// The parts of a session that move.
pub(in crate::object) struct Core {
    pub(in crate::object) graph: Graph,
    pub(in crate::object) connection: Box<dyn Connection + Send>,
    /// One for the transaction and one for each savepoint in it.
    pub(in crate::object) frames: Vec<Frame>,
    pub(in crate::object) autoflush: bool,
    pub(in crate::object) expire_on_commit: bool,
    /// Where the last query found its rows; kept for its room, and for the version, which is mostly the next one's too.
    pub(in crate::object) found: Places,
}

/// What flushes did to objects since a transaction or savepoint began, so that a rollback can take it back.
#[derive(Default)]
pub(in crate::object) struct Frame {
    /// Objects that were inserted, and whether the table gave their key.
    pub(in crate::object) inserted: Vec<(ObjectKey, bool)>,
    /// Objects that were deleted.
    pub(in crate::object) deleted: Vec<ObjectKey>,
    /// Objects that had another key before.
    pub(in crate::object) rekeyed: Vec<(ObjectKey, Identity)>,
}

impl Frame {
    /// What a later frame did, after what this one did.
    pub(in crate::object) fn extend(&mut self, later: Frame) {
        self.inserted.extend(later.inserted);
        self.deleted.extend(later.deleted);
        self.rekeyed.extend(later.rekeyed);
    }
}

impl Core {
    pub(in crate::object) fn new(model: Arc<Model>, connection: Box<dyn Connection + Send>) -> Self {
        Core {
            graph: Graph::new(model),
            connection,
            frames: vec![Frame::default()],
            autoflush: true,
            expire_on_commit: true,
            found: Places::default(),
        }
    }

    pub(in crate::object) fn frame(&mut self) -> &mut Frame {
        if self.frames.is_empty() {
            self.frames.push(Frame::default());
        }
        let last = self.frames.len() - 1;
        &mut self.frames[last]
    }

    /// The statement that a slot of the model remembers, prepared when it is first needed.
    pub(in crate::object) fn prepared(
        &mut self,
        slot: &OnceLock<Prepared>,
        statement: impl FnOnce() -> Statement,
    ) -> Result<Prepared> {
        if let Some(prepared) = slot.get() {
            return Ok(prepared.clone());
        }
        let prepared = self.connection.prepare(statement())?;
        Ok(slot.get_or_init(|| prepared).clone())
    }

    /// An object that is there.
    pub(in crate::object) fn object(&self, key: ObjectKey) -> Result<&Object> {
        self.graph.objects.get(key).ok_or_else(|| Misuse::StaleReference { class: "object".to_owned() }.into())
    }

    /// An object whose row is at hand, read again if it was expired.
    pub(in crate::object) fn fresh(&mut self, key: ObjectKey) -> Result<&mut Object> {
        if self.object(key)?.lacks_row() {
            self.refresh(key)?;
        }
        Ok(&mut self.graph.objects[key])
    }

    /// Reads an object's row again.
    pub(in crate::object) fn refresh(&mut self, key: ObjectKey) -> Result<()> {
        let object = self.object(key)?;
        let (class, state) = (object.class, object.state);
        let Some(identity) = self.graph.identity_of(object).filter(|_| state == State::Persistent) else {
            let wanted = "only an object that has a row can be read again";
            return Err(Misuse::State { object: self.graph.name(key), state: state.name(), wanted }.into());
        };
        self.fetch(class, &identity.to_values())?;
        if self.graph.put_first(key, &mut self.found) {
            return Ok(());
        }
        let table = self.graph.model.class(class).table.to_string();
        Err(Misuse::NotFound { row: RowFact { table, key: identity.to_values() } }.into())
    }

    /// Finds the row with this key, by a statement. The model and the statement are borrowed and not shared: two reference
    /// counts up and down would be a fifth of what such a lookup costs.
    fn fetch(&mut self, class: ClassId, key: &[Value]) -> Result<()> {
        let Core { graph, connection, found, .. } = self;
        let class = graph.model.class(class);
        let prepared = match class.by_key.get() {
            Some(prepared) => prepared,
            None => {
                let select = Select::from(class.table.clone()).by_keys(class.names(&class.key));
                let prepared = connection.prepare(select.into())?;
                class.by_key.get_or_init(|| prepared)
            }
        };
        connection.locate(prepared, Input::Keys(key), found)
    }

    /// The object with this key: the one the session knows, or else by a statement.
    pub(in crate::object) fn find(&mut self, class: ClassId, key: &[Value]) -> Result<Option<ObjectKey>> {
        let Some(identity) = Identity::from_values(key) else { return Ok(None) };
        if let Some(known) = self.graph.known(class, &identity) {
            return self.still_there(known);
        }
        if self.wants_flush() {
            self.flush()?;
            if let Some(known) = self.graph.known(class, &identity) {
                return self.still_there(known);
            }
        }
        self.fetch(class, key)?;
        Ok(self.graph.meet_first(class, &mut self.found))
    }

    /// An object that the session knows, unless it was expired and its row has gone since.
    fn still_there(&mut self, key: ObjectKey) -> Result<Option<ObjectKey>> {
        match self.fresh(key) {
            Ok(_) => Ok(Some(key)),
            Err(error) if matches!(error.misuse(), Some(Misuse::NotFound { .. })) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether something is pending that a statement ought to see.
    #[inline]
    pub(in crate::object) fn wants_flush(&self) -> bool {
        self.autoflush && !self.graph.touched.is_empty()
    }

    /// Lets an object forget what it has read. Changes that were not flushed are lost, on both sides of its relations;
    /// a reference that another object holds is that object's own.
    pub(in crate::object) fn expire(&mut self, key: ObjectKey) {
        if self.graph.objects.get(key).is_none_or(|it| it.state != State::Persistent) {
            return;
        }
        self.graph.take_back_links(key);
        self.graph.forget_row(key);
        self.graph.objects[key].marked = false;
    }

    /// Lets every object forget what it has read.
    pub(in crate::object) fn expire_all(&mut self) {
        for at in 0..self.graph.touched.len() {
            self.expire(self.graph.touched[at]);
        }
        self.graph.forget_all_rows();
        self.found.let_go();
    }

    /// Takes an object out of the session; references to it are refused from now on, and relations forget it, with what
    /// was pending between it and others.
    pub(in crate::object) fn let_go(&mut self, key: ObjectKey) {
        match self.graph.objects.get(key).map(|it| it.state) {
            Some(State::Pending) => self.graph.forget_pending(&[key]),
            Some(_) => self.expire(key),
            None => return,
        }
        self.graph.forget_links_to(key);
        if self.graph.objects[key].touched {
            self.graph.touched.retain(|it| *it != key);
        }
        self.graph.remove_object(key);
    }
}
