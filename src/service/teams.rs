//! Teams of an organization and their members.

use super::App;
use super::actor::{Actor, Mode};
use super::error::ServiceError;
use super::listing;
use super::repositories::find_namespace;
use super::team_members::Members;
use crate::domain::name::TeamName;
use crate::domain::oauth::OAuthScope;
use crate::domain::permission::TeamRole;
use crate::store::accounts::{Account, AccountKind};
use crate::store::audit::Event;
use crate::store::members::TeamCounts;
use crate::store::teams::Team;
use crate::store::{StoreError, Tx};
use serde_json::{Value, json};
use std::collections::HashMap;

/// Quay's text for a member who is not in a team; one client compares it as a whole.
pub fn not_in_team(member: &str, team: &str) -> String {
    format!("User {member} does not belong to team {team}")
}

/// Finds an organization that the actor administers.
pub(super) fn organization(
    tx: &mut Tx<'_>,
    actor: &Actor,
    name: &str,
    mode: Mode,
) -> Result<Account, ServiceError> {
    let found = find_namespace(tx, name)?.filter(|account| account.kind == AccountKind::Organization);
    match found {
        Some(organization) => actor.require_admin(tx, &organization, mode).map(|()| organization),
        None if actor.is_super_user(mode) => {
            Err(ServiceError::NotFound(format!("Organization does not exist: {name}")))
        }
        None => Err(actor.refusal()),
    }
}

fn missing(organization: &Account, team: &str) -> ServiceError {
    ServiceError::Refused(format!("Team '{team}' is not a team in org '{}'", organization.name))
}

fn record(
    app: &App,
    tx: &mut Tx<'_>,
    actor: &Actor,
    organization: &Account,
    kind: &str,
    metadata: Value,
) -> Result<(), StoreError> {
    let event = Event { kind, namespace: Some(organization.id), repository: None, robot: None, metadata };
    actor.record(app, tx, &event)
}

/// Makes a team or changes its role and description (`None`: as it is). The flag tells whether it is new.
pub fn put(
    app: &App,
    actor: &Actor,
    organization_name: &str,
    name: &str,
    role: TeamRole,
    description: Option<&str>,
) -> Result<(Team, bool), ServiceError> {
    app.store.write("put team", |tx| {
        let organization = organization(tx, actor, organization_name, Mode::Write)?;
        if let Some(mut team) = tx.team(organization.id, name)? {
            if let Some(description) = description {
                description.clone_into(&mut team.description);
                let metadata = json!({ "team": name, "description": description });
                record(app, tx, actor, &organization, "org_set_team_description", metadata)?;
            }
            if team.role != role {
                team.role = role;
                tx.update_team(&team)?;
                if loses_admin(tx, actor, &organization)? {
                    return Err(ServiceError::Refused(format!(
                        "Cannot remove admin from team '{name}' because calling user would no longer have admin on org \
                         '{organization_name}'"
                    )));
                }
                let metadata = json!({ "team": name, "role": role.as_str() });
                record(app, tx, actor, &organization, "org_set_team_role", metadata)?;
            }
            tx.update_team(&team)?;
            return Ok((team, false));
        }
        Ok((insert(app, tx, actor, &organization, name, role, description.unwrap_or_default())?, true))
    })
}

fn insert(
    app: &App,
    tx: &mut Tx<'_>,
    actor: &Actor,
    organization: &Account,
    name: &str,
    role: TeamRole,
    description: &str,
) -> Result<Team, ServiceError> {
    TeamName::parse(name)
        .map_err(|error| ServiceError::Refused(format!("Invalid team name {name}: {error}")))?;
    let team = tx.insert_team(organization.id, name, role, description)?;
    record(app, tx, actor, organization, "org_create_team", json!({ "team": name }))?;
    Ok(team)
}

