//! The records of a file become rows of its table.

use std::fmt;

use diptych::query::{Input, InsertRows};
use diptych::record::{Row, Tuple};
use diptych::{Connection, Error};

use super::fault::Fault;
use super::source::Source;

/// Why a file was not added.
#[derive(Debug)]
pub enum Refusal {
    /// It cannot be read as rows of the table.
    File(Fault),
    /// The database refuses its rows.
    Rows(Error),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::File(fault) => fault.fmt(f),
            Refusal::Rows(error) => write!(f, "{error:#}"),
        }
    }
}

/// Adds all records of a file in one statement, so that none is added if one is refused. Returns how many there were;
/// whoever calls ends the transaction.
///
/// # Errors
/// What is wrong with the file, or with its rows.
pub fn add_rows(source: &Source<'_>, connection: &mut impl Connection) -> Result<u64, Refusal> {
    let records = source.records().map_err(Refusal::File)?;
    let rows = records.map(|it| it.map(|it| Tuple::new(it.values).into_row()));
    let mut rows: Vec<Row> = rows.collect::<Result<_, _>>().map_err(Refusal::File)?;
    let insert = InsertRows { table: source.table.name.clone().into() };
    let prepared = connection.prepare(insert.into()).map_err(Refusal::Rows)?;
    let outcome = connection.run(&prepared, Input::Rows(&mut rows)).map_err(Refusal::Rows)?;
    Ok(outcome.count)
}
