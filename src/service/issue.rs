//! A token request, from credentials to signed token.

use super::App;
use super::error::ServiceError;
use super::ledger::LoginEvent;
use super::login::{Credentials, LoginError, Standing, log_in};
use super::{refresh, repositories};
use crate::config::RegistryState;
use crate::domain::caller::Caller;
use crate::domain::claims::Claims;
use crate::domain::credential::Secret;
use crate::domain::decide::{Facts, Granted, decide};
use crate::domain::name::RepositoryName;
use crate::domain::scope::{Actions, Requested, Resource};
use crate::domain::time::Timestamp;
use crate::keys::SignedToken;
use crate::store::StoreError;
use crate::store::audit::Origin;
use crate::telemetry::labels::TokenOutcome;
use serde_json::json;
use std::sync::Arc;

/// What a client asks for at the token endpoint.
#[derive(Clone, Debug)]
pub struct TokenRequest<'a> {
    /// Who it says it is.
    pub credentials: Credentials,
    /// The registry that the token is for: one of TOKEN_SERVICES. Absent: the first of them.
    pub service: Option<&'a str>,
    /// What it asks for; nothing for the probe that `docker login` makes.
    pub requested: Vec<Requested>,
    /// Where the request came from, for the audit trail.
    pub origin: Origin,
    /// The client's `User-Agent`, for the audit trail.
    pub user_agent: Option<&'a str>,
}

/// A token and what the response says about it.
#[derive(Debug)]
pub struct Issued {
    /// The token.
    pub token: SignedToken,
    /// Who it was issued to.
    pub caller: Caller,
    /// What was asked for.
    pub requested: Vec<Requested>,
    /// What it grants, in the same order.
    pub granted: Granted,
    /// When.
    pub issued_at: Timestamp,
    /// How long it lives, in seconds.
    pub expires_in: i64,
    /// A refresh token, where TOKEN_REFRESH is on: for clients that ask for one.
    pub refresh_token: Option<Secret>,
}

impl Issued {
    /// How metrics count this.
    pub fn outcome(&self) -> TokenOutcome {
        let access = self.granted.access();
        if self.requested.iter().zip(access).all(|(asked, granted)| granted.actions == asked.actions) {
            TokenOutcome::Granted
        } else if access.iter().all(|granted| granted.actions.is_empty()) {
            TokenOutcome::Empty
        } else {
            TokenOutcome::Partial
        }
    }
}

/// Why no token was issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// The credentials were refused.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// `service` names no registry that this service signs for.
    #[error("unknown service '{0}'")]
    UnknownService(String),
    /// Without credentials and without a scope there is nothing that a token could say; without FEATURE_ANONYMOUS_ACCESS there
    /// is nothing for the anonymous at all.
    #[error("access to the requested resource is not authorized")]
    Anonymous,
    /// The store failed while a repository was to be registered.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The token could not be made.
    #[error("the token could not be signed: {0}")]
    Signing(String),
}

/// Issues a token that grants what the caller may have of what it asked for, possibly nothing.
pub async fn issue(app: &Arc<App>, mut request: TokenRequest<'_>) -> Result<Issued, IssueError> {
    if app.config.repositories.state == RegistryState::ReadOnly {
        for requested in &mut request.requested {
            requested.actions = requested.actions.intersection(Actions::PULL);
        }
    }
    let audience = audience(app, request.service)?;
    let nothing_to_say = request.requested.is_empty() || !app.config.repositories.anonymous_access;
    if matches!(request.credentials, Credentials::None) && nothing_to_say {
        return Err(IssueError::Anonymous);
    }
    let repositories = request.requested.iter().filter_map(|requested| match &requested.resource {
        Resource::Repository(name) => Some(name),
        Resource::Catalog => None,
    });
    let repositories: Vec<_> = repositories.collect();
    let standing =
        match log_in(app, &request.credentials, audience, request.origin.address, &repositories).await {
            Ok(standing) => standing,
            Err(error) => {
                note_failure(app, &request, &error);
                return Err(error.into());
            }
        };
    let now = app.now();
    let Standing { caller, facts, metadata, bond } = standing;
    request.origin.metadata.extend(metadata);
    note_success(app, &request, &caller, now);
    let known = |name: &RepositoryName| {
        repositories
            .iter()
            .zip(&facts)
            .find(|(known, _)| **known == name)
            .map_or_else(Facts::default, |(_, facts)| *facts)
    };
    let mut granted = decide(&caller, &request.requested, app.policy(), known);
    if !granted.creations().is_empty() {
        granted = Box::pin(register(app, &request, &caller, granted)).await?;
    }
    let lifetime = app.token_lifetime();
    let claims = Claims::new(
        &app.config.tokens.issuer,
        caller.subject(),
        audience,
        &granted,
        now,
        lifetime,
        app.random.as_ref(),
    )
    .map_err(|error| IssueError::Signing(error.to_string()))?;
    let token = app.ring.sign(&claims).map_err(|error| IssueError::Signing(error.to_string()))?;
    let refresh_token = bond.map(|bond| refresh::mint(app, &bond, audience));
    let requested = request.requested;
    Ok(Issued { token, caller, requested, granted, issued_at: now, expires_in: lifetime, refresh_token })
}

