//! Pure rules: no clock, no randomness, no I/O of its own. Everything here is testable with plain values.

pub mod random;
pub mod time;
