//! Statements that change many rows at once, and what they do to the objects of a session.

use rustc_hash::FxHashMap;
use std::collections::hash_map::Entry;

use super::Term;
use super::entity::{Entity, Ground, Reads};
use super::expression::Scope;
use crate::error::{Error, Misuse, Result};
use crate::expr::{Environment, Expr, Function, Scalar};
use crate::id::{ClassId, ColumnId, TableId};
use crate::object::identity::Identity;
use crate::object::model::{ClassModel, ClassPart, Discriminator, Model};
use crate::object::reference::{ObjectKey, each_once};
use crate::object::session::Core;
use crate::object::state::State;
use crate::query::{Acted, Control, Input, InsertRows, Leaf, Output, Statement, Tell, Update};
use crate::record::{Row, edit};
use crate::schema::Name;
use crate::value::{Truth, Value, ValueRef};

/// How objects of a session follow a statement that changes rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Synchronize {
    /// By evaluating the condition on them, or by asking the database where that cannot be done.
    #[default]
    Auto,
    /// By evaluating the condition on them.
    Evaluate,
    /// By asking the database which rows it is about.
    Fetch,
    /// Not at all.
    Not,
}

/// Which objects a statement reaches.
pub(super) enum Reached {
    /// Those that fulfil the condition, and those that have not read what it asks, of which SQLAlchemy expects that they may.
    Known { keys: Vec<ObjectKey>, unread: Vec<ObjectKey> },
    /// Those whose keys the statement returns.
    Returned,
    /// Nobody asks.
    Unasked,
}

/// What a statement did.
pub(super) struct Ran {
    pub(super) count: u64,
    pub(super) returned: Vec<Vec<Value>>,
    /// The rows that were changed or removed and of which objects are told, where they are to follow.
    pub(super) acted: Vec<Acted>,
}

/// The attributes of one row, for expressions over them.
struct Attributes<'r>(&'r Row);

impl Environment<ColumnId> for Attributes<'_> {
    fn leaf<'a>(&'a self, leaf: &'a ColumnId) -> Result<Scalar<'a>> {
        let value: ValueRef<'a> = self.0.get(*leaf);
        Ok(value.into())
    }
}

impl Core {
    /// Gives the rows of a class that fulfil a condition other values.
    pub(in crate::object) fn update_where(
        &mut self,
        class: ClassId,
        values: &[(&str, Expr<Term>)],
        filter: Option<&Expr<Term>>,
        synchronize: Synchronize,
    ) -> Result<u64> {
        self.before_query()?;
        self.know_compared(filter.into_iter())?;
        let model = self.graph.model.clone();
        let schema = self.connection.schema().clone();
        let ground = Ground { model: &model, schema: &schema };
        let declared = model.class(class);
        let mut attributes = Vec::with_capacity(values.len());
        for (name, _) in values {
            attributes.push(declared.column_named(name)?);
        }
        let part = part_of(declared, &attributes)?;
        // SQLAlchemy lets it happen, and holds the objects by their old keys from then on.
        let follows = self.graph.is_sound() && synchronize != Synchronize::Not;
        if follows && attributes.iter().any(|it| declared.key.contains(it)) {
            let reason =
                format!("objects of {} would not follow another key; edit them, or do not synchronize", declared.name);
            return Err(Misuse::Statement { reason }.into());
        }
        self.check_kind_of_rows(&model, declared, attributes.iter().zip(values.iter().map(|it| &it.1)))?;
        // Where references come to lead elsewhere, rows that are not at hand leave collections, too, and come to others.
        let leads = attributes.iter().any(|it| model.refers_by(class, *it));
        let tell = if leads { Tell::All } else { Tell::Actions };
        let reached = self.reached((&model, class, part), filter, synchronize)?;
        let (scope, entity) = self.scope_of(ground, class, part);
        let mut update = Update::table(part.table.clone());
        for (attribute, (_, value)) in attributes.iter().zip(values) {
            let name = part.names(ground, &[*attribute]).unwrap_or_default().remove(0);
            update = update.set(name, scope.resolve(value)?);
        }
        for (table, on) in others(ground, class, part, &entity)? {
            update = update.join(table, on);
        }
        for condition in conditions(ground, &scope, &entity, filter)? {
            update = update.filter(condition);
        }
        if matches!(reached, Reached::Returned) {
            update.returning = key_of(ground, &entity)?;
        }
        let Ran { count, returned, acted } = self.run_bulk(update.into(), synchronize, tell)?;
        let reached = self.resolve_reached(class, reached, returned);
        for key in reached {
            self.follow_update((&model, class), key, &attributes, values)?;
            self.frame().written.insert(key);
        }
        self.follow_many(acted)?;
        Ok(count)
    }

