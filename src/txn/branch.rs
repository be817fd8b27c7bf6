//! Forks, named branches, and the way back: merge, undo, replay.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use super::carry::{Rule, carry};
use super::changes::{ChangeSet, Origin as CommitOrigin};
use super::commit::Next;
use super::database::Shared;
use super::history::Changed;
use super::{Database, Snapshot, Version};
use crate::error::{ErrorKind, Misuse, Result, closest};
use crate::store::{Difference, Image};

/// The named branches of a database.
pub(super) type Branches = BTreeMap<String, Database>;

/// Where a fork comes from.
pub(super) struct Origin {
    parent: Weak<Shared>,
    name: Option<String>,
    /// The version that both sides contain: the one it was forked from, or the one that was merged last.
    base: Image,
}

impl Database {
    /// An independent database with the same rows, in constant time. Neither side sees what the other does (D3).
    pub fn fork(&self) -> Database {
        self.forked(&self.snapshot(), None)
    }

    fn forked(&self, from: &Snapshot, name: Option<&str>) -> Database {
        let sequences = self.shared.sequences.fork();
        let index_reads = self.shared.index_reads.clone();
        let fork = Database::holding(from.schema.clone(), from.image.clone(), sequences, index_reads).like(self);
        let (parent, name) = (Arc::downgrade(&self.shared), name.map(str::to_owned));
        *fork.shared.origin.lock() = Some(Origin { parent, name, base: from.image.clone() });
        Database { author: self.author.clone(), ..fork }
    }

    /// Makes a named fork of the current version, which the database keeps until it is
    /// [dropped](Database::drop_branch).
    ///
    /// # Errors
    /// When there is a branch of this name.
    pub fn branch(&self, name: &str) -> Result<Database> {
        self.branch_of(name, &self.snapshot())
    }

    /// Makes a named fork of an earlier version.
    ///
    /// # Errors
    /// When there is a branch of this name, or the version is not kept.
    pub fn branch_at(&self, name: &str, version: Version) -> Result<Database> {
        self.branch_of(name, &self.at(version)?)
    }

    fn branch_of(&self, name: &str, from: &Snapshot) -> Result<Database> {
        let mut branches = self.shared.branches.lock();
        if branches.contains_key(name) {
            let reason = format!("there is a branch `{name}` already; open it or drop it first");
            return Err(Misuse::Statement { reason }.into());
        }
        let branch = self.forked(from, Some(name));
        branches.insert(name.to_owned(), branch.clone());
        Ok(branch)
    }

    /// A branch by its name.
    ///
    /// # Errors
    /// When there is none; the message says which name was probably meant.
    pub fn open_branch(&self, name: &str) -> Result<Database> {
        let branches = self.shared.branches.lock();
        branches.get(name).cloned().ok_or_else(|| {
            let hint = closest(name, branches.keys().map(String::as_str));
            Misuse::UnknownName { what: "branch", name: name.to_owned(), hint }.into()
        })
    }

    /// The names of the branches, in order.
    pub fn branches(&self) -> Vec<String> {
        self.shared.branches.lock().keys().cloned().collect()
    }

    /// Lets go of a branch. Handles that others hold stay good.
    ///
    /// # Errors
    /// When there is none.
    pub fn drop_branch(&self, name: &str) -> Result<()> {
        let branch = self.open_branch(name)?;
        self.shared.branches.lock().remove(name);
        drop(branch);
        Ok(())
    }

