//! Relations by name. A collection is a list: its members have positions.

use super::Untyped;
use crate::error::{Misuse, Result};
use crate::id::RelationId;
use crate::object::reference::{AnyRef, ObjectKey};

impl Untyped<'_> {
    /// What a relation leads to, read if need be: every member of a collection, or the one object of a reference.
    ///
    /// # Errors
    /// When there is no such relation, or reading is refused or fails.
    #[track_caller]
    pub fn related(&mut self, object: AnyRef, relation: &str) -> Result<Vec<AnyRef>> {
        let (key, relation, many) = self.relation(object, relation)?;
        let core = self.session.exclusive_here();
        let found: Vec<ObjectKey> = if many {
            core.load_many(key, relation)?.to_vec()
        } else {
            core.load_one(key, relation)?.into_iter().collect()
        };
        Ok(self.refer_all(found))
    }

    /// What a relation leads to without a statement; `None` when it is not loaded.
    ///
    /// # Errors
    /// When there is no such relation.
    pub fn loaded(&mut self, object: AnyRef, relation: &str) -> Result<Option<Vec<AnyRef>>> {
        let (key, relation, many) = self.relation(object, relation)?;
        let model = self.session.model().clone();
        let core = self.session.exclusive();
        let class = core.object(key)?.class;
        core.note_look(key, relation);
        let found: Option<Vec<ObjectKey>> = if many {
            core.loaded_many(key, relation).map(|it| it.to_vec())
        } else {
            core.loaded_one(key, model.relation(class, relation)).map(|it| it.into_iter().collect())
        };
        Ok(found.map(|all| self.refer_all(all)))
    }

    /// Whether a relation shows a part of what it leads to; see [`Session::is_partial`](crate::Session::is_partial).
    ///
    /// # Errors
    /// When there is no such relation.
    pub fn is_partial(&mut self, object: AnyRef, relation: &str) -> Result<bool> {
        let (key, relation, _) = self.relation(object, relation)?;
        Ok(self.session.exclusive().graph.is_partial(key, relation))
    }

    /// Whether a relation leads to a collection.
    ///
    /// # Errors
    /// When there is no such relation.
    pub fn is_collection(&mut self, object: AnyRef, relation: &str) -> Result<bool> {
        Ok(self.relation(object, relation)?.2)
    }

    /// Lets a reference lead to another object, or to none.
    ///
    /// # Errors
    /// When there is no such relation, it is a collection, or the target is of another class.
    #[track_caller]
    pub fn set(&mut self, object: AnyRef, relation: &str, target: Option<AnyRef>) -> Result<()> {
        let (key, relation, many) = self.relation(object, relation)?;
        let target = target.map(|it| self.session.check(it)).transpose()?;
        if many {
            let given = if target.is_some() { "single object" } else { "NULL" };
            return Err(Misuse::WrongClass { expected: "collection".to_owned(), given: given.to_owned() }.into());
        }
        self.session.exclusive_here().told(|core| core.link_one(key, relation, target))
    }

    /// Adds an object to a collection, which need not be read for it.
    ///
    /// # Errors
    /// When there is no such relation, it is no collection, or the member is of another class.
    #[track_caller]
    pub fn push(&mut self, object: AnyRef, relation: &str, member: AnyRef) -> Result<()> {
        let (key, relation, _) = self.relation(object, relation)?;
        let member = self.session.check(member)?;
        self.session.exclusive_here().told(|core| core.link_many(key, relation, member))
    }

    /// Takes an object out of a collection.
    ///
    /// # Errors
    /// When there is no such relation, or the object is no member.
    #[track_caller]
    pub fn remove(&mut self, object: AnyRef, relation: &str, member: AnyRef) -> Result<()> {
        let (key, relation, _) = self.relation(object, relation)?;
        let member = self.session.check(member)?;
        self.session.exclusive_here().told(|core| core.unlink(key, relation, member))
    }

    /// Adds an object to a collection at a position, read first if need be. A position at or behind the end is the end.
    ///
    /// # Errors
    /// As [`push`](Untyped::push), and when reading fails.
    #[track_caller]
    pub fn insert(&mut self, object: AnyRef, relation: &str, position: usize, member: AnyRef) -> Result<()> {
        let (key, id, _) = self.members(object, relation)?;
        let member = self.session.check(member)?;
        self.session.exclusive_here().told(|core| core.insert_member(key, id, member, Some(position)))
    }

    /// Puts an object in the place of the member at a position, read first if need be.
    ///
    /// # Errors
    /// As [`push`](Untyped::push), when reading fails, and when there is no such position.
    #[track_caller]
    pub fn set_item(&mut self, object: AnyRef, relation: &str, position: usize, member: AnyRef) -> Result<()> {
        let (key, id, members) = self.members(object, relation)?;
        let member = self.session.check(member)?;
        self.member_at(relation, &members, position)?;
        self.session.exclusive_here().set_member(key, id, member, position)
    }

    /// Takes the member at a position out of a collection, read first if need be.
    ///
    /// # Errors
    /// When there is no such relation or position, or reading fails.
    #[track_caller]
    pub fn pop(&mut self, object: AnyRef, relation: &str, position: usize) -> Result<AnyRef> {
        let (key, id, members) = self.members(object, relation)?;
        self.session.exclusive_here().is_about_to_pop(key);
        let member = self.member_at(relation, &members, position)?;
        self.session.exclusive_here().told(|core| core.pop_member(key, id, position))?;
        Ok(self.session.refer(member))
    }

    /// Takes every object out of a collection, one after the other.
    ///
    /// # Errors
    /// When there is no such relation, it is no collection, or reading fails.
    #[track_caller]
    pub fn clear(&mut self, object: AnyRef, relation: &str) -> Result<()> {
        let (key, id, many) = self.relation(object, relation)?;
        let core = self.session.exclusive();
        let (model, class) = core.graph.class_of(key);
        if many && model.relation(class, id).lazy.is_never_loaded() && !core.graph.is_sound() {
            return self.session.exclusive_here().told(|core| core.replace(key, id, &[]));
        }
        let (key, id, members) = self.members(object, relation)?;
        self.session.exclusive_here().told(|core| core.empty(key, id, &members))
    }

    /// Lets a collection hold exactly these objects. Only what differs is changed.
    ///
    /// # Errors
    /// When there is no such relation, it is no collection, a member is of another class, or reading fails.
    #[track_caller]
    pub fn replace(&mut self, object: AnyRef, relation: &str, members: &[AnyRef]) -> Result<()> {
        let (key, relation, _) = self.relation(object, relation)?;
        let members = members.iter().map(|it| self.session.check(*it)).collect::<Result<Vec<_>>>()?;
        self.session.exclusive_here().told(|core| core.replace(key, relation, &members))
    }

    fn members(&mut self, object: AnyRef, relation: &str) -> Result<(ObjectKey, RelationId, Vec<ObjectKey>)> {
        let (key, id, many) = self.relation(object, relation)?;
        if !many {
            let reason = format!("{relation} leads to one object; set it");
            return Err(Misuse::Statement { reason }.into());
        }
        let core = self.session.exclusive();
        if !core.graph.is_sound() {
            let (model, class) = core.graph.class_of(key);
            core.check_whole(key, model.relation(class, id))?;
        }
        Ok((key, id, core.load_many(key, id)?.to_vec()))
    }

    fn member_at(&self, relation: &str, members: &[ObjectKey], position: usize) -> Result<ObjectKey> {
        members.get(position).copied().ok_or_else(|| {
            let relation = relation.to_owned();
            Misuse::NoPosition { relation, position, members: members.len() }.into()
        })
    }
}
