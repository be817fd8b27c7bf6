//! Rows and objects of one hierarchy meet: in one table, in joined tables, and with relations among themselves.

mod declaring;
mod deleting;
mod meeting;
mod models;