    /// Takes over what a fork or branch of this database has changed, or what the database that this one was forked
    /// from has, since the fork or the last merge. The outcome is one commit, whose version is returned; if there was
    /// nothing to take over, the current version is. Two sides that came to the same row agree.
    ///
    /// # Errors
    /// [`ErrorKind::Merge`] with every conflict: a row that both have changed, a unique key that both have given, a
    /// reference to what one side removed. Nothing was changed then. [`Misuse`] when neither was forked from the other.
    pub fn merge(&self, other: &Database) -> Result<Version> {
        let is_parent = |it: &Origin, of: &Database| std::ptr::eq(it.parent.as_ptr(), Arc::as_ptr(&of.shared));
        let (child, base, name) = {
            let theirs = other.shared.origin.lock();
            match theirs.as_ref().filter(|it| is_parent(it, self)) {
                Some(origin) => (other, origin.base.clone(), origin.name.clone()),
                None => {
                    drop(theirs);
                    let mine = self.shared.origin.lock();
                    let origin = mine.as_ref().filter(|it| is_parent(it, other)).ok_or_else(|| {
                        let reason = "a database can be merged with one that was forked from it".to_owned();
                        Misuse::Statement { reason }
                    })?;
                    (self, origin.base.clone(), None)
                }
            }
        };
        let theirs = other.snapshot();
        let (differences, _) = base.differences(&theirs.image);
        let version = self.publish_carried(CommitOrigin::Merge { branch: name }, |_| differences)?;
        if let Some(origin) = child.shared.origin.lock().as_mut() {
            origin.base = theirs.image;
        }
        Ok(version)
    }

    /// Takes the last commit back, by a commit of its own: to undo an undo does again what it took back. Needs the
    /// version before to be kept; see [`retain`](Database::retain).
    ///
    /// # Errors
    /// As [`undo_range`](Database::undo_range).
    pub fn undo(&self) -> Result<Version> {
        let current = self.snapshot().version;
        self.undo_range(Version(current.0.saturating_sub(1)), current)
    }

    /// Takes back what lies between two versions, by a commit of its own. What has been changed since stays.
    ///
    /// # Errors
    /// [`ErrorKind::Merge`] with every row that has changed since, every unique key that is taken and every reference
    /// that would dangle; [`Misuse::NotRetained`] when one of the versions is not kept. Nothing was changed then.
    pub fn undo_range(&self, from: Version, to: Version) -> Result<Version> {
        let (earlier, later) = (self.at(from)?, self.at(to)?);
        let (differences, _) = later.image.differences(&earlier.image);
        self.publish_carried(CommitOrigin::Undo { from, to }, |_| differences)
    }

    /// Applies a change set, of this database or of another with the same tables. A row that is as the set leaves it
    /// already agrees.
    ///
    /// # Errors
    /// [`ErrorKind::Merge`] with every row that is not as the set found it; nothing was changed then. [`Misuse`] when a
    /// table that it names is not there.
    pub fn replay(&self, set: &ChangeSet) -> Result<Version> {
        let (mine, its) = (&self.shared.schema, set.schema());
        for table in set.changes.iter().map(|it| it.row.table).filter(|_| !Arc::ptr_eq(mine, its)) {
            let declared = its.table(table);
            let same = mine.table_named(&declared.name)?;
            if same.id != table || same.columns.len() != declared.columns.len() {
                let reason = format!("{} is another table here than in the change set", declared.name);
                return Err(Misuse::Statement { reason }.into());
            }
        }
        self.publish_carried(CommitOrigin::Replay, |current| current.located(set))
    }

    /// Carries differences over to the current version and publishes the outcome.
    fn publish_carried(
        &self,
        origin: CommitOrigin,
        differences: impl FnOnce(&Snapshot) -> Vec<Difference>,
    ) -> Result<Version> {
        let shared = &*self.shared;
        let committing = shared.committing.lock();
        let current = shared.current();
        let differences = differences(&current);
        let (mut image, turns) = shared.editable(current.version, &current.image);
        let carried = carry(&shared.schema, &differences, &mut image, Rule::SameOutcomeAgrees);
        let changes = carried.map_err(ErrorKind::Merge)?;
        if changes.is_empty() {
            shared.give_back(image, current.version, Vec::new(), turns);
            return Ok(current.version);
        }
        shared.feeds.admit()?;
        let next = Next::carried(image, &changes, turns);
        let slots = changes.iter().flat_map(crate::store::Change::slots);
        let made = current.image.differences_in(&next.image, slots);
        let changed = if shared.keeps_history() { Changed::of(&made) } else { Changed::default() };
        let listening = shared.feeds.are_listening();
        let set = listening.then(|| ChangeSet::new(shared, current.version, self.author.clone(), origin, made, None));
        let published = shared.publish(&current, next, changed, set);
        drop(committing);
        Ok(published.version)
    }
}
