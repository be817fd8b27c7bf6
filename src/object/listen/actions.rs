//! What deletes set in motion: foreign key actions with their origin, and collections that lose their members.

use rustc_hash::FxHashSet;

use super::Interest;
use crate::error::Result;
use crate::id::{RowId, TableId};
use crate::object::events::{ActionTaken, Happening};
use crate::object::identity::Identity;
use crate::object::reference::ObjectKey;
use crate::object::session::Core;
use crate::record::Row;

/// One statement that deletes rows.
struct Deleting {
    /// The objects whose rows it names.
    named: FxHashSet<ObjectKey>,
    /// Rows that actions remove.
    gone: FxHashSet<(TableId, RowId)>,
    /// What is to be told, with the row that it is about.
    taken: Vec<((TableId, RowId), ActionTaken)>,
}

impl Core {
    /// Notes what deleting an object is going to do, as far as somebody listens: which collections lose it, and which
    /// rows foreign key actions change or remove. The tables tell by a plan of the delete, which is made for this alone.
    pub(in crate::object) fn note_delete(&mut self, objects: &[ObjectKey]) -> Result<()> {
        if !self.graph.events.heard {
            return Ok(());
        }
        for &key in objects {
            self.note_gone_from_collections(key, false);
        }
        if !self.listeners.wants(|it| it == Interest::Actions) {
            return Ok(());
        }
        let named = objects.iter().copied().collect();
        let mut statement = Deleting { named, gone: FxHashSet::default(), taken: Vec::new() };
        for &key in objects {
            self.plan_actions(key, &mut statement)?;
        }
        let Deleting { gone, taken, .. } = statement;
        for (row, taken) in taken {
            match taken.set {
                // What one object would change goes with another.
                Some(_) if gone.contains(&row) => continue,
                Some(_) => {}
                None => taken.object.into_iter().for_each(|it| self.note_gone_from_collections(it, true)),
            }
            self.graph.events.tell(|| Happening::Action(taken));
        }
        Ok(())
    }

    /// What actions will do because an object goes.
    fn plan_actions(&mut self, origin: ObjectKey, statement: &mut Deleting) -> Result<()> {
        let Some(identity) = self.graph.identity(origin) else { return Ok(()) };
        let table = self.graph.model.class(self.graph.objects[origin].class).table.clone();
        let plan = self.connection.plan_delete(&table, &identity.to_values())?;
        let outline = plan.outline(self.connection.schema());
        for (at, step) in plan.steps.iter().enumerate().skip(plan.named()) {
            let facts = &outline.steps[at];
            let by = |step: &usize| outline.steps[*step].cause.as_ref().map(|it| it.by.clone());
            let way = plan.path(at);
            let named = |at: usize| {
                let object = self.object_of_row(plan.steps[at].table, &plan.steps[at].before);
                object.is_some_and(|it| it != origin && statement.named.contains(&it))
            };
            // What the statement names is no action; what is behind that is told with the object that it names.
            if way.iter().any(|it| named(*it)) {
                continue;
            }
            // Several objects may lead to one row, which goes once.
            if facts.set.is_none() && !statement.gone.insert((step.table, step.row)) {
                continue;
            }
            let path = way.iter().filter_map(by).collect();
            let object = self.object_of_row(step.table, &step.before);
            let (table, set, before) = (facts.row.table.clone(), facts.set.clone(), step.before.clone());
            let taken = ActionTaken { table, before, object, set, origin, path };
            statement.taken.push(((step.table, step.row), taken));
        }
        Ok(())
    }

    /// The object of a row, if the session knows it.
    fn object_of_row(&self, table: TableId, row: &Row) -> Option<ObjectKey> {
        let model = &self.graph.model;
        let class = model.classes().iter().find(|it| it.parts[0].table_id == table && it.has_own_rows())?;
        let identity = Identity::of(&**row, &class.key)?;
        self.graph.known(class.id, &identity)
    }

    /// Notes that an object leaves the collections of those that it refers to, as far as the session can tell who they
    /// are without reading.
    fn note_gone_from_collections(&mut self, member: ObjectKey, by_action: bool) {
        let model = self.graph.model.clone();
        for relation in &model.class(self.graph.objects[member].class).relations {
            let Some(inverse) = relation.inverse else { continue };
            let owners = match self.graph.known_reference(member, relation) {
                Some(one) if !relation.join.is_many() => one.into_iter().collect(),
                _ => self.graph.current(member, relation),
            };
            for owner in owners {
                if self.graph.is_in(owner) && model.relation(self.graph.objects[owner].class, inverse).join.is_many() {
                    let relation = inverse;
                    self.graph.events.tell(|| Happening::Gone { owner, relation, member, by_action });
                }
            }
        }
    }
}
