//! Reading relations because a flush, a cascade or a merge needs them, whatever their declarations or a query say about
//! reading them: of one object, or of many at once.

use super::batch::{Batch, By};
use crate::error::Result;
use crate::id::ClassId;
use crate::object::class::Lazy;
use crate::object::diagnosis::Noted;
use crate::object::links::{Link, Since};
use crate::object::model::RelationModel;
use crate::object::reference::ObjectKey;
use crate::object::session::Core;
use crate::object::state::State;

impl Core {
    /// Reads a relation that is not loaded.
    pub(in crate::object) fn read_for_unit(&mut self, key: ObjectKey, relation: &RelationModel) -> Result<()> {
        if self.graph.is_known_whole(key, relation.id) || !self.graph.has_identity(key) {
            return Ok(());
        }
        self.graph.set_part_aside(key, relation.id);
        self.check_whole(key, relation)?;
        let class = self.object(key)?.class;
        self.begin_reading(key, relation)?;
        if self.graph.is_known_whole(key, relation.id) {
            return Ok(());
        }
        // With the row that was expired, what a query has asked of the relation may have come again.
        self.graph.set_part_aside(key, relation.id);
        self.read_batch_for_unit(class, relation, &[key])
    }

    /// The same for those of many objects of one class that do not have it, a batch after the other. Left out are objects
    /// of which this alone does not tell, such as those whose rows have gone.
    pub(in crate::object) fn read_together(
        &mut self,
        class: ClassId,
        relation: &RelationModel,
        owners: &[ObjectKey],
    ) -> Result<()> {
        let lacks = |core: &Core, it: ObjectKey| {
            core.graph.objects[it].state == State::Persistent && !core.graph.is_known_whole(it, relation.id)
        };
        if relation.lazy == Lazy::WriteOnly || owners.iter().filter(|it| lacks(self, **it)).take(2).count() < 2 {
            return Ok(());
        }
        self.before_query()?;
        let expired = |it: &&ObjectKey| lacks(self, **it) && self.graph.objects[**it].lacks_row();
        let identities = owners.iter().filter(expired).filter_map(|it| self.graph.identity(*it));
        let keys: Vec<_> = identities.map(|it| it.to_values()).collect();
        if !keys.is_empty() {
            let model = self.graph.model.clone();
            self.quietly(|core| core.objects_by_keys(model.class(class), keys).map(drop))?;
        }
        let waiting = owners.iter().copied().filter(|it| lacks(self, *it) && !self.lacks_start(*it, relation));
        let waiting: Vec<ObjectKey> = waiting.collect();
        waiting.iter().for_each(|it| self.graph.set_part_aside(*it, relation.id));
        if waiting.is_empty() { Ok(()) } else { self.read_batch_for_unit(class, relation, &waiting) }
    }

    fn read_batch_for_unit(&mut self, class: ClassId, relation: &RelationModel, owners: &[ObjectKey]) -> Result<()> {
        let plan = self.plain_plan(class, relation)?;
        let batch = Batch { by: By::Stored, ..Batch::lazily(relation, &plan) };
        self.noted(Noted::Unit { relation, owners }, |core| core.read_for(&batch, owners, true))?;
        for &key in owners {
            if self.graph.is_loaded(key, relation.id) {
                continue;
            }
            match self.graph.known_reference(key, relation) {
                Some(known) if !relation.join.is_many() => self.graph.note_read(key, relation, known),
                _ if relation.join.is_many() => self.fill_many(key, relation, Vec::new())?,
                _ => *self.graph.link_mut(key, relation.id) = Link::One { target: None, since: Since::Unchanged },
            }
        }
        Ok(())
    }

    /// What the tables say a relation leads to. What is known of it in memory stays as it is.
    pub(in crate::object) fn peek(&mut self, key: ObjectKey, relation: &RelationModel) -> Result<Vec<ObjectKey>> {
        let is_partial = self.graph.is_partial(key, relation.id);
        let now = std::mem::take(self.graph.link_mut(key, relation.id));
        let read = self.read_for_unit(key, relation);
        let found = self.graph.current(key, relation);
        *self.graph.link_mut(key, relation.id) = now;
        if is_partial {
            self.graph.note_partial(key, relation.id);
        }
        read.map(|()| found)
    }
}
