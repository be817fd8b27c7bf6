//! What there is outside a statement: tables and views, whose names may be written in either case.

use std::collections::HashMap;
use std::sync::Arc;

use sqlparser::ast::Query;

use super::from::view_names;
use super::meaning::Purpose;
use super::scope::Reader;
use super::types::{SqlDialect, affinity};
use crate::error::{Misuse, Result, closest};
use crate::expr::{Affinity, Expr, Type};
use crate::query::{Leaf, Output};
use crate::schema::{ColumnSchema, Name, Schema, Storage, TableSchema};
use crate::value::Kind;

/// A column that a name can mean.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Field {
    pub(super) name: String,
    /// What the source calls it, where that is something else.
    pub(super) inner: Option<String>,
    pub(super) kind: Option<Kind>,
    pub(super) affinity: Option<Affinity>,
}

impl Field {
    /// A column of a table.
    pub(super) fn of(it: &ColumnSchema) -> Self {
        let (kind, affinity) = match it.storage {
            Storage::Strict => (Some(it.kind), affinity(Some(it.kind))),
            Storage::Flexible(it) => (None, Some(it)),
        };
        Field { name: it.name.clone(), inner: None, kind, affinity }
    }
}

/// A view as it was defined.
#[derive(Clone, Debug)]
pub(in crate::sql) struct View {
    pub(in crate::sql) name: String,
    pub(in crate::sql) columns: Vec<String>,
    pub(in crate::sql) query: Arc<Query>,
}

/// The tables and views that statements can name.
#[derive(Clone, Debug)]
pub(in crate::sql) struct Catalog {
    schema: Arc<Schema>,
    tables: HashMap<String, (usize, Arc<[Field]>)>,
    views: HashMap<String, View>,
    /// The views that the schema holds, with their columns.
    kept: HashMap<String, KeptView>,
}

/// A view that the schema holds, because a program has defined it.
#[derive(Clone, Debug)]
pub(super) struct KeptView {
    pub(super) view: crate::query::View,
    pub(super) types: Vec<Type>,
}

impl KeptView {
    /// Its columns. Where nothing is computed, they have the affinities of those of tables.
    pub(super) fn fields(&self) -> Vec<Field> {
        let is_column =
            |it: &Output| matches!(it, Output::Row(_) | Output::Value(Expr::Leaf(Leaf::Column { up: 0, .. })));
        let plain = self.view.select.compounds.is_empty() && self.view.select.outputs.iter().all(is_column);
        let field = |(name, it): (&Name, &Type)| Field {
            name: name.to_string(),
            inner: None,
            kind: it.kind,
            affinity: affinity(it.kind).filter(|_| plain),
        };
        self.view.columns.iter().zip(&self.types).map(field).collect()
    }
}

impl Catalog {
    pub(in crate::sql) fn new(schema: Arc<Schema>, views: HashMap<String, View>) -> Self {
        let fields = |table: &TableSchema| -> Arc<[Field]> { table.columns.iter().map(Field::of).collect() };
        let tables = schema.tables().iter().enumerate();
        let tables = tables.map(|(at, it)| (it.name.to_ascii_lowercase(), (at, fields(it)))).collect();
        let held = schema.views();
        let kept = held.all().iter().map(|view| {
            let types = schema.types_of(&view.select);
            (view.name.to_ascii_lowercase(), KeptView { view: view.clone(), types })
        });
        let kept = kept.collect();
        Catalog { schema, tables, views, kept }
    }

    pub(super) fn table(&self, name: &str) -> Option<(&TableSchema, &Arc<[Field]>)> {
        let (at, fields) = self.tables.get(&name.to_ascii_lowercase())?;
        Some((&self.schema.tables()[*at], fields))
    }

    pub(super) fn table_named(&self, name: &str) -> Result<(&TableSchema, &Arc<[Field]>)> {
        self.table(name).ok_or_else(|| {
            let hint = closest(name, self.schema.tables().iter().map(|it| it.name.as_str()));
            Misuse::UnknownName { what: "table", name: name.to_owned(), hint }.into()
        })
    }

    pub(super) fn view(&self, name: &str) -> Option<&View> {
        self.views.get(&name.to_ascii_lowercase())
    }

    /// A view that the schema holds.
    pub(super) fn kept(&self, name: &str) -> Option<&KeptView> {
        self.kept.get(&name.to_ascii_lowercase())
    }

    /// The name of a view that the schema holds, as it was defined.
    pub(in crate::sql) fn kept_named(&self, name: &str) -> Option<String> {
        self.kept(name).map(|it| it.view.name.to_string())
    }

    pub(super) fn kept_by_name(&self) -> Vec<&KeptView> {
        let mut views: Vec<&KeptView> = self.kept.values().collect();
        views.sort_by(|a, b| a.view.name.cmp(&b.view.name));
        views
    }

    /// The names of all views.
    pub(super) fn view_names(&self) -> Vec<String> {
        let said = self.views_by_name().into_iter().map(|it| it.name.clone());
        said.chain(self.kept_by_name().into_iter().map(|it| it.view.name.to_string())).collect()
    }

    /// A view as a schema holds it.
    pub(in crate::sql) fn kept_form(&self, view: &View, dialect: SqlDialect) -> Result<crate::query::View> {
        let mut reader = Reader::new(self, dialect, Purpose::Statement);
        let (select, heading) = reader.query(&view.query)?;
        let columns = view_names(view, &heading).into_iter().map(Into::into).collect();
        Ok(crate::query::View { name: view.name.clone().into(), columns, select })
    }

    /// The names of tables, their indexes, and views.
    pub(super) fn all_names(&self) -> Vec<String> {
        let tables = self.schema.tables().iter();
        let tables = tables.flat_map(|it| std::iter::once(&it.name).chain(it.indexes.iter().map(|it| &it.name)));
        tables.cloned().chain(self.view_names()).collect()
    }

    /// The columns of a view, where there is one that can be read.
    pub(super) fn view_fields(&self, name: &str) -> Option<Vec<Field>> {
        if let Some(kept) = self.kept(name) {
            return Some(kept.fields());
        }
        let view = self.view(name)?;
        let mut reader = Reader::new(self, SqlDialect::Sqlite, Purpose::Run);
        let (_, heading) = reader.query(&view.query).ok()?;
        Some(heading.iter().zip(view_names(view, &heading)).map(|(it, name)| it.field(name)).collect())
    }

    pub(super) fn schema(&self) -> &Schema {
        &self.schema
    }

    pub(in crate::sql) fn views_by_name(&self) -> Vec<&View> {
        let mut views: Vec<&View> = self.views.values().collect();
        views.sort_by(|a, b| a.name.cmp(&b.name));
        views
    }

    pub(in crate::sql) fn views(&self) -> &HashMap<String, View> {
        &self.views
    }
}
