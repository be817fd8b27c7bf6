//! What a statement sets in motion (rules 2 to 4), by applying the rules until nothing changes.

use std::collections::{BTreeMap, BTreeSet};

use super::evaluate::Beyond;
use super::rules::Refusal;
use super::world::{Cells, Place, World, cells, refers};
use crate::error::Rule;
use crate::id::{ColumnId, ReferenceId, TableId};
use crate::schema::{Action, DefaultValue, ReferenceSchema, Schema};
use crate::value::Value;

/// A row that a statement deletes or updates, itself or by an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Its table.
    pub table: TableId,
    /// The row before the statement.
    pub before: Cells,
    /// What happens to it.
    pub effect: Effect,
    /// Every way to it; none for a row that the statement names.
    pub because: Vec<Because>,
}

/// What happens to a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It goes.
    Delete,
    /// It becomes this.
    Update(Cells),
}

/// One way to a row: it referred to another row of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Because {
    /// The foreign key.
    pub reference: ReferenceId,
    /// The row it referred to, before the statement.
    pub parent: Cells,
}

/// The rows in the making of one statement.
pub(super) struct Actions<'a> {
    schema: &'a Schema,
    before: &'a World,
    gone: BTreeSet<Place>,
    named: BTreeMap<Place, Option<Cells>>,
    after: World,
}

/// A foreign key that acts on a row, and the row it refers to.
struct Acting<'a> {
    reference: &'a ReferenceSchema,
    parent: Place,
    action: Action,
}

impl<'a> Actions<'a> {
    /// Carries out what a statement names, each row once: it becomes something, or goes. Then follows the actions.
    ///
    /// # Errors
    /// When the rules leave the outcome open.
    pub(super) fn of(
        schema: &'a Schema,
        before: &'a World,
        named: BTreeMap<Place, Option<Cells>>,
    ) -> Result<Self, Beyond> {
        let gone = named.iter().filter(|(_, version)| version.is_none()).map(|(place, _)| *place).collect();
        let mut actions = Actions { schema, before, gone, named, after: before.clone() };
        while actions.add_deleted() {}
        // Each round carries a change one reference further; a longer way than through all rows goes in a circle.
        let rounds = 2 + before.places(schema).len();
        for _ in 0..rounds {
            let next = actions.set_columns()?;
            if next == actions.after {
                actions.determined()?;
                return Ok(actions);
            }
            actions.after = next;
        }
        Err(Beyond("actions change a ring of keys for ever".to_owned()))
    }

    /// Rule 2; says whether rows were added.
    fn add_deleted(&mut self) -> bool {
        let cascades = |it: &Acting<'_>| it.action == Action::Cascade && self.gone.contains(&it.parent);
        let places = self.before.places(self.schema).into_iter();
        let more: Vec<Place> =
            places.filter(|&it| !self.gone.contains(&it) && self.acting(it).iter().any(cascades)).collect();
        self.gone.extend(&more);
        !more.is_empty()
    }

