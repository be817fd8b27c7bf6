//! The integration tests: one binary, one module a subject.

mod concurrency;
mod derive;
mod differential;
mod objects;
mod sql;
mod tables;
mod tidy;
mod ui;
