//! Keys by which the rows of a query are found that is the first source, where the query only passes on what they are about:
//! they find the rows of its own first source, by an index if there is one.

use super::Known;
use super::push::passed_on;
use crate::query::leaf::Leaf;
use crate::query::select::{JoinKind, Select, Source};
use crate::schema::Name;

/// Moves keys into the first source.
pub(super) fn rule(select: &Select, known: &Known<'_>) -> Option<(Select, String)> {
    let Source::Select(inner, names) = &select.from else { return None };
    if select.keys.is_empty() || brings_more(select) || inner.limit.is_some() || inner.offset.is_some() {
        return None;
    }
    let mut inner = (**inner).clone();
    inner.keys = within(&inner, names, &select.keys, known)?;
    for compound in &mut inner.compounds {
        let part = &mut compound.select;
        if part.limit.is_some() || part.offset.is_some() || !part.compounds.is_empty() {
            return None;
        }
        part.keys = within(part, names, &select.keys, known)?;
    }
    let from = Source::Select(Box::new(inner), names.clone());
    Some((Select { from, keys: Vec::new(), ..select.clone() }, "the keys into source 0".to_owned()))
}

/// Whether rows come out that the first source does not bring.
fn brings_more(select: &Select) -> bool {
    select.joins.iter().any(|it| matches!(it.kind, JoinKind::Right | JoinKind::Full))
}

/// The columns as they are called in the first source of a query, if it passes them on from there.
fn within(inner: &Select, names: &[Name], keys: &[Name], known: &Known<'_>) -> Option<Vec<Name>> {
    let found = passed_on(inner, known)?;
    if !inner.keys.is_empty() || brings_more(inner) || found.len() != names.len() {
        return None;
    }
    let column = |key: &Name| match found.get(names.iter().position(|it| it == key)?)? {
        Some(Leaf::Column { up: 0, source: 0, name }) => Some(name.clone()),
        _ => None,
    };
    keys.iter().map(column).collect()
}
