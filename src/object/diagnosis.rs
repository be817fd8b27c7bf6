//! What a session has loaded, on whose behalf and at whose expense, and what could be loaded better.
//!
//! A session that is told to ([`Session::set_ledger`]) keeps one **ledger**: every read that it makes, with its cause, the
//! relation, the owners, what came, what that took, the line of the program, and how many owners were looked at since.
//! Everything else follows from it. [`Session::diagnose`] gives a [`Diagnosis`], which prints one line for each finding,
//! and the whole story with `{:#}`:
//!
//! | finding | what the ledger shows |
//! |---|---|
//! | [`Finding::OneByOne`] | a relation of objects that came with one result was read for each of them by itself (N + 1) |
//! | [`Finding::ReadAgain`] | rows of one result were read again one by one, after they had been expired |
//! | [`Finding::Unused`] | a relation was loaded along, and nobody has looked at it for any of its owners |
//! | [`Finding::Product`] | sibling collections were joined in one statement, which multiplies their members |
//! | [`Finding::OverBudget`] | a load has brought more than its [`Budget`] says |
//!
//! A finding that an option of the query would mend is **proved**: the same reading is done twice on a fork of what the
//! query saw, as it was and with the option, and the [`Proof`] says what either took. So what the program wrote since does
//! not change what is found.
//!
//! # Which objects belong together
//! An object has come with a *result*: the rows of a query, the object of a key, or what one of these led to along
//! relations. Reading a relation one by one is a finding when the owners came with one result, wherever the reading is
//! done; so a batch is never an alarm, however many statements it takes, and neither are objects that were found apart.

mod budget;
mod finding;
mod ledger;
mod noted;
mod prove;
mod search;

pub use budget::{Budget, Counted, Excess};
pub use finding::{Diagnosis, Finding, OneByOne, OverBudget, Product, Proof, ReadAgain, Unused};
pub use ledger::{Load, LoadCause};

pub(in crate::object) use budget::Spending;
pub(in crate::object) use ledger::Ledger;
pub(in crate::object) use noted::Noted;

use super::session::Session;
use crate::error::Result;

impl Session {
    /// Whether the session keeps a ledger of what it loads, and why; it does not unless told so. Keeping it takes memory
    /// for each load and each object, and holds what the tables were at each query; turning it off forgets all that.
    ///
    /// ```
    /// use diptych::prelude::*;
    ///
    /// #[derive(Entity, Clone, Debug)]
    /// #[has_many(posts: Post, inverse = author)]
    /// struct User { #[key(auto)] id: Id<User>, name: String }
    ///
    /// #[derive(Entity, Clone, Debug)]
    /// #[belongs_to(author: User, via = author_id, inverse = posts)]
    /// struct Post { #[key(auto)] id: Id<Post>, #[references(User)] author_id: Id<User> }
    ///
    /// # fn main() -> Result<()> {
    /// # let database = Database::of::<(User, Post)>()?;
    /// # database.transaction(|session| {
    /// #     for name in ["Ada", "Bob", "Cid"] { session.add(User { name: name.into(), ..User::draft() }); }
    /// #     Ok(())
    /// # })?;
    /// let mut session = database.session();
    /// session.set_ledger(true);
    /// for user in &session.all(User::select())? {
    ///     let _posts = user.load(User::posts)?.len();
    /// }
    /// let diagnosis = session.diagnose()?;
    /// let said = diagnosis.to_string();
    /// assert!(said.contains("User.posts was read for 3 of 3 objects one by one"), "{said}");
    /// assert!(said.contains("`.with(User::posts.selectin())` makes 4 statements 2"), "{said}");
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_ledger(&mut self, on: bool) {
        let core = self.exclusive();
        core.ledger = on.then(Default::default);
        core.is_watched |= on;
    }

    /// What the ledger holds: every read since it was begun, in order. Empty where none is kept.
    pub fn loads(&self) -> Vec<Load> {
        let core = self.core.borrow();
        core.ledger.as_ref().map(|it| it.loads().cloned().collect()).unwrap_or_default()
    }

    /// What the ledger shows that could be loaded better, each with the option that would mend it, tried on a fork.
    /// Nothing is found where no ledger is kept.
    ///
    /// # Errors
    /// When a statement fails that a trial needs; a connection that cannot fork only lacks the trials.
    pub fn diagnose(&self) -> Result<Diagnosis> {
        self.core.borrow_mut().diagnose(0)
    }

    /// The most that a load may bring, for every query and every touch of a relation: see [`Budget`]. A query that has a
    /// budget of its own goes by that.
    pub fn set_budget(&mut self, budget: Option<Budget>) {
        self.exclusive().budget = budget;
    }
}
