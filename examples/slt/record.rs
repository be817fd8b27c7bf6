//! The format of a file: records between empty lines.

/// A record, and the line on which it begins.
#[derive(Debug)]
pub struct Record<'t> {
    pub line: usize,
    pub kind: Kind<'t>,
}

/// What a record asks for.
#[derive(Debug)]
pub enum Kind<'t> {
    /// A statement that passes, or fails.
    Statement { sql: String, passes: bool },
    /// A query, the types of its columns, and what comes out.
    Query { sql: String, types: &'t str, sort: Sort, label: Option<&'t str>, expected: Vec<&'t str> },
    /// Above how many values results stand as a hash, which every result says itself.
    HashThreshold,
    /// The end.
    Halt,
    /// Something else.
    Unknown(&'t str),
}

/// How results are put in order before they are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    None,
    Rows,
    Values,
}

/// Reads the records that are for `engine`.
pub fn read<'t>(text: &'t str, engine: &str) -> Vec<Record<'t>> {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let (mut records, mut at) = (Vec::new(), 0);
    while at < lines.len() {
        if lines[at].is_empty() || lines[at].starts_with('#') {
            at += 1;
            continue;
        }
        let mut end = at;
        while end < lines.len() && !lines[end].is_empty() {
            end += 1;
        }
        let all = &lines[at..end];
        if let Some((line, kind)) = record(all, engine) {
            records.push(Record { line: at + line + 1, kind });
        }
        at = end;
    }
    records
}

fn record<'t>(lines: &[&'t str], engine: &str) -> Option<(usize, Kind<'t>)> {
    let mut at = 0;
    loop {
        let line = lines.get(at)?;
        let mut words = line.split_whitespace();
        match words.next()? {
            "skipif" if words.next() == Some(engine) => return None,
            "onlyif" if words.next() != Some(engine) => return None,
            "skipif" | "onlyif" => at += 1,
            it if it.starts_with('#') => at += 1,
            "statement" => {
                let passes = words.next() == Some("ok");
                return Some((at, Kind::Statement { sql: lines[at + 1..].join("\n"), passes }));
            }
            "query" => {
                let types = words.next().unwrap_or_default();
                let sort = match words.next() {
                    Some("rowsort") => Sort::Rows,
                    Some("valuesort") => Sort::Values,
                    _ => Sort::None,
                };
                let label = words.next();
                let rest = &lines[at + 1..];
                let bar = rest.iter().position(|it| *it == "----").unwrap_or(rest.len());
                let expected = rest.get(bar + 1..).unwrap_or_default().to_vec();
                return Some((at, Kind::Query { sql: rest[..bar].join("\n"), types, sort, label, expected }));
            }
            "hash-threshold" => return Some((at, Kind::HashThreshold)),
            "halt" => return Some((at, Kind::Halt)),
            _ => return Some((at, Kind::Unknown(line))),
        }
    }
}
