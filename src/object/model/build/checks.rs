//! What a relation says about itself that cannot be so.

use crate::error::Mistake;
use crate::expr::Expr;
use crate::id::ColumnId;
use crate::object::class::{Cascade, Lazy, PassiveDeletes, Relationship};
use crate::object::model::{Join, JoinLeaf};
use crate::query::Direction;

/// What follows along a relation. One that is never written carries nothing that would write.
pub(super) fn cascade(relation: &Relationship) -> Cascade {
    if !relation.view_only {
        return relation.cascade;
    }
    let kept = [Cascade::MERGE, Cascade::EXPUNGE, Cascade::REFRESH_EXPIRE];
    kept.into_iter().filter(|&it| relation.cascade.contains(it)).fold(Cascade::NONE, |all, it| all | it)
}

/// Refuses what contradicts itself, however the relation is joined.
pub(super) fn words(place: &str, relation: &Relationship) -> Result<(), Mistake> {
    let wrong = |problem: &str, advice: &str| Err(Mistake::new(place, problem, advice));
    if relation.view_only && relation.sync_backref == Some(true) {
        return wrong("it is never written, so nothing moves it", "leave `sync_backref` or `view_only` out");
    }
    if relation.ordered && relation.order_by.is_empty() {
        return wrong(
            "no column holds the positions of its members",
            "write `order_by(position)`, a column of the target",
        );
    }
    Ok(())
}

/// The column that holds the positions of the members of an ordered list: its order begins with it.
pub(super) fn position(
    place: &str,
    relation: &Relationship,
    order: &[(Expr<JoinLeaf>, Direction)],
) -> Result<Option<ColumnId>, Mistake> {
    match order.first().filter(|_| relation.ordered) {
        None => Ok(None),
        Some((Expr::Leaf(JoinLeaf::Target(column)), Direction::Ascending)) => Ok(Some(*column)),
        Some(_) => Err(Mistake::new(
            place,
            "its order does not begin with the column that holds the positions of its members",
            "write `order_by(position)`, a column of the target, ascending",
        )),
    }
}

/// Refuses what contradicts the direction of the relation.
pub(super) fn relation(place: &str, relation: &Relationship, join: &Join, cascade: Cascade) -> Result<(), Mistake> {
    let wrong = |problem: &str, advice: &str| Err(Mistake::new(place, problem, advice));
    let orphan = cascade.contains(Cascade::DELETE_ORPHAN);
    if orphan && !relation.single_parent && !matches!(join, Join::Has { .. }) {
        return wrong(
            "delete_orphan stands on a side that does not own the other",
            "put it on the has_one or has_many side, or write `single_parent` to let a target have one owner at a time",
        );
    }
    if relation.passive_deletes == PassiveDeletes::All && (orphan || cascade.contains(Cascade::DELETE)) {
        return wrong(
            "it leaves all targets to the foreign key when the owner is deleted, and deletes them too",
            "leave one of both out: `passive_deletes = all`, or `delete` and `delete_orphan` of the cascade",
        );
    }
    if matches!(relation.lazy, Lazy::Dynamic | Lazy::WriteOnly) && !join.is_many() {
        return wrong(
            "it leads to one object, which is never too many to be loaded",
            "leave `dynamic` and `write_only` to collections",
        );
    }
    Ok(())
}
