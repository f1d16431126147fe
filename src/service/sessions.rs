//! People signed in with a browser.
//!
//! The cookie holds a random id; the database holds a keyed digest of it, so neither the database nor the key alone signs
//! anybody in. Every browser gets an id before it signs in ([`SessionId::generate`]), and its CSRF token
//! ([`csrf_token`]) follows from that id; signing in and giving the password again ([`confirm_password`]) replace the id,
//! so an id that somebody planted is worth nothing afterwards.
//!
//! For pages and API: read the id with `http::browser::session_id`, ask [`authenticate`]; without one give the browser a fresh
//! id (`http::browser::set_session`) before showing a form, and put [`csrf_token`] of it into the form. A POST must pass
//! `http::browser::is_same_origin` and [`is_csrf_token`]; then [`sign_in`], [`sign_out`] or [`confirm_password`], and set the
//! id that comes back. A change of password ends every session of the user, the one it was made in too.
//!
//! Only users with a password get here. Robots, access tokens and application tokens have no way to a session.

use super::App;
use super::ledger::LoginEvent;
use super::login::{CheckedPassword, LoginError, check_password};
use crate::domain::caller::Identity;
use crate::domain::credential::Secret;
use crate::domain::name::{AccountName, Namespace};
use crate::domain::random::Random;
use crate::domain::time::Timestamp;
use crate::store::StoreError;
use crate::store::accounts::{Account, AccountKind};
use crate::store::audit::Origin;
use crate::store::sessions::SessionRecord;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use std::sync::Arc;

/// Sessions that one user may have at a time; the oldest end first. A stolen password cannot fill the database.
const MOST_SESSIONS: i64 = 100;
/// Ended sessions that are deleted whenever a new one begins.
const PRUNED: usize = 100;
/// How far into the future a session may have begun. More means that the clock has jumped back, and then nobody can tell
/// whether the session has ended already.
const CLOCK_TOLERANCE: i64 = 60;

/// What the cookie holds: 256 random bits, as 43 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionId(Secret);

