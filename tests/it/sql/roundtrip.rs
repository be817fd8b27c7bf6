//! L1–L5 for random statements and schemas: what is written is read back as the same, and does the same.
//!
//! `DIPTYCH_TEXTS` sets how many statements of each sort are written.

use diptych::query::Rows;
use diptych::sql::{Dialect, SqlDialect};
use diptych::{Connection, Control, Database, Error, Schema, Select, Statement, Value};

use super::random::{Writer, database};
use crate::differential::choices::Choices;
use crate::differential::query::QueryWriter;
use crate::differential::schema::SchemaSpec;
use crate::differential::setting;
use crate::differential::worlds::{self, random_rows};

const DIALECTS: [(Dialect, SqlDialect); 2] =
    [(Dialect::Postgres, SqlDialect::Postgres), (Dialect::Sqlite, SqlDialect::Sqlite)];

/// The statement as its text is read; reading what that is written as gives the same again.
fn read_back(
    statement: &Statement,
    schema: &std::sync::Arc<Schema>,
    dialect: (Dialect, SqlDialect),
) -> Result<Statement, String> {
    let text = statement.to_sql_for(schema, 0, dialect.0);
    let read =
        Statement::from_sql(&text, schema, dialect.1).map_err(|error| format!("{text}\nis not read: {error}"))?;
    let again = read.to_sql_for(schema, 0, dialect.0);
    let second = Statement::from_sql(&again, schema, dialect.1);
    let second = second.map_err(|error| format!("{text}\nwas read and written as\n{again}\nis not read: {error}"))?;
    if second != read {
        return Err(format!("{text}\nwas read and written as\n{again}\nis read otherwise:\n{read:?}\n{second:?}"));
    }
    assert_eq!(second.to_sql_for(schema, 0, dialect.0), again);
    Ok(read)
}

/// The rows that came out, cell by cell.
type Table = Vec<Vec<Value>>;

/// What a statement brings, and what the tables hold after it; or that it fails.
fn outcome(database: &Database, statement: &Statement, sort: bool) -> Result<(Table, Table), Error> {
    let fork = database.fork();
    let mut connection = fork.connect();
    let rows = connection.execute(statement.clone())?.rows;
    let mut found = all(rows);
    let mut after = Vec::new();
    for table in fork.schema().tables() {
        let mut rows = all(connection.execute(Select::from(table.name.clone()))?.rows);
        rows.sort();
        after.extend(rows);
    }
    if sort {
        found.sort();
    }
    Ok((found, after))
}

fn all(rows: Rows) -> Vec<Vec<Value>> {
    let whole = |at: usize| {
        let cells = rows.rows_at(at).iter().flatten().flat_map(|it| diptych::record::values(&**it));
        cells.chain(rows.values_at(at).iter().cloned()).collect()
    };
    (0..rows.len()).map(whole).collect()
}

fn ordered(statement: &Statement) -> bool {
    matches!(statement, Statement::Select(it) if !it.order_by.is_empty())
}

/// L3 in PostgreSQL's dialect, where every kind keeps its meaning: the text does what the statement does.
fn check(seed: u64, database: &Database, statement: &Statement) {
    let schema = database.schema();
    for dialect in DIALECTS {
        let read = read_back(statement, schema, dialect).unwrap_or_else(|why| panic!("seed {seed}: {why}"));
        if dialect.1 != SqlDialect::Postgres {
            continue;
        }
        let sort = !ordered(statement);
        let (here, there) = (outcome(database, statement, sort), outcome(database, &read, sort));
        let same = match (&here, &there) {
            (Ok(a), Ok(b)) => a == b,
            (a, b) => a.is_err() == b.is_err(),
        };
        let text = statement.to_sql_for(schema, 0, dialect.0);
        assert!(same, "seed {seed}: {text}\n{here:?}\n{there:?}\n{statement:?}\n{read:?}");
    }
}

#[test]
fn l1_l3_random_statements_are_read_back_as_they_were() {
    for seed in 0..setting("DIPTYCH_TEXTS", 2_000) {
        let mut choices = Choices::new(seed);
        let database = database(&mut choices);
        let statement = Writer::new(&mut choices).statement();
        check(seed, &database, &statement);
    }
}

#[test]
fn l1_l3_random_queries_are_read_back_as_they_were() {
    for seed in 0..setting("DIPTYCH_TEXTS", 2_000) {
        let mut choices = Choices::new(seed);
        let rows = [random_rows(&mut choices), random_rows(&mut choices)];
        let mut connection = worlds::database(worlds::WAYS[0], &rows);
        connection.control(Control::Commit).unwrap();
        let database = connection.database().clone();
        let statement = Statement::from(QueryWriter::new(&mut choices).query());
        check(seed, &database, &statement);
    }
}

#[test]
fn random_schemas_are_read_back_as_they_were() {
    for seed in 0..setting("DIPTYCH_TEXTS", 2_000) / 3 {
        let mut choices = Choices::new(seed);
        let mut spec = SchemaSpec::random(&mut choices);
        for (dialect, reads) in DIALECTS {
            if dialect == Dialect::Postgres {
                spec.defer(&mut choices);
            }
            // A foreign key that is read gets an index of its own.
            spec.tables.iter_mut().flat_map(|it| &mut it.references).for_each(|it| it.indexed = true);
            let schema = spec.build();
            let text = schema.to_sql_in(dialect);
            let read = Schema::from_sql(&text, reads).unwrap_or_else(|error| panic!("seed {seed}: {text}\n{error:#}"));
            // A key that refers to a later table comes behind the others of its own.
            assert_eq!(lines(&read.to_sql_in(dialect)), lines(&text), "seed {seed}");
        }
    }
}

/// What a script says, but for the indexes of foreign keys: where one begins like another, which is read first decides.
fn lines(text: &str) -> Vec<&str> {
    let lines = text.lines().map(|it| it.trim_end_matches(','));
    let of_key = |it: &&str| it.starts_with("CREATE INDEX") && it.contains("_fkey");
    let mut lines: Vec<&str> = lines.filter(|it| !of_key(it)).collect();
    lines.sort_unstable();
    lines
}
