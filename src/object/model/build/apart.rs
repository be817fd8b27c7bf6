//! Relations to a class whose queries read whole tables of several classes: each of these tables has a foreign key of its
//! own, and its rows hold attributes at places of their own. So the relation is told once more for each of them, by the
//! names of what it says.

use std::convert::Infallible;

use super::relations::Resolver;
use crate::expr::Expr;
use crate::id::ColumnId;
use crate::object::class::Relationship;
use crate::object::model::{ClassModel, Join, JoinLeaf, RelationModel};
use crate::value::Value;

impl Resolver<'_> {
    /// The relation as it leads to each class that stands apart from its target and has what the relation joins by.
    pub(super) fn apart(&self, relation: &RelationModel, declared: &Relationship) -> Vec<RelationModel> {
        let target = &self.built[relation.target.index()];
        if !target.reads_whole_tables() {
            return Vec::new();
        }
        let apart = target.descendants.iter().map(|it| &self.built[it.index()]).filter(|it| it.id != target.id);
        apart.filter_map(|it| self.as_it_leads_to(it, relation, declared)).collect()
    }

    fn as_it_leads_to(
        &self,
        class: &ClassModel,
        relation: &RelationModel,
        declared: &Relationship,
    ) -> Option<RelationModel> {
        let target = &self.built[relation.target.index()];
        let there = |it: ColumnId| class.column_named(&target.columns[it.index()]).ok();
        let Join::Has { columns, own_columns, one } = &relation.join else { return None };
        let columns = columns.iter().map(|it| there(*it)).collect::<Option<_>>()?;
        let position = match relation.position {
            Some(position) => Some(there(position)?),
            None => None,
        };
        // What the class lacks is NULL in its rows, as in the union.
        let leaf = |leaf: &JoinLeaf| match leaf {
            JoinLeaf::Target(it) => there(*it).map_or(Expr::Value(Value::Null), |it| Expr::Leaf(JoinLeaf::Target(it))),
            other => Expr::Leaf(*other),
        };
        let renamed = |it: &Expr<JoinLeaf>| {
            let Ok(it) = it.try_map(&mut |it: &JoinLeaf| Ok::<_, Infallible>(leaf(it)));
            it
        };
        let join = Join::Has { columns, own_columns: own_columns.clone(), one: *one };
        let mut found = RelationModel {
            target: class.id,
            passive_deletes: self.passive_deletes(declared, class, &join, relation.cascade),
            join,
            position,
            order: relation.order.iter().map(|it| (renamed(&it.0), it.1)).collect(),
            condition: relation.condition.as_ref().map(renamed),
            ..relation.clone()
        };
        // Only those of this class may be asked for, and it may read whole tables, too.
        found.apart = self.apart(&found, declared);
        Some(found)
    }
}
