//! Reads and checks everything about signing keys at one moment.

use super::SigningKeyId;
use super::certificate::{check_chain, parse_chain, public_key};
use super::directory::{KeyDirectory, REGISTER, ROOT_CERTIFICATE};
use super::error::KeyError;
use super::file::{self, Privacy};
use super::private::SigningKey;
use super::published::{PublishedKey, PublishedKeys};
use super::rotation::RegisteredKey;
use crate::domain::time::Timestamp;
use rustls::pki_types::CertificateDer;
use std::fs;
use std::os::unix::fs::MetadataExt;

/// Tells whether files were changed: device, inode, size, mode, and times of change of each. Missing files have none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamp(Vec<Option<[u64; 8]>>);

/// The signing key and the public side of all keys.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub(super) signing: SigningKey,
    pub(super) published: PublishedKeys,
    pub(super) stamp: Stamp,
}

impl KeyDirectory {
    /// The public side of the signing keys, for those who do not sign.
    pub fn published(&self, now: Timestamp) -> Result<PublishedKeys, KeyError> {
        self.load(now).map(|snapshot| snapshot.published)
    }

    /// Reads all signing keys and refuses any that is not right.
    pub(super) fn load(&self, now: Timestamp) -> Result<Snapshot, KeyError> {
        undisturbed(|| self.stamp_of([REGISTER]), || self.load_once(now))
    }

    fn load_once(&self, now: Timestamp) -> Result<Snapshot, KeyError> {
        file::check_directory(self.path())?;
        let register = self.register()?;
        // Taken before anything is read that it covers, so that a change in between shows at the next look.
        let stamp = self.stamp(register.signing());
        let root = self.root()?;
        let signing = self.signing_key(register.signing(), &root.der, now)?;
        let keys: Result<Vec<_>, _> = register.keys().map(|entry| self.published_key(entry)).collect();
        let published = PublishedKeys { keys: keys?, root: root.pem };
        Ok(Snapshot { signing, published, stamp })
    }

    fn published_key(&self, entry: &RegisteredKey) -> Result<PublishedKey, KeyError> {
        let certificate = self.chain(entry.id())?.swap_remove(0);
        let path = self.file(&entry.id().certificate_file());
        let public = public_key(&certificate).map_err(|reason| KeyError::content(&path, reason))?;
        if public.id() != entry.id() {
            return Err(KeyError::content(&path, "is the certificate of another key than its name says"));
        }
        Ok(PublishedKey { entry: entry.clone(), public, certificate })
    }

    fn chain(&self, id: &SigningKeyId) -> Result<Vec<CertificateDer<'static>>, KeyError> {
        let name = id.certificate_file();
        let pem = self.read(&name, Privacy::Public)?;
        parse_chain(&pem).map_err(|reason| KeyError::content(&self.file(&name), reason))
    }

    /// A key that can sign, whose certificate registries accept at `now`.
    pub(super) fn signing_key(
        &self,
        id: &SigningKeyId,
        root: &CertificateDer<'_>,
        now: Timestamp,
    ) -> Result<SigningKey, KeyError> {
        let name = id.key_file();
        let pem = self.read(&name, Privacy::Secret)?;
        let chain = self.chain(id)?;
        check_chain(root, &chain, now)
            .map_err(|reason| KeyError::content(&self.file(&id.certificate_file()), reason))?;
        let failed = |reason: String| KeyError::content(&self.file(&name), reason);
        let key = SigningKey::new(&pem, chain).map_err(failed)?;
        if key.public().id() != id {
            return Err(failed("holds another key than its name says".to_owned()));
        }
        Ok(key)
    }

    /// The stamp of all files that the signing key `id` depends on.
    pub(super) fn stamp(&self, id: &SigningKeyId) -> Stamp {
        self.stamp_of([REGISTER, ROOT_CERTIFICATE, &id.key_file(), &id.certificate_file()])
    }

    fn stamp_of<const N: usize>(&self, names: [&str; N]) -> Stamp {
        let stamp = |name| {
            let found = fs::metadata(self.file(name)).ok()?;
            Some([
                found.dev(),
                found.ino(),
                found.size(),
                u64::from(found.mode()),
                found.mtime().cast_unsigned(),
                found.mtime_nsec().cast_unsigned(),
                found.ctime().cast_unsigned(),
                found.ctime_nsec().cast_unsigned(),
            ])
        };
        Stamp(names.into_iter().map(stamp).collect())
    }
}

/// What `read` gives, tried again if it fails while `stamp` changes: another process removed a key while the register that still
/// named it was being followed. Nobody rotates keys ten times in a row.
fn undisturbed<S: PartialEq, T, E>(stamp: impl Fn() -> S, read: impl Fn() -> Result<T, E>) -> Result<T, E> {
    for _ in 1..10 {
        let before = stamp();
        match read() {
            Err(_) if stamp() != before => {}
            result => return result,
        }
    }
    read()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    /// How often is read while the stamp changes that many times, and what comes of it if the last read goes well.
    fn reads(changes: usize, well: bool) -> (usize, Result<(), ()>) {
        let reads = Cell::new(0);
        let result = undisturbed(
            || reads.get().min(changes),
            || {
                reads.set(reads.get() + 1);
                if well && reads.get() > changes { Ok(()) } else { Err(()) }
            },
        );
        (reads.get(), result)
    }

    #[test]
    fn a_failure_counts_if_nothing_has_changed_meanwhile_or_something_changes_all_the_time() {
        assert_eq!(reads(0, true), (1, Ok(())));
        assert_eq!(reads(0, false), (1, Err(())));
        assert_eq!(reads(3, true), (4, Ok(())));
        assert_eq!(reads(3, false), (4, Err(())));
        assert_eq!(reads(9, true), (10, Ok(())));
        assert_eq!(reads(100, true), (10, Err(())));
    }
}
