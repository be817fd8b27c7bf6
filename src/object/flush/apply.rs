//! Running a flush plan, and putting objects back when a statement is refused (O3).

use rustc_hash::{FxHashMap, FxHashSet};

use super::announce::Told;
use super::follow::{Following, Left};
use super::{Assignment, FlushPlan, When, Work};
use crate::error::{Misuse, Result, RowFact};
use crate::id::{ClassId, ColumnId, RelationId};
use crate::object::columns::Assigned;
use crate::object::extra::Extra;
use crate::object::model::ClassModel;
use crate::object::reference::ObjectKey;
use crate::object::session::{Core, Manner};
use crate::object::state::State;
use crate::query::{DeleteRows, Input, InsertRows};
use crate::record::{Row, edit};
use crate::value::Value;

/// What a failed flush has to put back.
#[derive(Default)]
pub(super) struct Undo {
    /// The step that is carried out.
    pub(super) step: usize,
    /// Single columns of rows that were written to before their insert.
    cells: Vec<(ObjectKey, ColumnId, Value)>,
    /// Objects that were updated, as they were.
    before: Vec<Before>,
    seen: FxHashSet<ObjectKey>,
    /// What was particular about new objects.
    extras: Vec<(ObjectKey, Extra)>,
    /// How many keys the transaction had changed before.
    rekeyed: usize,
}

struct Before {
    key: ObjectKey,
    /// The row and the original; `None` for an object that had no row.
    rows: Option<(Row, Option<Row>)>,
    /// Few objects have any.
    extra: Option<Box<Extra>>,
}

impl Undo {
    /// Room for as many objects more.
    fn make_room(&mut self, objects: usize) {
        self.before.reserve(objects);
        self.seen.reserve(objects);
    }
}

/// What a flush that went through has to settle.
#[derive(Default)]
pub(super) struct Done {
    pub(super) inserted: Vec<ObjectKey>,
    /// Those whose keys their tables gave.
    pub(super) generated: Vec<ObjectKey>,
    pub(super) updated: Vec<ObjectKey>,
    pub(super) deleted: Vec<ObjectKey>,
    /// Those whose rows foreign key actions have changed, and have removed.
    pub(super) followed: Vec<ObjectKey>,
    pub(super) gone: Vec<ObjectKey>,
    /// References that they have set to something else.
    pub(super) left: Vec<Left>,
    /// Relations from which they have led rows elsewhere, or to which they have led them.
    pub(super) to_read: Vec<(ObjectKey, RelationId)>,
}

/// The assignments of each object.
pub(super) type ByObject<'p> = FxHashMap<ObjectKey, Vec<&'p Assignment>>;

impl Core {
    /// Runs the steps in order.
    pub(super) fn apply(&mut self, plan: &FlushPlan, undo: &mut Undo) -> Result<Done> {
        let mut done = Done::default();
        undo.rekeyed = self.frame().rekeyed.len();
        self.acted.clear();
        let mut assigned: ByObject<'_> = FxHashMap::default();
        for it in &plan.assignments {
            assigned.entry(it.object).or_default().push(it);
        }
        let before_keys = self.keys_before(plan);
        let (mut told, mut following) = (Told::default(), Following::default());
        let step_by = if self.graph.manner == Manner::SqlAlchemy { 1 } else { usize::MAX };
        self.tell_those_outside(plan)?;
        for (at, step) in plan.steps.iter().enumerate() {
            undo.step = at;
            self.tell_before(plan, &mut told, step);
            match &step.work {
                Work::Insert { class, objects, later } => {
                    let by = if self.graph.model.class(*class).is_simple() { step_by } else { usize::MAX };
                    for objects in objects.chunks(by) {
                        self.apply_inserts(*class, objects, later, &assigned, undo, &mut done)?;
                    }
                    done.inserted.extend(objects);
                }
                Work::Update { class, columns, objects, when } => {
                    for objects in objects.chunks(step_by) {
                        self.apply_updates(*class, columns, objects, *when, (&assigned, plan), undo)?;
                    }
                    done.updated.extend(objects);
                }
                Work::Exchange { rows } => {
                    let objects: Vec<ObjectKey> = rows.iter().map(|it| it.0).collect();
                    self.apply_exchange(rows, (&assigned, plan), undo)?;
                    done.updated.extend(&objects);
                }
                Work::Delete { class, objects } => {
                    self.read_before_delete(objects)?;
                    self.note_delete(objects)?;
                    for objects in objects.chunks(step_by) {
                        self.apply_deletes(*class, objects)?;
                    }
                    done.deleted.extend(objects);
                }
                Work::Associate { class, relation, pairs } => {
                    for pairs in pairs.chunks(step_by) {
                        self.associate(*class, *relation, pairs)?;
                    }
                }
                Work::Reassociate { class, relation, pairs } => {
                    self.reassociate(*class, *relation, pairs, &before_keys)?;
                }
                Work::Dissociate { class, relation, pairs } => self.dissociate(*class, *relation, pairs)?,
            }
            self.follow((plan, step), &mut following, undo, &mut done)?;
            self.tell_after(&mut told, step);
        }
        for it in plan.assignments.iter().filter(|it| it.when == When::Memory) {
            self.remember_row(it.object, undo);
            self.follow_in_memory(it)?;
        }
        if !self.graph.is_sound() {
            self.tell_rest(plan, &mut told);
            // Who took part is asked for its key, which reads an expired row, too.
            for &key in plan.saved.iter().chain(&plan.listed) {
                self.read_begun(key)?;
            }
        }
        Ok(done)
    }

