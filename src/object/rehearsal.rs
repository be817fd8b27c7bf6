//! What a session would do, tried where nobody sees it: its objects copied, over a connection on a fork.

use super::events::Events;
use super::graph::Graph;
use super::session::Core;
use crate::error::Result;

impl Core {
    /// The same objects over a connection that sees the same rows. Whatever is done to either stays there. Copying takes
    /// some memory for each object that the session holds and no look at a row, so what asks for it is a question that a
    /// person asks: `objects::scale::a_plan_of_a_delete_is_the_same_beside_many_objects` prints how long that is.
    pub(super) fn rehearse(&mut self) -> Result<Core> {
        let connection = self.connection.rehearse()?;
        let mut copy = Core::new(self.graph.model.clone(), connection);
        copy.graph = self.graph.copy();
        (copy.autoflush, copy.expire_on_commit) = (self.autoflush, self.expire_on_commit);
        copy.standing = self.standing;
        copy.surplus.clone_from(&self.surplus);
        copy.notes.clone_from(&self.notes);
        copy.plans.clone_from(&self.plans);
        Ok(copy)
    }
}

impl Graph {
    /// The same objects, whose rows are shared until either side changes them. Nobody listens to the copy.
    fn copy(&self) -> Graph {
        Graph {
            model: self.model.clone(),
            objects: self.objects.clone(),
            holdings: self.holdings.clone(),
            links: self.links.clone(),
            keys: self.keys.clone(),
            identities: self.identities.clone(),
            touched: self.touched.clone(),
            line: self.line,
            fated: Vec::new(),
            parents: self.parents.clone(),
            partial: self.partial.clone(),
            trails: Vec::new(),
            owners: self.owners.clone(),
            extras: self.extras.clone(),
            events: Events::default(),
            manner: self.manner,
            has_begun: self.has_begun,
            has_gone: self.has_gone,
            has_left: self.has_left,
        }
    }
}
