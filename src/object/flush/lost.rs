//! What an owner has lost: whether it has another one.

use crate::error::Result;
use crate::object::model::{Join, RelationModel};
use crate::object::parents::Declared;
use crate::object::reference::ObjectKey;
use crate::object::select::target_columns;
use crate::object::session::Core;
use crate::object::state::State;
use crate::value::Value;

impl Core {
    /// Whether an object that an owner has lost has no other owner by the same relation. Where nothing was seen of it since
    /// rows were forgotten, because the owner was away, its row tells in a sound session: it may refer to another one by now.
    pub(super) fn lacks_parent(
        &mut self,
        child: ObjectKey,
        by: Declared,
        (owner, relation): (ObjectKey, &RelationModel),
    ) -> Result<bool> {
        if let Some(is_owned) = self.graph.is_owned(child, by) {
            return Ok(!is_owned);
        }
        let is_there = self.graph.objects.get(child).is_some_and(|it| it.state == State::Persistent);
        let Join::Has { own_columns, .. } = &relation.join else { return Ok(true) };
        if !self.graph.is_sound() || !is_there {
            return Ok(true);
        }
        let refers = self.held(child, target_columns(self.graph.as_to(relation, child)))?;
        Ok(refers.iter().any(Value::is_null) || refers == self.held(owner, own_columns)?)
    }

    /// The members that an owner has lost and no other one has taken.
    pub(super) fn without_parent(
        &mut self,
        members: Vec<ObjectKey>,
        by: Declared,
        of: (ObjectKey, &RelationModel),
    ) -> Result<Vec<ObjectKey>> {
        let mut without = Vec::with_capacity(members.len());
        for member in members {
            if self.lacks_parent(member, by, of)? {
                without.push(member);
            }
        }
        Ok(without)
    }
}
