//! From names to positions. An unknown name is an error that says which one was probably meant.

mod change;
mod group;
mod leaf;
mod select;
mod source;
mod statement;

use std::sync::Arc;

use super::choose::Ground;
use super::plan::{BoundWindow, Bounded, CommonPlan, Level, Origin};
use crate::error::{Error, Misuse, Result};
use crate::id::{ColumnId, IndexId, TableId};
use crate::schema::{Name, Schema};

use group::GroupScope;
pub(super) use statement::{Bound, bind};

/// What is known while a statement is bound.
struct Binder<'a> {
    schema: &'a Schema,
    /// What is known when ways are chosen.
    ground: Ground<'a>,
    /// The selects from the outermost to the one being bound.
    scopes: Vec<Scope>,
    /// The queries of a WITH that can be named here, the innermost last.
    commons: Vec<Named>,
    /// For each scope, what has been read of it by what is being bound.
    reads: Vec<Reads>,
    /// How many recursive queries there were.
    recursions: usize,
    /// The views around what is being bound.
    viewing: Vec<Name>,
    /// The indexes that are read, but for unique ones.
    indexes: Vec<(TableId, IndexId)>,
}

/// What one select has that expressions may read.
#[derive(Default)]
struct Scope {
    sources: Vec<Columns>,
    /// Sources that only say whether there is a partner, as bits.
    hidden: u64,
    /// The groups, once rows are grouped.
    group: Option<GroupScope>,
    /// Window functions, where they may stand.
    windows: Option<Vec<BoundWindow>>,
    /// What comes out, where an order may read it, column by column.
    outputs: Option<Vec<Bounded>>,
}

/// The columns of a source.
#[derive(Clone)]
enum Columns {
    Table(TableId),
    Named(Arc<[Name]>),
}

/// A query of a WITH.
struct Named {
    name: Name,
    columns: Arc<[Name]>,
    /// How many scopes stood around its definition.
    depth: usize,
    body: Body,
}

enum Body {
    /// It is being bound: the rows it found last are read.
    Working(usize),
    /// What it is, and what it reads of the scopes around it.
    Plan(Arc<CommonPlan>, Vec<Reads>),
}

/// What is read of one scope.
#[derive(Clone, Copy, Default, PartialEq)]
struct Reads {
    /// Its sources, as bits.
    sources: u64,
    /// The rows that a recursive query, a part of which the scope is, found last.
    working: bool,
}

impl<'a> Binder<'a> {
    fn new(ground: Ground<'a>) -> Self {
        Binder {
            schema: ground.schema,
            ground,
            scopes: Vec::new(),
            commons: Vec::new(),
            reads: Vec::new(),
            recursions: 0,
            viewing: Vec::new(),
            indexes: Vec::new(),
        }
    }

    /// The innermost scope.
    fn scope(&mut self) -> &mut Scope {
        if self.scopes.is_empty() {
            self.scopes.push(Scope::default());
        }
        self.scopes.last_mut().expect("one was pushed")
    }

    /// Notes which index a source is read by.
    fn note_access(&mut self, level: &Level) {
        if let (Origin::Table(table), Some(index)) = (&level.origin, level.access.index()) {
            self.note_index(*table, index);
        }
    }

    fn note_index(&mut self, table: TableId, index: IndexId) {
        if !self.schema.table(table).index(index).is_unique() && !self.indexes.contains(&(table, index)) {
            self.indexes.push((table, index));
        }
    }

    /// Binds something and finds out what it reads.
    fn watch<T>(&mut self, bind: impl FnOnce(&mut Self) -> Result<T>) -> Result<(T, Vec<Reads>)> {
        let before = std::mem::take(&mut self.reads);
        let bound = bind(self)?;
        let found = std::mem::replace(&mut self.reads, before);
        self.note(&found);
        Ok((bound, found))
    }

    fn note(&mut self, found: &[Reads]) {
        if self.reads.len() < found.len() {
            self.reads.resize(found.len(), Reads::default());
        }
        for (all, it) in self.reads.iter_mut().zip(found) {
            all.sources |= it.sources;
            all.working |= it.working;
        }
    }

    fn note_at(&mut self, depth: usize, read: Reads) {
        let mut found = vec![Reads::default(); depth + 1];
        found[depth] = read;
        self.note(&found);
    }

    /// A column of a source by name.
    fn column(&self, columns: &Columns, name: &str) -> Result<ColumnId> {
        let names = match columns {
            Columns::Table(table) => return self.schema.table(*table).column_named(name),
            Columns::Named(names) => names,
        };
        let found = names.iter().position(|it| it == name).map(|it| ColumnId(it as u16));
        found.ok_or_else(|| {
            let hint = crate::error::closest(name, names.iter().map(|it| &**it));
            Misuse::UnknownName { what: "column", name: name.to_owned(), hint }.into()
        })
    }

    /// The names of the columns of a source.
    fn names(&self, columns: &Columns) -> Vec<Name> {
        match columns {
            Columns::Table(table) => {
                self.schema.table(*table).columns.iter().map(|it| it.name.clone().into()).collect()
            }
            Columns::Named(names) => names.to_vec(),
        }
    }
}

/// Whether something is read outside of the scope at a depth, so that its outcome may differ each time.
fn reads_around(found: &[Reads], depth: usize) -> bool {
    found.iter().take(depth).any(|it| *it != Reads::default())
}

/// A statement that makes no sense, or cannot be carried out.
fn senseless(reason: impl Into<String>) -> Error {
    Misuse::Statement { reason: reason.into() }.into()
}

/// A statement that can be said and not yet be carried out.
fn unsupported(what: &str) -> Error {
    senseless(format!("{what} cannot be carried out"))
}
