//! From entities to a database, and from a database to sessions.

use std::panic::Location;
use std::sync::Arc;

use super::class::Class;
use super::entity::Entity;
use super::listen::{Listening, Reaction, Signal};
use super::model::{Model, build, reflect};
use super::session::Session;
use crate::error::{Error, Misuse, Result};
use crate::schema::{Lint, Schema, Table};
use crate::txn::Database;

/// A list of entities: one of them, or a tuple of up to thirty-two, each of which is an entity or again such a list.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no list of entities",
    label = "wants a tuple of up to 32 entities; in a longer list, some of them are a tuple by themselves"
)]
pub trait Classes {
    /// What they declare.
    fn declare() -> Vec<Class>;
}

impl<T: Entity> Classes for T {
    fn declare() -> Vec<Class> {
        vec![<T as Entity>::declare()]
    }
}

/// A tuple of each length, from that of all these names down to one.
macro_rules! lists {
    () => {};
    ($first:ident $($next:ident)*) => {
        impl<$first: Classes, $($next: Classes),*> Classes for ($first, $($next,)*) {
            fn declare() -> Vec<Class> {
                [$first::declare(), $($next::declare()),*].into_iter().flatten().collect()
            }
        }
        lists!($($next)*);
    };
}

lists!(A B C D E F G H I J K L M N O P Q R S T U V W X Y Z Aa Bb Cc Dd Ee Ff);

impl Database {
    /// An empty database of these entities.
    ///
    /// # Errors
    /// Every mistake of the model and its schema, together.
    pub fn of<C: Classes>() -> Result<Database> {
        Database::with_classes(C::declare(), [])
    }

    /// An empty database of classes that may be made at run time, and of tables without a class.
    ///
    /// # Errors
    /// Every mistake of the model and its schema, together.
    pub fn with_classes(
        classes: impl IntoIterator<Item = Class>,
        tables: impl IntoIterator<Item = Table>,
    ) -> Result<Database> {
        let schema: Schema = build(classes.into_iter().collect(), tables.into_iter().collect())?;
        Ok(Database::new(schema))
    }

    /// A new database of these entities with the rows of this one, as far as tables and columns have the same names; what
    /// the entities do not name goes, and what is new takes its default or NULL. This database stays as it is. See
    /// [`altered`](Database::altered), which takes a schema.
    ///
    /// ```
    /// use diptych::prelude::*;
    ///
    /// mod before {
    ///     # use diptych::prelude::*;
    ///     #[derive(Entity, Clone, Debug)]
    ///     pub struct User { #[key(auto)] pub id: Id<User>, pub name: String }
    /// }
    ///
    /// #[derive(Entity, Clone, Debug)]
    /// #[has_many(posts: Post, inverse = author)]
    /// struct User { #[key(auto)] id: Id<User>, name: String, #[default(0)] karma: i64 }
    ///
    /// #[derive(Entity, Clone, Debug)]
    /// #[belongs_to(author: User, inverse = posts)]
    /// struct Post { #[key(auto)] id: Id<Post>, #[references(User)] author_id: Id<User> }
    ///
    /// # fn main() -> Result<()> {
    /// let old = Database::of::<before::User>()?;
    /// old.transaction(|session| session.try_add(before::User { id: Id::auto(), name: "Ada".into() }).map(drop))?;
    ///
    /// let new = old.altered_to::<(User, Post)>()?;
    /// let mut session = new.session();
    /// let ada = session.find::<User>(1)?.expect("her row has come along").reference();
    /// session.edit(ada)?.karma += 1;
    /// session.push(ada, User::posts, Post::draft())?;
    /// session.commit()
    /// # }
    /// ```
    ///
    /// # Errors
    /// Every mistake of the model, or every rule that a row breaks ([`ErrorKind::Alteration`](crate::error::ErrorKind)).
    pub fn altered_to<C: Classes>(&self) -> Result<Database> {
        self.altered(build(C::declare(), Vec::new())?)
    }

    /// The classes of the database. One that was made of tables alone has one class for each, with its name, and relations
    /// that follow the foreign keys: `post.author` for a column `author_id`, `author.posts` back, or `posts_by_author`
    /// where posts refer to authors in several ways; a table of two foreign keys and nothing else relates the two tables
    /// that it refers to.
    ///
    /// ```
    /// use diptych::prelude::*;
    /// use diptych::{Column, ForeignKey, Schema, Table};
    ///
    /// # fn main() -> Result<()> {
    /// let authors = Table::new("authors").auto_key("id").column(Column::text("name"));
    /// let posts = Table::new("posts").auto_key("id").column(Column::int("author_id"));
    /// let posts = posts.foreign_key(ForeignKey::new(["author_id"], "authors"));
    /// let database = Database::new(Schema::builder().table(authors).table(posts).build()?);
    ///
    /// let mut session = database.session();
    /// let mut objects = session.untyped();
    /// let ada = objects.add("authors", &[("name", "Ada".into())])?;
    /// let post = objects.add("posts", &[])?;
    /// objects.push(ada, "posts", post)?;
    /// assert_eq!(objects.related(post, "author")?, [ada]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When a table of a database without classes has no primary key, so that nothing could be known by it.
    pub fn model(&self) -> Result<Arc<Model>> {
        match self.schema().attachment::<Model>() {
            Some(model) => Ok(model),
            None => Ok(Arc::new(reflect(self.schema())?)),
        }
    }

