//! All that can be refused by looking at one struct: the code, the place, the line to write.

use std::collections::HashMap;

use syn::{Ident, Type};

use crate::ast::{Base, Entity, Field};
use crate::attr::ForeignKey;
use crate::code::Code;
use crate::ctxt::Ctxt;
use crate::infer::{self, Unclear};
use crate::relation::{Kind, Relation};
use crate::symbol;

/// The widest tuple that is a key.
const WIDEST_KEY: usize = 4;

/// Refuses a field that nobody has marked as the row of a base, and takes it for one, so that nothing else is refused for
/// want of it: a class that has an identity, and neither a key nor anything that holds the identity, extends another.
pub(crate) fn unmarked_base(ctxt: &Ctxt, entity: &mut Entity) {
    let said = &entity.options.inheritance;
    let says = ["identity", "concrete", "abstract"].iter().any(|it| said.word(it).is_some());
    let extends = says && !infer::is_extensible(entity);
    if !extends || entity.keys().next().is_some() {
        return;
    }
    if let Some(at) = infer::likely_base(entity) {
        let field = entity.fields.remove(at);
        let (name, ty) = (field.text(), infer::shown(&field.ty));
        let problem = format!("`{name}` is not marked as the row of the class that `{}` extends", entity.ident);
        ctxt.refuse(Code::UnmarkedBase, &field.ident, problem, format_args!("`#[base] {name}: {ty}`"));
        entity.base = Some(Base { ident: field.ident, ty: field.ty, foreign: false });
    }
}

/// Refuses what is wrong with an entity that could be read.
pub(crate) fn check(ctxt: &Ctxt, entity: &Entity) {
    if !entity.is_struct {
        return;
    }
    generics(ctxt, entity);
    if entity.base.is_some() {
        extending(ctxt, entity)
    } else {
        extended(ctxt, entity)
    }
    columns(ctxt, entity);
    lists(ctxt, entity);
    for key in &entity.foreign_keys {
        foreign_key(ctxt, entity, key);
    }
    names(ctxt, entity);
    for relation in &entity.relations {
        cascades(ctxt, relation);
        through(ctxt, relation);
        let joined = relation.primary_join.is_some() && relation.via.is_empty();
        if relation.kind == Kind::BelongsTo && !relation.flawed && !joined {
            belongs_to(ctxt, entity, relation);
        }
    }
}

fn generics(ctxt: &Ctxt, entity: &Entity) {
    if !entity.generics.params.is_empty() || entity.generics.where_clause.is_some() {
        let problem = format!("`{}` has parameters; a table has one row type", entity.ident);
        let write = format!("`struct {}` without them", entity.ident);
        match &entity.generics.where_clause {
            Some(clause) if entity.generics.params.is_empty() => ctxt.refuse(Code::Generic, clause, problem, write),
            _ => ctxt.refuse(Code::Generic, &entity.generics, problem, write),
        }
    }
}

/// What a class that extends another has to say, and what it cannot.
fn extending(ctxt: &Ctxt, entity: &Entity) {
    let said = &entity.options.inheritance;
    for field in entity.keys() {
        let problem = format!("`{}` has the key of its base", entity.ident);
        let write = format!("`{}` without `#[key]`, or `#[unique]`", field.ident);
        let at = field.key.as_ref().map_or_else(|| field.ident.span(), |it| it.at);
        ctxt.refuse_at(Code::KeyBesideBase, at, problem, write);
    }
    if said.word("identity").is_none() && said.word("concrete").is_none() && !said.is_abstract {
        let problem = format!("nothing tells which rows of its base are of `{}`", entity.ident);
        let write = format!("`#[entity(identity = \"{}\")]`", infer::snake_case(&entity.ident.to_string()));
        ctxt.refuse(Code::NoIdentity, &entity.ident, problem, write);
    }
    if let (Some(table), Some(concrete)) = (&entity.options.table, said.word("concrete")) {
        let problem = format!("`{}` has a table for what it adds, or one for all, not both", entity.ident);
        let table = table.value();
        let write = format!("`table = \"{table}\"`, or `concrete = \"{table}\"`");
        ctxt.refuse(Code::TwoTables, concrete, problem, write);
    }
    for word in symbol::EXTENDED.iter().filter_map(|it| said.word(it)) {
        let problem = format!("the first of the bases says `{word}`, for all that extend it");
        let write = format!("`{word}` above the struct that has no `#[base]`");
        ctxt.refuse(Code::SaidByBase, word, problem, write);
    }
}

