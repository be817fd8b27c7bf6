//! The recorded cases: those written by hand, which stand in the repository, and all that stand beside it, if they do.

use std::path::Path;

use crate::case::{Group, read};
use crate::report::Report;

/// How many cases agree at least; the numbers are only ever raised.
struct Agree {
    semantic: usize,
    statements: usize,
}

#[track_caller]
fn agrees(folder: &Path, least: &Agree) {
    let cases = read(&[folder.to_owned()]).expect("readable cases");
    let report = Report::of(&cases);
    let counts = report.counts(Group::Plain);
    let failures = report.failures();
    let shown = failures.iter().take(40).cloned().collect::<Vec<_>>().join("\n  ");
    assert!(counts.semantic.passed >= least.semantic, "{} agree; these do not:\n  {shown}", counts.semantic.passed);
    assert!(counts.statements.passed >= least.statements, "the statements of {} agree", counts.statements.passed);
}

#[test]
fn recorded_cases_agree() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/hand");
    agrees(&folder, &Agree { semantic: 1018, statements: 999 });
}

#[test]
fn cases_beside_the_repository_agree() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/conformance");
    if !folder.is_dir() {
        println!("skipped: there are no cases in {}", folder.display());
        return;
    }
    agrees(&folder, &Agree { semantic: 1854, statements: 1832 });
}
