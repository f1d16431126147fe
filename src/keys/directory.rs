//! The key directory on disk: made on first use, read and checked as a whole, changed under a lock.
//!
//! `signing.json` is the register of signing keys and is written last whenever anything changes: what it does not name
//! does not count, so a crash at any point leaves the old state or the new one.

use super::certificate;
use super::error::{KeyError, Reason};
use super::file::{self, Privacy};
use super::private::public_half;
use super::rotation::Register;
use super::symmetric::{Material, Purpose};
use super::{SealKey, SessionKey, SigningAlgorithm, SigningKeyId, VerifyKey};
use crate::domain::random::Random;
use crate::domain::time::{Clock, Timestamp};
use rustls::pki_types::CertificateDer;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

pub(super) const REGISTER: &str = "signing.json";
pub(super) const ROOT_CERTIFICATE: &str = "root.crt";
const ROOT_KEY: &str = "root.key";

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

/// The certificate that registries trust.
#[derive(Debug)]
pub(super) struct Root {
    pub(super) pem: String,
    pub(super) der: CertificateDer<'static>,
}

impl KeyDirectory {
    /// Makes the directory (mode 0700) and its keys (each 0600) on first use; `algorithm` is that of the first signing
    /// key. Later it only checks that the directory is fit for keys. Several processes may do this at once: one makes the
    /// keys, the others find them.
    pub fn open_or_create(
        path: &Path,
        algorithm: SigningAlgorithm,
        clock: &dyn Clock,
        random: &dyn Random,
    ) -> Result<Self, KeyError> {
        let directory = Self { path: path.to_owned() };
        if directory.is_complete()? {
            file::check_directory(path)?;
            return Ok(directory);
        }
        file::make_directory(path)?;
        let _lock = file::lock(path)?;
        if !directory.is_complete()? {
            directory.create(algorithm, clock.now(), random)?;
        }
        Ok(directory)
    }

    /// Whether the keys were made. The register is written last, so without it the making was interrupted at most.
    fn is_complete(&self) -> Result<bool, KeyError> {
        let path = self.file(REGISTER);
        path.try_exists().map_err(KeyError::io(&path, "read"))
    }

