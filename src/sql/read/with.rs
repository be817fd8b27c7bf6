//! WITH: queries that have a name, which may be recursive.

use std::sync::Arc;

use sqlparser::ast::{Cte, Query, SetExpr, With};

use super::catalog::Field;
use super::place::wrong_at;
use super::scope::{CommonName, Reader};
use super::select::Heading;
use crate::error::Result;
use crate::query::Common;

impl Reader<'_> {
    /// Reads the queries of a WITH; they stay in sight until whoever calls takes them away.
    pub(super) fn with(&mut self, with: Option<&With>) -> Result<Vec<Common>> {
        let mut found = Vec::new();
        for it in with.iter().flat_map(|it| &it.cte_tables) {
            let recursive = with.is_some_and(|it| it.recursive);
            found.push(self.common(it, recursive)?);
        }
        Ok(found)
    }

    fn common(&mut self, it: &Cte, recursive: bool) -> Result<Common> {
        let name = it.alias.name.value.clone();
        let sees_itself = recursive || self.dialect.is_sqlite() && self.catalog.table(&name).is_none();
        let known = self.commons.len();
        if let Some(first) = leftmost(&it.query).filter(|_| sees_itself) {
            // What it begins with tells the columns that its other parts see; it is read again with them.
            let parameters = self.parameters.clone();
            let (_, heading) = self.query(&first)?;
            self.parameters = parameters;
            let fields = named(it, &heading)?;
            self.commons.push(CommonName { name: name.clone(), fields });
        }
        let read = self.query(&it.query);
        self.commons.truncate(known);
        let (select, heading) = read?;
        let fields = named(it, &heading)?;
        let columns = fields.iter().map(|it| it.name.clone().into()).collect();
        self.commons.push(CommonName { name: name.clone(), fields });
        Ok(Common { name: name.into(), columns, select })
    }
}

/// The first query of a set operation, with the WITH that it can see.
fn leftmost(query: &Query) -> Option<Query> {
    let mut body = match &*query.body {
        SetExpr::SetOperation { left, .. } => left,
        _ => return None,
    };
    while let SetExpr::SetOperation { left, .. } = &**body {
        body = left;
    }
    Some(Query { body: body.clone(), order_by: None, limit_clause: None, fetch: None, ..query.clone() })
}

/// The columns under the names that the WITH gives them.
fn named(it: &Cte, heading: &[Heading]) -> Result<Arc<[Field]>> {
    let given = &it.alias.columns;
    if given.is_empty() {
        return Ok(Heading::fields(heading));
    }
    if given.len() != heading.len() {
        let problem = format!("`{}` has {} columns, {} are named", it.alias.name, heading.len(), given.len());
        return Err(wrong_at(it.alias.name.span, problem));
    }
    Ok(heading.iter().zip(given).map(|(it, name)| it.field(name.name.value.clone())).collect())
}
