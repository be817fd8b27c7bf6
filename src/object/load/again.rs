//! Reading an object's row again, with what the query that read it first has asked.

use std::sync::Arc;

use super::branch::Place;
use super::joined::Joiner;
use super::take::{Reach, Reading};
use crate::error::Result;
use crate::id::{ClassId, ColumnId, RelationId};
use crate::object::class::Lazy;
use crate::object::diagnosis::Noted;
use crate::object::identity::Identity;
use crate::object::links::Link;
use crate::object::model::RelationModel;
use crate::object::reference::ObjectKey;
use crate::object::select::{Existing, Ground, Sources, Subclasses, subclasses};
use crate::object::session::Core;
use crate::object::state::State;
use crate::query::Input;
use crate::value::{Kind, Value};

/// Why the row of an object is read again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Again {
    /// Somebody has asked for that.
    Asked,
    /// It was expired, and somebody looks at it.
    Looked,
}

impl Core {
    /// Reads the whole row of an object that has none.
    pub(in crate::object) fn read_row(&mut self, key: ObjectKey) -> Result<()> {
        self.read_row_by(key, Again::Looked)
    }

    /// Reads it because somebody has asked for that. What the query leaves out which read the object is expired then in
    /// SQLAlchemy, so that it comes together.
    pub(in crate::object) fn refresh_row(&mut self, key: ObjectKey) -> Result<()> {
        self.read_row_by(key, Again::Asked)?;
        let (model, class) = self.graph.class_of(key);
        if !self.graph.is_sound() {
            self.graph.with_extra(key, |it| {
                let is_declared = |it: &ColumnId| model.class(class).deferred.contains(it);
                let (declared, left_out) = it.deferred.drain(..).partition(is_declared);
                it.deferred = declared;
                it.expired.extend::<Vec<ColumnId>>(left_out);
            });
        }
        Ok(())
    }

    fn read_row_by(&mut self, key: ObjectKey, by: Again) -> Result<()> {
        self.check_readable(key)?;
        let Some(identity) = self.graph.identity(key) else { return Err(self.gone(key)) };
        if self.read_again(key, &identity, by)? { Ok(()) } else { Err(self.gone(key)) }
    }

    /// Whether a look at a column of an expired object is an error: SQLAlchemy reads no row for that.
    pub(in crate::object) fn is_never_read(&self, key: ObjectKey, column: ColumnId) -> bool {
        let object = &self.graph.objects[key];
        let forbids = || self.graph.model.class(object.class).raise_deferred.contains(&column);
        !self.graph.is_sound() && object.state == State::Persistent && forbids()
    }

    /// Whether a look at a column of an expired object reads that one, and leaves the others to who looks at them.
    pub(in crate::object) fn is_read_apart(&self, key: ObjectKey, column: ColumnId) -> bool {
        let object = &self.graph.objects[key];
        let apart = || self.graph.model.class(object.class).deferred.contains(&column);
        !self.graph.is_sound() && object.state == State::Persistent && apart()
    }

    /// Reads the row of an object that has none, and what its relations load by themselves. A look at what was
    /// expired reads all of it in SQLAlchemy, with the columns that the query has left out which read the object.
    fn read_again(&mut self, key: ObjectKey, identity: &Identity, by: Again) -> Result<bool> {
        let class = self.object(key)?.class;
        let place = match self.graph.is_sound() || by == Again::Asked {
            true => self.notes.place(key).clone(),
            false => self.notes.place(key).with_declared_columns(),
        };
        let values = identity.to_values();
        self.noted(Noted::Again { object: key }, |core| {
            if core.is_quiet(class, &place) {
                core.fetch(class, &values)?;
                return Ok(core.graph.put_first(key, &mut core.found));
            }
            let reach = core.reach_again();
            Ok(core.read_by_key(class, &values, &place, (Existing::Kept, reach), None)? == Some(key))
        })
    }

    /// Which objects get what is loaded after the row of one that is read again.
    fn reach_again(&self) -> Reach {
        if self.graph.is_sound() { Reach::All } else { Reach::Again }
    }

