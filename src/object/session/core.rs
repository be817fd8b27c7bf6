//! What a session holds behind its borrow: the graph, the connection, and what the open transaction has done to objects.

use std::sync::{Arc, OnceLock};

use rustc_hash::{FxHashMap, FxHashSet};

use super::meanwhile::meanwhile;
use crate::error::{Misuse, Result, RowFact};
use crate::id::{ClassId, ColumnId, RelationId};
use crate::object::class::Cascade;
use crate::object::compact::Object;
use crate::object::diagnosis::{Budget, Ledger, Noted, Spending};
use crate::object::graph::Graph;
use crate::object::identity::Identity;
use crate::object::listen::Listeners;
use crate::object::load::{Notes, Peers, Plan};
use crate::object::model::Model;
use crate::object::reference::{ObjectKey, SessionId};
use crate::object::select::KnownQueries;
use crate::object::state::State;
use crate::object::surplus::Surplus;
use crate::object::trace::Trace;
use crate::query::{Acted, Connection, Input, Places, Prepared, Select, Statement};
use crate::value::Value;

/// The parts of a session that move.
pub(in crate::object) struct Core {
    pub(in crate::object) graph: Graph,
    pub(in crate::object) connection: Box<dyn Connection + Send>,
    /// One for the transaction and one for each savepoint in it.
    pub(in crate::object) frames: Vec<Frame>,
    pub(in crate::object) autoflush: bool,
    pub(in crate::object) expire_on_commit: bool,
    /// Whether the transaction goes on.
    pub(in crate::object) standing: Standing,
    /// How many statements had been run when the transaction before ended.
    pub(in crate::object) ended_at: u64,
    /// Where the last query found its rows; kept for its room, and for the version, which is mostly the next one's too.
    pub(in crate::object) found: Places,
    /// The objects that the last look-up by key made; kept for its room.
    pub(in crate::object) met: Vec<ObjectKey>,
    /// What queries have asked to be loaded behind the objects that they brought.
    pub(in crate::object) notes: Notes,
    /// Which objects came together, if the session wants that kept.
    pub(in crate::object) peers: Peers,
    /// Who is told what happens, and the session that they speak of.
    pub(in crate::object) listeners: Listeners,
    pub(in crate::object) session: Option<SessionId>,
    /// How relations are read that nobody asked anything of.
    pub(in crate::object) plans: FxHashMap<(ClassId, RelationId), Arc<Plan>>,
    /// The queries that were asked before.
    pub(in crate::object) known: KnownQueries,
    /// How the unit of work comes to objects, where somebody wants to know.
    pub(in crate::object) trace: Option<Trace>,
    /// Whether somebody has asked for statements, and so for whom they run.
    pub(in crate::object) is_watched: bool,
    /// The rows that foreign key actions have changed in the step of the flush that runs.
    pub(in crate::object) acted: Vec<Acted>,
    /// What was read and why, if that is kept.
    pub(in crate::object) ledger: Option<Box<Ledger>>,
    /// Where several rows were found and one was to be, if that is no error.
    pub(in crate::object) surplus: Option<Vec<Surplus>>,
    /// The most that a load may bring, and what the one that is under way has brought.
    pub(in crate::object) budget: Option<Budget>,
    pub(in crate::object) spending: Option<Box<Spending>>,
}

/// How a session behaves where a sound unit of work and that of SQLAlchemy differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Manner {
    /// A flush orders its statements by what they need of each other, unique values included, and breaks rings where a
    /// foreign key may be NULL or is judged at commit. If it fails, session and transaction are as before.
    #[default]
    Sound,
    /// As SQLAlchemy does, for those who compare or port: rows are written one by one, inserts before deletes; objects
    /// that need each other are refused unless a relation says `post_update`; a flush that fails rolls the transaction
    /// or savepoint back, and the session does nothing before `rollback`.
    SqlAlchemy,
}

/// Whether a transaction goes on. A sound session's always does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::object) enum Standing {
    /// It does.
    Active,
    /// A flush has failed.
    Failed,
    /// The database has refused to commit it.
    Refused,
}

/// What flushes did to objects since a transaction or savepoint began, so that a rollback can take it back.
#[derive(Default)]
pub(in crate::object) struct Frame {
    /// Objects that were inserted.
    pub(in crate::object) inserted: Vec<ObjectKey>,
    /// Those of them whose keys their tables gave.
    pub(in crate::object) generated: Vec<ObjectKey>,
    /// Objects that were deleted.
    pub(in crate::object) deleted: Vec<ObjectKey>,
    /// Objects that had another key before.
    pub(in crate::object) rekeyed: Vec<(ObjectKey, Identity)>,
    /// Objects that a flush has written; of interest in savepoints only.
    pub(in crate::object) written: FxHashSet<ObjectKey>,
    /// Whether objects were let go of meanwhile: what was written of them is not known any more.
    pub(in crate::object) let_go: bool,
    /// How often the session had changed rows before.
    pub(in crate::object) changes: u64,
}

