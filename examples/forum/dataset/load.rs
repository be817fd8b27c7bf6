//! Loads a folder of files into a database through a session, all of it or nothing.

use std::path::Path;

use diptych::error::Rule;
use diptych::prelude::*;
use diptych::{Error, ErrorKind, Value, Violation};

use crate::import::{Fault, Source};
use crate::print::Progress;

/// Loads every class of the database from the file of its table. Order does not matter: the session inserts rows after
/// those they need, and what refers in a circle is judged at commit.
///
/// # Errors
/// Everything that is wrong with the first file that cannot be read, or with the first rows that a constraint refuses.
/// The database is then as it was.
pub fn load(folder: &Path, database: &Database) -> Result<(), Vec<Fault>> {
    let tables = database.schema().tables();
    let sources = tables.iter().map(|it| Source::open(folder, it)).collect::<Result<Vec<_>, _>>();
    let sources = sources.map_err(|it| vec![it])?;
    let mut session = database.session();
    // A session that is dropped before it commits leaves nothing behind.
    add_all(&mut session, &sources).map_err(|it| vec![it])?;
    session.commit().map_err(|error| explain(&error, &sources))
}

fn add_all(session: &mut Session, sources: &[Source<'_>]) -> Result<(), Fault> {
    let model = session.model().clone();
    let progress = Progress::of(sources.len() as u64, "files");
    for (position, source) in sources.iter().enumerate() {
        let class = model.classes().iter().find(|it| it.table == source.table.name);
        let class = class.ok_or_else(|| source.fault("no class stands for this table"))?;
        let columns: Vec<&str> = source.table.columns.iter().map(|it| it.name.as_str()).collect();
        for record in source.records()? {
            let values: Vec<(&str, Value)> = columns.iter().copied().zip(record?.values).collect();
            session.untyped().add(&class.name, &values).map_err(|error| source.fault(error.to_string()))?;
        }
        progress.at(position as u64 + 1);
    }
    Ok(())
}

/// What a constraint refused, told by file and line.
fn explain(error: &Error, sources: &[Source<'_>]) -> Vec<Fault> {
    let violations = match error.kind() {
        ErrorKind::Violation(it) => std::slice::from_ref(it),
        ErrorKind::Open(all) => all,
        _ => &[],
    };
    if violations.is_empty() {
        let problem = error.to_string();
        return vec![Fault { file: "the folder".into(), table: "all tables".into(), problem, ..Fault::default() }];
    }
    violations.iter().map(|it| explain_one(it, sources)).collect()
}

fn explain_one(violation: &Violation, sources: &[Source<'_>]) -> Fault {
    let source_of = |table: &str| sources.iter().find(|it| it.table.name == table);
    let Some(source) = source_of(&violation.row.table) else {
        return Fault {
            table: violation.row.table.as_str().into(),
            problem: violation.to_string(),
            ..Fault::default()
        };
    };
    // Two records with one key are both named by it: the later one is refused, the earlier one in its way.
    let lines = source.lines_of(&violation.row.key);
    let problem = match violation.rule {
        Rule::PrimaryKey | Rule::Unique => {
            let holder = match violation.rule {
                Rule::PrimaryKey => lines.first().copied(),
                _ => violation.blocking.first().and_then(|it| source_of(&it.table)?.lines_of(&it.key).first().copied()),
            };
            let holder = holder.map_or(String::new(), |it| format!(" by line {it}"));
            format!("this is taken{holder}, {} must be unique", violation.constraint)
        }
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
