//! Queries that a session has asked before: only their values are new, so nothing is resolved or planned again.
//!
//! Two queries are alike where they differ in nothing but constants that an attribute of the query's class is compared
//! with, each with one of the attribute's type. Such constants are parameters of the statement. Everything else is part
//! of what a query is: a NULL, a limit, the length of a list.
//!
//! Kept is what would be planned in the same way for any values (`Prepared::is_for_any`), until the tables have grown
//! or shrunk. A query that speaks of an object stays out, because what it is compared with is looked up in the graph;
//! one that says what to load stays out, too, because objects remember with which query they came.

use std::sync::Arc;

use super::entity::Ground;
use super::run::Running;
use super::{Loading, Selection, Term};
use crate::expr::{Comparison, Expr};
use crate::id::{ClassId, ColumnId};
use crate::query::{Connection, Leaf, Prepared};
use crate::value::{Kind, Value};

/// How many are kept. They are compared one after the other, which is less work than to hash the one that is asked.
const KEPT: usize = 32;

/// A query, and how it is carried out.
struct Known {
    class: ClassId,
    selection: Selection,
    /// For each condition the type of its constant, if that is a parameter.
    kinds: Vec<Option<Kind>>,
    prepared: Prepared,
    running: Arc<Running>,
}

/// The queries that a session has asked, the last one first.
#[derive(Default)]
pub(in crate::object) struct KnownQueries {
    queries: Vec<Known>,
    /// The constants of the query that is being asked; kept for its room.
    values: Vec<Value>,
}

/// The constants of a query that are parameters of its statement.
#[derive(Default)]
pub(super) struct Parameters {
    kinds: Vec<Option<Kind>>,
    pub(super) values: Vec<Value>,
}

impl Parameters {
    /// Those of a query on a class.
    pub(super) fn of(ground: Ground<'_>, class: ClassId, selection: &Selection) -> Self {
        let mut parameters = Parameters::default();
        for condition in conditions(selection) {
            let of_kind = |it: &(&str, Comparison, &Value)| {
                it.2.kind().is_some_and(|kind| kind_of(ground, class, it.0) == Some(kind))
            };
            let found = compared(condition).filter(of_kind);
            parameters.kinds.push(found.and_then(|it| it.2.kind()));
            parameters.values.extend(found.map(|it| it.2.clone()));
        }
        parameters
    }

    /// A resolved condition, with the parameter in place of its constant if that is one.
    pub(super) fn put(&self, position: usize, condition: Expr<Leaf>) -> Expr<Leaf> {
        match condition {
            Expr::Compare(how, column, _) if self.kinds[position].is_some() => {
                let before = self.kinds[..position].iter().flatten().count();
                Expr::Compare(how, column, Box::new(Expr::Leaf(Leaf::Parameter(before as u16))))
            }
            other => other,
        }
    }
}

impl KnownQueries {
    /// The query that was alike, if one is known and its plan holds, and the values that it is run with now.
    pub(super) fn find(
        &mut self,
        class: ClassId,
        selection: &Selection,
        connection: &dyn Connection,
    ) -> Option<(&Prepared, &Arc<Running>, &[Value])> {
        let values = &mut self.values;
        let at = self.queries.iter().position(|it| it.class == class && it.is_alike(selection, values))?;
        if !connection.is_current(&self.queries[at].prepared) {
            self.queries.remove(at);
            return None;
        }
        self.queries.swap(0, at);
        let Known { prepared, running, .. } = &self.queries[0];
        Some((prepared, running, &self.values))
    }

    /// The same for a query that needs no more than a look at a row, if it finds one by a unique key.
    #[inline]
    pub(in crate::object) fn find_look_up(
        &mut self,
        class: ClassId,
        selection: &Selection,
        connection: &dyn Connection,
    ) -> Option<(&Prepared, &[Value])> {
        let (prepared, running, values) = self.find(class, selection, connection)?;
        running.by_row.then_some((prepared, values))
    }

