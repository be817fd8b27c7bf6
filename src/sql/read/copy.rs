//! What `pg_dump` writes and no other text has: rows behind `COPY … FROM stdin`, and commands of `psql`.

use sqlparser::tokenizer::{Span, Token, TokenWithSpan};

use super::command::Command;
use super::meaning::Typed;
use super::place::wrong_at;
use super::scope::{Reader, Scope, field};
use super::words::is_word;
use crate::error::Result;
use crate::query::{Insert, InsertValues};
use crate::schema::Name;
use crate::value::Value;

/// `COPY table (columns) FROM stdin`, with its rows.
#[derive(Clone, Debug)]
pub(in crate::sql) struct Copied {
    table: String,
    columns: Vec<String>,
    rows: Vec<Vec<Option<String>>>,
    at: Span,
}

/// The script without rows and commands of `psql`, line for line, and the rows of each COPY.
pub(super) fn taken_apart(text: &str) -> (String, Vec<Vec<Vec<Option<String>>>>) {
    let (mut rest, mut all) = (String::with_capacity(text.len()), Vec::new());
    let mut rows: Option<Vec<Vec<Option<String>>>> = None;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end_matches(['\n', '\r']);
        match &mut rows {
            Some(found) if bare != "\\." => found.push(bare.split('\t').map(cell).collect()),
            Some(_) => all.extend(rows.take()),
            None if bare.starts_with("\\restrict") || bare.starts_with("\\unrestrict") => {}
            None => {
                if bare.starts_with("COPY ") && bare.to_ascii_lowercase().ends_with(" from stdin;") {
                    rows = Some(Vec::new());
                    // The token reader would take what follows that word for rows.
                    rest.push_str(&bare[..bare.len() - "stdin;".len()]);
                    rest.push_str("input;");
                } else {
                    rest.push_str(bare);
                }
            }
        }
        if line.ends_with('\n') {
            rest.push('\n');
        }
    }
    all.extend(rows);
    (rest, all)
}

/// One value of a row: `\N` is NULL, and a backslash stands before what has a meaning.
fn cell(written: &str) -> Option<String> {
    if written == "\\N" {
        return None;
    }
    let (mut text, mut letters) = (String::with_capacity(written.len()), written.chars());
    while let Some(it) = letters.next() {
        text.push(match it {
            '\\' => match letters.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                Some('r') => '\r',
                Some('b') => '\u{8}',
                Some('f') => '\u{c}',
                Some('v') => '\u{b}',
                Some(other) => other,
                None => '\\',
            },
            other => other,
        });
    }
    Some(text)
}

/// The statement of these words, with its rows.
pub(super) fn copied(tokens: &[TokenWithSpan], rows: Vec<Vec<Option<String>>>) -> Result<Copied> {
    let at = tokens[0].span;
    let from = tokens.iter().position(|it| is_word(Some(it), "FROM"));
    let word = |it: &TokenWithSpan| match &it.token {
        Token::Word(word) => Some(word.value.clone()),
        _ => None,
    };
    let open = tokens.iter().position(|it| it.token == Token::LParen).or(from).unwrap_or(tokens.len());
    let table = tokens[1..open].iter().rev().find_map(word);
    let columns = tokens.get(open..from.unwrap_or(open)).into_iter().flatten().filter_map(word).collect();
    let given = from.is_some_and(|it| ["STDIN", "INPUT"].iter().any(|word| is_word(tokens.get(it + 1), word)));
    match (table, given) {
        (Some(table), true) => Ok(Copied { table, columns, rows, at }),
        _ => Err(wrong_at(at, "expected: COPY table (columns) FROM stdin, with rows behind it")),
    }
}

impl Reader<'_> {
    /// The rows as an INSERT.
    pub(super) fn copy(&mut self, it: &Copied) -> Result<Command> {
        let place = |error| wrong_at(it.at, crate::error::Error::to_string(&error));
        let (table, fields) = self.catalog.table_named(&it.table).map_err(place)?;
        let (name, fields) = (table.name.clone(), fields.clone());
        let source = super::scope::Source {
            name: name.clone(),
            fields: fields.clone(),
            position: 0,
            is_table: true,
            rowid: None,
        };
        let mut given = Vec::with_capacity(it.columns.len());
        for column in &it.columns {
            let unknown = || wrong_at(it.at, format!("there is no column `{name}.{column}`"));
            given.push(field(&source, column).ok_or_else(unknown)?);
        }
        if given.is_empty() {
            given = (0..fields.len()).collect();
        }
        self.scopes.push(Scope::default());
        let mut rows = Vec::with_capacity(it.rows.len());
        for (number, row) in it.rows.iter().enumerate() {
            if row.len() != given.len() {
                let problem = format!("row {} has {} values for {} columns", number + 1, row.len(), given.len());
                return Err(wrong_at(it.at, problem));
            }
            let value = |(cell, &at): (&Option<String>, &usize)| {
                let value = cell.as_deref().map_or(Value::Null, Value::from);
                self.stored(Typed::constant(value), fields[at].kind)
            };
            rows.push(row.iter().zip(&given).map(value).collect());
        }
        self.scopes.pop();
        let names: Vec<Name> = given.iter().map(|&at| fields[at].name.clone().into()).collect();
        let insert = Insert { values: InsertValues::Rows(rows), ..Insert::into(name, names) };
        Ok(Command::Run { statement: Box::new(insert.into()), heading: Vec::new(), parameters: Vec::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_taken_out_line_for_line() {
        let text = "\\restrict x\nCOPY t (a, b) FROM stdin;\n1\tx\\ty\n\\N\t\\\\\n\\.\nSELECT 1;";
        let (rest, rows) = taken_apart(text);
        assert_eq!(rest, "\nCOPY t (a, b) FROM input;\n\n\n\nSELECT 1;");
        let text = |it: &str| Some(it.to_owned());
        assert_eq!(rows, [vec![vec![text("1"), text("x\ty")], vec![None, text("\\")]]]);
    }
}
