//! Changing the schema.

use std::collections::HashMap;
use std::sync::Arc;

use super::open::{Before, SqlSession};
use crate::error::{Mistake, Misuse, Result, closest};
use crate::query::{Connection, Control, Statement, Views};
use crate::schema::{Column, ForeignKey, ReferenceSchema, Schema, SchemaBuilder, Table, TableSchema, Uniqueness};
use crate::sql::SqlDialect;
use crate::sql::read::{Catalog, ColumnChange, Command, Definition, KeyText, Purpose, TableText, parse};
use crate::txn::Database;

impl Schema {
    /// The tables, indexes and views that a script of CREATE statements makes.
    ///
    /// ```
    /// use diptych::Schema;
    /// use diptych::sql::SqlDialect;
    ///
    /// let text = "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE);";
    /// let schema = Schema::from_sql(text, SqlDialect::Sqlite)?;
    /// assert_eq!(schema.table_named("users")?.columns.len(), 2);
    /// # Ok::<(), diptych::Error>(())
    /// ```
    ///
    /// # Errors
    /// With line and column, when the text cannot be read or does something else; every mistake of the schema.
    pub fn from_sql(text: &str, dialect: SqlDialect) -> Result<Schema> {
        let empty = Database::new(Schema::builder().build()?);
        let mut session = empty.sql().dialect(dialect);
        for parsed in parse(text, dialect)? {
            match Command::read(&parsed, &session.catalog, dialect, Purpose::Statement)? {
                Command::Define(all) => all.into_iter().try_for_each(|it| session.define(it))?,
                Command::Pragma { .. } | Command::Nothing | Command::Begin | Command::Commit => {}
                _ => return Err(said("a script of a schema has CREATE statements only")),
            }
        }
        if let Some((table, key)) = session.waiting.first() {
            let problem = format!("refers to a table `{}` that is not there", key.target);
            let place = format!("{table}({})", key.columns.join(", "));
            return Err(vec![Mistake::new(place, problem, "create it too")].into());
        }
        let mut views = Views::new();
        for view in session.catalog.views_by_name() {
            let kept = session.catalog.kept_form(view, dialect)?;
            views = views.view(kept.name, kept.columns, kept.select);
        }
        let schema = session.database().schema().edit().build()?;
        if views.all().is_empty() { Ok(schema) } else { schema.with_views(views) }
    }
}

impl Statement {
    /// Reads one query, INSERT, UPDATE or DELETE over the tables of a schema. Its parameters are compared as they are: what
    /// SQLite would make of one beside a column of another type is done where a [`SqlSession`] runs the text.
    ///
    /// ```
    /// use diptych::sql::SqlDialect;
    /// use diptych::{Schema, Select, Statement, col};
    ///
    /// let schema = Schema::from_sql("CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT)", SqlDialect::Sqlite)?;
    /// let read = Statement::from_sql("SELECT body FROM notes", &schema.into(), SqlDialect::Sqlite)?;
    /// assert_eq!(read, Select::from("notes").values([col("body")]).into());
    /// # Ok::<(), diptych::Error>(())
    /// ```
    ///
    /// # Errors
    /// With line and column, when the text cannot be read or is no single statement of this sort.
    pub fn from_sql(text: &str, schema: &Arc<Schema>, dialect: SqlDialect) -> Result<Statement> {
        let catalog = Catalog::new(schema.clone(), HashMap::new());
        let mut found = None;
        for parsed in parse(text, dialect)? {
            match Command::read(&parsed, &catalog, dialect, Purpose::Statement)? {
                Command::Run { statement, .. } if found.is_none() => found = Some(*statement),
                _ => return Err(said("one query, INSERT, UPDATE or DELETE is wanted")),
            }
        }
        found.ok_or_else(|| said("one query, INSERT, UPDATE or DELETE is wanted"))
    }
}

