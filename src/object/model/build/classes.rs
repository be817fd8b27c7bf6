//! The tables and attributes of each class, and how classes inherit.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::attributes;
use super::determine::{Side, join};
use crate::error::{Mistake, closest};
use crate::id::{ClassId, ColumnId};
use crate::object::class::{Class, Inheritance, Polymorphic, Reach, SubclassLoad};
use crate::object::model::{ClassModel, ClassPart, Discriminator};
use crate::record::Tuple;
use crate::schema::{Name, Schema, TableSchema};
use crate::value::{Kind, Value};

/// Resolves every class but its relations; one that cannot be is left out, and `mistakes` says why. The order in which
/// bases come before subclasses stands beside them.
pub(super) fn resolve(
    schema: &Schema,
    classes: &[Class],
    by_name: &HashMap<String, ClassId>,
    mistakes: &mut Vec<Mistake>,
) -> (Vec<Option<ClassModel>>, Vec<ClassId>) {
    let bases = bases(classes, by_name, mistakes);
    let order = bases_first(classes, &bases, mistakes);
    let mut built: Vec<Option<ClassModel>> = classes.iter().map(|_| None).collect();
    for &id in &order {
        let declared = &classes[id.index()];
        let base = match bases[id.index()] {
            None if declared.base.is_some() => continue,
            None => None,
            Some(base) => match &built[base.index()] {
                Some(base) => Some(base),
                None => continue,
            },
        };
        let shape = Shape { schema, classes, bases: &bases, id, declared, base };
        match shape.class() {
            Ok(mut class) => {
                attributes::resolve(&mut class, declared, mistakes);
                mistakes.extend(version(schema, &class, base));
                built[id.index()] = Some(class);
            }
            Err(mistake) => mistakes.push(mistake),
        }
    }
    identities(&built, mistakes);
    for &id in &order {
        let mut at = Some(id);
        while let Some(ancestor) = at {
            if let Some(class) = &mut built[ancestor.index()] {
                class.descendants.push(id);
            }
            at = bases[ancestor.index()];
        }
    }
    (built, order)
}

/// Refuses a version that cannot be counted, or beside which another one would not be.
fn version(schema: &Schema, class: &ClassModel, base: Option<&ClassModel>) -> Option<Mistake> {
    let attribute = class.version_column?;
    let name = &class.columns[attribute.index()];
    let counts = class.place_of(attribute).is_some_and(|it| schema.table(it.0).column(it.1).kind == Kind::Int);
    if !counts {
        let problem = format!("its version `{name}` is no integer column");
        return Some(Mistake::new(&*class.name, problem, "declare the column with `Column::int`"));
    }
    let base = base?;
    let of_base = &base.columns[base.version_column?.index()];
    (of_base != name && class.columns.contains(of_base)).then(|| {
        let problem = format!("`{}` counts the versions of its objects in `{of_base}` already", base.name);
        let advice = format!("leave out `#[version]`: write `{name}: i64`");
        Mistake::new(format!("{}.{name}", class.name), problem, advice)
    })
}

/// Refuses that a row is of two classes.
fn identities(built: &[Option<ClassModel>], mistakes: &mut Vec<Mistake>) {
    let mut seen: Vec<(ClassId, &Value, &ClassModel)> = Vec::new();
    for class in built.iter().flatten() {
        let Some(identity) = &class.identity_value else { continue };
        match seen.iter().find(|it| it.0 == class.root && it.1 == identity) {
            Some((_, _, first)) => {
                let problem =
                    format!("its identity {identity:?} is that of `{}`, so a row would be of both", first.name);
                mistakes.push(Mistake::new(&*class.name, problem, "give it another"));
            }
            None => seen.push((class.root, identity, class)),
        }
    }
}

/// The base of each class that has one.
fn bases(classes: &[Class], by_name: &HashMap<String, ClassId>, mistakes: &mut Vec<Mistake>) -> Vec<Option<ClassId>> {
    let mut base = |class: &Class| {
        let name = class.base.as_ref()?;
        let found = by_name.get(&**name).copied();
        if found.is_none() {
            let hint = closest(name, classes.iter().map(|it| &*it.name));
            mistakes.push(Mistake::new(
                &*class.name,
                format!("inherits from `{name}`, which is not part of the model"),
                hint,
            ));
        }
        found
    };
    classes.iter().map(&mut base).collect()
}

