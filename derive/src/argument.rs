//! One argument of an attribute: a word, and perhaps what it is set to.

use proc_macro2::{TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Expr, Ident, LitInt, LitStr, Path, Token, Type, token};

use crate::code::Code;
use crate::ctxt::Ctxt;
use crate::symbol;

/// `word`, `word = value` or `word(list)`.
pub(crate) struct Argument {
    pub(crate) word: Ident,
    form: Form,
}

enum Form {
    Bare,
    Value(TokenStream),
    List(TokenStream),
}

/// A field of the target by its Rust name, or a column by its name in the table.
pub(crate) enum Name {
    Field(Ident),
    Column(LitStr),
}

/// A column of a collection's order.
pub(crate) struct Order {
    pub(crate) by: OrderBy,
    pub(crate) descending: bool,
}

/// What a collection is ordered by.
pub(crate) enum OrderBy {
    /// A field of the target.
    Field(Ident),
    /// What is computed, as a join would write it.
    Expression(Box<Expr>),
}

impl Parse for Argument {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let word = input.call(Ident::parse_any)?;
        let form = if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            let mut value = TokenStream::new();
            while !input.is_empty() && !input.peek(Token![,]) {
                value.extend([input.parse::<TokenTree>()?]);
            }
            Form::Value(value)
        } else if input.peek(token::Paren) {
            let list;
            syn::parenthesized!(list in input);
            Form::List(list.parse()?)
        } else {
            Form::Bare
        };
        Ok(Argument { word, form })
    }
}

impl Parse for Name {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(LitStr) { input.parse().map(Name::Column) } else { input.parse().map(Name::Field) }
    }
}

impl Argument {
    /// The word as text.
    pub(crate) fn name(&self) -> String {
        self.word.unraw().to_string()
    }

    /// Whether it stands alone.
    pub(crate) fn is_bare(&self) -> bool {
        matches!(self.form, Form::Bare)
    }

    /// A word that stands alone, such as `deferred`.
    pub(crate) fn flag(&self, ctxt: &Ctxt) -> bool {
        if !self.is_bare() {
            self.malformed(ctxt);
        }
        true
    }

    /// `= ident`
    pub(crate) fn ident(&self, ctxt: &Ctxt) -> Option<Ident> {
        self.read_value(ctxt, Ident::parse_any)
    }

    /// `= "text"`
    pub(crate) fn text(&self, ctxt: &Ctxt) -> Option<LitStr> {
        self.read_value(ctxt, <LitStr as Parse>::parse)
    }

    /// `= Type`
    pub(crate) fn ty(&self, ctxt: &Ctxt) -> Option<Type> {
        self.read_value(ctxt, Type::parse)
    }

    /// `= expression`
    pub(crate) fn expression(&self, ctxt: &Ctxt) -> Option<Expr> {
        self.read_value(ctxt, Expr::parse)
    }

    /// `= 3`
    pub(crate) fn number(&self, ctxt: &Ctxt) -> Option<LitInt> {
        self.read_value(ctxt, <LitInt as Parse>::parse)
    }

    /// `= a` or `(a, b)`
    pub(crate) fn idents(&self, ctxt: &Ctxt) -> Vec<Ident> {
        self.read_list(ctxt, Ident::parse_any)
    }

    /// `= "a"` or `("a", "b")`
    pub(crate) fn texts(&self, ctxt: &Ctxt) -> Vec<LitStr> {
        self.read_list(ctxt, <LitStr as Parse>::parse)
    }

    /// `= a`, `= "a"`, `(a, b)` or `("a", "b")`
    pub(crate) fn names(&self, ctxt: &Ctxt) -> Vec<Name> {
        self.read_list(ctxt, Name::parse)
    }

    /// `= word` of a known few.
    pub(crate) fn choice(&self, ctxt: &Ctxt, known: &'static [&'static str]) -> Option<Ident> {
        let word = self.ident(ctxt)?;
        choose(ctxt, &self.name(), &word, known).then_some(word)
    }

    /// `= word` or `(word, word)` of a known few.
    pub(crate) fn choices(&self, ctxt: &Ctxt, known: &'static [&'static str]) -> Vec<Ident> {
        let mut words = self.idents(ctxt);
        words.retain(|word| choose(ctxt, &self.name(), word, known));
        words
    }

    /// `= column` or `(column, column desc, on(Target::column).lower())`
    pub(crate) fn order(&self, ctxt: &Ctxt) -> Vec<Order> {
        let parse = |input: ParseStream<'_>| {
            let ahead = input.fork();
            let is_word = ahead.call(Ident::parse_any).is_ok();
            let by = if is_word && (ahead.is_empty() || ahead.peek(Token![,]) || ahead.peek(Ident)) {
                OrderBy::Field(input.call(Ident::parse_any)?)
            } else {
                OrderBy::Expression(Box::new(input.parse()?))
            };
            let direction = if input.peek(Ident) { Some(input.parse::<Ident>()?) } else { None };
            Ok((by, direction))
        };
        let columns = self.read_list(ctxt, parse).into_iter();
        let columns = columns.map(|(by, direction)| {
            let known = direction.as_ref().is_some_and(|it| choose(ctxt, "order_by", it, symbol::DIRECTIONS));
            Order { by, descending: known && direction.is_some_and(|it| it == "desc") }
        });
        columns.collect()
    }

    /// Says how the option is written.
    pub(crate) fn malformed(&self, ctxt: &Ctxt) {
        let name = self.name();
        let problem = format!("`{name}` cannot be read like this");
        ctxt.refuse(Code::Malformed, &self.word, problem, symbol::option_sample(&name));
    }

    fn read_value<T>(&self, ctxt: &Ctxt, parse: fn(ParseStream<'_>) -> syn::Result<T>) -> Option<T> {
        let read = match &self.form {
            Form::Value(tokens) => parse.parse2(tokens.clone()).ok(),
            Form::Bare | Form::List(_) => None,
        };
        if read.is_none() {
            self.malformed(ctxt);
        }
        read
    }

    fn read_list<T>(&self, ctxt: &Ctxt, parse: fn(ParseStream<'_>) -> syn::Result<T>) -> Vec<T> {
        let list = |input: ParseStream<'_>| Punctuated::<T, Token![,]>::parse_terminated_with(input, parse);
        let read = match &self.form {
            Form::Value(tokens) => parse.parse2(tokens.clone()).ok().map(|it| vec![it]),
            Form::List(tokens) => list.parse2(tokens.clone()).ok().map(|it| it.into_iter().collect()),
            Form::Bare => None,
        };
        let read = read.filter(|it| !it.is_empty());
        if read.is_none() {
            self.malformed(ctxt);
        }
        read.unwrap_or_default()
    }
}

/// Whether the word is one of a known few; otherwise it is refused.
fn choose(ctxt: &Ctxt, option: &str, word: &Ident, known: &'static [&'static str]) -> bool {
    let text = word.unraw().to_string();
    if known.contains(&text.as_str()) {
        return true;
    }
    let problem = format!("`{text}` is no choice for `{option}`");
    match symbol::nearest(&text, known.iter().copied()) {
        Some(near) => ctxt.refuse(Code::UnknownChoice, word, problem, format_args!("`{near}`")),
        None => {
            let all: Vec<String> = known.iter().map(|it| format!("`{it}`")).collect();
            ctxt.refuse(Code::UnknownChoice, word, problem, format_args!("one of {}", all.join(", ")));
        }
    }
    false
}

/// The attribute's own name.
pub(crate) fn attribute_name(path: &Path) -> String {
    path.get_ident().map(|it| it.unraw().to_string()).unwrap_or_default()
}
