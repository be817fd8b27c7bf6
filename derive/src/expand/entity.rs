//! `impl Entity`, and the two functions that need no import of a trait.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::ext::IdentExt;

use super::{fields, relations};
use crate::argument::Name;
use crate::ast::Entity;
use crate::attr::ForeignKey;
use crate::infer;

/// `impl Entity`.
pub(super) fn implementation(entity: &Entity) -> TokenStream {
    let (ident, class, table) = (&entity.ident, infer::class(entity), table(entity));
    let key = fields::key_type(entity);
    let columns = super::after_base(entity, quote!(columns_before), entity.fields.len());
    let count = super::after_base(entity, quote!(relations_before), entity.relations.len());
    let declaration = class_declaration(entity);
    let relations = relations::declarations(entity);
    let version = entity.fields.iter().filter(|it| it.version).map(infer::column);
    quote! {
        #[automatically_derived]
        impl ::diptych::derive_support::Entity for #ident {
            const CLASS: &'static str = #class;
            const TABLE: &'static str = #table;
            const COLUMNS: u16 = #columns;
            const RELATIONS: u16 = #count;
            type Key = #key;

            fn draft() -> Self {
                #ident::draft()
            }

            fn declare() -> ::diptych::derive_support::Class {
                #declaration #(.version_column(#version))* #(#relations)*
            }
        }
    }
}

/// `select` and `draft`, with the body of the latter.
pub(super) fn functions(entity: &Entity, draft: &TokenStream) -> TokenStream {
    let (ident, vis) = (&entity.ident, &entity.vis);
    let of_select = format!("A query for all `{ident}`.");
    let of_draft = format!("A `{ident}` to fill in; see `Entity::draft`.");
    quote! {
        #[automatically_derived]
        #[allow(dead_code)]
        impl #ident {
            #[doc = #of_select]
            #vis fn select() -> ::diptych::derive_support::Query<Self> {
                ::diptych::derive_support::Query::new()
            }

            #[doc = #of_draft]
            #vis fn draft() -> Self {
                #draft
            }
        }
    }
}

