//! What subclasses add to the rows of a base: read along by one more statement for each, where it is asked or declared.

use std::sync::Arc;

use super::branch::Place;
use super::missing::Missing;
use crate::error::Result;
use crate::id::{ClassId, ColumnId};
use crate::object::class::SubclassLoad;
use crate::object::identity::Identity;
use crate::object::reference::ObjectKey;
use crate::object::select::{Ground, Sources};
use crate::object::session::Core;
use crate::query::{Input, Output, Prepared};
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
            let added = self.added(subclass);
            let lacks = |it: &ObjectKey| {
                model.is_a(self.graph.objects[*it].class, subclass)
                    && self.graph.extra(*it).is_some_and(|extra| added.iter().any(|it| extra.expired.contains(it)))
            };
            let lacking: Vec<ObjectKey> = objects.iter().copied().filter(lacks).collect();
            self.read_added(subclass, &added, &lacking)?;
        }
        Ok(())
    }

    /// The attributes that a class adds to those of its base.
    fn added(&self, class: ClassId) -> Vec<ColumnId> {
        let model = &self.graph.model;
        let declared = model.class(class);
        let from = declared.base.map_or(0, |it| model.class(it).columns.len());
        let all = (from..declared.columns.len()).map(|it| ColumnId::new(it as u16));
        all.filter(|it| !declared.is_lazy(*it)).collect()
    }

    fn read_added(&mut self, class: ClassId, added: &[ColumnId], objects: &[ObjectKey]) -> Result<()> {
        if objects.is_empty() {
            return Ok(());
        }
        let prepared = self.prepare_added(class)?;
        for batch in objects.chunks(super::BATCH) {
            let identities: Vec<Option<Identity>> = batch.iter().map(|it| self.graph.identity(*it)).collect();
            let keys: Vec<Value> = identities.iter().flatten().flat_map(Identity::to_values).collect();
            let rows = self.connection.run(&prepared, Input::Keys(&keys))?.rows;
            let model = self.graph.model.clone();
            let part = model.class(class).parts.last();
            let Some(part) = part else { continue };
            for position in 0..rows.len() {
                let Some(row) = rows.rows_at(position).first().and_then(Option::as_ref) else { continue };
                let key: Vec<ColumnId> = part.key.iter().map(|it| it.1).collect();
                let known = Identity::of(&**row, &key).and_then(|it| self.graph.known_as(class, &it)?);
                let Some(known) = known else { continue };
                let own = self.graph.objects[known].class;
                let mut values = vec![Value::Null; model.class(own).columns.len()];
                for &(attribute, column) in part.columns.iter().filter(|it| added.contains(&it.0)) {
                    values[attribute.index()] = row.get(column).to_value();
                }
                let absent = (0..values.len()).map(|it| ColumnId::new(it as u16)).filter(|it| !added.contains(it));
                let missing = Missing { deferred: Vec::new(), absent: absent.collect() };
                self.graph.fill_missing(known, &crate::record::Tuple::new(values).into_row(), &missing);
            }
        }
        Ok(())
    }

    /// The query for the rows of the last table of a class, by keys.
    fn prepare_added(&mut self, class: ClassId) -> Result<Prepared> {
        let model = self.graph.model.clone();
        let schema = self.connection.schema().clone();
        let ground = Ground { model: &model, schema: &schema };
        let declared = model.class(class);
        let part = &declared.parts[declared.parts.len() - 1];
        let mut sources = Sources::over(part.table.clone(), 0);
        sources.select.keys = part.names(ground, &declared.key).unwrap_or_default();
        sources.select.outputs = vec![Output::Row(0)];
        self.connection.prepare(sources.select.into())
    }
}
