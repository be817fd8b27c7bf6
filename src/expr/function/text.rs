//! Functions of text and bytes. A number or boolean where text is asked for is the text that a strict cast makes of it.

use std::borrow::Cow;

use super::super::cast::strict_text;
use super::{Refusal, Refused};
use crate::value::{Value, ValueRef};

/// No text that a function makes is longer than this, as in SQLite.
pub(super) const LONGEST: usize = 1_000_000_000;

/// The operand as text.
pub(super) fn text(it: ValueRef<'_>) -> Result<Cow<'_, str>, Refusal> {
    match it {
        ValueRef::Text(it) => Ok(Cow::Borrowed(it)),
        ValueRef::Null | ValueRef::Bytes(_) => Err(Refusal::Undefined),
        other => Ok(Cow::Owned(strict_text(other))),
    }
}

fn int(it: ValueRef<'_>) -> Result<i64, Refusal> {
    if let ValueRef::Int(it) = it { Ok(it) } else { Err(Refusal::Undefined) }
}

fn only<'a>(operands: &[ValueRef<'a>]) -> Result<Cow<'a, str>, Refusal> {
    if let [it] = operands { text(*it) } else { Err(Refusal::Undefined) }
}

/// A positive float with so many digits behind the point; what is exactly half goes up.
pub(super) fn digits(it: f64, behind: usize) -> String {
    // Half of the last digit is that exactly only where one binary digit more than `behind` says all of it.
    let scaled = it * 2_f64.powi(i32::try_from(behind).unwrap_or(i32::MAX).saturating_add(1));
    let half = scaled.fract() == 0.0 && scaled % 2.0 == 1.0;
    let it = if half { it.next_up() } else { it };
    format!("{it:.behind$}")
}

