//! The one test binary: each module is a theme.

mod derive;
mod objects;
