//! The total order that every index, sort and key relies on (V1), and the hash that agrees with it (V2).

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

#[cfg(feature = "decimal")]
use super::decimal;
use super::{Value, ValueRef};

impl Ord for ValueRef<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        use ValueRef::*;
        match (self, other) {
            (Int(a), Int(b)) => a.cmp(b),
            (Text(a), Text(b)) => a.as_bytes().cmp(b.as_bytes()),
            (Null, Null) => Ordering::Equal,
            (Bool(a), Bool(b)) => a.cmp(b),
            (Float(a), Float(b)) => compare_floats(*a, *b),
            (Int(a), Float(b)) => compare_int_to_float(*a, *b),
            (Float(a), Int(b)) => compare_int_to_float(*b, *a).reverse(),
            (Bytes(a), Bytes(b)) => a.cmp(b),
            #[cfg(feature = "decimal")]
            (Decimal(a), b) if b.rank() == self.rank() => decimal::compare(*a, *b),
            #[cfg(feature = "decimal")]
            (a, Decimal(b)) if a.rank() == other.rank() => decimal::compare(*b, *a).reverse(),
            #[cfg(feature = "jiff")]
            (Date(a), Date(b)) => a.cmp(b),
            #[cfg(feature = "jiff")]
            (Timestamp(a), Timestamp(b)) => a.cmp(b),
            #[cfg(feature = "uuid")]
            (Uuid(a), Uuid(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl ValueRef<'_> {
    /// Whether no expression can tell two values apart: 2 equals 2.0, but a half of it differs.
    #[inline]
    pub(crate) fn is_identical(self, other: Self) -> bool {
        match (self, other) {
            // Where both kinds are known when this is compiled, what is left of it is one comparison.
            (ValueRef::Null, ValueRef::Null) => true,
            (ValueRef::Int(a), ValueRef::Int(b)) => a == b,
            (ValueRef::Bool(a), ValueRef::Bool(b)) => a == b,
            (ValueRef::Text(a), ValueRef::Text(b)) => a == b,
            (ValueRef::Float(a), ValueRef::Float(b)) => a.to_bits() == b.to_bits(),
            #[cfg(feature = "decimal")]
            (ValueRef::Decimal(a), ValueRef::Decimal(b)) => a.serialize() == b.serialize(),
            _ => self.kind() == other.kind() && self == other,
        }
    }

    /// The place of the type in the total order; integers, floats and decimals share one.
    fn rank(self) -> u8 {
        match self {
            ValueRef::Null => 0,
            ValueRef::Bool(_) => 1,
            ValueRef::Int(_) | ValueRef::Float(_) => 2,
            ValueRef::Text(_) => 3,
            ValueRef::Bytes(_) => 4,
            #[cfg(feature = "decimal")]
            ValueRef::Decimal(_) => 2,
            #[cfg(feature = "jiff")]
            ValueRef::Date(_) => 5,
            #[cfg(feature = "jiff")]
            ValueRef::Timestamp(_) => 6,
            #[cfg(feature = "uuid")]
            ValueRef::Uuid(_) => 7,
        }
    }
}

fn compare_floats(a: f64, b: f64) -> Ordering {
    // `partial_cmp` is `None` only when a NaN takes part; NaN is one value, above all others.
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

/// Compares without rounding: an `i64` does not fit into an `f64`, so the float is brought to the integer's side.
fn compare_int_to_float(int: i64, float: f64) -> Ordering {
    const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;
    if float.is_nan() || float >= TWO_TO_63 {
        return Ordering::Less;
    }
    if float < -TWO_TO_63 {
        return Ordering::Greater;
    }
    let whole = float.trunc();
    let fraction = float - whole;
    int.cmp(&(whole as i64)).then_with(|| 0.0_f64.partial_cmp(&fraction).unwrap_or(Ordering::Equal))
}

impl PartialOrd for ValueRef<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for ValueRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for ValueRef<'_> {}

impl Hash for ValueRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match *self {
            ValueRef::Null => state.write_u8(0),
            ValueRef::Bool(it) => state.write_u8(1 + u8::from(it)),
            ValueRef::Int(it) => state.write_i64(it),
            ValueRef::Float(it) => hash_float(it, state),
            #[cfg(feature = "decimal")]
            ValueRef::Decimal(it) => match (decimal::as_int(it), decimal::as_float(it)) {
                (Some(int), _) => state.write_i64(int),
                (None, Some(float)) => hash_float(float, state),
                (None, None) => it.hash(state),
            },
            #[cfg(feature = "jiff")]
            ValueRef::Date(it) => it.hash(state),
            #[cfg(feature = "jiff")]
            ValueRef::Timestamp(it) => it.hash(state),
            #[cfg(feature = "uuid")]
            ValueRef::Uuid(it) => it.hash(state),
            ValueRef::Text(it) => it.hash(state),
            ValueRef::Bytes(it) => it.hash(state),
        }
    }
}

fn hash_float<H: Hasher>(it: f64, state: &mut H) {
    // A float that is a whole number equals the integer, so it must hash as that integer.
    let whole = it as i64;
    if compare_int_to_float(whole, it) == Ordering::Equal {
        state.write_i64(whole);
    } else if it.is_nan() {
        state.write_u64(f64::NAN.to_bits());
    } else {
        state.write_u64(it.to_bits());
    }
}

impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_ref().cmp(&other.as_ref())
    }
}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.as_ref() == other.as_ref()
    }
}

