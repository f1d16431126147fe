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
