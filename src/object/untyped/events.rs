//! What happens to objects, by name, for those who listen.

use super::Untyped;
use crate::object::events::{Happening, RowStep, StateChange};
use crate::object::reference::{AnyRef, ObjectKey};

/// Something that has happened to an object.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// An object was added to a collection.
    Appended {
        /// Whose collection it is.
        owner: AnyRef,
        /// The relation.
        relation: String,
        /// The object.
        member: AnyRef,
    },
    /// An object was taken out of a collection.
    Removed {
        /// Whose collection it is.
        owner: AnyRef,
        /// The relation.
        relation: String,
        /// The object.
        member: AnyRef,
    },
    /// A reference was set.
    Set {
        /// Whose reference it is.
        owner: AnyRef,
        /// The relation.
        relation: String,
        /// What it leads to now.
        target: Option<AnyRef>,
        /// What it led to before; `None` where that was nothing or is not known.
        before: Option<AnyRef>,
    },
    /// A flush reached the row of an object.
    Row {
        /// The object.
        object: AnyRef,
        /// How far.
        step: RowStep,
    },
    /// The state of an object changed.
    State {
        /// The object.
        object: AnyRef,
        /// From which to which.
        change: StateChange,
    },
}

impl Untyped<'_> {
    /// Starts to keep what happens to objects; [`take_events`](Untyped::take_events) hands it out. Nothing is kept
    /// before.
    pub fn listen(&mut self) {
        self.session.exclusive().graph.events.on = true;
    }

    /// What has happened since the last call, in order.
    pub fn take_events(&mut self) -> Vec<Event> {
        let happened = std::mem::take(&mut self.session.exclusive().graph.events.happened);
        happened.into_iter().filter_map(|it| self.event(it)).collect()
    }

    fn event(&mut self, happening: Happening) -> Option<Event> {
        let name = |session: &mut super::Session, owner: ObjectKey, relation: crate::id::RelationId| {
            let model = session.model().clone();
            let class = session.exclusive().graph.objects.get(owner).map(|it| it.class);
            class.map(|class| model.relation(class, relation).name.clone()).unwrap_or_default()
        };
        Some(match happening {
            Happening::Append { owner, relation, member } => {
                let relation = name(self.session, owner, relation);
                Event::Appended { owner: self.session.refer(owner), relation, member: self.session.refer(member) }
            }
            Happening::Remove { owner, relation, member } => {
                let relation = name(self.session, owner, relation);
                Event::Removed { owner: self.session.refer(owner), relation, member: self.session.refer(member) }
            }
            Happening::Set { owner, relation, target, before } => {
                let relation = name(self.session, owner, relation);
                let refer = |it: Option<ObjectKey>| it.map(|it| self.session.refer(it));
                Event::Set { owner: self.session.refer(owner), relation, target: refer(target), before: refer(before) }
            }
            Happening::Row { object, step } => Event::Row { object: self.session.refer(object), step },
            Happening::State { object, change } => Event::State { object: self.session.refer(object), change },
            // Told to listeners alone.
            _ => return None,
        })
    }
}
