//! The sources of a query: the tables of its classes, joined.

use super::Subclasses;
use super::entity::{Entity, Ground, Reads, all_equal};
use crate::error::Result;
use crate::expr::{Expr, Expression};
use crate::id::{ClassId, ColumnId};
use crate::object::class::{Reach, SubclassLoad};
use crate::object::model::ClassPart;
use crate::query::{JoinKind, Leaf, Output, Select};
use crate::schema::Name;

/// A query that is being put together, and how deep it is nested.
#[derive(Clone)]
pub(in crate::object) struct Sources {
    pub(in crate::object) select: Select,
    pub(in crate::object) level: u8,
}

impl Sources {
    /// A query over one table.
    pub(in crate::object) fn over(table: Name, level: u8) -> Self {
        let mut select = Select::from(table);
        select.outputs.clear();
        Sources { select, level }
    }

    /// A query over the rows of a class.
    pub(in crate::object) fn of(
        ground: Ground<'_>,
        class: ClassId,
        subclasses: &[ClassId],
        level: u8,
    ) -> Result<(Self, Entity)> {
        Sources::led_by(ground, class, subclasses, 0, level)
    }

    /// The same, where one of its tables is the first source.
    pub(in crate::object) fn led_by(
        ground: Ground<'_>,
        class: ClassId,
        subclasses: &[ClassId],
        lead: usize,
        level: u8,
    ) -> Result<(Self, Entity)> {
        let part = &ground.model.class(class).parts[lead];
        let mut sources = Sources::over(part.table.clone(), level);
        let mut entity = Entity {
            class,
            rows_of: class,
            level,
            tables: vec![(part.table_id, 0)],
            covers: subclasses.to_vec(),
            reads: Reads::Sources,
        };
        sources.complete(ground, &mut entity, JoinKind::Inner)?;
        if let Some(criterion) = entity.criterion(ground, level)? {
            sources.filter(criterion);
        }
        Ok((sources, entity))
    }

    /// How many sources there are.
    pub(in crate::object) fn count(&self) -> u8 {
        self.select.joins.len() as u8 + 1
    }

    /// Adds a condition.
    pub(in crate::object) fn filter(&mut self, condition: Expr<Leaf>) {
        self.select.filter = Some(match self.select.filter.take() {
            Some(before) => before.and(condition),
            None => condition,
        });
    }

    /// Joins a table.
    pub(in crate::object) fn join_table(&mut self, table: Name, kind: JoinKind, on: Expr<Leaf>) -> u8 {
        self.select.joins.push(crate::query::Join { kind, source: table.into(), on });
        self.select.joins.len() as u8
    }

    /// Joins the rows of a class: first the table in which the attributes of the join stand, then its others.
    pub(in crate::object) fn join_entity(
        &mut self,
        ground: Ground<'_>,
        (class, subclasses): (ClassId, &[ClassId]),
        kind: JoinKind,
        attributes: &[ColumnId],
        on: impl FnOnce(&Entity) -> Result<Expr<Leaf>>,
    ) -> Result<Entity> {
        let lead = lead(ground, class, attributes);
        let part = &ground.model.class(class).parts[lead];
        let (source, level) = (self.count(), self.level);
        let mut entity = Entity {
            class,
            rows_of: class,
            level,
            tables: vec![(part.table_id, source)],
            covers: subclasses.to_vec(),
            reads: Reads::Sources,
        };
        let mut condition = on(&entity)?;
        let criterion = entity.criterion(ground, level);
        let waits = match criterion {
            Ok(Some(criterion)) => {
                condition = condition.and(criterion);
                false
            }
            Ok(None) => false,
            // The discriminator stands in another of its tables.
            Err(_) => true,
        };
        if kind == JoinKind::Left {
            condition = rows_of_class(ground, class, (lead, source)).fold(condition, Expr::and);
        }
        self.join_table(part.table.clone(), kind, condition);
        self.complete(ground, &mut entity, kind)?;
        if waits
            && let Some(criterion) = entity.criterion(ground, level)?
            && let Some(last) = self.select.joins.last_mut()
        {
            let on = std::mem::replace(&mut last.on, Expr::And(Vec::new()));
            last.on = on.and(criterion);
        }
        Ok(entity)
    }