impl SessionId {
    /// A fresh id.
    pub fn generate(random: &dyn Random) -> Self {
        let mut bytes = [0_u8; 32];
        random.fill(&mut bytes);
        Self(Secret::new(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// Takes a text that has the form of an id. Whether anybody is signed in with it is for [`authenticate`] to say.
    pub fn parse(text: &str) -> Option<Self> {
        let formed = text.len() == 43
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        formed.then(|| Self(Secret::new(text)))
    }

    /// The text for the cookie.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    fn digest(&self, app: &App) -> [u8; 32] {
        app.keys.session.tag("session", self.expose().as_bytes())
    }
}

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub struct Session {
    /// Who.
    pub identity: Identity,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Whether the password was given within FRESH_LOGIN_TIMEOUT: what is dangerous asks for it again.
    pub fresh: bool,
}

/// A session that has just begun, with the id that the browser is to be given.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// For the cookie.
    pub id: SessionId,
    /// The session.
    pub session: Session,
}

/// The CSRF token of a browser with this id, signed in or not. A form or a script on another site cannot know it.
pub fn csrf_token(app: &App, id: &SessionId) -> String {
    URL_SAFE_NO_PAD.encode(app.keys.session.tag("csrf", id.expose().as_bytes()))
}

/// As [`csrf_token`], in other letters each time: pages that are packed must not repeat a secret, lest their lengths tell it.
pub fn masked_csrf_token(app: &App, id: &SessionId) -> String {
    let mut token = [0_u8; 64];
    let (pad, masked) = token.split_at_mut(32);
    app.random.fill(pad);
    for ((to, tag), pad) in
        masked.iter_mut().zip(app.keys.session.tag("csrf", id.expose().as_bytes())).zip(pad)
    {
        *to = tag ^ *pad;
    }
    URL_SAFE_NO_PAD.encode(token)
}

/// Whether `token` is the CSRF token of `id`, masked or not, compared in constant time.
pub fn is_csrf_token(app: &App, id: &SessionId, token: &str) -> bool {
    let mut tag = URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
    if let Some((pad, masked)) = tag.split_at_checked(32).filter(|(_, masked)| masked.len() == 32) {
        tag = pad.iter().zip(masked).map(|(pad, masked)| pad ^ masked).collect();
    }
    app.keys.session.check("csrf", id.expose().as_bytes(), &tag)
}

/// Checks a user's name (or e-mail address) and password and begins a session.
pub async fn sign_in(
    app: &Arc<App>,
    username: &str,
    password: &Secret,
    origin: &Origin,
    user_agent: Option<&str>,
) -> Result<SignedIn, LoginError> {
    let result = match check_password(app, username, password, origin.address).await {
        Ok(checked) => begin(app, checked, None).await,
        Err(error) => Err(error),
    };
    note(app, username, &result, origin, user_agent);
    result
}

/// Who is signed in with this id. `None`: nobody, or not any more.
pub fn authenticate(app: &App, id: &SessionId) -> Result<Option<Session>, StoreError> {
    let digest = id.digest(app);
    app.store.read("session", |tx| {
        Ok(tx.session(&digest)?.and_then(|(record, user)| session(app, &record, &user)))
    })
}

/// Ends a session.
pub fn sign_out(app: &App, id: &SessionId) -> Result<(), StoreError> {
    let digest = id.digest(app);
    app.store.write("sign out", |tx| tx.delete_session(&digest))
}

/// Checks the password of whoever is signed in once more, which makes the session fresh. The id is replaced; the session
/// still ends when it would have ended.
pub async fn confirm_password(
    app: &Arc<App>,
    id: &SessionId,
    password: &Secret,
    origin: &Origin,
    user_agent: Option<&str>,
) -> Result<SignedIn, LoginError> {
    let Some(current) = authenticate(app, id)? else { return Err(LoginError::Wrong) };
    let username = current.identity.name.as_str();
    let result = match check_password(app, username, password, origin.address).await {
        Ok(checked) if checked.account.id == current.identity.id => begin(app, checked, Some(id)).await,
        Ok(_) => Err(LoginError::Wrong),
        Err(error) => Err(error),
    };
    note(app, username, &result, origin, user_agent);
    result
}

/// Writes a session for a password that was right, in place of the one with the id `replaced`.
async fn begin(
    app: &Arc<App>,
    checked: CheckedPassword,
    replaced: Option<&SessionId>,
) -> Result<SignedIn, LoginError> {
    let id = SessionId::generate(app.random.as_ref());
    let (digest, replaced) = (id.digest(app), replaced.map(|id| id.digest(app)));
    let app = Arc::clone(app);
    let work = move || {
        app.store.write("sign in", |tx| {
            let now = app.now();
            // The password may have been changed, or the user disabled, while it was being hashed.
            let Some(user) = checked.still_right(tx)? else { return Err(LoginError::Wrong) };
            let lifetime = i64::try_from(app.config.people.session_lifetime.as_secs()).unwrap_or(i64::MAX);
            let mut record = SessionRecord {
                digest,
                account: user.id,
                created_at: now,
                authenticated_at: now,
                expires_at: now.plus(lifetime),
            };
            if let Some(replaced) = &replaced {
                let old = tx.session(replaced)?.map(|(old, _)| old);
                let Some(old) = old.filter(|old| old.account == user.id) else {
                    return Err(LoginError::Wrong);
                };
                record.created_at = old.created_at;
                record.expires_at = old.expires_at;
                tx.delete_session(replaced)?;
            }
            tx.prune_sessions(now, PRUNED)?;
            tx.insert_session(&record)?;
            tx.limit_sessions(user.id, MOST_SESSIONS)?;
            session(&app, &record, &user).ok_or(LoginError::Wrong)
        })
    };
    let session = tokio::task::spawn_blocking(work).await;
    let session =
        session.map_err(|error| StoreError::Unavailable(format!("signing in failed: {error}")))??;
    Ok(SignedIn { id, session })
}

fn session(app: &App, record: &SessionRecord, user: &Account) -> Option<Session> {
    let now = app.now();
    let live = record.expires_at > now && record.created_at <= now.plus(CLOCK_TOLERANCE);
    let name = Namespace::parse(&user.name)
        .ok()
        .filter(|_| live && user.enabled && user.kind == AccountKind::User)?;
    let timeout = i64::try_from(app.config.people.fresh_login_timeout.as_secs()).unwrap_or(i64::MAX);
    let age = now.seconds_since(record.authenticated_at);
    let identity = Identity {
        id: user.id,
        name: AccountName::User(name),
        privilege: app.privilege(&user.name),
        oauth: None,
    };
    let fresh = (-CLOCK_TOLERANCE..timeout).contains(&age);
    Some(Session { identity, created_at: record.created_at, expires_at: record.expires_at, fresh })
}

/// Notes the attempt for the audit trail, as configured.
fn note(
    app: &App,
    username: &str,
    result: &Result<SignedIn, LoginError>,
    origin: &Origin,
    user_agent: Option<&str>,
) {
    let mut origin = origin.clone();
    let (kind, metadata) = match result {
        Ok(signed_in) => {
            let identity = &signed_in.session.identity;
            if app.config.people.last_accessed {
                app.ledger.note_login(identity.id, app.now());
            }
            if !app.config.audit.logins {
                return;
            }
            let name = identity.name.as_str();
            origin = origin.performed_by(identity.id, name);
            (
                "login_success",
                json!({ "kind": "user", "username": name, "type": "quayauth", "useragent": user_agent }),
            )
        }
        Err(LoginError::Store(_) | LoginError::Busy) => return,
        Err(_) if !app.config.audit.login_failures => return,
        Err(error) => {
            // What is not a name may be a password typed into the wrong field; it is not kept.
            let shown = AccountName::parse(username).map(|name| name.to_string());
            let message = error.to_string();
            let metadata = json!({
                "type": "quayauth", "kind": "user", "username": shown, "useragent": user_agent, "message": message,
            });
            ("login_failure", metadata)
        }
    };
    app.ledger.note_event(LoginEvent { kind, namespace: None, robot: None, origin, metadata, at: app.now() });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::SystemRandom;

    #[test]
    fn an_id_has_one_form() {
        let id = SessionId::generate(&SystemRandom::default());
        assert_eq!(SessionId::parse(id.expose()), Some(id.clone()));
        assert_ne!(SessionId::generate(&SystemRandom::default()), id);
        for text in ["", "a", &"=".repeat(43), &"a".repeat(42), &"a".repeat(44), &"ä".repeat(43)] {
            assert_eq!(SessionId::parse(text), None, "{text}");
        }
        assert!(!format!("{id:?}").contains(id.expose()));
    }
}
