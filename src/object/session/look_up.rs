//! The shortest ways to an object: by one integer key, or by a unique key as a query says that was asked before, in a
//! version of the tables that is lent already; and along a reference that is known.
//!
//! A look-up is so little work that everything around it counts. Where nothing is pending, nobody listens and a row is
//! all that is read with the object, the version that was read last answers with the row itself: one walk of a tree
//! finds it, and the view needs no other. It is a statement as any other and passes the door (Q1).
//!
//! What they do is what [`Core::find`] and [`Core::load_one`] would have done; `objects::look_ups` holds the ways against
//! each other.
//!
//! A program that looks at many objects waits for their rows to come from memory, and a processor asks for the next row
//! while it waits only as far ahead as it can hold instructions: some hundreds. So the calls on this way are inlined.

use std::sync::Arc;

use super::{Core, Session};
use crate::id::{ClassId, RelationId, RowId};
use crate::object::compact::Object;
use crate::object::graph::Graph;
use crate::object::held::{Held, Reading};
use crate::object::model::RelationModel;
use crate::object::reference::ObjectKey;
use crate::object::select::Selection;
use crate::query::RowFinger;
use crate::record::Row;
use crate::value::ValueRef;

impl Session {
    /// The object with an integer key and its row, or that there is none. `None` where that takes more than a look;
    /// nothing has been done then.
    #[inline(always)]
    pub(super) fn look_up(&self, class: ClassId, key: i64) -> Option<Option<(ObjectKey, &Row)>> {
        let declared = &self.model.classes[class.index()];
        let prepared = declared.by_key.get().filter(|_| declared.quiet.get() == Some(&true))?;
        let mut core = self.core.borrow_mut();
        if core.is_heeded() || core.is_watched {
            return None;
        }
        if let Some(known) = core.graph.known_integer(class, key) {
            return self.row_at_hand(&core.graph, known).map(|row| Some((known, row)));
        }
        if core.check_active().is_err() || core.wants_flush() {
            return None;
        }
        let Core { graph, connection, .. } = &mut *core;
        let number = graph.holdings.readings.len().checked_sub(1)?;
        let lent = graph.holdings.readings[number].lent;
        let version = self.versions.get(lent.at as usize).filter(|_| lent.epoch == self.epoch)?;
        let found = connection.look_up(prepared, key, version)?;
        Some(found.map(|(place, row)| (graph.meet_at(class, key, number as u16, place), row)))
    }

    /// The object that a query finds by a unique key, where the query was asked before with other values, and its row, or
    /// that there is none. `None` where that takes more than a look; nothing has been done then.
    #[inline]
    pub(super) fn look_up_unique(&self, class: ClassId, selection: &Selection) -> Option<Option<(ObjectKey, &Row)>> {
        let mut core = self.core.borrow_mut();
        let more = core.is_heeded() || core.is_watched || selection.budget.is_some();
        if more || core.check_active().is_err() || core.wants_flush() {
            return None;
        }
        let Core { graph, connection, known, .. } = &mut *core;
        let number = graph.holdings.readings.len().checked_sub(1)?;
        let lent = graph.holdings.readings[number].lent;
        let version = self.versions.get(lent.at as usize).filter(|_| lent.epoch == self.epoch)?;
        let (prepared, values) = known.find_look_up(class, selection, &**connection)?;
        let key = self.model.classes[class.index()].key.first()?;
        let mut met = None;
        let found = connection.look_up_unique(prepared, values, version, &mut |_, row| {
            let ValueRef::Int(key) = row.get(*key) else { return false };
            let Some(known) = graph.known_integer(class, key) else {
                met = Some((key, None));
                return true;
            };
            let row = self.row_at_hand(graph, known);
            met = row.map(|row| (key, Some((known, row))));
            row.is_some()
        })?;
        let Some(((place, row), (key, known))) = found.zip(met) else { return Some(None) };
        Some(Some(known.unwrap_or_else(|| (graph.meet_at(class, key, number as u16, place), row))))
    }

