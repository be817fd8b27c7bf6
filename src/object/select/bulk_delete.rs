//! Deletes of many rows by a condition: those of whole objects. An object of joined tables has a row in each of them, and
//! one that loses a part only would say that it is of a class whose columns it has not.

use rustc_hash::FxHashSet;

use super::bulk::{Ran, Reached, conditions, key_of, others};
use super::cast::named;
use super::entity::Ground;
use super::{Selection, Subclasses, Synchronize, Term};
use crate::error::Result;
use crate::expr::Expr;
use crate::id::{ClassId, TableId};
use crate::object::compact::Object;
use crate::object::identity::Identity;
use crate::object::model::{ClassModel, ClassPart};
use crate::object::session::Core;
use crate::object::state::State;
use crate::query::{Control, Delete, DeleteRows, Input, Tell};
use crate::schema::{Action, Schema};
use crate::value::Value;

impl Core {
    /// Deletes the rows of a class that fulfil a condition. In the manner of SQLAlchemy that is those of its own table.
    pub(in crate::object) fn delete_where(
        &mut self,
        class: ClassId,
        filter: Option<&Expr<Term>>,
        synchronize: Synchronize,
    ) -> Result<u64> {
        self.before_query()?;
        self.know_compared(filter.into_iter())?;
        let model = self.graph.model.clone();
        let schema = self.connection.schema().clone();
        let declared = model.class(class);
        let (first, last) = (&declared.parts[0], &declared.parts[declared.parts.len() - 1]);
        if !self.graph.is_sound() {
            return self.delete_rows_where(class, last, filter, synchronize);
        }
        let objects: Vec<&ClassModel> = declared.descendants.iter().map(|it| model.class(*it)).collect();
        if objects.iter().all(|it| follows_base(&schema, it)) {
            return self.delete_rows_where(class, first, filter, synchronize);
        }
        self.delete_parts_where(class, &objects, filter, synchronize)
    }

    /// By one statement on one of the tables. Foreign keys take the rows of the others.
    fn delete_rows_where(
        &mut self,
        class: ClassId,
        part: &ClassPart,
        filter: Option<&Expr<Term>>,
        synchronize: Synchronize,
    ) -> Result<u64> {
        let model = self.graph.model.clone();
        let schema = self.connection.schema().clone();
        let ground = Ground { model: &model, schema: &schema };
        let asks = synchronize == Synchronize::Auto && self.graph.is_sound() && self.has_expired(class);
        let mut reached =
            self.reached((&model, class, part), filter, if asks { Synchronize::Fetch } else { synchronize })?;
        let (scope, entity) = self.scope_of(ground, class, part);
        let mut delete = Delete::from(part.table.clone());
        for (table, on) in others(ground, class, part, &entity)? {
            delete = delete.join(table, on);
        }
        for condition in conditions(ground, &scope, &entity, filter)? {
            delete = delete.filter(condition);
        }
        if matches!(reached, Reached::Returned) {
            delete.returning = key_of(ground, &entity)?;
        }
        let Ran { count, returned, acted } = self.run_bulk(delete.into(), synchronize, Tell::Actions)?;
        if let Reached::Known { unread, .. } = &mut reached {
            // Whether their rows are still there is found out when they are looked at.
            unread.drain(..).for_each(|it| self.graph.forget_all_of(it));
        }
        for key in self.resolve_reached(class, reached, returned) {
            self.settle_deleted(key);
        }
        self.follow_many(acted)?;
        Ok(count)
    }

    /// Whether an object of a class has a row of which nothing is known: the condition cannot be evaluated on it, and it may
    /// go.
    fn has_expired(&self, class: ClassId) -> bool {
        let is_expired = |it: &Object| it.state == State::Persistent && it.lacks_row();
        self.graph.objects.values().any(|it| is_expired(it) && self.graph.model.is_a(it.class, class))
    }

    /// By the keys of the objects that fulfil the condition, table by table: of subclasses before those of their bases. All
    /// of it happens or nothing.
    fn delete_parts_where(
        &mut self,
        class: ClassId,
        objects: &[&ClassModel],
        filter: Option<&Expr<Term>>,
        synchronize: Synchronize,
    ) -> Result<u64> {
        let model = self.graph.model.clone();
        let schema = self.connection.schema().clone();
        let below = named(Ground { model: &model, schema: &schema }, class, filter);
        let subclasses = if below.is_empty() { Subclasses::AsDeclared } else { Subclasses::These(below) };
        let selection = Selection { filter: filter.cloned(), subclasses, ..Selection::default() };
        let keys = self.select_values(class, &selection, &[])?;
        let flat: Vec<Value> = keys.iter().flatten().cloned().collect();
        let mut parts: Vec<(usize, &ClassModel, &ClassPart)> = Vec::new();
        let mut seen: FxHashSet<TableId> = FxHashSet::default();
        for of in objects {
            let new = of.parts.iter().enumerate().filter(|it| seen.insert(it.1.table_id));
            parts.extend(new.map(|(depth, part)| (depth, *of, part)));
        }
        parts.sort_by_key(|it| std::cmp::Reverse(it.0));
        self.connection.control(Control::Savepoint)?;
        let mut acted = Vec::new();
        let deleted = parts.into_iter().try_for_each(|(_, of, part)| {
            let statement = DeleteRows { table: part.table.clone(), columns: self.part_key(of, part)? };
            let prepared = self.connection.prepare(statement.into())?;
            self.graph.holdings.note_change();
            self.connection.run_and_tell(&prepared, Input::Keys(&flat), (Tell::Actions, &mut acted)).map(drop)
        });
        self.connection.control(if deleted.is_ok() { Control::Release } else { Control::RollbackTo })?;
        deleted?;
        if synchronize != Synchronize::Not {
            for identity in keys.iter().filter_map(|it| Identity::from_values(it)) {
                if let Some(Some(key)) = self.graph.known_as(class, &identity) {
                    self.settle_deleted(key);
                }
            }
            self.follow_many(acted)?;
        }
        Ok(keys.len() as u64)
    }
}

/// Whether the rows of an object beside that of its base go with it.
fn follows_base(schema: &Schema, class: &ClassModel) -> bool {
    class.parts.iter().skip(1).all(|part| {
        let references = schema.table(part.table_id).outbound.iter().map(|&it| schema.reference(it));
        let mut joins = references.filter(|it| class.joins_parts(part, it));
        joins.any(|it| it.on_delete == Action::Cascade)
    })
}
