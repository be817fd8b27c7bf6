//! An entity and its fields as they are written.

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Expr, Fields, Generics, Ident, LitStr, Type, Visibility};

use crate::argument::attribute_name;
use crate::attr::{self, Check, EntityOptions, ForeignKey};
use crate::code::Code;
use crate::ctxt::Ctxt;
use crate::relation::Relation;
use crate::symbol;

/// The struct with what stands above it.
pub(crate) struct Entity {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    pub(crate) generics: Generics,
    pub(crate) options: EntityOptions,
    pub(crate) checks: Vec<Check>,
    /// Of single fields in their order, then those above the struct.
    pub(crate) foreign_keys: Vec<ForeignKey>,
    /// The row of the class that it extends.
    pub(crate) base: Option<Base>,
    pub(crate) fields: Vec<Field>,
    pub(crate) relations: Vec<Relation>,
    /// Whether `#[key]` stands above the struct: it is refused there, and then no field lacks it.
    pub(crate) stray_key: bool,
    /// Whether it has named fields, which is what all else needs.
    pub(crate) is_struct: bool,
}

/// A field: a column.
pub(crate) struct Field {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    pub(crate) ty: Type,
    pub(crate) docs: Vec<Attribute>,
    pub(crate) column: Option<LitStr>,
    pub(crate) key: Option<Key>,
    pub(crate) unique: bool,
    pub(crate) index: bool,
    pub(crate) default: Option<Expr>,
    /// Whether it counts the versions of an object.
    pub(crate) version: bool,
}

/// `#[base]`: the field that holds the row of the base.
pub(crate) struct Base {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    /// Whether it is of another crate.
    pub(crate) foreign: bool,
}

/// `#[key]`
pub(crate) struct Key {
    pub(crate) auto: bool,
    pub(crate) at: Span,
}

impl Entity {
    /// Reads the struct; what cannot be read is refused and left out.
    pub(crate) fn read(ctxt: &Ctxt, input: DeriveInput) -> Entity {
        let mut entity = Entity {
            options: EntityOptions::default(),
            checks: Vec::new(),
            foreign_keys: Vec::new(),
            base: None,
            fields: Vec::new(),
            relations: Vec::new(),
            stray_key: input.attrs.iter().any(|it| it.path().is_ident("key")),
            is_struct: false,
            ident: input.ident,
            vis: input.vis,
            generics: input.generics,
        };
        match input.data {
            Data::Struct(data) => match data.fields {
                Fields::Named(fields) => {
                    entity.is_struct = true;
                    entity.read_above(ctxt, &input.attrs);
                    entity.read_fields(ctxt, fields);
                }
                Fields::Unnamed(_) => not_a_struct(ctxt, &entity.ident, "a tuple struct"),
                Fields::Unit => not_a_struct(ctxt, &entity.ident, "a unit struct"),
            },
            Data::Enum(_) => not_a_struct(ctxt, &entity.ident, "an enum"),
            Data::Union(_) => not_a_struct(ctxt, &entity.ident, "a union"),
        }
        entity
    }

    fn read_fields(&mut self, ctxt: &Ctxt, fields: syn::FieldsNamed) {
        for field in fields.named {
            let Some(ident) = field.ident.clone() else { continue };
            misplaced(ctxt, &field.attrs, symbol::ABOVE, "above the struct");
            if let Some(attribute) = single(ctxt, &field.attrs, "base") {
                self.read_base(ctxt, attribute, ident, &field);
                continue;
            }
            let references = single(ctxt, &field.attrs, "references");
            self.foreign_keys.extend(references.map(|it| attr::references(ctxt, it, &ident)));
            self.fields.push(Field::read(ctxt, ident, field));
        }
        // Read in the order of the source, for the order of mistakes; declared with those of fields first.
        self.foreign_keys.sort_by_key(|it| !it.is_of_one_field());
    }

