//! What an entity is to the class that it extends, and to those that extend it.

use proc_macro2::TokenStream;
use quote::quote;

use super::fields;
use crate::ast::Entity;

/// `impl Extensible`, `impl Extends`, and what follows from it.
pub(super) fn implementations(entity: &Entity, is_extensible: bool) -> TokenStream {
    let ident = &entity.ident;
    let extensible = is_extensible.then(|| {
        quote! {
            #[automatically_derived]
            impl ::diptych::derive_support::Extensible for #ident {}
        }
    });
    let extends = entity.base.as_ref().map(|base| {
        let (field, alias) = (&base.ident, fields::base_alias(entity));
        // What a base of another crate is, that crate may say otherwise one day, so the compiler does not let this follow.
        let is_a = if base.foreign {
            quote! {
                #[automatically_derived]
                impl ::diptych::derive_support::IsA<#alias> for #ident {}
            }
        } else {
            quote! {
                #[automatically_derived]
                impl<DiptychOther> ::diptych::derive_support::IsA<DiptychOther> for #ident
                where
                    ::diptych::derive_support::BaseOf<#ident>: ::diptych::derive_support::IsA<DiptychOther>,
                {
                }
            }
        };
        quote! {
            #[automatically_derived]
            impl ::diptych::derive_support::Extends for #ident {
                type Base = #alias;
            }

            #is_a

            #[automatically_derived]
            impl ::core::ops::Deref for #ident {
                type Target = ::diptych::derive_support::BaseOf<#ident>;

                fn deref(&self) -> &Self::Target {
                    &self.#field
                }
            }

            #[automatically_derived]
            impl ::core::ops::DerefMut for #ident {
                fn deref_mut(&mut self) -> &mut Self::Target {
                    &mut self.#field
                }
            }
        }
    });
    quote!(#extensible #extends)
}
