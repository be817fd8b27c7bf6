//! Indexes as everything else uses them: which key a row has in them, and whether they hold it at all.

use super::Timing;
use crate::error::Result;
use crate::expr::{Environment, Expr, Scalar};
use crate::id::ColumnId;
use crate::record::{Record, project};
use crate::value::{Value, ValueRef};

/// Whether an index also forbids that two rows agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uniqueness {
    /// The primary key.
    Primary,
    /// A unique key.
    Unique,
    /// Rows may agree.
    None,
}

/// One part of the key that a row has in an index.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// What a column holds.
    Column(ColumnId),
    /// What an expression over the table's own columns gives.
    Expression(Expr<ColumnId>),
}

/// An index: the primary key, a unique key, or a plain one.
///
/// A partial index holds only the rows for which its predicate is true, so it can answer only for those.
#[derive(Debug)]
pub struct IndexSchema {
    /// Its name.
    pub name: String,
    /// What its key is made of, in order.
    pub parts: Vec<Part>,
    /// The columns of its parts up to the first expression: all of them where there is none.
    pub columns: Vec<ColumnId>,
    /// Which rows it holds; all where there is none.
    pub predicate: Option<Expr<ColumnId>>,
    /// What it forbids.
    pub uniqueness: Uniqueness,
    /// When it is judged, where it is unique.
    pub timing: Timing,
    /// The columns that its key and its predicate read, each once, in order of position.
    pub reads: Vec<ColumnId>,
}

impl IndexSchema {
    /// An index of these parts that holds every row.
    pub(super) fn new(name: String, parts: Vec<Part>, uniqueness: Uniqueness) -> Self {
        let columns = parts.iter().map_while(|it| if let Part::Column(it) = it { Some(*it) } else { None }).collect();
        let mut index = IndexSchema {
            name,
            parts,
            columns,
            predicate: None,
            uniqueness,
            timing: Timing::default(),
            reads: Vec::new(),
        };
        index.note_reads();
        index
    }

    /// The index with a predicate and a timing.
    pub(super) fn with(mut self, predicate: Option<Expr<ColumnId>>, timing: Timing) -> Self {
        (self.predicate, self.timing) = (predicate, timing);
        self.note_reads();
        self
    }

    fn note_reads(&mut self) {
        let mut reads = self.key_reads();
        if let Some(predicate) = &self.predicate {
            predicate.leaves(&mut |it| reads.push(*it));
        }
        reads.sort_unstable();
        reads.dedup();
        self.reads = reads;
    }

    /// The columns that its parts read, in the order of the parts.
    pub fn key_reads(&self) -> Vec<ColumnId> {
        let mut reads = Vec::new();
        for part in &self.parts {
            match part {
                Part::Column(column) => reads.push(*column),
                Part::Expression(expression) => expression.leaves(&mut |it| reads.push(*it)),
            }
        }
        reads
    }

    /// Whether no two rows may agree.
    pub fn is_unique(&self) -> bool {
        self.uniqueness != Uniqueness::None
    }

    /// Whether no two rows may agree at the end of any statement.
    #[inline]
    pub fn is_judged_at_once(&self) -> bool {
        self.is_unique() && !self.timing.is_deferrable()
    }

    /// Whether its key is columns alone and it holds every row.
    #[inline]
    pub fn is_plain(&self) -> bool {
        self.predicate.is_none() && self.columns.len() == self.parts.len()
    }

    /// Whether it holds a row.
    ///
    /// # Errors
    /// When its predicate cannot be computed for the row.
    #[inline]
    pub fn try_covers(&self, row: &dyn Record) -> Result<bool> {
        match &self.predicate {
            None => Ok(true),
            Some(predicate) => Ok(predicate.holds(&RowCells(row))?.is_true()),
        }
    }

    /// Whether it holds a row that has been judged, so that its predicate can be computed.
    #[inline]
    pub fn covers(&self, row: &dyn Record) -> bool {
        self.predicate.is_none() || self.try_covers(row).unwrap_or(false)
    }

    /// The key that a row has in it.
    ///
    /// # Errors
    /// When an expression cannot be computed for the row.
    pub fn try_key(&self, row: &dyn Record) -> Result<Vec<Value>> {
        if self.columns.len() == self.parts.len() {
            return Ok(project(row, &self.columns));
        }
        self.computed(&RowCells(row))
    }

    fn computed(&self, cells: &impl Environment<ColumnId>) -> Result<Vec<Value>> {
        let part = |part: &Part| match part {
            Part::Column(column) => Ok(cells.leaf(column)?.into_value()),
            Part::Expression(expression) => Ok(expression.evaluate(cells)?.into_value()),
        };
        self.parts.iter().map(part).collect()
    }

    /// The key of a row of which no more is known than what the index reads, in the order of [`reads`](Self::reads). There
    /// is none where the index does not hold such a row, or cannot be computed for it.
    pub fn key_of_reads(&self, values: Vec<Value>) -> Option<Vec<Value>> {
        if self.is_plain() && self.reads == self.columns {
            return Some(values);
        }
        let cells = Read { columns: &self.reads, values: &values };
        let holds = match &self.predicate {
            None => true,
            Some(predicate) => predicate.holds(&cells).ok()?.is_true(),
        };
        if holds { self.computed(&cells).ok() } else { None }
    }

    /// The key of a row that has been judged, so that its expressions can be computed.
    pub fn key(&self, row: &dyn Record) -> Vec<Value> {
        self.try_key(row).unwrap_or_else(|_| vec![Value::Null; self.parts.len()])
    }

    /// Does something with the key of a row, without copying it where it is columns alone.
    #[inline]
    pub fn with_key<T>(&self, row: &dyn Record, then: impl FnOnce(&[ValueRef<'_>]) -> T) -> T {
        if self.columns.len() < self.parts.len() {
            let key = self.key(row);
            return then(&key.iter().map(Value::as_ref).collect::<Vec<_>>());
        }
        match self.columns.as_slice() {
            [only] => then(&[row.get(*only)]),
            many => then(&many.iter().map(|&it| row.get(it)).collect::<Vec<_>>()),
        }
    }
}

/// The columns of one row as what the leaves of an expression stand for.
pub struct RowCells<'a>(pub &'a dyn Record);

impl Environment<ColumnId> for RowCells<'_> {
    #[inline]
    fn leaf<'a>(&'a self, column: &'a ColumnId) -> Result<Scalar<'a>> {
        Ok(self.0.get(*column).into())
    }
}

/// Some columns of a row, and what they hold.
struct Read<'a> {
    columns: &'a [ColumnId],
    values: &'a [Value],
}

impl Environment<ColumnId> for Read<'_> {
    fn leaf<'a>(&'a self, column: &'a ColumnId) -> Result<Scalar<'a>> {
        let place = self.columns.iter().position(|it| it == column);
        Ok(place.map_or(ValueRef::Null, |it| self.values[it].as_ref()).into())
    }
}
