//! What indexes declare, found again in the conditions of a query: parts of their keys, and their predicates.

use std::cmp::Ordering;

use crate::expr::{Comparison, Expr};
use crate::id::ColumnId;
use crate::query::plan::{BoundLeaf, Bounded};
use crate::value::Value;

/// An expression as an index would declare it, if it reads nothing but the row of a source.
pub(super) fn over(expr: &Bounded, source: u8) -> Option<Expr<ColumnId>> {
    let mut own = |leaf: &BoundLeaf| match leaf {
        BoundLeaf::Column { up: 0, source: at, column } if *at == source => Ok(Expr::Leaf(*column)),
        _ => Err(()),
    };
    expr.try_map(&mut own).ok()
}

/// Whether a predicate is true for every row for which all the conditions are.
pub(super) fn implied(predicate: &Expr<ColumnId>, conditions: &[Expr<ColumnId>]) -> bool {
    match predicate {
        Expr::And(all) => all.iter().all(|it| implied(it, conditions)),
        Expr::Or(any) if any.iter().any(|it| implied(it, conditions)) => true,
        _ => conditions.iter().any(|it| implies(it, predicate)),
    }
}

fn implies(known: &Expr<ColumnId>, wanted: &Expr<ColumnId>) -> bool {
    if known == wanted {
        return true;
    }
    match (known, wanted) {
        (Expr::And(all), _) => all.iter().any(|it| implies(it, wanted)),
        (Expr::Or(any), _) => !any.is_empty() && any.iter().all(|it| implies(it, wanted)),
        (_, Expr::Is(crate::value::Truth::True, wanted)) => implies(known, wanted),
        (_, Expr::Not(it)) => match &**it {
            Expr::IsNull(it) => never_null(known, it),
            _ => false,
        },
        _ => match (values_of(known), ranged(wanted), members(wanted)) {
            (Some((a, list)), Some((b, how, bound)), _) => {
                a == b && list.iter().all(|it| it.is_null() || how.holds((*it).cmp(bound)))
            }
            (Some((a, list)), None, Some((b, others))) => {
                a == b && list.iter().all(|it| it.is_null() || others.contains(it))
            }
            (None, Some((b, wanted, bound)), _) => {
                ranged(known).is_some_and(|(a, known, edge)| a == b && lies_within((known, edge.cmp(bound)), wanted))
            }
            _ => false,
        },
    }
}

/// Whether a condition is not true where an expression is NULL.
fn never_null(known: &Expr<ColumnId>, expr: &Expr<ColumnId>) -> bool {
    match known {
        Expr::Compare(_, a, b) => **a == *expr || **b == *expr,
        Expr::InList(it, _) => **it == *expr,
        Expr::Like(it) => it.text == *expr,
        Expr::Not(it) => matches!(&**it, Expr::Compare(..)) && never_null(it, expr),
        _ => false,
    }
}

/// A comparison with a constant that is not NULL.
fn ranged(expr: &Expr<ColumnId>) -> Option<(&Expr<ColumnId>, Comparison, &Value)> {
    let Expr::Compare(how, a, b) = expr else { return None };
    match (&**a, &**b) {
        (Expr::Value(_), Expr::Value(_)) => None,
        (a, Expr::Value(bound)) if !bound.is_null() => Some((a, *how, bound)),
        (Expr::Value(bound), b) if !bound.is_null() => Some((b, how.mirrored(), bound)),
        _ => None,
    }
}

/// What is equal to one of a few constants.
fn values_of(expr: &Expr<ColumnId>) -> Option<(&Expr<ColumnId>, Vec<&Value>)> {
    match ranged(expr) {
        Some((a, Comparison::Equal, value)) => Some((a, vec![value])),
        _ => members(expr),
    }
}

fn members(expr: &Expr<ColumnId>) -> Option<(&Expr<ColumnId>, Vec<&Value>)> {
    let Expr::InList(it, list) = expr else { return None };
    let mut values = Vec::with_capacity(list.len());
    for it in list {
        let Expr::Value(value) = it else { return None };
        values.push(value);
    }
    Some((it, values))
}

/// Whether all that compares so with an edge compares as is wanted with a bound; the edge stands so to the bound.
fn lies_within((known, edge): (Comparison, Ordering), wanted: Comparison) -> bool {
    use Comparison::{Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    match (known, wanted) {
        (Less, Less | LessOrEqual | NotEqual) | (LessOrEqual, LessOrEqual) => edge.is_le(),
        (LessOrEqual, Less | NotEqual) => edge.is_lt(),
        (Greater, Greater | GreaterOrEqual | NotEqual) | (GreaterOrEqual, GreaterOrEqual) => edge.is_ge(),
        (GreaterOrEqual, Greater | NotEqual) => edge.is_gt(),
        (NotEqual, NotEqual) => edge.is_eq(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::Expression;

    fn x() -> Expr<ColumnId> {
        Expr::Leaf(ColumnId(0))
    }

    /// Every pair of comparisons with small constants, held against all values: an implication is found exactly where
    /// it is true for the integers and all that lies between them.
    #[test]
    fn implications_are_those_that_hold() {
        use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
        let all = [Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual];
        let terms = all.iter().flat_map(|how| (0..3).map(move |it| (*how, it)));
        let terms: Vec<(Comparison, i64)> = terms.collect();
        for (known, edge) in &terms {
            for (wanted, bound) in &terms {
                let holds = |how: &Comparison, twice: i64, at: &i64| how.holds(twice.cmp(&(2 * at)));
                let truly = (-2..8).all(|it| !holds(known, it, edge) || holds(wanted, it, bound));
                let found = implied(&x().compare(*wanted, *bound), &[x().compare(*known, *edge)]);
                assert_eq!(found, truly, "x {known:?} {edge} and x {wanted:?} {bound}");
            }
        }
    }

    #[test]
    fn a_condition_that_is_not_true_for_null_says_that_there_is_a_value() {
        let there = x().is_not_null();
        assert!(implied(&there, &[x().lt(3)]));
        assert!(implied(&there, &[Expr::from(3).lt(x())]));
        assert!(implied(&there, &[x().in_list([1, 2])]));
        assert!(implied(&there, &[x().eq(1).or(x().eq(2))]));
        assert!(implied(&there, &[x().eq(1).negated()]));
        assert!(!implied(&there, &[x().is_null()]));
        assert!(!implied(&there, &[x().in_list(Vec::<i64>::new()).negated()]));
        assert!(!implied(&there, &[x().eq(1).or(x().is_null())]));
    }

    #[test]
    fn lists_disjunctions_and_constants_of_other_kinds() {
        assert!(implied(&x().in_list([1, 2, 3]), &[x().eq(2)]));
        assert!(implied(&x().in_list([1, 2, 3]), &[x().in_list([3, 1])]));
        assert!(!implied(&x().in_list([1, 2]), &[x().in_list([3, 1])]));
        assert!(implied(&x().gt(0), &[x().in_list([3, 1])]));
        assert!(implied(&x().lt(0).or(x().gt(5)), &[x().gt(7)]));
        assert!(implied(&x().gt(0).and(x().lt(9)), &[x().gt(3), x().lt(5)]));
        assert!(!implied(&x().gt(0).and(x().lt(9)), &[x().gt(3)]));
        assert!(!implied(&x().gt(Value::Null), &[x().gt(3)]));
        assert!(implied(&x().gt(Value::Float(2.5)), &[x().ge(3)]));
        let half = |by: Value| x().arithmetic(crate::expr::Arithmetic::Divide, by);
        assert!(!implied(&half(Value::Float(2.0)).eq(1), &[half(Value::Int(2)).eq(1)]));
    }
}
