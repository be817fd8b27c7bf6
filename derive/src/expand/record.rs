//! `impl Record`: the row by column position.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::Index;

use crate::ast::Entity;

/// `impl Record`.
pub(super) fn implementation(entity: &Entity) -> TokenStream {
    if let Some(base) = &entity.base {
        return extending(entity, &base.ident);
    }
    let (ident, width) = (&entity.ident, entity.fields.len());
    let names: Vec<_> = entity.fields.iter().map(|it| &it.ident).collect();
    let positions: Vec<Index> = (0..width).map(Index::from).collect();
    let numbers = 0..width as u16;
    quote! {
        #[automatically_derived]
        impl ::diptych::derive_support::Record for #ident {
            #[inline]
            fn width(&self) -> usize {
                #width
            }

            #[inline]
            fn get(&self, diptych_column: ::diptych::derive_support::ColumnId) -> ::diptych::derive_support::ValueRef<'_> {
                match diptych_column.index() {
                    #(#positions => ::diptych::derive_support::read(Self::#names, &self.#names),)*
                    _ => ::diptych::derive_support::ValueRef::Null,
                }
            }

            fn set(
                &mut self,
                diptych_column: ::diptych::derive_support::ColumnId,
                diptych_value: ::diptych::derive_support::Value,
            ) -> ::core::result::Result<(), ::diptych::derive_support::Mismatch> {
                match diptych_column.index() {
                    #(#positions => ::diptych::derive_support::write(Self::#names, &mut self.#names, diptych_value),)*
                    _ => ::core::result::Result::Err(::diptych::derive_support::Mismatch::new(
                        diptych_value,
                        "within the columns of the table",
                    )),
                }
            }

            fn duplicate(&self) -> ::diptych::derive_support::Row {
                ::diptych::derive_support::duplicate(self)
            }

            fn differing(
                &self,
                diptych_other: &dyn ::diptych::derive_support::Record,
            ) -> ::diptych::derive_support::ColumnSet {
                ::diptych::derive_support::differing(self, diptych_other, |diptych_other, diptych_found| {
                    #(diptych_found.note(
                        ::diptych::derive_support::ColumnId::new(#numbers),
                        ::diptych::derive_support::differs(Self::#names, &self.#names, &diptych_other.#names),
                    );)*
                })
            }
        }
    }
}

/// The same for a row that begins with that of a base.
fn extending(entity: &Entity, base: &Ident) -> TokenStream {
    let (ident, width) = (&entity.ident, entity.fields.len());
    let names: Vec<_> = entity.fields.iter().map(|it| &it.ident).collect();
    let positions: Vec<Index> = (0..width).map(Index::from).collect();
    quote! {
        #[automatically_derived]
        impl ::diptych::derive_support::Record for #ident {
            fn width(&self) -> usize {
                ::diptych::derive_support::width::<Self>()
            }

            fn get(&self, diptych_column: ::diptych::derive_support::ColumnId) -> ::diptych::derive_support::ValueRef<'_> {
                match ::diptych::derive_support::behind_base::<Self>(diptych_column) {
                    ::core::option::Option::None => ::diptych::derive_support::base_read::<Self>(&self.#base, diptych_column),
                    #(::core::option::Option::Some(#positions) => {
                        ::diptych::derive_support::read(Self::#names, &self.#names)
                    })*
                    ::core::option::Option::Some(_) => ::diptych::derive_support::ValueRef::Null,
                }
            }

            fn set(
                &mut self,
                diptych_column: ::diptych::derive_support::ColumnId,
                diptych_value: ::diptych::derive_support::Value,
            ) -> ::core::result::Result<(), ::diptych::derive_support::Mismatch> {
                match ::diptych::derive_support::behind_base::<Self>(diptych_column) {
                    ::core::option::Option::None => {
                        ::diptych::derive_support::base_write::<Self>(&mut self.#base, diptych_column, diptych_value)
                    }
                    #(::core::option::Option::Some(#positions) => {
                        ::diptych::derive_support::write(Self::#names, &mut self.#names, diptych_value)
                    })*
                    ::core::option::Option::Some(_) => ::core::result::Result::Err(
                        ::diptych::derive_support::Mismatch::new(diptych_value, "within the columns of the table"),
                    ),
                }
            }

            fn duplicate(&self) -> ::diptych::derive_support::Row {
                ::diptych::derive_support::duplicate(self)
            }

            fn base(&self) -> ::core::option::Option<&dyn ::diptych::derive_support::Record> {
                ::core::option::Option::Some(::diptych::derive_support::base_row::<Self>(&self.#base))
            }

            fn base_mut(&mut self) -> ::core::option::Option<&mut dyn ::diptych::derive_support::Record> {
                ::core::option::Option::Some(::diptych::derive_support::base_row_mut::<Self>(&mut self.#base))
            }
        }
    }
}
