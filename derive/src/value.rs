//! `derive(AsValue)`: an enum without data is stored as text or as a number, a struct of one field as that field.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Data, DeriveInput, Fields, Ident, LitStr, Meta, Type, Variant};

use crate::code::Code;
use crate::ctxt::Ctxt;
use crate::infer::snake_case;
use crate::symbol;

/// What `#[value(…)]` says.
enum Said {
    Integer(Ident),
    Draft,
    Text(LitStr),
}

/// A variant and what is stored for it.
struct Stored<'a> {
    ident: &'a Ident,
    text: String,
}

/// The implementation, or the mistakes beside an inert one.
pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let ctxt = Ctxt::new();
    let ident = &input.ident;
    if !input.generics.params.is_empty() || input.generics.where_clause.is_some() {
        let problem = format!("`{ident}` has parameters; a column holds one type");
        ctxt.refuse(Code::Generic, &input.generics, problem, format_args!("`{ident}` without them"));
    }
    let expansion = match &input.data {
        Data::Enum(data) => of_enum(&ctxt, input, &data.variants.iter().collect::<Vec<_>>()),
        Data::Struct(data) => of_struct(&ctxt, input, &data.fields),
        Data::Union(_) => refuse_shape(&ctxt, ident, "is a union"),
    };
    let errors = ctxt.finish();
    if errors.is_empty() {
        return expansion;
    }
    let inert = inert(input);
    quote!(#(#errors)* #inert)
}

fn refuse_shape(ctxt: &Ctxt, ident: &Ident, what: &str) -> TokenStream {
    let problem = format!("`{ident}` {what}; a value is an enum, or a struct of one field");
    ctxt.refuse(Code::NotAValue, ident, problem, format_args!("`struct {ident}(i64);`"));
    TokenStream::new()
}

fn of_struct(ctxt: &Ctxt, input: &DeriveInput, fields: &Fields) -> TokenStream {
    let ident = &input.ident;
    for (said, at) in input.attrs.iter().filter_map(|it| said(ctxt, it)) {
        let what = if matches!(said, Said::Text(_)) { "a text" } else { "such an option" };
        let problem = format!("`{ident}` is stored as its field and has no use for {what}");
        ctxt.refuse_at(Code::TextOfNone, at, problem, "nothing above the struct");
    }
    let mut all = fields.iter();
    let (Some(field), None) = (all.next(), all.next()) else {
        return refuse_shape(ctxt, ident, &format!("has {} fields", fields.len()));
    };
    let (member, ty) = match &field.ident {
        Some(name) => (quote!(#name), &field.ty),
        None => (quote!(0), &field.ty),
    };
    newtype(ident, &member, ty)
}

/// The field's type is named in `impl Newtype` alone, so that one which is no value is refused once (M1).
fn newtype(ident: &Ident, member: &TokenStream, ty: &Type) -> TokenStream {
    quote! {
        const _: () = {
            use ::diptych::derive_support as support;

            #[automatically_derived]
            impl support::Newtype for #ident {
                type Inner = #ty;
            }

            #[automatically_derived]
            impl support::AsValue for #ident {
                const KIND: support::Kind = support::inner_kind::<#ident>();
                const NULLABLE: bool = support::inner_nullable::<#ident>();

                fn as_value(&self) -> support::ValueRef<'_> {
                    support::inner_read::<#ident>(&self.#member)
                }

                fn from_value(value: support::Value) -> ::core::result::Result<Self, support::Mismatch> {
                    ::core::result::Result::Ok(#ident { #member: support::inner_take::<#ident>(value)? })
                }

                fn draft() -> Self {
                    #ident { #member: support::inner_draft::<#ident>() }
                }
            }

            #[automatically_derived]
            impl ::core::convert::From<#ident> for support::Value {
                fn from(it: #ident) -> Self {
                    support::AsValue::as_value(&it).to_value()
                }
            }
        };
    }
}

