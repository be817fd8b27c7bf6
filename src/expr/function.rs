//! The scalar functions, one row of a table each.
//!
//! # Two readings
//! The operators of [`Expr`](super::Expr) are strict: arithmetic is of numbers, a condition is a boolean or a number, and
//! an integer that does not fit is refused. SQLite reads the same operators of anything: text is the number that it
//! begins with, and an integer that does not fit becomes a float. That reading is a set of functions here, `Lenient…`,
//! `Number` and `Condition`, and not a switch: an expression means one thing wherever it is kept and whoever runs it,
//! a CHECK among them; the planner, which looks for strict operators, needs no second set of rules; and the strict path
//! pays nothing. Whoever reads SQLite's text writes these where an operand could be anything but a number, and the text
//! of SQLite writes them as plain operators again.

pub(super) mod calendar;
mod format;
mod lenient;
#[cfg(feature = "jiff")]
pub(super) mod moment;
mod number;
mod pick;
mod text;
mod time;

use super::Arithmetic;
use crate::error::{Error, Misuse, Result};
use crate::value::{Kind, Value, ValueRef};

/// Why there is no outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is not defined for these operands.
    Undefined,
    /// An integer that does not fit.
    Overflow,
}

/// An outcome, or why there is none.
pub(super) type Refused = Result<Value, Refusal>;

impl Refusal {
    /// As an error that shows the operation and its operands.
    #[cold]
    pub(super) fn of(self, operation: &'static str, operands: &[ValueRef<'_>]) -> Error {
        let operands = operands.iter().map(|it| it.to_value()).collect();
        match self {
            Refusal::Undefined => Misuse::Operation { operation, operands }.into(),
            Refusal::Overflow => Misuse::Overflow { operation, operands }.into(),
        }
    }
}

/// Of which kind an outcome is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Returns {
    /// Always of this one.
    One(Kind),
    /// As the first operand.
    First,
    /// As all operands from this place on, in steps; if they differ, it may be any of theirs.
    Common(usize, usize),
    /// A number: an integer if all operands are.
    Number,
    /// Nobody can tell.
    Any,
}

/// What NULL means to a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nulls {
    /// It gives NULL to NULL, and only then.
    Pass,
    /// It gives NULL to NULL, and to others at times.
    Make,
    /// It gives NULL only if all operands are.
    Skip,
    /// It gives no NULL.
    Never,
    /// It decides by itself.
    Any,
}