    /// What was expired is read once more, so that a row that has gone is noticed.
    fn read_before_delete(&mut self, objects: &[ObjectKey]) -> Result<()> {
        for &key in objects {
            if !self.graph.is_sound() && self.graph.objects[key].lacks_row() {
                self.read_row(key)?;
            }
        }
        Ok(())
    }

    /// The same for a row of which nothing is known but what was set.
    pub(super) fn read_begun(&mut self, key: ObjectKey) -> Result<()> {
        let object = &self.graph.objects[key];
        let unread = object.lacks_row() || self.graph.extra(key).is_some_and(|it| it.begun);
        let reads = unread && object.state == State::Persistent && !self.graph.is_sound();
        if reads { self.fresh(key).map(drop) } else { Ok(()) }
    }

    /// Whether an object has what an update is to write. SQLAlchemy refuses to write a value that was taken away.
    fn check_given(&self, key: ObjectKey, columns: &[ColumnId]) -> Result<()> {
        let taken = |extra: &Extra| columns.iter().copied().find(|it| extra.unset.contains(it));
        let counts = !self.graph.is_sound() && self.graph.objects[key].state == State::Persistent;
        match self.graph.extra(key).and_then(taken).filter(|_| counts) {
            Some(column) => {
                let class = self.graph.model.class(self.graph.objects[key].class);
                let column = &class.columns[column.index()];
                let reason = format!("{column} of {} was taken away: there is nothing to write", self.graph.name(key));
                Err(Misuse::Statement { reason }.into())
            }
            None => Ok(()),
        }
    }

    fn apply_inserts(
        &mut self,
        class: ClassId,
        objects: &[ObjectKey],
        later: &[(ObjectKey, Vec<ColumnId>)],
        assigned: &ByObject<'_>,
        undo: &mut Undo,
        done: &mut Done,
    ) -> Result<()> {
        let model = self.graph.model.clone();
        let root = model.class(class);
        let waits: FxHashMap<ObjectKey, &[ColumnId]> = later.iter().map(|it| (it.0, it.1.as_slice())).collect();
        for &key in objects {
            let wait = waits.get(&key).copied().unwrap_or_default();
            self.give_defaults(key, model.class(self.graph.objects[key].class), undo)?;
            for it in assigned.get(&key).into_iter().flatten().filter(|it| it.when == When::Row) {
                if !it.columns.iter().any(|column| wait.contains(column)) {
                    let values = self.values_of(it)?;
                    self.write_cells(key, &it.columns, values, undo)?;
                }
            }
            if !wait.is_empty() {
                self.write_cells(key, wait, vec![Value::Null; wait.len()], undo)?;
            }
            if !self.graph.is_sound() {
                self.default_nulls(key, undo)?;
            }
        }
        if !root.is_simple() || objects.iter().any(|it| self.graph.objects[*it].is_special()) {
            return self.insert_by_parts(objects, undo);
        }
        let declared = root;
        let mut rows: Vec<Row> = Vec::with_capacity(objects.len());
        let key_column = declared.auto.then(|| declared.key[0]);
        for &key in objects {
            let Some(row) = self.graph.own_mut(key).and_then(|it| it.row.take()) else { continue };
            if let Some(column) = key_column.filter(|it| row.get(*it).is_null()) {
                undo.cells.push((key, column, Value::Null));
                done.generated.push(key);
            }
            rows.push(row);
        }
        let prepared = self.prepared(&declared.insert, || InsertRows { table: declared.table.clone() }.into());
        self.graph.holdings.note_change();
        let ran = prepared.and_then(|it| self.connection.run(&it, Input::Rows(&mut rows)));
        for (&key, row) in objects.iter().zip(rows) {
            self.graph.put_row(key, row);
        }
        ran.map(drop)
    }

