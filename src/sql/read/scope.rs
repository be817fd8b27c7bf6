//! Which names are in sight, from the innermost select outwards.

use std::sync::Arc;

use sqlparser::ast::{Ident, NamedWindowDefinition};

use super::catalog::{Catalog, Field};
use super::meaning::{Purpose, Typed};
use super::place::wrong_at;
use super::types::SqlDialect;
use crate::error::{Result, closest};
use crate::expr::Expr;
use crate::query::Leaf;
use crate::schema::Name;

/// A source of a select, as names see it.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// What stands before the dot.
    pub(super) name: String,
    pub(super) fields: Arc<[Field]>,
    /// Its number among the sources of the statement.
    pub(super) position: u8,
    /// Where it is a table: its name, so that its rows can come out whole.
    pub(super) is_table: bool,
    /// Its key that fills itself, which `rowid` means too.
    pub(super) rowid: Option<usize>,
}

/// A name that stands for a whole expression: an output with a name of its own, or a column that USING merged.
#[derive(Clone, Debug)]
pub(super) struct Alias {
    pub(super) name: String,
    pub(super) typed: Typed,
}

/// The names of one select.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    pub(super) sources: Vec<Source>,
    /// Sources that only a name with a dot means.
    pub(super) qualified: Vec<Source>,
    /// Columns that several sources have, merged by USING or NATURAL; they come before the sources' own.
    pub(super) merged: Vec<Alias>,
    /// Outputs with names of their own, which come after all columns.
    pub(super) outputs: Vec<Alias>,
    /// WINDOW name AS (…).
    pub(super) windows: Vec<NamedWindowDefinition>,
}

/// A query of a WITH.
#[derive(Clone, Debug)]
pub(super) struct CommonName {
    pub(super) name: String,
    pub(super) fields: Arc<[Field]>,
}

/// One statement on its way from syntax to meaning.
pub(super) struct Reader<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) dialect: SqlDialect,
    pub(super) purpose: Purpose,
    /// The selects around, the innermost last.
    pub(super) scopes: Vec<Scope>,
    /// The queries of the WITHs around, the innermost last.
    pub(super) commons: Vec<CommonName>,
    /// The names of parameters, by position; numbered ones have their number.
    pub(super) parameters: Vec<String>,
    /// How many expressions and selects stand around.
    pub(super) depth: usize,
    /// Views that are being read, so that none reads itself.
    pub(super) views: Vec<String>,
}

/// What SQLite calls the number of a row.
const ROWIDS: [&str; 3] = ["rowid", "oid", "_rowid_"];

/// How deeply a statement may nest after its views are filled in.
const DEPTH: usize = 200;

impl<'a> Reader<'a> {
    pub(super) fn new(catalog: &'a Catalog, dialect: SqlDialect, purpose: Purpose) -> Self {
        Reader {
            catalog,
            dialect,
            purpose,
            scopes: Vec::new(),
            commons: Vec::new(),
            parameters: Vec::new(),
            depth: 0,
            views: Vec::new(),
        }
    }

    /// Does something one level deeper, which has an end.
    pub(super) fn deeper<T>(&mut self, then: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.depth += 1;
        let done = if self.depth > DEPTH {
            Err(wrong_at(sqlparser::tokenizer::Span::empty(), "the statement nests too deeply"))
        } else {
            then(self)
        };
        self.depth -= 1;
        done
    }

    pub(super) fn scope(&mut self) -> &mut Scope {
        if self.scopes.is_empty() {
            self.scopes.push(Scope::default());
        }
        let last = self.scopes.len() - 1;
        &mut self.scopes[last]
    }

