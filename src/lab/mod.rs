//! Instruments that show what the engine does, for its own tests and for users who want to ask about their own schemas.
//!
//! The room is behind the feature `lab`. Nothing else in the crate imports it, so that no answer of the engine can
//! depend on an instrument.
//!
//! # Not here
//! The engine, whose answers are held against what is here. Start with [`oracle`].

pub mod oracle;
