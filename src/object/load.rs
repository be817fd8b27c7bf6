//! Reading relations: one object's when it is touched, or many objects' at once.
//!
//! | strategy | statements for n objects and one relation | rows |
//! |---|---|---|
//! | `select` | up to n, one when each is touched | each target once an owner |
//! | `immediate` | up to n, at once | each target once an owner |
//! | `selectin` | one for each batch of [`BATCH`] keys | each target once an owner |
//! | `subquery` | one | each target once an owner |
//! | `joined` | none beyond the query; as `selectin` where the query cannot join it | the owner again for each target |
//! | `raise` | none; touching it is an error | none |
//! | `raise_on_sql` | none; touching it is an error unless the session knows the target | none |
//! | `noload` | none; it is none or empty | none |
//! | `dynamic`, `write_only` | one for each time it is read, never kept | what is asked for |
//!
//! A reference whose target the session knows already is answered by the identity map and needs no statement.
//!
//! # How a query is carried out
//! `branch` says how each relation is loaded at each place of a path: what is asked comes before what is declared.
//! `joined` adds what is joined to the statement, `take` and `meeting` make objects of its rows (`replaced`, where the session knows
//! another one by their key), `after` loads what was
//! not joined, by the statements of `plan` in batches (`batch`, by what owners refer to, `references`; `apart` where the rows stand in several tables). What was asked stays with objects that the query
//! brought (`notes`): for a relation that is touched later, and for when the row is read again (`again`).

mod after;
mod again;
mod apart;
mod batch;
mod branch;
mod joined;
mod lazy;
mod meeting;
mod missing;
mod notes;
mod peers;
mod plan;
mod references;
mod replaced;
mod subclasses;
mod take;
mod unit;

pub use batch::BATCH;
pub(in crate::object) use branch::{Branch, Place};
pub(in crate::object) use joined::{Joined, Joiner, Node};
pub(in crate::object) use meeting::{Attributes, Read};
pub(in crate::object) use notes::Notes;
pub(in crate::object) use peers::Peers;
pub(in crate::object) use plan::Plan;
pub(in crate::object) use take::{Reach, Reading};
