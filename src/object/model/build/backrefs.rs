//! The other sides that `backref` makes.

use crate::error::Mistake;
use crate::expr::Expr;
use crate::object::class::{AssociationTable, Class, Inverse, JoinColumn, Marks, Pattern, Relationship};

/// Adds the other side of each relation that makes it to the class that it leads to.
pub(super) fn add(classes: &mut [Class], mistakes: &mut Vec<Mistake>) {
    let mut made = Vec::new();
    for class in classes.iter() {
        for relation in &class.relations {
            let Some(name) = relation.inverse.made() else { continue };
            let Some(target) = classes.iter().position(|it| it.name == relation.target) else { continue };
            let taken = classes[target].relations.iter().any(|it| it.name == *name);
            if taken || made.iter().any(|(at, it): &(usize, Relationship)| *at == target && it.name == *name) {
                let place = format!("{}.{}", class.name, relation.name);
                let problem = format!("its backref `{}.{name}` is there already", relation.target);
                mistakes.push(Mistake::new(place, problem, format!("write `inverse = {name}` instead")));
                continue;
            }
            made.push((target, mirrored(class, relation)));
        }
    }
    for (target, relation) in made {
        classes[target].relations.push(relation);
    }
}

/// The relation seen from the other side, over the same columns.
fn mirrored(class: &Class, relation: &Relationship) -> Relationship {
    let name = relation.inverse.name().cloned().unwrap_or_default();
    let target = class.name.clone();
    // Of a class that leads to itself, a side that does not say which columns are the target's is one-to-many.
    let unsaid = relation.remote_side.is_empty() && !relation.primary_join.as_ref().is_some_and(says_remote);
    let mut back = match &relation.pattern {
        Pattern::BelongsTo => Relationship::has_many(name, target),
        Pattern::HasOne | Pattern::HasMany => Relationship::belongs_to(name, target),
        Pattern::Found if relation.target == class.name && unsaid => Relationship::belongs_to(name, target),
        Pattern::Found | Pattern::ManyToMany(_) => Relationship::new(name, target),
    };
    if let Pattern::ManyToMany(between) = &relation.pattern {
        let (table, own, other) = (between.table.clone(), between.other.clone(), between.own.clone());
        back.pattern = Pattern::ManyToMany(AssociationTable { table, own, other, made: between.made });
        (back.primary_join, back.secondary_join) = (relation.secondary_join.clone(), relation.primary_join.clone());
    } else {
        back.primary_join = relation.primary_join.as_ref().map(turned);
    }
    back.via = relation.via.clone();
    back.foreign_keys = relation.foreign_keys.clone();
    back.view_only = relation.view_only;
    back.post_update = relation.post_update;
    back.passive_updates = relation.passive_updates;
    back.sync_backref = relation.sync_backref;
    back.inverse = Inverse::Mutual(relation.name.clone());
    back
}

fn says_remote(join: &Expr<JoinColumn>) -> bool {
    let mut said = false;
    join.leaves(&mut |it| said |= it.marks.contains(Marks::REMOTE));
    said
}

/// A join in which the target's columns, where they are marked, are the owner's.
fn turned(join: &Expr<JoinColumn>) -> Expr<JoinColumn> {
    let marked = says_remote(join);
    let turn = &mut |it: &JoinColumn| {
        let kept = if it.marks.contains(Marks::FOREIGN) { Marks::FOREIGN } else { Marks::NONE };
        let remote = marked && !it.marks.contains(Marks::REMOTE);
        let marks = if remote { kept | Marks::REMOTE } else { kept };
        Ok::<_, std::convert::Infallible>(Expr::Leaf(JoinColumn { name: it.name.clone(), marks }))
    };
    match join.try_map(turn) {
        Ok(turned) => turned,
        Err(never) => match never {},
    }
}