    /// Keeps a query.
    pub(super) fn keep(
        &mut self,
        (class, selection): (ClassId, &Selection),
        parameters: Parameters,
        prepared: Prepared,
        running: Arc<Running>,
    ) {
        self.queries.truncate(KEPT - 1);
        let (selection, kinds) = (selection.clone(), parameters.kinds);
        self.queries.push(Known { class, selection, kinds, prepared, running });
        let last = self.queries.len() - 1;
        self.queries.swap(0, last);
    }
}

impl Known {
    /// Whether a query differs in constants alone; these are taken out.
    fn is_alike(&self, other: &Selection, values: &mut Vec<Value>) -> bool {
        // What a query may bring, its budget, is watched by whoever asks.
        let Selection { filter: _, aliases, joins, order_by, budget: _, .. } = other;
        let Selection { limit, offset, distinct, subclasses, loading, existing, repeats, .. } = other;
        let own = &self.selection;
        let same = (own.limit, own.offset, own.distinct) == (*limit, *offset, *distinct)
            && (own.existing, own.repeats) == (*existing, *repeats)
            && own.subclasses == *subclasses
            && own.loading == *loading
            && own.order_by == *order_by
            && own.joins == *joins
            && own.aliases == *aliases;
        values.clear();
        let (own, other) = (conditions(own), conditions(other));
        same && own.len() == other.len()
            && own.iter().zip(other).zip(&self.kinds).all(|((own, other), kind)| {
                let Some(kind) = kind else { return own == other };
                let (Some(own), Some(other)) = (compared(own), compared(other)) else { return false };
                let alike = own.0 == other.0 && own.1 == other.1 && other.2.kind() == Some(*kind);
                values.extend(alike.then(|| other.2.clone()));
                alike
            })
    }
}

/// Whether what a query means lies in it alone.
pub(super) fn is_lasting(selection: &Selection) -> bool {
    let order = selection.order_by.iter().map(|it| &it.0);
    let joins = selection.joins.iter().filter_map(|it| it.filter.as_ref());
    let all = conditions(selection).iter().chain(order).chain(joins);
    selection.loading == Loading::default() && all.into_iter().all(names_no_object)
}

fn names_no_object(expr: &Expr<Term>) -> bool {
    let mut lasting = true;
    expr.leaves(&mut |it| lasting &= is_lasting_term(it));
    lasting
}

fn is_lasting_term(term: &Term) -> bool {
    match term {
        Term::Column { .. } => true,
        Term::Related { condition, .. } => condition.as_deref().is_none_or(names_no_object),
        Term::Contains { .. } | Term::Refers { .. } | Term::RefersElsewhere { .. } => false,
        Term::Cast { term, .. } => is_lasting_term(term),
    }
}

/// The conditions that must all hold.
pub(super) fn conditions(selection: &Selection) -> &[Expr<Term>] {
    match &selection.filter {
        Some(Expr::And(all)) => all,
        Some(one) => std::slice::from_ref(one),
        None => &[],
    }
}

/// An attribute of the query's class, how it is compared, and the constant.
fn compared(condition: &Expr<Term>) -> Option<(&str, Comparison, &Value)> {
    let Expr::Compare(how, attribute, constant) = condition else { return None };
    match (&**attribute, &**constant) {
        (Expr::Leaf(Term::Column { of: None, name }), Expr::Value(value)) => Some((name, *how, value)),
        _ => None,
    }
}

/// The type of an attribute that stands in a column, unless a partial index asks for its value: whether that one serves
/// depends on the constant.
fn kind_of(ground: Ground<'_>, class: ClassId, attribute: &str) -> Option<Kind> {
    let class = ground.model.class(class);
    if class.computed.iter().any(|it| it.name == attribute) {
        return None;
    }
    let attribute = class.column_named(attribute).ok()?;
    let part = class.parts.iter().find_map(|it| Some((it.table_id, it.column_of(attribute)?)));
    let (table, column) = part?;
    let table = ground.schema.table(table);
    let asks = |predicate: &Expr<ColumnId>| {
        let mut asks = false;
        predicate.leaves(&mut |it| asks |= *it == column);
        asks
    };
    let is_asked = table.indexes.iter().filter_map(|it| it.predicate.as_ref()).any(asks);
    (!is_asked).then(|| table.column(column).kind)
}
