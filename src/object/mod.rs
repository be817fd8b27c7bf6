//! Objects: rows as a graph of structs, with identity, relations, cascades and a unit of work.
//!
//! # The life of an object
//! 1. A struct is *transient* until a session [`add`](Session::add)s it, then *pending*.
//! 2. A flush inserts it: now it is *persistent*, and the session's identity map knows it by its key.
//! 3. Queries and relations load others; the same key is the same object within a session.
//! 4. [`edit`](Session::edit) copies the row before the first change, so that the flush can tell which columns differ.
//! 5. [`delete`](Session::delete) marks it and what its cascades reach; the flush removes the rows.
//! 6. Rollback puts rows and objects back; commit publishes and lets go of what was read.
//!
//! The session speaks to data only through [`query::Connection`](crate::query::Connection).
//!
//! # Reading and changing
//! Reading takes `&Session` and returns plain references; changing takes `&mut Session`. An object that was only read is
//! a place in a version of the tables; one that was made or edited has a row of its own. A load under `&Session` may give
//! an object another row; the version or row that was lent is kept until the next `&mut Session` call, when by the borrow
//! rules nobody can be looking at it.
//!
//! # Classes that extend others
//! A class may stand in the table of its base, in a table beside it or in a whole one of its own; its attributes and
//! relations come behind those of the base, at the same positions in all of them, but for a whole table, which has its own.
//! One key is one object of the hierarchy, of the class that its row tells. If its row is a struct, that begins with the
//! struct of the base, so a [`Ref`] to the base shows a part of it.
//!
//! # Invariants
//! - **O1** Within a session one key is one object.
//! - **O2** Both sides of a relation that its verbs move agree at once, with no statement run, loaded or not. A foreign
//!   key column that is written by hand counts from the flush on, for whatever is read then; what was read before leads
//!   where it led until it is read again.
//! - **O3** A flush is all or nothing: if it fails, rows and objects are as before.
//! - **O4** A flush writes only columns that differ.
//! - **O5** A [`Ref`] is valid or refused: never of another object, never of another session's.
//! - **O6** After a rollback objects hold what the rows hold.
//! - **O7** Not loaded, none and empty are three different answers.
//! - **O8** What the type of a view says is loaded stays loaded as long as the view lives.
//! - **O9** Each statement by which a session that keeps its ledger reads objects is counted in one read of it.
//! - **O10** A diagnosis changes nothing: what it tries, it tries on a fork.
//! - **O11** A verb of a sound session that is refused has changed nothing that a flush would write.
//!
//! # Not here
//! Foreign key actions (`integrity`): what they have changed, a sound session is told by the statement that set them in
//! motion.
//!
//! # Where to start
//! [`session`] for the verbs, `graph` for what a session holds, `link` for how both sides move, `load` for the
//! strategies, `flush` for the unit of work.

mod cascade;
mod class;
mod columns;
mod compact;
mod condition;
mod database;
mod delete_plan;
mod detached;
pub mod diagnosis;
mod dump;
mod enroll;
mod entity;
mod events;
mod extra;
mod fill;
mod flush;
mod graph;
mod held;
mod history;
mod hybrid;
mod identity;
mod joining;
mod link;
mod links;
pub mod listen;
mod load;
mod loaded;
mod many;
mod meet;
mod members;
mod merge;
mod model;
mod one_of;
mod parents;
mod partial;
mod parts;
mod position;
mod proxy;
mod query;
mod reference;
mod rehearsal;
mod select;
pub mod session;
mod shelf;
mod soundly;
mod state;
mod states;
mod surplus;
mod touched;
mod trace;
mod trail;
mod tree;
mod untyped;
mod view;
mod wanted;

pub use class::{
    Cascade, Class, CollectionKind, ComputedKind, Inheritance, JoinColumn, Lazy, Marks, PassiveDeletes, Polymorphic,
    Reach, Relationship, SubclassLoad, foreign, join_column, on, remote,
};
pub use condition::{
    Condition, Conditions, FieldExpression, Operand, Ordering, Orders, ToManyCondition, ToOneCondition,
};
pub use database::Classes;
pub use delete_plan::{DeleteCause, DeletePlan, DeleteStep, Difference, Mechanism, PlannedListener};
pub use detached::{Copies, Detached, Keeps, Kept, Mergeable};
pub use dump::{DumpedObject, DumpedRelation, GraphDump};
pub use entity::{
    Arity, Entity, Extends, Extensible, Field, IsA, Key, Many, Optional, Relation, Required, Writable, field_name,
    relation_name,
};
pub use events::{RowStep, StateChange, UnitStep};
pub use flush::{FlushPlan, FlushStep};
pub use hybrid::{Hybrid, Own, own};
pub use joining::{JoinPath, JoinRelation};
pub use load::BATCH;
pub use loaded::{Beyond, Here, In, Includes, LoadList, Loaded, Nothing, Perhaps, Promise, Surely, With};
pub use many::{Assignment, FieldAssignment};
pub use members::MembersQuery;
pub use model::{
    ClassModel, ClassPart, ComputedModel, Discriminator, Fate, Harmony, Join, JoinLeaf, Model, RelationModel,
    ThroughLayout, Verdict,
};
pub use one_of::OneOf;
pub use proxy::{Proxy, ProxyRelation};

#[doc(hidden)]
pub use one_of::{chosen_by, typed};
pub use query::{Certain, LoadPath, LoadRelation, PathOf, Query};
pub use reference::{AnyRef, Ref, SessionId};
pub use select::{
    Along, Columns, Depth, Existing, LoadOption, Loading, PerOwner, Repeats, Selection, Step, Strategy, Subclasses,
    Synchronize, Term,
};
pub use session::{LoadWatch, Manner, Session, SessionScope, StatementWatch};
pub use state::State;
pub use surplus::Surplus;
pub use tree::Branch;
pub use untyped::{Change, Contents, Event, History, Status, Untyped};
pub use view::{Edit, Got, IntoViews, Loads, View, Views};
