//! The kinds that come with features: their text, casts to and from them, and what decimals compute.

use super::Arithmetic;
use super::function::{Refusal, Refused};
#[cfg(any(feature = "decimal", feature = "uuid"))]
use crate::value::Value;
use crate::value::{Kind, ValueRef};

/// The text of a scalar of one of these kinds, without the word and the quotes that make a literal of it.
#[allow(clippy::match_single_binding, reason = "without features there is no such kind")]
pub(super) fn text(it: ValueRef<'_>) -> Option<String> {
    match it {
        #[cfg(feature = "decimal")]
        ValueRef::Decimal(it) => Some(it.to_string()),
        #[cfg(feature = "jiff")]
        ValueRef::Date(it) => Some(it.to_string()),
        #[cfg(feature = "jiff")]
        ValueRef::Timestamp(it) => Some(it.to_string()),
        #[cfg(feature = "uuid")]
        ValueRef::Uuid(it) => Some(it.to_string()),
        _ => None,
    }
}

/// A strict cast to or from one of these kinds.
#[allow(clippy::match_single_binding, reason = "without features there is no such kind")]
pub(super) fn strict(kind: Kind, it: ValueRef<'_>) -> Refused {
    match (kind, it) {
        #[cfg(feature = "decimal")]
        (Kind::Decimal, it) => decimal::cast(it),
        #[cfg(feature = "decimal")]
        (Kind::Int, ValueRef::Decimal(it)) => decimal::whole(it),
        #[cfg(feature = "decimal")]
        (Kind::Float, ValueRef::Decimal(it)) => Ok(Value::Float(decimal::float(it))),
        #[cfg(feature = "jiff")]
        (Kind::Date, it) => time::date(it),
        #[cfg(feature = "jiff")]
        (Kind::Timestamp, it) => time::timestamp(it),
        #[cfg(feature = "uuid")]
        (Kind::Uuid, ValueRef::Text(it)) => it.trim().parse().map(Value::Uuid).map_err(|_| Refusal::Undefined),
        #[cfg(feature = "uuid")]
        (Kind::Uuid, ValueRef::Bytes(it)) => {
            uuid::Uuid::from_slice(it).map(Value::Uuid).map_err(|_| Refusal::Undefined)
        }
        #[cfg(feature = "uuid")]
        (Kind::Bytes, ValueRef::Uuid(it)) => Ok(Value::from(&it.as_bytes()[..])),
        _ => Err(Refusal::Undefined),
    }
}

/// Arithmetic in which a decimal or a date takes part.
#[allow(unused_variables, reason = "without features there is no such kind")]
pub(super) fn calculate(how: Arithmetic, a: ValueRef<'_>, b: ValueRef<'_>) -> Refused {
    #[cfg(feature = "jiff")]
    if matches!(how, Arithmetic::Add | Arithmetic::Subtract) && [a, b].iter().any(|it| matches!(it, ValueRef::Date(_)))
    {
        return super::function::moment::calculate(how == Arithmetic::Subtract, a, b);
    }
    #[cfg(feature = "decimal")]
    return decimal::calculate(how, a, b);
    #[cfg(not(feature = "decimal"))]
    Err(Refusal::Undefined)
}

#[cfg(feature = "decimal")]
mod decimal {
    use rust_decimal::{Decimal, RoundingStrategy};

    use super::super::Arithmetic;
    use super::super::function::{Refusal, Refused};
    use crate::value::{Value, ValueRef};

    pub(super) fn cast(it: ValueRef<'_>) -> Refused {
        let read = |it: &str| it.parse().or_else(|_| Decimal::from_scientific(it)).map_err(|_| Refusal::Undefined);
        match it {
            ValueRef::Int(it) => Ok(Value::Decimal(it.into())),
            ValueRef::Float(it) => read(&it.to_string()).map(Value::Decimal),
            ValueRef::Text(it) => read(it.trim()).map(Value::Decimal),
            _ => Err(Refusal::Undefined),
        }
    }

