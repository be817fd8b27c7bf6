//! Expressions. Each part knows how tightly it binds, and whoever stands around it adds parentheses only when the part
//! would fall apart.

use super::Dialect;
use crate::expr::{Arithmetic, Expr, Function};

/// How tightly the parts of a text hold together, loosest first. The comparisons share one place, without an order
/// among them, since databases disagree about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Binding {
    Or,
    And,
    Not,
    Comparison,
    Sum,
    Product,
    Concat,
    Atom,
}

/// The text of an expression.
pub(super) struct Piece {
    text: String,
    binding: Binding,
    /// The opposite, where SQL has a word for it, such as NOT IN.
    negated: Option<String>,
}

impl Piece {
    pub(super) fn new(text: impl Into<String>, binding: Binding) -> Self {
        Piece { text: text.into(), binding, negated: None }
    }

    pub(super) fn atom(text: impl Into<String>) -> Self {
        Piece::new(text, Binding::Atom)
    }

    /// A condition with `word` between its sides, which NOT turns around from within.
    pub(super) fn turnable(left: &str, word: &str, right: &str) -> Self {
        let negated = Some(format!("{left} NOT {word} {right}"));
        Piece { negated, ..Piece::new(format!("{left} {word} {right}"), Binding::Comparison) }
    }

    /// The text where everything that binds more loosely than `least` needs parentheses.
    pub(super) fn within(self, least: Binding) -> String {
        if self.binding < least { format!("({})", self.text) } else { self.text }
    }

    /// The text where nothing else is near.
    pub(super) fn alone(self) -> String {
        self.text
    }
}

/// Writes an expression; `leaf` writes what stands at its leaves.
pub(super) fn scalar<L>(expr: &Expr<L>, dialect: Dialect, leaf: &mut dyn FnMut(&L) -> Piece) -> Piece {
    let mut part = |it: &Expr<L>, least: Binding| scalar(it, dialect, leaf).within(least);
    // A comparison within a comparison is always in parentheses.
    let side = Binding::Sum;
    match expr {
        Expr::Value(it) => Piece::atom(dialect.literal(it.as_ref())),
        Expr::Leaf(it) => leaf(it),
        Expr::Compare(how, a, b) => {
            let (a, b) = (part(a, side), part(b, side));
            Piece::new(format!("{a} {} {b}", how.symbol()), Binding::Comparison)
        }
        Expr::And(list) | Expr::Or(list) if list.len() == 1 => scalar(&list[0], dialect, leaf),
        // All of nothing holds; one of nothing does not.
        Expr::And(list) if list.is_empty() => Piece::atom("TRUE"),
        Expr::Or(list) if list.is_empty() => Piece::atom("FALSE"),
        Expr::And(list) => {
            let list: Vec<String> = list.iter().map(|it| part(it, Binding::And)).collect();
            Piece::new(list.join(" AND "), Binding::And)
        }
        Expr::Or(list) => {
            let list: Vec<String> = list.iter().map(|it| part(it, Binding::Or)).collect();
            Piece::new(list.join(" OR "), Binding::Or)
        }
        Expr::Not(it) => match scalar(it, dialect, leaf) {
            Piece { negated: Some(text), .. } => Piece::new(text, Binding::Comparison),
            other => Piece::new(format!("NOT {}", other.within(Binding::Not)), Binding::Not),
        },
        Expr::IsNull(it) => {
            let it = part(it, side);
            let negated = Some(format!("{it} IS NOT NULL"));
            Piece { negated, ..Piece::new(format!("{it} IS NULL"), Binding::Comparison) }
        }
        Expr::InList(it, list) => {
            let it = part(it, side);
            let list: Vec<String> = list.iter().map(|it| part(it, Binding::Or)).collect();
            Piece::turnable(&it, "IN", &format!("({})", list.join(", ")))
        }
        Expr::Like(a, b) => {
            let (a, b) = (part(a, side), part(b, side));
            Piece::turnable(&a, "LIKE", &b)
        }
        Expr::Arithmetic(how, a, b) => {
            let (binding, tighter) = match how {
                Arithmetic::Add | Arithmetic::Subtract => (Binding::Sum, Binding::Product),
                Arithmetic::Multiply | Arithmetic::Divide | Arithmetic::Remainder => {
                    (Binding::Product, Binding::Concat)
                }
            };
            // Of equals the left one goes first, so only the right one needs parentheses.
            let (a, b) = (part(a, binding), part(b, tighter));
            Piece::new(format!("{a} {} {b}", how.symbol()), binding)
        }
        Expr::Call(function, list) => call(*function, list, dialect, leaf),
    }
}

