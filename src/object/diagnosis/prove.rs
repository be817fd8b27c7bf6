//! Trials: the same reading on a fork, as it was and with an option.

use std::fmt::Write;

use super::finding::Proof;
use super::ledger::{Ask, Entry, Ledger, LoadCause, OriginId, Root, strategy};
use crate::error::Result;
use crate::id::ClassId;
use crate::object::class::Lazy;
use crate::object::identity::Identity;
use crate::object::model::Model;
use crate::object::parents::Declared;
use crate::object::select::{LoadOption, Selection, Step, Strategy};
use crate::object::session::Core;

/// What is to be different.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// A relation that was touched is loaded along.
    Along,
    /// A relation that was loaded along is left to be touched.
    Lazily,
    /// A collection that was joined is read by a statement of its own.
    Apart,
}

/// One step of a path: the class at which it begins, and how the relation is to be loaded.
struct Way {
    class: ClassId,
    relation: Declared,
    strategy: Strategy,
    /// How a reader would write it.
    said: Lazy,
}

impl Core {
    /// What the query would say, and what it then takes.
    pub(super) fn try_out(&mut self, ledger: &mut Ledger, at: OriginId, change: Change) -> (String, Option<Proof>) {
        let model = self.graph.model.clone();
        let ways = ledger.ways(&model, at, change);
        let option = say(&model, &ways);
        let root = ledger.origin(at).root;
        let proposed = ask(&model, &ways);
        let mut reading = |option: Option<LoadOption>| -> Result<(u64, u64)> {
            let mut trial = self.trial(&mut ledger.roots[root])?;
            trial.read_as(ledger, root, option)
        };
        let proof = match (reading(None), reading(proposed)) {
            (Ok(before), Ok(after)) => Some(Proof {
                statements_before: before.0,
                statements_after: after.0,
                rows_before: before.1,
                rows_after: after.1,
            }),
            // A connection that cannot fork, or rows that are not there any more: nothing can be said.
            _ => None,
        };
        (option, proof)
    }

    /// A session that has read nothing, over a fork of what a query saw.
    fn trial(&mut self, root: &mut Root) -> Result<Core> {
        let seen = root.seen.as_mut().unwrap_or(&mut self.connection);
        let mut trial = Core::new(self.graph.model.clone(), seen.rehearse()?);
        trial.graph.manner = self.graph.manner;
        trial.peers.wanted = self.peers.wanted;
        trial.plans.clone_from(&self.plans);
        Ok(trial)
    }

    /// Does the reading that began with a query again: the query, then what was touched, in order. Returns how many
    /// statements and rows that took.
    fn read_as(&mut self, ledger: &Ledger, root: usize, option: Option<LoadOption>) -> Result<(u64, u64)> {
        let before = self.connection.log().totals();
        let it = &ledger.roots[root];
        match &it.ask {
            Ask::Query(selection) => {
                let selection = with(selection, option);
                self.select(it.class, &selection)?;
            }
            Ask::Key(key) => {
                self.find_with(it.class, key, &with(&Selection::default(), option))?;
            }
        }
        for entry in &ledger.entries {
            if entry.from.is_some_and(|it| ledger.origin(it).root == root) {
                self.touch_as(entry)?;
            }
        }
        let taken = self.connection.log().totals() - before;
        Ok((taken.statements, taken.rows))
    }

    fn touch_as(&mut self, entry: &Entry) -> Result<()> {
        let Some((_, relation)) = entry.relation else { return Ok(()) };
        for (class, key) in &entry.touched {
            let Some(owner) = Identity::from_values(key).and_then(|it| self.graph.known(*class, &it)) else { continue };
            let model = self.graph.model.clone();
            let declared = model.relation(self.object(owner)?.class, relation);
            match entry.load.cause {
                LoadCause::Touch if declared.join.is_many() => drop(self.load_many(owner, relation)?),
                LoadCause::Touch => drop(self.load_one(owner, relation)?),
                LoadCause::Unit if !self.graph.is_loaded(owner, relation) => self.read_for_unit(owner, declared)?,
                _ => {}
            }
        }
        Ok(())
    }
}

impl Ledger {
    /// The steps from a query to a result, as the query would have to ask for them.
    fn ways(&self, model: &Model, at: OriginId, change: Change) -> Vec<Way> {
        let mut class = self.roots[self.origin(at).root].class;
        let mut ways = Vec::new();
        for (id, relation) in self.steps_to(at) {
            let declared = model.relation(relation.0, relation.1);
            let eager = if declared.join.is_many() { Lazy::Selectin } else { Lazy::Joined };
            let along = self.origin(id).along;
            let (strategy, said) = match (id == at, change) {
                (true, Change::Lazily) => (Strategy::By(Lazy::Select), Lazy::Select),
                (true, Change::Apart) => (Strategy::By(Lazy::Selectin), Lazy::Selectin),
                (true, Change::Along) => (Strategy::By(eager), eager),
                // What comes along already stays as it is.
                (false, _) => match along {
                    Some(lazy) => (Strategy::AsDeclared, lazy),
                    None => (Strategy::By(eager), eager),
                },
            };
            ways.push(Way { class, relation, strategy, said });
            class = declared.target;
        }
        ways
    }
}

fn with(selection: &Selection, option: Option<LoadOption>) -> Selection {
    let mut selection = Selection { budget: None, ..selection.clone() };
    selection.loading.options.extend(option);
    selection
}

/// The path as an option of a query.
fn ask(model: &Model, ways: &[Way]) -> Option<LoadOption> {
    ways.iter().rev().fold(None, |behind, way| {
        let declared = model.relation(way.relation.0, way.relation.1);
        let known = model.class(way.class).relations.iter().any(|it| it.name == declared.name);
        let step = match known {
            true => Step::Relation(declared.name.clone().into()),
            false => Step::Of(model.class(way.relation.0).name.clone().into(), declared.name.clone().into()),
        };
        let mut option = LoadOption::new(step, way.strategy.clone());
        option.then.options.extend(behind);
        Some(option)
    })
}

/// The path as a reader would write it.
fn say(model: &Model, ways: &[Way]) -> String {
    let mut text = String::new();
    for (at, way) in ways.iter().enumerate() {
        let declared = model.relation(way.relation.0, way.relation.1);
        let known = model.class(way.class).relations.iter().any(|it| it.name == declared.name);
        let verb = match (at, known) {
            (0, true) => ".with(",
            (0, false) => ".with_of(",
            (_, true) => ".then(",
            (_, false) => ".then_of(",
        };
        // The constant is one of the class that declares the relation, whatever the query is on.
        let class = &model.class(way.relation.0).name;
        let _ = write!(text, "{verb}{class}::{}.{}()", declared.name, strategy(way.said));
    }
    text.push_str(&")".repeat(ways.len()));
    text
}
