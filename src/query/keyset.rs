//! Pages by key: what comes after a row that was seen, however many rows came before it.

use super::leaf::Leaf;
use super::select::{Direction, Nulls, OrderBy, Select};
use crate::expr::{Expr, Expression};
use crate::value::Value;

impl Select {
    /// Only what comes after a row in the order of the query, which is said before; the row is given by what the parts
    /// of the order are in it. Only constants may be NULL among them. The order should tell rows apart, by the primary
    /// key as its last part for one, and is of expressions, not of positions of what comes out.
    ///
    /// A page by key costs the same wherever it is; one by OFFSET is another one when rows come in between.
    ///
    /// ```
    /// use diptych::{col, Column, Connection, Database, Direction, Insert, Schema, Select, Table};
    ///
    /// let notes = Table::new("notes").auto_key("id").column(Column::int("stars")).index(["stars", "id"]);
    /// let mut connection = Database::new(Schema::builder().table(notes).build()?).connect();
    /// let insert = Insert::into("notes", ["stars"]);
    /// connection.execute([3, 5, 3, 1].into_iter().fold(insert, |all, it| all.row([it])))?;
    /// let by_stars = Select::from("notes")
    ///     .values([col("stars"), col("id")])
    ///     .order_by(col("stars"), Direction::Descending)
    ///     .order_by(col("id"), Direction::Descending);
    /// let page = connection.execute(by_stars.clone().limit(2))?.rows;
    /// assert_eq!(page.typed::<(i64, i64)>()?, [(5, 2), (3, 3)]);
    /// let next = connection.execute(by_stars.after(page.values_at(1).to_vec()).limit(2))?.rows;
    /// assert_eq!(next.typed::<(i64, i64)>()?, [(3, 1), (1, 4)]);
    /// # Ok::<(), diptych::Error>(())
    /// ```
    pub fn after<V: Into<Expr<Leaf>>>(self, row: impl IntoIterator<Item = V>) -> Self {
        let last: Vec<Expr<Leaf>> = row.into_iter().map(Into::into).collect();
        let parts: Vec<(&OrderBy, &Expr<Leaf>)> = self.order_by.iter().zip(&last).collect();
        let mut ways = Vec::with_capacity(parts.len());
        for (position, (part, value)) in parts.iter().enumerate() {
            let mut way: Vec<Expr<Leaf>> = parts[..position].iter().map(|(part, value)| same(part, value)).collect();
            way.push(beyond(part, value));
            ways.push(Expr::And(way));
        }
        // What every way makes sure of is a range of an index over the first part.
        let range = parts.first().filter(|(part, value)| parts.len() > 1 && !is_null(value) && !nulls_last(part));
        let range = range.map(|(part, value)| match part.direction {
            Direction::Ascending => part.by.clone().ge((*value).clone()),
            Direction::Descending => part.by.clone().le((*value).clone()),
        });
        let any = if ways.len() == 1 { ways.remove(0) } else { Expr::Or(ways) };
        match range {
            Some(range) => self.filter(range).filter(any),
            None => self.filter(any),
        }
    }
}

fn is_null(value: &Expr<Leaf>) -> bool {
    matches!(value, Expr::Value(Value::Null))
}

/// Whether NULL comes after everything.
fn nulls_last(part: &OrderBy) -> bool {
    match (part.nulls, part.direction) {
        (Some(nulls), _) => nulls == Nulls::Last,
        (None, direction) => direction == Direction::Descending,
    }
}

fn same(part: &OrderBy, value: &Expr<Leaf>) -> Expr<Leaf> {
    let by = part.by.clone();
    if is_null(value) { by.is_null() } else { by.eq(value.clone()) }
}

fn beyond(part: &OrderBy, value: &Expr<Leaf>) -> Expr<Leaf> {
    let by = part.by.clone();
    if is_null(value) {
        return if nulls_last(part) { Expr::from(1).eq(0) } else { by.is_not_null() };
    }
    let after = match part.direction {
        Direction::Ascending => by.clone().gt(value.clone()),
        Direction::Descending => by.clone().lt(value.clone()),
    };
    if nulls_last(part) { after.or(by.is_null()) } else { after }
}
