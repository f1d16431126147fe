//! Robot tokens: what a keyless robot gets in exchange for a token of an outside issuer, and logs in with as its password.
//!
//! A token is a JWT, since clients read its `exp`, but nobody except dockpass checks it: so it carries a MAC under the session
//! key instead of a signature. A registry has nothing to verify it with, and no registry token passes for one: key, algorithm,
//! `typ`, `iss`, `aud` and the set of claims are all others. It names the robot by its id, the generation of its
//! secret and the federation entry that it was issued under, and dies with each of them.

use super::App;
use super::login::{LoginError, Standing, robot_standing};
use crate::domain::caller::AccountId;
use crate::domain::credential::Secret;
use crate::domain::name::{RepositoryName, RobotName};
use crate::domain::time::Timestamp;
use crate::store::federation::FederationEntry;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

/// Seconds that a robot token lives (Quay's).
pub const LIFE: i64 = 3600;
/// `{"typ":"robot+jwt","alg":"HS256"}`: no other header is ever read, so there is none to be confused by.
const HEADER: &str = "eyJ0eXAiOiJyb2JvdCtqd3QiLCJhbGciOiJIUzI1NiJ9";
const ISSUER: &str = "dockpass federation";
const AUDIENCE: &str = "dockpass robot login";
const LABEL: &str = "robot token 1";
const ENTRY_LABEL: &str = "federation entry 1";
/// Longer ones are not ours: names are bounded.
const MAX_LENGTH: usize = 4096;

/// What a robot token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iss: String,
    aud: String,
    /// The robot's full name.
    sub: String,
    iat: i64,
    exp: i64,
    /// The robot's id.
    robot: i64,
    generation: i64,
    /// A MAC over the federation entry: one that was removed and made again is another.
    entry: String,
}

/// A token for a robot, issued under one entry of its federation.
pub(super) fn mint(
    app: &App,
    name: &RobotName,
    robot: AccountId,
    generation: i64,
    entry: &FederationEntry,
) -> Secret {
    let now = app.now();
    let claims = Claims {
        iss: ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: name.as_str().to_owned(),
        iat: now.0,
        exp: now.plus(LIFE).0,
        robot: robot.0,
        generation,
        entry: tag(app, robot, entry),
    };
    // Texts and numbers always have a JSON form; were it otherwise, the token would be read by nobody.
    let body = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims).unwrap_or_default());
    let message = format!("{HEADER}.{body}");
    let mac = URL_SAFE_NO_PAD.encode(app.keys.session.tag(LABEL, message.as_bytes()));
    Secret::new(format!("{message}.{mac}"))
}

/// Logs a robot in with a robot token, if that is what its password is. In one transaction with what the robot may do, so that a
/// removed entry counts from the next request on.
pub(super) fn log_in(
    app: &App,
    name: &RobotName,
    password: &Secret,
    repositories: &[&RepositoryName],
) -> Result<Standing, LoginError> {
    let claims = read(app, password.expose()).filter(|claims| claims.sub == name.as_str());
    let claims = claims.ok_or(LoginError::Wrong)?;
    let standing = app.store.read("robot token login", |tx| {
        let Some(login) = tx.robot_login(name)? else { return Ok(None) };
        // The secret may have expired: that is how a robot becomes one without any.
        let secret = login.secret.as_ref().filter(|_| login.enabled && login.owner.enabled);
        if !secret.is_some_and(|secret| claims.are_of(login.id, secret.generation)) {
            return Ok(None);
        }
        if !claims.are_under(app, &tx.federation(login.id)?) {
            return Ok(None);
        }
        let standing = robot_standing(app, tx, name, &login, repositories)?;
        // Without a bond: a refresh token would outlive this one.
        Ok(Some(Standing { bond: None, ..standing }))
    });
    standing.map_err(LoginError::Store)?.ok_or(LoginError::Wrong)
}

