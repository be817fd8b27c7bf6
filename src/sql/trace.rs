//! Handing what a connection does to `tracing`, as events of one name with stable fields.

use crate::query::{Entry, Observer};

/// The target of every event, for filters such as `diptych::statement=debug`.
pub const TARGET: &str = "diptych::statement";

/// An observer that makes a `tracing` event of every statement, at level DEBUG, or WARN if it failed.
///
/// The target is [`TARGET`]; the fields are `kind`, `tables`, `sql`, `parameters`, `rows`, `rows_by_actions`,
/// `rows_read`, `microseconds` and `failed`. A connection without this observer does not know that `tracing` exists. Text
/// is made only where a subscriber wants the event.
///
/// ```
/// use diptych::{Column, Connection, Database, Schema, Select, Table, sql};
///
/// let schema = Schema::builder().table(Table::new("notes").auto_key("id").column(Column::text("body"))).build()?;
/// let mut connection = Database::new(schema).connect();
/// connection.log().observe(Some(sql::trace()));
/// connection.execute(Select::from("notes"))?;
/// # Ok::<(), diptych::Error>(())
/// ```
pub fn trace() -> Observer {
    Box::new(|entry| {
        macro_rules! event {
            ($level:ident) => {
                if tracing::enabled!(target: TARGET, tracing::Level::$level) {
                    let said = Said::of(entry);
                    tracing::event!(
                        target: TARGET,
                        tracing::Level::$level,
                        kind = entry.kind.sql(),
                        tables = said.tables,
                        sql = said.sql,
                        parameters = said.parameters,
                        rows = entry.rows,
                        rows_by_actions = entry.rows_by_actions,
                        rows_read = entry.rows_read,
                        microseconds = u64::try_from(entry.time.as_micros()).unwrap_or(u64::MAX),
                        failed = entry.failed,
                    );
                }
            };
        }
        if entry.failed { event!(WARN) } else { event!(DEBUG) }
    })
}

/// What has to be made into text.
struct Said {
    tables: String,
    sql: String,
    parameters: String,
}

impl Said {
    fn of(entry: &Entry) -> Self {
        let parameters: Vec<String> = entry.parameters.iter().map(ToString::to_string).collect();
        Said {
            tables: entry.tables.join(", "),
            sql: entry.statement.as_ref().map_or_else(|| entry.kind.sql().to_owned(), |it| it.to_sql()),
            parameters: parameters.join(", "),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::{Debug, Write};
    use std::sync::{Arc, Mutex};

    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Metadata, Subscriber};

    use super::*;
    use crate::query::{Connection, Control, Insert, Select};
    use crate::schema::{Column, Schema, Table};
    use crate::txn::Database;

    /// Writes down every event as text.
    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<String>>);

    struct Fields<'a>(&'a mut String);

    impl Visit for Fields<'_> {
        fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
            if field.name() != "microseconds" {
                write!(self.0, " {}={value:?}", field.name()).expect("a text takes text");
            }
        }
    }

    impl Subscriber for Written {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            metadata.target() == TARGET
        }

        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn event(&self, event: &Event<'_>) {
            let mut text = self.0.lock().expect("nobody panicked");
            *text += event.metadata().level().as_str();
            event.record(&mut Fields(&mut text));
            text.push('\n');
        }

        fn enter(&self, _: &Id) {}

        fn exit(&self, _: &Id) {}
    }

    #[test]
    fn every_statement_is_an_event_with_stable_fields() {
        let table = Table::new("notes").auto_key("id").column(Column::text("body"));
        let schema = Schema::builder().table(table).build().expect("the schema is right");
        let mut connection = Database::new(schema).connect();
        connection.log().observe(Some(trace()));
        let written = Written::default();
        tracing::subscriber::with_default(written.clone(), || {
            connection.execute(Insert::into("notes", ["body"]).row(["a"])).expect("the row is right");
            connection.execute(Insert::into("notes", ["id", "body"]).row::<i64>([1, 2])).expect_err("no text");
            connection.execute(Select::from("notes")).expect("the query is right");
            connection.control(Control::Commit).expect("nobody else is there");
        });
        let text = written.0.lock().expect("nobody panicked").clone();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4, "{text}");
        assert!(
            lines[0].starts_with("DEBUG kind=\"INSERT\" tables=\"notes\" sql=\"INSERT INTO notes (body)"),
            "{text}"
        );
        assert!(lines[1].starts_with("WARN kind=\"INSERT\"") && lines[1].ends_with("failed=true"), "{text}");
        assert!(lines[2].contains("rows=1") && lines[2].contains("rows_read=1"), "{text}");
        assert!(lines[3].starts_with("DEBUG kind=\"COMMIT\""), "{text}");
    }
}
