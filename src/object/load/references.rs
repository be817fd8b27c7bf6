//! What many owners refer to, by what their rows hold: each key once, and which of them each owner has.
//!
//! A row is memory that nothing has touched for long, and a foreign key is what a load asks of it alone. The index over
//! the foreign key holds the same for every row of the table, side by side and in the order of the keys: where the owners
//! are most of their table, they are told from it, and no row is touched. Debug builds compare both ways, each time.

use rustc_hash::FxHashMap;

use super::batch::By;
use crate::id::{ColumnId, IndexId, RowId};
use crate::object::held::Held;
use crate::object::identity::Identity;
use crate::object::reference::ObjectKey;
use crate::object::session::Core;
use crate::query::TableVersion;
use crate::record::Row;
use crate::schema::{Storage, TableSchema};

/// What owners refer to.
#[derive(Debug, PartialEq)]
pub(super) struct References {
    /// Each key once, in their order, so that a statement by them walks the table one way.
    pub(super) targets: Vec<Identity>,
    pub(super) by_owner: Vec<Target>,
}

/// What one owner refers to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Target {
    /// The key at this position.
    Some(u32),
    /// Nothing: a part of its reference is NULL.
    None,
    /// Its row is to be read again.
    Unknown,
}

/// Entries of an index stand four to a line of the cache, and a row takes two lines or more, so an index of twice as many
/// entries as there are owners is read sooner than the rows.
const ENTRIES: usize = 2;

impl References {
    /// What these owners refer to by some columns.
    pub(super) fn of(core: &Core, by: By, columns: &[ColumnId], owners: &[ObjectKey]) -> Self {
        let by_index = Standing::of(core, columns, owners).and_then(|it| it.by_index(columns.len()));
        debug_assert!(by_index.as_ref().is_none_or(|it| *it == Self::by_rows(core, by, columns, owners)));
        by_index.unwrap_or_else(|| Self::by_rows(core, by, columns, owners))
    }

    fn by_rows(core: &Core, by: By, columns: &[ColumnId], owners: &[ObjectKey]) -> Self {
        let mut references = References { targets: Vec::new(), by_owner: Vec::with_capacity(owners.len()) };
        let References { targets, by_owner } = &mut references;
        let (mut integers, mut others) = (FxHashMap::<i64, u32>::default(), FxHashMap::<Identity, u32>::default());
        let mut add = |identity: &Identity| {
            targets.push(identity.clone());
            targets.len() as u32 - 1
        };
        let mut target = |row: &Row| match Identity::of(&**row, columns) {
            // Most refer to what another refers to.
            Some(Identity::Int(it)) => Target::Some(match integers.get(&it) {
                Some(&at) => at,
                None => *integers.entry(it).or_insert(add(&Identity::Int(it))),
            }),
            Some(other) => Target::Some(*others.entry(other).or_insert_with_key(&mut add)),
            None => Target::None,
        };
        core.graph.each_row(by == By::Stored, owners, |row| by_owner.push(row.map_or(Target::Unknown, &mut target)));
        references.sort();
        references
    }

    /// Puts the keys in their order.
    fn sort(&mut self) {
        let References { targets, by_owner } = self;
        if targets.is_sorted() {
            return;
        }
        let mut order: Vec<u32> = (0..targets.len() as u32).collect();
        order.sort_unstable_by_key(|it| &targets[*it as usize]);
        let mut places = vec![0; order.len()];
        order.iter().zip(0..).for_each(|(from, to)| places[*from as usize] = to);
        *targets = order.iter().map(|it| targets[*it as usize].clone()).collect();
        for target in by_owner {
            if let Target::Some(at) = target {
                *at = places[*at as usize];
            }
        }
    }
}

/// Owners that stand in one version, unchanged, and are most of a table and of the places between the first and the last;
/// and an index of the table that tells what they refer to.
struct Standing<'g> {
    table: TableVersion<'g>,
    index: IndexId,
    places: Vec<RowId>,
    first: u64,
    width: usize,
}

impl<'g> Standing<'g> {
    fn of(core: &'g Core, columns: &[ColumnId], owners: &[ObjectKey]) -> Option<Self> {
        let objects = &core.graph.objects;
        let first = &objects[*owners.first()?];
        let (class, Held::At { version, .. }) = (first.class, first.held()) else { return None };
        let id = core.graph.model.class(class).table_id;
        let table = core.graph.holdings.readings[version as usize].version.table(id);
        if table.count() > ENTRIES * owners.len() {
            return None;
        }
        let index = index_over(core.connection.schema().table(id), columns)?;
        let (mut places, mut first, mut last) = (Vec::with_capacity(owners.len()), u64::MAX, 0);
        for &owner in owners {
            let object = &objects[owner];
            match object.held() {
                Held::At { version: same, place } if (same, object.class) == (version, class) => {
                    (first, last) = (first.min(place.0), last.max(place.0));
                    places.push(place);
                }
                _ => return None,
            }
        }
        let width = usize::try_from(last - first).ok()?.checked_add(1).filter(|it| *it <= ENTRIES * owners.len())?;
        Some(Standing { table, index, places, first, width })
    }

    fn by_index(&self, width: usize) -> Option<References> {
        // By the place of the owner; no owner stands where nothing is known.
        let mut by_place = vec![Target::Unknown; self.width];
        let at = |place: RowId| place.0.wrapping_sub(self.first) as usize;
        for &place in &self.places {
            by_place[at(place)] = Target::None;
        }
        let mut targets: Vec<Identity> = Vec::new();
        // Whether the key was met of an owner already: others may refer to what no owner refers to.
        let (mut key, mut target) = (None, Target::None);
        let is_walked = self.table.each_key(self.index, width, |begun, place| {
            if let Some(parts) = begun {
                (key, target) = (Identity::of_parts(parts), Target::None);
            }
            let Some(owner) = by_place.get_mut(at(place)).filter(|it| **it != Target::Unknown) else { return };
            if let Some(key) = key.take() {
                target = Target::Some(targets.len() as u32);
                targets.push(key);
            }
            *owner = target;
        });
        let by_owner = self.places.iter().map(|place| by_place[at(*place)]).collect();
        is_walked.then_some(References { targets, by_owner })
    }
}

/// An index that holds every row of a table in the order of some columns, whose values are what the columns hold.
fn index_over(table: &TableSchema, columns: &[ColumnId]) -> Option<IndexId> {
    let is_strict = |it: &ColumnId| table.column(*it).storage == Storage::Strict;
    if !columns.iter().all(is_strict) {
        return None;
    }
    let at = table.indexes.iter().position(|it| it.is_plain() && it.columns.starts_with(columns))?;
    Some(IndexId::new(at as u16))
}
