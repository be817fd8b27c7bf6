//! The sizes of the tables that a plan was made for.

use super::plan::{Origin, Plan};
use crate::id::TableId;
use crate::store::Image;

/// How much a table has to grow or shrink before a plan is made anew.
const TIMES: usize = 4;
/// A table with no more rows than this is read at once, whichever way.
const FEW: usize = 256;

/// How many rows each table had.
#[derive(Clone, Debug, Default)]
pub(super) struct Sizes(Box<[(TableId, usize)]>);

impl Sizes {
    /// Those of the tables that a query reads itself, not in a subquery.
    pub(super) fn of(plan: &Plan, image: &Image) -> Self {
        let Plan::Select(plan) = plan else { return Sizes::default() };
        let tables = plan.levels.iter().filter_map(|it| match it.origin {
            Origin::Table(table) => Some((table, image.table(table).len())),
            _ => None,
        });
        Sizes(tables.collect())
    }

    /// Whether they still are about the same.
    pub(super) fn hold(&self, image: &Image) -> bool {
        self.0.iter().all(|&(table, before)| {
            let now = image.table(table).len();
            now <= TIMES * before + FEW && before <= TIMES * now + FEW
        })
    }
}
