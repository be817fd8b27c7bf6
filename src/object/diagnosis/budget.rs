//! Budgets: how much a load may bring.

use std::fmt;

use super::finding::OverBudget;
use super::ledger::At;
use crate::error::{Misuse, Result};
use crate::id::ClassId;
use crate::object::load::{Place, Reading};
use crate::object::session::{Core, meanwhile};
use crate::value::ValueRef;

/// The most that one load may bring: a query with everything that is loaded along, or a relation that is touched. What
/// would bring more is refused, by an error that names the path that has grown ([`Misuse::OverBudget`]); or it goes on,
/// and the ledger notes it. Rows and bytes are counted before objects are made of a statement's rows, objects after it.
/// A query that is walked in chunks has its budget for each of them.
///
/// What was read before it was refused stays in the session, and each relation of each object is loaded whole or not at
/// all.
///
/// ```
/// use diptych::diagnosis::Budget;
/// use diptych::error::Misuse;
/// use diptych::prelude::*;
///
/// #[derive(Entity, Clone, Debug)]
/// struct Note { #[key(auto)] id: Id<Note>, text: String }
///
/// let mut session = Database::of::<(Note,)>()?.session();
/// for _ in 0..20 { session.add(Note { id: Id::auto(), text: "milk".into() }); }
/// session.commit()?;
///
/// let few = Note::select().budget(Budget::rows(10));
/// let refused = session.all(few.clone()).unwrap_err();
/// assert!(matches!(refused.misuse(), Some(Misuse::OverBudget { path, limit: 10, reached: 20, .. }) if path == "Note"));
/// assert_eq!(session.all(few.limit(10))?.len(), 10);
/// # Ok::<(), diptych::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Budget {
    /// The most rows, of all statements of the load together.
    pub rows: Option<u64>,
    /// The most objects that the session did not hold before.
    pub objects: Option<u64>,
    /// The most bytes that the values of the rows take: eight for each, and what texts and bytes hold.
    pub bytes: Option<u64>,
    /// What happens to a load that would bring more.
    pub excess: Excess,
}

/// What happens to a load that would bring more than its budget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Excess {
    /// It is refused.
    #[default]
    Refused,
    /// It goes on; a session that keeps its ledger reports it, once for each load.
    Reported,
}

/// What a budget counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Counted {
    /// Rows.
    Rows,
    /// Objects.
    Objects,
    /// Bytes of rows.
    Bytes,
}

impl Budget {
    /// At most so many rows.
    pub fn rows(limit: u64) -> Self {
        Budget { rows: Some(limit), ..Budget::default() }
    }

    /// At most so many objects that the session did not hold before.
    pub fn objects(limit: u64) -> Self {
        Budget { objects: Some(limit), ..Budget::default() }
    }

    /// At most so many bytes.
    pub fn bytes(limit: u64) -> Self {
        Budget { bytes: Some(limit), ..Budget::default() }
    }

    /// At most so many objects as well.
    pub fn and_objects(self, limit: u64) -> Self {
        Budget { objects: Some(limit), ..self }
    }

    /// At most so many bytes as well.
    pub fn and_bytes(self, limit: u64) -> Self {
        Budget { bytes: Some(limit), ..self }
    }

    /// What would bring more goes on, and is reported.
    pub fn reported(self) -> Self {
        Budget { excess: Excess::Reported, ..self }
    }
}

impl Counted {
    fn name(self) -> &'static str {
        match self {
            Counted::Rows => "rows",
            Counted::Objects => "objects",
            Counted::Bytes => "bytes",
        }
    }
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What the load that is under way has brought so far.
pub(in crate::object) struct Spending {
    budget: Budget,
    rows: u64,
    objects: u64,
    bytes: u64,
    /// What each path has brought, counted as the budget that it may break.
    paths: Vec<(String, [u64; 3])>,
    is_reported: bool,
}

impl Core {
    /// Does a load within its budget: its own, that of the load of which it is a part, or the session's.
    #[inline]
    pub(in crate::object) fn budgeted<T>(
        &mut self,
        own: Option<Budget>,
        work: impl FnOnce(&mut Core) -> Result<T>,
    ) -> Result<T> {
        match own.or(self.budget) {
            Some(budget) if own.is_some() || self.spending.is_none() => self.spend_on(budget, work),
            _ => work(self),
        }
    }

    #[cold]
    fn spend_on<T>(&mut self, budget: Budget, work: impl FnOnce(&mut Core) -> Result<T>) -> Result<T> {
        let fresh = Spending { budget, rows: 0, objects: 0, bytes: 0, paths: Vec::new(), is_reported: false };
        meanwhile(self, |core| &mut core.spending, Some(Box::new(fresh)), work)
    }

