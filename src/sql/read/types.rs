//! The dialects, and what the name of a type means in them.

use sqlparser::ast::DataType;
use sqlparser::dialect::{Dialect, PostgreSqlDialect, SQLiteDialect};

use crate::expr::Affinity;
use crate::schema::Column;
use crate::value::Kind;

/// Whose meaning a text has.
///
/// In SQLite's, conditions are the integers 0 and 1 and numbers are conditions, texts that look like numbers compare
/// with number columns, LIKE does not look at the case of ASCII letters, a double-quoted word that names nothing is a
/// text, a subquery may bring several rows where one is asked for, and columns that are not grouped by stand for some
/// row of the group. In PostgreSQL's, none of this holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SqlDialect {
    /// What SQLite makes of it.
    #[default]
    Sqlite,
    /// What PostgreSQL makes of it.
    Postgres,
}

impl SqlDialect {
    /// The syntax.
    pub(super) fn syntax(self) -> &'static dyn Dialect {
        match self {
            SqlDialect::Sqlite => &SQLiteDialect {},
            SqlDialect::Postgres => &PostgreSqlDialect {},
        }
    }

    pub(in crate::sql) fn is_sqlite(self) -> bool {
        self == SqlDialect::Sqlite
    }
}

/// What SQLite would rather have in a column of some kind.
pub(super) fn affinity(kind: Option<Kind>) -> Option<Affinity> {
    match kind? {
        Kind::Int => Some(Affinity::Integer),
        Kind::Float => Some(Affinity::Real),
        Kind::Bool => Some(Affinity::Numeric),
        Kind::Text => Some(Affinity::Text),
        _ => None,
    }
}

/// The kind that the name of a type stands for; none where a column takes anything.
pub(super) fn kind_of(declared: &DataType, dialect: SqlDialect) -> Option<Kind> {
    further(declared, dialect).or_else(|| plain_kind(declared))
}

/// Kinds that come with features, which SQLite has no types for.
#[allow(unused_variables, reason = "without features there is no such kind")]
fn further(declared: &DataType, dialect: SqlDialect) -> Option<Kind> {
    if dialect.is_sqlite() {
        return None;
    }
    match declared {
        #[cfg(feature = "jiff")]
        DataType::Date => Some(Kind::Date),
        #[cfg(feature = "jiff")]
        DataType::Timestamp(..) => Some(Kind::Timestamp),
        #[cfg(feature = "uuid")]
        DataType::Uuid => Some(Kind::Uuid),
        _ => None,
    }
}

fn plain_kind(declared: &DataType) -> Option<Kind> {
    let text = declared.to_string().to_ascii_uppercase();
    let name = text.split('(').next().unwrap_or_default().trim();
    let has = |part: &str| name.contains(part);
    // Names that PostgreSQL has first, then SQLite's rules, which look for parts of a name.
    Some(match name {
        "" | "ANY" => return None,
        "BOOL" | "BOOLEAN" => Kind::Bool,
        "BYTEA" => Kind::Bytes,
        "SERIAL" | "BIGSERIAL" | "SMALLSERIAL" | "SIGNED" | "UNSIGNED" => Kind::Int,
        "DATE" | "DATETIME" | "TIMESTAMP" | "TIME" | "TIMESTAMPTZ" | "UUID" | "NAME" => Kind::Text,
        _ if has("TIMESTAMP") => Kind::Text,
        _ if has("INT") && !has("POINT") => Kind::Int,
        _ if has("CHAR") || has("CLOB") || has("TEXT") => Kind::Text,
        _ if has("BLOB") || has("BINARY") => Kind::Bytes,
        _ if has("REAL") || has("FLOA") || has("DOUB") => Kind::Float,
        _ if has("DECIMAL") || has("NUMERIC") || has("NUMBER") => Kind::Float,
        _ => return None,
    })
}

/// A column of a type, as it is declared: strict in what it holds, except where the name of the type says no more
/// than that it takes numbers, or nothing at all.
pub(super) fn column(name: &str, declared: &DataType, dialect: SqlDialect) -> Column {
    let name = name.to_owned();
    match strict_kind(declared, dialect) {
        Some(kind) => Column::new(name, kind),
        None => Column::flexible(name, Affinity::of_type(&declared.to_string())),
    }
}

/// The kind of all that a column of a type holds, where the type says so.
pub(super) fn strict_kind(declared: &DataType, dialect: SqlDialect) -> Option<Kind> {
    kind_of(declared, dialect).filter(|_| !is_decimal(declared))
}

fn is_decimal(declared: &DataType) -> bool {
    let name = declared.to_string().to_ascii_uppercase();
    ["DEC", "NUM"].iter().any(|it| name.starts_with(it))
}

/// Whether a primary key of this type fills itself.
pub(super) fn is_auto(declared: &DataType, dialect: SqlDialect) -> bool {
    let name = declared.to_string().to_ascii_uppercase();
    match dialect {
        SqlDialect::Sqlite => name == "INTEGER",
        SqlDialect::Postgres => matches!(&*name, "SERIAL" | "BIGSERIAL" | "SMALLSERIAL"),
    }
}
