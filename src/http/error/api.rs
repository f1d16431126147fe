//! Refusals of the REST API: Quay's statuses, bodies and texts, in one place. Clients match on several of them.

use super::{INTERNAL, RETRY_SECONDS, body_status, store};
use crate::http::api::{PREFIX, Unrouted};
use crate::http::blocking::Busy;
use crate::http::body::{BodyError, FieldsError};
use crate::http::reply::{self, Body};
use crate::service::error::ServiceError;
use crate::store::StoreError;
use hyper::header::{ALLOW, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

/// A change without an access token and without the CSRF token of a session.
const CSRF: &str = "CSRF token was invalid or missing.";
/// The body is no JSON.
const MALFORMED: &str = "The browser (or proxy) sent a request that this server could not understand.";
/// The body does not say that it is JSON.
const NOT_JSON: &str =
    "Did not attempt to load JSON data because the request Content-Type was not 'application/json'.";
/// The body that must be there is not.
const MISSING_BODY: &str = "Missing JSON body";
/// A method that the path does not have.
const METHOD: &str = "The method is not allowed for the requested URL.";
/// A browser's address bar, or another site's page, calls the API.
const BROWSER: &str = "API calls must be invoked with an X-Requested-With header if called from a browser";
/// FEATURE_ANONYMOUS_ACCESS is off.
const ANONYMOUS: &str = "Anonymous access is not allowed";
/// REGISTRY_STATE is readonly.
const READ_ONLY: &str =
    "System is currently read-only. Pulls will succeed but all write operations are currently suspended.";
/// What one route of Quay says instead of `Unauthorized`.
const DENIED: &str = "You don't have the permission to access the requested resource. It is either read-protected or not \
     readable by the server.";
/// Nothing is there, or the caller may not know that it is.
const NOT_FOUND: &str = "Not Found";
/// The session is too old for what is asked.
const FRESH_LOGIN: &str = "The action requires a fresh login to succeed.";

/// Why a request to the REST API is refused.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// By a use case.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The body did not arrive as it should.
    #[error("{1}")]
    Body(StatusCode, String),
    /// The body is no JSON.
    #[error("{MALFORMED}")]
    Malformed,
    /// The body does not say that it is JSON.
    #[error("{NOT_JSON}")]
    NotJson,
    /// The body that must be there is not.
    #[error("{MISSING_BODY}")]
    MissingBody,
    /// The body, or a query parameter, does not have the form that it must have.
    #[error("{0}")]
    Schema(String),
    /// A query parameter that must be a number is none: its name, and what it is for.
    #[error("{0} must be a number")]
    Integer(&'static str, &'static str),
    /// Neither access token nor CSRF token.
    #[error("{CSRF}")]
    Csrf,
    /// A browser calls by itself.
    #[error("{BROWSER}")]
    Browser,
    /// Nobody may come without credentials.
    #[error("{ANONYMOUS}")]
    Anonymous,
    /// Nothing may be changed.
    #[error("{READ_ONLY}")]
    ReadOnly,
    /// The password must be given again.
    #[error("{FRESH_LOGIN}")]
    FreshLogin,
    /// As `Forbidden`, in the words of one route.
    #[error("{DENIED}")]
    Denied,
    /// Too much is being done.
    #[error(transparent)]
    Busy(#[from] Busy),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Service(ServiceError::Store(error))
    }
}

impl From<FieldsError> for Refusal {
    fn from(error: FieldsError) -> Self {
        Self::Schema(error.to_string())
    }
}

impl From<&BodyError> for Refusal {
    fn from(error: &BodyError) -> Self {
        Self::Body(body_status(error), error.to_string())
    }
}

