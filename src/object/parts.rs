//! Objects that have rows in several tables, or share one with other classes: their row in memory is made of parts.

use super::graph::Graph;
use super::identity::Identity;
use super::model::{ClassModel, Discriminator};
use super::reference::ObjectKey;
use super::session::Core;
use super::state::State;
use crate::error::Result;
use crate::id::ClassId;
use crate::query::{Input, Select};
use crate::record::{Row, Tuple, edit};
use crate::value::Value;

impl Core {
    /// The row of an object of a class that inherits, put together from its tables; `None` when one of them has none.
    pub(super) fn row_of_parts(&mut self, class: ClassId, identity: &Identity) -> Result<Option<Row>> {
        let model = self.graph.model.clone();
        let declared = model.class(class);
        let mut row = Tuple::nulls(declared.columns.len()).into_row();
        for part in &declared.parts {
            let key = self.part_key(declared, part)?;
            let prepared = self.connection.prepare(Select::from(part.table.clone()).by_keys(key).into())?;
            let found = self.connection.run(&prepared, Input::Keys(&identity.to_values()))?.rows;
            let Some(own) = found.into_rows().next() else { return Ok(None) };
            for &(attribute, column) in &part.columns {
                edit(&mut row).set(attribute, own.get(column).to_value())?;
            }
        }
        Ok(Some(row))
    }

    /// The object with this key, of a class or of one that inherits from it.
    pub(super) fn find_of_several(&mut self, class: ClassId, key: &[Value]) -> Result<Option<ObjectKey>> {
        let Some(identity) = Identity::from_values(key) else { return Ok(None) };
        let Some(row) = self.row_of_parts(class, &identity)? else { return Ok(None) };
        let model = self.graph.model.clone();
        let actual = class_of_row(&model, model.class(class), &row);
        let row = if actual == class { Some(row) } else { self.row_of_parts(actual, &identity)? };
        Ok(row.map(|row| self.graph.introduce_read(actual, identity, row)))
    }
}

/// The class of a row, by what its discriminator says.
fn class_of_row(model: &super::model::Model, class: &ClassModel, row: &Row) -> ClassId {
    let Some(Discriminator::Column(column)) = class.discriminator else { return class.id };
    let value = row.get(column).to_value();
    let of = |it: &&ClassId| model.class(**it).identity_value.as_ref() == Some(&value);
    class.descendants.iter().find(of).copied().unwrap_or(class.id)
}

impl Graph {
    /// Takes in an object that was read, with a row of its own.
    pub(super) fn introduce_read(&mut self, class: ClassId, identity: Identity, row: Row) -> ObjectKey {
        let key = self.introduce(class, row, State::Persistent);
        let root = self.root(class);
        self.identify(key, Some(identity.clone()));
        self.identities[root.index()].insert(identity, key);
        self.defer_again(key);
        key
    }
}
