//! The signing key in use, replaced while running when the key directory changes.

use super::certificate::parse_chain;
use super::directory::KeyDirectory;
use super::error::KeyError;
use super::load::{Snapshot, Stamp};
use super::private::SignError;
use super::published::PublishedKeys;
use super::signer::{KeyHeader, SignedToken, Signer};
use super::token::{Expected, InvalidToken, VerifiedToken};
use super::validity::not_after;
use super::{SigningAlgorithm, SigningKeyId};
use crate::domain::claims::Claims;
use crate::domain::time::Timestamp;
use arc_swap::ArcSwap;
use std::sync::{Arc, Mutex, PoisonError};

/// A fault that lasts is reported again after so many seconds.
const REPORT_EVERY: i64 = 60;

/// The keys of a running server.
#[derive(Debug)]
pub struct KeyRing {
    directory: KeyDirectory,
    header: KeyHeader,
    active: ArcSwap<Active>,
    /// When a fault was last reported; `None` while all is well. The lock also keeps reloads one at a time.
    reported: Mutex<Option<Timestamp>>,
}

#[derive(Debug)]
struct Active {
    signer: Signer,
    published: PublishedKeys,
    stamp: Stamp,
}

/// What a look at the key directory brought.
#[derive(Debug)]
pub enum Reload {
    /// Nothing has changed.
    Unchanged,
    /// The keys were read again; this one signs now.
    Replaced(SigningKeyId),
    /// The keys on disk cannot be used; those in memory stay in use. Report it.
    Failed(KeyError),
    /// Still so, reported less than a minute ago.
    StillFailing,
}

impl KeyRing {
    /// Reads and checks the signing keys of a directory.
    pub fn open(directory: KeyDirectory, header: KeyHeader, now: Timestamp) -> Result<Self, KeyError> {
        let active = activate(&directory, header, now)?;
        Ok(Self { directory, header, active: ArcSwap::from_pointee(active), reported: Mutex::new(None) })
    }

    /// Signs a token with the current key. Never waits for a reload.
    pub fn sign(&self, claims: &Claims<'_>) -> Result<SignedToken, SignError> {
        self.active.load().signer.sign(claims)
    }

    /// Checks a token that this service issued.
    pub fn verify(
        &self,
        token: &str,
        expected: Expected<'_>,
        now: Timestamp,
    ) -> Result<VerifiedToken, InvalidToken> {
        self.active.load().published.verify(token, expected, now)
    }

    /// The key set to publish; see [`PublishedKeys::jwks`].
    pub fn jwks(&self, now: Timestamp) -> String {
        self.active.load().published.jwks(now)
    }

    /// The token root in PEM; see [`PublishedKeys::root_certificate`].
    pub fn root_certificate(&self) -> String {
        self.active.load().published.root_certificate().to_owned()
    }

    /// Which key signs, and how.
    pub fn signing(&self) -> (SigningKeyId, SigningAlgorithm) {
        let active = self.active.load();
        (active.signer.key_id().clone(), active.signer.algorithm())
    }

    /// When registries stop trusting the token root, and when the certificate of the key that signs ends.
    pub fn expires(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        let active = self.active.load();
        let root = parse_chain(active.published.root_certificate()).ok();
        let root = root.and_then(|chain| not_after(chain.first()?));
        let mut keys = active.published.keys().iter();
        let signing = keys.find(|key| key.entry().id() == active.signer.key_id());
        (root, signing.and_then(|key| not_after(&key.certificate)))
    }

    /// Takes over what has changed in the key directory. To be called about once a second; costs four `stat` calls
    /// when nothing has.
    pub fn reload(&self, now: Timestamp) -> Reload {
        // The time in there is right even if a thread died holding it.
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        let active = self.active.load();
        if self.directory.stamp(active.signer.key_id()) == active.stamp {
            *reported = None;
            return Reload::Unchanged;
        }
        match activate(&self.directory, self.header, now) {
            Ok(fresh) => {
                *reported = None;
                let id = fresh.signer.key_id().clone();
                self.active.store(Arc::new(fresh));
                Reload::Replaced(id)
            }
            Err(error) => {
                let recent = |last: Timestamp| (0..REPORT_EVERY).contains(&now.seconds_since(last));
                if reported.is_some_and(recent) {
                    return Reload::StillFailing;
                }
                *reported = Some(now);
                Reload::Failed(error)
            }
        }
    }
}

fn activate(directory: &KeyDirectory, header: KeyHeader, now: Timestamp) -> Result<Active, KeyError> {
    let Snapshot { signing, published, stamp } = directory.load(now)?;
    let path = directory.file(&signing.public().id().key_file());
    let signer = Signer::new(signing, header).map_err(|reason| KeyError::content(&path, reason))?;
    Ok(Active { signer, published, stamp })
}

#[cfg(test)]
mod tests;
