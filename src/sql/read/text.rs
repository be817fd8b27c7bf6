//! From a script to the syntax of its statements.

use sqlparser::ast::{Insert, SetExpr, Statement, TableAliasWithoutColumns};
use sqlparser::keywords::Keyword;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Span, Token, TokenWithSpan, Tokenizer};

use super::copy::{Copied, copied, taken_apart};
use super::place::{syntax, token, wrong_at};
use super::types::SqlDialect;
use super::words::{self, is_word, keyword};
use crate::error::Result;

/// How many operators may stand in one part of a statement, between commas or parentheses; each of them makes the tree
/// of the syntax one deeper.
const OPERATORS: usize = 2_000;

/// How deeply a text may nest. Reading it recurses, so this keeps it within the stack of any thread.
const DEPTH: usize = 60;

/// One statement of a script.
#[derive(Clone, Debug)]
pub(in crate::sql) enum Parsed {
    /// What the syntax reader knows, and what comes out of it as it is written, where it has no other name.
    Syntax(Box<Statement>, Vec<String>),
    /// `COPY`.
    Copy(Copied),
    /// What has no effect here.
    Nothing,
    /// `PRAGMA`.
    Pragma { name: String, value: Option<String> },
    /// `REINDEX`, with the name of what is to be indexed again.
    Reindex(Option<String>),
    /// `SET CONSTRAINTS`: these, or all; deferred or immediate.
    SetConstraints { names: Vec<String>, deferred: bool },
}

/// Reads the syntax of a script.
pub(in crate::sql) fn parse(text: &str, dialect: SqlDialect) -> Result<Vec<Parsed>> {
    let marks = ["\n\\.", "\\restrict", "\\unrestrict"];
    if !dialect.is_sqlite() && marks.iter().any(|it| text.contains(it)) {
        let (rest, rows) = taken_apart(text);
        return statements(&rest, dialect, rows);
    }
    statements(text, dialect, Vec::new())
}

/// The statements of a script; `rows` are those behind each COPY.
fn statements(text: &str, dialect: SqlDialect, rows: Vec<Vec<Vec<Option<String>>>>) -> Result<Vec<Parsed>> {
    let mut rows = rows.into_iter();
    let mut tokens = Tokenizer::new(dialect.syntax(), text).tokenize_with_location().map_err(token)?;
    tokens.retain(|it| !matches!(it.token, Token::Whitespace(_) | Token::EOF));
    let mut found = Vec::new();
    for statement in split(tokens) {
        if !dialect.is_sqlite() && is_word(statement.first(), "COPY") {
            found.push(Parsed::Copy(copied(&statement, rows.next().unwrap_or_default())?));
            continue;
        }
        found.push(one(statement, text, dialect)?);
    }
    Ok(found)
}

/// Cuts at semicolons, but not inside the body of a trigger.
fn split(tokens: Vec<TokenWithSpan>) -> Vec<Vec<TokenWithSpan>> {
    let (mut all, mut current, mut body) = (Vec::new(), Vec::<TokenWithSpan>::new(), 0_usize);
    for it in tokens {
        if it.token == Token::SemiColon && body == 0 {
            if !current.is_empty() {
                all.push(std::mem::take(&mut current));
            }
            continue;
        }
        match keyword(&it) {
            Some(Keyword::BEGIN) if !current.is_empty() => body += 1,
            Some(Keyword::CASE) if body > 0 => body += 1,
            Some(Keyword::END) if body > 0 => body -= 1,
            _ => {}
        }
        current.push(it);
    }
    if !current.is_empty() {
        all.push(current);
    }
    all
}

fn one(mut tokens: Vec<TokenWithSpan>, text: &str, dialect: SqlDialect) -> Result<Parsed> {
    refuse_depth(&tokens)?;
    words::refuse_triggers(&tokens)?;
    words::refuse_elsewhere(&tokens)?;
    if is_word(tokens.first(), "REINDEX") {
        let name = tokens.get(1).map(|it| it.token.to_string());
        return Ok(Parsed::Reindex(name));
    }
    if is_word(tokens.first(), "SET") && is_word(tokens.get(1), "CONSTRAINTS") {
        return set_constraints(&tokens);
    }
    let changes = is_word(tokens.first(), "CREATE") || is_word(tokens.first(), "ALTER");
    if !dialect.is_sqlite() && changes && is_word(tokens.get(1), "SEQUENCE") {
        // Keys fill themselves; who names a sequence is told so.
        return Ok(Parsed::Nothing);
    }
    if dialect.is_sqlite() && is_word(tokens.first(), "PRAGMA") {
        let (name, value) = words::pragma(&tokens)?;
        return Ok(Parsed::Pragma { name, value });
    }
    if !dialect.is_sqlite() && is_word(tokens.first(), "TABLE") && tokens.len() > 1 {
        words::say_select_all(&mut tokens);
    }
    if !dialect.is_sqlite() {
        words::without_sequences(&mut tokens);
        words::refuse_symmetric(&tokens)?;
    }
    let outputs = if dialect.is_sqlite() { words::outputs_as_written(&tokens, text) } else { Vec::new() };
    words::with_numbers(&mut tokens);
    if dialect.is_sqlite() {
        words::with_names(&mut tokens);
        tokens = words::in_plain_words(words::without_hints(tokens));
    }
    let alias = if dialect.is_sqlite() { words::take_alias(&mut tokens) } else { None };
    let end = tokens.last().map_or(Span::empty(), |it| it.span);
    let mut parser = Parser::new(dialect.syntax()).with_recursion_limit(DEPTH).with_tokens_with_locations(tokens);
    let mut statement = parser.parse_statement().map_err(|it| syntax(it, end))?;
    if let (Some(alias), Some(insert)) = (alias, inserting(&mut statement)) {
        insert.table_alias = Some(TableAliasWithoutColumns { explicit: true, alias });
    }
    let rest = parser.peek_token();
    if rest.token != Token::EOF {
        return Err(wrong_at(rest.span, format!("expected: the end of the statement, found: {}", rest.token)));
    }
    Ok(Parsed::Syntax(Box::new(statement), outputs))
}

