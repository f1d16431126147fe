//! The audit trail as people read it: of a namespace, of a repository, or (for super-users) all of it.

use super::App;
use super::actor::{Actor, Mode};
use super::error::ServiceError;
use super::permissions::administered;
use super::repositories::find_namespace;
use crate::domain::name::RepositoryName;
use crate::domain::oauth::OAuthScope;
use crate::domain::time::Timestamp;
use crate::store::Tx;
use crate::store::accounts::{Account, AccountKind};
use crate::store::audit::{EventFilter, Recorded};
use std::collections::BTreeMap;

/// Events on one page, as in Quay.
pub const PAGE: usize = 20;
/// Most days that events are counted over: more would be a long read for a picture.
const MOST_DAYS: i64 = 366;

/// Whose trail is read.
#[derive(Clone, Copy, Debug)]
pub enum Trail<'a> {
    /// Of an organization.
    Organization(&'a str),
    /// Of the acting user's own namespace.
    Own,
    /// Of a repository.
    Repository(&'a RepositoryName),
    /// Everything.
    Everything,
}

/// Which part of it.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// Only by this performer.
    pub performer: Option<&'a str>,
    /// At or after this time.
    pub from: Timestamp,
    /// Before this time.
    pub until: Timestamp,
    /// Only events older than the last one of the page before.
    pub below: Option<i64>,
}

/// A page of events, newest first.
#[derive(Clone, Debug)]
pub struct Page {
    /// The events.
    pub events: Vec<Recorded>,
    /// The accounts of those who performed them, by name, as far as they are still there.
    pub performers: BTreeMap<String, Account>,
    /// What `below` is for the next page, if there is one.
    pub next: Option<i64>,
}

/// Narrows a filter to a trail that the actor may read.
fn narrow<'a>(
    tx: &mut Tx<'_>,
    actor: &Actor,
    trail: Trail<'_>,
    part: Part<'a>,
) -> Result<EventFilter<'a>, ServiceError> {
    let Part { performer, from, until, below } = part;
    let mut filter =
        EventFilter { performer, from: Some(from), until: Some(until), below, ..EventFilter::default() };
    match trail {
        Trail::Organization(name) => {
            let namespace = find_namespace(tx, name)?;
            let namespace = namespace.filter(|account| account.kind == AccountKind::Organization);
            let namespace = namespace.ok_or_else(|| actor.refusal())?;
            actor.require_admin(tx, &namespace, Mode::Read)?;
            filter.namespace = Some(namespace.id);
        }
        Trail::Own => {
            actor.require_scope(OAuthScope::UserAdmin)?;
            filter.namespace = Some(actor.require_account()?.id);
        }
        Trail::Repository(name) => {
            filter.repository = Some(administered(tx, actor, name, Mode::Read)?.1.id);
        }
        Trail::Everything => actor.require_super_user(Mode::Read)?,
    }
    Ok(filter)
}

/// One page of a trail.
pub fn page(app: &App, actor: &Actor, trail: Trail<'_>, part: Part<'_>) -> Result<Page, ServiceError> {
    app.store.read("logs", |tx| {
        let filter = narrow(tx, actor, trail, part)?;
        let mut events = tx.events(&filter, PAGE + 1)?;
        let more = events.len() > PAGE;
        events.truncate(PAGE);
        let mut performers = BTreeMap::new();
        for name in events.iter().filter_map(|event| event.performer.as_ref()) {
            if !performers.contains_key(name)
                && let Some(account) = tx.account_by_name(name)?
            {
                performers.insert(name.clone(), account);
            }
        }
        let next = events.last().map(|event| event.id).filter(|_| more);
        Ok(Page { events, performers, next })
    })
}

/// How many events of each kind there were on each day: kind, start of the day, count.
pub fn counts(
    app: &App,
    actor: &Actor,
    trail: Trail<'_>,
    part: Part<'_>,
) -> Result<Vec<(String, Timestamp, i64)>, ServiceError> {
    if part.until.seconds_since(part.from) > MOST_DAYS * 86_400 {
        return Err(ServiceError::Invalid(format!("logs are counted over {MOST_DAYS} days at most")));
    }
    app.store.read("log counts", |tx| {
        let filter = narrow(tx, actor, trail, part)?;
        Ok(tx.event_counts(&filter)?)
    })
}
