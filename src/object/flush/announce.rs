//! Telling of the rows of a flush: a sound session tells of each statement's, SQLAlchemy of all objects that take part.
//!
//! There, who is saved is told of with the first statement on a table of its hierarchy and with the last one, whether its
//! row is written or not.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{FlushPlan, FlushStep, When, Work};
use crate::id::ClassId;
use crate::object::events::{Happening, RowStep};
use crate::object::reference::ObjectKey;
use crate::object::session::Core;
use crate::object::state::State;

/// The objects of a statement, with their class if that is one, and what is said before and after.
type Rows = (Option<ClassId>, Vec<ObjectKey>, [RowStep; 2]);

/// Who has been told of in the manner of SQLAlchemy.
#[derive(Default)]
pub(super) struct Told {
    /// How many statements are to come of each hierarchy that has had one.
    left: FxHashMap<ClassId, usize>,
    /// The objects of each hierarchy, with whether they are new.
    begun: FxHashMap<ClassId, Vec<(ObjectKey, bool)>>,
}

impl Core {
    /// Tells that rows are about to be written.
    pub(super) fn tell_before(&mut self, plan: &FlushPlan, told: &mut Told, step: &FlushStep) {
        self.tell_those_before(plan, told, step);
        let Some((class, objects, [before, _])) = self.rows_told_of(step) else { return };
        if self.graph.is_sound() || before == RowStep::BeforeDelete {
            return self.note_rows(&objects, before);
        }
        let Some(root) = class.map(|it| self.graph.root(it)) else { return };
        if !writes_later(step) && !told.begun.contains_key(&root) {
            self.begin_hierarchy(plan, told, root);
        }
    }

    /// Tells that rows have been written.
    pub(super) fn tell_after(&mut self, told: &mut Told, step: &FlushStep) {
        let Some((class, objects, [_, after])) = self.rows_told_of(step) else { return };
        if self.graph.is_sound() || after == RowStep::AfterDelete {
            return self.note_rows(&objects, after);
        }
        let Some(root) = class.map(|it| self.graph.root(it)) else { return };
        if let Some(left) = told.left.get_mut(&root).filter(|_| !writes_later(step)) {
            *left -= 1;
            if *left == 0 {
                self.end_hierarchy(told, root);
            }
        }
    }

    /// Tells of those for whom there is no statement and whose turn comes before a step: a step that is refused leaves
    /// them told of. Whose rows go and which pairs there are is settled after all that is saved.
    fn tell_those_before(&mut self, plan: &FlushPlan, told: &mut Told, step: &FlushStep) {
        if self.graph.is_sound() || !self.graph.events.is_noted() {
            return;
        }
        let model = self.graph.model.clone();
        let rank = |class: ClassId| model.insert_rank[class.index()];
        let own = saved_class(step).map(rank);
        self.tell_without_statements(plan, told, |class| own.is_none_or(|it| rank(class) < it));
    }

    /// Tells of those for whom there was no statement.
    pub(super) fn tell_rest(&mut self, plan: &FlushPlan, told: &mut Told) {
        if self.graph.events.is_noted() {
            self.tell_without_statements(plan, told, |_| true);
        }
    }

    /// Tells of those of these classes for whose hierarchies there is no statement.
    fn tell_without_statements(&mut self, plan: &FlushPlan, told: &mut Told, which: impl Fn(ClassId) -> bool) {
        let mut seen = FxHashSet::default();
        let classes = plan.saved.iter().map(|it| self.graph.objects[*it].class).filter(|it| which(*it));
        for root in classes.map(|it| self.graph.root(it)).collect::<Vec<_>>() {
            if seen.insert(root) && !told.begun.contains_key(&root) && self.saving_steps(plan, root) == 0 {
                self.begin_hierarchy(plan, told, root);
                self.end_hierarchy(told, root);
            }
        }
    }

    /// How many statements save rows of a hierarchy.
    fn saving_steps(&self, plan: &FlushPlan, root: ClassId) -> usize {
        plan.steps.iter().filter_map(saved_class).filter(|it| self.graph.root(*it) == root).count()
    }

    fn rows_told_of(&self, step: &FlushStep) -> Option<Rows> {
        if self.graph.events.is_noted() { rows_of(step) } else { None }
    }

    fn begin_hierarchy(&mut self, plan: &FlushPlan, told: &mut Told, root: ClassId) {
        told.left.insert(root, self.saving_steps(plan, root));
        let saved = plan.saved.iter().filter(|it| self.graph.root(self.graph.objects[**it].class) == root);
        let is_new = |it: &ObjectKey| self.graph.objects[*it].state == State::Pending;
        let saved: Vec<(ObjectKey, bool)> = saved.map(|it| (*it, is_new(it))).collect();
        for &(object, new) in &saved {
            self.note_rows(&[object], if new { RowStep::BeforeInsert } else { RowStep::BeforeUpdate });
        }
        told.begun.insert(root, saved);
    }

    fn end_hierarchy(&mut self, told: &Told, root: ClassId) {
        for &(object, new) in told.begun.get(&root).into_iter().flatten() {
            self.note_rows(&[object], if new { RowStep::AfterInsert } else { RowStep::AfterUpdate });
        }
    }

    pub(super) fn note_rows(&mut self, objects: &[ObjectKey], step: RowStep) {
        let events = &mut self.graph.events;
        for &object in objects {
            match step.is_before() {
                true => events.collect(|| Happening::Row { object, step }),
                false => events.note(|| Happening::Row { object, step }),
            }
        }
    }
}

/// The objects whose rows a statement writes.
fn rows_of(step: &FlushStep) -> Option<Rows> {
    let updated = [RowStep::BeforeUpdate, RowStep::AfterUpdate];
    Some(match &step.work {
        Work::Insert { class, objects, .. } => {
            (Some(*class), objects.clone(), [RowStep::BeforeInsert, RowStep::AfterInsert])
        }
        Work::Update { class, objects, .. } => (Some(*class), objects.clone(), updated),
        Work::Exchange { rows } => (None, rows.iter().map(|it| it.0).collect(), updated),
        Work::Delete { class, objects } => {
            (Some(*class), objects.clone(), [RowStep::BeforeDelete, RowStep::AfterDelete])
        }
        Work::Associate { .. } | Work::Reassociate { .. } | Work::Dissociate { .. } => return None,
    })
}

/// The class of the rows that a statement saves, if it does.
fn saved_class(step: &FlushStep) -> Option<ClassId> {
    match &step.work {
        Work::Insert { class, .. } => Some(*class),
        Work::Update { class, .. } if !writes_later(step) => Some(*class),
        _ => None,
    }
}

/// Whether a statement writes references that were put off. SQLAlchemy does not tell of it.
fn writes_later(step: &FlushStep) -> bool {
    matches!(step.work, Work::Update { when: When::Post, .. })
}
