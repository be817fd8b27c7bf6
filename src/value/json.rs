//! Text as JSON writes it (RFC 8259), for what is printed as JSON without serde.

use std::fmt::Write;

/// Adds a text in quotation marks.
pub(crate) fn string(text: &mut String, it: &str) {
    text.push('"');
    for letter in it.chars() {
        match letter {
            '"' | '\\' => text.extend(['\\', letter]),
            '\n' => text.push_str("\\n"),
            it if it.is_control() => {
                let _ = write!(text, "\\u{:04x}", u32::from(it));
            }
            it => text.push(it),
        }
    }
    text.push('"');
}
