//! Why a use case was refused. Status and body are given to each of these in one place, `http::error`.

use crate::domain::time::Timestamp;
use crate::password::HashError;
use crate::store::StoreError;

/// A refusal of an administrative use case.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The caller has to say who it is first.
    #[error("Requires authentication")]
    Unauthenticated,
    /// The caller may not do this.
    #[error("Unauthorized")]
    Forbidden,
    /// What the request names is not there (or the caller may not know that it is).
    #[error("{0}")]
    NotFound(String),
    /// The request asks for what cannot be; the text says what and why. Quay's `invalid_request`.
    #[error("{0}")]
    Invalid(String),
    /// As [`Self::Invalid`], answered in Quay's other shape, `{"message": ...}`, which clients match on.
    #[error("{0}")]
    Refused(String),
    /// The name was given up lately.
    #[error(
        "The name '{name}' was given up lately and cannot be taken before {until}: tokens issued under it may still be valid"
    )]
    Retired {
        /// The name.
        name: String,
        /// When it becomes free.
        until: Timestamp,
    },
    /// ROBOTS_DISALLOW is on.
    #[error("{ROBOTS_DISALLOWED}")]
    RobotsDisallowed,
    /// Too much argon2 work is waiting.
    #[error("too many passwords are being checked, try again")]
    Busy,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A fault in this program or in what it keeps.
    #[error("{0}")]
    Internal(String),
}

/// What everybody is told while ROBOTS_DISALLOW is on: at login, in the API and on the pages (Quay's documented sentence).
pub const ROBOTS_DISALLOWED: &str = "Robot accounts have been disabled. Please contact your administrator.";

impl From<HashError> for ServiceError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::Busy,
            HashError::Malformed(reason) => Self::Internal(format!("a stored hash is malformed: {reason}")),
        }
    }
}