impl SqlSession {
    pub(super) fn define(&mut self, it: Definition) -> Result<()> {
        match it {
            Definition::CreateTable(text) => self.create_table(text),
            Definition::CreateIndex { name, table, index, if_not_exists } => {
                if let Some(name) = name.as_ref().filter(|it| self.index_named(it).is_some()) {
                    let known = if_not_exists || self.belongs_to_key(&table, name);
                    return if known { Ok(()) } else { Err(taken("index", name)) };
                }
                self.alter(|schema| schema.edit_table(&table, |it| it.add_index(index)))
            }
            Definition::CreateView { view, if_not_exists, replace } => {
                let key = view.name.to_ascii_lowercase();
                let table = self.declared_table(&view.name).is_some() || self.catalog.kept_named(&key).is_some();
                self.with_views(|views| {
                    if table || views.contains_key(&key) && !replace {
                        return if if_not_exists { Ok(()) } else { Err(taken("view", &view.name)) };
                    }
                    views.insert(key, view);
                    Ok(())
                })
            }
            Definition::DropTable { name, if_exists } => self.drop_table(&name, if_exists),
            Definition::DropIndex { name, if_exists } => match self.index_named(&name) {
                Some((table, index)) => self.alter(|it| it.edit_table(&table, |it| it.without_index(&index))),
                None if if_exists => Ok(()),
                None => Err(unknown("index", &name)),
            },
            Definition::DropView { name, if_exists } => {
                if let Some(kept) = self.catalog.kept_named(&name) {
                    let views = Views::clone(&self.database().schema().views()).without(&kept);
                    return self.alter_with(|it| it, views);
                }
                let found = self.with_views(|views| Ok(views.remove(&name.to_ascii_lowercase())))?;
                if found.is_none() && !if_exists { Err(unknown("view", &name)) } else { Ok(()) }
            }
            Definition::RenameTable { name, to } => {
                self.alter(|it| it.rename_table(&name, to.clone()))?;
                for (table, key) in &mut self.waiting {
                    for it in [table, &mut key.target] {
                        if it.eq_ignore_ascii_case(&name) {
                            it.clone_from(&to);
                        }
                    }
                }
                Ok(())
            }
            Definition::RenameColumn { table, name, to } => {
                let name = self.column_name(&table, &name)?;
                self.alter(|it| it.rename_column(&table, &name, to))
            }
            Definition::AddColumn { table, text } => self.add(&table, text),
            Definition::DropColumn { table, name } => self.drop_column(&table, &name),
            Definition::AlterColumn { table, name, change } => self.alter_column(table, &name, change),
            Definition::DropConstraint { table, name, if_exists } => self.drop_constraint(&table, &name, if_exists),
        }
    }

    fn create_table(&mut self, text: TableText) -> Result<()> {
        let name = text.table.name().to_owned();
        let view = self.catalog.views().contains_key(&name.to_ascii_lowercase());
        if view || self.declared_table(&name).is_some() || self.catalog.kept_named(&name).is_some() {
            return if text.if_not_exists { Ok(()) } else { Err(taken("table", &name)) };
        }
        let waiting = self.waiting.clone();
        self.waiting.extend(text.keys.into_iter().map(|it| (name.clone(), it)));
        let done = self.alter(|it| it.table(text.table));
        if done.is_err() {
            self.waiting = waiting;
        }
        done
    }

    /// Adds what ALTER TABLE adds: columns, keys, conditions.
    fn add(&mut self, table: &str, text: TableText) -> Result<()> {
        if text.primary.is_some() && self.database().schema().table_named(table)?.primary_key().is_some() {
            return Err(said(format!("{table} has a primary key already; a further key is UNIQUE")));
        }
        let (waiting, filling) = (self.waiting.clone(), self.filling.clone());
        self.waiting.extend(text.keys.into_iter().map(|it| (table.to_owned(), it)));
        let done = self.alter(|schema| {
            schema.edit_table(table, |it| {
                let it = text.columns.into_iter().fold(it, Table::column);
                let it = match text.primary {
                    Some((names, timing)) => {
                        let fills = matches!(&names[..], [only] if filling.contains(&(table.to_owned(), only.clone())));
                        let it = it.primary_key(names).primary_key_timing(timing);
                        if fills { it.auto() } else { it }
                    }
                    None => it,
                };
                let it = text.indexes.into_iter().fold(it, Table::add_index);
                text.checks.into_iter().fold(it, |it, (name, condition)| it.check(name, condition))
            })
        });
        if done.is_err() {
            self.waiting = waiting;
        }
        done
    }

