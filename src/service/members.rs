//! The people of an organization: its members, who sit in its teams, and its collaborators, who do not but were granted
//! repositories.

use super::App;
use super::actor::{Actor, Mode};
use super::error::ServiceError;
use super::permissions::unset_in;
use super::teams::{has_administrator, organization, record_member};
use crate::domain::caller::AccountId;
use crate::store::Tx;
use crate::store::accounts::{Account, AccountKind};
use crate::store::permissions::Grantee;
use crate::store::teams::Team;
use std::collections::{BTreeMap, HashSet};

/// Somebody with a place in an organization.
#[derive(Clone, Debug)]
pub struct Member {
    /// Who.
    pub account: Account,
    /// The teams that it sits in, by name.
    pub teams: Vec<Team>,
    /// The repositories granted to it directly, by name.
    pub repositories: Vec<String>,
}

fn not_found() -> ServiceError {
    ServiceError::NotFound("Not Found".to_owned())
}

/// The people of an organization, by name: everybody who sits in a team or was granted a repository.
fn people(tx: &mut Tx<'_>, organization: &Account) -> Result<Vec<Member>, ServiceError> {
    let teams = tx.teams(organization.id)?;
    let mut people: BTreeMap<String, Member> = BTreeMap::new();
    let mut of = |account: Account, note: &mut dyn FnMut(&mut Member)| {
        let entry = people.entry(account.name.clone());
        note(entry.or_insert(Member { account, teams: Vec::new(), repositories: Vec::new() }));
    };
    for (account, id) in tx.memberships(organization.id)? {
        // A team whose row was altered is none.
        if let Some(team) = teams.iter().find(|team| team.id == id) {
            of(account, &mut |member| member.teams.push(team.clone()));
        }
    }
    for (account, repository) in tx.user_grants(organization.id)? {
        of(account, &mut |member| member.repositories.push(repository.name.clone()));
    }
    Ok(people.into_values().collect())
}

/// The people in an organization's teams, by name. Robots are left out: they have lists of their own.
pub fn list(app: &App, actor: &Actor, organization_name: &str) -> Result<Vec<Member>, ServiceError> {
    app.store.read("members", |tx| {
        let organization = organization(tx, actor, organization_name, Mode::Read)?;
        Ok(people(tx, &organization)?.into_iter().filter(|person| !person.teams.is_empty()).collect())
    })
}

/// The people outside an organization's teams who were granted repositories of it, by name.
pub fn collaborators(app: &App, actor: &Actor, organization_name: &str) -> Result<Vec<Member>, ServiceError> {
    app.store.read("collaborators", |tx| {
        let organization = organization(tx, actor, organization_name, Mode::Read)?;
        Ok(people(tx, &organization)?.into_iter().filter(|person| person.teams.is_empty()).collect())
    })
}

/// A user in an organization's teams, or a robot of the organization.
pub fn get(app: &App, actor: &Actor, organization_name: &str, name: &str) -> Result<Member, ServiceError> {
    app.store.read("member", |tx| {
        let organization = organization(tx, actor, organization_name, Mode::Read)?;
        let account = tx.account_by_name(name)?.ok_or_else(not_found)?;
        let member = place(tx, &organization, account)?;
        let own_robot =
            member.account.kind == AccountKind::Robot && member.account.owner == Some(organization.id);
        if member.teams.is_empty() && !own_robot {
            return Err(not_found());
        }
        Ok(member)
    })
}

fn place(tx: &mut Tx<'_>, organization: &Account, account: Account) -> Result<Member, ServiceError> {
    let mut teams = tx.teams_of(account.id)?;
    teams.retain(|team| team.organization == organization.id);
    let granted = tx.grants_of(Grantee::Account(account.id))?;
    let here = granted.into_iter().filter(|(repository, _)| repository.namespace == organization.id);
    let repositories = here.map(|(repository, _)| repository.name).collect();
    Ok(Member { account, teams, repositories })
}

/// Takes a user out of an organization: out of all its teams, and all repositories back that were granted directly.
pub fn remove(app: &App, actor: &Actor, organization_name: &str, name: &str) -> Result<(), ServiceError> {
    app.store.write("remove member", |tx| {
        let organization = organization(tx, actor, organization_name, Mode::Write)?;
        let account = tx.account_by_name(name)?.filter(|account| account.kind == AccountKind::User);
        let member = place(tx, &organization, account.ok_or_else(not_found)?)?;
        for team in &member.teams {
            tx.delete_member(team.id, member.account.id)?;
            record_member(app, tx, actor, &organization, "org_remove_team_member", team, &member.account)?;
        }
        for repository in &member.repositories {
            unset_in(app, tx, actor, &organization, repository, &member.account)?;
        }
        if !member.teams.is_empty() && !actor.is_operator() && !has_administrator(tx, &organization)? {
            let refusal = "Cannot remove user as they are the only organization admin";
            return Err(ServiceError::Refused(refusal.to_owned()));
        }
        Ok(())
    })
}

/// Every user who sits in a team of an organization.
pub fn ids(app: &App, actor: &Actor, organization_name: &str) -> Result<HashSet<AccountId>, ServiceError> {
    app.store.read("members", |tx| {
        let organization = organization(tx, actor, organization_name, Mode::Read)?;
        Ok(tx.memberships(organization.id)?.into_iter().map(|(account, _)| account.id).collect())
    })
}
