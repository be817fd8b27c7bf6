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
                for other in self.others(key, relation) {
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

    /// What a relation leads to or led to; of an object that goes, also what its row says.
    fn others(&self, key: ObjectKey, relation: &RelationModel) -> Vec<ObjectKey> {
        let goes = self.graph.objects[key].fate() == Fate::Delete;
        if goes && matches!(relation.join, Join::BelongsTo { .. }) && !self.graph.is_loaded(key, relation.id) {
            return self.graph.known_reference(key, relation).flatten().into_iter().collect();
        }
        self.graph.all_of(key, relation.id)
    }

    /// For each class, its place in the order in which objects are deleted: those that refer before those that they
    /// refer to by a relation, and by name where nothing else decides.
    pub(super) fn delete_ranks(&self) -> Vec<usize> {
        let classes = self.graph.model.classes();
        let mut before: Vec<Vec<usize>> = vec![Vec::new(); classes.len()];
        for class in classes {
            for relation in class.relations.iter().filter(|it| !it.view_only && !it.post_update) {
                for target in std::iter::once(relation).chain(&relation.apart).map(|it| it.target) {
                    let (own, other) = (class.root.index(), self.graph.root(target).index());
                    match &relation.join {
                        _ if own == other => {}
                        Join::BelongsTo { .. } => before[own].push(other),
                        Join::Has { .. } => before[other].push(own),
                        Join::Through { .. } => {}
                    }
                }
            }
        }
        let mut left: Vec<usize> = (0..classes.len()).filter(|it| classes[*it].root.index() == *it).collect();
        left.sort_by_key(|it| &classes[*it].name);
        let mut ranks = vec![0; classes.len()];
        let mut rank = 0;
        while !left.is_empty() {
            let free = |it: &usize| !left.iter().any(|other| other != it && before[*other].contains(it));
            let mut level: Vec<usize> = left.iter().copied().filter(free).collect();
            if level.is_empty() {
                level = left.clone();
            }
            left.retain(|it| !level.contains(it));
            for at in level {
                ranks[at] = rank;
                rank += 1;
            }
        }
        ranks
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
