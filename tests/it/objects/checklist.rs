//! Every item that the objects panel has to show is mapped to tests that exist, or says why it is open: `checklist.toml`
//! is the map, and this reads the sources to hold it to its word.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::RangeInclusive;
use std::path::Path;

use toml::Table;

/// Lines of the curriculum that are about objects.
const LINES: [RangeInclusive<u32>; 9] =
    [4..=6, 8..=8, 12..=14, 20..=46, 53..=88, 94..=123, 130..=132, 136..=137, 142..=149];
/// Lines among them that demand nothing: headings, rules, nothing at all.
const SILENT: [u32; 18] = [22, 27, 30, 34, 37, 74, 75, 83, 84, 96, 101, 107, 108, 112, 113, 116, 117, 120];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The lines that an item is about: `28/29` is two, `25a` is a part of one.
fn lines(item: &str) -> Vec<u32> {
    let number = |it: &str| it.trim_end_matches(|it: char| it.is_ascii_lowercase()).parse().ok();
    item.split('/').filter_map(number).collect()
}

fn is_about_objects(item: &str) -> bool {
    lines(item).iter().any(|line| LINES.iter().any(|it| it.contains(line)))
}

/// What is wrong with the name of a test or example, if anything.
fn missing(name: &str) -> Option<String> {
    let (file, function) = match name.split_once(".rs::") {
        Some((file, function)) => (format!("{file}.rs"), function),
        None if name.ends_with(".rs") => (name.to_owned(), ""),
        None => {
            let (module, function) = name.rsplit_once("::")?;
            (format!("tests/it/{}.rs", module.replace("::", "/")), function)
        }
    };
    let Ok(text) = fs::read_to_string(root().join(&file)) else { return Some(format!("there is no {file}")) };
    let openings = [format!("fn {function}("), format!("fn {function}<")];
    let all: Vec<&str> = text.lines().map(str::trim).collect();
    let Some(position) =
        all.iter().position(|it| function.is_empty() || openings.iter().any(|opening| it.contains(opening)))
    else {
        return Some(format!("{file} has no function {function}"));
    };
    let is_attribute = |it: &&&str| it.starts_with("#[") || it.starts_with("//");
    let is_test = all[..position].iter().rev().take_while(is_attribute).any(|it| *it == "#[test]");
    // An example is a test as a whole: what it claims, it asserts.
    let fine = is_test || file.starts_with("examples/") || file.starts_with("tests/ui/");
    (!fine).then(|| format!("{function} in {file} is not a test"))
}

/// The items of the list itself, by the bold words at the beginning of their demands.
fn demanded(list: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for line in list.lines().filter(|it| it.starts_with("- [")) {
        // What stands between two pairs of asterisks is every second part.
        let bold = line.split("**").skip(1).step_by(2);
        let items = bold.filter(|it| !lines(it).is_empty() && it.len() <= 6);
        found.extend(items.filter(|it| is_about_objects(it)).map(str::to_owned));
    }
    found
}

fn map() -> (BTreeMap<String, Vec<String>>, BTreeMap<String, String>) {
    let table: Table = include_str!("checklist.toml").parse().expect("checklist.toml is TOML");
    let part = |name: &str| table[name].as_table().expect("[shown] and [open] are tables").clone();
    let text = |it: &toml::Value| it.as_str().expect("a name in quotes").to_owned();
    let names = |it: &toml::Value| it.as_array().expect("a list of names").iter().map(text).collect();
    let shown = part("shown").iter().map(|(item, it)| (item.clone(), names(it))).collect();
    (shown, part("open").iter().map(|(item, it)| (item.clone(), text(it))).collect())
}

#[test]
fn every_item_is_shown_by_what_exists_or_says_why_not() {
    let (shown, open) = map();
    let mut problems = Vec::new();
    for (item, names) in &shown {
        if names.is_empty() {
            problems.push(format!("{item}: no test is named"));
        }
        problems.extend(names.iter().filter_map(|it| Some(format!("{item}: {}", missing(it)?))));
    }
    let known: BTreeSet<&String> = shown.keys().chain(open.keys()).collect();
    let covered: BTreeSet<u32> = known.iter().flat_map(|it| lines(it)).collect();
    for line in LINES.into_iter().flatten().filter(|it| !SILENT.contains(it)) {
        if !covered.contains(&line) {
            problems.push(format!("line {line}: it is neither shown nor open"));
        }
    }
    problems.extend(open.iter().filter(|it| it.1.len() < 20).map(|it| format!("{}: say why it is open", it.0)));
    // Where the list itself is at hand, it decides what there is.
    if let Ok(list) = fs::read_to_string(root().join("../shared/checklist.md")) {
        let demanded = demanded(&list);
        assert!(demanded.len() > 100, "the list has another form than it had: {demanded:?}");
        problems.extend(demanded.iter().filter(|it| !known.contains(it)).map(|it| format!("{it}: it is not mapped")));
        let gone = known.iter().filter(|it| !demanded.contains(**it));
        problems.extend(gone.map(|it| format!("{it}: the list has no such item")));
    }
    for (item, why) in &open {
        println!("open: {item}: {why}");
    }
    assert!(problems.is_empty(), "checklist.toml does not hold:\n  {}\n", problems.join("\n  "));
}

#[test]
fn a_test_that_is_not_there_is_noticed() {
    assert!(missing("objects::checklist::nobody_wrote_this").is_some());
    assert!(missing("objects::nowhere::at_all").is_some());
    assert!(missing("objects::checklist::demanded").is_some_and(|it| it.ends_with("is not a test")));
    assert!(missing("examples/forum/nothing.rs::main").is_some());
    assert_eq!(lines("28/29"), [28, 29]);
    assert_eq!(demanded("- [ ] **25a** x **25b**, **not** one\n- [ ] **9** tables").len(), 2);
}

/// The forum's readme maps ideas to functions and back: each function that it names is there.
#[test]
fn the_map_of_the_forum_names_what_exists() {
    let readme = include_str!("../../../examples/forum/README.md");
    let names: Vec<&str> = readme.split('`').skip(1).step_by(2).filter(|it| it.contains(".rs::")).collect();
    assert!(names.len() > 30, "the map has its place in the readme");
    let gone: Vec<String> = names.iter().filter_map(|it| missing(&format!("examples/forum/{it}"))).collect();
    assert!(gone.is_empty(), "examples/forum/README.md:\n  {}\n", gone.join("\n  "));
}
