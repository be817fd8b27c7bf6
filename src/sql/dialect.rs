//! What databases write differently. A further database is a further variant, and the compiler then points at every
//! place where it has to decide.

use crate::schema::Name;
use crate::value::{Kind, ValueRef};

/// The database that is to read the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dialect {
    /// SQLite 3.39 or later.
    #[default]
    Sqlite,
}

/// Words that SQLite does not take as a name unless they are quoted.
const RESERVED: &str = "\
    abort action add after all alter always analyze and as asc attach autoincrement before begin between by \
    cascade case cast check collate column commit conflict constraint create cross current current_date \
    current_time current_timestamp database default deferrable deferred delete desc detach distinct do drop each \
    else end escape except exclude exclusive exists explain fail false filter first following for foreign from \
    full generated glob group groups having if ignore immediate in index indexed initially inner insert instead \
    intersect into is isnull join key last left like limit match materialized natural no not nothing notnull null \
    nulls of offset on or order others outer over partition plan pragma preceding primary query raise range \
    recursive references regexp reindex release rename replace restrict returning right rollback row rows \
    savepoint select set table temp temporary then ties to transaction trigger true unbounded union unique update \
    using vacuum values view virtual when where window with without";

impl Dialect {
    /// A name, quoted where it must be.
    pub(super) fn name(self, name: &str) -> Name {
        let Dialect::Sqlite = self;
        let letter = |it: char| it.is_ascii_alphabetic() || it == '_';
        let plain = name.starts_with(letter) && name.chars().all(|it| letter(it) || it.is_ascii_digit());
        if plain && !RESERVED.split(' ').any(|it| it.eq_ignore_ascii_case(name)) {
            return name.to_owned().into();
        }
        format!("\"{}\"", name.replace('"', "\"\"")).into()
    }

    /// Several names, between commas.
    pub(super) fn names<'a>(self, names: impl IntoIterator<Item = &'a str>) -> String {
        names.into_iter().map(|it| self.name(it)).collect::<Vec<_>>().join(", ")
    }

    /// A constant (L2).
    pub(super) fn literal(self, value: ValueRef<'_>) -> String {
        let Dialect::Sqlite = self;
        match value {
            ValueRef::Float(it) if it.is_nan() => "NULL".to_owned(),
            // SQLite knows no infinity by name; this is too great for any float.
            ValueRef::Float(it) if it.is_infinite() => if it > 0.0 { "9e999" } else { "-9e999" }.to_owned(),
            // Text ends at the first NUL for SQLite, unless it comes as bytes.
            ValueRef::Text(it) if it.contains('\0') => {
                format!("CAST({} AS TEXT)", ValueRef::Bytes(it.as_bytes()))
            }
            // SQLite has no type for them; as text they sort as they should.
            #[cfg(feature = "jiff")]
            ValueRef::Date(it) => format!("'{it}'"),
            #[cfg(feature = "jiff")]
            ValueRef::Timestamp(it) => format!("'{it}'"),
            #[cfg(feature = "uuid")]
            ValueRef::Uuid(it) => format!("'{it}'"),
            plain => plain.to_string(),
        }
    }

    /// A parameter, counted from 0.
    pub(super) fn parameter(self, position: usize) -> String {
        let Dialect::Sqlite = self;
        format!("?{}", position + 1)
    }

    /// How many rows come out, and how many are passed over; empty when neither is said.
    pub(super) fn limit(self, limit: Option<u64>, offset: u64) -> String {
        let Dialect::Sqlite = self;
        // Counts in SQLite are signed, and OFFSET stands only behind LIMIT; -1 is no limit.
        let most = |it: u64| i64::try_from(it).unwrap_or(i64::MAX);
        match (limit, offset) {
            (None, 0) => String::new(),
            (Some(limit), 0) => format!(" LIMIT {}", most(limit)),
            (limit, offset) => format!(" LIMIT {} OFFSET {}", limit.map_or(-1, most), most(offset)),
        }
    }

    /// The type of a column. `lone_key` is a primary key of one column that does not fill itself.
    pub(super) fn column_type(self, kind: Kind, lone_key: bool) -> &'static str {
        let Dialect::Sqlite = self;
        match kind {
            // An `integer PRIMARY KEY` fills itself in SQLite, NOT NULL or not; an `int PRIMARY KEY` does not.
            Kind::Int if lone_key => "int",
            // Other names would make numbers of text that looks like one.
            #[cfg(feature = "jiff")]
            Kind::Date | Kind::Timestamp => "text",
            #[cfg(feature = "uuid")]
            Kind::Uuid => "text",
            other => other.name(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_where_they_must_be() {
        assert_eq!(Dialect::Sqlite.names(["post", "Order", "a b", "a\"b", "1st", "_1"]), {
            "post, \"Order\", \"a b\", \"a\"\"b\", \"1st\", _1"
        });
    }

    #[test]
    fn l2_literals_that_need_care() {
        for (value, text) in [
            (ValueRef::Text("it's"), "'it''s'"),
            (ValueRef::Text("a\0b"), "CAST(x'610062' AS TEXT)"),
            (ValueRef::Float(1.0), "1.0"),
            (ValueRef::Float(1e300), "1e300"),
            (ValueRef::Float(f64::NEG_INFINITY), "-9e999"),
            (ValueRef::Float(f64::NAN), "NULL"),
            (ValueRef::Int(i64::MIN), "-9223372036854775808"),
            (ValueRef::Bytes(&[]), "x''"),
            (ValueRef::Bool(true), "TRUE"),
            (ValueRef::Null, "NULL"),
        ] {
            assert_eq!(Dialect::Sqlite.literal(value), text);
        }
    }

    #[test]
    fn limits() {
        assert_eq!(Dialect::Sqlite.limit(Some(3), 0), " LIMIT 3");
        assert_eq!(Dialect::Sqlite.limit(Some(u64::MAX), 2), " LIMIT 9223372036854775807 OFFSET 2");
        assert_eq!(Dialect::Sqlite.limit(None, 2), " LIMIT -1 OFFSET 2");
    }
}