    /// Refuses to let rows say that they are of a class which there is not: no query would read them.
    fn check_kind_of_rows<'v>(
        &self,
        model: &Model,
        class: &ClassModel,
        mut values: impl Iterator<Item = (&'v ColumnId, &'v Expr<Term>)>,
    ) -> Result<()> {
        let Some(Discriminator::Column(on)) = &class.discriminator else { return Ok(()) };
        let Some((_, Expr::Value(said))) = values.find(|it| it.0 == on) else { return Ok(()) };
        let is = |it: &ClassModel| it.identity_value.as_ref() == Some(said);
        match self.graph.is_sound()
            && !model.classes().iter().any(|it| model.is_a(it.id, model.top(class.id)) && is(it))
        {
            true => Err(model.wrong_kind(class.id, class.name.clone(), said.clone())),
            false => Ok(()),
        }
    }

    /// Inserts rows of a class, and returns them as the tables hold them.
    pub(in crate::object) fn insert_many(&mut self, class: ClassId, mut rows: Vec<Row>) -> Result<Vec<Row>> {
        self.before_query()?;
        let model = self.graph.model.clone();
        let declared = model.class(class);
        declared.check_made(&model)?;
        for row in &mut rows {
            declared.mark(row)?;
            declared.check_marked(row)?;
            if let Some(version) = declared.version_column {
                edit(row).set(version, Value::Int(1))?;
            }
        }
        if rows.is_empty() {
            return Ok(rows);
        }
        self.found.let_go();
        self.graph.let_go_of_versions();
        if declared.is_simple() {
            let prepared = self.prepared(&declared.insert, || InsertRows { table: declared.table.clone() }.into())?;
            self.graph.holdings.note_change();
            self.connection.run(&prepared, Input::Rows(&mut rows))?;
            return Ok(rows);
        }
        self.connection.control(Control::Savepoint)?;
        let inserted = declared.parts.iter().try_for_each(|part| self.insert_parts(declared, part, &mut rows));
        self.connection.control(if inserted.is_ok() { Control::Release } else { Control::RollbackTo })?;
        inserted.map(|()| rows)
    }

    /// Inserts what of the rows stands in one table, and takes over what that has given.
    fn insert_parts(&mut self, class: &ClassModel, part: &ClassPart, rows: &mut [Row]) -> Result<()> {
        let mut parts = rows.iter().map(|it| self.part_row(class, part, it)).collect::<Result<Vec<_>>>()?;
        let prepared = self.connection.prepare(InsertRows { table: part.table.clone() }.into())?;
        self.graph.holdings.note_change();
        self.connection.run(&prepared, Input::Rows(&mut parts))?;
        for (row, held) in rows.iter_mut().zip(parts) {
            for &(attribute, column) in &part.columns {
                edit(row).set(attribute, held.get(column).to_value())?;
            }
        }
        Ok(())
    }

    /// The names that a bulk statement can use: the table that it changes is the first source.
    pub(super) fn scope_of<'a>(&'a self, ground: Ground<'a>, class: ClassId, part: &ClassPart) -> (Scope<'a>, Entity) {
        let declared = ground.model.class(class);
        let mut tables: Vec<(TableId, u8)> = vec![(part.table_id, 0)];
        for other in declared.parts.iter().filter(|it| it.table_id != part.table_id) {
            tables.push((other.table_id, tables.len() as u8));
        }
        let entity = Entity { class, rows_of: class, level: 0, tables, covers: Vec::new(), reads: Reads::Aside };
        (Scope::about(ground, &self.graph, &entity), entity)
    }

    pub(super) fn run_bulk(&mut self, statement: Statement, synchronize: Synchronize, tell: Tell) -> Result<Ran> {
        let prepared = self.connection.prepare(statement)?;
        self.graph.holdings.note_change();
        let mut acted = Vec::new();
        let outcome = match self.graph.is_sound() && synchronize != Synchronize::Not {
            true => self.connection.run_and_tell(&prepared, Input::Values(&[]), (tell, &mut acted))?,
            false => self.connection.run(&prepared, Input::Values(&[]))?,
        };
        Ok(Ran { count: outcome.count, returned: outcome.rows.to_values(), acted })
    }

    /// Which objects a statement will reach, as far as that is to be known before it runs.
    pub(super) fn reached(
        &self,
        of: (&Model, ClassId, &ClassPart),
        filter: Option<&Expr<Term>>,
        synchronize: Synchronize,
    ) -> Result<Reached> {
        let evaluated = match synchronize {
            Synchronize::Not => return Ok(Reached::Unasked),
            Synchronize::Fetch => return Ok(Reached::Returned),
            Synchronize::Auto | Synchronize::Evaluate => self.evaluate(of, filter),
        };
        match evaluated {
            Ok((keys, unread)) => Ok(Reached::Known { keys, unread }),
            Err(_) if synchronize == Synchronize::Auto => Ok(Reached::Returned),
            Err(error) => Err(error),
        }
    }

    /// The objects of a class with a row in a table that fulfil a condition, as they are in memory.
    fn evaluate(
        &self,
        (model, class, part): (&Model, ClassId, &ClassPart),
        filter: Option<&Expr<Term>>,
    ) -> Result<(Vec<ObjectKey>, Vec<ObjectKey>)> {
        if !self.graph.is_sound() && filter.is_some_and(is_for_tables) {
            return Err(reads("what SQLAlchemy leaves to the tables: patterns, functions, related objects"));
        }
        let (mut found, mut unread) = (Vec::new(), Vec::new());
        let mut conditions: FxHashMap<ClassId, Option<Expr<ColumnId>>> = FxHashMap::default();
        for (key, object) in &self.graph.objects {
            if object.state != State::Persistent || !model.is_a(object.class, class) {
                continue;
            }
            if !model.class(object.class).parts.iter().any(|it| it.table_id == part.table_id) {
                continue;
            }
            let Some(row) = self.graph.row(key) else { continue };
            let condition = match conditions.entry(object.class) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => {
                    new.insert(filter.map(|it| in_memory(model, (object.class, class), it)).transpose()?)
                }
            };
            let mut read = true;
            if let Some(condition) = condition {
                condition.leaves(&mut |it| read &= self.graph.has_column(key, *it));
            }
            if !read && !self.graph.is_sound() {
                unread.push(key);
                continue;
            }
            if !read {
                let reason = "a column that the condition reads was not read of every object".to_owned();
                return Err(Misuse::NotEvaluable { reason }.into());
            }
            let holds = match condition {
                Some(condition) => condition.holds(&Attributes(row))? == Truth::True,
                None => true,
            };
            if holds {
                found.push(key);
            }
        }
        Ok((found, unread))
    }

    pub(super) fn resolve_reached(
        &self,
        class: ClassId,
        reached: Reached,
        returned: Vec<Vec<Value>>,
    ) -> Vec<ObjectKey> {
        match reached {
            Reached::Known { keys, unread } => [keys, unread].concat(),
            Reached::Unasked => Vec::new(),
            Reached::Returned => {
                let identities = returned.iter().filter_map(|it| Identity::from_values(it));
                let mut known = identities.filter_map(|it| self.graph.known_as(class, &it)?).collect();
                each_once(&mut known);
                known
            }
        }
    }

    /// Lets an object follow an update of its row: what can be computed from it is, the rest is read again.
    fn follow_update(
        &mut self,
        (model, class): (&Model, ClassId),
        key: ObjectKey,
        attributes: &[ColumnId],
        values: &[(&str, Expr<Term>)],
    ) -> Result<()> {
        let own = self.object(key)?.class;
        let Some(row) = self.graph.row(key).cloned() else { return Ok(()) };
        for (attribute, (_, value)) in attributes.iter().zip(values) {
            // With a column that was not read nothing can be computed.
            let value = in_memory(model, (own, class), value).ok().filter(|value| {
                // What was changed and not flushed is read again in SQLAlchemy.
                let mut read = self.graph.is_sound() || !self.graph.is_changed_in(key, &[*attribute]);
                value.leaves(&mut |it: &ColumnId| read &= self.graph.has_column(key, *it));
                read
            });
            match value.and_then(|it| Some(it.evaluate(&Attributes(&row)).ok()?.into_value())) {
                Some(value) => self.graph.set_stored(key, *attribute, value)?,
                None => self.expire_columns(key, &[*attribute]),
            }
        }
        Ok(())
    }
}

