//! No bytes make the reader of SQL text panic, and what it reads can be written and read again.
#![no_main]

#[path = "../checks/sql_reader.rs"]
mod check;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| check::check(bytes));
