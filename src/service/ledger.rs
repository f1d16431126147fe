//! Logins, noted in memory and written down in batches: a login never waits for a write and never fails for one.

use super::App;
use crate::domain::caller::AccountId;
use crate::domain::time::Timestamp;
use crate::store::StoreError;
use crate::store::audit::{Event, Origin};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Login events that may wait to be written; further ones are counted as lost rather than filling the memory.
const MOST_EVENTS: usize = 10_000;
/// Accounts (and tokens) whose last login may wait to be written. One more is written with the next batch it appears in.
const MOST_ACCOUNTS: usize = 200_000;

/// A login attempt to be audited.
#[derive(Clone, Debug)]
pub struct LoginEvent {
    /// `login_success`, `login_failure` or `federated_robot_token_exchange`.
    pub kind: &'static str,
    /// The namespace that the name belongs to, if there is one.
    pub namespace: Option<AccountId>,
    /// The robot, if it is one.
    pub robot: Option<AccountId>,
    /// Who and from where.
    pub origin: Origin,
    /// Quay's members for it.
    pub metadata: serde_json::Value,
    /// When.
    pub at: Timestamp,
}

#[derive(Default)]
struct Pending {
    logins: HashMap<AccountId, Timestamp>,
    access_tokens: HashMap<String, Timestamp>,
    app_tokens: HashMap<String, Timestamp>,
    events: Vec<LoginEvent>,
    /// Accounts whose last login was written down, and until when no later one needs to be. A busy robot then costs a row in
    /// LAST_ACCESSED_UPDATE_THRESHOLD_S, not one in each batch.
    settled: HashMap<AccountId, Timestamp>,
}

/// What is still to be written down. At most the last interval's logins are lost when the process is killed.
#[derive(Default)]
pub struct Ledger {
    pending: Mutex<Pending>,
    lost: AtomicU64,
}

impl Ledger {
    /// Notes that an account has logged in.
    pub fn note_login(&self, account: AccountId, at: Timestamp) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        if pending.settled.get(&account).is_none_or(|until| at >= *until) {
            note(&mut pending.logins, account, at);
        }
    }

    /// Notes that an OAuth access token was used.
    pub fn note_access_token(&self, uuid: &str, at: Timestamp) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        note(&mut pending.access_tokens, uuid.to_owned(), at);
    }

    /// Notes that an application-specific token was used.
    pub fn note_app_token(&self, uuid: &str, at: Timestamp) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        note(&mut pending.app_tokens, uuid.to_owned(), at);
    }

    /// Notes an attempt for the audit trail.
    pub fn note_event(&self, event: LoginEvent) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        if pending.events.len() < MOST_EVENTS {
            pending.events.push(event);
        } else {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many events were dropped because too many waited.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Writes down what waits. On failure it waits on, within the stated bounds.
    pub fn flush(app: &App) -> Result<(), StoreError> {
        let pending = app.ledger.take();
        let Pending { logins, access_tokens, app_tokens, events, .. } = &pending;
        if logins.is_empty() && access_tokens.is_empty() && app_tokens.is_empty() && events.is_empty() {
            return Ok(());
        }
        let mut logins: Vec<_> = pending.logins.into_iter().collect();
        // In the order in which they lie in the database: otherwise a page is read and written again for each of its rows.
        logins.sort_unstable();
        let access_tokens: Vec<_> = pending.access_tokens.into_iter().collect();
        let app_tokens: Vec<_> = pending.app_tokens.into_iter().collect();
        let gap = i64::try_from(app.config.people.last_accessed_threshold.as_secs()).unwrap_or(i64::MAX);
        let written = app.store.note("note logins", |notes| {
            notes.logins(&logins, gap)?;
            notes.access_tokens(&access_tokens, gap)?;
            notes.app_tokens(&app_tokens, gap)?;
            for event in &pending.events {
                let recorded = Event {
                    kind: event.kind,
                    namespace: event.namespace,
                    repository: None,
                    robot: event.robot,
                    metadata: event.metadata.clone(),
                };
                notes.record(&event.origin, &recorded, event.at)?;
            }
            Ok(())
        });
        if written.is_ok() {
            app.ledger.settle(&logins, gap);
        } else {
            for (account, at) in logins {
                app.ledger.note_login(account, at);
            }
            for (uuid, at) in access_tokens {
                app.ledger.note_access_token(&uuid, at);
            }
            for (uuid, at) in app_tokens {
                app.ledger.note_app_token(&uuid, at);
            }
            for event in pending.events {
                app.ledger.note_event(event);
            }
        }
        written
    }

    /// What waits.
    fn take(&self) -> Pending {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let settled = std::mem::take(&mut pending.settled);
        std::mem::replace(&mut pending, Pending { settled, ..Pending::default() })
    }

    fn settle(&self, logins: &[(AccountId, Timestamp)], gap: i64) {
        // A few at a time: every login waits for this lock.
        for some in logins.chunks(1000) {
            let settled = &mut self.pending.lock().unwrap_or_else(PoisonError::into_inner).settled;
            // Forgetting costs a row that need not have been written.
            if settled.len() + some.len() > MOST_ACCOUNTS {
                settled.clear();
            }
            settled.extend(some.iter().map(|(account, at)| (*account, at.plus(gap))));
        }
    }
}

fn note<K: Eq + std::hash::Hash>(times: &mut HashMap<K, Timestamp>, key: K, at: Timestamp) {
    if times.len() < MOST_ACCOUNTS || times.contains_key(&key) {
        let latest = times.entry(key).or_insert(at);
        *latest = (*latest).max(at);
    }
}
