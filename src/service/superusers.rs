//! What super-users do to other people's users and organizations.

use super::App;
use super::actor::{Actor, Mode};
use super::error::ServiceError;
use super::organizations::{OWNERS, check_email, check_free};
use super::repositories::find_namespace;
use super::users::{find, hash_password, record_as};
use crate::domain::credential::Secret;
use crate::domain::name::{Namespace, RobotName, ShortName};
use crate::domain::permission::TeamRole;
use crate::store::Tx;
use crate::store::accounts::{Account, AccountKind};
use serde_json::json;

/// Characters of a password that is made for a user.
const GENERATED: usize = 32;

/// Makes a user with a password that nobody chose, which is told once.
pub fn create_user(
    app: &App,
    actor: &Actor,
    name: &str,
    email: Option<&str>,
) -> Result<(Account, Secret), ServiceError> {
    let password = Secret::generate(GENERATED, app.random.as_ref());
    super::users::create(app, actor, name, email, &password).map(|user| (user, password))
}

/// What changes about a user; `None` stays as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Change<'a> {
    /// A new password: ends every session of the user.
    pub password: Option<&'a Secret>,
    /// A new address.
    pub email: Option<&'a str>,
    /// Whether the user and its robots may log in.
    pub enabled: Option<bool>,
}

/// Changes a user who is no super-user itself, and tells what it was before.
pub fn update_user(
    app: &App,
    actor: &Actor,
    name: &str,
    change: Change<'_>,
) -> Result<Account, ServiceError> {
    actor.require_super_user(Mode::Write)?;
    let email = check_email(change.email)?;
    refuse_super_user(app, actor, name, "Cannot update a superuser")?;
    let hash = change.password.map(|password| hash_password(app, password)).transpose()?;
    app.store.write("update user", |tx| {
        let before = find(tx, name)?;
        let mut user = before.clone();
        if let Some(hash) = &hash {
            tx.set_password(user.id, hash, app.now())?;
            record_as(app, tx, actor, &user, "user_change_password", json!({ "username": name }))?;
        }
        if let Some(email) = email
            && user.email.as_deref() != Some(email)
        {
            check_email_is_free(tx, email)?;
            let old = user.email.replace(email.to_owned());
            let metadata = json!({ "username": name, "email": email, "old_email": old });
            record_as(app, tx, actor, &user, "user_change_email", metadata)?;
        }
        if let Some(enabled) = change.enabled
            && enabled != user.enabled
        {
            user.enabled = enabled;
            let kind = if enabled { "user_enable" } else { "user_disable" };
            record_as(app, tx, actor, &user, kind, json!({ "username": name }))?;
        }
        if hash.is_some() || !user.enabled {
            tx.delete_sessions(user.id)?;
        }
        tx.update_account(&user)?;
        Ok(before)
    })
}

pub(super) fn check_email_is_free(tx: &mut Tx<'_>, email: &str) -> Result<(), ServiceError> {
    if tx.account_by_email(email)?.is_some() {
        return Err(ServiceError::Refused("The email address is already used".to_owned()));
    }
    Ok(())
}

/// Super-users are made and unmade by configuration; none of them gets rid of another here.
fn refuse_super_user(app: &App, actor: &Actor, name: &str, text: &str) -> Result<(), ServiceError> {
    if app.privilege(name).super_user && !actor.is_operator() {
        return Err(ServiceError::Refused(text.to_owned()));
    }
    Ok(())
}

/// Deletes a user who is no super-user itself.
pub fn delete_user(app: &App, actor: &Actor, name: &str) -> Result<(), ServiceError> {
    actor.require_super_user(Mode::Write)?;
    refuse_super_user(app, actor, name, "Cannot delete a superuser")?;
    super::users::delete(app, actor, name)
}

