//! `SELECT DISTINCT ON (…)`: of the rows that agree in something, the first one in their order.

use sqlparser::ast as syntax;

use super::from::distinct_names;
use super::scope::Reader;
use super::select::Heading;
use crate::error::Result;
use crate::expr::{Comparison, Expr};
use crate::query::{Leaf, OrderBy, Output, Select, Source, Window, WindowFunction};
use crate::schema::Name;
use crate::value::Value;

impl Reader<'_> {
    /// The select with the rows numbered within those that agree, and around it one that takes the first of each. `select`
    /// has its outputs one by one, its order and its limit.
    pub(super) fn distinct_on(
        &mut self,
        mut select: Select,
        heading: &[Heading],
        on: &[syntax::Expr],
    ) -> Result<Select> {
        let by_place = |select: &Select, it: &Expr<Leaf>| match it {
            Expr::Leaf(Leaf::Output(place)) => match select.outputs.get(usize::from(*place)) {
                Some(Output::Value(it)) => it.clone(),
                _ => it.clone(),
            },
            _ => it.clone(),
        };
        let mut partition_by = Vec::with_capacity(on.len());
        for it in on {
            let by = self.order_term(it, &select, heading)?;
            partition_by.push(by_place(&select, &by));
        }
        let order_by: Vec<OrderBy> = std::mem::take(&mut select.order_by)
            .into_iter()
            .map(|it| OrderBy { by: by_place(&select, &it.by), ..it })
            .collect();
        let (limit, offset) = (select.limit.take(), select.offset.take());
        let width = select.outputs.len();
        let window = Window {
            function: WindowFunction::RowNumber,
            operands: Vec::new(),
            filter: None,
            partition_by,
            order_by: order_by.clone(),
            frame: None,
        };
        select.outputs.extend(order_by.iter().map(|it| Output::Value(it.by.clone())));
        select.outputs.push(Output::Value(Expr::Leaf(Leaf::Window(Box::new(window)))));
        let own = heading.iter().map(|it| it.name.clone());
        let further = (0..=order_by.len()).map(|it| format!("place {it}"));
        let names: Vec<Name> = distinct_names(own.chain(further)).into_iter().map(Into::into).collect();
        let column = |at: usize| Expr::Leaf(Leaf::Column { up: 0, source: 0, name: names[at].clone() });
        let number = column(names.len() - 1);
        let first = Expr::Compare(Comparison::Equal, Box::new(number), Box::new(Expr::Value(Value::Int(1))));
        let outer_order = order_by.iter().enumerate().map(|(at, it)| OrderBy { by: column(width + at), ..it.clone() });
        let order_by: Vec<OrderBy> = outer_order.collect();
        let outputs: Vec<Expr<Leaf>> = (0..width).map(column).collect();
        let with = std::mem::take(&mut select.with);
        let outer = Select::from(Source::Select(Box::new(select), names)).values(outputs).filter(first);
        Ok(Select { with, order_by, limit, offset, ..outer })
    }
}
