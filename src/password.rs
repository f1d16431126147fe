//! Argon2 on fixed threads with fixed memory.

/// Why a password was not hashed or checked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// Too much work is waiting already.
    #[error("too many passwords are being checked")]
    Busy,
    /// The stored hash cannot be used.
    #[error("the stored hash is malformed: {0}")]
    Malformed(String),
}

/// To be replaced by the pool of fixed threads.
pub struct Hasher;

impl Hasher {
    /// Checks a secret against a PHC string.
    #[expect(clippy::unused_async, reason = "placeholder")]
    pub async fn verify(&self, _secret: &str, _phc: &str) -> Result<bool, HashError> {
        Err(HashError::Busy)
    }
    /// Hashes a password.
    pub fn hash_blocking(&self, _secret: &str) -> Result<String, HashError> {
        Err(HashError::Busy)
    }
    /// Hashes a robot's secret with the cheaper parameters.
    pub fn hash_secret_blocking(&self, _secret: &str) -> Result<String, HashError> {
        Err(HashError::Busy)
    }
    /// A hash that no password matches.
    pub fn dummy(&self) -> &'static str {
        ""
    }
}
