//! Attributes as typed options. What cannot be read is refused here and left out.

use proc_macro2::TokenStream;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, Ident, LitStr, Meta, Path, Token, Type};

use crate::argument::{Argument, Name, attribute_name};
use crate::code::Code;
use crate::ctxt::Ctxt;
use crate::symbol;

/// What stands between the parentheses of most attributes.
pub(crate) type Arguments = Punctuated<Argument, Token![,]>;

/// `#[entity(…)]`
#[derive(Default)]
pub(crate) struct EntityOptions {
    pub(crate) table: Option<LitStr>,
    pub(crate) class: Option<LitStr>,
    pub(crate) uniques: Vec<Vec<Ident>>,
    pub(crate) indexes: Vec<Vec<Ident>>,
    /// How the class stands to its base and to those that extend it.
    pub(crate) inheritance: Inheritance,
}

/// What `#[entity(…)]` says of inheritance.
#[derive(Default)]
pub(crate) struct Inheritance {
    /// The field that tells of which class a row is.
    pub(crate) discriminator: Option<Ident>,
    /// What it holds in rows of this class.
    pub(crate) identity: Option<Expr>,
    /// Whether queries read the whole tables of subclasses, too.
    pub(crate) union: bool,
    /// Whether queries load what subclasses add.
    pub(crate) with_subclasses: bool,
    /// The whole table that a subclass has of its own.
    pub(crate) concrete: Option<LitStr>,
    /// Whether no row is of this class alone.
    pub(crate) is_abstract: bool,
    /// When queries on the base load what the class adds.
    pub(crate) load: Option<Ident>,
    /// The words that are said.
    pub(crate) words: Vec<Ident>,
}

impl Inheritance {
    /// The word, if it is said.
    pub(crate) fn word(&self, word: &str) -> Option<&Ident> {
        self.words.iter().find(|it| *it == word)
    }
}

/// `#[check(name = condition)]`
pub(crate) struct Check {
    pub(crate) name: Ident,
    pub(crate) condition: Expr,
}

/// `#[column("name", default = expression)]`
#[derive(Default)]
pub(crate) struct ColumnOptions {
    pub(crate) name: Option<LitStr>,
    pub(crate) default: Option<Expr>,
}

/// A foreign key: `#[references(…)]` of one field or `#[foreign_key(…)]` of several.
pub(crate) struct ForeignKey {
    /// Where it stands.
    pub(crate) at: Path,
    pub(crate) fields: Vec<Ident>,
    /// `None` where it could not be read.
    pub(crate) target: Option<Type>,
    /// The columns of the target, unless they are its key.
    pub(crate) to: Vec<Name>,
    pub(crate) on_delete: Option<Ident>,
    pub(crate) on_update: Option<Ident>,
    pub(crate) deferred: bool,
    pub(crate) unindexed: bool,
}

/// What stands in the attribute's parentheses; nothing for a bare one.
pub(crate) fn tokens(ctxt: &Ctxt, attribute: &Attribute) -> Option<TokenStream> {
    match &attribute.meta {
        Meta::Path(_) => Some(TokenStream::new()),
        Meta::List(list) => Some(list.tokens.clone()),
        Meta::NameValue(_) => {
            malformed(ctxt, attribute, None);
            None
        }
    }
}

/// Says how the attribute is written, at the place where reading stopped.
pub(crate) fn malformed(ctxt: &Ctxt, attribute: &Attribute, stop: Option<&syn::Error>) {
    let name = attribute_name(attribute.path());
    let sample = symbol::attribute_sample(&name);
    match stop {
        Some(stop) => {
            let problem = format!("`#[{name}]` cannot be read: {stop}");
            ctxt.refuse_at(Code::Malformed, stop.span(), problem, sample);
        }
        None => ctxt.refuse(Code::Malformed, &attribute.meta, format!("`#[{name}]` cannot be read like this"), sample),
    }
}

