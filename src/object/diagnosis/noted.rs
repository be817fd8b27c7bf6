//! Where the session's reads meet the ledger. While none is kept, each of these is one branch.

use rustc_hash::FxHashSet;

use super::finding::Product;
use super::ledger::{Joined, LoadCause};
use crate::error::Result;
use crate::id::{ClassId, RelationId};
use crate::object::class::Lazy;
use crate::object::load::Node;
use crate::object::model::RelationModel;
use crate::object::reference::ObjectKey;
use crate::object::select::Selection;
use crate::object::session::Core;
use crate::value::Value;

/// A read that is about to begin.
pub(in crate::object) enum Noted<'n> {
    Query { class: ClassId, selection: &'n Selection },
    Key { class: ClassId, key: &'n [Value] },
    Along { class: ClassId, relation: &'n RelationModel, lazy: Lazy },
    Touch { relation: &'n RelationModel, owners: &'n [ObjectKey] },
    Unit { relation: &'n RelationModel, owners: &'n [ObjectKey] },
    Again { object: ObjectKey },
    Autoflush,
}

impl Noted<'_> {
    pub(super) fn cause(&self) -> LoadCause {
        match self {
            Noted::Query { .. } => LoadCause::Query,
            Noted::Key { .. } => LoadCause::Key,
            Noted::Along { lazy, .. } => LoadCause::Along(*lazy),
            Noted::Touch { .. } => LoadCause::Touch,
            Noted::Unit { .. } => LoadCause::Unit,
            Noted::Again { .. } => LoadCause::Again,
            Noted::Autoflush => LoadCause::Autoflush,
        }
    }

    /// Whether the program asked for it, so that a result begins.
    fn is_asked(&self) -> bool {
        matches!(self, Noted::Query { .. } | Noted::Key { .. })
    }
}

impl Core {
    /// Reads, and notes what that took.
    #[inline]
    pub(in crate::object) fn noted<T>(
        &mut self,
        what: Noted<'_>,
        work: impl FnOnce(&mut Core) -> Result<T>,
    ) -> Result<T> {
        if self.ledger.is_some() { self.note(&what, work) } else { work(self) }
    }

    #[cold]
    fn note<T>(&mut self, what: &Noted<'_>, work: impl FnOnce(&mut Core) -> Result<T>) -> Result<T> {
        let caller = self.graph.line;
        if let Some(ledger) = &mut self.ledger {
            ledger.begin(&self.graph, what, caller);
        }
        let before = self.connection.log().totals();
        let outcome = work(self);
        let taken = self.connection.log().totals() - before;
        // A query flushes first, so what it saw is there when it ends.
        let seen = what.is_asked().then(|| self.connection.rehearse().ok()).flatten();
        if let Some(ledger) = &mut self.ledger {
            ledger.end((taken.statements, taken.rows), seen);
        }
        outcome
    }

    /// The relations that come with the rows of a statement, as the ledger knows them; none where there is none.
    #[inline]
    pub(in crate::object) fn note_joins(&mut self, nodes: &[Node]) -> Vec<Option<Joined>> {
        let Some(ledger) = &mut self.ledger else { return Vec::new() };
        let mut joins: Vec<Option<Joined>> = Vec::with_capacity(nodes.len());
        for node in nodes {
            let owners = node.parent.and_then(|it| joins[it]).map(|it| it.brings);
            joins.push(ledger.note_join(&self.graph, owners, self.graph.declared(node.class, node.relation)));
        }
        joins
    }

    /// Does what belongs to a joined relation.
    #[inline]
    pub(in crate::object) fn behind<T>(
        &mut self,
        joined: Option<Joined>,
        work: impl FnOnce(&mut Core) -> Result<T>,
    ) -> Result<T> {
        let (Some(joined), Some(ledger)) = (joined, &mut self.ledger) else { return work(self) };
        ledger.enter(joined);
        let outcome = work(self);
        if let Some(ledger) = &mut self.ledger {
            ledger.leave();
        }
        outcome
    }

    /// Objects have come with the rows of a statement.
    #[inline]
    pub(in crate::object) fn note_came(&mut self, rows: &[Option<ObjectKey>], new: &[ObjectKey]) {
        if let Some(ledger) = &mut self.ledger {
            ledger.came(rows, new);
        }
    }

    /// What a relation of these objects leads to is known now.
    #[inline]
    pub(in crate::object) fn note_filled(&mut self, relation: RelationId, owners: &[ObjectKey]) {
        if let Some(ledger) = &mut self.ledger {
            ledger.fills(relation, owners);
        }
    }

    /// Somebody looks at a relation of an object.
    #[inline]
    pub(in crate::object) fn note_look(&mut self, key: ObjectKey, relation: RelationId) {
        if self.ledger.is_some()
            && self.graph.is_loaded(key, relation)
            && let Some(ledger) = &mut self.ledger
        {
            ledger.looked(key, relation);
        }
    }

    /// The rows of a statement with joined relations, column by column: the first one is that of its own objects.
    pub(in crate::object) fn note_joined_rows(
        &mut self,
        nodes: &[Node],
        joins: &[Option<Joined>],
        columns: &[&[Option<ObjectKey>]],
    ) {
        let Some(ledger) = &mut self.ledger else { return };
        for (joined, column) in joins.iter().zip(&columns[1..]) {
            if let Some(joined) = joined {
                ledger.load_mut(*joined).rows += column.iter().flatten().count() as u64;
            }
        }
        if let Some((product, (paths, at))) = product(nodes, columns) {
            let named = |it: usize| joins[it].map(|it| ledger.path(&self.graph, it.brings, None));
            let paths: Vec<String> = paths.into_iter().filter_map(named).collect();
            let (origin, line) = (joins[at].map(|it| it.brings), ledger.line_now());
            ledger.note_product(Product { paths, line, origin, ..product });
        }
    }
}

/// Whether two collections that are joined beside each other multiply rows. With it, which collections, and which of
/// them would better be read by a statement of its own.
fn product(nodes: &[Node], columns: &[&[Option<ObjectKey>]]) -> Option<(Product, (Vec<usize>, usize))> {
    let many: Vec<usize> = (0..nodes.len()).filter(|&it| nodes[it].is_many()).collect();
    let is_above = |above: usize, below: usize| {
        std::iter::successors(nodes[below].parent, |&it| nodes[it].parent).any(|it| it == above)
    };
    let beside = |a: usize, b: usize| a != b && !is_above(a, b) && !is_above(b, a);
    let siblings: Vec<usize> = many.iter().copied().filter(|&a| many.iter().any(|&b| beside(a, b))).collect();
    if siblings.len() < 2 {
        return None;
    }
    // How many rows a statement would bring that joins no more than what leads to one of them.
    let alone = |node: usize| {
        let way: Vec<usize> = std::iter::successors(Some(node), |&it| nodes[it].parent).collect();
        let row = |at: usize| -> Vec<Option<ObjectKey>> {
            std::iter::once(columns[0][at]).chain(way.iter().map(|&it| columns[it + 1][at])).collect()
        };
        (0..columns[0].len()).map(row).collect::<FxHashSet<_>>().len()
    };
    let needed: Vec<usize> = siblings.iter().map(|&it| alone(it)).collect();
    let (rows, most) = (columns[0].len(), needed.iter().copied().max().unwrap_or_default());
    if rows <= most {
        return None;
    }
    let objects = columns.iter().map(|it| it.iter().flatten().collect::<FxHashSet<_>>().len()).sum();
    let worst = siblings.iter().zip(&needed).max_by_key(|it| it.1).map(|it| *it.0)?;
    let apart = siblings.iter().copied().find(|&it| beside(it, worst))?;
    let product =
        Product { paths: Vec::new(), rows, objects, line: None, option: String::new(), proof: None, origin: None };
    Some((product, (siblings, apart)))
}
