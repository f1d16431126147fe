//! Who sits in a team, of which there may be a hundred thousand.

use super::App;
use super::actor::{Actor, Mode};
use super::error::ServiceError;
use super::listing::{Ahead, Listing};
use super::repositories::find_namespace;
use crate::domain::caller::AccountId;
use crate::domain::oauth::OAuthScope;
use crate::store::accounts::Account;
use crate::store::teams::Team;
use crate::store::{StoreError, Tx};

/// A team's members, for those who sit in it themselves and those who administer the organization.
#[derive(Debug)]
pub struct Members {
    organization: String,
    /// The team.
    pub team: Team,
    /// Whether the actor may change who sits in it.
    pub editable: bool,
    ahead: Ahead<AccountId>,
}

impl Members {
    /// Begins the list.
    pub fn begin(app: &App, actor: &Actor, organization: &str, team: &str) -> Result<Self, ServiceError> {
        app.store.read("team members", |tx| {
            let (namespace, team) = visible(tx, actor, organization, team)?;
            let editable = actor.administers(tx, &namespace, Mode::Write)?;
            let ahead = Ahead::new(tx.team_member_ids(team.id)?);
            Ok(Self { organization: organization.to_owned(), team, editable, ahead })
        })
    }
}

impl Listing for Members {
    type Item = Account;

    fn is_done(&self) -> bool {
        self.ahead.is_empty()
    }

    fn next(&mut self, app: &App, actor: &Actor, each: &mut dyn FnMut(Account)) -> Result<(), ServiceError> {
        let ids = self.ahead.batch();
        let read: Result<_, ServiceError> = app.store.read("team members", |tx| {
            let (namespace, team) = visible(tx, actor, &self.organization, &self.team.name)?;
            if team.id != self.team.id {
                return Err(actor.refusal());
            }
            Ok((tx.accounts_by_id(&ids)?, tx.teams_of_accounts(namespace.id, &ids)?))
        });
        let (mut accounts, teams) = read?;
        self.ahead.pass(&ids);
        for id in ids {
            let sits = teams.get(&id).is_some_and(|teams| teams.iter().any(|team| team.id == self.team.id));
            if let Some(account) = accounts.remove(&id).filter(|_| sits) {
                each(account);
            }
        }
        Ok(())
    }
}

/// Finds a team whose members the actor may see.
fn visible(
    tx: &mut Tx<'_>,
    actor: &Actor,
    organization: &str,
    team: &str,
) -> Result<(Account, Team), ServiceError> {
    let organization = find_namespace(tx, organization)?.ok_or_else(|| actor.refusal())?;
    let team = tx.team(organization.id, team)?;
    let administers = actor.administers(tx, &organization, Mode::Read)?;
    if !administers && !team.as_ref().map_or(Ok(false), |team| sits_in(tx, actor, team))? {
        return Err(actor.refusal());
    }
    let team = team.ok_or_else(|| ServiceError::NotFound("Not Found".to_owned()))?;
    Ok((organization, team))
}

/// Whether the actor sits in a team (and its access token has `org:admin`, as Quay asks of it).
fn sits_in(tx: &mut Tx<'_>, actor: &Actor, team: &Team) -> Result<bool, StoreError> {
    match actor.identity() {
        Some(identity) if actor.require_scope(OAuthScope::OrgAdmin).is_ok() => {
            Ok(tx.teams_of(identity.id)?.iter().any(|own| own.id == team.id))
        }
        _ => Ok(false),
    }
}
