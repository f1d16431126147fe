//! Outside issuers of identities (GitHub Actions, GitLab, Kubernetes, ...): whether a token that claims to be of one is.
//!
//! Their keys are fetched when they are needed and kept for an hour. Only issuers that some robot's federation names are ever
//! asked; how often, how much and where is bounded, since whoever names them need not mean well.

mod assertion;
mod destination;
mod fetch;
mod key_set;

pub use assertion::{Assertion, Invalid};
pub use destination::{Refused, Rules};
pub use fetch::SetUpError;
pub use key_set::KeySet;

use crate::config::Federation;
use crate::domain::time::Timestamp;
use arc_swap::ArcSwapOption;
use fetch::{FetchError, Fetcher};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;

/// Seconds that fetched keys are used for.
const KEPT: i64 = 3600;
/// Seconds between two fetches because of tokens that the kept keys do not fit: the issuer may have new keys, or somebody
/// makes tokens up.
const REFETCH_AFTER: i64 = 10;
/// Seconds before an issuer is asked again that gave no keys.
const RETRY_AFTER: i64 = 5;
/// Issuers whose keys are kept.
const MOST: usize = 128;
/// Issuers that are asked at the same time.
const AT_ONCE: usize = 16;

/// Why a token of an outside issuer is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    /// Because of what it is.
    #[error("Invalid token: {0}")]
    Invalid(#[from] Invalid),
    /// The issuer's keys cannot be had now. Why, only the log says.
    #[error("the issuer's keys cannot be fetched, try again later")]
    Unavailable,
}

/// The issuers, with what is known of their keys.
pub struct Issuers {
    fetcher: Fetcher,
    known: Mutex<HashMap<String, Arc<Issuer>>>,
    turns: Semaphore,
}

#[derive(Default)]
struct Issuer {
    keys: ArcSwapOption<Fetched>,
    /// Held while the issuer is asked: everybody else waits for that answer instead of asking as well.
    attempts: tokio::sync::Mutex<Attempts>,
}

struct Fetched {
    at: Timestamp,
    keys: KeySet,
}

#[derive(Default)]
struct Attempts {
    /// When it was asked without getting keys. Noted before it is asked: a client that goes away ends that too.
    failed: Option<Timestamp>,
    /// When it was asked although there were keys.
    refetched: Option<Timestamp>,
}

impl Issuers {
    /// Knows no keys yet.
    pub fn new(settings: &Federation) -> Result<Self, SetUpError> {
        let rules = Rules::new(&settings.internal_issuers, settings.allow_plain_http);
        let fetcher = Fetcher::new(rules, settings.ca_certificates.as_deref())?;
        Ok(Self { fetcher, known: Mutex::default(), turns: Semaphore::new(AT_ONCE) })
    }

    /// What the configuration allows.
    pub const fn rules(&self) -> &Rules {
        &self.fetcher.rules
    }

    /// Whether `issuer` signed a token, and its time has come.
    pub async fn verify(
        &self,
        issuer: &str,
        assertion: &Assertion<'_>,
        now: Timestamp,
    ) -> Result<(), Unverified> {
        let known = self.known(issuer, now);
        let kept = known.fresh(now);
        if let Some(kept) = &kept
            && kept.keys.check(assertion).is_ok()
        {
            return Ok(assertion.check_time(now)?);
        }
        let newer = self.ask(issuer, &known, kept.as_ref(), now).await?;
        newer.keys.check(assertion)?;
        Ok(assertion.check_time(now)?)
    }

    /// The entry of an issuer; the one whose keys are oldest makes room for a new one.
    fn known(&self, issuer: &str, now: Timestamp) -> Arc<Issuer> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.get(issuer) {
            return Arc::clone(found);
        }
        if known.len() >= MOST {
            let fetched = |issuer: &Issuer| issuer.keys.load().as_ref().map(|fetched| fetched.at);
            let oldest = known.iter().min_by_key(|(_, issuer)| fetched(issuer).filter(|at| *at <= now));
            if let Some(oldest) = oldest.map(|(name, _)| name.clone()) {
                known.remove(&oldest);
            }
        }
        Arc::clone(known.entry(issuer.to_owned()).or_default())
    }

    /// Keys that are newer than `kept`, unless it is too early to ask for them.
    async fn ask(
        &self,
        issuer: &str,
        known: &Issuer,
        kept: Option<&Arc<Fetched>>,
        now: Timestamp,
    ) -> Result<Arc<Fetched>, Unverified> {
        let mut attempts = known.attempts.lock().await;
        let current = known.fresh(now);
        if let Some(current) = current {
            // Somebody else has asked meanwhile, or it was asked just before.
            let newer = !kept.is_some_and(|kept| Arc::ptr_eq(kept, &current));
            if newer || within(attempts.refetched, REFETCH_AFTER, now) {
                return Ok(current);
            }
            attempts.refetched = Some(now);
        } else {
            if within(attempts.failed, RETRY_AFTER, now) {
                return Err(Unverified::Unavailable);
            }
            attempts.failed = Some(now);
        }
        let keys = match self.turns.try_acquire() {
            Ok(_turn) => self.fetcher.keys(issuer).await,
            Err(_) => {
                Err(FetchError::Failed(issuer.to_owned(), "too many issuers are being asked".to_owned()))
            }
        };
        match keys {
            Ok(keys) => {
                let fetched = Arc::new(Fetched { at: now, keys });
                known.keys.store(Some(Arc::clone(&fetched)));
                attempts.failed = None;
                Ok(fetched)
            }
            Err(error) => {
                tracing::warn!(issuer, "the keys of an issuer were not fetched: {error}");
                known.fresh(now).ok_or(Unverified::Unavailable)
            }
        }
    }
}

impl Issuer {
    fn fresh(&self, now: Timestamp) -> Option<Arc<Fetched>> {
        self.keys.load_full().filter(|fetched| within(Some(fetched.at), KEPT, now))
    }
}

/// Whether less than `seconds` have passed since `then`. A clock that was set back makes the past unknown.
fn within(then: Option<Timestamp>, seconds: i64, now: Timestamp) -> bool {
    then.is_some_and(|then| (0..seconds).contains(&now.seconds_since(then)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open() -> Federation {
        Federation { internal_issuers: Vec::new(), ca_certificates: None, allow_plain_http: false }
    }

    #[test]
    fn issuers_are_forgotten_before_they_are_too_many() {
        let issuers = Issuers::new(&open()).unwrap();
        let name = |number: usize| format!("https://{number}.example");
        for number in 0..3 * MOST {
            let at = Timestamp(i64::try_from(number).unwrap());
            let entry = issuers.known(&name(number), at);
            let keys = KeySet::parse(b"{\"keys\":[]}").unwrap();
            entry.keys.store(Some(Arc::new(Fetched { at, keys })));
        }
        let known = issuers.known.lock().unwrap();
        assert_eq!(known.len(), MOST);
        assert!(known.contains_key(&name(3 * MOST - 1)) && !known.contains_key(&name(0)), "the oldest went");
    }
}