    fn create(
        &self,
        algorithm: SigningAlgorithm,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<(), KeyError> {
        for purpose in Purpose::ALL {
            self.create_file(purpose.file(), || {
                Ok(Material::generate(purpose, random).to_text(purpose, now))
            })?;
        }
        self.create_file(ROOT_KEY, || certificate::generate(SigningAlgorithm::Es256).map(|key| key.pem))?;
        self.create_file(ROOT_CERTIFICATE, || {
            let key = file::read(&self.file(ROOT_KEY), Privacy::Secret).map_err(|error| error.to_string())?;
            certificate::root(&key).map(Zeroizing::new)
        })?;
        let id = self.create_signing_key(algorithm, now)?;
        self.write_register(&Register::new(id, now))
    }

    fn create_file(
        &self,
        name: &str,
        text: impl FnOnce() -> Result<Zeroizing<String>, String>,
    ) -> Result<(), KeyError> {
        let path = self.file(name);
        if path.try_exists().map_err(KeyError::io(&path, "read"))? {
            return Ok(());
        }
        let text = text().map_err(|reason| KeyError::content(&path, reason))?;
        file::replace(&path, &text)
    }

    /// Writes a new key and its certificate. Unlisted in the register they have no effect yet.
    pub(super) fn create_signing_key(
        &self,
        algorithm: SigningAlgorithm,
        now: Timestamp,
    ) -> Result<SigningKeyId, KeyError> {
        let root_key_path = self.file(ROOT_KEY);
        let root_key = self.read(ROOT_KEY, Privacy::Secret)?;
        public_half(&root_key).map_err(|reason| KeyError::content(&root_key_path, reason))?;
        let key = certificate::generate(algorithm)
            .map_err(|reason| KeyError::content(&self.path, format!("a signing key {reason}")))?;
        let id = key.public.id().clone();
        let (key_path, certificate_path) = (self.file(&id.key_file()), self.file(&id.certificate_file()));
        let failed = |reason| KeyError::content(&certificate_path, reason);
        let chain = certificate::leaf(&root_key, &key).map_err(failed)?;
        let root = self.root()?;
        // Fails when root.crt was not made with root.key, before a key that no registry would accept can be used.
        certificate::parse_chain(&chain)
            .and_then(|chain| certificate::check_chain(&root.der, &chain, now))
            .map_err(failed)?;
        file::replace(&key_path, &key.pem)?;
        file::replace(&certificate_path, &chain)?;
        Ok(id)
    }

    /// A directory that is there, for those who must not make anything. What it lacks shows when it is read.
    pub fn existing(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// The file with the root certificate: what a registry needs while tokens carry certificates.
    pub fn root_certificate_file(&self) -> PathBuf {
        self.file(ROOT_CERTIFICATE)
    }

    /// Reads the symmetric keys.
    pub fn symmetric(&self) -> Result<SymmetricKeys, KeyError> {
        Ok(SymmetricKeys {
            verify: VerifyKey::new(&self.material(Purpose::Verify)?),
            seal: SealKey::new(&self.material(Purpose::Seal)?),
            session: SessionKey::new(&self.material(Purpose::Session)?),
        })
    }

    /// Makes the verify key anew if its file is not there: for those who replace it, and then seal every row anew.
    pub fn renew_verify_key(&self, clock: &dyn Clock, random: &dyn Random) -> Result<VerifyKey, KeyError> {
        let _lock = file::lock(&self.path)?;
        let purpose = Purpose::Verify;
        self.create_file(purpose.file(), || {
            Ok(Material::generate(purpose, random).to_text(purpose, clock.now()))
        })?;
        Ok(VerifyKey::new(&self.material(purpose)?))
    }

    /// Reads a verify key from a file that is kept elsewhere.
    pub fn read_verify_key(path: &Path) -> Result<VerifyKey, KeyError> {
        let text = file::read(path, Privacy::Secret)?;
        let material = Material::parse(Purpose::Verify, &text);
        material.map(|material| VerifyKey::new(&material)).map_err(|reason| KeyError::content(path, reason))
    }

    fn material(&self, purpose: Purpose) -> Result<Material, KeyError> {
        let text = self.read(purpose.file(), Privacy::Secret)?;
        Material::parse(purpose, &text)
            .map_err(|reason| KeyError::content(&self.file(purpose.file()), reason))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    pub(super) fn read(&self, name: &str, privacy: Privacy) -> Result<Zeroizing<String>, KeyError> {
        let path = self.file(name);
        file::read(&path, privacy)
            .map_err(|error| if error.is_absent() { KeyError::new(&path, Reason::Missing) } else { error })
    }

    pub(super) fn root(&self) -> Result<Root, KeyError> {
        let pem = self.read(ROOT_CERTIFICATE, Privacy::Public)?;
        let failed = |reason| KeyError::content(&self.file(ROOT_CERTIFICATE), reason);
        let der = certificate::parse_chain(&pem).map_err(failed)?.swap_remove(0);
        // Also keeps an Ed25519 root out of the bundles of 2.8 registries.
        match certificate::public_key(&der).map_err(failed)?.algorithm() {
            SigningAlgorithm::EdDsa => {
                Err(failed("is an Ed25519 certificate, which stops a 2.8 registry".to_owned()))
            }
            SigningAlgorithm::Es256 | SigningAlgorithm::Rs256 => Ok(Root { pem: pem.to_string(), der }),
        }
    }

    pub(super) fn register(&self) -> Result<Register, KeyError> {
        let text = self.read(REGISTER, Privacy::Public)?;
        serde_json::from_str(&text)
            .map_err(|error| KeyError::content(&self.file(REGISTER), error.to_string()))
    }

    pub(super) fn write_register(&self, register: &Register) -> Result<(), KeyError> {
        let path = self.file(REGISTER);
        let text = serde_json::to_string_pretty(register)
            .map_err(|error| KeyError::content(&path, error.to_string()))?;
        file::replace(&path, &format!("{text}\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_certificate_is_a_file_of_the_directory() {
        let directory = KeyDirectory::existing(Path::new("keys"));
        assert_eq!(directory.root_certificate_file(), Path::new("keys/root.crt"));
    }
}
