//! The session by names: for classes that are made at run time, and for tools.

mod events;
mod objects;
mod probes;
mod queries;
mod relations;
mod units;

pub use events::Event;
pub(super) use objects::NoLeaves;
pub use probes::{Change, Contents, History, Status};

use super::model::RelationModel;
use super::reference::{AnyRef, ObjectKey};
use super::session::Session;
use crate::error::{Misuse, Result, closest};
use crate::id::{ClassId, ColumnId, RelationId};

/// A session whose classes, columns and relations are given by name. Everything that a derived entity can do, a class
/// that was made at run time can do too, through the same machinery.
#[derive(Debug)]
pub struct Untyped<'s> {
    session: &'s mut Session,
}

/// What a name of a class stands for.
enum Attribute {
    Column(ColumnId),
    Relation { relation: RelationId, many: bool },
}

impl<'s> Untyped<'s> {
    pub(super) fn new(session: &'s mut Session) -> Self {
        Untyped { session }
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

    fn attribute(&mut self, object: AnyRef, name: &str) -> Result<(ObjectKey, Attribute)> {
        let (key, class) = self.resolve(object)?;
        let class = self.session.model().class(class);
        if let Ok(RelationModel { id, join, .. }) = class.relation_named(name) {
            return Ok((key, Attribute::Relation { relation: *id, many: join.is_many() }));
        }
        match class.column_named(name) {
            Ok(column) => Ok((key, Attribute::Column(column))),
            Err(_) => {
                let known = class.columns.iter().map(|it| &**it);
                let hint = closest(name, known.chain(class.relations.iter().map(|it| it.name.as_str())));
                let name = format!("{}.{name}", class.name);
                Err(Misuse::UnknownName { what: "attribute", name, hint }.into())
            }
        }
    }

    /// A reference for each of some objects.
    fn refer_all(&self, keys: impl IntoIterator<Item = ObjectKey>) -> Vec<AnyRef> {
        keys.into_iter().map(|key| self.session.refer(key)).collect()
    }
}
