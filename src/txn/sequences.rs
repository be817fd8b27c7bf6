//! Where the sequences of a database stand. They move for good: no transaction that fails takes a number back.

use super::sync::Mutex;
use super::{Database, Transaction};
use crate::error::{Misuse, Result};
use crate::id::{ColumnId, SequenceId};
use crate::schema::{DefaultValue, Schema, SequenceSchema, TableSchema};
use crate::value::Value;

/// The next number of each sequence; none where the last one has been given.
pub(super) struct Sequences(Vec<Mutex<Option<i64>>>);

impl Sequences {
    pub(super) fn new(schema: &Schema) -> Self {
        Sequences(schema.sequences().iter().map(|it| Mutex::new(Some(it.start))).collect())
    }

    /// The same numbers to come, for a database that goes its own way (D3).
    pub(super) fn fork(&self) -> Self {
        Sequences(self.0.iter().map(|it| Mutex::new(*it.lock())).collect())
    }

    /// The numbers to come under another schema: a sequence goes on where one of its name stood.
    pub(super) fn continued(&self, before: &Schema, after: &Schema) -> Self {
        let next = |it: &SequenceSchema| match before.sequence_named(&it.name) {
            Ok(old) if old.step == it.step => *self.0[old.id.index()].lock(),
            _ => Some(it.start),
        };
        Sequences(after.sequences().iter().map(|it| Mutex::new(next(it))).collect())
    }

    /// What a column holds when nobody gives it.
    pub(super) fn default_of(&self, schema: &Schema, table: &TableSchema, column: ColumnId) -> Result<Value> {
        match &table.column(column).default {
            None => Ok(Value::Null),
            Some(DefaultValue::Sequence(id)) => Ok(Value::Int(self.next(schema, *id)?)),
            Some(default) => default.at_rest(),
        }
    }

    fn next(&self, schema: &Schema, id: SequenceId) -> Result<i64> {
        let mut next = self.0[id.index()].lock();
        let declared = &schema.sequences()[id.index()];
        let Some(given) = *next else {
            let reason = format!("the sequence {} has given its last number", declared.name);
            return Err(Misuse::Statement { reason }.into());
        };
        *next = given.checked_add(declared.step);
        Ok(given)
    }
}

impl Database {
    /// Takes the next number of a sequence.
    ///
    /// # Errors
    /// When there is no such sequence, or it has given its last number.
    pub fn next_value(&self, sequence: &str) -> Result<i64> {
        let schema = self.schema();
        self.shared.sequences.next(schema, schema.sequence_named(sequence)?.id)
    }
}

impl Transaction {
    /// What a column holds when a statement does not give it: its default, or NULL. A sequence moves, whatever becomes
    /// of the transaction.
    ///
    /// # Errors
    /// Those of the user's function; when a sequence has given its last number.
    pub fn default_of(&self, table: &TableSchema, column: ColumnId) -> Result<Value> {
        self.shared.sequences.default_of(&self.shared.schema, table, column)
    }
}
