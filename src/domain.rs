//! Pure rules: no clock, no randomness, no I/O of its own. Everything here is testable with plain values.

pub mod caller;
pub mod cidr;
pub mod claims;
pub mod credential;
pub mod decide;
pub mod name;
pub mod oauth;
pub mod permission;
pub mod random;
pub mod scope;
pub mod throttle;
pub mod time;
