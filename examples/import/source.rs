//! One file of a data set: CSV, plain or compressed, read into the scalars of a table's columns.
//!
//! An empty field is NULL. Lines end in CRLF, and quoted fields may hold line ends, so a record is named by the line of
//! the file on which it begins.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use csv::{Reader, ReaderBuilder, StringRecord};
use diptych::schema::TableSchema;
use diptych::{Kind, Value};
use flate2::read::MultiGzDecoder;

use super::fault::Fault;

/// The file of a table, whole.
pub struct Source<'t> {
    pub table: &'t TableSchema,
    file: String,
    bytes: Vec<u8>,
}

/// A record: a scalar for each column.
pub struct Record {
    /// Where it begins.
    pub line: u64,
    pub values: Vec<Value>,
}

impl<'t> Source<'t> {
    /// Reads the table's file from a folder: `posts.csv`, or else `posts.csv.gz`.
    pub fn open(folder: &Path, table: &'t TableSchema) -> Result<Self, Fault> {
        let plain = format!("{}.csv", table.name);
        let packed = format!("{plain}.gz");
        let (file, read) = match read(&folder.join(&plain), false) {
            Err(error) if error.kind() == ErrorKind::NotFound => match read(&folder.join(&packed), true) {
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    let missing = Source { table, file: plain, bytes: Vec::new() };
                    return Err(missing.fault(format!("there is no such file, and no {packed} either")));
                }
                outcome => (packed, outcome),
            },
            outcome => (plain, outcome),
        };
        let mut source = Source { table, file, bytes: Vec::new() };
        source.bytes = read.map_err(|error| source.fault(format!("it cannot be read: {error}")))?;
        Ok(source)
    }

    /// Reads a file of any name for the table.
    pub fn at(path: &Path, table: &'t TableSchema) -> Result<Self, Fault> {
        let packed = path.extension().is_some_and(|it| it == "gz");
        let mut source = Source::of(path.display().to_string(), Vec::new(), table);
        source.bytes = read(path, packed).map_err(|error| source.fault(format!("it cannot be read: {error}")))?;
        Ok(source)
    }

    /// What a file of this name would hold.
    pub fn of(file: String, bytes: Vec<u8>, table: &'t TableSchema) -> Self {
        Source { table, file, bytes }
    }

    /// Its records, one after the other.
    pub fn records(&self) -> Result<Records<'_>, Fault> {
        let reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(&self.bytes[..]);
        let mut records = Records { source: self, reader, at: 0, line: 1 };
        let wanted: Vec<&str> = self.table.columns.iter().map(|it| it.name.as_str()).collect();
        let (line, header) = records.fields().transpose()?.unwrap_or((1, StringRecord::new()));
        if header.iter().ne(wanted.iter().copied()) {
            let differs = header.iter().zip(&wanted).position(|(is, wanted)| is != *wanted);
            let column = differs.unwrap_or(header.len().min(wanted.len()));
            let problem = format!("the first line has to be {}", wanted.join(","));
            return Err(self.fault_at(line, column, header.get(column), problem));
        }
        Ok(records)
    }

    /// The lines whose records have this primary key. Only a fault asks, so nobody pays for an index.
    pub fn lines_of(&self, key: &[Value]) -> Vec<u64> {
        let columns = self.table.naming_columns();
        let Ok(records) = self.records() else { return Vec::new() };
        let same = |it: &Record| columns.iter().map(|column| &it.values[column.index()]).eq(key);
        records.flatten().filter(same).map(|it| it.line).collect()
    }

    /// What is wrong with the file as a whole.
    pub fn fault(&self, problem: impl Into<String>) -> Fault {
        Fault {
            file: self.file.as_str().into(),
            table: self.table.name.as_str().into(),
            problem: problem.into(),
            ..Fault::default()
        }
    }

    /// What is wrong with one field.
    fn fault_at(&self, line: u64, column: usize, value: Option<&str>, problem: impl Into<String>) -> Fault {
        let column = self.table.columns.get(column).map_or("(one too many)", |it| &it.name);
        let value = value.map_or("(nothing)".to_owned(), shortened);
        Fault { line: Some(line), columns: vec![column.to_owned()], values: vec![value], ..self.fault(problem) }
    }
}

fn read(path: &Path, packed: bool) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut file = File::open(path)?;
    if packed {
        MultiGzDecoder::new(file).read_to_end(&mut bytes)?
    } else {
        file.read_to_end(&mut bytes)?
    };
    Ok(bytes)
}

