//! What a query finds, without objects: rows of values, how many there are, whether there is any.

use super::entity::Ground;
use super::page::limited;
use super::run::Resolved;
use super::{Selection, Term};
use crate::error::Result;
use crate::expr::Expr;
use crate::id::ClassId;
use crate::object::session::Core;
use crate::query::{Input, Leaf, Output, Select, Source};
use crate::value::Value;

impl Core {
    /// Rows of values of a query: attributes, and what is computed of them.
    pub(in crate::object) fn select_values(
        &mut self,
        class: ClassId,
        selection: &Selection,
        values: &[Expr<Term>],
    ) -> Result<Vec<Vec<Value>>> {
        self.before_select(selection)?;
        let select = self.values(class, selection, values)?;
        self.run(select)
    }

    /// How many rows a query finds, by a statement that returns one. Objects that a join repeats count as often as rows
    /// come out.
    pub(in crate::object) fn select_count(&mut self, class: ClassId, selection: &Selection) -> Result<u64> {
        self.before_select(selection)?;
        let mut select = self.values(class, selection, &[])?;
        let unlimited = selection.limit.is_none() && selection.offset == 0;
        if unlimited {
            select.order_by.clear();
        }
        if unlimited && !selection.distinct {
            select.outputs = vec![Output::Value(crate::query::count())];
        } else {
            let names: Vec<String> = (0..select.outputs.len()).map(|it| format!("key_{it}")).collect();
            select = Select::from(Source::select(select, names)).values([crate::query::count()]);
        }
        let rows = self.run(select)?;
        let count = rows.first().and_then(|it| it.first());
        Ok(if let Some(Value::Int(count)) = count { *count as u64 } else { 0 })
    }

    /// Whether a query finds anything, by a statement that returns one row at most.
    pub(in crate::object) fn select_exists(&mut self, class: ClassId, selection: &Selection) -> Result<bool> {
        self.before_select(selection)?;
        let mut select = self.values(class, selection, &[])?;
        if selection.limit != Some(0) {
            select = select.limit(1);
        }
        Ok(!self.run(select)?.is_empty())
    }

    /// The query for values; without any, for the keys.
    fn values(&mut self, class: ClassId, selection: &Selection, values: &[Expr<Term>]) -> Result<Select> {
        let model = self.graph.model.clone();
        let schema = self.connection.schema().clone();
        let ground = Ground { model: &model, schema: &schema };
        let resolved = Resolved::of(ground, &self.graph, class, selection)?;
        let mut outputs: Vec<Expr<Leaf>> = Vec::with_capacity(values.len());
        for value in values {
            outputs.push(resolved.scope.resolve(value)?);
        }
        if values.is_empty() {
            outputs = resolved.root.columns(ground, &model.class(class).key, 0)?;
        }
        let mut select = resolved.sources.select.values(outputs);
        select.distinct = selection.distinct;
        Ok(limited(select, selection))
    }

    fn run(&mut self, select: Select) -> Result<Vec<Vec<Value>>> {
        let prepared = self.connection.prepare(select.into())?;
        Ok(self.connection.run(&prepared, Input::Values(&[]))?.rows.to_values())
    }
}
