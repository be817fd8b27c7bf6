//! Objects that have rows in several tables, or share one with other classes: their row in memory is made of parts.

use super::graph::Graph;
use super::identity::Identity;
use super::load::Attributes;
use super::model::{ClassModel, ClassPart};
use super::reference::ObjectKey;
use super::select::{Ground, all_equal};
use super::session::Core;
use super::state::State;
use crate::error::Result;
use crate::expr::Expr;
use crate::id::{ClassId, ColumnId};
use crate::query::{Input, Leaf, Output, Select};
use crate::record::{Row, Tuple};
use crate::schema::Name;
use crate::value::Value;

impl Core {
    /// A row that holds at least these attributes of an object, read from the tables in which they stand.
    pub(super) fn row_with(
        &mut self,
        class: ClassId,
        identity: &Identity,
        columns: &[ColumnId],
    ) -> Result<Option<Row>> {
        let model = self.graph.model.clone();
        let declared = model.class(class);
        if declared.is_simple() {
            self.fetch(class, &identity.to_values())?;
            return Ok(self.found.whole(declared.table_id));
        }
        let schema = self.connection.schema().clone();
        let ground = Ground { model: &model, schema: &schema };
        let (select, parts) = select_parts(ground, declared, columns)?;
        let prepared = self.connection.prepare(select.into())?;
        let rows = self.connection.run(&prepared, Input::Keys(&identity.to_values()))?.rows;
        if rows.is_empty() {
            return Ok(None);
        }
        let mut values = vec![Value::Null; declared.columns.len()];
        for (part, row) in parts.iter().zip(rows.rows_at(0)) {
            let Some(row) = row else { return Ok(None) };
            for &(attribute, column) in &part.columns {
                values[attribute.index()] = row.get(column).to_value();
            }
        }
        for computed in &declared.computed {
            if let Some(at) = computed.column {
                values[at.index()] = computed.expression.evaluate(&Attributes(&values))?.into_value();
            }
        }
        Ok(Some(Tuple::new(values).into_row()))
    }
}

/// The tables in which attributes of a class stand, joined, by the keys that the query is run with. All of them where
/// something is computed.
fn select_parts<'m>(
    ground: Ground<'_>,
    class: &'m ClassModel,
    columns: &[ColumnId],
) -> Result<(Select, Vec<&'m ClassPart>)> {
    let computed = columns.iter().any(|&it| class.is_computed(it));
    let needed = |part: &&ClassPart| {
        computed || part.columns.iter().any(|it| columns.contains(&it.0) && !class.key.contains(&it.0))
    };
    let mut parts: Vec<&ClassPart> = class.parts.iter().filter(needed).collect();
    if parts.is_empty() {
        parts.extend(class.parts.first());
    }
    let names = |part: &ClassPart| part.names(ground, &class.key).unwrap_or_default();
    let mut select = Select::from(parts[0].table.clone()).by_keys(names(parts[0]));
    for (at, part) in parts.iter().enumerate().skip(1) {
        let column = |source: u8, name: Name| Expr::Leaf(Leaf::Column { up: 0, source, name });
        let own = names(part).into_iter().map(|name| column(at as u8, name)).collect();
        let first = names(parts[0]).into_iter().map(|name| column(0, name)).collect();
        select = select.join(part.table.clone(), all_equal(own, first));
        select.outputs.push(Output::Row(at as u8));
    }
    Ok((select, parts))
}

impl Graph {
    /// Takes in an object that was read, with a row of its own.
    pub(super) fn introduce_read(&mut self, class: ClassId, identity: Identity, row: Row) -> ObjectKey {
        let key = self.introduce(class, row, State::Persistent);
        let root = self.root(class);
        self.identify(key, Some(identity.clone()));
        self.identities[root.index()].insert(identity, key);
        self.defer_again(key);
        key
    }
}
