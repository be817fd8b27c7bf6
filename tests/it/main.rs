//! The one test binary: whatever tells a story or compares with something outside.

mod differential;
