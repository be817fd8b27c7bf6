//! All rows of a version as a value that prints.

use std::fmt;

use super::{Database, Snapshot};
use crate::record::values;
use crate::value::Value;

/// The rows of a version, table by table in the order of declaration. Rows come by their primary keys, those of a table
/// without one by all their values, so two versions with the same rows are equal and print alike.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RowsDump {
    /// Its tables, also those that are empty.
    pub tables: Vec<DumpedTable>,
}

/// One table and its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DumpedTable {
    /// Its name.
    pub name: String,
    /// The names of its columns.
    pub columns: Vec<String>,
    /// Its rows, with a value for each column.
    pub rows: Vec<Vec<Value>>,
}

impl Snapshot {
    /// All rows as a value that prints: the tables' view of what
    /// [`Session::dump_graph`](crate::Session::dump_graph) shows as objects. It copies every value.
    pub fn dump_rows(&self) -> RowsDump {
        let dump = |table: &crate::schema::TableSchema| {
            let by = table.naming_columns();
            let mut rows: Vec<Vec<Value>> = self.image.table(table.id).rows().map(|(_, row)| values(&**row)).collect();
            rows.sort_by(|a, b| by.iter().map(|it| &a[it.index()]).cmp(by.iter().map(|it| &b[it.index()])));
            DumpedTable {
                name: table.name.clone(),
                columns: table.columns.iter().map(|it| it.name.clone()).collect(),
                rows,
            }
        };
        RowsDump { tables: self.schema.tables().iter().map(dump).collect() }
    }
}

impl Database {
    /// All rows of the current version; see [`Snapshot::dump_rows`].
    ///
    /// ```
    /// use diptych::{Column, Connection, Control, Database, Insert, Schema, Table};
    ///
    /// let notes = Table::new("notes").auto_key("id").column(Column::text("body"));
    /// let database = Database::new(Schema::builder().table(notes).build()?);
    /// let mut connection = database.connect();
    /// connection.execute(Insert::into("notes", ["body"]).row(["Buy tea"]))?;
    /// connection.control(Control::Commit)?;
    /// assert_eq!(database.dump_rows().to_string(), "\
    /// notes
    ///    id | body
    ///    1  | 'Buy tea'
    /// ");
    /// # Ok::<(), diptych::Error>(())
    /// ```
    pub fn dump_rows(&self) -> RowsDump {
        self.snapshot().dump_rows()
    }
}

impl RowsDump {
    /// A table by name.
    pub fn table(&self, name: &str) -> Option<&DumpedTable> {
        self.tables.iter().find(|it| it.name == name)
    }
}

impl fmt::Display for RowsDump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tables.iter().try_for_each(|it| it.fmt(f))
    }
}

impl fmt::Display for DumpedTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.name)?;
        if self.rows.is_empty() {
            return writeln!(f, "   no rows");
        }
        let mut lines = vec![self.columns.clone()];
        lines.extend(self.rows.iter().map(|row| row.iter().map(ToString::to_string).collect()));
        let wide = |at: usize| lines.iter().map(|it| it[at].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..self.columns.len()).map(wide).collect();
        for line in &lines {
            let cells: Vec<String> = line.iter().zip(&widths).map(|(it, &width)| format!("{it:<width$}")).collect();
            writeln!(f, "   {}", cells.join(" | ").trim_end())?;
        }
        Ok(())
    }
}