    fn read_base(&mut self, ctxt: &Ctxt, attribute: &Attribute, ident: Ident, field: &syn::Field) {
        let foreign = attr::base(ctxt, attribute);
        let of_columns = symbol::ON_FIELD.iter().filter(|it| **it != "base");
        for name in of_columns {
            if let Some(other) = field.attrs.iter().find(|it| it.path().is_ident(name)) {
                let problem = format!("`{ident}` is the row of the base and no column, so `#[{name}]` says nothing");
                let write = format!("`#[{name}]` in the struct of the base");
                ctxt.refuse(Code::BaseIsNoColumn, other.path(), problem, write);
            }
        }
        if let Some(first) = &self.base {
            let problem = format!("a class extends one other; its base is `{}`", first.ident);
            ctxt.refuse(Code::TwoBases, attribute.path(), problem, "`#[base]` on one field");
            return;
        }
        self.base = Some(Base { ident, ty: field.ty.clone(), foreign });
    }

    fn read_above(&mut self, ctxt: &Ctxt, attributes: &[Attribute]) {
        misplaced(ctxt, attributes, symbol::ON_FIELD, "on a field");
        if let Some(attribute) = single(ctxt, attributes, "entity") {
            self.options = attr::entity(ctxt, attribute);
        }
        for attribute in attributes {
            match attribute_name(attribute.path()).as_str() {
                "check" => self.checks.extend(attr::check(ctxt, attribute)),
                "foreign_key" => self.foreign_keys.push(attr::foreign_key(ctxt, attribute)),
                _ => self.relations.extend(Relation::read(ctxt, attribute)),
            }
        }
    }

    /// The field with this name.
    pub(crate) fn field(&self, name: &Ident) -> Option<&Field> {
        self.fields.iter().find(|it| it.ident == *name)
    }

    /// The fields of the key, in the order of the struct.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|it| it.key.is_some())
    }
}

impl Field {
    fn read(ctxt: &Ctxt, ident: Ident, field: syn::Field) -> Field {
        let attributes = &field.attrs;
        let column = single(ctxt, attributes, "column").map(|it| attr::column(ctxt, it)).unwrap_or_default();
        let default = single(ctxt, attributes, "default");
        if let (Some(attribute), Some(_)) = (default, &column.default) {
            let problem = "the default is said twice";
            ctxt.refuse(Code::Twice, attribute.path(), problem, "either `#[default(…)]` or `#[column(default = …)]`");
        }
        let key = single(ctxt, attributes, "key");
        Field {
            key: key.map(|it| Key { auto: attr::key(ctxt, it), at: it.path().span() }),
            unique: single(ctxt, attributes, "unique").is_some_and(|it| attr::flag(ctxt, it)),
            index: single(ctxt, attributes, "index").is_some_and(|it| attr::flag(ctxt, it)),
            default: default.and_then(|it| attr::default(ctxt, it)).or(column.default),
            version: single(ctxt, attributes, "version").is_some_and(|it| attr::flag(ctxt, it)),
            column: column.name,
            docs: attributes.iter().filter(|it| it.path().is_ident("doc")).cloned().collect(),
            ident,
            vis: field.vis,
            ty: field.ty,
        }
    }

    /// The name as text.
    pub(crate) fn text(&self) -> String {
        self.ident.unraw().to_string()
    }
}

/// The attribute of this name; a second one is refused.
fn single<'a>(ctxt: &Ctxt, attributes: &'a [Attribute], name: &str) -> Option<&'a Attribute> {
    let mut found = attributes.iter().filter(|it| it.path().is_ident(name));
    let first = found.next()?;
    for again in found {
        let problem = format!("`#[{name}]` stands twice");
        ctxt.refuse(
            Code::Twice,
            again.path(),
            problem,
            format_args!("one of the two, as in {}", symbol::attribute_sample(name)),
        );
    }
    Some(first)
}

fn misplaced(ctxt: &Ctxt, attributes: &[Attribute], elsewhere: &[&str], place: &str) {
    for attribute in attributes {
        let name = attribute_name(attribute.path());
        if elsewhere.contains(&name.as_str()) {
            let problem = format!("`#[{name}]` goes {place}");
            let write = format!("{} {place}", symbol::attribute_sample(&name));
            ctxt.refuse(Code::Misplaced, attribute.path(), problem, write);
        }
    }
}

fn not_a_struct(ctxt: &Ctxt, ident: &Ident, what: &str) {
    let problem = format!("`{ident}` is {what}; a row is a struct with named fields");
    let write = format!("`struct {ident} {{ #[key(auto)] id: Id<{ident}>, … }}`");
    ctxt.refuse(Code::NotAStruct, ident, problem, write);
}
