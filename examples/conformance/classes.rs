//! The classes of a case, declared at run time.

use std::collections::HashMap;

use diptych::object::{
    CollectionKind, ComputedKind, Inheritance, JoinColumn, Polymorphic, SubclassLoad, foreign, join_column, remote,
};
use diptych::{Cascade, Class, Database, Direction, Expr, Lazy, PassiveDeletes, Relationship, Table};
use serde_json::Value as Json;

use crate::case::{list, says, text, texts};
use crate::expression::{Leaves, expression};
use crate::fault::{Fault, unsupported};
use crate::tables::table;
use crate::value::from_json;

/// The database of a case, without rows.
pub fn database(case: &Json) -> Result<Database, Fault> {
    let mut tables: HashMap<String, Table> = HashMap::new();
    for declared in list(&case["schema"], "tables") {
        tables.insert(text(declared, "name").to_owned(), table(declared)?);
    }
    let classes = list(case, "classes").iter().map(|it| class(it, &mut tables)).collect::<Result<Vec<_>, _>>()?;
    let mut others: Vec<(String, Table)> = tables.into_iter().collect();
    others.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(Database::with_classes(classes, others.into_iter().map(|it| it.1))?)
}

fn owned(names: Vec<&str>) -> Vec<String> {
    names.into_iter().map(str::to_owned).collect()
}

fn class(json: &Json, tables: &mut HashMap<String, Table>) -> Result<Class, Fault> {
    let name = text(json, "name").to_owned();
    let mut class = match json.get("table").and_then(Json::as_str) {
        Some(table) => match tables.remove(table) {
            Some(table) => Class::new(name, table),
            None => return unsupported(format!("two classes of the table {table}")),
        },
        None => Class::inheriting(name, text(json, "inherits").to_owned()),
    };
    if json.get("inherits").is_some() {
        class = class.inherits(text(json, "inherits").to_owned());
    }
    if let Some(declared) = json.get("polymorphic") {
        class = class.polymorphic(polymorphic(declared)?);
    }
    class = class.own_columns(owned(texts(json, "own_columns")));
    class = class.deferred(owned(texts(json, "deferred")));
    class = class.raise_deferred(owned(texts(json, "raise_deferred")));
    class = class.active_history(owned(texts(json, "active_history")));
    if json.get("version_column").is_some() {
        class = class.version_column(text(json, "version_column").to_owned());
    }
    for computed in list(json, "computed") {
        let kind = if text(computed, "kind") == "loaded" { ComputedKind::Loaded } else { ComputedKind::Hybrid };
        let expression = expression(&computed["expr"], &mut OwnColumns)?;
        class = class.computed(text(computed, "name").to_owned(), kind, expression);
    }
    for relation in list(json, "relationships") {
        class = class.relation(relationship(relation)?);
    }
    Ok(class)
}

fn polymorphic(json: &Json) -> Result<Polymorphic, Fault> {
    let kind = match text(json, "kind") {
        "" => None,
        "joined" => Some(Inheritance::Joined),
        "single" => Some(Inheritance::Single),
        "concrete" => Some(Inheritance::Concrete),
        other => return unsupported(format!("inheritance of kind {other}")),
    };
    let on = json.get("on").and_then(Json::as_str).map(str::to_owned);
    let mut declared = match (kind, on) {
        (Some(kind), None) => Polymorphic::of(kind),
        (None, Some(on)) => Polymorphic::on(on),
        (Some(_), Some(on)) if says(json, "union") => Polymorphic::default().union(on),
        (Some(_), Some(on)) => Polymorphic::on(on),
        (None, None) => Polymorphic::default(),
    };
    if let Some(identity) = json.get("identity") {
        declared = declared.identity(from_json(identity));
    }
    if text(json, "with") == "*" {
        declared = declared.with_subclasses();
    }
    Ok(match text(json, "load") {
        "selectin" => declared.load(SubclassLoad::Selectin),
        "inline" => declared.load(SubclassLoad::Inline),
        _ => declared,
    })
}