/// The same for a class that may be a base.
fn extended(ctxt: &Ctxt, entity: &Entity) {
    let said = &entity.options.inheritance;
    keys(ctxt, entity);
    for word in symbol::EXTENDING.iter().filter_map(|it| said.word(it)) {
        let problem = format!("`{word}` is said by a class that extends another; `{}` has no base", entity.ident);
        ctxt.refuse(Code::NoBase, word, problem, symbol::attribute_sample("base"));
    }
    if let Some(field) = &said.discriminator {
        fields_exist(ctxt, entity, std::slice::from_ref(field));
    }
    let tells = said.word("discriminator").is_some() || said.union;
    if let Some(word) = said.word("identity").or(said.word("abstract")).filter(|_| !tells) {
        let problem = "nothing holds the identity: no field is the discriminator, and `union` is not said";
        ctxt.refuse(
            Code::NoDiscriminator,
            word,
            problem,
            "`discriminator = kind` beside it, and a field `kind: String`",
        );
    }
}

fn keys(ctxt: &Ctxt, entity: &Entity) {
    let keys: Vec<&Field> = entity.keys().collect();
    if keys.is_empty() && !entity.stray_key {
        let problem = format!("`{}` has no key", entity.ident);
        let write = match entity.fields.iter().find(|it| it.text() == "id") {
            Some(field) => format!("`#[key] id: {}`, or `#[key(auto)]` if the table fills it", infer::shown(&field.ty)),
            None => format!("`#[key(auto)] pub id: Id<{}>`", entity.ident),
        };
        ctxt.refuse(Code::NoKey, &entity.ident, problem, write);
    }
    if let Some(field) = keys.get(WIDEST_KEY) {
        let problem = format!("a key has at most {WIDEST_KEY} fields; this is number {}", WIDEST_KEY + 1);
        let write = "`#[key(auto)]` on an `id`, and `#[entity(unique(…))]` over these fields";
        ctxt.refuse(Code::WideKey, &field.ident, problem, write);
    }
    for field in &keys {
        key(ctxt, entity, field, keys.len());
    }
}

