//! Random queries run here and on PostgreSQL, and must bring the same rows.

use diptych::query::{Leaf, Output};
use diptych::{Expr, Select, Value};
use postgres::{Client, SimpleQueryMessage};

use crate::choices::Choices;
use crate::query::{QueryWriter, Reader, TABLES};
use crate::query_text::sql;
use crate::server::Server;
use crate::worlds::{Rows, WAYS, database, in_order, literal, random_rows, sorted};

/// Which of the things that only this comparison covers a query has.
#[derive(Default)]
struct Covered {
    queries: usize,
    refused: usize,
    windows: usize,
    all: usize,
    quantified: usize,
    lateral: usize,
}

fn fill(client: &mut Client, rows: &[Rows]) {
    client.batch_execute("DISCARD TEMP").expect("a session without tables");
    for (name, rows) in TABLES.into_iter().zip(rows) {
        let table = format!("CREATE TEMP TABLE {name} (id BIGINT, x BIGINT, y BIGINT, s TEXT)");
        client.batch_execute(&table).expect("a table");
        for row in rows {
            let cells: Vec<String> = row.iter().map(literal).collect();
            client.batch_execute(&format!("INSERT INTO {name} VALUES ({})", cells.join(", "))).expect("a row");
        }
    }
}

/// The rows of a query, all of whose columns are numbers; nothing if it is refused.
fn ask(client: &mut Client, text: &str) -> Option<Rows> {
    let number = |it: &str| it.parse().map(Value::Int).unwrap_or_else(|_| Value::Float(it.parse().expect("a number")));
    let messages = match client.simple_query(text) {
        Ok(messages) => messages,
        Err(error) => {
            let told = error.as_db_error().map(|it| it.message().to_owned()).unwrap_or_default();
            let known = ["FULL JOIN is only supported", "types", "type", "SELECT DISTINCT, ORDER BY"];
            assert!(known.iter().any(|it| told.contains(it)), "{told}\n{text}");
            return None;
        }
    };
    let rows = messages.iter().filter_map(|it| match it {
        SimpleQueryMessage::Row(row) => {
            Some((0..row.len()).map(|at| row.get(at).map_or(Value::Null, number)).collect())
        }
        _ => None,
    });
    Some(rows.collect())
}

/// Floats to twelve digits: an average is taken of exact numbers there.
fn rounded(rows: Rows) -> Rows {
    let cell = |it: Value| match it {
        Value::Float(it) if it.is_finite() => Value::Float(format!("{it:.12e}").parse().expect("a float")),
        other => other,
    };
    rows.into_iter().map(|row| row.into_iter().map(cell).collect()).collect()
}

fn compare(client: &mut Client, rows: &[Rows], select: &Select, seed: u64) -> bool {
    let text = sql(select, Reader::Postgres);
    let Some(expected) = ask(client, &text) else { return false };
    let expected = sorted(rounded(expected));
    for (way, index) in WAYS.into_iter().enumerate() {
        let mut connection = database(index, rows);
        let found = connection.execute(select.clone());
        let found = found.unwrap_or_else(|error| panic!("seed {seed}, way {way}: {error:#}\n{text}"));
        let found = found.rows.to_values();
        let same = sorted(rounded(found.clone())) == expected && in_order(select, &found);
        assert!(
            same,
            "seed {seed}: {text}\nway {way} brings {found:?}\nPostgreSQL brings {expected:?}\na: {:?}\nb: {:?}",
            rows[0], rows[1]
        );
    }
    true
}

fn look(text: &str, select: &Select, covered: &mut Covered) {
    let outputs = select.outputs.iter().chain(select.compounds.iter().flat_map(|it| &it.select.outputs));
    let windows = outputs.filter(|it| matches!(it, Output::Value(Expr::Leaf(Leaf::Window(_)))));
    covered.windows += usize::from(windows.count() > 0);
    covered.all += usize::from(text.contains("INTERSECT ALL") || text.contains("EXCEPT ALL"));
    covered.quantified += usize::from(text.contains(" ANY (") || text.contains(" ALL ("));
    covered.lateral += usize::from(text.contains("LATERAL"));
}

#[test]
fn q3_queries_bring_what_postgresql_brings() {
    let server = match Server::start() {
        Ok(server) => server,
        Err(why) => return println!("skipped, because there is no PostgreSQL to compare with: {why}"),
    };
    let mut client = server.connect().expect("the server answers");
    let setting =
        |name: &str, otherwise: u64| std::env::var(name).ok().map_or(otherwise, |it| it.parse().expect("a number"));
    let (count, first) = (setting("DIPTYCH_QUERIES", 1_000), setting("DIPTYCH_SEED", 0));
    let mut covered = Covered::default();
    for seed in first..first + count {
        let mut choices = Choices::new(seed);
        let rows = [random_rows(&mut choices), random_rows(&mut choices)];
        fill(&mut client, &rows);
        for _ in 0..4 {
            let select = QueryWriter::new(&mut choices).for_reader(Reader::Postgres).query();
            covered.queries += 1;
            match compare(&mut client, &rows, &select, seed) {
                true => look(&sql(&select, Reader::Postgres), &select, &mut covered),
                false => covered.refused += 1,
            }
        }
    }
    let Covered { queries, refused, windows, all, quantified, lateral } = covered;
    println!(
        "{queries} queries, {refused} refused by PostgreSQL; with windows {windows}, INTERSECT or EXCEPT ALL {all},"
    );
    println!("ANY or ALL {quantified}, LATERAL {lateral}");
    assert!(refused * 10 < queries, "queries that are mostly refused show little");
    assert!([windows, all, quantified, lateral].into_iter().all(|it| it * 100 > queries), "each is tried often enough");
}
