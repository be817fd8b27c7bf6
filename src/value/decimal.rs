//! Decimals beside integers and floats: compared by their exact value, nothing is rounded for it (V1).

use std::cmp::Ordering;

use rust_decimal::Decimal;

use super::ValueRef;

/// Compares a decimal with another number.
pub(super) fn compare(a: Decimal, other: ValueRef<'_>) -> Ordering {
    match other {
        ValueRef::Decimal(b) => a.cmp(&b),
        ValueRef::Int(b) => a.cmp(&Decimal::from(b)),
        ValueRef::Float(b) => compare_to_float(a, b),
        _ => Ordering::Equal,
    }
}

/// The integer that a decimal equals, if there is one, so that both hash alike (V2).
pub(super) fn as_int(it: Decimal) -> Option<i64> {
    if it.fract().is_zero() { i64::try_from(it.trunc().mantissa()).ok() } else { None }
}

/// The float that a decimal equals, if there is one, so that both hash alike (V2).
pub(super) fn as_float(it: Decimal) -> Option<f64> {
    // The text is read with correct rounding.
    let float: f64 = it.to_string().parse().ok()?;
    compare_to_float(it, float).is_eq().then_some(float)
}

fn compare_to_float(a: Decimal, b: f64) -> Ordering {
    /// No decimal reaches it.
    const TWO_TO_96: f64 = 79_228_162_514_264_337_593_543_950_336.0;
    if b.is_nan() || b >= TWO_TO_96 {
        return Ordering::Less;
    }
    if b <= -TWO_TO_96 {
        return Ordering::Greater;
    }
    let whole = a.trunc().mantissa().cmp(&(b.trunc() as i128));
    whole.then_with(|| {
        // Both parts behind the point have the sign of their number, or are zero.
        let (fraction, part) = (a.fract(), b.fract());
        match (fraction.is_sign_negative() && !fraction.is_zero(), part < 0.0) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => compare_parts(fraction, part),
            (true, true) => compare_parts(fraction, -part).reverse(),
        }
    })
}

/// Compares two parts behind the point by their sizes: `m / 10^s` and `k / 2^n` by `m 2^n` and `k 10^s`.
fn compare_parts(decimal: Decimal, float: f64) -> Ordering {
    let digits = decimal.mantissa().unsigned_abs();
    if digits == 0 || float == 0.0 {
        return (digits != 0).cmp(&(float != 0.0));
    }
    let bits = float.to_bits();
    let exponent = (bits >> 52) & 0x7ff;
    // Below 1, so the power of two is positive; the least floats have no hidden bit.
    let (k, n) = match exponent {
        0 => (bits & ((1 << 52) - 1), 1074),
        _ => (bits & ((1 << 52) - 1) | 1 << 52, 1075 - exponent),
    };
    // k 10^s is below 2^147, so the other side is greater from there on.
    if n > 147 {
        return Ordering::Greater;
    }
    shifted(digits, n).cmp(&product(10_u128.pow(decimal.scale()), k))
}

/// `a 2^n` as two halves of 128 bits, where it fits into them.
fn shifted(a: u128, n: u64) -> (u128, u128) {
    match n {
        0 => (0, a),
        1..=127 => (a >> (128 - n), a << n),
        _ => (a << (n - 128), 0),
    }
}

/// `a b` as two halves of 128 bits.
fn product(a: u128, b: u64) -> (u128, u128) {
    let b = u128::from(b);
    let (low, high) = ((a & u128::from(u64::MAX)) * b, (a >> 64) * b);
    let (sum, carry) = low.overflowing_add(high << 64);
    ((high >> 64) + u128::from(carry), sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// V1: the nearest float of a tenth is a little greater than a tenth.
    #[test]
    fn v1_a_decimal_and_a_float_compare_exactly() {
        let decimal = |text: &str| text.parse::<Decimal>().unwrap();
        assert_eq!(compare_to_float(decimal("0.1"), 0.1), Ordering::Less);
        assert_eq!(compare_to_float(decimal("-0.1"), -0.1), Ordering::Greater);
        assert_eq!(compare_to_float(decimal("0.5"), 0.5), Ordering::Equal);
        assert_eq!(compare_to_float(decimal("-2.25"), -2.25), Ordering::Equal);
        assert_eq!(compare_to_float(decimal("0.0000000000000000000000000001"), 1e-28), Ordering::Greater);
        assert_eq!(compare_to_float(decimal("0.0000000000000000000000000001"), 1e-29), Ordering::Greater);
        assert_eq!(compare_to_float(Decimal::ZERO, f64::MIN_POSITIVE), Ordering::Less);
        assert_eq!(compare_to_float(Decimal::MAX, f64::INFINITY), Ordering::Less);
        assert_eq!(compare_to_float(Decimal::ZERO, f64::NAN), Ordering::Less);
    }
}