fn audience<'a>(app: &'a App, service: Option<&str>) -> Result<&'a str, IssueError> {
    let services = app.services();
    match service.filter(|service| !service.is_empty()) {
        None => Ok(services.first().map_or("", String::as_str)),
        Some(asked) => services
            .iter()
            .find(|service| *service == asked)
            .map(String::as_str)
            .ok_or_else(|| IssueError::UnknownService(asked.to_owned())),
    }
}

/// Registers the repositories that the caller's push brings into being, then decides anew on what is stored now: somebody
/// else may have made one of them first.
async fn register(
    app: &Arc<App>,
    request: &TokenRequest<'_>,
    caller: &Caller,
    granted: Granted,
) -> Result<Granted, IssueError> {
    let Some(identity) = caller.identity().cloned() else { return Ok(granted) };
    let (app, requested, origin) = (app.clone(), request.requested.clone(), request.origin.clone());
    let work = move || {
        app.store.write("register repositories", |tx| {
            repositories::register_pushed(&app, tx, &identity, &origin, &requested, granted.creations())
        })
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map_err(|error| match error {
            ServiceError::Store(error) => error.into(),
            other => IssueError::Signing(other.to_string()),
        }),
        Err(error) => Err(IssueError::Signing(format!("registering a repository failed: {error}"))),
    }
}

fn note_success(app: &App, request: &TokenRequest<'_>, caller: &Caller, now: Timestamp) {
    let Some(identity) = caller.identity() else { return };
    if app.config.people.last_accessed {
        app.ledger.note_login(identity.id, now);
    }
    // As in Quay a login is the request without a scope; pulls and pushes are the registry's to tell.
    if !(request.requested.is_empty() && app.config.audit.logins) {
        return;
    }
    let name = identity.name.as_str();
    let robot = identity.name.is_robot();
    let metadata = json!({
        "kind": if robot { "robot" } else { "user" },
        if robot { "robot" } else { "username" }: name,
        "type": "v2auth",
        "useragent": request.user_agent,
    });
    let origin = request.origin.clone().performed_by(identity.id, name);
    let robot = robot.then_some(identity.id);
    app.ledger.note_event(LoginEvent {
        kind: "login_success",
        namespace: None,
        robot,
        origin,
        metadata,
        at: now,
    });
}

fn note_failure(app: &App, request: &TokenRequest<'_>, error: &LoginError) {
    let audited = app.config.audit.login_failures;
    let Credentials::Password { username, .. } = &request.credentials else { return };
    if !audited || matches!(error, LoginError::Store(_) | LoginError::Busy) {
        return;
    }
    let robot = username.contains('+');
    // What is not a name may be a secret typed into the wrong field; it is not kept.
    let shown = crate::domain::name::AccountName::parse(username).map(|name| name.to_string());
    let metadata = json!({
        "type": "v2auth",
        "kind": if robot { "robot" } else { "user" },
        if robot { "robot" } else { "username" }: shown,
        "useragent": request.user_agent,
        "message": error.to_string(),
    });
    let origin = request.origin.clone();
    let at = app.now();
    app.ledger.note_event(LoginEvent {
        kind: "login_failure",
        namespace: None,
        robot: None,
        origin,
        metadata,
        at,
    });
}
