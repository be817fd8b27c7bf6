//! A plan of a delete is what the delete does, seen: it is carried out on a copy of the session over a fork, and each
//! row that has changed there is led back to the object.

use rustc_hash::FxHashMap;
use std::collections::VecDeque;

use super::{DeleteCause, DeletePlan, DeleteStep, Mechanism};
use crate::error::{ErrorKind, Misuse, Result, RowFact};
use crate::id::{ClassId, ColumnId, TableId};
use crate::object::flush::Seen;
use crate::object::reference::{ObjectKey, Ref};
use crate::object::session::{Core, Session};
use crate::object::touched::Along;
use crate::object::trace::{Reached, Trace, Way};
use crate::query::{Cause, ChangeSet, Control, RowDifference};
use crate::record::{changed_columns, project};
use crate::schema::{Action, Schema};
use crate::value::Value;

impl Session {
    /// What [`delete`](Session::delete) of the object and the next flush would do to rows, over both layers: what the
    /// session does along relations, what foreign keys do behind it, and which listeners are told of what. Nothing has changed
    /// afterwards, nobody is called, and the session has loaded nothing: the delete is carried out on a copy of the session
    /// over a fork of the tables. With autoflush, what is pending is flushed there first, and without, together with the
    /// delete.
    ///
    /// What it costs beside the delete itself grows with what the session holds: some tens of bytes are copied for each
    /// object, and their rows are shared. In release builds that has taken tens of nanoseconds an object, two milliseconds
    /// beside 100,000. What is pending costs what its flush costs. Where many plans are asked for, a session of their own
    /// that holds little makes them cheap.
    ///
    /// # Errors
    /// When the reference is not of this session, the object has no row, or pending changes cannot be flushed. What
    /// refuses the delete is part of the answer.
    pub fn plan_delete<T: ?Sized>(&self, object: Ref<T>) -> Result<DeletePlan> {
        let key = self.check(object)?;
        self.core.borrow_mut().plan_delete(key)
    }

