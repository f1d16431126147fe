//! `dockpass audit`: who did what.

use super::admin::Session;
use super::error::CliError;
use super::parse::{self, Moment};
use crate::domain::name::{Namespace, RepositoryName, RobotName};
use crate::service::audit::{self, Query};
use crate::store::audit::Recorded;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

#[derive(Debug, Subcommand)]
pub(super) enum Audit {
    /// List events, newest first.
    #[command(visible_alias = "ls")]
    List(Filter),
}

#[derive(Args, Debug)]
pub(super) struct Filter {
    /// Only of this organization or user.
    #[arg(long, value_parser = parse::namespace, value_name = "NAME")]
    namespace: Option<Namespace>,
    /// Only of this repository.
    #[arg(long, value_parser = parse::repository, value_name = "NAMESPACE/NAME")]
    repository: Option<RepositoryName>,
    /// Only about this robot.
    #[arg(long, value_parser = parse::robot, value_name = "ROBOT")]
    robot: Option<RobotName>,
    /// Only by this account; the command line is `cli:` and the system user.
    #[arg(long, value_name = "NAME")]
    performer: Option<String>,
    /// Only from this time on: a time, a day or how long ago (7d).
    #[arg(long, value_parser = parse::moment, value_name = "TIME")]
    since: Option<Moment>,
    /// Only before this time.
    #[arg(long, value_parser = parse::moment, value_name = "TIME")]
    until: Option<Moment>,
    /// Only older than the event with this id.
    #[arg(long, value_name = "ID")]
    before: Option<i64>,
    /// At most so many events.
    #[arg(long, default_value_t = 100, value_name = "COUNT")]
    limit: usize,
}

impl Audit {
    pub(super) fn run(self, session: &Session) -> Result<(), CliError> {
        let Self::List(filter) = self;
        let now = session.app.now();
        let query = Query {
            namespace: filter.namespace.as_ref().map(Namespace::as_str),
            repository: filter.repository.as_ref(),
            robot: filter.robot.as_ref().map(RobotName::as_str),
            performer: filter.performer.as_deref(),
            from: filter.since.map(|moment| moment.at(now)),
            until: filter.until.map(|moment| moment.at(now)),
            below: filter.before,
        };
        let events = audit::list(&session.app, &session.actor, &query, filter.limit)?;
        let columns = [
            ("ID", "id"),
            ("TIME", "at"),
            ("EVENT", "kind"),
            ("BY", "performer"),
            ("FROM", "address"),
            ("ABOUT", "metadata"),
        ];
        session.out.list(&columns, events.iter().map(view).collect())
    }
}

fn view(event: &Recorded) -> Value {
    json!({
        "id": event.id,
        "at": event.at.rfc3339(),
        "kind": event.kind,
        "performer": event.performer,
        "address": event.address,
        "request_id": event.request_id,
        "metadata": event.metadata,
    })
}
