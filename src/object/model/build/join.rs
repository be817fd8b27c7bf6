//! A relation whose join is found: by the foreign keys of the tables and by what is said about the join.

use super::determine::{Pairs, Place, Side, join};
use super::terms::{Term, Terms, place_named};
use crate::error::Mistake;
use crate::expr::{Comparison, Expr};
use crate::id::{ColumnId, TableId};
use crate::object::class::{Marks, Pattern, Relationship};
use crate::object::model::{ClassModel, Join, JoinLeaf, ThroughLayout};
use crate::schema::{Action, Name, Schema, Timing};

/// How a relation is joined, and what the join asks beyond pairs of columns.
pub(super) type Joined = (Join, Option<Expr<JoinLeaf>>);

/// Finds the join of a relation between two classes.
pub(super) struct Finder<'a> {
    pub(super) schema: &'a Schema,
    pub(super) owner: &'a ClassModel,
    pub(super) target: &'a ClassModel,
    pub(super) relation: &'a Relationship,
    pub(super) place: String,
}

/// Which side has the columns that refer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heading {
    ToOne,
    ToMany,
}

/// Owner, target and the table between.
struct Sides {
    owner: Side,
    target: Side,
    between: Option<Side>,
}

impl Sides {
    fn have(&self, place: Place) -> bool {
        let between = self.between.as_ref().is_some_and(|it| it.has(place));
        between || self.owner.has(place) || self.target.has(place)
    }
}

