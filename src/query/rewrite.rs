//! Queries that mean the same and are less work, one rule a file. A rule looks at one select and says what it did, which
//! a plan prints.

mod columns;
mod distinct;
mod exists;
mod fold;
mod having;
mod inline;
mod keys;
mod partners;
mod push;

use std::borrow::Cow;

use super::select::Select;
use crate::schema::Schema;

/// What a rule did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Applied {
    pub(super) rule: &'static str,
    pub(super) what: String,
}

/// What rules know besides the select.
pub(super) struct Known<'a> {
    pub(super) schema: &'a Schema,
    /// Whether whole rows come out as their columns.
    pub(super) columns_come_out: bool,
}

type Rule = (&'static str, fn(&Select, &Known<'_>) -> Option<(Select, String)>);

const RULES: [Rule; 8] = [
    ("fold", fold::rule),
    ("inline", inline::rule),
    ("partners", partners::rule),
    ("having", having::rule),
    ("push", push::rule),
    ("keys", keys::rule),
    ("exists", exists::rule),
    ("distinct", distinct::rule),
];

/// Applies rules until none has anything to do.
pub(super) fn rewrite<'s>(select: &'s Select, known: &Known<'_>) -> (Cow<'s, Select>, Vec<Applied>) {
    // Each rule makes a select smaller, or moves something inwards; a view that reads itself, which is refused where views
    // are defined, would not.
    const MOST: usize = 256;
    let (mut select, mut applied) = (Cow::Borrowed(select), Vec::new());
    while applied.len() < MOST {
        let next = RULES.iter().find_map(|(name, rule)| Some((*name, rule(&select, known)?)));
        let Some((rule, (rewritten, what))) = next else { break };
        applied.push(Applied { rule, what });
        select = Cow::Owned(rewritten);
    }
    (select, applied)
}