    /// Everything that is allowed in the schema and its classes but will probably surprise: that of the schema first.
    ///
    /// # Errors
    /// As [`model`](Database::model).
    pub fn lint(&self) -> Result<Vec<Lint>> {
        let mut found = self.schema().lint();
        found.extend(self.model()?.lint(self.schema()));
        Ok(found)
    }

    /// Opens a session on a connection of its own.
    ///
    /// # Panics
    /// When the database was made of tables alone and one of them has no primary key;
    /// [`try_session`](Database::try_session) is the checked form.
    pub fn session(&self) -> Session {
        match self.try_session() {
            Ok(session) => session,
            Err(error) => panic!("{error}"),
        }
    }

    /// Opens a session on a connection of its own.
    ///
    /// # Errors
    /// As [`model`](Database::model).
    pub fn try_session(&self) -> Result<Session> {
        Ok(Session::over(self.model()?, self.connect()))
    }

    /// Does work in a session of its own: commits when it succeeds, rolls back when it fails, and does it again in a
    /// new session when another transaction was first, up to eight times.
    ///
    /// # Errors
    /// Whatever the work or the last commit returns.
    #[track_caller]
    pub fn transaction<T>(&self, mut work: impl FnMut(&mut Session) -> Result<T>) -> Result<T> {
        const TRIES: usize = 8;
        let mut tries = 1;
        loop {
            let mut session = self.try_session()?;
            match session.transaction(&mut work) {
                Err(error) if error.is_retryable() && tries < TRIES => tries += 1,
                outcome => return outcome,
            }
        }
    }

    /// Calls a listener when something happens in any session that begins from now on, as long as what is returned is
    /// kept. Sessions call it before listeners of their own, at the times and with the means that
    /// [`Session::on`](crate::Session::on) describes; two threads with a session each may call it at once.
    ///
    /// A listener belongs to the classes of the database: it listens in sessions of its forks, too, and one that is
    /// registered with a fork listens in sessions of the database. Sessions that have begun already do not hear it. A
    /// listener to columns, to what is about to be written, or to foreign key actions makes every session look for these.
    /// What a listener has captured is kept until the next one is registered after its end, or the model goes; one that has
    /// captured the database itself keeps both.
    ///
    /// ```
    /// use diptych::listen::Append;
    /// use diptych::prelude::*;
    /// use std::sync::atomic::{AtomicI64, Ordering};
    /// # #[derive(Entity, Clone, Debug)]
    /// # #[has_many(books: Book, inverse = author)]
    /// # struct Author { #[key(auto)] id: Id<Author> }
    /// # #[derive(Entity, Clone, Debug)]
    /// # #[belongs_to(author: Author, inverse = books)]
    /// # struct Book { #[key(auto)] id: Id<Book>, #[references(Author)] author_id: Option<Id<Author>> }
    /// static BOOKS: AtomicI64 = AtomicI64::new(0);
    /// let database = Database::of::<(Author, Book)>()?;
    /// let counted = database.on(Append(Author::books), |_, _| {
    ///     BOOKS.fetch_add(1, Ordering::Relaxed);
    ///     Ok(())
    /// })?;
    /// for mut session in [database.session(), database.session()] {
    ///     let author = session.add(Author::draft());
    ///     session.push(author, Author::books, Book::draft())?;
    /// }
    /// assert_eq!(BOOKS.load(Ordering::Relaxed), 2);
    /// drop(counted);
    /// # Ok::<(), diptych::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the database was made without a class that the signal names, or of tables alone.
    #[track_caller]
    pub fn on<S: Signal + Sync>(
        &self,
        signal: S,
        listener: impl Fn(S::Event, &mut Reaction<'_>) -> Result<()> + Send + Sync + 'static,
    ) -> Result<Listening> {
        let model = self.schema().attachment::<Model>().ok_or_else(no_classes)?;
        model.listen(signal, Location::caller(), listener)
    }
}

/// The model of a database of tables is made for each session anew, so nothing could be kept in it.
fn no_classes() -> Error {
    let reason = "a database that was made of tables alone keeps no listeners; \
                  make it with its classes (`Database::of`, `Database::with_classes`), or listen in a session";
    Misuse::Statement { reason: reason.to_owned() }.into()
}
