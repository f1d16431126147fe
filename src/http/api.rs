//! Quay's REST API below `/api/v1`.
//!
//! A request line becomes an [`ApiRoute`] ([`table`] has every row: path, rights, parameters, body, handler); [`answer`]
//! checks what is the same for all routes and calls the handler where it may block. Handlers decode, call one use case and
//! encode; they decide nothing. Refusals get status and body in [`super::error`].

pub mod answers;
mod apptoken;
pub mod authenticate;
pub mod avatar;
pub mod call;
mod entities;
mod errors;
mod logs;
mod oauth;
mod openapi;
mod organizations;
mod permissions;
mod prototypes;
mod repositories;
mod robots;
pub mod route;
pub mod schema;
mod session;
pub mod shape;
mod superuser;
pub mod table;
mod teams;
mod user;

pub use route::{Access, Endpoint, PREFIX, Payload, Query, Spec, Unrouted};
pub use schema::{Field, Schema};
pub use shape::Shape;
pub use table::ApiRoute;

use super::blocking::Blocking;
use super::body::{BodyLimits, Fields, RequestBody, read_limited};
use super::error::{self, Refusal};
use super::reply::{self, Body};
use crate::config::RegistryState;
use crate::service::App;
use crate::service::actor::Actor;
use crate::service::error::ServiceError;
use crate::store::audit::Origin;
use authenticate::{Credential, authenticate, require_csrf};
use bytes::Bytes;
use call::Call;
use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
};
use hyper::header::{ALLOW, HeaderName, HeaderValue, USER_AGENT};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, Request, Response};
use std::sync::Arc;

const REQUESTED_WITH: HeaderName = HeaderName::from_static("x-requested-with");

/// Answers a request, and tells the name of the caller for the log.
pub async fn answer(
    app: &Arc<App>,
    blocking: &Blocking,
    route: ApiRoute,
    request: Request<RequestBody>,
    origin: Origin,
    https: bool,
) -> (Response<Body>, Option<String>) {
    let (head, body) = request.into_parts();
    let body = match route.endpoint().spec.payload {
        Payload::None => Ok(Bytes::new()),
        // Whether the body is to be had is told after it is known that the caller may send one.
        Payload::Optional(_) | Payload::Required(_) => {
            read_limited(&head.headers, body, BodyLimits::default())
                .await
                .map_err(|error| (error::body_status(&error), error.to_string()))
        }
    };
    let long = route.endpoint().spec.long;
    let (shared, threads) = (Arc::clone(app), blocking.clone());
    let work = move || {
        let mut caller = None;
        let answer = admit(shared, threads, route.endpoint(), head, body, origin, https, &mut caller)
            .and_then(|call| route.handle(&call));
        (answer, caller)
    };
    let done = if long { blocking.run_long(work).await } else { blocking.run(work).await };
    let (answer, caller) = done.unwrap_or_else(|busy| (Err(Refusal::Busy(busy)), None));
    let mut response = answer.unwrap_or_else(|refusal| error::api(&app.config.derived.origin, &refusal));
    finish(&mut response);
    (response, caller)
}

/// Checks what is the same for all routes.
#[expect(clippy::too_many_arguments, reason = "all that is known of a request, once")]
fn admit(
    app: Arc<App>,
    blocking: Blocking,
    endpoint: &'static Endpoint,
    head: Parts,
    body: Result<Bytes, (hyper::StatusCode, String)>,
    origin: Origin,
    https: bool,
    caller: &mut Option<String>,
) -> Result<Call, Refusal> {
    let access = endpoint.spec.access;
    let changes = !matches!(head.method, Method::GET | Method::HEAD);
    if access != Access::Open && !changes && app.config.people.browser_calls_xhr_only {
        refuse_address_bar(&head.headers)?;
    }
    let (actor, credential) = match access {
        Access::Open | Access::Csrf => (Actor::anonymous(origin), Credential::None),
        Access::Optional | Access::Required | Access::Fresh => {
            authenticate(&app, &head.headers, https, origin)?
        }
    };
    *caller = actor.identity().map(|identity| identity.name.to_string());
    if changes && access != Access::Open && !matches!(credential, Credential::AccessToken) {
        require_csrf(&app, &head.headers, https)?;
    }
    match (access, &credential) {
        (_, Credential::Unusable) | (Access::Required | Access::Fresh, Credential::None) => {
            return Err(ServiceError::Unauthenticated.into());
        }
        (Access::Optional, Credential::None) if !app.config.repositories.anonymous_access => {
            return Err(Refusal::Anonymous);
        }
        (Access::Fresh, Credential::Session { fresh: false, .. }) => return Err(Refusal::FreshLogin),
        _ => {}
    }
    // Signing in and out stays possible: it changes nothing that a registry sees.
    if changes && access != Access::Csrf && app.config.repositories.state == RegistryState::ReadOnly {
        return Err(Refusal::ReadOnly);
    }
    let query = Fields::of_query(&head.uri)?;
    Ok(Call { app, blocking, actor, credential, endpoint, head, https, query, body })
}

/// A browser that calls without a script of ours was made to by a link or an image on some page.
fn refuse_address_bar(headers: &HeaderMap) -> Result<(), Refusal> {
    let is = |name: &HeaderName, test: fn(&str) -> bool| {
        headers.get(name).and_then(|value| value.to_str().ok()).is_some_and(test)
    };
    let browser = is(&USER_AGENT, |agent| agent.starts_with("Mozilla/") || agent.starts_with("Opera/"));
    if browser && !is(&REQUESTED_WITH, |value| value == "XMLHttpRequest") {
        return Err(Refusal::Browser);
    }
    Ok(())
}

/// The answer to a request line below `/api/v1` that is no route.
pub fn refuse(app: &App, unrouted: &Unrouted, query: Option<&str>) -> Response<Body> {
    let mut response = error::api_unrouted(&app.config.derived.origin, unrouted, query);
    finish(&mut response);
    response
}

/// Headers of every answer. Scripts of other sites may call, but browsers never send them cookies: only a bearer of an
/// access token gets further than anonymous that way.
fn finish(response: &mut Response<Body>) {
    reply::no_store(response);
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    if let Some(allowed) = headers.get(ALLOW).cloned() {
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, allowed);
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("Authorization, Content-Type"));
    }
}
