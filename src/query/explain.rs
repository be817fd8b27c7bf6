//! A plan as text: one line a source, in the order in which they are read.

use std::fmt;
use std::ops::Bound;

use super::connection::Prepared;
use super::plan::{Access, BoundConflict, InsertSource, Level, Origin, Plan, SelectPlan};
use super::select::JoinKind;
use crate::id::IndexId;
use crate::schema::{Schema, TableSchema};
use crate::store::Order;

/// A plan together with the names it is printed with.
#[derive(Debug)]
pub struct ExplainedQuery<'a> {
    prepared: &'a Prepared,
    schema: &'a Schema,
}

impl Prepared {
    /// The plan for printing.
    pub fn explain<'a>(&'a self, schema: &'a Schema) -> ExplainedQuery<'a> {
        ExplainedQuery { prepared: self, schema }
    }
}

impl fmt::Display for ExplainedQuery<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.prepared.0.plan {
            Plan::Select(select) => self.select(f, select),
            Plan::Insert(insert) => {
                let table = &self.schema.table(insert.table).name;
                let select = match &insert.source {
                    InsertSource::Rows(rows) => {
                        write!(f, "insert {} rows into {table}", rows.len())?;
                        None
                    }
                    InsertSource::Select(select) => {
                        write!(f, "insert what a query brings into {table}")?;
                        Some(select)
                    }
                };
                match insert.on_conflict.as_ref().map(|it| &it.action) {
                    None => {}
                    Some(BoundConflict::Nothing) => f.write_str(", or nothing")?,
                    Some(BoundConflict::Update { .. }) => f.write_str(", or update")?,
                    Some(BoundConflict::Replace) => f.write_str(", or replace")?,
                }
                writeln!(f)?;
                select.map_or(Ok(()), |it| self.select(f, it))
            }
            Plan::InsertRows { table } => writeln!(f, "insert records into {}", self.schema.table(*table).name),
            Plan::UpdateRows { table, .. } => {
                writeln!(f, "update rows of {} by primary key", self.schema.table(*table).name)
            }
            Plan::Update { find, .. } => {
                f.write_str("update ")?;
                self.select(f, find)
            }
            Plan::Delete { find, .. } => {
                f.write_str("delete ")?;
                self.select(f, find)
            }
            Plan::DeleteRows { find, .. } => {
                f.write_str("delete ")?;
                self.level(f, find)
            }
        }
    }
}

impl ExplainedQuery<'_> {
    fn select(&self, f: &mut fmt::Formatter<'_>, plan: &SelectPlan) -> fmt::Result {
        for (depth, level) in plan.levels.iter().enumerate() {
            for _ in 0..depth {
                f.write_str("  ")?;
            }
            match (depth, level.kind) {
                (0, _) => {}
                (_, JoinKind::Inner) => f.write_str("join ")?,
                (_, JoinKind::Left) => f.write_str("left join ")?,
                (_, JoinKind::Right) => f.write_str("right join ")?,
                (_, JoinKind::Full) => f.write_str("full join ")?,
                (_, JoinKind::Semi) => f.write_str("semi join ")?,
                (_, JoinKind::Anti) => f.write_str("anti join ")?,
            }
            self.level(f, level)?;
        }
        if let Some(grouping) = &plan.grouping {
            writeln!(f, "group by {} keys, {} aggregates", grouping.keys.len(), grouping.aggregates.len())?;
        }
        if !plan.order_by.is_empty() {
            writeln!(f, "sort by {} keys", plan.order_by.len())?;
        }
        if let Some(limit) = plan.known_limit() {
            writeln!(f, "limit {limit}")?;
        }
        for compound in &plan.compounds {
            writeln!(f, "{:?}{}", compound.operation, if compound.all { " all" } else { "" })?;
            self.select(f, &compound.select)?;
        }
        Ok(())
    }

    fn level(&self, f: &mut fmt::Formatter<'_>, level: &Level) -> fmt::Result {
        match &level.origin {
            Origin::Table(table) => self.of_table(f, self.schema.table(*table), &level.access)?,
            other => {
                f.write_str(match other {
                    Origin::Table(_) | Origin::Nothing => "nothing",
                    Origin::Values { .. } => "given rows",
                    Origin::Select(_) => "a query",
                    Origin::Common { .. } => "a query of WITH",
                    Origin::Working(_) => "the rows found last",
                })?;
                if let Access::Hash { columns, .. } = &level.access {
                    write!(f, " by hash of {} columns", columns.len())?;
                }
            }
        }
        let filters = level.on.len() + level.after.len();
        if filters > 0 {
            write!(f, ", {filters} filters")?;
        }
        writeln!(f)
    }

    fn of_table(&self, f: &mut fmt::Formatter<'_>, table: &TableSchema, access: &Access) -> fmt::Result {
        let index = |id: IndexId| table.index(id).name.as_str();
        match access {
            Access::Scan => write!(f, "{} by scan", table.name)?,
            Access::Index { index: id, equal, range, order } => {
                write!(f, "{} by index {}", table.name, index(*id))?;
                if !equal.is_empty() {
                    write!(f, ", {} equal", equal.len())?;
                }
                if !matches!(range, (Bound::Unbounded, Bound::Unbounded)) {
                    f.write_str(", a range")?;
                }
                if *order == Order::Descending {
                    f.write_str(", backwards")?;
                }
            }
            Access::AnyOf { index: id, list } => {
                write!(f, "{} by index {}, any of {}", table.name, index(*id), list.len())?;
            }
            Access::Answer { index: id, .. } => {
                write!(f, "{} by index {}, any of a subquery's answer", table.name, index(*id))?;
            }
            Access::Keys { index: Some(id), .. } => write!(f, "{} by index {}, given keys", table.name, index(*id))?,
            Access::Keys { index: None, .. } => write!(f, "{} by hash, given keys", table.name)?,
            Access::Hash { columns, .. } => write!(f, "{} by hash of {}", table.name, table.names(columns).join(", "))?,
        }
        Ok(())
    }
}
