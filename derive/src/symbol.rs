//! The words of the attributes, each once, and the nearest one to a word that is none.

use std::cmp::Reverse;

/// Attributes above the struct.
pub(crate) const ABOVE: &[&str] =
    &["entity", "check", "foreign_key", "has_one", "has_many", "belongs_to", "many_to_many"];

/// Attributes of a field.
pub(crate) const ON_FIELD: &[&str] = &["key", "unique", "index", "references", "column", "default", "version", "base"];

/// Options of `#[entity(…)]`.
pub(crate) const ENTITY: &[&str] = &[
    "table",
    "class",
    "unique",
    "index",
    "discriminator",
    "identity",
    "union",
    "with_subclasses",
    "concrete",
    "abstract",
    "load",
];

/// Options of `#[entity(…)]` that a class says with a base.
pub(crate) const EXTENDING: &[&str] = &["concrete", "load"];

/// Options of `#[entity(…)]` that the first of the bases says for all.
pub(crate) const EXTENDED: &[&str] = &["discriminator", "union"];

/// When what a subclass adds is loaded by queries on its base.
pub(crate) const SUBCLASS_LOADS: &[&str] = &["on_access", "selectin", "inline"];

/// Options of `#[entity(…)]` that may stand several times.
pub(crate) const REPEATABLE: &[&str] = &["unique", "index"];

/// Options of `#[key(…)]`.
pub(crate) const KEY: &[&str] = &["auto"];

/// Options of `#[base(…)]`.
pub(crate) const BASE: &[&str] = &["foreign"];

/// Options of `#[references(Target, …)]`.
pub(crate) const REFERENCES: &[&str] = &["on_delete", "on_update", "deferred", "unindexed", "column"];

/// Options of `#[foreign_key(…)]`.
pub(crate) const FOREIGN_KEY: &[&str] =
    &["via", "references", "columns", "on_delete", "on_update", "deferred", "unindexed"];

/// What a foreign key does.
pub(crate) const ACTIONS: &[&str] = &["cascade", "set_null", "set_default", "restrict", "no_action"];

/// What follows an object along a relation.
pub(crate) const CASCADES: &[&str] =
    &["none", "all", "save_update", "merge", "delete", "delete_orphan", "expunge", "refresh_expire"];

/// How a relation is loaded.
pub(crate) const LAZIES: &[&str] = &[
    "select",
    "selectin",
    "joined",
    "subquery",
    "immediate",
    "raise",
    "raise_on_sql",
    "noload",
    "dynamic",
    "write_only",
];

/// Who takes care of the targets of an owner that is deleted.
pub(crate) const PASSIVE_DELETES: &[&str] = &["on", "off", "all"];

/// Who writes the targets of an owner whose key changes.
pub(crate) const PASSIVE_UPDATES: &[&str] = &["on", "off"];

/// What a collection is.
pub(crate) const COLLECTIONS: &[&str] = &["list", "set"];

/// Which way a collection is sorted.
pub(crate) const DIRECTIONS: &[&str] = &["asc", "desc"];

/// Functions that the derive gives the struct; a constant of the same name would clash.
pub(crate) const RESERVED: &[&str] = &["select", "draft"];

/// Every option that some relation has.
pub(crate) const RELATION: &[&str] = &[
    "inverse",
    "via",
    "cascade",
    "lazy",
    "order_by",
    "passive_deletes",
    "passive_updates",
    "through",
    "own",
    "other",
    "primary_join",
    "secondary_join",
    "collection",
    "join_depth",
    "view_only",
    "post_update",
    "single_parent",
    "acyclic",
    "ordered",
    "inner_join",
    "active_history",
];

/// Options of relations that are one word and fit each kind.
pub(crate) const FLAGS: &[&str] =
    &["view_only", "post_update", "single_parent", "acyclic", "ordered", "inner_join", "active_history"];

