//! The people of an organization: its members, who sit in its teams, and its collaborators, who do not but were granted
//! repositories.

use super::App;
use super::actor::{Actor, Mode};
use super::error::ServiceError;
use super::listing::{Ahead, Listing};
use super::permissions::unset_in;
use super::teams::{organization, record_member};
use crate::domain::caller::AccountId;
use crate::store::Tx;
use crate::store::accounts::{Account, AccountKind};
use crate::store::permissions::Grantee;
use crate::store::teams::Team;

/// Somebody with a place in an organization.
#[derive(Clone, Debug)]
pub struct Member {
    /// Who.
    pub account: Account,
    /// The teams that it sits in, by name.
    pub teams: Vec<Team>,
    /// The repositories granted to it directly.
    pub repositories: Vec<String>,
}

fn not_found() -> ServiceError {
    ServiceError::NotFound("Not Found".to_owned())
}

/// People of an organization, by name.
#[derive(Debug)]
pub struct People {
    name: String,
    organization: AccountId,
    /// Whether only those are told who sit in no team.
    outside: bool,
    ahead: Ahead<AccountId>,
}

impl People {
    /// Begins a list of the people in an organization's teams. Robots are left out: they have lists of their own.
    pub fn members(app: &App, actor: &Actor, name: &str) -> Result<Self, ServiceError> {
        app.store.read("members", |tx| {
            let organization = organization(tx, actor, name, Mode::Read)?.id;
            let ahead = Ahead::new(tx.member_ids(organization)?);
            Ok(Self { name: name.to_owned(), organization, outside: false, ahead })
        })
    }

    /// Begins a list of the people outside an organization's teams who were granted repositories of it.
    pub fn collaborators(app: &App, actor: &Actor, name: &str) -> Result<Self, ServiceError> {
        app.store.read("collaborators", |tx| {
            let organization = organization(tx, actor, name, Mode::Read)?.id;
            let ahead = Ahead::new(tx.granted_user_ids(organization)?);
            Ok(Self { name: name.to_owned(), organization, outside: true, ahead })
        })
    }
}

impl Listing for People {
    type Item = Member;

    fn is_done(&self) -> bool {
        self.ahead.is_empty()
    }

    fn next(&mut self, app: &App, actor: &Actor, each: &mut dyn FnMut(Member)) -> Result<(), ServiceError> {
        let ids = self.ahead.batch();
        let read: Result<_, ServiceError> = app.store.read("people", |tx| {
            let now = organization(tx, actor, &self.name, Mode::Read)?.id;
            if now != self.organization {
                return Err(actor.refusal());
            }
            let teams = tx.teams_of_accounts(now, &ids)?;
            Ok((tx.accounts_by_id(&ids)?, teams, tx.repositories_of_accounts(now, &ids)?))
        });
        let (mut accounts, mut teams, mut repositories) = read?;
        self.ahead.pass(&ids);
        for id in ids {
            // A row that was altered makes nobody a member, and is no grant.
            let (teams, repositories) = (teams.remove(&id), repositories.remove(&id));
            let shown =
                if self.outside { teams.is_none() && repositories.is_some() } else { teams.is_some() };
            if let Some(account) = accounts.remove(&id).filter(|_| shown) {
                let (teams, repositories) = (teams.unwrap_or_default(), repositories.unwrap_or_default());
                each(Member { account, teams, repositories });
            }
        }
        Ok(())
    }
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

/// A user in an organization's teams or with repositories granted directly: whom [`remove`] takes out.
pub fn person(app: &App, actor: &Actor, organization_name: &str, name: &str) -> Result<Member, ServiceError> {
    app.store.read("person", |tx| {
        let organization = organization(tx, actor, organization_name, Mode::Read)?;
        let account = tx.account_by_name(name)?.filter(|account| account.kind == AccountKind::User);
        let person = place(tx, &organization, account.ok_or_else(not_found)?)?;
        if person.teams.is_empty() && person.repositories.is_empty() {
            return Err(not_found());
        }
        Ok(person)
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
    remove_many(app, actor, organization_name, &[name])
}

/// Takes users out of an organization: all of them or, if one cannot be, none.
pub fn remove_many(
    app: &App,
    actor: &Actor,
    organization_name: &str,
    names: &[&str],
) -> Result<(), ServiceError> {
    app.store.write("remove members", |tx| {
        let organization = organization(tx, actor, organization_name, Mode::Write)?;
        let mut left_teams = false;
        for name in names {
            let account = tx.account_by_name(name)?.filter(|account| account.kind == AccountKind::User);
            let member = place(tx, &organization, account.ok_or_else(not_found)?)?;
            for team in &member.teams {
                tx.delete_member(team.id, member.account.id)?;
                let kind = "org_remove_team_member";
                record_member(app, tx, actor, &organization, kind, team, &member.account)?;
            }
            for repository in &member.repositories {
                unset_in(app, tx, actor, &organization, repository, &member.account)?;
            }
            left_teams |= !member.teams.is_empty();
        }
        if left_teams && !actor.is_operator() && !tx.has_administrator(organization.id)? {
            let refusal = "Cannot remove user as they are the only organization admin";
            return Err(ServiceError::Refused(refusal.to_owned()));
        }
        Ok(())
    })
}