    fn drop_column(&mut self, table: &str, name: &str) -> Result<()> {
        let name = self.column_name(table, name)?;
        let (checks, indexes, keys) = self.reading(table, &name)?;
        self.alter(|it| {
            it.edit_table(table, |mut it| {
                for check in &checks {
                    it = it.without_check(check);
                }
                for key in &keys {
                    it = it.without_foreign_key(key);
                }
                for index in &indexes {
                    it = it.without_index(index);
                }
                it.without_column(&name)
            })
        })
    }

    /// The names of conditions, indexes and foreign keys that go with a column: in PostgreSQL those that read it, but for the
    /// primary key, and none in SQLite, which refuses to drop such a column.
    fn reading(&self, table: &str, column: &str) -> Result<(Vec<String>, Vec<String>, Vec<String>)> {
        let schema = self.database().schema();
        let (declared, none) = (schema.table_named(table)?, (Vec::new(), Vec::new(), Vec::new()));
        if self.dialect.is_sqlite() {
            return Ok(none);
        }
        let id = declared.column_named(column)?;
        let checks = declared.checks.iter().filter(|it| it.columns.contains(&id)).map(|it| it.name.clone());
        let keys = declared.outbound.iter().map(|it| schema.reference(*it)).filter(|it| it.columns.contains(&id));
        let indexes = declared.indexes.iter().filter(|it| it.uniqueness != Uniqueness::Primary);
        let indexes = indexes.filter(|it| it.reads.contains(&id)).map(|it| it.name.clone());
        Ok((checks.collect(), indexes.collect(), keys.map(|it| it.name.clone()).collect()))
    }

    fn alter_column(&mut self, table: String, name: &str, change: ColumnChange) -> Result<()> {
        let name = self.column_name(&table, name)?;
        if matches!(change, ColumnChange::Fills) {
            return self.fill(table, name);
        }
        let edit = |column: Column| match change {
            ColumnChange::Fills => column,
            ColumnChange::Nullable(true) => column.nullable(),
            ColumnChange::Nullable(false) => column.required(),
            ColumnChange::Default(like) => column.default_like(&like),
            ColumnChange::NoDefault => column.default_like(&Column::int("none")),
        };
        self.alter(|it| it.edit_table(&table, |it| it.edit_column(&name, edit)))
    }

    /// Has a key fill itself, or a column once it is one.
    fn fill(&mut self, table: String, column: String) -> Result<()> {
        let schema = self.database().schema().clone();
        let declared = schema.table_named(&table)?;
        match declared.primary_key() {
            Some(key) if declared.names(&key.columns) == [column.clone()] => {
                self.alter(|it| it.edit_table(&table, Table::auto))
            }
            Some(_) => Err(said(format!("{table}.{column} is not its key, which alone can fill itself"))),
            None => {
                self.filling.push((table, column));
                Ok(())
            }
        }
    }

    fn drop_table(&mut self, name: &str, if_exists: bool) -> Result<()> {
        let Some(table) = self.declared_table(name) else {
            return if if_exists { Ok(()) } else { Err(unknown("table", name)) };
        };
        let name = table.name.clone();
        // Rows that refer to the table's rows are in the way, as if these were deleted; keys that refer to nothing wait
        // for the table to come back.
        let schema = self.database().schema().clone();
        let inbound: Vec<_> = table.inbound.iter().map(|it| schema.reference(*it)).collect();
        let inbound: Vec<_> = inbound.into_iter().filter(|it| schema.table(it.table).name != name).collect();
        if !inbound.is_empty() {
            let delete = crate::query::Delete::from(name.clone());
            let prepared = self.connection.prepare(delete.into())?;
            let done = self.connection.run(&prepared, crate::query::Input::Values(&[]));
            if !self.explicit {
                let end = if done.is_ok() { Control::Commit } else { Control::Rollback };
                self.connection.control(end)?;
            }
            done?;
        }
        let waiting = self.waiting.clone();
        self.waiting.retain(|it| it.0 != name);
        let mut gone = Vec::new();
        for key in inbound {
            let own = schema.table(key.table);
            gone.push((own.name.clone(), key.name.clone()));
            self.waiting.push((own.name.clone(), key_text(&schema, key)));
        }
        let done = self.alter(|mut schema| {
            for (table, key) in gone {
                schema = schema.edit_table(&table, |it| it.without_foreign_key(&key));
            }
            schema.without_table(&name)
        });
        if done.is_err() {
            self.waiting = waiting;
        }
        done
    }

