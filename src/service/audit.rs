//! The audit trail, read.

use super::App;
use super::actor::{Actor, Mode};
use super::error::ServiceError;
use super::repositories::{find, find_namespace};
use crate::domain::name::RepositoryName;
use crate::domain::time::Timestamp;
use crate::store::audit::{EventFilter, Recorded};

/// Which events are asked for, by name. Every `Some` narrows the answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Query<'a> {
    /// Only of this organization or user.
    pub namespace: Option<&'a str>,
    /// Only of this repository.
    pub repository: Option<&'a RepositoryName>,
    /// Only about the robot with this full name.
    pub robot: Option<&'a str>,
    /// Only by this account.
    pub performer: Option<&'a str>,
    /// Only at or after this time.
    pub from: Option<Timestamp>,
    /// Only before this time.
    pub until: Option<Timestamp>,
    /// Only older than the event with this id: the last one of the page before.
    pub below: Option<i64>,
}

/// Events of the whole installation, newest first, at most `limit`. For super-users and the command line.
pub fn list(
    app: &App,
    actor: &Actor,
    query: &Query<'_>,
    limit: usize,
) -> Result<Vec<Recorded>, ServiceError> {
    app.store.read("audit", |tx| {
        actor.require_super_user(Mode::Read)?;
        let mut filter = EventFilter {
            performer: query.performer,
            from: query.from,
            until: query.until,
            below: query.below,
            ..EventFilter::default()
        };
        if let Some(name) = query.namespace {
            let missing = || ServiceError::NotFound(format!("No user or organization is named {name}"));
            filter.namespace = Some(find_namespace(tx, name)?.ok_or_else(missing)?.id);
        }
        if let Some(name) = query.repository {
            let missing = || ServiceError::NotFound(format!("Repository does not exist: {name}"));
            filter.repository = Some(find(tx, name)?.ok_or_else(missing)?.1.id);
        }
        if let Some(name) = query.robot {
            let missing = || ServiceError::NotFound(format!("No robot is named {name}"));
            filter.robot = Some(tx.account_by_name(name)?.ok_or_else(missing)?.id);
        }
        Ok(tx.events(&filter, limit)?)
    })
}