/// The table that a statement changes: the one that all these attributes stand in.
fn part_of<'c>(class: &'c ClassModel, attributes: &[ColumnId]) -> Result<&'c ClassPart> {
    let holds = |part: &&ClassPart| attributes.iter().all(|&it| part.column_of(it).is_some());
    class.parts.iter().rev().find(holds).ok_or_else(|| {
        let reason = format!("the attributes of {} stand in several tables; update them one by one", class.name);
        Misuse::Statement { reason }.into()
    })
}

/// The further tables of a class that the condition may read, and how they are joined.
pub(super) fn others(
    ground: Ground<'_>,
    class: ClassId,
    part: &ClassPart,
    entity: &Entity,
) -> Result<Vec<(Name, Expr<Leaf>)>> {
    let declared = ground.model.class(class);
    let mut all = Vec::new();
    let own = part.names(ground, &declared.key).unwrap_or_default();
    for other in declared.parts.iter().filter(|it| it.table_id != part.table_id) {
        let source = entity.source(other.table_id).unwrap_or_default();
        let names = other.names(ground, &declared.key).unwrap_or_default();
        let column = |source: u8, name: Name| Expr::Leaf(Leaf::Column { up: 0, source, name });
        let left = names.into_iter().map(|name| column(source, name)).collect();
        let right = own.iter().map(|name| column(0, name.clone())).collect();
        all.push((other.table.clone(), super::entity::all_equal(left, right)));
    }
    Ok(all)
}

