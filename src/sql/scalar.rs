//! Expressions. Each part knows how tightly it binds, and whoever stands around it adds parentheses only when the part
//! would fall apart.

use super::Dialect;
use super::dialect::NOW_IN_SQLITE;
use crate::expr::{Arithmetic, Case, Cast, Expr, Function, Like, Matching};
use crate::value::{Truth, Value};

/// How tightly the parts of a text hold together, loosest first. The comparisons share one place, without an order
/// among them, since databases disagree about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Binding {
    Or,
    And,
    Not,
    Comparison,
    Bits,
    Sum,
    Product,
    Concat,
    Unary,
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
    let side = Binding::Bits;
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
        Expr::Like(it) => like(it, dialect, leaf),
        Expr::Arithmetic(how, a, b) => arithmetic(*how, a, b, dialect, leaf),
        Expr::Same(a, b) => {
            let (a, b) = (part(a, side), part(b, side));
            let (same, other) = match dialect {
                Dialect::Sqlite => ("IS", "IS NOT"),
                Dialect::Postgres => ("IS NOT DISTINCT FROM", "IS DISTINCT FROM"),
            };
            let negated = Some(format!("{a} {other} {b}"));
            Piece { negated, ..Piece::new(format!("{a} {same} {b}"), Binding::Comparison) }
        }
        Expr::Is(truth, it) => {
            let it = part(it, side);
            let word = match truth {
                Truth::True => "TRUE",
                Truth::False => "FALSE",
                Truth::Unknown if dialect == Dialect::Postgres => "UNKNOWN",
                Truth::Unknown => "NULL",
            };
            let negated = Some(format!("{it} IS NOT {word}"));
            Piece { negated, ..Piece::new(format!("{it} IS {word}"), Binding::Comparison) }
        }
        Expr::Case(it) => case(it, dialect, leaf),
        Expr::Cast(how, it) => cast(*how, it, dialect, leaf),
        Expr::Call(function, list) => call(*function, list, dialect, leaf),
        Expr::Apply(function, list) => {
            let list: Vec<String> = list.iter().map(|it| part(it, Binding::Or)).collect();
            Piece::atom(format!("{}({})", dialect.name(function.name()), list.join(", ")))
        }
    }
}

fn arithmetic<L>(
    how: Arithmetic,
    a: &Expr<L>,
    b: &Expr<L>,
    dialect: Dialect,
    leaf: &mut dyn FnMut(&L) -> Piece,
) -> Piece {
    let (binding, tighter) = match how {
        Arithmetic::BitAnd | Arithmetic::BitOr | Arithmetic::ShiftLeft | Arithmetic::ShiftRight => {
            (Binding::Bits, Binding::Sum)
        }
        Arithmetic::Add | Arithmetic::Subtract => (Binding::Sum, Binding::Product),
        Arithmetic::Multiply | Arithmetic::Divide | Arithmetic::Remainder => (Binding::Product, Binding::Concat),
    };
    // Of equals the left one goes first, so only the right one needs parentheses. Databases disagree about the order of
    // operators on bits among each other.
    let left = if binding == Binding::Bits { tighter } else { binding };
    let a = scalar(a, dialect, leaf).within(left);
    let b = scalar(b, dialect, leaf).within(tighter);
    Piece::new(format!("{a} {} {b}", how.symbol()), binding)
}

fn case<L>(it: &Case<L>, dialect: Dialect, leaf: &mut dyn FnMut(&L) -> Piece) -> Piece {
    // A CASE without a condition is what it comes to in the end.
    if it.arms.is_empty() {
        return it.otherwise.as_ref().map_or(Piece::atom("NULL"), |it| scalar(it, dialect, leaf));
    }
    let mut part = |it: &Expr<L>| scalar(it, dialect, leaf).alone();
    let mut text = "CASE".to_owned();
    for (condition, outcome) in &it.arms {
        text += &format!(" WHEN {} THEN {}", part(condition), part(outcome));
    }
    if let Some(it) = &it.otherwise {
        text += &format!(" ELSE {}", part(it));
    }
    Piece::atom(text + " END")
}

fn cast<L>(how: Cast, it: &Expr<L>, dialect: Dialect, leaf: &mut dyn FnMut(&L) -> Piece) -> Piece {
    let it = scalar(it, dialect, leaf);
    match how {
        Cast::To(kind) => Piece::atom(format!("CAST({} AS {})", it.alone(), dialect.column_type(kind, false))),
        Cast::Lenient(affinity) => Piece::atom(format!("CAST({} AS {})", it.alone(), affinity.name())),
        // What a column of SQLite does to its values has no word.
        Cast::Affine(_) => it,
    }
}