    /// Reads a relation again as the query has asked that read the object: one that it has joined in part, or not at all.
    /// Says whether it has asked for that. Whatever else it has asked, SQLAlchemy reads the whole.
    pub(in crate::object) fn read_as_asked(&mut self, key: ObjectKey, relation: &RelationModel) -> Result<bool> {
        let (model, class) = self.graph.class_of(key);
        let place = self.notes.place(key).clone();
        let way = place.way(&model, class, relation, None);
        let in_part = match way.lazy {
            Lazy::Joined => way.asked.is_some_and(|it| it.filter.is_some()),
            lazy => lazy == Lazy::Noload,
        };
        if in_part && !self.graph.is_sound() {
            self.begin_reading(key, relation)?;
            self.read_there(&[key], relation, &place, Reach::All)?;
        }
        Ok(in_part && !self.graph.is_sound())
    }

    /// Reads what is missing of the row of an object, and what its relations load by themselves.
    pub(in crate::object) fn read_rest(
        &mut self,
        key: ObjectKey,
        identity: &Identity,
        missing: &[ColumnId],
    ) -> Result<bool> {
        let class = self.object(key)?.class;
        let place = self.notes.place(key).clone();
        if self.is_quiet(class, &place) {
            // Where nothing is missing, the row is looked for all the same.
            let columns = if missing.is_empty() { self.graph.model.class(class).key.clone() } else { missing.to_vec() };
            return self.read_columns(key, &columns).map(|()| true);
        }
        let how = (Existing::Kept, self.reach_again());
        Ok(self.read_by_key(class, &identity.to_values(), &place, how, None)? == Some(key))
    }

    /// Whether a row of a class is all that is read at a place.
    fn is_quiet(&self, class: ClassId, place: &Arc<Place>) -> bool {
        place.branch.is_empty() && self.is_quiet_class(class)
    }

    /// Whether a row of a class is all that is read where nobody has asked for more. Looked up a million times, it is
    /// found out once.
    #[inline]
    pub(super) fn is_quiet_class(&self, class: ClassId) -> bool {
        let declared = self.graph.model.class(class);
        *declared.quiet.get_or_init(|| self.is_declared_quiet(class))
    }

    /// Whether that is so, and its object is known by one integer.
    pub(in crate::object) fn is_known_by_integer(&self, class: ClassId) -> bool {
        let declared = self.graph.model.class(class);
        let [key] = declared.key[..] else { return false };
        let is_integer = self.connection.schema().table(declared.table_id).column(key).kind == Kind::Int;
        is_integer && self.is_quiet_class(class)
    }

    fn is_declared_quiet(&self, class: ClassId) -> bool {
        let declared = self.graph.model.class(class);
        let width = self.connection.schema().table(declared.table_id).column_ids().count();
        declared.descendants.len() <= 1
            && declared.base.is_none()
            && declared.deferred.is_empty()
            && declared.raise_deferred.is_empty()
            && declared.is_whole_table(width)
            && declared.relations.iter().all(|it| matches!(it.lazy, Lazy::Select | Lazy::Raise | Lazy::RaiseOnSql))
    }

    /// The object with this key: the one the session knows, or else by a statement on the tables of its class.
    pub(in crate::object) fn find(&mut self, class: ClassId, key: &[Value]) -> Result<Option<ObjectKey>> {
        if let Some(known) = self.find_known(class, key)? {
            return Ok(known);
        }
        self.noted(Noted::Key { class, key }, |core| core.find_unknown(class, key))
    }

    fn find_unknown(&mut self, class: ClassId, key: &[Value]) -> Result<Option<ObjectKey>> {
        if self.is_quiet_class(class) {
            self.fetch(class, key)?;
            self.met.clear();
            let found = self.graph.meet_first(class, &mut self.found, &mut self.met);
            self.graph.tell_loaded(&self.met);
            if self.ledger.is_some() {
                let met = self.met.clone();
                self.note_came(&[], &met);
            }
            return Ok(found);
        }
        self.read_by_key(class, key, &Arc::default(), (Existing::Kept, Reach::All), None)
    }

