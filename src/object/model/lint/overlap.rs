//! Relations that write the same column and do not know of each other.

use super::{At, Linter};
use crate::id::{ClassId, ColumnId, TableId};
use crate::object::model::Join;
use crate::object::select::target_columns;
use crate::schema::Lint;

impl<'a> Linter<'a> {
    /// The columns that a relation writes.
    fn writes(&self, at: At<'a>) -> Vec<(TableId, ColumnId)> {
        let of = |class: ClassId, columns: &[ColumnId]| -> Vec<(TableId, ColumnId)> {
            let class = self.model.class(class);
            columns.iter().filter_map(|&it| class.place_of(it)).collect()
        };
        match &at.relation.join {
            _ if at.relation.view_only => Vec::new(),
            Join::BelongsTo { columns, .. } => of(at.class.id, columns),
            Join::Has { .. } => {
                let cases = std::iter::once(at.relation).chain(&at.relation.apart);
                cases.flat_map(|it| of(it.target, target_columns(it))).collect()
            }
            Join::Through { table, layout, .. } => {
                let Ok(table) = self.schema.table_named(table) else { return Vec::new() };
                layout.own.iter().chain(&layout.other).map(|&it| (table.id, it)).collect()
            }
        }
    }

    /// Earlier relations that write a column of this one, and are not its other side.
    pub(super) fn overlap(&self, at: At<'a>, found: &mut Vec<Lint>) {
        let own = self.writes(at);
        for class in self.model.classes() {
            for relation in self.own_relations(class) {
                let other = At { class, relation };
                if (class.id, relation.id) >= (at.class.id, at.relation.id) {
                    continue;
                }
                let theirs = self.writes(other);
                let Some(&(table, column)) = own.iter().find(|it| theirs.contains(it)) else { continue };
                if self.is_pair(at, other) || self.are_apart(at, other) {
                    continue;
                }
                let table = self.schema.table(table);
                let column = format!("{}.{}", table.name, table.column(column).name);
                let problem =
                    format!("it and `{}` both write `{column}`, and neither moves with the other", other.place());
                found.push(Lint::new(at.place(), problem, self.advice(at, other)));
            }
        }
    }

    fn is_pair(&self, at: At<'a>, other: At<'a>) -> bool {
        let related = |a: ClassId, b: ClassId| {
            self.model.class(a).descendants.contains(&b) || self.model.class(b).descendants.contains(&a)
        };
        let names = |a: At<'a>, b: At<'a>| {
            related(a.relation.target, b.class.id) && a.relation.to(b.class.id).reverse.contains(&b.relation.id)
        };
        names(at, other) || names(other, at)
    }

    /// Whether no object has both: their classes are different cases of one base.
    fn are_apart(&self, at: At<'a>, other: At<'a>) -> bool {
        let siblings = |a: ClassId, b: ClassId| {
            let (x, y) = (self.model.class(a), self.model.class(b));
            let apart = !x.descendants.contains(&b) && !y.descendants.contains(&a);
            apart && self.model.classes().iter().any(|it| it.descendants.contains(&a) && it.descendants.contains(&b))
        };
        let (a, b) = ([at.class.id, at.relation.target], [other.class.id, other.relation.target]);
        a.iter().any(|&x| b.iter().any(|&y| siblings(x, y)))
    }

    fn advice(&self, at: At<'a>, other: At<'a>) -> String {
        let opposite = match (&at.relation.join, &other.relation.join) {
            (Join::BelongsTo { .. }, Join::Has { .. }) | (Join::Has { .. }, Join::BelongsTo { .. }) => true,
            (Join::Through { layout: a, .. }, Join::Through { layout: b, .. }) => a.own == b.other,
            _ => false,
        };
        if opposite && at.relation.target == other.class.id && other.relation.target == at.class.id {
            let (here, there) = (&at.relation.name, &other.relation.name);
            return format!("write `inverse = {there}` on it, and `inverse = {here}` on `{}`", other.place());
        }
        "declare one of them `view_only`, if it is only read".to_owned()
    }
}
