//! What subclasses add to the rows of a base: read along by one more statement for each, where it is asked or declared.

use std::sync::Arc;

use super::branch::Place;
use super::missing::Missing;
use crate::error::Result;
use crate::expr::Expr;
use crate::id::{ClassId, ColumnId};
use crate::object::class::SubclassLoad;
use crate::object::identity::Identity;
use crate::object::model::ClassPart;
use crate::object::reference::ObjectKey;
use crate::object::select::{Ground, Sources, all_equal};
use crate::object::session::Core;
use crate::query::{Input, JoinKind, Leaf, Output, Prepared};
use crate::record::Row;
use crate::schema::Name;
use crate::value::Value;

impl Core {
    /// Reads what objects of a class lack of what their subclasses add.
    pub(super) fn load_subclasses(&mut self, place: &Arc<Place>, class: ClassId, objects: &[ObjectKey]) -> Result<()> {
        let model = self.graph.model.clone();
        let declared = model.class(class);
        if declared.descendants.len() <= 1 || objects.is_empty() {
            return Ok(());
        }
        let asked =
            |it: &ClassId| place.branch.subclasses.contains(it) || model.class(*it).load == SubclassLoad::Selectin;
        let below: Vec<ClassId> = declared.descendants.iter().copied().filter(|it| *it != class && asked(it)).collect();
        for subclass in below {
            // With what the classes in between add, unless these are asked for themselves.
            let mut from = model.class(subclass).base.unwrap_or(class);
            while from != class && !asked(&from) {
                from = model.class(from).base.unwrap_or(class);
            }
            self.read_added(subclass, from, objects)?;
        }
        Ok(())
    }

    /// Reads what objects of a class lack of some attributes that subclasses add: what is loaded by these cannot be loaded
    /// without them.
    pub(super) fn read_lacking(&mut self, class: ClassId, columns: &[ColumnId], objects: &[ObjectKey]) -> Result<()> {
        if self.graph.extras.is_empty() {
            return Ok(());
        }
        let model = self.graph.model.clone();
        for &column in columns {
            let by = model.introduces(class, column);
            if let Some(base) = model.class(by).base {
                let lacks = |it: &ObjectKey| self.graph.extra(*it).is_some_and(|it| it.expired.contains(&column));
                let lacking: Vec<ObjectKey> = objects.iter().copied().filter(lacks).collect();
                self.read_added(by, base, &lacking)?;
            }
        }
        Ok(())
    }

    /// The attributes that a class and its bases add to those of one of these.
    fn added(&self, class: ClassId, from: ClassId) -> Vec<ColumnId> {
        let model = &self.graph.model;
        let declared = model.class(class);
        let all = (model.class(from).columns.len()..declared.columns.len()).map(|it| ColumnId::new(it as u16));
        all.filter(|it| !declared.is_lazy(*it)).collect()
    }

    /// Reads what those of some objects lack that are of a class, by its tables beside those of one of its bases.
    fn read_added(&mut self, class: ClassId, from: ClassId, objects: &[ObjectKey]) -> Result<()> {
        let (model, added) = (self.graph.model.clone(), self.added(class, from));
        let lacks = |it: &ObjectKey| {
            self.graph.is_a(*it, class)
                && self.graph.extra(*it).is_some_and(|extra| added.iter().any(|it| extra.expired.contains(it)))
        };
        let lacking: Vec<ObjectKey> = objects.iter().copied().filter(lacks).collect();
        let adds = |it: &&ClassPart| it.columns.iter().any(|it| added.contains(&it.0));
        let parts: Vec<&ClassPart> = model.class(class).parts.iter().filter(adds).collect();
        let (Some(first), false) = (parts.first(), lacking.is_empty()) else { return Ok(()) };
        let key: Vec<ColumnId> = model.class(class).key.iter().filter_map(|it| first.column_of(*it)).collect();
        let prepared = self.prepare_added(class, &parts)?;
        for batch in lacking.chunks(super::BATCH) {
            let identities: Vec<Option<Identity>> = batch.iter().map(|it| self.graph.identity(*it)).collect();
            let keys: Vec<Value> = identities.iter().flatten().flat_map(Identity::to_values).collect();
            let rows = self.connection.run(&prepared, Input::Keys(&keys))?.rows;
            for position in 0..rows.len() {
                let read: Vec<Option<Row>> = rows.rows_at(position).to_vec();
                let known = read.first().and_then(Option::as_ref).and_then(|row| Identity::of(&**row, &key));
                let Some(known) = known.and_then(|it| self.graph.known_as(class, &it)?) else { continue };
                self.fill_added(known, &added, parts.iter().copied().zip(&read));
            }
        }
        Ok(())
    }

    fn fill_added<'r>(
        &mut self,
        key: ObjectKey,
        added: &[ColumnId],
        read: impl Iterator<Item = (&'r ClassPart, &'r Option<Row>)>,
    ) {
        let mut values = vec![Value::Null; self.graph.model.class(self.graph.objects[key].class).columns.len()];
        for (part, row) in read {
            let Some(row) = row else { continue };
            for &(attribute, column) in part.columns.iter().filter(|it| added.contains(&it.0)) {
                values[attribute.index()] = row.get(column).to_value();
            }
        }
        let absent = (0..values.len()).map(|it| ColumnId::new(it as u16)).filter(|it| !added.contains(it));
        let missing = Missing { deferred: Vec::new(), absent: absent.collect() };
        self.graph.fill_missing(key, &crate::record::Tuple::new(values).into_row(), &missing);
    }

    /// The query for the rows of some tables of a class, by keys.
    fn prepare_added(&mut self, class: ClassId, parts: &[&ClassPart]) -> Result<Prepared> {
        let model = self.graph.model.clone();
        let schema = self.connection.schema().clone();
        let ground = Ground { model: &model, schema: &schema };
        let names = |part: &ClassPart| part.names(ground, &model.class(class).key).unwrap_or_default();
        let column = |source: u8| move |name: Name| Expr::Leaf(Leaf::Column { up: 0, source, name });
        let mut sources = Sources::over(parts[0].table.clone(), 0);
        sources.select.keys = names(parts[0]);
        sources.select.outputs = (0..parts.len()).map(|it| Output::Row(it as u8)).collect();
        for part in &parts[1..] {
            let source = sources.count();
            let first = names(parts[0]).into_iter().map(column(0)).collect();
            let on = all_equal(names(part).into_iter().map(column(source)).collect(), first);
            sources.join_table(part.table.clone(), JoinKind::Inner, on);
        }
        self.connection.prepare(sources.select.into())
    }
}