    /// Joins the tables of an entity that are not there yet: those of its class, then those of subclasses, whose rows
    /// need not be there.
    fn complete(&mut self, ground: Ground<'_>, entity: &mut Entity, kind: JoinKind) -> Result<()> {
        let class = ground.model.class(entity.class);
        for part in &class.parts {
            self.add_part(ground, entity, entity.class, part, kind)?;
        }
        for subclass in entity.covers.clone() {
            for part in &ground.model.class(subclass).parts {
                self.add_part(ground, entity, subclass, part, JoinKind::Left)?;
            }
        }
        Ok(())
    }

    fn add_part(
        &mut self,
        ground: Ground<'_>,
        entity: &mut Entity,
        class: ClassId,
        part: &ClassPart,
        kind: JoinKind,
    ) -> Result<()> {
        if entity.source(part.table_id).is_some() {
            return Ok(());
        }
        let key = &ground.model.class(class).key;
        let there: Result<Vec<Expr<Leaf>>> =
            key.iter().map(|&it| entity.column(ground, class, it, self.level)).collect();
        let source = self.count();
        entity.tables.push((part.table_id, source));
        let names = part.names(ground, key).unwrap_or_default();
        let own = names.into_iter().map(|name| Expr::Leaf(Leaf::Column { up: 0, source, name })).collect();
        self.join_table(part.table.clone(), kind, all_equal(own, there?));
        Ok(())
    }

    /// Lets the rows of an entity come out. Returns the first of their cells.
    pub(in crate::object) fn output(&mut self, entity: &Entity) -> usize {
        let first = self.select.outputs.len();
        self.select.outputs.extend(entity.tables.iter().map(|it| Output::Row(it.1)));
        first
    }
}

/// The conditions that a row of one table of a class has its rows in those behind it: without them an outer join would
/// let rows of other classes come out, with nothing in them.
fn rows_of_class(ground: Ground<'_>, class: ClassId, (lead, source): (usize, u8)) -> impl Iterator<Item = Expr<Leaf>> {
    let declared = ground.model.class(class);
    let names = move |part: &ClassPart| part.names(ground, &declared.key).unwrap_or_default();
    let column = |up: u8, source: u8| move |name: Name| Expr::Leaf(Leaf::Column { up, source, name });
    declared.parts.iter().skip(lead + 1).map(move |part| {
        let own = names(part).into_iter().map(column(0, 0)).collect();
        let first = names(&declared.parts[lead]).into_iter().map(column(1, source)).collect();
        Expr::Leaf(Leaf::Exists(Box::new(Select::from(part.table.clone()).filter(all_equal(own, first)))))
    })
}

/// Which table of a class all of these attributes stand in: the last one, whose rows are of the class surely; the first
/// one if none.
pub(in crate::object) fn lead(ground: Ground<'_>, class: ClassId, attributes: &[ColumnId]) -> usize {
    let parts = &ground.model.class(class).parts;
    let holds = |part: &ClassPart| attributes.iter().all(|&it| part.column_of(it).is_some());
    parts.iter().rposition(holds).unwrap_or_default()
}

/// The subclasses whose columns a query on a class reads along.
pub(in crate::object) fn subclasses(ground: Ground<'_>, class: ClassId, asked: &Subclasses) -> Result<Vec<ClassId>> {
    let declared = ground.model.class(class);
    let below = declared.descendants.iter().copied().filter(|&it| it != class);
    Ok(match asked {
        Subclasses::All => below.collect(),
        Subclasses::AsDeclared if declared.reach == Reach::Subclasses => below.collect(),
        Subclasses::AsDeclared => below.filter(|&it| ground.model.class(it).load == SubclassLoad::Inline).collect(),
        Subclasses::These(names) => {
            let mut found = Vec::with_capacity(names.len());
            for name in names {
                found.push(ground.model.class_named(name)?.id);
            }
            found
        }
    })
}
