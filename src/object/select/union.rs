//! Queries on a class whose subclasses have whole tables of their own, and along relations to it: over the rows of all of
//! them.

use super::Selection;
use super::entity::{Entity, Ground, Reads};
use super::page::limited;
use super::source::Sources;
use crate::error::Result;
use crate::expr::Expr;
use crate::id::ClassId;
use crate::object::class::Lazy;
use crate::object::load::{self, Place, Read};
use crate::object::model::{Discriminator, RelationModel};
use crate::object::reference::ObjectKey;
use crate::object::session::Core;
use crate::query::{Input, Join, JoinKind, Leaf, Output, Select, SetOperation, Source};
use crate::schema::Name;
use crate::value::Value;
use std::sync::Arc;

/// The name of the column that tells which class a row is of, by its position.
pub(super) const CLASS: &str = "class of the row";

impl Sources {
    /// A query over the rows of a class and its subclasses, one table after the other, as one source.
    pub(in crate::object) fn union(ground: Ground<'_>, class: ClassId, level: u8) -> Result<(Sources, Entity)> {
        Ok(Sources::over_union(rows(ground, class, |_| true)?, class, level))
    }

    /// The same for the rows that a relation leads to.
    pub(in crate::object) fn union_along(
        ground: Ground<'_>,
        relation: &RelationModel,
        level: u8,
    ) -> Result<(Sources, Entity)> {
        let rows = rows(ground, relation.target, |it| relation.to(it).target == it)?;
        Ok(Sources::over_union(rows, relation.target, level))
    }

    fn over_union(rows: Source, class: ClassId, level: u8) -> (Sources, Entity) {
        let mut select = Select::from(rows);
        select.outputs.clear();
        (Sources { select, level }, derived(class, level, 0))
    }

    /// Joins such rows.
    pub(super) fn join_union(
        &mut self,
        ground: Ground<'_>,
        relation: &RelationModel,
        kind: JoinKind,
        on: impl FnOnce(&Entity) -> Result<Expr<Leaf>>,
    ) -> Result<Entity> {
        let entity = derived(relation.target, self.level, self.count());
        let on = on(&entity)?;
        let source = rows(ground, relation.target, |it| relation.to(it).target == it)?;
        self.select.joins.push(Join { kind, source, on });
        Ok(entity)
    }
}

fn derived(class: ClassId, level: u8, source: u8) -> Entity {
    let (tables, covers) = (Vec::new(), Vec::new());
    Entity { class, rows_of: class, level, tables, covers, reads: Reads::Derived(source) }
}

fn rows(ground: Ground<'_>, class: ClassId, which: impl Fn(ClassId) -> bool) -> Result<Source> {
    let names = names(ground, class);
    let mut all = one(ground, class, &names)?;
    for &it in ground.model.class(class).descendants.iter().filter(|it| **it != class && which(**it)) {
        all = all.compound_all(SetOperation::Union, one(ground, it, &names)?);
    }
    Ok(Source::select(all, names))
}

/// Whether queries on a class are over such a union.
pub(super) fn is_union(ground: Ground<'_>, class: ClassId) -> bool {
    ground.model.class(class).reads_whole_tables()
}

