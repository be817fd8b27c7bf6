//! Rows and indexes at one version; copy-on-write, so that a version is a value.
//!
//! - [`tree`]: the two persistent trees everything is made of.
//! - [`TableImage`]: the rows of one table and its indexes, moved in step.
//! - [`Image`]: all tables at one version; a clone costs one reference count.
//!
//! # How a row is found
//! A row lives in a slot, its [`RowId`](crate::id::RowId). In a table whose primary key is one integer, a row is *at
//! home* when its slot is its key: the key then needs no index, and a lookup by key is one walk down a tree of a few
//! levels. Keys that are negative or far from the others live *away*, in slots given in order, with an index of their
//! own. In any other table, slots are given in the order in which rows come.
//!
//! # Invariants
//! - **T1** Every index holds exactly the rows of its table that its predicate is true for, each under the key that the
//!   row has.
//! - **T2** In a table with an integer key, a row is in the home region if and only if its slot is its key.
//! - **T3** No two rows agree in a unique key without NULLs. A deferrable key is the exception: rows may share it until
//!   whoever changes the table judges it by [`TableImage::rival`].
//! - **T4** A clone never changes: edits copy what is shared, and change in place what is not.
//!
//! [`audit`](Image::audit) checks all four; tests call it after every step.
//!
//! # Not here
//! Which changes are allowed, but for unique keys (`integrity`); who sees which version (`txn`).
//!
//! Start with `table`, then `edit`; the trees have a front page of their own.

mod alter;
mod audit;
mod change;
mod edit;
mod entries;
mod exchange;
mod finger;
mod image;
mod index;
mod key;
mod table;
pub mod tree;

pub use change::{Change, Difference};
pub use finger::Finger;
pub use image::Image;
pub use index::{GroupEntries, Order};
pub use table::{TableImage, Taken};
