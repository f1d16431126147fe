//! Credentials to caller, and what is stored about the repositories asked for, in one transaction.

use super::error::ROBOTS_DISALLOWED;
use super::oauth::{self, Bearer};
use super::refresh::{self, Bond};
use super::{App, app_tokens, robot_tokens};
use crate::domain::caller::{AccountId, Caller, Identity};
use crate::domain::credential::{AccessToken, AppToken, RobotSecret, Secret};
use crate::domain::decide::Facts;
use crate::domain::name::{AccountName, Namespace, RepositoryName, RobotName};
use crate::domain::throttle::Network;
use crate::keys::Verdict;
use crate::password::{HashError, Turn};
use crate::store::access::{Owner, RobotLogin};
use crate::store::accounts::{Account, AccountKind};
use crate::store::robots::LoginSecret;
use crate::store::teams::Team;
use crate::store::{StoreError, Tx};
use serde_json::{Map, Value};
use std::net::IpAddr;

/// What a client sent to show who it is.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// Nothing: the anonymous.
    None,
    /// A user name and a password, by HTTP Basic or by form.
    Password {
        /// The name as it was sent: a user, a robot, or one of Quay's `$...` words.
        username: String,
        /// What was sent with it.
        password: Secret,
    },
}

/// Why a login was refused.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// The one answer for every wrong login: unknown name, wrong secret, expired, disabled, owner disabled.
    #[error("Invalid username or password")]
    Wrong,
    /// ROBOTS_DISALLOW; decided before any lookup, so it says nothing about the robot.
    #[error("{ROBOTS_DISALLOWED}")]
    RobotsDisallowed,
    /// Too many wrong guesses from this network or at this account.
    #[error("Too many login attempts. Please try again later.")]
    Throttled {
        /// Seconds after which it may be tried again; at least 1.
        retry_after: i64,
    },
    /// Too many passwords are being checked.
    #[error("too many logins are being checked, try again")]
    Busy,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<HashError> for LoginError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::Busy,
            // A hash that cannot be read is a hash that nothing matches.
            HashError::Malformed(_) => Self::Wrong,
        }
    }
}

/// A caller, and what is stored about each repository that it asked for.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Who it is.
    pub caller: Caller,
    /// In the order asked for.
    pub facts: Vec<Facts>,
    /// What the caller's events carry beside its name: the access token that was used.
    pub metadata: Map<String, Value>,
    /// What a refresh token for this login would be tied to: only where TOKEN_REFRESH is on, for a password or a robot's
    /// secret. A refresh token brings none: it never makes another.
    pub bond: Option<Bond>,
}

/// Checks credentials and reads what is stored about `repositories`, in the same transaction wherever the check is quick
/// enough to happen inside one, so that a revoked right is gone from the very next request. `address` is the client's, `service` the registry that a token is asked for.
pub async fn log_in(
    app: &App,
    credentials: &Credentials,
    service: &str,
    address: Option<IpAddr>,
    repositories: &[&RepositoryName],
) -> Result<Standing, LoginError> {
    let Credentials::Password { username, password } = credentials else {
        let facts = app.store.recall("anonymous", |tx| facts(tx, None, &[], None, repositories))?;
        return Ok(Standing { caller: Caller::Anonymous, facts, metadata: Map::new(), bond: None });
    };
    let result = match username.as_str() {
        "$oauthtoken" => log_in_access_token(app, password, repositories),
        "$app" => log_in_app_token(app, password, repositories),
        // containerd sends an empty name when it falls back from the form.
        refresh::USERNAME | "" if app.config.tokens.refresh => {
            log_in_refresh_token(app, password, service, repositories)
        }
        name => match AccountName::parse(name) {
            Some(AccountName::Robot(robot)) => {
                log_in_robot(app, &robot, password, address, repositories).await
            }
            // Nobody can have such a name, so no hash is spent on it.
            None if !name.contains('@') => Err(LoginError::Wrong),
            Some(AccountName::User(_)) | None => {
                return Box::pin(log_in_user(app, username, password, address, repositories)).await;
            }
        },
    };
    result.map_err(|error| match error {
        LoginError::Wrong => app.throttle.failed(app, &app.throttle.attempt(address, username, password)),
        other => other,
    })
}

