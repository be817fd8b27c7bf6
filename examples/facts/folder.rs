//! A folder of data as a database: its own `schema.sql`, and a CSV file for every table.

use std::fs;
use std::path::Path;

use diptych::error::Rule;
use diptych::query::{Control, Views};
use diptych::sql::{SqlDialect, SqlSession};
use diptych::{Connection, Database, Error, ErrorKind, Schema, Violation};

use crate::import::{Fault, Refusal, Source, add_rows};

/// Makes the tables of a folder, imports its files, and judges foreign keys when all rows are there.
///
/// # Errors
/// What is wrong, with file, line, table, column and value where there are any.
pub fn open(folder: &Path) -> Result<SqlSession, Vec<String>> {
    let one = |it: String| vec![it];
    let script = fs::read_to_string(folder.join("schema.sql")).map_err(|error| one(format!("schema.sql: {error}")))?;
    let schema =
        Schema::from_sql(&script, SqlDialect::Sqlite).map_err(|error| one(format!("schema.sql: {error:#}")))?;
    load(folder, schema).map_err(|faults| faults.iter().map(ToString::to_string).collect())
}

fn load(folder: &Path, schema: Schema) -> Result<SqlSession, Vec<Fault>> {
    let told = |error: Error| vec![whole(error.to_string())];
    // Rows may refer in circles and to later rows, so the keys are added behind them, and judged all at once.
    let mut edit = schema.edit();
    for reference in schema.references() {
        edit = edit.edit_table(&schema.table(reference.table).name, |it| it.without_foreign_key(&reference.name));
    }
    let database = Database::new(edit.build().map_err(told)?);
    let sources = schema.tables().iter().map(|it| Source::open(folder, it)).collect::<Result<Vec<_>, _>>();
    let sources = sources.map_err(|it| vec![it])?;
    let mut connection = database.connect();
    for source in &sources {
        add_rows(source, &mut connection).map_err(|it| match it {
            Refusal::File(fault) => vec![fault],
            Refusal::Rows(error) => explain(&error, &sources),
        })?;
    }
    connection.control(Control::Commit).map_err(|error| explain(&error, &sources))?;
    let views = Views::clone(&schema.views());
    let whole = schema.edit().build().and_then(|it| it.with_views(views)).map_err(told)?;
    let database = database.altered(whole).map_err(|error| explain(&error, &sources))?;
    Ok(database.sql())
}

fn whole(problem: String) -> Fault {
    Fault { file: "the folder".into(), table: "all tables".into(), problem, ..Fault::default() }
}

/// What a constraint refused, told by file and line.
fn explain(error: &Error, sources: &[Source<'_>]) -> Vec<Fault> {
    let violations: Vec<&Violation> = match error.kind() {
        ErrorKind::Violation(it) => vec![it],
        ErrorKind::Open(all) | ErrorKind::Alteration { violations: all, .. } => all.iter().collect(),
        _ => vec![],
    };
    if violations.is_empty() {
        return vec![whole(error.to_string())];
    }
    violations.into_iter().map(|it| explain_one(it, sources)).collect()
}

fn explain_one(violation: &Violation, sources: &[Source<'_>]) -> Fault {
    let Some(source) = sources.iter().find(|it| it.table.name == violation.row.table) else {
        return whole(violation.to_string());
    };
    // Two records with one key are both named by it: the later one is refused.
    let lines = source.lines_of(&violation.row.key);
    let problem = match violation.rule {
        Rule::ForeignKey => format!("this refers to no row, {} needs one", violation.constraint),
        _ => violation.to_string(),
    };
    Fault {
        line: lines.last().copied(),
        columns: violation.columns.clone(),
        values: violation.values.iter().map(ToString::to_string).collect(),
        ..source.fault(problem)
    }
}
