//! The integration tests: one binary, one module a subject.

mod anomalies;
mod concurrency;
#[cfg(feature = "objects")]
mod derive;
mod differential;
mod fuzzed;
#[allow(dead_code, reason = "files stand in memory here")]
#[path = "../../examples/import/mod.rs"]
mod import;
#[cfg(feature = "objects")]
mod objects;
mod oracle;
mod queries;
mod sql;
mod statements;
mod stress;
mod tables;
mod tidy;
#[cfg(feature = "objects")]
mod ui;
mod versions;