fn log_in_access_token(
    app: &App,
    password: &Secret,
    repositories: &[&RepositoryName],
) -> Result<Standing, LoginError> {
    let token = AccessToken::parse(password.expose()).ok_or(LoginError::Wrong)?;
    let standing = app.store.read("access token login", |tx| {
        let Some(Bearer { identity, metadata }) = oauth::check(app, tx, &token)? else { return Ok(None) };
        let facts = user_facts(tx, &identity, None, repositories)?;
        Ok(Some(Standing { caller: Caller::Account(identity), facts, metadata, bond: None }))
    });
    standing.map_err(LoginError::Store)?.ok_or(LoginError::Wrong)
}

fn log_in_app_token(
    app: &App,
    password: &Secret,
    repositories: &[&RepositoryName],
) -> Result<Standing, LoginError> {
    let token = AppToken::parse(password.expose()).ok_or(LoginError::Wrong)?;
    let standing = app.store.read("app token login", |tx| match app_tokens::check(app, tx, &token)? {
        Some(user) => user_standing(app, tx, &user, repositories),
        None => Ok(None),
    });
    standing.map_err(LoginError::Store)?.ok_or(LoginError::Wrong)
}

fn log_in_refresh_token(
    app: &App,
    password: &Secret,
    service: &str,
    repositories: &[&RepositoryName],
) -> Result<Standing, LoginError> {
    let claimed = refresh::parse(password.expose()).ok_or(LoginError::Wrong)?;
    app.store.read("refresh token login", |tx| {
        let account = tx.account_by_id(claimed.account)?.filter(|account| account.enabled);
        let Some(account) = account else { return Err(LoginError::Wrong) };
        let genuine = |credential: &str| refresh::is_genuine(app, &claimed, credential, service);
        let standing = match account.kind {
            AccountKind::Organization => None,
            AccountKind::User => match tx.password(account.id)? {
                Some(hash) if genuine(&hash) => user_standing(app, tx, &account, repositories)?,
                _ => None,
            },
            AccountKind::Robot => {
                let Some(name) = RobotName::parse(&account.name) else { return Err(LoginError::Wrong) };
                let login = tx.robot_login(&name)?.filter(|login| may_log_in(app, login));
                let secret = login.as_ref().and_then(|login| login.secret.as_ref());
                if !secret.is_some_and(|secret| genuine(&secret.hash)) {
                    return Err(LoginError::Wrong);
                }
                // Told only to whoever holds a genuine token: the name is not in the request.
                if app.live.robots().refuses_login(name.as_str()) {
                    return Err(LoginError::RobotsDisallowed);
                }
                match &login {
                    Some(login) => Some(robot_standing(app, tx, &name, login, repositories)?),
                    None => None,
                }
            }
        };
        standing.map(|standing| Standing { bond: None, ..standing }).ok_or(LoginError::Wrong)
    })
}

async fn log_in_robot(
    app: &App,
    name: &RobotName,
    password: &Secret,
    address: Option<IpAddr>,
    repositories: &[&RepositoryName],
) -> Result<Standing, LoginError> {
    if app.live.robots().refuses_login(name.as_str()) {
        return Err(LoginError::RobotsDisallowed);
    }
    // Anything that has the form of neither cannot be right and is not looked up.
    let Some(secret) = RobotSecret::parse(password.expose()) else {
        return robot_tokens::log_in(app, name, password, repositories);
    };
    let attempt = app.store.recall("robot login", |tx| {
        let Some(login) = tx.robot_login(name)? else { return Ok(Attempt::Wrong) };
        match check_robot(app, &login, &secret) {
            Check::Wrong => Ok(Attempt::Wrong),
            Check::Slow(record) => Ok(Attempt::Slow(login.id, record)),
            Check::Right => robot_standing(app, tx, name, &login, repositories).map(Attempt::Right),
        }
    });
    match attempt.map_err(LoginError::Store)? {
        Attempt::Right(standing) => Ok(standing),
        Attempt::Wrong => Err(LoginError::Wrong),
        Attempt::Slow(robot, record) => {
            Box::pin(log_in_robot_slowly(app, name, &secret, address, repositories, robot, record)).await
        }
    }
}

