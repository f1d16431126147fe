//! What is written down beside all that decides: who logged in when. It goes through a transaction that can write nothing else,
//! so that what is known to requests ([`memo`](super::memo)) may outlive its commit.

use super::audit::{Event, Origin};
use super::{StoreError, Tx};
use crate::domain::caller::AccountId;
use crate::domain::time::Timestamp;

/// A transaction that touches nothing that [`memo`](super::memo) keeps. Whatever is added here must not either.
pub struct Notes<'t, 'a> {
    tx: &'t mut Tx<'a>,
}

impl<'t, 'a> Notes<'t, 'a> {
    pub(super) fn new(tx: &'t mut Tx<'a>) -> Self {
        Self { tx }
    }

    /// Notes logins: each account's time moves forward only, by `gap` seconds or more.
    pub fn logins(&mut self, logins: &[(AccountId, Timestamp)], gap: i64) -> Result<(), StoreError> {
        self.tx.note_logins(logins, gap)
    }

    /// As [`Self::logins`], for OAuth access tokens by their uuids.
    pub fn access_tokens(&mut self, used: &[(String, Timestamp)], gap: i64) -> Result<(), StoreError> {
        self.tx.note_access_tokens(used, gap)
    }

    /// As [`Self::logins`], for application-specific tokens by their uuids.
    pub fn app_tokens(&mut self, used: &[(String, Timestamp)], gap: i64) -> Result<(), StoreError> {
        self.tx.note_app_tokens(used, gap)
    }

    /// Writes an event.
    pub fn record(&mut self, origin: &Origin, event: &Event<'_>, now: Timestamp) -> Result<(), StoreError> {
        self.tx.record(origin, event, now)
    }
}
