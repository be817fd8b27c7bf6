//! The object half: what a session promises (O1 to O7), by examples that read like a story and by a property.

/// The same tests of a hierarchy in one table, `single`, and of one in joined tables, `joined`.
macro_rules! in_both {
    ($($(#[$meta:meta])* fn $name:ident() $body:block)*) => {
        mod in_one_table {
            use super::*;
            use super::single::*;
            $($(#[$meta])* #[test] fn $name() -> Result<()> $body)*
        }
        mod in_joined_tables {
            use super::*;
            use super::joined::*;
            $($(#[$meta])* #[test] fn $name() -> Result<()> $body)*
        }
    };
}

mod altered;
mod as_sqlalchemy;
mod asked_again;
mod budgets;
mod by_name;
mod checklist;
mod collections;
mod computed_joins;
mod configuration;
mod declarations;
mod delete_plans;
mod deletes;
mod detached;
mod diagnoses;
mod doors;
mod dumps;
mod eager_paths;
mod end_states;
mod exchanges;
mod faults;
mod flush_order;
mod followed;
mod follows;
mod forum;
mod harmony;
mod hierarchies;
mod hybrids;
mod identity;
mod inheritance;
mod keeping;
mod lints;
mod listeners;
mod loaders;
mod look_ups;
mod many_rows;
mod mappings;
mod merges;
mod mismatch;
mod mistakes;
mod named_queries;
mod nothing_lost;
mod one_of;
mod one_to_one;
mod panics;
mod partial;
mod pillars;
mod property;
mod proxies;
mod reflection;
mod refusals;
mod rekeyed;
mod run_time;
mod scale;
mod sessions;
mod shapes;
mod sides;
mod standing;
mod strategies;
mod structs;
mod trails;
mod transactions;
mod trees;
mod typed_inheritance;
mod typed_joins;
mod typed_loading;
mod typed_verbs;
mod unnoticed;
