//! One mistake, one compile error: at the word, in at most twelve lines, with a code and the line to write.
//!
//! The first line of each case says which errors it expects. Those of the derive are explained in `derive/ERRORS.md`;
//! the others are the compiler's own, for what a derive cannot see. Expected output holds for one toolchain; after a
//! change of toolchain, write it again with `TRYBUILD=overwrite` and read the difference.

use std::fs;
use std::path::{Path, PathBuf};

/// The longest error of ours that a user has to read.
const LINES: usize = 12;
/// The compiler adds where a bound comes from and who fulfils it, which is not ours to shorten.
const COMPILER_LINES: usize = 24;

#[test]
fn mistakes_are_refused_as_expected() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui");
    let files = fs::read_dir(folder).expect("tests/ui is there").map(|it| it.expect("its entries can be read").path());
    let mut cases: Vec<PathBuf> = files.filter(|it| it.extension().is_some_and(|it| it == "rs")).collect();
    cases.sort();
    cases
}

/// The errors of an expected output, each as its lines.
fn errors(output: &str) -> Vec<Vec<&str>> {
    let mut errors: Vec<Vec<&str>> = Vec::new();
    for line in output.lines() {
        match errors.last_mut() {
            _ if line.starts_with("error") => errors.push(vec![line]),
            Some(error) if !line.is_empty() => error.push(line),
            _ => {}
        }
    }
    errors
}

/// `D07` of `error: [D07] …`, or `E0277` of `error[E0277]: …`.
fn code(error: &[&str]) -> String {
    let code = error[0].split_once('[').and_then(|(_, rest)| rest.split_once(']'));
    code.map_or_else(|| error[0].to_owned(), |(code, _)| code.to_owned())
}

/// M1: one mistake is one compile error.
#[test]
fn one_mistake_is_one_short_error() {
    for case in cases() {
        let source = fs::read_to_string(&case).expect("a case can be read");
        let expected = source.lines().next().and_then(|it| it.strip_prefix("// mistakes: "));
        let expected: Vec<&str> = expected.expect("a case begins with its mistakes").split(' ').collect();
        let output = fs::read_to_string(case.with_extension("stderr")).expect("a case has its expected output");
        let errors = errors(&output);
        let codes: Vec<String> = errors.iter().map(|it| code(it)).collect();
        assert_eq!(codes, expected, "{}", case.display());
        for error in errors {
            let ours = code(&error).starts_with('D');
            let typed = case.file_name().is_some_and(|it| it.to_string_lossy().starts_with("typed_"));
            let limit = if ours || typed { LINES } else { COMPILER_LINES };
            assert!(error.len() <= limit, "{}: {} lines\n{}", case.display(), error.len(), error.join("\n"));
            let says = error.iter().any(|it| it.trim_start().starts_with("write: "));
            assert!(!ours || says, "{}: no line to write\n{}", case.display(), error.join("\n"));
        }
    }
}

#[test]
fn every_code_is_explained_and_shown() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("derive/ERRORS.md");
    let page = fs::read_to_string(page).expect("derive/ERRORS.md is there");
    let explained = page.lines().filter_map(|it| it.strip_prefix("## ")).filter_map(|it| it.split(' ').next());
    let explained: Vec<String> = explained.map(str::to_owned).collect();
    let outputs = cases().into_iter().map(|it| fs::read_to_string(it.with_extension("stderr")).unwrap_or_default());
    let outputs = outputs.collect::<String>();
    let mut shown: Vec<String> = errors(&outputs).iter().map(|it| code(it)).filter(|it| it.starts_with('D')).collect();
    shown.sort();
    shown.dedup();
    assert_eq!(shown, explained);
}
