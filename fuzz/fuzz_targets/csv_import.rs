//! No bytes make the import of a CSV file panic; a file is added whole or not at all, and comes back as it went in.
#![no_main]

#[path = "../checks/csv_import.rs"]
mod check;
#[allow(dead_code, reason = "files stand in memory here")]
#[path = "../../examples/import/mod.rs"]
mod import;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| check::check(bytes));
