//! A relation as it is written above the struct.

use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Expr, Ident, LitInt, LitStr, Token, Type};

use crate::argument::{Argument, Order, attribute_name};
use crate::attr::{self, Arguments};
use crate::code::Code;
use crate::ctxt::Ctxt;
use crate::symbol;

/// What a relation looks like from its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    HasOne,
    HasMany,
    BelongsTo,
    ManyToMany,
}

/// `#[has_many(name: Target, …)]` and its three sisters.
pub(crate) struct Relation {
    pub(crate) kind: Kind,
    pub(crate) name: Ident,
    /// `None` where it could not be read.
    pub(crate) target: Option<Type>,
    /// Whether a part of it was refused; what it lacks is then no further mistake.
    pub(crate) flawed: bool,
    pub(crate) inverse: Option<Ident>,
    pub(crate) via: Vec<Ident>,
    pub(crate) cascade: Vec<Ident>,
    pub(crate) lazy: Option<Ident>,
    pub(crate) order_by: Vec<Order>,
    /// `on`, `off` or `all`.
    pub(crate) passive_deletes: Option<Ident>,
    /// `on` or `off`.
    pub(crate) passive_updates: Option<Ident>,
    pub(crate) primary_join: Option<Expr>,
    pub(crate) secondary_join: Option<Expr>,
    pub(crate) collection: Option<Ident>,
    pub(crate) join_depth: Option<LitInt>,
    /// The options that are one word.
    pub(crate) flags: Vec<Ident>,
    pub(crate) through: Option<LitStr>,
    pub(crate) own: Vec<LitStr>,
    pub(crate) other: Vec<LitStr>,
}

impl Kind {
    fn of(attribute: &str) -> Option<Kind> {
        Some(match attribute {
            "has_one" => Kind::HasOne,
            "has_many" => Kind::HasMany,
            "belongs_to" => Kind::BelongsTo,
            "many_to_many" => Kind::ManyToMany,
            _ => return None,
        })
    }

    /// The attribute's word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Kind::HasOne => "has_one",
            Kind::HasMany => "has_many",
            Kind::BelongsTo => "belongs_to",
            Kind::ManyToMany => "many_to_many",
        }
    }

    /// The options that it has.
    fn options(self) -> Vec<&'static str> {
        let own: &[&str] = match self {
            Kind::HasOne => &["via", "passive_deletes", "passive_updates"],
            Kind::HasMany => &["via", "order_by", "passive_deletes", "passive_updates", "collection"],
            Kind::BelongsTo => &["via", "passive_updates"],
            Kind::ManyToMany => {
                &["through", "own", "other", "order_by", "passive_updates", "secondary_join", "collection"]
            }
        };
        let all = ["inverse", "cascade", "lazy", "primary_join", "join_depth"];
        own.iter().chain(&all).chain(symbol::FLAGS).copied().collect()
    }
}

