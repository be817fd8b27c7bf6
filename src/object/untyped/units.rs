//! What moves objects between states, by reference alone.

use super::{Attribute, Untyped};
use crate::error::Result;
use crate::id::{ColumnId, RelationId};
use crate::object::reference::AnyRef;

impl Untyped<'_> {
    /// Adds an object, and whatever its save-update cascades reach.
    ///
    /// # Errors
    /// When the reference is not of this session, or the object cannot be added.
    #[track_caller]
    pub fn save(&mut self, object: AnyRef) -> Result<()> {
        self.session.save(object)
    }

    /// Marks an object for deletion, and whatever its delete cascades reach.
    ///
    /// # Errors
    /// When the reference is not of this session, or the object has no row.
    #[track_caller]
    pub fn delete(&mut self, object: AnyRef) -> Result<()> {
        self.session.delete(object)
    }

    /// Lets an object forget these attributes, or all that it has read if none is named. Changes of them that were not
    /// flushed are lost.
    ///
    /// # Errors
    /// When there is no such attribute, or the object is not persistent.
    pub fn expire(&mut self, object: AnyRef, attributes: &[&str]) -> Result<()> {
        if attributes.is_empty() {
            return self.session.expire(object);
        }
        let (key, _) = self.resolve(object)?;
        let (columns, relations) = self.sort_attributes(object, attributes)?;
        let core = self.session.exclusive();
        core.check_persistent(key)?;
        core.expire_attributes(key, &columns, &relations);
        Ok(())
    }

    /// Reads these attributes of an object again, at once, or its row and what it loads by itself if none is named.
    ///
    /// # Errors
    /// When there is no such attribute, the object is not persistent, or its row is gone.
    #[track_caller]
    pub fn refresh(&mut self, object: AnyRef, attributes: &[&str]) -> Result<()> {
        if attributes.is_empty() {
            return self.session.refresh(object);
        }
        let (key, _) = self.resolve(object)?;
        let (columns, relations) = self.sort_attributes(object, attributes)?;
        self.session.exclusive_here().refresh_attributes(key, &columns, &relations)
    }

    /// Copies the state of an object onto the one of this session that has its key, which is read or made if need be,
    /// and returns that one. Merge cascades bring along what the object leads to. Without `load`, nothing is read, and
    /// the object is taken to say what the rows say.
    ///
    /// # Errors
    /// When an attribute cannot be merged, or reading fails.
    #[track_caller]
    pub fn merge(&mut self, object: AnyRef, load: bool) -> Result<AnyRef> {
        let (key, _) = self.resolve(object)?;
        let merged = self.session.exclusive_here().merge(key, load)?;
        Ok(self.session.refer(merged))
    }

    /// Lets go of an object, and of whatever its expunge cascades reach; they are detached then.
    ///
    /// # Errors
    /// When the object is not in the session.
    pub fn expunge(&mut self, object: AnyRef) -> Result<()> {
        self.session.expunge(object)
    }

    /// Lets go of all objects; they are detached then.
    ///
    /// # Errors
    /// When the session cannot let go of them.
    pub fn expunge_all(&mut self) -> Result<()> {
        self.session.expunge_all();
        Ok(())
    }

    /// Rolls back and lets go of all objects. The session can be used as a new one.
    ///
    /// # Errors
    /// When the connection fails.
    pub fn close(&mut self) -> Result<()> {
        self.session.exclusive().close()
    }

    /// Lets an object forget its session and its key: it can be added as a new one.
    ///
    /// # Errors
    /// When the reference is not of this session.
    pub fn make_transient(&mut self, object: AnyRef) -> Result<()> {
        let (key, _) = self.resolve(object)?;
        self.session.exclusive().make_transient(key);
        Ok(())
    }

    /// Declares a transient object whose key is set to be one that is stored; its other attributes are read when they
    /// are looked at.
    ///
    /// # Errors
    /// When the object is not transient, or a part of its key is not set.
    pub fn make_detached(&mut self, object: AnyRef) -> Result<()> {
        let (key, _) = self.resolve(object)?;
        self.session.exclusive().make_detached(key)
    }

    /// Whether an attribute was read or set. What the identity map could answer is not loaded by that.
    ///
    /// # Errors
    /// When there is no such attribute.
    pub fn is_loaded(&mut self, object: AnyRef, attribute: &str) -> Result<bool> {
        match self.attribute(object, attribute)? {
            (key, Attribute::Column(column)) => {
                let graph = &self.session.exclusive().graph;
                // The key by which an object is known is no key that was read.
                let is_known_by = graph.extra(key).is_some_and(|it| it.begun)
                    && graph.model.class(graph.objects[key].class).key.contains(&column);
                Ok(graph.has_column(key, column) && !is_known_by)
            }
            (key, Attribute::Relation { relation, .. }) => Ok(self.session.exclusive().graph.is_loaded(key, relation)),
        }
    }

    /// The columns and the relations among some attributes.
    fn sort_attributes(&mut self, object: AnyRef, names: &[&str]) -> Result<(Vec<ColumnId>, Vec<RelationId>)> {
        let (mut columns, mut relations) = (Vec::new(), Vec::new());
        for name in names {
            match self.attribute(object, name)?.1 {
                Attribute::Column(column) => columns.push(column),
                Attribute::Relation { relation, .. } => relations.push(relation),
            }
        }
        Ok((columns, relations))
    }
}
