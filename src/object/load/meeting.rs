//! From the cells of a result to objects, for classes of any kind.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::after::{After, JoinedHere};
use super::branch::{Place, deferred};
use super::missing::Missing;
use super::take::{Met, Reach};
use crate::error::{Misuse, Result};
use crate::expr::{Environment, Scalar};
use crate::id::{ClassId, ColumnId, TableId};
use crate::object::class::Lazy;
use crate::object::identity::Identity;
use crate::object::links::Link;
use crate::object::model::{ClassModel, Model, RelationModel};
use crate::object::reference::ObjectKey;
use crate::object::select::{Entity, Existing};
use crate::object::session::Core;
use crate::object::state::State;
use crate::query::Places;
use crate::record::Row;
use crate::value::Value;

impl ClassModel {
    /// Whether the row of an object is the row of its table, column by column.
    pub(in crate::object) fn is_whole_table(&self, width: usize) -> bool {
        matches!(self.parts.as_slice(), [part] if part.columns.len() == width
            && part.columns.iter().enumerate().all(|(at, it)| it.0.index() == at && it.1.index() == at))
            && self.columns.len() == width
    }
}

/// The cells of one entity in a result.
struct Cells<'e> {
    entity: &'e Entity,
    /// The first of them; one for each table of the entity.
    first: usize,
}

impl Core {
    /// The objects of one entity, row by row.
    pub(super) fn meet(&mut self, entity: &Entity, cell: usize, place: &Arc<Place>, existing: Existing) -> Result<Met> {
        let count = self.found.len();
        let mut met = Met { by_row: Vec::with_capacity(count), new: Vec::new() };
        let class = self.graph.model.class(entity.class);
        let one_table = || {
            class.descendants.len() <= 1
                && class.base.is_none()
                && class.deferred.is_empty()
                && class.raise_deferred.is_empty()
                && class.is_whole_table(self.connection.schema().table(class.table_id).column_ids().count())
        };
        let plain = existing == Existing::Kept
            && place.branch.columns == crate::object::select::Columns::default()
            && (self.is_quiet_class(class.id) || one_table())
            // What was asked of objects that are read again here is looked at object by object.
            && (self.graph.is_sound() || self.notes.is_empty())
            // Rows of no version are handed over, and the objects that lack some columns only would not see them.
            && (self.graph.extras.is_empty() || self.found.version().is_some());
        if plain {
            self.graph.expect(count);
            let Met { by_row, new } = &mut met;
            self.graph.meet_all(entity.class, &mut self.found, cell, new, |met| by_row.push(met));
            if !self.graph.extras.is_empty() {
                self.fill_special(entity.class, cell, &met.by_row);
            }
        } else {
            self.meet_rows(&Cells { entity, first: cell }, place, existing, &mut met)?;
        }
        self.notes.put(&met.new, place);
        self.peers.came(&met.new);
        self.note_came(&met.by_row, &met.new);
        self.graph.tell_loaded(&met.new);
        Ok(met)
    }

    fn meet_rows(&mut self, cells: &Cells<'_>, place: &Arc<Place>, existing: Existing, met: &mut Met) -> Result<()> {
        let mut found = std::mem::take(&mut self.found);
        let mut read = Read::new(place, existing);
        let mut outcome = Ok(());
        for position in 0..found.len() {
            let rows = rows_of(cells, &mut found, position);
            match self.meet_row(cells.entity, &rows, &mut read) {
                Ok(key) => met.by_row.push(key),
                Err(error) => {
                    outcome = Err(error);
                    break;
                }
            }
        }
        self.found = found;
        self.lead_on(&read.replaced);
        met.new = read.new;
        outcome
    }

    /// The object of the rows of one result row.
    fn meet_row(
        &mut self,
        entity: &Entity,
        rows: &[(TableId, Option<Row>)],
        read: &mut Read<'_>,
    ) -> Result<Option<ObjectKey>> {
        let model = self.graph.model.clone();
        let declared = model.class(entity.class);
        let row = |table: TableId| rows.iter().find(|it| it.0 == table).and_then(|it| it.1.as_ref());
        if declared.parts.iter().any(|part| row(part.table_id).is_none()) {
            return Ok(None);
        }
        let class = model.class(model.class_of_row(declared, row)?);
        let Some(identity) = identity(declared, row) else { return Ok(None) };
        let whole = class.is_whole_table(self.connection.schema().table(class.table_id).column_ids().count());
        let deferred = deferred(&model, class.id, &read.place.branch.columns);
        let mut missing = Missing { deferred, absent: Vec::new() };
        let fresh: Row = match class.parts.as_slice() {
            [part] if whole && row(part.table_id).is_some_and(|it| class.holds(it)) => match row(part.table_id) {
                Some(row) => row.clone(),
                None => return Ok(None),
            },
            _ => assemble(&model, class, entity, row, &mut missing.absent)?,
        };
        self.meet_as(class.id, identity, fresh, missing, read).map(Some)
    }

