//! Queries of the format as selections.

use diptych::object::{
    Along, Columns, Depth, Existing, Lazy, LoadOption, Loading, Repeats, Selection, Step, Strategy, Subclasses, Term,
};
use diptych::{AnyRef, Expr};
use serde_json::Value as Json;

use crate::case::{list, says, text};
use crate::classes::direction;
use crate::expression::{Leaves, expression};
use crate::fault::{Fault, unsupported};
use crate::world::World;

/// Attributes of classes and aliases, and questions about related objects.
pub struct Terms<'w, 'c>(pub &'w World<'c>);

/// `Class.attribute`, or an attribute alone.
fn named(name: &str) -> (Option<String>, String) {
    match name.split_once('.') {
        Some((of, name)) => (Some(of.to_owned()), name.to_owned()),
        None => (None, name.to_owned()),
    }
}

impl Leaves for Terms<'_, '_> {
    type Leaf = Term;

    fn column(&mut self, name: &str) -> Result<Expr<Term>, Fault> {
        let (of, name) = named(name);
        Ok(Expr::Leaf(Term::Column { of: of.map(Into::into), name: name.into() }))
    }

    fn other(&mut self, form: &str, operands: &[Json]) -> Result<Expr<Term>, Fault> {
        let (of, relation) = named(operands[0].as_str().unwrap_or_default());
        let (of, relation) = (of.map(Into::into), relation.into());
        let object = |terms: &Self| -> Result<Option<AnyRef>, Fault> {
            operands.get(1).and_then(Json::as_str).map(|it| terms.0.object(it)).transpose()
        };
        Ok(Expr::Leaf(match form {
            "any" | "has" => {
                let condition = operands.get(1).map(|it| expression(it, self)).transpose()?;
                Term::Related { of, relation, condition: condition.map(Box::new) }
            }
            "contains" => match object(self)? {
                Some(object) => Term::Contains { of, relation, object },
                None => return unsupported("contains without an object"),
            },
            "rel_is" => Term::Refers { of, relation, to: object(self)? },
            "rel_is_not" => Term::RefersElsewhere { of, relation, than: object(self)? },
            other => return unsupported(format!("`{other}` in this expression")),
        }))
    }
}

/// An attribute by name.
pub fn term(name: &Json) -> Expr<Term> {
    let (of, name) = named(name.as_str().unwrap_or_default());
    Expr::Leaf(Term::Column { of: of.map(Into::into), name: name.into() })
}

/// A query of a step.
pub fn selection(world: &World<'_>, step: &Json) -> Result<Selection, Fault> {
    let mut selection = Selection::new();
    if let Some(filter) = step.get("where") {
        selection.filter = Some(expression(filter, &mut Terms(world))?);
    }
    for (alias, class) in step.get("aliases").and_then(Json::as_object).into_iter().flatten() {
        selection.aliases.push((alias.clone().into(), class.as_str().unwrap_or_default().to_owned().into()));
    }
    for join in list(step, "join") {
        selection.joins.push(along(world, join)?);
    }
    selection.order_by = list(step, "order_by").iter().map(|it| (term(&it[0]), direction(&it[1]))).collect();
    selection.limit = step.get("limit").and_then(Json::as_u64);
    selection.offset = step.get("offset").and_then(Json::as_u64).unwrap_or_default();
    selection.distinct = says(step, "distinct");
    selection.subclasses = match step.get("with_polymorphic") {
        None => Subclasses::AsDeclared,
        Some(Json::Array(names)) => Subclasses::These(names.iter().filter_map(name).collect()),
        Some(_) => Subclasses::All,
    };
    for load in list(step, "load") {
        add_load(world, &mut selection.loading, load)?;
    }
    if says(step, "populate_existing") {
        selection.existing = Existing::Overwritten;
    }
    if step.get("unique") == Some(&Json::Bool(false)) {
        selection.repeats = Repeats::Kept;
    }
    Ok(selection)
}

fn name(json: &Json) -> Option<diptych::schema::Name> {
    json.as_str().map(|it| it.to_owned().into())
}

fn along(world: &World<'_>, json: &Json) -> Result<Along, Fault> {
    let (from, relation) = named(text(json, "rel"));
    Ok(Along {
        from: from.map(Into::into),
        outer: says(json, "outer"),
        alias: json.get("alias").and_then(name),
        of: json.get("of").and_then(name),
        filter: json.get("where").map(|it| expression(it, &mut Terms(world))).transpose()?,
        ..Along::new(relation)
    })
}

/// Adds a loader path to what is loaded.
fn add_load(world: &World<'_>, loading: &mut Loading, json: &Json) -> Result<(), Fault> {
    let mut end = Loading { subclasses: list(json, "subclasses").iter().filter_map(name).collect(), ..end(json) };
    for step in list(json, "path").iter().rev() {
        let mut option = option(world, step)?;
        option.then = end;
        end = Loading { options: vec![option], ..Loading::default() };
    }
    loading.options.extend(end.options);
    loading.subclasses.extend(end.subclasses);
    let (columns, more) = (&mut loading.columns, end.columns);
    columns.only = more.only.or(columns.only.take());
    columns.defer.extend(more.defer);
    columns.undefer.extend(more.undefer);
    Ok(())
}

/// What applies at the end of a path.
fn end(json: &Json) -> Loading {
    let names = |key: &str| {
        let listed = json.get("columns").and_then(|it| it.get(key)).and_then(Json::as_array);
        listed.map(|it| it.iter().filter_map(name).collect::<Vec<_>>())
    };
    let columns = Columns {
        only: names("only"),
        defer: names("defer").unwrap_or_default(),
        undefer: names("undefer").unwrap_or_default(),
    };
    Loading { columns, ..Loading::default() }
}

fn option(world: &World<'_>, json: &Json) -> Result<LoadOption, Fault> {
    let details = json.get(2).cloned().unwrap_or_default();
    let alias = details.get("alias").and_then(name);
    let strategy = match json[1].as_str().unwrap_or_default() {
        "default" => Strategy::AsDeclared,
        "contains_eager" => Strategy::FromQuery(alias),
        other => Strategy::By(strategy(other)?),
    };
    let relation = match named(json[0].as_str().unwrap_or_default()) {
        (None, name) if name == "*" => Step::Rest,
        (None, name) => Step::Relation(name.into()),
        (Some(of), name) => Step::Of(of.into(), name.into()),
    };
    Ok(LoadOption {
        filter: details.get("where").map(|it| expression(it, &mut Terms(world))).transpose()?,
        of: details.get("of").and_then(name),
        inner: says(&details, "innerjoin"),
        depth: details.get("depth").and_then(Json::as_i64).map(depth),
        ..LoadOption::new(relation, strategy)
    })
}

fn depth(levels: i64) -> Depth {
    u32::try_from(levels).map_or(Depth::Unlimited, Depth::Levels)
}

fn strategy(name: &str) -> Result<Lazy, Fault> {
    Ok(match name {
        "select" => Lazy::Select,
        "joined" => Lazy::Joined,
        "subquery" => Lazy::Subquery,
        "selectin" => Lazy::Selectin,
        "immediate" => Lazy::Immediate,
        "raise" => Lazy::Raise,
        "raise_on_sql" => Lazy::RaiseOnSql,
        "noload" => Lazy::Noload,
        other => return unsupported(format!("the strategy {other}")),
    })
}
