//! `dockpass default-permission`: what is granted on repositories to come.

use super::admin::{Session, each};
use super::error::CliError;
use super::parse::{self, Grantee};
use crate::domain::name::{AccountName, Namespace};
use crate::domain::permission::Role;
use crate::service::default_permissions::{self, Delegate, DelegateName, Rule};
use crate::store::accounts::AccountKind;
use clap::Subcommand;
use serde_json::{Value, json};

#[derive(Debug, Subcommand)]
pub(super) enum DefaultPermission {
    /// Grant a role on every repository that is created in an organization from now on.
    Create {
        /// The organization.
        #[arg(value_parser = parse::namespace)]
        organization: Namespace,
        /// A user (alice), a robot (acme+ci) or a team of the organization (team:developers).
        #[arg(value_parser = parse::grantee)]
        grantee: Grantee,
        /// The role.
        #[arg(value_parser = parse::role())]
        role: Role,
        /// Only on repositories that this user or robot creates.
        #[arg(long, value_parser = parse::account, value_name = "ACCOUNT")]
        creator: Option<AccountName>,
    },
    /// List the default permissions of an organization.
    #[command(visible_alias = "ls")]
    List {
        /// The organization.
        #[arg(value_parser = parse::namespace)]
        organization: Namespace,
    },
    /// Delete default permissions. What they have granted already stays.
    #[command(visible_alias = "rm")]
    Delete {
        /// The organization.
        #[arg(value_parser = parse::namespace)]
        organization: Namespace,
        /// Their ids, as `list` shows them.
        #[arg(required = true)]
        ids: Vec<String>,
    },
}

impl DefaultPermission {
    pub(super) fn run(self, session: &Session) -> Result<(), CliError> {
        let Session { app, actor, out } = session;
        match self {
            Self::Create { organization, grantee, role, creator } => {
                let delegate = match &grantee {
                    Grantee::Account(name) => DelegateName::Account(name.as_str()),
                    Grantee::Team(name) => DelegateName::Team(name.as_str()),
                };
                let creator = creator.as_ref().map(AccountName::as_str);
                let made =
                    default_permissions::create(app, actor, organization.as_str(), creator, delegate, role)?;
                let message =
                    format!("{grantee} will have the role {role} on new repositories of {organization}.");
                out.done(&message, &view(&made.rule))
            }
            Self::List { organization } => {
                let rules = default_permissions::list(app, actor, organization.as_str())?;
                let columns =
                    [("ID", "id"), ("GRANTEE", "grantee"), ("ROLE", "role"), ("CREATOR", "creator")];
                out.list(&columns, rules.iter().map(view).collect())
            }
            Self::Delete { organization, ids } => each(&ids, |id| {
                default_permissions::delete(app, actor, organization.as_str(), id).map_err(|error| {
                    super::org::missing(
                        error,
                        format!("No default permission of {organization} has the id {id}"),
                    )
                })?;
                out.done(&format!("Deleted default permission {id}."), &json!({ "deleted": id }))
            }),
        }
    }
}

fn view(rule: &Rule) -> Value {
    let (grantee, kind) = match &rule.delegate {
        Delegate::Account(account) if account.kind == AccountKind::Robot => (account.name.clone(), "robot"),
        Delegate::Account(account) => (account.name.clone(), "user"),
        Delegate::Team(team) => (format!("team:{}", team.name), "team"),
    };
    json!({
        "id": rule.uuid,
        "grantee": grantee,
        "kind": kind,
        "role": rule.role.as_str(),
        "creator": rule.activating.as_ref().map(|account| account.name.as_str()),
    })
}
