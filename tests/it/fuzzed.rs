//! What the fuzz targets of texts hold for any bytes, with bytes that `proptest` chooses, and with what fuzzing found.

#[path = "../../fuzz/checks/csv_import.rs"]
mod csv_import;
#[cfg(feature = "sql")]
#[path = "../../fuzz/checks/sql_reader.rs"]
mod sql_reader;

use proptest::collection::vec;
use proptest::prelude::*;

/// Bytes of which many mean something in a CSV file.
fn csv_bytes() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        4 => proptest::sample::select(b",,,\n\n\r\"\"01".to_vec()),
        4 => b'0'..=b'9',
        1 => any::<u8>(),
    ];
    vec(byte, 0..80)
}

/// Records that have as many fields as the table has columns.
fn csv_records() -> impl Strategy<Value = Vec<u8>> {
    let field = proptest::sample::select(vec![
        "",
        "1",
        "2",
        "3",
        "-1",
        "x",
        "\"a\"\"b\"",
        "\"\r\n\"",
        "0.5",
        "nan",
        "00ff",
        "0",
        "9223372036854775807",
        "1e400",
    ]);
    vec(vec(field, 7), 0..4).prop_map(|records| {
        let lines = records.iter().map(|it| it.join(","));
        format!("\u{1}{}", lines.collect::<Vec<_>>().join("\r\n")).into_bytes()
    })
}

proptest! {
    #[test]
    fn a_csv_file_is_added_whole_or_not_at_all(bytes in prop_oneof![csv_bytes(), csv_records()]) {
        csv_import::check(&bytes);
    }
}

#[cfg(feature = "sql")]
proptest! {
    /// L4: no bytes make the reader panic.
    #[test]
    fn l4_no_bytes_make_the_reader_panic(choice in 0_u8..2, bytes in vec(any::<u8>(), 0..60)) {
        sql_reader::check(&[&[choice][..], &bytes[..]].concat());
    }

    /// L4: nor do the words of SQL in any order.
    #[test]
    fn l4_no_words_make_the_reader_panic(choice in 2_u8..4, bytes in vec(any::<u8>(), 0..40)) {
        sql_reader::check(&[&[choice][..], &bytes[..]].concat());
    }
}