/// Makes a team, inside a transaction whose actor is known to administer the namespace; a team of this name is left alone.
pub(super) fn create_in(
    app: &App,
    tx: &mut Tx<'_>,
    actor: &Actor,
    owner: &Account,
    name: &str,
    role: TeamRole,
    description: &str,
) -> Result<Team, ServiceError> {
    if owner.kind != AccountKind::Organization {
        return Err(ServiceError::Invalid("Teams exist in organizations only".to_owned()));
    }
    if tx.team(owner.id, name)?.is_some() {
        return Err(ServiceError::Refused(format!("Team \"{name}\" already exists")));
    }
    insert(app, tx, actor, owner, name, role, description)
}

/// Whether a change that has just been made leaves the organization without anybody to administer it, or takes its acting
/// administrator's own right away.
fn loses_admin(tx: &mut Tx<'_>, actor: &Actor, organization: &Account) -> Result<bool, ServiceError> {
    if !actor.administers(tx, organization, Mode::Write)? {
        return Ok(true);
    }
    // The command line may leave an organization without administrators: it can also put one back.
    Ok(!actor.is_operator() && !tx.has_administrator(organization.id)?)
}

/// Writes the event of a member that was put into a team or taken out of it.
pub(super) fn record_member(
    app: &App,
    tx: &mut Tx<'_>,
    actor: &Actor,
    organization: &Account,
    kind: &str,
    team: &Team,
    member: &Account,
) -> Result<(), StoreError> {
    let event = Event {
        kind,
        namespace: Some(organization.id),
        repository: None,
        robot: (member.kind == AccountKind::Robot).then_some(member.id),
        metadata: json!({ "member": member.name, "team": team.name }),
    };
    actor.record(app, tx, &event)
}

/// Deletes a team with its memberships and grants.
pub fn delete(app: &App, actor: &Actor, organization_name: &str, name: &str) -> Result<(), ServiceError> {
    app.store.write("delete team", |tx| {
        let organization = organization(tx, actor, organization_name, Mode::Write)?;
        let team = tx.team(organization.id, name)?.ok_or_else(|| missing(&organization, name))?;
        tx.delete_team(team.id)?;
        if loses_admin(tx, actor, &organization)? {
            let user = actor.origin.performer_name.as_deref().unwrap_or_default();
            return Err(ServiceError::Refused(format!(
                "Deleting team '{name}' would remove admin ability for user '{user}' in organization '{organization_name}'"
            )));
        }
        record(app, tx, actor, &organization, "org_delete_team", json!({ "team": name }))?;
        Ok(())
    })
}

/// Puts a user or robot into a team.
pub fn add_member(
    app: &App,
    actor: &Actor,
    organization_name: &str,
    team: &str,
    member: &str,
) -> Result<Account, ServiceError> {
    app.store.write("add team member", |tx| {
        let organization = organization(tx, actor, organization_name, Mode::Write)?;
        find(tx, &organization, team)?;
        let account = joining(tx, member)?;
        add_member_in(app, tx, actor, &organization, team, &account)?;
        Ok(account)
    })
}

/// Finds a user or robot that is to join a team.
pub(super) fn joining(tx: &mut Tx<'_>, name: &str) -> Result<Account, ServiceError> {
    let account = tx.account_by_name(name)?.filter(|account| account.kind != AccountKind::Organization);
    account.ok_or_else(|| ServiceError::Invalid("Unknown user".to_owned()))
}

/// As [`add_member`], inside a transaction whose actor is known to administer the organization.
pub(super) fn add_member_in(
    app: &App,
    tx: &mut Tx<'_>,
    actor: &Actor,
    organization: &Account,
    team_name: &str,
    member: &Account,
) -> Result<(), ServiceError> {
    // Quay lets foreign robots into teams; here a robot acts in its own namespace only.
    if member.kind == AccountKind::Robot && member.owner != Some(organization.id) {
        let refusal =
            "Cannot add the specified robot to this team, as it is not a member of the organization";
        return Err(ServiceError::Invalid(refusal.to_owned()));
    }
    let team = find(tx, organization, team_name)?;
    if !tx.insert_member(team.id, member.id)? {
        let refusal = format!("User {} is already a member of team {team_name}", member.name);
        return Err(ServiceError::Refused(refusal));
    }
    Ok(record_member(app, tx, actor, organization, "org_add_team_member", &team, member)?)
}

