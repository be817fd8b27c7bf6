//! Where in a text something stands, and errors that say so.

use sqlparser::ast::Spanned;
use sqlparser::parser::ParserError;
use sqlparser::tokenizer::{Location, Span, TokenizerError};

use crate::error::{Error, Misuse};

/// An error at the beginning of a piece of syntax.
pub(super) fn wrong(at: &impl Spanned, problem: impl Into<String>) -> Error {
    wrong_at(at.span(), problem)
}

/// An error at a span.
pub(super) fn wrong_at(span: Span, problem: impl Into<String>) -> Error {
    // Syntax that the parser made up itself has no place; the beginning is as good as any.
    let Location { line, column } = span.start;
    Misuse::Text { line: line.max(1), column: column.max(1), problem: problem.into() }.into()
}

/// Something that has a meaning, but none that can be carried out here.
pub(super) fn unsupported(at: &impl Spanned, what: &str) -> Error {
    wrong(at, format!("{what} is not supported"))
}

/// Puts the place where it is known on an error that does not have one yet.
pub(super) fn placed(error: Error, at: &impl Spanned) -> Error {
    match error.misuse() {
        Some(Misuse::Text { .. }) | None => error,
        Some(other) => wrong(at, other.to_string()),
    }
}

/// What the syntax reader says, with its place as numbers. `end` is where the last word stands.
pub(super) fn syntax(error: ParserError, end: Span) -> Error {
    match error {
        ParserError::RecursionLimitExceeded => wrong_at(Span::empty(), "the text nests too deeply"),
        ParserError::TokenizerError(text) | ParserError::ParserError(text) => {
            if let Some(wanted) = text.strip_suffix("found: EOF") {
                let (wanted, ..) = split_place(wanted);
                return wrong_at(Span::new(end.end, end.end), format!("{wanted}found: the end of the statement"));
            }
            let (problem, line, column) = split_place(&text);
            Misuse::Text { line, column, problem }.into()
        }
    }
}

/// What the token reader says, with its place.
pub(super) fn token(error: TokenizerError) -> Error {
    wrong_at(Span::new(error.location, error.location), error.message)
}

/// Takes " at Line: 1, Column: 8" off the end of a message.
fn split_place(text: &str) -> (String, u64, u64) {
    let parsed = text.rsplit_once(" at Line: ").and_then(|(problem, place)| {
        let (line, column) = place.split_once(", Column: ")?;
        Some((problem.to_owned(), line.trim().parse().ok()?, column.trim().parse().ok()?))
    });
    let (problem, line, column) = parsed.unwrap_or_else(|| (text.to_owned(), 1, 1));
    let mut letters = problem.chars();
    let lower = letters.next().map(|it| it.to_lowercase().chain(letters).collect());
    (lower.unwrap_or(problem), line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_at_the_end_of_a_message_becomes_numbers() {
        let text = "Expected: an expression, found: FROM at Line: 3, Column: 8";
        assert_eq!(split_place(text), ("expected: an expression, found: FROM".to_owned(), 3, 8));
        assert_eq!(split_place("no place"), ("no place".to_owned(), 1, 1));
    }
}
