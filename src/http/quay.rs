//! What Quay serves beside its API: `/config` for front ends, `/csrf_token` for scripts that sign in, and the page of the
//! implicit OAuth flow, which existing automation posts to.

use super::api::authenticate::{Credential, authenticate, require_csrf_token};
use super::api::avatar::COLORS;
use super::blocking::Blocking;
use super::body::{BodyLimits, Fields, RequestBody, read_form};
use super::browser::{session_id, set_csrf, set_session};
use super::error::{self, Refusal};
use super::reply::{self, Body};
use crate::config::RegistryState;
use crate::service::App;
use crate::service::error::ServiceError;
use crate::service::oauth::tokens;
use crate::service::sessions::{SessionId, csrf_token};
use crate::store::audit::Origin;
use hyper::header::{HeaderMap, HeaderName, HeaderValue, LOCATION};
use hyper::http::request::Parts;
use hyper::{Request, Response, StatusCode};
use serde_json::json;
use std::sync::Arc;

const NEXT_CSRF_TOKEN: HeaderName = HeaderName::from_static("x-next-csrf-token");

/// One of these paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuayRoute {
    /// `GET /config`
    Config,
    /// `GET /csrf_token`
    CsrfToken,
    /// `POST /oauth/authorizeapp`
    AuthorizeApp,
    /// `GET /oauth/localapp`
    LocalApp,
    /// `GET /.well-known/app-capabilities`
    AppCapabilities,
    /// `GET /registry/capabilities`
    RegistryCapabilities,
}

impl QuayRoute {
    /// The route of a path, and the methods that it has.
    pub fn parse(path: &str) -> Option<(Self, &'static str)> {
        Some(match path {
            "/config" => (Self::Config, "GET, HEAD"),
            "/csrf_token" => (Self::CsrfToken, "GET, HEAD"),
            "/oauth/authorizeapp" => (Self::AuthorizeApp, "POST"),
            tokens::LOCAL_HANDLER => (Self::LocalApp, "GET, HEAD"),
            "/.well-known/app-capabilities" => (Self::AppCapabilities, "GET, HEAD"),
            "/registry/capabilities" => (Self::RegistryCapabilities, "GET, HEAD"),
            _ => return None,
        })
    }

    /// The label in logs and metrics.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::CsrfToken => "csrf_token",
            Self::AuthorizeApp => "authorize_app",
            Self::LocalApp => "local_app",
            Self::AppCapabilities => "app_capabilities",
            Self::RegistryCapabilities => "registry_capabilities",
        }
    }
}

/// Answers a request.
pub async fn answer(
    app: &Arc<App>,
    blocking: &Blocking,
    route: QuayRoute,
    request: Request<RequestBody>,
    origin: Origin,
    https: bool,
) -> Response<Body> {
    let mut response = match route {
        QuayRoute::Config => config(app),
        QuayRoute::CsrfToken => csrf(app, request.headers(), https),
        QuayRoute::AuthorizeApp => {
            let authorized = authorize(app, blocking, request, origin, https).await;
            authorized.unwrap_or_else(|refusal| error::api(&app.config.derived.origin, &refusal))
        }
        QuayRoute::LocalApp => reply::text(
            StatusCode::OK,
            "The access token stands in the address of this page, after access_token=.",
        ),
        QuayRoute::AppCapabilities => {
            reply::json(StatusCode::OK, &json!({ "appName": "io.quay", "capabilities": {} }))
        }
        QuayRoute::RegistryCapabilities => reply::json(StatusCode::OK, &json!({ "sparse_manifests": {} })),
    };
    reply::no_store(&mut response);
    response
}

