//! Access tokens: made, listed, revoked.

use super::super::App;
use super::super::actor::{Actor, Mode};
use super::super::error::ServiceError;
use super::super::robots::new_uuid;
use super::applications::find;
use super::{AUTOMATION, LABEL};
use crate::domain::caller::{AccountId, Identity};
use crate::domain::credential::AccessToken;
use crate::domain::oauth::OAuthScopes;
use crate::store::audit::Event;
use crate::store::oauth::{AccessTokenRecord, Application};
use crate::store::{StoreError, Tx};
use serde_json::json;

/// How long an access token lives if nothing is said, and at most: Quay's ten years, in seconds.
pub const LONGEST_LIFE: i64 = 315_576_000;
/// How long the first user's token lives, in seconds.
pub const FIRST_LIFE: i64 = 9000;
/// Access tokens of one application that may work at a time.
pub const MOST_TOKENS: i64 = 100;
/// Most characters of a token's name.
const LONGEST_NAME: usize = 255;

/// A token that has just been made: the only time that it is shown.
#[derive(Clone, Debug)]
pub struct Minted {
    /// The token.
    pub token: AccessToken,
    /// What is kept of it.
    pub record: AccessTokenRecord,
}

struct Wish<'a> {
    application: Option<i64>,
    account: AccountId,
    created_by: &'a str,
    name: &'a str,
    scopes: OAuthScopes,
    life: i64,
}

fn mint(app: &App, tx: &mut Tx<'_>, wish: &Wish<'_>) -> Result<Minted, StoreError> {
    let token = AccessToken::generate(app.random.as_ref());
    let now = app.now();
    let record = AccessTokenRecord {
        uuid: new_uuid(app),
        application: wish.application,
        account: wish.account,
        created_by: wish.created_by.to_owned(),
        name: wish.name.to_owned(),
        lookup: token.lookup().to_owned(),
        digest: app.keys.verify.token_digest(LABEL, token.expose()).to_vec(),
        scope: wish.scopes.to_string(),
        created_at: now,
        expires_at: now.plus(wish.life),
        last_accessed_at: None,
    };
    tx.insert_access_token(&record)?;
    Ok(Minted { token, record })
}

/// The first user's token, with every scope.
pub(in super::super) fn mint_first(
    app: &App,
    tx: &mut Tx<'_>,
    account: AccountId,
    name: &str,
) -> Result<Minted, StoreError> {
    let wish = Wish {
        application: None,
        account,
        created_by: name,
        name: AUTOMATION,
        scopes: OAuthScopes::ALL,
        life: FIRST_LIFE,
    };
    mint(app, tx, &wish)
}

pub(super) fn parse_scope(scope: &str) -> Result<OAuthScopes, ServiceError> {
    match OAuthScopes::parse(scope) {
        Ok(scopes) if !scopes.is_empty() => Ok(scopes),
        Ok(_) => Err(ServiceError::Refused(format!("Invalid scope: {scope}"))),
        Err(word) => Err(ServiceError::Refused(format!("Invalid scope: {word}"))),
    }
}

fn record(
    app: &App,
    tx: &mut Tx<'_>,
    actor: &Actor,
    application: &Application,
    token: &AccessTokenRecord,
    kind: &str,
) -> Result<(), ServiceError> {
    let method = match actor.identity() {
        None => "cli",
        Some(identity) if identity.oauth.is_some() => "oauth",
        Some(_) => "session",
    };
    let metadata = json!({
        "oauth_token_uuid": token.uuid,
        "scope": token.scope,
        "token_display_name": token.name,
        "application_name": application.name,
        "client_id": application.client_id,
        "auth_method": method,
    });
    let namespace = Some(application.organization);
    let event = Event { kind, namespace, repository: None, robot: None, metadata };
    Ok(actor.record(app, tx, &event)?)
}

/// An application's access tokens, oldest first.
pub fn list(
    app: &App,
    actor: &Actor,
    name: &str,
    client_id: &str,
) -> Result<Vec<AccessTokenRecord>, ServiceError> {
    app.store.read("access tokens", |tx| {
        let (_, application) = find(tx, actor, name, client_id, Mode::Read)?;
        Ok(tx.access_tokens(application.id)?)
    })
}