/// A row of the table.
pub(super) struct Row {
    function: Function,
    name: &'static str,
    also: &'static [&'static str],
    least: usize,
    most: usize,
    pub(super) returns: Returns,
    pub(super) nulls: Nulls,
    body: fn(&[ValueRef<'_>]) -> Refused,
}

/// Any number of operands.
const MANY: usize = usize::MAX;

macro_rules! functions {
    ($(
        $(#[$doc:meta])*
        $variant:ident = $name:literal $(or $also:literal)*, $least:literal..=$most:expr, $returns:expr, $nulls:ident, $body:expr;
    )*) => {
        /// A scalar function of SQL.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Function {
            $($(#[$doc])* $variant,)*
        }

        static TABLE: &[Row] = &[$(
            Row {
                function: Function::$variant,
                name: $name,
                also: &[$($also),*],
                least: $least,
                most: $most,
                returns: $returns,
                nulls: Nulls::$nulls,
                body: $body,
            },
        )*];
    };
}

const INT: Returns = Returns::One(Kind::Int);
const FLOAT: Returns = Returns::One(Kind::Float);
const TEXT: Returns = Returns::One(Kind::Text);
const BOOL: Returns = Returns::One(Kind::Bool);
const FIRST: Returns = Returns::First;
const NUMBER: Returns = Returns::Number;
const ALL: Returns = Returns::Common(0, 1);
#[cfg(feature = "jiff")]
const MOMENT: Returns = Returns::One(Kind::Timestamp);
#[cfg(not(feature = "jiff"))]
const MOMENT: Returns = Returns::Any;

/// What functions of dates and points in time do where there are none.
#[cfg(not(feature = "jiff"))]
mod moment {
    use super::{Refusal, Refused};
    use crate::value::ValueRef;

    pub(super) fn extract(_: &[ValueRef<'_>]) -> Refused {
        Err(Refusal::Undefined)
    }

    pub(super) use extract as part;
    pub(super) use extract as shift;
    pub(super) use extract as to_char;
    pub(super) use extract as truncate;
}

functions! {
    /// `coalesce(a, b, …)`: the first that is not NULL.
    Coalesce = "coalesce", 0..=MANY, ALL, Skip, pick::coalesce;
    /// `ifnull(a, b)`
    Ifnull = "ifnull", 2..=2, ALL, Skip, pick::coalesce;
    /// `nullif(a, b)`: NULL if both are equal.
    Nullif = "nullif", 2..=2, FIRST, Any, pick::nullif;
    /// `iif(condition, then, …, otherwise)`
    Iif = "iif" or "if", 2..=MANY, Returns::Any, Any, pick::iif;
    /// `min(a, b, …)` of one row: NULL if any is.
    Min = "min", 2..=MANY, ALL, Pass, pick::least;
    /// `max(a, b, …)` of one row: NULL if any is.
    Max = "max", 2..=MANY, ALL, Pass, pick::greatest;
    /// `least(a, b, …)`, which passes over NULL.
    Least = "least", 1..=MANY, ALL, Skip, pick::least;
    /// `greatest(a, b, …)`, which passes over NULL.
    Greatest = "greatest", 1..=MANY, ALL, Skip, pick::greatest;
    /// `typeof(a)`: the name of its kind.
    Typeof = "typeof", 1..=1, TEXT, Never, pick::kind_name;
    /// `quote(a)`: as an SQL literal.
    Quote = "quote", 1..=1, TEXT, Never, text::quote;

    /// `-a`
    Negate = "-", 1..=1, NUMBER, Pass, number::negate;
    /// `~a`: every bit the other way.
    BitNot = "~", 1..=1, INT, Pass, number::bit_not;
    /// `abs(number)`
    Abs = "abs", 1..=1, NUMBER, Pass, number::abs;
    /// `sign(number)`: -1, 0 or 1.
    Sign = "sign", 1..=1, INT, Make, number::sign;
    /// `round(number, digits)`: a float; halves go away from zero.
    Round = "round", 1..=2, FLOAT, Pass, number::round;
    /// `ceil(number)`
    Ceil = "ceil" or "ceiling", 1..=1, NUMBER, Pass, |it| number::whole(it, f64::ceil);
    /// `floor(number)`
    Floor = "floor", 1..=1, NUMBER, Pass, |it| number::whole(it, f64::floor);
    /// `trunc(number)`: towards zero.
    Trunc = "trunc", 1..=1, NUMBER, Pass, |it| number::whole(it, f64::trunc);
    /// `mod(a, b)`: an integer of integers; NULL when the divisor is zero.
    Mod = "mod", 2..=2, NUMBER, Make, number::modulo;
    /// `power(a, b)`
    Power = "power" or "pow", 2..=2, FLOAT, Make, |it| number::floats2(it, f64::powf);
    /// `sqrt(a)`; NULL of a negative number.
    Sqrt = "sqrt", 1..=1, FLOAT, Make, |it| number::float(it, f64::sqrt);
    /// `exp(a)`
    Exp = "exp", 1..=1, FLOAT, Make, |it| number::float(it, f64::exp);
    /// `ln(a)`; NULL of what is not positive.
    Ln = "ln", 1..=1, FLOAT, Make, |it| number::logarithm(it, f64::ln);
    /// `log10(a)`, which is `log(a)` too.
    Log10 = "log10", 1..=1, FLOAT, Make, |it| number::logarithm(it, f64::log10);
    /// `log2(a)`
    Log2 = "log2", 1..=1, FLOAT, Make, |it| number::logarithm(it, f64::log2);
    /// `log(base, a)`
    Log = "log", 1..=2, FLOAT, Make, number::log;
    /// `pi()`
    Pi = "pi", 0..=0, FLOAT, Never, |_| Ok(Value::Float(std::f64::consts::PI));
    /// `sin(a)`
    Sin = "sin", 1..=1, FLOAT, Make, |it| number::float(it, f64::sin);
    /// `cos(a)`
    Cos = "cos", 1..=1, FLOAT, Make, |it| number::float(it, f64::cos);
    /// `tan(a)`
    Tan = "tan", 1..=1, FLOAT, Make, |it| number::float(it, f64::tan);
    /// `asin(a)`
    Asin = "asin", 1..=1, FLOAT, Make, |it| number::float(it, f64::asin);
    /// `acos(a)`
    Acos = "acos", 1..=1, FLOAT, Make, |it| number::float(it, f64::acos);
    /// `atan(a)`
    Atan = "atan", 1..=1, FLOAT, Make, |it| number::float(it, f64::atan);
    /// `atan2(y, x)`
    Atan2 = "atan2", 2..=2, FLOAT, Make, |it| number::floats2(it, f64::atan2);
    /// `radians(degrees)`
    Radians = "radians", 1..=1, FLOAT, Make, |it| number::float(it, f64::to_radians);
    /// `degrees(radians)`
    Degrees = "degrees", 1..=1, FLOAT, Make, |it| number::float(it, f64::to_degrees);

    /// `lower(text)`
    Lower = "lower", 1..=1, TEXT, Pass, text::lower;
    /// `upper(text)`
    Upper = "upper", 1..=1, TEXT, Pass, text::upper;
    /// `length(text)`, in characters; of bytes, their number.
    Length = "length" or "char_length" or "character_length", 1..=1, INT, Pass, text::length;
    /// `octet_length(text)`, in bytes.
    OctetLength = "octet_length", 1..=1, INT, Pass, text::octet_length;
    /// `a || b`
    Concat = "||", 0..=MANY, TEXT, Pass, text::concat;
    /// `concat(a, b, …)`, in which NULL is nothing.
    ConcatAll = "concat", 0..=MANY, TEXT, Never, text::concat;
    /// `concat_ws(separator, a, b, …)`, which leaves out NULL.
    ConcatWs = "concat_ws", 2..=MANY, TEXT, Any, text::concat_ws;
    /// `trim(text, characters)`; spaces if none are said.
    Trim = "trim" or "btrim", 1..=2, TEXT, Pass, |it| text::trim(it, true, true);
    /// `ltrim(text, characters)`
    Ltrim = "ltrim", 1..=2, TEXT, Pass, |it| text::trim(it, true, false);
    /// `rtrim(text, characters)`
    Rtrim = "rtrim", 1..=2, TEXT, Pass, |it| text::trim(it, false, true);
    /// `substr(text, start, length)` as SQLite has it: from the end if the start is negative, backwards if the length is.
    Substr = "substr", 2..=3, FIRST, Pass, text::substr;
    /// `substring(text FROM start FOR length)` as the standard has it: places before the first one count and are empty.
    Substring = "substring", 2..=3, FIRST, Pass, text::substring;
    /// `replace(text, what, by)`
    Replace = "replace", 3..=3, TEXT, Pass, text::replace;
    /// `instr(text, part)`: where it is, counted from 1; 0 if it is not.
    Instr = "instr" or "strpos", 2..=2, INT, Pass, text::instr;
    /// `left(text, n)`; all but the last if `n` is negative.
    Left = "left", 2..=2, TEXT, Pass, |it| text::side(it, true);
    /// `right(text, n)`; all but the first if `n` is negative.
    Right = "right", 2..=2, TEXT, Pass, |it| text::side(it, false);
    /// `lpad(text, length, fill)`
    Lpad = "lpad", 2..=3, TEXT, Pass, |it| text::pad(it, true);
    /// `rpad(text, length, fill)`
    Rpad = "rpad", 2..=3, TEXT, Pass, |it| text::pad(it, false);
    /// `repeat(text, times)`
    Repeat = "repeat", 2..=2, TEXT, Pass, text::repeat;
    /// `reverse(text)`
    Reverse = "reverse", 1..=1, TEXT, Pass, text::reverse;
    /// `split_part(text, separator, n)`
    SplitPart = "split_part", 3..=3, TEXT, Pass, text::split_part;
    /// `starts_with(text, beginning)`
    StartsWith = "starts_with", 2..=2, BOOL, Pass, text::starts_with;
    /// `char(a, b, …)`: text of these code points.
    Char = "char" or "chr", 0..=MANY, TEXT, Never, text::char;
    /// `unicode(text)`: the code point of its first character; NULL of nothing.
    Unicode = "unicode" or "ascii", 1..=1, INT, Make, text::unicode;
    /// `hex(a)`: its bytes, two digits each.
    Hex = "hex", 1..=1, TEXT, Never, text::hex;
    /// `printf(format, …)` as SQLite has it, without positions in the format.
    Printf = "printf" or "format", 1..=MANY, TEXT, Any, format::printf;

    /// `date(time, modifiers, …)` as SQLite has it: a day as text; NULL of what is no time.
    Date = "date", 1..=MANY, TEXT, Make, time::date;
    /// `time(time, modifiers, …)` as SQLite has it.
    Time = "time", 1..=MANY, TEXT, Make, time::time_of_day;
    /// `datetime(time, modifiers, …)` as SQLite has it.
    Datetime = "datetime", 1..=MANY, TEXT, Make, time::datetime;
    /// `julianday(time, modifiers, …)`: days since noon of the 24th of November, 4714 before our time.
    Julianday = "julianday", 1..=MANY, FLOAT, Make, time::julian_day;
    /// `unixepoch(time, modifiers, …)`: seconds since 1970.
    Unixepoch = "unixepoch", 1..=MANY, Returns::Any, Make, time::unix_epoch;
    /// `strftime(format, time, modifiers, …)`
    Strftime = "strftime", 2..=MANY, TEXT, Make, time::strftime;
    /// `date_part(field, time)` of a date or a point in time, with the feature `jiff`.
    DatePart = "date_part", 2..=2, FLOAT, Make, moment::part;
    /// `extract(field FROM time)`: an integer where the field has no fractions.
    Extract = "extract", 2..=2, Returns::Any, Make, moment::extract;
    /// `date_trunc(field, time)`: the beginning of the hour, the week and the like.
    DateTrunc = "date_trunc", 2..=2, MOMENT, Make, moment::truncate;
    /// `to_char(time, format)`
    ToChar = "to_char", 2..=2, TEXT, Make, moment::to_char;
    /// `time + INTERVAL …`: so many months, days and microseconds later.
    Shift = "+ INTERVAL", 4..=4, MOMENT, Make, moment::shift;

    /// The operand as the number that SQLite's operators take it for; 0 of text that begins with none.
    Number = "number", 1..=1, NUMBER, Pass, lenient::number;
    /// The operand as the condition that SQLite takes it for: whether its number is not zero.
    Condition = "condition", 1..=1, BOOL, Pass, lenient::condition;
    /// The operand as SQLite's sums take it: an integer if it is written as one and nothing else, a float otherwise.
    Addend = "addend", 1..=1, Returns::Any, Pass, lenient::addend;
    /// `a || b` with numbers as SQLite writes them.
    LenientConcat = "||", 2..=2, TEXT, Pass, lenient::concat;
    /// `lower(a)` of anything, which SQLite does for ASCII letters alone.
    LenientLower = "lower", 1..=1, TEXT, Pass, lenient::lower;
    /// `upper(a)` of anything, which SQLite does for ASCII letters alone.
    LenientUpper = "upper", 1..=1, TEXT, Pass, lenient::upper;
    /// `-a` of anything.
    LenientNegate = "-", 1..=1, NUMBER, Pass, lenient::negate;
    /// `~a` of anything.
    LenientBitNot = "~", 1..=1, INT, Pass, lenient::bit_not;
    /// `a + b` of anything; a float where no integer of 64 bits holds it.
    LenientAdd = "+", 2..=2, NUMBER, Make, |it| lenient::arithmetic(Arithmetic::Add, it);
    /// `a - b` of anything.
    LenientSubtract = "-", 2..=2, NUMBER, Make, |it| lenient::arithmetic(Arithmetic::Subtract, it);
    /// `a * b` of anything.
    LenientMultiply = "*", 2..=2, NUMBER, Make, |it| lenient::arithmetic(Arithmetic::Multiply, it);
    /// `a / b` of anything.
    LenientDivide = "/", 2..=2, NUMBER, Make, |it| lenient::arithmetic(Arithmetic::Divide, it);
    /// `a % b` of anything, as integers.
    LenientRemainder = "%", 2..=2, NUMBER, Make, |it| lenient::arithmetic(Arithmetic::Remainder, it);
    /// `a & b` of anything, as integers.
    LenientBitAnd = "&", 2..=2, INT, Pass, |it| lenient::bits(Arithmetic::BitAnd, it);
    /// `a | b` of anything, as integers.
    LenientBitOr = "|", 2..=2, INT, Pass, |it| lenient::bits(Arithmetic::BitOr, it);
    /// `a << b` of anything, as integers.
    LenientShiftLeft = "<<", 2..=2, INT, Pass, |it| lenient::bits(Arithmetic::ShiftLeft, it);
    /// `a >> b` of anything, as integers.
    LenientShiftRight = ">>", 2..=2, INT, Pass, |it| lenient::bits(Arithmetic::ShiftRight, it);
}

/// SQLite's reading of the arithmetic operators.
const LENIENT: [(Arithmetic, Function); 9] = [
    (Arithmetic::Add, Function::LenientAdd),
    (Arithmetic::Subtract, Function::LenientSubtract),
    (Arithmetic::Multiply, Function::LenientMultiply),
    (Arithmetic::Divide, Function::LenientDivide),
    (Arithmetic::Remainder, Function::LenientRemainder),
    (Arithmetic::BitAnd, Function::LenientBitAnd),
    (Arithmetic::BitOr, Function::LenientBitOr),
    (Arithmetic::ShiftLeft, Function::LenientShiftLeft),
    (Arithmetic::ShiftRight, Function::LenientShiftRight),
];

impl Function {
    #[inline]
    pub(super) fn row(self) -> &'static Row {
        // The table has one row for each variant, in their order.
        &TABLE[self as usize]
    }

    /// How SQL writes it: a name, or the symbol of an operator.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Function> {
        TABLE.iter().map(|it| it.function)
    }

    /// The function that SQL calls by this name with so many operands, letters in either case. Operators have none.
    pub fn named(name: &str, operands: usize) -> Option<Function> {
        let called = |it: &&str| it.eq_ignore_ascii_case(name);
        let found = TABLE.iter().filter(|it| name.starts_with(|it: char| it.is_ascii_alphabetic()) && !it.is_hidden());
        let mut found = found.filter(|it| called(&it.name) || it.also.iter().any(&called));
        found.find(|it| (it.least..=it.most).contains(&operands)).map(|it| it.function)
    }

    /// SQLite's reading of an arithmetic operator.
    pub fn lenient(how: Arithmetic) -> Function {
        LENIENT[how as usize].1
    }

    /// The arithmetic operator of which this is SQLite's reading.
    pub fn lenient_arithmetic(self) -> Option<Arithmetic> {
        LENIENT.iter().find(|(_, it)| *it == self).map(|(how, _)| *how)
    }

    /// Computes it.
    ///
    /// # Errors
    /// When it is not defined for these operands, or for so many.
    pub fn call(self, operands: &[ValueRef<'_>]) -> Result<Value> {
        let row = self.row();
        if !(row.least..=row.most).contains(&operands.len()) {
            let reason = format!("{} does not take {} operands", row.name, operands.len());
            return Err(Misuse::Statement { reason }.into());
        }
        if matches!(row.nulls, Nulls::Pass | Nulls::Make) && operands.iter().any(|it| it.is_null()) {
            return Ok(Value::Null);
        }
        (row.body)(operands).map_err(|it| it.of(row.name, operands))
    }
}

impl Row {
    /// Whether it only stands for what an operator does, and has no name in SQL; or is not there without a feature.
    fn is_hidden(&self) -> bool {
        use Function as F;
        let of_moments = matches!(self.function, F::DatePart | F::Extract | F::DateTrunc | F::ToChar);
        of_moments && !cfg!(feature = "jiff")
            || matches!(self.function, F::Number | F::Addend | F::Condition | F::Shift)
            || matches!(self.function, F::LenientLower | F::LenientUpper)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order() {
        for (place, row) in TABLE.iter().enumerate() {
            assert_eq!(row.function as usize, place, "{}", row.name);
            assert!(row.least <= row.most);
        }
        for (place, (how, function)) in LENIENT.into_iter().enumerate() {
            assert_eq!(how as usize, place);
            assert_eq!((Function::lenient(how), function.lenient_arithmetic()), (function, Some(how)));
            assert_eq!(how.symbol(), function.name());
        }
    }

    #[test]
    fn functions_are_found_by_name_and_operands() {
        assert_eq!(Function::named("SUBSTR", 2), Some(Function::Substr));
        assert_eq!(Function::named("substr", 4), None);
        assert_eq!(Function::named("ceiling", 1), Some(Function::Ceil));
        assert_eq!(Function::named("min", 1), None, "of one operand it is an aggregate");
        assert_eq!(Function::named("-", 1), None);
        assert_eq!(Function::named("number", 1), None);
    }

    /// X1: whatever the operands are, there is an outcome or an error.
    #[test]
    fn x1_no_function_panics() {
        let values = [
            Value::Null,
            true.into(),
            0.into(),
            (-1).into(),
            3.into(),
            i64::MIN.into(),
            i64::MAX.into(),
            1.5.into(),
            (-0.0).into(),
            f64::INFINITY.into(),
            f64::NAN.into(),
            1e300.into(),
            "".into(),
            "aé%".into(),
            "12abc".into(),
            "2024-02-30 23:59:60".into(),
            "+1e9 months".into(),
            "%5d%s%q%*.*f%-10c%".into(),
            Value::from(&b"\xff\x00"[..]),
        ];
        for function in Function::all() {
            let row = function.row();
            for count in row.least..=row.most.min(3) {
                for at in 0..values.len().pow(count as u32) {
                    let mut rest = at;
                    let mut operands = Vec::new();
                    for _ in 0..count {
                        operands.push(values[rest % values.len()].as_ref());
                        rest /= values.len();
                    }
                    // What would be of a size that no machine holds is refused by size, not tried.
                    let _ = function.call(&operands);
                }
            }
        }
    }
}
