//! What can be told of an expression without computing it.

use super::function::{Nulls, Returns};
use super::{Arithmetic, Cast, Expr};
use crate::value::{Kind, ValueRef};

/// Of which kind an outcome is, and whether it can be NULL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Type {
    /// The kind, unless it is NULL; none where it may be of several, or only NULL.
    pub kind: Option<Kind>,
    /// Whether it can be NULL.
    pub nullable: bool,
}

impl Type {
    /// Nothing is known.
    pub const UNKNOWN: Type = Type { kind: None, nullable: true };

    fn new(kind: impl Into<Option<Kind>>, nullable: bool) -> Self {
        Type { kind: kind.into(), nullable }
    }

    /// Of either of two.
    fn or(self, other: Type) -> Type {
        let kind = match (self.kind, other.kind) {
            (Some(a), Some(b)) if a == b => Some(a),
            _ => None,
        };
        Type { kind, nullable: self.nullable || other.nullable }
    }
}

impl<L> Expr<L> {
    /// The type of the outcome; `leaf` tells that of the leaves. Where an operation would be refused, it is the type that
    /// the outcome would have otherwise.
    pub fn typed(&self, leaf: &mut dyn FnMut(&L) -> Type) -> Type {
        match self {
            Expr::Value(it) => Type::new(it.kind(), it.is_null()),
            Expr::Leaf(it) => leaf(it),
            Expr::Same(..) | Expr::IsNull(_) | Expr::Is(..) => Type::new(Kind::Bool, false),
            Expr::Compare(..) | Expr::And(_) | Expr::Or(_) | Expr::Not(_) | Expr::InList(..) | Expr::Like(_) => {
                Type::new(Kind::Bool, self.parts().into_iter().any(|it| it.typed(leaf).nullable))
            }
            Expr::Arithmetic(how, a, b) => {
                let (a, b) = (a.typed(leaf), b.typed(leaf));
                // A divisor that is zero makes NULL.
                let divides = matches!(how, Arithmetic::Divide | Arithmetic::Remainder);
                Type::new(number(&[a, b]), a.nullable || b.nullable || divides)
            }
            Expr::Case(case) => {
                let mut outcomes = outcomes(case.arms.iter().map(|(_, it)| it).chain(&case.otherwise), leaf);
                outcomes.nullable |= case.otherwise.is_none();
                outcomes
            }
            Expr::Cast(cast, it) => {
                let it = it.typed(leaf);
                let kind = match cast {
                    Cast::To(kind) => Some(*kind),
                    Cast::Lenient(affinity) => affinity.kind(),
                    Cast::Affine(_) => None,
                };
                Type::new(kind, it.nullable)
            }
            Expr::Call(function, list) => {
                let row = function.row();
                let types: Vec<Type> = list.iter().map(|it| it.typed(leaf)).collect();
                let kind = match row.returns {
                    Returns::One(kind) => Some(kind),
                    Returns::First => types.first().and_then(|it| it.kind),
                    Returns::Common(from, step) => outcomes(list.iter().skip(from).step_by(step), leaf).kind,
                    Returns::Number => number(&types),
                    Returns::Any => None,
                };
                let nullable = match row.nulls {
                    Nulls::Pass => types.iter().any(|it| it.nullable),
                    Nulls::Skip => types.iter().all(|it| it.nullable),
                    Nulls::Never => false,
                    Nulls::Make | Nulls::Any => true,
                };
                Type::new(kind, nullable)
            }
            Expr::Apply(function, _) => Type::new(function.kind(), true),
        }
    }
}

/// Of any of several; constants that are NULL tell nothing about the kind.
fn outcomes<'a, L: 'a>(all: impl Iterator<Item = &'a Expr<L>>, leaf: &mut dyn FnMut(&L) -> Type) -> Type {
    let mut found: Option<Type> = None;
    let mut null = false;
    for it in all {
        if matches!(it, Expr::Value(it) if matches!(it.as_ref(), ValueRef::Null)) {
            null = true;
            continue;
        }
        let it = it.typed(leaf);
        found = Some(found.map_or(it, |before| before.or(it)));
    }
    let found = found.unwrap_or(Type::UNKNOWN);
    Type { nullable: found.nullable || null, ..found }
}

fn number(types: &[Type]) -> Option<Kind> {
    #[cfg(feature = "decimal")]
    if types.iter().any(|it| it.kind == Some(Kind::Decimal))
        && types.iter().all(|it| matches!(it.kind, Some(Kind::Decimal | Kind::Int)))
    {
        return Some(Kind::Decimal);
    }
    if types.iter().all(|it| it.kind == Some(Kind::Int)) {
        Some(Kind::Int)
    } else if types.iter().any(|it| it.kind == Some(Kind::Float)) {
        Some(Kind::Float)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::{Expression, Function};
    use crate::value::Value;

    /// Leaves are columns that are never NULL, of these kinds, except the last, which is a text that may be NULL.
    fn kind(expr: Expr<Kind>) -> (Option<Kind>, bool) {
        let it = expr.typed(&mut |kind| Type::new(*kind, *kind == Kind::Text));
        (it.kind, it.nullable)
    }

    #[test]
    fn kinds_and_nullability_follow_from_the_parts() {
        let leaf = Expr::Leaf;
        let null = || Expr::Value(Value::Null);
        assert_eq!(kind(leaf(Kind::Int).plus(1)), (Some(Kind::Int), false));
        assert_eq!(kind(leaf(Kind::Int).plus(1.5)), (Some(Kind::Float), false));
        assert_eq!(kind(leaf(Kind::Int).arithmetic(Arithmetic::Divide, 2)), (Some(Kind::Int), true));
        assert_eq!(kind(leaf(Kind::Text).length()), (Some(Kind::Int), true));
        assert_eq!(kind(leaf(Kind::Text).eq("a")), (Some(Kind::Bool), true));
        assert_eq!(kind(leaf(Kind::Text).is_null()), (Some(Kind::Bool), false));
        assert_eq!(kind(Expr::Call(Function::Coalesce, vec![leaf(Kind::Text), "".into()])), (Some(Kind::Text), false));
        assert_eq!(kind(Expr::Call(Function::Coalesce, vec![null(), leaf(Kind::Text)])), (Some(Kind::Text), true));
        assert_eq!(kind(Expr::case([(true.into(), 1.into())], None)), (Some(Kind::Int), true));
        assert_eq!(kind(Expr::case([(true.into(), 1.into())], Some("a".into()))), (None, false));
        assert_eq!(kind(leaf(Kind::Int).cast(Kind::Text)), (Some(Kind::Text), false));
    }
}
