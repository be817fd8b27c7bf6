//! x
use std::path::Path;
use std::process::ExitCode;
pub fn check(_: &Path) -> ExitCode { ExitCode::SUCCESS }
