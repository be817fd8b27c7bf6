//! The rules of the house, as tests. CONTRIBUTING.md says them in words; each failure names the file, the line and
//! what to do.

mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use proc_macro2::TokenTree;
use source::Source;
use toml::Table;

const LONGEST_FILE: usize = 500;
const LONGEST_FUNCTION: usize = 70;

/// Directories that hold nothing of ours.
const SKIPPED: [&str; 5] = [".git", "target", "corpus", "artifacts", "coverage"];

// ---- Reading the tree ----

/// Every file of the tree, by its path from the root, with its text if it is one.
fn all_files() -> Vec<(String, Option<String>)> {
    let mut found = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut waiting = vec![root.to_path_buf()];
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(&directory).expect("a readable directory") {
            let path = entry.expect("a readable entry").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            // `.git` is a folder, or a file in a tree that shares the folder of another.
            if SKIPPED.contains(&name.as_str()) {
                continue;
            }
            if path.is_dir() {
                waiting.push(path);
            } else {
                let inside = path.strip_prefix(root).expect("inside the root");
                found.push((inside.to_string_lossy().replace('\\', "/"), fs::read_to_string(&path).ok()));
            }
        }
    }
    found.sort();
    found
}

/// Every text file of the tree, by its path from the root.
fn files() -> Vec<(String, String)> {
    all_files().into_iter().filter_map(|(path, text)| Some((path, text?))).collect()
}

/// Every Rust file of the tree. The inputs of compile-fail tests are wrong on purpose and are left out.
fn sources() -> Vec<Source> {
    let rust = files().into_iter().filter(|(path, _)| path.ends_with(".rs") && !path.contains("tests/ui/"));
    rust.map(|(path, text)| Source::read(path, text)).collect()
}

fn layers() -> Table {
    include_str!("layers.toml").parse().expect("layers.toml is TOML")
}

/// The entries of one list of exceptions; each has a reason.
fn exceptions(layers: &Table, list: &str) -> Vec<Table> {
    let entries = layers.get(list).and_then(|it| it.as_array()).cloned().unwrap_or_default();
    let entries: Vec<Table> = entries.iter().filter_map(|it| it.as_table()).cloned().collect();
    for entry in &entries {
        assert!(text(entry, "reason").len() > 20, "layers.toml: an exception says why: {entry:?}");
    }
    entries
}

fn text<'a>(entry: &'a Table, key: &str) -> &'a str {
    entry.get(key).and_then(|it| it.as_str()).unwrap_or_default()
}

fn report(rule: &str, problems: &[String]) {
    assert!(problems.is_empty(), "{rule}\n  {}\n", problems.join("\n  "));
}

// ---- Layers ----

/// What each room may import.
fn rooms(layers: &Table) -> BTreeMap<String, Vec<String>> {
    let rooms = layers["rooms"].as_table().expect("[rooms] is a table");
    let list = |it: &toml::Value| {
        it.as_array().into_iter().flatten().filter_map(|it| it.as_str()).map(str::to_owned).collect::<Vec<_>>()
    };
    rooms.iter().map(|(room, may)| (room.clone(), list(may))).collect()
}

#[test]
fn rooms_import_only_what_their_layer_allows() {
    let layers = layers();
    let rooms = rooms(&layers);
    let exceptions = exceptions(&layers, "import");
    let mut used = BTreeSet::new();
    let mut problems = Vec::new();
    for source in sources().iter().filter(|it| it.path.starts_with("src/")) {
        let Some(room) = source.module.first() else { continue };
        let Some(may) = rooms.get(room) else {
            problems.push(format!("{}: the room `{room}` is not in layers.toml", source.path));
            continue;
        };
        for import in &source.imports {
            let place = format!("{}:{}", source.path, import.line);
            let head = import.path.split("::").next().unwrap_or_default();
            let excepted = exceptions.iter().position(|it| {
                let rest = import.path.strip_prefix(text(it, "imports"));
                text(it, "file") == source.path && rest.is_some_and(|it| it.is_empty() || it.starts_with("::"))
            });
            if head == room || may.iter().any(|it| it == head) {
                continue;
            } else if let Some(position) = excepted {
                used.insert(position);
            } else if rooms.contains_key(head) {
                problems.push(format!("{place}: `{room}` may not import `{}`, only {may:?}", import.path));
            } else {
                problems.push(format!("{place}: `crate::{}` passes by its room; name the room", import.path));
            }
        }
    }
    for (_, it) in exceptions.iter().enumerate().filter(|(position, _)| !used.contains(position)) {
        problems.push(format!("layers.toml: the [[import]] of {} is not needed; remove it", text(it, "file")));
    }
    report("a room imports what layers.toml does not give it:", &problems);
}

