//! Organizations: made, shown, disabled, deleted.

use super::App;
use super::actor::{Actor, Mode};
use super::error::ServiceError;
use super::settings::{self, SettingsChange};
use super::teams;
use crate::domain::name::Namespace;
use crate::domain::oauth::OAuthScope;
use crate::domain::permission::TeamRole;
use crate::store::Tx;
use crate::store::accounts::{Account, AccountKind, NewAccount};
use crate::store::audit::Event;
use crate::store::settings::NamespaceSettings;
use serde_json::json;

/// The team that a new organization's creator is put into.
pub const OWNERS: &str = "owners";

/// Checks that a namespace can be taken: a valid name that nobody has and that has not just been given up.
pub(super) fn check_free(app: &App, tx: &mut Tx<'_>, name: &str, taken: &str) -> Result<(), ServiceError> {
    Namespace::parse(name)
        .map_err(|error| ServiceError::Refused(format!("Invalid namespace {name}: Namespace {error}")))?;
    if tx.account_by_name(name)?.is_some() {
        return Err(ServiceError::Refused(taken.to_owned()));
    }
    match tx.retired_until(name, app.now())? {
        Some(until) => Err(ServiceError::Retired { name: name.to_owned(), until }),
        None => Ok(()),
    }
}

/// Whether a text can be an e-mail address: it is only kept and shown, never written to.
pub(super) fn check_email(email: Option<&str>) -> Result<Option<&str>, ServiceError> {
    let email = email.map(str::trim).filter(|email| !email.is_empty());
    let formed = |email: &str| {
        email.len() <= 254
            && email
                .split_once('@')
                .is_some_and(|(local, host)| !local.is_empty() && host.contains('.') && !host.contains('@'))
            && email.chars().all(|character| !character.is_whitespace() && !character.is_control())
    };
    match email {
        Some(email) if !formed(email) => Err(ServiceError::Refused("Invalid email address".to_owned())),
        email => Ok(email),
    }
}

/// Makes an organization; the acting user becomes the member of its team `owners`.
pub fn create(app: &App, actor: &Actor, name: &str, email: Option<&str>) -> Result<Account, ServiceError> {
    let email = check_email(email)?;
    app.store.write("create organization", |tx| {
        actor.require_scope(OAuthScope::UserAdmin)?;
        if !actor.is_operator() {
            let identity = actor.require_account()?;
            let privilege = identity.privilege;
            if privilege.read_only || privilege.makes_no_organizations || identity.name.is_robot() {
                return Err(ServiceError::Forbidden);
            }
        }
        check_free(app, tx, name, "A user or organization with this name already exists")?;
        if let Some(email) = email
            && tx.account_by_email(email)?.is_some()
        {
            return Err(ServiceError::Refused(
                "A user or organization with this email already exists".to_owned(),
            ));
        }
        create_in(app, tx, actor, name, email)
    })
}

/// As [`create`], inside a transaction that has found the name and the address free and the actor allowed to.
pub(super) fn create_in(
    app: &App,
    tx: &mut Tx<'_>,
    actor: &Actor,
    name: &str,
    email: Option<&str>,
) -> Result<Account, ServiceError> {
    let kind = AccountKind::Organization;
    let organization =
        tx.insert_account(&NewAccount { kind, name, owner: None, email, created_at: app.now() })?;
    let owners = tx.insert_team(organization.id, OWNERS, TeamRole::Admin, "")?;
    if let Some(identity) = actor.identity() {
        tx.insert_member(owners.id, identity.id)?;
    }
    record(app, tx, actor, &organization, "org_create")?;
    Ok(organization)
}

fn record(
    app: &App,
    tx: &mut Tx<'_>,
    actor: &Actor,
    organization: &Account,
    kind: &str,
) -> Result<(), ServiceError> {
    let event = Event {
        kind,
        namespace: Some(organization.id),
        repository: None,
        robot: None,
        metadata: json!({ "namespace": organization.name }),
    };
    Ok(actor.record(app, tx, &event)?)
}

/// Deletes an organization with all its robots, teams, repositories and grants.
pub fn delete(app: &App, actor: &Actor, name: &str) -> Result<(), ServiceError> {
    app.store.write("delete organization", |tx| {
        let organization = teams::organization(tx, actor, name, Mode::Write)?;
        // References from mirrored repositories to the organization's own robots would hold the deletion up.
        tx.release_mirror_robots(organization.id)?;
        tx.delete_account(organization.id)?;
        tx.retire_name(name, app.retirement())?;
        record(app, tx, actor, &organization, "org_delete")
    })
}

