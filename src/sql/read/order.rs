//! ORDER BY, LIMIT and OFFSET.

use sqlparser::ast::{self as syntax, LimitClause, OrderByKind, OrderByOptions, OrderBySort, Query};

use super::meaning::Typed;
use super::place::{unsupported, wrong};
use super::scope::Reader;
use super::select::Heading;
use crate::error::Result;
use crate::expr::Expr;
use crate::query::{Direction, Leaf, Nulls, OrderBy, Output, Select};

impl Reader<'_> {
    pub(super) fn order(&self, by: Expr<Leaf>, options: &OrderByOptions) -> OrderBy {
        let descending = matches!(options.sort, Some(OrderBySort::Desc));
        let direction = if descending { Direction::Descending } else { Direction::Ascending };
        // In PostgreSQL NULL is greater than everything, in SQLite less, which needs no word here.
        let nulls = match (options.nulls_first, self.dialect.is_sqlite(), descending) {
            (Some(true), _, _) => Some(Nulls::First),
            (Some(false), _, _) => Some(Nulls::Last),
            (None, true, _) => None,
            (None, false, true) => Some(Nulls::First),
            (None, false, false) => Some(Nulls::Last),
        };
        // What is the default needs no word.
        let default = if descending { Nulls::Last } else { Nulls::First };
        OrderBy { by, direction, nulls: nulls.filter(|it| *it != default) }
    }

    /// ORDER BY of a whole query, whose outputs are known and whose scope is still open.
    pub(super) fn order_by(&mut self, query: &Query, select: &mut Select, heading: &[Heading]) -> Result<()> {
        let Some(order) = &query.order_by else { return Ok(()) };
        let OrderByKind::Expressions(list) = &order.kind else {
            return Err(unsupported(order, "ORDER BY ALL"));
        };
        for it in list {
            let by = self.order_term(&it.expr, select, heading)?;
            select.order_by.push(self.order(by, &it.options));
        }
        Ok(())
    }

    /// A number is a place among the outputs, a name first an output's own.
    pub(super) fn order_term(&mut self, it: &syntax::Expr, select: &Select, heading: &[Heading]) -> Result<Expr<Leaf>> {
        if let Some(position) = position(it, heading.len())? {
            return Ok(self.by_place(position, select, heading));
        }
        if let syntax::Expr::Identifier(name) = it {
            let found = heading.iter().position(|it| it.named && it.name.eq_ignore_ascii_case(&name.value));
            let found = found.or_else(|| {
                let compound = !select.compounds.is_empty();
                heading.iter().position(|it| compound && it.name.eq_ignore_ascii_case(&name.value))
            });
            if let Some(position) = found {
                return Ok(self.by_place(position as u16, select, heading));
            }
        }
        let by = self.ordered_by(it)?;
        if select.compounds.is_empty() {
            return Ok(by);
        }
        // Of several queries together, only what comes out can be ordered by.
        let found = select.outputs.iter().position(|it| matches!(it, Output::Value(it) if *it == by));
        let position = found.ok_or_else(|| wrong(it, "ORDER BY of several queries names one of their columns"))?;
        Ok(Expr::Leaf(Leaf::Output(position as u16)))
    }

    fn by_place(&self, place: u16, select: &Select, heading: &[Heading]) -> Expr<Leaf> {
        let (said, output) = (&heading[usize::from(place)], select.outputs.get(usize::from(place)));
        match output {
            Some(Output::Value(value)) if said.caseless && select.compounds.is_empty() => self.by_output(value, said),
            _ => Expr::Leaf(Leaf::Output(place)),
        }
    }

    /// What comes out, as it is ordered and grouped by.
    pub(super) fn by_output(&self, value: &Expr<Leaf>, said: &Heading) -> Expr<Leaf> {
        self.ordered(Typed { kind: said.kind, caseless: said.caseless, ..Typed::unknown(value.clone()) })
    }

    pub(super) fn limits(&mut self, query: &Query, select: &mut Select) -> Result<()> {
        match &query.limit_clause {
            None => {}
            Some(LimitClause::LimitOffset { limit, offset, limit_by }) => {
                if !limit_by.is_empty() {
                    return Err(unsupported(query, "LIMIT BY"));
                }
                select.limit =
                    limit.as_ref().map(|it| Ok::<_, crate::error::Error>(self.value_of(it)?.expr)).transpose()?;
                let offset = offset.as_ref().map(|it| self.value_of(&it.value)).transpose()?;
                select.offset = offset.map(|it| it.expr);
            }
            Some(LimitClause::OffsetCommaLimit { offset, limit }) => {
                select.limit = Some(self.value_of(limit)?.expr);
                select.offset = Some(self.value_of(offset)?.expr);
            }
        }
        if let Some(fetch) = &query.fetch {
            if fetch.with_ties || fetch.percent {
                return Err(unsupported(query, "FETCH WITH TIES or PERCENT"));
            }
            let one = Expr::Value(crate::value::Value::Int(1));
            let quantity = fetch.quantity.as_ref().map(|it| self.value_of(it)).transpose()?;
            select.limit = Some(quantity.map_or(one, |it| it.expr));
        }
        Ok(())
    }
}

/// The place among so many outputs that a whole number stands for.
pub(super) fn position(it: &syntax::Expr, outputs: usize) -> Result<Option<u16>> {
    let syntax::Expr::Value(value) = it else { return Ok(None) };
    let syntax::Value::Number(digits, _) = &value.value else { return Ok(None) };
    let Ok(number) = digits.parse::<usize>() else { return Ok(None) };
    match number.checked_sub(1).filter(|&it| it < outputs).and_then(|it| u16::try_from(it).ok()) {
        Some(place) => Ok(Some(place)),
        None => Err(wrong(it, format!("there is no column {number}, {outputs} come out"))),
    }
}
