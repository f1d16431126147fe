//! Who calls the REST API: the bearer of an access token, or a browser with its session. Passwords, robots and
//! application tokens cannot call it, whatever header they come in.

use crate::http::browser::{is_same_origin, session_id};
use crate::http::error::Refusal;
use crate::service::App;
use crate::service::actor::Actor;
use crate::service::error::ServiceError;
use crate::service::oauth::{BearerError, authenticate_bearer};
use crate::service::sessions::{self, SessionId, is_csrf_token};
use crate::store::audit::Origin;
use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, HOST, HeaderName};

const CSRF_TOKEN: HeaderName = HeaderName::from_static("x-csrf-token");

/// How a caller showed who it is.
#[derive(Clone, Debug)]
pub enum Credential {
    /// Not at all.
    None,
    /// In a way that this API does not take, such as HTTP Basic.
    Unusable,
    /// By an OAuth access token: no browser sends that by itself, so no CSRF token is asked for.
    AccessToken,
    /// By a browser's session.
    Session {
        /// The id in the browser's cookie.
        id: SessionId,
        /// Whether the password was given lately.
        fresh: bool,
    },
}

/// Reads the credentials of a request. None at all is the anonymous; a wrong access token is an error and never anonymous.
pub fn authenticate(
    app: &App,
    headers: &HeaderMap,
    https: bool,
    mut origin: Origin,
) -> Result<(Actor, Credential), Refusal> {
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let first = given.next().map(|value| value.to_str().unwrap_or_default());
    if given.next().is_some() {
        return Err(ServiceError::Unauthenticated.into());
    }
    let scheme = first.and_then(|value| value.split_once(' '));
    if let Some((_, token)) = scheme.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")) {
        let bearer = authenticate_bearer(app, token.trim()).map_err(|error| match error {
            BearerError::Invalid => ServiceError::Unauthenticated,
            BearerError::Store(error) => ServiceError::Store(error),
        })?;
        origin.metadata.extend(bearer.metadata);
        return Ok((Actor::account(bearer.identity, origin), Credential::AccessToken));
    }
    if let Some(id) = session_id(headers, https)
        && let Some(session) = sessions::authenticate(app, &id)?
    {
        let credential = Credential::Session { id, fresh: session.fresh };
        return Ok((Actor::account(session.identity, origin), credential));
    }
    let credential = if first.is_some() { Credential::Unusable } else { Credential::None };
    Ok((Actor::anonymous(origin), credential))
}

/// Fails unless the request carries the CSRF token that belongs to its cookie, and comes from our own pages.
pub fn require_csrf(app: &App, headers: &HeaderMap, https: bool) -> Result<(), Refusal> {
    let token = headers.get(CSRF_TOKEN).and_then(|value| value.to_str().ok()).unwrap_or_default();
    require_csrf_token(app, headers, https, token)
}

/// As [`require_csrf`], with a token that came in a form.
pub fn require_csrf_token(app: &App, headers: &HeaderMap, https: bool, token: &str) -> Result<(), Refusal> {
    let proven = session_id(headers, https).is_some_and(|id| is_csrf_token(app, &id, token));
    let host = headers.get(HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let asked = format!("{}://{host}", if https { "https" } else { "http" });
    if proven && is_same_origin(headers, &[&app.config.derived.origin, &asked]) {
        Ok(())
    } else {
        Err(Refusal::Csrf)
    }
}
