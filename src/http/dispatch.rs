//! The one match over routes: authenticate, call the service, answer.

use super::address::{client_address, is_https};
use super::body::RequestBody;
use super::error;
use super::registry;
use super::reply::{self, Body, Surface};
use super::route::{Route, RouteError};
use super::server::Connection;
use crate::domain::cidr::Cidr;
use crate::service::App;
use crate::store::StoreError;
use crate::store::audit::Origin;
use hyper::header::{ALLOW, HeaderName, HeaderValue};
use hyper::{Request, Response, StatusCode};
use serde_json::json;
use std::net::IpAddr;
use std::sync::Arc;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Answers requests. Shared by all connections.
pub struct Dispatch {
    app: Arc<App>,
    proxies: Vec<Cidr>,
}

/// What the request's log line and metrics say beside what the response shows.
struct Outcome {
    response: Response<Body>,
    caller: Option<String>,
}

impl From<Response<Body>> for Outcome {
    fn from(response: Response<Body>) -> Self {
        Self { response, caller: None }
    }
}

impl Dispatch {
    /// Answers for `app`; `proxies` are the peers whose `X-Forwarded-*` headers are believed.
    pub fn new(app: Arc<App>, proxies: Vec<Cidr>) -> Self {
        Self { app, proxies }
    }

    /// Answers one request.
    pub async fn handle(&self, request: Request<RequestBody>, connection: Connection) -> Response<Body> {
        let peer = connection.peer.ip();
        let address = client_address(peer, request.headers(), &self.proxies);
        let https = is_https(connection.tls, peer, request.headers(), &self.proxies);
        let request_id = self.request_id(&request);
        let origin = Origin {
            address: Some(address.to_string()),
            request_id: Some(request_id.clone()),
            ..Origin::default()
        };
        let route = Route::parse(request.method(), request.uri().path());
        let surface = route.map_or(Surface::Api, Route::surface);
        let mut outcome = match route {
            Ok(route) => self.answer(route, request, origin, address).await,
            Err(refused) => refuse(refused).into(),
        };
        reply::secure(&mut outcome.response, surface, https);
        if let Ok(value) = HeaderValue::from_str(&request_id) {
            outcome.response.headers_mut().insert(REQUEST_ID, value);
        }
        let label = route.map_or("none", Route::label);
        tracing::info!(
            target: "request",
            route = label,
            status = outcome.response.status().as_u16(),
            caller = outcome.caller.as_deref(),
            address = %address,
            request_id,
        );
        outcome.response
    }

    /// The id that a proxy gave the request, if it is well formed, or a new one.
    fn request_id(&self, request: &Request<RequestBody>) -> String {
        let given = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok());
        let formed = |id: &&str| {
            (1..=64).contains(&id.len())
                && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
        };
        if let Some(id) = given.filter(formed) {
            return id.to_owned();
        }
        let mut bytes = [0_u8; 16];
        self.app.random.fill(&mut bytes);
        format!("{:032x}", u128::from_be_bytes(bytes))
    }

    async fn answer(
        &self,
        route: Route,
        request: Request<RequestBody>,
        origin: Origin,
        _address: IpAddr,
    ) -> Outcome {
        match route {
            Route::Token => match registry::token(&self.app, request, origin).await {
                Ok((response, issued)) => {
                    Outcome { response, caller: Some(issued.caller.subject().to_owned()) }
                }
                Err(refused) => error::token(&refused).into(),
            },
            Route::HealthInstance | Route::Health => self.health().into(),
            Route::InternalPing => reply::json(StatusCode::OK, &true).into(),
            Route::RegistryPing | Route::Jwks | Route::RootCertificate | Route::Metrics => {
                refuse(RouteError::NotFound).into()
            }
        }
    }

    /// Quay's health answer. The database is asked for a row, so that a lost disk shows.
    fn health(&self) -> Response<Body> {
        let database = self.app.store.read::<_, StoreError>("health", |tx| tx.namespace_count()).is_ok();
        let status = if database { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        let mut response = reply::json(
            status,
            &json!({
                "data": { "services": { "auth": true, "database": database } },
                "status_code": status.as_u16(),
            }),
        );
        reply::no_store(&mut response);
        response
    }
}

fn refuse(refused: RouteError) -> Response<Body> {
    match refused {
        RouteError::NotFound => {
            error::registry(StatusCode::NOT_FOUND, "NOT_FOUND", "there is nothing at this path")
        }
        RouteError::MethodNotAllowed(allowed) => {
            let message = format!("only {allowed} can be used here");
            let mut response = error::registry(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", &message);
            response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
            response
        }
    }
}
