//! What was violated when its statement ended and is judged at commit (I4), and which constraints are deferred.

use crate::error::{ErrorKind, Misuse, Result, closest};
use crate::id::{IndexId, ReferenceId, RowId, TableId};
use crate::schema::{ConstraintMode, Constraints, Schema, Timing};
use crate::store::Image;

/// A constraint that can be deferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Constraint {
    /// A foreign key.
    Reference(ReferenceId),
    /// A primary or unique key of a table.
    Key(TableId, IndexId),
}

/// A row that broke a deferred constraint when its statement ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Open {
    /// The constraint.
    pub constraint: Constraint,
    /// The row that refers to nothing, or that shares its key; of the table that declares the constraint.
    pub row: RowId,
}

/// What a transaction has deferred. Entries are only added: commit looks at each again, so one that has been mended
/// since needs no removal, and going back to a savepoint is a cut at a length.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    open: Vec<Open>,
    modes: Modes,
}

/// What a transaction has said with `SET CONSTRAINTS`.
#[derive(Clone, Debug, Default)]
struct Modes {
    all: Option<ConstraintMode>,
    /// Said of single constraints since; the last word counts.
    named: Vec<(Constraint, ConstraintMode)>,
}

/// How far a ledger had come at a savepoint.
#[derive(Clone, Debug)]
pub struct Mark {
    length: usize,
    modes: Modes,
}

impl Ledger {
    /// Notes a violation.
    pub(super) fn note(&mut self, constraint: Constraint, row: RowId) {
        self.open.push(Open { constraint, row });
    }

    /// Everything noted, in order.
    pub fn entries(&self) -> &[Open] {
        &self.open
    }

    /// How far the ledger has come; for [`cut`](Ledger::cut).
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether nothing was noted.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Goes back to an earlier length.
    pub fn cut(&mut self, length: usize) {
        self.open.truncate(length);
    }

    /// Where the ledger stands, for [`back_to`](Ledger::back_to).
    pub fn mark(&self) -> Mark {
        Mark { length: self.open.len(), modes: self.modes.clone() }
    }

    /// Goes back to a mark, in what was noted and in what was said.
    pub fn back_to(&mut self, mark: Mark) {
        self.open.truncate(mark.length);
        self.modes = mark.modes;
    }

    /// Forgets all, as a transaction does when it ends.
    pub fn clear(&mut self) {
        *self = Ledger::default();
    }

    /// Whether a constraint is judged at commit now.
    #[inline]
    pub fn defers(&self, constraint: Constraint, timing: Timing) -> bool {
        if !timing.is_deferrable() {
            return false;
        }
        let said = self.modes.named.iter().rev().find(|it| it.0 == constraint).map(|it| it.1);
        said.or(self.modes.all).unwrap_or(timing.initially()) == ConstraintMode::Deferred
    }

    fn say(&mut self, constraints: Option<Vec<Constraint>>, mode: ConstraintMode) {
        match constraints {
            None => self.modes = Modes { all: Some(mode), named: Vec::new() },
            Some(named) => {
                self.modes.named.retain(|it| !named.contains(&it.0));
                self.modes.named.extend(named.into_iter().map(|it| (it, mode)));
            }
        }
    }
}

/// Says when deferrable constraints are judged from here on. Those that become immediate are judged at once.
///
/// # Errors
/// When a name is unknown or its constraint cannot be deferred; when something open violates a constraint that should
/// become immediate. The ledger is as before then.
pub fn set_constraints(
    schema: &Schema,
    image: &Image,
    ledger: &mut Ledger,
    which: &Constraints,
    mode: ConstraintMode,
) -> Result<()> {
    let named = match which {
        Constraints::All => None,
        Constraints::Named(names) => {
            let found = names.iter().map(|name| named(schema, name)).collect::<Result<Vec<_>>>()?;
            Some(found.concat())
        }
    };
    if mode == ConstraintMode::Immediate {
        let open = super::judge(schema, image, ledger, |it| named.as_ref().is_none_or(|all| all.contains(&it)));
        if !open.is_empty() {
            return Err(ErrorKind::Open(open).into());
        }
    }
    ledger.say(named, mode);
    Ok(())
}

/// The constraints of a name. Tables may share one: then all of them are meant, as in PostgreSQL.
fn named(schema: &Schema, name: &str) -> Result<Vec<Constraint>> {
    let references = schema.references().iter().map(|it| (&it.name, Constraint::Reference(it.id), it.timing));
    let keys = schema.tables().iter().flat_map(|table| {
        let keys = table.indexes.iter().enumerate().filter(|(_, it)| it.is_unique());
        keys.map(|(at, it)| (&it.name, Constraint::Key(table.id, IndexId(at as u16)), it.timing))
    });
    let all: Vec<(&String, Constraint, Timing)> = references.chain(keys).collect();
    let found: Vec<_> = all.iter().filter(|it| it.0 == name).collect();
    if found.is_empty() {
        let deferrable = all.iter().filter(|it| it.2.is_deferrable()).map(|it| it.0.as_str());
        let hint = closest(name, deferrable);
        return Err(Misuse::UnknownName { what: "constraint", name: name.to_owned(), hint }.into());
    }
    match found.iter().find(|it| !it.2.is_deferrable()) {
        Some(_) => Err(Misuse::NotDeferrable { constraint: name.to_owned() }.into()),
        None => Ok(found.into_iter().map(|it| it.1).collect()),
    }
}
