//! The members of collections whose rows stand in several tables: one statement over all of these, whose rows are values
//! and say of which class they are.

use rustc_hash::FxHashMap;

use super::batch::Batch;
use super::meeting::Read;
use super::take::Met;
use crate::error::Result;
use crate::object::select::Layout;
use crate::object::session::Core;
use crate::query::Input;
use crate::value::Value;

/// What the keys of owners brought.
pub(super) struct Brought {
    pub(super) met: Met,
    /// For each object, the position of the key that brought it.
    pub(super) by_keys: Vec<u32>,
}

impl Core {
    /// Runs the statement of a batch by the keys of owners, makes objects of its rows, and loads what is behind them.
    pub(super) fn read_apart(&mut self, batch: &Batch<'_>, layout: &Layout, keys: &[Value]) -> Result<Brought> {
        let plan = batch.plan;
        let rows = self.connection.run(&plan.prepared, Input::Keys(keys))?.rows;
        let width = plan.keys.len().max(1);
        let positions: FxHashMap<&[Value], u32> = keys.chunks_exact(width).zip(0..).collect();
        let mut counts = vec![0; keys.len() / width];
        let (mut by_keys, mut read) = (Vec::with_capacity(rows.len()), Read::new(&plan.place, batch.existing));
        for at in 0..rows.len() {
            let row = rows.values_at(at);
            let Some(&position) = positions.get(layout.key(row)) else { continue };
            let count = &mut counts[position as usize];
            // The rows come in the order of the members.
            if *count < batch.per_owner && layout.meet(self, row, &mut read)?.is_some() {
                *count += 1;
                by_keys.push(position);
            }
        }
        let (found, new) = self.load_read(plan.entity.class, read, (batch.everywhere, batch.reach))?;
        Ok(Brought { met: Met { by_row: found.into_iter().map(Some).collect(), new }, by_keys })
    }
}
