//! INSERT, UPDATE and DELETE.

use sqlparser::ast::{
    self as syntax, Assignment, AssignmentTarget, ConflictTarget, FromTable, OnConflictAction, OnInsert, SelectItem,
    SetExpr, SqliteOnConflict, TableFactor, TableObject, TableWithJoins, UpdateTableFromKind,
};

use sqlparser::ast::Spanned;
use sqlparser::tokenizer::Span;

use super::call::last_part;
use super::catalog::Field;
use super::from::Sources;
use super::meaning::Typed;
use super::place::{placed, unsupported, wrong, wrong_at};
use super::scope::{Reader, Scope, Source as Names, field};
use super::select::Heading;
use crate::error::Result;
use crate::expr::Expr;
use crate::query::{
    ConflictAction, Delete, Insert, InsertValues, Join, JoinKind, Leaf, OnConflict, Output, Select, Source, Update,
};
use crate::schema::Name;

impl Reader<'_> {
    pub(super) fn insert(&mut self, it: &syntax::Insert) -> Result<(Insert, Vec<Heading>)> {
        let TableObject::TableName(name) = &it.table else { return Err(unsupported(it, "this target of INSERT")) };
        let table = self.target(name)?;
        let given = if it.columns.is_empty() && it.source.is_some() {
            (0..self.width_given(it).unwrap_or(table.fields.len()).min(table.fields.len())).collect()
        } else {
            self.columns_named(&table, &it.columns, it)?
        };
        let names: Vec<Name> = given.iter().map(|&at| table.fields[at].name.clone().into()).collect();
        let mut insert = Insert::into(table.name.clone(), names);
        match &it.source {
            None if !it.assignments.is_empty() => return Err(unsupported(it, "INSERT … SET")),
            None => insert = insert.row::<Expr<Leaf>>([]),
            Some(query) => {
                let known = self.commons.len();
                let read = self.inserted(query, &table, &given, it);
                self.commons.truncate(known);
                insert.values = read?;
            }
        }
        insert.on_conflict = self.on_conflict(it, &table)?;
        let mut mine = table.clone();
        if let Some(alias) = &it.table_alias {
            mine.name.clone_from(&alias.alias.value);
        }
        let mut heading = Vec::new();
        (insert.returning, heading) = self.returning(it.returning.as_deref(), vec![mine], &table.name, heading)?;
        without_defaults(&mut insert);
        Ok((insert, heading))
    }

    /// How many columns are given where none is named: in PostgreSQL as many as there are values.
    fn width_given(&self, it: &syntax::Insert) -> Option<usize> {
        match it.source.as_deref().map(|it| &*it.body) {
            Some(SetExpr::Values(values)) if !self.dialect.is_sqlite() => Some(values.rows.first()?.content.len()),
            _ => None,
        }
    }

    fn target(&mut self, name: &syntax::ObjectName) -> Result<Names> {
        let written = last_part(name);
        if self.catalog.view(&written).is_some() || self.catalog.kept(&written).is_some() {
            return Err(wrong(name, format!("`{written}` is a view, whose rows cannot be changed")));
        }
        let (table, fields) = self.catalog.table_named(&written).map_err(|it| placed(it, name))?;
        let rowid = table.auto.map(|it| it.index());
        Ok(Names { name: table.name.clone(), fields: fields.clone(), position: 0, is_table: true, rowid })
    }

    fn columns_named(&self, table: &Names, names: &[syntax::ObjectName], at: &syntax::Insert) -> Result<Vec<usize>> {
        let mut found = Vec::new();
        for name in names {
            let written = last_part(name);
            let position = field(table, &written).ok_or_else(|| no_column(table, &written, name.span()))?;
            if found.contains(&position) {
                return Err(wrong(at, format!("the column `{written}` is given twice")));
            }
            found.push(position);
        }
        Ok(found)
    }

    /// Where the values of an INSERT come from.
    fn inserted(
        &mut self,
        query: &syntax::Query,
        table: &Names,
        given: &[usize],
        at: &syntax::Insert,
    ) -> Result<InsertValues> {
        let wrong_count =
            |width: usize| wrong(at, format!("{} columns of {} are given {width} values", given.len(), table.name));
        let plain = query.with.is_none() && query.order_by.is_none() && query.limit_clause.is_none();
        let SetExpr::Values(values) = &*query.body else {
            let (select, heading) = self.query(query)?;
            if heading.len() != given.len() {
                return Err(wrong_count(heading.len()));
            }
            return Ok(InsertValues::Select(Box::new(select)));
        };
        if !plain {
            return Err(unsupported(query, "a clause behind VALUES"));
        }
        self.scopes.push(Scope::default());
        let mut rows = Vec::with_capacity(values.rows.len());
        let mut read = Ok(());
        for row in &values.rows {
            if row.content.len() != given.len() {
                read = Err(wrong_count(row.content.len()));
                break;
            }
            let cells = row.content.iter().zip(given).map(|(it, &at)| self.assigned(it, &table.fields[at]));
            match cells.collect::<Result<Vec<_>>>() {
                Ok(cells) => rows.push(cells),
                Err(error) => {
                    read = Err(error);
                    break;
                }
            }
        }
        self.scopes.pop();
        read.map(|()| InsertValues::Rows(rows))
    }

    /// A value for a column, or DEFAULT.
    fn assigned(&mut self, it: &syntax::Expr, column: &Field) -> Result<Expr<Leaf>> {
        if let syntax::Expr::Identifier(name) = it
            && name.quote_style.is_none()
            && name.value.eq_ignore_ascii_case("default")
        {
            return Ok(Expr::Leaf(Leaf::Default));
        }
        let it = self.expr(it)?;
        Ok(self.stored(it, column.kind))
    }

    fn on_conflict(&mut self, it: &syntax::Insert, table: &Names) -> Result<Option<OnConflict>> {
        let whatever = |action| OnConflict { target: Vec::new(), target_filter: None, action };
        if it.replace_into || it.or == Some(SqliteOnConflict::Replace) {
            return Ok(Some(whatever(ConflictAction::Replace)));
        }
        if it.ignore || it.or == Some(SqliteOnConflict::Ignore) {
            return Ok(Some(whatever(ConflictAction::Ignore)));
        }
        match it.or {
            None | Some(SqliteOnConflict::Abort) => {}
            Some(_) => return Err(unsupported(it, "this form of INSERT OR")),
        }
        let conflict = match &it.on {
            None => return Ok(None),
            Some(OnInsert::OnConflict(conflict)) => conflict,
            Some(_) => return Err(unsupported(it, "ON DUPLICATE KEY UPDATE")),
        };
        let (mut target, mut target_filter) = (Vec::new(), None);
        match &conflict.conflict_target {
            None => {}
            Some(ConflictTarget::Columns { columns, predicate }) => {
                for name in columns {
                    let at = field(table, &name.value).ok_or_else(|| no_column(table, &name.value, name.span))?;
                    target.push(table.fields[at].name.clone().into());
                }
                if let Some(predicate) = predicate {
                    self.scopes.push(Scope { sources: vec![table.clone()], ..Scope::default() });
                    let read = self.condition_of(predicate);
                    self.scopes.pop();
                    target_filter = Some(read?);
                }
            }
            Some(ConflictTarget::OnConstraint(name)) => {
                (target, target_filter) = self.key_named(name, table)?;
            }
        }
        let action = match &conflict.action {
            OnConflictAction::DoNothing => ConflictAction::Nothing,
            OnConflictAction::DoUpdate(update) => {
                let mut mine = table.clone();
                if let Some(alias) = &it.table_alias {
                    mine.name.clone_from(&alias.alias.value);
                }
                let excluded = Names { name: "excluded".into(), position: 1, is_table: false, ..table.clone() };
                self.scopes.push(Scope { sources: vec![mine], ..Scope::default() });
                let read = self.updated(update, table, excluded);
                self.scopes.pop();
                read?
            }
        };
        Ok(Some(OnConflict { target, target_filter, action }))
    }

    /// What makes the unique key of this name.
    fn key_named(&self, name: &syntax::ObjectName, table: &Names) -> Result<(Vec<Name>, Option<Expr<Leaf>>)> {
        let written = last_part(name);
        let Some((schema, _)) = self.catalog.table(&table.name) else { return Ok((Vec::new(), None)) };
        let mut keys = schema.indexes.iter().filter(|it| it.is_unique() && it.is_plain());
        match keys.find(|it| it.name.eq_ignore_ascii_case(&written)) {
            Some(key) => Ok((schema.names(&key.columns).into_iter().map(Into::into).collect(), None)),
            None => {
                let known = schema.indexes.iter().filter(|it| it.is_unique()).map(|it| it.name.as_str());
                let hint = crate::error::closest(&written, known);
                Err(wrong(name, format!("{} has no unique key `{written}`; {hint}", table.name)))
            }
        }
    }

    fn updated(&mut self, update: &syntax::DoUpdate, table: &Names, excluded: Names) -> Result<ConflictAction> {
        self.scope().qualified.push(excluded);
        let set = self.assignments(&update.assignments, table)?;
        let filter = update.selection.as_ref().map(|it| self.condition_of(it)).transpose()?;
        Ok(ConflictAction::Update { set, filter })
    }

    /// What columns become. Where one is set twice, the last word counts.
    fn assignments(&mut self, list: &[Assignment], table: &Names) -> Result<Vec<(Name, Expr<Leaf>)>> {
        let mut found: Vec<(Name, Expr<Leaf>)> = Vec::new();
        for it in list {
            if let (AssignmentTarget::Tuple(names), syntax::Expr::Subquery(query)) = (&it.target, &it.value) {
                self.assigned_rows(names, query, table, &mut found)?;
                continue;
            }
            let pairs: Vec<(&syntax::ObjectName, &syntax::Expr)> = match (&it.target, &it.value) {
                (AssignmentTarget::ColumnName(name), value) => vec![(name, value)],
                (AssignmentTarget::Tuple(names), syntax::Expr::Tuple(values)) if names.len() == values.len() => {
                    names.iter().zip(values).collect()
                }
                (AssignmentTarget::Tuple(_), value) => return Err(unsupported(value, "columns set from this")),
            };
            for (name, value) in pairs {
                let written = last_part(name);
                let at = field(table, &written).ok_or_else(|| no_column(table, &written, name.span()))?;
                let value = self.assigned(value, &table.fields[at])?;
                let column: Name = table.fields[at].name.clone().into();
                found.retain(|it| it.0 != column);
                found.push((column, value));
            }
        }
        Ok(found)
    }

    /// `(a, b) = (SELECT …)`: each column takes its value of the same query.
    fn assigned_rows(
        &mut self,
        names: &[syntax::ObjectName],
        query: &syntax::Query,
        table: &Names,
        found: &mut Vec<(Name, Expr<Leaf>)>,
    ) -> Result<()> {
        // It stands one select further in: around it is the one that picks a column.
        self.scopes.push(Scope::default());
        let read = self.subquery(query);
        self.scopes.pop();
        let (select, heading) = read?;
        if heading.len() != names.len() {
            let problem = format!("{} columns are set from a query of {}", names.len(), heading.len());
            return Err(wrong(query, problem));
        }
        let outer: Vec<Name> =
            super::from::distinct_names(heading.iter().map(|it| it.name.clone())).into_iter().map(Into::into).collect();
        for ((name, heading), own) in names.iter().zip(&heading).zip(&outer) {
            let written = last_part(name);
            let at = field(table, &written).ok_or_else(|| no_column(table, &written, name.span()))?;
            let column = Leaf::Column { up: 0, source: 0, name: own.clone() };
            let one = Select::from(Source::Select(Box::new(select.clone()), outer.clone()));
            let one = one.values([Expr::Leaf(column)]);
            let one = if self.dialect.is_sqlite() { one.limit(1) } else { one };
            let value = Typed { kind: heading.kind, ..Typed::unknown(Expr::Leaf(Leaf::Scalar(Box::new(one)))) };
            let value = self.stored(value, table.fields[at].kind);
            let column: Name = table.fields[at].name.clone().into();
            found.retain(|it| it.0 != column);
            found.push((column, value));
        }
        Ok(())
    }

    pub(super) fn update(&mut self, it: &syntax::Update) -> Result<(Update, Vec<Heading>)> {
        if it.or.is_some_and(|it| it != SqliteOnConflict::Abort) {
            let instead = "leave out by a condition the rows that would be in the way";
            return Err(wrong(it, format!("UPDATE OR is not supported: {instead}")));
        }
        if it.limit.is_some() || !it.order_by.is_empty() {
            return Err(unsupported(it, "an UPDATE with ORDER BY or LIMIT"));
        }
        let table = self.changed(&it.table)?;
        let mut update = Update::table(self.table_of(&it.table)?);
        self.scopes.push(Scope { sources: vec![table.clone()], ..Scope::default() });
        let from = match &it.from {
            None => &[][..],
            Some(UpdateTableFromKind::BeforeSet(list) | UpdateTableFromKind::AfterSet(list)) => list,
        };
        let mut heading = Vec::new();
        let mut read = || -> Result<()> {
            (update.joins, update.filter) = self.further(from)?;
            update.set = self.assignments(&it.assignments, &table)?;
            self.and_where(it.selection.as_ref(), &mut update.filter)?;
            let sources = self.scope().sources.clone();
            (update.returning, heading) =
                self.returning(it.returning.as_deref(), sources, &update.table, Vec::new())?;
            Ok(())
        };
        let read = read();
        self.scopes.pop();
        read.map(|()| (update, heading))
    }

    pub(super) fn delete(&mut self, it: &syntax::Delete) -> Result<(Delete, Vec<Heading>)> {
        if it.limit.is_some() || !it.order_by.is_empty() {
            return Err(unsupported(it, "a DELETE with ORDER BY or LIMIT"));
        }
        let (FromTable::WithFromKeyword(list) | FromTable::WithoutKeyword(list)) = &it.from;
        let [target] = &list[..] else { return Err(unsupported(it, "a DELETE from several tables")) };
        let table = self.changed(target)?;
        let mut delete = Delete::from(self.table_of(target)?);
        self.scopes.push(Scope { sources: vec![table], ..Scope::default() });
        let mut heading = Vec::new();
        let mut read = || -> Result<()> {
            (delete.joins, delete.filter) = self.further(it.using.as_deref().unwrap_or_default())?;
            self.and_where(it.selection.as_ref(), &mut delete.filter)?;
            let sources = self.scope().sources.clone();
            (delete.returning, heading) =
                self.returning(it.returning.as_deref(), sources, &delete.table, Vec::new())?;
            Ok(())
        };
        let read = read();
        self.scopes.pop();
        read.map(|()| (delete, heading))
    }

    fn table_of(&mut self, it: &TableWithJoins) -> Result<Name> {
        match &it.relation {
            TableFactor::Table { name, .. } => Ok(self.target(name)?.name.into()),
            other => Err(unsupported(other, "a change of something other than a table")),
        }
    }

    /// The table that a statement changes, under the name that it has there.
    fn changed(&mut self, it: &TableWithJoins) -> Result<Names> {
        let TableFactor::Table { name, alias, .. } = &it.relation else {
            return Err(unsupported(&it.relation, "a change of something other than a table"));
        };
        if !it.joins.is_empty() {
            return Err(unsupported(&it.relation, "a change of joined tables"));
        }
        let mut table = self.target(name)?;
        if let Some(alias) = alias {
            table.name.clone_from(&alias.name.value);
        }
        Ok(table)
    }

    /// Further sources of a change, and what their joins in parentheses demand.
    fn further(&mut self, list: &[TableWithJoins]) -> Result<(Vec<Join>, Option<Expr<Leaf>>)> {
        let mut found = Sources { first: Some(Source::Nothing), ..Sources::default() };
        self.sources(list, &mut found)?;
        for it in &found.joins {
            if !matches!(it.kind, JoinKind::Inner | JoinKind::Left) {
                return Err(unsupported(&list[0].relation, "this join in a change"));
            }
        }
        let mut conditions = found.conditions;
        let filter = if conditions.len() == 1 { conditions.pop() } else { None };
        let filter = filter.or_else(|| (!conditions.is_empty()).then_some(Expr::And(conditions)));
        Ok((found.joins, filter))
    }

    fn and_where(&mut self, it: Option<&syntax::Expr>, filter: &mut Option<Expr<Leaf>>) -> Result<()> {
        let Some(it) = it else { return Ok(()) };
        let condition = self.condition_of(it)?;
        *filter = Some(match filter.take() {
            Some(before) => Expr::And(vec![before, condition]),
            None => condition,
        });
        Ok(())
    }

    fn returning(
        &mut self,
        items: Option<&[SelectItem]>,
        mut sources: Vec<Names>,
        table: &str,
        none: Vec<Heading>,
    ) -> Result<(Vec<Output>, Vec<Heading>)> {
        let Some(items) = items else { return Ok((Vec::new(), none)) };
        if self.dialect.is_sqlite() {
            // It sees the changed table there and nothing else, under its own name.
            sources.truncate(1);
            sources.iter_mut().for_each(|it| it.name = table.to_owned());
        }
        let around = std::mem::replace(&mut self.scopes, vec![Scope { sources, ..Scope::default() }]);
        let read = self.projection(items, true);
        self.scopes = around;
        read
    }
}

fn no_column(table: &Names, written: &str, at: Span) -> crate::error::Error {
    let hint = crate::error::closest(written, table.fields.iter().map(|it| it.name.as_str()));
    let hint = if hint.is_empty() { hint } else { format!("; {hint}") };
    wrong_at(at, format!("there is no column `{}.{written}`{hint}", table.name))
}

/// Leaves out columns for which every row says DEFAULT, which is the same as not naming them.
fn without_defaults(insert: &mut Insert) {
    let InsertValues::Rows(rows) = &mut insert.values else { return };
    let is_default = |it: &Expr<Leaf>| matches!(it, Expr::Leaf(Leaf::Default));
    for at in (0..insert.columns.len()).rev() {
        if !rows.is_empty() && rows.iter().all(|row| is_default(&row[at])) {
            insert.columns.remove(at);
            rows.iter_mut().for_each(|row| drop(row.remove(at)));
        }
    }
}
