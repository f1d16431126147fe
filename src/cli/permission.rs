//! `dockpass permission`: what users, robots and teams may do in a repository.

use super::admin::Session;
use super::error::CliError;
use super::parse::{self, Grantee};
use crate::domain::name::RepositoryName;
use crate::domain::permission::Role;
use crate::service::permissions;
use clap::Subcommand;
use serde_json::json;

const EXAMPLES: &str = "\
Examples:
  dockpass permission set acme/app acme+ci write
  dockpass permission set acme/app team:developers read";

#[derive(Debug, Subcommand)]
pub(super) enum Permission {
    /// Give exactly this role, whatever was given before.
    #[command(after_help = EXAMPLES)]
    Set {
        /// NAMESPACE/NAME.
        #[arg(value_parser = parse::repository)]
        repository: RepositoryName,
        /// A user (alice), a robot (acme+ci) or a team of the organization (team:developers).
        #[arg(value_parser = parse::grantee)]
        grantee: Grantee,
        /// read: pull. write: pull and push. admin: also delete.
        #[arg(value_parser = parse::role())]
        role: Role,
    },
    /// Take a grant back.
    Unset {
        /// NAMESPACE/NAME.
        #[arg(value_parser = parse::repository)]
        repository: RepositoryName,
        /// A user (alice), a robot (acme+ci) or a team of the organization (team:developers).
        #[arg(value_parser = parse::grantee)]
        grantee: Grantee,
    },
    /// List the grants on a repository.
    #[command(visible_alias = "ls")]
    List {
        /// NAMESPACE/NAME.
        #[arg(value_parser = parse::repository)]
        repository: RepositoryName,
    },
}

impl Permission {
    pub(super) fn run(self, session: &Session) -> Result<(), CliError> {
        let Session { app, actor, out } = session;
        match self {
            Self::Set { repository, grantee, role } => {
                match &grantee {
                    Grantee::Account(name) => {
                        permissions::set(app, actor, &repository, name.as_str(), role).map(drop)
                    }
                    Grantee::Team(name) => {
                        permissions::set_team(app, actor, &repository, name.as_str(), role)
                    }
                }?;
                let done = json!({
                    "repository": repository.to_string(), "grantee": grantee.to_string(), "role": role.as_str(),
                });
                out.done(&format!("{grantee} has the role {role} on {repository}."), &done)
            }
            Self::Unset { repository, grantee } => {
                match &grantee {
                    Grantee::Account(name) => permissions::unset(app, actor, &repository, name.as_str()),
                    Grantee::Team(name) => permissions::unset_team(app, actor, &repository, name.as_str()),
                }?;
                let done = json!({
                    "repository": repository.to_string(), "grantee": grantee.to_string(), "role": null,
                });
                out.done(&format!("{grantee} has no role of its own on {repository} any more."), &done)
            }
            Self::List { repository } => {
                let accounts = permissions::list(app, actor, &repository)?.into_iter();
                let teams = permissions::list_teams(app, actor, &repository)?.into_iter();
                let accounts = accounts.map(|(account, role)| {
                    json!({ "grantee": account.name, "kind": account.kind.as_str(), "role": role.as_str() })
                });
                let teams = teams.map(|(team, role)| {
                    json!({ "grantee": format!("team:{team}"), "kind": "team", "role": role.as_str() })
                });
                let columns = [("GRANTEE", "grantee"), ("KIND", "kind"), ("ROLE", "role")];
                out.list(&columns, accounts.chain(teams).collect())
            }
        }
    }
}
