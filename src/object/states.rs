//! Changes of state that are asked for: letting go of what was read, of the session, or of the row.

use super::class::Lazy;
use super::identity::Identity;
use super::links::Link;
use super::reference::ObjectKey;
use super::session::Core;
use super::state::State;
use crate::error::{Misuse, Result};
use crate::id::{ColumnId, RelationId};

impl Core {
    /// Lets an object forget some of its attributes, and what was not flushed of them.
    pub(super) fn expire_attributes(&mut self, key: ObjectKey, columns: &[ColumnId], relations: &[RelationId]) {
        let (model, class) = self.graph.class_of(key);
        for &relation in relations {
            self.note_expiring(key, model.relation(class, relation));
        }
        self.unload(key, columns, relations);
    }

    fn unload(&mut self, key: ObjectKey, columns: &[ColumnId], relations: &[RelationId]) {
        self.expire_columns(key, columns);
        for &relation in relations {
            *self.graph.link_mut(key, relation) = Link::Unloaded;
        }
    }

    /// Reads some attributes of an object again.
    pub(super) fn refresh_attributes(
        &mut self,
        key: ObjectKey,
        columns: &[ColumnId],
        relations: &[RelationId],
    ) -> Result<()> {
        self.check_persistent(key)?;
        self.unload(key, columns, relations);
        self.before_query()?;
        if self.graph.objects[key].state != State::Persistent {
            // What the flush has deleted has no row to read.
            return self.read_row(key);
        }
        if !columns.is_empty() {
            self.read_columns(key, columns)?;
        }
        let model = self.graph.model.clone();
        let class = model.class(self.graph.objects[key].class);
        let mut knows_row = self.graph.is_sound() || !columns.is_empty();
        for &relation in relations {
            let relation = &class.relations[relation.index()];
            let joined = self.way_of(key, relation) == Lazy::Joined;
            if !knows_row && !joined {
                // SQLAlchemy begins with the row, which may have gone.
                match self.graph.objects[key].lacks_row() {
                    true => self.read_row(key)?,
                    false => self.read_columns(key, &class.key)?,
                }
                knows_row = true;
            }
            let before = self.connection.log().totals().statements;
            if !self.read_as_asked(key, relation)? {
                self.read_for_unit(key, relation)?;
            }
            knows_row |= self.connection.log().totals().statements != before;
        }
        if knows_row || relations.is_empty() { Ok(()) } else { self.read_columns(key, &class.key) }
    }

    /// Lets an object forget its session and its key. What it has not read is not there any more.
    pub(super) fn make_transient(&mut self, key: ObjectKey) {
        self.graph.expunge_one(key);
        self.forget_key(key);
    }

    fn forget_key(&mut self, key: ObjectKey) {
        if self.graph.objects[key].lacks_row() {
            let row = self.blank(self.graph.objects[key].class);
            self.graph.put_row(key, row);
            let class = self.graph.model.class(self.graph.objects[key].class);
            self.graph.extra_mut(key).unset = (0..class.columns.len()).map(|it| ColumnId::new(it as u16)).collect();
        }
        if let Some(own) = self.graph.own_mut(key) {
            own.original = None;
        }
        self.graph.with_extra(key, |it| {
            let missing = [std::mem::take(&mut it.expired), std::mem::take(&mut it.deferred)].concat();
            it.unset.extend(missing);
            it.unset.append(&mut it.forbidden);
            it.unread.clear();
        });
        self.graph.identify(key, None);
        self.graph.objects[key].marked = false;
        self.graph.change_state(key, State::Transient);
    }

    /// Lets an object that was to be read again forget its key: what it has forgotten cannot be read.
    pub(super) fn forget_unread(&mut self, key: ObjectKey) {
        self.forget_key(key);
        self.graph.with_extra(key, |it| it.expired = std::mem::take(&mut it.unset));
    }

    /// Declares a transient object whose key is set to be stored.
    pub(super) fn make_detached(&mut self, key: ObjectKey) -> Result<()> {
        let object = self.object(key)?;
        let class = self.graph.model.class(object.class);
        let identity = self.graph.row(key).and_then(|row| Identity::of(&**row, &class.key));
        let (State::Transient, Some(identity)) = (object.state, identity) else {
            let (state, wanted) =
                (object.state.name(), "only a transient object whose key is set can be said to be stored");
            return Err(Misuse::State { object: self.graph.name(key), state, wanted }.into());
        };
        self.graph.identify(key, Some(identity));
        self.graph.with_extra(key, |it| {
            let unset = std::mem::take(&mut it.unset);
            it.expired.extend(unset);
        });
        self.graph.change_state(key, State::Detached);
        Ok(())
    }

    /// Lets go of an object of the session, and of what its expunge cascades reach.
    pub(super) fn expunge(&mut self, key: ObjectKey) -> Result<()> {
        let state = self.object(key)?.state;
        if !matches!(state, State::Pending | State::Persistent | State::Deleted) {
            let wanted = "only an object of the session can be let go";
            return Err(Misuse::NotInSession { object: self.graph.name(key), wanted }.into());
        }
        self.graph.expunge(key);
        Ok(())
    }
}
