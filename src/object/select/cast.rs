//! Expressions about objects of a base that ask for what subclasses add: the tables of these are read along.

use super::Term;
use super::entity::Ground;
use crate::error::Result;
use crate::expr::Expr;
use crate::id::ClassId;
use crate::schema::Name;

/// How the leaves of an expression name the objects of a class.
#[derive(Clone, Copy)]
pub(in crate::object) enum About<'n> {
    /// By this name.
    Named(&'n Name),
    /// By this name, or by none.
    Mainly(&'n str),
}

impl About<'_> {
    fn is(self, term: &Term) -> bool {
        match (self, term.of()) {
            (About::Mainly(_), None) => true,
            (About::Mainly(name), Some(of)) => **of == *name,
            (About::Named(name), of) => of == Some(name),
        }
    }
}

/// Adds the subclasses of a class that expressions about its objects ask for to those whose columns are read along.
pub(in crate::object) fn cover<'e>(
    ground: Ground<'_>,
    class: ClassId,
    about: About<'_>,
    expressions: impl IntoIterator<Item = &'e Expr<Term>>,
    covered: &mut Vec<ClassId>,
) -> Result<()> {
    let mut casts: Vec<&Name> = Vec::new();
    for expression in expressions {
        expression.leaves(&mut |term| match term {
            Term::Cast { class, .. } if about.is(term) => casts.push(class),
            _ => {}
        });
    }
    for name in casts {
        let below = ground.model.class_named(name)?.id;
        if below != class && ground.model.is_a(below, class) && !covered.contains(&below) {
            covered.push(below);
        }
    }
    Ok(())
}

/// The subclasses of a class that an expression names. A statement that changes rows has no other way to ask for them.
pub(super) fn named(ground: Ground<'_>, class: ClassId, expression: Option<&Expr<Term>>) -> Vec<Name> {
    let mut names: Vec<Name> = Vec::new();
    let is_below = |it: &Name| ground.model.class_named(it).is_ok_and(|it| ground.model.is_a(it.id, class));
    if let Some(expression) = expression {
        expression.leaves(&mut |term| {
            if let Some(name) = term.of().filter(|it| is_below(it) && !names.contains(it)) {
                names.push(name.clone());
            }
        });
    }
    names
}
