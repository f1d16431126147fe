//! What pages show of teams, and grants to a team on many repositories at once.

use super::App;
use super::actor::{Actor, Mode};
use super::error::ServiceError;
use super::permissions::{set_team_in, unset_team_in};
use super::repositories::find_namespace;
use super::teams::{add_member_in, create_in, joining, organization};
use crate::domain::decide::Authority;
use crate::domain::permission::{Role, TeamRole};
use crate::store::Tx;
use crate::store::accounts::Account;
use crate::store::permissions::Grantee;
use crate::store::repositories::Repository;
use crate::store::teams::Team;
use std::collections::BTreeMap;

/// Repositories with the role on each, and how many there are over all pages.
pub type Grants = (Vec<(Repository, Option<Role>)>, usize);

/// A team in a list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The team.
    pub team: Team,
    /// How many accounts sit in it.
    pub members: usize,
    /// How many repositories it was granted.
    pub repositories: usize,
}

/// The teams of an organization: all of them for those who see everything in it, else the actor's own.
pub fn list(app: &App, actor: &Actor, name: &str) -> Result<Vec<Listed>, ServiceError> {
    app.store.read("teams", |tx| {
        let Some(organization) = find_namespace(tx, name)? else { return Err(actor.refusal()) };
        let all = actor.authority(tx, &organization, Mode::Read)? == Authority::Admin;
        let own = match actor.identity() {
            Some(identity) => tx.teams_of(identity.id)?,
            None => Vec::new(),
        };
        let mut listed = Vec::new();
        for team in tx.teams(organization.id)? {
            if all || own.iter().any(|mine| mine.id == team.id) {
                let members = usize::try_from(tx.member_count(team.id)?).unwrap_or_default();
                let repositories = tx.grants_of(Grantee::Team(team.id))?.len();
                listed.push(Listed { team, members, repositories });
            }
        }
        Ok(listed)
    })
}

/// What a new team starts with; all of it is written in one transaction with the team.
#[derive(Clone, Debug)]
pub struct NewTeam {
    /// What it may do in the organization.
    pub role: TeamRole,
    /// What people are told about it.
    pub description: String,
    /// Repositories of the organization (the path below it) and the role on each.
    pub repositories: Vec<(String, Role)>,
    /// Users and robots that sit in it, by name.
    pub members: Vec<String>,
}

/// Makes a team with its grants and members, or nothing of it; unlike [`super::teams::put`] a team of this name is left alone.
pub fn create(
    app: &App,
    actor: &Actor,
    organization_name: &str,
    name: &str,
    new: &NewTeam,
) -> Result<(), ServiceError> {
    app.store.write("create team", |tx| {
        let organization = organization(tx, actor, organization_name, Mode::Write)?;
        let team = create_in(app, tx, actor, &organization, name, new.role, &new.description)?;
        for (path, role) in &new.repositories {
            let repository = granted(tx, &organization, path)?;
            set_team_in(app, tx, actor, &organization, &repository, &team, *role)?;
        }
        for member in &new.members {
            let account = joining(tx, member)?;
            add_member_in(app, tx, actor, &organization, name, &account)?;
        }
        Ok(())
    })
}

fn granted(tx: &mut Tx<'_>, organization: &Account, path: &str) -> Result<Repository, ServiceError> {
    tx.repository(organization.id, path)?.ok_or_else(|| {
        ServiceError::Invalid(format!("Repository does not exist: {}/{path}", organization.name))
    })
}

fn find(
    tx: &mut Tx<'_>,
    actor: &Actor,
    organization_name: &str,
    team: &str,
    mode: Mode,
) -> Result<(Account, Team), ServiceError> {
    let organization = organization(tx, actor, organization_name, mode)?;
    let missing =
        || ServiceError::NotFound(format!("Team '{team}' is not a team in org '{organization_name}'"));
    let team = tx.team(organization.id, team)?.ok_or_else(missing)?;
    Ok((organization, team))
}

/// Repositories whose path holds `text`, with the role that a team was granted on each, and how many there are over all pages.
pub fn grants(
    app: &App,
    actor: &Actor,
    organization_name: &str,
    team: &str,
    text: &str,
    offset: usize,
    limit: usize,
) -> Result<Grants, ServiceError> {
    app.store.read("team grants", |tx| {
        let (organization, team) = find(tx, actor, organization_name, team, Mode::Read)?;
        let granted = tx.grants_of(Grantee::Team(team.id))?;
        let roles: BTreeMap<_, _> =
            granted.into_iter().map(|(repository, role)| (repository.id, role)).collect();
        let (found, total) = tx.search_repositories(organization.id, text, offset, limit)?;
        let with_role = |repository: Repository| {
            let role = roles.get(&repository.id).copied();
            (repository, role)
        };
        Ok((found.into_iter().map(with_role).collect(), usize::try_from(total).unwrap_or_default()))
    })
}

/// Grants a team roles on many repositories, or takes grants back (`None`), in one transaction.
pub fn set_many(
    app: &App,
    actor: &Actor,
    organization_name: &str,
    team: &str,
    changes: &[(String, Option<Role>)],
) -> Result<usize, ServiceError> {
    app.store.write("set team permissions", |tx| {
        let (organization, team) = find(tx, actor, organization_name, team, Mode::Write)?;
        let now = tx.grants_of(Grantee::Team(team.id))?;
        let now: BTreeMap<_, _> = now.into_iter().map(|(repository, role)| (repository.name, role)).collect();
        let mut count = 0;
        for (path, role) in changes.iter().filter(|(path, role)| now.get(path).copied() != *role) {
            let repository = granted(tx, &organization, path)?;
            match role {
                Some(role) => set_team_in(app, tx, actor, &organization, &repository, &team, *role)?,
                None => unset_team_in(app, tx, actor, &organization, &repository, &team)?,
            }
            count += 1;
        }
        Ok(count)
    })
}
