//! The rows of a class within a query: which source each of its tables is.

use super::union::CLASS;
use crate::error::{Misuse, Result};
use crate::expr::{Expr, Expression};
use crate::id::{ClassId, ColumnId, TableId};
use crate::object::class::Inheritance;
use crate::object::model::{ClassModel, ClassPart, Discriminator, Model};
use crate::query::{Leaf, Output, Select};
use crate::schema::{Name, Schema};
use crate::value::Value;

/// What names are resolved against.
#[derive(Clone, Copy)]
pub(in crate::object) struct Ground<'a> {
    pub(in crate::object) model: &'a Model,
    pub(in crate::object) schema: &'a Schema,
}

/// The rows of a class in a query.
#[derive(Clone, Debug)]
pub(in crate::object) struct Entity {
    pub(in crate::object) class: ClassId,
    /// The class whose rows they are, whichever they are seen as.
    pub(in crate::object) rows_of: ClassId,
    /// In which of the nested selects they stand, counted from the outermost one.
    pub(in crate::object) level: u8,
    /// Which source each table is.
    pub(in crate::object) tables: Vec<(TableId, u8)>,
    /// The subclasses whose columns are read along.
    pub(in crate::object) covers: Vec<ClassId>,
    /// Where its attributes are read.
    pub(in crate::object) reads: Reads,
}

/// Where a query reads the attributes of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::object) enum Reads {
    /// In the tables that are sources.
    Sources,
    /// There, and what subclasses add by a subquery for each row: a statement that changes rows joins no table whose rows
    /// need not be there.
    Aside,
    /// All of them in one query, which is this source.
    Derived(u8),
}

impl Model {
    /// Whether a class is a case of another.
    pub(in crate::object) fn is_a(&self, class: ClassId, base: ClassId) -> bool {
        class == base || self.class(base).descendants.contains(&class)
    }

    /// The class that brings an attribute in.
    pub(in crate::object) fn introduces(&self, class: ClassId, attribute: ColumnId) -> ClassId {
        let mut at = class;
        while let Some(base) = self.class(at).base {
            if attribute.index() >= self.class(base).columns.len() {
                break;
            }
            at = base;
        }
        at
    }
}

impl ClassPart {
    /// The column in which an attribute stands.
    pub(in crate::object) fn column_of(&self, attribute: ColumnId) -> Option<ColumnId> {
        self.columns.iter().chain(&self.key).find(|it| it.0 == attribute).map(|it| it.1)
    }

    /// The names of the columns in which attributes stand; `None` when one stands elsewhere.
    pub(in crate::object) fn names(&self, ground: Ground<'_>, attributes: &[ColumnId]) -> Option<Vec<Name>> {
        let table = ground.schema.table(self.table_id);
        attributes.iter().map(|&it| Some(table.column(self.column_of(it)?).name.clone().into())).collect()
    }
}

impl Entity {
    /// The same rows as those of a class that is a case of its own, whose attributes are meant.
    pub(in crate::object) fn seen_as(&self, class: ClassId) -> Entity {
        Entity { class, ..self.clone() }
    }

    /// The source that is a query over the tables of several classes, where that is what is read.
    pub(in crate::object) fn derived(&self) -> Option<u8> {
        match self.reads {
            Reads::Derived(source) => Some(source),
            Reads::Sources | Reads::Aside => None,
        }
    }

    /// The source that a table is.
    pub(in crate::object) fn source(&self, table: TableId) -> Option<u8> {
        self.tables.iter().find(|it| it.0 == table).map(|it| it.1)
    }

    /// An attribute of a class, which is the entity's own or a case of it, as a select at a level reads it.
    pub(in crate::object) fn column(
        &self,
        ground: Ground<'_>,
        class: ClassId,
        attribute: ColumnId,
        level: u8,
    ) -> Result<Expr<Leaf>> {
        let read = self.column_of(ground, class, attribute, level)?;
        if class == self.rows_of {
            return Ok(read);
        }
        Ok(match self.is_of(ground, (class, attribute), level)? {
            Some(is_of) => Expr::case([(is_of, read)], None),
            None => read,
        })
    }

    /// The condition that a row is of the class which brings an attribute in, where rows of others hold something else in
    /// the same column: in these it is NULL.
    fn is_of(
        &self,
        ground: Ground<'_>,
        (class, attribute): (ClassId, ColumnId),
        level: u8,
    ) -> Result<Option<Expr<Leaf>>> {
        let model = ground.model;
        let (class, rows_of) = (model.class(class), model.class(self.rows_of));
        let name = &class.columns[attribute.index()];
        if rows_of.columns.contains(name) || !model.is_a(class.id, self.rows_of) {
            return Ok(None);
        }
        let has = |it: &ClassId| model.class(*it).columns.contains(name);
        let bases = std::iter::successors(Some(class.id), |it| model.class(*it).base.filter(has));
        let of = bases.last().map_or(class, |it| model.class(it));
        let place = |it: &ClassModel| it.column_named(name).ok().and_then(|at| it.place_of(at));
        let shares = |it: &ClassId| {
            has(it) && !model.is_a(*it, of.id) && (self.derived().is_some() || place(model.class(*it)) == place(class))
        };
        if !rows_of.descendants.iter().any(shares) {
            return Ok(None);
        }
        if let Some(source) = self.derived() {
            let told = Leaf::Column { up: level - self.level, source, name: CLASS.into() };
            let classes = of.descendants.iter().map(|it| Expr::Value(Value::Int(it.index() as i64)));
            return Ok(Some(Expr::Leaf(told).in_list(classes)));
        }
        let Some(Discriminator::Column(on)) = &rows_of.discriminator else { return Ok(None) };
        let identities = of.descendants.iter().filter_map(|it| model.class(*it).identity_value.clone());
        let told = self.column(ground, self.rows_of, *on, level)?;
        Ok(Some(told.in_list(identities.map(Expr::Value))))
    }