    /// Lets a new row hold the defaults of what was never given, and its first version.
    fn give_defaults(&mut self, key: ObjectKey, class: &ClassModel, undo: &mut Undo) -> Result<()> {
        if let Some(version) = class.version_column {
            self.write_cells(key, &[version], vec![Value::Int(1)], undo)?;
            self.graph.with_extra(key, |it| it.has(version));
        }
        let mut absent = Vec::new();
        if let Some(extra) = self.graph.extra(key) {
            undo.extras.push((key, extra.clone()));
            absent = [extra.unset.as_slice(), &extra.expired].concat();
        }
        for column in absent {
            if let Some(value) = self.default_of(class, column)? {
                self.write_cells(key, &[column], vec![value], undo)?;
            }
        }
        self.graph.with_extra(key, |it| it.unset.clear());
        Ok(())
    }

    /// Lets NULL in a new row be the column's default, as if it had not been given.
    fn default_nulls(&mut self, key: ObjectKey, undo: &mut Undo) -> Result<()> {
        let model = self.graph.model.clone();
        let class = model.class(self.graph.objects[key].class);
        let columns = (0..class.columns.len()).map(|it| ColumnId::new(it as u16));
        let null = |it: &ColumnId| self.graph.row(key).is_some_and(|row| row.get(*it).is_null());
        let special = |it: &ColumnId| self.graph.extra(key).is_some_and(|extra| extra.lacks(*it));
        for column in columns.filter(|it| null(it) && !special(it)).collect::<Vec<_>>() {
            if let Some(value) = self.default_of(class, column)? {
                self.write_cells(key, &[column], vec![value], undo)?;
            }
        }
        Ok(())
    }

    /// The values that an assignment writes.
    pub(super) fn values_of(&mut self, it: &Assignment) -> Result<Vec<Value>> {
        match &it.from {
            Some((from, columns)) => self.scalars(*from, columns),
            None => Ok(vec![Value::Null; it.columns.len()]),
        }
    }

    /// Writes columns of a row that is not in a table yet.
    pub(super) fn write_cells(
        &mut self,
        key: ObjectKey,
        columns: &[ColumnId],
        values: Vec<Value>,
        undo: &mut Undo,
    ) -> Result<()> {
        self.graph.keep_reads(key);
        for (&column, value) in columns.iter().zip(values) {
            self.graph.with_extra(key, |it| it.has(column));
            let Some(row) = self.graph.own_mut(key).and_then(|it| it.row.as_mut()) else { return Ok(()) };
            let before = row.get(column);
            if before == value.as_ref() {
                continue;
            }
            let before = before.to_value();
            if value.is_null() && edit(row).set(column, Value::Null).is_err() {
                // The Rust type has no NULL; the table refuses the row with a better message than a mismatch.
                continue;
            }
            edit(row).set(column, value)?;
            undo.cells.push((key, column, before));
        }
        Ok(())
    }

