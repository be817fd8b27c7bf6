//! Declarations of tables that stand for one class and those that extend it.

use super::Action;
use super::declare::{Column, ForeignKey, Name, Table, column};
use crate::expr::{Expr, Expression};
use crate::record::Row;
use crate::value::Value;

impl Table {
    /// The names of its columns, in order.
    pub fn column_names(&self) -> impl Iterator<Item = &Name> {
        self.columns.iter().map(|it| &it.name)
    }

    /// The names of those that are never NULL.
    #[cfg(feature = "objects")]
    pub(crate) fn given_columns(&self) -> impl Iterator<Item = &Name> {
        self.columns.iter().filter(|it| !it.nullable).map(|it| &it.name)
    }

    /// A draft of its rows, if they are records of the program.
    pub fn records(&self) -> Option<&Row> {
        self.prototype.as_ref()
    }

    /// Lets its rows be tuples again.
    #[must_use]
    pub fn of_tuples(mut self) -> Self {
        self.prototype = None;
        self
    }

    /// Leaves out columns that another table has as well.
    #[cfg(feature = "objects")]
    pub(crate) fn without_columns(mut self, names: &[Name]) -> Self {
        self.columns.retain(|it| !names.contains(&it.name));
        self
    }

    /// Takes in what a part of its rows has beside the others: columns, which may then be NULL, with their indexes,
    /// checks and foreign keys. Where `on` holds one of `identities`, the row is of that part, and has a value in each
    /// column of it that was never NULL.
    #[must_use]
    pub fn taking_in(mut self, part: &Table, on: Option<&Name>, identities: &[Value]) -> Self {
        // Conditions of the part hold for its rows alone.
        let of_part = |condition: Expr<Name>| match on {
            Some(on) => column(on.clone()).in_list(identities.iter().cloned().map(Expr::Value)).negated().or(condition),
            None => condition,
        };
        for it in &part.columns {
            if !it.nullable && on.is_some() {
                self = self.check(format!("{}_given", it.name), of_part(column(it.name.clone()).is_not_null()));
            }
            self = self.column(it.clone().nullable());
        }
        let checks = part.checks.iter().map(|(name, condition)| (name.clone(), of_part(condition.clone()))).collect();
        self.with_rules_of(&Table { checks, ..part.clone() })
    }

    /// Begins with the columns of another table, and has its keys, indexes, checks and foreign keys as well.
    #[must_use]
    pub fn beginning_as(mut self, base: &Table) -> Self {
        self.columns.splice(0..0, base.columns.iter().cloned());
        (self.primary_key, self.auto) = (base.primary_key.clone(), base.auto);
        self.primary_timing = base.primary_timing;
        self.with_rules_of(base)
    }

    /// Begins with the key of another table, by which its rows refer to those of `to`: each is the rest of one of them,
    /// goes with it, and has its key.
    #[must_use]
    pub fn keyed_as(mut self, base: &Table, to: impl Into<Name>) -> Self {
        let of_key = |it: &&Column| base.primary_key.contains(&it.name);
        let key = base.columns.iter().filter(of_key).map(|it| Column { default: None, ..it.clone() });
        self.columns.splice(0..0, key);
        self.primary_key = base.primary_key.clone();
        let key = ForeignKey::new(base.primary_key.clone(), to);
        self.foreign_key(key.on_delete(Action::Cascade).on_update(Action::Cascade))
    }

    fn with_rules_of(mut self, other: &Table) -> Self {
        self.keys.extend(other.keys.iter().cloned());
        self.checks.extend(other.checks.iter().cloned());
        self.foreign_keys.extend(other.foreign_keys.iter().cloned());
        self
    }
}
