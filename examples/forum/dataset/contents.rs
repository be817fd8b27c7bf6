//! What a database holds, and what a change has done to it, counted as `facts.json` counts.

use std::collections::BTreeMap;
use std::sync::Arc;

use diptych::record::{changed_columns, project};
use diptych::{Database, Error, Row, Select, Value};

/// All rows of a database, by table and key.
pub struct Contents(BTreeMap<String, BTreeMap<Vec<Value>, Row>>);

impl Contents {
    /// What a database holds now. Rows are shared, not copied.
    pub fn of(database: &Database) -> Result<Self, Error> {
        let mut connection = database.connect();
        let mut all = BTreeMap::new();
        for table in database.schema().tables() {
            let rows = connection.execute(Select::from(table.name.clone()))?.rows.into_rows();
            let naming = table.naming_columns();
            all.insert(table.name.clone(), rows.map(|row| (project(&*row, &naming), row)).collect());
        }
        Ok(Contents(all))
    }
}

/// What has become of rows.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// How many rows of a table are gone.
    pub removed: BTreeMap<String, u64>,
    /// How many rows that are left have NULL in a column that had a value, by `table.column`.
    pub set_null: BTreeMap<String, u64>,
    /// How many rows differ in any other way, by what differs.
    pub other: BTreeMap<String, u64>,
}

impl Difference {
    /// What differs between two contents of one database.
    pub fn between(database: &Database, before: &Contents, after: &Contents) -> Self {
        let mut found = Difference::default();
        for table in database.schema().tables() {
            let (before, after) = (&before.0[&table.name], &after.0[&table.name]);
            for (key, old) in before {
                let Some(new) = after.get(key) else {
                    *found.removed.entry(table.name.clone()).or_default() += 1;
                    continue;
                };
                // A fork shares every row that neither side has changed.
                if Arc::ptr_eq(old, new) {
                    continue;
                }
                for column in changed_columns(&**old, &**new) {
                    let name = format!("{}.{}", table.name, table.column(column).name);
                    let to_null = new.get(column).is_null();
                    let count = if to_null { &mut found.set_null } else { &mut found.other };
                    *count.entry(name).or_default() += 1;
                }
            }
            let added = after.keys().filter(|it| !before.contains_key(*it)).count() as u64;
            if added > 0 {
                found.other.insert(format!("{} (new rows)", table.name), added);
            }
        }
        found
    }
}
