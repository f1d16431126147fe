//! Secrets in clear: types that print nothing and are wiped when dropped.

use super::random::{self, Random};
use std::fmt;
use zeroize::Zeroizing;

/// Characters of a robot's secret (Quay's `validate_robot_token`): 64 of 36 characters are 331 bits.
pub const ROBOT_SECRET_LENGTH: usize = 64;
const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// A text that must not be printed. `Debug` shows a placeholder; there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps a text that came from outside.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// `length` random characters of `A-Z0-9`: Quay's alphabet for every kind of token.
    pub fn generate(length: usize, random: &dyn Random) -> Self {
        Self::new(random::text(random, length, ALPHABET))
    }

    /// The text itself. Every use is a place where the secret leaves its type: keep them few.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// A robot's secret: exactly 64 characters of `A-Z0-9`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RobotSecret(Secret);

impl RobotSecret {
    /// A fresh secret.
    pub fn generate(random: &dyn Random) -> Self {
        Self(Secret::generate(ROBOT_SECRET_LENGTH, random))
    }

    /// Takes a text that has the form of a robot's secret; anything else cannot be one and costs no hash.
    pub fn parse(text: &str) -> Option<Self> {
        let formed = text.len() == ROBOT_SECRET_LENGTH
            && text.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9'));
        formed.then(|| Self(Secret::new(text)))
    }

    /// The text itself; see [`Secret::expose`].
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

/// A random token of `LENGTH` characters of `A-Z0-9`. Its first half finds it in the database, the whole is then compared
/// by its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token<const LENGTH: usize>(Secret);

/// An OAuth access token: a bearer of the API, the password of `$oauthtoken`.
pub type AccessToken = Token<40>;
/// An application-specific token: the password of `$app`.
pub type AppToken = Token<120>;

impl<const LENGTH: usize> Token<LENGTH> {
    /// A fresh token.
    pub fn generate(random: &dyn Random) -> Self {
        Self(Secret::generate(LENGTH, random))
    }

    /// Takes a text that has the form of such a token; anything else cannot be one and costs no look-up.
    pub fn parse(text: &str) -> Option<Self> {
        let formed =
            text.len() == LENGTH && text.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9'));
        formed.then(|| Self(Secret::new(text)))
    }

    /// The part that finds the token. The rest alone has more than 100 bits.
    pub fn lookup(&self) -> &str {
        self.expose().get(..LENGTH / 2).unwrap_or_default()
    }

    /// The text itself; see [`Secret::expose`].
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting(std::sync::atomic::AtomicU8);

    impl Random for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            for byte in bytes {
                *byte = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            }
        }
    }

    #[test]
    fn a_generated_secret_has_the_form_that_is_parsed() {
        let secret = RobotSecret::generate(&Counting(0.into()));
        assert_eq!(RobotSecret::parse(secret.expose()), Some(secret));
    }

    #[test]
    fn other_forms_are_refused_before_any_hash() {
        for text in
            ["", "A", &"a".repeat(64), &"A".repeat(63), &"A".repeat(65), &"É".repeat(32), &" ".repeat(64)]
        {
            assert_eq!(RobotSecret::parse(text), None, "{text}");
        }
    }

    #[test]
    fn one_kind_of_token_never_has_the_form_of_another() {
        let (access, app) =
            (AccessToken::generate(&Counting(0.into())), AppToken::generate(&Counting(0.into())));
        assert_eq!(AccessToken::parse(access.expose()), Some(access.clone()));
        assert_eq!((access.lookup().len(), app.lookup().len()), (20, 60));
        assert_eq!(AppToken::parse(access.expose()), None);
        assert_eq!(AccessToken::parse(app.expose()), None);
        assert_eq!(RobotSecret::parse(access.expose()), None);
        assert_eq!(RobotSecret::parse(app.expose()), None);
        assert!(!format!("{access:?}").contains(access.lookup()));
    }

    #[test]
    fn printing_a_secret_shows_nothing_of_it() {
        let text = "A".repeat(64);
        assert!(!format!("{:?}", RobotSecret::parse(&text)).contains("AA"));
        assert_eq!(format!("{:?}", Secret::new(text)), "Secret(..)");
    }
}
