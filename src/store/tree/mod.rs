//! Persistent (copy-on-write) trees: the two shapes every collection of the
//! store is made of.
//!
//! * [`Slots`] maps dense `u64` slot numbers to values. It is a radix tree, so
//!   finding a slot is a fixed number of array indexings without a comparison.
//! * [`Ordered`] is a sorted set of keys. It is a B+tree with key counts, so it
//!   answers "the n-th key" and "how many keys come before" as quickly as
//!   "is this key here".
//!
//! Both follow the same rules of sharing:
//!
//! * A clone is one reference count: the clone and the original share every
//!   node. A clone taken before a change never shows that change, so a clone
//!   *is* a snapshot, and may be read by other threads while the original goes
//!   on changing.
//! * An edit copies only nodes that someone else still holds, on the one path
//!   from the root to the edited leaf. Nodes nobody else holds are edited in
//!   place, so a bulk load into an unshared tree copies nothing.
//! * What two versions share can be told by address, which is what makes
//!   [`Slots::diff`] cost the size of the difference, not that of the trees.
//!
//! The trees know nothing of the rest of the store; values and keys are type
//! parameters. There is no `unsafe` code here.
//!
//! A panic inside a key's own comparison or a value's own `clone` is a bug of
//! that type, and may leave the tree being edited (never another clone of it)
//! with keys missing or wrong counts. Closures handed to the trees may panic
//! freely.

mod ordered;
mod slots;

pub use ordered::{Ascending, Descending, Ordered, OrderedIter};
pub use slots::{Slots, SlotsIter, SlotsIterRev};
