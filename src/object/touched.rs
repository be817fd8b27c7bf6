//! The objects that the next flush looks at, each with the line of the program that changed it first since the last one,
//! and, where another object has carried it along, that one. What a flush is refused for can so be led back to a line.

use std::ops::Deref;
use std::panic::Location;

use super::reference::ObjectKey;
use crate::id::RelationId;

/// A relation of an object, along which a cascade has come to another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Along {
    pub(super) from: ObjectKey,
    pub(super) relation: RelationId,
}

/// Why an object is to be looked at.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Whence {
    /// The line that is served by whatever has touched it.
    pub(super) line: Option<&'static Location<'static>>,
    /// What has carried it along; nothing for an object that the program named itself.
    pub(super) along: Option<Along>,
}

/// The objects, in the order in which they were touched. Two lists side by side: a flush walks the first one, and nobody
/// looks into the second one before something has failed.
#[derive(Clone, Default)]
pub(super) struct Touched {
    keys: Vec<ObjectKey>,
    whence: Vec<Whence>,
}

impl Touched {
    #[inline]
    pub(super) fn push(&mut self, key: ObjectKey, whence: Whence) {
        self.keys.push(key);
        self.whence.push(whence);
    }

    /// Takes all of them out.
    pub(super) fn take(&mut self) -> Vec<ObjectKey> {
        self.whence.clear();
        std::mem::take(&mut self.keys)
    }

    /// Takes one out.
    pub(super) fn remove(&mut self, key: ObjectKey) {
        if let Some(at) = self.keys.iter().position(|it| *it == key) {
            self.keys.remove(at);
            self.whence.remove(at);
        }
    }

    /// Why an object is among them, if it is. A search: it is for the failed.
    pub(super) fn whence(&self, key: ObjectKey) -> Option<Whence> {
        let at = self.keys.iter().position(|it| *it == key)?;
        self.whence.get(at).copied()
    }
}

impl Deref for Touched {
    type Target = [ObjectKey];

    fn deref(&self) -> &[ObjectKey] {
        &self.keys
    }
}