/// The syntax tree is as deep as there are operators in a row, and it is freed by recursion.
fn refuse_depth(tokens: &[TokenWithSpan]) -> Result<()> {
    let mut counts = vec![0_usize];
    for it in tokens {
        match &it.token {
            Token::LParen | Token::LBracket | Token::LBrace => counts.push(0),
            Token::RParen | Token::RBracket | Token::RBrace => {
                counts.pop();
                if counts.is_empty() {
                    counts.push(0);
                }
            }
            Token::Comma => *counts.last_mut().unwrap_or(&mut 0) = 0,
            Token::Number(..) | Token::SingleQuotedString(_) => {}
            Token::Word(word) if word.keyword == Keyword::NoKeyword => {}
            _ => {
                let count = counts.last_mut();
                let count = count.map_or(0, |it| {
                    *it += 1;
                    *it
                });
                if count > 2 * OPERATORS {
                    return Err(wrong_at(it.span, format!("more than {OPERATORS} operators in a row")));
                }
            }
        }
    }
    Ok(())
}

/// The INSERT that a statement is, behind a WITH or not.
fn inserting(it: &mut Statement) -> Option<&mut Insert> {
    match it {
        Statement::Insert(it) => Some(it),
        Statement::Query(it) => match &mut *it.body {
            SetExpr::Insert(it) => inserting(it),
            _ => None,
        },
        Statement::Explain { statement, .. } => inserting(statement),
        _ => None,
    }
}

fn set_constraints(tokens: &[TokenWithSpan]) -> Result<Parsed> {
    let [_, _, names @ .., mode] = tokens else {
        return Err(wrong_at(tokens[0].span, "expected: SET CONSTRAINTS names DEFERRED or IMMEDIATE"));
    };
    let deferred = if is_word(Some(mode), "DEFERRED") {
        true
    } else if is_word(Some(mode), "IMMEDIATE") {
        false
    } else {
        return Err(wrong_at(mode.span, format!("expected: DEFERRED or IMMEDIATE, found: {}", mode.token)));
    };
    let mut found = Vec::new();
    for it in names {
        match &it.token {
            Token::Word(word) if word.keyword == Keyword::ALL => {}
            Token::Word(word) => found.push(word.value.clone()),
            Token::Comma => {}
            other => return Err(wrong_at(it.span, format!("expected: the name of a constraint, found: {other}"))),
        }
    }
    Ok(Parsed::SetConstraints { names: found, deferred })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &str) -> usize {
        parse(text, SqlDialect::Sqlite).map(|it| it.len()).unwrap_or(usize::MAX)
    }

    #[test]
    fn a_script_is_cut_at_semicolons() {
        assert_eq!(count("SELECT 1; SELECT ';' ;; -- ;\nBEGIN; COMMIT"), 4);
        assert_eq!(count(""), 0);
        assert_eq!(count("SELECT a FROM t NOT INDEXED; REINDEX t"), 2);
        assert_eq!(count("INSERT INTO t AS x VALUES (1); WITH y AS (SELECT 1) INSERT INTO m.t AS x SELECT 1"), 2);
    }

    #[test]
    fn l4_a_text_that_nests_without_end_is_refused() {
        for text in ["(".repeat(100_000), "1+".repeat(100_000), "NOT ".repeat(100_000), "- ".repeat(100_000)] {
            assert!(parse(&format!("SELECT {text}"), SqlDialect::Sqlite).is_err());
            assert!(parse(&format!("SELECT {text}1"), SqlDialect::Sqlite).is_err());
        }
        assert!(parse("SELECT", SqlDialect::Sqlite).is_err());
    }
}
