//! Users: made, shown, given a password, deleted.

use super::App;
use super::actor::{Actor, Mode};
use super::error::ServiceError;
use super::organizations::{check_email, check_free};
use super::settings::{self, SettingsChange};
use super::superusers::{check_email_is_free, rename_in};
use crate::domain::credential::Secret;
use crate::domain::decide::Authority;
use crate::domain::oauth::OAuthScope;
use crate::domain::permission::TeamRole;
use crate::store::Tx;
use crate::store::access::authority;
use crate::store::accounts::{Account, AccountKind, NewAccount};
use crate::store::audit::Event;
use crate::store::audit::Origin;
use crate::store::settings::NamespaceSettings;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Fewest characters of a password (Quay's rule).
pub const MIN_PASSWORD: usize = 8;
/// Most bytes of a password: a longer one would only cost hashing time.
pub const MAX_PASSWORD: usize = 1024;
/// Quay's text for a password that cannot be taken.
pub const INVALID_PASSWORD: &str =
    "Invalid password, password must be at least 8 characters and contain no whitespace.";

/// Checks a new password and computes its hash. Slow on purpose: call it before opening a transaction.
pub fn hash_password(app: &App, password: &Secret) -> Result<String, ServiceError> {
    let text = password.expose();
    if text.chars().count() < MIN_PASSWORD || text.len() > MAX_PASSWORD || text.contains(char::is_whitespace)
    {
        return Err(ServiceError::Refused(INVALID_PASSWORD.to_owned()));
    }
    Ok(app.hasher.hash_blocking(text)?)
}

/// Makes a user inside a transaction whose actor is known to be allowed to.
pub(super) fn create_in(
    app: &App,
    tx: &mut Tx<'_>,
    actor: &Actor,
    name: &str,
    email: Option<&str>,
    hash: &str,
) -> Result<Account, ServiceError> {
    check_free(app, tx, name, "The username already exists")?;
    if let Some(email) = email
        && tx.account_by_email(email)?.is_some()
    {
        return Err(ServiceError::Refused("The email address is already used".to_owned()));
    }
    let kind = AccountKind::User;
    let user = tx.insert_account(&NewAccount { kind, name, owner: None, email, created_at: app.now() })?;
    tx.set_password(user.id, hash, app.now())?;
    record(app, tx, actor, &user, "user_create")?;
    Ok(user)
}

fn record(app: &App, tx: &mut Tx<'_>, actor: &Actor, user: &Account, kind: &str) -> Result<(), ServiceError> {
    record_as(app, tx, actor, user, kind, json!({ "username": user.name }))
}

/// As [`record`], with other metadata. Where a super-user did it to somebody else, Quay says so.
pub(super) fn record_as(
    app: &App,
    tx: &mut Tx<'_>,
    actor: &Actor,
    user: &Account,
    kind: &str,
    mut metadata: Value,
) -> Result<(), ServiceError> {
    if let (Some(members), Some(identity)) = (metadata.as_object_mut(), actor.identity())
        && identity.id != user.id
    {
        members.insert("superuser".to_owned(), identity.name.as_str().into());
    }
    let event = Event { kind, namespace: Some(user.id), repository: None, robot: None, metadata };
    Ok(actor.record(app, tx, &event)?)
}

/// Makes a user. For super-users and the command line.
pub fn create(
    app: &App,
    actor: &Actor,
    name: &str,
    email: Option<&str>,
    password: &Secret,
) -> Result<Account, ServiceError> {
    actor.require_super_user(Mode::Write)?;
    let email = check_email(email)?;
    let hash = hash_password(app, password)?;
    app.store.write("create user", |tx| create_in(app, tx, actor, name, email, &hash))
}

/// Finds a user by exact name.
pub fn get(app: &App, name: &str) -> Result<Account, ServiceError> {
    app.store.read("user", |tx| find(tx, name))
}

pub(super) fn find(tx: &mut Tx<'_>, name: &str) -> Result<Account, ServiceError> {
    let found = tx.account_by_name(name)?.filter(|account| account.kind == AccountKind::User);
    found.ok_or_else(|| ServiceError::NotFound(format!("No user is named {name}")))
}

/// Gives a user a new password. For the user itself, super-users and the command line.
pub fn set_password(app: &App, actor: &Actor, name: &str, password: &Secret) -> Result<(), ServiceError> {
    let own = actor.identity().is_some_and(|identity| identity.name.as_str() == name);
    if own {
        require_own_write(actor)?;
    } else {
        actor.require_super_user(Mode::Write)?;
    }
    let hash = hash_password(app, password)?;
    app.store.write("set password", |tx| {
        let user = find(tx, name)?;
        set_password_in(app, tx, actor, &user, &hash)
    })
}

fn set_password_in(
    app: &App,
    tx: &mut Tx<'_>,
    actor: &Actor,
    user: &Account,
    hash: &str,
) -> Result<(), ServiceError> {
    tx.set_password(user.id, hash, app.now())?;
    tx.delete_sessions(user.id)?;
    record(app, tx, actor, user, "account_change_password")
}

/// What a user changes of itself; `None` stays.
#[derive(Default)]
pub struct Changes<'a> {
    /// Another address.
    pub email: Option<&'a str>,
    /// A new password. Ends every session.
    pub password: Option<&'a Secret>,
    /// Another name, and with it its robots'; where FEATURE_USER_RENAME is on.
    pub name: Option<&'a str>,
    /// Other settings.
    pub settings: SettingsChange,
}

