//! PRAGMA: what can be answered is answered, the rest has no effect, as in SQLite.

use super::open::SqlSession;
use super::outcome::SqlOutcome;
use crate::error::{Misuse, Result};
use crate::sql::read::told;
use crate::value::Value;

impl SqlSession {
    pub(super) fn pragma(&mut self, name: &str, value: Option<&str>) -> Result<SqlOutcome> {
        match (name, value) {
            ("foreign_keys", None) => Ok(number("foreign_keys", self.foreign_keys.into())),
            ("foreign_keys", Some(value)) => {
                // As in SQLite, it has no effect within a transaction.
                if !self.explicit {
                    self.judge_foreign_keys(switch(name, value)?)?;
                }
                Ok(SqlOutcome::default())
            }
            // Those that may wait are declared so; SQLite lets all wait.
            ("defer_foreign_keys", None) => Ok(number(name, 0)),
            ("integrity_check" | "quick_check", _) => {
                let found = self.database().audit().err().unwrap_or_else(|| "ok".to_owned());
                Ok(SqlOutcome::text(name, [found]))
            }
            ("user_version" | "application_id", None) => {
                let value = self.numbers.get(name).copied().unwrap_or_default();
                Ok(number(name, value))
            }
            ("user_version" | "application_id", Some(value)) => {
                let value = value.parse().map_err(|_| refused(format!("{name} is a whole number, not {value}")))?;
                self.numbers.insert(name.to_owned(), value);
                Ok(SqlOutcome::default())
            }
            ("journal_mode", _) => Ok(SqlOutcome::text(name, ["memory".to_owned()])),
            ("encoding", None) => Ok(SqlOutcome::text(name, ["UTF-8".to_owned()])),
            (name, of) => Ok(told(&self.catalog, name, of).map_or_else(SqlOutcome::default, |it| {
                let columns = it.columns.into_iter().map(str::to_owned).collect();
                SqlOutcome { columns, count: it.rows.len() as u64, rows: it.rows, by_actions: 0 }
            })),
        }
    }
}

/// Whether a setting is on.
fn switch(name: &str, value: &str) -> Result<bool> {
    match &*value.to_ascii_lowercase() {
        "0" | "off" | "false" | "no" => Ok(false),
        "1" | "on" | "true" | "yes" => Ok(true),
        _ => Err(refused(format!("{name} is ON or OFF, not {value}"))),
    }
}

fn refused(reason: String) -> crate::error::Error {
    Misuse::Statement { reason }.into()
}

fn number(column: &str, value: i64) -> SqlOutcome {
    SqlOutcome { columns: [column.to_owned()].into(), rows: vec![vec![Value::Int(value)]], count: 1, by_actions: 0 }
}