/// How an attribute is written.
pub(crate) fn attribute_sample(attribute: &str) -> &'static str {
    match attribute {
        "entity" => "`#[entity(table = \"users\")]`",
        "check" => "`#[check(name = column(\"score\").ge(0))]`",
        "foreign_key" => "`#[foreign_key(via(a, b), references = Target)]`",
        "has_one" => "`#[has_one(profile: Profile, inverse = user)]`",
        "has_many" => "`#[has_many(posts: Post, inverse = author)]`",
        "belongs_to" => "`#[belongs_to(author: User, via = author_id)]`",
        "many_to_many" => "`#[many_to_many(tags: Tag, through = \"post_tags\")]`",
        "key" => "`#[key]` or `#[key(auto)]`",
        "references" => "`#[references(User, on_delete = cascade)]`",
        "column" => "`#[column(\"name_in_table\")]`",
        "default" => "`#[default(0)]`",
        "version" => "`#[version]`",
        "base" => "`#[base] employee: Employee`",
        "unique" => "`#[entity(unique(a, b))]` above the struct for several fields, or `#[unique]`",
        _ => "`#[entity(index(a, b))]` above the struct for several fields, or `#[index]`",
    }
}

/// How an option is written.
pub(crate) fn option_sample(option: &str) -> &'static str {
    match option {
        "table" => "`table = \"users\"`",
        "class" => "`class = \"User\"`",
        "unique" => "`unique(a, b)`",
        "index" => "`index(a, b)`",
        "discriminator" => "`discriminator = kind`, a field that tells of which class a row is",
        "identity" => "`identity = \"employee\"`, what the discriminator holds in rows of this class",
        "union" => "`union`",
        "with_subclasses" => "`with_subclasses`",
        "concrete" => "`concrete = \"engineers\"`, a whole table of its own",
        "abstract" => "`abstract`, where each object is of a class that extends this one",
        "load" => "`load = selectin`",
        "on_delete" => "`on_delete = cascade`",
        "on_update" => "`on_update = cascade`",
        "column" => "`column = email`, a unique field of the target",
        "columns" => "`columns(a, b)`, fields of the target",
        "via" => "`via = author_id`, or `via(a, b)`",
        "references" => "`references = User`",
        "inverse" => "`inverse = posts`",
        "cascade" => "`cascade(all, delete_orphan)`",
        "lazy" => "`lazy = selectin`",
        "order_by" => "`order_by(created_at, id desc)`",
        "passive_deletes" => "`passive_deletes`, `passive_deletes = all` or `passive_deletes = off`",
        "passive_updates" => "`passive_updates = off`",
        "primary_join" => "`primary_join = on(User::id).eq(on(Todo::user_id))`",
        "secondary_join" => "`secondary_join = join_column(\"link.tag_id\").eq(on(Tag::id))`",
        "collection" => "`collection = set`",
        "join_depth" => "`join_depth = 3`",
        "view_only" => "`view_only`",
        "post_update" => "`post_update`",
        "single_parent" => "`single_parent`",
        "acyclic" => "`acyclic`",
        "ordered" => "`ordered` beside `order_by(position)`",
        "inner_join" => "`inner_join`",
        "active_history" => "`active_history`",
        "through" => "`through = \"post_tags\"`",
        "own" => "`own = \"post_id\"`, or `own(\"a\", \"b\")`",
        "other" => "`other = \"tag_id\"`, or `other(\"a\", \"b\")`",
        "auto" => "`auto`",
        "foreign" => "`foreign`",
        "deferred" => "`deferred`",
        _ => "`unindexed`",
    }
}

/// The candidate that a misspelt word most likely means, if one is near enough.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A letter is forgotten more often than added, so the longer of two equals is meant.
    let near = candidates.into_iter().map(|it| (distance(word, it), it));
    let (steps, best) = near.min_by_key(|(steps, it)| (*steps, Reverse(it.len())))?;
    (steps <= (word.len() / 3).max(1)).then_some(best)
}

/// Letters to insert, delete, change or swap with their neighbour.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for (i, &left) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &right) in b.iter().enumerate() {
            let mut steps = (rows[i][j] + usize::from(left != right)).min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && left == b[j - 1] && a[i - 1] == right {
                steps = steps.min(rows[i - 1][j - 1] + 1);
            }
            row.push(steps);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word_and_a_stranger_finds_none() {
        assert_eq!(nearest("csacade", ACTIONS.iter().copied()), Some("cascade"));
        assert_eq!(nearest("athor_id", ["id", "author_id"]), Some("author_id"));
        assert_eq!(nearest("eager", LAZIES.iter().copied()), None);
    }
}