    /// The object with this key that the session knows, which was read again if need be; `None` when a statement has to
    /// tell, and what is pending has been flushed.
    pub(in crate::object) fn find_known(&mut self, class: ClassId, key: &[Value]) -> Result<Option<Option<ObjectKey>>> {
        let Some(identity) = Identity::from_values(key) else { return Ok(Some(None)) };
        if let Some(known) = self.graph.known_as(class, &identity) {
            return self.known_still(class, known).map(Some);
        }
        let flushes = self.wants_flush();
        self.before_query()?;
        if !flushes {
            return Ok(None);
        }
        match self.graph.known_as(class, &identity) {
            Some(known) => self.known_still(class, known).map(Some),
            None => Ok(None),
        }
    }

    fn known_still(&mut self, class: ClassId, known: Option<ObjectKey>) -> Result<Option<ObjectKey>> {
        let Some(known) = known else { return Ok(None) };
        if !self.graph.is_sound() && self.graph.extra(known).is_some_and(|it| it.begun) {
            // One whose row was begun by a value that was set is expired all the same, as SQLAlchemy sees it.
            self.before_reading(known)?;
            self.fresh(known)?;
        }
        self.still_there(class, known)
    }

    /// Reads the object of a key, with what is asked at a place.
    pub(in crate::object) fn read_by_key(
        &mut self,
        class: ClassId,
        key: &[Value],
        place: &Arc<Place>,
        (existing, reach): (Existing, Reach),
        everywhere: Option<Lazy>,
    ) -> Result<Option<ObjectKey>> {
        let model = self.graph.model.clone();
        let schema = self.connection.schema().clone();
        let ground = Ground { model: &model, schema: &schema };
        let below = subclasses(ground, class, &Subclasses::AsDeclared)?;
        let (mut sources, root) = Sources::of(ground, class, &below, 0)?;
        let declared = model.class(class);
        sources.select.keys = declared.parts[0].names(ground, &declared.key).unwrap_or_default();
        sources.output(&root);
        let known = if reach == Reach::Again { self.changed_relations(class, key) } else { Vec::new() };
        let (graph, nodes) = (&self.graph, Vec::new());
        let mut joiner = Joiner { ground, graph, sources, nodes, everywhere, known, joined: None };
        joiner.join_all(&root, place)?;
        let Joiner { sources, nodes, .. } = joiner;
        let prepared = self.connection.prepare(sources.select.into())?;
        self.connection.locate(&prepared, Input::Keys(key), &mut self.found)?;
        let reading = Reading { root: &root, cell: 0, place, nodes: &nodes, existing, everywhere, reach };
        Ok(self.take(&reading)?.by_row.into_iter().flatten().next())
    }

    /// The relations of an object that were changed since the last flush: where it is read again, SQLAlchemy does not join
    /// them.
    fn changed_relations(&self, class: ClassId, key: &[Value]) -> Vec<RelationId> {
        let known = Identity::from_values(key).and_then(|it| self.graph.known(class, &it));
        let links = known.and_then(|it| self.graph.objects[it].links()).map_or(&[][..], |at| self.graph.links.get(at));
        let changed = links.iter().enumerate().filter(|(_, link)| link.is_changed());
        changed.map(|(at, _)| RelationId::new(at as u16)).collect()
    }
}

impl Core {
    /// Lets an object forget its row, and what is joined to it. Other relations stay as they are known.
    pub(in crate::object) fn forget_what_rows_bring(&mut self, key: ObjectKey) {
        self.graph.forget_row(key);
        self.graph.forget_extra(key);
        let (model, class) = self.graph.class_of(key);
        for relation in &model.class(class).relations {
            let joined = self.way_of(key, relation) == Lazy::Joined;
            if joined && !self.graph.link(key, relation.id).is_changed() {
                *self.graph.link_mut(key, relation.id) = Link::Unloaded;
            }
        }
    }
}
