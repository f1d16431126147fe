//! `dockpass team`: teams of organizations and their members.

use super::admin::{Session, each};
use super::error::CliError;
use super::parse::{self, TeamPath};
use super::prompt::Consent;
use crate::domain::name::{AccountName, Namespace};
use crate::domain::permission::TeamRole;
use crate::service::teams;
use crate::store::teams::Team as StoredTeam;
use clap::Subcommand;
use serde_json::{Value, json};

#[derive(Debug, Subcommand)]
pub(super) enum Team {
    /// Make a team.
    Create {
        /// ORGANIZATION/TEAM.
        #[arg(value_parser = parse::team)]
        team: TeamPath,
        /// What its members may do in the organization, beside what is granted to the team.
        #[arg(long, value_parser = parse::team_role(), default_value = "member")]
        role: TeamRole,
        /// What people are told about it.
        #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
        description: String,
    },
    /// List the teams of an organization.
    #[command(visible_alias = "ls")]
    List {
        /// The organization.
        #[arg(value_parser = parse::namespace)]
        organization: Namespace,
    },
    /// Show one team with its members.
    Show {
        /// ORGANIZATION/TEAM.
        #[arg(value_parser = parse::team)]
        team: TeamPath,
    },
    /// Delete teams with their memberships and grants.
    #[command(visible_alias = "rm")]
    Delete {
        /// ORGANIZATION/TEAM, one or several.
        #[arg(required = true, value_parser = parse::team)]
        teams: Vec<TeamPath>,
        #[command(flatten)]
        consent: Consent,
    },
    /// Change what a team's members may do in the organization.
    SetRole {
        /// ORGANIZATION/TEAM.
        #[arg(value_parser = parse::team)]
        team: TeamPath,
        /// The new role.
        #[arg(value_parser = parse::team_role())]
        role: TeamRole,
    },
    /// Put users or robots of the organization into a team.
    AddMember {
        /// ORGANIZATION/TEAM.
        #[arg(value_parser = parse::team)]
        team: TeamPath,
        /// Users (alice) or robots (acme+ci).
        #[arg(required = true, value_parser = parse::account)]
        members: Vec<AccountName>,
    },
    /// Take users or robots out of a team.
    RemoveMember {
        /// ORGANIZATION/TEAM.
        #[arg(value_parser = parse::team)]
        team: TeamPath,
        /// Users (alice) or robots (acme+ci).
        #[arg(required = true, value_parser = parse::account)]
        members: Vec<AccountName>,
    },
}

impl Team {
    pub(super) fn run(self, session: &Session) -> Result<(), CliError> {
        let Session { app, actor, out } = session;
        match self {
            Self::Create { team, role, description } => {
                let TeamPath { organization, team } = &team;
                if teams::list(app, actor, organization.as_str())?
                    .iter()
                    .any(|(known, _)| known.name == team.as_str())
                {
                    return Err(CliError::Failed(format!("Team {organization}/{team} exists already")));
                }
                let (made, _) =
                    teams::put(app, actor, organization.as_str(), team.as_str(), role, Some(&description))?;
                out.done(&format!("Created team {organization}/{team}."), &view(&made, None))
            }
            Self::List { organization } => {
                let all = teams::list(app, actor, organization.as_str())?;
                let columns = [
                    ("NAME", "name"),
                    ("ROLE", "role"),
                    ("MEMBERS", "member_count"),
                    ("DESCRIPTION", "description"),
                ];
                out.list(&columns, all.iter().map(|(team, count)| view(team, Some(*count))).collect())
            }
            Self::Show { team } => show(session, &team),
            Self::Delete { teams, consent } => {
                let lost = " with all memberships and grants";
                session.delete(consent, "team", lost, &teams, |TeamPath { organization, team }| {
                    Ok(teams::delete(app, actor, organization.as_str(), team.as_str())?)
                })
            }
            Self::SetRole { team, role } => {
                find(session, &team)?;
                let TeamPath { organization, team } = &team;
                let (changed, _) = teams::put(app, actor, organization.as_str(), team.as_str(), role, None)?;
                out.done(&format!("Team {organization}/{team} has the role {role}."), &view(&changed, None))
            }
            Self::AddMember { team, members } => each(&members, |member| {
                let TeamPath { organization, team } = &team;
                teams::add_member(app, actor, organization.as_str(), team.as_str(), member.as_str())?;
                let done = json!({ "team": format!("{organization}/{team}"), "added": member.as_str() });
                out.done(&format!("Added {member} to team {organization}/{team}."), &done)
            }),
            Self::RemoveMember { team, members } => each(&members, |member| {
                let TeamPath { organization, team } = &team;
                teams::remove_member(app, actor, organization.as_str(), team.as_str(), member.as_str())?;
                let done = json!({ "team": format!("{organization}/{team}"), "removed": member.as_str() });
                out.done(&format!("Removed {member} from team {organization}/{team}."), &done)
            }),
        }
    }
}

fn find(session: &Session, path: &TeamPath) -> Result<(StoredTeam, i64), CliError> {
    let teams = teams::list(&session.app, &session.actor, path.organization.as_str())?;
    let found = teams.into_iter().find(|(team, _)| team.name == path.team.as_str());
    found.ok_or_else(|| CliError::NotFound(format!("No team is named {path}")))
}

fn show(session: &Session, path: &TeamPath) -> Result<(), CliError> {
    let (team, count) = find(session, path)?;
    let (_, members, _) =
        teams::members(&session.app, &session.actor, path.organization.as_str(), path.team.as_str())?;
    let mut shown = view(&team, Some(count));
    if let Some(object) = shown.as_object_mut() {
        let member = |member: &crate::store::accounts::Account| json!({ "name": member.name, "kind": member.kind.as_str() });
        object.insert("members".to_owned(), members.iter().map(member).collect());
    }
    session.out.object(&shown)
}

fn view(team: &StoredTeam, members: Option<i64>) -> Value {
    let mut shown = json!({ "name": team.name, "role": team.role.as_str(), "description": team.description });
    if let (Some(object), Some(count)) = (shown.as_object_mut(), members) {
        object.insert("member_count".to_owned(), count.into());
    }
    shown
}
