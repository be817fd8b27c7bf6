//! What follows a delete along relations. Object cascades only: foreign key actions are the tables' own business.

use super::class::Cascade;
use super::graph::State;
use super::model::Join;
use super::reference::ObjectKey;
use super::session::Core;
use crate::error::{Misuse, Result};

impl Core {
    /// Marks an object and everything its delete cascades reach. A worklist: a reply chain may be a million long.
    pub(super) fn delete(&mut self, key: ObjectKey) -> Result<()> {
        let object = self.object(key)?;
        if object.state == State::Transient || object.state == State::Deleted || object.state == State::Detached {
            let (state, wanted) = (object.state.name(), "only an object that has a row can be deleted");
            return Err(Misuse::State { object: self.graph.name(key), state, wanted }.into());
        }
        if object.state == State::Persistent && self.wants_flush() {
            // What is pending may change what the cascades reach.
            self.flush()?;
        }
        let model = self.graph.model.clone();
        let mut work = vec![key];
        while let Some(key) = work.pop() {
            let object = self.object(key)?;
            if object.marked || !matches!(object.state, State::Pending | State::Persistent) {
                continue;
            }
            let class = model.class(object.class);
            for relation in class.relations.iter().filter(|it| it.cascade.contains(Cascade::DELETE)) {
                match &relation.join {
                    join if join.is_many() => work.extend(self.load_many(key, relation.id)?.iter().copied()),
                    Join::BelongsTo { .. } | Join::Has { .. } => work.extend(self.load_one(key, relation.id)?),
                    Join::Through { .. } => {}
                }
            }
            if self.graph.objects[key].state == State::Pending {
                self.forget_pending(key);
            } else {
                self.graph.objects[key].marked = true;
                self.graph.touch(key);
            }
        }
        Ok(())
    }

    /// A new object that is deleted before it was inserted was never there.
    pub(super) fn forget_pending(&mut self, key: ObjectKey) {
        // It may still stand among the touched objects; a flush passes over what is transient.
        self.graph.objects[key].state = State::Transient;
    }
}
