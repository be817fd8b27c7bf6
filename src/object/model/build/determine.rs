//! Which columns join two classes, found by the foreign keys of their tables.

use std::collections::BTreeMap;

use crate::error::{Fault, Mistake};
use crate::id::{ColumnId, ReferenceId, TableId};
use crate::object::model::{ClassModel, ClassPart};
use crate::schema::Schema;

/// A column of a table.
pub(super) type Place = (TableId, ColumnId);

/// The columns that two tables are joined by: each that is referred to, and the one that refers to it.
pub(super) type Pairs = Vec<(Place, Place)>;

/// The tables of a class, and which of them is its own.
#[derive(Clone, Debug)]
pub(super) struct Side {
    pub(super) tables: Vec<TableId>,
    pub(super) own: TableId,
}

impl Side {
    pub(super) fn of(class: &ClassModel) -> Self {
        Side { tables: class.parts.iter().map(|it| it.table_id).collect(), own: class.table_id }
    }

    pub(super) fn table(own: TableId) -> Self {
        Side { tables: vec![own], own }
    }

    pub(super) fn has(&self, place: Place) -> bool {
        self.tables.contains(&place.0)
    }
}

/// Why no join was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Undetermined {
    /// No foreign key leads from one to the other.
    NoKey,
    /// Several do.
    Several(Vec<ReferenceId>),
}

/// The join of two sides by the one foreign key between them. The own table of the first is asked first, then all of its
/// tables. If columns are said to refer, only they do.
pub(super) fn join(schema: &Schema, a: &Side, b: &Side, refer: &[Place]) -> Result<Pairs, Undetermined> {
    let all = &a.tables;
    for left in [&vec![a.own], all] {
        let mut found: BTreeMap<ReferenceId, Pairs> = BTreeMap::new();
        scan(schema, &b.tables, left, refer, &mut found);
        if *left != b.tables {
            scan(schema, left, &b.tables, refer, &mut found);
        }
        if !found.is_empty() {
            return single(schema, found, refer);
        }
    }
    Err(Undetermined::NoKey)
}

/// The foreign keys from some tables to others.
fn scan(schema: &Schema, from: &[TableId], to: &[TableId], refer: &[Place], found: &mut BTreeMap<ReferenceId, Pairs>) {
    let all = from.iter().flat_map(|&it| &schema.table(it).outbound);
    for reference in all.map(|&it| schema.reference(it)).filter(|it| to.contains(&it.target)) {
        for (&column, &target) in reference.columns.iter().zip(&reference.target_columns) {
            let place = (reference.table, column);
            let pair = ((reference.target, target), place);
            if (refer.is_empty() || refer.contains(&place))
                && !found.get(&reference.id).is_some_and(|it| it.contains(&pair))
            {
                found.entry(reference.id).or_default().push(pair);
            }
        }
    }
}

/// The only one; of several, the one whose columns are exactly those that were said to refer.
fn single(schema: &Schema, mut found: BTreeMap<ReferenceId, Pairs>, refer: &[Place]) -> Result<Pairs, Undetermined> {
    if found.len() > 1 && !refer.is_empty() {
        let before: Vec<ReferenceId> = found.keys().copied().collect();
        found.retain(|&id, _| {
            let reference = schema.reference(id);
            let columns = || reference.columns.iter().map(|&it| (reference.table, it));
            columns().all(|it| refer.contains(&it)) && refer.iter().all(|it| columns().any(|place| place == *it))
        });
        if found.is_empty() {
            return Err(Undetermined::Several(before));
        }
    }
    let ids = found.keys().copied().collect();
    let mut all = found.into_values();
    let first = all.next().unwrap_or_default();
    if all.all(|it| it == first) { Ok(first) } else { Err(Undetermined::Several(ids)) }
}

impl Undetermined {
    /// As a mistake at a place, between two names, with the line to write.
    pub(super) fn mistake(self, schema: &Schema, place: String, from: &str, to: &str, word: &str) -> Mistake {
        match self {
            Undetermined::NoKey => {
                let problem = format!("no foreign key leads from `{from}` to `{to}` or back");
                let advice = format!("declare one on the columns that refer, or say the join with `{word}`");
                Mistake::new(place, problem, advice).fault(Fault::NoForeignKeys)
            }
            Undetermined::Several(ids) => {
                let ways: Vec<String> = ids.iter().map(|&it| named(schema, it)).collect();
                let problem = format!("{} foreign keys lead from `{from}` to `{to}` or back", ways.len());
                let advice =
                    format!("name one with `foreign_keys`: {}; or say the join with `{word}`", ways.join(" or "));
                Mistake::new(place, problem, advice).fault(Fault::AmbiguousForeignKeys)
            }
        }
    }
}

/// The columns of a foreign key, as one writes them.
fn named(schema: &Schema, id: ReferenceId) -> String {
    let reference = schema.reference(id);
    let table = schema.table(reference.table);
    let columns: Vec<String> =
        table.names(&reference.columns).iter().map(|it| format!("\"{}.{it}\"", table.name)).collect();
    format!("[{}]", columns.join(", "))
}

impl ClassModel {
    /// The attribute that stands in a column of one of its tables.
    pub(in crate::object) fn attribute_at(&self, table: TableId, column: ColumnId) -> Option<ColumnId> {
        self.attribute(table, column, |it| [&it.columns, &it.key])
    }

    /// As [`attribute_at`](ClassModel::attribute_at), for a column that others refer to: where it follows the key of the
    /// base, the key is meant, which is known before the column is written.
    pub(super) fn source_at(&self, table: TableId, column: ColumnId) -> Option<ColumnId> {
        self.attribute(table, column, |it| [&it.key, &it.columns])
    }

    fn attribute<'a>(
        &'a self,
        table: TableId,
        column: ColumnId,
        lists: impl Fn(&'a ClassPart) -> [&'a Vec<(ColumnId, ColumnId)>; 2],
    ) -> Option<ColumnId> {
        let here = self.parts.iter().filter(|it| it.table_id == table);
        let mut all = here.flat_map(|it| lists(it).into_iter().flatten());
        all.find(|it| it.1 == column).map(|it| it.0)
    }

    /// A column that an attribute stands in; that of the root, if there are several.
    pub(in crate::object) fn place_of(&self, attribute: ColumnId) -> Option<(TableId, ColumnId)> {
        let of = |part: &ClassPart| part.columns.iter().find(|it| it.0 == attribute).map(|it| (part.table_id, it.1));
        self.parts.iter().find_map(of)
    }
}