    fn apply_updates(
        &mut self,
        class: ClassId,
        columns: &[ColumnId],
        objects: &[ObjectKey],
        when: When,
        (assigned, plan): (&ByObject<'_>, &FlushPlan),
        undo: &mut Undo,
    ) -> Result<()> {
        let model = self.graph.model.clone();
        let declared = model.class(class);
        undo.make_room(objects.len());
        for &key in objects {
            self.take_assigned(key, (columns, when), assigned, undo)?;
            // What is loaded along with an expired row follows the foreign keys that it is to have.
            self.read_begun(key)?;
            self.check_given(key, columns)?;
        }
        self.write_updates(declared, columns, objects, plan)
    }

    /// Lets an object that has a row hold the foreign keys that follow others, as far as they are to be written.
    pub(super) fn take_assigned(
        &mut self,
        key: ObjectKey,
        (columns, when): (&[ColumnId], When),
        assigned: &ByObject<'_>,
        undo: &mut Undo,
    ) -> Result<()> {
        self.remember_row(key, undo);
        let Some(assigned) = assigned.get(&key) else { return Ok(()) };
        let model = self.graph.model.clone();
        let declared = model.class(self.graph.objects[key].class);
        let is_written = |it: &&&Assignment| it.when == when && it.columns.iter().any(|it| columns.contains(it));
        for it in assigned.iter().filter(is_written) {
            let values = self.values_of(it)?;
            for (&column, value) in it.columns.iter().zip(values) {
                self.write_or_refuse(key, declared, column, value)?;
            }
        }
        Ok(())
    }

    /// Remembers an object as it was before the flush wrote to it.
    pub(super) fn remember_row(&mut self, key: ObjectKey, undo: &mut Undo) {
        if !undo.seen.insert(key) {
            return;
        }
        let extra = self.graph.extra(key).cloned().map(Box::new);
        let rows = match self.graph.own_mut(key) {
            Some(own) => own.row.clone().map(|row| (row, own.original.clone())),
            None => None,
        };
        undo.before.push(Before { key, rows, extra });
    }

    /// Sets a column. A field without NULL refuses what the table would refuse, as the same fact.
    fn write_or_refuse(&mut self, key: ObjectKey, class: &ClassModel, column: ColumnId, value: Value) -> Result<()> {
        use crate::error::{Rule, Violation};
        if self.graph.has_column(key, column) && self.graph.row(key).is_some_and(|it| it.get(column) == value.as_ref())
        {
            return Ok(());
        }
        let is_null = value.is_null();
        let Err(error) = self.write_column(key, column, Assigned::Value(value)) else { return Ok(()) };
        if !is_null || !matches!(error.misuse(), Some(Misuse::Mismatch(_))) {
            return Err(error);
        }
        let name = class.columns[column.index()].to_string();
        let table = class.table.to_string();
        let identity = self.graph.identity(key).map(|it| it.to_values()).unwrap_or_default();
        Err(Violation {
            rule: Rule::NotNull,
            constraint: name.clone(),
            row: RowFact { table: table.clone(), key: identity },
            table,
            columns: vec![name],
            values: vec![Value::Null],
            blocking: Vec::new(),
            blocking_count: 0,
            path: Vec::new(),
            advice: "delete the object, cascade the delete to it, or let the reference be optional".to_owned(),
        }
        .into())
    }

    /// Lets an object hold a foreign key that the tables' own action has written.
    pub(super) fn follow_in_memory(&mut self, it: &Assignment) -> Result<()> {
        if self.graph.objects[it.object].lacks_row() {
            return Ok(());
        }
        let values = self.values_of(it)?;
        self.graph.keep_reads(it.object);
        self.graph.with_extra(it.object, |extra| it.columns.iter().for_each(|column| extra.has(*column)));
        for (&column, value) in it.columns.iter().zip(values) {
            if let Some(own) = self.graph.own_mut(it.object) {
                for row in [own.row.as_mut(), own.original.as_mut()].into_iter().flatten() {
                    edit(row).set(column, value.clone())?;
                }
            }
        }
        Ok(())
    }

    fn apply_deletes(&mut self, class: ClassId, objects: &[ObjectKey]) -> Result<()> {
        let model = self.graph.model.clone();
        let declared = model.class(class);
        self.keep_what_goes(objects)?;
        // A new object that a cascade has reached has no row to delete; the other manner takes that for a mistake.
        if let (false, Some(&key)) = (self.graph.is_sound(), objects.iter().find(|it| !self.graph.has_identity(**it))) {
            return Err(Misuse::NullKey { object: self.graph.name(key) }.into());
        }
        if !declared.is_simple() || declared.version_column.is_some() {
            return self.delete_by_parts(objects, declared);
        }
        let keys: Vec<Value> =
            objects.iter().filter_map(|it| self.graph.identity(*it)).flat_map(|it| it.to_values()).collect();
        let statement = || DeleteRows { table: declared.table.clone(), columns: Vec::new() }.into();
        let prepared = self.prepared(&declared.delete, statement)?;
        self.change(&prepared, Input::Keys(&keys)).map(drop)
    }

    /// Reads what expired objects lack that are deleted in the transaction that has inserted them: a rollback makes them
    /// transient, and then there is no row to read it from.
    fn keep_what_goes(&mut self, objects: &[ObjectKey]) -> Result<()> {
        for &key in objects {
            let object = &self.graph.objects[key];
            let lacks = object.lacks_row() || object.is_special();
            if lacks && self.graph.is_sound() && self.frames.iter().any(|it| it.inserted.contains(&key)) {
                self.fresh(key)?;
            }
        }
        Ok(())
    }

    /// Puts objects back as they were before the flush, the last change first.
    pub(super) fn put_back(&mut self, undo: Undo, plan: &FlushPlan) {
        let rekeyed = self.frame().rekeyed.split_off(undo.rekeyed);
        self.undo_keys(&rekeyed);
        // Others may have been known by the keys of those that were to go.
        for &key in plan.deleted.iter().filter(|_| !rekeyed.is_empty()) {
            let root = self.graph.root(self.graph.objects[key].class);
            if let Some(identity) = self.graph.identity(key) {
                self.graph.identities[root.index()].insert(identity, key);
            }
        }
        for before in undo.before.into_iter().rev() {
            let key = before.key;
            match before.rows {
                Some((row, original)) => {
                    if let Some(own) = self.graph.own_mut(key) {
                        (own.row, own.original) = (Some(row), original);
                    }
                }
                None => self.graph.forget_row(key),
            }
            self.graph.forget_extra(key);
            if let Some(extra) = before.extra {
                *self.graph.extra_mut(key) = *extra;
            }
        }
        for (key, column, value) in undo.cells.into_iter().rev() {
            if let Some(row) = self.graph.own_mut(key).and_then(|it| it.row.as_mut()) {
                let put = edit(row).set(column, value);
                debug_assert!(put.is_ok(), "the column held this value before");
            }
        }
        for (key, extra) in undo.extras {
            *self.graph.extra_mut(key) = extra;
        }
    }
}