#[test]
fn layers_have_no_cycle() {
    let mut rooms = rooms(&layers());
    while !rooms.is_empty() {
        let open: Vec<String> = rooms.keys().cloned().collect();
        rooms.retain(|_, may| may.iter().any(|it| open.contains(it)));
        assert!(rooms.len() < open.len(), "layers.toml: these rooms import each other: {:?}", rooms.keys());
    }
}

// ---- Files ----

/// What a front page holds besides docs, `mod` and `pub use`: the line of each such item.
fn beside_the_point(source: &Source) -> Vec<usize> {
    let is_end = |token: &TokenTree| matches!(token, TokenTree::Punct(it) if it.as_char() == ';');
    let mut wrong = Vec::new();
    for item in source.tokens.split(is_end) {
        let mut item = item;
        // Attributes, the inner ones of the file included.
        while let [TokenTree::Punct(hash), rest @ ..] = item
            && hash.as_char() == '#'
        {
            let rest = if matches!(rest, [TokenTree::Punct(_), ..]) { &rest[1..] } else { rest };
            item = &rest[1..];
        }
        let words: Vec<String> = item.iter().take(3).map(ToString::to_string).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let fine = match words[..] {
            [] | ["mod", ..] | ["pub", "mod" | "use", ..] | ["extern", "crate", ..] => true,
            ["pub", within, "mod" | "use"] => within.starts_with('('),
            _ => false,
        };
        let has_body = words.contains(&"mod")
            && item
                .iter()
                .any(|it| matches!(it, TokenTree::Group(it) if it.delimiter() == proc_macro2::Delimiter::Brace));
        if !fine || has_body {
            wrong.push(item[0].span().start().line);
        }
    }
    wrong
}

#[test]
fn front_pages_hold_docs_modules_and_exports_only() {
    let mut problems = Vec::new();
    for source in sources().iter().filter(|it| it.is_front_page() && it.path.starts_with("src/")) {
        let lines = beside_the_point(source).into_iter();
        problems.extend(lines.map(|line| format!("{}:{line}: move this to a file of its own", source.path)));
    }
    report("a front page (mod.rs, lib.rs) holds docs, `mod` and `pub use` only:", &problems);
}

#[test]
fn every_file_says_its_idea_first() {
    let sources = sources();
    let silent =
        sources.iter().filter(|it| !it.text.trim_start_matches("#![no_main]\n").trim_start().starts_with("//!"));
    let silent: Vec<String> = silent.map(|it| format!("{}:1: begin with a `//!` line", it.path)).collect();
    report("a file says first what it is for:", &silent);
}

#[test]
fn files_are_named_after_what_they_hold() {
    const VAGUE: [&str; 8] = ["util", "utils", "common", "helper", "helpers", "misc", "manager", "managers"];
    let vague = |source: &&Source| source.path.trim_end_matches(".rs").split(['/', '_']).any(|it| VAGUE.contains(&it));
    let problems: Vec<String> = sources().iter().filter(vague).map(|it| format!("{}: rename it", it.path)).collect();
    report("a file named after nothing collects everything:", &problems);
}

// ---- Sizes ----

