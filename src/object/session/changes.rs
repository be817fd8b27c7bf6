//! What has happened to an attribute or a relation since it was read or flushed, typed.

use super::Session;
use crate::error::Result;
use crate::object::entity::{Field, IsA, Relation};
use crate::object::reference::Ref;
use crate::object::untyped::Change;
use crate::value::AsValue;

/// What came, what stayed and what went since the last flush, as far as is known without reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes<T> {
    /// What came.
    pub added: Vec<T>,
    /// What stayed.
    pub unchanged: Vec<T>,
    /// What went.
    pub deleted: Vec<T>,
}

impl<T> Changes<T> {
    /// Whether anything came or went.
    pub fn is_change(&self) -> bool {
        !self.added.is_empty() || !self.deleted.is_empty()
    }
}

impl Session {
    /// The history of a column: its value, and the one before if it has changed since the object was read or flushed.
    ///
    /// # Errors
    /// When the reference is not of this session.
    pub fn changes_of<F: Field>(&mut self, object: Ref<impl IsA<F::Entity>>, _: F) -> Result<Changes<F::Value>> {
        let history = self.untyped().history(object.untyped(), F::NAME)?;
        let values = |all: Vec<Change>| {
            let values = all.into_iter().filter_map(|it| match it {
                Change::Value(value) => Some(F::Value::from_value(value)),
                Change::Object(_) => None,
            });
            values.collect::<Result<Vec<_>, _>>()
        };
        let (added, unchanged) = (values(history.added)?, values(history.unchanged)?);
        Ok(Changes { added, unchanged, deleted: values(history.deleted)? })
    }

    /// The history of a relation: what it has got and lost since it was read or flushed. A reference that leads nowhere
    /// stands for nothing.
    ///
    /// # Errors
    /// When the reference is not of this session.
    pub fn changes_along<R: Relation>(
        &mut self,
        object: Ref<impl IsA<R::Owner>>,
        _: R,
    ) -> Result<Changes<Ref<R::Target>>> {
        let history = self.untyped().history(object.untyped(), R::NAME)?;
        let refer = |all: Vec<Change>| {
            let objects = all.into_iter().filter_map(|it| match it {
                Change::Object(object) => object.map(|it| self.refer(it.key)),
                Change::Value(_) => None,
            });
            objects.collect::<Vec<_>>()
        };
        let (added, unchanged) = (refer(history.added), refer(history.unchanged));
        Ok(Changes { added, unchanged, deleted: refer(history.deleted) })
    }
}
