//! `dockpass org`: organizations.

use super::admin::{PAGE, Session, account, all};
use super::error::CliError;
use super::prompt::Consent;
use super::{Global, open, parse};
use crate::domain::name::Namespace;
use crate::service::{organizations, repositories, robot_lists, teams};
use clap::Subcommand;
use serde_json::json;

#[derive(Debug, Subcommand)]
pub(super) enum Org {
    /// Make an organization.
    Create {
        /// Its name: lower-case letters, digits and single . _ - between them.
        #[arg(value_parser = parse::namespace)]
        name: Namespace,
        /// An address to reach its owners.
        #[arg(long, value_name = "ADDRESS")]
        email: Option<String>,
        /// Succeed when it is there already.
        #[arg(long)]
        if_not_exists: bool,
    },
    /// List organizations.
    #[command(visible_alias = "ls")]
    List,
    /// Show one organization with its teams and what it has.
    Show {
        /// Its name.
        #[arg(value_parser = parse::namespace)]
        name: Namespace,
    },
    /// Delete organizations with their robots, teams, repositories and grants. Images stay in the registry.
    #[command(visible_alias = "rm")]
    Delete {
        /// Their names.
        #[arg(required = true, value_parser = parse::namespace)]
        names: Vec<Namespace>,
        #[command(flatten)]
        consent: Consent,
    },
    /// Let an organization be used again.
    Enable {
        /// Its name.
        #[arg(value_parser = parse::namespace)]
        name: Namespace,
    },
    /// Grant nothing in an organization any more and refuse its robots, without deleting anything.
    Disable {
        /// Its name.
        #[arg(value_parser = parse::namespace)]
        name: Namespace,
    },
}

impl Org {
    pub(super) fn run(self, global: &Global) -> Result<(), CliError> {
        let begins = matches!(self, Self::Create { .. });
        let session = &if begins { open::first_session(global) } else { open::session(global) }?;
        let Session { app, actor, out } = session;
        match self {
            Self::Create { name, email, if_not_exists } => {
                if if_not_exists && let Ok(found) = organizations::get(app, name.as_str()) {
                    return out.done(&format!("Organization {name} exists already."), &account(&found));
                }
                let made = organizations::create(app, actor, name.as_str(), email.as_deref())?;
                out.done(&format!("Created organization {name}."), &account(&made))
            }
            Self::List => {
                let list = |after: &str| organizations::list(app, actor, after, PAGE);
                let all = all(list, |found| &found.name)?;
                let columns =
                    [("NAME", "name"), ("ENABLED", "enabled"), ("EMAIL", "email"), ("CREATED", "created_at")];
                out.list(&columns, all.iter().map(account).collect())
            }
            Self::Show { name } => show(session, &name),
            Self::Delete { names, consent } => {
                let lost = " with all robots, teams, repositories and grants in it";
                session.delete(consent, "organization", lost, &names, |name| {
                    Ok(organizations::delete(app, actor, name.as_str())?)
                })
            }
            Self::Enable { name } => set_enabled(session, &name, true),
            Self::Disable { name } => set_enabled(session, &name, false),
        }
    }
}

fn find(session: &Session, name: &Namespace) -> Result<crate::store::accounts::Account, CliError> {
    // Quay's text for this is just "Not Found".
    organizations::get(&session.app, name.as_str())
        .map_err(|error| missing(error, format!("No organization is named {name}")))
}

/// Gives an absence a text that says what is absent.
pub(super) fn missing(error: crate::service::error::ServiceError, text: String) -> CliError {
    match CliError::from(error) {
        error if error.code() == CliError::NotFound(String::new()).code() => CliError::NotFound(text),
        error => error,
    }
}

fn show(session: &Session, name: &Namespace) -> Result<(), CliError> {
    let Session { app, actor, out } = session;
    let found = find(session, name)?;
    let mut shown = account(&found);
    let teams = teams::list(app, actor, name.as_str())?;
    let robots = robot_lists::list(app, actor, name.as_str(), None)?;
    let list = |after: &str| repositories::list(app, actor, name.as_str(), after, PAGE);
    let repositories = all(list, |found| &found.name)?;
    if let Some(members) = shown.as_object_mut() {
        members.insert("robots".to_owned(), robots.len().into());
        members.insert("repositories".to_owned(), repositories.len().into());
        let team = |(team, count): &(crate::store::teams::Team, i64)| json!({ "name": team.name, "role": team.role.as_str(), "members": count });
        members.insert("teams".to_owned(), teams.iter().map(team).collect());
    }
    out.object(&shown)
}

fn set_enabled(session: &Session, name: &Namespace, enabled: bool) -> Result<(), CliError> {
    find(session, name)?;
    let changed = organizations::set_enabled(&session.app, &session.actor, name.as_str(), enabled)?;
    let state = if enabled { "enabled" } else { "disabled" };
    session.out.done(&format!("Organization {name} is {state}."), &account(&changed))
}
