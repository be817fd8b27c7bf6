//! Rows as a table of text.

use diptych::Value;
use diptych::sql::SqlOutcome;

/// How wide a column may be.
const WIDEST: usize = 48;

/// How many rows are shown.
const SHOWN: usize = 200;

/// The columns and rows of an outcome, in columns of equal width.
pub fn print(outcome: &SqlOutcome) {
    if outcome.columns.is_empty() {
        match (outcome.count, outcome.by_actions) {
            (0, 0) => println!("ok"),
            (count, 0) => println!("{count} rows"),
            (count, more) => println!("{count} rows, {more} more by foreign keys"),
        }
        return;
    }
    let cells: Vec<Vec<String>> = outcome.rows.iter().take(SHOWN).map(|row| row.iter().map(cell).collect()).collect();
    let width = |at: usize| {
        let rows = cells.iter().filter_map(|row| row.get(at)).map(|it| it.chars().count());
        rows.chain([outcome.columns[at].chars().count()]).max().unwrap_or(0).min(WIDEST)
    };
    let widths: Vec<usize> = (0..outcome.columns.len()).map(width).collect();
    let line = |row: &[String]| {
        let cells = row.iter().zip(&widths).map(|(it, &width)| {
            let text: String = it.chars().take(width).collect();
            format!("{text:width$}")
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    println!("{}", line(&outcome.columns));
    println!("{}", widths.iter().map(|it| "-".repeat(*it)).collect::<Vec<_>>().join("  "));
    for row in &cells {
        println!("{}", line(row));
    }
    match outcome.rows.len() {
        1 => println!("(1 row)"),
        count if count > SHOWN => println!("({count} rows, the first {SHOWN} shown)"),
        count => println!("({count} rows)"),
    }
}

fn cell(value: &Value) -> String {
    match value {
        Value::Text(it) => it.replace(['\n', '\r', '\t'], " "),
        other => other.to_string(),
    }
}
