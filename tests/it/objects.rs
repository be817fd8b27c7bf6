//! The object half: what a session promises (O1 to O7), by examples that read like a story and by a property.

mod by_name;
mod configuration;
mod delete_plans;
mod deletes;
mod eager_paths;
mod end_states;
mod flush_order;
mod forum;
mod harmony;
mod identity;
mod inheritance;
mod lints;
mod listeners;
mod loaders;
mod mistakes;
mod named_queries;
mod property;
mod run_time;
mod scale;
mod sessions;
mod strategies;
mod transactions;