/// The first words of a value; a body may be long.
fn shortened(value: &str) -> String {
    const SHOWN: usize = 40;
    let mut text: String = value.chars().take(SHOWN).collect();
    if value.chars().nth(SHOWN).is_some() {
        text.push('…');
    }
    format!("{text:?}")
}

/// The records of a file.
pub struct Records<'s> {
    source: &'s Source<'s>,
    reader: Reader<&'s [u8]>,
    /// How far the reader has come, in bytes and in lines.
    at: usize,
    line: u64,
}

impl Records<'_> {
    /// The fields of the next record, and the line on which it begins.
    fn fields(&mut self) -> Option<Result<(u64, StringRecord), Fault>> {
        let mut record = StringRecord::new();
        let found = self.reader.read_record(&mut record);
        let end = self.reader.position().byte() as usize;
        let raw = &self.source.bytes[self.at..end];
        // The reader stops between CR and LF, so what it reads next begins with the end of the line before.
        let (before, raw) = raw.split_at(raw.iter().take_while(|it| matches!(it, b'\r' | b'\n')).count());
        let line = self.line + lines_in(before);
        (self.at, self.line) = (end, line + lines_in(raw));
        let fault = |column: usize, value: Option<&str>, problem: &str| {
            Some(Err(self.source.fault_at(line, column, value, problem)))
        };
        match found {
            Ok(false) => None,
            // A quote that nobody closes takes the rest of the file for its field, and the reader forgives that.
            Ok(true) if raw.iter().filter(|it| **it == b'"').count() % 2 == 1 => {
                fault(record.len() - 1, record.iter().next_back(), "a quote is not closed")
            }
            Ok(true) => Some(Ok((line, record))),
            Err(error) => match error.kind() {
                csv::ErrorKind::Utf8 { err, .. } => fault(err.field(), None, "this is no UTF-8"),
                _ => fault(0, None, &error.to_string()),
            },
        }
    }

    fn record(&self, line: u64, fields: &StringRecord) -> Result<Record, Fault> {
        let columns = &self.source.table.columns;
        if fields.len() != columns.len() {
            let differs = fields.len().min(columns.len());
            let problem = format!("the record has {} fields, the table {} columns", fields.len(), columns.len());
            return Err(self.source.fault_at(line, differs, fields.get(differs), problem));
        }
        let read = |(position, field): (usize, &str)| {
            let column = &columns[position];
            let problem = match scalar(field, column.kind) {
                Some(Value::Null) if !column.nullable => "the column must have a value".to_owned(),
                Some(value) => return Ok(value),
                None => format!("this is no {}", column.kind),
            };
            Err(self.source.fault_at(line, position, Some(field), problem))
        };
        Ok(Record { line, values: fields.iter().enumerate().map(read).collect::<Result<_, _>>()? })
    }
}

impl Iterator for Records<'_> {
    type Item = Result<Record, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        let fields = self.fields()?;
        Some(fields.and_then(|(line, fields)| self.record(line, &fields)))
    }
}

fn lines_in(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|it| **it == b'\n').count() as u64
}

/// A field as a scalar; the empty one is NULL.
fn scalar(field: &str, kind: Kind) -> Option<Value> {
    if field.is_empty() {
        return Some(Value::Null);
    }
    match (kind, field) {
        (Kind::Text, text) => Some(text.into()),
        (Kind::Int, digits) => digits.parse().ok().map(Value::Int),
        (Kind::Float, digits) => digits.parse().ok().map(Value::Float),
        (Kind::Bool, "0") => Some(Value::Bool(false)),
        (Kind::Bool, "1") => Some(Value::Bool(true)),
        (Kind::Bytes, digits) => bytes(digits),
        _ => None,
    }
}

/// Bytes as hexadecimal digits.
fn bytes(digits: &str) -> Option<Value> {
    // A sign would pass for a digit otherwise.
    if !digits.bytes().all(|it| it.is_ascii_hexdigit()) {
        return None;
    }
    let pairs = digits.as_bytes().chunks(2).map(|it| std::str::from_utf8(it).ok().filter(|it| it.len() == 2));
    let all: Option<Vec<u8>> = pairs.map(|it| u8::from_str_radix(it?, 16).ok()).collect();
    all.map(|it| Value::from(&it[..]))
}