fn like<L>(it: &Like<L>, dialect: Dialect, leaf: &mut dyn FnMut(&L) -> Piece) -> Piece {
    let mut part = |it: &Expr<L>| scalar(it, dialect, leaf).within(Binding::Bits);
    // SQLite has no LIKE that tells cases apart; a constant pattern can be said with GLOB.
    let exact = match (it.matching, &it.pattern, &it.escape) {
        _ if dialect == Dialect::Postgres => None,
        (Matching::Exact, Expr::Value(Value::Text(pattern)), None) => Some(glob(pattern)),
        _ => None,
    };
    let text = part(&it.text);
    if let Some(pattern) = exact {
        return Piece::turnable(&text, "GLOB", &dialect.literal(Value::from(pattern).as_ref()));
    }
    let word = match (it.matching, dialect) {
        (Matching::Glob, _) => "GLOB",
        // The case of letters beyond ASCII counts in SQLite only.
        (Matching::AnyCase | Matching::AsciiCase, Dialect::Postgres) => "ILIKE",
        _ => "LIKE",
    };
    let mut pattern = part(&it.pattern);
    if let Some(escape) = &it.escape {
        pattern = format!("{pattern} ESCAPE {}", part(escape));
    }
    Piece::turnable(&text, word, &pattern)
}

fn glob(pattern: &str) -> String {
    let mut out = String::new();
    for it in pattern.chars() {
        match it {
            '%' => out.push('*'),
            '_' => out.push('?'),
            '*' | '?' | '[' => out.extend(['[', it, ']']),
            other => out.push(other),
        }
    }
    out
}

fn call<L>(function: Function, list: &[Expr<L>], dialect: Dialect, leaf: &mut dyn FnMut(&L) -> Piece) -> Piece {
    if let ([a, b], Some(how)) = (list, function.lenient_arithmetic()) {
        return arithmetic(how, a, b, dialect, leaf);
    }
    let mut part = |it: &Expr<L>, least: Binding| scalar(it, dialect, leaf).within(least);
    match (function, list) {
        // SQLite takes no fewer than two; of one the first that is not NULL is itself.
        (Function::Coalesce, []) => Piece::atom("NULL"),
        (Function::Coalesce, [only]) => scalar(only, dialect, leaf),
        // What SQLite does by itself.
        (Function::Number | Function::Addend | Function::Condition, [only]) => scalar(only, dialect, leaf),
        (Function::Negate | Function::LenientNegate | Function::BitNot | Function::LenientBitNot, [it]) => {
            let text = part(it, Binding::Atom);
            // Two minus signs would begin a comment.
            let space = if text.starts_with('-') { " " } else { "" };
            // In PostgreSQL only the minus sign binds tightly.
            let bits = matches!(function, Function::BitNot | Function::LenientBitNot);
            let binding = if bits && dialect == Dialect::Postgres { Binding::Bits } else { Binding::Unary };
            Piece::new(format!("{}{space}{text}", function.name()), binding)
        }
        (Function::Concat | Function::LenientConcat, [first, rest @ ..]) => {
            let mut text = part(first, Binding::Concat);
            for it in rest {
                text = format!("{text} || {}", part(it, Binding::Unary));
            }
            Piece::new(text, Binding::Concat)
        }
        (Function::Concat, []) => Piece::atom("''"),
        (Function::Extract, [Expr::Value(Value::Text(field)), it]) => {
            Piece::atom(format!("extract({field} FROM {})", part(it, Binding::Or)))
        }
        (Function::Shift, [it, Expr::Value(months), Expr::Value(days), Expr::Value(time)]) => {
            let it = part(it, Binding::Product);
            let seconds = if let Value::Int(it) = time { *it as f64 / 1e6 } else { 0.0 };
            match dialect {
                Dialect::Postgres => {
                    let interval = format!("INTERVAL '{months} months {days} days {seconds} seconds'");
                    Piece::new(format!("{it} + {interval}"), Binding::Sum)
                }
                Dialect::Sqlite => {
                    Piece::atom(format!("datetime({it}, '{months} months', '{days} days', '{seconds} seconds')"))
                }
            }
        }
        (Function::Date | Function::Time | Function::Datetime | Function::Julianday | Function::Unixepoch, list)
        | (Function::Strftime, list) => {
            let operand = |it: String| if it == NOW_IN_SQLITE { "'now'".to_owned() } else { it };
            let list: Vec<String> = list.iter().map(|it| operand(part(it, Binding::Or))).collect();
            Piece::atom(format!("{}({})", function.name(), list.join(", ")))
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

    #[test]
    fn operators_of_all_sorts() {
        use Arithmetic::{BitAnd, BitOr, ShiftLeft};
        check(a().plus(1).arithmetic(BitAnd, b()).eq(0), "a + 1 & b = 0");
        check(a().arithmetic(BitAnd, b()).arithmetic(BitOr, 1), "(a & b) | 1");
        check(a().arithmetic(ShiftLeft, b().plus(1)).plus(1), "(a << b + 1) + 1");
        check(Expr::from(-1).call(Function::Negate), "- -1");
        check(a().plus(b()).call(Function::BitNot).times(2), "~(a + b) * 2");
        check(Expr::Call(Function::LenientAdd, vec![a(), 1.into()]).times(2), "(a + 1) * 2");
        check(a().call(Function::Condition).negated(), "NOT a");
        check(a().same(b()).negated(), "a IS NOT b");
        check(a().eq(1).is(Truth::True), "(a = 1) IS TRUE");
        check(a().matches(Matching::Exact, "50*_%"), "a GLOB '50[*]?*'");
        check(Expr::case([(a().eq(1), "x".into())], Some(b())), "CASE WHEN a = 1 THEN 'x' ELSE b END");
        check(a().plus(1).cast(crate::value::Kind::Text), "CAST(a + 1 AS text)");
    }
}
