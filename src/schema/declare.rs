//! A schema as one writes it: names in a fluent form.

use std::borrow::Cow;

use super::{Action, Affinity, DefaultExpression, DefaultFunction, DefaultValue, Storage, Timing};
use crate::error::Result;
use crate::expr::Expr;
use crate::record::Row;
use crate::value::{AsValue, Kind, Value};

/// A name, usually a literal.
pub type Name = Cow<'static, str>;

/// A table as it is declared.
#[derive(Clone, Debug)]
pub struct Table {
    pub(super) name: Name,
    pub(super) columns: Vec<Column>,
    pub(super) primary_key: Vec<Name>,
    pub(super) primary_timing: Timing,
    pub(super) auto: bool,
    pub(super) keys: Vec<Index>,
    pub(super) checks: Vec<(Name, Expr<Name>)>,
    pub(super) foreign_keys: Vec<ForeignKey>,
    pub(super) prototype: Option<Row>,
    pub(super) renamed_from: Option<Name>,
}

impl Table {
    /// A table without columns.
    pub fn new(name: impl Into<Name>) -> Self {
        Table {
            name: name.into(),
            columns: Vec::new(),
            primary_key: Vec::new(),
            primary_timing: Timing::default(),
            auto: false,
            keys: Vec::new(),
            checks: Vec::new(),
            foreign_keys: Vec::new(),
            prototype: None,
            renamed_from: None,
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The columns of its primary key and their types; columns that are not declared are left out.
    pub fn key_columns(&self) -> Vec<(Name, Kind)> {
        let declared = |name: &Name| self.columns.iter().find(|it| it.name == *name);
        self.primary_key.iter().filter_map(|name| declared(name).map(|it| (name.clone(), it.kind))).collect()
    }

    /// Adds a column.
    pub fn column(mut self, column: Column) -> Self {
        self.columns.push(column);
        self
    }

    /// Makes these columns the primary key. They are never NULL.
    pub fn primary_key<N: Into<Name>>(mut self, columns: impl IntoIterator<Item = N>) -> Self {
        self.primary_key = names(columns);
        self
    }

    /// When the primary key is judged. A deferrable key cannot be referred to, and does not fill itself.
    pub fn primary_key_timing(mut self, timing: Timing) -> Self {
        self.primary_timing = timing;
        self
    }

    /// A primary key column that the table fills when it is not given: the greatest key so far and one.
    pub fn auto_key(mut self, name: impl Into<Name>) -> Self {
        let name = name.into();
        self.primary_key = vec![name.clone()];
        self.auto = true;
        self.column(Column::new(name, Kind::Int))
    }

    /// Makes the single integer key column fill itself; see [`auto_key`](Table::auto_key).
    pub fn auto(mut self) -> Self {
        self.auto = true;
        self
    }

    /// No two rows may agree in these columns; NULLs never agree.
    pub fn unique<N: Into<Name>>(self, columns: impl IntoIterator<Item = N>) -> Self {
        self.add_index(Index::on(columns).unique())
    }

    /// Keeps an ordered index on these columns.
    pub fn index<N: Into<Name>>(self, columns: impl IntoIterator<Item = N>) -> Self {
        self.add_index(Index::on(columns))
    }

    /// Keeps an index: unique, partial, over expressions, or deferrable.
    pub fn add_index(mut self, index: Index) -> Self {
        self.keys.push(index);
        self
    }

    /// Refuses rows for which the condition is false. Where it is unknown, because of a NULL, the row is accepted.
    pub fn check(mut self, name: impl Into<Name>, condition: Expr<Name>) -> Self {
        self.checks.push((name.into(), condition));
        self
    }

    /// Adds a foreign key.
    pub fn foreign_key(mut self, key: ForeignKey) -> Self {
        self.foreign_keys.push(key);
        self
    }

    /// Makes the rows of this table records like `row`, which stands for a draft of one. Without it, rows are tuples.
    pub fn of_records(mut self, row: Row) -> Self {
        self.prototype = Some(row);
        self
    }

    /// Says which table of another schema this one continues, where its name is new.
    pub fn renamed_from(mut self, name: impl Into<Name>) -> Self {
        self.renamed_from = Some(name.into());
        self
    }
}

fn names<N: Into<Name>>(columns: impl IntoIterator<Item = N>) -> Vec<Name> {
    columns.into_iter().map(Into::into).collect()
}

/// A unique key or a plain index as it is declared.
///
/// ```
/// use diptych::schema::Index;
/// use diptych::{Column, Expression, Schema, Table, column};
///
/// let users = Table::new("users").auto_key("id").column(Column::text("email")).column(Column::bool("active"));
/// // One active user for each address, however it is spelled.
/// let users = users.add_index(Index::over(column("email").lower()).unique().filter(column("active")));
/// assert!(Schema::builder().table(users).build().is_ok());
/// ```
#[derive(Clone, Debug)]
pub struct Index {
    pub(super) name: Option<Name>,
    pub(super) parts: Vec<Expr<Name>>,
    pub(super) unique: bool,
    pub(super) predicate: Option<Expr<Name>>,
    pub(super) timing: Timing,
}

impl Index {
    /// An index on these columns.
    pub fn on<N: Into<Name>>(columns: impl IntoIterator<Item = N>) -> Self {
        let parts = columns.into_iter().map(column).collect();
        Index { name: None, parts, unique: false, predicate: None, timing: Timing::default() }
    }

    /// An index over an expression of the table's own columns.
    pub fn over(expression: Expr<Name>) -> Self {
        Index::on([""; 0]).and(expression)
    }

    /// Adds a part: a column or an expression.
    pub fn and(mut self, part: Expr<Name>) -> Self {
        self.parts.push(part);
        self
    }

    /// Forbids that two rows agree; those with a NULL in their key never do.
    pub fn unique(mut self) -> Self {
        self.unique = true;
        self
    }

    /// Holds only the rows for which the condition is true, and forbids nothing for others.
    pub fn filter(mut self, condition: Expr<Name>) -> Self {
        self.predicate = Some(condition);
        self
    }

    /// Gives the index a name; otherwise it is made of the table and the columns.
    pub fn named(mut self, name: impl Into<Name>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// When a unique key is judged. A deferrable one cannot be referred to.
    pub fn timing(mut self, timing: Timing) -> Self {
        self.timing = timing;
        self
    }
}

/// A column as it is declared; never NULL unless it says so.
#[derive(Clone, Debug)]
pub struct Column {
    pub(super) name: Name,
    pub(super) kind: Kind,
    pub(super) nullable: bool,
    pub(super) default: Option<DefaultValue<Name>>,
    pub(super) generated: Option<Expr<Name>>,
    pub(super) storage: Storage,
    pub(super) renamed_from: Option<Name>,
}

impl Column {
    /// A column that must have a value.
    pub fn new(name: impl Into<Name>, kind: Kind) -> Self {
        let (nullable, default, generated, storage) = (false, None, None, Storage::Strict);
        Column { name: name.into(), kind, nullable, default, generated, storage, renamed_from: None }
    }

    /// A column that takes values of any kind as SQLite does, after what it calls affinity. Rows of the table have to
    /// be tuples.
    pub fn flexible(name: impl Into<Name>, affinity: Affinity) -> Self {
        Column { storage: Storage::Flexible(affinity), ..Column::new(name, affinity.kind().unwrap_or(Kind::Float)) }
    }

    /// The column for a Rust type: its kind, and NULL for an `Option`.
    pub fn of<T: AsValue>(name: impl Into<Name>) -> Self {
        Column { nullable: T::NULLABLE, ..Column::new(name, T::KIND) }
    }

    /// A column of integers.
    pub fn int(name: impl Into<Name>) -> Self {
        Column::new(name, Kind::Int)
    }

    /// A column of text.
    pub fn text(name: impl Into<Name>) -> Self {
        Column::new(name, Kind::Text)
    }

    /// A column of floats.
    pub fn float(name: impl Into<Name>) -> Self {
        Column::new(name, Kind::Float)
    }

    /// A column of booleans.
    pub fn bool(name: impl Into<Name>) -> Self {
        Column::new(name, Kind::Bool)
    }

    /// Lets the column hold NULL.
    pub fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }

    /// Has the column hold a value always.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.nullable = false;
        self
    }

    /// The column has the default of another one, or none as that one has none.
    #[must_use]
    pub fn default_like(mut self, other: &Column) -> Self {
        self.default.clone_from(&other.default);
        self
    }

    /// What the column holds when a statement does not give it, and what SET DEFAULT puts there.
    pub fn default(mut self, value: impl Into<Value>) -> Self {
        self.default = Some(DefaultValue::Constant(value.into()));
        self
    }

    /// The column takes the next number of a sequence when a statement does not give it. A number that was taken is
    /// not given again, even if its transaction fails.
    pub fn default_sequence(mut self, sequence: impl Into<Name>) -> Self {
        self.default = Some(DefaultValue::Sequence(sequence.into()));
        self
    }

    /// What the column holds when a statement does not give it is computed; the leaf is the time of the statement, as text
    /// in UTC.
    pub fn default_computed(mut self, expression: Expr<()>) -> Self {
        self.default = Some(DefaultValue::Computed(DefaultExpression(expression)));
        self
    }

    /// The column takes what the function gives when a statement does not give it.
    pub fn default_with(mut self, function: impl Fn() -> Result<Value> + Send + Sync + 'static) -> Self {
        self.default = Some(DefaultValue::Function(DefaultFunction::new(function)));
        self
    }

    /// The table computes the column from its others, on insert and on update, and keeps the outcome. Nobody can give
    /// it a value.
    ///
    /// ```
    /// use diptych::{Column, Expression, Schema, Table, column};
    ///
    /// let lines = Table::new("lines").auto_key("id").column(Column::int("price")).column(Column::int("count"));
    /// let total = Column::int("total").generated(column("price").times(column("count")));
    /// assert!(Schema::builder().table(lines.column(total)).build().is_ok());
    /// ```
    pub fn generated(mut self, expression: Expr<Name>) -> Self {
        self.generated = Some(expression);
        self
    }

    /// Says which column of another schema this one continues, where its name is new.
    pub fn renamed_from(mut self, name: impl Into<Name>) -> Self {
        self.renamed_from = Some(name.into());
        self
    }
}

/// A column of the table itself, inside a CHECK, an index or a generated column.
pub fn column(name: impl Into<Name>) -> Expr<Name> {
    Expr::Leaf(name.into())
}

/// A foreign key as it is declared.
#[derive(Clone, Debug)]
pub struct ForeignKey {
    pub(super) name: Option<Name>,
    pub(super) columns: Vec<Name>,
    pub(super) target: Name,
    pub(super) target_columns: Vec<Name>,
    pub(super) on_delete: Action,
    pub(super) on_update: Action,
    pub(super) timing: Timing,
    pub(super) indexed: bool,
}

impl ForeignKey {
    /// These columns refer to the primary key of `target`. A key with a NULL part refers to nothing (MATCH SIMPLE).
    pub fn new<N: Into<Name>>(columns: impl IntoIterator<Item = N>, target: impl Into<Name>) -> Self {
        ForeignKey {
            name: None,
            columns: names(columns),
            target: target.into(),
            target_columns: Vec::new(),
            on_delete: Action::NoAction,
            on_update: Action::NoAction,
            timing: Timing::default(),
            indexed: true,
        }
    }

