//! Objects and their columns, by name.

use std::convert::Infallible;

use super::{Attribute, Untyped};
use crate::error::{Error, Misuse, Result};
use crate::expr::{Environment, Expr, Scalar};
use crate::id::ColumnId;
use crate::object::columns::Assigned;
use crate::object::model::{ClassModel, Discriminator};
use crate::object::reference::{AnyRef, ObjectKey};
use crate::object::state::State;
use crate::record::edit;
use crate::schema::Name;
use crate::value::Value;

impl Untyped<'_> {
    /// Adds a new object with these columns set, and the others to their defaults.
    ///
    /// # Errors
    /// When there is no such class or column, or a value does not fit.
    #[track_caller]
    pub fn add(&mut self, class: &str, values: &[(&str, Value)]) -> Result<AnyRef> {
        let model = self.session.model().clone();
        let class = model.class_named(class)?;
        let core = self.session.exclusive_here();
        let mut all = Vec::with_capacity(class.columns.len());
        for column in (0..class.columns.len()).map(|it| ColumnId::new(it as u16)) {
            all.extend(core.default_of(class, column)?.map(|it| (column, it)));
        }
        for (name, value) in values {
            all.push((class.column_named(name)?, value.clone()));
        }
        let key = self.introduce(class, all)?;
        self.session.exclusive_here().graph.enroll(key, None)?;
        Ok(self.session.refer(key))
    }

    /// Makes an object that a flush does not see until it is [`save`](Untyped::save)d, or linked to an object of the
    /// session by a relation that cascades save-update. Columns that are not given read as NULL, and take their defaults
    /// when the row is inserted.
    ///
    /// # Errors
    /// As [`add`](Untyped::add).
    pub fn construct(&mut self, class: &str, values: &[(&str, Value)]) -> Result<AnyRef> {
        let model = self.session.model().clone();
        let class = model.class_named(class)?;
        let values = values.iter().map(|(name, value)| Ok((class.column_named(name)?, value.clone())));
        let values = values.collect::<Result<Vec<_>>>()?;
        let key = self.introduce(class, values)?;
        Ok(self.session.refer(key))
    }

    fn introduce(&mut self, class: &ClassModel, mut values: Vec<(ColumnId, Value)>) -> Result<ObjectKey> {
        class.check_made(self.session.model())?;
        if let (Some(Discriminator::Column(column)), Some(identity)) = (&class.discriminator, &class.identity_value) {
            values.insert(0, (*column, identity.clone()));
        }
        let core = self.session.exclusive();
        let mut row = core.blank(class.id);
        let mut unset: Vec<ColumnId> = (0..class.columns.len()).map(|it| ColumnId::new(it as u16)).collect();
        for (column, value) in values {
            edit(&mut row).set(column, value)?;
            unset.retain(|it| *it != column);
        }
        let key = core.graph.introduce(class.id, row, State::Transient);
        if !unset.is_empty() {
            core.graph.extra_mut(key).unset = unset;
        }
        Ok(key)
    }

    /// The name of an object's class.
    ///
    /// # Errors
    /// When the reference is stale or of another session.
    pub fn class_of(&mut self, object: AnyRef) -> Result<String> {
        let (_, class) = self.resolve(object)?;
        Ok(self.session.model().class(class).name.clone())
    }

    /// The value of a column, read if need be, or of an attribute that is computed from columns.
    ///
    /// # Errors
    /// When there is no such attribute, or the object's row is gone.
    pub fn value(&mut self, object: AnyRef, attribute: &str) -> Result<Value> {
        let (key, class) = self.resolve(object)?;
        let model = self.session.model().clone();
        let class = model.class(class);
        if let Some(computed) = class.computed.iter().find(|it| it.name == attribute && it.column.is_none()) {
            let with_values = computed.expression.try_map(&mut |&it| Ok::<_, Error>(self.column(key, it)?.into()))?;
            return Ok(with_values.evaluate(&NoLeaves)?.into_value());
        }
        self.column(key, class.column_named(attribute)?)
    }

    fn column(&mut self, key: ObjectKey, column: ColumnId) -> Result<Value> {
        self.session.exclusive().column(key, column)
    }

    /// Gives a column another value.
    ///
    /// # Errors
    /// When there is no such column, the value does not fit, or the object's row is gone.
    #[track_caller]
    pub fn assign(&mut self, object: AnyRef, column: &str, value: impl Into<Value>) -> Result<()> {
        let (key, class) = self.resolve(object)?;
        let column = self.session.model().class(class).column_named(column)?;
        let value = Assigned::Value(value.into());
        self.session.exclusive_here().told(|core| core.set_column(key, column, value))
    }

    /// Gives a column what an expression over the columns of its row is when the flush writes it.
    ///
    /// # Errors
    /// As [`assign`](Untyped::assign).
    #[track_caller]
    pub fn assign_expression(&mut self, object: AnyRef, column: &str, expression: Expr<Name>) -> Result<()> {
        let (key, class) = self.resolve(object)?;
        let column = self.session.model().class(class).column_named(column)?;
        let expression = expression.try_map(&mut |name: &Name| Ok::<_, Error>(crate::query::col(name.clone())))?;
        self.session.exclusive_here().set_column(key, column, Assigned::Expression(expression))
    }

    /// Takes the value of a column or relation away, as if it had never been set.
    ///
    /// # Errors
    /// When there is no such attribute, or it has no value.
    #[track_caller]
    pub fn unset(&mut self, object: AnyRef, attribute: &str) -> Result<()> {
        match self.attribute(object, attribute)? {
            (key, Attribute::Column(column)) => self.session.exclusive_here().unset_column(key, column),
            (key, Attribute::Relation { relation, many: true, .. }) => {
                let core = self.session.exclusive_here();
                if !core.graph.is_sound() {
                    return core.told(|core| core.take_away(key, relation));
                }
                let reason = format!("{attribute} is a collection; clear it");
                Err(Misuse::Statement { reason }.into())
            }
            (key, Attribute::Relation { relation, .. }) => {
                let core = self.session.exclusive_here();
                if !core.graph.has_identity(key) && !core.graph.is_loaded(key, relation) {
                    let object = format!("{attribute} of {}", core.graph.name(key));
                    let wanted = "the relation has no value to take away";
                    return Err(Misuse::State { object, state: "unset", wanted }.into());
                }
                core.unlink_one(key, relation)
            }
        }
    }
}

/// What an expression is evaluated in whose leaves have become values.
pub(in crate::object) struct NoLeaves;

impl Environment<Infallible> for NoLeaves {
    fn leaf<'a>(&'a self, leaf: &'a Infallible) -> Result<Scalar<'a>> {
        match *leaf {}
    }
}
