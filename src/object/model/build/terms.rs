//! A declared join with its columns as places, and what is found out about each: which refers, and which is the target's.
//!
//! The rules are those of SQLAlchemy, so that a join that means something there means the same here.

use std::collections::VecDeque;

use super::determine::{Pairs, Place, Side};
use crate::error::{Mistake, closest};
use crate::expr::{Comparison, Expr};
use crate::object::class::{JoinColumn, Marks};
use crate::schema::Schema;

/// A condition over places. Each occurrence of a column is a term of its own.
#[derive(Debug)]
pub(super) struct Terms {
    /// The condition, over positions in `all`.
    pub(super) condition: Expr<usize>,
    pub(super) all: Vec<Term>,
    /// The positions in `all`, outermost first.
    outermost: Vec<usize>,
    /// What it compares.
    pub(super) compared: Vec<Compared>,
}

/// One occurrence of a column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Term {
    pub(super) at: Place,
    pub(super) marks: Marks,
}

impl Term {
    pub(super) fn is(&self, mark: Marks) -> bool {
        self.marks.contains(mark)
    }
}

/// One comparison: the terms on either side, and whether a side is nothing but a column.
#[derive(Debug)]
pub(super) struct Compared {
    pub(super) equal: bool,
    pub(super) left: Operand,
    pub(super) right: Operand,
}

/// One side of a comparison.
#[derive(Debug)]
pub(super) enum Operand {
    /// A column.
    Column(usize),
    /// An expression over some.
    Over(Vec<usize>),
}

impl Operand {
    fn of(it: &Expr<usize>) -> Self {
        if let Expr::Leaf(term) = it {
            return Operand::Column(*term);
        }
        let mut terms = Vec::new();
        it.leaves(&mut |&term| terms.push(term));
        Operand::Over(terms)
    }

    fn column(&self) -> Option<usize> {
        match self {
            Operand::Column(it) => Some(*it),
            Operand::Over(_) => None,
        }
    }

    fn terms(&self) -> &[usize] {
        match self {
            Operand::Column(it) => std::slice::from_ref(it),
            Operand::Over(all) => all,
        }
    }
}

impl Terms {
    /// A condition that a user has written.
    pub(super) fn declared(schema: &Schema, place: &str, condition: &Expr<JoinColumn>) -> Result<Self, Mistake> {
        let mut all = Vec::new();
        let condition = condition.try_map(&mut |leaf: &JoinColumn| {
            let at = place_named(schema, &leaf.name, None).map_err(|it| it.at(place))?;
            all.push(Term { at, marks: leaf.marks });
            Ok::<_, Mistake>(Expr::Leaf(all.len() - 1))
        })?;
        Ok(Terms::new(condition, all))
    }

    /// The condition that pairs of columns are equal.
    pub(super) fn equal(pairs: &Pairs) -> Self {
        let mut all = Vec::new();
        let mut term = |at| {
            all.push(Term { at, marks: Marks::NONE });
            Box::new(Expr::Leaf(all.len() - 1))
        };
        let equal = |&(a, b): &(Place, Place)| Expr::Compare(Comparison::Equal, term(a), term(b));
        let condition = Expr::And(pairs.iter().map(equal).collect());
        Terms::new(condition, all)
    }

    fn new(condition: Expr<usize>, all: Vec<Term>) -> Self {
        let (mut compared, mut outermost) = (Vec::new(), Vec::with_capacity(all.len()));
        let mut work = VecDeque::from([&condition]);
        while let Some(it) = work.pop_front() {
            match it {
                Expr::Leaf(term) => outermost.push(*term),
                Expr::Compare(_, a, b) | Expr::Same(a, b) => {
                    let equal = matches!(it, Expr::Compare(Comparison::Equal, ..));
                    compared.push(Compared { equal, left: Operand::of(a), right: Operand::of(b) });
                }
                _ => {}
            }
            work.extend(it.parts());
        }
        Terms { condition, all, outermost, compared }
    }

    /// The terms that refer, each column once: where it first stands.
    pub(super) fn foreign(&self) -> Vec<&Term> {
        let mut found: Vec<&Term> = Vec::new();
        for term in self.outermost.iter().map(|&it| &self.all[it]).filter(|it| it.is(Marks::FOREIGN)) {
            if found.iter().all(|it| it.at != term.at) {
                found.push(term);
            }
        }
        found
    }

    pub(super) fn any(&self, mark: Marks) -> bool {
        self.all.iter().any(|it| it.is(mark))
    }

    pub(super) fn places(&self, mark: Marks) -> impl Iterator<Item = Place> {
        self.all.iter().filter(move |it| it.is(mark)).map(|it| it.at)
    }

    pub(super) fn mark(&mut self, mark: Marks, which: impl Fn(&Term) -> bool) {
        self.all.iter_mut().filter(|it| which(it)).for_each(|it| it.marks = it.marks | mark);
    }

