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
        let at = |place: RowId| usize::try_from(place.0.wrapping_sub(self.first)).unwrap_or(usize::MAX);
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Database, Expression as _};

    use crate::object::Selection;
    use crate::object::class::{Class, Relationship};
    use crate::object::select::own_columns;
    use crate::schema::{Column, ForeignKey, Index, Table, column};
    use crate::value::Value;

    /// Books that stand on shelves, which are known by two columns, in rooms, which are known by one.
    fn library(books: &[(Option<i64>, Option<i64>)]) -> crate::Result<Database> {
        let rooms = Table::new("rooms").auto_key("id");
        let shelves = Table::new("shelves").column(Column::text("letter")).column(Column::int("number"));
        let shelves = shelves.primary_key(["letter", "number"]);
        let text = Column::text("letter").nullable();
        let mut table = Table::new("books").auto_key("id").column(text).column(Column::int("number").nullable());
        table = table.column(Column::int("room_id").nullable()).foreign_key(ForeignKey::new(["room_id"], "rooms"));
        table = table.foreign_key(ForeignKey::new(["letter", "number"], "shelves"));
        // Neither tells what every book refers to.
        let lower = Index::on(["room_id"]).filter(column("room_id").lt(2));
        table = table.index(["letter", "id"]).add_index(lower);
        let book = Class::new("Book", table).relation(Relationship::belongs_to("room", "Room"));
        let book = book.relation(Relationship::belongs_to("shelf", "Shelf"));
        let database = Database::with_classes([Class::new("Room", rooms), Class::new("Shelf", shelves), book], [])?;
        let mut session = database.session();
        for number in 0..4_i64 {
            session.untyped().add("Room", &[("id", number.into())])?;
            let letter = ["a", "b"][number as usize % 2];
            session.untyped().add("Shelf", &[("letter", letter.into()), ("number", (number / 2).into())])?;
        }
        for &(shelf, room) in books {
            let letter = shelf.map_or(Value::Null, |it| ["a", "b"][it as usize % 2].into());
            let number = shelf.filter(|it| *it < 4).map_or(Value::Null, |it| (it / 2).into());
            let room = room.map_or(Value::Null, Value::from);
            session.untyped().add("Book", &[("letter", letter), ("number", number), ("room_id", room)])?;
        }
        session.commit()?;
        Ok(database)
    }

    proptest! {
        /// An index tells what the rows tell: of one column and of several, with NULLs in some or all of them, of all rows
        /// and of some, in any order; and of no key that none of the owners has.
        #[test]
        fn an_index_tells_what_the_rows_tell(
            books in prop::collection::vec((prop::option::of(0..6_i64), prop::option::of(0..4_i64), any::<bool>()), 1..24),
            turn in 0..24_usize,
        ) {
            let rows: Vec<_> = books.iter().map(|it| (it.0, it.1)).collect();
            let database = library(&rows).expect("a library");
            let mut session = database.session();
            session.untyped().select("Book", &Selection::new()).expect("the books");
            let model = session.model().clone();
            let core = session.exclusive();
            let mut owners: Vec<ObjectKey> = core.graph.objects.keys().collect();
            let mut wanted = books.iter().map(|it| it.2);
            owners.retain(|_| wanted.next().unwrap_or_default());
            let turn = turn % owners.len().max(1);
            owners.rotate_left(turn);
            for relation in &model.class_named("Book").expect("the class").relations {
                let columns = own_columns(relation);
                let by_index = Standing::of(core, columns, &owners).and_then(|it| it.by_index(columns.len()));
                // A part of a table too small is read row by row, wherever it stands.
                prop_assert_eq!(by_index.is_some(), !owners.is_empty() && books.len() <= ENTRIES * owners.len());
                if let Some(by_index) = by_index {
                    prop_assert_eq!(by_index, References::by_rows(core, By::Now, columns, &owners));
                }
            }
        }
    }
}
