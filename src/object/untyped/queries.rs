//! Queries by names.

use super::Untyped;
use crate::error::{Misuse, Result};
use crate::expr::Expr;
use crate::id::{ClassId, RelationId};
use crate::object::reference::{AnyRef, ObjectKey};
use crate::object::select::{Selection, Synchronize, Term};
use crate::value::Value;

impl Untyped<'_> {
    /// The object with this primary key, if there is one.
    ///
    /// # Errors
    /// When there is no such class, or the statement fails.
    #[track_caller]
    pub fn find(&mut self, class: &str, key: &[Value]) -> Result<Option<AnyRef>> {
        let class = self.keyed(class, key)?;
        let core = self.session.exclusive_here();
        let found = core.find_any(class, key)?;
        Ok(found.map(|key| self.session.refer(key)))
    }

    /// The object with this primary key, if there is one. When its row has to be read, what the selection asks to be
    /// loaded comes along.
    ///
    /// # Errors
    /// When there is no such class or name, or the statement fails.
    #[track_caller]
    pub fn find_with(&mut self, class: &str, key: &[Value], selection: &Selection) -> Result<Option<AnyRef>> {
        let class = self.keyed(class, key)?;
        let core = self.session.exclusive_here();
        let found = core.find_with(class, key, selection)?;
        Ok(found.map(|key| self.session.refer(key)))
    }

    /// The class whose objects are known by as many values as are given.
    fn keyed(&self, class: &str, key: &[Value]) -> Result<ClassId> {
        let class = self.session.model().class_named(class)?;
        let columns = class.key.len();
        if key.len() != columns {
            let reason = format!("the key of {} has {columns} columns, and {} values are given", class.name, key.len());
            return Err(Misuse::Statement { reason }.into());
        }
        Ok(class.id)
    }

    /// All objects of a class.
    ///
    /// # Errors
    /// When there is no such class, or the statement fails.
    #[track_caller]
    pub fn all(&mut self, class: &str) -> Result<Vec<AnyRef>> {
        self.select(class, &Selection::default())
    }

    /// The objects of a class that a query finds.
    ///
    /// # Errors
    /// When there is no such class or name, or a statement fails.
    #[track_caller]
    pub fn select(&mut self, class: &str, selection: &Selection) -> Result<Vec<AnyRef>> {
        let class = self.session.model().class_named(class)?.id;
        let found = self.session.exclusive_here().select(class, selection)?;
        Ok(self.refer_all(found))
    }

    /// The only object that a query finds; `None` when it finds none.
    ///
    /// # Errors
    /// As [`select`](Untyped::select), and when there is more than one.
    #[track_caller]
    pub fn select_one(&mut self, class: &str, selection: &Selection) -> Result<Option<AnyRef>> {
        let found = self.select(class, selection)?;
        match found.as_slice() {
            [] => Ok(None),
            [only] => Ok(Some(*only)),
            more => {
                let table = self.session.model().class_named(class)?.table.to_string();
                Err(Misuse::NotOne { table, found: more.len().min(2) }.into())
            }
        }
    }

    /// The first object that a query finds.
    ///
    /// # Errors
    /// As [`select`](Untyped::select).
    #[track_caller]
    pub fn select_first(&mut self, class: &str, selection: &Selection) -> Result<Option<AnyRef>> {
        let limit = Some(selection.limit.unwrap_or(1).min(1));
        Ok(self.select(class, &Selection { limit, ..selection.clone() })?.first().copied())
    }

    /// Rows of values of a query.
    ///
    /// # Errors
    /// As [`select`](Untyped::select).
    #[track_caller]
    pub fn select_values(
        &mut self,
        class: &str,
        selection: &Selection,
        values: &[Expr<Term>],
    ) -> Result<Vec<Vec<Value>>> {
        let class = self.session.model().class_named(class)?.id;
        self.session.exclusive_here().select_values(class, selection, values)
    }

    /// How many rows a query finds.
    ///
    /// # Errors
    /// As [`select`](Untyped::select).
    #[track_caller]
    pub fn count(&mut self, class: &str, selection: &Selection) -> Result<u64> {
        let class = self.session.model().class_named(class)?.id;
        self.session.exclusive_here().select_count(class, selection)
    }

    /// Whether a query finds anything.
    ///
    /// # Errors
    /// As [`select`](Untyped::select).
    #[track_caller]
    pub fn exists(&mut self, class: &str, selection: &Selection) -> Result<bool> {
        let class = self.session.model().class_named(class)?.id;
        self.session.exclusive_here().select_exists(class, selection)
    }

    /// The members of a collection that a query over them finds, by a statement of its own. This is how a relation is
    /// read that is declared `dynamic` or `write_only`.
    ///
    /// # Errors
    /// When there is no such relation, the object has no row, or the statement fails.
    #[track_caller]
    pub fn select_related(&mut self, object: AnyRef, relation: &str, selection: &Selection) -> Result<Vec<AnyRef>> {
        let (key, relation): (ObjectKey, RelationId) = {
            let (key, relation, _) = self.relation(object, relation)?;
            (key, relation)
        };
        let found = self.session.exclusive_here().select_related(key, relation, selection)?;
        Ok(self.refer_all(found))
    }

    /// Gives all rows of a class that fulfil a condition other values, by one statement: no cascade and no event of an
    /// object has a part in it. Returns how many rows there were.
    ///
    /// # Errors
    /// When there is no such class or name, the statement fails, or objects cannot follow it as asked.
    #[track_caller]
    pub fn update_where(
        &mut self,
        class: &str,
        values: &[(&str, Expr<Term>)],
        filter: Option<&Expr<Term>>,
        synchronize: Synchronize,
    ) -> Result<u64> {
        let class: ClassId = self.session.model().class_named(class)?.id;
        self.session.exclusive_here().update_where(class, values, filter, synchronize)
    }

    /// Deletes all rows of a class that fulfil a condition, by one statement: no cascade and no event of an object has a
    /// part in it. Returns how many rows there were.
    ///
    /// # Errors
    /// As [`update_where`](Untyped::update_where).
    #[track_caller]
    pub fn delete_where(&mut self, class: &str, filter: Option<&Expr<Term>>, synchronize: Synchronize) -> Result<u64> {
        let class = self.session.model().class_named(class)?.id;
        self.session.exclusive_here().delete_where(class, filter, synchronize)
    }
}