pub(super) fn find(tx: &mut Tx<'_>, organization: &Account, name: &str) -> Result<Team, ServiceError> {
    tx.team(organization.id, name)?.ok_or_else(|| {
        ServiceError::NotFound(format!("Team '{name}' is not a team in org '{}'", organization.name))
    })
}

/// Takes a user or robot out of a team.
pub fn remove_member(
    app: &App,
    actor: &Actor,
    organization_name: &str,
    team_name: &str,
    member: &str,
) -> Result<(), ServiceError> {
    app.store.write("remove team member", |tx| {
        let organization = organization(tx, actor, organization_name, Mode::Write)?;
        let team = tx.team(organization.id, team_name)?.ok_or_else(|| missing(&organization, team_name))?;
        let account = tx.account_by_name(member)?;
        let account = account.ok_or_else(|| ServiceError::NotFound(format!("Unknown user {member}")))?;
        if !tx.delete_member(team.id, account.id)? {
            return Err(ServiceError::Refused(not_in_team(member, team_name)));
        }
        if team.role == TeamRole::Admin && loses_admin(tx, actor, &organization)? {
            return Err(ServiceError::Refused(format!(
                "Removing '{member}' from team '{team_name}' would leave organization '{organization_name}' without an \
                 administrator, or you without the right to administer it"
            )));
        }
        Ok(record_member(app, tx, actor, &organization, "org_remove_team_member", &team, &account)?)
    })
}

/// The teams of an organization with the number of their members.
pub fn list(app: &App, actor: &Actor, organization_name: &str) -> Result<Vec<(Team, i64)>, ServiceError> {
    app.store.read("teams", |tx| {
        let organization = organization(tx, actor, organization_name, Mode::Read)?;
        let mut teams = Vec::new();
        for team in tx.teams(organization.id)? {
            let count = tx.member_count(team.id)?;
            teams.push((team, count));
        }
        Ok(teams)
    })
}

/// A team's members at once, and whether the actor may change them.
pub fn members(
    app: &App,
    actor: &Actor,
    organization: &str,
    team: &str,
) -> Result<(Team, Vec<Account>, bool), ServiceError> {
    let members = Members::begin(app, actor, organization, team)?;
    let (team, editable) = (members.team.clone(), members.editable);
    Ok((team, listing::all(app, actor, members)?, editable))
}

/// A team as a member of its organization sees it.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The team.
    pub team: Team,
    /// How much belongs to it.
    pub counts: TeamCounts,
    /// Whether the viewer may see who sits in it.
    pub visible: bool,
}

/// Every team of an organization, oldest first, for a viewer who may see that they exist.
pub(super) fn shown(
    tx: &mut Tx<'_>,
    actor: &Actor,
    organization: &Account,
    administers: bool,
) -> Result<Vec<Shown>, StoreError> {
    let own = match actor.identity() {
        Some(identity) if !administers => tx.teams_of(identity.id)?,
        _ => Vec::new(),
    };
    let own = if actor.require_scope(OAuthScope::OrgAdmin).is_ok() { own } else { Vec::new() };
    let counts: HashMap<_, _> = tx.team_counts(organization.id)?.into_iter().collect();
    let mut teams = tx.teams(organization.id)?;
    teams.sort_by_key(|team| team.id);
    let show = |team: Team| {
        let counts = counts.get(&team.id).copied().unwrap_or_default();
        let visible = administers || own.iter().any(|own| own.id == team.id);
        Shown { team, counts, visible }
    };
    Ok(teams.into_iter().map(show).collect())
}