    /// What a name without a dot means.
    pub(super) fn column(&mut self, name: &Ident) -> Result<Typed> {
        if let Some(found) = self.try_column(name)? {
            return Ok(found);
        }
        if self.dialect.is_sqlite() && name.quote_style == Some('"') {
            return Ok(Typed::constant(name.value.as_str().into()));
        }
        if self.dialect.is_sqlite() && ROWIDS.iter().any(|it| it.eq_ignore_ascii_case(&name.value)) {
            return Err(wrong_at(
                name.span,
                format!("there is no `{}` but where a key is INTEGER PRIMARY KEY", name.value),
            ));
        }
        let known = self.scopes.iter().rev().flat_map(|it| &it.sources).flat_map(|it| it.fields.iter());
        let hint = closest(&name.value, known.map(|it| it.name.as_str()));
        Err(unknown(name, "column", &name.value, &hint))
    }

    /// The same, or nothing where no such name is in sight.
    pub(super) fn try_column(&self, name: &Ident) -> Result<Option<Typed>> {
        for (up, scope) in self.scopes.iter().rev().enumerate() {
            let merged = scope.merged.iter().find(|it| it.name.eq_ignore_ascii_case(&name.value));
            if let Some(it) = merged.filter(|_| up == 0) {
                return Ok(Some(it.typed.clone()));
            }
            let mut found = None;
            for source in &scope.sources {
                let Some(at) = field(source, &name.value) else { continue };
                if found.is_some() && merged.is_none() {
                    return Err(wrong_at(name.span, format!("the column `{}` is in several tables", name.value)));
                }
                found = found.or(Some((source, at)));
            }
            if let Some((source, at)) = found {
                return Ok(Some(leaf(up, source, at)));
            }
            let output = scope.outputs.iter().find(|it| it.name.eq_ignore_ascii_case(&name.value));
            if let Some(it) = output.filter(|_| up == 0) {
                return Ok(Some(it.typed.clone()));
            }
        }
        Ok(None)
    }

    /// What a name behind the name of a source means.
    pub(super) fn column_of(&self, source: &Ident, name: &Ident) -> Result<Typed> {
        let mut seen = false;
        for (up, scope) in self.scopes.iter().rev().enumerate() {
            let sources = scope.sources.iter().chain(&scope.qualified);
            for it in sources.filter(|it| it.name.eq_ignore_ascii_case(&source.value)) {
                seen = true;
                if let Some(at) = field(it, &name.value) {
                    return Ok(leaf(up, it, at));
                }
            }
            if seen {
                break;
            }
        }
        let sources = self.scopes.iter().rev().flat_map(|it| &it.sources);
        if seen {
            let fields =
                sources.filter(|it| it.name.eq_ignore_ascii_case(&source.value)).flat_map(|it| it.fields.iter());
            let hint = closest(&name.value, fields.map(|it| it.name.as_str()));
            return Err(unknown(name, "column", &format!("{}.{}", source.value, name.value), &hint));
        }
        let hint = closest(&source.value, sources.map(|it| it.name.as_str()));
        Err(unknown(source, "table", &source.value, &hint))
    }
}

fn unknown(at: &Ident, what: &str, name: &str, hint: &str) -> crate::error::Error {
    let hint = if hint.is_empty() { String::new() } else { format!("; {hint}") };
    wrong_at(at.span, format!("there is no {what} `{name}`{hint}"))
}

/// Where a source has a column.
pub(super) fn field(source: &Source, name: &str) -> Option<usize> {
    let found = source.fields.iter().position(|it| it.name.eq_ignore_ascii_case(name));
    let rowid = || source.rowid.filter(|_| ROWIDS.iter().any(|it| it.eq_ignore_ascii_case(name)));
    found.or_else(rowid)
}

/// A column as an expression.
pub(super) fn leaf(up: usize, source: &Source, at: usize) -> Typed {
    let field = &source.fields[at];
    let name: Name = field.inner.as_ref().unwrap_or(&field.name).clone().into();
    // Scopes nest no deeper than the reader allows.
    let up = u8::try_from(up).unwrap_or(u8::MAX);
    let expr = Expr::Leaf(Leaf::Column { up, source: source.position, name });
    Typed { kind: field.kind, affinity: field.affinity, ..Typed::unknown(expr) }
}

impl Field {
    /// A column without a known kind.
    pub(super) fn new(name: impl Into<String>) -> Self {
        Field { name: name.into(), inner: None, kind: None, affinity: None }
    }
}
