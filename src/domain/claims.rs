//! The claims of a registry token.

use super::decide::Access;
use super::random::Random;
use super::time::Timestamp;

/// Lifetime out of bounds.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the lifetime is out of bounds")]
pub struct ClaimsError;

/// To be replaced.
#[derive(Debug)]
pub struct Claims;

impl Claims {
    /// To be replaced.
    pub fn new(
        _issuer: &str,
        _subject: &str,
        _audience: &str,
        _access: &[Access],
        _now: Timestamp,
        _lifetime: i64,
        _random: &dyn Random,
    ) -> Result<Self, ClaimsError> {
        Ok(Self)
    }
}
