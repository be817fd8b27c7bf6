//! Words that a dialect has and the syntax reader does not: they are said in words that it knows, left out where they
//! change nothing, or refused with what does their work here.

use sqlparser::ast::Ident;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan};

use super::place::wrong_at;
use crate::error::Result;

pub(super) fn keyword(it: &TokenWithSpan) -> Option<Keyword> {
    match &it.token {
        Token::Word(word) if word.quote_style.is_none() => Some(word.keyword),
        _ => None,
    }
}

pub(super) fn is_word(it: Option<&TokenWithSpan>, text: &str) -> bool {
    matches!(it.map(|it| &it.token), Some(Token::Word(word)) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(text))
}

/// There are no triggers, however one is written; what does their work here is told.
pub(super) fn refuse_triggers(tokens: &[TokenWithSpan]) -> Result<()> {
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

/// There is one database, and its tables are its own.
pub(super) fn refuse_elsewhere(tokens: &[TokenWithSpan]) -> Result<()> {
    let Some(first) = tokens.first() else { return Ok(()) };
    let refused = |what: &str, instead: &str| Err(wrong_at(first.span, format!("{what} is not supported: {instead}")));
    let is = |at: usize, word: &str| is_word(tokens.get(at), word);
    if is(0, "ATTACH") || is(0, "DETACH") {
        return refused(if is(0, "ATTACH") { "ATTACH" } else { "DETACH" }, "a session has one database");
    }
    if is(0, "CREATE") && is(1, "VIRTUAL") {
        return refused("CREATE VIRTUAL TABLE", "rows are held by tables, or computed by views");
    }
    Ok(())
}

/// `PRAGMA name`, `PRAGMA name = value` and `PRAGMA name(value)`: the name without that of a database, and the value
/// without quotes. The syntax reader takes no words for values.
pub(super) fn pragma(tokens: &[TokenWithSpan]) -> Result<(String, Option<String>)> {
    let word = |it: &TokenWithSpan| match &it.token {
        Token::Word(word) => Some(word.value.clone()),
        _ => None,
    };
    let mut rest = &tokens[1..];
    if rest.get(1).is_some_and(|it| it.token == Token::Period) {
        rest = &rest[2..];
    }
    let end = tokens[tokens.len() - 1].span;
    let at = rest.first().map_or(end, |it| it.span);
    let name = rest.first().and_then(word).ok_or_else(|| wrong_at(at, "expected: the name of a PRAGMA"))?;
    let value = match rest {
        [_] => return Ok((name.to_ascii_lowercase(), None)),
        [_, sign, value @ ..] if sign.token == Token::Eq => value,
        [_, open, value @ .., close] if open.token == Token::LParen && close.token == Token::RParen => value,
        _ => return Err(wrong_at(rest[1].span, "expected: = and a value, or a value in parentheses")),
    };
    let value = match value {
        [one] => match &one.token {
            Token::SingleQuotedString(text) | Token::DoubleQuotedString(text) => text.clone(),
            token => word(one).unwrap_or_else(|| token.to_string()),
        },
        [sign, number] if matches!(sign.token, Token::Minus | Token::Plus) => format!("{}{}", sign.token, number.token),
        _ => return Err(wrong_at(end, format!("expected: one value for {name}"))),
    };
    Ok((name.to_ascii_lowercase(), Some(value)))
}

/// Says `SELECT * FROM name` for `TABLE name`.
pub(super) fn say_select_all(tokens: &mut Vec<TokenWithSpan>) {
    let span = tokens[0].span;
    let said = [Token::make_keyword("SELECT"), Token::Mul, Token::make_keyword("FROM")];
    tokens.splice(0..1, said.into_iter().map(|token| TokenWithSpan { token, span }));
}

/// Leaves out what stands in parentheses behind IDENTITY: how the sequence counts that there is not.
pub(super) fn without_sequences(tokens: &mut Vec<TokenWithSpan>) {
    let opens = |it: &[TokenWithSpan]| is_word(it.first(), "IDENTITY") && it[1].token == Token::LParen;
    while let Some(at) = tokens.windows(2).position(opens) {
        let end = tokens[at..].iter().position(|it| it.token == Token::RParen);
        tokens.drain(at + 1..end.map_or(tokens.len(), |it| at + it + 1));
    }
}

/// BETWEEN SYMMETRIC can be said by other words.
pub(super) fn refuse_symmetric(tokens: &[TokenWithSpan]) -> Result<()> {
    match tokens.windows(2).find(|it| is_word(it.first(), "BETWEEN") && is_word(it.get(1), "SYMMETRIC")) {
        Some(found) => {
            let problem = "BETWEEN SYMMETRIC is not supported: say BETWEEN least(a, b) AND greatest(a, b)";
            Err(wrong_at(found[0].span, problem))
        }
        None => Ok(()),
    }
}

/// Numbers like `0x1F`, which the token reader takes for bytes: these have a sign more, `x'1F'`.
pub(super) fn with_numbers(tokens: &mut [TokenWithSpan]) {
    for it in tokens {
        let Token::HexStringLiteral(digits) = &it.token else { continue };
        let width = it.span.end.column.saturating_sub(it.span.start.column);
        if width == digits.len() as u64 + 2 {
            it.token = Token::Number(format!("0x{digits}"), false);
        }
    }
}

/// Words with a meaning for the syntax reader which in SQLite are names like any other.
const NAMES: &[Keyword] = &[
    Keyword::ARRAY,
    Keyword::ASOF,
    Keyword::CLUSTER,
    Keyword::CONNECT,
    Keyword::DIRECTORY,
    Keyword::DISTRIBUTE,
    Keyword::DIV,
    Keyword::FORMAT,
    Keyword::INTERVAL,
    Keyword::LOCAL,
    Keyword::LOCALTIME,
    Keyword::LOCALTIMESTAMP,
    Keyword::MATCH_CONDITION,
    Keyword::MATCH_RECOGNIZE,
    Keyword::MEMBER,
    Keyword::MINUS,
    Keyword::OPEN,
    Keyword::OPERATOR,
    Keyword::OUTPUT,
    Keyword::OVERLAPS,
    Keyword::PIVOT,
    Keyword::PREWHERE,
    Keyword::QUALIFY,
    Keyword::RLIKE,
    Keyword::SAMPLE,
    Keyword::SETTINGS,
    Keyword::SIMILAR,
    Keyword::SORT,
    Keyword::START,
    Keyword::TABLESAMPLE,
    Keyword::TOP,
    Keyword::TRIM,
    Keyword::UNPIVOT,
    Keyword::XOR,
];

/// Lets columns and tables have names that only other databases have a meaning for.
pub(super) fn with_names(tokens: &mut [TokenWithSpan]) {
    for it in tokens {
        if let Token::Word(word) = &mut it.token
            && word.quote_style.is_none()
            && NAMES.contains(&word.keyword)
        {
            word.keyword = Keyword::NoKeyword;
        }
    }
}

/// Says `IS NULL` for ISNULL, and leaves out the hints of a WITH, which never change what comes out.
pub(super) fn in_plain_words(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let plain = |it: &TokenWithSpan| !is_word(Some(it), "ISNULL") && !is_word(Some(it), "MATERIALIZED");
    if tokens.iter().all(plain) {
        return tokens;
    }
    let mut found: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len() + 1);
    let mut rest = tokens.into_iter().peekable();
    while let Some(it) = rest.next() {
        let span = it.span;
        if is_word(Some(&it), "ISNULL") && !found.is_empty() {
            found.push(TokenWithSpan { token: Token::make_keyword("IS"), span });
            found.push(TokenWithSpan { token: Token::make_keyword("NULL"), span });
            continue;
        }
        let opens = rest.peek().is_some_and(|it| it.token == Token::LParen);
        if is_word(Some(&it), "MATERIALIZED") && opens {
            let negated = found.last().and_then(keyword) == Some(Keyword::NOT);
            let before = found.len().saturating_sub(1 + usize::from(negated));
            if found.get(before).and_then(keyword) == Some(Keyword::AS) {
                found.truncate(before + 1);
                continue;
            }
        }
        found.push(it);
    }
    found
}