fn of_enum(ctxt: &Ctxt, input: &DeriveInput, variants: &[&Variant]) -> TokenStream {
    let ident = &input.ident;
    let above: Vec<(Said, Span)> = input.attrs.iter().filter_map(|it| said(ctxt, it)).collect();
    let integer = above.iter().any(|(it, _)| matches!(it, Said::Integer(_)));
    for (_, at) in above.iter().filter(|(it, _)| !matches!(it, Said::Integer(_))) {
        let problem = format!("`{ident}` itself has no text; its variants have");
        ctxt.refuse_at(Code::TextOfNone, *at, problem, "`#[value(\"text\")]` above a variant");
    }
    let mut stored: Vec<Stored<'_>> = Vec::new();
    let mut draft = None;
    for variant in variants {
        if let Some(it) = read_variant(ctxt, variant, integer, &mut draft) {
            if let Some(other) = stored.iter().find(|other| !integer && other.text == it.text) {
                let problem = format!("`{}` is stored as \"{}\", and so is `{}`", it.ident, it.text, other.ident);
                let write = format!("`#[value(\"{}\")]` with another text", it.text);
                ctxt.refuse(Code::TextTaken, it.ident, problem, write);
            }
            stored.push(it);
        }
    }
    let Some(first) = variants.first() else {
        let problem = format!("`{ident}` has no variant, so no column could hold it");
        ctxt.refuse(Code::NoVariant, ident, problem, format_args!("`enum {ident} {{ Open, Closed }}`"));
        return TokenStream::new();
    };
    let draft = draft.unwrap_or(&first.ident);
    if integer { as_integer(ident, &stored, draft) } else { as_text(ident, &stored, draft) }
}

fn read_variant<'a>(
    ctxt: &Ctxt,
    variant: &'a Variant,
    integer: bool,
    draft: &mut Option<&'a Ident>,
) -> Option<Stored<'a>> {
    let ident = &variant.ident;
    if !matches!(variant.fields, Fields::Unit) {
        let problem = format!("`{ident}` holds data, and a column has no place for it");
        ctxt.refuse(Code::VariantHolds, &variant.fields, problem, format_args!("`{ident}` without fields"));
        return None;
    }
    let mut text = snake_case(&ident.unraw().to_string());
    for (said, at) in variant.attrs.iter().filter_map(|it| said(ctxt, it)) {
        match said {
            Said::Draft => *draft = Some(ident),
            Said::Text(given) if !integer => text = given.value(),
            Said::Text(_) => {
                let problem = format!("`{ident}` is stored as a number and has no text");
                ctxt.refuse_at(Code::TextOfNone, at, problem, format_args!("`{ident} = 1`"));
            }
            Said::Integer(word) => {
                let problem = "`integer` is said of the whole enum";
                ctxt.refuse(Code::Misplaced, &word, problem, "`#[value(integer)]` above the enum");
            }
        }
    }
    Some(Stored { ident, text })
}

