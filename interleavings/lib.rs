//! Commit, snapshot, conflict and feed under a scheduler that tries many interleavings of their locks; see `tests/`.
//!
//! `RUSTFLAGS="--cfg shuttle" cargo test --manifest-path interleavings/Cargo.toml --release`
