//! The audit trail: written in the transaction of the change that it tells of, so there is an event if and only if
//! there is the change.

use super::engine::{Columns, Value};
use super::repositories::RepositoryId;
use super::{StoreError, Tx};
use crate::domain::caller::AccountId;
use crate::domain::time::Timestamp;
use crate::telemetry::RequestId;
use std::fmt::Write;
use std::net::IpAddr;

/// Who makes a change, from where: the part of an event that is the same for everything one request does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The acting account.
    pub performer: Option<AccountId>,
    /// Its name at that time, or `cli:<system user>` for the command line.
    pub performer_name: Option<String>,
    /// The client's address.
    pub address: Option<IpAddr>,
    /// The request's id, as in the log.
    pub request_id: Option<RequestId>,
    /// Members that every event of this origin carries in its metadata: the OAuth token that was used.
    pub metadata: serde_json::Map<String, serde_json::Value>,
}

impl Origin {
    /// This origin, of what the account `id`, named `name`, does.
    #[must_use]
    pub fn performed_by(self, id: AccountId, name: &str) -> Self {
        Self { performer: Some(id), performer_name: Some(name.to_owned()), ..self }
    }
}

/// What happened. Metadata never holds a secret.
#[derive(Clone, Debug, PartialEq)]
pub struct Event<'a> {
    /// Quay's word for it (`create_robot`, ...).
    pub kind: &'a str,
    /// The namespace whose log shows it.
    pub namespace: Option<AccountId>,
    /// The repository whose log shows it.
    pub repository: Option<RepositoryId>,
    /// The robot whose activity shows it.
    pub robot: Option<AccountId>,
    /// What there is to say: a JSON object.
    pub metadata: serde_json::Value,
}

/// An event as it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// Counts up with time; pages continue below it.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// Quay's word for it.
    pub kind: String,
    /// The acting account's name.
    pub performer: Option<String>,
    /// The client's address.
    pub address: Option<String>,
    /// The request's id.
    pub request_id: Option<String>,
    /// A JSON object.
    pub metadata: serde_json::Value,
}

/// Which events are asked for. Every `Some` narrows the answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct EventFilter<'a> {
    /// Only of this namespace.
    pub namespace: Option<AccountId>,
    /// Only of this repository.
    pub repository: Option<RepositoryId>,
    /// Only about this robot.
    pub robot: Option<AccountId>,
    /// Only by this performer.
    pub performer: Option<&'a str>,
    /// Only at or after this time.
    pub from: Option<Timestamp>,
    /// Only before this time.
    pub until: Option<Timestamp>,
    /// Only below this id: the last one of the page before.
    pub below: Option<i64>,
}

impl<'a> EventFilter<'a> {
    /// The condition and its parameters. Statements are written out for each combination: a condition that is switched
    /// off by a parameter would keep SQLite from using an index.
    fn condition(&self) -> (String, Vec<Value<'a>>) {
        let parts: [(&str, Option<Value<'a>>); 7] = [
            ("namespace_id =", self.namespace.map(Into::into)),
            ("repository_id =", self.repository.map(|id| id.0.into())),
            ("robot_id =", self.robot.map(Into::into)),
            ("performer =", self.performer.map(Into::into)),
            ("at >=", self.from.map(Into::into)),
            ("at <", self.until.map(Into::into)),
            ("id <", self.below.map(Into::into)),
        ];
        let mut condition = String::from("1 = 1");
        let mut parameters = Vec::new();
        for (test, value) in parts {
            if let Some(value) = value {
                parameters.push(value);
                let _ = write!(condition, " AND {test} ${}", parameters.len());
            }
        }
        (condition, parameters)
    }
}

impl Tx<'_> {
    /// Writes an event.
    pub fn record(&mut self, origin: &Origin, event: &Event<'_>, now: Timestamp) -> Result<(), StoreError> {
        let address = origin.address.map(|address| address.to_string());
        let mut metadata = event.metadata.clone();
        if let Some(members) = metadata.as_object_mut() {
            members.extend(origin.metadata.clone());
        }
        self.run(
            "INSERT INTO audit_event (at, kind, namespace_id, repository_id, robot_id, performer_id, performer, address, \
             request_id, metadata) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            &[
                now.into(),
                event.kind.into(),
                event.namespace.into(),
                event.repository.map(|id| id.0).into(),
                event.robot.into(),
                origin.performer.into(),
                origin.performer_name.as_deref().into(),
                address.as_deref().into(),
                origin.request_id.as_ref().map(RequestId::as_str).into(),
                metadata.to_string().as_str().into(),
            ],
        )
        .map(drop)
    }

    /// Events, newest first, at most `limit`.
    pub fn events(&mut self, filter: &EventFilter<'_>, limit: usize) -> Result<Vec<Recorded>, StoreError> {
        let (condition, mut parameters) = filter.condition();
        parameters.push(i64::try_from(limit).unwrap_or(i64::MAX).into());
        let statement = format!(
            "SELECT id, at, kind, performer, address, request_id, metadata FROM audit_event WHERE {condition} \
             ORDER BY id DESC LIMIT ${}",
            parameters.len()
        );
        self.all(&statement, &parameters, |columns| {
            Ok(Recorded {
                id: columns.take()?,
                at: columns.take()?,
                kind: columns.take()?,
                performer: columns.take()?,
                address: columns.take()?,
                request_id: columns.take()?,
                metadata: serde_json::from_str(columns.take()?).unwrap_or_default(),
            })
        })
    }

    /// How many events of each kind there were on each day: kind, start of the day, count.
    pub fn event_counts(
        &mut self,
        filter: &EventFilter<'_>,
    ) -> Result<Vec<(String, Timestamp, i64)>, StoreError> {
        let (condition, parameters) = filter.condition();
        let statement = format!(
            "SELECT kind, at - at % 86400 AS day, count(*) FROM audit_event WHERE {condition} GROUP BY kind, day ORDER BY day, kind"
        );
        self.all(&statement, &parameters, |columns: &mut Columns<'_>| {
            Ok((columns.take()?, columns.take()?, columns.take()?))
        })
    }

    /// Deletes events from before `before`, at most `limit` at a time, and tells how many: a long trail is pruned in
    /// small transactions that let others write in between.
    pub fn prune_events(&mut self, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        // Those of that very second are kept.
        self.prune("audit_event", "id", "at", before.plus(-1), limit)
    }
}
