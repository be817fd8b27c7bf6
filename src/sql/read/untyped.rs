//! Quoted constants in PostgreSQL's dialect, which have no type of their own: they are what stands beside them.

use super::meaning::Typed;
use super::scope::Reader;
use crate::expr::{Cast, Expr};
use crate::value::{Kind, Value};

impl Reader<'_> {
    /// Operands that have a type in common: texts without one take that of the others.
    pub(super) fn unified(&self, all: Vec<Typed>) -> Vec<Typed> {
        if self.dialect.is_sqlite() {
            return all;
        }
        let kind = all.iter().filter(|it| !is_untyped(it)).find_map(|it| it.kind);
        all.into_iter().map(|it| typed_as(it, kind)).collect()
    }

    /// A value for a column of a kind, as PostgreSQL assigns it: numbers and booleans become text by themselves.
    pub(super) fn assigned_as(it: Typed, kind: Kind) -> Typed {
        match (kind, it.kind) {
            (Kind::Text, Some(Kind::Int | Kind::Float | Kind::Bool)) => cast(it, kind),
            _ => typed_as(it, Some(kind)),
        }
    }
}

/// A quoted constant as a value of a kind. What cannot be read so is refused when the statement runs.
pub(super) fn typed_as(it: Typed, kind: Option<Kind>) -> Typed {
    let (Expr::Value(value @ Value::Text(text)), Some(kind)) = (&it.expr, kind) else { return it };
    let read = match kind {
        Kind::Text | Kind::Bytes => return it,
        Kind::Bool => truth(text),
        _ => Cast::To(kind).convert(value.as_ref()).ok(),
    };
    match read {
        Some(value) => Typed::constant(value),
        None => cast(it, kind),
    }
}

fn cast(it: Typed, kind: Kind) -> Typed {
    Typed::of(Expr::Cast(Cast::To(kind), Box::new(it.expr)), kind)
}

fn is_untyped(it: &Typed) -> bool {
    matches!(it.expr, Expr::Value(Value::Text(_)))
}

/// The words for a boolean, and what they begin with.
fn truth(text: &str) -> Option<Value> {
    let word = text.trim().to_ascii_lowercase();
    let begins = |whole: &str, least: usize| word.len() >= least && whole.starts_with(&word);
    if begins("true", 1) || begins("yes", 1) || word == "on" || word == "1" {
        return Some(Value::Bool(true));
    }
    let negative = begins("false", 1) || begins("no", 1) || begins("off", 2) || word == "0";
    negative.then_some(Value::Bool(false))
}
