//! An inert implementation beside the errors. It has every name that the right one would have, so that the struct's
//! mistakes are not reported again wherever it is used (M3). Its bodies never run: the crate does not compile.

use std::collections::HashSet;

use proc_macro2::TokenStream;
use quote::quote;

use super::{base, entity, fields, relations};
use crate::ast::Entity;
use crate::symbol;

/// The errors, and all that others may refer to.
pub(super) fn expand(entity: &Entity, errors: &[TokenStream]) -> TokenStream {
    let implementations = implementations(entity);
    // A constant would need the parameters of a generic struct, which have nothing to stand for.
    let is_plain = entity.generics.params.is_empty() && entity.generics.where_clause.is_none();
    let base = is_plain.then(|| base::implementations(entity, true));
    let names = is_plain.then(|| {
        let aliases = [fields::aliases(entity), relations::aliases(entity)];
        let (functions, constants) = (entity::functions(entity, &quote!(::core::unreachable!())), constants(entity));
        quote! {
            #(#aliases)*
            #functions
            #constants
        }
    });
    quote! {
        #(#errors)*
        const _: () = {
            #implementations
            #base
            #names
        };
    }
}

/// The constants whose names are free.
fn constants(entity: &Entity) -> TokenStream {
    let mut taken: HashSet<String> = symbol::RESERVED.iter().map(|it| it.to_string()).collect();
    let mut constants = TokenStream::new();
    for (position, field) in entity.fields.iter().enumerate() {
        if taken.insert(field.text()) {
            constants.extend(fields::constant(entity, position, field));
        }
    }
    for (position, relation) in entity.relations.iter().enumerate() {
        if taken.insert(relation.text()) {
            constants.extend(relations::constant(entity, position, relation));
        }
    }
    quote!(const _: () = { #constants };)
}

fn implementations(entity: &Entity) -> TokenStream {
    let ident = &entity.ident;
    let (before, after, _) = entity.generics.split_for_impl();
    let bounds = entity.generics.where_clause.iter().map(|it| &it.predicates);
    let bounds = (!entity.generics.params.is_empty()).then(|| {
        quote! {
            Self: ::core::clone::Clone + ::core::fmt::Debug + ::core::marker::Send + ::core::marker::Sync + 'static,
            #(#bounds)*
        }
    });
    quote! {
        #[automatically_derived]
        impl #before ::diptych::derive_support::Entity for #ident #after where #bounds {
            const CLASS: &'static str = "";
            const TABLE: &'static str = "";
            const COLUMNS: u16 = 0;
            const RELATIONS: u16 = 0;
            type Key = i64;

            fn draft() -> Self {
                ::core::unreachable!()
            }

            fn declare() -> ::diptych::derive_support::Class {
                ::core::unreachable!()
            }
        }

        #[automatically_derived]
        impl #before ::diptych::derive_support::Record for #ident #after where #bounds {
            fn width(&self) -> usize {
                ::core::unreachable!()
            }

            fn get(&self, _: ::diptych::derive_support::ColumnId) -> ::diptych::derive_support::ValueRef<'_> {
                ::core::unreachable!()
            }

            fn set(
                &mut self,
                _: ::diptych::derive_support::ColumnId,
                _: ::diptych::derive_support::Value,
            ) -> ::core::result::Result<(), ::diptych::derive_support::Mismatch> {
                ::core::unreachable!()
            }

            fn duplicate(&self) -> ::diptych::derive_support::Row {
                ::core::unreachable!()
            }
        }
    }
}