/// Compares sizes with a limit and with the exceptions: what is listed may shrink, not grow, and leaves the list when it
/// fits.
fn judge_sizes(list: &str, limit: usize, sizes: &BTreeMap<String, usize>) -> Vec<String> {
    let mut problems = Vec::new();
    let mut allowed = BTreeMap::new();
    for entry in exceptions(&layers(), list) {
        let lines = entry.get("lines").and_then(|it| it.as_integer()).unwrap_or_default();
        allowed.insert(text(&entry, "name").to_owned(), usize::try_from(lines).unwrap_or_default());
    }
    for (name, &size) in sizes.iter().filter(|it| *it.1 > limit) {
        match allowed.remove(name) {
            None => problems.push(format!("{name}: {size} lines, the limit is {limit}; split it")),
            Some(before) if size > before => problems.push(format!("{name}: grew from {before} to {size} lines")),
            Some(_) => {}
        }
    }
    let idle = allowed.keys().map(|name| format!("{name}: the exception in layers.toml is not needed; remove it"));
    problems.extend(idle);
    problems
}

#[test]
fn files_are_short() {
    let sizes = sources().iter().map(|it| (it.path.clone(), it.text.lines().count())).collect();
    report("a file holds one idea:", &judge_sizes("file", LONGEST_FILE, &sizes));
}

#[test]
fn functions_fit_on_a_screen() {
    let mut sizes: BTreeMap<String, usize> = BTreeMap::new();
    for source in sources() {
        for function in &source.functions {
            let longest = sizes.entry(format!("{}: {}", source.path, function.name())).or_default();
            *longest = function.lines.max(*longest);
        }
    }
    report("a function fits on a screen:", &judge_sizes("function", LONGEST_FUNCTION, &sizes));
}

// ---- Words ----

#[test]
fn nothing_is_put_off() {
    let mut problems = Vec::new();
    for source in sources() {
        for (line, what) in &source.postponed {
            problems.push(format!("{}:{line}: {what}", source.path));
        }
    }
    // In pieces, so that this file does not contain them.
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
    for (path, text) in files() {
        for (position, line) in text.lines().enumerate() {
            let words = line.split(|it: char| !it.is_alphanumeric());
            problems.extend(words.filter(|it| marks.contains(it)).map(|it| format!("{path}:{}: {it}", position + 1)));
        }
    }
    report("finish it, or open an issue; assert a wrong result and say why it is wrong:", &problems);
}

#[test]
fn no_path_of_one_machine() {
    // In pieces, so that this file does not contain them.
    let roots = [
        concat!("/ho", "me/"),
        concat!("/ro", "ot/"),
        concat!("/wo", "rk/"),
        concat!("/tm", "p/"),
        concat!("/Us", "ers/"),
        concat!("C:", "\\"),
    ];
    let mut problems = Vec::new();
    for (path, text) in files() {
        for (position, line) in text.lines().enumerate() {
            let mut starts = roots.iter().flat_map(|root| line.match_indices(root)).map(|it| it.0);
            let begins = |at: usize| !line[..at].ends_with(|it: char| it.is_alphanumeric() || "._-/>}".contains(it));
            if starts.any(begins) {
                problems.push(format!("{path}:{}: {}", position + 1, line.trim()));
            }
        }
    }
    report("a path that exists on one machine only:", &problems);
}

#[test]
fn all_that_is_kept_is_text() {
    let found = all_files().into_iter().filter(|it| it.1.is_none());
    let problems: Vec<String> = found.map(|it| it.0).collect();
    report("nothing that was built or fetched belongs here:", &problems);
}

// ---- Promises ----

/// The numbers of invariants in a text: a capital and a number between asterisks.
fn declared(line: &str) -> Option<&str> {
    let number = line.trim_start_matches("//!").trim_start().strip_prefix("- **")?.split("**").next()?;
    let (letter, digits) = number.split_at_checked(1)?;
    let fits = letter.chars().all(|it| it.is_ascii_uppercase()) && digits.parse::<u16>().is_ok();
    fits.then_some(number)
}

