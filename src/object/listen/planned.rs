//! Which listeners a plan of a delete is about, without calling them.

use std::sync::atomic::Ordering;

use super::{Interest, Listeners};
use crate::id::ClassId;
use crate::object::delete_plan::{DeleteStep, Mechanism, PlannedListener};
use crate::object::events::RowStep;
use crate::object::model::Model;

impl Listeners {
    /// The listeners to rows that some of the steps concern, each step with the class of the object whose row it is.
    pub(in crate::object) fn planned(
        &self,
        model: &Model,
        steps: &[DeleteStep],
        classes: &[Option<ClassId>],
    ) -> Vec<PlannedListener> {
        let mut all = Vec::new();
        for listener in self.all.iter().filter(|it| it.on.load(Ordering::Relaxed)) {
            let Some(of) = listener.class else { continue };
            let mut planned =
                PlannedListener { listener: listener.name.clone(), told: Vec::new(), bypassed: Vec::new() };
            for (at, (step, class)) in steps.iter().zip(classes).enumerate() {
                if !class.is_some_and(|it| model.is_a(it, of)) {
                    continue;
                }
                let by_action = step.cause.as_ref().is_some_and(|it| matches!(it.mechanism, Mechanism::Action(_)));
                let concerned = match listener.interest {
                    Interest::Rows(RowStep::BeforeDelete | RowStep::AfterDelete) => step.set.is_none(),
                    Interest::Rows(RowStep::BeforeUpdate | RowStep::AfterUpdate) => step.set.is_some(),
                    // Of a class in several tables no row is a whole one.
                    Interest::Actions => by_action && model.class(of).parts.len() == 1,
                    Interest::Rows(_) | Interest::Columns | Interest::Other => false,
                };
                match listener.interest {
                    _ if !concerned => {}
                    Interest::Rows(_) if by_action => planned.bypassed.push(at),
                    _ => planned.told.push(at),
                }
            }
            all.extend((!planned.told.is_empty() || !planned.bypassed.is_empty()).then_some(planned));
        }
        all
    }
}
