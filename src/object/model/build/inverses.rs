//! Which relation is the other side of which.

use super::{Declared, place};
use crate::error::{Mistake, closest};
use crate::id::{ClassId, ColumnId, RelationId};
use crate::object::class::{Class, Inverse, Relationship};
use crate::object::model::{ClassModel, Join, RelationModel};

/// Lets each relation know its other side, and refuses pairs that are none.
pub(super) fn pair(
    classes: &[Class],
    built: &[ClassModel],
    slots: &[Vec<Declared>],
    order: &[ClassId],
    all: &mut [Vec<Option<RelationModel>>],
    mistakes: &mut Vec<Mistake>,
) {
    let pairing = Pairing { classes, built, slots };
    let mut found = Vec::new();
    for &owner in order {
        for (position, declared) in slots[owner.index()].iter().enumerate() {
            let relation = declared.of(classes);
            let Some(name) = relation.inverse.name() else { continue };
            let Some(target) = built.iter().find(|it| it.name == relation.target) else { continue };
            if matches!(relation.inverse, Inverse::OfBase(_)) && !pairing.leads_here(owner, name, target, all) {
                continue;
            }
            match pairing.other(*declared, relation, name, target) {
                Ok(other) => {
                    let here = (owner, RelationId::new(position as u16));
                    let fits = pairing.fits(*declared, relation, here, (target.id, other), all);
                    match fits {
                        Ok(moves) => found.push((here, (target.id, other), moves)),
                        Err(mistake) if declared.class == owner => mistakes.push(mistake),
                        Err(_) => {}
                    }
                }
                Err(mistake) if declared.class == owner => mistakes.push(mistake),
                Err(_) => {}
            }
        }
    }
    for (here, there, moves) in found {
        let apart = pairing.apart(here, there, all);
        if let Some(relation) = &mut all[here.0.index()][here.1.index()] {
            relation.inverse = moves.then_some(there.1);
            note(&mut relation.reverse, there.1);
            for (class, other) in apart {
                let relation = relation.to_mut(class);
                relation.inverse = moves.then_some(other);
                note(&mut relation.reverse, other);
            }
        }
        // The target's subclasses have the relation too, unless their tables are concrete.
        let declared = slots[there.0.index()][there.1.index()];
        let same = |it: &&ClassId| slots[it.index()].get(there.1.index()) == Some(&declared);
        for class in built[there.0.index()].descendants.iter().filter(same) {
            if let Some(Some(other)) = all[class.index()].get_mut(there.1.index()) {
                note(&mut other.to_mut(here.0).reverse, here.1);
            }
        }
    }
}

fn note(reverse: &mut Vec<RelationId>, relation: RelationId) {
    if !reverse.contains(&relation) {
        reverse.push(relation);
    }
}

struct Pairing<'a> {
    classes: &'a [Class],
    built: &'a [ClassModel],
    slots: &'a [Vec<Declared>],
}

/// A relation of a class.
type At = (ClassId, RelationId);

