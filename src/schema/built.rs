//! A schema as everything else uses it: positions, resolved once.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::{
    Action, DefaultValue, IndexSchema, SchemaBuilder, Sequence, SequenceSchema, Storage, Table, Timing, Uniqueness,
};
use crate::error::{Misuse, Result, closest};
use crate::expr::{Expr, UserFunction};
use crate::id::{ColumnId, IndexId, ReferenceId, TableId};
use crate::record::{Record, Row};
use crate::value::Kind;

/// Makes what a room above keeps with a schema anew for one that it was edited to.
pub(super) type Renewal = Arc<dyn Fn(Schema) -> Schema + Send + Sync>;

/// All tables of a database and how they refer to each other.
pub struct Schema {
    pub(super) tables: Vec<TableSchema>,
    pub(super) references: Vec<ReferenceSchema>,
    pub(super) sequences: Vec<SequenceSchema>,
    pub(super) by_name: HashMap<String, TableId>,
    /// What rooms above keep here, by its type.
    pub(super) attachments: HashMap<TypeId, Arc<dyn Any + Send + Sync>>,
    pub(super) renewals: Vec<Renewal>,
    /// What it was built from.
    pub(super) declared: Vec<Table>,
    pub(super) declared_sequences: Vec<Sequence>,
    pub(super) functions: Vec<UserFunction>,
}

impl Schema {
    /// Starts a schema.
    pub fn builder() -> SchemaBuilder {
        SchemaBuilder::default()
    }

    /// Its tables, in the order of declaration.
    pub fn tables(&self) -> &[TableSchema] {
        &self.tables
    }

    /// Its foreign keys, in the order of declaration.
    pub fn references(&self) -> &[ReferenceSchema] {
        &self.references
    }

    /// Its sequences, in the order of declaration.
    pub fn sequences(&self) -> &[SequenceSchema] {
        &self.sequences
    }

    /// A sequence by name.
    ///
    /// # Errors
    /// When there is none; the message says which name was probably meant.
    pub fn sequence_named(&self, name: &str) -> Result<&SequenceSchema> {
        self.sequences.iter().find(|it| it.name == name).ok_or_else(|| {
            let hint = closest(name, self.sequences.iter().map(|it| it.name.as_str()));
            Misuse::UnknownName { what: "sequence", name: name.to_owned(), hint }.into()
        })
    }

    /// The functions that the user has registered.
    pub fn functions(&self) -> &[UserFunction] {
        &self.functions
    }

    /// A function that the user has registered, by name; letters of either case are the same, as in SQL.
    ///
    /// # Errors
    /// When there is none; the message says which name was probably meant.
    pub fn function_named(&self, name: &str) -> Result<&UserFunction> {
        self.functions.iter().find(|it| it.name().eq_ignore_ascii_case(name)).ok_or_else(|| {
            let hint = closest(name, self.functions.iter().map(UserFunction::name));
            Misuse::UnknownName { what: "function", name: name.to_owned(), hint }.into()
        })
    }

    /// A table by position.
    #[inline]
    pub fn table(&self, id: TableId) -> &TableSchema {
        &self.tables[id.index()]
    }

    /// A foreign key by position.
    #[inline]
    pub fn reference(&self, id: ReferenceId) -> &ReferenceSchema {
        &self.references[id.index()]
    }

    /// A table by name.
    ///
    /// # Errors
    /// When there is none; the message says which name was probably meant.
    pub fn table_named(&self, name: &str) -> Result<&TableSchema> {
        self.by_name.get(name).map(|&id| self.table(id)).ok_or_else(|| {
            let hint = closest(name, self.tables.iter().map(|it| it.name.as_str()));
            Misuse::UnknownName { what: "table", name: name.to_owned(), hint }.into()
        })
    }

    /// Keeps something with the schema for a room above, instead of what there was of its type; see
    /// [`attachment`](Schema::attachment).
    pub fn attach<T: Any + Send + Sync>(mut self, it: Arc<T>) -> Self {
        self.attachments.insert(TypeId::of::<T>(), it);
        self
    }

    /// Says how an attachment is made anew when the schema is [edited](Schema::edit) and built again: an edited schema has
    /// no attachments of its own.
    pub fn renewed_by(mut self, renewal: impl Fn(Schema) -> Schema + Send + Sync + 'static) -> Self {
        self.renewals.push(Arc::new(renewal));
        self
    }

    /// What a room above has attached to the schema, such as the object layer's model.
    pub fn attachment<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        self.attachments.get(&TypeId::of::<T>()).cloned().and_then(|it| it.downcast::<T>().ok())
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schema").field("tables", &self.tables).field("references", &self.references).finish()
    }
}

/// One table.
#[derive(Debug)]
pub struct TableSchema {
    /// Its position.
    pub id: TableId,
    /// Its name.
    pub name: String,
    /// Its columns.
    pub columns: Vec<ColumnSchema>,
    /// Its primary key, unique keys and indexes; the primary key comes first.
    pub indexes: Vec<IndexSchema>,
    /// Those of its keys that a transaction may defer.
    pub deferrable_keys: Vec<IndexId>,
    /// Those of its columns that are computed from others.
    pub generated: Vec<ColumnId>,
    /// Its CHECK conditions.
    pub checks: Vec<CheckSchema>,
    /// The foreign keys it declares.
    pub outbound: Vec<ReferenceId>,
    /// The foreign keys that refer to it.
    pub inbound: Vec<ReferenceId>,
    /// The key column that fills itself.
    pub auto: Option<ColumnId>,
    /// A draft of a row; every row of the table is of its Rust type.
    pub prototype: Row,
}

