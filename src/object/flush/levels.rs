//! The order of statements in the manner of SQLAlchemy: what waits for nothing comes first, then what waited only for that,
//! and so on; within such a level, deletes come before what relations write, that before saves, and names decide the rest.
//!
//! What waits for what is told by the relations that have something to do, not by foreign keys. Where classes refer to each
//! other in a ring, objects are sorted one by one, and the plan stays as it is.

use rustc_hash::FxHashMap;

use super::collect::Registry;
use super::{FlushPlan, FlushStep, When, Work};
use crate::id::ClassId;
use crate::object::compact::Fate;
use crate::object::model::Join;
use crate::object::parents::Declared;
use crate::object::reference::ObjectKey;
use crate::object::session::Core;

/// What a flush does to the objects of one hierarchy, each by its root, or along one relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Action {
    Delete(ClassId),
    /// Foreign keys that are written by statements of their own, of objects that stay and of those that go.
    PostUpdate(ClassId, bool),
    /// What a relation of objects that stay, or of those that go, writes.
    Process(Declared, bool),
    Save(ClassId),
}

/// The actions of a flush, and which comes after which.
#[derive(Default)]
struct Levels {
    places: FxHashMap<Action, usize>,
    actions: Vec<Action>,
    after: Vec<Vec<usize>>,
}

impl Levels {
    fn place(&mut self, action: Action) -> usize {
        *self.places.entry(action).or_insert_with(|| {
            self.actions.push(action);
            self.after.push(Vec::new());
            self.actions.len() - 1
        })
    }

    fn order(&mut self, pairs: &[(Action, Action)]) {
        for &(first, second) in pairs {
            let (first, second) = (self.place(first), self.place(second));
            self.after[first].push(second);
        }
    }

    /// The level of each action.
    fn levels(&self) -> Vec<usize> {
        let mut open = vec![0; self.actions.len()];
        self.after.iter().flatten().for_each(|it| open[*it] += 1);
        let mut levels = vec![0; self.actions.len()];
        let mut ready: Vec<usize> = (0..open.len()).filter(|it| open[*it] == 0).collect();
        while let Some(at) = ready.pop() {
            for &next in &self.after[at] {
                levels[next] = levels[next].max(levels[at] + 1);
                open[next] -= 1;
                if open[next] == 0 {
                    ready.push(next);
                }
            }
        }
        levels
    }
}

impl Core {
    /// Puts the steps of a plan into the order of SQLAlchemy. What belongs to one action stays in its order.
    pub(super) fn sort_by_levels(&self, registry: &Registry, plan: &mut FlushPlan) {
        if !registry.rings.is_empty() {
            return;
        }
        let mut levels = Levels::default();
        for &key in &registry.objects {
            let root = self.graph.root(self.graph.objects[key].class);
            levels.order(&[(Action::Save(root), Action::Delete(root))]);
        }
        for &by in &registry.set_up {
            self.order_along(&mut levels, by);
        }
        let level = levels.levels();
        plan.steps.sort_by_cached_key(|step| {
            let action = self.action_of(step)?;
            let at = levels.places.get(&action).map(|at| level[*at]);
            Some((at, self.place_within(action)))
        });
    }

    /// The order within a level: by kind, by name, and what stays before what goes.
    fn place_within(&self, action: Action) -> (usize, String, bool) {
        let model = &self.graph.model;
        let name = |class: ClassId| model.class(class).name.clone();
        match action {
            Action::Delete(class) => (0, name(class), true),
            Action::PostUpdate(class, goes) => (1, name(class), goes),
            Action::Process(by, goes) => (2, format!("{}_{}", name(by.0), model.relation(by.0, by.1).name), goes),
            Action::Save(class) => (3, name(class), false),
        }
    }

    /// What waits for what because of a relation.
    fn order_along(&self, levels: &mut Levels, by: Declared) {
        use Action::{Delete, PostUpdate, Process, Save};
        let relation = self.graph.model.relation(by.0, by.1);
        let (own, other) = (self.graph.root(by.0), self.graph.root(relation.target));
        let (kept, gone) = (Process(by, false), Process(by, true));
        match (&relation.join, relation.post_update) {
            (Join::Has { .. }, false) => levels.order(&[
                (Save(own), kept),
                (kept, Save(other)),
                (kept, Delete(other)),
                (Save(other), Delete(own)),
                (Delete(other), Delete(own)),
                (gone, Save(other)),
                (gone, Delete(other)),
            ]),
            (Join::Has { .. }, true) => levels.order(&[
                (Save(other), kept),
                (Save(own), kept),
                (kept, PostUpdate(other, false)),
                (Save(other), gone),
                (gone, PostUpdate(other, false)),
                (PostUpdate(other, false), Delete(own)),
                (gone, PostUpdate(other, true)),
                (PostUpdate(other, true), Delete(own)),
                (PostUpdate(other, true), Delete(other)),
            ]),
            (Join::BelongsTo { .. }, false) => levels.order(&[
                (Save(other), kept),
                (kept, Save(own)),
                (Save(own), Delete(other)),
                (Delete(own), Delete(other)),
            ]),
            (Join::BelongsTo { .. }, true) => levels.order(&[
                (Save(other), kept),
                (Save(own), kept),
                (kept, PostUpdate(own, false)),
                (kept, PostUpdate(own, true)),
                (gone, PostUpdate(own, true)),
                (PostUpdate(own, true), Delete(other)),
                (PostUpdate(own, true), Delete(own)),
            ]),
            (Join::Through { .. }, _) => levels.order(&[
                (Save(own), kept),
                (Save(other), kept),
                (kept, Delete(other)),
                (gone, Save(own)),
                (gone, Delete(own)),
                (gone, Delete(other)),
                (gone, Save(other)),
            ]),
        }
    }

    /// What a step belongs to.
    fn action_of(&self, step: &FlushStep) -> Option<Action> {
        let goes = |key: &ObjectKey| self.graph.objects[*key].fate() == Fate::Delete;
        Some(match &step.work {
            Work::Insert { class, .. } | Work::Update { class, when: When::Row | When::Memory, .. } => {
                Action::Save(self.graph.root(*class))
            }
            Work::Update { class, objects, when: When::Post, .. } => {
                Action::PostUpdate(self.graph.root(*class), objects.iter().all(goes))
            }
            Work::Delete { class, .. } => Action::Delete(self.graph.root(*class)),
            Work::Associate { class, relation, .. } | Work::Reassociate { class, relation, .. } => {
                Action::Process(self.graph.declared(*class, *relation), false)
            }
            Work::Dissociate { class, relation, pairs } => {
                let goes = pairs.iter().all(|pair| goes(&pair.0));
                Action::Process(self.graph.declared(*class, *relation), goes)
            }
            Work::Exchange { .. } => return None,
        })
    }
}