/// Makes an access token that acts for the actor. `life` is in seconds; `None`: [`LONGEST_LIFE`].
pub fn create(
    app: &App,
    actor: &Actor,
    name: &str,
    client_id: &str,
    title: &str,
    scope: &str,
    life: Option<i64>,
) -> Result<Minted, ServiceError> {
    let title = title.trim();
    if title.is_empty() {
        return Err(ServiceError::Refused("'name' must not be empty".to_owned()));
    }
    if title.chars().count() > LONGEST_NAME {
        return Err(ServiceError::Refused(format!(
            "'name' must not be longer than {LONGEST_NAME} characters"
        )));
    }
    let life = life.unwrap_or(LONGEST_LIFE);
    if !(1..=LONGEST_LIFE).contains(&life) {
        return Err(ServiceError::Refused(format!(
            "'expiration' must be between 1 and {LONGEST_LIFE} seconds"
        )));
    }
    let scopes = parse_scope(scope)?;
    app.store.write("create access token", |tx| {
        let (_, application) = find(tx, actor, name, client_id, Mode::Write)?;
        let minted = mint_for(app, tx, actor, &application, title, scopes, life)?;
        Ok(minted)
    })
}

/// Makes a token for an application, for the actor and within what the actor may itself.
pub(super) fn mint_for(
    app: &App,
    tx: &mut Tx<'_>,
    actor: &Actor,
    application: &Application,
    title: &str,
    scopes: OAuthScopes,
    life: i64,
) -> Result<Minted, ServiceError> {
    let identity = actor.require_account()?;
    // A token that made itself a stronger one would be worth more than its owner gave it.
    let beyond = identity.oauth.is_some_and(|own| !own.contains(scopes));
    if beyond || identity.name.is_robot() {
        return Err(ServiceError::Forbidden);
    }
    if tx.live_access_tokens(application.id, app.now())? >= MOST_TOKENS {
        return Err(ServiceError::Refused(format!(
            "Token limit reached: maximum {MOST_TOKENS} non-expired tokens per application"
        )));
    }
    let wish = Wish {
        application: Some(application.id),
        account: identity.id,
        created_by: identity.name.as_str(),
        name: title,
        scopes,
        life,
    };
    let minted = mint(app, tx, &wish)?;
    record(app, tx, actor, application, &minted.record, "create_oauth_api_token")?;
    Ok(minted)
}

/// Revokes an access token: from the next request on it is wrong.
pub fn revoke(app: &App, actor: &Actor, name: &str, client_id: &str, uuid: &str) -> Result<(), ServiceError> {
    app.store.write("revoke access token", |tx| {
        let (_, application) = find(tx, actor, name, client_id, Mode::Write)?;
        let token = tx.access_tokens(application.id)?.into_iter().find(|token| token.uuid == uuid);
        let token = token.ok_or_else(|| ServiceError::NotFound("Not Found".to_owned()))?;
        tx.delete_access_token(uuid)?;
        record(app, tx, actor, &application, &token, "revoke_oauth_api_token")
    })
}

/// Quay's own page that shows a new token; any application may send it there.
pub const LOCAL_HANDLER: &str = "/oauth/localapp";

/// Makes an access token for an application of any organization, because its user said so on our own page: the implicit
/// flow of OAuth 2. The token goes to `redirect_uri`, which must be the application's own or [`LOCAL_HANDLER`] here.
pub fn authorize(
    app: &App,
    actor: &Actor,
    client_id: &str,
    redirect_uri: &str,
    scope: &str,
) -> Result<Minted, ServiceError> {
    let scopes = parse_scope(scope)?;
    app.store.write("authorize application", |tx| {
        require_person(actor)?;
        let application = requested(tx, client_id)?;
        check_redirect(app, &application, redirect_uri)?;
        mint_for(app, tx, actor, &application, &application.name, scopes, LONGEST_LIFE)
    })
}

/// Fails unless a person acts. Only one may hand its rights to an application: a token that could would never expire.
pub(super) fn require_person(actor: &Actor) -> Result<&Identity, ServiceError> {
    let identity = actor.require_account()?;
    if identity.oauth.is_some() || identity.name.is_robot() {
        Err(ServiceError::Forbidden)
    } else {
        Ok(identity)
    }
}

/// The application that an authorization is asked for, of whatever organization.
pub(super) fn requested(tx: &mut Tx<'_>, client_id: &str) -> Result<Application, ServiceError> {
    tx.application(client_id)?.ok_or_else(|| ServiceError::NotFound("Not Found".to_owned()))
}

/// Fails unless a token may be sent there.
pub(super) fn check_redirect(
    app: &App,
    application: &Application,
    redirect_uri: &str,
) -> Result<(), ServiceError> {
    let local = format!("{}{LOCAL_HANDLER}", app.config.derived.origin);
    let own = !application.redirect_uri.is_empty() && application.redirect_uri == redirect_uri;
    if own || redirect_uri == local {
        Ok(())
    } else {
        Err(ServiceError::Refused("redirect_uri is not that of the application".to_owned()))
    }
}
