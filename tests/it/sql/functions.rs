//! Functions, casts and lenient operators on values that are chosen to be awkward, beside SQLite.

use diptych::error::Result;
use diptych::expr::{Affinity, Arithmetic, Cast, Environment, Function, Like, Matching, Scalar};
use diptych::query::Leaf;
use diptych::{Expr, Expression, Select, Statement, Value, ValueRef};
use rusqlite::types::Value as Cell;

use super::cell;

/// Expressions here are of constants alone.
struct Nothing;

impl Environment<Leaf> for Nothing {
    fn leaf<'a>(&'a self, _: &'a Leaf) -> Result<Scalar<'a>> {
        Ok(ValueRef::Null.into())
    }
}

fn sqlite() -> rusqlite::Connection {
    let sqlite = rusqlite::Connection::open_in_memory().unwrap();
    sqlite.execute_batch("CREATE TABLE one (id); INSERT INTO one VALUES (1)").unwrap();
    sqlite
}

/// Floats may differ in the last bits, where libraries do.
fn alike(a: &Cell, b: &Cell) -> bool {
    match (a, b) {
        (Cell::Real(a), Cell::Real(b)) => a == b || (a - b).abs() <= a.abs().max(b.abs()) * 1e-14,
        (a, b) => a == b,
    }
}

/// Whether there is an outcome here and the same one in SQLite. `refused` says whether having none here is in order.
fn check(sqlite: &rusqlite::Connection, expr: Expr<Leaf>, refused: bool) -> Result<(), String> {
    let here = match expr.evaluate(&Nothing) {
        Ok(it) => cell(&it.into_value()),
        Err(_) if refused => return Ok(()),
        Err(error) => return Err(format!("{expr:?}: {error:#}")),
    };
    let text = Statement::from(Select::from("one").values([expr])).to_sql();
    let there: Cell = match sqlite.query_row(&text, [], |row| row.get(0)) {
        Ok(it) => it,
        Err(error) => return Err(format!("{text}: {error}")),
    };
    if alike(&here, &there) { Ok(()) } else { Err(format!("{text}: here {here:?}, there {there:?}")) }
}

fn report(problems: Vec<Result<(), String>>) {
    let (all, problems) = (problems.len(), problems.into_iter().filter_map(Result::err).collect::<Vec<_>>());
    assert!(problems.is_empty(), "{} of {all}:\n{}", problems.len(), problems[..problems.len().min(40)].join("\n"));
}

fn values() -> Vec<Value> {
    let mut all = vec![Value::Null];
    all.extend([0, 1, -1, 2, 7, 63, 64, -65, i64::MAX, i64::MIN, 1 << 53].map(Value::Int));
    all.extend(
        [0.0, 1.0, -1.5, 0.1 + 0.2, 2.5, 1e15, 123456789012345.0, 1e20, -1e-7, 9.3e18, 0.00012].map(Value::Float),
    );
    let texts =
        ["", " ", "abc", "12abc", " -7 ", "1.5", "1.", ".5", "1e2x", "1e", "+3", "- 3", "0x10", "1e400", "true"];
    all.extend(texts.map(Value::from));
    all.extend(["9223372036854775807", "9223372036854775808", "-9223372036854775809", "1.0", "é%_"].map(Value::from));
    all.push(Value::from(&b"12ab"[..]));
    all.push(Value::from(&b""[..]));
    all
}

fn is_number(it: &Value) -> bool {
    matches!(it, Value::Null | Value::Int(_) | Value::Float(_))
}

