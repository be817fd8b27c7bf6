//! References to objects of a class as references to those of its base, and back.

use super::Session;
use crate::error::Result;
use crate::object::entity::{Entity, IsA};
use crate::object::reference::Ref;
use crate::object::view::View;

impl<T> Ref<T> {
    /// The same reference as one to an object of a base: what extends a class is an object of it.
    pub fn upcast<B>(self) -> Ref<B>
    where
        T: IsA<B>,
    {
        Ref::new(self.key, self.session)
    }
}

impl Session {
    /// The same reference as one to an object of the class `T`, if the object is one. It runs no statement.
    ///
    /// ```
    /// use diptych::prelude::*;
    ///
    /// #[derive(Entity, Clone, Debug)]
    /// #[entity(discriminator = kind, identity = "employee")]
    /// struct Employee { #[key(auto)] id: Id<Employee>, kind: String, name: String }
    ///
    /// #[derive(Entity, Clone, Debug)]
    /// #[entity(identity = "engineer")]
    /// struct Engineer { #[base] employee: Employee, language: Option<String> }
    ///
    /// # fn main() -> Result<()> {
    /// let mut session = Database::of::<(Employee, Engineer)>()?.session();
    /// let ada = Employee { name: "Ada".into(), ..Employee::draft() };
    /// session.add(Engineer { employee: ada, language: Some("Rust".into()) });
    /// session.add(Employee { name: "Bob".into(), ..Employee::draft() });
    /// session.commit()?;
    ///
    /// let all = session.all(Employee::select().order_by(Employee::name))?;
    /// let engineer = session.downcast::<Engineer>(all.references()[0])?.expect("Ada is one");
    /// let view = session.get(engineer)?;
    /// assert_eq!((view.name.as_str(), view.language.as_deref()), ("Ada", Some("Rust")));
    /// assert!(session.downcast::<Engineer>(all.references()[1])?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the reference is stale or of another session, or the database was made without the class.
    pub fn downcast<T: Entity>(&self, object: Ref<impl ?Sized>) -> Result<Option<Ref<T>>> {
        let (key, class) = (self.check(object)?, self.class_of::<T>()?);
        Ok(self.core.borrow().graph.is_a(key, class).then(|| self.refer(key)))
    }
}

impl<'s, T: Entity, L> View<'s, T, L> {
    /// The same object as one of the class `S`, if it is one; what this adds is read if need be.
    ///
    /// # Errors
    /// When the database was made without the class, or reading fails.
    #[track_caller]
    pub fn downcast<S: IsA<T> + Entity>(&self) -> Result<Option<View<'s, S>>> {
        match self.session.downcast::<S>(self.reference())? {
            Some(object) => self.session.get(object).map(Some),
            None => Ok(None),
        }
    }
}