    /// Marks the columns that refer to what they are compared with, by the foreign keys of the tables and, where a table
    /// stands between, by being of it.
    pub(super) fn mark_foreign(&mut self, schema: &Schema, between: Option<&Side>) {
        for it in &self.compared {
            let (left, right) = (it.left.column(), it.right.column());
            let at = |term: Option<usize>| term.map(|term| self.all[term].at);
            let foreign = match (at(left), at(right)) {
                (Some(a), Some(b)) if refers(schema, a, b) => left,
                (Some(a), Some(b)) if refers(schema, b, a) => right,
                (a, b) => {
                    let inside = |it: Option<Place>| it.is_some_and(|it| between.is_some_and(|side| side.has(it)));
                    match (inside(a), inside(b)) {
                        (true, false) => left,
                        (false, true) => right,
                        _ => None,
                    }
                }
            };
            if let Some(term) = foreign {
                self.all[term].marks = self.all[term].marks | Marks::FOREIGN;
            }
        }
    }

    /// Where a table is joined with itself: in each comparison of two columns, those that are chosen are the target's. A
    /// column that is compared with itself is chosen once.
    pub(super) fn mark_remote_within(&mut self, chosen: impl Fn(&Term) -> bool) {
        for it in &self.compared {
            let (Some(left), Some(right)) = (it.left.column(), it.right.column()) else { continue };
            let equated = self.all[left].at == self.all[right].at;
            let left_chosen = chosen(&self.all[left]);
            if chosen(&self.all[right]) && !(equated && left_chosen) {
                self.all[right].marks = self.all[right].marks | Marks::REMOTE;
            }
            if left_chosen {
                self.all[left].marks = self.all[left].marks | Marks::REMOTE;
            }
        }
    }

    /// Where owner and target share some of their tables: of two columns that are compared, the one that the target has,
    /// if the owner has the other.
    pub(super) fn mark_remote_overlapping(&mut self, owner: &Side, target: &Side) {
        for it in &self.compared {
            let (Some(left), Some(right)) = (it.left.column(), it.right.column()) else { continue };
            for (one, other) in [(left, right), (right, left)] {
                if target.has(self.all[other].at) && owner.has(self.all[one].at) {
                    self.all[other].marks = self.all[other].marks | Marks::REMOTE;
                }
            }
        }
    }

    /// Whether it compares two columns of tables that owner and target both have.
    pub(super) fn within(&self, owner: &Side, target: &Side) -> bool {
        self.compared.iter().any(|it| {
            let both = |term: Option<usize>| {
                term.is_some_and(|term| owner.has(self.all[term].at) && target.has(self.all[term].at))
            };
            both(it.left.column()) && both(it.right.column())
        })
    }

    /// Every two terms that are compared, and whether they have to be equal.
    pub(super) fn products(&self) -> impl Iterator<Item = (usize, usize, bool)> {
        self.compared.iter().flat_map(|it| {
            let right = it.right.terms();
            it.left.terms().iter().flat_map(move |&a| right.iter().map(move |&b| (a, b, it.equal)))
        })
    }
}

/// Whether a foreign key lets one column refer to another.
fn refers(schema: &Schema, from: Place, to: Place) -> bool {
    schema
        .table(from.0)
        .outbound
        .iter()
        .map(|&it| schema.reference(it))
        .any(|it| it.target == to.0 && it.columns.iter().zip(&it.target_columns).any(|pair| pair == (&from.1, &to.1)))
}

/// A name that no column has.
pub(super) struct Unknown {
    problem: String,
    advice: String,
}

impl Unknown {
    pub(super) fn at(self, place: &str) -> Mistake {
        Mistake::new(place, self.problem, self.advice)
    }
}

/// A column as `table.column`, or alone where it is known which tables are meant.
pub(super) fn place_named(schema: &Schema, name: &str, within: Option<&[&Side]>) -> Result<Place, Unknown> {
    let Some((table, column)) = name.split_once('.') else {
        let tables = within.unwrap_or_default().iter().flat_map(|side| std::iter::once(&side.own).chain(&side.tables));
        let found = tables.clone().find_map(|&it| Some((it, schema.table(it).column_named(name).ok()?)));
        let problem = || format!("it names a column `{name}` that is not there");
        return found.ok_or_else(|| Unknown { problem: problem(), advice: "write it as `table.column`".to_owned() });
    };
    let table = schema.table_named(table).map_err(|_| {
        let hint = closest(table, schema.tables().iter().map(|it| it.name.as_str()));
        Unknown { problem: format!("it names `{name}`, and there is no such table"), advice: hint }
    })?;
    let found = table.column_named(column).map_err(|_| {
        let hint = closest(column, table.columns.iter().map(|it| it.name.as_str()));
        Unknown { problem: format!("it names `{name}`, and the table has no such column"), advice: hint }
    })?;
    Ok((table.id, found))
}