impl Pairing<'_> {
    fn place(&self, declared: Declared) -> String {
        place(&self.classes[declared.class.index()], declared.of(self.classes))
    }

    /// The relation of the target that a relation names as its other side.
    fn other(
        &self,
        declared: Declared,
        relation: &Relationship,
        name: &str,
        target: &ClassModel,
    ) -> Result<RelationId, Mistake> {
        let wrong = |problem: String, advice: String| Mistake::new(self.place(declared), problem, advice);
        let there = &self.slots[target.id.index()];
        let Some(position) = there.iter().position(|it| it.of(self.classes).name == name) else {
            let hint = closest(name, there.iter().map(|it| &*it.of(self.classes).name));
            return Err(wrong(format!("its inverse `{}.{name}` is not there", target.name), hint));
        };
        let other = there[position].of(self.classes);
        let back = self.built.iter().find(|it| it.name == other.target);
        if back.is_none_or(|it| self.hierarchy(it.id) != self.hierarchy(declared.class)) {
            return Err(wrong(format!("its inverse leads to `{}`, not back", other.target), String::new()));
        }
        let named_back = other.inverse.name() == Some(&relation.name);
        if matches!(relation.inverse, Inverse::Mutual(_)) && !named_back {
            let advice = format!("write `inverse = {}` there", relation.name);
            return Err(wrong(format!("its inverse `{}.{name}` does not name it back", target.name), advice));
        }
        Ok(RelationId::new(position as u16))
    }

    /// Whether a relation leads to rows of a class, which may stand apart from those of the target.
    fn leads_here(&self, class: ClassId, name: &str, of: &ClassModel, all: &[Vec<Option<RelationModel>>]) -> bool {
        let there = self.slots[of.id.index()].iter().position(|it| it.of(self.classes).name == *name);
        let relation = there.and_then(|it| all[of.id.index()].get(it)?.as_ref());
        relation.is_some_and(|it| it.to(class).target == class)
    }

    /// The relations that are the other side of one in classes that stand apart from its target: of the name that the
    /// target's has, over the same foreign key.
    fn apart(&self, here: At, there: At, all: &[Vec<Option<RelationModel>>]) -> Vec<At> {
        let Some(Some(relation)) = all[here.0.index()].get(here.1.index()) else { return Vec::new() };
        let name = &self.slots[there.0.index()][there.1.index()].of(self.classes).name;
        let other = |relation: &RelationModel| {
            let slots = &self.slots[relation.target.index()];
            let at = slots.iter().position(|it| it.of(self.classes).name == *name)?;
            let other = all[relation.target.index()].get(at)?.as_ref()?;
            let back = self.hierarchy(other.target) == self.hierarchy(here.0);
            (back && matches!(pairing(&relation.join, &other.join), Fit::Same)).then_some((relation.target, other.id))
        };
        relation.apart.iter().filter_map(other).collect()
    }

    /// The first of the bases.
    fn hierarchy(&self, id: ClassId) -> ClassId {
        let mut at = id;
        while let Some(base) = self.built[at.index()].base {
            at = base;
        }
        at
    }

    /// Whether a change of the relation moves the other one; a mistake if they are no pair.
    fn fits(
        &self,
        declared: Declared,
        relation: &Relationship,
        here: At,
        there: At,
        all: &[Vec<Option<RelationModel>>],
    ) -> Result<bool, Mistake> {
        let other = self.slots[there.0.index()][there.1.index()].of(self.classes);
        let named = format!("{}.{}", self.built[there.0.index()].name, other.name);
        let wrong = |problem: String, advice: &str| Err(Mistake::new(self.place(declared), problem, advice));
        let sync = |a: &Relationship, b: &Relationship| a.view_only && b.sync_backref == Some(true);
        if sync(relation, other) || sync(other, relation) {
            let problem = format!("one of it and its inverse `{named}` is never written, so they cannot move together");
            return wrong(problem, "leave `sync_backref` out");
        }
        let moves = !relation.view_only && !other.view_only && relation.sync_backref != Some(false);
        let (Some(Some(a)), Some(Some(b))) =
            (all[here.0.index()].get(here.1.index()), all[there.0.index()].get(there.1.index()))
        else {
            return Ok(moves);
        };
        // The other side may lead to a base whose queries read the table of this class, too.
        let b = b.to(here.0);
        let written = !relation.view_only && !other.view_only;
        if written && !self.built[here.0.index()].shares_rows(&self.built[b.target.index()]) {
            let (base, own) = (&self.built[b.target.index()], &self.built[here.0.index()]);
            let problem = format!("its inverse `{named}` leads to rows of `{}`, not of `{}`", base.table, own.table);
            let advice = format!("let `{}` say `union`, with the attributes of the foreign key in both", base.name);
            return wrong(problem, &advice);
        }
        match pairing(&a.join, &b.join) {
            Fit::Same => Ok(moves),
            Fit::Elsewhere if relation.view_only || other.view_only => Ok(moves),
            Fit::SameDirection => {
                let problem = format!("it and its inverse `{named}` lead in the same direction");
                wrong(problem, "say on the side that refers which column is the target's, with `remote_side`")
            }
            Fit::Elsewhere => {
                let problem = format!("its inverse `{named}` does not follow the same foreign key");
                wrong(problem, "one side belongs to, the other has; name the column with `via`")
            }
        }
    }
}

/// How two joins stand to each other.
enum Fit {
    Same,
    SameDirection,
    Elsewhere,
}

fn pairing(a: &Join, b: &Join) -> Fit {
    let shares = |one: (&[ColumnId], &[ColumnId]), other: (&[ColumnId], &[ColumnId])| {
        let pairs = |it: (&[ColumnId], &[ColumnId])| -> Vec<(ColumnId, ColumnId)> {
            it.0.iter().copied().zip(it.1.iter().copied()).collect()
        };
        let (one, other) = (pairs(one), pairs(other));
        one.is_empty() || other.is_empty() || one.iter().any(|it| other.contains(it))
    };
    let fits = match (a, b) {
        (Join::BelongsTo { columns, target_columns, .. }, Join::Has { columns: others, own_columns, .. })
        | (Join::Has { columns: others, own_columns, .. }, Join::BelongsTo { columns, target_columns, .. }) => {
            shares((columns, target_columns), (others, own_columns))
        }
        (Join::Through { table, layout, .. }, Join::Through { table: other, layout: theirs, .. }) => {
            table == other && (layout.own == theirs.other || layout.own.iter().any(|it| theirs.other.contains(it)))
        }
        (Join::BelongsTo { .. }, Join::BelongsTo { .. }) | (Join::Has { .. }, Join::Has { .. }) => {
            return Fit::SameDirection;
        }
        _ => false,
    };
    if fits { Fit::Same } else { Fit::Elsewhere }
}
