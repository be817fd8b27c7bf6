//! Conventions: what is meant where nothing is said.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::{GenericArgument, Ident, PathArguments, PathSegment, Type};

use crate::ast::{Entity, Field};
use crate::attr::ForeignKey;
use crate::relation::{Kind, Relation};

/// How many a relation leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arity {
    Required,
    Optional,
    Many,
}

/// Why the foreign key of a `belongs_to` cannot be told.
pub(crate) enum Unclear<'a> {
    /// It names a field that is not there.
    UnknownField,
    /// These fields refer to nothing.
    NoReference(Vec<&'a Field>),
    /// Nothing is said, and this many foreign keys lead to the target.
    Candidates(Vec<&'a ForeignKey>),
}

/// The table's name: `BlogPost` is in `blog_posts`, `Category` in `categories`.
pub(crate) fn table(entity: &Entity) -> String {
    match &entity.options.table {
        Some(name) => name.value(),
        None => plural(&snake_case(&entity.ident.unraw().to_string())),
    }
}

/// The class's name: the struct's.
pub(crate) fn class(entity: &Entity) -> String {
    match &entity.options.class {
        Some(name) => name.value(),
        None => entity.ident.unraw().to_string(),
    }
}

/// The column's name: the field's.
pub(crate) fn column(field: &Field) -> String {
    match &field.column {
        Some(name) => name.value(),
        None => field.text(),
    }
}

/// The column of the field with this name. A name that is no field has been refused before.
pub(crate) fn column_named(entity: &Entity, name: &Ident) -> String {
    entity.field(name).map_or_else(|| name.unraw().to_string(), column)
}

pub(crate) fn snake_case(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (position, &letter) in letters.iter().enumerate() {
        let after_lower = position > 0 && !letters[position - 1].is_uppercase();
        let before_lower = letters.get(position + 1).is_some_and(|it| it.is_lowercase());
        if letter.is_uppercase() && position > 0 && (after_lower || before_lower) && !out.ends_with('_') {
            out.push('_');
        }
        out.extend(letter.to_lowercase());
    }
    out
}

fn plural(name: &str) -> String {
    let before_y = name.chars().rev().nth(1);
    if name.ends_with('y') && before_y.is_some_and(|it| !"aeiou".contains(it)) {
        return format!("{}ies", &name[..name.len() - 1]);
    }
    let hisses = ["s", "x", "ch", "sh"].iter().any(|it| name.ends_with(it));
    if hisses { format!("{name}es") } else { format!("{name}s") }
}

/// Whether the rows tell of which class they are, so that others can extend it.
pub(crate) fn is_extensible(entity: &Entity) -> bool {
    let said = &entity.options.inheritance;
    entity.base.is_some() || said.discriminator.is_some() || said.union
}

/// The field that is most likely the row of a base, where nothing is marked: it is called as its type is.
pub(crate) fn likely_base(entity: &Entity) -> Option<usize> {
    let is_named_so = |it: &Field| {
        let ty = last_segment(&it.ty).filter(|it| it.arguments.is_empty());
        ty.is_some_and(|ty| snake_case(&ty.ident.to_string()) == it.text())
    };
    entity.fields.iter().position(is_named_so)
}

/// Whether the type is written as an `Option`.
pub(crate) fn is_option(ty: &Type) -> bool {
    last_segment(ty).is_some_and(|it| it.ident == "Option")
}

/// Whether the table can fill a key of this type.
pub(crate) fn is_auto_key(ty: &Type) -> bool {
    last_segment(ty).is_some_and(|it| it.ident == "Id" || it.ident == "i64")
}

/// `T` where the type is written `Id<T>` or `Option<Id<T>>`.
pub(crate) fn id_target(ty: &Type) -> Option<&Type> {
    let segment = last_segment(ty)?;
    match segment.ident.to_string().as_str() {
        "Id" => only_argument(segment),
        "Option" => id_target(only_argument(segment)?),
        _ => None,
    }
}

fn only_argument(segment: &PathSegment) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    match arguments.args.first() {
        Some(GenericArgument::Type(ty)) if arguments.args.len() == 1 => Some(ty),
        _ => None,
    }
}

fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match ty {
        Type::Path(path) => path.path.segments.last(),
        Type::Group(group) => last_segment(&group.elem),
        Type::Paren(paren) => last_segment(&paren.elem),
        _ => None,
    }
}

/// Whether two types are written as the same entity. Paths to it may differ, so their last word decides.
pub(crate) fn same_entity(entity: &Entity, a: &Type, b: &Type) -> bool {
    let name = |ty| last_segment(ty).map(|it| if it.ident == "Self" { &entity.ident } else { &it.ident });
    name(a) == name(b)
}

