//! Which source is read first, and by which way.
//!
//! Greedy: of the sources that can come next, the one expected to bring the fewest rows does. Expectations come from
//! the row counts of tables, the counted subtrees of indexes and samples of rows. A source whose rows without a partner
//! come out keeps its place, with all the others.

mod condition;
mod cover;
mod equal;
mod indexed;
mod merge;
mod order;
mod sample;
mod way;

use std::cell::{Cell, RefCell};

use rustc_hash::FxHashMap;

use super::plan::{Access, Bounded, Level, Origin};
use super::select::JoinKind;
use crate::id::{ColumnId, IndexId, TableId};
use crate::record::Row;
use crate::schema::Schema;
use crate::store::Image;
use crate::value::Value;

pub(super) use cover::cover;
use order::Matters;
pub(super) use order::{Wanted, index_of_groups, order_of, order_of_extreme, order_of_groups};

/// A source that has no place yet.
pub(super) struct Source {
    pub(super) origin: Origin,
    pub(super) kind: JoinKind,
    pub(super) on: Vec<Candidate>,
    /// The sources before it that it reads itself, as bits.
    pub(super) needs: u64,
}

/// A condition that has no place yet.
pub(super) struct Candidate {
    /// The sources that it reads, as bits.
    pub(super) sources: u64,
    /// Whether it reads anything around the select.
    pub(super) outward: bool,
    pub(super) expr: Bounded,
    /// How many of the rows that it is asked about fulfil it, once somebody has looked.
    fraction: Cell<Option<f64>>,
}

impl Candidate {
    pub(super) fn new(expr: Bounded, sources: u64, outward: bool) -> Self {
        Candidate { sources, outward, expr, fraction: Cell::new(None) }
    }
}

/// How a select is carried out.
pub(super) struct Choice {
    pub(super) levels: Vec<Level>,
    /// Conditions that read no source.
    pub(super) gate: Vec<Bounded>,
    /// Whether rows come in the order that was wanted.
    pub(super) in_order: bool,
}

/// What a statement is planned for.
#[derive(Clone, Copy)]
pub(super) struct Ground<'a> {
    pub(super) schema: &'a Schema,
    /// The sizes of tables and groups are those that it has now.
    pub(super) image: &'a Image,
    /// The values of the parameters; none where they are not known.
    pub(super) values: &'a [Value],
    /// Is set where these have decided between ways.
    pub(super) by_values: &'a Cell<bool>,
}

/// What is known while a select is planned.
struct Chooser<'a> {
    schema: &'a Schema,
    image: &'a Image,
    values: &'a [Value],
    by_values: &'a Cell<bool>,
    /// Whether a way has been weighed by the value of a parameter.
    weighed: Cell<bool>,
    /// Whether there is anything to weigh: with one source, nothing depends on how many rows it brings.
    weighs: bool,
    samples: RefCell<FxHashMap<TableId, Vec<&'a Row>>>,
    different: RefCell<FxHashMap<(TableId, ColumnId), f64>>,
    /// How many rows agree in so many first columns of an index, where that was asked.
    groups: RefCell<FxHashMap<(TableId, IndexId, usize), f64>>,
}

/// A condition that is judged no earlier than at a depth.
struct Waiting {
    floor: usize,
    candidate: Candidate,
}

