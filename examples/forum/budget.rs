//! A view says how many statements it may cost. One that costs more ends the program, with the statements it ran.

use diptych::prelude::*;
use diptych::query::Totals;

/// Does some work in a session of its own and holds it to so many statements: not one more, not one less.
pub fn of<T>(database: &Database, name: &str, statements: u64, work: impl FnOnce(&Session) -> Result<T>) -> Result<T> {
    let (answer, totals) = measured(database, work)?;
    assert_eq!(totals.statements, statements, "{name} has a budget of {statements} statements");
    Ok(answer)
}

/// Does some work in a session of its own, and says what it cost.
pub fn measured<T>(database: &Database, work: impl FnOnce(&Session) -> Result<T>) -> Result<(T, Totals)> {
    let session = database.session();
    session.record();
    let answer = work(&session)?;
    let totals = session.totals();
    let told = session.take_log().iter().filter(|it| it.statement.is_some()).count() as u64;
    assert_eq!(told, totals.statements, "the log tells every statement that is counted");
    Ok((answer, totals))
}