pub(super) fn conditions(
    ground: Ground<'_>,
    scope: &Scope<'_>,
    entity: &Entity,
    filter: Option<&Expr<Term>>,
) -> Result<Vec<Expr<Leaf>>> {
    let filter = filter.map(|it| scope.resolve(it)).transpose()?;
    Ok(entity.criterion(ground, 0)?.into_iter().chain(filter).collect())
}

pub(super) fn key_of(ground: Ground<'_>, entity: &Entity) -> Result<Vec<Output>> {
    let key = &ground.model.class(entity.class).key;
    Ok(entity.columns(ground, key, 0)?.into_iter().map(Output::Value).collect())
}

/// An expression about objects of a class, as one that reads nothing but attributes of one of them, which is of this class
/// or of one below.
fn in_memory(model: &Model, (own, about): (ClassId, ClassId), expr: &Expr<Term>) -> Result<Expr<ColumnId>> {
    expr.try_map(&mut |leaf: &Term| {
        let (of, name) = match leaf {
            Term::Column { of: Some(of), name } => (model.class_named(of).ok(), name),
            Term::Column { of: None, name } => (Some(model.class(about)), name),
            Term::Cast { class, term } => match &**term {
                Term::Column { name, .. } => (model.class_named(class).ok(), name),
                _ => return Err(reads("other objects")),
            },
            _ => return Err(reads("other objects")),
        };
        let related = |it: &&ClassModel| model.is_a(about, it.id) || model.is_a(it.id, about);
        let of = of.filter(related).ok_or_else(|| reads("objects of another class"))?;
        if !model.is_a(own, of.id) {
            return absent(model, own, of);
        }
        match of.computed.iter().find(|it| it.name == **name) {
            Some(computed) => Ok(computed.expression.clone()),
            None => Ok(Expr::Leaf(of.column_named(name)?)),
        }
    })
}

/// Whether an expression has a part that SQLAlchemy does not evaluate for objects in memory.
fn is_for_tables(expr: &Expr<Term>) -> bool {
    let own = match expr {
        Expr::Call(function, _) => *function != Function::Concat,
        Expr::Leaf(Term::Related { .. }) | Expr::Like(_) | Expr::Case(_) | Expr::Cast(..) | Expr::Apply(..) => true,
        _ => false,
    };
    own || expr.parts().into_iter().any(is_for_tables)
}

/// What a class adds, in an object that is not known to be of it: NULL, if it cannot be of it unknown.
fn absent(model: &Model, own: ClassId, of: &ClassModel) -> Result<Expr<ColumnId>> {
    let told = matches!(of.discriminator, Some(Discriminator::Column(_)));
    match told || !model.is_a(of.id, own) {
        true => Ok(Expr::Value(Value::Null)),
        false => Err(reads(&format!("{}, which an object may be that was not read as one", of.name))),
    }
}

fn reads(what: &str) -> Error {
    Misuse::NotEvaluable { reason: format!("the condition reads {what}") }.into()
}
