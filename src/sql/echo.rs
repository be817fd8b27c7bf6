//! Printing what a connection does, as SQL.

use std::io::Write;

use crate::query::{Entry, Observer};

/// How many parameters are shown; a batch of keys can be long.
const SHOWN: usize = 12;

/// An observer that prints every statement with its parameters, rows and time.
///
/// ```
/// use diptych::{Column, Connection, Database, Schema, Select, Table, sql};
///
/// let schema = Schema::builder().table(Table::new("notes").auto_key("id").column(Column::text("body"))).build()?;
/// let mut connection = Database::new(schema).connect();
/// connection.log().observe(Some(sql::echo(std::io::stderr())));
/// connection.execute(Select::from("notes"))?;
/// # Ok::<(), diptych::Error>(())
/// ```
///
/// ```text
/// SELECT * FROM notes
///   -- rows 0  read 0  1.2µs
/// ```
pub fn echo(mut writer: impl Write + Send + 'static) -> Observer {
    Box::new(move |entry| {
        // A reader that has gone away is no reason for a statement to fail.
        let _ = writer.write_all(lines(entry).as_bytes());
    })
}

fn lines(entry: &Entry) -> String {
    let Some(statement) = &entry.statement else { return format!("{}\n", entry.kind) };
    let mut text = format!("{}\n  -- ", statement.to_sql());
    if !entry.parameters.is_empty() {
        let mut shown: Vec<String> = entry.parameters.iter().take(SHOWN).map(ToString::to_string).collect();
        if entry.parameters.len() > SHOWN {
            shown.push(format!("… {} more", entry.parameters.len() - SHOWN));
        }
        text += &format!("[{}]  ", shown.join(", "));
    }
    if entry.failed {
        text += "failed  ";
    } else {
        text += &format!("rows {}  ", entry.rows);
        if entry.rows_by_actions > 0 {
            text += &format!("by actions {}  ", entry.rows_by_actions);
        }
        text += &format!("read {}  ", entry.rows_read);
    }
    text += &format!("{:?}", entry.time);
    if let Some(caller) = entry.caller {
        text += &format!("  at {}:{}", caller.file(), caller.line());
    }
    text + "\n"
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::query::{Select, Statement, StatementKind};
    use crate::value::Value;

    #[test]
    fn an_entry_is_a_statement_and_what_it_did() {
        let mut entry = Entry {
            kind: StatementKind::Select,
            tables: Arc::from(["posts".to_owned()]),
            statement: Some(Arc::new(Statement::from(Select::from("posts").by_keys(["id"])))),
            parameters: (0..14).map(Value::Int).collect(),
            rows_read: 9,
            rows: 7,
            rows_by_actions: 0,
            time: Duration::from_micros(12),
            failed: false,
            caller: None,
        };
        assert_eq!(
            lines(&entry),
            "SELECT * FROM posts WHERE id IN (?…)\n  \
             -- [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, … 2 more]  rows 7  read 9  12µs\n"
        );
        entry.parameters.clear();
        entry.failed = true;
        assert_eq!(lines(&entry), "SELECT * FROM posts WHERE id IN (?…)\n  -- failed  12µs\n");
        entry.statement = None;
        entry.kind = StatementKind::RollbackTo;
        assert_eq!(lines(&entry), "ROLLBACK TO\n");
    }
}