fn key(ctxt: &Ctxt, entity: &Entity, field: &Field, keys: usize) {
    let (name, ident) = (field.text(), &entity.ident);
    let auto = field.key.as_ref().filter(|it| it.auto);
    if infer::is_option(&field.ty) {
        let bare = infer::shown(&field.ty);
        let bare = bare.strip_suffix('>').and_then(|it| it.split_once('<')).map_or(bare.as_str(), |(_, it)| it);
        let problem = format!("the key `{name}` may be absent; every row has its key");
        return ctxt.refuse(Code::OptionalKey, &field.ty, problem, format_args!("`{name}: {bare}`"));
    }
    let Some(auto) = auto else { return };
    if keys > 1 {
        let problem = format!("`{name}` cannot fill itself: the key has {keys} fields");
        let write = "`#[key]` on each, and give the keys yourself";
        ctxt.refuse_at(Code::AutoKeyBesideKeys, auto.at, problem, write);
    } else if !infer::is_auto_key(&field.ty) {
        let problem = format!("`{name}` cannot fill itself: only an integer key does");
        let write = format!("`{name}: Id<{ident}>`, or `#[key]` and give the keys yourself");
        ctxt.refuse(Code::AutoKeyType, &field.ty, problem, write);
    } else if let Some(other) = infer::id_target(&field.ty) {
        let own: Type = syn::parse_quote!(#ident);
        if !infer::same_entity(entity, other, &own) {
            let problem = format!("the key of `{ident}` is written as a key of `{}`", infer::shown(other));
            ctxt.refuse(Code::IdOfAnother, other, problem, format_args!("`{name}: Id<{ident}>`"));
        }
    }
}

fn columns(ctxt: &Ctxt, entity: &Entity) {
    let mut taken: HashMap<String, &Field> = HashMap::new();
    for field in &entity.fields {
        let column = infer::column(field);
        if let Some(first) = taken.get(&column) {
            let problem = format!("the column `{column}` is that of the field `{}`", first.ident);
            let write = "another name: `#[column(\"name_in_table\")]`";
            match &field.column {
                Some(name) => ctxt.refuse(Code::ColumnTaken, name, problem, write),
                None => ctxt.refuse(Code::ColumnTaken, &field.ident, problem, write),
            }
        }
        taken.entry(column).or_insert(field);
    }
}

fn lists(ctxt: &Ctxt, entity: &Entity) {
    for list in entity.options.uniques.iter().chain(&entity.options.indexes) {
        fields_exist(ctxt, entity, list);
    }
}

fn fields_exist(ctxt: &Ctxt, entity: &Entity, names: &[Ident]) -> bool {
    let missing: Vec<&Ident> = names.iter().filter(|it| entity.field(it).is_none()).collect();
    for name in &missing {
        unknown_field(ctxt, entity, name);
    }
    for (position, name) in names.iter().enumerate() {
        if names[..position].contains(name) {
            let problem = format!("`{name}` stands twice in one list");
            ctxt.refuse(Code::Twice, name, problem, "its name once");
        }
    }
    missing.is_empty()
}

fn unknown_field(ctxt: &Ctxt, entity: &Entity, name: &Ident) {
    let fields: Vec<String> = entity.fields.iter().map(Field::text).collect();
    let of_base = if entity.base.is_some() { ", and those of its base cannot be named here" } else { "" };
    let problem = format!("`{}` has no field `{name}`{of_base}", entity.ident);
    match symbol::nearest(&name.to_string(), fields.iter().map(String::as_str)) {
        Some(near) => ctxt.refuse(Code::UnknownField, name, problem, format_args!("`{near}`")),
        None => ctxt.refuse(Code::UnknownField, name, problem, format_args!("one of {}", quoted(&fields))),
    }
}

/// The first few names in backticks.
fn quoted(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(6).map(|it| format!("`{it}`")).collect();
    let rest = if names.len() > shown.len() { ", …" } else { "" };
    format!("{}{rest}", shown.join(", "))
}

fn foreign_key(ctxt: &Ctxt, entity: &Entity, key: &ForeignKey) {
    if !fields_exist(ctxt, entity, &key.fields) {
        return;
    }
    if id_of_another(entity, key) {
        let (field, target) = (&key.fields[0], key.target.as_ref());
        let id = entity.field(field).and_then(|it| infer::id_target(&it.ty));
        if let (Some(id), Some(target)) = (id, target) {
            let (id, shown) = (infer::shown(id), infer::shown(target));
            let problem = format!("`{field}` is a key of `{id}` but refers to `{shown}`");
            ctxt.refuse(
                Code::IdOfAnother,
                target,
                problem,
                format_args!("`#[references({id})]`, or `{field}: Id<{shown}>`"),
            );
        }
    }
    // The same action on delete and on update wants the same of the field: one mistake.
    let mut actions: Vec<&Ident> = [&key.on_delete, &key.on_update].into_iter().flatten().collect();
    actions.dedup();
    for field in key.fields.iter().filter_map(|it| entity.field(it)) {
        actions.iter().for_each(|action| action_fits(ctxt, field, action));
    }
}

/// Whether the single field of the key is written as the id of an entity that the key does not refer to.
fn id_of_another(entity: &Entity, key: &ForeignKey) -> bool {
    let field = key.fields.first().and_then(|it| entity.field(it)).filter(|_| key.is_of_one_field());
    match (field.and_then(|it| infer::id_target(&it.ty)), &key.target) {
        (Some(id), Some(target)) => key.to.is_empty() && !infer::same_entity(entity, id, target),
        _ => false,
    }
}

fn action_fits(ctxt: &Ctxt, field: &Field, action: &Ident) {
    let (name, ty) = (field.text(), infer::shown(&field.ty));
    if action == "set_null" && !infer::is_option(&field.ty) {
        let problem = format!("`{name}` is never NULL, so it cannot be set to it");
        let write = match field.key {
            Some(_) => "`cascade` or `restrict`: a key is never NULL".to_owned(),
            None => format!("`{name}: Option<{ty}>`"),
        };
        ctxt.refuse(Code::SetNullRequired, action, problem, write);
    }
    if action == "set_default" && field.default.is_none() {
        let problem = format!("`{name}` has no default to be set to");
        ctxt.refuse(Code::SetDefaultMissing, action, problem, format_args!("`#[default(…)] {name}: {ty}`"));
    }
}

fn names(ctxt: &Ctxt, entity: &Entity) {
    let fields = entity.fields.iter().map(|it| (&it.ident, it.text(), "field"));
    let relations = entity.relations.iter().map(|it| (&it.name, it.text(), "relation"));
    let mut taken: HashMap<String, &str> = HashMap::new();
    for (ident, name, what) in fields.chain(relations) {
        if symbol::RESERVED.contains(&name.as_str()) {
            let problem = format!("`{}::{name}` is a function that the derive adds", entity.ident);
            let write = match what {
                "field" => format!("`#[column(\"{name}\")] {name}_: …`"),
                _ => "another name for the relation".to_owned(),
            };
            ctxt.refuse(Code::ReservedName, ident, problem, write);
        }
        if let Some(first) = taken.get(&name) {
            let problem = format!("`{name}` is the name of a {first} already");
            ctxt.refuse(Code::NameTaken, ident, problem, "another name for the relation");
        }
        taken.entry(name).or_insert(what);
    }
}

fn cascades(ctxt: &Ctxt, relation: &Relation) {
    let orphans = relation.cascade.iter().filter(|it| *it == "delete_orphan");
    for word in orphans.filter(|_| !relation.says("single_parent")) {
        let reason = match relation.kind {
            Kind::BelongsTo => "the one it belongs to has other owners, so leaving it orphans nothing",
            Kind::ManyToMany => "the targets are shared, so leaving one owner orphans nothing",
            Kind::HasOne | Kind::HasMany => continue,
        };
        let problem = format!("only an owning side orphans: {reason}");
        let write = "`delete_orphan` on a `has_one` or `has_many`, or `single_parent` beside it";
        ctxt.refuse(Code::OrphanSide, word, problem, write);
    }
}

fn through(ctxt: &Ctxt, relation: &Relation) {
    if relation.kind == Kind::ManyToMany && relation.through.is_none() && !relation.flawed {
        let (name, target) = (relation.text(), relation.target.as_ref().map(infer::shown).unwrap_or_default());
        let problem = format!("`{name}` does not name the table between");
        let write = format!("`#[many_to_many({name}: {target}, through = \"…\")]`");
        ctxt.refuse(Code::NoThrough, &relation.name, problem, write);
    }
}

fn belongs_to(ctxt: &Ctxt, entity: &Entity, relation: &Relation) {
    // A foreign key that could not be read may be the one that is missed here.
    if entity.foreign_keys.iter().any(|it| it.target.is_none() || it.fields.is_empty()) {
        return;
    }
    let Some(target) = &relation.target else { return };
    let before = ctxt.count();
    fields_exist(ctxt, entity, &relation.via);
    if ctxt.count() > before {
        return;
    }
    match infer::via(entity, relation) {
        Ok(fields) => {
            let fields: Vec<Ident> = fields.iter().map(|it| it.ident.clone()).collect();
            if let Some(key) = infer::key_over(entity, &fields) {
                targets_agree(ctxt, entity, relation, key);
            }
        }
        // Only of a foreign key, where it is refused already.
        Err(Unclear::UnknownField) => {}
        Err(Unclear::NoReference(fields)) => no_reference(ctxt, relation, &fields, &infer::shown(target)),
        Err(Unclear::Candidates(candidates)) => unclear(ctxt, relation, &candidates, &infer::shown(target)),
    }
}

fn targets_agree(ctxt: &Ctxt, entity: &Entity, relation: &Relation, key: &ForeignKey) {
    let (Some(referred), Some(target)) = (&key.target, &relation.target) else { return };
    // A key whose field is the id of another entity is refused already, and is as likely the one to change.
    if infer::same_entity(entity, referred, target) || id_of_another(entity, key) {
        return;
    }
    let (name, referred, shown) = (relation.text(), infer::shown(referred), infer::shown(target));
    let fields = key.fields.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ");
    let problem = format!("`{name}` leads to `{shown}`, but {fields} refers to `{referred}`");
    ctxt.refuse(Code::TargetsDiffer, target, problem, format_args!("`belongs_to({name}: {referred}, …)`"));
}

fn no_reference(ctxt: &Ctxt, relation: &Relation, fields: &[&Field], target: &str) {
    let names: Vec<String> = fields.iter().map(|it| it.text()).collect();
    let (problem, write) = match fields {
        [field] => {
            let ty = infer::shown(&field.ty);
            (format!("`{}` refers to nothing", names[0]), format!("`#[references({target})] {}: {ty}`", names[0]))
        }
        _ => {
            let problem = format!("there is no foreign key over {}", quoted(&names));
            (problem, format!("`#[foreign_key(via({}), references = {target})]`", names.join(", ")))
        }
    };
    match relation.via.first() {
        Some(_) => ctxt.refuse(Code::NoReference, list(&relation.via), problem, write),
        None => ctxt.refuse(Code::NoReference, &relation.name, problem, write),
    }
}

/// The names as one span of tokens.
fn list(names: &[Ident]) -> proc_macro2::TokenStream {
    quote::quote!(#(#names),*)
}

fn unclear(ctxt: &Ctxt, relation: &Relation, candidates: &[&ForeignKey], target: &str) {
    let name = relation.text();
    if candidates.is_empty() {
        let problem = format!("no field refers to `{target}`, so nothing leads to `{name}`");
        let write = format!("`#[references({target})] {name}_id: Id<{target}>`");
        return ctxt.refuse_at(Code::UnclearVia, relation.name.span(), problem, write);
    }
    let vias: Vec<String> = candidates.iter().map(|it| via_of(it)).collect();
    let problem = format!("several fields refer to `{target}`, so `{name}` must say which it follows");
    ctxt.refuse(Code::UnclearVia, &relation.name, problem, vias.join(" or "));
}

fn via_of(key: &ForeignKey) -> String {
    match &key.fields[..] {
        [field] => format!("`via = {field}`"),
        fields => format!("`via({})`", fields.iter().map(Ident::to_string).collect::<Vec<_>>().join(", ")),
    }
}
