//! Queries on a class whose subclasses have whole tables of their own: over the rows of all of them.

use super::Selection;
use super::entity::{Entity, Ground, Reads};
use super::page::limited;
use super::source::Sources;
use crate::error::Result;
use crate::expr::Expr;
use crate::id::{ClassId, ColumnId};
use crate::object::class::Reach;
use crate::object::load::{Place, Read};
use crate::object::model::Discriminator;
use crate::object::reference::ObjectKey;
use crate::object::session::Core;
use crate::query::{Input, Leaf, Output, Select, SetOperation, Source};
use crate::schema::Name;
use crate::value::Value;
use std::sync::Arc;

/// The name of the column that tells which class a row is of, by its position.
pub(super) const CLASS: &str = "class of the row";

/// The rows of a class and its subclasses, one table after the other, as one source.
pub(super) fn union(ground: Ground<'_>, class: ClassId, level: u8) -> (Sources, Entity) {
    let names = names(ground, class);
    let mut selects = ground.model.class(class).descendants.iter().map(|&it| one(ground, it, &names));
    let first = selects.next().unwrap_or_else(|| Select::from(Source::Nothing));
    let all = selects.fold(first, |all, next| all.compound_all(SetOperation::Union, next));
    let mut select = Select::from(Source::select(all, names));
    select.outputs.clear();
    let entity = Entity { class, rows_of: class, level, tables: Vec::new(), covers: Vec::new(), reads: Reads::Derived };
    (Sources { select, level }, entity)
}

/// Whether queries on a class are over such a union.
pub(super) fn is_union(ground: Ground<'_>, class: ClassId) -> bool {
    ground.model.class(class).reach == Reach::Union
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
fn one(ground: Ground<'_>, class: ClassId, names: &[Name]) -> Select {
    let declared = ground.model.class(class);
    let value = |name: &Name| {
        if name == CLASS {
            return Expr::Value(Value::Int(class.index() as i64));
        }
        match declared.column_named(name) {
            Ok(_) => Expr::Leaf(Leaf::Column { up: 0, source: 0, name: name.clone() }),
            Err(_) if is_discriminator(ground, class, name) => {
                Expr::Value(declared.identity_value.clone().unwrap_or_default())
            }
            Err(_) => Expr::Value(Value::Null),
        }
    };
    Select::from(declared.table.clone()).values(names.iter().map(value))
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

impl Core {
    /// Runs a query on such a class.
    pub(super) fn select_union(
        &mut self,
        ground: Ground<'_>,
        class: ClassId,
        selection: &Selection,
        mut select: Select,
        place: &Arc<Place>,
    ) -> Result<Vec<ObjectKey>> {
        let names = names(ground, class);
        let column = |name: &Name| Expr::Leaf(Leaf::Column { up: 0, source: 0, name: name.clone() });
        select.outputs = names.iter().map(|it| Output::Value(column(it))).collect();
        let prepared = self.connection.prepare(limited(select, selection).into())?;
        let rows = self.connection.run(&prepared, Input::Values(&[]))?.rows;
        let mut read = Read::new(place, selection.existing);
        for position in 0..rows.len() {
            let values = rows.values_at(position);
            let Some(Value::Int(member)) = values.first() else { continue };
            let member = ground.model.class(ClassId::new(*member as u16));
            let value = |name: &Name| {
                let at = names.iter().position(|it| it == name);
                at.and_then(|it| values.get(it)).cloned().unwrap_or_default()
            };
            let own: Vec<Value> = member.columns.iter().map(value).collect();
            let key: Vec<Value> = member.key.iter().map(|it: &ColumnId| own[it.index()].clone()).collect();
            self.meet_values(member.id, &key, own, &mut read)?;
        }
        self.load_read(class, read)
    }
}
