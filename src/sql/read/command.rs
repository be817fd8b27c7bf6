//! What a statement asks for.

use sqlparser::ast::{self as syntax, Expr, SelectItem, SetExpr, Spanned, Statement as Syntax};

use super::catalog::Catalog;
use super::define::Definition;
use super::meaning::Purpose;
use super::place::{placed, unsupported, wrong_at};
use super::scope::Reader;
use super::select::Heading;
use super::text::Parsed;
use super::types::SqlDialect;
use crate::error::Result;
use crate::query::Statement;
use crate::schema::{ConstraintMode, Constraints};

/// What a statement asks for.
#[derive(Debug)]
pub(in crate::sql) enum Command {
    /// To be run.
    Run { statement: Box<Statement>, heading: Vec<Heading>, parameters: Vec<String> },
    /// How it would be run.
    Explain(Box<Statement>),
    /// Other tables.
    Define(Vec<Definition>),
    /// A table, and what fills it.
    Make { definition: Box<Definition>, statement: Box<Statement>, parameters: Vec<String> },
    /// All rows of these tables are to go, and of those that refer to them.
    Truncate { tables: Vec<String>, cascade: bool },
    /// A transaction.
    Begin,
    /// Its end.
    Commit,
    /// Its end without effect.
    Rollback,
    /// A nested transaction with a name.
    Savepoint(String),
    /// Its end.
    Release(String),
    /// Back to where it began.
    RollbackTo(String),
    /// When constraints are judged.
    SetConstraints(Constraints, ConstraintMode),
    /// An index is to be made again, or all.
    Reindex(Option<String>),
    /// A setting, which may be asked for or given.
    Pragma { name: String, value: Option<String> },
    /// Something that has no effect here.
    Nothing,
}

impl Command {
    /// Gives a statement's syntax its meaning.
    pub(in crate::sql) fn read(
        parsed: &Parsed,
        catalog: &Catalog,
        dialect: SqlDialect,
        purpose: Purpose,
    ) -> Result<Command> {
        let syntax = match parsed {
            Parsed::Reindex(name) => return Ok(Command::Reindex(name.clone())),
            Parsed::SetConstraints { names, deferred } => {
                let mode = if *deferred { ConstraintMode::Deferred } else { ConstraintMode::Immediate };
                let which = if names.is_empty() {
                    Constraints::All
                } else {
                    Constraints::Named(names.iter().cloned().map(Into::into).collect())
                };
                return Ok(Command::SetConstraints(which, mode));
            }
            Parsed::Nothing => return Ok(Command::Nothing),
            Parsed::Copy(it) => return Reader::new(catalog, dialect, purpose).copy(it),
            Parsed::Pragma { name, value } => {
                return Ok(Command::Pragma { name: name.clone(), value: value.clone() });
            }
            Parsed::Syntax(it, outputs) => (it, outputs),
        };
        let (syntax, outputs) = syntax;
        let mut reader = Reader::new(catalog, dialect, purpose);
        let mut command = reader.command(syntax).map_err(|it| placed(it, &**syntax))?;
        if let Command::Run { heading, .. } = &mut command {
            name_as_written(heading, projection_of(syntax), outputs);
        }
        Ok(command)
    }
}