impl Relation {
    /// Reads a relation, if the attribute is one; `None` also where not even the name could be read.
    pub(crate) fn read(ctxt: &Ctxt, attribute: &Attribute) -> Option<Relation> {
        let kind = Kind::of(&attribute_name(attribute.path()))?;
        let before = ctxt.count();
        let tokens = attr::tokens(ctxt, attribute)?;
        let head = |input: ParseStream<'_>| {
            let name = input.call(Ident::parse_any)?;
            let target = if input.peek(Token![:]) && !input.peek(Token![::]) {
                input.parse::<Token![:]>()?;
                Some(input.parse::<Type>()?)
            } else {
                None
            };
            let rest = input.parse::<proc_macro2::TokenStream>()?;
            Ok((name, target, rest))
        };
        let (name, target, rest) = match head.parse2(tokens) {
            Ok(read) => read,
            Err(_) => {
                ctxt.refuse(Code::NoTarget, &attribute.meta, no_target(kind), symbol::attribute_sample(kind.word()));
                return None;
            }
        };
        let mut relation = Relation::new(kind, name, target);
        if relation.target.is_none() {
            ctxt.refuse(Code::NoTarget, &relation.name, no_target(kind), symbol::attribute_sample(kind.word()));
        } else {
            let tail = |input: ParseStream<'_>| {
                if !input.is_empty() {
                    input.parse::<Token![,]>()?;
                }
                Arguments::parse_terminated(input)
            };
            match tail.parse2(rest) {
                Ok(read) => {
                    let own = read.into_iter().filter(|it| !is_foreign(ctxt, kind, it));
                    relation.fill(ctxt, attr::arguments(ctxt, kind.word(), own, &kind.options()));
                }
                Err(stop) => attr::malformed(ctxt, attribute, Some(&stop)),
            }
        }
        relation.flawed = ctxt.count() > before;
        // What stands alone is a target if it looks like a type; a relation of that name would shadow it.
        let is_name = relation.text().starts_with(|it: char| it.is_lowercase() || it == '_');
        (relation.target.is_some() || is_name).then_some(relation)
    }

    fn new(kind: Kind, name: Ident, target: Option<Type>) -> Self {
        Relation {
            kind,
            name,
            target,
            flawed: false,
            inverse: None,
            via: Vec::new(),
            cascade: Vec::new(),
            lazy: None,
            order_by: Vec::new(),
            passive_deletes: None,
            passive_updates: None,
            primary_join: None,
            secondary_join: None,
            collection: None,
            join_depth: None,
            flags: Vec::new(),
            through: None,
            own: Vec::new(),
            other: Vec::new(),
        }
    }

    fn fill(&mut self, ctxt: &Ctxt, arguments: Vec<Argument>) {
        for argument in arguments {
            match argument.name().as_str() {
                "inverse" => self.inverse = argument.ident(ctxt),
                "via" => self.via = argument.idents(ctxt),
                "cascade" => self.cascade = argument.choices(ctxt, symbol::CASCADES),
                "lazy" => self.lazy = argument.choice(ctxt, symbol::LAZIES),
                "order_by" => self.order_by = argument.order(ctxt),
                "through" => self.through = argument.text(ctxt),
                "own" => self.own = argument.texts(ctxt),
                "other" => self.other = argument.texts(ctxt),
                "passive_deletes" => self.passive_deletes = passive(ctxt, argument),
                "passive_updates" => self.passive_updates = argument.choice(ctxt, symbol::PASSIVE_UPDATES),
                "primary_join" => self.primary_join = argument.expression(ctxt),
                "secondary_join" => self.secondary_join = argument.expression(ctxt),
                "collection" => self.collection = argument.choice(ctxt, symbol::COLLECTIONS),
                "join_depth" => self.join_depth = argument.number(ctxt),
                _ => {
                    argument.flag(ctxt);
                    self.flags.push(argument.word);
                }
            }
        }
    }

    /// Whether a word that stands alone is among the options.
    pub(crate) fn says(&self, word: &str) -> bool {
        self.flags.iter().any(|it| it == word)
    }

    /// The name as text.
    pub(crate) fn text(&self) -> String {
        self.name.unraw().to_string()
    }
}

/// Whether the option is one of other kinds of relation; it is refused.
fn is_foreign(ctxt: &Ctxt, kind: Kind, argument: &Argument) -> bool {
    let name = argument.name();
    if kind.options().contains(&name.as_str()) || !symbol::RELATION.contains(&name.as_str()) {
        return false;
    }
    if name == "order_by" {
        let problem = format!("`{}` leads to one object, which has no order", kind.word());
        ctxt.refuse(Code::OrderOfOne, &argument.word, problem, "the relation without `order_by`");
        return true;
    }
    let problem = format!("`{name}` is no option of `{}`", kind.word());
    let write = match name.as_str() {
        "passive_deletes" if kind == Kind::ManyToMany => "the relation without it: rows of the table between always go",
        "passive_deletes" => "`passive_deletes` on the `has_one` or `has_many` of the other side",
        "via" => "`own = \"…\"` and `other = \"…\"`, columns of the table between",
        "collection" => "the relation without it: it leads to one object",
        "secondary_join" => "`primary_join`, which joins the two tables that there are",
        "through" => "`through` on a `many_to_many`, the only one with a table between",
        _ => "`own` and `other` on a `many_to_many`, the only one with a table between",
    };
    ctxt.refuse(Code::ForeignOption, &argument.word, problem, write);
    true
}

fn no_target(kind: Kind) -> String {
    format!("`{}` does not say `name: Target`", kind.word())
}

fn passive(ctxt: &Ctxt, argument: Argument) -> Option<Ident> {
    if argument.is_bare() {
        Some(Ident::new("on", argument.word.span()))
    } else {
        argument.choice(ctxt, symbol::PASSIVE_DELETES)
    }
}
