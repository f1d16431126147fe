//! The request line, read by one pure function into one closed enum. A route decides how its caller is authenticated, the
//! surface (and with it the shape of errors) and the metric label.

use super::api::{ApiRoute, PREFIX, Unrouted};
use super::quay::QuayRoute;
use super::reply::Surface;
use super::web::WebRoute;
use hyper::Method;

/// What a request is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// `GET` or `POST` on the realm: a registry token. Quay's path and the usual one.
    Token,
    /// `GET` on Quay's path for keyless robots: an outside issuer's token exchanged for a robot token.
    RobotToken,
    /// `GET /v2/`: whether a registry token is valid here.
    RegistryPing,
    /// The public signing keys as a JWKS.
    Jwks,
    /// The token root certificate: a registry's `rootcertbundle`.
    RootCertificate,
    /// Whether this process can serve: what an orchestrator's probe asks.
    HealthInstance,
    /// Whether this service and what it depends on are well.
    Health,
    /// Quay's ping for load balancers.
    InternalPing,
    /// Prometheus metrics.
    Metrics,
    /// Quay's REST API.
    Api(ApiRoute),
    /// What Quay serves beside its API.
    Quay(QuayRoute),
    /// A page for people.
    Web(WebRoute),
}

/// Why a request line is no route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RouteError {
    /// There is nothing at this path.
    NotFound,
    /// There is something at this path, but not for this method; these are the ones there are.
    MethodNotAllowed(&'static str),
    /// It is below the REST API's prefix, but no route there.
    Api(Unrouted),
}

impl Route {
    /// Reads method and path. The path is compared as it was sent: nothing is decoded or normalised, so there is no second
    /// spelling of a route. Only parameters inside a path of the REST API are decoded, once, after it was split.
    pub fn parse(method: &Method, path: &str) -> Result<Self, RouteError> {
        if path.strip_prefix(PREFIX).is_some_and(|below| below.starts_with('/')) {
            return ApiRoute::parse(method, path).map(Self::Api).map_err(RouteError::Api);
        }
        let (route, allowed) = match path {
            "/v2/auth" | "/token" => (Self::Token, "GET, HEAD, POST"),
            "/oauth2/federation/robot/token" => (Self::RobotToken, "GET, HEAD"),
            "/v2/" | "/v2" => (Self::RegistryPing, "GET, HEAD"),
            "/keys/services/dockpass/keys" | "/keys/services/quay/keys" | "/.well-known/jwks.json" => {
                (Self::Jwks, "GET, HEAD")
            }
            "/keys/services/dockpass/root.pem" => (Self::RootCertificate, "GET, HEAD"),
            "/health/instance" => (Self::HealthInstance, "GET, HEAD"),
            "/health" | "/health/endtoend" | "/status" | "/health/warning" => (Self::Health, "GET, HEAD"),
            "/_internal_ping" => (Self::InternalPing, "GET, HEAD"),
            "/metrics" => (Self::Metrics, "GET, HEAD"),
            _ if let Some((route, allowed)) = QuayRoute::parse(path) => (Self::Quay(route), allowed),
            _ => {
                let page = WebRoute::parse(method, path).ok_or(RouteError::NotFound)?;
                return page.map(Self::Web);
            }
        };
        if allowed.split(", ").any(|allowed| allowed == method.as_str()) {
            Ok(route)
        } else {
            Err(RouteError::MethodNotAllowed(allowed))
        }
    }

    /// The label in logs and metrics. Never holds a name that a client chose.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::RobotToken => "robot_token",
            Self::RegistryPing => "registry_ping",
            Self::Jwks => "jwks",
            Self::RootCertificate => "root_certificate",
            Self::HealthInstance => "health_instance",
            Self::Health => "health",
            Self::InternalPing => "internal_ping",
            Self::Metrics => "metrics",
            Self::Api(route) => route.endpoint().id,
            Self::Quay(route) => route.label(),
            Self::Web(route) => route.label(),
        }
    }

    /// Which security headers the answer carries.
    pub const fn surface(&self) -> Surface {
        match self {
            Self::Web(_) => Surface::Page,
            _ => Surface::Api,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_endpoint_has_two_paths_and_three_methods() {
        for path in ["/v2/auth", "/token"] {
            for method in [Method::GET, Method::HEAD, Method::POST] {
                assert_eq!(Route::parse(&method, path), Ok(Route::Token));
            }
            let refused = Route::parse(&Method::PUT, path);
            assert_eq!(refused, Err(RouteError::MethodNotAllowed("GET, HEAD, POST")));
        }
    }

    #[test]
    fn every_path_outside_the_api_has_its_route_its_label_and_its_headers() {
        let paths = [
            ("/v2/auth", Route::Token, "token"),
            ("/token", Route::Token, "token"),
            ("/oauth2/federation/robot/token", Route::RobotToken, "robot_token"),
            ("/v2/", Route::RegistryPing, "registry_ping"),
            ("/v2", Route::RegistryPing, "registry_ping"),
            ("/keys/services/dockpass/keys", Route::Jwks, "jwks"),
            ("/.well-known/jwks.json", Route::Jwks, "jwks"),
            ("/keys/services/dockpass/root.pem", Route::RootCertificate, "root_certificate"),
            ("/health/instance", Route::HealthInstance, "health_instance"),
            ("/health", Route::Health, "health"),
            ("/health/endtoend", Route::Health, "health"),
            ("/status", Route::Health, "health"),
            ("/health/warning", Route::Health, "health"),
            ("/_internal_ping", Route::InternalPing, "internal_ping"),
            ("/metrics", Route::Metrics, "metrics"),
        ];
        for (path, route, label) in paths {
            let parsed = Route::parse(&Method::GET, path);
            assert_eq!((parsed.as_ref(), route.label()), (Ok(&route), label), "{path}");
            assert_eq!(route.surface(), Surface::Api);
            let refused = Route::parse(&Method::DELETE, path);
            assert!(matches!(refused, Err(RouteError::MethodNotAllowed(_))), "{path}");
        }
        let config = Route::parse(&Method::GET, "/config").unwrap();
        assert!(matches!(config, Route::Quay(_)) && config.surface() == Surface::Api);
        let page = Route::parse(&Method::GET, "/signin").unwrap();
        assert!(matches!(page, Route::Web(_)) && page.surface() == Surface::Page);
        let api = Route::parse(&Method::GET, "/api/v1/user/").unwrap();
        assert!(matches!(api, Route::Api(_)) && api.surface() == Surface::Api);
    }

    #[test]
    fn another_spelling_of_a_path_is_another_path() {
        for path in ["/TOKEN", "/token/", "//token", "/v2/../token", "/%74oken", "/v2/auth/", ""] {
            assert_eq!(Route::parse(&Method::GET, path), Err(RouteError::NotFound), "{path}");
        }
    }
}
