//! How a declared join names columns, and the marks that say which of them refer.

use std::ops::BitOr;

use crate::expr::{Expr, Expression};
use crate::object::entity::{Entity, Field};
use crate::schema::Name;

/// A column in a declared join: `table.column`, or a column of the relation's own class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinColumn {
    pub(in crate::object) name: Name,
    pub(in crate::object) marks: Marks,
}

/// What is said about a column of a join: a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Marks(u8);

impl Marks {
    /// Nothing: the foreign keys of the tables tell.
    pub const NONE: Marks = Marks(0);
    /// The column refers to the other side of its comparison, as a foreign key does.
    pub const FOREIGN: Marks = Marks(1);
    /// The column is of the target, where owner and target are one table.
    pub const REMOTE: Marks = Marks(2);

    /// Whether all of `other` are in the set.
    pub const fn contains(self, other: Marks) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for Marks {
    type Output = Marks;

    fn bitor(self, other: Marks) -> Marks {
        Marks(self.0 | other.0)
    }
}

impl Expression<JoinColumn> for JoinColumn {
    fn expr(self) -> Expr<JoinColumn> {
        Expr::Leaf(self)
    }
}

/// A column of a join, as `table.column`.
pub fn join_column(name: impl Into<Name>) -> Expr<JoinColumn> {
    Expr::Leaf(JoinColumn { name: name.into(), marks: Marks::NONE })
}

/// A column of a join, where the compiler has checked that it exists.
pub fn on<F: Field>(_: F) -> Expr<JoinColumn> {
    join_column(format!("{}.{}", F::Entity::TABLE, F::NAME))
}

/// Says that the columns of an expression refer to the other side of its comparison, as a foreign key does.
pub fn foreign(it: impl Into<Expr<JoinColumn>>) -> Expr<JoinColumn> {
    mark(&it.into(), Marks::FOREIGN)
}

/// Says that the columns of an expression are of the target, where owner and target are one table.
pub fn remote(it: impl Into<Expr<JoinColumn>>) -> Expr<JoinColumn> {
    mark(&it.into(), Marks::REMOTE)
}

fn mark(it: &Expr<JoinColumn>, with: Marks) -> Expr<JoinColumn> {
    let marked = it.try_map(&mut |leaf: &JoinColumn| {
        Ok::<_, std::convert::Infallible>(JoinColumn { name: leaf.name.clone(), marks: leaf.marks | with }.expr())
    });
    match marked {
        Ok(it) => it,
        Err(never) => match never {},
    }
}
