//! The key directory on disk: made on first use, read and checked as a whole.

use super::error::{KeyError, Reason};
use super::file::{self, Privacy};
use super::symmetric::{Material, Purpose};
use super::{SealKey, SessionKey, VerifyKey};
use crate::domain::random::Random;
use crate::domain::time::Clock;
use std::path::{Path, PathBuf};

/// The three symmetric keys. Each has a file of its own and can be replaced alone.
#[derive(Debug)]
pub struct SymmetricKeys {
    /// Checks robot secrets and protects rows.
    pub verify: VerifyKey,
    /// Opens robot tokens that may be shown again.
    pub seal: SealKey,
    /// Signs browser sessions.
    pub session: SessionKey,
}

/// A key directory (KEYS_DIR).
#[derive(Clone, Debug)]
pub struct KeyDirectory {
    path: PathBuf,
}

impl KeyDirectory {
    /// Makes the directory and its keys on first use; later only checks that it is fit for keys. Two processes may
    /// do this at once: one makes the keys, the other finds them.
    pub fn open_or_create(path: &Path, clock: &dyn Clock, random: &dyn Random) -> Result<Self, KeyError> {
        file::make_directory(path)?;
        let directory = Self { path: path.to_owned() };
        let _lock = file::lock(path)?;
        for purpose in Purpose::ALL {
            let path = directory.path.join(purpose.file());
            if !path.exists() {
                let text = Material::generate(purpose, random).to_text(purpose, clock.now());
                file::replace(&path, &text)?;
            }
        }
        Ok(directory)
    }

    /// Reads the symmetric keys.
    pub fn symmetric(&self) -> Result<SymmetricKeys, KeyError> {
        Ok(SymmetricKeys {
            verify: VerifyKey::new(&self.material(Purpose::Verify)?),
            seal: SealKey::new(&self.material(Purpose::Seal)?),
            session: SessionKey::new(&self.material(Purpose::Session)?),
        })
    }

    fn material(&self, purpose: Purpose) -> Result<Material, KeyError> {
        let path = self.path.join(purpose.file());
        let text = file::read(&path, Privacy::Secret)
            .map_err(|error| if error.is_absent() { KeyError::new(&path, Reason::Missing) } else { error })?;
        Material::parse(purpose, &text).map_err(|reason| KeyError::content(&path, reason))
    }
}
