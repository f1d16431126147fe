//! Finding users, robots, teams and organizations by the beginning of their names, as the search boxes of Quay's front end
//! do.

use super::App;
use super::actor::{Actor, Mode};
use super::error::ServiceError;
use super::permissions::is_member;
use super::repositories::find_namespace;
use crate::store::accounts::{Account, AccountKind};
use crate::store::teams::Team;

/// Most users and robots, and most teams, that a search finds.
pub const MOST: usize = 10;

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Users, then robots of the namespace; each with whether it belongs to the organization, if the search was about one.
    pub accounts: Vec<(Account, Option<bool>)>,
    /// Teams of the organization.
    pub teams: Vec<Team>,
    /// The organization itself.
    pub organization: Option<Account>,
}

/// What a search is about.
#[derive(Clone, Copy, Debug)]
pub struct Search<'a> {
    /// How the names begin; a robot's short name.
    pub prefix: &'a str,
    /// The namespace whose robots and teams are looked at too, if the actor belongs to it.
    pub namespace: Option<&'a str>,
    /// Whether to find teams.
    pub teams: bool,
    /// Whether to find the namespace itself.
    pub organizations: bool,
}

/// Searches. Only the signed-in can: names of people are nobody else's business.
pub fn search(app: &App, actor: &Actor, search: Search<'_>) -> Result<Found, ServiceError> {
    actor.require_account()?;
    let prefix = search.prefix.trim().to_lowercase();
    if prefix.is_empty() {
        return Ok(Found::default());
    }
    app.store.read("entities", |tx| {
        let users = tx.accounts(AccountKind::User, &prefix, "", MOST)?;
        let namespace = match search.namespace {
            Some(name) => find_namespace(tx, name)?,
            None => None,
        };
        let Some(namespace) = namespace else {
            return Ok(Found {
                accounts: users.into_iter().map(|user| (user, None)).collect(),
                ..Found::default()
            });
        };
        let belongs =
            actor.administers(tx, &namespace, Mode::Read)? || actor.shows_membership(tx, &namespace)?;
        let mut found = Found::default();
        let mut accounts = users;
        if belongs {
            accounts.extend(tx.robots_named(namespace.id, &format!("{}+{prefix}", namespace.name), MOST)?);
            if search.teams {
                found.teams = tx.teams_named(namespace.id, &prefix, MOST)?;
            }
        }
        // Who sits in an organization's teams is told to those who belong to it.
        let ids: Vec<_> = accounts.iter().map(|account| account.id).collect();
        let members = if belongs { Some(tx.teams_of_accounts(namespace.id, &ids)?) } else { None };
        let of = |account: Account| {
            let told = members
                .as_ref()
                .and_then(|members| is_member(&namespace, &account, members.contains_key(&account.id)));
            (account, told)
        };
        found.accounts = accounts.into_iter().map(of).collect();
        let administers = actor.administers(tx, &namespace, Mode::Read)?;
        if search.organizations
            && administers
            && namespace.kind == AccountKind::Organization
            && namespace.name.starts_with(&prefix)
        {
            found.organization = Some(namespace);
        }
        Ok(found)
    })
}
