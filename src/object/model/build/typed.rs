//! A relation whose direction is declared: which foreign key it follows.

use super::determine::Side;
use super::join::Joined;
use crate::error::{Fault, Mistake, closest};
use crate::id::{ColumnId, TableId};
use crate::object::class::{AssociationTable, Pattern, Relationship};
use crate::object::model::{ClassModel, Join, ThroughLayout};
use crate::schema::{Action, Name, ReferenceSchema, Schema, Timing};

/// Follows the foreign key of a relation between two classes.
pub(super) struct Follower<'a> {
    pub(super) schema: &'a Schema,
    pub(super) owner: &'a ClassModel,
    pub(super) target: &'a ClassModel,
    pub(super) relation: &'a Relationship,
    /// The other side, if it is declared.
    pub(super) inverse: Option<&'a Relationship>,
    pub(super) place: String,
}

impl Follower<'_> {
    /// Whether foreign keys alone tell how a relation is joined.
    pub(super) fn follows(relation: &Relationship) -> bool {
        let said = relation.primary_join.is_some()
            || relation.secondary_join.is_some()
            || !relation.foreign_keys.is_empty()
            || !relation.remote_side.is_empty();
        match &relation.pattern {
            Pattern::Found => false,
            Pattern::ManyToMany(between) => !said && (between.made.is_some() || !between.own.is_empty()),
            Pattern::BelongsTo | Pattern::HasOne | Pattern::HasMany => !said,
        }
    }

    pub(super) fn follow(&self) -> Result<Joined, Mistake> {
        let join = match &self.relation.pattern {
            Pattern::ManyToMany(between) => self.through(between)?,
            Pattern::BelongsTo | Pattern::Found => self.belongs_to()?,
            Pattern::HasOne | Pattern::HasMany => self.has()?,
        };
        Ok((join, None))
    }

    /// The only foreign key between two sides, or the one over the named columns. The own table of the first is asked
    /// before those of its bases.
    fn reference(&self, from: &Side, via: &[Name], to: &Side) -> Result<&ReferenceSchema, Mistake> {
        let wrong = |problem: String, advice: String| Mistake::new(&*self.place, problem, advice);
        let own = self.schema.table(from.own);
        let tables = || std::iter::once(from.own).chain(from.tables.iter().copied().filter(|&it| it != from.own));
        let named = |table: TableId| -> Option<Vec<ColumnId>> {
            via.iter().map(|it| self.schema.table(table).column_named(it).ok()).collect()
        };
        if tables().all(|it| named(it).is_none()) {
            let hint = closest(via.first().map_or("", |it| it), own.columns.iter().map(|it| it.name.as_str()));
            return Err(wrong(format!("`{}` has no columns ({})", own.name, via.join(", ")), hint));
        }
        let target = self.schema.table(to.own);
        for table in tables() {
            let Some(wanted) = named(table) else { continue };
            let same = |it: &&ReferenceSchema| {
                wanted.is_empty() || (it.columns.len() == wanted.len() && wanted.iter().all(|c| it.columns.contains(c)))
            };
            let all = self.schema.table(table).outbound.iter().map(|&it| self.schema.reference(it));
            let leads = |it: &&ReferenceSchema| to.tables.contains(&it.target) && !self.is_inheritance(it);
            let found: Vec<&ReferenceSchema> = all.filter(leads).filter(same).collect();
            match found.as_slice() {
                [one] => return Ok(one),
                [] => {}
                many => {
                    let table = self.schema.table(table);
                    let ways: Vec<String> = many.iter().map(|it| table.names(&it.columns).join(", ")).collect();
                    let problem =
                        format!("{} foreign keys lead from `{}` to `{}`", many.len(), table.name, target.name);
                    let mistake = wrong(problem, format!("name one with `via`: {}", ways.join(" or ")));
                    return Err(mistake.fault(Fault::AmbiguousForeignKeys));
                }
            }
        }
        let problem = format!("no foreign key leads from `{}` to `{}`", own.name, target.name);
        Err(wrong(problem, "declare one on the columns that refer".to_owned()).fault(Fault::NoForeignKeys))
    }

    /// Whether a foreign key joins the table of a class with the one of its base.
    fn is_inheritance(&self, reference: &ReferenceSchema) -> bool {
        [self.owner, self.target].iter().any(|class| {
            let part = class.parts.iter().skip(1).find(|it| it.table_id == reference.table);
            part.is_some_and(|part| {
                let key = |column: &ColumnId| part.key.iter().any(|it| it.1 == *column);
                reference.columns.iter().all(key) && class.parts.iter().any(|it| it.table_id == reference.target)
            })
        })
    }

    /// The attributes in the columns of a foreign key.
    fn attributes(&self, class: &ClassModel, reference: &ReferenceSchema) -> Result<Vec<ColumnId>, Mistake> {
        let attribute = |&it: &ColumnId| {
            let found = class.attribute_at(reference.table, it);
            found.ok_or_else(|| self.no_attribute(class, reference.table, it))
        };
        reference.columns.iter().map(attribute).collect()
    }

    /// The attributes that a foreign key refers to.
    fn sources(&self, class: &ClassModel, reference: &ReferenceSchema) -> Result<Vec<ColumnId>, Mistake> {
        let source = |&it: &ColumnId| {
            let found = class.source_at(reference.target, it);
            found.ok_or_else(|| self.no_attribute(class, reference.target, it))
        };
        reference.target_columns.iter().map(source).collect()
    }

    fn no_attribute(&self, class: &ClassModel, table: TableId, column: ColumnId) -> Mistake {
        let table = self.schema.table(table);
        let column = format!("{}.{}", table.name, table.column(column).name);
        let problem = format!("its foreign key uses `{column}`, which is no attribute of `{}`", class.name);
        Mistake::new(&*self.place, problem, "declare the relation on the class that has it")
    }

    fn belongs_to(&self) -> Result<Join, Mistake> {
        let reference = self.reference(&Side::of(self.owner), &self.relation.via, &Side::of(self.target))?;
        let table = self.schema.table(reference.table);
        let target_columns = self.sources(self.target, reference)?;
        Ok(Join::BelongsTo {
            columns: self.attributes(self.owner, reference)?,
            by_identity: self.target.key == target_columns,
            target_columns,
            nullable: reference.columns.iter().all(|&it| table.column(it).nullable),
            deferred: reference.timing == Timing::InitiallyDeferred,
        })
    }

    fn has(&self) -> Result<Join, Mistake> {
        let via = match self.inverse {
            Some(inverse) if self.relation.via.is_empty() => &inverse.via,
            _ => &self.relation.via,
        };
        let reference = self.reference(&Side::of(self.target), via, &Side::of(self.owner))?;
        Ok(Join::Has {
            columns: self.attributes(self.target, reference)?,
            own_columns: self.sources(self.owner, reference)?,
            one: self.relation.pattern == Pattern::HasOne || self.relation.uselist == Some(false),
        })
    }

    fn through(&self, between: &AssociationTable) -> Result<Join, Mistake> {
        let wrong = |problem: String, advice: &str| Mistake::new(&*self.place, problem, advice);
        let table = self.schema.table_named(&between.table);
        let table = table.map_err(|error| wrong(error.to_string(), "declare the association table"))?;
        let side = Side::table(table.id);
        let own = self.reference(&side, &between.own, &Side::of(self.owner))?;
        let other = self.reference(&side, &between.other, &Side::of(self.target))?;
        if own.id == other.id {
            let advice = "name the columns of each side, `own` and `other`";
            let mistake = wrong("both sides follow the same foreign key".to_owned(), advice);
            return Err(mistake.fault(Fault::AmbiguousForeignKeys));
        }
        let named = |it: &ReferenceSchema| table.names(&it.columns).into_iter().map(Name::from).collect();
        Ok(Join::Through {
            table: table.name.clone().into(),
            own: named(own),
            other: named(other),
            own_columns: self.sources(self.owner, own)?,
            target_columns: self.sources(self.target, other)?,
            cascades: own.on_delete == Action::Cascade,
            one: self.relation.uselist == Some(false),
            layout: ThroughLayout {
                own: own.columns.clone(),
                other: other.columns.clone(),
                width: table.columns.len(),
            },
        })
    }
}
