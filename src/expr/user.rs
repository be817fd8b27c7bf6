//! Functions of the user's own.

use std::fmt;
use std::sync::Arc;

use super::Expr;
use crate::error::{Misuse, Result};
use crate::value::{Kind, Value, ValueRef};

/// A scalar function that the user wrote. Where a schema keeps it, in a CHECK or an index, it must give the same answer
/// to the same operands each time.
///
/// Two of them are equal if they are clones of one.
#[derive(Clone)]
pub struct UserFunction(Arc<Declared>);

type Body = dyn Fn(&[ValueRef<'_>]) -> Result<Value> + Send + Sync;

struct Declared {
    name: String,
    /// How many operands it takes; none means any number.
    arity: Option<usize>,
    kind: Option<Kind>,
    body: Box<Body>,
}

impl UserFunction {
    /// Declares a function of so many operands. NULL reaches it like any other operand.
    pub fn new(
        name: impl Into<String>,
        arity: usize,
        body: impl Fn(&[ValueRef<'_>]) -> Result<Value> + Send + Sync + 'static,
    ) -> Self {
        let arity = Some(arity);
        UserFunction(Arc::new(Declared { name: name.into(), arity, kind: None, body: Box::new(body) }))
    }

    /// Declares a function of any number of operands.
    pub fn variadic(
        name: impl Into<String>,
        body: impl Fn(&[ValueRef<'_>]) -> Result<Value> + Send + Sync + 'static,
    ) -> Self {
        UserFunction(Arc::new(Declared { name: name.into(), arity: None, kind: None, body: Box::new(body) }))
    }

    /// Says of which kind the outcome is, unless it is NULL. Say it before the function is cloned.
    #[must_use]
    pub fn returns(mut self, kind: Kind) -> Self {
        if let Some(declared) = Arc::get_mut(&mut self.0) {
            declared.kind = Some(kind);
        }
        self
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// How many operands it takes; none means any number.
    pub fn arity(&self) -> Option<usize> {
        self.0.arity
    }

    /// Of which kind the outcome is, as far as it was said.
    pub fn kind(&self) -> Option<Kind> {
        self.0.kind
    }

    /// The function of these operands, as an expression.
    pub fn of<L>(&self, operands: impl IntoIterator<Item = Expr<L>>) -> Expr<L> {
        Expr::Apply(self.clone(), operands.into_iter().collect())
    }

    /// Computes it.
    ///
    /// # Errors
    /// When it is given another number of operands than it takes, and whatever the function itself refuses.
    pub fn call(&self, operands: &[ValueRef<'_>]) -> Result<Value> {
        match self.0.arity {
            Some(arity) if arity != operands.len() => {
                let reason = format!("{} takes {arity} operands, {} were given", self.0.name, operands.len());
                Err(Misuse::Statement { reason }.into())
            }
            _ => (self.0.body)(operands),
        }
    }
}

impl PartialEq for UserFunction {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for UserFunction {}

impl fmt::Debug for UserFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.name)
    }
}