/// What a genuine token says that is still in its time; nothing for everything else. Costs next to nothing where a text does
/// not begin like a robot token.
fn read(app: &App, text: &str) -> Option<Claims> {
    let rest = text.strip_prefix(HEADER)?.strip_prefix('.').filter(|_| text.len() <= MAX_LENGTH)?;
    let (message, mac) = text.rsplit_once('.')?;
    let mac = URL_SAFE_NO_PAD.decode(mac).ok()?;
    if !app.keys.session.check(LABEL, message.as_bytes(), &mac) {
        return None;
    }
    let (body, _) = rest.split_once('.')?;
    let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).ok()?).ok()?;
    claims.are_current(app.now()).then_some(claims)
}

impl Claims {
    fn are_current(&self, now: Timestamp) -> bool {
        let age = now.seconds_since(Timestamp(self.iat));
        // The other node of an installation may be a little ahead.
        self.iss == ISSUER && self.aud == AUDIENCE && now.0 < self.exp && (-60..LIFE).contains(&age)
    }

    /// Whether this is still that robot, and its secret the one of then.
    fn are_of(&self, robot: AccountId, generation: i64) -> bool {
        self.robot == robot.0 && self.generation == generation
    }

    /// Whether the entry that the token was issued under is among those that the robot has now.
    fn are_under(&self, app: &App, federation: &[FederationEntry]) -> bool {
        federation.iter().any(|entry| self.entry == tag(app, AccountId(self.robot), entry))
    }
}

fn tag(app: &App, robot: AccountId, entry: &FederationEntry) -> String {
    URL_SAFE_NO_PAD.encode(app.keys.session.tag(ENTRY_LABEL, &message(robot, entry)))
}

fn message(robot: AccountId, entry: &FederationEntry) -> Vec<u8> {
    let length = |text: &str| (text.len() as u64).to_be_bytes();
    let (issuer, subject) = (entry.identity.issuer.as_str(), entry.identity.subject.as_str());
    let parts: [&[u8]; 7] = [
        &robot.0.to_be_bytes(),
        &entry.id.to_be_bytes(),
        &length(issuer),
        issuer.as_bytes(),
        &length(subject),
        subject.as_bytes(),
        entry.identity.audience.as_bytes(),
    ];
    parts.concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::federation::FederatedIdentity;

    #[test]
    fn the_header_says_what_it_is() {
        let json = String::from_utf8(URL_SAFE_NO_PAD.decode(HEADER).unwrap()).unwrap();
        assert_eq!(json, r#"{"typ":"robot+jwt","alg":"HS256"}"#);
    }

    #[test]
    fn entries_that_differ_anywhere_have_other_tags() {
        let of = |robot, id, texts: [&str; 3]| {
            let [issuer, subject, audience] = texts.map(ToOwned::to_owned);
            let identity = FederatedIdentity { issuer, subject, audience };
            message(AccountId(robot), &FederationEntry { id, identity })
        };
        let one = of(1, 1, ["ab", "c", "d"]);
        for other in [
            of(2, 1, ["ab", "c", "d"]),
            of(1, 2, ["ab", "c", "d"]),
            of(1, 1, ["a", "bc", "d"]),
            of(1, 1, ["ab", "cd", ""]),
            of(1, 1, ["ab", "", "cd"]),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn an_hour_is_all_and_the_claims_must_be_ours() {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: "acme+ci".to_owned(),
            iat: 1000,
            exp: 1000 + LIFE,
            robot: 1,
            generation: 1,
            entry: String::new(),
        };
        for (now, good) in [(939, false), (940, true), (1000, true), (999 + LIFE, true), (1000 + LIFE, false)]
        {
            assert_eq!(claims.are_current(Timestamp(now)), good, "{now}");
        }
        let longer = Claims { exp: i64::MAX, ..claims.clone() };
        assert!(!longer.are_current(Timestamp(1000 + LIFE)));
        assert!(
            !Claims { aud: "registry.example".to_owned(), ..claims.clone() }.are_current(Timestamp(1000))
        );
        assert!(!Claims { iss: "dockpass".to_owned(), ..claims }.are_current(Timestamp(1000)));
    }
}