fn as_text(ident: &Ident, stored: &[Stored<'_>], draft: &Ident) -> TokenStream {
    let variants: Vec<&Ident> = stored.iter().map(|it| it.ident).collect();
    let texts: Vec<&String> = stored.iter().map(|it| &it.text).collect();
    let expected = texts.iter().map(|it| format!("'{it}'")).collect::<Vec<_>>().join(", ");
    let write = quote!(support::ValueRef::Text(match self { #(#ident::#variants => #texts,)* }));
    let read = quote!(match value.as_ref() {
        #(support::ValueRef::Text(#texts) => ::core::option::Option::Some(#ident::#variants),)*
        _ => ::core::option::Option::None,
    });
    implementation(ident, &quote!(Text), &write, &read, &format!("one of {expected}"), draft)
}

fn as_integer(ident: &Ident, stored: &[Stored<'_>], draft: &Ident) -> TokenStream {
    let variants: Vec<&Ident> = stored.iter().map(|it| it.ident).collect();
    let names = variants.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let write = quote!(support::ValueRef::Int(match self { #(#ident::#variants => #ident::#variants as i64,)* }));
    let read = quote!(match value.as_ref() {
        #(support::ValueRef::Int(it) if it == #ident::#variants as i64 => {
            ::core::option::Option::Some(#ident::#variants)
        })*
        _ => ::core::option::Option::None,
    });
    implementation(ident, &quote!(Int), &write, &read, &format!("the number of {names}"), draft)
}

fn implementation(
    ident: &Ident,
    kind: &TokenStream,
    write: &TokenStream,
    read: &TokenStream,
    expected: &str,
    draft: &Ident,
) -> TokenStream {
    quote! {
        const _: () = {
            use ::diptych::derive_support as support;

            #[automatically_derived]
            impl support::AsValue for #ident {
                const KIND: support::Kind = support::Kind::#kind;

                fn as_value(&self) -> support::ValueRef<'_> {
                    #write
                }

                fn from_value(value: support::Value) -> ::core::result::Result<Self, support::Mismatch> {
                    let found = #read;
                    found.ok_or_else(|| support::Mismatch::new(value, #expected))
                }

                fn draft() -> Self {
                    #ident::#draft
                }
            }

            #[automatically_derived]
            impl ::core::convert::From<#ident> for support::Value {
                fn from(it: #ident) -> Self {
                    support::AsValue::as_value(&it).to_value()
                }
            }
        };
    }
}

/// What stands beside mistakes, so that users of the type show no further errors (M3).
fn inert(input: &DeriveInput) -> TokenStream {
    let ident = &input.ident;
    if !input.generics.params.is_empty() {
        return TokenStream::new();
    }
    let body = quote!(::core::unreachable!("the derive has reported a mistake"));
    quote! {
        const _: () = {
            use ::diptych::derive_support as support;

            #[automatically_derived]
            impl support::AsValue for #ident {
                const KIND: support::Kind = support::Kind::Text;

                fn as_value(&self) -> support::ValueRef<'_> {
                    #body
                }

                fn from_value(_: support::Value) -> ::core::result::Result<Self, support::Mismatch> {
                    #body
                }

                fn draft() -> Self {
                    #body
                }
            }

            #[automatically_derived]
            impl ::core::convert::From<#ident> for support::Value {
                fn from(_: #ident) -> Self {
                    #body
                }
            }
        };
    }
}

/// Reads `#[value(integer)]`, `#[value(draft)]` or `#[value("text")]`; other attributes are none of ours.
fn said(ctxt: &Ctxt, attribute: &Attribute) -> Option<(Said, Span)> {
    const WORDS: [&str; 2] = ["integer", "draft"];
    const SAMPLE: &str = "`#[value(\"text\")]`, `#[value(draft)]` or `#[value(integer)]`";
    if !attribute.path().is_ident("value") {
        return None;
    }
    let Meta::List(list) = &attribute.meta else {
        ctxt.refuse(Code::Malformed, &attribute.meta, "`#[value]` cannot be read like this", SAMPLE);
        return None;
    };
    let parse = |input: ParseStream<'_>| {
        if input.peek(LitStr) {
            let text: LitStr = input.parse()?;
            let at = text.span();
            return Ok(Ok((Said::Text(text), at)));
        }
        let word: Ident = input.call(Ident::parse_any)?;
        let at = word.span();
        Ok(match word.to_string().as_str() {
            "integer" => Ok((Said::Integer(word), at)),
            "draft" => Ok((Said::Draft, at)),
            _ => Err(word),
        })
    };
    match parse.parse2(list.tokens.clone()) {
        Ok(Ok(said)) => Some(said),
        Ok(Err(word)) => {
            let text = word.to_string();
            let write = symbol::nearest(&text, WORDS).map_or(SAMPLE.to_owned(), |near| format!("`{near}`"));
            ctxt.refuse(Code::UnknownWord, &word, format!("`#[value]` does not know `{text}`"), write);
            None
        }
        Err(stop) => {
            ctxt.refuse_at(Code::Malformed, stop.span(), format!("`#[value]` cannot be read: {stop}"), SAMPLE);
            None
        }
    }
}
