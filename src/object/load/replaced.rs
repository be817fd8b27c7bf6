//! Rows whose key the session knows, and which are of another class of the hierarchy by now: the row was deleted and the
//! key given to one of another class, or what tells the class was written.
//!
//! An object stays of its class as long as it is there: views of it may be in somebody's hands, and relations that lead to
//! it lead to its class. So the row becomes another object, and the one before is gone, as if its row were.

use rustc_hash::FxHashMap;

use super::missing::Missing;
use crate::error::{Misuse, Result};
use crate::id::{ClassId, ColumnId};
use crate::object::links::Link;
use crate::object::model::Discriminator;
use crate::object::reference::ObjectKey;
use crate::object::select::Existing;
use crate::object::session::Core;
use crate::record::Row;
use crate::value::Value;

impl Core {
    /// Whether an object that is known is what a row says, which was read as one of a class. Where no column tells the
    /// class, what was read as a case of it may still be one.
    #[inline]
    pub(in crate::object) fn is_met_as(&self, key: ObjectKey, class: ClassId) -> bool {
        let own = self.graph.objects[key].class;
        let told = || matches!(self.graph.model.class(class).discriminator, Some(Discriminator::Column(_)));
        own == class || !told() && self.graph.is_a(key, class)
    }

    /// What was read of an object as one of a class, as the row of what it is. What it adds to the class was not read.
    pub(super) fn as_own(
        &self,
        key: ObjectKey,
        class: ClassId,
        row: Row,
        mut missing: Missing,
    ) -> Result<(Row, Missing)> {
        let own = self.graph.objects[key].class;
        if own == class {
            return Ok((row, missing));
        }
        let (own, read) = (self.graph.model.class(own), self.graph.model.class(class).columns.len());
        let at = |it: usize| ColumnId::new(it as u16);
        let values = (0..own.columns.len()).map(|it| if it < read { row.get(at(it)).to_value() } else { Value::Null });
        missing.absent.extend((read..own.columns.len()).map(at));
        Ok((own.row_of(values.collect(), |it| it < read)?, missing))
    }

    /// Refuses to let an object go whose changes would go with it.
    pub(super) fn check_replaceable(&self, key: ObjectKey, class: ClassId, existing: Existing) -> Result<()> {
        let waits = self.graph.has_changes(key) || self.graph.objects[key].marked;
        if existing == Existing::Overwritten || !waits {
            return Ok(());
        }
        let (object, class) = (self.graph.name(key), self.graph.model.class(class).name.clone());
        Err(Misuse::ChangedAsAnother { object, class }.into())
    }

    /// Lets an object go whose row is that of another one. What leads to it is led on when all rows have been read.
    pub(super) fn give_way(&mut self, before: ObjectKey) {
        if self.graph.is_sound() {
            self.graph.take_back_links(before);
        }
        if std::mem::take(&mut self.graph.objects[before].touched) {
            self.graph.touched.remove(before);
        }
        self.graph.note_gone(before);
        self.graph.has_gone = true;
        self.frame().deleted.push(before);
    }

    /// Lets what was read and leads to objects whose rows are those of others lead to these, where they are of the class
    /// which is led to. One look at all links serves however many there are.
    pub(super) fn lead_on(&mut self, replaced: &FxHashMap<ObjectKey, ObjectKey>) {
        if replaced.is_empty() {
            return;
        }
        let model = self.graph.model.clone();
        let classes: FxHashMap<ObjectKey, ClassId> =
            replaced.values().map(|it| (*it, self.graph.objects[*it].class)).collect();
        for object in self.graph.objects.values() {
            let Some(links) = object.links() else { continue };
            let relations = &model.class(object.class).relations;
            for (link, relation) in self.graph.links.get_mut(links).iter_mut().zip(relations) {
                let now = |before: ObjectKey| {
                    replaced.get(&before).copied().filter(|it| model.is_a(classes[it], relation.target))
                };
                match link {
                    Link::One { target, .. } => *target = target.map(|it| now(it).unwrap_or(it)),
                    Link::Many(collection) => collection.exchange(now),
                    Link::Unloaded => {}
                }
            }
        }
    }
}
