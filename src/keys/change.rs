//! Changes of the signing keys, made by the command line while the server runs. The server notices by itself.

use super::directory::{KeyDirectory, REGISTER};
use super::error::KeyError;
use super::file;
use super::rotation::{ChangeError, Register};
use super::{SigningAlgorithm, SigningKeyId};
use crate::domain::time::Timestamp;
use std::collections::HashSet;
use std::fs;

impl KeyDirectory {
    /// Makes a new key and lets it sign at once. Registries that trust the root ([`super::KeyHeader::X5c`]) follow
    /// without being told; for others use [`Self::publish`] first. Keys that no valid token needs any more are removed.
    pub fn rotate(&self, algorithm: SigningAlgorithm, now: Timestamp) -> Result<SigningKeyId, KeyError> {
        self.change(|register| {
            register.prune(now);
            let id = self.create_signing_key(algorithm, now)?;
            self.apply(register.publish(id.clone(), now))?;
            self.apply(register.activate(&id, now))?;
            Ok(id)
        })
    }

    /// Makes a new key that does not sign yet, so that registries which know keys by id can be given it beforehand.
    pub fn publish(&self, algorithm: SigningAlgorithm, now: Timestamp) -> Result<SigningKeyId, KeyError> {
        self.change(|register| {
            let id = self.create_signing_key(algorithm, now)?;
            self.apply(register.publish(id.clone(), now))?;
            Ok(id)
        })
    }

    /// Lets a listed key sign from now on, after checking that it can. The key before it stays published until its last
    /// token has expired.
    pub fn activate(&self, id: &SigningKeyId, now: Timestamp) -> Result<(), KeyError> {
        self.change(|register| {
            self.apply(register.activate(id, now))?;
            self.signing_key(id, &self.root()?.der, now).map(drop)
        })
    }

    /// Forgets a key that does not sign at once and destroys its private half. Registries given keys by id must be given
    /// the new list. Those that trust the root go on accepting tokens made with a stolen copy: replace the root too.
    pub fn withdraw(&self, id: &SigningKeyId) -> Result<(), KeyError> {
        self.change(|register| self.apply(register.withdraw(id)))
    }

    /// Removes the keys that no valid token needs any more.
    pub fn prune(&self, now: Timestamp) -> Result<(), KeyError> {
        self.change(|register| {
            register.prune(now);
            Ok(())
        })
    }

    /// Changes the register under the lock. It is written before the files of forgotten keys are removed, and after
    /// those of new keys are there, so that it never names a file that is missing.
    fn change<T>(&self, change: impl FnOnce(&mut Register) -> Result<T, KeyError>) -> Result<T, KeyError> {
        let _lock = file::lock(self.path())?;
        let mut register = self.register()?;
        let before = register.clone();
        let result = change(&mut register)?;
        if register != before {
            self.write_register(&register)?;
        }
        self.remove_unlisted(&register)?;
        Ok(result)
    }

    fn apply<T>(&self, result: Result<T, ChangeError>) -> Result<T, KeyError> {
        result.map_err(|error| KeyError::content(&self.file(REGISTER), error.to_string()))
    }

    /// Also clears away what an interrupted change left behind.
    fn remove_unlisted(&self, register: &Register) -> Result<(), KeyError> {
        let listed = register.keys().map(super::rotation::RegisteredKey::id);
        let listed: HashSet<_> = listed.flat_map(|id| [id.key_file(), id.certificate_file()]).collect();
        for entry in fs::read_dir(self.path()).map_err(KeyError::io(self.path(), "read"))? {
            let name = entry.map_err(KeyError::io(self.path(), "read"))?.file_name();
            let Some(name) = name.to_str() else { continue };
            if SigningKeyId::is_file(name) && !listed.contains(name) {
                file::remove(&self.file(name))?;
            }
        }
        Ok(())
    }
}
