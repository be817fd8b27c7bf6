//! The engine against the oracle of `lab`: the same worlds, the same statements, and the same answers, rows and planned
//! actions (W2).
//!
//! Every small world of the shapes that foreign keys make is tried with every pair of actions, and then random worlds
//! with random statements. `DIPTYCH_WORLDS` sets how many of these.

mod pair;
mod random;
mod shapes;
mod stories;
