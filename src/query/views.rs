//! Queries that are kept with the schema under a name.

use std::sync::Arc;

use super::bind::bind;
use super::select::Select;
use super::statement::Statement;
use crate::error::{Misuse, Result};
use crate::schema::{Name, Schema};
use crate::store::Image;

/// The views of a schema.
#[derive(Clone, Debug, Default)]
pub struct Views(Vec<View>);

/// A query that is read like a table. It reads nothing of the query that names it.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// Its name.
    pub name: Name,
    /// The names of its columns.
    pub columns: Vec<Name>,
    /// What it brings.
    pub select: Select,
}

impl Views {
    /// No views.
    pub fn new() -> Self {
        Views::default()
    }

    /// Adds a view.
    pub fn view<N: Into<Name>>(
        mut self,
        name: impl Into<Name>,
        columns: impl IntoIterator<Item = N>,
        select: Select,
    ) -> Self {
        self.0.push(View { name: name.into(), columns: columns.into_iter().map(Into::into).collect(), select });
        self
    }

    /// The others without the one of a name.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.0.retain(|it| it.name != name);
        self
    }

    /// All of them, in the order in which they were added.
    pub fn all(&self) -> &[View] {
        &self.0
    }

    /// The view of a name.
    pub fn named(&self, name: &str) -> Option<&View> {
        self.0.iter().find(|it| it.name == name)
    }
}

impl Schema {
    /// Keeps views with the schema, instead of those before. A view is named like a table; views may name each other.
    ///
    /// ```
    /// use diptych::query::Views;
    /// use diptych::{Column, Connection, Database, Expression, Insert, Schema, Select, Table, col};
    ///
    /// let schema = Schema::builder().table(Table::new("notes").auto_key("id").column(Column::int("stars"))).build()?;
    /// let good = Select::from("notes").values([col("id")]).filter(col("stars").ge(4));
    /// let schema = schema.with_views(Views::new().view("good", ["note"], good))?;
    /// let mut connection = Database::new(schema).connect();
    /// connection.execute(Insert::into("notes", ["stars"]).row([3]).row([5]))?;
    /// let found = connection.execute(Select::from("good").values([col("note")]))?;
    /// assert_eq!(found.rows.typed::<i64>()?, [2]);
    /// # Ok::<(), diptych::Error>(())
    /// ```
    ///
    /// # Errors
    /// When a name is taken, or a view cannot be read.
    pub fn with_views(self, views: Views) -> Result<Schema> {
        for (at, view) in views.0.iter().enumerate() {
            let taken = views.0[..at].iter().any(|it| it.name == view.name);
            if taken || self.table_named(&view.name).is_ok() {
                let reason = format!("there is another table or view named {}", view.name);
                return Err(Misuse::Statement { reason }.into());
            }
        }
        let schema = self.attach(Arc::new(views.clone()));
        let empty = Image::empty(&schema);
        for view in views.0 {
            bind(&schema, &empty, &Statement::Select(Select::from(view.name)), &[])?;
        }
        Ok(schema)
    }

    /// Its views.
    pub fn views(&self) -> Arc<Views> {
        self.attachment::<Views>().unwrap_or_default()
    }
}