    pub(super) fn whole(it: Decimal) -> Refused {
        let whole = it.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero);
        i64::try_from(whole.mantissa()).map(Value::Int).map_err(|_| Refusal::Overflow)
    }

    pub(super) fn float(it: Decimal) -> f64 {
        // The text is read with correct rounding.
        it.to_string().parse().unwrap_or(f64::NAN)
    }

    pub(super) fn calculate(how: Arithmetic, a: ValueRef<'_>, b: ValueRef<'_>) -> Refused {
        let (x, y) = match (a, b) {
            (ValueRef::Decimal(a), ValueRef::Decimal(b)) => (a, b),
            (ValueRef::Decimal(a), ValueRef::Int(b)) => (a, b.into()),
            (ValueRef::Int(a), ValueRef::Decimal(b)) => (a.into(), b),
            (ValueRef::Decimal(a), b @ ValueRef::Float(_)) => return how.calculate(ValueRef::Float(float(a)), b),
            (a @ ValueRef::Float(_), ValueRef::Decimal(b)) => return how.calculate(a, ValueRef::Float(float(b))),
            _ => return Err(Refusal::Undefined),
        };
        let outcome = match how {
            Arithmetic::Add => x.checked_add(y),
            Arithmetic::Subtract => x.checked_sub(y),
            Arithmetic::Multiply => x.checked_mul(y),
            Arithmetic::Divide | Arithmetic::Remainder if y.is_zero() => return Ok(Value::Null),
            Arithmetic::Divide => x.checked_div(y),
            Arithmetic::Remainder => x.checked_rem(y),
            Arithmetic::BitAnd | Arithmetic::BitOr | Arithmetic::ShiftLeft | Arithmetic::ShiftRight => None,
        };
        outcome.map(Value::Decimal).ok_or(Refusal::Undefined)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        fn decimal(text: &str) -> Value {
            cast(ValueRef::Text(text)).unwrap()
        }

        #[test]
        fn decimals_compute_exactly() {
            let (a, b) = (decimal("0.1"), decimal("0.2"));
            assert_eq!(Arithmetic::Add.calculate(a.as_ref(), b.as_ref()), Ok(decimal("0.3")));
            assert_eq!(Arithmetic::Multiply.calculate(a.as_ref(), ValueRef::Int(3)), Ok(decimal("0.3")));
            assert_eq!(Arithmetic::Divide.calculate(a.as_ref(), ValueRef::Int(0)), Ok(Value::Null));
            assert_eq!(Arithmetic::Add.calculate(a.as_ref(), ValueRef::Float(1.5)), Ok(Value::Float(1.6)));
            let most = Value::Decimal(Decimal::MAX);
            assert_eq!(Arithmetic::Add.calculate(most.as_ref(), most.as_ref()), Err(Refusal::Undefined));
            assert_eq!(whole("-2.5".parse().unwrap()), Ok(Value::Int(-3)));
            assert_eq!(whole(Decimal::MAX), Err(Refusal::Overflow));
        }
    }
}

#[cfg(feature = "jiff")]
mod time {
    use jiff::Timestamp;
    use jiff::civil::{Date, DateTime};
    use jiff::tz::TimeZone;

    use super::super::function::{Refusal, Refused};
    use crate::value::{Value, ValueRef};

    /// A day; of a point in time, that of UTC.
    pub(super) fn date(it: ValueRef<'_>) -> Refused {
        match it {
            ValueRef::Text(it) => it.trim().parse::<Date>().map(Value::Date).map_err(|_| Refusal::Undefined),
            ValueRef::Timestamp(it) => Ok(Value::Date(it.to_zoned(TimeZone::UTC).date())),
            _ => Err(Refusal::Undefined),
        }
    }

    /// A point in time; without a zone it is in UTC.
    pub(super) fn timestamp(it: ValueRef<'_>) -> Refused {
        let local = |it: DateTime| it.to_zoned(TimeZone::UTC).map(|it| Value::Timestamp(it.timestamp()));
        match it {
            ValueRef::Text(it) => {
                let it = it.trim();
                let read = it.parse::<Timestamp>().map(Value::Timestamp);
                read.or_else(|_| it.parse().and_then(local)).map_err(|_| Refusal::Undefined)
            }
            ValueRef::Date(it) => local(it.to_datetime(jiff::civil::Time::midnight())).map_err(|_| Refusal::Undefined),
            _ => Err(Refusal::Undefined),
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn text_becomes_time_and_time_becomes_text() {
            let text = ValueRef::Text;
            let day = date(text("2026-02-28")).unwrap();
            let moment = timestamp(text("2026-02-28T23:30:00-02:00")).unwrap();
            assert_eq!(timestamp(text("2026-03-01 01:30:00")), Ok(moment.clone()));
            assert_eq!(date(moment.as_ref()), date(text("2026-03-01")));
            assert_eq!(timestamp(day.as_ref()), timestamp(text("2026-02-28T00:00:00Z")));
            assert_eq!(date(text("2026-02-30")), Err(Refusal::Undefined));
            assert_eq!(super::super::text(day.as_ref()).as_deref(), Some("2026-02-28"));
            assert_eq!(super::super::text(moment.as_ref()).as_deref(), Some("2026-03-01T01:30:00Z"));
        }
    }
}
