//! The refusal of objects that need each other, in the manner of SQLAlchemy: there every object waits for those that its
//! relations lead to or led to, whether their rows are there already or not.

use rustc_hash::FxHashMap;

use super::FlushPlan;
use super::order::circular;
use crate::error::Result;
use crate::object::compact::Fate;
use crate::object::model::{Join, RelationModel};
use crate::object::reference::ObjectKey;
use crate::object::session::Core;

impl Core {
    /// Refuses a flush in which objects wait for each other.
    pub(super) fn refuse_rings(&self, plan: &FlushPlan) -> Result<()> {
        let objects: Vec<ObjectKey> = plan.saved.iter().chain(&plan.deleted).copied().collect();
        let before = self.relation_edges(&objects);
        self.check_ring(&objects, &before)
    }

    /// For each of some objects, those that come after it by a relation.
    pub(super) fn relation_edges(&self, objects: &[ObjectKey]) -> Vec<Vec<usize>> {
        let places: FxHashMap<ObjectKey, usize> = objects.iter().enumerate().map(|(at, it)| (*it, at)).collect();
        let mut before: Vec<Vec<usize>> = vec![Vec::new(); objects.len()];
        for (at, &key) in objects.iter().enumerate() {
            let class = self.graph.model.class(self.graph.objects[key].class);
            for relation in class.relations.iter().filter(|it| !it.view_only && !it.post_update) {
                for other in self.graph.all_of(key, relation.id) {
                    if let Some(&other) = places.get(&other)
                        && let Some((first, second)) = self.waits(relation, (at, key), (other, objects[other]))
                    {
                        before[first].push(second);
                    }
                }
            }
        }
        before
    }

    /// Which of two objects has to come first by a relation.
    fn waits(
        &self,
        relation: &RelationModel,
        (own, key): (usize, ObjectKey),
        (other, target): (usize, ObjectKey),
    ) -> Option<(usize, usize)> {
        let deleted = |it: ObjectKey| self.graph.objects[it].fate() == Fate::Delete;
        match (&relation.join, deleted(key), deleted(target)) {
            (Join::Has { .. }, false, _) => Some((own, other)),
            (Join::Has { .. }, true, _) => Some((other, own)),
            (Join::BelongsTo { .. }, false, false) => Some((other, own)),
            (Join::BelongsTo { .. }, true, true) => Some((own, other)),
            (Join::BelongsTo { .. } | Join::Through { .. }, ..) => None,
        }
    }

    fn check_ring(&self, objects: &[ObjectKey], before: &[Vec<usize>]) -> Result<()> {
        let mut open = vec![0; objects.len()];
        before.iter().flatten().for_each(|it| open[*it] += 1);
        let mut ready: Vec<usize> = (0..objects.len()).filter(|&at| open[at] == 0).collect();
        let mut left = objects.len();
        while let Some(at) = ready.pop() {
            left -= 1;
            for &next in &before[at] {
                open[next] -= 1;
                if open[next] == 0 {
                    ready.push(next);
                }
            }
        }
        if left == 0 {
            return Ok(());
        }
        let ring = (0..objects.len()).filter(|&at| open[at] > 0).take(8);
        Err(circular(ring.map(|at| self.graph.name(objects[at])).collect()))
    }
}
