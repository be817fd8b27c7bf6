//! PRAGMA: what can be answered is answered, the rest has no effect, as in SQLite.

use super::open::SqlSession;
use super::outcome::SqlOutcome;
use crate::error::{Misuse, Result};
use crate::value::Value;

impl SqlSession {
    pub(super) fn pragma(&mut self, name: &str, value: Option<String>) -> Result<SqlOutcome> {
        match (name, value) {
            // Foreign keys are always judged.
            ("foreign_keys", None) => Ok(number("foreign_keys", 1)),
            ("foreign_keys", Some(value)) if matches!(&*value.to_ascii_lowercase(), "0" | "off" | "false" | "no") => {
                let reason =
                    "foreign keys are always judged; declare them deferred to load rows in any order".to_owned();
                Err(Misuse::Statement { reason }.into())
            }
            ("integrity_check" | "quick_check", _) => {
                let found = self.database().audit().err().unwrap_or_else(|| "ok".to_owned());
                Ok(SqlOutcome::text(name, [found]))
            }
            ("table_info", Some(table)) => self.table_info(&table),
            _ => Ok(SqlOutcome::default()),
        }
    }

    fn table_info(&self, name: &str) -> Result<SqlOutcome> {
        let columns = ["cid", "name", "type", "notnull", "pk"].map(str::to_owned);
        let schema = self.database().schema();
        let table = schema.tables().iter().find(|it| it.name.eq_ignore_ascii_case(name));
        let mut rows = Vec::new();
        for (table, id) in table.iter().flat_map(|table| table.column_ids().map(move |id| (table, id))) {
            let column = table.column(id);
            let key = table.primary_key().and_then(|it| it.columns.iter().position(|it| *it == id));
            rows.push(vec![
                Value::Int(id.index() as i64),
                column.name.clone().into(),
                column.kind.name().into(),
                Value::Int((!column.nullable).into()),
                Value::Int(key.map_or(0, |it| it as i64 + 1)),
            ]);
        }
        Ok(SqlOutcome { columns: columns.into(), count: rows.len() as u64, rows, by_actions: 0 })
    }
}

fn number(column: &str, value: i64) -> SqlOutcome {
    SqlOutcome { columns: [column.to_owned()].into(), rows: vec![vec![Value::Int(value)]], count: 1, by_actions: 0 }
}
