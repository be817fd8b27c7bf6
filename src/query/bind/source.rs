//! Where rows come from: tables, queries, given rows, and the queries of a WITH.

use std::sync::Arc;

use super::select::Shape;
use super::{Binder, Body, Columns, Named, Reads, Scope, reads_around, senseless, unsupported};
use crate::error::{Misuse, Result, closest};
use crate::query::plan::{CommonPlan, Origin, RecursivePlan};
use crate::query::select::{Common, Select, SetOperation, Source};
use crate::query::views::View;
use crate::schema::Name;

impl Binder<'_> {
    /// A source of the innermost select, its columns, and the sources of the same select that it reads, as bits.
    pub(super) fn source(&mut self, source: &Source) -> Result<(Origin, Columns, u64)> {
        let own = self.scopes.len() - 1;
        let ((origin, columns), found) = self.watch(|it| it.origin(source, own))?;
        Ok((origin, columns, found.get(own).map_or(0, |it| it.sources)))
    }

    fn origin(&mut self, source: &Source, own: usize) -> Result<(Origin, Columns)> {
        Ok(match source {
            Source::Nothing => (Origin::Nothing, Columns::Named([].into())),
            Source::Table(name) => {
                let table = self.schema.table_named(name);
                if let (Err(_), Some(view)) = (&table, self.schema.views().named(name)) {
                    return self.view(view);
                }
                let table = table?.id;
                (Origin::Table(table), Columns::Table(table))
            }
            Source::Select(select, names) => {
                let plan = self.select(select, Shape::Columns)?;
                let columns = named(names, plan.outputs.len(), "a query that is a source")?;
                (Origin::Select(Box::new(plan)), columns)
            }
            Source::Values(given, names) => {
                let mut rows = Vec::with_capacity(given.len());
                let ((), found) = self.watch(|it| {
                    for row in given {
                        named(names, row.len(), "a row of VALUES")?;
                        rows.push(row.iter().map(|value| it.expr(value)).collect::<Result<Vec<_>>>()?);
                    }
                    Ok(())
                })?;
                let correlated = reads_around(&found, own + 1);
                (Origin::Values { rows, correlated }, Columns::Named(names.clone().into()))
            }
            Source::Common(name) => self.common_named(name, own)?,
        })
    }

    /// A view, which reads nothing around it.
    fn view(&mut self, view: &View) -> Result<(Origin, Columns)> {
        if self.viewing.contains(&view.name) {
            return Err(senseless(format!("the view {} reads itself", view.name)));
        }
        self.viewing.push(view.name.clone());
        let (scopes, commons) = (std::mem::take(&mut self.scopes), std::mem::take(&mut self.commons));
        let reads = std::mem::take(&mut self.reads);
        let plan = self.select(&view.select, Shape::Columns);
        (self.scopes, self.commons, self.reads) = (scopes, commons, reads);
        self.viewing.pop();
        let plan = plan?;
        let columns = named(&view.columns, plan.outputs.len(), &view.name)?;
        Ok((Origin::Select(Box::new(plan)), columns))
    }

    fn common_named(&mut self, name: &Name, own: usize) -> Result<(Origin, Columns)> {
        let Some(at) = self.commons.iter().rposition(|it| it.name == *name) else {
            let hint = closest(name, self.commons.iter().map(|it| &*it.name));
            return Err(Misuse::UnknownName { what: "query of a WITH", name: name.to_string(), hint }.into());
        };
        let Named { columns, depth, body, .. } = &self.commons[at];
        let (columns, depth) = (Columns::Named(columns.clone()), *depth);
        match body {
            Body::Working(id) => {
                let origin = Origin::Working(*id);
                self.note_at(depth, Reads { sources: 0, working: true });
                Ok((origin, columns))
            }
            Body::Plan(plan, reads) => {
                let (origin, reads) = (Origin::Common { plan: plan.clone(), hops: own + 1 - depth }, reads.clone());
                self.note(&reads);
                Ok((origin, columns))
            }
        }
    }

    /// Binds a query of a WITH, so that what comes after may name it.
    pub(super) fn common(&mut self, common: &Common) -> Result<()> {
        let depth = self.scopes.len();
        let columns: Arc<[Name]> = common.columns.clone().into();
        let (plan, mut reads) = if common.select.names_common(&common.name) {
            self.watch(|it| it.recursive(common, columns.clone()))?
        } else {
            let (plan, reads) = self.watch(|it| it.select(&common.select, Shape::Columns))?;
            named(&common.columns, plan.outputs.len(), &common.name)?;
            (CommonPlan::Plain(Box::new(plan)), reads)
        };
        reads.truncate(depth);
        let body = Body::Plan(Arc::new(plan), reads);
        self.commons.push(Named { name: common.name.clone(), columns, depth, body });
        Ok(())
    }

    /// A query of a WITH that names itself: the parts that do not come first, the others run on what was found last.
    fn recursive(&mut self, common: &Common, columns: Arc<[Name]>) -> Result<CommonPlan> {
        let (name, select, depth) = (&common.name, &common.select, self.scopes.len());
        let known = self.commons.len();
        for it in &select.with {
            if it.select.names_common(name) {
                return Err(unsupported("a recursive query that names itself in a WITH of its own"));
            }
            self.common(it)?;
        }
        let working = self.recursions;
        self.recursions += 1;
        let alone = Select { with: Vec::new(), compounds: Vec::new(), ..select.clone() };
        let alone = Select { order_by: Vec::new(), limit: None, offset: None, ..alone };
        let (mut first, mut steps, mut all) = (Vec::new(), Vec::new(), true);
        if alone.names_common(name) {
            return Err(senseless(format!("`{name}` begins with a query that names it")));
        }
        let (mut correlated, found) = (false, self.watch(|it| it.select(&alone, Shape::Columns))?);
        correlated |= reads_around(&found.1, depth);
        first.push(found.0);
        for compound in &select.compounds {
            if compound.operation != SetOperation::Union {
                return Err(unsupported("a recursive query with INTERSECT or EXCEPT"));
            }
            let recursive = compound.select.names_common(name);
            if recursive {
                let (name, columns, body) = (name.clone(), columns.clone(), Body::Working(working));
                self.commons.push(Named { name, columns, depth, body });
            } else if !steps.is_empty() {
                return Err(senseless(format!("the parts of `{name}` that do not name it have to come first")));
            }
            let (plan, found) = self.watch(|it| it.select(&compound.select, Shape::Columns))?;
            correlated |= reads_around(&found, depth);
            if recursive {
                self.commons.pop();
            }
            all &= compound.all;
            if recursive { steps.push(plan) } else { first.push(plan) }
        }
        for plan in first.iter().chain(&steps) {
            named(&common.columns, plan.outputs.len(), name)?;
        }
        self.scopes.push(Scope::default());
        let order_by = self.order_of_outputs(&select.order_by, common.columns.len())?;
        let (limit, offset) = self.limits(select)?;
        self.scopes.pop();
        self.commons.truncate(known);
        Ok(CommonPlan::Recursive(RecursivePlan { working, first, steps, all, order_by, limit, offset, correlated }))
    }
}

/// The columns of a query, which has to bring as many.
fn named(names: &[Name], width: usize, what: &str) -> Result<Columns> {
    if names.len() != width {
        return Err(senseless(format!("{what} brings {width} columns, {} are named", names.len())));
    }
    Ok(Columns::Named(names.to_vec().into()))
}