#[test]
fn lenient_operators_are_those_of_sqlite() {
    let sqlite = sqlite();
    let mut problems = Vec::new();
    use Arithmetic::*;
    for a in values() {
        for function in [Function::LenientNegate, Function::LenientBitNot, Function::Number] {
            // A number is written as its operand alone; to see the number, it is added to something.
            let expr = Expr::Value(a.clone()).call(function);
            let add = |it| Expr::Call(Function::LenientAdd, vec![it, 0.into()]);
            problems.push(check(&sqlite, if function == Function::Number { add(expr) } else { expr }, false));
        }
        let condition = Expr::Value(a.clone()).call(Function::Condition);
        problems.push(check(&sqlite, condition.negated(), false));
        for b in values() {
            let operands = || vec![Expr::Value(a.clone()), Expr::Value(b.clone())];
            for how in [Add, Subtract, Multiply, Divide, Remainder, BitAnd, BitOr, ShiftLeft, ShiftRight] {
                problems.push(check(&sqlite, Expr::Call(Function::lenient(how), operands()), false));
            }
            problems.push(check(&sqlite, Expr::Call(Function::LenientConcat, operands()), false));
            problems.push(check(&sqlite, Expr::Value(a.clone()).same(Expr::Value(b.clone())), false));
        }
    }
    report(problems);
}

#[test]
fn lenient_casts_are_those_of_sqlite() {
    let sqlite = sqlite();
    let mut problems = Vec::new();
    use Affinity::*;
    for a in values() {
        for affinity in [Integer, Real, Numeric, Text, Blob] {
            let expr = Expr::Cast(Cast::Lenient(affinity), Box::new(Expr::Value(a.clone())));
            problems.push(check(&sqlite, expr.clone(), false));
            problems.push(check(&sqlite, expr.call(Function::Typeof), false));
        }
    }
    report(problems);
}

/// What a column does to a value: SQLite is asked through a table that has one of each.
#[test]
fn affinities_are_those_of_sqlite_columns() {
    let sqlite = sqlite();
    use Affinity::*;
    let all = [(Integer, "bigint"), (Real, "double precision"), (Numeric, "decimal(10, 2)"), (Text, "varchar(3)")];
    for (affinity, name) in all.into_iter().chain([(Blob, "")]) {
        assert_eq!(Affinity::of_type(name), affinity, "{name}");
        sqlite.execute_batch(&format!("DROP TABLE IF EXISTS typed; CREATE TABLE typed (it {name})")).unwrap();
        for value in values() {
            sqlite.execute("INSERT INTO typed VALUES (?)", [cell(&value)]).unwrap();
            let there: Cell = sqlite.query_row("SELECT it FROM typed", [], |row| row.get(0)).unwrap();
            let here = cell(&Cast::Affine(affinity).convert(value.as_ref()).unwrap());
            assert_eq!(here, there, "{value} as {name}");
            sqlite.execute("DELETE FROM typed", []).unwrap();
        }
    }
}

#[test]
fn functions_of_numbers_are_those_of_sqlite() {
    let sqlite = sqlite();
    let mut problems = Vec::new();
    use Function::*;
    let numbers: Vec<Value> = values().into_iter().filter(is_number).collect();
    for a in &numbers {
        for function in [Abs, Sign, Round, Typeof, Hex, Quote] {
            // Floats are written with all their digits here, and with 15 there.
            if !matches!((function, a), (Hex | Quote, Value::Float(_))) {
                problems.push(check(&sqlite, Expr::Value(a.clone()).call(function), true));
            }
        }
        for b in &numbers {
            let operands = || vec![Expr::Value(a.clone()), Expr::Value(b.clone())];
            for function in [Min, Max, Ifnull, Nullif, Coalesce] {
                problems.push(check(&sqlite, Expr::Call(function, operands()), true));
            }
        }
    }
    for number in [2.675, 1.005, 0.5, -2.5, 1.45, 9.995, 1e14 + 0.5, 123.456, 0.285, 8.325, 1.15, 5.015] {
        for digits in [-1, 0, 1, 2, 3, 20] {
            problems.push(check(&sqlite, Expr::Call(Round, vec![number.into(), digits.into()]), false));
        }
    }
    report(problems);
}