/// Switches a namespace on or off: while off, nothing in it is granted and its robots cannot log in.
pub fn set_enabled(app: &App, actor: &Actor, name: &str, enabled: bool) -> Result<Account, ServiceError> {
    app.store.write("set enabled", |tx| {
        actor.require_super_user(Mode::Write)?;
        let missing = || ServiceError::NotFound(format!("No user or organization is named {name}"));
        let mut account = tx.account_by_name(name)?.ok_or_else(missing)?;
        account.enabled = enabled;
        if !enabled {
            // Enabled again, a user starts by signing in.
            tx.delete_sessions(account.id)?;
        }
        tx.update_account(&account)?;
        record(app, tx, actor, &account, if enabled { "user_enable" } else { "user_disable" })?;
        Ok(account)
    })
}

/// Organizations by name, after the name `after`; at most `limit`. For super-users.
pub fn list(app: &App, actor: &Actor, after: &str, limit: usize) -> Result<Vec<Account>, ServiceError> {
    app.store.read("organizations", |tx| {
        actor.require_super_user(Mode::Read)?;
        Ok(tx.accounts(AccountKind::Organization, "", after, limit)?)
    })
}

/// An organization by name, for anybody: that an organization exists is no secret in Quay's API.
pub fn get(app: &App, name: &str) -> Result<Account, ServiceError> {
    app.store.read("organization", |tx| {
        let found = tx.account_by_name(name)?.filter(|account| account.kind == AccountKind::Organization);
        found.ok_or_else(|| ServiceError::NotFound("Not Found".to_owned()))
    })
}

/// An organization as the actor sees it.
#[derive(Clone, Debug)]
pub struct View {
    /// The organization.
    pub account: Account,
    /// Whether the actor may see everything in it.
    pub administers: bool,
    /// Whether the actor sits in one of its teams.
    pub is_member: bool,
    /// Its teams, for members only.
    pub teams: Option<Vec<teams::Shown>>,
    /// What was set on it.
    pub settings: NamespaceSettings,
}

/// An organization as the actor sees it: anybody at all, but outsiders see little more than that it exists.
pub fn view(app: &App, actor: &Actor, name: &str) -> Result<View, ServiceError> {
    app.store.read("organization", |tx| {
        let found = tx.account_by_name(name)?.filter(|account| account.kind == AccountKind::Organization);
        let account = found.ok_or_else(|| ServiceError::NotFound("Not Found".to_owned()))?;
        look_at(tx, actor, account)
    })
}

fn look_at(tx: &mut Tx<'_>, actor: &Actor, account: Account) -> Result<View, ServiceError> {
    let administers = actor.administers(tx, &account, Mode::Read)?;
    // The scopes that leave an access token any role in a team.
    let sufficient = [OAuthScope::OrgAdmin, OAuthScope::RepoCreate];
    let scoped = sufficient.into_iter().any(|scope| actor.require_scope(scope).is_ok());
    let is_member = administers || (scoped && actor.is_member(tx, &account)?);
    let teams = if is_member { Some(teams::shown(tx, actor, &account, administers)?) } else { None };
    let settings = tx.namespace_settings(account.id)?;
    Ok(View { account, administers, is_member, teams, settings })
}

/// Changes an organization's address (`None`: nothing; empty: no address any more) and settings, and shows what it is then.
pub fn update(
    app: &App,
    actor: &Actor,
    name: &str,
    email: Option<&str>,
    settings: &SettingsChange,
) -> Result<View, ServiceError> {
    app.store.write("change organization", |tx| {
        let mut organization = teams::organization(tx, actor, name, Mode::Write)?;
        if let Some(email) = email {
            let email = check_email(Some(email))?;
            if organization.email.as_deref() != email {
                if let Some(email) = email
                    && tx.account_by_email(email)?.is_some()
                {
                    return Err(ServiceError::Invalid("E-mail address already used".to_owned()));
                }
                let old = std::mem::replace(&mut organization.email, email.map(ToOwned::to_owned));
                tx.update_account(&organization)?;
                let event = Event {
                    kind: "org_change_email",
                    namespace: Some(organization.id),
                    repository: None,
                    robot: None,
                    metadata: json!({ "email": email, "namespace": organization.name, "old_email": old }),
                };
                actor.record(app, tx, &event)?;
            }
        }
        settings::change_in(app, tx, actor, &organization, settings)?;
        look_at(tx, actor, organization)
    })
}