    /// The same, whatever rows of other classes hold there.
    fn column_of(&self, ground: Ground<'_>, class: ClassId, attribute: ColumnId, level: u8) -> Result<Expr<Leaf>> {
        let class = ground.model.class(class);
        if let Some(computed) = class.computed.iter().find(|it| it.column == Some(attribute)) {
            return computed.expression.try_map(&mut |&it: &ColumnId| self.column(ground, class.id, it, level));
        }
        if let Some(source) = self.derived() {
            let name = class.columns[attribute.index()].clone();
            return Ok(Expr::Leaf(Leaf::Column { up: level - self.level, source, name }));
        }
        for part in &class.parts {
            if let (Some(column), Some(source)) = (part.column_of(attribute), self.source(part.table_id)) {
                let name = ground.schema.table(part.table_id).column(column).name.clone().into();
                return Ok(Expr::Leaf(Leaf::Column { up: level - self.level, source, name }));
            }
        }
        if let Some(aside) = self.aside(ground, class, attribute, level)? {
            return Ok(aside);
        }
        let name = format!("{}.{}", class.name, class.columns[attribute.index()]);
        let mut hint = "the query does not read its table".to_owned();
        if class.id != self.class && ground.model.is_a(class.id, self.class) {
            hint += &format!("; it does `.with_subclass::<{}>(SubclassLoad::Inline)`", class.name);
        }
        Err(Misuse::UnknownName { what: "column", name, hint }.into())
    }

    /// An attribute that a subclass adds, read in its table by a subquery: NULL in rows that have none there.
    fn aside(
        &self,
        ground: Ground<'_>,
        class: &ClassModel,
        attribute: ColumnId,
        level: u8,
    ) -> Result<Option<Expr<Leaf>>> {
        let own = ground.model.class(self.class);
        if self.reads != Reads::Aside || !class.shares_rows(own) {
            return Ok(None);
        }
        let Some((part, mut read)) =
            class.parts.iter().find_map(|part| Some((part, part.names(ground, &[attribute])?)))
        else {
            return Ok(None);
        };
        let column = |name: Name| Expr::Leaf(Leaf::Column { up: 0, source: 0, name });
        let names = part.names(ground, &class.key).unwrap_or_default();
        let key = all_equal(names.into_iter().map(column).collect(), self.columns(ground, &own.key, level + 1)?);
        let mut select = Select::from(part.table.clone()).filter(key);
        select.outputs = vec![Output::Value(column(read.remove(0)))];
        Ok(Some(Expr::Leaf(Leaf::Scalar(Box::new(select)))))
    }

    /// Attributes of the entity's own class.
    pub(in crate::object) fn columns(
        &self,
        ground: Ground<'_>,
        attributes: &[ColumnId],
        level: u8,
    ) -> Result<Vec<Expr<Leaf>>> {
        attributes.iter().map(|&it| self.column(ground, self.class, it, level)).collect()
    }

    /// What rows of a shared table fulfil that are of the entity's class; `None` when all are.
    pub(in crate::object) fn criterion(&self, ground: Ground<'_>, level: u8) -> Result<Option<Expr<Leaf>>> {
        let class = ground.model.class(self.class);
        let (Some(Inheritance::Single), Some(Discriminator::Column(column))) =
            (class.inheritance, &class.discriminator)
        else {
            return Ok(None);
        };
        let identities = class.descendants.iter().filter_map(|&it| ground.model.class(it).identity_value.clone());
        let identities: Vec<Expr<Leaf>> = identities.map(Expr::Value).collect();
        Ok(Some(self.column(ground, self.class, *column, level)?.in_list(identities)))
    }
}

/// The condition that expressions are equal, one for one.
pub(in crate::object) fn all_equal(left: Vec<Expr<Leaf>>, right: Vec<Expr<Leaf>>) -> Expr<Leaf> {
    let mut all: Vec<Expr<Leaf>> = left.into_iter().zip(right).map(|(a, b)| a.eq(b)).collect();
    if all.len() == 1 { all.remove(0) } else { Expr::And(all) }
}

/// The same with values.
pub(in crate::object) fn all_are(left: Vec<Expr<Leaf>>, right: Vec<Value>) -> Expr<Leaf> {
    all_equal(left, right.into_iter().map(Expr::Value).collect())
}
