//! CREATE, DROP and ALTER: what becomes of the schema, not yet carried out.

use std::sync::Arc;

use sqlparser::ast::{
    self as syntax, ColumnDef, ColumnOption, ConstraintCharacteristics, DeferrableInitial, ForeignKeyConstraint,
    IndexColumn, ObjectType, ReferentialAction, SqliteTableOption, TableConstraint,
};

use sqlparser::ast::Spanned;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::Span;

use super::call::last_part;
use super::catalog::{Field, View};
use super::from::distinct_names;
use super::place::{unsupported, wrong, wrong_at};
use super::scope::{Reader, Scope, Source as Names};
use super::select::Heading;
use super::types::{is_auto, strict_kind};
use crate::error::Result;
use crate::expr::{Affinity, Comparison, Expr, Function};
use crate::query::{Insert, InsertValues, Leaf};
use crate::schema::{Action, Column, Index, Name, Table, Timing};

/// A change of the schema.
#[derive(Debug)]
pub(in crate::sql) enum Definition {
    CreateTable(TableText),
    CreateIndex { name: Option<String>, table: String, index: Index, if_not_exists: bool },
    CreateView { view: View, if_not_exists: bool, replace: bool },
    DropTable { name: String, if_exists: bool },
    DropIndex { name: String, if_exists: bool },
    DropView { name: String, if_exists: bool },
    RenameTable { name: String, to: String },
    RenameColumn { table: String, name: String, to: String },
    AddColumn { table: String, text: TableText },
    DropColumn { table: String, name: String },
    DropConstraint { table: String, name: String, if_exists: bool },
    AlterColumn { table: String, name: String, change: ColumnChange },
}

/// What becomes of a column.
#[derive(Debug)]
pub(in crate::sql) enum ColumnChange {
    /// Whether it may be NULL.
    Nullable(bool),
    /// It has the default of this one.
    Default(Box<Column>),
    /// It has none.
    NoDefault,
    /// It fills itself as soon as it is the key.
    Fills,
}

/// A table as a text declares it. Its foreign keys stand apart, since they may refer to tables that are not there yet.
#[derive(Debug)]
pub(in crate::sql) struct TableText {
    pub(in crate::sql) table: Table,
    pub(in crate::sql) keys: Vec<KeyText>,
    pub(in crate::sql) columns: Vec<Column>,
    pub(in crate::sql) indexes: Vec<Index>,
    pub(in crate::sql) checks: Vec<(Name, Expr<Name>)>,
    /// A primary key that is added to a table.
    pub(in crate::sql) primary: Option<(Vec<String>, Timing)>,
    pub(in crate::sql) if_not_exists: bool,
}

/// A foreign key as a text declares it.
#[derive(Clone, Debug)]
pub(in crate::sql) struct KeyText {
    pub(in crate::sql) name: Option<String>,
    pub(in crate::sql) columns: Vec<String>,
    pub(in crate::sql) target: String,
    pub(in crate::sql) target_columns: Vec<String>,
    pub(in crate::sql) on_delete: Action,
    pub(in crate::sql) on_update: Action,
    pub(in crate::sql) timing: Timing,
}

/// A table while its text is read.
pub(super) struct Declaring {
    name: String,
    /// The columns as expressions see them.
    pub(super) fields: Arc<[Field]>,
    pub(super) primary: Option<(Vec<String>, Timing)>,
    pub(super) text: TableText,
}

