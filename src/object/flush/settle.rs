//! After a flush went through: states, identities and links say what the rows say.

use super::FlushPlan;
use super::apply::Done;
use crate::object::identity::Identity;
use crate::object::links::{Collection, Link, Since};
use crate::object::model::Model;
use crate::object::reference::ObjectKey;
use crate::object::session::Core;
use crate::object::state::State;

impl Core {
    /// Brings objects up to date.
    pub(super) fn settle(&mut self, plan: &FlushPlan, done: Done) {
        let model = self.graph.model.clone();
        self.graph.forget_new(&plan.dropped);
        for &key in &done.deleted {
            self.settle_deleted(key);
        }
        for &(_, before) in plan.switches.pairs() {
            self.settle_deleted(before);
        }
        for &key in &done.inserted {
            self.settle_inserted(&model, key);
        }
        for &(key, _) in plan.switches.pairs() {
            self.settle_inserted(&model, key);
        }
        for &key in &done.gone {
            self.settle_deleted(key);
        }
        self.frame().generated.extend(&done.generated);
        self.settle_listed(&model, done.updated.iter().chain(&plan.listed));
        let nested = self.frames.len() > 1;
        for &key in plan.saved.iter().chain(&plan.listed).chain(&done.followed) {
            // Those that were touched have their turn below.
            if !self.graph.objects.get(key).is_none_or(|it| it.touched) {
                self.settle_links(key);
            }
            if nested {
                self.frame().written.insert(key);
            }
        }
        for it in done.left {
            self.forget_left(it);
        }
        self.forget_members(done.to_read);
        for key in self.graph.touched.take() {
            if let Some(object) = self.graph.objects.get_mut(key) {
                object.touched = false;
                let (state, marked) = (object.state, object.marked);
                if state.lives() {
                    self.settle_links(key);
                }
                if marked && state == State::Persistent && !self.graph.is_sound() {
                    self.graph.touch(key);
                }
            }
        }
    }

    fn settle_inserted(&mut self, model: &Model, key: ObjectKey) {
        let class = model.class(self.graph.objects[key].class);
        let identity = self.graph.row(key).and_then(|row| Identity::of(&**row, &class.key));
        self.graph.identify(key, identity.clone());
        for link in self.graph.links_mut(key) {
            // No row referred to the object before it had one, so what was added is all there is.
            if let Link::Many(collection) = link
                && collection.members.is_none()
                && collection.pending.is_some()
            {
                *link = Link::Many(Collection::of(collection.queued_added().to_vec()));
            }
        }
        if let Some(identity) = identity {
            let root = self.graph.root(class.id);
            self.graph.identities[root.index()].insert(identity, key);
        }
        self.graph.change_state(key, State::Persistent);
        self.frame().inserted.push(key);
        self.graph.with_extra(key, |it| {
            // The row came back as it was inserted, with what was computed.
            it.expressions.clear();
            it.unread.clear();
        });
        let computed: Vec<_> = class.computed.iter().filter_map(|it| it.column).collect();
        self.expire_columns(key, &computed);
    }

    /// Lets objects be known by the keys that their rows have now.
    fn settle_listed<'k>(&mut self, model: &Model, keys: impl Iterator<Item = &'k ObjectKey>) {
        let mut changed = Vec::new();
        for &key in keys {
            let Some(object) = self.graph.objects.get(key) else { continue };
            let class = model.class(object.class);
            if object.state != State::Persistent || object.lacks_row() {
                continue;
            }
            changed.extend(self.graph.row(key).and_then(|row| Some((key, Identity::of(&**row, &class.key)?))));
        }
        self.settle_keys(changed);
    }

    /// Objects whose keys were changed are known by the new ones. All old ones go first: two objects may have swapped.
    pub(super) fn settle_keys(&mut self, mut changed: Vec<(ObjectKey, Identity)>) {
        changed.retain(|(key, now)| {
            self.graph.objects[*key].state == State::Persistent && self.graph.identity(*key).as_ref() != Some(now)
        });
        for (key, now) in &changed {
            let root = self.graph.root(self.graph.objects[*key].class);
            if let Some(before) = self.graph.identify(*key, Some(now.clone())) {
                self.graph.identities[root.index()].remove(&before, *key);
                self.frame().rekeyed.push((*key, before));
            }
        }
        for (key, now) in changed {
            let root = self.graph.root(self.graph.objects[key].class);
            self.graph.identities[root.index()].insert(now, key);
        }
    }

    /// What was pending is done.
    pub(in crate::object) fn settle_links(&mut self, key: ObjectKey) {
        if let Some(own) = self.graph.own_if_any(key) {
            own.original = None;
        }
        let passed_over = self.passed_over(key);
        for (at, link) in self.graph.links_mut(key).iter_mut().enumerate() {
            match link {
                _ if passed_over.contains(&at) => *link = Link::Unloaded,
                Link::One { since, .. } => *since = Since::Unchanged,
                Link::Many(collection) => {
                    // Of a collection that was never read, what was added is not all there is.
                    collection.pending = None;
                    if collection.members.is_none() {
                        *link = Link::Unloaded;
                    }
                }
                Link::Unloaded => {}
            }
        }
    }

    /// The links that a sound session reads again, because it was to write one to an object that has left it, and has passed
    /// over that. SQLAlchemy goes on showing what was not written.
    fn passed_over(&self, key: ObjectKey) -> Vec<usize> {
        if !self.graph.is_sound() {
            return Vec::new();
        }
        let is_out = |it: &ObjectKey| self.graph.objects.get(*it).is_none_or(|it| it.state == State::Detached);
        let links = self.graph.objects[key].links().map_or(&[][..], |at| &self.graph.links.get(at)[..]);
        let is_passed_over = |link: &Link| match link {
            Link::One { target, since } => *since != Since::Unchanged && target.as_ref().is_some_and(is_out),
            Link::Many(collection) => {
                collection.pending.is_some() && collection.members.as_ref().is_some_and(|it| it.iter().any(is_out))
            }
            Link::Unloaded => false,
        };
        links.iter().enumerate().filter(|it| is_passed_over(it.1)).map(|it| it.0).collect()
    }

    /// The row is gone: the identity map forgets it.
    pub(in crate::object) fn settle_deleted(&mut self, key: ObjectKey) {
        let root = self.graph.root(self.graph.objects[key].class);
        if let Some(identity) = self.graph.identity(key) {
            self.graph.identities[root.index()].remove(&identity, key);
        }
        self.graph.objects[key].marked = false;
        self.graph.has_gone = true;
        self.graph.change_state(key, State::Deleted);
        self.frame().deleted.push(key);
    }
}