impl TableSchema {
    /// A column by name.
    ///
    /// # Errors
    /// When there is none; the message says which name was probably meant.
    pub fn column_named(&self, name: &str) -> Result<ColumnId> {
        let found = self.columns.iter().position(|it| it.name == name);
        found.map(|position| ColumnId(position as u16)).ok_or_else(|| {
            let hint = closest(name, self.columns.iter().map(|it| it.name.as_str()));
            Misuse::UnknownName { what: "column", name: format!("{}.{name}", self.name), hint }.into()
        })
    }

    /// A column by name, for a statement that gives it a value.
    ///
    /// # Errors
    /// When there is none, or it is generated.
    pub fn assignable(&self, name: &str) -> Result<ColumnId> {
        let column = self.column_named(name)?;
        match self.column(column).generated {
            None => Ok(column),
            Some(_) => Err(Misuse::Generated { column: format!("{}.{name}", self.name) }.into()),
        }
    }

    /// A column by position.
    #[inline]
    pub fn column(&self, id: ColumnId) -> &ColumnSchema {
        &self.columns[id.index()]
    }

    /// The names of some columns.
    pub fn names(&self, columns: &[ColumnId]) -> Vec<String> {
        columns.iter().map(|&it| self.column(it).name.clone()).collect()
    }

    /// The primary key.
    pub fn primary_key(&self) -> Option<&IndexSchema> {
        self.indexes.first().filter(|it| it.uniqueness == Uniqueness::Primary)
    }

    /// The columns that name a row in messages: the primary key, or all columns without one.
    pub fn naming_columns(&self) -> Vec<ColumnId> {
        self.primary_key().map_or_else(|| self.column_ids().collect(), |key| key.columns.clone())
    }

    /// The positions of all columns.
    pub fn column_ids(&self) -> impl Iterator<Item = ColumnId> + use<> {
        (0..self.columns.len()).map(|position| ColumnId(position as u16))
    }

    /// An index by position.
    #[inline]
    #[expect(clippy::should_implement_trait, reason = "it stands beside `column` and `table`, which are no operators")]
    pub fn index(&self, id: IndexId) -> &IndexSchema {
        &self.indexes[id.index()]
    }

    /// The primary or unique key over exactly these columns, in any order, that holds for every row at the end of every
    /// statement: neither partial nor deferrable.
    pub fn key_over(&self, columns: &[ColumnId]) -> Option<IndexId> {
        let same = |index: &IndexSchema| {
            index.columns.len() == columns.len() && index.columns.iter().all(|it| columns.contains(it))
        };
        let is_key = |it: &IndexSchema| it.is_unique() && it.is_plain() && !it.timing.is_deferrable();
        let found = self.indexes.iter().position(|it| is_key(it) && same(it));
        found.map(|position| IndexId(position as u16))
    }

    /// Whether rows of this table are the user's own records rather than tuples.
    pub fn holds_tuples(&self) -> bool {
        (&*self.prototype as &dyn Any).is::<crate::record::Tuple>()
    }

    /// Whether a row is of the table's Rust type.
    pub fn holds(&self, row: &dyn Record) -> bool {
        Any::type_id(row) == Any::type_id(&*self.prototype)
    }
}

/// One column.
#[derive(Debug)]
pub struct ColumnSchema {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: Kind,
    /// Whether it may hold NULL.
    pub nullable: bool,
    /// What it holds when a statement does not give it.
    pub default: Option<DefaultValue>,
    /// How it is computed, if it is never given.
    pub generated: Option<GeneratedSchema>,
    /// Whether it holds values of its kind alone.
    pub storage: Storage,
}

/// How a generated column is computed.
#[derive(Debug)]
pub struct GeneratedSchema {
    /// From the table's own columns.
    pub expression: Expr<ColumnId>,
    /// The columns that it reads.
    pub reads: Vec<ColumnId>,
}

/// A CHECK condition.
#[derive(Debug)]
pub struct CheckSchema {
    /// Its name.
    pub name: String,
    /// The condition over the table's own columns.
    pub condition: Expr<ColumnId>,
    /// The columns it reads.
    pub columns: Vec<ColumnId>,
}

/// A foreign key.
#[derive(Debug)]
pub struct ReferenceSchema {
    /// Its position.
    pub id: ReferenceId,
    /// Its name.
    pub name: String,
    /// The table that declares it.
    pub table: TableId,
    /// The columns that refer.
    pub columns: Vec<ColumnId>,
    /// The table it refers to.
    pub target: TableId,
    /// The columns they refer to, one for one.
    pub target_columns: Vec<ColumnId>,
    /// The key of the target over those columns (S2).
    pub target_key: IndexId,
    /// What happens when the target row is deleted.
    pub on_delete: Action,
    /// What happens when the target row gets another key.
    pub on_update: Action,
    /// When it is judged.
    pub timing: Timing,
    /// The index that finds the rows that refer, if one is kept.
    pub index: Option<IndexId>,
}