/// The type with `Self` written out, for places where `Self` would be something else.
pub(crate) fn without_self(entity: &Entity, tokens: impl ToTokens) -> TokenStream {
    let replace = |tree| match tree {
        TokenTree::Ident(word) if word == "Self" => {
            let mut ident = entity.ident.clone();
            ident.set_span(word.span());
            TokenTree::Ident(ident)
        }
        TokenTree::Group(group) => {
            let inner = without_self(entity, group.stream());
            let mut replaced = proc_macro2::Group::new(group.delimiter(), inner);
            replaced.set_span(group.span());
            TokenTree::Group(replaced)
        }
        other => other,
    };
    tokens.into_token_stream().into_iter().map(replace).collect()
}

/// A type as one writes it.
pub(crate) fn shown(ty: &Type) -> String {
    let mut text = quote!(#ty).to_string();
    for (spaced, tight) in [(" :: ", "::"), (" < ", "<"), (" >", ">"), (" ,", ","), ("& ", "&")] {
        text = text.replace(spaced, tight);
    }
    text
}

/// How many the relation leads to.
pub(crate) fn arity(entity: &Entity, relation: &Relation) -> Arity {
    match relation.kind {
        Kind::HasMany | Kind::ManyToMany => Arity::Many,
        Kind::HasOne => Arity::Optional,
        // What a join asks beyond the foreign key, its target may not fulfil.
        Kind::BelongsTo if relation.primary_join.is_some() => Arity::Optional,
        Kind::BelongsTo => match via(entity, relation) {
            Ok(fields) if fields.iter().all(|it| !is_option(&it.ty)) => Arity::Required,
            _ => Arity::Optional,
        },
    }
}

/// The fields a `belongs_to` follows, in the order of the foreign key: the ones it names; else the foreign key on
/// `{name}_id`; else the only one that leads to its target.
pub(crate) fn via<'a>(entity: &'a Entity, relation: &'a Relation) -> Result<Vec<&'a Field>, Unclear<'a>> {
    if !relation.via.is_empty() {
        let fields = fields_named(entity, &relation.via)?;
        let key = key_over(entity, &relation.via).ok_or(Unclear::NoReference(fields))?;
        return fields_named(entity, &key.fields);
    }
    let guess = format!("{}_id", relation.text());
    let guess = entity.fields.iter().find(|it| it.text() == guess);
    if let Some(key) = guess.and_then(|it| key_over(entity, std::slice::from_ref(&it.ident))) {
        return fields_named(entity, &key.fields);
    }
    let leads_there = |key: &&ForeignKey| match (&key.target, &relation.target) {
        (Some(a), Some(b)) => same_entity(entity, a, b),
        _ => false,
    };
    let candidates: Vec<&ForeignKey> = entity.foreign_keys.iter().filter(leads_there).collect();
    match (&candidates[..], guess) {
        ([key], _) => fields_named(entity, &key.fields),
        ([], Some(field)) => Err(Unclear::NoReference(vec![field])),
        _ => Err(Unclear::Candidates(candidates)),
    }
}

fn fields_named<'a>(entity: &'a Entity, names: &'a [Ident]) -> Result<Vec<&'a Field>, Unclear<'a>> {
    names.iter().map(|name| entity.field(name).ok_or(Unclear::UnknownField)).collect()
}

/// The foreign key over exactly these fields, in whatever order.
pub(crate) fn key_over<'a>(entity: &'a Entity, names: &[Ident]) -> Option<&'a ForeignKey> {
    let over = |key: &&ForeignKey| key.fields.len() == names.len() && names.iter().all(|it| key.fields.contains(it));
    entity.foreign_keys.iter().find(over)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_named_after_its_struct() {
        let name = |it: &str| plural(&snake_case(it));
        let structs = ["User", "BlogPost", "Category", "Day", "Box", "Status", "Match", "HTTPServer", "Page2"];
        let tables =
            ["users", "blog_posts", "categories", "days", "boxes", "statuses", "matches", "http_servers", "page2s"];
        assert_eq!(structs.map(name), tables);
    }

    #[test]
    fn the_entity_of_a_key_is_seen_through_option_and_path() {
        let ty: Type = syn::parse_quote!(std::option::Option<diptych::Id<crate::Post>>);
        assert_eq!(id_target(&ty).map(shown), Some("crate::Post".to_owned()));
        assert!(is_option(&ty));
        assert!(!is_auto_key(&ty));
    }
}