/// Reads arguments, without the ones that nobody knows and the ones said twice.
pub(crate) fn arguments(
    ctxt: &Ctxt,
    attribute: &str,
    read: impl IntoIterator<Item = Argument>,
    known: &[&'static str],
) -> Vec<Argument> {
    let mut kept: Vec<Argument> = Vec::new();
    for argument in read {
        let name = argument.name();
        if !known.contains(&name.as_str()) {
            unknown_word(ctxt, attribute, &argument.word, known);
        } else if kept.iter().any(|it| it.word == argument.word) && !symbol::REPEATABLE.contains(&name.as_str()) {
            let problem = format!("`{name}` stands twice in `#[{attribute}]`");
            ctxt.refuse(
                Code::Twice,
                &argument.word,
                problem,
                format_args!("one of the two, as in {}", symbol::option_sample(&name)),
            );
        } else {
            kept.push(argument);
        }
    }
    kept
}

fn unknown_word(ctxt: &Ctxt, attribute: &str, word: &Ident, known: &[&'static str]) {
    let text = word.to_string();
    let problem = format!("`#[{attribute}]` does not know `{text}`");
    match symbol::nearest(&text, known.iter().copied()) {
        Some(near) => ctxt.refuse(Code::UnknownWord, word, problem, symbol::option_sample(near)),
        None => {
            let all: Vec<String> = known.iter().map(|it| format!("`{it}`")).collect();
            ctxt.refuse(Code::UnknownWord, word, problem, format_args!("one of {}", all.join(", ")));
        }
    }
}

/// The arguments of an attribute that has nothing else.
pub(crate) fn plain_arguments(ctxt: &Ctxt, attribute: &Attribute, known: &[&'static str]) -> Vec<Argument> {
    let Some(tokens) = tokens(ctxt, attribute) else { return Vec::new() };
    match Arguments::parse_terminated.parse2(tokens) {
        Ok(read) => arguments(ctxt, &attribute_name(attribute.path()), read, known),
        Err(stop) => {
            malformed(ctxt, attribute, Some(&stop));
            Vec::new()
        }
    }
}

/// Reads `#[entity(…)]`.
pub(crate) fn entity(ctxt: &Ctxt, attribute: &Attribute) -> EntityOptions {
    let mut options = EntityOptions::default();
    for argument in plain_arguments(ctxt, attribute, symbol::ENTITY) {
        match argument.name().as_str() {
            "table" => options.table = argument.text(ctxt),
            "class" => options.class = argument.text(ctxt),
            "unique" => options.uniques.push(argument.idents(ctxt)),
            "index" => options.indexes.push(argument.idents(ctxt)),
            _ => inheritance(ctxt, &argument, &mut options.inheritance),
        }
    }
    options
}

fn inheritance(ctxt: &Ctxt, argument: &Argument, said: &mut Inheritance) {
    said.words.push(argument.word.clone());
    match argument.name().as_str() {
        "discriminator" => said.discriminator = argument.ident(ctxt),
        "identity" => said.identity = argument.expression(ctxt),
        "union" => said.union = argument.flag(ctxt),
        "with_subclasses" => said.with_subclasses = argument.flag(ctxt),
        "concrete" => said.concrete = argument.text(ctxt),
        "abstract" => said.is_abstract = argument.flag(ctxt),
        _ => said.load = argument.choice(ctxt, symbol::SUBCLASS_LOADS),
    }
}

/// Reads `#[key]` or `#[key(auto)]`: whether the table fills it.
pub(crate) fn key(ctxt: &Ctxt, attribute: &Attribute) -> bool {
    plain_arguments(ctxt, attribute, symbol::KEY).iter().any(|it| it.flag(ctxt))
}

/// Reads `#[base]` or `#[base(foreign)]`: whether the base is of another crate.
pub(crate) fn base(ctxt: &Ctxt, attribute: &Attribute) -> bool {
    plain_arguments(ctxt, attribute, symbol::BASE).iter().any(|it| it.flag(ctxt))
}

/// Reads an attribute that is one word, such as `#[unique]`.
pub(crate) fn flag(ctxt: &Ctxt, attribute: &Attribute) -> bool {
    if !matches!(attribute.meta, Meta::Path(_)) {
        malformed(ctxt, attribute, None);
    }
    true
}

/// Reads `#[check(name = condition)]`.
pub(crate) fn check(ctxt: &Ctxt, attribute: &Attribute) -> Option<Check> {
    let parse = |input: ParseStream<'_>| {
        let name = input.parse()?;
        input.parse::<Token![=]>()?;
        let condition = input.parse()?;
        input.parse::<Option<Token![,]>>()?;
        Ok(Check { name, condition })
    };
    parsed(ctxt, attribute, parse)
}

/// Reads `#[default(expression)]`.
pub(crate) fn default(ctxt: &Ctxt, attribute: &Attribute) -> Option<Expr> {
    parsed(ctxt, attribute, Expr::parse)
}

/// Reads `#[column("name")]`, `#[column(default = expression)]` or both.
pub(crate) fn column(ctxt: &Ctxt, attribute: &Attribute) -> ColumnOptions {
    let parse = |input: ParseStream<'_>| {
        let name = if input.peek(LitStr) { Some(input.parse()?) } else { None };
        if name.is_some() && !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
        if name.is_some() && input.is_empty() {
            return Ok(ColumnOptions { name, default: None });
        }
        let word: Ident = input.parse()?;
        if word != "default" {
            return Err(syn::Error::new(word.span(), "expected `default`"));
        }
        input.parse::<Token![=]>()?;
        let default = Some(input.parse()?);
        input.parse::<Option<Token![,]>>()?;
        Ok(ColumnOptions { name, default })
    };
    parsed(ctxt, attribute, parse).unwrap_or_default()
}

/// Reads an attribute that cannot be empty.
fn parsed<T>(ctxt: &Ctxt, attribute: &Attribute, parse: fn(ParseStream<'_>) -> syn::Result<T>) -> Option<T> {
    let tokens = tokens(ctxt, attribute)?;
    if tokens.is_empty() {
        malformed(ctxt, attribute, None);
        return None;
    }
    parse.parse2(tokens).map_err(|stop| malformed(ctxt, attribute, Some(&stop))).ok()
}

/// Reads `#[references(Target, …)]` of a field.
pub(crate) fn references(ctxt: &Ctxt, attribute: &Attribute, field: &Ident) -> ForeignKey {
    let mut key = ForeignKey::new(attribute.path().clone(), vec![field.clone()]);
    let parse = |input: ParseStream<'_>| {
        let target: Type = input.parse()?;
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
        Ok((target, Arguments::parse_terminated(input)?))
    };
    if let Some((target, read)) = parsed(ctxt, attribute, parse) {
        key.target = Some(target);
        key.fill(ctxt, arguments(ctxt, "references", read, symbol::REFERENCES));
    }
    key
}

/// Reads `#[foreign_key(via(a, b), references = Target, …)]`.
pub(crate) fn foreign_key(ctxt: &Ctxt, attribute: &Attribute) -> ForeignKey {
    let mut key = ForeignKey::new(attribute.path().clone(), Vec::new());
    let before = ctxt.count();
    key.fill(ctxt, plain_arguments(ctxt, attribute, symbol::FOREIGN_KEY));
    let complete = key.target.is_some() && !key.fields.is_empty();
    if !complete && ctxt.count() == before {
        malformed(ctxt, attribute, None);
    }
    key
}

impl ForeignKey {
    fn new(at: Path, fields: Vec<Ident>) -> Self {
        let (target, to, on_delete, on_update) = (None, Vec::new(), None, None);
        ForeignKey { at, fields, target, to, on_delete, on_update, deferred: false, unindexed: false }
    }

    fn fill(&mut self, ctxt: &Ctxt, arguments: Vec<Argument>) {
        for argument in arguments {
            match argument.name().as_str() {
                "via" => self.fields = argument.idents(ctxt),
                "references" => self.target = argument.ty(ctxt),
                "column" | "columns" => self.to = argument.names(ctxt),
                "on_delete" => self.on_delete = argument.choice(ctxt, symbol::ACTIONS),
                "on_update" => self.on_update = argument.choice(ctxt, symbol::ACTIONS),
                "deferred" => self.deferred = argument.flag(ctxt),
                _ => self.unindexed = argument.flag(ctxt),
            }
        }
    }

    /// The attribute it was read from.
    pub(crate) fn is_of_one_field(&self) -> bool {
        self.at.is_ident("references")
    }
}
