//! TRUNCATE: all rows of some tables go, in an order in which nothing is in the way.

use super::open::SqlSession;
use crate::error::{Misuse, Result};
use crate::id::TableId;
use crate::query::{Connection, Control, Delete, Input};
use crate::schema::Schema;

impl SqlSession {
    /// Empties tables, and with `cascade` those that refer to them. Without it, a table that another one refers to is
    /// refused, whatever rows there are.
    pub(super) fn truncate(&mut self, tables: Vec<String>, cascade: bool) -> Result<()> {
        let schema = self.database().schema().clone();
        let mut all: Vec<TableId> = Vec::new();
        for name in &tables {
            let id = schema.table_named(name)?.id;
            if !all.contains(&id) {
                all.push(id);
            }
        }
        let mut next = 0;
        while let Some(&id) = all.get(next) {
            next += 1;
            for key in &schema.table(id).inbound {
                let key = schema.reference(*key);
                if all.contains(&key.table) {
                    continue;
                }
                if !cascade {
                    let (table, from) = (&schema.table(id).name, &schema.table(key.table).name);
                    let reason = format!("{from} refers to {table}: name it, too, or say TRUNCATE … CASCADE");
                    return Err(Misuse::Statement { reason }.into());
                }
                all.push(key.table);
            }
        }
        let order = referring_first(&schema, all);
        self.finish(false, |session| {
            // Within a transaction, what fails takes back what was done before it.
            let inside = session.explicit;
            if inside {
                session.connection.control(Control::Savepoint)?;
            }
            let done = order.iter().try_for_each(|id| {
                let delete = Delete::from(schema.table(*id).name.clone());
                let prepared = session.connection.prepare(delete.into())?;
                session.connection.run(&prepared, Input::Values(&[])).map(drop)
            });
            if inside {
                let end = if done.is_ok() { Control::Release } else { Control::RollbackTo };
                session.connection.control(end)?;
            }
            done
        })
    }
}

/// Tables that refer before those that they refer to; in a ring, as they come.
fn referring_first(schema: &Schema, mut rest: Vec<TableId>) -> Vec<TableId> {
    let mut order = Vec::with_capacity(rest.len());
    while !rest.is_empty() {
        let free = |id: &TableId| {
            let mut keys = schema.table(*id).inbound.iter().map(|it| schema.reference(*it).table);
            keys.all(|it| it == *id || !rest.contains(&it))
        };
        let at = rest.iter().position(free).unwrap_or(0);
        order.push(rest.remove(at));
    }
    order
}
