//! The typed constant of each relation, and its declaration.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;

use crate::argument::OrderBy;
use crate::ast::Entity;
use crate::infer::{self, Arity};
use crate::relation::{Kind, Relation};
use crate::symbol;

/// The targets under names that no relation can have (M2). A target that could not be read is the struct itself:
/// then there are errors already, and the constant only has to be there (M3).
pub(super) fn aliases(entity: &Entity) -> TokenStream {
    let aliases = entity.relations.iter().enumerate().map(|(position, relation)| {
        let (alias, ident) = (alias(position, relation), &entity.ident);
        let target = match &relation.target {
            Some(target) => infer::without_self(entity, target),
            None => quote!(#ident),
        };
        quote!(#[allow(dead_code)] type #alias = #target;)
    });
    aliases.collect()
}

fn alias(position: usize, relation: &Relation) -> Ident {
    let span = relation.target.as_ref().map_or_else(Span::call_site, Spanned::span);
    format_ident!("DiptychTarget{position}", span = span)
}

/// `Post::author` and its sisters.
pub(super) fn constants(entity: &Entity) -> TokenStream {
    entity.relations.iter().enumerate().map(|(position, relation)| constant(entity, position, relation)).collect()
}

/// One constant: a unit struct, and the associated constant that holds it.
pub(super) fn constant(entity: &Entity, position: usize, relation: &Relation) -> TokenStream {
    let (ident, vis, name, text) = (&entity.ident, &entity.vis, &relation.name, relation.text());
    let alias = alias(position, relation);
    let number = super::after_base(entity, quote!(relations_before), position);
    let arity = match infer::arity(entity, relation) {
        Arity::Required => quote!(Required),
        Arity::Optional => quote!(Optional),
        Arity::Many => quote!(Many),
    };
    let target = relation.target.as_ref().map_or_else(|| ident.to_string(), infer::shown);
    let writable = (!relation.says("view_only")).then(|| {
        quote! {
            #[automatically_derived]
            impl ::diptych::derive_support::Writable for #name {}
        }
    });
    let docs = format!("The relation `{text}`: {} `{target}`.", relation.kind.word().replace('_', " "));
    quote! {
        #[doc = #docs]
        #[derive(::core::clone::Clone, ::core::marker::Copy)]
        #[allow(non_camel_case_types, dead_code)]
        #vis struct #name;

        #[automatically_derived]
        impl ::diptych::derive_support::Relation for #name {
            type Owner = #ident;
            type Target = #alias;
            type Arity = ::diptych::derive_support::#arity;
            const RELATION: ::diptych::derive_support::RelationId = ::diptych::derive_support::RelationId::new(#number);
            const NAME: &'static ::core::primitive::str = #text;
        }

        #writable

        #[automatically_derived]
        #[allow(non_upper_case_globals, dead_code)]
        impl #ident {
            #[doc = #docs]
            #vis const #name: #name = #name;
        }
    }
}

/// `.relation(…)` for each.
pub(super) fn declarations(entity: &Entity) -> Vec<TokenStream> {
    let relations = entity.relations.iter().enumerate();
    relations.map(|(position, relation)| declaration(entity, position, relation)).collect()
}

fn declaration(entity: &Entity, position: usize, relation: &Relation) -> TokenStream {
    let (name, target) = (&relation.name, alias(position, relation));
    let text = relation.text();
    let word = format_ident!("{}", relation.kind.word());
    let through = relation.through.iter();
    let via = via(entity, relation, &target);
    let columns = columns(relation);
    // What the compiler has to say about a name, it says at the name.
    let inverse = relation.inverse.iter().map(|inverse| {
        let checked = quote_spanned!(inverse.span()=> ::diptych::derive_support::relation_name(<#target>::#inverse));
        quote!(.inverse(#checked))
    });
    let cascade = (!relation.cascade.is_empty()).then(|| cascade(&relation.cascade));
    let lazy = relation.lazy.iter().map(lazy);
    let order = relation.order_by.iter().map(|order| {
        let direction = if order.descending { quote!(Descending) } else { quote!(Ascending) };
        let direction = quote!(::diptych::derive_support::Direction::#direction);
        match &order.by {
            OrderBy::Field(field) => {
                let field = field_name(&target, field);
                quote!(.order_by(#field, #direction))
            }
            OrderBy::Expression(by) => quote!(.order_by_expression(#by, #direction)),
        }
    });
    let (joins, details) = (joins(relation), details(relation));
    quote! {
        .relation(
            ::diptych::derive_support::Relationship::#word(
                #text, ::diptych::derive_support::class_of(Self::#name) #(, #through)*
            )
                #via
                #columns
                #(#inverse)*
                #cascade
                #(.lazy(::diptych::derive_support::Lazy::#lazy))*
                #(#order)*
                #joins
                #details
        )
    }
}

/// The foreign key's columns: our own are known by name, those of the target are named to the compiler.
fn via(entity: &Entity, relation: &Relation, target: &Ident) -> Option<TokenStream> {
    match relation.kind {
        Kind::BelongsTo if relation.primary_join.is_some() && relation.via.is_empty() => None,
        Kind::BelongsTo => {
            let fields = infer::via(entity, relation).ok()?;
            let columns = fields.into_iter().map(infer::column);
            Some(quote!(.via([#(#columns),*])))
        }
        _ if relation.via.is_empty() => None,
        _ => {
            let fields = relation.via.iter().map(|it| field_name(target, it));
            Some(quote!(.via([#(#fields),*])))
        }
    }
}

/// The conditions that are written out.
fn joins(relation: &Relation) -> TokenStream {
    let primary = relation.primary_join.iter().map(|it| quote!(.primary_join(#it)));
    let secondary = relation.secondary_join.iter().map(|it| quote!(.secondary_join(#it)));
    primary.chain(secondary).collect()
}

/// What is said beyond direction, cascade, loading and order.
fn details(relation: &Relation) -> TokenStream {
    let passive_deletes = relation.passive_deletes.iter().map(|it| {
        let variant = variant(it);
        quote!(.passive_deletes(::diptych::derive_support::PassiveDeletes::#variant))
    });
    let passive_updates = relation.passive_updates.iter().map(|it| {
        let passive = it == "on";
        quote!(.passive_updates(#passive))
    });
    let collection = relation.collection.iter().map(|it| {
        let variant = variant(it);
        quote!(.collection(::diptych::derive_support::CollectionKind::#variant))
    });
    let depth = relation.join_depth.iter().map(|it| quote!(.join_depth(#it)));
    let flags = symbol::FLAGS.iter().filter(|it| relation.says(it)).map(|it| {
        let word = format_ident!("{it}");
        if *it == "view_only" { quote!(.#word()) } else { quote!(.#word(true)) }
    });
    passive_deletes.chain(passive_updates).chain(collection).chain(depth).chain(flags).collect()
}

/// `off` as `Off`.
fn variant(word: &Ident) -> Ident {
    let text = word.to_string();
    let (first, rest) = text.split_at(1);
    format_ident!("{}{rest}", first.to_uppercase())
}

fn field_name(target: &Ident, field: &Ident) -> TokenStream {
    quote_spanned!(field.span()=> ::diptych::derive_support::field_name(<#target>::#field))
}

fn columns(relation: &Relation) -> Option<TokenStream> {
    let (own, other) = (&relation.own, &relation.other);
    if own.is_empty() && other.is_empty() {
        return None;
    }
    // The type of an empty list must be said.
    Some(quote!(.columns::<&'static str>(::std::vec![#(#own),*], ::std::vec![#(#other),*])))
}

fn cascade(words: &[Ident]) -> TokenStream {
    let sets = words.iter().map(|word| {
        let set = format_ident!("{}", word.to_string().to_uppercase());
        quote!(::diptych::derive_support::Cascade::#set)
    });
    quote!(.cascade(#(#sets)|*))
}

fn lazy(word: &Ident) -> Ident {
    let variant = match word.to_string().as_str() {
        "select" => "Select",
        "selectin" => "Selectin",
        "joined" => "Joined",
        "subquery" => "Subquery",
        "immediate" => "Immediate",
        "raise" => "Raise",
        "raise_on_sql" => "RaiseOnSql",
        "noload" => "Noload",
        "dynamic" => "Dynamic",
        _ => "WriteOnly",
    };
    format_ident!("{variant}")
}