fn relationship(json: &Json) -> Result<Relationship, Fault> {
    let mut relation = Relationship::new(text(json, "name").to_owned(), text(json, "target").to_owned());
    if json.get("secondary").is_some() {
        relation = relation.secondary(text(json, "secondary").to_owned());
    }
    if json.get("back_populates").is_some() {
        relation = relation.back_populates(text(json, "back_populates").to_owned());
    }
    if json.get("cascade").is_some() {
        let mut all = Cascade::NONE;
        for name in texts(json, "cascade") {
            all = all | cascade(name)?;
        }
        relation = relation.cascade(all);
    }
    if json.get("lazy").is_some() {
        relation = relation.lazy(lazy(text(json, "lazy"))?);
    }
    for order in list(json, "order_by") {
        relation = relation.order_by(order[0].as_str().unwrap_or_default().to_owned(), direction(&order[1]));
    }
    if let Some(join) = json.get("primaryjoin") {
        relation = relation.primary_join(expression(join, &mut JoinColumns)?);
    }
    if let Some(join) = json.get("secondaryjoin") {
        relation = relation.secondary_join(expression(join, &mut JoinColumns)?);
    }
    if json.get("foreign_keys").is_some() {
        relation = relation.foreign_keys(owned(texts(json, "foreign_keys")));
    }
    if json.get("remote_side").is_some() {
        relation = relation.remote_side(owned(texts(json, "remote_side")));
    }
    Ok(particulars(json, relation))
}

/// What a relation says beyond how it is joined.
fn particulars(json: &Json, mut relation: Relationship) -> Relationship {
    let flag = |key: &str| json.get(key).and_then(Json::as_bool);
    if let Some(many) = flag("uselist") {
        relation = relation.uselist(many);
    }
    if flag("viewonly") == Some(true) {
        relation = relation.view_only();
    }
    if let Some(sync) = flag("sync_backref") {
        relation = relation.sync_backref(sync);
    }
    relation = relation.passive_deletes(match json.get("passive_deletes") {
        Some(Json::Bool(true)) => PassiveDeletes::On,
        Some(Json::String(it)) if it == "all" => PassiveDeletes::All,
        _ => PassiveDeletes::Off,
    });
    relation = relation.passive_updates(flag("passive_updates").unwrap_or(true));
    relation = relation.post_update(flag("post_update") == Some(true));
    relation = relation.single_parent(flag("single_parent") == Some(true));
    relation = relation.inner_join(flag("innerjoin") == Some(true));
    relation = relation.active_history(flag("active_history") == Some(true));
    if let Some(depth) = json.get("join_depth").and_then(Json::as_u64) {
        relation = relation.join_depth(depth as u32);
    }
    if text(json, "collection") == "set" {
        relation = relation.collection(CollectionKind::Set);
    }
    relation
}

fn cascade(name: &str) -> Result<Cascade, Fault> {
    Ok(match name {
        "save-update" => Cascade::SAVE_UPDATE,
        "merge" => Cascade::MERGE,
        "delete" => Cascade::DELETE,
        "delete-orphan" => Cascade::DELETE_ORPHAN,
        "expunge" => Cascade::EXPUNGE,
        "refresh-expire" => Cascade::REFRESH_EXPIRE,
        "all" => Cascade::ALL,
        // A set of cascades has no place for another one.
        _ => return Err(Fault::Category("configuration")),
    })
}

/// How a relation is loaded, by the name that the format has for it.
pub fn lazy(name: &str) -> Result<Lazy, Fault> {
    Ok(match name {
        "select" => Lazy::Select,
        "joined" => Lazy::Joined,
        "subquery" => Lazy::Subquery,
        "selectin" => Lazy::Selectin,
        "immediate" => Lazy::Immediate,
        "raise" => Lazy::Raise,
        "raise_on_sql" => Lazy::RaiseOnSql,
        "noload" => Lazy::Noload,
        "dynamic" => Lazy::Dynamic,
        "write_only" => Lazy::WriteOnly,
        other => return unsupported(format!("the strategy {other}")),
    })
}

/// The direction of an order.
pub fn direction(json: &Json) -> Direction {
    if json == "desc" { Direction::Descending } else { Direction::Ascending }
}

/// Columns of joins, `table.column`, with their marks.
struct JoinColumns;

impl Leaves for JoinColumns {
    type Leaf = JoinColumn;

    fn column(&mut self, name: &str) -> Result<Expr<JoinColumn>, Fault> {
        Ok(join_column(name.to_owned()))
    }

    fn other(&mut self, form: &str, operands: &[Json]) -> Result<Expr<JoinColumn>, Fault> {
        let inside = expression(&operands[0], self);
        match form {
            "foreign" => Ok(foreign(inside?)),
            "remote" => Ok(remote(inside?)),
            _ => unsupported(format!("`{form}` in a join")),
        }
    }
}

/// Columns of the class itself, by name.
pub struct OwnColumns;

impl Leaves for OwnColumns {
    type Leaf = diptych::schema::Name;

    fn column(&mut self, name: &str) -> Result<Expr<diptych::schema::Name>, Fault> {
        let name = name.rsplit('.').next().unwrap_or(name);
        Ok(Expr::Leaf(name.to_owned().into()))
    }
}