    fn drop_constraint(&mut self, table: &str, name: &str, if_exists: bool) -> Result<()> {
        let schema = self.database().schema().clone();
        let declared = schema.table_named(table)?;
        let same = |it: &str| it.eq_ignore_ascii_case(name);
        if let Some(it) = declared.checks.iter().find(|it| same(&it.name)) {
            return self.alter(|schema| schema.edit_table(table, |table| table.without_check(&it.name)));
        }
        if let Some(it) = declared.outbound.iter().map(|it| schema.reference(*it)).find(|it| same(&it.name)) {
            return self.alter(|schema| schema.edit_table(table, |table| table.without_foreign_key(&it.name)));
        }
        if let Some(it) = declared.indexes.iter().find(|it| same(&it.name)) {
            return self.alter(|schema| schema.edit_table(table, |table| table.without_index(&it.name)));
        }
        if if_exists { Ok(()) } else { Err(unknown("constraint", name)) }
    }

    /// Makes the database of another schema and puts it in place. Views that the schema holds stay, which is refused where one could not be read any more.
    fn alter(&mut self, change: impl FnOnce(SchemaBuilder) -> SchemaBuilder) -> Result<()> {
        let views = Views::clone(&self.database().schema().views());
        self.alter_with(change, views)
    }

    fn alter_with(&mut self, change: impl FnOnce(SchemaBuilder) -> SchemaBuilder, views: Views) -> Result<()> {
        if self.explicit {
            if self.before.is_none() {
                let (database, catalog) = (self.database().fork(), self.catalog.clone());
                self.before = Some(Before { database, catalog, waiting: self.waiting.clone() });
            }
            self.connection.control(Control::Commit)?;
        } else {
            self.connection.control(Control::Rollback)?;
        }
        let schema = change(self.database().schema().edit()).build()?;
        let (schema, waiting) = with_keys(schema, &self.waiting, self.foreign_keys)?;
        let schema = Arc::new(if views.all().is_empty() { schema } else { schema.with_views(views)? });
        let database = self.database().altered(schema.clone())?;
        let catalog = Catalog::new(schema, self.catalog.views().clone());
        self.replace(database, catalog);
        self.waiting = waiting;
        Ok(())
    }

    /// Puts foreign keys in force, or has all of them wait.
    pub(super) fn judge_foreign_keys(&mut self, judged: bool) -> Result<()> {
        if judged == self.foreign_keys {
            return Ok(());
        }
        let (schema, waiting) = (self.database().schema().clone(), self.waiting.clone());
        self.foreign_keys = judged;
        let keys = schema.references().iter().filter(|_| !judged);
        let keys: Vec<_> = keys.map(|it| (schema.table(it.table).name.clone(), key_text(&schema, it))).collect();
        self.waiting.extend(keys.iter().cloned());
        let done = self.alter(|schema| {
            let gone = keys.into_iter().filter_map(|(table, key)| Some((table, key.name?)));
            gone.fold(schema, |schema, (table, key)| schema.edit_table(&table, |it| it.without_foreign_key(&key)))
        });
        if done.is_err() {
            (self.foreign_keys, self.waiting) = (!judged, waiting);
        }
        done
    }

    fn declared_table(&self, name: &str) -> Option<&TableSchema> {
        self.database().schema().tables().iter().find(|it| it.name.eq_ignore_ascii_case(name))
    }

    fn column_name(&self, table: &str, name: &str) -> Result<String> {
        let table = self.database().schema().table_named(table)?;
        let found = table.columns.iter().find(|it| it.name.eq_ignore_ascii_case(name));
        found.map(|it| it.name.clone()).ok_or_else(|| unknown("column", name))
    }