    /// The object of a key, which a row was read for.
    fn meet_as(
        &mut self,
        class: ClassId,
        identity: Identity,
        fresh: Row,
        missing: Missing,
        read: &mut Read<'_>,
    ) -> Result<ObjectKey> {
        let known = self.graph.known(class, &identity);
        let before = known.filter(|it| !self.is_met_as(*it, class));
        if let Some(before) = before {
            self.check_replaceable(before, class, read.existing)?;
        }
        match known.filter(|_| before.is_none()) {
            None => {
                let key = self.graph.meet_new(class, identity, fresh);
                self.graph.set_missing(key, missing);
                if let Some(before) = before {
                    self.give_way(before);
                    read.replaced.insert(before, key);
                }
                read.new.push(key);
                read.seen.insert(key);
                Ok(key)
            }
            Some(key) => {
                let (fresh, missing) = self.as_own(key, class, fresh, missing)?;
                if read.existing == Existing::Overwritten && read.seen.insert(key) {
                    self.overwrite(key, fresh, missing, read.place)?;
                } else if self.graph.objects[key].lacks_row() {
                    self.graph.put_row(key, fresh);
                    self.graph.set_missing(key, missing);
                    self.note_refreshed(key, read.place);
                } else if read.existing == Existing::Kept {
                    self.graph.fill_missing(key, &fresh, &missing);
                }
                Ok(key)
            }
        }
    }

    /// The object of a row that was read as values, in the order of the attributes of its class.
    pub(in crate::object) fn meet_values(
        &mut self,
        class: ClassId,
        key: &[Value],
        values: Vec<Value>,
        read: &mut Read<'_>,
    ) -> Result<ObjectKey> {
        let Some(identity) = Identity::from_values(key) else {
            return Err(Misuse::NoKey { table: self.graph.model.class(class).table.to_string() }.into());
        };
        let deferred = deferred(&self.graph.model, class, &read.place.branch.columns);
        let mut row = self.blank(class);
        for (at, value) in values.into_iter().enumerate() {
            crate::record::edit(&mut row).set(ColumnId::new(at as u16), value)?;
        }
        let missing = Missing { deferred, absent: Vec::new() };
        let met = self.meet_as(class, identity, row, missing, read)?;
        self.lead_on(&std::mem::take(&mut read.replaced));
        read.found.push(met);
        Ok(met)
    }

    /// Loads what is asked for objects that were read as values, and hands them out, and those that are new.
    pub(in crate::object) fn load_read(
        &mut self,
        class: ClassId,
        read: Read<'_>,
        (everywhere, reach): (Option<Lazy>, Reach),
    ) -> Result<(Vec<ObjectKey>, Vec<ObjectKey>)> {
        self.spend_read(read.place, class, [read.found.len(), read.new.len()])?;
        self.notes.put(&read.new, read.place);
        self.peers.came(&read.new);
        self.graph.tell_loaded(&read.new);
        if self.ledger.is_some() {
            let found: Vec<Option<ObjectKey>> = read.found.iter().copied().map(Some).collect();
            self.note_came(&found, &read.new);
        }
        let (place, existing, joined) = (read.place, read.existing, JoinedHere::default());
        self.load_at(&After { place, existing, everywhere, reach, joined }, class, &read.found, &read.new)?;
        Ok((read.found, read.new))
    }
}

/// What was read so far of one column of a result.
pub(in crate::object) struct Read<'p> {
    place: &'p Arc<Place>,
    existing: Existing,
    seen: FxHashSet<ObjectKey>,
    new: Vec<ObjectKey>,
    found: Vec<ObjectKey>,
    /// Objects that have given way, and those that have their rows.
    replaced: FxHashMap<ObjectKey, ObjectKey>,
}

impl<'p> Read<'p> {
    pub(in crate::object) fn new(place: &'p Arc<Place>, existing: Existing) -> Self {
        let (seen, replaced) = (FxHashSet::default(), FxHashMap::default());
        Read { place, existing, seen, new: Vec::new(), found: Vec::new(), replaced }
    }
}

impl Core {
    /// Gives objects that were known before those of their columns that they lack.
    fn fill_special(&mut self, class: ClassId, cell: usize, met: &[Option<ObjectKey>]) {
        let table = self.graph.model.class(class).table_id;
        let Some(version) = self.found.version().cloned() else { return };
        for (position, key) in met.iter().enumerate() {
            if let Some(key) = key.filter(|it| self.graph.objects[*it].is_special())
                && let Some(place) = self.found.at(position, cell)
                && let Some(row) = version.row(table, place)
            {
                self.graph.fill_missing(key, row, &Missing::default());
            }
        }
    }

