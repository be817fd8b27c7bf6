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
    /// PostgreSQL 12 or later.
    Postgres,
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

/// The time of the statement with fractions of its second.
pub(super) const NOW_IN_SQLITE: &str = "datetime('now', 'subsec')";

impl Dialect {
    /// A name, quoted where it must be. PostgreSQL makes small letters of what is not quoted.
    pub(super) fn name(self, name: &str) -> Name {
        let same_case = self == Dialect::Sqlite || !name.contains(|it: char| it.is_ascii_uppercase());
        let letter = |it: char| it.is_ascii_alphabetic() || it == '_';
        let plain = name.starts_with(letter) && name.chars().all(|it| letter(it) || it.is_ascii_digit());
        if plain && same_case && !RESERVED.split(' ').any(|it| it.eq_ignore_ascii_case(name)) {
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
        match (self, value) {
            (Dialect::Sqlite, ValueRef::Float(it)) if it.is_nan() => "NULL".to_owned(),
            // SQLite knows no infinity by name; this is too great for any float.
            (Dialect::Sqlite, ValueRef::Float(it)) if it.is_infinite() => {
                if it > 0.0 { "9e999" } else { "-9e999" }.to_owned()
            }
            // Text ends at the first NUL for SQLite, unless it comes as bytes.
            (Dialect::Sqlite, ValueRef::Text(it)) if it.contains('\0') => {
                format!("CAST({} AS TEXT)", ValueRef::Bytes(it.as_bytes()))
            }
            (Dialect::Postgres, ValueRef::Float(it)) if it.is_nan() => "CAST('NaN' AS double precision)".to_owned(),
            (Dialect::Postgres, ValueRef::Float(it)) if it.is_infinite() => {
                let sign = if it > 0.0 { "" } else { "-" };
                format!("CAST('{sign}Infinity' AS double precision)")
            }
            (Dialect::Postgres, ValueRef::Bytes(it)) => {
                let digits: String = it.iter().map(|it| format!("{it:02x}")).collect();
                format!("CAST('\\x{digits}' AS bytea)")
            }
            #[cfg(feature = "jiff")]
            (Dialect::Postgres, ValueRef::Date(it)) => format!("DATE '{it}'"),
            #[cfg(feature = "jiff")]
            (Dialect::Postgres, ValueRef::Timestamp(it)) => format!("TIMESTAMP WITH TIME ZONE '{it}'"),
            #[cfg(feature = "uuid")]
            (Dialect::Postgres, ValueRef::Uuid(it)) => format!("CAST('{it}' AS uuid)"),
            // SQLite has no type for them; as text they sort as they should.
            #[cfg(feature = "jiff")]
            (_, ValueRef::Date(it)) => format!("'{it}'"),
            #[cfg(feature = "jiff")]
            (_, ValueRef::Timestamp(it)) => format!("'{it}'"),
            #[cfg(feature = "uuid")]
            (_, ValueRef::Uuid(it)) => format!("'{it}'"),
            (_, plain) => plain.to_string(),
        }
    }

    /// The time of the statement; a text in SQLite.
    pub(super) fn now(self) -> &'static str {
        match self {
            Dialect::Sqlite => NOW_IN_SQLITE,
            Dialect::Postgres => "now()",
        }
    }

    /// A parameter, counted from 0.
    pub(super) fn parameter(self, position: usize) -> String {
        let sign = match self {
            Dialect::Sqlite => '?',
            Dialect::Postgres => '$',
        };
        format!("{sign}{}", position + 1)
    }

    /// How many rows come out, and how many are passed over; empty when neither is said.
    pub(super) fn limit(self, limit: Option<String>, offset: Option<String>) -> String {
        match (limit, offset, self) {
            (None, None, _) => String::new(),
            (Some(limit), None, _) => format!(" LIMIT {limit}"),
            (Some(limit), Some(offset), _) => format!(" LIMIT {limit} OFFSET {offset}"),
            // OFFSET stands only behind LIMIT in SQLite; -1 is no limit.
            (None, Some(offset), Dialect::Sqlite) => format!(" LIMIT -1 OFFSET {offset}"),
            (None, Some(offset), Dialect::Postgres) => format!(" OFFSET {offset}"),
        }
    }

    /// The type of a column. `lone_key` is a primary key of one column that does not fill itself.
    pub(super) fn column_type(self, kind: Kind, lone_key: bool) -> &'static str {
        match (self, kind) {
            // An `integer PRIMARY KEY` fills itself in SQLite, NOT NULL or not; an `int PRIMARY KEY` does not.
            (Dialect::Sqlite, Kind::Int) if lone_key => "int",
            (Dialect::Postgres, Kind::Int) => "bigint",
            (Dialect::Postgres, Kind::Float) => "double precision",
            (Dialect::Postgres, Kind::Bytes) => "bytea",
            // Other names would make numbers of text that looks like one.
            #[cfg(feature = "jiff")]
            (Dialect::Sqlite, Kind::Date | Kind::Timestamp) => "text",
            #[cfg(feature = "uuid")]
            (Dialect::Sqlite, Kind::Uuid) => "text",
            #[cfg(feature = "jiff")]
            (Dialect::Postgres, Kind::Timestamp) => "timestamp with time zone",
            (_, other) => other.name(),
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
        let text = |it: &str| Some(it.to_owned());
        assert_eq!(Dialect::Sqlite.limit(text("3"), None), " LIMIT 3");
        assert_eq!(Dialect::Sqlite.limit(text("?1"), text("2")), " LIMIT ?1 OFFSET 2");
        assert_eq!(Dialect::Sqlite.limit(None, text("2")), " LIMIT -1 OFFSET 2");
        assert_eq!(Dialect::Postgres.limit(None, text("2")), " OFFSET 2");
    }

    #[test]
    fn postgres_writes_some_things_otherwise() {
        let it = Dialect::Postgres;
        assert_eq!(it.names(["post", "Post", "order"]), "post, \"Post\", \"order\"");
        assert_eq!(it.literal(ValueRef::Bytes(&[0, 255])), "CAST('\\x00ff' AS bytea)");
        assert_eq!(it.literal(ValueRef::Float(f64::NAN)), "CAST('NaN' AS double precision)");
        assert_eq!(it.parameter(1), "$2");
    }
}