    /// Refers to these columns, which must be the primary key or a unique key of the target.
    pub fn to<N: Into<Name>>(mut self, columns: impl IntoIterator<Item = N>) -> Self {
        self.target_columns = names(columns);
        self
    }

    /// Gives the constraint a name; otherwise it is `table_columns_fkey`.
    pub fn named(mut self, name: impl Into<Name>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// What happens to the rows that refer when the row they refer to is deleted.
    pub fn on_delete(mut self, action: Action) -> Self {
        self.on_delete = action;
        self
    }

    /// What happens to the rows that refer when the row they refer to gets another key.
    pub fn on_update(mut self, action: Action) -> Self {
        self.on_update = action;
        self
    }

    /// Judges the key at commit (`DEFERRABLE INITIALLY DEFERRED`). RESTRICT is judged at once all the same.
    pub fn deferred(self) -> Self {
        self.timing(Timing::InitiallyDeferred)
    }

    /// When the key is judged, and whether a transaction may change that. RESTRICT is judged at once in any case.
    pub fn timing(mut self, timing: Timing) -> Self {
        self.timing = timing;
        self
    }

    /// Keeps no index for the key: every delete of a target row then scans this table.
    pub fn unindexed(mut self) -> Self {
        self.indexed = false;
        self
    }
}