impl Frame {
    /// What this frame did, and a later one after it.
    pub(in crate::object) fn before(mut self, later: Frame) -> Frame {
        self.extend(later);
        self
    }

    /// What a later frame did, after what this one did.
    pub(in crate::object) fn extend(&mut self, later: Frame) {
        self.inserted.extend(later.inserted);
        self.generated.extend(later.generated);
        self.deleted.extend(later.deleted);
        self.rekeyed.extend(later.rekeyed);
        self.written.extend(later.written);
        self.let_go |= later.let_go;
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
            standing: Standing::Active,
            ended_at: 0,
            found: Places::default(),
            met: Vec::new(),
            notes: Notes::default(),
            peers: Peers::default(),
            listeners: Listeners::default(),
            session: None,
            plans: FxHashMap::default(),
            known: KnownQueries::default(),
            trace: None,
            is_watched: false,
            acted: Vec::new(),
            ledger: None,
            surplus: None,
            budget: None,
            spending: None,
        }
    }

    pub(in crate::object) fn frame(&mut self) -> &mut Frame {
        if self.frames.is_empty() {
            self.frames.push(Frame::default());
        }
        let last = self.frames.len() - 1;
        &mut self.frames[last]
    }

    /// Notes which line of the program is served now; the log of statements is told if anybody wants to know.
    #[inline]
    pub(in crate::object) fn called_from(&mut self, caller: &'static std::panic::Location<'static>) {
        self.graph.line = Some(caller);
        if self.is_watched {
            self.connection.log().set_caller(Some(caller));
        }
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
    #[inline]
    pub(in crate::object) fn object(&self, key: ObjectKey) -> Result<&Object> {
        self.graph.objects.get(key).ok_or_else(|| Misuse::StaleReference { class: "object".to_owned() }.into())
    }

    /// Whether something is pending that a statement ought to see.
    #[inline]
    pub(in crate::object) fn wants_flush(&self) -> bool {
        self.autoflush && !self.graph.touched.is_empty()
    }

    /// What comes before every statement that reads: a flush, if the session flushes by itself.
    #[inline]
    pub(in crate::object) fn before_query(&mut self) -> Result<()> {
        self.check_active()?;
        if self.wants_flush() { self.noted(Noted::Autoflush, Core::flush) } else { Ok(()) }
    }

    /// The same before an object's own row is read, if it has none at hand. The flush may have deleted it.
    pub(in crate::object) fn before_reading(&mut self, key: ObjectKey) -> Result<()> {
        let lacked = self.graph.objects[key].lacks_row();
        if !self.graph.is_sound() && self.graph.objects[key].state == State::Detached {
            self.check_readable(key)?;
        }
        self.before_query()?;
        if lacked && self.graph.objects[key].state == State::Deleted {
            return Err(self.gone(key));
        }
        if lacked && !self.graph.is_sound() && !self.graph.objects[key].lacks_row() {
            // SQLAlchemy had decided to read it, and takes what the flush has read on the way for as old as the rows were.
            self.forget_what_rows_bring(key);
        }
        Ok(())
    }

    /// The same before what is missing of an object's row is read.
    pub(in crate::object) fn before_reading_rest(&mut self, key: ObjectKey) -> Result<()> {
        self.check_readable(key)?;
        let expired = match self.graph.extra(key) {
            Some(extra) if self.wants_flush() && !self.graph.is_sound() => extra.expired.clone(),
            _ => return self.before_query(),
        };
        self.before_query()?;
        match self.graph.objects[key].state {
            State::Deleted => Err(self.gone(key)),
            _ => {
                self.expire_columns(key, &expired);
                Ok(())
            }
        }
    }

    /// Whether the transaction goes on.
    #[inline]
    pub(in crate::object) fn check_active(&self) -> Result<()> {
        match self.standing {
            Standing::Active => Ok(()),
            Standing::Failed => Err(Misuse::Inactive.into()),
            Standing::Refused => Err(Misuse::CommitRefused.into()),
        }
    }

    /// Does something without flushing before it reads.
    pub(in crate::object) fn quietly<T>(&mut self, work: impl FnOnce(&mut Core) -> Result<T>) -> Result<T> {
        meanwhile(self, |core| &mut core.autoflush, false, work)
    }

    /// Finds the row with this key, by a statement. The model and the statement are borrowed and not shared: two reference
    /// counts up and down would be a fifth of what such a lookup costs.
    pub(in crate::object) fn fetch(&mut self, class: ClassId, key: &[Value]) -> Result<()> {
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

    /// An object that the session knows, unless it is of another class, or was expired and its row has gone since. Where
    /// its row is that of another object of the class by now, it is that one.
    pub(in crate::object) fn still_there(&mut self, class: ClassId, key: ObjectKey) -> Result<Option<ObjectKey>> {
        if !self.graph.is_a(key, class) {
            return Ok(None);
        }
        if !self.graph.objects[key].lacks_row() {
            return Ok(Some(key));
        }
        match self.before_reading(key).and_then(|()| self.fresh(key).map(drop)) {
            Ok(()) => Ok(Some(key)),
            Err(error) if error.misuse().is_some_and(Misuse::is_gone) => {
                if self.graph.objects[key].state != State::Deleted {
                    self.graph.note_gone(key);
                    self.frame().deleted.push(key);
                }
                let identity = self.graph.identity(key).filter(|_| self.graph.objects[key].class != class);
                match (self.stands_for(key), identity) {
                    (Some(other), _) => Ok(Some(other).filter(|it| self.graph.is_a(*it, class))),
                    // It may be of the class that is asked for, and none of the case that it was.
                    (None, Some(identity)) => self.find(class, &identity.to_values()),
                    (None, None) => Ok(None),
                }
            }
            Err(error) => Err(error),
        }
    }

    /// Lets an object forget what it has read, and what its refresh-expire cascades reach. Changes that were not flushed
    /// are lost.
    pub(in crate::object) fn expire(&mut self, key: ObjectKey) -> Result<()> {
        self.check_persistent(key)?;
        let reached = self.graph.reach(key, Cascade::REFRESH_EXPIRE, |_, _| true);
        self.graph.expire_one(key);
        self.notes.forget_single(key);
        for it in reached {
            match self.graph.objects[it].state {
                State::Persistent => self.graph.expire_one(it),
                State::Pending => self.graph.change_state(it, State::Transient),
                _ => {}
            }
        }
        Ok(())
    }

    pub(in crate::object) fn check_persistent(&self, key: ObjectKey) -> Result<()> {
        let state = self.object(key)?.state;
        if state == State::Persistent {
            return Ok(());
        }
        let wanted = "only an object that has a row, and is in the session, can be read again";
        Err(Misuse::State { object: self.graph.name(key), state: state.name(), wanted }.into())
    }

    /// Lets every object forget what it has read.
    pub(in crate::object) fn expire_all(&mut self) {
        self.notes.forget_all_single();
        self.graph.forget_all_rows();
        self.found.let_go();
    }

    /// Another object that the session knows by the key of this one.
    fn stands_for(&self, key: ObjectKey) -> Option<ObjectKey> {
        let identity = self.graph.identity(key)?;
        self.graph.known(self.graph.objects[key].class, &identity).filter(|it| *it != key)
    }

    /// The error of a row that is not there any more, or is one of another class.
    pub(in crate::object) fn gone(&self, key: ObjectKey) -> crate::error::Error {
        if let Some(other) = self.stands_for(key).filter(|it| !self.is_met_as(key, self.graph.objects[*it].class)) {
            let class = self.graph.model.class(self.graph.objects[other].class).name.clone();
            return Misuse::IsAnother { object: self.graph.name(key), class }.into();
        }
        let table = self.graph.model.class(self.graph.objects[key].class).table.to_string();
        let key = self.graph.identity(key).map(|it| it.to_values()).unwrap_or_default();
        Misuse::NotFound { row: RowFact { table, key } }.into()
    }

    /// Takes an object out of the session for good; references to it are refused from now on, and relations forget it.
    pub(in crate::object) fn let_go(&mut self, key: ObjectKey) {
        if !self.graph.objects.contains_key(key) {
            return;
        }
        if self.graph.is_sound() {
            if self.graph.objects[key].state == State::Pending {
                self.graph.forget_new(&[key]);
            }
            self.graph.take_back_links(key);
        }
        self.frames.iter_mut().for_each(|it| it.let_go = true);
        self.graph.parents.forget_parents(|it| it == key);
        self.graph.expunge_one(key);
        self.graph.forget_links_to(key);
        if self.graph.objects[key].touched {
            self.graph.touched.remove(key);
        }
        self.graph.remove_object(key);
        self.notes.remove(key);
        self.peers.remove(key);
    }

    /// The values of some columns of an object, read if need be.
    pub(in crate::object) fn scalars(&mut self, key: ObjectKey, columns: &[ColumnId]) -> Result<Vec<Value>> {
        // Who reads the row for its key, as SQLAlchemy does, also notices that it is gone, and loads what is eager.
        if self.graph.is_sound()
            && self.object(key)?.lacks_row()
            && self.graph.model.class(self.graph.objects[key].class).key == columns
            && let Some(identity) = self.graph.identity(key)
        {
            return Ok(identity.to_values());
        }
        columns.iter().map(|&it| self.column(key, it)).collect()
    }
}
