//! What a column holds when a statement does not give it.

use std::fmt;
use std::sync::Arc;

use super::Name;
use crate::error::{Misuse, Result};
use crate::expr::{Environment, Expr, Moment, Scalar};
use crate::id::SequenceId;
use crate::value::Value;

/// A function that gives a value for a column that a statement leaves out.
#[derive(Clone)]
pub struct DefaultFunction(Arc<dyn Fn() -> Result<Value> + Send + Sync>);

impl DefaultFunction {
    /// Wraps the function.
    pub fn new(function: impl Fn() -> Result<Value> + Send + Sync + 'static) -> Self {
        DefaultFunction(Arc::new(function))
    }

    /// Asks it for a value.
    ///
    /// # Errors
    /// Those of the function.
    pub fn call(&self) -> Result<Value> {
        (self.0)()
    }
}

impl fmt::Debug for DefaultFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DefaultFunction")
    }
}

/// What a column holds when a statement does not give it. `S` is how a sequence is named: by its name in a declaration,
/// by its position in a built schema.
#[derive(Clone, Debug)]
pub enum DefaultValue<S = SequenceId> {
    /// Always the same.
    Constant(Value),
    /// The next number of a sequence.
    Sequence(S),
    /// What a function gives.
    Function(DefaultFunction),
    /// What an expression comes to, which may read the time of the statement.
    Computed(DefaultExpression),
}

/// A default that is computed. Its leaf is the time of the statement, as text in UTC.
#[derive(Clone, Debug, PartialEq)]
pub struct DefaultExpression(pub Expr<()>);

impl DefaultExpression {
    /// The value at a time.
    ///
    /// # Errors
    /// When an operation is not defined for its operands.
    pub fn at(&self, moment: &Moment<'_>) -> Result<Value> {
        struct Time<'a>(&'a Moment<'a>);
        impl Environment<()> for Time<'_> {
            fn leaf<'a>(&'a self, (): &'a ()) -> Result<Scalar<'a>> {
                Ok(self.0.value().as_ref().into())
            }
        }
        Ok(self.0.evaluate(&Time(moment))?.into_value())
    }
}

impl DefaultValue {
    /// The constant, if it is one.
    pub fn constant(&self) -> Option<&Value> {
        if let DefaultValue::Constant(value) = self { Some(value) } else { None }
    }

    /// The value, where no sequence has to move for it.
    ///
    /// # Errors
    /// Those of the function; for a sequence, that it belongs to a database.
    pub fn at_rest(&self) -> Result<Value> {
        match self {
            DefaultValue::Constant(value) => Ok(value.clone()),
            DefaultValue::Function(function) => function.call(),
            DefaultValue::Computed(expression) => expression.at(&Moment::default()),
            DefaultValue::Sequence(_) => {
                let reason = "a sequence moves only where rows are inserted".to_owned();
                Err(Misuse::Statement { reason }.into())
            }
        }
    }
}

/// A sequence as it is declared: numbers that are given once, whatever becomes of the transactions that took them.
#[derive(Clone, Debug)]
pub struct Sequence {
    pub(super) name: Name,
    pub(super) start: i64,
    pub(super) step: i64,
}

impl Sequence {
    /// The sequence 1, 2, 3, …
    pub fn new(name: impl Into<Name>) -> Self {
        Sequence { name: name.into(), start: 1, step: 1 }
    }

    /// Its first number.
    pub fn from(mut self, start: i64) -> Self {
        self.start = start;
        self
    }

    /// How far the next number is from the one before it; not zero.
    pub fn by(mut self, step: i64) -> Self {
        self.step = step;
        self
    }
}

/// A sequence of a built schema.
#[derive(Debug)]
pub struct SequenceSchema {
    /// Its position.
    pub id: SequenceId,
    /// Its name.
    pub name: String,
    /// Its first number.
    pub start: i64,
    /// How far the next number is from the one before it.
    pub step: i64,
}
