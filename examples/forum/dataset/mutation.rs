//! One mutation of `facts.json`, carried out on a fork by rows and by objects, and compared row by row.

use std::collections::BTreeMap;

use diptych::prelude::*;
use diptych::query::Control;
use diptych::{Connection, Delete, Error, Select, Statement, col};
use serde_json::Value as Json;

use super::contents::{Contents, Difference};
use super::statement::{parse, parse_query};

/// A mutation as `facts.json` tells it.
pub struct Mutation<'f> {
    statement: Statement,
    expected: Difference,
    /// What is to go wrong, if it is.
    error: Option<&'f str>,
    after: Vec<(Select, &'f Json)>,
}

impl<'f> Mutation<'f> {
    /// Reads the fact; whatever is not understood is an error.
    pub fn read(fact: &'f Json) -> Result<Self, String> {
        let known = ["id", "description", "statement", "removed", "set_null", "error", "after"];
        let fields = fact.as_object().ok_or("it is no object")?;
        if let Some(unknown) = fields.keys().find(|it| !known.contains(&it.as_str())) {
            return Err(format!("`{unknown}` is not understood"));
        }
        let statement = parse(fact["statement"].as_str().ok_or("it has no statement")?)?;
        let expected = Difference {
            removed: counts(&fact["removed"])?,
            set_null: counts(&fact["set_null"])?,
            ..Difference::default()
        };
        let mut after = Vec::new();
        for query in fact["after"].as_array().into_iter().flatten() {
            after.push((parse_query(query["sql"].as_str().ok_or("a query after it has no sql")?)?, &query["rows"]));
        }
        Ok(Mutation { statement, expected, error: fact["error"].as_str(), after })
    }

    /// Carries the statement out on a fork.
    pub fn by_rows(&self, database: &Database, before: &Contents) -> Result<(), String> {
        let fork = database.fork();
        let mut connection = fork.connect();
        let outcome = connection.execute(self.statement.clone()).and_then(|_| connection.control(Control::Commit));
        self.judge(&fork, before, outcome)
    }

    /// Deletes the objects of the rows that the statement names, in a session on a fork. `None` where the statement is
    /// no DELETE.
    pub fn by_objects(&self, database: &Database, before: &Contents) -> Option<Result<(), String>> {
        let Statement::Delete(delete) = &self.statement else { return None };
        let fork = database.fork();
        let outcome = delete_objects(&fork, delete);
        Some(self.judge(&fork, before, outcome))
    }

    fn judge(&self, fork: &Database, before: &Contents, outcome: Result<()>) -> Result<(), String> {
        match (self.error, outcome) {
            (None, Ok(())) => {}
            (None, Err(error)) => return Err(format!("it fails: {error}")),
            (Some(wanted), Ok(())) => return Err(format!("it succeeds, where `{wanted}` is expected")),
            (Some(wanted), Err(error)) => {
                let is = rule(&error);
                if is != wanted {
                    return Err(format!("it fails with `{is}`, where `{wanted}` is expected: {error}"));
                }
            }
        }
        let told = |error: Error| error.to_string();
        let found = Difference::between(fork, before, &Contents::of(fork).map_err(told)?);
        if found != self.expected {
            return Err(format!("expected {:?}, found {found:?}", self.expected));
        }
        for (query, expected) in &self.after {
            let rows = fork.connect().execute(query.clone()).map_err(told)?.rows.typed::<i64>().map_err(told)?;
            let rows: Json = rows.into_iter().map(|it| vec![it]).collect::<Vec<_>>().into();
            if rows != **expected {
                return Err(format!("a query after it returns {rows}, where {expected} is expected"));
            }
        }
        Ok(())
    }
}

fn delete_objects(fork: &Database, delete: &Delete) -> Result<()> {
    let key = fork.schema().table_named(&delete.table)?;
    let key: Vec<_> = key.names(&key.naming_columns()).into_iter().map(col).collect();
    let mut session = fork.session();
    let select = Select { filter: delete.filter.clone(), ..Select::from(delete.table.clone()).values(key) };
    let model = session.model().clone();
    let class = model.classes().iter().find(|it| it.table == delete.table);
    let class = class.expect("every table of the data set has a class");
    for key in session.execute(select)?.rows.to_values() {
        // An object that is gone already was deleted along with another one.
        if let Some(object) = session.untyped().find(&class.name, &key)? {
            session.delete(object)?;
        }
    }
    session.commit()
}

/// The kind of a failure, in the words of `facts.json`.
fn rule(error: &Error) -> &'static str {
    match error.violation() {
        Some(it) if it.rule.is_reference() => "foreign key violation",
        Some(it) => it.rule.name(),
        None => "no violation",
    }
}

/// Numbers by name; those that are zero say nothing.
fn counts(fact: &Json) -> Result<BTreeMap<String, u64>, String> {
    let fields = fact.as_object().ok_or("`removed` or `set_null` is missing")?;
    let count = |(name, count): (&String, &Json)| {
        Ok((name.clone(), count.as_u64().ok_or_else(|| format!("`{name}` has no count"))?))
    };
    fields.iter().map(count).filter(|it| !matches!(it, Ok((_, 0)))).collect()
}