    /// Lets an object be what a row says. Its relations are not loaded any more, except those that are read object by
    /// object: they are only read where they are not there. What a relation that stays says is no change any more.
    fn overwrite(&mut self, key: ObjectKey, row: Row, missing: Missing, place: &Arc<Place>) -> Result<()> {
        let model = self.graph.model.clone();
        let object = self.object(key)?;
        if object.state != State::Persistent {
            return Ok(());
        }
        let class = object.class;
        let mut kept = Vec::new();
        for relation in &model.class(class).relations {
            let link = self.graph.link(key, relation.id);
            let stays = self.stays_when_overwritten(class, relation, place);
            if stays && !matches!(link, Link::Unloaded) {
                kept.push((relation.id, link.clone()));
            }
        }
        self.graph.expire_one(key);
        self.graph.put_row(key, row);
        self.graph.set_missing(key, missing);
        if self.graph.is_sound() {
            self.graph.objects[key].marked = false;
        }
        for (relation, link) in kept {
            *self.graph.link_mut(key, relation) = link;
        }
        if !self.graph.is_sound() {
            self.settle_links(key);
        }
        self.notes.forget_single(key);
        match place.branch.is_empty() {
            true => self.note_refreshed(key, place),
            false => self.notes.put(&[key], place),
        }
        Ok(())
    }
}

impl Core {
    /// Whether a relation of an object is left as it is when its row is written over: where it is read for each object,
    /// and, as SQLAlchemy has it, where a ring stops the query, or a reference is not to be read.
    fn stays_when_overwritten(&self, class: ClassId, relation: &RelationModel, place: &Arc<Place>) -> bool {
        let model = &self.graph.model;
        let lazy = place.way(model, class, relation, None).lazy;
        if self.graph.is_sound() || lazy == Lazy::Immediate {
            return lazy == Lazy::Immediate;
        }
        let is_forbidden = matches!(lazy, Lazy::Raise | Lazy::RaiseOnSql) && lazy != relation.lazy;
        matches!(place.stopped(model, class, relation, None), Some(Lazy::Selectin | Lazy::Subquery))
            || is_forbidden && !relation.join.is_many()
    }
}

fn rows_of(cells: &Cells<'_>, found: &mut Places, position: usize) -> Vec<(TableId, Option<Row>)> {
    let tables = cells.entity.tables.iter().enumerate();
    tables
        .map(|(at, &(table, _))| {
            let cell = cells.first + at;
            let row = match found.version().cloned() {
                Some(version) => found.at(position, cell).and_then(|place| version.row(table, place).cloned()),
                None => found.take(position, cell),
            };
            (table, row)
        })
        .collect()
}

/// The key that the row of a class says.
fn identity<'r>(declared: &ClassModel, row: impl Fn(TableId) -> Option<&'r Row>) -> Option<Identity> {
    let part = declared.parts.first()?;
    let columns: Option<Vec<ColumnId>> = declared.key.iter().map(|&it| part.column_of(it)).collect();
    Identity::of(&**row(part.table_id)?, &columns?)
}

/// The row of an object whose attributes do not stand as they do in a table. What is not among the rows is added to
/// what is missing.
fn assemble<'r>(
    model: &Model,
    class: &ClassModel,
    entity: &Entity,
    row: impl Fn(TableId) -> Option<&'r Row>,
    missing: &mut Vec<ColumnId>,
) -> Result<Row> {
    let mut values = vec![Value::Null; class.columns.len()];
    let mut given = vec![false; class.columns.len()];
    for part in &class.parts {
        let Some(row) = row(part.table_id) else { continue };
        for &(attribute, column) in &part.columns {
            let by = model.introduces(class.id, attribute);
            if model.is_a(entity.class, by) || entity.covers.iter().any(|&it| model.is_a(it, by)) {
                values[attribute.index()] = row.get(column).to_value();
                given[attribute.index()] = true;
            }
        }
    }
    for computed in &class.computed {
        let Some(at) = computed.column else { continue };
        let mut needs_missing = false;
        computed.expression.leaves(&mut |it: &ColumnId| needs_missing |= !given[it.index()]);
        if !needs_missing {
            values[at.index()] = computed.expression.evaluate(&Attributes(&values))?.into_value();
            given[at.index()] = true;
        }
    }
    let absent = (0..class.columns.len()).filter(|&it| !given[it]).map(|it| ColumnId::new(it as u16));
    missing.extend(absent);
    class.row_of(values, |at| given[at])
}

/// The attributes of an object, for expressions over them.
pub(in crate::object) struct Attributes<'v>(pub(in crate::object) &'v [Value]);

impl Environment<ColumnId> for Attributes<'_> {
    fn leaf<'a>(&'a self, leaf: &'a ColumnId) -> Result<Scalar<'a>> {
        Ok(self.0.get(leaf.index()).map_or(crate::value::ValueRef::Null, Value::as_ref).into())
    }
}
