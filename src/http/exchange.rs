//! `GET /oauth2/federation/robot/token`, Quay's way for keyless robots: HTTP Basic with the robot's name and a token of an outside
//! issuer, answered with a token that the robot logs in with.

use super::authenticate::{Malformed, basic};
use super::error;
use super::reply::{self, Body};
use crate::service::App;
use crate::service::exchange::{self, ExchangeError, ExchangeRequest, Exchanged};
use crate::service::login::Credentials;
use crate::store::audit::Origin;
use crate::telemetry::labels::ExchangeOutcome;
use hyper::header::{AUTHORIZATION, HeaderValue, VARY};
use hyper::{HeaderMap, Response, StatusCode};
use serde_json::json;

/// Why the credentials cannot be exchanged. Status and body: [`super::error::exchange`].
#[derive(Debug, thiserror::Error)]
pub enum ExchangeRefusal {
    /// There is no `Authorization` header. This text and the three below are Quay's.
    #[error("No auth header")]
    NoHeader,
    /// It is not HTTP Basic.
    #[error("Invalid basic auth header")]
    NotBasic,
    /// It is not base64 of a text.
    #[error("Could not parse basic auth header")]
    Unreadable,
    /// There is no colon in it.
    #[error("Unexpected number of credentials found in basic auth header")]
    NoPair,
    /// The exchange was refused.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
}

impl From<Malformed> for ExchangeRefusal {
    fn from(malformed: Malformed) -> Self {
        match malformed {
            Malformed::Header => Self::NotBasic,
            Malformed::Encoding => Self::Unreadable,
            Malformed::Pair => Self::NoPair,
        }
    }
}

/// The answer, and what log and metrics say about it.
pub(super) struct ExchangeAnswer {
    pub(super) response: Response<Body>,
    /// The robot that a token was issued to.
    pub(super) caller: Option<String>,
    pub(super) outcome: ExchangeOutcome,
}

/// Answers a request.
pub(super) async fn exchange(app: &App, headers: &HeaderMap, origin: Origin) -> ExchangeAnswer {
    let exchanged = match read(headers, origin) {
        Ok(request) => exchange::exchange(app, &request).await.map_err(ExchangeRefusal::from),
        Err(refused) => Err(refused),
    };
    match exchanged {
        Ok(Exchanged { robot, token }) => {
            let mut response = reply::json(StatusCode::OK, &json!({ "token": token.expose() }));
            reply::no_store(&mut response);
            response.headers_mut().insert(VARY, HeaderValue::from_static("Authorization"));
            ExchangeAnswer { response, caller: Some(robot), outcome: ExchangeOutcome::Exchanged }
        }
        Err(refused) => {
            let response = error::exchange(&refused);
            let outcome = match response.status() {
                StatusCode::TOO_MANY_REQUESTS => ExchangeOutcome::Throttled,
                status if status.is_server_error() => ExchangeOutcome::Unavailable,
                _ => ExchangeOutcome::Refused,
            };
            ExchangeAnswer { response, caller: None, outcome }
        }
    }
}

fn read(headers: &HeaderMap, origin: Origin) -> Result<ExchangeRequest, ExchangeRefusal> {
    match basic(headers)? {
        Credentials::Password { username, password } => {
            Ok(ExchangeRequest { username, token: password, origin })
        }
        Credentials::None if headers.contains_key(AUTHORIZATION) => Err(ExchangeError::NotARobot.into()),
        Credentials::None => Err(ExchangeRefusal::NoHeader),
    }
}