    /// Counts the rows that were just found, before objects are made of them.
    #[inline]
    pub(in crate::object) fn spend_rows(&mut self, reading: &Reading<'_>) -> Result<()> {
        if self.spending.is_some() { self.count_rows(reading) } else { Ok(()) }
    }

    #[cold]
    fn count_rows(&mut self, reading: &Reading<'_>) -> Result<()> {
        let path = reading.path(&self.graph.model);
        let counts_bytes = self.spending.as_ref().is_some_and(|it| it.budget.bytes.is_some());
        let bytes = if counts_bytes { self.found_bytes(reading) } else { 0 };
        self.spend(path, [self.found.len() as u64, 0, bytes])
    }

    /// Counts objects that were just made.
    #[inline]
    pub(in crate::object) fn spend_objects(&mut self, reading: &Reading<'_>, new: usize) -> Result<()> {
        if self.spending.is_none() {
            return Ok(());
        }
        let path = reading.path(&self.graph.model);
        self.spend(path, [0, new as u64, 0])
    }

    /// Counts objects that were made of values, and their rows.
    pub(in crate::object) fn spend_read(&mut self, place: &Place, class: ClassId, brought: [usize; 2]) -> Result<()> {
        if self.spending.is_none() {
            return Ok(());
        }
        let [rows, new] = brought.map(|it| it as u64);
        self.spend(place.name(&self.graph.model, class), [rows, new, 0])
    }

    fn spend(&mut self, path: String, brought: [u64; 3]) -> Result<()> {
        let Some(spending) = &mut self.spending else { return Ok(()) };
        match spending.paths.iter_mut().find(|it| it.0 == path) {
            Some(known) => known.1.iter_mut().zip(brought).for_each(|(sum, more)| *sum += more),
            None => spending.paths.push((path, brought)),
        }
        spending.rows += brought[0];
        spending.objects += brought[1];
        spending.bytes += brought[2];
        let Some((counted, limit, reached)) = spending.exceeded() else { return Ok(()) };
        let of = |it: &[u64; 3]| it[counted as usize];
        let grown = spending.paths.iter().max_by_key(|it| of(&it.1)).map(|it| (it.0.clone(), of(&it.1)));
        let (path, by_path) = grown.unwrap_or_default();
        if spending.budget.excess == Excess::Refused {
            return Err(Misuse::OverBudget { path, by_path, counted: counted.name(), limit, reached }.into());
        }
        let first = !std::mem::replace(&mut spending.is_reported, true);
        if let Some(ledger) = self.ledger.as_mut().filter(|_| first) {
            let line = ledger.line_now();
            let reads = ledger.entries.len();
            ledger.over.push((reads, OverBudget { path, by_path, counted, limit, reached, line }));
        }
        Ok(())
    }

    /// How many bytes the values of the rows take that were just found.
    fn found_bytes(&self, reading: &Reading<'_>) -> u64 {
        let Some(version) = self.found.version() else { return 0 };
        let mut bytes = 0;
        for (entity, first) in reading.entities() {
            for (at, &(table, _)) in entity.tables.iter().enumerate() {
                for place in self.found.column(first + at).flatten() {
                    let Some(row) = version.row(table, place) else { continue };
                    bytes += crate::record::values(&**row).iter().map(|it| size(it.as_ref())).sum::<u64>();
                }
            }
        }
        bytes
    }
}

fn size(value: ValueRef<'_>) -> u64 {
    8 + match value {
        ValueRef::Text(it) => it.len() as u64,
        ValueRef::Bytes(it) => it.len() as u64,
        _ => 0,
    }
}

impl Spending {
    /// The first limit that is exceeded: what is counted, the limit, and how much there is.
    fn exceeded(&self) -> Option<(Counted, u64, u64)> {
        let all = [
            (Counted::Rows, self.budget.rows, self.rows),
            (Counted::Objects, self.budget.objects, self.objects),
            (Counted::Bytes, self.budget.bytes, self.bytes),
        ];
        all.into_iter().find_map(|(counted, limit, reached)| {
            limit.filter(|it| reached > *it).map(|limit| (counted, limit, reached))
        })
    }
}

impl fmt::Display for OverBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let OverBudget { path, by_path, counted, limit, reached, line } = self;
        write!(f, "{reached} {counted} where the budget is {limit}; {path} brought {by_path}  at {}", At(*line))
    }
}
