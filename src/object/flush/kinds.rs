//! What objects say of which class they are: rows that say otherwise would be read as other objects, or as none.

use super::collect::Registry;
use crate::error::{Error, Misuse, Result};
use crate::id::ClassId;
use crate::object::compact::Fate;
use crate::object::model::{ClassModel, Discriminator, Model};
use crate::object::reference::ObjectKey;
use crate::object::session::Core;
use crate::object::state::State;
use crate::value::Value;

impl Core {
    /// Refuses to write that an object is of another class than it is, or of none. SQLAlchemy warns of it.
    pub(super) fn check_kinds(&self, registry: &Registry) -> Result<()> {
        for &key in registry.objects.iter().filter(|it| self.graph.objects[**it].fate() == Fate::Save) {
            let class = self.graph.model.class(self.graph.objects[key].class);
            let (Some(Discriminator::Column(on)), Some(own)) = (&class.discriminator, &class.identity_value) else {
                continue;
            };
            let is_new = self.graph.objects[key].state == State::Pending;
            let row = self.graph.row(key).filter(|_| self.graph.has_column(key, *on));
            let Some(said) = row.map(|row| row.get(*on).to_value()) else { continue };
            if said != *own && (is_new || self.graph.changed_columns(key).contains(on)) {
                return Err(self.wrong_kind(key, said));
            }
        }
        Ok(())
    }

    fn wrong_kind(&self, key: ObjectKey, said: Value) -> Error {
        self.graph.model.wrong_kind(self.graph.objects[key].class, self.graph.name(key), said)
    }
}

impl Model {
    /// The class at the top of a hierarchy.
    pub(in crate::object) fn top(&self, class: ClassId) -> ClassId {
        std::iter::successors(Some(class), |it| self.class(*it).base).last().unwrap_or(class)
    }

    /// The error of a discriminator that says of an object, or of rows, what they are not.
    pub(in crate::object) fn wrong_kind(&self, class: ClassId, object: String, said: Value) -> Error {
        let declared = self.class(class);
        let attribute = declared.told_by().map(|it| declared.columns[it.index()].to_string()).unwrap_or_default();
        let all = &self.class(self.top(class)).descendants;
        let kind = |it: &ClassId| self.class(*it).identity_value.clone().map(|value| (value, self.class(*it)));
        let kinds: Vec<(Value, &ClassModel)> = all.iter().filter_map(kind).collect();
        let of = kinds.iter().find(|it| it.0 == said).map(|it| it.1.name.clone());
        let kinds = kinds.into_iter().map(|it| it.0).collect();
        Misuse::WrongKind { object, attribute, value: said, of, kinds }.into()
    }
}
