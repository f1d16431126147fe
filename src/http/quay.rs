//! What Quay serves beside its API: `/config` for front ends, `/csrf_token` for scripts that sign in, and the page of the
//! implicit OAuth flow ([`authorize`]), which existing automation posts to.

mod authorize;

use super::api::avatar::COLORS;
use super::blocking::Blocking;
use super::body::RequestBody;
use super::browser::{session_id, set_csrf, set_session};
use super::error;
use super::reply::{self, Body};
use crate::config::RegistryState;
use crate::service::App;
use crate::service::oauth::tokens;
use crate::service::sessions::{SessionId, csrf_token};
use crate::store::audit::Origin;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
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
    /// `POST /oauth/authorize/assignuser`
    AssignUser,
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
            "/oauth/authorize/assignuser" => (Self::AssignUser, "POST"),
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
            Self::AssignUser => "assign_user",
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
        QuayRoute::AuthorizeApp | QuayRoute::AssignUser => {
            let answered = authorize::answer(app, blocking, route, request, origin, https).await;
            answered.unwrap_or_else(|refusal| error::api(&app.config.derived.origin, &refusal))
        }
        QuayRoute::LocalApp => reply::text(
            StatusCode::OK,
            "An access token, if one was made, stands in the address of this page, after access_token=.",
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
                "ASSIGN_OAUTH_TOKEN": people.assign_oauth_token,
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
