//! The typed constant of each field.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;

use super::lesser;
use crate::ast::{Entity, Field};
use crate::infer;

/// The types of the fields under names that no field can have (M2).
pub(super) fn aliases(entity: &Entity) -> TokenStream {
    let aliases = entity.fields.iter().enumerate().map(|(position, field)| {
        let (alias, ty) = (alias(position, field), infer::without_self(entity, &field.ty));
        quote!(#[allow(dead_code)] type #alias = #ty;)
    });
    let base = entity.base.as_ref().map(|base| {
        let (alias, ty) = (base_alias(entity), infer::without_self(entity, &base.ty));
        quote!(#[allow(dead_code)] type #alias = #ty;)
    });
    aliases.chain(base).collect()
}

/// The type of the base, where it stands.
pub(super) fn base_alias(entity: &Entity) -> Ident {
    let span = entity.base.as_ref().map_or_else(proc_macro2::Span::call_site, |it| it.ty.span());
    format_ident!("DiptychBase", span = span)
}

/// The alias stands where the type stands, so that a type which is no column is refused there.
fn alias(position: usize, field: &Field) -> Ident {
    format_ident!("DiptychColumn{position}", span = field.ty.span())
}

/// The type of the primary key: of its field, a tuple, or what the base has.
pub(super) fn key_type(entity: &Entity) -> TokenStream {
    if entity.base.is_some() {
        let base = base_alias(entity);
        return quote_spanned!(base.span()=> <#base as ::diptych::derive_support::Entity>::Key);
    }
    let keys = entity.fields.iter().enumerate().filter(|(_, it)| it.key.is_some());
    let keys: Vec<Ident> = keys.map(|(position, field)| alias(position, field)).collect();
    match &keys[..] {
        [key] => quote!(#key),
        keys => quote!((#(#keys),*)),
    }
}

/// `Post::body` and its sisters.
pub(super) fn constants(entity: &Entity) -> TokenStream {
    entity.fields.iter().enumerate().map(|(position, field)| constant(entity, position, field)).collect()
}

/// One constant: a unit struct, and the associated constant that holds it.
pub(super) fn constant(entity: &Entity, position: usize, field: &Field) -> TokenStream {
    let (ident, name, column) = (&entity.ident, &field.ident, infer::column(field));
    let (vis, alias) = (lesser(&entity.vis, &field.vis), alias(position, field));
    let number = super::after_base(entity, quote!(columns_before), position);
    let generated = format!("The column `{column}`.");
    let docs = match &field.docs[..] {
        [] => quote!(#[doc = #generated]),
        docs => quote!(#(#docs)*),
    };
    quote! {
        #[doc = #generated]
        #[derive(::core::clone::Clone, ::core::marker::Copy)]
        #[allow(non_camel_case_types, dead_code)]
        #vis struct #name;

        #[automatically_derived]
        impl ::diptych::derive_support::Field for #name {
            type Entity = #ident;
            type Value = #alias;
            const COLUMN: ::diptych::derive_support::ColumnId = ::diptych::derive_support::ColumnId::new(#number);
            const NAME: &'static ::core::primitive::str = #column;
        }

        #[automatically_derived]
        #[allow(non_upper_case_globals, dead_code)]
        impl #ident {
            #docs
            #vis const #name: #name = #name;
        }
    }
}
