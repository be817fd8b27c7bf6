//! What a relation wants of a member beyond its class: that it fulfils the relation's own condition, and that nobody
//! becomes his own ancestor.

use super::model::{JoinLeaf, RelationModel};
use super::reference::ObjectKey;
use super::session::Core;
use super::untyped::NoLeaves;
use crate::error::{Error, Misuse, Result};
use crate::expr::Expr;
use crate::value::Value;

impl Core {
    /// Refuses a member that the relation would not find, or that would close a ring where none is allowed.
    pub(super) fn check_wanted(&mut self, key: ObjectKey, relation: &RelationModel, member: ObjectKey) -> Result<()> {
        if relation.condition.is_some() && !relation.view_only && self.graph.is_sound() {
            self.check_condition(key, relation, member)?;
        }
        self.check_acyclic(key, relation, member)
    }

    /// A condition over the table between is not judged: its row is not there yet.
    fn check_condition(&mut self, key: ObjectKey, relation: &RelationModel, member: ObjectKey) -> Result<()> {
        let Some(condition) = &self.graph.as_to(relation, member).condition else { return Ok(()) };
        let mut judged = true;
        let with_values = condition.try_map(&mut |leaf| {
            let value = match *leaf {
                JoinLeaf::Owner(column) => self.quietly(|core| core.column(key, column))?,
                JoinLeaf::Target(column) => self.quietly(|core| core.column(member, column))?,
                JoinLeaf::Between(_) => {
                    judged = false;
                    Value::Null
                }
            };
            Ok::<_, Error>(Expr::Value(value))
        })?;
        if !judged || with_values.evaluate(&NoLeaves)?.into_value() == Value::Bool(true) {
            return Ok(());
        }
        let class = self.graph.model.class(self.graph.objects[key].class);
        let (relation, object) = (format!("{}.{}", class.name, relation.name), self.graph.name(member));
        Err(Misuse::NotInFilter { relation, object }.into())
    }

    /// Goes up from the parent; a chain may be long, and one that is a ring already ends where it began.
    fn check_acyclic(&mut self, key: ObjectKey, relation: &RelationModel, member: ObjectKey) -> Result<()> {
        let model = self.graph.model.clone();
        let inverse =
            self.graph.as_to(relation, member).inverse.map(|it| model.relation(self.graph.objects[member].class, it));
        if !relation.acyclic && !inverse.is_some_and(|it| it.acyclic) {
            return Ok(());
        }
        let (child, parent, up) = match inverse.filter(|it| !it.join.is_many()) {
            Some(up) if relation.join.is_many() => (member, key, up),
            _ if !relation.join.is_many() => (key, member, relation),
            _ => return Ok(()),
        };
        let (mut way, mut seen) = (vec![child], rustc_hash::FxHashSet::default());
        let mut next = Some(parent);
        while let Some(here) = next {
            if here == child {
                let objects = way.into_iter().map(|it| self.graph.name(it)).collect();
                let relation = format!("{}.{}", model.class(self.graph.objects[key].class).name, relation.name);
                return Err(Misuse::Ring { relation, objects }.into());
            }
            if !seen.insert(here) {
                return Ok(());
            }
            way.push(here);
            self.quietly(|core| core.read_for_unit(here, up))?;
            next = self.graph.current(here, up).first().copied();
        }
        Ok(())
    }
}
