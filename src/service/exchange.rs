//! Keyless robots: a token of an outside issuer (a CI job, a service account of Kubernetes) exchanged for a token that the
//! robot logs in with.

use super::App;
use super::ledger::LoginEvent;
use super::login::LoginError;
use super::robot_tokens;
use crate::domain::credential::Secret;
use crate::domain::name::RobotName;
use crate::issuers::{Assertion, Unverified};
use crate::store::StoreError;
use crate::store::access::RobotLogin;
use crate::store::audit::Origin;
use crate::store::federation::FederationEntry;
use serde_json::json;
use std::sync::Arc;

/// What is to be exchanged.
#[derive(Clone, Debug)]
pub struct ExchangeRequest {
    /// The robot's full name, as it was sent.
    pub username: String,
    /// The issuer's token.
    pub token: Secret,
    /// Where the request came from.
    pub origin: Origin,
}

/// A token for the robot.
#[derive(Debug)]
pub struct Exchanged {
    /// The robot's full name.
    pub robot: String,
    /// What it logs in with, for [`robot_tokens::LIFE`] seconds.
    pub token: Secret,
}

/// Why there is none. The texts are Quay's where Quay has the case.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// The name is no robot's.
    #[error("Invalid robot")]
    NotARobot,
    /// There is no such robot.
    #[error("Could not find robot with specified username")]
    UnknownRobot,
    /// Nobody outside may act as this robot.
    #[error("Robot does not have federated login configured")]
    NotFederated,
    /// The token names no issuer.
    #[error("Token does not contain issuer")]
    NoIssuer,
    /// The token's issuer is not one of the robot's.
    #[error("issuer {0} not configured for this robot")]
    UnknownIssuer(String),
    /// The token is good, but is about somebody else.
    #[error("Token does not match robot")]
    Subject,
    /// The token is good, but was made for somebody else.
    #[error("Invalid audience for robot token")]
    Audience,
    /// The token is not good, or that cannot be told now.
    #[error(transparent)]
    Unverified(#[from] Unverified),
    /// Too many refusals of this network or for this robot.
    #[error("Too many login attempts. Please try again later.")]
    Throttled {
        /// Seconds after which it may be tried again; at least 1.
        retry_after: i64,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Exchanges a token. Whether the robot may log in at all (ROBOTS_DISALLOW, a disabled owner), its login decides.
pub async fn exchange(app: &App, request: &ExchangeRequest) -> Result<Exchanged, ExchangeError> {
    let ExchangeRequest { username, token, origin } = request;
    let robot = RobotName::parse(username).ok_or(ExchangeError::NotARobot)?;
    match checked(app, &robot, token).await {
        Ok((login, entry)) => {
            let generation = login.secret.as_ref().map_or(0, |secret| secret.generation);
            let token = robot_tokens::mint(app, &robot, login.id, generation, &entry);
            app.ledger.note_event(event(app, &robot, &login, &entry, origin));
            Ok(Exchanged { robot: robot.as_str().to_owned(), token })
        }
        // These are not the fault of who asks.
        Err(error @ (ExchangeError::Store(_) | ExchangeError::Unverified(Unverified::Unavailable))) => {
            Err(error)
        }
        Err(refused) => {
            let attempt = app.throttle.attempt(origin.address, username, token);
            match app.throttle.failed(app, &attempt) {
                LoginError::Throttled { retry_after } => Err(ExchangeError::Throttled { retry_after }),
                _ => Err(refused),
            }
        }
    }
}

/// The robot, and the entry of its federation that the token proves.
async fn checked(
    app: &App,
    robot: &RobotName,
    token: &Secret,
) -> Result<(Arc<RobotLogin>, FederationEntry), ExchangeError> {
    let (_, federation) = federation(app, robot)?;
    if federation.is_empty() {
        return Err(ExchangeError::NotFederated);
    }
    let assertion = Assertion::parse(token.expose()).map_err(Unverified::Invalid)?;
    let issuer = assertion.issuer().ok_or(ExchangeError::NoIssuer)?;
    if !federation.iter().any(|entry| entry.identity.issuer == issuer) {
        return Err(ExchangeError::UnknownIssuer(issuer.to_owned()));
    }
    app.issuers.verify(issuer, &assertion, app.now()).await?;
    // Read again: it may have changed while the issuer was asked.
    let (login, federation) = self::federation(app, robot)?;
    let named = |entry: &&FederationEntry| {
        let identity = &entry.identity;
        identity.issuer == issuer && Some(identity.subject.as_str()) == assertion.subject()
    };
    let entry = federation.iter().find(named).ok_or(ExchangeError::Subject)?;
    if !assertion.is_for(&entry.identity.audience) {
        return Err(ExchangeError::Audience);
    }
    Ok((login, entry.clone()))
}

fn federation(
    app: &App,
    robot: &RobotName,
) -> Result<(Arc<RobotLogin>, Vec<FederationEntry>), ExchangeError> {
    let found = app.store.read::<_, StoreError>("robot token exchange", |tx| {
        let Some(login) = tx.robot_login(robot)? else { return Ok(None) };
        let federation = tx.federation(login.id)?;
        Ok(Some((login, federation)))
    });
    found?.ok_or(ExchangeError::UnknownRobot)
}

fn event(
    app: &App,
    robot: &RobotName,
    login: &RobotLogin,
    entry: &FederationEntry,
    origin: &Origin,
) -> LoginEvent {
    let (id, name, identity) = (login.id, robot.as_str(), &entry.identity);
    LoginEvent {
        kind: "federated_robot_token_exchange",
        namespace: Some(login.owner.id),
        robot: Some(id),
        origin: origin.clone().performed_by(id, name),
        metadata: json!({ "subject": identity.subject, "issuer": identity.issuer, "robot": name }),
        at: app.now(),
    }
}
