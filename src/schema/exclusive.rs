//! Conditions on columns of which one is set: where a row refers to one of several tables, each by a column of its own
//! (an exclusive arc).

use super::{Name, column};
use crate::expr::{Expr, Expression};

/// Exactly one of the columns is not NULL. Of a composite key one column says enough.
///
/// ```
/// use diptych::schema::exactly_one_of;
/// use diptych::{Column, ForeignKey, Schema, Table};
///
/// let schema = Schema::builder()
///     .table(Table::new("posts").auto_key("id"))
///     .table(Table::new("threads").auto_key("id"))
///     .table(
///         Table::new("attachments")
///             .auto_key("id")
///             .column(Column::int("post_id").nullable())
///             .column(Column::int("thread_id").nullable())
///             .foreign_key(ForeignKey::new(["post_id"], "posts"))
///             .foreign_key(ForeignKey::new(["thread_id"], "threads"))
///             .check("one_subject", exactly_one_of(["post_id", "thread_id"])),
///     )
///     .build()?;
/// # Ok::<(), diptych::Error>(())
/// ```
pub fn exactly_one_of<N: Into<Name>>(columns: impl IntoIterator<Item = N>) -> Expr<Name> {
    let columns: Vec<Name> = columns.into_iter().map(Into::into).collect();
    Expr::Or((0..columns.len()).map(|it| only(&columns, Some(it))).collect())
}

/// At most one of the columns is not NULL.
pub fn at_most_one_of<N: Into<Name>>(columns: impl IntoIterator<Item = N>) -> Expr<Name> {
    let columns: Vec<Name> = columns.into_iter().map(Into::into).collect();
    let one = (0..columns.len()).map(|it| only(&columns, Some(it)));
    Expr::Or(one.chain([only(&columns, None)]).collect())
}

/// One column is not NULL, or none is, and all others are.
fn only(columns: &[Name], one: Option<usize>) -> Expr<Name> {
    let each = columns.iter().enumerate().map(|(at, name)| match one == Some(at) {
        true => column(name.clone()).is_not_null(),
        false => column(name.clone()).is_null(),
    });
    Expr::And(each.collect())
}
