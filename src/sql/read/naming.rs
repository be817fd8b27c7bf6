//! What PostgreSQL calls a column that comes out and has no name of its own: by its function, its type, or not at all.

use sqlparser::ast::{self as syntax, Expr, SetExpr};

use super::call::last_part;

/// The name of an output.
pub(super) fn postgres_name(it: &Expr) -> String {
    named(it).unwrap_or_else(|| "?column?".to_owned())
}

fn named(it: &Expr) -> Option<String> {
    Some(match it {
        Expr::Identifier(name) => name.value.clone(),
        Expr::CompoundIdentifier(path) => path.last()?.value.clone(),
        Expr::Nested(it) | Expr::Collate { expr: it, .. } => return named(it),
        Expr::Function(it) => last_part(&it.name).to_ascii_lowercase(),
        Expr::Cast { expr, data_type, .. } => named(expr).unwrap_or_else(|| type_name(data_type)),
        Expr::Case { else_result, .. } => else_result.as_deref().and_then(named).unwrap_or_else(|| "case".to_owned()),
        Expr::Exists { .. } => "exists".to_owned(),
        Expr::Subquery(query) => match &*query.body {
            SetExpr::Select(select) => match select.projection.first()? {
                syntax::SelectItem::UnnamedExpr(it) => return named(it),
                syntax::SelectItem::ExprWithAlias { alias, .. } => alias.value.clone(),
                _ => return None,
            },
            _ => return None,
        },
        Expr::Extract { .. } => "extract".to_owned(),
        Expr::Substring { .. } => "substring".to_owned(),
        Expr::Position { .. } => "position".to_owned(),
        Expr::Overlay { .. } => "overlay".to_owned(),
        Expr::Ceil { .. } => "ceil".to_owned(),
        Expr::Floor { .. } => "floor".to_owned(),
        Expr::Trim { trim_where, .. } => match trim_where {
            Some(syntax::TrimWhereField::Leading) => "ltrim",
            Some(syntax::TrimWhereField::Trailing) => "rtrim",
            _ => "btrim",
        }
        .to_owned(),
        Expr::TypedString(it) => type_name(&it.data_type),
        Expr::Interval(_) => "interval".to_owned(),
        Expr::Array(_) => "array".to_owned(),
        Expr::Tuple(_) => "row".to_owned(),
        _ => return None,
    })
}

/// A type as the catalogue of PostgreSQL calls it.
fn type_name(it: &syntax::DataType) -> String {
    let said = it.to_string().to_ascii_lowercase();
    let plain = said.split('(').next().unwrap_or_default().trim();
    match plain {
        "int" | "integer" => "int4",
        "bigint" => "int8",
        "smallint" => "int2",
        "real" => "float4",
        "float" | "double precision" => "float8",
        "boolean" => "bool",
        "decimal" => "numeric",
        "character varying" => "varchar",
        "char" | "character" => "bpchar",
        other => other,
    }
    .to_owned()
}