    /// What a reference leads to that was read or set before, with the row of its target: what nearly every step of a walk
    /// is. `None` where that takes more than a look, or it leads nowhere.
    #[inline]
    pub(in crate::object) fn target_at_hand(&self, key: ObjectKey, relation: RelationId) -> Option<(ObjectKey, &Row)> {
        let core = self.core.borrow();
        let object = core.graph.objects.get(key)?;
        if core.is_heeded() {
            return None;
        }
        let declared = self.model.relation(object.class, relation);
        if object.was_read(relation)
            && let Some(beside) = self.target_beside(&core.graph, (key, object), declared)
        {
            return Some(beside);
        }
        let target = match (object.was_read(relation), object.held()) {
            // Its row is as it was read, and the identity map knows what the foreign key in it leads to.
            (true, Held::At { .. }) => core.graph.reference_in(core.graph.row_of(object)?, key, declared)??,
            _ if core.graph.is_loaded(key, relation) => core.loaded_one(key, declared)??,
            _ => return None,
        };
        self.row_at_hand(&core.graph, target).map(|row| (target, row))
    }

    /// The same where the target stands in the same version, at a place that is known before the target is looked at: it
    /// was written down, or it is the integer key. The target then says whether it stands there: so a processor has both
    /// come from memory at once, and not one after the other.
    #[inline]
    fn target_beside(
        &self,
        graph: &Graph,
        (key, object): (ObjectKey, &Object),
        relation: &RelationModel,
    ) -> Option<(ObjectKey, &Row)> {
        let (Some(straight), Held::At { version, place }) = (relation.straight, object.held()) else { return None };
        let Reading { lent, serial, .. } = graph.holdings.readings[version as usize];
        if lent.epoch != self.epoch || object.is_special() {
            return None;
        }
        let rows = self.versions.get(lent.at as usize)?;
        let (target, at) = match graph.led(key, object, serial, relation) {
            Some(led) => led,
            None => {
                let ValueRef::Int(it) = rows.row(straight.table, place)?.get(straight.column) else { return None };
                (graph.known_integer(relation.target, it)?, RowId::new(it as u64))
            }
        };
        let found = rows.row(straight.target_table, at)?;
        let held = graph.objects.get(target)?;
        let stands = held.class == relation.target && held.held() == Held::At { version, place: at };
        stands.then_some((target, found))
    }

    /// The row of an object that stands in a version which is lent already: what nearly every look is after the first.
    #[inline]
    pub(super) fn row_at_hand(&self, graph: &Graph, key: ObjectKey) -> Option<&Row> {
        let object = graph.objects.get(key)?;
        let Held::At { version, place } = object.held() else { return None };
        let lent = graph.holdings.readings[version as usize].lent;
        if lent.epoch != self.epoch {
            return None;
        }
        self.versions.get(lent.at as usize)?.row(self.model.classes[object.class.index()].table_id, place)
    }
}

/// Where the row of the view before was found: that of the next one mostly stands beside it.
#[derive(Clone, Default)]
pub(in crate::object) struct Beside<'s> {
    /// In which reading, of which class, and where.
    found: Option<(u64, ClassId, RowFinger<'s>)>,
}

impl Session {
    /// The row of an object that stands in a version which is lent already, for views that are walked.
    #[inline]
    pub(super) fn row_beside<'s>(&'s self, beside: &mut Beside<'s>, key: ObjectKey) -> Option<&'s Row> {
        let core = self.core.borrow();
        let object = core.graph.objects.get(key)?;
        let Held::At { version, place } = object.held() else { return None };
        let Reading { lent, serial, .. } = core.graph.holdings.readings[version as usize];
        let found = match &mut beside.found {
            Some((same, class, finger)) if (*same, *class) == (serial, object.class) => finger.row(place),
            _ if lent.epoch == self.epoch => {
                let table = self.model.classes[object.class.index()].table_id;
                let finger = RowFinger::new(self.versions.get(lent.at as usize)?.table(table));
                beside.found.insert((serial, object.class, finger)).2.row(place)
            }
            _ => None,
        };
        debug_assert!(found.is_none_or(|it| core.graph.row_of(object).is_some_and(|row| Arc::ptr_eq(it, row))));
        found
    }
}

impl Core {
    /// Whether somebody heeds what is only looked at: a ledger, or listeners, who are told at the end of each call what
    /// they have not been told yet.
    #[inline]
    fn is_heeded(&self) -> bool {
        self.graph.events.heard || self.graph.events.on || self.ledger.is_some()
    }
}
