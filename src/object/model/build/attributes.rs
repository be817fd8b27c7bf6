//! What a class says about single attributes, and those that it computes.

use crate::error::{Mistake, closest};
use crate::expr::Expr;
use crate::id::ColumnId;
use crate::object::class::{Class, ComputedKind};
use crate::object::model::{ClassModel, ComputedModel};
use crate::schema::Name;

/// Resolves what a class says about its attributes, whose names are known.
pub(super) fn resolve(class: &mut ClassModel, declared: &Class, mistakes: &mut Vec<Mistake>) {
    for it in &declared.computed {
        let (name, kind) = (it.name.to_string(), it.kind);
        let found = it.expression.try_map(&mut |leaf: &Name| named(class, leaf).map(Expr::Leaf));
        match found {
            Ok(expression) => {
                let column = (kind == ComputedKind::Loaded).then(|| ColumnId::new(class.columns.len() as u16));
                class.columns.extend(column.map(|_| it.name.clone()));
                class.computed.push(ComputedModel { name, kind, column, expression });
            }
            Err(mistake) => mistakes.push(mistake),
        }
    }
    let mut all = |names: &[Name]| -> Vec<ColumnId> {
        let mut found = Vec::with_capacity(names.len());
        for name in names {
            match named(class, name) {
                Ok(column) => found.push(column),
                Err(mistake) => mistakes.push(mistake),
            }
        }
        found
    };
    let (deferred, raise_deferred) = (all(&declared.deferred), all(&declared.raise_deferred));
    let (active_history, version) = (all(&declared.active_history), all(declared.version_column.as_slice()));
    class.deferred.extend(deferred);
    class.raise_deferred.extend(raise_deferred);
    class.active_history.extend(active_history);
    class.version_column = version.first().copied().or(class.version_column);
}

fn named(class: &ClassModel, name: &Name) -> Result<ColumnId, Mistake> {
    let found = class.columns.iter().position(|it| it == name);
    found.map(|position| ColumnId::new(position as u16)).ok_or_else(|| {
        let hint = closest(name, class.columns.iter().map(|it| &**it));
        Mistake::new(&*class.name, format!("it has no attribute `{name}`"), hint)
    })
}