    /// Deletes an object and flushes, if that does to rows what a plan has said, and nothing else: whoever has looked at a
    /// plan, or asked somebody about it, carries out what was seen.
    ///
    /// ```
    /// use diptych::prelude::*;
    ///
    /// #[derive(Entity, Clone, Debug)]
    /// #[has_many(posts: Post, inverse = author, cascade(all))]
    /// struct User { #[key(auto)] id: Id<User> }
    ///
    /// #[derive(Entity, Clone, Debug)]
    /// #[belongs_to(author: User, inverse = posts)]
    /// struct Post { #[key(auto)] id: Id<Post>, #[references(User)] author_id: Id<User> }
    ///
    /// # fn main() -> Result<()> {
    /// let mut session = Database::of::<(User, Post)>()?.session();
    /// let ada = session.add(User::draft());
    /// session.push(ada, User::posts, Post::draft())?;
    /// session.commit()?;
    /// let plan = session.plan_delete(ada)?;
    ///
    /// session.push(ada, User::posts, Post::draft())?;
    /// let refused = session.delete_as_planned(ada, &plan).expect_err("there is another post now");
    /// assert_eq!(refused.to_string(), "to delete User[1] would do otherwise than planned to posts[2]; plan it again");
    ///
    /// let plan = session.plan_delete(ada)?;
    /// session.delete_as_planned(ada, &plan)?;
    /// session.commit()
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Misuse::OtherPlan`] with the rows to which something else would be done, or with none if what would be refused
    /// differs; then nothing is done. What refuses the plan, refuses this.
    #[track_caller]
    pub fn delete_as_planned<T: ?Sized>(&mut self, object: Ref<T>, plan: &DeletePlan) -> Result<()> {
        let now = self.plan_delete(object)?;
        if now.steps != plan.steps || now.refusals != plan.refusals {
            let key = self.check(object)?;
            let object = self.core.borrow().graph.name(key);
            return Err(Misuse::OtherPlan { object, rows: now.other_rows(plan) }.into());
        }
        self.delete(object)?;
        self.flush()
    }
}

impl Core {
    fn plan_delete(&mut self, key: ObjectKey) -> Result<DeletePlan> {
        let state = self.object(key)?.state;
        let Some(identity) = self.graph.identity(key).filter(|_| self.graph.has_identity(key)) else {
            let (object, state) = (self.graph.name(key), state.name());
            return Err(Misuse::State { object, state, wanted: "only an object that has a row can be deleted" }.into());
        };
        let mut stage = self.rehearse()?;
        if stage.graph.objects[key].marked {
            stage.graph.objects[key].marked = false;
        } else if stage.wants_flush() {
            stage.flush()?;
            stage.connection = stage.connection.rehearse()?;
        }
        let schema = stage.connection.schema().clone();
        let table = stage.graph.model.class(stage.graph.objects[key].class).table.clone();
        let plain = stage.connection.preview_delete(&table, &identity.to_values())?.outline(&schema);
        stage.trace = Some(Trace::default());
        stage.delete(key)?;
        let seen = stage.flush_in_view()?;
        let trace = stage.trace.take().unwrap_or_default();
        let (nodes, places, mut refusals) = (Vec::new(), Vec::new(), Vec::new());
        let mut story = Story { root: key, trace: &trace, seen: &seen, nodes, places };
        match &seen.outcome {
            Ok(()) => {
                let changes = stage.connection.changes()?;
                story.tell(&stage, &changes);
                if let Err(error) = stage.connection.control(Control::Commit)
                    && let ErrorKind::Open(open) = error.kind()
                {
                    refusals.clone_from(open);
                }
            }
            Err(error) => match error.violation() {
                Some(violation) => {
                    refusals.push(violation.clone());
                    story.tell_refused(&stage);
                }
                None => return Err(error.clone()),
            },
        }
        let (steps, classes): (Vec<DeleteStep>, Vec<Option<ClassId>>) = story.steps().into_iter().unzip();
        let listeners = self.listeners.planned(&self.graph.model, &steps, &classes);
        Ok(DeletePlan { steps, refusals, plain, listeners })
    }

    /// The rows of some objects, by table and key, and by which columns the rows of each table are objects.
    fn rows_of(&self, objects: impl Iterator<Item = ObjectKey>) -> (Objects, FxHashMap<TableId, Vec<ColumnId>>) {
        let (mut rows, mut keys) = (Objects::default(), FxHashMap::default());
        for object in objects {
            let Some(identity) = self.graph.identity(object) else { continue };
            for part in &self.graph.model.class(self.graph.objects[object].class).parts {
                keys.entry(part.table_id).or_insert_with(|| part.key.iter().map(|it| it.1).collect());
                rows.insert((part.table_id, identity.to_values()), object);
            }
        }
        (rows, keys)
    }
}

type Objects = FxHashMap<(TableId, Vec<Value>), ObjectKey>;

/// A row with what is known of how it was reached.
struct Node {
    row: RowFact,
    set: Option<Vec<(String, Value)>>,
    /// The object whose row it is.
    object: Option<ObjectKey>,
    /// The class of which the row is an object, if it is one.
    class: Option<ClassId>,
    cause: Option<(From, String, Mechanism)>,
}

/// Where the way to a row comes from.
#[derive(Clone, Copy)]
enum From {
    /// The row at this position of the change set.
    Row(usize),
    Object(ObjectKey),
}

struct Story<'s> {
    root: ObjectKey,
    trace: &'s Trace,
    seen: &'s Seen,
    nodes: Vec<Node>,
    /// Which node each row of the change set is.
    places: Vec<Option<usize>>,
}

impl Story<'_> {
    /// Every row that has changed, with what reached it.
    fn tell(&mut self, core: &Core, changes: &ChangeSet) {
        let (objects, keys) = core.rows_of(self.trace.reached.keys().copied().chain([self.root]));
        let schema = core.connection.schema();
        for change in &changes.changes {
            self.places.push(None);
            let Some(before) = &change.row.before else { continue };
            let table = change.row.table;
            let key_of = |columns: &Vec<ColumnId>| (table, project(&**before, columns));
            let object = keys.get(&table).and_then(|it| objects.get(&key_of(it))).copied();
            let link = self.seen.sides.get(&table).and_then(|it| self.seen.associations.get(&key_of(it)));
            let cause = match (&change.cause, object, link) {
                (Cause::Action { by, position: Some(parent), .. }, _, _) => {
                    let (action, reference) = by.split_once(" by ").unwrap_or(("", by));
                    let action = Action::ALL.into_iter().find(|it| it.to_string() == action).unwrap_or_default();
                    Some((From::Row(*parent), reference.to_owned(), Mechanism::Action(action)))
                }
                (_, Some(object), _) if object != self.root => self.reached(object),
                (_, None, Some(Reached { along, by, .. })) => {
                    Some((From::Object(along.from), by.clone(), Mechanism::AssociationRow))
                }
                _ => None,
            };
            if object == Some(self.root) || cause.is_some() {
                self.places.pop();
                self.places.push(Some(self.nodes.len()));
                let (row, set) = told(schema, &change.row);
                let class = match object {
                    Some(object) => Some(core.graph.objects[object].class),
                    None => core.graph.model.class_of_object(table, before),
                };
                self.nodes.push(Node { row, set, object, class, cause });
            }
        }
    }

    /// The rows of the objects that the session would change, where nothing came of it.
    fn tell_refused(&mut self, core: &Core) {
        let deleted = self.seen.plan.deleted().iter().map(|it| (*it, None));
        let cleared = self.seen.plan.cleared().map(|(it, columns)| (it, Some(columns.to_vec())));
        let all: Vec<(ObjectKey, Option<Vec<ColumnId>>)> = deleted.chain(cleared).collect();
        let mut told = rustc_hash::FxHashSet::default();
        for (object, columns) in all {
            let cause = if object == self.root { None } else { self.reached(object) };
            let Some(identity) = core.graph.identity(object).filter(|_| object == self.root || cause.is_some()) else {
                continue;
            };
            if !told.insert(object) {
                continue;
            }
            let class = core.graph.model.class(core.graph.objects[object].class);
            let set = columns.map(|it| class.names(&it).iter().map(|it| (it.to_string(), Value::Null)).collect());
            let row = RowFact { table: class.parts[0].table.to_string(), key: identity.to_values() };
            self.nodes.push(Node { row, set, object: Some(object), class: Some(class.id), cause });
        }
    }

    fn reached(&self, object: ObjectKey) -> Option<(From, String, Mechanism)> {
        let Reached { along: Along { from, .. }, by, way } = self.trace.reached.get(&object)?;
        let mechanism = match way {
            Way::Cascade => Mechanism::ObjectCascade,
            Way::Orphan => Mechanism::Orphan,
            Way::SetNull => Mechanism::SetNull,
        };
        Some((From::Object(*from), by.clone(), mechanism))
    }

    /// The steps: what leads back to the object, in the order in which that reaches it. Each with the class of the object
    /// whose row it is.
    fn steps(self) -> Vec<(DeleteStep, Option<ClassId>)> {
        let mut main: FxHashMap<ObjectKey, usize> = FxHashMap::default();
        for (at, node) in self.nodes.iter().enumerate() {
            if let Some(object) = node.object {
                main.entry(object).or_insert(at);
            }
        }
        let mut followers: Vec<Vec<(usize, String, Mechanism)>> = self.nodes.iter().map(|_| Vec::new()).collect();
        for (at, node) in self.nodes.iter().enumerate() {
            let first = node.object.and_then(|it| main.get(&it)).copied().filter(|it| *it != at);
            let (parent, by, mechanism) = match (&node.cause, first) {
                (Some((From::Row(parent), by, mechanism)), _) => (self.places[*parent], by.clone(), *mechanism),
                (_, Some(first)) => (Some(first), self.nodes[first].row.table.clone(), Mechanism::SameObject),
                (Some((From::Object(object), by, mechanism)), None) => {
                    (main.get(object).copied(), by.clone(), *mechanism)
                }
                (None, None) => continue,
            };
            if let Some(parent) = parent {
                followers[parent].push((at, by, mechanism));
            }
        }
        let mut steps: Vec<(DeleteStep, Option<ClassId>)> = Vec::new();
        let mut nodes: Vec<Option<Node>> = self.nodes.into_iter().map(Some).collect();
        let mut work: VecDeque<(usize, Option<DeleteCause>)> = VecDeque::new();
        work.extend(main.get(&self.root).map(|it| (*it, None)));
        while let Some((at, cause)) = work.pop_front() {
            let Some(node) = nodes[at].take() else { continue };
            let step = steps.len();
            // A further row of an object says nothing that its first one does not.
            let is_first = cause.as_ref().is_none_or(|it| it.mechanism != Mechanism::SameObject);
            steps.push((DeleteStep { row: node.row, set: node.set, cause }, node.class.filter(|_| is_first)));
            let next = std::mem::take(&mut followers[at]).into_iter();
            work.extend(next.map(|(at, by, mechanism)| (at, Some(DeleteCause { step, by, mechanism }))));
        }
        steps
    }
}

/// A row as it is before, and what it gets.
fn told(schema: &Schema, row: &RowDifference) -> (RowFact, Option<Vec<(String, Value)>>) {
    let table = schema.table(row.table);
    let before = RowDifference { after: None, ..row.clone() };
    let set = match (&row.before, &row.after) {
        (Some(before), Some(after)) => {
            let changed = changed_columns(&**before, &**after).into_iter();
            Some(changed.map(|it| (table.column(it).name.clone(), after.get(it).to_value())).collect())
        }
        _ => None,
    };
    (before.fact(schema), set)
}
