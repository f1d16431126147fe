//! The random source that the rest of the program is handed.

/// A source of random bytes. The real one is cryptographic; tests hand in a seeded one.
pub trait Random: Send + Sync {
    /// Fills `bytes` with random values.
    fn fill(&self, bytes: &mut [u8]);
}

/// `length` characters drawn evenly from `alphabet`, which holds 1 to 256 ASCII characters. Bytes that would favour
/// the first characters are thrown away, so every character is equally likely.
pub fn text(random: &dyn Random, length: usize, alphabet: &[u8]) -> String {
    let count = alphabet.len().clamp(1, 256);
    let fair = 256 - 256 % count;
    let mut out = String::with_capacity(length);
    let mut pool = [0_u8; 64];
    while out.len() < length {
        random.fill(&mut pool);
        for byte in pool.iter().copied().map(usize::from).filter(|byte| *byte < fair) {
            if out.len() == length {
                break;
            }
            if let Some(character) = alphabet.get(byte % count) {
                out.push(char::from(*character));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU8, Ordering};

    struct Counting(AtomicU8);

    impl Random for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill_with(|| self.0.fetch_add(1, Ordering::Relaxed));
        }
    }

    #[test]
    fn bytes_that_would_favour_a_character_are_thrown_away_and_no_others() {
        let drawn = text(&Counting(AtomicU8::new(0)), 2 * 255, b"ABC");
        // 0 to 254 are 85 rounds of three; 255 would be one more A.
        assert_eq!(drawn, "ABC".repeat(2 * 85));
        assert_eq!(
            text(&Counting(AtomicU8::new(250)), 7, b"ABC"),
            "BCABCAB",
            "from 250 to 254, then 0 and 1"
        );
    }
}
