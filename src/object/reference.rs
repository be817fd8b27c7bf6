//! Typed references to objects of a session.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use rustc_hash::FxHashSet;

use crate::record::Record;

slotmap::new_key_type! {
    /// Where an object stands in its session; never reused for another object.
    pub struct ObjectKey;
}

/// Leaves each object once, where it comes first.
pub(super) fn each_once(objects: &mut Vec<ObjectKey>) {
    // Looking through so few costs less than a set of them.
    const FEW: usize = 16;
    if objects.is_sorted_by(|a, b| a < b) {
        return;
    }
    // What repeats mostly stands together: the rows of an owner.
    objects.dedup();
    if objects.len() > FEW {
        let mut seen = FxHashSet::default();
        objects.retain(|it| seen.insert(*it));
        return;
    }
    let mut kept = 0;
    for at in 0..objects.len() {
        if !objects[..kept].contains(&objects[at]) {
            objects[kept] = objects[at];
            kept += 1;
        }
    }
    objects.truncate(kept);
}

/// Which session made a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SessionId(pub(super) u32);

/// A reference to an object of a session: `Copy`, typed, and checked at each use. It is valid or refused, never
/// dangling (O5).
pub struct Ref<T: ?Sized> {
    pub(super) key: ObjectKey,
    pub(super) session: SessionId,
    of: PhantomData<fn() -> T>,
}

/// A reference to an object of any class.
pub type AnyRef = Ref<dyn Record>;

impl<T: ?Sized> Ref<T> {
    pub(super) fn new(key: ObjectKey, session: SessionId) -> Self {
        Ref { key, session, of: PhantomData }
    }

    /// The same reference without its type.
    pub fn untyped(self) -> AnyRef {
        Ref::new(self.key, self.session)
    }
}

impl<T: ?Sized> Clone for Ref<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for Ref<T> {}

impl<T: ?Sized> PartialEq for Ref<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.session == other.session
    }
}

impl<T: ?Sized> Eq for Ref<T> {}

impl<T: ?Sized> Hash for Ref<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl<T: ?Sized> fmt::Debug for Ref<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ref({:?} of session {})", self.key, self.session.0)
    }
}
