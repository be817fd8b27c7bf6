//! Trees of objects that refer to their own class: everything below or above one of them, by one recursive query for the
//! keys and one for the objects, however deep the tree is.

use rustc_hash::{FxHashMap, FxHashSet};

use super::condition::ToOne;
use super::entity::{Entity, Many, Relation};
use super::model::{ClassModel, Join, RelationModel};
use super::reference::{ObjectKey, Ref};
use super::select::{Selection, Term};
use super::session::{Core, Session};
use crate::error::{Misuse, Result};
use crate::expr::{Expr, Expression};
use crate::id::{ColumnId, RelationId};
use crate::query::{Input, Leaf, Select, SetOperation, Source};
use crate::schema::Name;
use crate::value::Value;

/// How many objects are asked for by one statement.
const BATCH: usize = 500;

/// An object below another, and the way there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch<T> {
    /// The object.
    pub object: Ref<T>,
    /// How far below it stands: a child is at 1.
    pub depth: u32,
    /// The objects from the child on the way to this one, itself included.
    pub path: Vec<Ref<T>>,
}

impl Session {
    /// All objects below one, along a collection that leads to its own class: children before grandchildren, each with
    /// its depth and path, down to a depth if one is given. A ring ends where it comes back. Each path is a list of its
    /// own, so those of a chain of a thousand hold half a million references.
    ///
    /// ```
    /// use diptych::prelude::*;
    ///
    /// #[derive(Entity, Clone, Debug)]
    /// #[belongs_to(boss: Employee, via = boss_id, inverse = reports)]
    /// #[has_many(reports: Employee, inverse = boss)]
    /// struct Employee {
    ///     #[key(auto)] id: Id<Employee>,
    ///     name: String,
    ///     #[references(Employee)] boss_id: Option<Id<Employee>>,
    /// }
    ///
    /// # fn main() -> Result<()> {
    /// let mut session = Database::of::<(Employee,)>()?.session();
    /// let named = |name: &str| Employee { name: name.into(), ..Employee::draft() };
    /// let ann = session.add(named("Ann"));
    /// let bob = session.push(ann, Employee::reports, named("Bob"))?;
    /// let cy = session.push(bob, Employee::reports, named("Cy"))?;
    ///
    /// let below = session.descendants(ann, Employee::reports, None)?;
    /// assert_eq!((below.len(), below[1].object, below[1].depth), (2, cy, 2));
    /// assert_eq!(below[1].path, [bob, cy]);
    /// assert_eq!(session.descendants(ann, Employee::reports, Some(1))?.len(), 1);
    /// assert_eq!(session.ancestors(cy, Employee::boss)?, [bob, ann]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the reference is not of this session, the relation is not one-to-many by the class's key, or reading fails.
    pub fn descendants<T, R>(&self, object: Ref<T>, _: R, depth: Option<u32>) -> Result<Vec<Branch<T>>>
    where
        T: Entity,
        R: Relation<Owner = T, Target = T, Arity = Many>,
    {
        let key = self.check(object)?;
        let found = self.core.borrow_mut().told_while_shared(|core| core.descendants(key, R::RELATION, depth))?;
        let branch = |it: Found| Branch {
            object: self.refer(it.object),
            depth: it.path.len() as u32,
            path: it.path.iter().map(|it| self.refer(*it)).collect(),
        };
        Ok(found.into_iter().map(branch).collect())
    }

    /// All objects above one, along a reference that leads to its own class: the parent first, the root last.
    ///
    /// # Errors
    /// As [`descendants`](Session::descendants).
    pub fn ancestors<T, R>(&self, object: Ref<T>, _: R) -> Result<Vec<Ref<T>>>
    where
        T: Entity,
        R: Relation<Owner = T, Target = T>,
        R::Arity: ToOne,
    {
        let key = self.check(object)?;
        let found = self.core.borrow_mut().told_while_shared(|core| core.ancestors(key, R::RELATION))?;
        Ok(found.into_iter().map(|it| self.refer(it)).collect())
    }
}

struct Found {
    object: ObjectKey,
    path: Vec<ObjectKey>,
}

fn of(source: u8, name: &Name) -> Expr<Leaf> {
    Expr::Leaf(Leaf::Column { up: 0, source, name: name.clone() })
}

fn all_equal(pairs: impl Iterator<Item = (Expr<Leaf>, Expr<Leaf>)>) -> Expr<Leaf> {
    Expr::And(pairs.map(|(a, b)| a.eq(b)).collect())
}

