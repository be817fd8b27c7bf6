//! Reads the few forms of SQL that `facts.json` uses as typed statements.
//!
//! ```text
//! statement  DELETE FROM table [where]
//!            UPDATE table SET column = value {, column = value} [where]
//!            SELECT COUNT(*) FROM table [where]
//! where      WHERE test {AND test}
//! test       column = value | column IS [NOT] NULL | column [NOT] IN (SELECT column FROM table [where])
//! value      a whole number | 'text' | NULL
//! ```
//!
//! Anything else is an error that says where reading stopped.

use diptych::query::Leaf;
use diptych::{Delete, Expr, Expression, Select, Statement, Update, Value, col, count};

/// Reads a statement.
pub fn parse(text: &str) -> Result<Statement, String> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0 };
    let statement = parser.statement().and_then(|it| parser.end().map(|()| it));
    statement.map_err(|stop| format!("{stop} in `{text}`"))
}

/// Reads a query.
pub fn parse_query(text: &str) -> Result<Select, String> {
    match parse(text)? {
        Statement::Select(select) => Ok(select),
        _ => Err(format!("`{text}` is no query")),
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Number(i64),
    Text(String),
    Sign(char),
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let of = |fits: fn(char) -> bool| rest.find(|it| !fits(it)).unwrap_or(rest.len());
        let (token, length) = match first {
            'a'..='z' | 'A'..='Z' | '_' => {
                let length = of(|it| it.is_ascii_alphanumeric() || it == '_');
                (Token::Word(rest[..length].to_owned()), length)
            }
            '0'..='9' | '-' => {
                let length = of(|it| it.is_ascii_digit() || it == '-');
                let number = rest[..length].parse().map_err(|_| format!("`{}` is no whole number", &rest[..length]))?;
                (Token::Number(number), length)
            }
            '\'' => quoted(rest)?,
            '(' | ')' | ',' | '=' | '*' => (Token::Sign(first), 1),
            other => return Err(format!("`{other}` is not understood in `{text}`")),
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

/// Text in quotes, where two of them stand for one.
fn quoted(rest: &str) -> Result<(Token, usize), String> {
    let mut text = String::new();
    let mut signs = rest.char_indices().skip(1).peekable();
    while let Some((at, sign)) = signs.next() {
        match (sign, signs.peek()) {
            ('\'', Some((_, '\''))) => {
                text.push('\'');
                signs.next();
            }
            ('\'', _) => return Ok((Token::Text(text), at + 1)),
            _ => text.push(sign),
        }
    }
    Err(format!("`{rest}` has no end"))
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn statement(&mut self) -> Result<Statement, String> {
        if self.takes("DELETE") {
            self.word("FROM")?;
            let delete = Delete::from(self.name()?);
            let filter = self.filter()?;
            return Ok(Delete { filter, ..delete }.into());
        }
        if self.takes("UPDATE") {
            let mut update = Update::table(self.name()?);
            self.word("SET")?;
            loop {
                let column = self.name()?;
                self.sign('=')?;
                update = update.set(column, self.value()?);
                if !self.takes_sign(',') {
                    break;
                }
            }
            let filter = self.filter()?;
            return Ok(Update { filter, ..update }.into());
        }
        self.word("SELECT")?;
        self.word("COUNT")?;
        self.sign('(')?;
        self.sign('*')?;
        self.sign(')')?;
        self.word("FROM")?;
        let select = Select::from(self.name()?).values([count()]);
        let filter = self.filter()?;
        Ok(Select { filter, ..select }.into())
    }

    fn filter(&mut self) -> Result<Option<Expr<Leaf>>, String> {
        if !self.takes("WHERE") {
            return Ok(None);
        }
        let mut filter = self.test()?;
        while self.takes("AND") {
            filter = filter.and(self.test()?);
        }
        Ok(Some(filter))
    }

    fn test(&mut self) -> Result<Expr<Leaf>, String> {
        let column = col(self.name()?);
        if self.takes_sign('=') {
            return Ok(column.eq(self.value()?));
        }
        if self.takes("IS") {
            let not = self.takes("NOT");
            self.word("NULL")?;
            return Ok(if not { column.is_not_null() } else { column.is_null() });
        }
        let not = self.takes("NOT");
        self.word("IN")?;
        self.sign('(')?;
        self.word("SELECT")?;
        let wanted = col(self.name()?);
        self.word("FROM")?;
        let select = Select::from(self.name()?).values([wanted]);
        let filter = self.filter()?;
        self.sign(')')?;
        let among = Expr::Leaf(Leaf::In(vec![column], Box::new(Select { filter, ..select })));
        Ok(if not { among.negated() } else { among })
    }

    fn value(&mut self) -> Result<Value, String> {
        if self.takes("NULL") {
            return Ok(Value::Null);
        }
        let value = match self.tokens.get(self.at) {
            Some(Token::Number(it)) => Value::from(*it),
            Some(Token::Text(it)) => Value::from(it.as_str()),
            _ => return Err(self.stop("a value")),
        };
        self.at += 1;
        Ok(value)
    }

    fn name(&mut self) -> Result<String, String> {
        let Some(Token::Word(name)) = self.tokens.get(self.at) else { return Err(self.stop("a name")) };
        self.at += 1;
        Ok(name.clone())
    }

    fn word(&mut self, word: &str) -> Result<(), String> {
        if self.takes(word) { Ok(()) } else { Err(self.stop(word)) }
    }

    fn sign(&mut self, sign: char) -> Result<(), String> {
        if self.takes_sign(sign) { Ok(()) } else { Err(self.stop(&sign.to_string())) }
    }

    fn end(&self) -> Result<(), String> {
        if self.at == self.tokens.len() { Ok(()) } else { Err(self.stop("the end")) }
    }

    fn takes(&mut self, word: &str) -> bool {
        let found = matches!(self.tokens.get(self.at), Some(Token::Word(it)) if it.eq_ignore_ascii_case(word));
        self.at += usize::from(found);
        found
    }

    fn takes_sign(&mut self, sign: char) -> bool {
        let found = self.tokens.get(self.at) == Some(&Token::Sign(sign));
        self.at += usize::from(found);
        found
    }

    fn stop(&self, wanted: &str) -> String {
        match self.tokens.get(self.at) {
            Some(Token::Word(it) | Token::Text(it)) => format!("expected {wanted}, found `{it}`"),
            Some(Token::Number(it)) => format!("expected {wanted}, found `{it}`"),
            Some(Token::Sign(it)) => format!("expected {wanted}, found `{it}`"),
            None => format!("expected {wanted}, found the end"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A statement, read and written again.
    #[track_caller]
    fn check(text: &str) {
        assert_eq!(parse(text).unwrap().to_sql().to_uppercase(), text.to_uppercase());
    }

    #[test]
    fn what_is_read_is_what_was_said() {
        check("DELETE FROM posts WHERE id = -7");
        check("DELETE FROM posts WHERE parent_id IS NULL AND kind = 'it''s'");
        check("DELETE FROM vote_types WHERE id NOT IN (SELECT vote_type_id FROM votes WHERE user_id IS NOT NULL)");
        check("UPDATE posts SET author_id = NULL, score = 3 WHERE thread_id IN (SELECT id FROM threads)");
        check("SELECT count(*) FROM threads WHERE accepted_post_id IS NOT NULL");
    }

    #[test]
    fn what_is_not_understood_is_said() {
        let stop = |text| parse(text).unwrap_err();
        assert_eq!(stop("DELETE FROM t WHERE a < 3"), "`<` is not understood in `DELETE FROM t WHERE a < 3`");
        assert_eq!(
            stop("DELETE FROM t WHERE a LIKE 'x'"),
            "expected IN, found `LIKE` in `DELETE FROM t WHERE a LIKE 'x'`"
        );
        assert_eq!(stop("DROP TABLE t"), "expected SELECT, found `DROP` in `DROP TABLE t`");
        assert_eq!(stop("DELETE FROM t; -- all"), "`;` is not understood in `DELETE FROM t; -- all`");
        assert_eq!(stop("DELETE FROM t WHERE a = 'x"), "`'x` has no end");
        assert_eq!(parse_query("DELETE FROM t").unwrap_err(), "`DELETE FROM t` is no query");
    }
}
