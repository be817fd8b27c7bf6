//! What references lead to that were read together, by their owners.
//!
//! That a reference was read is a bit of its owner. What it leads to is found again by the row and the identity map, each
//! time, so nothing has to be corrected when rows and keys change. But a program that follows the references of a hundred
//! thousand objects waits for both: nothing has touched them for long. So what one batch has found is written down side by
//! side, and believed for as long as nothing can be otherwise that it was found by:
//!
//! 1. the owner's row stands in the version in which it stood: the rows of a version do not change;
//! 2. the identity map of the targets has lost no key since;
//! 3. no object has left, so that another could stand in its place: when one does, trails are dropped.
//!
//! A trail is never corrected, and may be dropped at any time. Debug builds compare it, each time, with what the row and
//! the identity map say.

use slotmap::Key as _;

use super::compact::Object;
use super::graph::Graph;
use super::held::Held;
use super::model::RelationModel;
use super::reference::ObjectKey;
use crate::id::{ClassId, RelationId, RowId};

/// What a reference of the objects of one class leads to.
#[derive(Clone)]
pub(super) struct Trail {
    class: ClassId,
    relation: RelationId,
    /// The version in which the rows stand, while the trail is laid.
    version: u16,
    /// The same, by its number in all of the session's life.
    reading: u64,
    /// How many keys the identity map of the targets had lost.
    lost: u64,
    /// Where the first owner stands among the objects.
    first: usize,
    /// By where the owner stands.
    leads: Vec<Lead>,
}

/// What one reference leads to.
#[derive(Clone, Copy)]
pub(super) struct Lead {
    target: ObjectKey,
    /// Where the target's row stands, in the same version. It is asked for before the target is looked at, which then says
    /// whether it is its row: so a processor has both come from memory at once, and not one after the other.
    place: RowId,
}

impl Graph {
    /// An empty trail for references of owners that were met together, so that they stand together.
    pub(super) fn begin_trail(&self, relation: &RelationModel, owners: &[ObjectKey]) -> Option<Trail> {
        let (&first, &last) = owners.first().zip(owners.last())?;
        let width = number(last).checked_sub(number(first))? + 1;
        if !self.is_sound() || relation.straight.is_none() || width > 2 * owners.len() {
            return None;
        }
        let object = &self.objects[first];
        let Held::At { version, .. } = object.held() else { return None };
        Some(Trail {
            class: object.class,
            relation: relation.id,
            version,
            reading: self.holdings.readings[version as usize].serial,
            lost: self.identities[relation.target.index()].lost(),
            first: number(first),
            leads: Vec::with_capacity(width),
        })
    }

    /// What leads to a target, if its row stands in the version of a trail.
    pub(super) fn lead_to(&self, trail: &Trail, target: ObjectKey) -> Option<Lead> {
        let object = &self.objects[target];
        match object.held() {
            Held::At { version, place } if version == trail.version && !object.is_special() => {
                Some(Lead { target, place })
            }
            _ => None,
        }
    }

    /// Notes that an owner has read its reference, and writes down what it leads to; says whether its row stands in the
    /// version of the trail, as both take. Owners come as they stand.
    #[inline]
    pub(super) fn lay(&mut self, trail: &mut Trail, owner: ObjectKey, lead: Lead) -> bool {
        if !self.objects[owner].note_read_in(trail.version, trail.relation) {
            return false;
        }
        let at = number(owner).wrapping_sub(trail.first);
        if at > trail.leads.len() && at < trail.leads.capacity() {
            trail.leads.resize(at, Lead { target: ObjectKey::null(), ..lead });
        }
        if at == trail.leads.len() {
            trail.leads.push(lead);
        }
        true
    }

    /// Keeps a trail in place of the one of the batch before.
    pub(super) fn keep_trail(&mut self, trail: Trail) {
        self.trails.retain(|it| (it.class, it.relation) != (trail.class, trail.relation));
        self.trails.push(trail);
    }

    /// What a reference leads to that was read of an object whose row stands in a version, if it was written down and still
    /// holds; and where the row of the target stood in the same version.
    #[inline]
    pub(super) fn led(
        &self,
        key: ObjectKey,
        object: &Object,
        reading: u64,
        relation: &RelationModel,
    ) -> Option<(ObjectKey, RowId)> {
        let trail = self.trails.iter().find(|it| (it.class, it.relation) == (object.class, relation.id))?;
        let &Lead { target, place } = trail.leads.get(number(key).wrapping_sub(trail.first))?;
        let lost = self.identities[relation.target.index()].lost();
        if target.is_null() || (reading, lost) != (trail.reading, trail.lost) {
            return None;
        }
        debug_assert_eq!(self.row_of(object).and_then(|it| self.reference_in(it, key, relation)), Some(Some(target)));
        Some((target, place))
    }
}

/// Where an object stands among all.
#[inline]
fn number(key: ObjectKey) -> usize {
    key.data().as_ffi() as u32 as usize
}

#[cfg(test)]
mod tests {
    use crate::object::Selection;
    use crate::object::class::{Class, Relationship};
    use crate::schema::{Column, ForeignKey, Table};
    use crate::{Database, Error};

    /// Each of the three conditions alone lets a trail count no more; what it is asked for beside them holds.
    #[test]
    fn a_trail_holds_for_its_rows_and_keys_alone() -> Result<(), Error> {
        let users = Table::new("users").auto_key("id");
        let posts = Table::new("posts").auto_key("id").column(Column::int("user_id"));
        let posts = posts.foreign_key(ForeignKey::new(["user_id"], "users"));
        let post = Class::new("Post", posts).relation(Relationship::belongs_to("user", "User"));
        let database = Database::with_classes([Class::new("User", users), post], [])?;
        let mut session = database.session();
        for id in 1..=2 {
            session.untyped().add("User", &[("id", id.into())])?;
            session.untyped().add("Post", &[("user_id", id.into())])?;
        }
        session.commit()?;
        let mut session = database.session();
        session.untyped().select("User", &Selection::new())?;
        let mut query = Selection::new();
        query.loading.options.push(crate::object::LoadOption::by("user", crate::object::Lazy::Selectin));
        session.untyped().select("Post", &query)?;

        let model = session.model().clone();
        let class = model.class_named("Post")?;
        let relation = class.relation_named("user")?;
        let core = session.exclusive();
        let led = |core: &crate::object::session::Core, beside: u64| {
            let graph = &core.graph;
            let posts = graph.objects.iter().filter(|it| it.1.class == class.id);
            let led = posts.map(|(key, it)| graph.led(key, it, graph.holdings.readings[0].serial + beside, relation));
            led.map(|it| it.map(|it| it.1.index())).collect::<Vec<_>>()
        };
        assert_eq!(led(core, 0), [Some(1), Some(2)]);
        assert_eq!(led(core, 1), [None, None], "the row stands in another version");
        let kept = core.graph.trails.clone();
        let user = core.graph.objects.keys().next().expect("a user");
        let identity = core.graph.identity(user).expect("it has a key");
        core.graph.identities[relation.target.index()].remove(&identity, user);
        assert_eq!(led(core, 0), [None, None], "a key was lost");
        core.graph.trails = kept;
        core.graph.remove_object(user);
        assert!(core.graph.trails.is_empty(), "an object has left");
        Ok(())
    }
}
