//! Both sides carry out one history, and are compared after every operation.

use super::difference::{Difference, Seen};
use super::history::Operation;
use super::ours::Ours;
use super::rules::{self, Judged};
use super::schema::SchemaSpec;
use super::side::Side;

/// What came of a history.
pub(crate) enum Verdict {
    /// Both sides did the same all along.
    Agreed(Tally),
    /// At this place they differed as they should.
    Named(usize, Difference),
    /// At this place one of them is wrong.
    Wrong(Mismatch),
}

/// How many operations both sides carried out, and how many both refused.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) accepted: usize,
    /// Of those accepted, how many set foreign key actions in motion.
    pub(crate) with_actions: usize,
    pub(crate) refused: usize,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Tally) {
        self.accepted += other.accepted;
        self.with_actions += other.with_actions;
        self.refused += other.refused;
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Mismatch {
    pub(crate) at: usize,
    pub(crate) why: String,
}

/// Carries a history out on both sides. What is no operation here, such as going back without a savepoint, is passed
/// over, so that any part of a history is a history.
pub(crate) fn compare(schema: &SchemaSpec, history: &[Operation], side: &mut dyn Side) -> Verdict {
    let mut ours = Ours::new(schema);
    let mut judged = Judged::Initially;
    let mut before = ours.dump();
    let mut tally = Tally::default();
    let mut depth = 0;
    for (at, operation) in history.iter().enumerate() {
        if depth == 0 && matches!(operation, Operation::Release | Operation::RollbackTo) {
            continue;
        }
        let wrong = |why: String| Verdict::Wrong(Mismatch { at, why });
        let here = ours.carry_out(operation);
        let by_actions = here.as_ref().is_ok_and(|it| *it > 0);
        let here = here.map(drop);
        let there = side.carry_out(operation, depth);
        let (mut after, mut after_there) = (ours.dump(), side.dump());
        if let Err(problem) = ours.audit() {
            return wrong(format!("the audit fails: {problem}"));
        }
        if let Err(error) = &here
            && after != before
        {
            return wrong(format!("refused, and yet something changed: {error}\n{}", differing(&before, &after)));
        }
        let commits = matches!(operation, Operation::Commit);
        if matches!(operation, Operation::SetConstraints(..)) {
            judged = Judged::NeverDeferred;
        }
        let judged = if commits { Judged::All } else { judged };
        if let Some(problem) = rules::judge(schema, &after, judged).err().filter(|_| here.is_ok()) {
            return wrong(format!("accepted, but {problem}"));
        }
        if commits && here.is_err() && there.is_err() && side.forgets_refused_commits() {
            ours.carry_out(&Operation::Rollback).expect("a transaction can be rolled back");
            (after, after_there) = (ours.dump(), side.dump());
            depth = 0;
        }
        if here.is_ok() != there.is_ok() || after != after_there {
            let (ours, there) = ((&here, &after), (&there, &after_there));
            let seen = Seen { schema, operation, before: &before, judged, ours, there };
            return match seen.name() {
                Some(difference) => Verdict::Named(at, difference),
                None => wrong(explain(&seen)),
            };
        }
        match &here {
            Ok(()) => {
                tally.accepted += 1;
                tally.with_actions += usize::from(by_actions);
            }
            Err(_) => tally.refused += 1,
        }
        depth = operation.depth_after(depth, here.is_ok());
        before = after;
    }
    Verdict::Agreed(tally)
}

fn explain(seen: &Seen<'_>) -> String {
    let ours = match seen.ours.0 {
        Ok(()) => "accepts".to_owned(),
        Err(error) => format!("refuses: {error:#}"),
    };
    let there = match seen.there.0 {
        Ok(()) => "accepts".to_owned(),
        Err(error) => format!("refuses: {error}"),
    };
    let rows = differing(seen.there.1, seen.ours.1);
    format!("this engine {ours}\nthe other {there}\nrows of the other (-), rows of this engine (+):\n{rows}")
}

/// The rows in which two dumps differ.
fn differing(a: &super::ours::Dump, b: &super::ours::Dump) -> String {
    let mut text = String::new();
    for (position, (a, b)) in a.iter().zip(b).enumerate() {
        a.iter().filter(|it| !b.contains(it)).for_each(|it| text += &format!("  - t{position} {it:?}\n"));
        b.iter().filter(|it| !a.contains(it)).for_each(|it| text += &format!("  + t{position} {it:?}\n"));
    }
    text
}
