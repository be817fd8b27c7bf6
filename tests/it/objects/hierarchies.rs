//! Rows and objects of one hierarchy meet: in one table, in joined tables, and with relations among themselves.

mod adversary;
mod apart;
mod asking;
mod batches;
mod declaring;
mod deleting;
mod given;
mod histories;
mod kinds;
mod loading;
mod many;
mod meeting;
mod models;
mod property;
mod repeated;
mod scale;
mod whole;
mod without_rows;