impl Core {
    fn descendants(&mut self, from: ObjectKey, relation: RelationId, depth: Option<u32>) -> Result<Vec<Found>> {
        let (model, class) = self.graph.class_of(from);
        // Whatever the object is a case of, the others are objects of the class that declares the relation.
        let (class, _) = self.graph.declared(class, relation);
        let (class, declared) = (model.class(class), model.relation(class, relation));
        let Join::Has { columns, own_columns, .. } = &declared.join else { return Err(no_tree(class, declared)) };
        if *own_columns != class.key || declared.condition.is_some() || class.parts.len() > 1 {
            return Err(no_tree(class, declared));
        }
        self.before_query()?;
        let start = self.scalars(from, &class.key)?;
        let keys = self.keys_of_tree(class, &start, &class.key, columns, depth)?;
        let objects = self.objects_by_keys(class, keys)?;
        let mut children: FxHashMap<Vec<Value>, Vec<ObjectKey>> = FxHashMap::default();
        for object in objects {
            children.entry(self.scalars(object, columns)?).or_default().push(object);
        }
        let mut found: Vec<Found> = Vec::new();
        let mut seen: FxHashSet<ObjectKey> = FxHashSet::from_iter([from]);
        let mut next = vec![(start, Vec::new())];
        while !next.is_empty() && depth.is_none_or(|it| next[0].1.len() < it as usize) {
            let mut below = Vec::new();
            for (key, path) in next {
                for &object in children.get(&key).into_iter().flatten().filter(|it| seen.insert(**it)) {
                    let path = [path.as_slice(), &[object]].concat();
                    below.push((self.scalars(object, &class.key)?, path.clone()));
                    found.push(Found { object, path });
                }
            }
            next = below;
        }
        Ok(found)
    }

    fn ancestors(&mut self, from: ObjectKey, relation: RelationId) -> Result<Vec<ObjectKey>> {
        let (model, class) = self.graph.class_of(from);
        // Whatever the object is a case of, the others are objects of the class that declares the relation.
        let (class, _) = self.graph.declared(class, relation);
        let (class, declared) = (model.class(class), model.relation(class, relation));
        let Join::BelongsTo { columns, by_identity: true, .. } = &declared.join else {
            return Err(no_tree(class, declared));
        };
        if declared.condition.is_some() || class.parts.len() > 1 {
            return Err(no_tree(class, declared));
        }
        self.before_query()?;
        let start = self.scalars(from, columns)?;
        let mut ancestors = Vec::new();
        if start.iter().any(Value::is_null) {
            return Ok(ancestors);
        }
        let keys = self.keys_of_tree(class, &start, columns, &class.key, None)?;
        self.objects_by_keys(class, keys)?;
        let (mut at, mut seen) = (from, FxHashSet::from_iter([from]));
        while let Some(parent) = self.load_one(at, relation)?.filter(|it| seen.insert(*it)) {
            ancestors.push(parent);
            at = parent;
        }
        Ok(ancestors)
    }

    /// The keys of a tree's rows: the row whose `gives` columns lead on is joined with those whose `takes` columns hold
    /// the same. UNION passes over what was found before, so that a ring comes to an end.
    fn keys_of_tree(
        &mut self,
        class: &ClassModel,
        start: &[Value],
        gives: &[ColumnId],
        takes: &[ColumnId],
        depth: Option<u32>,
    ) -> Result<Vec<Vec<Value>>> {
        let common: Name = "tree".into();
        let columns: Vec<Name> = (0..gives.len()).map(|it| format!("c{it}").into()).collect();
        let (gives, takes, level) = (class.names(gives), class.names(takes), Name::from("depth"));
        let mut first: Vec<Expr<Leaf>> = start.iter().cloned().map(Expr::Value).collect();
        let mut next: Vec<Expr<Leaf>> = gives.iter().map(|it| of(0, it)).collect();
        let mut names = columns.clone();
        if depth.is_some() {
            first.push(Expr::from(0));
            next.push(of(1, &level).plus(1));
            names.push(level.clone());
        }
        let first = Select::from(Source::Nothing).values(first);
        let on = all_equal(takes.iter().zip(&columns).map(|(own, there)| (of(0, own), of(1, there))));
        let mut below = Select::from(class.table.clone()).join(Source::Common(common.clone()), on).values(next);
        if let Some(depth) = depth {
            below = below.filter(of(1, &level).lt(i64::from(depth)));
        }
        let tree = first.compound(SetOperation::Union, below);
        let select = Select::from(Source::Common(common.clone())).with(common, names, tree);
        let select = select.values(columns.iter().map(|it| of(0, it)));
        let prepared = self.connection.prepare(select.into())?;
        let found = self.connection.run(&prepared, Input::Values(&[]))?;
        let keys = found.rows.to_values().into_iter();
        Ok(keys.filter(|it| !it.iter().any(Value::is_null)).collect())
    }

    pub(super) fn objects_by_keys(&mut self, class: &ClassModel, keys: Vec<Vec<Value>>) -> Result<Vec<ObjectKey>> {
        let names = class.names(&class.key);
        let column = |name: &Name| Expr::Leaf(Term::Column { of: None, name: name.clone() });
        let mut objects = Vec::with_capacity(keys.len());
        for keys in keys.chunks(BATCH) {
            let filter = if let [name] = names.as_slice() {
                column(name).in_list(keys.iter().map(|it| Expr::Value(it[0].clone())))
            } else {
                let one = |key: &Vec<Value>| {
                    let pairs = names.iter().zip(key);
                    Expr::And(pairs.map(|(name, value)| column(name).eq(Expr::Value(value.clone()))).collect())
                };
                Expr::Or(keys.iter().map(one).collect())
            };
            objects.extend(self.select(class.id, &Selection::default().filter(filter))?);
        }
        Ok(objects)
    }
}

fn no_tree(class: &ClassModel, relation: &RelationModel) -> crate::error::Error {
    let reason = format!("{}.{} is no tree: it has to lead to its own class by its key", class.name, relation.name);
    Misuse::Statement { reason }.into()
}