/// By the argon2 hash.
async fn log_in_robot_slowly(
    app: &App,
    name: &RobotName,
    secret: &RobotSecret,
    address: Option<IpAddr>,
    repositories: &[&RepositoryName],
    robot: AccountId,
    record: LoginSecret,
) -> Result<Standing, LoginError> {
    let turn = Turn::InLine(address.map(Network::from));
    if !app.hasher.verify(secret.expose(), &record.hash, turn).await? {
        return Err(LoginError::Wrong);
    }
    write_verifier(app, robot, name, &record, secret);
    let standing = app.store.read("robot login", |tx| {
        // Read again: the secret may have been replaced while it was being checked.
        let Some(login) = tx.robot_login(name)? else { return Ok(None) };
        let same = login.secret.as_ref().is_some_and(|current| current.hash == record.hash);
        if !(same && may_log_in(app, &login)) {
            return Ok(None);
        }
        robot_standing(app, tx, name, &login, repositories).map(Some)
    });
    standing.map_err(LoginError::Store)?.ok_or(LoginError::Wrong)
}

enum Attempt {
    Right(Standing),
    Wrong,
    Slow(AccountId, LoginSecret),
}

enum Check {
    Right,
    Wrong,
    /// There is no verifier under the current key: an imported hash, or a replaced key file.
    Slow(LoginSecret),
}

fn may_log_in(app: &App, login: &RobotLogin) -> bool {
    let live =
        login.secret.as_ref().is_some_and(|secret| secret.expires_at.is_none_or(|end| end > app.now()));
    live && login.enabled && login.owner.enabled
}

fn check_robot(app: &App, login: &RobotLogin, secret: &RobotSecret) -> Check {
    let Some(record) = &login.secret else { return Check::Wrong };
    let verdict = match &record.verifier {
        Some(stored) => app.keys.verify.check(login.id, record.generation, secret.expose(), stored),
        None => Verdict::OtherKey,
    };
    let check = match verdict {
        Verdict::Right => Check::Right,
        Verdict::Wrong => Check::Wrong,
        Verdict::OtherKey => Check::Slow(record.clone()),
    };
    if may_log_in(app, login) { check } else { Check::Wrong }
}

/// Failing to note the verifier is no reason to refuse: the next login is slow once more.
fn write_verifier(app: &App, robot: AccountId, name: &RobotName, record: &LoginSecret, secret: &RobotSecret) {
    let verifier = app.keys.verify.verifier(robot, record.generation, secret.expose());
    let written =
        app.store.write("write verifier", |tx| tx.set_verifier(robot, record.generation, &verifier));
    if let Err(error) = written {
        tracing::warn!(robot = name.as_str(), %error, "the verifier was not written");
    }
}

/// What a robot gets whose credentials were right.
pub(super) fn robot_standing(
    app: &App,
    tx: &mut Tx<'_>,
    name: &RobotName,
    login: &RobotLogin,
    repositories: &[&RepositoryName],
) -> Result<Standing, StoreError> {
    let look = login.in_teams && !repositories.is_empty();
    let teams = if look { tx.teams_of(login.id)? } else { Vec::new() };
    let identity = Identity {
        id: login.id,
        name: AccountName::Robot(name.clone()),
        privilege: crate::domain::caller::Privilege::default(),
        oauth: None,
    };
    let facts = facts(tx, Some(&identity), &teams, Some(&login.owner), repositories)?;
    let bond = match &login.secret {
        Some(secret) if app.config.tokens.refresh => {
            Some(Bond { account: login.id, credential: secret.hash.clone() })
        }
        _ => None,
    };
    Ok(Standing { caller: Caller::Account(identity), facts, metadata: Map::new(), bond })
}

