//! The recorded cases that stand beside the repository, if they do.

use std::path::Path;

use crate::case::{Group, read};
use crate::report::Report;

/// At least so many of them agree; the number is only ever raised.
const AGREE: usize = 1854;

#[test]
fn recorded_cases_agree() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/conformance");
    if !folder.is_dir() {
        println!("skipped: there are no cases in {}", folder.display());
        return;
    }
    let cases = read(&[folder]).expect("readable cases");
    let report = Report::of(&cases);
    let counts = report.counts(Group::Plain);
    let failures = report.failures();
    let shown = failures.iter().take(40).cloned().collect::<Vec<_>>().join("\n  ");
    assert!(counts.semantic.passed >= AGREE, "{} agree; these do not:\n  {shown}", counts.semantic.passed);
}