/// Changes the acting user: all of it or nothing.
pub fn change(app: &App, actor: &Actor, changes: &Changes<'_>) -> Result<(), ServiceError> {
    require_own_write(actor)?;
    let email = changes.email.map(|email| {
        check_email(Some(email))?.ok_or_else(|| ServiceError::Refused("Invalid email address".to_owned()))
    });
    let email = email.transpose()?;
    let hash = changes.password.map(|password| hash_password(app, password)).transpose()?;
    app.store.write("change user", |tx| {
        let mut user = acting(tx, actor)?;
        if let Some(email) = email.filter(|email| user.email.as_deref() != Some(*email)) {
            check_email_is_free(tx, email)?;
            let old = user.email.replace(email.to_owned());
            tx.update_account(&user)?;
            let metadata = json!({ "username": user.name, "email": email, "old_email": old });
            record_as(app, tx, actor, &user, "user_change_email", metadata)?;
        }
        if let Some(hash) = &hash {
            set_password_in(app, tx, actor, &user, hash)?;
        }
        settings::change_in(app, tx, actor, &user, &changes.settings)?;
        match changes.name.filter(|name| user.name != *name) {
            Some(name) => rename(app, tx, actor, &user, name),
            None => Ok(()),
        }
    })
}

fn rename(app: &App, tx: &mut Tx<'_>, actor: &Actor, user: &Account, name: &str) -> Result<(), ServiceError> {
    // A privileged name is an entry of the configuration: taking it would be taking the privilege.
    let privilege = app.privilege(name);
    if !app.config.people.user_rename || privilege.super_user || privilege.read_only {
        return Err(ServiceError::Refused("Username cannot be changed".to_owned()));
    }
    let renamed = rename_in(app, tx, user, name)?;
    let metadata = json!({ "username": renamed.name, "old_username": user.name });
    record_as(app, tx, actor, &renamed, "user_change_name", metadata)
}

/// Fails unless the actor may change its own account. A read-only super-user changes nothing, not even that.
fn require_own_write(actor: &Actor) -> Result<(), ServiceError> {
    let identity = actor.require_account()?;
    actor.require_scope(OAuthScope::UserAdmin)?;
    if identity.privilege.read_only { Err(ServiceError::Forbidden) } else { Ok(()) }
}

/// The acting user, who must be a person that may change itself.
fn acting(tx: &mut Tx<'_>, actor: &Actor) -> Result<Account, ServiceError> {
    require_own_write(actor)?;
    let identity = actor.require_account()?;
    let user = tx.account_by_id(identity.id)?.filter(|account| account.kind == AccountKind::User);
    user.ok_or(ServiceError::Forbidden)
}

