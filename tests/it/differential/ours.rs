//! The side under test: statements through a connection, never text.

use diptych::id::ColumnId;
use diptych::query::{ConflictAction, Leaf, OnConflict};
use diptych::schema::Constraints;
use diptych::{
    Connection, Control, Database, Delete, Error, Expr, Expression, Insert, NativeConnection, Select, Update, col,
};

use super::cell::Cell;
use super::history::{ConflictSpec, Filter, Operation, To};
use super::schema::{SchemaSpec, column_name, table_name};

/// The rows of every table, in order of their values.
pub(crate) type Dump = Vec<Vec<Vec<Cell>>>;

pub(crate) struct Ours {
    connection: NativeConnection,
    tables: usize,
}

impl Ours {
    pub(crate) fn new(schema: &SchemaSpec) -> Self {
        Ours { connection: Database::new(schema.build()).connect(), tables: schema.tables.len() }
    }

    /// Carries an operation out; returns how many rows foreign key actions changed.
    pub(crate) fn carry_out(&mut self, operation: &Operation) -> Result<u64, Error> {
        match operation {
            Operation::Insert { table, columns, rows, on_conflict } => {
                let mut insert = Insert::into(table_name(*table), columns.iter().map(|&it| column_name(it)));
                for row in rows {
                    insert = insert.row(row.iter().map(Cell::to_value));
                }
                insert.on_conflict = on_conflict.as_ref().map(ConflictSpec::said);
                self.connection.execute(insert).map(|it| it.by_actions)
            }
            Operation::Update { table, set, filter } => {
                let mut update = Update::table(table_name(*table));
                for (column, to) in set {
                    update = update.set(column_name(*column), to.said(*column));
                }
                if let Some(condition) = filter.condition() {
                    update = update.filter(condition);
                }
                self.connection.execute(update).map(|it| it.by_actions)
            }
            Operation::Delete { table, filter } => {
                let mut delete = Delete::from(table_name(*table));
                if let Some(condition) = filter.condition() {
                    delete = delete.filter(condition);
                }
                self.connection.execute(delete).map(|it| it.by_actions)
            }
            Operation::Savepoint => self.connection.control(Control::Savepoint).map(|()| 0),
            Operation::Release => self.connection.control(Control::Release).map(|()| 0),
            Operation::RollbackTo => self.connection.control(Control::RollbackTo).map(|()| 0),
            Operation::Commit => self.connection.control(Control::Commit).map(|()| 0),
            Operation::Rollback => self.connection.control(Control::Rollback).map(|()| 0),
            Operation::SetConstraints(name, mode) => {
                let which = name.as_ref().map_or(Constraints::All, |it| Constraints::Named(vec![it.clone().into()]));
                self.connection.control(Control::SetConstraints(which, *mode)).map(|()| 0)
            }
        }
    }

    /// Checks the structure of the open transaction's version (T1 to T4), and that of the published one (D1).
    pub(crate) fn audit(&self) -> Result<(), String> {
        let database = self.connection.database();
        database.audit()?;
        match self.connection.transaction() {
            Some(open) => open.image().audit(database.schema()),
            None => Ok(()),
        }
    }

    pub(crate) fn dump(&mut self) -> Dump {
        let tables = 0..self.tables;
        let table = |at| {
            let found = self.connection.execute(Select::from(table_name(at))).expect("a table can be read");
            let cells = |row: diptych::Row| -> Vec<Cell> {
                (0..row.width()).map(|it| Cell::of(row.get(ColumnId::new(it as u16)))).collect()
            };
            let mut rows: Vec<Vec<Cell>> = found.rows.into_rows().map(cells).collect();
            rows.sort();
            rows
        };
        tables.map(table).collect()
    }
}

impl To {
    /// As the value of a column.
    fn said(&self, column: usize) -> Expr<Leaf> {
        match self {
            To::Cell(cell) => Expr::Value(cell.to_value()),
            To::Plus(more) => col(column_name(column)).plus(*more),
            To::Column(other) => col(column_name(*other)),
            To::Given(other) => Expr::Leaf(Leaf::Column { up: 0, source: 1, name: column_name(*other).into() }),
        }
    }
}

impl ConflictSpec {
    fn said(&self) -> OnConflict {
        let names = |key: &[usize]| key.iter().map(|&it| column_name(it).into()).collect();
        let (target, action) = match self {
            ConflictSpec::Replace => (Vec::new(), ConflictAction::Replace),
            ConflictSpec::Nothing(key) => (names(key.as_deref().unwrap_or_default()), ConflictAction::Nothing),
            ConflictSpec::Update { key, set } => {
                let set = set.iter().map(|(column, to)| (column_name(*column).into(), to.said(*column))).collect();
                (names(key), ConflictAction::Update { set, filter: None })
            }
        };
        OnConflict { target, target_filter: None, action }
    }
}

impl Filter {
    fn condition(&self) -> Option<Expr<Leaf>> {
        Some(match self {
            Filter::All => return None,
            Filter::Compare(column, how, cell) => col(column_name(*column)).compare(*how, cell.to_value()),
            Filter::AnyOf(column, cells) => col(column_name(*column)).in_list(cells.iter().map(Cell::to_value)),
            Filter::Null(column) => col(column_name(*column)).is_null(),
        })
    }
}
