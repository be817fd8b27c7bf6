//! What many owners refer to, by what their rows hold: each key once, and which of them each owner has.
//!
//! A row is memory that nothing has touched for long, and a foreign key is what a load asks of it alone. The index over
//! the foreign key holds the same for every row of the table, side by side and in the order of the keys: where the owners
//! are most of their table, they are told from it, and no row is touched. Debug builds compare both ways, each time.

use std::cell::Cell;

use rustc_hash::FxHashMap;

use super::batch::By;
use crate::id::{ColumnId, IndexId, RowId, TableId};
use crate::object::held::Held;
use crate::object::identity::Identity;
use crate::object::reference::ObjectKey;
use crate::object::session::Core;
use crate::query::TableVersion;
use crate::record::Row;
use crate::schema::{IndexSchema, Schema, Storage};
use crate::value::ValueRef;

/// What owners refer to.
#[derive(Debug, PartialEq)]
pub(super) struct References {
    /// Each key once, in the order in which they come first.
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
        match Standing::of(core, owners) {
            Some(standing) if let Some(index) = standing.index_over(core.connection.schema(), columns) => {
                let references = standing.by_index(index, columns.len());
                debug_assert_eq!(references, Self::by_rows(core, by, columns, owners));
                references
            }
            _ => Self::by_rows(core, by, columns, owners),
        }
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
        references
    }
}

/// Owners that stand in one version, unchanged, and are most of a table and of the places between the first and the last.
struct Standing<'g> {
    table: (TableId, TableVersion<'g>),
    places: Vec<RowId>,
    first: u64,
    width: usize,
}

impl<'g> Standing<'g> {
    fn of(core: &'g Core, owners: &[ObjectKey]) -> Option<Self> {
        let objects = &core.graph.objects;
        let first = &objects[*owners.first()?];
        let (class, Held::At { version, .. }) = (first.class, first.held()) else { return None };
        let id = core.graph.model.class(class).table_id;
        let table = core.graph.holdings.readings[version as usize].version.table(id);
        if table.count() > ENTRIES * owners.len() {
            return None;
        }
        let place = |key: &ObjectKey| match objects[*key].held() {
            Held::At { version: same, place } if same == version && objects[*key].class == class => Some(place),
            _ => None,
        };
        let places: Vec<RowId> = owners.iter().map(place).collect::<Option<_>>()?;
        let (first, last) = places.iter().fold((u64::MAX, 0), |(a, b), it| (a.min(it.0), b.max(it.0)));
        let width = usize::try_from(last - first).ok()?.checked_add(1).filter(|it| *it <= ENTRIES * owners.len())?;
        Some(Standing { table: (id, table), places, first, width })
    }

    /// An index that holds every row of the table in the order of some columns, whose values are what the columns hold.
    fn index_over(&self, schema: &Schema, columns: &[ColumnId]) -> Option<IndexId> {
        let table = schema.table(self.table.0);
        let is_strict = |it: &ColumnId| table.column(*it).storage == Storage::Strict;
        if !columns.iter().all(is_strict) {
            return None;
        }
        let mut indexes = table.indexes.iter().enumerate().map(|(at, it)| (IndexId::new(at as u16), it));
        let holds_all = |(id, index): &(IndexId, &IndexSchema)| {
            index.is_plain() && index.columns.starts_with(columns) && self.table.1.has_entries(*id)
        };
        indexes.find(holds_all).map(|it| it.0)
    }

    fn by_index(&self, index: IndexId, width: usize) -> References {
        // By the place of the owner; no owner stands where nothing is known.
        let mut by_place = vec![Target::Unknown; self.width];
        let at = |place: RowId| place.0.wrapping_sub(self.first) as usize;
        for &place in &self.places {
            by_place[at(place)] = Target::None;
        }
        let cells: Vec<Cell<ValueRef<'g>>> = vec![Cell::new(ValueRef::Null); width];
        let wanted: Vec<(usize, &Cell<ValueRef<'g>>)> = cells.iter().enumerate().collect();
        let mut last: Vec<ValueRef<'g>> = vec![ValueRef::Null; width];
        let (mut target, mut keys) = (Target::None, Vec::new());
        self.table.1.each_entry(index, &wanted, |place| {
            let Some(owner) = by_place.get_mut(at(place)).filter(|it| **it != Target::Unknown) else { return };
            if cells.iter().zip(&last).any(|(cell, last)| cell.get() != *last) {
                last.iter_mut().zip(&cells).for_each(|(last, cell)| *last = cell.get());
                target = match Identity::of_parts(&last) {
                    Some(key) => {
                        keys.push(key);
                        Target::Some(keys.len() as u32 - 1)
                    }
                    None => Target::None,
                };
            }
            *owner = target;
        });
        self.in_order(&by_place, &keys)
    }

    /// Keys that stand in their own order, in that in which the owners come.
    fn in_order(&self, by_place: &[Target], keys: &[Identity]) -> References {
        let mut targets = Vec::with_capacity(keys.len());
        let mut renamed = vec![u32::MAX; keys.len()];
        let by_owner = self.places.iter().map(|place| match by_place[(place.0 - self.first) as usize] {
            Target::Some(key) => {
                let renamed = &mut renamed[key as usize];
                if *renamed == u32::MAX {
                    *renamed = targets.len() as u32;
                    targets.push(keys[key as usize].clone());
                }
                Target::Some(*renamed)
            }
            nothing => nothing,
        });
        let by_owner = by_owner.collect();
        References { targets, by_owner }
    }
}
