//! Random histories run here and on PostgreSQL, and must do the same at every step.

use std::collections::BTreeMap;

use postgres::Client;

use crate::cell::Cell;
use crate::choices::Choices;
use crate::compare::{Tally, Verdict, compare};
use crate::difference::Difference;
use crate::history::{self, Operation, To};
use crate::other::{Postgres, definition};
use crate::ours::Ours;
use crate::schema::SchemaSpec;
use crate::server::Server;
use crate::shrink::Case;
use crate::side::{Refusal, RefusalKind, Side};

/// The differences that the front page speaks of. What SQLite does beyond them must not happen here.
const MEANT: [Difference; 7] = [
    Difference::DefaultJudgedAtOnce,
    Difference::JudgedInTurn,
    Difference::UniqueAtTheEnd,
    Difference::RestrictWhateverTheOrder,
    Difference::DeletionWins,
    Difference::SetInTheSameStatement,
    Difference::FollowsInSteps,
];

/// The engine itself, to write histories with: what is written speaks of rows that are there.
struct Scout(Ours);

impl Side for Scout {
    fn carry_out(&mut self, operation: &Operation, _: usize) -> Result<(), Refusal> {
        let refused = |error: diptych::Error| Refusal { kind: RefusalKind::Other, text: error.to_string() };
        self.0.carry_out(operation).map(drop).map_err(refused)
    }

    fn dump(&mut self) -> Vec<Vec<Vec<Cell>>> {
        self.0.dump()
    }

    fn forgets_refused_commits(&self) -> bool {
        false
    }
}

/// Keys that fill themselves count otherwise there, so they are given here.
fn schema(choices: &mut Choices) -> SchemaSpec {
    let mut schema = SchemaSpec::random(choices);
    schema.tables.iter_mut().for_each(|it| it.auto = false);
    schema.defer(choices);
    schema
}

/// Whether every value of an operation has the type of its column; PostgreSQL converts some others.
fn is_typed(schema: &SchemaSpec, operation: &Operation) -> bool {
    let fits = |table: usize, column: usize, cell: &Cell| cell.fits(schema.tables[table].columns[column].kind);
    match operation {
        Operation::Insert { table, columns, rows, .. } => {
            rows.iter().all(|row| columns.iter().zip(row).all(|(&column, cell)| fits(*table, column, cell)))
        }
        Operation::Update { table, set, .. } => set.iter().all(|(column, to)| match to {
            To::Cell(cell) => fits(*table, *column, cell),
            _ => true,
        }),
        _ => true,
    }
}

fn run(client: &mut Client, seed: u64, tally: &mut Tally, differences: &mut BTreeMap<Difference, usize>) {
    let mut choices = Choices::new(seed);
    let schema = schema(&mut choices);
    let mut history = history::random(&schema, &mut choices, &mut Scout(Ours::new(&schema)), schema.deferrable(), 0);
    history.retain(|it| is_typed(&schema, it));
    let mut compare = |schema: &SchemaSpec, history: &[Operation]| {
        let verdict = compare(schema, history, &mut Postgres::new(client, schema));
        match verdict {
            Verdict::Named(at, difference) if !MEANT.contains(&difference) => {
                Verdict::Wrong(crate::compare::Mismatch { at, why: format!("{difference:?} is not meant here") })
            }
            other => other,
        }
    };
    let mut case = Case { schema, history };
    loop {
        match compare(&case.schema, &case.history) {
            Verdict::Agreed(more) => return tally.add(more),
            Verdict::Named(at, difference) => {
                *differences.entry(difference).or_default() += 1;
                case.history.remove(at);
            }
            Verdict::Wrong(_) => {
                let case = case.shrink(&mut compare);
                let mismatch = case.mismatch(&mut compare).expect("shrinking keeps the mismatch");
                let sql = case.sql(mismatch.at);
                panic!("seed {seed}: {}\n\n{}\n{sql}", mismatch.why, definition(&case.schema));
            }
        }
    }
}

#[test]
fn histories_end_here_as_they_do_on_postgresql() {
    let server = match Server::start() {
        Ok(server) => server,
        Err(why) => return println!("skipped, because there is no PostgreSQL to compare with: {why}"),
    };
    let mut client = server.connect().expect("the server answers");
    let setting =
        |name: &str, otherwise: u64| std::env::var(name).ok().map_or(otherwise, |it| it.parse().expect("a number"));
    let (count, first) = (setting("DIPTYCH_HISTORIES", 400), setting("DIPTYCH_SEED", 0));
    let (mut tally, mut differences) = (Tally::default(), BTreeMap::new());
    (first..first + count).for_each(|seed| run(&mut client, seed, &mut tally, &mut differences));
    let Tally { accepted, with_actions, refused } = tally;
    println!("{count} histories: {accepted} operations accepted, {with_actions} with actions; {refused} refused");
    differences.iter().for_each(|(difference, times)| println!("{times:8} × {difference:?}"));
    assert!(accepted > refused && with_actions * 40 > accepted, "histories that are mostly refused show little");
}
