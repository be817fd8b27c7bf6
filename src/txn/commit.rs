//! Publishing a version: the numbered steps of the front page.

use std::sync::Arc;

use super::carry::{Rule, carry};
use super::changes::{ChangeSet, Origin};
use super::database::Shared;
use super::history::Changed;
use super::spare::Spare;
use super::{Snapshot, Transaction, Version};
use crate::error::{ErrorKind, Result};
use crate::id::{RowId, TableId};
use crate::integrity::judge;
use crate::store::{Change, Difference, Image};

/// A version that is about to become the current one.
pub(super) struct Next {
    pub(super) image: Image,
    /// The slots in which it differs from the current one; `None` when there are too many to name.
    pub(super) touched: Option<Vec<(TableId, RowId)>>,
    pub(super) turns: usize,
}

impl Transaction {
    /// Publishes what the transaction did.
    ///
    /// # Errors
    /// [`ErrorKind::Open`] when a deferred constraint is violated: the transaction stays open and can be mended.
    /// [`ErrorKind::Conflict`] when another transaction was first: roll back and try again.
    /// [`Misuse::FeedFull`](crate::error::Misuse::FeedFull) when a subscriber of the change feed refuses what it has no
    /// room for: the transaction stays open and may be committed later.
    pub fn commit(&mut self) -> Result<Version> {
        let shared = self.shared.clone();
        // Step 1.
        let open = judge(&shared.schema, &self.image, &self.ledger, |_| true);
        if !open.is_empty() {
            return Err(ErrorKind::Open(open).into());
        }
        let committing = shared.committing.lock();
        if self.has_changed() {
            let current = shared.current();
            let published = self.publish(&shared, &current)?;
            let before = std::mem::replace(&mut self.base, published);
            drop(committing);
            // What only the version before held goes when nobody waits for it.
            drop((current, before));
        } else {
            drop(committing);
            self.give_back();
            self.base = shared.current();
        }
        self.image = self.base.image.clone();
        self.turns = 0;
        self.ledger.clear();
        self.journal.clear();
        Ok(self.base.version)
    }

    /// Whether there is anything to publish. What was changed and changed back by a savepoint is not.
    fn has_changed(&self) -> bool {
        match self.journal.touched() {
            Some(touched) => !touched.is_empty(),
            None => !self.image.same(&self.base.image),
        }
    }

    /// What the transaction has changed since it began.
    pub(super) fn differences(&self) -> Vec<Difference> {
        match self.journal.touched() {
            Some(touched) => self.base.image.differences_in(&self.image, touched.iter().copied()),
            None => self.base.image.differences(&self.image).0,
        }
    }

    /// Steps 2 to 5. The caller holds the lock of those that commit, so nobody else moves the head.
    fn publish(&mut self, shared: &Shared, current: &Snapshot) -> Result<Snapshot> {
        let moved = current.version != self.base.version;
        let listening = shared.feeds.are_listening();
        let differences = if moved || listening || shared.keeps_history() { self.differences() } else { Vec::new() };
        let carried = if moved {
            let (mut image, turns) = shared.editable(current.version, &current.image);
            match carry(&shared.schema, &differences, &mut image, Rule::FirstWins) {
                Ok(changes) => Some(Next::carried(image, &changes, turns)),
                Err(conflicts) => {
                    return Err(ErrorKind::Conflict(
                        conflicts
                            .into_iter()
                            .next()
                            .unwrap_or_else(|| unreachable!("what cannot be carried over has a conflict")),
                    )
                    .into());
                }
            }
        } else {
            None
        };
        shared.feeds.admit()?;
        let changed = if shared.keeps_history() { Changed::of(&differences) } else { Changed::default() };
        let reasons = self.journal.reasons();
        let set = listening.then(|| {
            let author = self.author.clone();
            ChangeSet::new(shared, current.version, author, Origin::Transaction, differences, reasons)
        });
        let next = carried.unwrap_or_else(|| {
            let image = std::mem::replace(&mut self.image, self.base.image.clone());
            Next { image, touched: self.journal.take_touched(), turns: self.turns }
        });
        Ok(shared.publish(current, next, changed, set))
    }

    /// Gives the image back that was taken for editing, when what it changed is to be forgotten.
    pub(super) fn give_back(&mut self) {
        let image = std::mem::replace(&mut self.image, self.base.image.clone());
        if let Some(touched) = self.journal.take_touched()
            && !image.same(&self.base.image)
        {
            self.shared.give_back(image, self.base.version, touched, self.turns);
        }
    }
}

impl Next {
    /// A version that differences were carried over to.
    pub(super) fn carried(image: Image, changes: &[Change], turns: usize) -> Self {
        Next { image, touched: Some(changes.iter().flat_map(Change::slots).collect()), turns }
    }
}

impl Shared {
    /// The current version.
    pub(super) fn current(&self) -> Snapshot {
        let head = self.head.read();
        Snapshot { schema: self.schema.clone(), version: head.version, image: head.image.clone() }
    }

    /// Makes a version the current one and tells the feeds, which have made room. The caller holds the lock of those
    /// that commit.
    pub(super) fn publish(&self, current: &Snapshot, next: Next, changed: Changed, set: Option<ChangeSet>) -> Snapshot {
        // A commit has one time, which its change set has told already if there is one.
        let told = set.as_ref().map(|it| it.at);
        let now = told.or_else(|| self.keeps_history().then(|| self.clock.read().now()));
        let Next { image, touched, turns } = next;
        let version = Version(current.version.0 + 1);
        let published = Snapshot { schema: self.schema.clone(), version, image: image.clone() };
        let mut head = self.head.write();
        let before = std::mem::replace(&mut head.image, image);
        head.version = version;
        let mut history = self.history.lock();
        let keeps = history.is_kept();
        // Somebody may have begun to keep versions since the clock was asked; then it is asked now.
        let now = || now.unwrap_or_else(|| self.clock.read().now());
        let forgotten = if keeps { history.push(current.clone(), changed, now()) } else { Vec::new() };
        drop(history);
        drop(head);
        let touched = touched.filter(|it| !keeps && it.len() <= super::spare::WORTHWHILE);
        let spare = touched.and_then(|it| Spare::replaced(before, version, it, turns));
        let unkept = std::mem::replace(&mut *self.spare.lock(), spare);
        if let Some(set) = set {
            self.feeds.send(Arc::new(set));
        }
        drop((forgotten, unkept));
        published
    }
}