/// Bases before subclasses. A class that inherits from itself is left out.
fn bases_first(classes: &[Class], bases: &[Option<ClassId>], mistakes: &mut Vec<Mistake>) -> Vec<ClassId> {
    let mut depths = Vec::with_capacity(classes.len());
    for position in 0..classes.len() {
        let (mut depth, mut at) = (0, bases[position]);
        while let Some(base) = at.filter(|_| depth <= classes.len()) {
            (depth, at) = (depth + 1, bases[base.index()]);
        }
        if depth > classes.len() {
            let name = &*classes[position].name;
            mistakes.push(Mistake::new(name, "inherits from itself", "let one of the ring inherit from nothing"));
        } else {
            depths.push((depth, ClassId::new(position as u16)));
        }
    }
    depths.sort();
    depths.into_iter().map(|(_, id)| id).collect()
}

/// What is known when one class is resolved.
struct Shape<'a> {
    schema: &'a Schema,
    classes: &'a [Class],
    bases: &'a [Option<ClassId>],
    id: ClassId,
    declared: &'a Class,
    base: Option<&'a ClassModel>,
}

impl Shape<'_> {
    fn wrong(&self, problem: impl Into<String>, advice: impl Into<String>) -> Mistake {
        Mistake::new(&*self.declared.name, problem, advice)
    }

    fn class(&self) -> Result<ClassModel, Mistake> {
        let polymorphic = self.declared.polymorphic.clone().unwrap_or_default();
        let kind = self.kind(&polymorphic)?;
        let mut class = match (self.base, kind) {
            (Some(base), Some(Inheritance::Single)) => self.single(base)?,
            (Some(base), Some(Inheritance::Joined)) => self.joined(base)?,
            _ => self.alone()?,
        };
        class.inheritance = kind;
        class.unique = self.unique(&class);
        class.base = self.base.map(|it| it.id);
        if let Some(base) = self.base.filter(|_| kind != Some(Inheritance::Concrete)) {
            class.auto = base.auto;
            class.key = base.key.clone();
            class.version_column = base.version_column;
            class.deferred = base.deferred.clone();
            class.raise_deferred = base.raise_deferred.clone();
            class.active_history = base.active_history.clone();
            class.computed = base.computed.clone();
            // A row cannot tell that it is of a class without a value for it, so its objects are known by themselves.
            class.root = if polymorphic.identity.is_some() || polymorphic.is_abstract { base.root } else { self.id };
        }
        class.identity_value = polymorphic.identity.clone();
        class.discriminator = self.discriminator(&class, &polymorphic)?;
        (class.reach, class.load) = (polymorphic.reach, polymorphic.load);
        class.is_abstract = polymorphic.is_abstract;
        self.without_rows(&class)?;
        Ok(class)
    }

    /// Refuses an abstract class that says where its rows are, or what they hold.
    fn without_rows(&self, class: &ClassModel) -> Result<(), Mistake> {
        let (concrete, identity) = (Some(Inheritance::Concrete), class.identity_value.as_ref());
        let problem = match identity {
            _ if !class.is_abstract => return Ok(()),
            Some(identity) => format!("it is abstract, so no row holds its identity {identity:?}"),
            None if class.inheritance == concrete => format!("it is abstract, so `{}` would be empty", class.table),
            None => return Ok(()),
        };
        Err(self.wrong(problem, "let it have rows of its own, or leave that out"))
    }

    /// The attributes that unique keys of its tables read.
    fn unique(&self, class: &ClassModel) -> Vec<ColumnId> {
        let mut unique = Vec::new();
        for part in &class.parts {
            let keys = self.schema.table(part.table_id).indexes.iter().filter(|it| it.is_unique());
            let read =
                keys.flat_map(|it| &it.reads).filter_map(|column| part.columns.iter().find(|it| it.1 == *column));
            unique.extend(read.map(|it| it.0));
        }
        unique.sort_unstable();
        unique.dedup();
        unique
    }

    /// The base whose queries are over the tables of all that inherit from it.
    fn union(&self) -> Option<&Class> {
        let mut at = self.bases[self.id.index()];
        // A class that inherits from itself is refused before.
        while let Some(base) = at {
            let class = &self.classes[base.index()];
            if class.polymorphic.as_ref().is_some_and(|it| it.reach == Reach::Union) {
                return Some(class);
            }
            at = self.bases[base.index()];
        }
        None
    }

    /// How the class stands to its base.
    fn kind(&self, polymorphic: &Polymorphic) -> Result<Option<Inheritance>, Mistake> {
        let Some(base) = self.base else {
            return Ok(None);
        };
        let own = self.declared.table.as_ref().filter(|it| it.name() != base.table);
        let kind = polymorphic.kind.unwrap_or(if own.is_some() { Inheritance::Joined } else { Inheritance::Single });
        if let (true, Some(union)) = (kind != Inheritance::Concrete, self.union()) {
            let problem = format!("queries on `{}` read whole tables, and it has none of its own", union.name);
            return Err(self.wrong(problem, "give it one: `concrete`, or Inheritance::Concrete"));
        }
        match (kind, own) {
            (Inheritance::Single, Some(own)) => {
                let problem =
                    format!("its rows stand in the table of `{}`, but it has `{}` too", base.name, own.name());
                Err(self.wrong(problem, "declare it with `Class::inheriting`, or as Inheritance::Joined"))
            }
            (Inheritance::Joined | Inheritance::Concrete, None) => {
                Err(self.wrong("it has no table of its own", "declare it with `Class::new`, or as Inheritance::Single"))
            }
            (kind, _) => Ok(Some(kind)),
        }
    }

    fn table(&self) -> Result<&TableSchema, Mistake> {
        let Some(table) = &self.declared.table else {
            return Err(self.wrong("it has no table", "declare it with `Class::new`, or name its base"));
        };
        let found = self.schema.table_named(table.name());
        found.map_err(|error| self.wrong(error.to_string(), "declare the table"))
    }

    /// A class with a table of its own and nothing of another.
    fn alone(&self) -> Result<ClassModel, Mistake> {
        let table = self.table()?;
        let key = table.primary_key().map(|it| it.columns.clone()).unwrap_or_default();
        if key.is_empty() {
            let advice = "an object is known by its key: declare a primary key";
            return Err(self.wrong(format!("`{}` has no primary key", table.name), advice));
        }
        let mut class = self.empty(table);
        let columns = self.own_part(table, &mut class);
        let of = |column: &ColumnId| columns.iter().find(|it| it.1 == *column).copied();
        let key: Vec<(ColumnId, ColumnId)> = key.iter().filter_map(of).collect();
        class.key = key.iter().map(|it| it.0).collect();
        class.auto = table.auto.is_some();
        class.is_leaf = table.inbound.is_empty();
        class.parts = vec![ClassPart { table: table.name.clone().into(), table_id: table.id, columns, key }];
        Ok(class)
    }

    /// The columns of the base, and those of its table that only this class has.
    fn single(&self, base: &ClassModel) -> Result<ClassModel, Mistake> {
        let table = self.schema.table(base.table_id);
        let mut class = self.empty(table);
        (class.columns, class.parts, class.is_leaf) = (base.columns.clone(), base.parts.clone(), base.is_leaf);
        class.given.clone_from(&base.given);
        let given: Vec<&Name> = self.declared.added.iter().flat_map(|it| it.given_columns()).collect();
        let part = class.parts.last_mut().expect("a class has a table");
        for name in &self.declared.own_columns {
            let column = table.column_named(name).map_err(|error| self.wrong(error.to_string(), ""))?;
            if part.columns.iter().all(|it| it.1 != column) {
                let attribute = ColumnId::new(class.columns.len() as u16);
                part.columns.push((attribute, column));
                class.columns.push(name.clone());
                class.given.extend(given.contains(&name).then_some(attribute));
            }
        }
        Ok(class)
    }

    /// The columns of the base, and those of a table whose key refers to the one of the base.
    fn joined(&self, base: &ClassModel) -> Result<ClassModel, Mistake> {
        let table = self.table()?;
        let mut class = self.empty(table);
        (class.columns, class.parts, class.given) = (base.columns.clone(), base.parts.clone(), base.given.clone());
        class.is_leaf = base.is_leaf && table.inbound.is_empty();
        let pairs = match self.declared.structure.as_ref().and_then(|_| self.by_own_key(base, table)) {
            Some(pairs) => pairs,
            None => join(self.schema, &Side::table(base.table_id), &Side::table(table.id), &[]).map_err(|it| {
                it.mistake(
                    self.schema,
                    self.declared.name.to_string(),
                    &base.table,
                    &table.name,
                    "Inheritance::Concrete",
                )
            })?,
        };
        let columns = self.own_part(table, &mut class);
        let of_base = |it: (_, _)| base.source_at(it.0, it.1);
        let key = pairs.iter().filter_map(|&(to, from)| {
            let (outer, inner) = if from.0 == table.id { (to, from) } else { (from, to) };
            Some((of_base(outer)?, inner.1))
        });
        let key = key.collect();
        class.parts.push(ClassPart { table: table.name.clone().into(), table_id: table.id, columns, key });
        Ok(class)
    }

    /// The foreign key that leads from the primary key of a table to the table of the base: whatever others lead there or
    /// back, it is what makes two rows one object.
    fn by_own_key(&self, base: &ClassModel, table: &TableSchema) -> Option<super::determine::Pairs> {
        let key = &table.primary_key()?.columns;
        let mut references = table.outbound.iter().map(|&it| self.schema.reference(it));
        let found = references.find(|it| it.target == base.table_id && it.columns == *key)?;
        let pairs = found.target_columns.iter().zip(&found.columns);
        Some(pairs.map(|(&to, &from)| ((found.target, to), (found.table, from))).collect())
    }

    /// Adds the columns of the own table that no subclass has to itself; one that is named like an attribute that is
    /// there is the same attribute.
    fn own_part(&self, table: &TableSchema, class: &mut ClassModel) -> Vec<(ColumnId, ColumnId)> {
        let taken = self.taken();
        let mut columns = Vec::with_capacity(table.columns.len());
        for column in table.column_ids() {
            let name = &table.column(column).name;
            if taken.contains(&name.as_str()) {
                continue;
            }
            let position = class.columns.iter().position(|it| it == name).unwrap_or_else(|| {
                class.columns.push(name.clone().into());
                class.columns.len() - 1
            });
            columns.push((ColumnId::new(position as u16), column));
        }
        columns
    }

    /// The columns that subclasses without a table of their own have to themselves.
    fn taken(&self) -> Vec<&str> {
        let holder = |mut at: usize| {
            // A class that inherits from itself is refused elsewhere, but must not be followed for ever.
            for _ in 0..self.classes.len() {
                match (&self.classes[at].table, self.bases[at]) {
                    (None, Some(base)) => at = base.index(),
                    _ => break,
                }
            }
            at
        };
        let sharing = (0..self.classes.len()).filter(|&it| it != self.id.index() && holder(it) == self.id.index());
        sharing.flat_map(|it| &self.classes[it].own_columns).map(|it| &**it).collect()
    }

    fn discriminator(&self, class: &ClassModel, polymorphic: &Polymorphic) -> Result<Option<Discriminator>, Mistake> {
        let Some(on) = &polymorphic.on else {
            return Ok(self.base.and_then(|it| it.discriminator.clone()));
        };
        if polymorphic.reach == Reach::Union {
            return Ok(Some(Discriminator::Table(on.clone())));
        }
        let found = class.columns.iter().position(|it| it == on);
        match found {
            Some(position) => Ok(Some(Discriminator::Column(ColumnId::new(position as u16)))),
            None => {
                let hint = closest(on, class.columns.iter().map(|it| &**it));
                Err(self.wrong(format!("its discriminator `{on}` is no attribute"), hint))
            }
        }
    }

    fn empty(&self, table: &TableSchema) -> ClassModel {
        ClassModel {
            id: self.id,
            name: self.declared.name.to_string(),
            table: Name::from(table.name.clone()),
            table_id: table.id,
            key: Vec::new(),
            auto: false,
            columns: Vec::new(),
            given: Vec::new(),
            prototype: Tuple::nulls(0).into_row(),
            relations: Vec::new(),
            base: None,
            root: self.id,
            descendants: Vec::new(),
            inheritance: None,
            parts: Vec::new(),
            discriminator: None,
            identity_value: None,
            is_abstract: false,
            reach: Reach::Own,
            load: SubclassLoad::OnAccess,
            deferred: Vec::new(),
            raise_deferred: Vec::new(),
            active_history: Vec::new(),
            unique: Vec::new(),
            followed: Vec::new(),
            version_column: None,
            computed: Vec::new(),
            is_leaf: false,
            quiet: OnceLock::new(),
            by_key: OnceLock::new(),
            insert: OnceLock::new(),
            delete: OnceLock::new(),
        }
    }
}
