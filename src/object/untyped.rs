//! The session by names: for classes that are made at run time, and for tools.

use super::query::QueryParts;
use super::reference::{AnyRef, ObjectKey};
use super::session::Session;
use crate::error::Result;
use crate::id::{ClassId, RelationId};
use crate::object::state::State;
use crate::record::edit;
use crate::schema::DefaultValue;
use crate::value::Value;

/// A session whose classes, columns and relations are given by name. Everything that a derived entity can do, a class
/// that was made at run time can do too, through the same machinery.
#[derive(Debug)]
pub struct Untyped<'s> {
    session: &'s mut Session,
}

impl<'s> Untyped<'s> {
    pub(super) fn new(session: &'s mut Session) -> Self {
        Untyped { session }
    }

    /// Adds a new object with these columns set.
    ///
    /// # Errors
    /// When there is no such class or column, or a value does not fit.
    pub fn add(&mut self, class: &str, values: &[(&str, Value)]) -> Result<AnyRef> {
        let model = self.session.model().clone();
        let class = model.class_named(class)?;
        let core = self.session.exclusive();
        let table = core.connection.schema().table_named(&class.table)?;
        let mut row = table.prototype.duplicate();
        for column in table.column_ids() {
            match &table.column(column).default {
                None | Some(DefaultValue::Sequence(_)) => {}
                Some(default) => edit(&mut row).set(column, default.at_rest()?)?,
            }
        }
        for (name, value) in values {
            edit(&mut row).set(class.column_named(name)?, value.clone())?;
        }
        let key = core.graph.introduce(class.id, row, State::Pending);
        Ok(self.session.refer(key))
    }

    /// The object with this primary key, if there is one.
    ///
    /// # Errors
    /// When there is no such class, or the statement fails.
    pub fn find(&mut self, class: &str, key: &[Value]) -> Result<Option<AnyRef>> {
        let class = self.session.model().class_named(class)?.id;
        let found = self.session.exclusive().find(class, key)?;
        Ok(found.map(|key| self.session.refer(key)))
    }

    /// All objects of a class.
    ///
    /// # Errors
    /// When there is no such class, or the statement fails.
    pub fn all(&mut self, class: &str) -> Result<Vec<AnyRef>> {
        let class = self.session.model().class_named(class)?.id;
        let found = self.session.exclusive().query(class, &QueryParts::default())?;
        Ok(found.into_iter().map(|key| self.session.refer(key)).collect())
    }

    /// The value of a column.
    ///
    /// # Errors
    /// When there is no such column, or the object's row is gone.
    pub fn value(&mut self, object: AnyRef, column: &str) -> Result<Value> {
        let (key, class) = self.resolve(object)?;
        let column = self.session.model().class(class).column_named(column)?;
        let core = self.session.exclusive();
        core.fresh(key)?;
        Ok(core.graph.row(key).map_or(Value::Null, |row| row.get(column).to_value()))
    }

    /// Gives a column another value.
    ///
    /// # Errors
    /// When there is no such column, the value does not fit, or the object's row is gone.
    pub fn assign(&mut self, object: AnyRef, column: &str, value: impl Into<Value>) -> Result<()> {
        let (key, class) = self.resolve(object)?;
        let column = self.session.model().class(class).column_named(column)?;
        Ok(self.session.exclusive().editable(key)?.set(column, value.into())?)
    }

    /// What a relation leads to, read if need be: every member of a collection, or the one object of a reference.
    ///
    /// # Errors
    /// When there is no such relation, or reading is refused or fails.
    pub fn related(&mut self, object: AnyRef, relation: &str) -> Result<Vec<AnyRef>> {
        let (key, relation, many) = self.relation(object, relation)?;
        let core = self.session.exclusive();
        let found: Vec<ObjectKey> = if many {
            core.load_many(key, relation)?.to_vec()
        } else {
            core.load_one(key, relation)?.into_iter().collect()
        };
        Ok(found.into_iter().map(|key| self.session.refer(key)).collect())
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
        let found: Option<Vec<ObjectKey>> = if many {
            core.loaded_many(key, relation).map(|it| it.to_vec())
        } else {
            core.loaded_one(key, model.relation(class, relation)).map(|it| it.into_iter().collect())
        };
        Ok(found.map(|all| all.into_iter().map(|key| self.session.refer(key)).collect()))
    }

    /// Lets a reference lead to another object, or to none.
    ///
    /// # Errors
    /// When there is no such relation, it is a collection, or the target is of another class.
    pub fn set(&mut self, object: AnyRef, relation: &str, target: Option<AnyRef>) -> Result<()> {
        let (key, relation, _) = self.relation(object, relation)?;
        let target = target.map(|it| self.session.check(it)).transpose()?;
        self.session.exclusive().link_one(key, relation, target)
    }

    /// Adds an object to a collection.
    ///
    /// # Errors
    /// When there is no such relation, it is no collection, or the member is of another class.
    pub fn push(&mut self, object: AnyRef, relation: &str, member: AnyRef) -> Result<()> {
        let (key, relation, _) = self.relation(object, relation)?;
        let member = self.session.check(member)?;
        self.session.exclusive().link_many(key, relation, member)
    }

    /// Takes an object out of a collection.
    ///
    /// # Errors
    /// When there is no such relation, or the object is no member.
    pub fn remove(&mut self, object: AnyRef, relation: &str, member: AnyRef) -> Result<()> {
        let (key, relation, _) = self.relation(object, relation)?;
        let member = self.session.check(member)?;
        self.session.exclusive().unlink(key, relation, member)
    }

    /// Lets a collection hold exactly these objects. Only what differs is changed.
    ///
    /// # Errors
    /// When there is no such relation, it is no collection, a member is of another class, or reading fails.
    pub fn replace(&mut self, object: AnyRef, relation: &str, members: &[AnyRef]) -> Result<()> {
        let (key, relation, _) = self.relation(object, relation)?;
        let members = members.iter().map(|it| self.session.check(*it)).collect::<Result<Vec<_>>>()?;
        self.session.exclusive().replace(key, relation, &members)
    }

    fn resolve(&mut self, object: AnyRef) -> Result<(ObjectKey, ClassId)> {
        let key = self.session.check(object)?;
        Ok((key, self.session.exclusive().object(key)?.class))
    }

    fn relation(&mut self, object: AnyRef, relation: &str) -> Result<(ObjectKey, RelationId, bool)> {
        let (key, class) = self.resolve(object)?;
        let declared = self.session.model().class(class).relation_named(relation)?;
        Ok((key, declared.id, declared.join.is_many()))
    }
}
