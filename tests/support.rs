//! What the tests share: a clock that stands still, randomness that repeats, directories that go away.

mod answer;
mod conformity;
mod counting;
mod installation;
mod issuer;
mod watch;

pub(crate) use answer::{Answer, payload};
pub(crate) use installation::Installation;
pub(crate) use issuer::{Issuer, IssuerKey};
pub(crate) use watch::{Excuse, Place, Watch};

use dockpass::domain::random::Random;
use dockpass::domain::time::{Clock, Timestamp};
use std::ffi::OsString;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// When every test begins: 2026-11-24T06:00:00Z.
pub(crate) const START: Timestamp = Timestamp(1_795_500_000);

/// A clock that moves only when it is told to.
pub(crate) struct TestClock(AtomicI64);

impl Default for TestClock {
    fn default() -> Self {
        Self(AtomicI64::new(START.0))
    }
}

impl TestClock {
    /// Moves the clock, back if `seconds` is negative.
    pub(crate) fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

/// SplitMix64: the same bytes in every run.
pub(crate) struct TestRandom(AtomicU64);

impl TestRandom {
    /// Starts from `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Random for TestRandom {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let state = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            let mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
            let word = (mixed ^ mixed >> 31).to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
    }
}

/// What is left of the environment for a program that the tests start without theirs: where it writes which lines it reached,
/// if that is counted (tests/coverage.sh).
pub(crate) fn coverage() -> Option<(&'static str, OsString)> {
    std::env::var_os("LLVM_PROFILE_FILE").map(|file| ("LLVM_PROFILE_FILE", file))
}

/// The line of a configuration that has everything written down that can be: in a build of tests every line, in an optimised
/// one nothing that would change what is measured. Nothing where a test says what is written.
pub(crate) fn log_level(settings: &str) -> &'static str {
    if cfg!(debug_assertions) && !settings.contains("LOG_LEVEL:") { "LOG_LEVEL: debug\n" } else { "" }
}

/// A number out of an environment variable, which asks for the long form of a test.
pub(crate) fn number(variable: &str) -> Option<u64> {
    std::env::var_os(variable)?.to_str()?.parse().ok()
}
