//! Objects that conditions name: what is compared of them has to be known before the statement is written.

use super::{Selection, Term};
use crate::error::Result;
use crate::expr::Expr;
use crate::object::reference::ObjectKey;
use crate::object::session::Core;

impl Core {
    /// What comes before a query: a flush, if the session flushes by itself, and a look at expired objects that its
    /// conditions name.
    #[inline]
    pub(in crate::object) fn before_select(&mut self, selection: &Selection) -> Result<()> {
        self.before_query()?;
        if !self.graph.may_lack() {
            return Ok(());
        }
        let joined = selection.joins.iter().filter_map(|it| it.filter.as_ref());
        self.know_compared(selection.filter.iter().chain(joined))
    }

    /// Reads those objects again that conditions name and that were expired.
    pub(super) fn know_compared<'a>(&mut self, conditions: impl Iterator<Item = &'a Expr<Term>>) -> Result<()> {
        let mut named = Vec::new();
        conditions.for_each(|it| it.leaves(&mut |leaf| note_objects(leaf, &mut named)));
        for key in named {
            let expired = self.graph.objects.get(key).is_some_and(|it| it.lacks_row())
                || self.graph.extra(key).is_some_and(|it| !it.expired.is_empty());
            if expired && self.graph.is_in(key) {
                self.fresh(key)?;
            }
        }
        Ok(())
    }
}

fn note_objects(leaf: &Term, named: &mut Vec<ObjectKey>) {
    match leaf {
        Term::Contains { object, .. }
        | Term::Refers { to: Some(object), .. }
        | Term::RefersElsewhere { than: Some(object), .. } => named.push(object.key),
        Term::Related { condition: Some(condition), .. } => condition.leaves(&mut |it| note_objects(it, named)),
        Term::Cast { term, .. } => note_objects(term, named),
        _ => {}
    }
}
