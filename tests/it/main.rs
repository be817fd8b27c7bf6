//! The integration tests: one binary, one module a subject.

mod derive;
mod differential;
mod sql;
mod tidy;
mod ui;