impl Finder<'_> {
    fn wrong(&self, problem: impl Into<String>, advice: impl Into<String>) -> Mistake {
        Mistake::new(&*self.place, problem, advice)
    }

    /// Finds it.
    pub(super) fn find(&self) -> Result<Joined, Mistake> {
        let between = match &self.relation.pattern {
            Pattern::ManyToMany(between) => Some(self.schema.table_named(&between.table).map_err(|error| {
                self.wrong(
                    error.to_string(),
                    "declare the table that stands between, or use `many_to_many`, which makes it",
                )
            })?),
            _ => None,
        };
        let between = between.map(|it| Side::table(it.id));
        let sides = Sides { owner: Side::of(self.owner), target: Side::of(self.target), between };
        let refer = self.places(self.relation.foreign_keys.iter().chain(&self.relation.via), &sides)?;
        let remote = self.places(self.relation.remote_side.iter(), &sides)?;
        let (mut primary, mut secondary) = self.conditions(&sides, &refer)?;
        self.mark_foreign(&sides, &refer, &mut primary, &mut secondary);
        self.mark_remote(&sides, &remote, &mut primary, &mut secondary);
        self.check_foreign(&sides, &primary)?;
        secondary.as_ref().map_or(Ok(()), |it| self.check_foreign(&sides, it))?;
        match secondary {
            Some(secondary) => self.through(&sides, &primary, &secondary),
            None => self.direct(&sides, &primary),
        }
    }

    fn places<'n>(&self, names: impl Iterator<Item = &'n Name>, sides: &Sides) -> Result<Vec<Place>, Mistake> {
        let within: Vec<&Side> = [&sides.owner, &sides.target].into_iter().chain(&sides.between).collect();
        names.map(|it| place_named(self.schema, it, Some(&within)).map_err(|it| it.at(&self.place))).collect()
    }

    /// The conditions that are declared, or those that foreign keys give.
    fn conditions(&self, sides: &Sides, refer: &[Place]) -> Result<(Terms, Option<Terms>), Mistake> {
        let schema = self.schema;
        let found = |from: &ClassModel, a: &Side, b: &Side, name: &str, word: &str| -> Result<Terms, Mistake> {
            let pairs: Pairs = join(schema, a, b, refer)
                .map_err(|it| it.mistake(schema, self.place.clone(), &from.table, name, word))?;
            Ok(Terms::equal(&pairs))
        };
        let declared = |it| Terms::declared(schema, &self.place, it);
        let Some(between) = &sides.between else {
            if self.relation.secondary_join.is_some() {
                let advice = "name the table that stands between with `secondary`";
                return Err(self.wrong("it has a secondary join and no table between", advice));
            }
            let primary = match &self.relation.primary_join {
                Some(it) => declared(it)?,
                None => found(self.owner, &sides.owner, &sides.target, &self.target.table, "primary_join")?,
            };
            return Ok((primary, None));
        };
        let name = &schema.table(between.own).name;
        let secondary = match &self.relation.secondary_join {
            Some(it) => declared(it)?,
            None => found(self.target, &sides.target, between, name, "secondary_join")?,
        };
        let primary = match &self.relation.primary_join {
            Some(it) => declared(it)?,
            None => found(self.owner, &sides.owner, between, name, "primary_join")?,
        };
        Ok((primary, Some(secondary)))
    }

    /// Which columns refer: as marked, else as listed, else as the foreign keys say.
    fn mark_foreign(&self, sides: &Sides, refer: &[Place], primary: &mut Terms, secondary: &mut Option<Terms>) {
        if primary.any(Marks::FOREIGN) {
            return;
        }
        for terms in std::iter::once(primary).chain(secondary) {
            if refer.is_empty() {
                terms.mark_foreign(self.schema, sides.between.as_ref());
            } else {
                terms.mark(Marks::FOREIGN, |it| refer.contains(&it.at));
            }
        }
    }

    /// Which columns are the target's: as marked, else as listed, else by the tables they stand in.
    fn mark_remote(&self, sides: &Sides, remote: &[Place], primary: &mut Terms, secondary: &mut Option<Terms>) {
        let (owner, target) = (&sides.owner, &sides.target);
        if primary.any(Marks::REMOTE) {
            return;
        }
        if let Some(between) = &sides.between {
            primary.mark(Marks::REMOTE, |it| between.has(it.at));
            secondary.iter_mut().for_each(|it| it.mark(Marks::REMOTE, |it| between.has(it.at)));
        } else if !remote.is_empty() {
            if primary.within(owner, target) {
                primary.mark_remote_within(|it| remote.contains(&it.at));
            } else {
                primary.mark(Marks::REMOTE, |it| remote.contains(&it.at));
            }
        } else if primary.within(owner, target) {
            // One-to-many unless something else is said: what refers is the target's.
            let to_one = self.relation.pattern == Pattern::BelongsTo;
            primary.mark_remote_within(|it| it.is(Marks::FOREIGN) != to_one);
        } else if owner.tables.iter().any(|it| target.tables.contains(it)) {
            primary.mark_remote_overlapping(owner, target);
        } else {
            let own = |it: &Term| it.at.0 == owner.own && it.at.0 != target.own;
            primary.mark(Marks::REMOTE, |it| target.has(it.at) && !own(it));
        }
    }

    /// A relation that is written has columns to write; one that is not at least knows which refer.
    fn check_foreign(&self, sides: &Sides, terms: &Terms) -> Result<(), Mistake> {
        let foreign = terms.any(Marks::FOREIGN);
        let synchronized = terms.products().any(|(a, b, equal)| {
            let (a, b) = (&terms.all[a], &terms.all[b]);
            equal && sides.have(a.at) && sides.have(b.at) && (a.is(Marks::FOREIGN) || b.is(Marks::FOREIGN))
        });
        if synchronized || (self.relation.view_only && foreign) {
            Ok(())
        } else if foreign {
            let problem = "its join has no simple equality that could be written";
            Err(self.wrong(problem, "declare it `view_only`, or compare the column that refers with `=`"))
        } else {
            let problem = "its join has no column that refers to the other side";
            Err(self.wrong(problem, "declare a foreign key, or mark the column that refers with `foreign(…)`"))
        }
    }

    fn direct(&self, sides: &Sides, primary: &Terms) -> Result<Joined, Mistake> {
        let local = |it: &Term| !it.is(Marks::REMOTE) && sides.owner.has(it.at);
        let paired = primary.products().any(|(a, b, _)| {
            let (a, b) = (&primary.all[a], &primary.all[b]);
            a.is(Marks::REMOTE) != b.is(Marks::REMOTE)
        });
        let heading = self.heading(sides, primary, local)?;
        if !paired {
            let problem = "its join does not tell which columns are the target's";
            return Err(self.wrong(problem, "mark them with `remote(…)`, or name them with `remote_side`"));
        }
        let leaf = |term: usize| {
            let it = &primary.all[term];
            if local(it) { self.leaf_of_owner(it.at) } else { self.leaf_of_target(it.at) }
        };
        let (mut pairs, mut rest) = (Vec::new(), Vec::new());
        for part in primary.condition.clone().conjuncts() {
            let pair = pair_of(&part).filter(|&(a, b)| {
                let (a, b) = (&primary.all[a], &primary.all[b]);
                let crosses = (local(a) && b.is(Marks::REMOTE)) || (local(b) && a.is(Marks::REMOTE));
                crosses && (a.is(Marks::FOREIGN) || b.is(Marks::FOREIGN))
            });
            match pair {
                Some((a, b)) => {
                    let (own, other) = if local(&primary.all[a]) { (a, b) } else { (b, a) };
                    let (own, other) = (primary.all[own].at, primary.all[other].at);
                    pairs.push(match heading {
                        Heading::ToOne => (self.attribute(self.owner, own)?, self.source(self.target, other)?),
                        Heading::ToMany => (self.source(self.owner, own)?, self.attribute(self.target, other)?),
                    });
                }
                None => rest.push(part.try_map(&mut |&term| leaf(term).map(Expr::Leaf))?),
            }
        }
        let mut join = self.direct_join(sides, heading, pairs)?;
        if let (Join::BelongsTo { by_identity, .. }, false) = (&mut join, rest.is_empty()) {
            *by_identity = false;
        }
        Ok((join, all_of(rest)))
    }

    /// Which side refers: the one that has the columns that do. Where both have them, which of them are the target's.
    fn heading(&self, sides: &Sides, primary: &Terms, local: impl Fn(&Term) -> bool) -> Result<Heading, Mistake> {
        let foreign = |side: &Side| primary.places(Marks::FOREIGN).any(|it| side.has(it));
        match (foreign(&sides.target), foreign(&sides.owner)) {
            (true, false) => return Ok(Heading::ToMany),
            (false, true) => return Ok(Heading::ToOne),
            (false, false) => {
                let problem = "the columns that refer in its join are of neither side";
                return Err(self.wrong(problem, "join columns of the two classes"));
            }
            (true, true) => {}
        }
        let of = |remote: bool| -> Vec<Place> {
            primary.foreign().into_iter().filter(|it| it.is(Marks::REMOTE) == remote).map(|it| it.at).collect()
        };
        let (mut to_many, mut to_one) = (of(true), of(false));
        if !to_many.is_empty() && !to_one.is_empty() {
            let here: Vec<Place> = primary.all.iter().filter(|it| local(it)).map(|it| it.at).collect();
            let equated = |it: &Place| here.contains(it) && primary.places(Marks::REMOTE).any(|place| place == *it);
            to_many.retain(|it| !equated(it));
            to_one.retain(|it| !equated(it));
        }
        match (to_many.is_empty(), to_one.is_empty()) {
            (false, true) => Ok(Heading::ToMany),
            (true, false) => Ok(Heading::ToOne),
            _ => {
                let problem = "its direction is not clear: columns of both sides refer";
                Err(self.wrong(
                    problem,
                    "mark only those that refer to the other side, with `foreign(…)` or `foreign_keys`",
                ))
            }
        }
    }

    fn direct_join(
        &self,
        sides: &Sides,
        heading: Heading,
        mut pairs: Vec<(ColumnId, ColumnId)>,
    ) -> Result<Join, Mistake> {
        let says = match &self.relation.pattern {
            Pattern::BelongsTo => Some(Heading::ToOne),
            Pattern::HasOne | Pattern::HasMany => Some(Heading::ToMany),
            Pattern::Found | Pattern::ManyToMany(_) => None,
        };
        if says.is_some_and(|it| it != heading) {
            let (problem, advice) = match heading {
                Heading::ToOne => ("its own side refers to the target", "declare it as `belongs_to`"),
                Heading::ToMany => ("the target refers to its own side", "declare it as `has_one` or `has_many`"),
            };
            return Err(self.wrong(problem, advice));
        }
        if pairs.is_empty() && !self.relation.view_only {
            let problem = "its join compares columns only inside of other conditions, so that it cannot be written";
            return Err(self.wrong(problem, "declare it `view_only`"));
        }
        let one = self.relation.uselist == Some(false) || self.relation.pattern == Pattern::HasOne;
        match heading {
            Heading::ToOne if !pairs.is_empty() => {
                if self.relation.uselist == Some(true) {
                    let problem = "it refers to one object, so it is no collection";
                    return Err(self.wrong(problem, "leave `uselist` out"));
                }
                in_order(&mut pairs, &self.target.key, |it| it.1);
                let (columns, target_columns): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
                Ok(self.belongs_to(sides, columns, target_columns))
            }
            _ => {
                in_order(&mut pairs, &self.owner.key, |it| it.0);
                let (own_columns, columns) = pairs.into_iter().unzip();
                Ok(Join::Has { columns, own_columns, one: one || heading == Heading::ToOne })
            }
        }
    }

    fn belongs_to(&self, sides: &Sides, columns: Vec<ColumnId>, target_columns: Vec<ColumnId>) -> Join {
        let places: Vec<Place> = columns.iter().filter_map(|&it| self.owner.place_of(it)).collect();
        let nullable = places.iter().all(|it| self.schema.table(it.0).column(it.1).nullable);
        let references = sides.owner.tables.iter().flat_map(|&it| &self.schema.table(it).outbound);
        let deferred = references.map(|&it| self.schema.reference(it)).any(|it| {
            let same = it.columns.len() == places.len() && it.columns.iter().all(|&c| places.contains(&(it.table, c)));
            same && sides.target.tables.contains(&it.target) && it.timing == Timing::InitiallyDeferred
        });
        let by_identity = self.target.key == target_columns;
        Join::BelongsTo { columns, target_columns, by_identity, nullable, deferred }
    }

    fn through(&self, sides: &Sides, primary: &Terms, secondary: &Terms) -> Result<Joined, Mistake> {
        let table = sides.between.as_ref().map_or(self.owner.table_id, |it| it.own);
        let (mut own, rest) = self.to_between(table, primary, self.owner, |at| self.leaf_of_owner(at))?;
        let (other, more) = self.to_between(table, secondary, self.target, |at| self.leaf_of_target(at))?;
        if (own.is_empty() || other.is_empty()) && !self.relation.view_only {
            let problem = "its join compares columns only inside of other conditions, so that it cannot be written";
            return Err(self.wrong(problem, "declare it `view_only`"));
        }
        in_order(&mut own, &self.owner.key, |it| it.0);
        let (own_columns, own): (Vec<ColumnId>, Vec<ColumnId>) = own.into_iter().unzip();
        let (target_columns, other): (Vec<ColumnId>, Vec<ColumnId>) = other.into_iter().unzip();
        let table = self.schema.table(table);
        let mut references = table.outbound.iter().map(|&it| self.schema.reference(it));
        let cascades = references.any(|it| it.columns == own && it.on_delete == Action::Cascade);
        let named = |columns: &[ColumnId]| table.names(columns).into_iter().map(Name::from).collect();
        let join = Join::Through {
            table: table.name.clone().into(),
            own: named(&own),
            other: named(&other),
            own_columns,
            target_columns,
            cascades,
            one: self.relation.uselist == Some(false),
            layout: ThroughLayout { own, other, width: table.columns.len() },
        };
        Ok((join, all_of(rest.into_iter().chain(more).collect())))
    }

    /// The pairs of a class's attributes and columns of the table between, and what else the condition asks.
    #[expect(clippy::type_complexity, reason = "the pairs, and the rest")]
    fn to_between(
        &self,
        table: TableId,
        terms: &Terms,
        class: &ClassModel,
        leaf: impl Fn(Place) -> Result<JoinLeaf, Mistake>,
    ) -> Result<(Vec<(ColumnId, ColumnId)>, Vec<Expr<JoinLeaf>>), Mistake> {
        let between = |term: usize| terms.all[term].at.0 == table;
        let (mut pairs, mut rest) = (Vec::new(), Vec::new());
        for part in terms.condition.clone().conjuncts() {
            let pair = pair_of(&part).and_then(|(a, b)| match (between(a), between(b)) {
                (true, false) => Some((b, a)),
                (false, true) => Some((a, b)),
                _ => None,
            });
            match pair.filter(|it| terms.all[it.1].is(Marks::FOREIGN)) {
                Some((own, inner)) => pairs.push((self.source(class, terms.all[own].at)?, terms.all[inner].at.1)),
                None => rest.push(part.try_map(&mut |&term| {
                    let at = terms.all[term].at;
                    let found = if between(term) { Ok(JoinLeaf::Between(at.1)) } else { leaf(at) };
                    found.map(Expr::Leaf)
                })?),
            }
        }
        Ok((pairs, rest))
    }

    fn leaf_of_owner(&self, at: Place) -> Result<JoinLeaf, Mistake> {
        self.attribute(self.owner, at).map(JoinLeaf::Owner)
    }

    fn leaf_of_target(&self, at: Place) -> Result<JoinLeaf, Mistake> {
        self.attribute(self.target, at).map(JoinLeaf::Target)
    }

    /// The attribute in a column that refers, or that a condition names.
    fn attribute(&self, class: &ClassModel, at: Place) -> Result<ColumnId, Mistake> {
        class.attribute_at(at.0, at.1).ok_or_else(|| self.no_attribute(class, at))
    }

    /// The attribute in a column that is referred to.
    fn source(&self, class: &ClassModel, at: Place) -> Result<ColumnId, Mistake> {
        class.source_at(at.0, at.1).ok_or_else(|| self.no_attribute(class, at))
    }

    fn no_attribute(&self, class: &ClassModel, at: Place) -> Mistake {
        let table = self.schema.table(at.0);
        let column = format!("{}.{}", table.name, table.column(at.1).name);
        self.wrong(
            format!("its join names `{column}`, which is no attribute of `{}`", class.name),
            "join other columns",
        )
    }
}

/// The two terms of a plain equality.
fn pair_of(part: &Expr<usize>) -> Option<(usize, usize)> {
    match part {
        Expr::Compare(Comparison::Equal, a, b) => match (&**a, &**b) {
            (Expr::Leaf(a), Expr::Leaf(b)) => Some((*a, *b)),
            _ => None,
        },
        _ => None,
    }
}

/// Puts pairs into the order of a key, if that is what they lead to: then the identity map can answer.
fn in_order(pairs: &mut [(ColumnId, ColumnId)], key: &[ColumnId], side: impl Fn(&(ColumnId, ColumnId)) -> ColumnId) {
    if pairs.len() == key.len() && pairs.iter().all(|it| key.contains(&side(it))) {
        pairs.sort_by_key(|it| key.iter().position(|column| *column == side(it)));
    }
}

fn all_of(mut conditions: Vec<Expr<JoinLeaf>>) -> Option<Expr<JoinLeaf>> {
    match conditions.len() {
        0 | 1 => conditions.pop(),
        _ => Some(Expr::And(conditions)),
    }
}
