//! Every constraint judged on a dump of all rows, naively: no index, no plan, nothing shared with either side.

use diptych::schema::Timing;

use super::cell::Cell;
use super::ours::Dump;
use super::schema::{CheckSpec, OnlySpec, ReferenceSpec, SchemaSpec, table_name};

fn key(row: &[Cell], columns: &[usize]) -> Option<Vec<Cell>> {
    let key: Vec<Cell> = columns.iter().map(|&it| row[it].clone()).collect();
    (!key.iter().any(Cell::is_null)).then_some(key)
}

/// Whether a row refers to nothing.
pub(crate) fn dangles(dump: &Dump, reference: &ReferenceSpec, row: &[Cell]) -> bool {
    let Some(wanted) = key(row, &reference.columns) else { return false };
    !dump[reference.target].iter().any(|it| key(it, &reference.target_columns).as_ref() == Some(&wanted))
}

/// Which constraints have to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judged {
    /// All but those that are initially deferred.
    Initially,
    /// Those that cannot be deferred: the transaction has said something about the others.
    NeverDeferred,
    /// All.
    All,
}

impl Judged {
    fn includes(self, timing: Timing) -> bool {
        match self {
            Judged::All => true,
            Judged::Initially => timing != Timing::InitiallyDeferred,
            Judged::NeverDeferred => timing == Timing::NotDeferrable,
        }
    }
}

/// Judges what has to hold.
pub(crate) fn judge(schema: &SchemaSpec, dump: &Dump, judged: Judged) -> Result<(), String> {
    for (position, (spec, rows)) in schema.tables.iter().zip(dump).enumerate() {
        let table = table_name(position);
        let unique = spec.unique.iter().filter(|it| judged.includes(it.timing));
        let unique = unique.map(|it| (it.columns.clone(), it.only.as_ref()));
        let primary = !spec.primary.is_empty() && judged.includes(spec.primary_timing);
        let primary = primary.then(|| (spec.primary.clone(), None));
        for (unique, only) in primary.into_iter().chain(unique) {
            let counts = |row: &&Vec<Cell>| match only {
                None => true,
                Some(OnlySpec::AtLeast(a, least)) => matches!(row[*a], Cell::Int(it) if it >= *least),
                Some(OnlySpec::Null(a)) => row[*a].is_null(),
                Some(OnlySpec::NotNull(a)) => !row[*a].is_null(),
            };
            let mut keys: Vec<Vec<Cell>> = rows.iter().filter(counts).filter_map(|row| key(row, &unique)).collect();
            keys.sort();
            if keys.windows(2).any(|pair| pair[0] == pair[1]) {
                return Err(format!("{table}: two rows agree in {unique:?}"));
            }
        }
        for row in rows {
            for (at, column) in spec.columns.iter().enumerate() {
                let needed = !column.nullable || spec.primary.contains(&at);
                if (needed && row[at].is_null()) || !row[at].fits(column.kind) {
                    return Err(format!("{table}: column {at} cannot hold what {row:?} has there"));
                }
            }
            let broken = |check: &&CheckSpec| match **check {
                CheckSpec::AtMost(a, most) => matches!(row[a], Cell::Int(it) if it > most),
                CheckSpec::Differ(a, b) => !row[a].is_null() && row[a] == row[b],
            };
            if let Some(check) = spec.checks.iter().find(broken) {
                return Err(format!("{table}: {row:?} breaks {check:?}"));
            }
            for reference in spec.references.iter().filter(|it| judged.includes(it.timing)) {
                if dangles(dump, reference, row) {
                    return Err(format!("{table}: {row:?} refers to nothing through {reference:?}"));
                }
            }
        }
    }
    Ok(())
}