/// What a front end has to know before anybody signs in. Nothing here is secret.
fn config(app: &App) -> Response<Body> {
    let (server, people) = (&app.config.server, &app.config.people);
    let state = match app.config.repositories.state {
        RegistryState::Normal => "normal",
        RegistryState::ReadOnly => "readonly",
    };
    let scheme = app.config.derived.origin.split(':').next().unwrap_or("https");
    let mut config = json!({
        "AUTHENTICATION_TYPE": "Database",
        "AVATAR_COLORS": COLORS,
        "LIBRARY_NAMESPACE": app.config.repositories.library_namespace,
        "PREFERRED_URL_SCHEME": scheme,
        "REGISTRY_TITLE": "dockpass",
        "REGISTRY_TITLE_SHORT": "dockpass",
        "SERVER_HOSTNAME": server.hostname,
    });
    if let Some(members) = config.as_object_mut()
        && app.live.robots().is_disallowed()
    {
        members.insert("ROBOTS_DISALLOW".to_owned(), true.into());
    }
    reply::json(
        StatusCode::OK,
        &json!({
            "config": config,
            "features": {
                "ANONYMOUS_ACCESS": app.config.repositories.anonymous_access,
                "APP_SPECIFIC_TOKENS": people.app_tokens,
                // A token acts for whoever made it, and nobody makes one for somebody else.
                "ASSIGN_OAUTH_TOKEN": false,
                "DIRECT_LOGIN": true,
                "MAILING": false,
                "REQUIRE_TEAM_INVITE": false,
                "SUPERUSERS_FULL_ACCESS": people.super_users_full_access,
                "SUPER_USERS": people.super_users_enabled,
                "USER_CREATION": people.user_creation,
                "USER_INITIALIZE": people.user_initialize,
                "USER_LAST_ACCESSED": people.last_accessed,
                "USER_RENAME": people.user_rename,
            },
            "oauth": {},
            "external_login": [],
            "registry_state": state,
            "account_recovery_mode": false,
            "version_number": env!("CARGO_PKG_VERSION"),
        }),
    )
}

/// The browser's CSRF token; one that comes without an id is given one, so that it can sign in.
fn csrf(app: &App, headers: &HeaderMap, https: bool) -> Response<Body> {
    let known = session_id(headers, https);
    let id = known.clone().unwrap_or_else(|| SessionId::generate(app.random.as_ref()));
    let token = csrf_token(app, &id);
    let mut response = reply::json(StatusCode::OK, &json!({ "csrf_token": token }));
    if known.is_none() {
        set_session(&mut response, https, &id);
    }
    set_csrf(&mut response, https, &token);
    if let Ok(value) = HeaderValue::from_str(&token) {
        response.headers_mut().insert(NEXT_CSRF_TOKEN, value);
    }
    response
}

/// The implicit flow of OAuth 2: a signed-in person lets an application act for it. The token goes to the application's
/// address behind a `#`, which browsers keep to themselves.
async fn authorize(
    app: &Arc<App>,
    blocking: &Blocking,
    request: Request<RequestBody>,
    origin: Origin,
    https: bool,
) -> Result<Response<Body>, Refusal> {
    let (head, body) = request.into_parts();
    let fields =
        read_form(&head.headers, body, BodyLimits::default()).await.map_err(|error| Refusal::from(&error))?;
    let app = Arc::clone(app);
    blocking.run(move || grant(&app, &head, &fields, origin, https)).await?
}

fn grant(
    app: &App,
    head: &Parts,
    fields: &Fields,
    origin: Origin,
    https: bool,
) -> Result<Response<Body>, Refusal> {
    let (actor, credential) = authenticate(app, &head.headers, https, origin)?;
    // A token for years is more than a session that somebody left open may give away.
    match credential {
        Credential::Session { fresh: true, .. } => {}
        Credential::Session { fresh: false, .. } => return Err(Refusal::FreshLogin),
        _ => return Err(ServiceError::Unauthenticated.into()),
    }
    require_csrf_token(app, &head.headers, https, fields.single("_csrf_token")?.unwrap_or_default())?;
    if app.config.repositories.state == RegistryState::ReadOnly {
        return Err(Refusal::ReadOnly);
    }
    if fields.single("response_type")? != Some("token") {
        return Err(ServiceError::Refused("response_type must be 'token'".to_owned()).into());
    }
    let field = |name| Ok::<_, Refusal>(fields.single(name)?.unwrap_or_default());
    let (client_id, redirect_uri) = (field("client_id")?, field("redirect_uri")?);
    let minted = tokens::authorize(app, &actor, client_id, redirect_uri, field("scope")?)?;
    let life = minted.record.expires_at.seconds_since(minted.record.created_at);
    let token = minted.token.expose();
    let location = format!("{redirect_uri}#access_token={token}&token_type=Bearer&expires_in={life}");
    let mut location = HeaderValue::from_str(&location)
        .map_err(|_| Refusal::from(ServiceError::Refused("redirect_uri cannot be used".to_owned())))?;
    location.set_sensitive(true);
    let mut response = reply::empty(StatusCode::FOUND);
    response.headers_mut().insert(LOCATION, location);
    Ok(response)
}
