//! Users: made, shown, given a password, deleted.

use super::App;
use super::actor::{Actor, Mode};
use super::error::ServiceError;
use super::organizations::{check_email, check_free};
use crate::domain::credential::Secret;
use crate::store::Tx;
use crate::store::accounts::{Account, AccountKind, NewAccount};
use crate::store::audit::Event;
use serde_json::json;

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
    let metadata = json!({ "username": user.name });
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
        actor.require_scope(crate::domain::oauth::OAuthScope::UserAdmin)?;
    } else {
        actor.require_super_user(Mode::Write)?;
    }
    let hash = hash_password(app, password)?;
    app.store.write("set password", |tx| {
        let user = find(tx, name)?;
        tx.set_password(user.id, &hash, app.now())?;
        tx.delete_sessions(user.id)?;
        record(app, tx, actor, &user, "account_change_password")
    })
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
