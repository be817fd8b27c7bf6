//! What a struct turns into, in this order: the implementations of `Entity` and `Record`, what it is to its base and to
//! those that extend it, two functions, and one constant for each field and relation.
//!
//! # Invariants
//! - **M1** One mistake is one compile error. What the derive cannot see is named in one place only: types of columns
//!   in `impl Field`, targets of relations in `impl Relation`, the base in `impl Extends`. All other code reaches them
//!   through those, by the
//!   functions of `derive_support`: `read`, `write`, `draft_of`, `column_of`, `class_of`, `table_of`, `duplicate`.
//!   A struct that forgets `Clone` or `Debug` is an exception: those are supertraits, and each impl repeats it. So is a
//!   base that is no entity: it has neither a key nor rows that tell of which class they are.
//! - **M2** Nothing of the user's is shadowed. The unit structs `Post::body` and so on are made of live in a block of
//!   their own, which has no patterns and no expressions of the user's in it; types that the user wrote enter it under
//!   an alias. So a field may be called `value`, `column` or `uuid: uuid::Uuid`.
//! - **M3** An expansion with mistakes still has every name that others refer to; see `fallback`.
//!
//! # Not here
//! What is wrong with a struct (`check`), what is meant where nothing is said (`infer`).

mod base;
mod entity;
mod fallback;
mod fields;
mod record;
mod relations;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Visibility};

use crate::ast::Entity;
use crate::check;
use crate::ctxt::Ctxt;
use crate::infer;

/// The expansion of a struct, or its mistakes beside an inert one.
pub(crate) fn derive(input: DeriveInput) -> TokenStream {
    let ctxt = Ctxt::new();
    let mut entity = Entity::read(&ctxt, input);
    check::unmarked_base(&ctxt, &mut entity);
    check::check(&ctxt, &entity);
    let errors = ctxt.finish();
    if errors.is_empty() { whole(&entity) } else { fallback::expand(&entity, &errors) }
}

fn whole(entity: &Entity) -> TokenStream {
    let aliases = [fields::aliases(entity), relations::aliases(entity)];
    let (implementation, functions) =
        (entity::implementation(entity), entity::functions(entity, &entity::draft(entity)));
    let (record, base) = (record::implementation(entity), base::implementations(entity, infer::is_extensible(entity)));
    let constants = constants(entity);
    quote! {
        const _: () = {
            #(#aliases)*
            #implementation
            #record
            #base
            #functions
            #constants
        };
    }
}

/// The constants, in a block of their own (M2).
fn constants(entity: &Entity) -> TokenStream {
    let (fields, relations) = (fields::constants(entity), relations::constants(entity));
    quote! {
        const _: () = {
            #fields
            #relations
        };
    }
}

/// A position behind those of the base.
fn after_base(entity: &Entity, before: TokenStream, position: usize) -> TokenStream {
    let (ident, position) = (&entity.ident, position as u16);
    match entity.base {
        Some(_) => quote!(::diptych::derive_support::#before::<#ident>() + #position),
        None => quote!(#position),
    }
}

/// The lesser of two visibilities. A constant must not be seen further than the struct that its type speaks of.
fn lesser<'a>(a: &'a Visibility, b: &'a Visibility) -> &'a Visibility {
    if reach(a) <= reach(b) { a } else { b }
}

fn reach(visibility: &Visibility) -> u8 {
    match visibility {
        Visibility::Inherited => 0,
        Visibility::Restricted(it) if it.path.is_ident("self") => 0,
        Visibility::Restricted(it) if it.path.is_ident("super") => 1,
        Visibility::Restricted(it) if it.path.is_ident("crate") => 3,
        Visibility::Restricted(_) => 2,
        Visibility::Public(_) => 4,
    }
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    /// A struct of `fields` with references, checks and defaults, and as many relations.
    fn wide(fields: usize) -> DeriveInput {
        let names = (0..fields).map(|it| quote::format_ident!("field_{it}"));
        let relations = (0..fields).map(|it| quote::format_ident!("relation_{it}"));
        parse_quote! {
            #(#[has_many(#relations: Other, inverse = back, cascade(all))])*
            struct Wide { #[key(auto)] id: Id<Wide>, #(#[references(Other)] #names: Id<Other>,)* }
        }
    }

    /// What the compiler must read grows with the struct, evenly and not much.
    #[test]
    fn the_expansion_stays_small() {
        let size = |fields| derive(wide(fields)).to_string().len();
        let (small, large) = (size(4), size(14));
        let step = (large - small) / 10;
        assert!(step < 3_000, "a field and a relation expand to {step} bytes");
    }

    /// M3: the errors come with every name.
    #[test]
    fn d3_mistakes_keep_the_names() {
        let text = derive(parse_quote! {
            #[has_many(posts: Post, lazzy = raise)]
            struct User { #[key] id: i64, name: String }
        })
        .to_string();
        assert_eq!(text.matches("compile_error").count(), 1);
        for name in ["const posts", "const id", "const name", "fn select", "fn draft"] {
            assert!(text.contains(name), "{name} is missing");
        }
    }
}