pub(super) fn lower(operands: &[ValueRef<'_>]) -> Refused {
    Ok(only(operands)?.to_lowercase().into())
}

pub(super) fn upper(operands: &[ValueRef<'_>]) -> Refused {
    Ok(only(operands)?.to_uppercase().into())
}

pub(super) fn length(operands: &[ValueRef<'_>]) -> Refused {
    if let [ValueRef::Bytes(it)] = operands {
        return Ok(Value::Int(it.len() as i64));
    }
    Ok(Value::Int(only(operands)?.chars().count() as i64))
}

pub(super) fn octet_length(operands: &[ValueRef<'_>]) -> Refused {
    if let [ValueRef::Bytes(it)] = operands {
        return Ok(Value::Int(it.len() as i64));
    }
    Ok(Value::Int(only(operands)?.len() as i64))
}

pub(super) fn concat(operands: &[ValueRef<'_>]) -> Refused {
    let mut all = String::new();
    for it in operands.iter().filter(|it| !it.is_null()) {
        all.push_str(&text(*it)?);
    }
    Ok(all.into())
}

pub(super) fn concat_ws(operands: &[ValueRef<'_>]) -> Refused {
    let Some((separator, rest)) = operands.split_first() else { return Err(Refusal::Undefined) };
    if separator.is_null() {
        return Ok(Value::Null);
    }
    let rest = rest.iter().filter(|it| !it.is_null()).map(|it| text(*it)).collect::<Result<Vec<_>, _>>()?;
    Ok(rest.join(&*text(*separator)?).into())
}

pub(super) fn trim(operands: &[ValueRef<'_>], left: bool, right: bool) -> Refused {
    let (it, set) = match operands {
        [it] => (text(*it)?, Cow::Borrowed(" ")),
        [it, set] => (text(*it)?, text(*set)?),
        _ => return Err(Refusal::Undefined),
    };
    let mut it = &*it;
    if left {
        it = it.trim_start_matches(|c| set.contains(c));
    }
    if right {
        it = it.trim_end_matches(|c| set.contains(c));
    }
    Ok(it.into())
}

pub(super) fn substr(operands: &[ValueRef<'_>]) -> Refused {
    let (it, start, length) = match operands {
        [it, start] => (*it, int(*start)?, LONGEST as i64),
        [it, start, length] => (*it, int(*start)?, int(*length)?),
        _ => return Err(Refusal::Undefined),
    };
    cut(it, |size| {
        let (mut from, backwards, mut length) = (start, length < 0, length.saturating_abs());
        if from < 0 {
            from = from.saturating_add(size);
            if from < 0 {
                length = length.saturating_add(from).max(0);
                from = 0;
            }
        } else if from > 0 {
            from -= 1;
        } else if length > 0 {
            length -= 1;
        }
        if backwards {
            from -= length;
            if from < 0 {
                length += from;
                from = 0;
            }
        }
        (from, length)
    })
}

pub(super) fn substring(operands: &[ValueRef<'_>]) -> Refused {
    let (it, start, end) = match operands {
        [it, start] => (*it, int(*start)?, i64::MAX),
        [it, start, length] => {
            let (start, length) = (int(*start)?, int(*length)?);
            if length < 0 {
                return Err(Refusal::Undefined);
            }
            (*it, start, start.saturating_add(length))
        }
        _ => return Err(Refusal::Undefined),
    };
    let from = start.max(1);
    cut(it, |_| (from - 1, end.saturating_sub(from).max(0)))
}

/// Cuts out of text or bytes; how much is decided from its size.
fn cut(it: ValueRef<'_>, range: impl FnOnce(i64) -> (i64, i64)) -> Refused {
    let size = |it: i64| usize::try_from(it).unwrap_or(usize::MAX);
    if let ValueRef::Bytes(it) = it {
        let (from, length) = range(it.len() as i64);
        let from = size(from).min(it.len());
        let to = from.saturating_add(size(length)).min(it.len());
        return Ok(Value::from(&it[from..to]));
    }
    let it = text(it)?;
    let (from, length) = range(it.chars().count() as i64);
    let place = |n: usize| it.char_indices().nth(n).map_or(it.len(), |(at, _)| at);
    let start = place(size(from));
    let rest = &it[start..];
    let end = rest.char_indices().nth(size(length)).map_or(rest.len(), |(at, _)| at);
    Ok(rest[..end].into())
}

pub(super) fn replace(operands: &[ValueRef<'_>]) -> Refused {
    let [it, what, by] = operands else { return Err(Refusal::Undefined) };
    let (it, what, by) = (text(*it)?, text(*what)?, text(*by)?);
    if what.is_empty() {
        return Ok((&*it).into());
    }
    let longest = it.len() / what.len().max(1) * by.len();
    if longest > LONGEST {
        return Err(Refusal::Undefined);
    }
    Ok(it.replace(&*what, &by).into())
}

pub(super) fn instr(operands: &[ValueRef<'_>]) -> Refused {
    match operands {
        [ValueRef::Bytes(it), ValueRef::Bytes(part)] => {
            let at = if part.is_empty() { Some(0) } else { it.windows(part.len()).position(|it| it == *part) };
            Ok(Value::Int(at.map_or(0, |it| it as i64 + 1)))
        }
        [it, part] => {
            let (it, part) = (text(*it)?, text(*part)?);
            let at = it.find(&*part).map(|at| it[..at].chars().count());
            Ok(Value::Int(at.map_or(0, |it| it as i64 + 1)))
        }
        _ => Err(Refusal::Undefined),
    }
}

/// So many characters of one side, or all but so many of the other.
pub(super) fn side(operands: &[ValueRef<'_>], left: bool) -> Refused {
    let [it, count] = operands else { return Err(Refusal::Undefined) };
    let (it, count) = (text(*it)?, int(*count)?);
    let size = it.chars().count();
    let wanted = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX).min(size);
    let taken = if count < 0 { size - wanted } else { wanted };
    let place = |n: usize| it.char_indices().nth(n).map_or(it.len(), |(at, _)| at);
    Ok(if left { &it[..place(taken)] } else { &it[place(size - taken)..] }.into())
}

pub(super) fn pad(operands: &[ValueRef<'_>], left: bool) -> Refused {
    let (it, length, fill) = match operands {
        [it, length] => (text(*it)?, int(*length)?, Cow::Borrowed(" ")),
        [it, length, fill] => (text(*it)?, int(*length)?, text(*fill)?),
        _ => return Err(Refusal::Undefined),
    };
    let length = usize::try_from(length).unwrap_or(0);
    if length > LONGEST {
        return Err(Refusal::Undefined);
    }
    let size = it.chars().count();
    let cut: String = it.chars().take(length).collect();
    let fill: String = fill.chars().cycle().take(length.saturating_sub(size)).collect();
    Ok(if left { fill + &cut } else { cut + &fill }.into())
}

pub(super) fn repeat(operands: &[ValueRef<'_>]) -> Refused {
    let [it, times] = operands else { return Err(Refusal::Undefined) };
    let (it, times) = (text(*it)?, usize::try_from(int(*times)?).unwrap_or(0));
    if it.len().saturating_mul(times) > LONGEST {
        return Err(Refusal::Undefined);
    }
    Ok(it.repeat(times).into())
}

pub(super) fn reverse(operands: &[ValueRef<'_>]) -> Refused {
    Ok(only(operands)?.chars().rev().collect::<String>().into())
}

pub(super) fn split_part(operands: &[ValueRef<'_>]) -> Refused {
    let [it, separator, place] = operands else { return Err(Refusal::Undefined) };
    let (it, separator, place) = (text(*it)?, text(*separator)?, int(*place)?);
    let parts: Vec<&str> = if separator.is_empty() { vec![&it] } else { it.split(&*separator).collect() };
    let at = match place {
        0 => return Err(Refusal::Undefined),
        1.. => usize::try_from(place - 1).ok(),
        _ => usize::try_from(place.unsigned_abs()).ok().and_then(|it| parts.len().checked_sub(it)),
    };
    Ok(at.and_then(|it| parts.get(it)).copied().unwrap_or_default().into())
}

pub(super) fn starts_with(operands: &[ValueRef<'_>]) -> Refused {
    let [it, beginning] = operands else { return Err(Refusal::Undefined) };
    Ok(text(*it)?.starts_with(&*text(*beginning)?).into())
}

/// What is no code point becomes the replacement character, as in SQLite.
pub(super) fn char(operands: &[ValueRef<'_>]) -> Refused {
    let mut all = String::new();
    for it in operands {
        let point = if it.is_null() { 0 } else { int(*it)? };
        all.push(u32::try_from(point).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    Ok(all.into())
}

pub(super) fn unicode(operands: &[ValueRef<'_>]) -> Refused {
    Ok(only(operands)?.chars().next().map(|it| Value::Int(u32::from(it).into())).unwrap_or_default())
}

pub(super) fn hex(operands: &[ValueRef<'_>]) -> Refused {
    let [it] = operands else { return Err(Refusal::Undefined) };
    let written;
    let bytes = match it {
        ValueRef::Null => &[],
        ValueRef::Bytes(it) => *it,
        other => {
            written = text(*other)?;
            written.as_bytes()
        }
    };
    Ok(bytes.iter().map(|it| format!("{it:02X}")).collect::<String>().into())
}

pub(super) fn quote(operands: &[ValueRef<'_>]) -> Refused {
    let [it] = operands else { return Err(Refusal::Undefined) };
    Ok(match it {
        ValueRef::Bytes(bytes) => {
            let digits: String = bytes.iter().map(|it| format!("{it:02X}")).collect();
            format!("X'{digits}'").into()
        }
        ValueRef::Float(it) => {
            let short = super::super::cast::float_text(*it);
            let same = short.parse() == Ok(*it) && it.is_finite();
            if same { short } else { Value::Float(*it).to_string() }.into()
        }
        other => other.to_string().into(),
    })
}