/// Places every source and condition.
pub(super) fn choose(
    Ground { schema, image, values, by_values }: Ground<'_>,
    sources: Vec<Source>,
    filter: Vec<Candidate>,
    mut keys: Option<Access>,
    wanted: Option<Wanted>,
) -> Choice {
    let (samples, different, groups) = Default::default();
    let (weighs, weighed) = (sources.len() > 1, Cell::new(false));
    let chooser = Chooser { schema, image, values, by_values, weighed, weighs, samples, different, groups };
    // Where rows without a partner come out with NULLs for all before them, everything keeps the order in which it is
    // written, and a condition is judged no earlier than it is written.
    let barrier = |it: &Source| matches!(it.kind, JoinKind::Right | JoinKind::Full);
    let fixed = sources.iter().any(barrier);
    // Such rows come out after all others, so an index of the first source gives no order.
    let wanted = wanted.filter(|it| !fixed && chooser.may_give(&sources[0].origin, it));
    let leads = keys.is_some() || wanted.is_some() || fixed;
    // Conditions of inner joins and of WHERE are one pool: each is judged as soon as its sources are there.
    let mut pool: Vec<Waiting> = Vec::new();
    let mut waiting: Vec<(u8, Source)> = Vec::new();
    let mut floor = 0;
    for (position, mut source) in (0..).zip(sources) {
        if source.kind == JoinKind::Inner {
            pool.extend(source.on.drain(..).map(|candidate| Waiting { floor, candidate }));
        }
        if barrier(&source) {
            floor = usize::from(position);
        }
        waiting.push((position, source));
    }
    pool.extend(filter.into_iter().map(|candidate| Waiting { floor, candidate }));
    if chooser.weighs {
        equal::spread(&mut pool);
    }
    let gate = extract(&mut pool, |it| it.candidate.sources == 0 && it.floor == 0);
    let (mut placed, mut in_order) = (0_u64, false);
    let mut levels = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let depth = levels.len();
        let usable: Vec<&Candidate> = pool.iter().filter(|it| it.floor <= depth).map(|it| &it.candidate).collect();
        let next = if fixed || depth == 0 && leads { 0 } else { chooser.cheapest(&waiting, &usable, placed) };
        let (position, source) = waiting.remove(next);
        let inner = source.kind == JoinKind::Inner;
        let own = if inner { usable } else { source.on.iter().collect() };
        let mut way = match keys.take() {
            Some(access) => way::Way { access, rows: 1.0, used: Vec::new() },
            None => chooser.way(position, &source, &own, placed),
        };
        let used: Vec<*const Candidate> = way.used.iter().map(|it| std::ptr::from_ref(own[*it])).collect();
        let judges = way.used.len() < own.len();
        drop(own);
        let fits = |it: &&Wanted| depth == 0 && !(judges && it.matters != Matters::All);
        if let (Some(wanted), Origin::Table(table)) = (wanted.as_ref().filter(fits), &source.origin) {
            in_order = chooser.bring_into_order(*table, &mut way.access, wanted);
        }
        placed |= 1 << position;
        let Source { origin, kind, on, .. } = source;
        let on = left_open(on, &used);
        // What the way makes sure of is judged already; addresses hold until the pool is changed.
        let sure: Vec<bool> = pool.iter().map(|it| used.contains(&std::ptr::from_ref(&it.candidate))).collect();
        let mut sure = sure.into_iter();
        pool.retain(|_| !sure.next().unwrap_or(false));
        let after = extract(&mut pool, |it| it.floor <= depth && it.candidate.sources & !placed == 0);
        levels.push(Level { source: position, origin, kind, access: way.access, on, after, estimate: way.rows });
    }
    chooser.merge(&mut levels);
    Choice { levels, gate, in_order }
}

/// The conditions of a join that the way to its source does not make sure of. Those that it does are told by their
/// addresses, which hold until they are moved.
fn left_open(on: Vec<Candidate>, sure: &[*const Candidate]) -> Vec<Bounded> {
    let open: Vec<bool> = on.iter().map(|it| !sure.contains(&std::ptr::from_ref(it))).collect();
    on.into_iter().zip(open).filter(|it| it.1).map(|it| it.0.expr).collect()
}

/// Takes conditions out of a pool, in order.
fn extract(pool: &mut Vec<Waiting>, wanted: impl Fn(&Waiting) -> bool) -> Vec<Bounded> {
    let (found, rest): (Vec<_>, Vec<_>) = std::mem::take(pool).into_iter().partition(wanted);
    *pool = rest;
    found.into_iter().map(|it| it.candidate.expr).collect()
}

impl Chooser<'_> {
    /// The source that can come next and is expected to bring the fewest rows.
    fn cheapest(&self, waiting: &[(u8, Source)], pool: &[&Candidate], placed: u64) -> usize {
        let rows = |(position, source): &(u8, Source)| {
            if source.needs & !placed != 0 {
                return None;
            }
            if source.kind == JoinKind::Inner {
                return Some(self.way(*position, source, pool, placed).rows);
            }
            // Rows without a partner are known only when all that a partner has to fit is there.
            let reads = source.on.iter().fold(0, |all, it| all | it.sources) & !(1 << *position);
            if placed == 0 || reads & !placed != 0 {
                return None;
            }
            let own: Vec<&Candidate> = source.on.iter().collect();
            Some(self.way(*position, source, &own, placed).rows)
        };
        let mut best = (f64::INFINITY, 0);
        for (at, source) in waiting.iter().enumerate() {
            if let Some(rows) = rows(source)
                && rows < best.0
            {
                best = (rows, at);
            }
        }
        best.1
    }
}
