//! The real clock and the real random source: the only places where ambient time and randomness are read.

use crate::domain::random::Random;
use crate::domain::time::{Clock, Timestamp};
use aws_lc_rs::rand::{SecureRandom, SystemRandom as Source};
use std::time::{SystemTime, UNIX_EPOCH};

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        let seconds = |duration: std::time::Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        Timestamp(match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(after) => seconds(after),
            Err(before) => -seconds(before.duration()),
        })
    }
}

/// The operating system's cryptographic random source.
#[derive(Clone, Debug, Default)]
pub struct SystemRandom(Source);

impl Random for SystemRandom {
    /// # Panics
    /// When the operating system has no randomness to give: no key or secret may be made then, and there
    /// is nothing a caller could do instead.
    fn fill(&self, bytes: &mut [u8]) {
        #[expect(clippy::expect_used, reason = "see the doc comment")]
        self.0.fill(bytes).expect("the operating system gives random bytes");
    }
}
