//! Where every refusal gets its status and its body: body A of the distribution specification on the registry's paths,
//! Quay's shapes in the REST API (`api`).

mod api;

pub use api::{ERROR_TYPES, Refusal, api, api_unrouted, no_session};

use super::body::BodyError;
use super::exchange::ExchangeRefusal;
use super::registry::TokenError;
use super::reply::{self, Body};
use crate::issuers::Unverified;
use crate::service::exchange::ExchangeError;
use crate::service::issue::IssueError;
use crate::service::login::LoginError;
use crate::store::StoreError;
use hyper::header::{HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use hyper::{Response, StatusCode};
use serde_json::json;

/// Seconds after which a refused client may try again when the cause passes by itself.
const RETRY_SECONDS: HeaderValue = HeaderValue::from_static("1");
/// Helps curl and browsers to ask for a password. Never `Bearer`: docker mixes its text into the error.
const CHALLENGE: HeaderValue = HeaderValue::from_static("Basic realm=\"dockpass\", charset=\"UTF-8\"");

/// What docker looks for to recognise a registry of the second version.
const API_VERSION: HeaderName = HeaderName::from_static("docker-distribution-api-version");

/// Body A: one error with a code from the distribution specification and a sentence for people.
pub fn registry(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    let mut response =
        reply::json(status, &json!({ "errors": [{ "code": code, "message": message, "detail": {} }] }));
    reply::no_store(&mut response);
    match status {
        StatusCode::UNAUTHORIZED => {
            response.headers_mut().insert(WWW_AUTHENTICATE, CHALLENGE);
        }
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
            response.headers_mut().insert(RETRY_AFTER, RETRY_SECONDS);
        }
        _ => {}
    }
    response
}

/// The answer of `GET /v2/` to a client without a valid token: where to get one.
pub fn challenge(realm: &str, service: &str) -> Response<Body> {
    let mut response = registry(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "authentication required");
    // Neither can hold a quote: both were checked when the configuration was read.
    if let Ok(value) = HeaderValue::from_str(&format!("Bearer realm=\"{realm}\",service=\"{service}\"")) {
        response.headers_mut().insert(WWW_AUTHENTICATE, value);
    }
    response.headers_mut().insert(API_VERSION, HeaderValue::from_static("registry/2.0"));
    response
}

/// The answer to a refused token request. The sentence of a 5xx never says more than that it was not the client's fault; the
/// log does.
pub fn token(error: &TokenError) -> Response<Body> {
    let (status, code, message) = match error {
        TokenError::Issue(
            IssueError::Login(LoginError::Wrong | LoginError::RobotsDisallowed) | IssueError::Anonymous,
        ) => (StatusCode::UNAUTHORIZED, "UNAUTHORIZED", error.to_string()),
        TokenError::Issue(IssueError::Login(LoginError::Throttled { retry_after })) => {
            let mut response = registry(StatusCode::TOO_MANY_REQUESTS, "TOOMANYREQUESTS", &error.to_string());
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(*retry_after));
            return response;
        }
        TokenError::Issue(IssueError::Login(LoginError::Busy)) => {
            (StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", error.to_string())
        }
        TokenError::Issue(IssueError::Login(LoginError::Store(error)) | IssueError::Store(error)) => {
            let (status, message) = store(error);
            (status, "UNAVAILABLE", message.to_owned())
        }
        TokenError::Issue(IssueError::UnknownService(_)) => {
            (StatusCode::BAD_REQUEST, "INVALID_REQUEST", error.to_string())
        }
        TokenError::Issue(IssueError::Signing(_)) => {
            (StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN", INTERNAL.to_owned())
        }
        TokenError::Body(error) => (body_status(error), "INVALID_REQUEST", error.to_string()),
        TokenError::Query(_) | TokenError::GrantType(_) | TokenError::Missing(_) => {
            (StatusCode::BAD_REQUEST, "INVALID_REQUEST", error.to_string())
        }
        TokenError::HeadersTooLarge => {
            (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "INVALID_REQUEST", error.to_string())
        }
    };
    // That many passwords are being checked is in the metrics; a flood must not become a flood of log lines.
    let busy = matches!(error, TokenError::Issue(IssueError::Login(LoginError::Busy)));
    if status.is_server_error() && !busy {
        tracing::error!(error = ?error, "no token was issued");
    }
    registry(status, code, &message)
}

/// The answer to a keyless robot whose token is not exchanged, in Quay's two shapes: `error` for a header that is no robot's
/// credentials, `message` for a token that does not fit.
pub fn exchange(refusal: &ExchangeRefusal) -> Response<Body> {
    let message = |status, text: &str| reply::json(status, &json!({ "message": text }));
    let mut response = match refusal {
        ExchangeRefusal::Exchange(ExchangeError::Store(error)) => {
            tracing::error!(error = ?error, "no robot token was issued");
            let (status, text) = store(error);
            message(status, text)
        }
        ExchangeRefusal::Exchange(ExchangeError::Unverified(Unverified::Unavailable)) => {
            message(StatusCode::SERVICE_UNAVAILABLE, &refusal.to_string())
        }
        ExchangeRefusal::Exchange(ExchangeError::Throttled { retry_after }) => {
            let mut response = message(StatusCode::TOO_MANY_REQUESTS, &refusal.to_string());
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(*retry_after));
            response
        }
        ExchangeRefusal::Exchange(ExchangeError::NotARobot)
        | ExchangeRefusal::NoHeader
        | ExchangeRefusal::NotBasic
        | ExchangeRefusal::Unreadable
        | ExchangeRefusal::NoPair => {
            let body = json!({ "error": refusal.to_string() });
            let mut response = reply::json(StatusCode::UNAUTHORIZED, &body);
            response.headers_mut().insert(WWW_AUTHENTICATE, CHALLENGE);
            response
        }
        ExchangeRefusal::Exchange(_) => message(StatusCode::BAD_REQUEST, &refusal.to_string()),
    };
    if response.status() == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, RETRY_SECONDS);
    }
    reply::no_store(&mut response);
    response
}

/// What clients are told of a fault in this program.
pub const INTERNAL: &str =
    "an internal error happened; the log of dockpass has the cause under this request's id";

/// Status and sentence for a failure of the store: 503 for what passes, 500 for what needs people.
pub fn store(error: &StoreError) -> (StatusCode, &'static str) {
    match error {
        StoreError::Unavailable(_) => {
            (StatusCode::SERVICE_UNAVAILABLE, "the database is not available, try again later")
        }
        StoreError::Incompatible(_) | StoreError::Corrupt { .. } | StoreError::Statement(_) => {
            (StatusCode::INTERNAL_SERVER_ERROR, INTERNAL)
        }
    }
}

/// The status for a body that was not accepted.
pub const fn body_status(error: &BodyError) -> StatusCode {
    match error {
        BodyError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        BodyError::TimedOut => StatusCode::REQUEST_TIMEOUT,
        BodyError::Encoding | BodyError::MediaType { .. } => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        BodyError::ContentType | BodyError::Fields(_) | BodyError::Interrupted(_) => StatusCode::BAD_REQUEST,
    }
}