/// The two shapes of Quay's errors.
enum Shape {
    /// The full shape, with its error type.
    Api(&'static str),
    /// `{"message": ...}`
    Message,
    /// `{"error": ...}`
    Error,
}

/// The answer to a refused request. `origin` is scheme, host and port of this service: error types are addresses below it.
pub fn api(origin: &str, refusal: &Refusal) -> Response<Body> {
    let (status, shape) = classify(refusal);
    let text = match refusal {
        Refusal::Service(ServiceError::Store(error)) => store(error).1.to_owned(),
        Refusal::Service(ServiceError::Internal(_)) => INTERNAL.to_owned(),
        other => other.to_string(),
    };
    if status.is_server_error() && !matches!(refusal, Refusal::ReadOnly) {
        tracing::error!(error = ?refusal, "a request failed");
    }
    let mut response = match (shape, refusal) {
        (_, Refusal::Integer(name, help)) => reply::json(status, &json!({ "message": { *name: help } })),
        (_, Refusal::ReadOnly) => reply::json(status, &json!({ "message": text, "is_readonly": true })),
        (Shape::Api(kind), _) => api_error(origin, status, kind, &text),
        (Shape::Message, _) => reply::json(status, &json!({ "message": text })),
        (Shape::Error, _) => reply::json(status, &json!({ "error": text })),
    };
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, RETRY_SECONDS);
    }
    response
}

fn classify(refusal: &Refusal) -> (StatusCode, Shape) {
    match refusal {
        Refusal::Service(error) => service(error),
        Refusal::Body(status, _) => (*status, Shape::Message),
        Refusal::Malformed | Refusal::Integer(..) => (StatusCode::BAD_REQUEST, Shape::Message),
        Refusal::NotJson => (StatusCode::UNSUPPORTED_MEDIA_TYPE, Shape::Message),
        Refusal::MissingBody | Refusal::Schema(_) => (StatusCode::BAD_REQUEST, Shape::Api("invalid_request")),
        Refusal::Csrf => (StatusCode::FORBIDDEN, Shape::Error),
        Refusal::Browser => (StatusCode::BAD_REQUEST, Shape::Error),
        Refusal::Anonymous => (StatusCode::UNAUTHORIZED, Shape::Error),
        Refusal::ReadOnly => (StatusCode::SERVICE_UNAVAILABLE, Shape::Message),
        Refusal::FreshLogin => (StatusCode::UNAUTHORIZED, Shape::Api("fresh_login_required")),
        Refusal::Denied => (StatusCode::FORBIDDEN, Shape::Message),
        Refusal::Busy(Busy) => (StatusCode::SERVICE_UNAVAILABLE, Shape::Message),
    }
}

fn service(error: &ServiceError) -> (StatusCode, Shape) {
    match error {
        ServiceError::Unauthenticated => (StatusCode::UNAUTHORIZED, Shape::Api("invalid_token")),
        ServiceError::Forbidden => (StatusCode::FORBIDDEN, Shape::Api("insufficient_scope")),
        ServiceError::NotFound(_) => (StatusCode::NOT_FOUND, Shape::Api("not_found")),
        ServiceError::Invalid(_) | ServiceError::Retired { .. } | ServiceError::RobotsDisallowed => {
            (StatusCode::BAD_REQUEST, Shape::Api("invalid_request"))
        }
        ServiceError::Refused(_) => (StatusCode::BAD_REQUEST, Shape::Message),
        ServiceError::Busy => (StatusCode::SERVICE_UNAVAILABLE, Shape::Message),
        ServiceError::Store(error) => (store(error).0, Shape::Message),
        ServiceError::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, Shape::Message),
    }
}

/// Quay's full shape. The text stands twice because clients read one or the other.
fn api_error(origin: &str, status: StatusCode, kind: &str, text: &str) -> Response<Body> {
    reply::json(status, &api_error_body(origin, status, kind, text))
}

/// The answer of `/user/` to a caller who is nobody: with the member by which Quay's front end knows that there is no session
/// that could be refreshed.
pub fn no_session(origin: &str) -> Response<Body> {
    let (status, text) = (StatusCode::UNAUTHORIZED, ServiceError::Unauthenticated.to_string());
    let mut body = api_error_body(origin, status, "invalid_token", &text);
    if let Some(members) = body.as_object_mut() {
        members.insert("session_required".to_owned(), false.into());
    }
    reply::json(status, &body)
}