impl Eq for Value {}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_ref().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

    fn samples() -> Vec<Value> {
        let mut all = vec![Value::Null, false.into(), true.into(), "".into(), "a".into(), "ä".into(), "b".into()];
        for it in [i64::MIN, i64::MIN + 1, -1, 0, 1, 2, (1 << 53) + 1, i64::MAX - 1, i64::MAX] {
            all.push(it.into());
        }
        for it in [f64::NEG_INFINITY, i64::MIN as f64, -1.5, -0.0, 0.0, 0.5, 1.0, 9007199254740992.0, 9.3e18, f64::NAN]
        {
            all.push(it.into());
        }
        all.push(Value::Bytes(Arc::from(&b"a"[..])));
        #[cfg(feature = "decimal")]
        for it in [
            "-1.5",
            "0",
            "0.00",
            "0.1",
            "0.5",
            "1.0",
            "9007199254740993",
            "9223372036854775808",
            "79228162514264337593543950335",
        ] {
            all.push(it.parse::<rust_decimal::Decimal>().unwrap().into());
        }
        #[cfg(feature = "decimal")]
        all.extend([0.1, 79228162514264337593543950336.0, 7.922816251426433e28, 1e-300].map(Value::from));
        #[cfg(feature = "jiff")]
        all.extend([Value::from(jiff::Timestamp::UNIX_EPOCH), jiff::civil::date(1970, 1, 1).into()]);
        #[cfg(feature = "uuid")]
        all.extend([Value::from(uuid::Uuid::nil()), uuid::Uuid::max().into()]);
        all
    }

    use std::sync::Arc;

    /// V1: the order is total, and V2: equal values hash alike.
    #[test]
    fn v1_v2_the_order_is_total_and_agrees_with_the_hash() {
        let hasher = BuildHasherDefault::<DefaultHasher>::default();
        let all = samples();
        for a in &all {
            assert_eq!(a, a, "reflexive");
            for b in &all {
                assert_eq!(a.cmp(b), b.cmp(a).reverse(), "{a:?} {b:?}");
                if a == b {
                    assert_eq!(hasher.hash_one(a), hasher.hash_one(b), "{a:?} {b:?}");
                }
                for c in &all {
                    if a <= b && b <= c {
                        assert!(a <= c, "{a:?} {b:?} {c:?}");
                    }
                }
            }
        }
        assert_eq!(Value::from(-0.0), Value::from(0_i64));
        assert!(Value::from((1_i64 << 53) + 1) > Value::from(9007199254740992.0));
        assert!(Value::from(f64::NAN) > Value::from(f64::INFINITY));
    }
}