/// The body of `draft`.
pub(super) fn draft(entity: &Entity) -> TokenStream {
    let names: Vec<&Ident> = entity.fields.iter().map(|it| &it.ident).collect();
    let base = entity.base.as_ref().map(|base| {
        let name = &base.ident;
        quote!(#name: ::diptych::derive_support::base_draft::<Self>(),)
    });
    quote!(Self { #base #(#names: ::diptych::derive_support::draft_of(Self::#names),)* })
}

/// The name of the table: that of the base, unless the class has one of its own.
fn table(entity: &Entity) -> TokenStream {
    let said = entity.options.table.as_ref().or(entity.options.inheritance.concrete.as_ref());
    match (said, &entity.base) {
        (Some(name), Some(_)) => quote!(#name),
        (None, Some(_)) => quote!(::diptych::derive_support::base_table::<Self>()),
        (_, None) => {
            let name = infer::table(entity);
            quote!(#name)
        }
    }
}

/// The class as an expression.
fn class_declaration(entity: &Entity) -> TokenStream {
    let (table, polymorphic) = (declaration(entity), polymorphic(entity));
    match (&entity.base, polymorphic) {
        (Some(_), polymorphic) => quote!(::diptych::derive_support::Class::extending::<Self>(#table, #polymorphic)),
        (None, None) => quote!(::diptych::derive_support::Class::of::<Self>(#table)),
        (None, polymorphic) => {
            quote!(::diptych::derive_support::Class::of::<Self>(#table).polymorphic(#polymorphic))
        }
    }
}

/// How the class stands to its base and its subclasses.
fn polymorphic(entity: &Entity) -> Option<TokenStream> {
    let said = &entity.options.inheritance;
    let on = said.discriminator.as_ref().map(|it| infer::column_named(entity, it));
    let start = match (&entity.base, &on) {
        (Some(_), _) => {
            let kind = match (&said.concrete, &entity.options.table) {
                (Some(_), _) => quote!(Concrete),
                (None, Some(_)) => quote!(Joined),
                (None, None) => quote!(Single),
            };
            quote!(of(::diptych::derive_support::Inheritance::#kind))
        }
        (None, Some(on)) if !said.union => quote!(on(#on)),
        (None, on) if said.union => {
            let on = on.as_deref().unwrap_or("class");
            quote!(default().union(#on))
        }
        (None, _) => return None,
    };
    let identity = said.identity.iter();
    let without_rows = said.is_abstract.then(|| quote!(.without_rows()));
    let with_subclasses = said.with_subclasses.then(|| quote!(.with_subclasses()));
    let load = said.load.iter().map(|it| match it.to_string().as_str() {
        "selectin" => quote!(Selectin),
        "inline" => quote!(Inline),
        _ => quote!(OnAccess),
    });
    Some(quote! {
        ::diptych::derive_support::Polymorphic::#start
            #(.identity(#identity))*
            #without_rows
            #with_subclasses
            #(.load(::diptych::derive_support::SubclassLoad::#load))*
    })
}

/// The table as an expression.
fn declaration(entity: &Entity) -> TokenStream {
    let columns = entity.fields.iter().map(|field| {
        let name = &field.ident;
        let default = field.default.iter().map(|it| quote!(.default(#it)));
        quote!(.column(::diptych::derive_support::column_of(Self::#name) #(#default)*))
    });
    let keys = entity.keys().map(infer::column);
    let primary_key = entity.base.is_none().then(|| quote!(.primary_key([#(#keys),*])));
    let auto = entity.keys().any(|it| it.key.as_ref().is_some_and(|key| key.auto)).then(|| quote!(.auto()));
    let lists = lists(entity);
    let foreign_keys = entity.foreign_keys.iter().map(|it| foreign_key(entity, it));
    let checks = entity.checks.iter().map(|check| {
        let (name, condition) = (check.name.unraw().to_string(), &check.condition);
        quote!(.check(#name, #condition))
    });
    quote! {
        ::diptych::derive_support::Table::new(<Self as ::diptych::derive_support::Entity>::TABLE)
            #(#columns)*
            #primary_key #auto
            #lists
            #(#foreign_keys)*
            #(#checks)*
    }
}

/// Unique keys and indexes: of single fields in their order, then those above the struct.
fn lists(entity: &Entity) -> TokenStream {
    let list = |word: &str, names: Vec<String>| {
        let word = format_ident!("{word}");
        quote!(.#word([#(#names),*]))
    };
    let of_fields = entity.fields.iter().flat_map(|field| {
        let unique = field.unique.then(|| list("unique", vec![infer::column(field)]));
        let index = field.index.then(|| list("index", vec![infer::column(field)]));
        [unique, index].into_iter().flatten()
    });
    let named = |names: &Vec<Ident>| names.iter().map(|it| infer::column_named(entity, it)).collect();
    let uniques = entity.options.uniques.iter().map(|it| list("unique", named(it)));
    let indexes = entity.options.indexes.iter().map(|it| list("index", named(it)));
    of_fields.chain(uniques).chain(indexes).collect()
}

fn foreign_key(entity: &Entity, key: &ForeignKey) -> TokenStream {
    let columns = key.fields.iter().map(|it| infer::column_named(entity, it));
    let table = table_of(entity, key);
    let to = (!key.to.is_empty()).then(|| {
        let target = &key.target;
        let names = key.to.iter().map(|name| match name {
            Name::Field(field) => quote!(::diptych::derive_support::field_name(<#target>::#field)),
            Name::Column(text) => quote!(#text),
        });
        quote!(.to([#(#names),*]))
    });
    let on_delete = key.on_delete.iter().map(action);
    let on_update = key.on_update.iter().map(action);
    let deferred = key.deferred.then(|| quote!(.deferred()));
    let unindexed = key.unindexed.then(|| quote!(.unindexed()));
    quote! {
        .foreign_key(
            ::diptych::derive_support::ForeignKey::new([#(#columns),*], #table)
                #to #(.on_delete(#on_delete))* #(.on_update(#on_update))* #deferred #unindexed
        )
    }
}

/// The name of the target's table: through a relation to it if there is one, so that a target which is no entity is
/// refused once (M1).
fn table_of(entity: &Entity, key: &ForeignKey) -> TokenStream {
    let target = &key.target;
    let leads_there = entity.relations.iter().find(|relation| match (&relation.target, target) {
        (Some(a), Some(b)) => infer::shown(a) == infer::shown(b),
        _ => false,
    });
    match leads_there {
        Some(relation) => {
            let name = &relation.name;
            quote!(::diptych::derive_support::table_of(Self::#name))
        }
        None => quote!(<#target as ::diptych::derive_support::Entity>::TABLE),
    }
}

fn action(word: &Ident) -> TokenStream {
    let variant = match word.to_string().as_str() {
        "cascade" => quote!(Cascade),
        "set_null" => quote!(SetNull),
        "set_default" => quote!(SetDefault),
        "restrict" => quote!(Restrict),
        _ => quote!(NoAction),
    };
    quote!(::diptych::derive_support::Action::#variant)
}
