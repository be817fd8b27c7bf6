//! Two rows of one struct are compared field by field: the outcome is that of comparing scalar by scalar.

use diptych::prelude::*;
use diptych::{Record, Tuple};
use proptest::prelude::*;

#[derive(Entity, Clone, Debug)]
struct Sample {
    #[key(auto)]
    id: Id<Sample>,
    count: i64,
    small: Option<i32>,
    share: f64,
    part: Option<f64>,
    name: String,
    nick: Option<String>,
    bytes: Vec<u8>,
    flag: bool,
}

fn sample() -> impl Strategy<Value = Sample> {
    let float = || prop::sample::select(vec![0.0, -0.0, 1.0, f64::NAN, -f64::NAN]);
    let text = || prop::sample::select(vec!["", "a", "b"]).prop_map(str::to_owned);
    let numbers = (0..2_i64, prop::option::of(0..2_i32), float(), prop::option::of(float()));
    let others = (text(), prop::option::of(text()), prop::sample::select(vec![vec![], vec![1]]), any::<bool>());
    (prop::option::of(1..3_i64), numbers, others).prop_map(
        |(id, (count, small, share, part), (name, nick, bytes, flag))| Sample {
            id: id.map_or_else(Id::auto, Id::new),
            count,
            small,
            share,
            part,
            name,
            nick,
            bytes,
            flag,
        },
    )
}

/// The same row, of a table that is known only at run time.
fn tuple(row: &Sample) -> Tuple {
    Tuple::new((0..row.width()).map(|it| row.get(diptych::id::ColumnId::new(it as u16)).to_value()))
}

proptest! {
    #[test]
    fn fields_differ_where_scalars_do(a in sample(), b in sample()) {
        let by_scalar = tuple(&a).differing(&tuple(&b));
        prop_assert_eq!(a.differing(&b), by_scalar.clone());
        prop_assert_eq!(a.differing(&tuple(&b)), by_scalar.clone());
        prop_assert_eq!(tuple(&a).differing(&b), by_scalar);
        prop_assert!(a.differing(&a.clone()).is_empty());
    }
}
