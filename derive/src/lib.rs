//! The derive of diptych: the struct is the row, the attributes above it are its object panel.
//!
//! Users reach it as `diptych::Entity`; see [`derive@Entity`]. `ERRORS.md` explains each mistake that it reports.
//!
//! The way of a struct through this crate: `attr` and `relation` read attributes (words in `symbol`), `ast`
//! puts them together, `check` refuses what is wrong into a `ctxt`, `infer` says what is meant where nothing is
//! said, `expand` writes the implementation, or an inert one beside the errors.

mod argument;
mod ast;
mod attr;
mod check;
mod code;
mod ctxt;
mod expand;
mod infer;
mod relation;
mod symbol;
mod value;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a struct with named fields the row of a table, and its class.
///
/// ```text
/// #[derive(Entity, Clone, Debug)]
/// #[entity(table = "posts")]
/// #[belongs_to(author: User, via = author_id, inverse = posts)]
/// #[has_many(replies: Post, inverse = parent, cascade(all), order_by(created_at, id desc))]
/// pub struct Post {
///     #[key(auto)] pub id: Id<Post>,
///     #[references(User, on_delete = cascade)] pub author_id: Id<User>,
///     pub body: String,
/// }
/// ```
///
/// It implements `Entity` and `Record`; adds `Post::select()` and `Post::draft()`; and gives one constant for each
/// field and relation, such as `Post::body` and `Post::author`. The struct must be `Clone` and `Debug`.
///
/// # Above the struct
///
/// | attribute | meaning |
/// |---|---|
/// | `#[entity(table = "t", class = "C", unique(a, b), index(a, b))]` | names, and keys over several fields; without `table`, `BlogPost` is in `blog_posts` |
/// | `#[entity(discriminator = field, identity = "v")]` | others may extend it: the field tells of which class a row is, and holds this in its own |
/// | `#[check(name = condition)]` | a condition on each row, such as `column("score").ge(0)` |
/// | `#[foreign_key(via(a, b), references = Target, …)]` | a foreign key over several fields; options as for `references`, and `columns(a, b)` of the target |
/// | `#[belongs_to(name: Target, …)]` | many-to-one: `via`, `passive_updates` |
/// | `#[has_one(name: Target, …)]` | one-to-one: `via`, `passive_deletes`, `passive_updates` |
/// | `#[has_many(name: Target, …)]` | one-to-many: as `has_one`, and `order_by`, `collection` |
/// | `#[many_to_many(name: Target, through = "t", …)]` | through a table: `own`, `other`, `order_by`, `collection`, `secondary_join` |
///
/// # On a field
///
/// | attribute | meaning |
/// |---|---|
/// | `#[key]`, `#[key(auto)]` | part of the primary key; one that the table fills |
/// | `#[unique]`, `#[index]` | a key or an index of this field alone |
/// | `#[references(Target, …)]` | a foreign key: `on_delete = a`, `on_update = a`, `deferred`, `unindexed`, `column = field_of_target` |
/// | `#[base]` | the row of the class that this one extends, which comes first |
/// | `#[version]` | counts the versions of an object: an update or delete of another version fails |
/// | `#[column("name")]` | the column's name, if not the field's |
/// | `#[default(expression)]` | the column's default; beside `derive(Default)`, which claims that word, `#[column(default = expression)]` |
///
/// # A class that extends another
///
/// A struct whose field is marked with `#[base]` extends the struct of that field: it has its key, columns and relations,
/// and derefs to it. It says by `identity` what the discriminator holds in its rows, and where they stand:
///
/// | `#[entity(…)]` | rows |
/// |---|---|
/// | `identity = "engineer"` | in the table of the base, which gets the columns that it adds; they are NULL in other rows |
/// | `identity = "engineer", table = "engineers"` | in two tables: that of the base, and one for what it adds |
/// | `identity = "engineer", concrete = "engineers"` | in a whole table of its own, with keys of its own |
/// | `abstract`, or `abstract, table = "workers"` | none of its own: each object is of a class that extends this one |
///
/// The identity is what the field can hold: a text, an integer (`identity = 1`), or the text of a variant of an enum.
///
/// A base with `concrete` classes says `union`, so that queries and collections read their tables, too. `with_subclasses`
/// above a base, or `load = selectin` and `load = inline` above a class that extends it, let queries on the base bring what
/// is added; otherwise it is read when it is looked at.
///
/// ```text
/// #[derive(Entity, Clone, Debug)]
/// #[entity(discriminator = kind, identity = "employee")]
/// struct Employee { #[key(auto)] id: Id<Employee>, kind: String, name: String }
///
/// #[derive(Entity, Clone, Debug)]
/// #[entity(identity = "engineer")]
/// struct Engineer { #[base] employee: Employee, language: Option<String> }
/// ```
///
/// A base of another crate is marked with `#[base(foreign)]`. What the class is beyond that base, two steps of `upcast` say.
///
/// # Options of relations
///
/// The table above says which relation has which; those that it does not name, all have.
///
/// - `via = field`, `via(a, b)`: the foreign key's fields, of this struct in `belongs_to`, of the target in `has_one`
///   and `has_many`. A `belongs_to` without it follows `{name}_id`, or the only foreign key to its target.
/// - `inverse = relation`: the other side, on the target.
/// - `cascade(…)`: of `none`, `all`, `save_update`, `merge`, `delete`, `delete_orphan`, `expunge`, `refresh_expire`.
/// - `lazy = …`: `select`, `selectin`, `joined`, `subquery`, `immediate`, `raise`, `raise_on_sql`, `noload`, and for
///   collections `dynamic` and `write_only`; `inner_join` and `join_depth = 3` say more about joins.
/// - `order_by(field, field desc)`: fields of the target, or what is computed: `order_by(on(Post::title).lower() desc)`.
/// - `passive_deletes`, `passive_deletes = off`, `passive_deletes = all`: whether targets are left to the foreign key
///   when the owner goes: those that are not loaded, none, all.
/// - `passive_updates = off`: the session writes the foreign key of targets when the owner's key changes.
/// - `view_only`: it is read and never written.
/// - `primary_join = expression`: the join, as `on(User::id).eq(on(Todo::user_id)).and(on(Todo::done).eq(false))`;
///   `secondary_join` for the other side of a table between. See `diptych::object::on`, `foreign` and `remote`.
/// - `single_parent`: a target has one owner at a time. `post_update`: the foreign key is written by a statement of its
///   own. `active_history`: the old target is loaded when another is set. `collection = set`: a member stands once.
/// - `acyclic`: no object becomes its own ancestor along it. `ordered`: the first field of its order holds the position of
///   a member, and is kept.
/// - `own = "column"`, `other = "column"`: the columns of the table between; `own("a", "b")` for several.
///
/// A `belongs_to` leads to exactly one object if none of its fields is an `Option`.
#[proc_macro_derive(
    Entity,
    attributes(
        entity,
        check,
        foreign_key,
        has_one,
        has_many,
        belongs_to,
        many_to_many,
        key,
        unique,
        index,
        references,
        column,
        default,
        version,
        base
    )
)]
pub fn derive_entity(input: TokenStream) -> TokenStream {
    expand::derive(parse_macro_input!(input as DeriveInput)).into()
}

/// Makes an enum without data, or a struct of one field, a value that a column can hold.
///
/// ```text
/// #[derive(AsValue, Clone, Debug, PartialEq)]
/// enum Status {
///     Open,                       // stored as 'open'
///     #[value("wip")] InProgress, // stored as 'wip'
/// }
///
/// #[derive(AsValue, Clone, Copy, Debug, PartialEq)]
/// #[value(integer)]
/// enum Level { Low = 1, High = 5 }
///
/// #[derive(AsValue, Clone, Debug, PartialEq)]
/// struct Email(String);           // stored as its field
/// ```
///
/// A variant is stored as its name in snake case, unless `#[value("text")]` gives another; with `#[value(integer)]` above
/// the enum, as its number. A draft of a row holds the first variant, or the one with `#[value(draft)]`. What is read
/// and is none of the variants is refused. The type must be `Clone`.
#[proc_macro_derive(AsValue, attributes(value))]
pub fn derive_as_value(input: TokenStream) -> TokenStream {
    value::derive(&parse_macro_input!(input as DeriveInput)).into()
}
