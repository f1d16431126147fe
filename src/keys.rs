//! The key directory: signing keys, verifier, seal and session keys.
//!
//! On disk ([`KeyDirectory`], KEYS_DIR):
//!
//! | file | holds |
//! |---|---|
//! | `root.key`, `root.crt` | the token root, the one certificate that registries trust |
//! | `signing-ID.key`, `signing-ID.crt` | a signing key and its certificate under the root |
//! | `signing.json` | which keys there are and which one signs; written last in every change |
//! | `verify.key`, `seal.key`, `session.key` | one symmetric key each, with its id |
//!
//! To replace the root (after a theft), stop the server, remove `root.*` and `signing*`, start it again and give every
//! registry the new root.

mod certificate;
mod change;
mod directory;
mod error;
mod file;
mod id;
mod load;
mod private;
mod public;
mod published;
mod ring;
mod rotation;
mod seal;
mod session;
mod signer;
mod symmetric;
mod token;
mod validity;
mod verify;

pub use directory::{KeyDirectory, SymmetricKeys};
pub use error::{KeyError, Reason};
pub use id::SigningKeyId;
pub use private::SignError;
pub use public::SigningAlgorithm;
pub use published::{PublishedKey, PublishedKeys};
pub use ring::{KeyRing, Reload};
pub use rotation::{KeyState, RETENTION, RegisteredKey};
pub use seal::{OpenError, SealKey};
pub use session::SessionKey;
pub use signer::{KeyHeader, SignedToken, Signer};
pub use symmetric::KeyId;
pub use token::{Expected, InvalidToken, VerifiedToken};
pub(crate) use validity::not_after;
pub use verify::{RowKey, Verdict, VerifyKey};
