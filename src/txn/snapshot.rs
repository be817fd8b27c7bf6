//! One version of a database, for reading.

use std::sync::Arc;

use super::Version;
use crate::error::Result;
use crate::schema::Schema;
use crate::store::Image;

/// One version of a database, for reading.
#[derive(Clone)]
pub struct Snapshot {
    pub(super) schema: Arc<Schema>,
    pub(super) version: Version,
    pub(super) image: Image,
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Snapshot").field(&self.version).finish()
    }
}

impl Snapshot {
    /// Which version it is.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Its tables.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// Its rows.
    pub fn image(&self) -> &Image {
        &self.image
    }

    /// How many rows a table has.
    ///
    /// # Errors
    /// When there is no such table.
    pub fn len(&self, table: &str) -> Result<usize> {
        Ok(self.image.table(self.schema.table_named(table)?.id).len())
    }
}
