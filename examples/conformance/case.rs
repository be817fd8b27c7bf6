//! Reading cases: one JSON object a line, in the files of the folders that were named.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

/// One case, as it stands in its file.
pub struct Case {
    pub json: Json,
}

/// How the statements of a step are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Exact,
    Ordered,
    AtMost,
    Ignore,
}

/// To which count a case belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    Plain,
    /// A sound design may deliberately deviate.
    Questionable,
    /// The outcome depends on what was read when.
    LoadSensitive,
}

impl Case {
    pub fn name(&self) -> &str {
        text(&self.json, "name")
    }

    pub fn topic(&self) -> &str {
        text(&self.json, "topic")
    }

    pub fn group(&self) -> Group {
        let tagged = |tag: &str| list(&self.json, "tags").iter().any(|it| it == tag);
        if self.json.get("questionable").is_some() {
            Group::Questionable
        } else if tagged("load_sensitive") {
            Group::LoadSensitive
        } else {
            Group::Plain
        }
    }

    pub fn steps(&self) -> &[Json] {
        list(&self.json, "steps")
    }

    /// What was recorded of a step.
    pub fn expected(&self, step: usize) -> &Json {
        &self.json["expect"]["steps"][step]
    }

    /// How the statements of a step are compared.
    pub fn mode(&self, step: &Json) -> Mode {
        let said = step.get("statements").or(self.json.get("statements")).and_then(Json::as_str);
        match said.unwrap_or("at_most") {
            "exact" => Mode::Exact,
            "ordered" => Mode::Ordered,
            "ignore" => Mode::Ignore,
            _ => Mode::AtMost,
        }
    }

    /// Whether any of a family of errors will do.
    pub fn by_family(&self) -> bool {
        text(&self.json, "errors") == "family"
    }
}

/// The text at a key; empty if there is none.
pub fn text<'a>(json: &'a Json, key: &str) -> &'a str {
    json.get(key).and_then(Json::as_str).unwrap_or_default()
}

/// The list at a key; empty if there is none.
pub fn list<'a>(json: &'a Json, key: &str) -> &'a [Json] {
    json.get(key).and_then(Json::as_array).map_or(&[], Vec::as_slice)
}

/// The texts in the list at a key.
pub fn texts<'a>(json: &'a Json, key: &str) -> Vec<&'a str> {
    list(json, key).iter().filter_map(Json::as_str).collect()
}

/// Whether the key says true.
pub fn says(json: &Json, key: &str) -> bool {
    json.get(key).and_then(Json::as_bool) == Some(true)
}

/// All cases of some files, and of all files `*.jsonl` in some folders.
pub fn read(paths: &[PathBuf]) -> io::Result<Vec<Case>> {
    let mut files = Vec::new();
    for path in paths {
        collect(path, &mut files)?;
    }
    let mut cases = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).map_err(|it| at(&file, &it))?;
        for (at, line) in text.lines().enumerate().filter(|(_, it)| !it.trim().is_empty()) {
            let json = serde_json::from_str(line).map_err(|it| {
                let place = format!("{}:{}: {it}", file.display(), at + 1);
                io::Error::new(io::ErrorKind::InvalidData, place)
            })?;
            cases.push(Case { json });
        }
    }
    Ok(cases)
}

/// What went wrong, and where.
fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let inside = std::fs::read_dir(path).map_err(|it| at(path, &it))?;
    let mut inside = inside.map(|it| Ok(it?.path())).collect::<io::Result<Vec<_>>>()?;
    inside.sort();
    inside.retain(|it| it.is_dir() || it.extension().is_some_and(|it| it == "jsonl"));
    inside.iter().try_for_each(|it| collect(it, files))
}
