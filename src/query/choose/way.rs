//! The ways to the rows of a source, and how many they are expected to bring.

use std::ops::Bound;

use super::condition::{Says, reads_around, says};
use super::{Candidate, Chooser, Source};
use crate::expr::Expr;
use crate::id::{ColumnId, IndexId};
use crate::query::plan::{Access, Bounded, CommonPlan, Origin};
use crate::schema::{IndexSchema, TableSchema};
use crate::store::Order;
use crate::value::{Value, ValueRef};

/// A way to a source.
pub(super) struct Way {
    pub(super) access: Access,
    /// How many rows it is expected to bring for each combination before it.
    pub(super) rows: f64,
    /// The conditions that it makes sure of, by position.
    pub(super) used: Vec<usize>,
}

impl Chooser<'_> {
    /// The best way to a source.
    pub(super) fn way(&self, position: u8, source: &Source, conditions: &[&Candidate], placed: u64) -> Way {
        let rows = self.size(&source.origin);
        let says: Vec<Option<Says<'_>>> = conditions.iter().map(|it| says(it, position, placed)).collect();
        // A prepared statement outlives the counts it was planned by: a table that is empty today may grow, so an index
        // is preferred even where a scan would cost as little.
        let mut best = Way { access: Access::Scan, rows: rows + 1.0, used: Vec::new() };
        if let Origin::Table(table) = source.origin {
            let declared = self.schema.table(table);
            for (at, index) in declared.indexes.iter().enumerate() {
                if let Some(found) = self.by_index(declared, IndexId(at as u16), index, &says, rows)
                    && (found.rows < best.rows || matches!(best.access, Access::Scan) && found.rows <= best.rows)
                {
                    best = found;
                }
            }
        }
        let only = |it: &Candidate| it.sources == 1 << position && !it.outward;
        let own: Vec<usize> = (0..conditions.len()).filter(|it| only(conditions[*it])).collect();
        let varies = says.iter().any(|it| matches!(it, Some(Says::Equal(_, value)) if reads_around(value)));
        if matches!(best.access, Access::Scan) && source.needs == 0 && (placed != 0 || varies) {
            best = self.by_hash(&source.origin, &says, &own, conditions, rows).unwrap_or(best);
        }
        for at in own.iter().filter(|it| matches!(best.access, Access::Hash { .. }) || !best.used.contains(it)) {
            best.rows *= self.fraction(&source.origin, position, conditions[*at]);
        }
        best
    }

    /// How many rows a source is expected to have.
    fn size(&self, origin: &Origin) -> f64 {
        const UNKNOWN: f64 = 100.0;
        match origin {
            Origin::Table(table) => self.image.table(*table).len() as f64,
            Origin::Nothing => 1.0,
            Origin::Values { rows, .. } => rows.len() as f64,
            Origin::Select(plan) => plan.estimate,
            Origin::Common { plan, .. } => match &**plan {
                CommonPlan::Plain(plan) => plan.estimate,
                CommonPlan::Recursive(_) => UNKNOWN,
            },
            Origin::Working(_) => UNKNOWN,
        }
    }

    /// A hash table over the columns that have to equal something, of the rows that fulfil what is asked of them alone.
    /// Making it costs a scan, but only once; a lookup then brings few rows.
    fn by_hash(
        &self,
        origin: &Origin,
        says: &[Option<Says<'_>>],
        own: &[usize],
        conditions: &[&Candidate],
        rows: f64,
    ) -> Option<Way> {
        let (mut columns, mut equal, mut used) = (Vec::new(), Vec::new(), Vec::new());
        for (at, it) in says.iter().enumerate() {
            if let Some(Says::Equal(column, value)) = it
                && !own.contains(&at)
                && !columns.contains(column)
            {
                columns.push(*column);
                equal.push((*value).clone());
                used.push(at);
            }
        }
        if columns.is_empty() && own.is_empty() {
            return None;
        }
        let different = |column: &ColumnId| match origin {
            Origin::Table(table) => self.different(*table, *column),
            _ => rows.sqrt().max(1.0),
        };
        let different = columns.iter().map(different).fold(1.0, f64::max);
        used.extend(own);
        let filter = own.iter().map(|it| conditions[*it].expr.clone()).collect();
        Some(Way { access: Access::Hash { columns, equal, filter }, rows: rows / different.min(rows.max(1.0)), used })
    }

    fn by_index(
        &self,
        table: &TableSchema,
        id: IndexId,
        index: &IndexSchema,
        says: &[Option<Says<'_>>],
        rows: f64,
    ) -> Option<Way> {
        if index.predicate.is_some() {
            return None;
        }
        let (mut equal, mut used) = (Vec::new(), Vec::new());
        for column in &index.columns {
            let found = says.iter().position(|it| matches!(it, Some(Says::Equal(at, _)) if at == column));
            let Some(at) = found else { break };
            let Some(Says::Equal(_, value)) = &says[at] else { break };
            equal.push((*value).clone());
            used.push(at);
        }
        let mut expected = self.expected(table, id, index, &equal, rows);
        let mut range = (Bound::Unbounded, Bound::Unbounded);
        if let Some(column) = index.columns.get(equal.len()) {
            for (at, it) in says.iter().enumerate() {
                match it {
                    Some(Says::Lower(on, bound)) if on == column && matches!(range.0, Bound::Unbounded) => {
                        range.0 = bound.cloned();
                    }
                    Some(Says::Upper(on, bound)) if on == column && matches!(range.1, Bound::Unbounded) => {
                        range.1 = bound.cloned();
                    }
                    Some(Says::AnyOf(on, list)) if on == column && equal.is_empty() => {
                        let each = self.expected(table, id, index, &list[..list.len().min(1)], rows);
                        let access = Access::AnyOf { index: id, list: list.to_vec() };
                        return Some(Way { access, rows: each * list.len() as f64, used: vec![at] });
                    }
                    Some(Says::Answered(on, subquery)) if on == column && equal.is_empty() => {
                        // How many it answers is known from its limit at best.
                        let each = if index.is_unique() && index.parts.len() == 1 { 1.0 } else { rows.sqrt() };
                        let expected = each * subquery.known_limit().map_or_else(|| rows.sqrt(), |it| it as f64);
                        let access = Access::Answer { index: id, subquery: Box::new((*subquery).clone()) };
                        return Some(Way { access, rows: expected, used: vec![at] });
                    }
                    _ => continue,
                }
                used.push(at);
                expected /= 3.0;
            }
        }
        if used.is_empty() {
            return None;
        }
        let access = Access::Index { index: id, equal, range, order: Order::Ascending };
        Some(Way { access, rows: expected, used })
    }

    /// How many rows agree in the first columns of an index: counted where the values are known, guessed otherwise.
    fn expected(&self, table: &TableSchema, id: IndexId, index: &IndexSchema, equal: &[Bounded], rows: f64) -> f64 {
        if equal.is_empty() {
            return rows;
        }
        if index.is_unique() && equal.len() == index.parts.len() {
            return 1.0;
        }
        let known: Option<Vec<ValueRef<'_>>> = equal
            .iter()
            .map(|it| match it {
                Expr::Value(value) => Some(Value::as_ref(value)),
                _ => None,
            })
            .collect();
        match known {
            Some(probe) => self.image.table(table.id).count_equal(id, &probe) as f64,
            None if self.weighs => self.group(table.id, id, &index.columns[..equal.len()]).min(rows.max(1.0)),
            None => rows.sqrt().max(1.0),
        }
    }
}