/// What the outputs of a statement are called that have no name of their own in SQLite: as they are written. `text` is
/// the whole script.
pub(super) fn outputs_as_written(tokens: &[TokenWithSpan], text: &str) -> Vec<String> {
    let mut depth = 0_usize;
    let mut begin = None;
    let (mut found, mut from) = (Vec::new(), 0);
    let starts = line_starts(text);
    let written = |from: usize, to: usize| -> Option<String> {
        let (first, last) = (tokens.get(from)?, tokens.get(to.checked_sub(1)?)?);
        let (start, end) = (offset(text, &starts, first.span.start)?, offset(text, &starts, last.span.end)?);
        text.get(start..end).map(str::to_owned)
    };
    for (at, it) in tokens.iter().enumerate() {
        let word = keyword(it);
        match it.token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            Token::Comma if depth == 0 && begin.is_some() => {
                found.push(written(from, at).unwrap_or_default());
                from = at + 1;
            }
            _ if depth > 0 => {}
            _ if begin.is_none() => {
                if matches!(word, Some(Keyword::SELECT | Keyword::RETURNING)) {
                    begin = Some(at);
                    from = at + 1;
                    let next = tokens.get(from).and_then(keyword);
                    from += usize::from(matches!(next, Some(Keyword::DISTINCT | Keyword::ALL)));
                }
            }
            _ => {
                let distinct = at > 0 && keyword(&tokens[at - 1]) == Some(Keyword::DISTINCT);
                if word.is_some_and(ends_outputs) && !(word == Some(Keyword::FROM) && distinct) {
                    found.push(written(from, at).unwrap_or_default());
                    return found;
                }
            }
        }
    }
    if begin.is_some() {
        found.push(written(from, tokens.len()).unwrap_or_default());
    }
    found
}

fn ends_outputs(it: Keyword) -> bool {
    use Keyword as K;
    matches!(
        it,
        K::FROM
            | K::WHERE
            | K::GROUP
            | K::HAVING
            | K::WINDOW
            | K::ORDER
            | K::LIMIT
            | K::UNION
            | K::EXCEPT
            | K::INTERSECT
    )
}

fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|it| it.0 + 1)).collect()
}

/// Where a place in lines and characters is in bytes.
fn offset(text: &str, starts: &[usize], place: Location) -> Option<usize> {
    let line = usize::try_from(place.line).ok()?.checked_sub(1)?;
    let start = *starts.get(line)?;
    let column = usize::try_from(place.column).ok()?.checked_sub(1)?;
    let rest = text.get(start..)?;
    rest.char_indices().map(|it| it.0).chain([rest.len()]).nth(column).map(|it| start + it)
}

/// Leaves out `NOT INDEXED` and `INDEXED BY name`, which never change what comes out, and says ILIKE for the GLOB of
/// `NOT GLOB`: SQLite has no ILIKE, and the syntax reader knows NOT before that one only.
pub(super) fn without_hints(mut tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
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
pub(super) fn take_alias(tokens: &mut Vec<TokenWithSpan>) -> Option<Ident> {
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
