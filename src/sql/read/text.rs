//! From a script to the syntax of its statements.

use sqlparser::ast::{Ident, Insert, SetExpr, Statement, TableAliasWithoutColumns};
use sqlparser::keywords::Keyword;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

use super::place::{syntax, token, wrong_at};
use super::types::SqlDialect;
use crate::error::Result;

/// How many operators may stand in one part of a statement, between commas or parentheses; each of them makes the tree
/// of the syntax one deeper.
const OPERATORS: usize = 2_000;

/// How deeply a text may nest. Reading it recurses, so this keeps it within the stack of any thread.
const DEPTH: usize = 60;

/// One statement of a script.
#[derive(Clone, Debug)]
pub(in crate::sql) enum Parsed {
    /// What the syntax reader knows.
    Syntax(Box<Statement>),
    /// `REINDEX`, with the name of what is to be indexed again.
    Reindex(Option<String>),
    /// `SET CONSTRAINTS`: these, or all; deferred or immediate.
    SetConstraints { names: Vec<String>, deferred: bool },
}

/// Reads the syntax of a script.
pub(in crate::sql) fn parse(text: &str, dialect: SqlDialect) -> Result<Vec<Parsed>> {
    let mut tokens = Tokenizer::new(dialect.syntax(), text).tokenize_with_location().map_err(token)?;
    tokens.retain(|it| !matches!(it.token, Token::Whitespace(_) | Token::EOF));
    let mut found = Vec::new();
    for statement in split(tokens) {
        found.push(one(statement, dialect)?);
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

fn keyword(it: &TokenWithSpan) -> Option<Keyword> {
    match &it.token {
        Token::Word(word) if word.quote_style.is_none() => Some(word.keyword),
        _ => None,
    }
}

fn is_word(it: Option<&TokenWithSpan>, text: &str) -> bool {
    matches!(it.map(|it| &it.token), Some(Token::Word(word)) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(text))
}

fn one(tokens: Vec<TokenWithSpan>, dialect: SqlDialect) -> Result<Parsed> {
    refuse_depth(&tokens)?;
    refuse_triggers(&tokens)?;
    if is_word(tokens.first(), "REINDEX") {
        let name = tokens.get(1).map(|it| it.token.to_string());
        return Ok(Parsed::Reindex(name));
    }
    if is_word(tokens.first(), "SET") && is_word(tokens.get(1), "CONSTRAINTS") {
        return set_constraints(&tokens);
    }
    let mut tokens = if dialect.is_sqlite() { without_hints(tokens) } else { tokens };
    let alias = if dialect.is_sqlite() { take_alias(&mut tokens) } else { None };
    let mut parser = Parser::new(dialect.syntax()).with_recursion_limit(DEPTH).with_tokens_with_locations(tokens);
    let mut statement = parser.parse_statement().map_err(syntax)?;
    if let (Some(alias), Some(insert)) = (alias, inserting(&mut statement)) {
        insert.table_alias = Some(TableAliasWithoutColumns { explicit: true, alias });
    }
    let rest = parser.peek_token();
    if rest.token != Token::EOF {
        return Err(wrong_at(rest.span, format!("expected: the end of the statement, found: {}", rest.token)));
    }
    Ok(Parsed::Syntax(Box::new(statement)))
}

/// There are no triggers, however one is written; what does their work here is told.
fn refuse_triggers(tokens: &[TokenWithSpan]) -> Result<()> {
    let verb = ["CREATE", "DROP", "ALTER"].into_iter().find(|it| is_word(tokens.first(), it));
    let between = ["OR", "REPLACE", "TEMP", "TEMPORARY", "CONSTRAINT"];
    let what = tokens.iter().skip(1).find(|it| !between.iter().any(|word| is_word(Some(it), word)));
    match (verb, what) {
        (Some(verb), Some(what)) if is_word(Some(what), "TRIGGER") => {
            let instead = "a program can listen to sessions (`Database::on`) and to commits (`Database::subscribe`); what \
                           follows a row can be a foreign key's action, a default or a generated column";
            Err(wrong_at(what.span, format!("{verb} TRIGGER is not supported: {instead}")))
        }
        _ => Ok(()),
    }
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

/// Leaves out `NOT INDEXED` and `INDEXED BY name`, which never change what comes out, and says ILIKE for the GLOB of
/// `NOT GLOB`: SQLite has no ILIKE, and the syntax reader knows NOT before that one only.
fn without_hints(mut tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    for at in 1..tokens.len() {
        if is_word(tokens.get(at), "GLOB") && keyword(&tokens[at - 1]) == Some(Keyword::NOT) {
            tokens[at].token = Token::make_keyword("ILIKE");
        }
    }
    if !tokens.iter().any(|it| is_word(Some(it), "INDEXED")) {
        return tokens;
    }
    let mut kept: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    let mut rest = tokens.into_iter().peekable();
    while let Some(it) = rest.next() {
        if is_word(Some(&it), "INDEXED") {
            if kept.last().and_then(keyword) == Some(Keyword::NOT) {
                kept.pop();
                continue;
            }
            if rest.peek().and_then(keyword) == Some(Keyword::BY) {
                rest.next();
                rest.next();
                continue;
            }
        }
        kept.push(it);
    }
    kept
}

/// Takes `AS alias` out of `INSERT INTO table AS alias`, which SQLite has and the syntax reader knows for others only.
fn take_alias(tokens: &mut Vec<TokenWithSpan>) -> Option<Ident> {
    let mut depth = 0_usize;
    let into = tokens.iter().position(|it| {
        match it.token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && keyword(it) == Some(Keyword::INTO)
    })?;
    let dotted = tokens.get(into + 2).is_some_and(|it| it.token == Token::Period);
    let at = if dotted { into + 4 } else { into + 2 };
    match (tokens.get(at).and_then(keyword), &tokens.get(at + 1)?.token) {
        (Some(Keyword::AS), Token::Word(word)) => {
            let alias = word.clone().into_ident(tokens[at + 1].span);
            tokens.drain(at..at + 2);
            Some(alias)
        }
        _ => None,
    }
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
