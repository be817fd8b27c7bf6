//! Ordered lists: a column of the members holds where they stand.

use std::collections::BTreeMap;

use super::columns::Assigned;
use super::entity::{Field, IsA, Many, Relation, Writable};
use super::model::RelationModel;
use super::reference::{ObjectKey, Ref};
use super::session::{Core, Member, Session};
use crate::error::{Misuse, Result};
use crate::value::Value;

impl Session {
    /// Adds an object to a collection at a position, read first if need be. A position behind the end is the end.
    ///
    /// # Errors
    /// When a reference is not of this session, or the collection cannot be read.
    #[track_caller]
    pub fn insert<R, M: Member<R::Target>>(
        &mut self,
        object: Ref<impl IsA<R::Owner>>,
        _: R,
        at: usize,
        member: M,
    ) -> Result<Ref<M::Object>>
    where
        R: Relation<Arity = Many> + Writable,
    {
        let key = self.check(object)?;
        let member = member.into_reference(self)?;
        let target = self.check(member)?;
        self.exclusive_here().told(|core| core.insert_member(key, R::RELATION, target, Some(at)))?;
        Ok(member)
    }

    /// Lets a member of a collection stand at another position.
    ///
    /// # Errors
    /// When it is no member, a reference is not of this session, or the collection cannot be read.
    #[track_caller]
    pub fn move_to<R>(
        &mut self,
        object: Ref<impl IsA<R::Owner>>,
        _: R,
        member: Ref<impl IsA<R::Target>>,
        at: usize,
    ) -> Result<()>
    where
        R: Relation<Arity = Many> + Writable,
    {
        let (key, member) = (self.check(object)?, self.check(member)?);
        self.exclusive_here().told(|core| {
            let mut members = core.load_many(key, R::RELATION)?.to_vec();
            let Some(from) = members.iter().position(|it| *it == member) else {
                let relation = format!("{} of {}", R::NAME, core.graph.name(key));
                return Err(Misuse::NotInCollection { relation, object: core.graph.name(member) }.into());
            };
            members.remove(from);
            members.insert(at.min(members.len()), member);
            core.replace(key, R::RELATION, &members)
        })
    }

    /// A collection as a map: its members by the values of one of their columns. Of members with one value the last
    /// counts; those where it is NULL are left out.
    ///
    /// # Errors
    /// When the reference is not of this session, or reading is refused or fails.
    #[track_caller]
    pub fn keyed<R, F>(&self, object: Ref<impl IsA<R::Owner>>, _: R, _: F) -> Result<BTreeMap<F::Value, Ref<R::Target>>>
    where
        R: Relation<Arity = Many>,
        R::Target: IsA<F::Entity>,
        F: Field,
        F::Value: Ord,
    {
        let key = self.check(object)?;
        let mut core = self.called_from(std::panic::Location::caller());
        let mut map = BTreeMap::new();
        for member in core.load_many(key, R::RELATION)?.iter().copied() {
            let value = core.column(member, F::COLUMN)?;
            if !value.is_null() {
                map.insert(<F::Value as crate::value::AsValue>::from_value(value)?, self.refer(member));
            }
        }
        Ok(map)
    }
}

impl Core {
    /// Lets the members of an ordered list hold their positions. Only what differs is changed.
    pub(super) fn renumber(&mut self, key: ObjectKey, relation: &RelationModel) -> Result<()> {
        if relation.position.is_none() || relation.lazy.is_never_loaded() {
            return Ok(());
        }
        self.know_positions(key, relation)?;
        let members = self.quietly(|core| core.load_many(key, relation.id))?;
        for (at, &member) in members.iter().enumerate() {
            let at = Value::Int(at as i64);
            let Some(position) = self.graph.as_to(relation, member).position else { continue };
            if self.quietly(|core| core.column(member, position))? != at {
                self.set_column(member, position, Assigned::Value(at))?;
            }
        }
        Ok(())
    }

    /// Reads the whole of an ordered list that a query has brought in part: others have positions, too.
    pub(super) fn know_positions(&mut self, key: ObjectKey, relation: &RelationModel) -> Result<()> {
        if relation.position.is_some() && self.graph.is_partial(key, relation.id) {
            self.quietly(|core| core.load_whatever(key, relation))?;
        }
        Ok(())
    }

    /// The same for the lists that an object has left and come to, because its reference was set.
    pub(super) fn renumber_other_side(
        &mut self,
        relation: &RelationModel,
        owners: [Option<ObjectKey>; 2],
    ) -> Result<()> {
        let model = self.graph.model.clone();
        let Some(inverse) = relation.inverse else { return Ok(()) };
        for owner in owners.into_iter().flatten() {
            let inverse = model.relation(self.graph.objects[owner].class, inverse);
            self.renumber(owner, inverse)?;
        }
        Ok(())
    }
}
