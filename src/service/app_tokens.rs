//! Application-specific tokens: a user's own long-lived passwords for the token endpoint (user name `$app`), each of which
//! can be revoked by itself. They open nothing else: no session, no API.

use super::App;
use super::actor::Actor;
use super::error::ServiceError;
use super::robots::new_uuid;
use crate::config::RobotTokenDisplay;
use crate::domain::caller::Identity;
use crate::domain::credential::{AppToken, Secret};
use crate::domain::oauth::OAuthScope;
use crate::keys::{SealKey, VerifyKey};
use crate::store::accounts::{Account, AccountKind};
use crate::store::app_tokens::AppTokenRecord;
use crate::store::audit::Event;
use crate::store::{StoreError, Tx};
use serde_json::json;

/// Most tokens of one user.
pub const MOST_TOKENS: i64 = 200;
/// Most characters of a title.
const LONGEST_TITLE: usize = 255;
/// What digests and seals are labelled with.
const LABEL: &str = "app token";

/// A token with, if it can be shown, the token itself.
#[derive(Clone, Debug)]
pub struct Shown {
    /// What is kept of it.
    pub record: AppTokenRecord,
    /// The token: when it has just been made, or as long as ROBOT_TOKEN_DISPLAY lets secrets be shown again.
    pub token: Option<Secret>,
}

/// The person that acts: these tokens are nobody else's business.
fn person<'a>(app: &App, actor: &'a Actor) -> Result<&'a Identity, ServiceError> {
    let identity = actor.require_account()?;
    actor.require_scope(OAuthScope::UserAdmin)?;
    if !app.config.people.app_tokens {
        return Err(ServiceError::NotFound("FEATURE_APP_SPECIFIC_TOKENS is off".to_owned()));
    }
    if identity.name.is_robot() { Err(ServiceError::Forbidden) } else { Ok(identity) }
}

fn record(
    app: &App,
    tx: &mut Tx<'_>,
    actor: &Actor,
    token: &AppTokenRecord,
    kind: &str,
) -> Result<(), ServiceError> {
    let metadata = json!({ "app_specific_token_title": token.title, "app_specific_token": token.uuid });
    let event = Event { kind, namespace: Some(token.account), repository: None, robot: None, metadata };
    Ok(actor.record(app, tx, &event)?)
}

fn missing() -> ServiceError {
    ServiceError::NotFound("Not Found".to_owned())
}

/// The actor's tokens, newest first.
pub fn list(app: &App, actor: &Actor) -> Result<Vec<AppTokenRecord>, ServiceError> {
    let identity = person(app, actor)?;
    Ok(app.store.read::<_, StoreError>("app tokens", |tx| tx.app_tokens(identity.id, MOST_TOKENS))?)
}

/// One of the actor's tokens.
pub fn get(app: &App, actor: &Actor, uuid: &str) -> Result<Shown, ServiceError> {
    let identity = person(app, actor)?;
    let found = app.store.read::<_, StoreError>("app token", |tx| tx.app_token(identity.id, uuid))?;
    let record = found.ok_or_else(missing)?;
    let shown_again = app.config.robots.token_display == RobotTokenDisplay::Always;
    let sealed = record.sealed.as_deref().filter(|_| shown_again);
    let opened = sealed.and_then(|sealed| app.keys.seal.open_text(LABEL, &record.uuid, sealed).ok());
    Ok(Shown { token: opened.map(|text| Secret::new(text.as_str())), record })
}

/// Makes a token for the actor.
pub fn create(app: &App, actor: &Actor, title: &str) -> Result<Shown, ServiceError> {
    let identity = person(app, actor)?;
    let title = title.trim();
    if title.is_empty() || title.chars().count() > LONGEST_TITLE {
        return Err(ServiceError::Refused(format!("'title' must have 1 to {LONGEST_TITLE} characters")));
    }
    // A token would be a way to write for whoever may only read.
    if identity.privilege.read_only {
        return Err(ServiceError::Forbidden);
    }
    let life = app.config.people.app_token_expiration;
    let life = life.map(|life| i64::try_from(life.as_secs()).unwrap_or(i64::MAX));
    app.store.write("create app token", |tx| {
        let held = tx.app_tokens(identity.id, MOST_TOKENS)?.len();
        if i64::try_from(held).is_ok_and(|held| held >= MOST_TOKENS) {
            return Err(ServiceError::Refused(format!("maximum {MOST_TOKENS} application tokens per user")));
        }
        let token = AppToken::generate(app.random.as_ref());
        let (uuid, now) = (new_uuid(app), app.now());
        let seal = || app.keys.seal.seal_text(LABEL, &uuid, token.expose(), app.random.as_ref());
        let shown_again = app.config.robots.token_display == RobotTokenDisplay::Always;
        let kept = AppTokenRecord {
            account: identity.id,
            title: title.to_owned(),
            lookup: token.lookup().to_owned(),
            digest: app.keys.verify.token_digest(LABEL, token.expose()).to_vec(),
            sealed: if shown_again { seal() } else { None },
            created_at: now,
            expires_at: life.map(|life| now.plus(life)),
            last_accessed_at: None,
            uuid,
        };
        tx.insert_app_token(&kept)?;
        record(app, tx, actor, &kept, "create_app_specific_token")?;
        Ok(Shown { record: kept, token: Some(Secret::new(token.expose())) })
    })
}

/// What to store of a token under another key than the one in use, out of its sealed copy: for [`crate::store::reseal`].
pub fn redigest(seal: &SealKey, key: &VerifyKey, uuid: &str, sealed: &[u8]) -> Option<[u8; 32]> {
    let token = seal.open_text(LABEL, uuid, sealed).ok()?;
    Some(key.token_digest(LABEL, &token))
}

/// Revokes one of the actor's tokens: from the next request on it is wrong.
pub fn revoke(app: &App, actor: &Actor, uuid: &str) -> Result<(), ServiceError> {
    let identity = person(app, actor)?;
    app.store.write("revoke app token", |tx| {
        let token = tx.app_token(identity.id, uuid)?.ok_or_else(missing)?;
        tx.delete_app_token(identity.id, uuid)?;
        record(app, tx, actor, &token, "revoke_app_specific_token")
    })
}

/// The user whose token this is, checked inside the transaction that reads what it is used for.
pub(super) fn check(app: &App, tx: &mut Tx<'_>, token: &AppToken) -> Result<Option<Account>, StoreError> {
    let Some((record, user)) = tx.app_token_by_lookup(token.lookup())? else { return Ok(None) };
    let live = record.expires_at.is_none_or(|end| end > app.now()) && user.enabled;
    let right = app.keys.verify.is_token(LABEL, token.expose(), &record.digest);
    if !(right && live && user.kind == AccountKind::User && app.config.people.app_tokens) {
        return Ok(None);
    }
    if app.config.people.last_accessed {
        app.ledger.note_app_token(&record.uuid, app.now());
    }
    Ok(Some(user))
}
