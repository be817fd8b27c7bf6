//! An outline as JSON. It is what serde would write, without its being needed.

use std::fmt::Write;

use super::outline::{Outline, OutlinedRefusal, OutlinedStep};
use crate::error::{Hop, RowFact};
use crate::value::json::string;
use crate::value::{Value, ValueRef};

impl Outline {
    /// The outline as one line of JSON.
    pub fn to_json(&self) -> String {
        let mut text = String::from("{\"steps\":");
        list(&mut text, &self.steps, step);
        text.push_str(",\"refusals\":");
        list(&mut text, &self.refusals, refusal);
        text.push('}');
        text
    }
}

fn list<T>(text: &mut String, items: &[T], mut write: impl FnMut(&mut String, &T)) {
    text.push('[');
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            text.push(',');
        }
        write(text, item);
    }
    text.push(']');
}

fn step(text: &mut String, step: &OutlinedStep) {
    text.push_str("{\"row\":");
    row(text, &step.row);
    text.push_str(",\"set\":");
    match &step.set {
        None => text.push_str("null"),
        Some(set) => list(text, set, |text, (column, it)| {
            text.push('[');
            string(text, column);
            text.push(',');
            value(text, it);
            text.push(']');
        }),
    }
    text.push_str(",\"cause\":");
    match &step.cause {
        None => text.push_str("null"),
        Some(cause) => {
            let _ = write!(text, "{{\"step\":{},\"by\":", cause.step);
            string(text, &cause.by);
            text.push_str(",\"action\":");
            string(text, &cause.action);
            text.push('}');
        }
    }
    text.push('}');
}

fn refusal(text: &mut String, it: &OutlinedRefusal) {
    match it.step {
        Some(step) => write!(text, "{{\"step\":{step}"),
        None => write!(text, "{{\"step\":null"),
    }
    .ok();
    let violation = &it.violation;
    let _ = write!(text, ",\"violation\":{{\"rule\":\"{:?}\",\"constraint\":", violation.rule);
    string(text, &violation.constraint);
    text.push_str(",\"table\":");
    string(text, &violation.table);
    text.push_str(",\"columns\":");
    list(text, &violation.columns, |text, it| string(text, it));
    text.push_str(",\"values\":");
    list(text, &violation.values, value);
    text.push_str(",\"row\":");
    row(text, &violation.row);
    text.push_str(",\"blocking\":");
    list(text, &violation.blocking, row);
    let _ = write!(text, ",\"blocking_count\":{},\"path\":", violation.blocking_count);
    list(text, &violation.path, hop);
    text.push_str(",\"advice\":");
    string(text, &violation.advice);
    text.push_str("}}");
}

fn hop(text: &mut String, hop: &Hop) {
    text.push_str("{\"from\":");
    row(text, &hop.from);
    text.push_str(",\"by\":");
    string(text, &hop.by);
    text.push('}');
}

fn row(text: &mut String, row: &RowFact) {
    text.push_str("{\"table\":");
    string(text, &row.table);
    text.push_str(",\"key\":");
    list(text, &row.key, value);
    text.push('}');
}

/// A value; what JSON has no word for is a map with its kind.
fn value(text: &mut String, it: &Value) {
    let mut kind = |kind: &str, it: &str| {
        text.push('{');
        string(text, kind);
        text.push(':');
        string(text, it);
        text.push('}');
    };
    match it.as_ref() {
        ValueRef::Null => text.push_str("null"),
        ValueRef::Bool(it) => text.push_str(if it { "true" } else { "false" }),
        ValueRef::Float(it) if !it.is_finite() => kind("float", &it.to_string()),
        ValueRef::Int(_) | ValueRef::Float(_) => {
            let _ = write!(text, "{it}");
        }
        ValueRef::Text(it) => string(text, it),
        ValueRef::Bytes(it) => kind("bytes", &it.iter().map(|byte| format!("{byte:02x}")).collect::<String>()),
        #[cfg(feature = "decimal")]
        ValueRef::Decimal(it) => kind("decimal", &it.to_string()),
        #[cfg(feature = "jiff")]
        ValueRef::Date(it) => kind("date", &it.to_string()),
        #[cfg(feature = "jiff")]
        ValueRef::Timestamp(it) => kind("timestamp", &it.to_string()),
        #[cfg(feature = "uuid")]
        ValueRef::Uuid(it) => kind("uuid", &it.to_string()),
    }
}
