//! What a person sees of namespaces: those it belongs to, and one of them with what it may do there.

use super::App;
use super::actor::{Actor, Mode};
use super::error::ServiceError;
use super::repositories::find_namespace;
use super::robots::administered;
use crate::domain::decide::Authority;
use crate::store::accounts::{Account, AccountKind};
use crate::store::repositories::Repository;

/// A namespace and what the actor may do in it.
#[derive(Clone, Debug)]
pub struct View {
    /// The namespace.
    pub account: Account,
    /// Whether the actor may see everything in it.
    pub sees_all: bool,
    /// Whether the actor may change everything in it.
    pub administers: bool,
    /// Whether the actor may create repositories in it.
    pub creates: bool,
}

/// One namespace, for its members and administrators. Everybody else is refused, whether it exists or not.
pub fn view(app: &App, actor: &Actor, name: &str) -> Result<View, ServiceError> {
    app.store.read("namespace", |tx| {
        let Some(account) = find_namespace(tx, name)? else {
            return Err(if actor.is_super_user(Mode::Read) {
                ServiceError::NotFound(format!("There is no organization or user called {name}"))
            } else {
                actor.refusal()
            });
        };
        let sees_all = actor.authority(tx, &account, Mode::Read)? == Authority::Admin;
        if !sees_all && !actor.is_member(tx, &account)? {
            return Err(actor.refusal());
        }
        let authority = actor.authority(tx, &account, Mode::Write)?;
        Ok(View {
            account,
            sees_all,
            administers: authority == Authority::Admin,
            creates: authority != Authority::None,
        })
    })
}

/// An organization in a person's list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The organization.
    pub account: Account,
    /// Whether the actor administers it.
    pub administers: bool,
    /// The actor's teams in it.
    pub teams: Vec<String>,
    /// Robots in it.
    pub robots: i64,
    /// Repositories in it.
    pub repositories: i64,
}

/// Most organizations that are listed.
pub const MAX_LISTED: usize = 500;

/// The organizations that the actor has a team in, by name; every organization for those who may see all of them.
pub fn organizations(app: &App, actor: &Actor) -> Result<Vec<Listed>, ServiceError> {
    let identity = actor.require_account()?.clone();
    app.store.read("organizations", |tx| {
        let teams = tx.teams_of(identity.id)?;
        let everything = identity.privilege.full_access || identity.privilege.read_only;
        let accounts = if everything {
            tx.accounts(AccountKind::Organization, "", "", MAX_LISTED)?
        } else {
            let mut ids: Vec<_> = teams.iter().map(|team| team.organization).collect();
            ids.sort_unstable();
            ids.dedup();
            let mut accounts = Vec::new();
            for id in ids {
                accounts.extend(tx.account_by_id(id)?);
            }
            accounts.sort_by(|one, other| one.name.cmp(&other.name));
            accounts
        };
        let mut listed = Vec::with_capacity(accounts.len());
        for account in accounts {
            let (robots, repositories) = tx.namespace_counts(account.id)?;
            let administers = actor.authority(tx, &account, Mode::Write)? == Authority::Admin;
            let own = teams.iter().filter(|team| team.organization == account.id);
            let teams = own.map(|team| team.name.clone()).collect();
            listed.push(Listed { account, administers, teams, robots, repositories });
        }
        Ok(listed)
    })
}

/// One page of the repositories of a namespace that the actor may see, by name, and how many there are over all pages.
pub fn repositories(
    app: &App,
    actor: &Actor,
    namespace: &str,
    text: &str,
    offset: usize,
    limit: usize,
) -> Result<(Vec<Repository>, usize), ServiceError> {
    let all = app.store.read("repositories", |tx| {
        let Some(account) = find_namespace(tx, namespace)? else { return Err(actor.refusal()) };
        if actor.authority(tx, &account, Mode::Read)? != Authority::Admin {
            return Ok(None);
        }
        let (found, total) = tx.search_repositories(account.id, text, offset, limit)?;
        Ok(Some((found, usize::try_from(total).unwrap_or_default())))
    })?;
    if let Some(page) = all {
        return Ok(page);
    }
    // Members see what they were granted: each repository has to be asked about.
    let text = text.trim().to_lowercase();
    let mut seen = super::repositories::list(app, actor, namespace, "", MAX_SEEN)?;
    seen.retain(|repository| repository.name.contains(&text));
    let total = seen.len();
    Ok((seen.into_iter().skip(offset).take(limit).collect(), total))
}

/// Repositories of a namespace by their paths, for those who may see everything in it; those that are not there are left out.
pub fn named(
    app: &App,
    actor: &Actor,
    namespace: &str,
    paths: &[&str],
) -> Result<Vec<Repository>, ServiceError> {
    app.store.read("named repositories", |tx| {
        let owner = administered(tx, actor, namespace, Mode::Read)?;
        let mut found = Vec::with_capacity(paths.len());
        for path in paths {
            found.extend(tx.repository(owner.id, path)?);
        }
        Ok(found)
    })
}

/// Most repositories of one namespace that a member who does not administer it can page through.
const MAX_SEEN: usize = 2000;
