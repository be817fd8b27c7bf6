//! Tests: a small sound data set, and what is said of it when one thing in it is wrong.
//!
//! In it replies stand before what they reply to, a thread and its answer refer to each other, a quoted field holds a
//! line end, and one file is compressed.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use diptych::Database;
use flate2::write::GzEncoder;

use super::{load, model};

const FILES: [(&str, &str); 14] = [
    ("forums", "id,slug,name,base_url,snapshot_at\n1,meta,Meta,https://example.org,2020-01-01\n"),
    ("users", "id,account_id,display_name,created_at\n1,11,Ann,2020-01-01\n2,22,\"Bob, \"\"B\"\"\",2020-01-02\n"),
    ("profiles", "user_id,location,website_url,about_me\n2,,,\"two\nlines\"\n"),
    (
        "memberships",
        "forum_id,user_id,source_user_id,reputation,up_votes,down_votes,views,joined_at,last_access_at\n\
         1,1,7,1,0,0,0,2020-01-01,2020-01-01\n",
    ),
    (
        "threads",
        "id,forum_id,author_id,title,created_at,last_activity_at,closed_at,view_count,accepted_post_id\n\
         1,1,1,Why?,2020-01-01,2020-01-01,,3,2\n",
    ),
    (
        "posts",
        "id,thread_id,parent_id,kind,author_id,author_name,editor_id,score,created_at,edited_at,parent_inferred,\
         license,source_id,body\n\
         3,1,2,comment,,gone,,0,2020-01-03,,1,,3,\"several\n\nlines\"\n\
         2,1,1,answer,2,,1,5,2020-01-02,,0,,2,Because.\n\
         1,1,,question,1,,,0,2020-01-01,,0,,1,Why?\n",
    ),
    ("tags", "id,forum_id,name,excerpt,wiki\n1,1,why,,\n"),
    ("thread_tags", "thread_id,tag_id\n1,1\n"),
    ("vote_types", "id,name\n2,up\n"),
    ("votes", "id,post_id,vote_type_id,user_id,created_on,bounty_amount\n1,2,2,,2020-01-03,\n"),
    ("bookmarks", "user_id,thread_id,created_on\n2,1,2020-01-03\n"),
    ("badges", "id,forum_id,name,class,tag_based\n1,1,Student,3,0\n"),
    ("awards", "id,user_id,badge_id,awarded_at\n1,1,1,2020-01-03\n"),
    ("post_links", "post_id,related_post_id,kind,created_at\n3,1,linked,2020-01-03\n"),
];

/// A folder that goes when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("diptych-forum-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        for (table, text) in FILES {
            fs::write(path.join(format!("{table}.csv")), text.replace('\n', "\r\n")).unwrap();
        }
        Folder(path)
    }

    fn file(&self, table: &str) -> PathBuf {
        self.0.join(format!("{table}.csv"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn rows(database: &Database) -> usize {
    let snapshot = database.snapshot();
    database.schema().tables().iter().map(|it| snapshot.len(&it.name).unwrap()).sum()
}

/// Doctors one file of the sound set and compares what is said of it. Nothing is loaded then.
#[track_caller]
fn check(table: &str, was: &str, is: &str, expected: &[&str]) {
    let folder = Folder::new(&format!("{table}-{}", is.len()));
    let text = fs::read_to_string(folder.file(table)).unwrap();
    assert!(text.contains(was), "there is nothing to doctor");
    fs::write(folder.file(table), text.replacen(was, is, 1)).unwrap();
    refused(&folder.0, expected);
}

#[track_caller]
fn refused(folder: &Path, expected: &[&str]) {
    let database = model::empty().unwrap();
    let faults = load::load(folder, &database).unwrap_err();
    let said: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(said, expected);
    assert_eq!(rows(&database), 0, "something was loaded all the same");
}

#[test]
fn the_sound_set_is_loaded_whole() {
    let folder = Folder::new("sound");
    let plain = fs::read(folder.file("votes")).unwrap();
    let mut packed = GzEncoder::new(fs::File::create(folder.0.join("votes.csv.gz")).unwrap(), Default::default());
    packed.write_all(&plain).unwrap();
    packed.finish().unwrap();
    fs::remove_file(folder.file("votes")).unwrap();
    let database = model::empty().unwrap();
    load::load(&folder.0, &database).unwrap();
    assert_eq!(rows(&database), 17);
    let session = database.session();
    let about = session.find::<model::Profile>(diptych::Id::new(2)).unwrap().unwrap();
    assert_eq!(about.about_me.as_deref(), Some("two\r\nlines"));
}

#[test]
fn a_malformed_file_is_refused() {
    check(
        "posts",
        "2,1,1,answer,2,,1,5",
        "2,1,1",
        &["posts.csv:5: posts.edited_at = (nothing): the record has 9 fields, the table 14 columns"],
    );
    check(
        "users",
        "B\"\"\"",
        "B\"\"",
        &["users.csv:3: users.display_name = \"Bob, \\\"B\\\",2020-01-02\\r\\n\": a quote is not closed"],
    );
    check("votes", "1,2,2,", "1,two,2,", &["votes.csv:2: votes.post_id = \"two\": this is no integer"]);
    check("posts", ",1,,3,", ",maybe,,3,", &["posts.csv:2: posts.parent_inferred = \"maybe\": this is no boolean"]);
    check("users", "1,11,Ann", "1,11,", &["users.csv:2: users.display_name = \"\": the column must have a value"]);
    check(
        "tags",
        "id,forum_id",
        "id,forum",
        &["tags.csv:1: tags.forum_id = \"forum\": the first line has to be id,forum_id,name,excerpt,wiki"],
    );
}

#[test]
fn a_missing_file_is_refused() {
    let folder = Folder::new("missing");
    fs::remove_file(folder.file("tags")).unwrap();
    refused(&folder.0, &["tags.csv: tags: there is no such file, and no tags.csv.gz either"]);
}

#[test]
fn a_key_that_is_taken_is_refused() {
    check(
        "users",
        "2,22,",
        "1,22,",
        &["users.csv:3: users.id = 1: this is taken by line 2, users_pkey must be unique"],
    );
    check(
        "users",
        "2,22,",
        "2,11,",
        &["users.csv:3: users.account_id = 11: this is taken by line 2, users_account_id_key must be unique"],
    );
}

#[test]
fn a_key_that_leads_nowhere_is_refused() {
    check(
        "votes",
        "1,2,2,",
        "1,9,2,",
        &["votes.csv:2: votes.post_id = 9: this refers to no row, votes_post_id_fkey needs one"],
    );
    // Deferred keys are judged at commit, all of them.
    check(
        "threads",
        ",3,2",
        ",3,9",
        &[
            "threads.csv:2: threads.accepted_post_id = 9: this refers to no row, threads_accepted_post_id_fkey needs one",
        ],
    );
    check(
        "posts",
        "2,1,1,answer",
        "2,1,9,answer",
        &["posts.csv:5: posts.parent_id = 9: this refers to no row, posts_parent_id_fkey needs one"],
    );
}

#[test]
fn a_row_that_breaks_a_check_is_refused() {
    check(
        "posts",
        "comment",
        "rant",
        &["posts.csv:2: posts.kind = 'rant': posts[3]: CHECK kind_is_known is false for (kind) = ('rant')"],
    );
}
