//! An embedded, in-memory object graph database: tables with enforced keys and transactions, typed objects above them,
//! and the statement as the hinge between the two.
//!
//! ```
//! use diptych::prelude::*;
//!
//! #[derive(Entity, Clone, Debug)]
//! #[has_many(books: Book, inverse = author, cascade(all))]
//! struct Author { #[key(auto)] id: Id<Author>, name: String }
//!
//! #[derive(Entity, Clone, Debug)]
//! #[belongs_to(author: Author, inverse = books)]
//! struct Book { #[key(auto)] id: Id<Book>, #[references(Author)] author_id: Id<Author>, title: String }
//!
//! let database = Database::of::<(Author, Book)>()?;
//! let mut session = database.session();
//! let ursula = session.add(Author { name: "Ursula".into(), ..Author::draft() });
//! let book = session.push(ursula, Author::books, Book { title: "Always Coming Home".into(), ..Book::draft() })?;
//! assert_eq!(session.get(book)?.loaded(Book::author)?.name, "Ursula", "before any statement");
//! session.commit()?;
//!
//! let fork = database.fork();
//! fork.transaction(|session| {
//!     let ursula = session.one(Author::select().filter(Author::name.eq("Ursula")))?.reference();
//!     session.delete(ursula)
//! })?;
//! assert_eq!((database.snapshot().len("books")?, fork.snapshot().len("books")?), (1, 0));
//! # Ok::<(), diptych::Error>(())
//! ```
//!
//! # Where to start
//! - For objects: derive [`Entity`](derive@Entity), make a [`Database`] of the structs, open a [`Session`]. Its methods
//!   are the verbs; [`Query`] says what to find and what to load along.
//! - For tables alone: build a [`Schema`], make a [`Database`] of it, [`connect`](Database::connect), and run
//!   [`Select`], [`Insert`], [`Update`] and [`Delete`].
//! - For those who know SQLAlchemy: [`guide`] says what is called what.
//! - For classes that exist only at run time: [`Class`], [`Relationship`] and [`Session::untyped`].
//! - When something is refused: [`Error`], which holds facts, and `{:#}`, which prints all of them.
//!
//! # Map
//! Each room stands on those before it.
//!
//! | room | holds |
//! |---|---|
//! | [`value`], [`id`], [`record`] | what a cell can hold, positions, rows |
//! | [`error`] | violations, conflicts, mistakes, misuse |
//! | [`expr`] | scalar expressions |
//! | [`schema`] | tables, columns, keys, foreign keys with their actions |
//! | [`store`] | persistent trees; all tables at one version |
//! | [`integrity`] | constraints, and the plan of what a change sets in motion |
//! | [`txn`] | databases, snapshots, transactions, commit |
//! | [`query`] | statements, plans, the connection and its log |
//! | [`sql`] | statements as SQL text |
//! | [`object`] | classes, sessions, relations, loading, the unit of work |
//! | `lab` (feature `lab`) | instruments that show what the engine does, a second opinion on constraints first |

extern crate self as diptych;

#[cfg(feature = "objects")]
#[doc(hidden)]
pub mod derive_support;
pub mod error;
pub mod expr;
#[cfg(feature = "objects")]
pub mod guide;
pub mod id;
pub mod integrity;
#[cfg(feature = "lab")]
pub mod lab;
#[cfg(feature = "objects")]
pub mod object;
pub mod prelude;
pub mod query;
pub mod record;
pub mod schema;
pub mod sql;
pub mod store;
pub mod txn;
pub mod value;

#[cfg(feature = "objects")]
pub use diptych_derive::{AsValue, Entity};

pub use error::{Error, ErrorKind, Result, Violation};
pub use expr::{Expr, Expression};
#[cfg(feature = "objects")]
pub use object::{
    AnyRef, Cascade, Class, Edit, Entity, Field, Lazy, Many, Optional, PassiveDeletes, Query, Ref, Relation,
    Relationship, Required, Session, State, View, Views,
};
#[cfg(feature = "objects")]
pub use object::{diagnosis, listen};
pub use query::{
    Aggregate, Connection, Control, Delete, Direction, Insert, NativeConnection, Select, Statement, Update, aggregate,
    col, count, parameter,
};
pub use record::{Record, Row, Tuple};
pub use schema::{Action, Column, ForeignKey, Schema, Table, column};
pub use txn::{Database, Snapshot, Transaction};
pub use value::{AsValue, Id, Kind, Value, ValueRef};