fn api_error_body(origin: &str, status: StatusCode, kind: &str, text: &str) -> Value {
    json!({
        "detail": text,
        "error_message": text,
        "error_type": kind,
        "title": kind,
        "type": format!("{origin}{PREFIX}/error/{kind}"),
        "status": status.as_u16(),
    })
}

/// The answer to a request line that is no route.
pub fn api_unrouted(origin: &str, unrouted: &Unrouted, query: Option<&str>) -> Response<Body> {
    match unrouted {
        Unrouted::NotFound => api_error(origin, StatusCode::NOT_FOUND, "not_found", NOT_FOUND),
        Unrouted::MethodNotAllowed(allowed) => {
            let mut response = reply::json(StatusCode::METHOD_NOT_ALLOWED, &json!({ "message": METHOD }));
            allow(&mut response, allowed);
            response
        }
        Unrouted::Preflight(allowed) => {
            let mut response = reply::empty(StatusCode::OK);
            allow(&mut response, allowed);
            response
        }
        // A path of its own, not an address: whatever host the client used is right.
        Unrouted::MissingSlash(path) => reply::redirect_308(&match query {
            Some(query) => format!("{path}?{query}"),
            None => path.clone(),
        }),
    }
}

fn allow(response: &mut Response<Body>, allowed: &str) {
    if let Ok(value) = HeaderValue::from_str(allowed) {
        response.headers_mut().insert(ALLOW, value);
    }
}

/// The error types that answers name, each with its description: what is served at `/api/v1/error/{type}`.
pub const ERROR_TYPES: &[(&str, &str)] = &[
    ("fresh_login_required", "The password has to be given again before this can be done."),
    ("insufficient_scope", "The caller, or its access token, does not have the right that this needs."),
    ("invalid_request", "The request cannot be carried out as it is; the text says what is wrong with it."),
    ("invalid_token", "There are no credentials with the request, or they are wrong or expired."),
    ("not_found", "What the request names is not there."),
];

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    fn answer(refusal: &Refusal) -> (u16, Value) {
        let response = api("https://auth.example", refusal);
        let status = response.status().as_u16();
        let collected = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let bytes = collected.block_on(response.into_body().collect()).unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap())
    }

    #[test]
    fn an_api_error_has_quays_six_members() {
        let (status, body) = answer(&ServiceError::Unauthenticated.into());
        assert_eq!(status, 401);
        let expected = json!({
            "detail": "Requires authentication",
            "error_message": "Requires authentication",
            "error_type": "invalid_token",
            "title": "invalid_token",
            "type": "https://auth.example/api/v1/error/invalid_token",
            "status": 401,
        });
        assert_eq!(body.to_string(), expected.to_string(), "the order counts too");
    }

    #[test]
    fn each_refusal_has_the_shape_that_clients_know() {
        let robot = crate::service::robots::NOT_FOUND;
        let cases = [
            (Refusal::Csrf, 403, json!({ "error": "CSRF token was invalid or missing." })),
            (
                ServiceError::Refused(robot.to_owned()).into(),
                400,
                json!({ "message": "Could not find robot with specified username" }),
            ),
            (
                Refusal::Integer("limit", "If specified, the number of robots to return."),
                400,
                json!({ "message": { "limit": "If specified, the number of robots to return." } }),
            ),
            (
                Refusal::ReadOnly,
                503,
                json!({
                    "message": "System is currently read-only. Pulls will succeed but all write operations are currently suspended.",
                    "is_readonly": true,
                }),
            ),
            (
                Refusal::Browser,
                400,
                json!({ "error": "API calls must be invoked with an X-Requested-With header if called from a browser" }),
            ),
            (Refusal::Anonymous, 401, json!({ "error": "Anonymous access is not allowed" })),
        ];
        for (refusal, status, body) in cases {
            assert_eq!(answer(&refusal), (status, body));
        }
    }

    #[test]
    fn a_fault_of_ours_says_nothing_of_itself() {
        let (status, body) = answer(&ServiceError::Internal("secret detail".to_owned()).into());
        assert_eq!(status, 500);
        assert!(!body.to_string().contains("secret"));
    }
}
