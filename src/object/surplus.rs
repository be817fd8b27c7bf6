//! A second row where a relation leads to one object: refused, or noted where a session is told to go on.

use std::fmt;

use super::model::RelationModel;
use super::reference::ObjectKey;
use super::session::{Core, Session};
use crate::error::{Misuse, Result};

/// A relation to one object for which several rows were found, of which the one with the least key was taken. The tables
/// would forbid it by a unique foreign key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Surplus {
    /// The relation, such as `User.profile`.
    pub relation: String,
    /// Whose it is, such as `User[1]`.
    pub owner: String,
    /// The object that was taken.
    pub taken: String,
    /// The others.
    pub others: Vec<String>,
}

impl fmt::Display for Surplus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Surplus { relation, owner, taken, others } = self;
        write!(
            f,
            "{relation} of {owner} leads to {}, of {} rows: {} as well",
            taken,
            others.len() + 1,
            others.join(", ")
        )
    }
}

impl Session {
    /// Whether the session goes on where a relation leads to one object and several rows refer to its owner: it takes the
    /// one with the least key, and notes the others for [`take_surplus`](Session::take_surplus). Unless it is told so, this
    /// is an error ([`Misuse::NotOne`]), since any choice would be one that nobody has made. Turning it off forgets what
    /// was noted.
    ///
    /// ```
    /// use diptych::prelude::*;
    ///
    /// #[derive(Entity, Clone, Debug)]
    /// #[has_one(profile: Profile, inverse = user)]
    /// struct User { #[key(auto)] id: Id<User> }
    ///
    /// #[derive(Entity, Clone, Debug)]
    /// #[belongs_to(user: User, inverse = profile)]
    /// struct Profile { #[key(auto)] id: Id<Profile>, #[references(User)] user_id: Option<Id<User>> }
    ///
    /// # fn main() -> Result<()> {
    /// let database = Database::of::<(User, Profile)>()?;
    /// let mut session = database.session();
    /// session.add(User::draft());
    /// session.flush()?;
    /// for _ in 0..2 {
    ///     session.add(Profile { user_id: Some(Id::new(1)), ..Profile::draft() });
    /// }
    /// session.commit()?;
    /// session.let_go_of_all();
    /// assert!(session.one(User::select())?.load(User::profile).is_err(), "the column is not unique");
    ///
    /// session.set_surplus_noted(true);
    /// assert_eq!(session.one(User::select())?.load(User::profile)?.map(|it| it.id), Some(Id::new(1)));
    /// let noted = session.take_surplus();
    /// assert_eq!(noted[0].to_string(), "User.profile of User[1] leads to Profile[1], of 2 rows: Profile[2] as well");
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_surplus_noted(&mut self, on: bool) {
        self.exclusive().surplus = on.then(Vec::new);
    }

    /// What was noted since the last call, each relation of each object once.
    pub fn take_surplus(&mut self) -> Vec<Surplus> {
        self.exclusive().surplus.as_mut().map(std::mem::take).unwrap_or_default()
    }
}

impl Core {
    /// The one of several objects that a relation is to lead to, if the session is told to go on.
    pub(super) fn first_of_several(
        &mut self,
        owner: ObjectKey,
        relation: &RelationModel,
        mut found: Vec<ObjectKey>,
    ) -> Result<ObjectKey> {
        let Some(noted) = &mut self.surplus else {
            let table = self.graph.model.class(relation.target).table.to_string();
            return Err(Misuse::NotOne { table, found: found.len() }.into());
        };
        let graph = &self.graph;
        found.sort_by_cached_key(|it| graph.identity(*it).map(|it| it.to_values()));
        let class = graph.model.class(graph.objects[owner].class);
        let mut names = found.iter().map(|it| graph.name(*it));
        let surplus = Surplus {
            relation: format!("{}.{}", class.name, relation.name),
            owner: graph.name(owner),
            taken: names.next().unwrap_or_default(),
            others: names.collect(),
        };
        if !noted.contains(&surplus) {
            noted.push(surplus);
        }
        Ok(found[0])
    }
}
