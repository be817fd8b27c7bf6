//! Structs that extend others, in one table, in joined tables and in whole tables of their own (checklist: single, joined
//! and concrete inheritance, polymorphic queries, relations to bases and to subclasses, cascades across).
//!
//! `both_ways` does the same with structs and with classes made at run time, and compares what is said to the tables.

mod along;
mod both_ways;
mod levels;
pub(super) mod models;
mod property;
mod refusals;
mod views;
