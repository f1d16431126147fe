//! The key directory: signing keys, verifier, seal and session keys.

mod directory;
mod error;
mod file;
mod seal;
mod session;
mod symmetric;
mod verify;

pub use directory::{KeyDirectory, SymmetricKeys};
pub use error::{KeyError, Reason};
pub use seal::{OpenError, SealKey};
pub use session::SessionKey;
pub use symmetric::KeyId;
pub use verify::{RowKey, Verdict, VerifyKey};

use crate::domain::claims::Claims;

/// A signed token; to be replaced.
#[derive(Clone, Debug)]
pub struct SignedToken(String);

impl SignedToken {
    /// The token as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// To be replaced.
#[derive(Debug)]
pub struct Signer;

impl Signer {
    /// To be replaced.
    pub fn sign(&self, _claims: &Claims) -> Result<SignedToken, KeyError> {
        Ok(SignedToken(String::new()))
    }
}

/// To be replaced by the ring of signing keys.
#[derive(Debug)]
pub struct KeyRing(Signer);

impl KeyRing {
    /// The signer that counts now.
    pub fn signer(&self) -> &Signer {
        &self.0
    }
}
