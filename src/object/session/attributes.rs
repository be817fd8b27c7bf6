//! The verbs on single attributes, and work without autoflush.

use super::Session;
use super::meanwhile::meanwhile;
use crate::error::Result;
use crate::object::entity::{Field, IsA, Relation};
use crate::object::reference::Ref;

impl Session {
    /// Lets an object forget one column, and what was not flushed of it; the next look reads it again.
    ///
    /// ```
    /// # use diptych::prelude::*;
    /// # #[derive(Entity, Clone, Debug)]
    /// # struct User { #[key(auto)] id: Id<User>, name: String, email: String }
    /// # fn main() -> Result<()> {
    /// # let mut session = Database::of::<(User,)>()?.session();
    /// let ada = session.add(User { name: "Ada".into(), ..User::draft() });
    /// session.flush()?;
    /// session.edit(ada)?.name = "Eve".into();
    /// session.edit(ada)?.email = "ada@example.org".into();
    /// session.expire_field(ada, User::name)?;
    /// assert_eq!(session.get(ada)?.name, "Ada");
    /// assert_eq!(session.get(ada)?.email, "ada@example.org");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the reference is not of this session, or the object is not persistent.
    pub fn expire_field<F: Field>(&mut self, object: Ref<impl IsA<F::Entity>>, field: F) -> Result<()> {
        let _ = field;
        let key = self.check(object)?;
        let core = self.exclusive();
        core.check_persistent(key)?;
        core.expire_attributes(key, &[F::COLUMN], &[]);
        Ok(())
    }

    /// Lets an object forget where one relation leads to, and what was not flushed of it; the next look reads it again.
    ///
    /// # Errors
    /// As [`expire_field`](Session::expire_field).
    pub fn expire_relation<R: Relation>(&mut self, object: Ref<impl IsA<R::Owner>>, relation: R) -> Result<()> {
        let _ = relation;
        let key = self.check(object)?;
        let core = self.exclusive();
        core.check_persistent(key)?;
        core.expire_attributes(key, &[], &[R::RELATION]);
        Ok(())
    }

    /// Reads one column of an object again, at once.
    ///
    /// # Errors
    /// As [`expire_field`](Session::expire_field), and when the row is gone.
    #[track_caller]
    pub fn refresh_field<F: Field>(&mut self, object: Ref<impl IsA<F::Entity>>, field: F) -> Result<()> {
        let _ = field;
        let key = self.check(object)?;
        self.exclusive_here().refresh_attributes(key, &[F::COLUMN], &[])
    }

    /// Reads one relation of an object again, at once.
    ///
    /// # Errors
    /// As [`refresh_field`](Session::refresh_field).
    #[track_caller]
    pub fn refresh_relation<R: Relation>(&mut self, object: Ref<impl IsA<R::Owner>>, relation: R) -> Result<()> {
        let _ = relation;
        let key = self.check(object)?;
        self.exclusive_here().refresh_attributes(key, &[], &[R::RELATION])
    }

    /// Does work in which queries and loads do not flush first. It takes the session exclusively, so that no view of
    /// the work lives on when the session flushes by itself again; it does so again also when the work panics.
    ///
    /// ```
    /// # use diptych::prelude::*;
    /// # #[derive(Entity, Clone, Debug)]
    /// # struct User { #[key(auto)] id: Id<User>, name: String, email: String }
    /// # fn main() -> Result<()> {
    /// # let mut session = Database::of::<(User,)>()?.session();
    /// session.add(User { name: "Ada".into(), ..User::draft() });
    /// assert_eq!(session.no_autoflush(|it| it.count(User::select()))?, 0);
    /// assert_eq!(session.count(User::select())?, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn no_autoflush<T>(&mut self, work: impl FnOnce(&mut Session) -> T) -> T {
        meanwhile(self, |session| &mut session.exclusive().autoflush, false, work)
    }
}