    /// The foreign keys by which a row refers to rows that go or get another key, and what they do to it.
    fn acting(&self, child: Place) -> Vec<Acting<'a>> {
        let mut acting = Vec::new();
        for &id in &self.schema.table(child.table).outbound {
            let reference = self.schema.reference(id);
            for parent in self.before.places_of(reference.target) {
                if !refers(reference, self.before.row(child), self.before.row(parent)) {
                    continue;
                }
                let key = |world: &World| cells(world.row(parent), &reference.target_columns);
                if self.gone.contains(&parent) {
                    acting.push(Acting { reference, parent, action: reference.on_delete });
                } else if key(self.before) != key(&self.after) && !self.turned(child, reference) {
                    acting.push(Acting { reference, parent, action: reference.on_update });
                }
            }
        }
        acting
    }

    /// Whether the statement itself gives a row another reference.
    fn turned(&self, child: Place, reference: &ReferenceSchema) -> bool {
        let Some(Some(version)) = self.named.get(&child) else { return false };
        cells(version, &reference.columns) != cells(self.before.row(child), &reference.columns)
    }

    /// Rule 4, for every row that stays, from what the statement makes of it: what the rows become by what the rows
    /// that they refer to have become so far.
    fn set_columns(&self) -> Result<World, Beyond> {
        let mut next = self.before.clone();
        for place in self.before.places(self.schema) {
            if let Some(Some(version)) = self.named.get(&place) {
                *next.row_mut(place) = version.clone();
            }
            if self.gone.contains(&place) {
                continue;
            }
            for (column, values) in self.set_by_actions(place) {
                next.row_mut(place)[column.index()] = values[0].clone();
            }
        }
        Ok(next)
    }

    /// The columns of a row that actions set, each with what the strongest of them put there.
    fn set_by_actions(&self, child: Place) -> BTreeMap<ColumnId, Vec<Value>> {
        let mut strongest: BTreeMap<ColumnId, (u8, Vec<Value>)> = BTreeMap::new();
        for Acting { reference, parent, action } in self.acting(child) {
            for (&column, &target) in reference.columns.iter().zip(&reference.target_columns) {
                let (rank, value) = match action {
                    Action::NoAction | Action::Restrict => continue,
                    Action::SetNull => (2, Value::Null),
                    Action::Cascade => (1, self.after.row(parent)[target.index()].clone()),
                    Action::SetDefault => (0, self.default(child, column)),
                };
                let known = strongest.entry(column).or_insert((rank, Vec::new()));
                if rank > known.0 {
                    *known = (rank, Vec::new());
                }
                if rank == known.0 {
                    known.1.push(value);
                }
            }
        }
        strongest.into_iter().map(|(column, (_, values))| (column, values)).collect()
    }

    fn default(&self, child: Place, column: ColumnId) -> Value {
        match &self.schema.table(child.table).column(column).default {
            Some(DefaultValue::Constant(value)) => value.clone(),
            _ => Value::Null,
        }
    }

    /// Refuses to decide where equally strong actions put different values into one column.
    fn determined(&self) -> Result<(), Beyond> {
        let places = self.before.places(self.schema).into_iter().filter(|it| !self.gone.contains(it));
        for (column, values) in places.flat_map(|it| self.set_by_actions(it)) {
            if values.iter().any(|it| *it != values[0]) {
                return Err(Beyond(format!("actions set column {} of one row to {values:?}", column.index())));
            }
        }
        Ok(())
    }

    /// Rule 3.
    pub(super) fn restricted(&self) -> Vec<Refusal> {
        let mut refusals = Vec::new();
        for child in self.before.places(self.schema) {
            for Acting { reference, parent, action } in self.acting(child) {
                // Where the row it refers to goes, a row that the statement names goes too.
                let spared = self.gone.contains(&parent) && self.named.contains_key(&child);
                let goes = self.gone.contains(&child) && !self.gone.contains(&parent);
                if action == Action::Restrict && !spared && !goes {
                    let constraint = reference.name.clone();
                    refusals.push(Refusal { rule: Rule::Restrict, table: child.table, constraint });
                }
            }
        }
        refusals
    }

    /// The rows as they are after the statement.
    pub(super) fn outcome(&self) -> World {
        let mut outcome = World::empty(self.schema);
        for place in self.before.places(self.schema).into_iter().filter(|it| !self.gone.contains(it)) {
            outcome.tables[place.table.index()].push(self.after.row(place).clone());
        }
        outcome
    }

    /// Every row that goes or changes, or that an action sets to what it was.
    pub(super) fn plan(&self) -> Vec<Planned> {
        let mut plan = Vec::new();
        for place in self.before.places(self.schema) {
            let goes = self.gone.contains(&place);
            let mut because = Vec::new();
            if !self.named.contains_key(&place) {
                for Acting { reference, parent, action } in self.acting(place) {
                    let follows = !matches!(action, Action::NoAction | Action::Restrict);
                    let deletes = action == Action::Cascade && self.gone.contains(&parent);
                    let acts = if goes { deletes } else { follows };
                    if acts {
                        because.push(Because { reference: reference.id, parent: self.before.row(parent).clone() });
                    }
                }
                if because.is_empty() {
                    continue;
                }
            }
            let effect = if goes { Effect::Delete } else { Effect::Update(self.after.row(place).clone()) };
            plan.push(Planned { table: place.table, before: self.before.row(place).clone(), effect, because });
        }
        plan
    }
}