/// Deletes the acting user, unless an organization would be left without anybody to administer it.
pub fn delete_own(app: &App, actor: &Actor) -> Result<(), ServiceError> {
    app.store.write("delete user", |tx| {
        let user = acting(tx, actor)?;
        let orphans = orphans(tx, &user)?;
        if !orphans.is_empty() {
            let name = &user.name;
            let list = orphans.join(", ");
            return Err(ServiceError::Refused(format!(
                "Cannot delete {name} as you are the only admin for organizations: {list}"
            )));
        }
        tx.release_mirror_robots(user.id)?;
        tx.delete_account(user.id)?;
        tx.retire_name(&user.name, app.retirement())?;
        record(app, tx, actor, &user, "user_delete")
    })
}

/// The organizations that only this user administers.
fn orphans(tx: &mut Tx<'_>, user: &Account) -> Result<Vec<String>, ServiceError> {
    let administered = tx.teams_of(user.id)?.into_iter().filter(|team| team.role == TeamRole::Admin);
    let organizations: BTreeSet<_> = administered.map(|team| team.organization).collect();
    let mut orphans = Vec::new();
    for organization in organizations {
        if !tx.has_other_administrator(organization, user.id)? {
            orphans.extend(tx.account_by_id(organization)?.map(|organization| organization.name));
        }
    }
    Ok(orphans)
}

/// An organization that a user has a team in.
#[derive(Clone, Debug)]
pub struct Membership {
    /// The organization.
    pub organization: Account,
    /// Whether the user administers it.
    pub administers: bool,
    /// Whether the user may create repositories in it.
    pub creates: bool,
}

/// The acting user and the organizations that it belongs to, by name.
pub fn myself(
    app: &App,
    actor: &Actor,
) -> Result<(Account, Vec<Membership>, NamespaceSettings), ServiceError> {
    app.store.read("user", |tx| {
        let identity = actor.require_account()?;
        actor.require_scope(OAuthScope::UserRead).or_else(|_| actor.require_scope(OAuthScope::UserAdmin))?;
        let user = tx.account_by_id(identity.id)?.ok_or(ServiceError::Unauthenticated)?;
        let teams = tx.teams_of(user.id)?;
        // Of genuine rows: a team that was altered is none.
        let ids: BTreeSet<_> = teams.iter().map(|team| team.organization).collect();
        let mut organizations = tx.organizations_of(user.id)?;
        organizations.retain(|organization| ids.contains(&organization.id));
        let membership = |organization: Account| {
            let authority = authority(user.id, &teams, organization.kind, organization.id);
            let administers = authority == Authority::Admin;
            Membership { organization, administers, creates: authority != Authority::None }
        };
        let memberships = organizations.into_iter().map(membership).collect();
        let settings = tx.namespace_settings(user.id)?;
        Ok((user, memberships, settings))
    })
}

/// Makes a user for whoever asks, where FEATURE_USER_CREATION is on. Nobody becomes a super-user that way.
pub fn sign_up(
    app: &App,
    origin: &Origin,
    name: &str,
    email: Option<&str>,
    password: &Secret,
) -> Result<Account, ServiceError> {
    let privilege = app.privilege(name);
    if !app.config.people.user_creation {
        return Err(ServiceError::Refused("User creation is disabled".to_owned()));
    }
    // The name of a configured super-user waits for somebody with the rights to take it.
    if privilege.super_user || privilege.read_only {
        return Err(ServiceError::Refused("The username already exists".to_owned()));
    }
    let email = check_email(email)?;
    let hash = hash_password(app, password)?;
    let actor = Actor::anonymous(origin.clone());
    app.store.write("sign up", |tx| create_in(app, tx, &actor, name, email, &hash))
}

/// Deletes a user with all robots, repositories and grants below its name.
pub fn delete(app: &App, actor: &Actor, name: &str) -> Result<(), ServiceError> {
    app.store.write("delete user", |tx| {
        actor.require_super_user(Mode::Write)?;
        let user = find(tx, name)?;
        tx.release_mirror_robots(user.id)?;
        tx.delete_account(user.id)?;
        tx.retire_name(name, app.retirement())?;
        record(app, tx, actor, &user, "user_delete")
    })
}

/// Users by name, after the name `after`; at most `limit`. For super-users.
pub fn list(app: &App, actor: &Actor, after: &str, limit: usize) -> Result<Vec<Account>, ServiceError> {
    app.store.read("users", |tx| {
        actor.require_super_user(Mode::Read)?;
        Ok(tx.accounts(AccountKind::User, "", after, limit)?)
    })
}
