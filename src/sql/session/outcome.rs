//! What a statement brought.

use std::sync::Arc;

use crate::query::{Output, Rows};
use crate::value::Value;

/// What a statement brought: columns and rows of a query, or how many rows it changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SqlOutcome {
    /// The names of the columns that come out.
    pub columns: Arc<[String]>,
    /// The rows that come out.
    pub rows: Vec<Vec<Value>>,
    /// How many rows came out, or were inserted, changed or removed by the statement itself.
    pub count: u64,
    /// How many further rows foreign key actions changed or removed.
    pub by_actions: u64,
}

impl SqlOutcome {
    /// One column of text.
    pub(super) fn text(column: &str, lines: impl IntoIterator<Item = String>) -> Self {
        let rows: Vec<Vec<Value>> = lines.into_iter().map(|it| vec![it.into()]).collect();
        SqlOutcome { columns: [column.to_owned()].into(), count: rows.len() as u64, rows, by_actions: 0 }
    }
}

/// Where the columns that come out stand in a result.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// A whole row of so many columns.
    Row(usize),
    /// A scalar.
    Value,
}

/// The places of outputs; `width` tells how many columns a source has.
pub(super) fn places(outputs: &[Output], width: impl Fn(u8) -> usize) -> Vec<Place> {
    let one = |it: &Output| match it {
        Output::Row(source) => Place::Row(width(*source)),
        Output::Value(_) => Place::Value,
    };
    outputs.iter().map(one).collect()
}

/// The rows column by column. `numbers` makes 0 and 1 of booleans.
pub(super) fn flat(rows: Rows, places: &[Place], numbers: bool) -> Vec<Vec<Value>> {
    let mut found = Vec::with_capacity(rows.len());
    for at in 0..rows.len() {
        let (mut whole, mut scalars) = (rows.rows_at(at).iter(), rows.values_at(at).iter());
        let mut cells = Vec::with_capacity(places.len());
        for place in places {
            match place {
                Place::Value => cells.push(shown(scalars.next().cloned().unwrap_or_default(), numbers)),
                Place::Row(width) => match whole.next() {
                    Some(Some(row)) => {
                        let columns = 0..*width as u16;
                        cells.extend(columns.map(|it| shown(row.get(crate::id::ColumnId(it)).to_value(), numbers)));
                    }
                    _ => cells.extend(std::iter::repeat_n(Value::Null, *width)),
                },
            }
        }
        found.push(cells);
    }
    found
}

fn shown(it: Value, numbers: bool) -> Value {
    match it {
        Value::Bool(holds) if numbers => Value::Int(holds.into()),
        other => other,
    }
}