/// The numbers that tests name: in a comment inside a test module, or as a word of a test's name.
fn tested(sources: &[Source]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for source in sources {
        for test in source.functions.iter().filter(|it| it.is_test) {
            found.extend(test.name().split('_').map(str::to_uppercase));
        }
        for (position, line) in source.text.lines().enumerate() {
            if let Some((_, comment)) = line.split_once("//")
                && source.is_test_line(position + 1)
            {
                found.extend(comment.split(|it: char| !it.is_alphanumeric()).map(str::to_owned));
            }
        }
    }
    found
}

#[test]
fn invariants_are_named_by_tests() {
    let sources = sources();
    let tested = tested(&sources);
    let mut first: BTreeMap<&str, &str> = BTreeMap::new();
    let mut problems = Vec::new();
    for source in sources.iter().filter(|it| it.path.starts_with("src/") || it.path.starts_with("derive/src/")) {
        for (position, line) in source.text.lines().enumerate().filter(|it| it.1.starts_with("//!")) {
            let Some(number) = declared(line) else { continue };
            let place = format!("{}:{}", source.path, position + 1);
            if let Some(other) = first.insert(number, &source.path) {
                problems.push(format!("{place}: {number} is declared in {other} too"));
            }
            if !tested.contains(number) {
                problems.push(format!("{place}: no test names {number}, in its name or in a comment"));
            }
        }
    }
    report("an invariant has one number, and a test that names it:", &problems);
}

/// The tests of the tree, as they can be named: by file, and by module.
fn test_names(sources: &[Source]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for source in sources {
        for test in source.functions.iter().filter(|it| it.is_test) {
            names.insert(format!("{}::{}", source.path, test.name()));
            let path = &test.path;
            names.extend((0..path.len() - 1).map(|from| path[from..].join("::")));
        }
    }
    names
}

/// The rows of the table under a heading, with their line numbers.
fn rows_under<'a>(text: &'a str, heading: &str) -> Vec<(usize, &'a str)> {
    let lines = text.lines().enumerate().map(|(position, line)| (position + 1, line));
    let mut lines = lines.skip_while(|(_, it)| !(it.starts_with('#') && it.contains(heading)));
    lines.next();
    let section = lines.take_while(|(_, it)| !it.starts_with('#'));
    section.filter(|(_, it)| it.trim_start().starts_with('|')).skip(2).collect()
}

/// What is wrong with one row: it names no test, or one that is not there.
fn lies(row: &str, names: &BTreeSet<String>) -> Vec<String> {
    let spans = row.split('`').skip(1).step_by(2);
    let named: Vec<&str> = spans.filter(|it| it.contains("::") && !it.contains([' ', '('])).collect();
    if named.is_empty() {
        return vec!["names no test".to_owned()];
    }
    named.iter().filter(|it| !names.contains(**it)).map(|it| format!("there is no test `{it}`")).collect()
}

#[test]
fn readme_rows_name_tests() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap_or_default();
    let names = test_names(&sources());
    let mut problems = Vec::new();
    for (line, row) in rows_under(&readme, "What works today") {
        problems.extend(lies(row, &names).into_iter().map(|lie| format!("README.md:{line}: {lie}\n    {row}")));
    }
    report("a row of \"What works today\" names a test that proves it:", &problems);
}

#[test]
fn a_row_that_lies_is_found() {
    let names = test_names(&[Source::read("tests/it/kept.rs".to_owned(), "#[test] fn holds() {}".to_owned())]);
    let page = "# Name\n## What works today\n\n| what | test |\n|---|---|\n| a | `kept::holds` |\n\
                | b | `tests/it/kept.rs::holds` |\n| c | `kept::breaks` |\n| d | soon |\n## Next\n| e | f |\n";
    let found: Vec<(usize, Vec<String>)> =
        rows_under(page, "What works today").into_iter().map(|(line, row)| (line, lies(row, &names))).collect();
    let missing = vec!["there is no test `kept::breaks`".to_owned()];
    assert_eq!(found, [(6, vec![]), (7, vec![]), (8, missing), (9, vec!["names no test".to_owned()])]);
}
