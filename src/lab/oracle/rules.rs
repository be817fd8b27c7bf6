//! Every constraint, judged on every row (rule 5).

use super::evaluate::{Beyond, evaluate};
use super::world::{Cells, World, cells, refers};
use crate::error::Rule;
use crate::id::TableId;
use crate::schema::{IndexSchema, Part, ReferenceSchema, Schema, TableSchema, Timing, Uniqueness};
use crate::value::Value;

/// A constraint that refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The kind of rule.
    pub rule: Rule,
    /// The table that declares it.
    pub table: TableId,
    /// The constraint, or the column where the rule is of a column.
    pub constraint: String,
}

/// Which constraints are judged: those of which this says yes, by name and timing, wait.
pub(super) type Waits<'a> = &'a dyn Fn(&str, Timing) -> bool;

/// Everything that does not hold, except what waits.
///
/// # Errors
/// When a CHECK or an index is beyond the oracle.
pub(super) fn judge(schema: &Schema, world: &World, waits: Waits<'_>) -> Result<Vec<Refusal>, Beyond> {
    let mut refusals = Vec::new();
    for table in schema.tables() {
        let mut refuse = |rule: Rule, constraint: &str| {
            refusals.push(Refusal { rule, table: table.id, constraint: constraint.to_owned() });
        };
        judge_columns(table, world, &mut refuse);
        for check in &table.checks {
            for row in world.rows(table.id) {
                // A condition that is NULL does not refuse.
                if evaluate(&check.condition, row)? == Value::Bool(false) {
                    refuse(Rule::Check, &check.name);
                }
            }
        }
        for index in table.indexes.iter().filter(|it| it.uniqueness != Uniqueness::None) {
            let keys = keys(world.rows(table.id), index)?;
            if !waits(&index.name, index.timing) && (0..keys.len()).any(|it| keys[..it].contains(&keys[it])) {
                let primary = index.uniqueness == Uniqueness::Primary;
                refuse(if primary { Rule::PrimaryKey } else { Rule::Unique }, &index.name);
            }
        }
        for &id in &table.outbound {
            let reference = schema.reference(id);
            if !waits(&reference.name, reference.timing) && dangles(world, reference) {
                refuse(Rule::ForeignKey, &reference.name);
            }
        }
    }
    Ok(refusals)
}

/// The keys of the rows for which the condition of an index is true; those with a NULL agree with nothing.
fn keys(rows: &[Cells], index: &IndexSchema) -> Result<Vec<Cells>, Beyond> {
    let mut keys = Vec::new();
    for row in rows {
        let covered = index.predicate.as_ref().map(|it| evaluate(it, row)).transpose()?;
        let part = |part: &Part| match part {
            Part::Column(column) => Ok(row[column.index()].clone()),
            Part::Expression(it) => evaluate(it, row),
        };
        let key = index.parts.iter().map(part).collect::<Result<Cells, Beyond>>()?;
        if covered.is_none_or(|it| it == Value::Bool(true)) && !key.contains(&Value::Null) {
            keys.push(key);
        }
    }
    Ok(keys)
}

fn judge_columns(table: &TableSchema, world: &World, refuse: &mut impl FnMut(Rule, &str)) {
    for row in world.rows(table.id) {
        for (column, value) in table.columns.iter().zip(row) {
            match value.kind() {
                None if !column.nullable => refuse(Rule::NotNull, &column.name),
                Some(kind) if kind != column.kind => refuse(Rule::Type, &column.name),
                _ => {}
            }
        }
    }
}

fn dangles(world: &World, reference: &ReferenceSchema) -> bool {
    world.rows(reference.table).iter().any(|child| {
        !cells(child, &reference.columns).contains(&Value::Null)
            && !world.rows(reference.target).iter().any(|parent| refers(reference, child, parent))
    })
}
