//! Folders that are checked by `cargo test`: data sets beside the repository, where they are, and a small one made here.
//!
//! `DIPTYCH_DATA` says where the data sets are, if not in `../shared/data`.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::check_folder;

/// Checks a data set; where it is not there, says so and holds.
fn check_data_set(name: &str) {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let folder = std::env::var_os("DIPTYCH_DATA").map_or_else(beside, PathBuf::from).join(name);
    if !folder.is_dir() {
        // Written past the test runner, which keeps what tests that hold print.
        let skipped = format!("skipped: {} is not there; DIPTYCH_DATA says where data sets are", folder.display());
        writeln!(std::io::stderr(), "{skipped}").expect("somebody reads it");
        return;
    }
    let verdict = check_folder(&folder);
    assert_eq!(verdict.failed, 0, "{}", folder.display());
    assert!(verdict.passed > 20, "{}: {} facts are few", folder.display(), verdict.passed);
}

#[test]
fn the_facts_of_a_music_shop_hold() {
    check_data_set("chinook");
}

#[test]
fn the_facts_of_a_forum_hold() {
    check_data_set("forum_small");
}

/// What is found in a folder of two tables, with this in its `facts.json`.
fn checked(name: &str, notes: &str, facts: &str) -> (usize, usize) {
    let folder = std::env::temp_dir().join(format!("diptych-facts-{}-{name}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder for temporary files");
    let schema = "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
        CREATE TABLE notes (id INTEGER PRIMARY KEY, by INTEGER REFERENCES people ON DELETE SET NULL, body TEXT);";
    let files = [
        ("schema.sql", schema),
        ("people.csv", "id,name\n1,Ada\n2,Bob\n"),
        ("notes.csv", notes),
        ("facts.json", facts),
    ];
    for (file, text) in files {
        fs::write(folder.join(file), text).expect("a file for temporary use");
    }
    let verdict = check_folder(&folder);
    fs::remove_dir_all(&folder).expect("what was made can be removed");
    (verdict.passed, verdict.failed)
}

const FACTS: &str = r#"{
    "row_counts": {"people": 2, "notes": 3},
    "facts": [{"sql": "SELECT name, (SELECT count(*) FROM notes WHERE by = people.id) FROM people ORDER BY id",
               "rows": [["Ada", 2], ["Bob", 1]]}],
    "mutations": [
        {"id": "goes", "statement": "DELETE FROM people WHERE id = 1", "removed": {"people": 1},
         "set_null": {"notes.by": 2}, "after": [{"sql": "SELECT count(by) FROM notes", "rows": [[1]]}]},
        {"id": "refused", "statement": "UPDATE notes SET by = 9", "error": "foreign key"}
    ]
}"#;

#[test]
fn a_fact_that_does_not_hold_is_found() {
    let notes = "id,by,body\n1,1,a\n2,1,\n3,2,\"b,\"\n";
    assert_eq!(checked("sound", notes, FACTS), (5, 0));
    // Each of these stands for something that the check has to look at.
    let doctored = [
        ("\"notes\": 3", "\"notes\": 4"),
        ("[\"Ada\", 2]", "[\"Ada\", 1]"),
        ("\"notes.by\": 2", "\"notes.by\": 1"),
        ("[[1]]", "[[2]]"),
        ("\"foreign key\"", "null"),
    ];
    for (right, wrong) in doctored {
        assert_eq!(checked("wrong", notes, &FACTS.replace(right, wrong)), (4, 1), "{wrong}");
    }
    assert_eq!(checked("dangling", "id,by,body\n1,9,a\n", FACTS), (0, 1));
}