/// SQLite has these only where it was built with them, so the outcomes are said here.
#[test]
fn functions_of_floats() {
    use Function::*;
    let value = |function, operands: &[f64]| {
        let operands = operands.iter().map(|it| Expr::from(*it)).collect();
        Expr::<Leaf>::Call(function, operands).evaluate(&Nothing).unwrap().into_value()
    };
    for (function, operands, expected) in [
        (Ceil, &[-1.5][..], Some(-1.0)),
        (Floor, &[-1.5], Some(-2.0)),
        (Trunc, &[-1.5], Some(-1.0)),
        (Sqrt, &[2.25], Some(1.5)),
        (Sqrt, &[-1.0], None),
        (Power, &[2.0, 10.0], Some(1024.0)),
        (Power, &[-1.0, 0.5], None),
        (Ln, &[1.0], Some(0.0)),
        (Ln, &[0.0], None),
        (Log, &[2.0, 8.0], Some(3.0)),
        (Log, &[100.0], Some(2.0)),
        (Log10, &[1000.0], Some(3.0)),
        (Log2, &[8.0], Some(3.0)),
        (Mod, &[5.5, 2.0], Some(1.5)),
        (Mod, &[5.5, 0.0], None),
        (Atan2, &[0.0, 1.0], Some(0.0)),
        (Acos, &[2.0], None),
        (Degrees, &[std::f64::consts::PI], Some(180.0)),
    ] {
        assert_eq!(value(function, operands), expected.map_or(Value::Null, Value::from), "{function:?} {operands:?}");
    }
}

#[test]
fn functions_of_text_are_those_of_sqlite() {
    let sqlite = sqlite();
    let mut problems = Vec::new();
    use Function::*;
    let mut texts = vec![Value::Null, 120.into(), Value::from(&b"ab\x01"[..])];
    texts.extend(["", "abc", "  a b ", "aéü", "abcabc", "it's", "%b_", "b"].map(Value::from));
    let places: Vec<Value> = [0, 1, -1, 2, -2, 3, 100, -100, i64::MAX, i64::MIN + 1].map(Value::Int).into();
    for a in &texts {
        for function in [Length, OctetLength, Trim, Ltrim, Rtrim, Unicode, Hex, Quote, Typeof] {
            problems.push(check(&sqlite, Expr::Value(a.clone()).call(function), true));
        }
        for b in &texts {
            let (x, y) = (Expr::Value(a.clone()), Expr::Value(b.clone()));
            for function in [Instr, Trim, Ltrim, Rtrim, Concat, Min, Max, Nullif] {
                if function != Concat || !matches!((a, b), (Value::Bytes(_), _) | (_, Value::Bytes(_))) {
                    problems.push(check(&sqlite, Expr::Call(function, vec![x.clone(), y.clone()]), true));
                }
            }
            for c in &texts {
                let empty = |it: &Value| *it == Value::from("");
                for function in [Replace, ConcatAll, ConcatWs] {
                    // To replace nothing by NULL leaves the text there, and NULL here as with other text. Where the first
                    // text is empty, SQLite leaves out the separator behind it.
                    if (function == Replace && empty(b) && c.is_null()) || (function == ConcatWs && empty(b)) {
                        continue;
                    }
                    let operands = vec![x.clone(), y.clone(), Expr::Value(c.clone())];
                    problems.push(check(&sqlite, Expr::Call(function, operands), true));
                }
            }
        }
        for b in &places {
            let (x, y) = (Expr::Value(a.clone()), Expr::Value(b.clone()));
            problems.push(check(&sqlite, Expr::Call(Substr, vec![x.clone(), y.clone()]), true));
            for c in &places {
                let operands = vec![x.clone(), y.clone(), Expr::Value(c.clone())];
                problems.push(check(&sqlite, Expr::Call(Substr, operands), true));
            }
        }
    }
    problems.push(check(&sqlite, Expr::Call(Char, vec![72.into(), 233.into(), 0x1F600.into()]), false));
    report(problems);
}