/// A namespace that a super-user names: 404 when it is not there.
fn namespace(tx: &mut Tx<'_>, name: &str) -> Result<Account, ServiceError> {
    find_namespace(tx, name)?.ok_or_else(|| ServiceError::NotFound("Not Found".to_owned()))
}

fn organization(tx: &mut Tx<'_>, name: &str) -> Result<Account, ServiceError> {
    let found = namespace(tx, name)?;
    if found.kind == AccountKind::Organization {
        Ok(found)
    } else {
        Err(ServiceError::NotFound("Not Found".to_owned()))
    }
}

/// Gives a namespace another name, and with it all its robots. Repositories keep their grants; where they lie in the
/// registry, only the registry can move them.
pub(super) fn rename_in(
    app: &App,
    tx: &mut Tx<'_>,
    account: &Account,
    name: &str,
) -> Result<Account, ServiceError> {
    check_free(app, tx, name, "A user or organization with this name already exists")?;
    let namespace = Namespace::parse(name)
        .map_err(|error| ServiceError::Refused(format!("Invalid namespace {name}: Namespace {error}")))?;
    for robot in tx.robots(account.id, None)? {
        let short = RobotName::parse(&robot.account.name)
            .and_then(|robot| ShortName::parse(robot.short()).ok())
            .ok_or_else(|| ServiceError::Internal("a robot has no valid name".to_owned()))?;
        let name = RobotName::new(&namespace, &short).as_str().to_owned();
        tx.update_account(&Account { name, ..robot.account })?;
    }
    let renamed = Account { name: name.to_owned(), ..account.clone() };
    tx.update_account(&renamed)?;
    tx.retire_name(&account.name, app.retirement())?;
    Ok(renamed)
}

/// Renames an organization.
pub fn rename_organization(app: &App, actor: &Actor, name: &str, new: &str) -> Result<Account, ServiceError> {
    app.store.write("rename organization", |tx| {
        actor.require_super_user(Mode::Write)?;
        let old = organization(tx, name)?;
        if new == name {
            return Ok(old);
        }
        let renamed = rename_in(app, tx, &old, new)?;
        let metadata = json!({ "old_name": name, "new_name": new });
        record_as(app, tx, actor, &renamed, "org_change_name", metadata)?;
        Ok(renamed)
    })
}

/// Deletes any organization.
pub fn delete_organization(app: &App, actor: &Actor, name: &str) -> Result<(), ServiceError> {
    app.store.write("delete organization", |tx| {
        actor.require_super_user(Mode::Write)?;
        let found = organization(tx, name)?;
        tx.release_mirror_robots(found.id)?;
        tx.delete_account(found.id)?;
        tx.retire_name(name, app.retirement())?;
        record_as(app, tx, actor, &found, "org_delete", json!({ "namespace": name }))
    })
}

/// Puts the acting super-user into the team `owners` of an organization. As in Quay a user's namespace becomes an
/// organization first: nobody can sign in as that user any more.
pub fn take_ownership(app: &App, actor: &Actor, name: &str) -> Result<(), ServiceError> {
    app.store.write("take ownership", |tx| {
        actor.require_super_user(Mode::Write)?;
        let identity = actor.require_account()?.clone();
        let mut found = namespace(tx, name)?;
        let was_user = found.kind == AccountKind::User;
        if was_user {
            refuse_super_user(app, actor, name, "Cannot take over the namespace of a superuser")?;
            tx.convert_to_organization(&found)?;
            found.kind = AccountKind::Organization;
        }
        let owners = match tx.team(found.id, OWNERS)? {
            Some(mut team) => {
                team.role = TeamRole::Admin;
                tx.update_team(&team)?;
                team
            }
            None => tx.insert_team(found.id, OWNERS, TeamRole::Admin, "")?,
        };
        tx.insert_member(owners.id, identity.id)?;
        let metadata = json!({ "namespace": name, "was_user": was_user });
        record_as(app, tx, actor, &found, "take_ownership", metadata)
    })
}
