//! Another schema for the same rows.

use std::sync::Arc;

use super::Database;
use crate::error::Result;
use crate::integrity;
use crate::schema::{Continuation, Schema, TableSchema};

impl Database {
    /// A new database with another schema and the rows of this one. Tables and columns carry over by their names, or by
    /// those that they say they had ([`Table::renamed_from`](crate::schema::Table::renamed_from)); what the new schema
    /// does not name goes. This database stays as it is.
    ///
    /// Classes come along where the edited tables fit them still. Where they do not, sessions know tables by name, and
    /// [`Database::altered_to`] takes the rows to entities that fit.
    ///
    /// A table that stays as it was is shared in constant time, and so are the rows and indexes of one that changes,
    /// as far as they serve. A new column takes its default, or NULL. Rules that are new are judged on every row.
    ///
    /// ```
    /// use diptych::{Column, Database, Schema, Table};
    ///
    /// let schema = Schema::builder().table(Table::new("notes").auto_key("id").column(Column::text("body"))).build()?;
    /// let database = Database::new(schema);
    /// let next = database.schema().edit();
    /// let next = next.edit_table("notes", |notes| notes.column(Column::int("stars").default(0)).index(["stars"]));
    /// let altered = database.altered(next.build()?)?;
    /// assert_eq!(altered.schema().table_named("notes")?.columns.len(), 3);
    /// # Ok::<(), diptych::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Alteration`](crate::error::ErrorKind::Alteration) with every rule that a row breaks.
    pub fn altered(&self, schema: impl Into<Arc<Schema>>) -> Result<Database> {
        let schema = schema.into();
        let snapshot = self.snapshot();
        let sequences = self.shared.sequences.continued(&snapshot.schema, &schema);
        let default = |table: &TableSchema, column| sequences.default_of(&schema, table, column);
        let image = integrity::alter(&Continuation::of(&snapshot.schema, &schema), &snapshot.image, &default)?;
        let index_reads = self.shared.index_reads.continued(&snapshot.schema, &schema);
        Ok(Database::holding(schema, image, sequences, Arc::new(index_reads)).like(self))
    }
}