async fn log_in_user(
    app: &App,
    username: &str,
    password: &Secret,
    address: Option<IpAddr>,
    repositories: &[&RepositoryName],
) -> Result<Standing, LoginError> {
    let checked = check_password(app, username, password, address).await?;
    let standing = app.store.read("user login", |tx| match checked.still_right(tx)? {
        Some(user) => user_standing(app, tx, &user, repositories),
        None => Ok(None),
    });
    let mut standing = standing.map_err(LoginError::Store)?.ok_or(LoginError::Wrong)?;
    if app.config.tokens.refresh {
        standing.bond = Some(Bond { account: checked.account.id, credential: checked.hash });
    }
    Ok(standing)
}

/// A user whose password was right when it was checked.
pub(super) struct CheckedPassword {
    /// The user as it was then.
    pub(super) account: Account,
    hash: String,
}

impl CheckedPassword {
    /// The user as it is now, unless it was disabled, deleted or given another password meanwhile: hashing takes long enough
    /// for that.
    pub(super) fn still_right(&self, tx: &mut Tx<'_>) -> Result<Option<Account>, StoreError> {
        let current = tx.account_by_id(self.account.id)?.filter(|account| account.enabled);
        let hash = tx.password(self.account.id)?;
        Ok(current.filter(|_| hash.as_ref() == Some(&self.hash)))
    }
}

/// Checks a user's name (or address) and password. An unknown name costs the same as a wrong password.
pub(super) async fn check_password(
    app: &App,
    username: &str,
    password: &Secret,
    address: Option<IpAddr>,
) -> Result<CheckedPassword, LoginError> {
    let attempt = app.throttle.attempt(address, username, password);
    let turn = app.throttle.admit(app, &attempt)?;
    let found = app.store.read("user login", |tx| find_user(tx, username)).map_err(LoginError::Store)?;
    let hash = found.as_ref().map_or_else(|| app.hasher.dummy().to_owned(), |(_, hash)| hash.clone());
    let right = app.hasher.verify(password.expose(), &hash, turn).await?;
    match found.filter(|(account, _)| right && account.enabled) {
        Some((account, hash)) => {
            app.throttle.succeeded(&attempt);
            Ok(CheckedPassword { account, hash })
        }
        None => Err(app.throttle.failed(app, &attempt)),
    }
}

/// What a user gets whose credentials were right. `None` when the stored name is not a valid one.
pub(super) fn user_standing(
    app: &App,
    tx: &mut Tx<'_>,
    user: &Account,
    repositories: &[&RepositoryName],
) -> Result<Option<Standing>, StoreError> {
    let Ok(name) = Namespace::parse(&user.name) else { return Ok(None) };
    let identity = Identity {
        id: user.id,
        name: AccountName::User(name),
        privilege: app.privilege(&user.name),
        oauth: None,
    };
    let facts = user_facts(tx, &identity, Some(user), repositories)?;
    Ok(Some(Standing { caller: Caller::Account(identity), facts, metadata: Map::new(), bond: None }))
}

/// A user by name or by address, as Quay takes both.
fn find_user(tx: &mut Tx<'_>, username: &str) -> Result<Option<(Account, String)>, StoreError> {
    let account =
        if username.contains('@') { tx.account_by_email(username)? } else { tx.account_by_name(username)? };
    let Some(user) = account.filter(|account| account.kind == AccountKind::User) else { return Ok(None) };
    Ok(tx.password(user.id)?.map(|hash| (user, hash)))
}

fn user_facts(
    tx: &mut Tx<'_>,
    identity: &Identity,
    user: Option<&Account>,
    repositories: &[&RepositoryName],
) -> Result<Vec<Facts>, StoreError> {
    let teams = if repositories.is_empty() { Vec::new() } else { tx.teams_of(identity.id)? };
    facts(tx, Some(identity), &teams, user.map(Owner::from).as_ref(), repositories)
}

fn facts(
    tx: &mut Tx<'_>,
    identity: Option<&Identity>,
    teams: &[Team],
    known: Option<&Owner>,
    repositories: &[&RepositoryName],
) -> Result<Vec<Facts>, StoreError> {
    repositories
        .iter()
        .map(|name| tx.facts(identity.map(|identity| identity.id), teams, known, name))
        .collect()
}