fn call<L>(function: Function, list: &[Expr<L>], dialect: Dialect, leaf: &mut dyn FnMut(&L) -> Piece) -> Piece {
    let mut part = |it: &Expr<L>, least: Binding| scalar(it, dialect, leaf).within(least);
    match (function, list) {
        // SQLite takes no fewer than two; of one the first that is not NULL is itself.
        (Function::Coalesce, []) => Piece::atom("NULL"),
        (Function::Coalesce, [only]) => scalar(only, dialect, leaf),
        (Function::Concat, [first, rest @ ..]) => {
            let mut text = part(first, Binding::Concat);
            for it in rest {
                text = format!("{text} || {}", part(it, Binding::Atom));
            }
            Piece::new(text, Binding::Concat)
        }
        (_, list) => {
            let list: Vec<String> = list.iter().map(|it| part(it, Binding::Or)).collect();
            Piece::atom(format!("{}({})", function.name(), list.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::Expression;
    use crate::schema::{Name, column};

    fn check(expr: Expr<Name>, expected: &str) {
        let piece = scalar(&expr, Dialect::Sqlite, &mut |name| Piece::atom(name.to_string()));
        assert_eq!(piece.alone(), expected);
    }

    fn a() -> Expr<Name> {
        column("a")
    }

    fn b() -> Expr<Name> {
        column("b")
    }

    #[test]
    fn parentheses_stand_only_where_they_must() {
        check(a().eq(1).and(b().eq(2)).or(a().is_null()), "a = 1 AND b = 2 OR a IS NULL");
        check(a().eq(1).or(b().eq(2)).and(a().gt(0)), "(a = 1 OR b = 2) AND a > 0");
        check(a().plus(b()).times(2).minus(1), "(a + b) * 2 - 1");
        check(a().minus(b().minus(1)), "a - (b - 1)");
        check(a().minus(b()).minus(1), "a - b - 1");
        check(a().minus(-1), "a - -1");
        check(a().lt(1).eq(b().lt(2)), "(a < 1) = (b < 2)");
        check(a().eq(1).and(b().eq(2)).negated(), "NOT (a = 1 AND b = 2)");
        check(a().eq(1).negated().and(b()), "NOT a = 1 AND b");
        check(a().eq(1).negated().eq(b()), "(NOT a = 1) = b");
        check(Expr::Call(Function::Concat, vec![a(), b().plus(1)]).like("x%"), "a || (b + 1) LIKE 'x%'");
    }

    #[test]
    fn not_goes_inside_where_sql_has_a_word() {
        check(a().is_not_null(), "a IS NOT NULL");
        check(a().in_list([1, 2]).negated(), "a NOT IN (1, 2)");
        check(a().like("x").negated(), "a NOT LIKE 'x'");
        check(a().like("x").negated().negated(), "NOT a NOT LIKE 'x'");
    }

    #[test]
    fn what_is_empty_is_still_a_condition() {
        check(Expr::And(vec![]), "TRUE");
        check(Expr::Or(vec![]), "FALSE");
        check(Expr::And(vec![Expr::Or(vec![a().eq(1)])]), "a = 1");
        check(a().in_list(Vec::<i64>::new()), "a IN ()");
    }

    #[test]
    fn functions() {
        check(a().lower().eq("x"), "lower(a) = 'x'");
        check(Expr::Call(Function::Coalesce, vec![a(), b(), 0.into()]), "coalesce(a, b, 0)");
        check(Expr::Call(Function::Coalesce, vec![a().plus(1)]).times(2), "(a + 1) * 2");
        check(Expr::Call(Function::Coalesce, vec![]), "NULL");
    }
}
