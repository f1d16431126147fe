//! The one match over routes: authenticate, call the service, answer.

use super::address::{self, client_address, is_https};
use super::api;
use super::blocking::Blocking;
use super::body::RequestBody;
use super::error;
use super::exchange;
use super::quay;
use super::registry;
use super::reply::{self, Body, REQUEST_ID, Surface};
use super::route::{Route, RouteError};
use super::server::Connection;
use super::web::{self, WebRoute};
use crate::service::App;
use crate::store::StoreError;
use crate::store::audit::Origin;
use crate::telemetry::metrics::{self, Metrics, Requests};
use crate::telemetry::{RequestId, RequestRecord, Stopwatch};
use hyper::header::{ACCEPT, ALLOW, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::json;
use std::net::IpAddr;
use std::sync::Arc;

/// Answers requests. Shared by all connections.
pub struct Dispatch {
    app: Arc<App>,
    metrics: Arc<Metrics>,
    /// Tokens that were issued: nearly all there is to count.
    issued: Requests,
    blocking: Blocking,
}

/// An answer, and who it was given to, for the log.
pub(super) struct Outcome {
    response: Response<Body>,
    caller: Option<String>,
}

impl From<Response<Body>> for Outcome {
    fn from(response: Response<Body>) -> Self {
        Self { response, caller: None }
    }
}

impl Dispatch {
    /// Answers for `app` and counts in `metrics`.
    pub fn new(app: Arc<App>, metrics: Arc<Metrics>) -> Self {
        let issued = metrics.requests_of(Route::Token.label(), StatusCode::OK.as_u16());
        Self { app, metrics, issued, blocking: Blocking::default() }
    }

    /// Answers one request.
    pub async fn handle(&self, request: Box<Request<RequestBody>>, connection: Connection) -> Response<Body> {
        let stopwatch = Stopwatch::start();
        let proxies = &self.app.config.server.trusted_proxies;
        let peer = connection.peer.ip();
        let client = client_address(peer, request.headers(), proxies);
        let client_text = if client == peer { connection.address } else { client.to_string().into() };
        let https = is_https(connection.tls, peer, request.headers(), proxies);
        let given = request.headers().get(REQUEST_ID).map(HeaderValue::as_bytes);
        let request_id = RequestId::from_header(given, self.app.random.as_ref());
        let origin =
            Origin { address: Some(client), request_id: Some(request_id.clone()), ..Origin::default() };
        let method = request.method().clone();
        let route = Route::parse(&method, request.uri().path());
        let route = match route {
            Err(RouteError::NotFound) if wants_page(&request) => Ok(Route::Web(WebRoute::Missing)),
            Err(RouteError::MethodNotAllowed(allowed)) if wants_page(&request) => {
                Ok(Route::Web(WebRoute::FormOnly(allowed)))
            }
            parsed => parsed,
        };
        let label = route.as_ref().map_or("none", Route::label);
        let is_token = matches!(route, Ok(Route::Token));
        let surface = route.as_ref().map_or(Surface::Api, Route::surface);
        let mut outcome = match route {
            Ok(route) => self.answer(route, request, origin, https, peer, stopwatch).await,
            Err(RouteError::Api(refused)) => api::refuse(&self.app, &refused, request.uri().query()).into(),
            Err(refused) => refuse(&refused).into(),
        };
        let response = &mut outcome.response;
        reply::secure(response, surface, https);
        if let Ok(value) = HeaderValue::from_str(request_id.as_str()) {
            response.headers_mut().insert(REQUEST_ID, value);
        }
        let record = RequestRecord {
            route: label,
            method: method.as_str(),
            status: response.status().as_u16(),
            duration: stopwatch.elapsed(),
            caller: outcome.caller.as_deref().unwrap_or_default(),
            request_id: &request_id,
            client: &client_text,
        };
        record.log();
        if is_token && response.status() == StatusCode::OK {
            self.issued.count(record.duration);
        } else {
            self.metrics.request(record.route, record.status, record.duration);
        }
        outcome.response
    }

    async fn answer(
        &self,
        route: Route,
        request: Box<Request<RequestBody>>,
        origin: Origin,
        https: bool,
        peer: IpAddr,
        stopwatch: Stopwatch,
    ) -> Outcome {
        // The large ones boxed: their state would otherwise be part of every request's, and be moved with it.
        match route {
            Route::Api(route) => {
                let answer = api::answer(&self.app, &self.blocking, route, *request, origin, https);
                let (response, caller) = Box::pin(answer).await;
                Outcome { response, caller }
            }
            Route::Quay(route) => {
                Box::pin(quay::answer(&self.app, &self.blocking, route, *request, origin, https)).await.into()
            }
            Route::Web(route) => {
                let proxies = &self.app.config.server.trusted_proxies;
                let host = address::host(peer, request.headers(), proxies).map(ToOwned::to_owned);
                let circumstances = web::Circumstances { origin, https, host };
                let answer = web::answer(&self.app, &self.blocking, route, *request, circumstances);
                let (response, caller) = Box::pin(answer).await;
                Outcome { response, caller }
            }
            Route::Token => {
                let answer = registry::token(&self.app, request, origin, stopwatch).await;
                self.metrics.token(answer.outcome, answer.kind);
                Outcome { response: answer.response, caller: answer.caller }
            }
            Route::RobotToken => {
                // A whole handshake with an issuer may be inside of it.
                let answer = Box::pin(exchange::exchange(&self.app, request.headers(), origin)).await;
                self.metrics.exchange(answer.outcome);
                Outcome { response: answer.response, caller: answer.caller }
            }
            Route::HealthInstance | Route::Health => self.health().into(),
            Route::InternalPing => reply::json(StatusCode::OK, &true).into(),
            Route::Metrics => self.metrics().into(),
            Route::RegistryPing => match registry::ping(&self.app, request.headers()) {
                Ok(subject) => {
                    Outcome { response: reply::json(StatusCode::OK, &true), caller: Some(subject) }
                }
                Err(response) => (*response).into(),
            },
            Route::Jwks => {
                let keys = self.app.ring.jwks(self.app.now());
                reply::with_type(StatusCode::OK, "application/jwk-set+json", keys).into()
            }
            Route::RootCertificate => {
                let certificate = self.app.ring.root_certificate();
                reply::with_type(StatusCode::OK, "application/x-pem-file", certificate).into()
            }
        }
    }

    fn metrics(&self) -> Response<Body> {
        if self.app.config.server.metrics_listen.is_some() {
            return refuse(&RouteError::NotFound);
        }
        reply::with_type(StatusCode::OK, metrics::CONTENT_TYPE, self.metrics.encode())
    }

    /// Quay's health answer. The database is asked for a row, so that a lost disk shows.
    fn health(&self) -> Response<Body> {
        let database = self.app.store.read::<_, StoreError>("health", |tx| tx.is_empty()).is_ok();
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

/// Whether a person is to be told that there is nothing: a browser that asks, outside the paths of registry and REST API.
/// Clients of those read JSON, also when a browser's code sends the request.
fn wants_page(request: &Request<RequestBody>) -> bool {
    let path = request.uri().path();
    let machines = ["/v2", "/api"].iter().any(|prefix| {
        path.strip_prefix(prefix).is_some_and(|below| below.is_empty() || below.starts_with('/'))
    });
    let accepted = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok());
    let html = accepted.is_some_and(|accepted| {
        accepted.split([',', ';']).any(|kind| kind.trim().eq_ignore_ascii_case("text/html"))
    });
    !machines && html && matches!(*request.method(), Method::GET | Method::HEAD)
}

fn refuse(refused: &RouteError) -> Response<Body> {
    match refused {
        RouteError::NotFound | RouteError::Api(_) => {
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