#[test]
fn patterns_are_those_of_sqlite() {
    let sqlite = sqlite();
    let mut problems = Vec::new();
    let texts = ["", "a", "abc", "ABC", "a%c", "a_c", "a*c", "a[c", "a-c", "a]c", "aXc", "é", "a\\c", "ab"];
    let patterns = ["", "%", "_", "a%", "A_C", "a\\%c", "a\\_c", "%c", "*", "?", "a[*]c", "a[^b]c", "a[a-c]c", "[]a]*"];
    let more = ["[^]a]*", "a[", "a[-x]c", "a[b-]c", "%\\", "\\", "%%_", "_%_%", "a**c", "[a", "[^a", "[]", "a\\\\c"];
    for text in texts {
        for pattern in patterns.into_iter().chain(more) {
            for (matching, escape) in [
                (Matching::AsciiCase, None),
                (Matching::AsciiCase, Some("\\".into())),
                (Matching::Exact, None),
                (Matching::Glob, None),
            ] {
                // SQLite says LIKE that tells cases apart with GLOB, in which a text is all there is to a pattern.
                let like = Like { matching, text: text.into(), pattern: pattern.into(), escape };
                problems.push(check(&sqlite, Expr::Like(Box::new(like)), false));
            }
        }
    }
    report(problems);
}

#[test]
fn printf_is_that_of_sqlite() {
    let sqlite = sqlite();
    let mut problems = Vec::new();
    let formats =
        ["%d", "%5d|", "%-5d|", "%05d", "%+d", "% d", "%,d", "%.3d", "%x", "%X", "%#x", "%o", "%u", "%i", "%ld"];
    let more = ["%f", "%.2f", "%10.3f|", "%-10.1f|", "%+.1f", "%010.2f", "%.0f", "%e", "%.3e", "%,.2f", "%s", "%5s|"];
    let last = ["%-5s|", "%.2s", "%q", "%Q", "%w", "%c", "%%", "100%", "a%zb", "%*d", "%y", "%5%", "%lld", "%s%s"];
    let operands = [Value::Null, 0.into(), 42.into(), (-1234567).into(), 3.14061.into(), (-2.5).into(), "it's".into()];
    for format in formats.into_iter().chain(more).chain(last) {
        for operand in &operands {
            let list = vec![format.into(), Expr::Value(operand.clone()), 7.into()];
            // A character of nothing is a NUL there, and a text that ends at once is NULL.
            if format != "%y" && !(format == "%c" && operand.is_null()) {
                problems.push(check(&sqlite, Expr::Call(Function::Printf, list), false));
            }
        }
    }
    report(problems);
}

#[test]
fn case_and_truth_are_those_of_sqlite() {
    use diptych::value::Truth;
    let sqlite = sqlite();
    let mut problems = Vec::new();
    for a in [Value::Null, true.into(), false.into(), 5.into(), 0.into(), 0.5.into()] {
        let a = || Expr::Value(a.clone());
        for truth in [Truth::True, Truth::False, Truth::Unknown] {
            // SQLite reads `IS UNKNOWN` as a comparison with NULL, which is the same.
            problems.push(check(&sqlite, a().is(truth), false));
            problems.push(check(&sqlite, a().is(truth).negated(), false));
        }
        let arms = [(a(), "yes".into()), (a().negated(), "no".into())];
        problems.push(check(&sqlite, Expr::case(arms.clone(), None), false));
        problems.push(check(&sqlite, Expr::case(arms, Some("open".into())).eq("open"), false));
        problems.push(check(&sqlite, Expr::case([], Some(a())), false));
        problems.push(check(&sqlite, Expr::Call(Function::Iif, vec![a(), 1.into(), 2.into()]), false));
        if !matches!(a(), Expr::Value(Value::Bool(_))) {
            problems.push(check(&sqlite, a().between(0, 2).negated(), false));
        }
    }
    report(problems);
}
