//! What stands for the parameters of a statement.

use crate::error::{Misuse, Result};
use crate::value::Value;

/// Values for the parameters of a statement: one after the other, or by name.
///
/// ```
/// use diptych::sql::SqlParameters;
///
/// let in_order = SqlParameters::from([1, 2]);
/// let by_name = SqlParameters::named([(":author", "Ursula")]);
/// # let _ = (in_order, by_name);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SqlParameters {
    in_order: Vec<Value>,
    by_name: Vec<(String, Value)>,
}

impl SqlParameters {
    /// Values by name, with or without the sign (`:`, `@`, `$`) before it.
    pub fn named<N: Into<String>, V: Into<Value>>(all: impl IntoIterator<Item = (N, V)>) -> Self {
        let by_name = all.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        SqlParameters { in_order: Vec::new(), by_name }
    }

    /// The values for the parameters of these names. Those of a question mark are named by their place.
    pub(super) fn resolved(&self, names: &[String]) -> Result<Vec<Value>> {
        if self.by_name.is_empty() {
            if self.in_order.len() != names.len() {
                return Err(Misuse::Parameters { expected: names.len(), given: self.in_order.len() }.into());
            }
            return Ok(self.in_order.clone());
        }
        let plain = |it: &str| it.trim_start_matches([':', '@', '$', '?']).to_owned();
        let one = |name: &String| {
            let found = self.by_name.iter().find(|it| it.0 == *name || plain(&it.0) == plain(name));
            found.map(|it| it.1.clone()).ok_or_else(|| {
                let hint = crate::error::closest(name, self.by_name.iter().map(|it| it.0.as_str()));
                Misuse::UnknownName { what: "value for the parameter", name: name.clone(), hint }.into()
            })
        };
        names.iter().map(one).collect()
    }
}

impl From<()> for SqlParameters {
    fn from((): ()) -> Self {
        SqlParameters::default()
    }
}

impl<V: Into<Value>, const N: usize> From<[V; N]> for SqlParameters {
    fn from(all: [V; N]) -> Self {
        SqlParameters { in_order: all.into_iter().map(Into::into).collect(), by_name: Vec::new() }
    }
}

impl From<Vec<Value>> for SqlParameters {
    fn from(in_order: Vec<Value>) -> Self {
        SqlParameters { in_order, by_name: Vec::new() }
    }
}

impl From<&[Value]> for SqlParameters {
    fn from(all: &[Value]) -> Self {
        SqlParameters { in_order: all.to_vec(), by_name: Vec::new() }
    }
}