impl Reader<'_> {
    pub(super) fn create_table(&mut self, it: &syntax::CreateTable) -> Result<Definition> {
        if it.query.is_some() || it.like.is_some() || it.inherits.is_some() {
            return Err(unsupported(&it.name, "CREATE TABLE like another table"));
        }
        let name = last_part(&it.name);
        let mut all = self.declaring(&name, &it.columns, it.if_not_exists);
        for column in &it.columns {
            self.column_def(column, &mut all)?;
        }
        for constraint in &it.constraints {
            self.constraint_def(constraint, &mut all)?;
        }
        let without_rowid = it.sqlite_table_options.options.contains(&SqliteTableOption::WithoutRowid);
        let Declaring { primary, mut text, .. } = all;
        let auto = |names: &[String]| {
            let lone = if let [only] = names { Some(only) } else { None };
            let column = lone.and_then(|name| it.columns.iter().find(|it| it.name.value.eq_ignore_ascii_case(name)));
            column.is_some_and(|it| self.fills_itself(it))
        };
        let auto = primary.as_ref().is_some_and(|(names, _)| !without_rowid && auto(names));
        let mut table = std::mem::take(&mut text.columns).into_iter().fold(Table::new(name), Table::column);
        if let Some((names, timing)) = primary {
            table = table.primary_key(names).primary_key_timing(timing);
        }
        if auto {
            table = table.auto();
        }
        table = std::mem::take(&mut text.indexes).into_iter().fold(table, Table::add_index);
        let checks = std::mem::take(&mut text.checks).into_iter();
        text.table = checks.fold(table, |table, (name, condition)| table.check(name, condition));
        Ok(Definition::CreateTable(text))
    }

    /// `CREATE TABLE … AS`: the table that a query's columns make, and how it is filled. Its columns hold what those of the
    /// query do, and NULL.
    pub(super) fn create_table_as(
        &mut self,
        it: &syntax::CreateTable,
        query: &syntax::Query,
    ) -> Result<(Definition, Insert)> {
        let name = last_part(&it.name);
        let (select, heading) = self.query(query)?;
        let names = distinct_names(heading.iter().map(|it| it.name.clone()));
        if it.columns.len() > names.len() {
            return Err(wrong(&it.name, format!("{} columns are named, {} come", it.columns.len(), names.len())));
        }
        let given = it.columns.iter().map(|it| it.name.value.clone());
        let names: Vec<String> = given.chain(names.iter().skip(it.columns.len()).cloned()).collect();
        let column = |(name, it): (&String, &Heading)| {
            let flexible = || Column::flexible(name.clone(), it.affinity.unwrap_or(Affinity::Blob));
            it.kind.map_or_else(flexible, |kind| Column::new(name.clone(), kind)).nullable()
        };
        let table = names.iter().zip(&heading).map(column).fold(Table::new(name.clone()), Table::column);
        let (keys, columns, indexes, checks) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let primary = None;
        let text = TableText { table, keys, columns, indexes, checks, primary, if_not_exists: it.if_not_exists };
        let insert = Insert::into(name, names);
        let insert = Insert { values: InsertValues::Select(Box::new(select)), ..insert };
        Ok((Definition::CreateTable(text), insert))
    }

    pub(super) fn declaring(&self, name: &str, columns: &[ColumnDef], if_not_exists: bool) -> Declaring {
        let field = |it: &ColumnDef| {
            let kind = strict_kind(&it.data_type, self.dialect);
            let affinity =
                if self.dialect.is_sqlite() { Some(Affinity::of_type(&it.data_type.to_string())) } else { None };
            Field { kind, affinity, ..Field::new(it.name.value.clone()) }
        };
        let fields = columns.iter().map(field).collect();
        let table = Table::new(name.to_owned());
        let (keys, columns, indexes, checks) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let text = TableText { table, keys, columns, indexes, checks, primary: None, if_not_exists };
        Declaring { name: name.to_owned(), fields, primary: None, text }
    }

    /// Whether a column that is the primary key fills itself.
    fn fills_itself(&self, it: &ColumnDef) -> bool {
        let identity = it.options.iter().any(|it| {
            matches!(&it.option, ColumnOption::Generated { generation_expr: None, .. } | ColumnOption::Identity(_))
        });
        identity || is_auto(&it.data_type, self.dialect)
    }

    pub(super) fn column_def(&mut self, it: &ColumnDef, all: &mut Declaring) -> Result<()> {
        let name = it.name.value.clone();
        let field = all.fields.iter().find(|it| it.name == name).cloned();
        let (mut column, mut nullable) = (super::types::column(&name, &it.data_type, self.dialect), true);
        for option in &it.options {
            let own = option.name.as_ref().map(|it| it.value.clone());
            match &option.option {
                ColumnOption::Null | ColumnOption::Comment(_) | ColumnOption::OnConflict(Keyword::ABORT) => {}
                ColumnOption::OnConflict(word) => {
                    let word = format!("{word:?}");
                    let problem = format!("ON CONFLICT {word} of a column is not supported: say INSERT OR {word}");
                    return Err(wrong_at(it.name.span, problem));
                }
                ColumnOption::PrimaryKey(_) if all.primary.is_some() => return Err(second_key(it.name.span, all)),
                ColumnOption::NotNull => nullable = false,
                ColumnOption::Default(value) => {
                    column = self.default_of(value, field.as_ref(), column)?;
                }
                ColumnOption::PrimaryKey(key) => {
                    all.primary = Some((vec![name.clone()], timing(key.characteristics.as_ref())));
                }
                ColumnOption::Unique(key) => {
                    let index = Index::on([name.clone()]).unique().timing(timing(key.characteristics.as_ref()));
                    all.text.indexes.push(with_name(index, own));
                }
                ColumnOption::ForeignKey(key) => {
                    let key = KeyText { columns: vec![name.clone()], ..foreign_key(key, own) };
                    all.text.keys.push(key);
                }
                ColumnOption::Check(check) => {
                    let own = own.or_else(|| check.name.as_ref().map(|it| it.value.clone()));
                    let own = own.unwrap_or_else(|| format!("{}_{name}_check", all.name));
                    self.check_def(&check.expr, own, all)?;
                }
                ColumnOption::Collation(collation) if collation.to_string().eq_ignore_ascii_case("binary") => {}
                ColumnOption::Generated { generation_expr: None, .. } | ColumnOption::Identity(_) => {}
                ColumnOption::Generated { generation_expr: Some(expression), .. } => {
                    column = column.generated(self.own_expression(expression, all, false)?);
                }
                ColumnOption::DialectSpecific(tokens)
                    if tokens.iter().all(|it| it.to_string().to_ascii_uppercase().starts_with("AUTO")) => {}
                ColumnOption::Collation(collation) => {
                    let instead = "say COLLATE NOCASE where it is compared, and UNIQUE INDEX … (name COLLATE NOCASE)";
                    let problem = format!("COLLATE {collation} of a column is not supported: {instead}");
                    return Err(wrong_at(it.name.span, problem));
                }
                other => return Err(wrong_at(it.name.span, format!("the column option {other} is not supported"))),
            }
        }
        if nullable {
            column = column.nullable();
        }
        if let Some(most) = longest(&it.data_type).filter(|_| !self.dialect.is_sqlite()) {
            let length = Expr::Call(Function::Length, vec![Expr::Leaf(Name::from(name.clone()))]);
            let fits = Expr::Compare(Comparison::LessOrEqual, Box::new(length), Box::new(Expr::Value(most.into())));
            all.text.checks.push((format!("{}_{name}_length", all.name).into(), fits));
        }
        all.text.columns.push(column);
        Ok(())
    }

    pub(super) fn constraint_def(&mut self, it: &TableConstraint, all: &mut Declaring) -> Result<()> {
        let named = |name: &Option<syntax::Ident>| name.as_ref().map(|it| it.value.clone());
        match it {
            TableConstraint::PrimaryKey(_) if all.primary.is_some() => return Err(second_key(it.span(), all)),
            TableConstraint::PrimaryKey(key) => {
                let names = self.plain_columns(&key.columns, all)?;
                all.primary = Some((names, timing(key.characteristics.as_ref())));
            }
            TableConstraint::Unique(key) => {
                let index = self.index_on(&key.columns, all)?.unique().timing(timing(key.characteristics.as_ref()));
                all.text.indexes.push(with_name(index, named(&key.name)));
            }
            TableConstraint::ForeignKey(key) => {
                let mut key_text = foreign_key(key, named(&key.name));
                key_text.columns = key.columns.iter().map(|it| declared(all, &it.value)).collect();
                all.text.keys.push(key_text);
            }
            TableConstraint::Check(check) => {
                let count = all.text.checks.len();
                let own =
                    || if count == 0 { format!("{}_check", all.name) } else { format!("{}_check{count}", all.name) };
                let own = named(&check.name).unwrap_or_else(own);
                self.check_def(&check.expr, own, all)?;
            }
            other => return Err(unsupported(other, "this constraint")),
        }
        Ok(())
    }

    fn check_def(&mut self, condition: &syntax::Expr, name: String, all: &mut Declaring) -> Result<()> {
        let condition = self.own_expression(condition, all, true)?;
        all.text.checks.push((name.into(), condition));
        Ok(())
    }

    /// An expression over the columns of the table itself.
    fn own_expression(&mut self, it: &syntax::Expr, all: &Declaring, condition: bool) -> Result<Expr<Name>> {
        self.over_columns(it, &all.name, &all.fields, condition)
    }

    fn over_columns(
        &mut self,
        it: &syntax::Expr,
        table: &str,
        fields: &Arc<[Field]>,
        condition: bool,
    ) -> Result<Expr<Name>> {
        let source = Names { name: table.to_owned(), fields: fields.clone(), position: 0, is_table: true, rowid: None };
        self.scopes.push(Scope { sources: vec![source], ..Scope::default() });
        let read = if condition { self.condition_of(it) } else { self.ordered_by(it) };
        self.scopes.pop();
        read?.try_map(&mut |leaf| match leaf {
            Leaf::Column { up: 0, source: 0, name } => Ok(Expr::Leaf(name.clone())),
            _ => Err(unsupported(it, "a parameter, an aggregate or a query here")),
        })
    }

    /// A column with a default: a constant is computed at once, what reads the time each time.
    pub(super) fn default_of(&mut self, it: &syntax::Expr, field: Option<&Field>, column: Column) -> Result<Column> {
        let typed = self.expr(it)?;
        let expr = self.stored(typed, field.and_then(|it| it.kind));
        let mut reads_time = false;
        let expr: Expr<()> = expr.try_map(&mut |leaf| match leaf {
            Leaf::Now => {
                reads_time = true;
                Ok(Expr::Leaf(()))
            }
            _ => Err(unsupported(it, "a DEFAULT that reads anything but the time")),
        })?;
        if reads_time {
            return Ok(column.default_computed(expr));
        }
        struct Nothing;
        impl crate::expr::Environment<()> for Nothing {
            fn leaf<'a>(&'a self, (): &'a ()) -> Result<crate::expr::Scalar<'a>> {
                Ok(crate::value::ValueRef::Null.into())
            }
        }
        let value = expr.evaluate(&Nothing)?.into_value();
        Ok(if value.is_null() { column } else { column.default(value) })
    }

    fn plain_columns(&mut self, list: &[IndexColumn], all: &Declaring) -> Result<Vec<String>> {
        let name = |it: &IndexColumn| match &it.column.expr {
            syntax::Expr::Identifier(name) => Ok(declared(all, &name.value)),
            other => Err(unsupported(other, "a primary key over an expression")),
        };
        list.iter().map(name).collect()
    }

    fn index_on(&mut self, list: &[IndexColumn], all: &Declaring) -> Result<Index> {
        self.parts(list, &all.name, &all.fields)
    }

    fn parts(&mut self, list: &[IndexColumn], table: &str, fields: &Arc<[Field]>) -> Result<Index> {
        let mut index = Index::on([""; 0]);
        for part in list {
            index = index.and(self.over_columns(&part.column.expr, table, fields, false)?);
        }
        Ok(index)
    }

    pub(super) fn create_index(&mut self, it: &syntax::CreateIndex) -> Result<Definition> {
        let written = last_part(&it.table_name);
        let (table, fields) =
            self.catalog.table_named(&written).map_err(|error| super::place::placed(error, &it.table_name))?;
        let (table, fields) = (table.name.clone(), fields.clone());
        let mut index = self.parts(&it.columns, &table, &fields)?;
        if it.unique {
            index = index.unique();
        }
        if let Some(predicate) = &it.predicate {
            index = index.filter(self.over_columns(predicate, &table, &fields, true)?);
        }
        let name = it.name.as_ref().map(last_part);
        let index = with_name(index, name.clone());
        Ok(Definition::CreateIndex { name, table, index, if_not_exists: it.if_not_exists })
    }

    pub(super) fn create_view(&mut self, it: &syntax::CreateView) -> Result<Definition> {
        if it.materialized {
            return Err(unsupported(&it.name, "a materialized view"));
        }
        // It is read now, so that a mistake is found now.
        let (_, heading) = self.query(&it.query)?;
        if !self.parameters.is_empty() {
            return Err(unsupported(&it.name, "a parameter in a view"));
        }
        if !it.columns.is_empty() && it.columns.len() != heading.len() {
            let problem = format!("the view has {} columns, {} are named", heading.len(), it.columns.len());
            return Err(wrong(&it.name, problem));
        }
        let columns = it.columns.iter().map(|it| it.name.value.clone()).collect();
        let view = View { name: last_part(&it.name), columns, query: Arc::new((*it.query).clone()) };
        Ok(Definition::CreateView { view, if_not_exists: it.if_not_exists, replace: it.or_replace })
    }

    pub(super) fn drop(
        &mut self,
        what: ObjectType,
        names: &[syntax::ObjectName],
        if_exists: bool,
        at: &impl syntax::Spanned,
    ) -> Result<Vec<Definition>> {
        let one = |name: &syntax::ObjectName| {
            let name = last_part(name);
            Ok(match what {
                ObjectType::Table => Definition::DropTable { name, if_exists },
                ObjectType::Index => Definition::DropIndex { name, if_exists },
                ObjectType::View => Definition::DropView { name, if_exists },
                other => return Err(unsupported(at, &format!("DROP {other}"))),
            })
        };
        names.iter().map(one).collect()
    }
}

