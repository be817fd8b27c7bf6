//! `printf` as SQLite has it.

use std::iter::Peekable;
use std::str::Chars;

use super::super::cast::{Affinity, Cast, float_text, lenient_text};
use super::text::LONGEST;
use super::{Refusal, Refused};
use crate::value::{Value, ValueRef};

/// What stands between `%` and the letter.
#[derive(Default)]
struct Style {
    left: bool,
    plus: bool,
    space: bool,
    zero: bool,
    comma: bool,
    alternative: bool,
    width: usize,
    precision: Option<usize>,
}

pub(super) fn printf(operands: &[ValueRef<'_>]) -> Refused {
    let Some((format, rest)) = operands.split_first() else { return Err(Refusal::Undefined) };
    if format.is_null() {
        return Ok(Value::Null);
    }
    let format = lenient_text(*format);
    let mut operands = rest.iter().copied();
    let mut out = String::new();
    let mut format = format.chars().peekable();
    while let Some(it) = format.next() {
        if it != '%' {
            out.push(it);
            continue;
        }
        let style = style(&mut format, &mut operands)?;
        let Some(letter) = format.next() else {
            out.push('%');
            break;
        };
        // What is no letter of a format ends the text, as in SQLite.
        let Some(text) = one(letter, &style, &mut operands) else { break };
        padded(&mut out, &text, &style);
        if out.len() > LONGEST {
            return Err(Refusal::Undefined);
        }
    }
    Ok(out.into())
}

fn style<'a>(
    format: &mut Peekable<Chars<'_>>,
    operands: &mut impl Iterator<Item = ValueRef<'a>>,
) -> Result<Style, Refusal> {
    let mut style = Style::default();
    while let Some(flag) = format.peek() {
        match flag {
            '-' => style.left = true,
            '+' => style.plus = true,
            ' ' => style.space = true,
            '0' => style.zero = true,
            ',' => style.comma = true,
            '#' | '!' => style.alternative = true,
            _ => break,
        }
        format.next();
    }
    let width = size(format, operands)?;
    style.left |= width < 0;
    style.width = checked(width.unsigned_abs())?;
    if format.next_if_eq(&'.').is_some() {
        style.precision = Some(checked(size(format, operands)?.unsigned_abs())?);
    }
    while format.next_if_eq(&'l').is_some() {}
    Ok(style)
}

fn checked(size: u64) -> Result<usize, Refusal> {
    usize::try_from(size).ok().filter(|it| *it <= LONGEST).ok_or(Refusal::Undefined)
}

/// A number in the format, or the next operand for a star.
fn size<'a>(
    format: &mut Peekable<Chars<'_>>,
    operands: &mut impl Iterator<Item = ValueRef<'a>>,
) -> Result<i64, Refusal> {
    if format.next_if_eq(&'*').is_some() {
        return Ok(integer(operands.next()));
    }
    let mut size = 0_i64;
    while let Some(digit) = format.peek().and_then(|it| it.to_digit(10)) {
        size = size.saturating_mul(10).saturating_add(digit.into());
        format.next();
    }
    Ok(size)
}

fn integer(it: Option<ValueRef<'_>>) -> i64 {
    match it.map(|it| Cast::Lenient(Affinity::Integer).convert(it)) {
        Some(Ok(Value::Int(it))) => it,
        _ => 0,
    }
}

fn float(it: Option<ValueRef<'_>>) -> f64 {
    match it.map(|it| Cast::Lenient(Affinity::Real).convert(it)) {
        Some(Ok(Value::Float(it))) => it,
        _ => 0.0,
    }
}

fn text(it: Option<ValueRef<'_>>) -> String {
    match it {
        None | Some(ValueRef::Null) => String::new(),
        Some(it) => lenient_text(it).into_owned(),
    }
}

/// The text of one operand before it is padded; none for an unknown letter.
fn one<'a>(letter: char, style: &Style, operands: &mut impl Iterator<Item = ValueRef<'a>>) -> Option<String> {
    let sign = |negative: bool| match (negative, style.plus, style.space) {
        (true, ..) => "-",
        (_, true, _) => "+",
        (_, _, true) => " ",
        _ => "",
    };
    let cut = |it: String| style.precision.map_or(it.clone(), |most| it.chars().take(most).collect());
    Some(match letter {
        '%' => "%".to_owned(),
        'd' | 'i' | 'u' => {
            let it = integer(operands.next());
            let size = if letter == 'u' { it as u64 } else { it.unsigned_abs() };
            let mut digits = format!("{size:0>0$}", style.precision.unwrap_or(1));
            if style.comma {
                digits = thousands(&digits);
            }
            format!("{}{digits}", if letter == 'u' { "" } else { sign(it < 0) })
        }
        'x' | 'X' | 'o' => {
            let it = integer(operands.next()) as u64;
            let digits = match letter {
                'x' => format!("{it:x}"),
                'X' => format!("{it:X}"),
                _ => format!("{it:o}"),
            };
            let before = match letter {
                _ if !style.alternative || it == 0 => "",
                'x' => "0x",
                'X' => "0X",
                _ => "0",
            };
            format!("{before}{digits:0>0$}", style.precision.unwrap_or(1))
        }
        'f' | 'F' => {
            let it = float(operands.next());
            let written = super::text::digits(it.abs(), style.precision.unwrap_or(6));
            let (whole, fraction) = written.split_once('.').unwrap_or((&written, ""));
            let whole = if style.comma { thousands(whole) } else { whole.to_owned() };
            let point = if fraction.is_empty() { "" } else { "." };
            format!("{}{whole}{point}{fraction}", sign(it < 0.0))
        }
        'e' | 'E' => {
            let it = float(operands.next());
            let written = format!("{:.*e}", style.precision.unwrap_or(6), it.abs());
            let (digits, power) = written.split_once('e').unwrap_or((&written, "0"));
            let (direction, power) = power.strip_prefix('-').map_or(('+', power), |it| ('-', it));
            format!("{}{digits}{letter}{direction}{power:0>2}", sign(it < 0.0))
        }
        'g' | 'G' => {
            let it = float(operands.next());
            let shown = float_text(it.abs());
            format!("{}{}", sign(it < 0.0), shown.strip_suffix(".0").unwrap_or(&shown))
        }
        's' | 'z' => cut(text(operands.next())),
        'c' => text(operands.next()).chars().take(1).collect(),
        'q' | 'w' => match operands.next() {
            None | Some(ValueRef::Null) => "(NULL)".to_owned(),
            it if letter == 'q' => cut(text(it)).replace('\'', "''"),
            it => cut(text(it)).replace('"', "\"\""),
        },
        'Q' => match operands.next() {
            None | Some(ValueRef::Null) => "NULL".to_owned(),
            it => format!("'{}'", cut(text(it)).replace('\'', "''")),
        },
        _ => return None,
    })
}

/// Digits in groups of three.
fn thousands(digits: &str) -> String {
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn padded(out: &mut String, text: &str, style: &Style) {
    let missing = style.width.saturating_sub(text.chars().count());
    if style.left {
        out.push_str(text);
        out.extend(std::iter::repeat_n(' ', missing));
    } else if style.zero && text.contains(|it: char| it.is_ascii_digit()) {
        let start = usize::from(text.starts_with(['-', '+', ' ']));
        out.push_str(&text[..start]);
        out.extend(std::iter::repeat_n('0', missing));
        out.push_str(&text[start..]);
    } else {
        out.extend(std::iter::repeat_n(' ', missing));
        out.push_str(text);
    }
}