/// The columns of the union: which class, the discriminator, and the attributes of all classes.
fn names(ground: Ground<'_>, class: ClassId) -> Vec<Name> {
    let mut names: Vec<Name> = vec![CLASS.into()];
    if let Some(Discriminator::Table(on)) = &ground.model.class(class).discriminator {
        names.push(on.clone());
    }
    for &member in &ground.model.class(class).descendants {
        for name in &ground.model.class(member).columns {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
    }
    names
}

/// The rows of one class, with the columns of the union.
fn one(ground: Ground<'_>, class: ClassId, names: &[Name]) -> Result<Select> {
    let declared = ground.model.class(class);
    let (sources, entity) = Sources::of(ground, class, &[], 0)?;
    let value = |name: &Name| match declared.column_named(name) {
        _ if name == CLASS => Ok(Expr::Value(Value::Int(class.index() as i64))),
        Ok(column) => entity.column(ground, class, column, 0),
        Err(_) if is_discriminator(ground, class, name) => {
            Ok(Expr::Value(declared.identity_value.clone().unwrap_or_default()))
        }
        Err(_) => Ok(Expr::Value(Value::Null)),
    };
    let values: Result<Vec<Expr<Leaf>>> = names.iter().map(value).collect();
    Ok(sources.select.values(values?))
}

fn is_discriminator(ground: Ground<'_>, class: ClassId, name: &Name) -> bool {
    let mut at = Some(class);
    while let Some(class) = at {
        let declared = ground.model.class(class);
        if matches!(&declared.discriminator, Some(Discriminator::Table(on)) if on == name) {
            return true;
        }
        at = declared.base;
    }
    false
}

/// Where the attributes of each class stand in a row that comes out of a union, which begins with the class.
pub(in crate::object) struct Layout {
    names: Vec<Name>,
    members: Vec<(ClassId, Vec<usize>)>,
    /// How many values behind them are the key that has brought the row.
    keys: usize,
}

impl Layout {
    pub(in crate::object) fn of(ground: Ground<'_>, class: ClassId) -> Self {
        let names = names(ground, class);
        let place = |name: &Name| names.iter().position(|it| it == name).unwrap_or_default();
        let all = ground.model.class(class).descendants.iter();
        let members = all.map(|&it| (it, ground.model.class(it).columns.iter().map(place).collect())).collect();
        Layout { names, members, keys: 0 }
    }

    /// The same, with a key of so many values behind.
    pub(in crate::object) fn with_keys(self, keys: usize) -> Self {
        Layout { keys, ..self }
    }

    /// What comes out of a query for such rows.
    pub(in crate::object) fn outputs(&self, entity: &Entity, keys: Vec<Expr<Leaf>>) -> Vec<Output> {
        let source = entity.derived().unwrap_or_default();
        let column = |name: &Name| Expr::Leaf(Leaf::Column { up: 0, source, name: name.clone() });
        self.names.iter().map(column).chain(keys).map(Output::Value).collect()
    }

    /// The key that has brought a row.
    pub(in crate::object) fn key<'r>(&self, row: &'r [Value]) -> &'r [Value] {
        &row[row.len() - self.keys..]
    }

    /// The object of a row, unless an outer join has found none.
    pub(in crate::object) fn meet(
        &self,
        core: &mut Core,
        row: &[Value],
        read: &mut Read<'_>,
    ) -> Result<Option<ObjectKey>> {
        let Some(Value::Int(class)) = row.first() else { return Ok(None) };
        let Some((class, places)) = self.members.iter().find(|it| it.0.index() as i64 == *class) else {
            return Ok(None);
        };
        let own: Vec<Value> = places.iter().map(|it| row[*it].clone()).collect();
        let columns = &core.graph.model.class(*class).key;
        let key: Vec<Value> = columns.iter().map(|it| own[it.index()].clone()).collect();
        core.meet_values(*class, &key, own, read).map(Some)
    }
}

impl Core {
    /// Runs a query for the rows of a union, which are one of its sources.
    pub(super) fn select_union(
        &mut self,
        ground: Ground<'_>,
        entity: &Entity,
        selection: &Selection,
        mut select: Select,
        (place, everywhere): (&Arc<Place>, Option<Lazy>),
    ) -> Result<Vec<ObjectKey>> {
        let layout = Layout::of(ground, entity.class);
        select.outputs = layout.outputs(entity, Vec::new());
        let prepared = self.connection.prepare(limited(select, selection).into())?;
        let rows = self.connection.run(&prepared, Input::Values(&[]))?.rows;
        let mut read = Read::new(place, selection.existing);
        for position in 0..rows.len() {
            layout.meet(self, rows.values_at(position), &mut read)?;
        }
        Ok(self.load_read(entity.class, read, (everywhere, load::Reach::All))?.0)
    }
}