    /// The table of an index, and its name as it was declared.
    pub(super) fn index_named(&self, name: &str) -> Option<(String, String)> {
        let schema = self.database().schema();
        let indexes = schema.tables().iter().flat_map(|table| table.indexes.iter().map(move |it| (table, it)));
        let mut plain = indexes.filter(|(_, it)| it.uniqueness != Uniqueness::Primary);
        let found = plain.find(|(_, it)| it.name.eq_ignore_ascii_case(name));
        found.map(|(table, it)| (table.name.clone(), it.name.clone()))
    }

    /// Whether an index of a table is there because of a foreign key, so that a text may state it too.
    fn belongs_to_key(&self, table: &str, index: &str) -> bool {
        let schema = self.database().schema();
        let Ok(table) = schema.table_named(table) else { return false };
        let mut keys = table.outbound.iter().map(|it| schema.reference(*it));
        keys.any(|it| index.strip_suffix("_idx").is_some_and(|name| it.name.eq_ignore_ascii_case(name)))
    }

    /// Indexes are never out of order here; only the name has to be there.
    pub(super) fn reindex(&mut self, name: Option<String>) -> Result<()> {
        match name {
            Some(name) if self.index_named(&name).is_none() && self.declared_table(&name).is_none() => {
                Err(unknown("index or table", &name))
            }
            _ => Ok(()),
        }
    }
}

/// A foreign key as a text would declare it.
fn key_text(schema: &Schema, key: &ReferenceSchema) -> KeyText {
    let (own, target) = (schema.table(key.table), schema.table(key.target));
    KeyText {
        name: Some(key.name.clone()),
        columns: own.names(&key.columns),
        target: target.name.clone(),
        target_columns: target.names(&key.target_columns),
        on_delete: key.on_delete,
        on_update: key.on_update,
        timing: key.timing,
    }
}

/// Adds the foreign keys whose tables are there, if they are judged. Those that still wait come back.
fn with_keys(schema: Schema, waiting: &[(String, KeyText)], judged: bool) -> Result<(Schema, Vec<(String, KeyText)>)> {
    let table = |name: &str| schema.tables().iter().find(|it| it.name.eq_ignore_ascii_case(name));
    let (mut found, mut left) = (Vec::new(), Vec::new());
    for (own, key) in waiting {
        match (table(own), table(&key.target)) {
            (Some(own), Some(target)) if judged => found.push((own.name.clone(), resolved(key, own, target))),
            (Some(_), _) => left.push((own.clone(), key.clone())),
            // A table that has gone takes its keys with it.
            (None, _) => {}
        }
    }
    if found.is_empty() {
        return Ok((schema, left));
    }
    let edit =
        found.into_iter().fold(schema.edit(), |edit, (table, key)| edit.edit_table(&table, |it| it.foreign_key(key)));
    Ok((edit.build()?, left))
}

/// A foreign key with names as they were declared.
fn resolved(key: &KeyText, own: &TableSchema, target: &TableSchema) -> ForeignKey {
    let spelled = |table: &TableSchema, name: &String| {
        let found = table.columns.iter().find(|it| it.name.eq_ignore_ascii_case(name));
        found.map_or_else(|| name.clone(), |it| it.name.clone())
    };
    let columns: Vec<String> = key.columns.iter().map(|it| spelled(own, it)).collect();
    let mut made = ForeignKey::new(columns, target.name.clone())
        .on_delete(key.on_delete)
        .on_update(key.on_update)
        .timing(key.timing);
    if !key.target_columns.is_empty() {
        made = made.to(key.target_columns.iter().map(|it| spelled(target, it)));
    }
    match &key.name {
        Some(name) => made.named(name.clone()),
        None => made,
    }
}

fn said(reason: impl Into<String>) -> crate::error::Error {
    Misuse::Statement { reason: reason.into() }.into()
}

fn taken(what: &str, name: &str) -> crate::error::Error {
    let article = if what.starts_with('i') { "an" } else { "a" };
    said(format!("there is {article} {what} `{name}` already"))
}

fn unknown(what: &'static str, name: &str) -> crate::error::Error {
    Misuse::UnknownName { what, name: name.to_owned(), hint: closest(name, []) }.into()
}
