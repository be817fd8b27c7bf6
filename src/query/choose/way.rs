//! The ways to the rows of a source, and how many they are expected to bring.

use std::ops::Bound;

use super::condition::{Says, What, reads_around, says};
use super::indexed::{implied, over};
use super::{Candidate, Chooser, Source};
use crate::expr::{Expr, Expression};
use crate::id::{ColumnId, IndexId};
use crate::query::plan::{Access, BoundLeaf, Bounded, CommonPlan, Origin, Range};
use crate::schema::{IndexSchema, Part, TableSchema};
use crate::store::Order;
use crate::value::{Value, ValueRef};

/// The part of a table's rows up to which it pays to walk all that an index holds: a row costs a lookup there that it does
/// not cost in a scan.
const WORTH_WALKING: f64 = 0.25;

/// A way to a source.
pub(super) struct Way {
    pub(super) access: Access,
    /// How many rows it is expected to bring for each combination before it.
    pub(super) rows: f64,
    /// The conditions that it makes sure of, by position.
    pub(super) used: Vec<usize>,
}

/// The part of an index that conditions leave.
struct Within {
    range: Range,
    /// The conditions that it makes sure of, by position.
    used: Vec<usize>,
    expected: f64,
}

impl Chooser<'_> {
    /// The best way to a source.
    pub(super) fn way(&self, position: u8, source: &Source, conditions: &[&Candidate], placed: u64) -> Way {
        let rows = self.size(&source.origin);
        let expressions = self.expressions(&source.origin);
        let says: Vec<Option<Says<'_>>> =
            conditions.iter().map(|it| says(it, position, placed, &expressions)).collect();
        // A prepared statement outlives the counts it was planned by: a table that is empty today may grow, so an index
        // is preferred even where a scan would cost as little.
        let mut best = Way { access: Access::Scan, rows: rows + 1.0, used: Vec::new() };
        let mut ways = 0;
        self.weighed.set(false);
        if let Origin::Table(table) = source.origin {
            let declared = self.schema.table(table);
            for (at, index) in declared.indexes.iter().enumerate() {
                let Some(sure) = sure_of(index, position, conditions, &says) else { continue };
                let found = self.by_index(declared, IndexId(at as u16), index, (&says, sure), rows);
                let Some(found) = found else { continue };
                ways += 1;
                if found.rows < best.rows || matches!(best.access, Access::Scan) && found.rows <= best.rows {
                    best = found;
                }
            }
        }
        // The only index that serves is taken whatever it is expected to bring.
        if self.weighed.get() && (self.weighs || ways > 1) {
            self.by_values.set(true);
        }
        let only = |it: &Candidate| it.sources == 1 << position && !it.outward;
        let own: Vec<usize> = (0..conditions.len()).filter(|it| only(conditions[*it])).collect();
        let equals = |it: &Option<Says<'_>>| it.as_ref().and_then(Says::column_equals).map(|it| it.1.clone());
        let varies = says.iter().filter_map(equals).any(|it| reads_around(&it));
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
            if let Some((column, value)) = it.as_ref().and_then(Says::column_equals)
                && !own.contains(&at)
                && !columns.contains(&column)
            {
                columns.push(column);
                equal.push(value.clone());
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

    /// The expressions that the indexes of a source know.
    fn expressions(&self, origin: &Origin) -> Vec<&Expr<ColumnId>> {
        let Origin::Table(table) = origin else { return Vec::new() };
        let parts = self.schema.table(*table).indexes.iter().flat_map(|it| &it.parts);
        parts.filter_map(|it| if let Part::Expression(it) = it { Some(it) } else { None }).collect()
    }

    /// The way by one index, whose predicate makes sure of some conditions already.
    fn by_index(
        &self,
        table: &TableSchema,
        id: IndexId,
        index: &IndexSchema,
        (says, sure): (&[Option<Says<'_>>], Vec<usize>),
        all: f64,
    ) -> Option<Way> {
        let rows = if index.predicate.is_some() { self.image.table(table.id).entries(id) as f64 } else { all };
        let (mut equal, mut used) = (Vec::new(), sure.clone());
        let said = |part: &Part| -> Vec<(usize, &What<'_>)> {
            says.iter().enumerate().filter_map(|(at, it)| Some((at, it.as_ref()?.of(part)?))).collect()
        };
        for part in &index.parts {
            let equals =
                |(at, it): (usize, &What<'_>)| if let What::Equal(it) = it { Some((at, (*it).clone())) } else { None };
            let found = said(part).into_iter().find_map(equals);
            let Some((at, value)) = found else { break };
            equal.push(value);
            used.push(at);
        }
        let here = index.parts.get(equal.len()).map(&said).unwrap_or_default();
        if equal.is_empty()
            && let Some(way) = self.by_list(table, id, index, (&here, &sure), rows)
        {
            return Some(way);
        }
        let expected = self.expected(table, id, index, &equal, rows);
        let Within { range, used: further, expected } = self.within(table, id, equal.is_empty(), &here, expected);
        used.extend(further);
        let is_little = expected <= WORTH_WALKING * all;
        let serves = !equal.is_empty()
            || match range {
                Range::Within(..) => true,
                Range::Absent | Range::Present => is_little,
                Range::Whole => index.predicate.is_some() && is_little,
            };
        let access = Access::Index { index: id, equal, range, order: Order::Ascending };
        serves.then_some(Way { access, rows: expected, used })
    }

    /// The way to rows whose first part of a key is one of a list, or of what a subquery answers.
    fn by_list(
        &self,
        table: &TableSchema,
        id: IndexId,
        index: &IndexSchema,
        (said, sure): (&[(usize, &What<'_>)], &[usize]),
        rows: f64,
    ) -> Option<Way> {
        let (at, access, rows) = said.iter().find_map(|(at, it)| match it {
            What::AnyOf(list) => {
                let each = self.expected(table, id, index, &list[..list.len().min(1)], rows);
                Some((*at, Access::AnyOf { index: id, list: list.to_vec() }, each * list.len() as f64))
            }
            What::Answered(subquery) => {
                // How many it answers is known from its limit at best.
                let each = if index.is_unique() && index.parts.len() == 1 { 1.0 } else { rows.sqrt() };
                let expected = each * subquery.known_limit().map_or_else(|| rows.sqrt(), |it| it as f64);
                Some((*at, Access::Answer { index: id, subquery: Box::new((*subquery).clone()) }, expected))
            }
            _ => None,
        })?;
        Some(Way { access, rows, used: sure.iter().copied().chain([at]).collect() })
    }

    /// What conditions say of the part of a key behind those that equal something; `expected` rows agree in these.
    fn within(
        &self,
        table: &TableSchema,
        id: IndexId,
        is_first: bool,
        said: &[(usize, &What<'_>)],
        expected: f64,
    ) -> Within {
        let (mut lower, mut upper, mut used, mut part) = (Bound::Unbounded, Bound::Unbounded, Vec::new(), 1.0);
        for (at, it) in said {
            match it {
                What::Lower(bound) if matches!(lower, Bound::Unbounded) => lower = bound.cloned(),
                What::Upper(bound) if matches!(upper, Bound::Unbounded) => upper = bound.cloned(),
                _ => continue,
            }
            used.push(*at);
            part /= 3.0;
        }
        if !used.is_empty() {
            return Within { range: Range::Within(lower, upper), used, expected: expected * part };
        }
        let of_null = said.iter().find_map(|(at, it)| match it {
            What::Absent => Some((*at, Range::Absent, (Bound::Unbounded, Bound::Included(ValueRef::Null)))),
            What::Present => Some((*at, Range::Present, (Bound::Excluded(ValueRef::Null), Bound::Unbounded))),
            _ => None,
        });
        let Some((at, range, bounds)) = of_null else { return Within { range: Range::Whole, used, expected } };
        let counted = if is_first { self.image.table(table.id).count_within(id, &[], bounds) } else { None };
        Within { range, used: vec![at], expected: counted.map_or(expected / 3.0, |it| it as f64) }
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
                Expr::Leaf(BoundLeaf::Parameter(at)) => {
                    let value = self.values.get(usize::from(*at))?;
                    self.weighed.set(true);
                    Some(Value::as_ref(value))
                }
                _ => None,
            })
            .collect();
        match known {
            Some(probe) => self.image.table(table.id).count_equal(id, &probe) as f64,
            None if self.weighs => self.group(table.id, id, (index, equal.len())).min(rows.max(1.0)),
            None => rows.sqrt().max(1.0),
        }
    }
}

/// The conditions of which an index makes sure by what it holds, by position, if it holds all rows that are wanted: a
/// partial one does where its predicate follows from the conditions.
fn sure_of(
    index: &IndexSchema,
    position: u8,
    conditions: &[&Candidate],
    says: &[Option<Says<'_>>],
) -> Option<Vec<usize>> {
    let Some(predicate) = &index.predicate else { return Some(Vec::new()) };
    let own = conditions.iter().map(|it| over(&it.expr, position));
    let own: Vec<Option<Expr<ColumnId>>> = own.collect();
    // What compares with something elsewhere is no NULL.
    let there = says.iter().flatten().filter_map(|it| match (&it.about, &it.what) {
        (Part::Expression(_), _) | (_, What::Absent) => None,
        (Part::Column(column), _) => Some(Expr::Leaf(*column).is_not_null()),
    });
    let known: Vec<Expr<ColumnId>> = own.iter().flatten().cloned().chain(there).collect();
    let all = predicate.clone().conjuncts();
    let is_sure = |it: &Option<Expr<ColumnId>>| it.as_ref().is_some_and(|it| all.iter().any(|part| part == it));
    implied(predicate, &known).then(|| (0..own.len()).filter(|at| is_sure(&own[*at])).collect())
}
