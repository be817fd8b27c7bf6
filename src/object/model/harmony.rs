//! What becomes of the targets of an owner that is deleted: through its object, and as a row. The two layers may agree,
//! do the same twice, or differ.

use std::fmt;

use super::{ClassModel, Join, Model, RelationModel};
use crate::id::ColumnId;
use crate::object::class::{Cascade, PassiveDeletes};
use crate::schema::{Action, ReferenceSchema, Schema, TableSchema};

/// What becomes of the targets of an owner that is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fate {
    /// They are deleted.
    Deleted,
    /// Their foreign key becomes NULL.
    SetToNull,
    /// Their foreign key takes its default.
    SetToDefault,
    /// They keep the owner from being deleted.
    Refused,
    /// They are left as they are: no foreign key says anything.
    Left,
}

/// How the two layers stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The session leaves it to the foreign key.
    Agree,
    /// Both do the same, so one of them would be enough.
    Redundant,
    /// Deleting the object and deleting the row have different outcomes.
    Disagree,
}

/// What becomes of the targets of one relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Harmony {
    /// The relation, such as `User.posts`.
    pub relation: String,
    /// Targets that the session has not loaded, when the owner is deleted as an object.
    pub unloaded: Fate,
    /// Targets that it has loaded.
    pub loaded: Fate,
    /// Targets of an owner whose row is deleted.
    pub row: Fate,
    /// How these stand to each other.
    pub verdict: Verdict,
}

impl Model {
    /// What becomes of the targets of each relation whose targets refer to their owner, when that is deleted.
    pub fn harmony(&self, schema: &Schema) -> Vec<Harmony> {
        let all = self.classes.iter().flat_map(|class| class.relations.iter().map(move |it| (class, it)));
        let declared = all.filter(|(class, it)| it.declared_by == class.id && !it.view_only);
        declared.filter_map(|(class, relation)| self.harmony_of(schema, class, relation)).collect()
    }

    pub(super) fn harmony_of(&self, schema: &Schema, class: &ClassModel, relation: &RelationModel) -> Option<Harmony> {
        let Join::Has { columns, .. } = &relation.join else { return None };
        let (table, places) = self.class(relation.target).columns_of(schema, columns)?;
        let reference = reference_over(schema, table, &places);
        let nullable = self.class(relation.target).can_be_null(schema, columns);
        let row = reference.map_or(Fate::Left, |it| by_foreign_key(table, it, nullable));
        let session = match relation.cascade.contains(Cascade::DELETE) {
            true => Fate::Deleted,
            false if nullable => Fate::SetToNull,
            false => Fate::Refused,
        };
        let (unloaded, loaded, verdict) = match relation.passive_deletes {
            PassiveDeletes::All => (row, row, Verdict::Agree),
            PassiveDeletes::On if session == row => (row, row, Verdict::Agree),
            PassiveDeletes::On => (row, session, Verdict::Disagree),
            _ if session == row => (session, session, Verdict::Redundant),
            _ => (session, session, Verdict::Disagree),
        };
        let relation = format!("{}.{}", class.name, relation.name);
        Some(Harmony { relation, unloaded, loaded, row, verdict })
    }
}

/// What the foreign key does with rows that refer to a row that is deleted.
fn by_foreign_key(table: &TableSchema, reference: &ReferenceSchema, nullable: bool) -> Fate {
    let columns = || reference.columns.iter().map(|&it| table.column(it));
    match reference.on_delete {
        Action::Cascade => Fate::Deleted,
        Action::SetNull if nullable => Fate::SetToNull,
        Action::SetDefault if nullable && columns().all(|it| it.default.is_none()) => Fate::SetToNull,
        Action::SetDefault if columns().all(|it| it.default.is_some() || nullable && it.nullable) => Fate::SetToDefault,
        Action::SetNull | Action::SetDefault | Action::Restrict | Action::NoAction => Fate::Refused,
    }
}

/// The foreign key over exactly these columns.
fn reference_over<'a>(schema: &'a Schema, table: &TableSchema, columns: &[ColumnId]) -> Option<&'a ReferenceSchema> {
    let same =
        |it: &&ReferenceSchema| it.columns.len() == columns.len() && it.columns.iter().all(|c| columns.contains(c));
    table.outbound.iter().map(|&it| schema.reference(it)).find(same)
}

impl ClassModel {
    /// The columns that some attributes stand in, with their table; nothing if they stand in several.
    pub(super) fn columns_of<'a>(
        &self,
        schema: &'a Schema,
        attributes: &[ColumnId],
    ) -> Option<(&'a TableSchema, Vec<ColumnId>)> {
        let places: Vec<_> = attributes.iter().filter_map(|&it| self.place_of(it)).collect();
        let table = places.first()?.0;
        let same = places.len() == attributes.len() && places.iter().all(|it| it.0 == table);
        same.then(|| (schema.table(table), places.iter().map(|it| it.1).collect()))
    }
}

impl fmt::Display for Harmony {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Harmony { relation, unloaded, loaded, row, verdict } = self;
        write!(f, "{relation}: {verdict}: the session ")?;
        match unloaded == loaded {
            true => write!(f, "{unloaded}")?,
            false => write!(f, "{loaded} if they are loaded and {unloaded} otherwise")?,
        }
        write!(f, ", the foreign key {row}")
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Agree => "agree",
            Verdict::Redundant => "redundant",
            Verdict::Disagree => "disagree",
        })
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fate::Deleted => "deletes targets",
            Fate::SetToNull => "sets targets to NULL",
            Fate::SetToDefault => "sets targets to their default",
            Fate::Refused => "refuses while there are targets",
            Fate::Left => "leaves targets",
        })
    }
}
