//! The real clock and the real random source: the only places where ambient time and randomness are read.

use crate::domain::random::Random;
use crate::domain::time::{Clock, Timestamp};
use aws_lc_rs::rand::{SecureRandom, SystemRandom as Source};
use std::cell::RefCell;
use std::time::{SystemTime, UNIX_EPOCH};
use zeroize::{Zeroize, Zeroizing};

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

/// Random bytes that a thread has fetched but not used. Fetching has a price of its own, whatever the number of bytes, and
/// each request needs some for its id and its token's.
struct Pool {
    bytes: Zeroizing<[u8; 512]>,
    unused: usize,
}

thread_local! {
    static POOL: RefCell<Pool> = RefCell::new(Pool { bytes: Zeroizing::new([0; 512]), unused: 0 });
}

impl Pool {
    /// The next bytes, which are forgotten here: nothing is handed out twice.
    fn take(&mut self, out: &mut [u8]) -> bool {
        let Some(rest) = self.unused.checked_sub(out.len()) else { return false };
        let Some(next) = self.bytes.get_mut(rest..self.unused) else { return false };
        out.copy_from_slice(next);
        next.zeroize();
        self.unused = rest;
        true
    }
}

impl Random for SystemRandom {
    /// # Panics
    /// When the operating system has no randomness to give: no key or secret may be made then, and there
    /// is nothing a caller could do instead.
    fn fill(&self, bytes: &mut [u8]) {
        #[expect(clippy::expect_used, reason = "see the doc comment")]
        let fetch = |bytes: &mut [u8]| self.0.fill(bytes).expect("the operating system gives random bytes");
        POOL.with_borrow_mut(|pool| {
            if pool.take(bytes) {
                return;
            }
            fetch(pool.bytes.as_mut_slice());
            pool.unused = pool.bytes.len();
            if !pool.take(bytes) {
                fetch(bytes);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn nothing_is_handed_out_twice() {
        let draw = move |length: usize| {
            let mut bytes = vec![0; length];
            SystemRandom::default().fill(&mut bytes);
            bytes
        };
        let many = move || (0..1000).map(|_| draw(16)).collect::<Vec<_>>();
        let other = std::thread::spawn(many).join().unwrap();
        let all: HashSet<_> = many().into_iter().chain(other).collect();
        assert_eq!(all.len(), 2000);
        for length in [0, 1, 511, 512, 513, 4096] {
            let bytes = draw(length);
            assert!(
                length < 16 || bytes.chunks(8).all(|chunk| chunk.len() < 8 || chunk != [0; 8]),
                "{length}"
            );
        }
    }
}