/// How many characters a type lets a text have.
fn longest(it: &syntax::DataType) -> Option<i64> {
    use syntax::{CharacterLength, DataType as D};
    match it {
        D::Varchar(Some(CharacterLength::IntegerLength { length, .. }))
        | D::CharacterVarying(Some(CharacterLength::IntegerLength { length, .. })) => i64::try_from(*length).ok(),
        _ => None,
    }
}

fn second_key(at: Span, all: &Declaring) -> crate::error::Error {
    wrong_at(at, format!("{} has a primary key already; a further key is UNIQUE", all.name))
}

/// A column's name as the table declares it.
fn declared(all: &Declaring, name: &str) -> String {
    let found = all.fields.iter().find(|it| it.name.eq_ignore_ascii_case(name));
    found.map_or_else(|| name.to_owned(), |it| it.name.clone())
}

fn with_name(index: Index, name: Option<String>) -> Index {
    match name {
        Some(name) => index.named(name),
        None => index,
    }
}

fn foreign_key(it: &ForeignKeyConstraint, name: Option<String>) -> KeyText {
    KeyText {
        name,
        columns: Vec::new(),
        target: last_part(&it.foreign_table),
        target_columns: it.referred_columns.iter().map(|it| it.value.clone()).collect(),
        on_delete: action(it.on_delete),
        on_update: action(it.on_update),
        timing: timing(it.characteristics.as_ref()),
    }
}

fn action(it: Option<ReferentialAction>) -> Action {
    match it {
        None | Some(ReferentialAction::NoAction) => Action::NoAction,
        Some(ReferentialAction::Restrict) => Action::Restrict,
        Some(ReferentialAction::Cascade) => Action::Cascade,
        Some(ReferentialAction::SetNull) => Action::SetNull,
        Some(ReferentialAction::SetDefault) => Action::SetDefault,
    }
}

fn timing(it: Option<&ConstraintCharacteristics>) -> Timing {
    let Some(it) = it else { return Timing::NotDeferrable };
    match (it.deferrable, it.initially) {
        (Some(false), _) | (None, None) => Timing::NotDeferrable,
        (_, Some(DeferrableInitial::Deferred)) => Timing::InitiallyDeferred,
        (Some(true), _) | (None, Some(DeferrableInitial::Immediate)) => Timing::InitiallyImmediate,
    }
}