impl Reader<'_> {
    fn command(&mut self, syntax: &Syntax) -> Result<Command> {
        Ok(match syntax {
            Syntax::Insert(_) | Syntax::Update(_) | Syntax::Delete(_) if self.is_kept_by_sqlite(syntax) => {
                Command::Nothing
            }
            Syntax::Query(query) => {
                if let Some(change) = change_behind_with(query) {
                    return self.change_with(query, change);
                }
                let (select, heading) = self.query(query)?;
                self.run(select.into(), heading)
            }
            Syntax::Insert(it) => {
                let (insert, heading) = self.insert(it)?;
                self.run(insert.into(), heading)
            }
            Syntax::Update(it) => {
                let (update, heading) = self.update(it)?;
                self.run(update.into(), heading)
            }
            Syntax::Delete(it) => {
                let (delete, heading) = self.delete(it)?;
                self.run(delete.into(), heading)
            }
            Syntax::Explain { statement, .. } => match self.command(statement)? {
                Command::Run { statement, .. } => Command::Explain(statement),
                _ => return Err(unsupported(syntax, "EXPLAIN of this statement")),
            },
            Syntax::CreateTable(it) if let Some(query) = &it.query => {
                let (definition, insert) = self.create_table_as(it, query)?;
                let parameters = std::mem::take(&mut self.parameters);
                Command::Make { definition: Box::new(definition), statement: Box::new(insert.into()), parameters }
            }
            Syntax::CreateTable(it) => Command::Define(vec![self.create_table(it)?]),
            Syntax::CreateIndex(it) => Command::Define(vec![self.create_index(it)?]),
            Syntax::CreateView(it) => Command::Define(vec![self.create_view(it)?]),
            Syntax::AlterTable(it) => Command::Define(self.alter_table(it)?),
            Syntax::Truncate(it) if !self.dialect.is_sqlite() => self.truncate(it)?,
            Syntax::Drop { object_type, if_exists, names, .. } => {
                Command::Define(self.drop(*object_type, names, *if_exists, syntax)?)
            }
            Syntax::StartTransaction { .. } => Command::Begin,
            Syntax::Commit { .. } => Command::Commit,
            Syntax::Rollback { savepoint: None, .. } => Command::Rollback,
            Syntax::Rollback { savepoint: Some(name), .. } => Command::RollbackTo(name.value.clone()),
            Syntax::Savepoint { name } => Command::Savepoint(name.value.clone()),
            Syntax::ReleaseSavepoint { name } => Command::Release(name.value.clone()),
            // Names before a dot are not looked at.
            Syntax::CreateSchema { .. } | Syntax::Set(_) | Syntax::Grant { .. } | Syntax::Revoke { .. }
                if !self.dialect.is_sqlite() =>
            {
                Command::Nothing
            }
            Syntax::Comment { .. } | Syntax::Analyze(_) | Syntax::Vacuum(_) => Command::Nothing,
            other => {
                let text = other.to_string();
                let word: Vec<&str> = text.split_whitespace().take(2).collect();
                return Err(unsupported(other, &format!("the statement {}", word.join(" "))));
            }
        })
    }

    /// Whether it changes a table that SQLite keeps for itself, as dumps do: the greatest keys that there were, and what is
    /// counted for its planner. There are none here.
    fn is_kept_by_sqlite(&self, syntax: &Syntax) -> bool {
        let name = match syntax {
            Syntax::Insert(it) => it.table.to_string(),
            Syntax::Update(it) => it.table.relation.to_string(),
            Syntax::Delete(it) => match &it.from {
                syntax::FromTable::WithFromKeyword(list) | syntax::FromTable::WithoutKeyword(list) => {
                    list.first().map_or(String::new(), |it| it.relation.to_string())
                }
            },
            _ => return false,
        };
        let name = name.trim_matches('"');
        let kept = ["sqlite_sequence", "sqlite_stat1", "sqlite_stat4"].iter().any(|it| it.eq_ignore_ascii_case(name));
        kept && self.dialect.is_sqlite() && self.catalog.table(name).is_none()
    }

    fn run(&mut self, statement: Statement, heading: Vec<Heading>) -> Command {
        let parameters = std::mem::take(&mut self.parameters);
        Command::Run { statement: Box::new(statement), heading, parameters }
    }

    /// `WITH … INSERT`, UPDATE or DELETE.
    fn change_with(&mut self, query: &syntax::Query, change: &Syntax) -> Result<Command> {
        let with = self.with(query.with.as_ref())?;
        let command = self.command(change)?;
        self.commons.clear();
        let Command::Run { mut statement, heading, parameters } = command else {
            return Err(wrong_at(query.span(), "a WITH stands before something that is no change"));
        };
        match &mut *statement {
            Statement::Insert(it) => it.with = with,
            Statement::Update(it) => it.with = with,
            Statement::Delete(it) => it.with = with,
            _ => {}
        }
        Ok(Command::Run { statement, heading, parameters })
    }
}

fn change_behind_with(query: &syntax::Query) -> Option<&Syntax> {
    match &*query.body {
        syntax::SetExpr::Insert(it) | syntax::SetExpr::Update(it) | syntax::SetExpr::Delete(it) => Some(it),
        _ => None,
    }
}

/// What comes out of the statement itself.
fn projection_of(it: &Syntax) -> &[SelectItem] {
    fn of_body(body: &SetExpr) -> &[SelectItem] {
        match body {
            SetExpr::Select(it) => &it.projection,
            SetExpr::SetOperation { left, .. } => of_body(left),
            SetExpr::Insert(it) | SetExpr::Update(it) | SetExpr::Delete(it) => projection_of(it),
            _ => &[],
        }
    }
    match it {
        Syntax::Query(it) => of_body(&it.body),
        Syntax::Insert(it) => it.returning.as_deref().unwrap_or_default(),
        Syntax::Update(it) => it.returning.as_deref().unwrap_or_default(),
        Syntax::Delete(it) => it.returning.as_deref().unwrap_or_default(),
        _ => &[],
    }
}

/// Calls what is computed, and has no name of its own, as the text says it. `written` has all that comes out.
fn name_as_written(heading: &mut [Heading], items: &[SelectItem], written: &[String]) {
    if items.len() != written.len() {
        return;
    }
    let mut rest = heading.iter_mut();
    for (item, written) in items.iter().zip(written) {
        let SelectItem::UnnamedExpr(expr) = item else { continue };
        if matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_)) || written.is_empty() {
            continue;
        }
        let name = expr.to_string();
        let Some(found) = rest.by_ref().find(|it| !it.named && it.name == name) else { return };
        found.name.clone_from(written);
    }
}
