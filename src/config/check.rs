//! What settings must not say together, and what follows from them together.

use super::choices::UrlScheme;
use super::keys::Config;
use super::source::Source;
use crate::domain::name::Namespace;
use crate::domain::scope::Naming;
use std::net::SocketAddr;

/// What follows from several settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Derived {
    /// Address of the token endpoint as clients reach it, for `auth.token.realm` and the challenge.
    pub realm: String,
    /// Scheme, host and port of `realm`: where the API and the web pages are. No slash at the end.
    pub origin: String,
    /// The services that tokens are issued for; at least one, the first is the usual one.
    pub services: Vec<String>,
    /// How repository names in scopes are read.
    pub naming: Naming,
}

/// Notes contradictions in `source`.
pub(super) fn contradictions(config: &Config, source: &mut Source) {
    let server = &config.server;
    let tls = server.tls_certificate.is_some();
    match (tls, server.tls_private_key.is_some()) {
        (true, false) => source.contradiction("TLS_CERTIFICATE", "needs TLS_PRIVATE_KEY too"),
        (false, true) => source.contradiction("TLS_PRIVATE_KEY", "needs TLS_CERTIFICATE too"),
        _ => {}
    }
    addresses(config, source);
    let open = server.listen.iter().find(|address| !address.ip().is_loopback());
    if let Some(address) = open
        && !tls
        && !server.allow_plain_http
        && server.trusted_proxies.is_empty()
    {
        source.contradiction(
            "LISTEN",
            format!(
                "passwords would cross the network to {address} in plain HTTP; set TLS_CERTIFICATE and TLS_PRIVATE_KEY, \
                 or name the proxy that speaks TLS in TRUSTED_PROXIES, or set ALLOW_PLAIN_HTTP: true"
            ),
        );
    }
    if tls && server.scheme == UrlScheme::Http {
        source.contradiction("PREFERRED_URL_SCHEME", "must be https, because TLS_CERTIFICATE is set");
    }
    if tls && config.tokens.realm.as_ref().is_some_and(|realm| realm.starts_with("http://")) {
        source.contradiction("TOKEN_REALM", "must begin with https://, because TLS_CERTIFICATE is set");
    }
    if config.people.super_users_full_access && !config.people.super_users_enabled {
        source.contradiction("FEATURE_SUPERUSERS_FULL_ACCESS", "needs FEATURE_SUPER_USERS: true");
    }
}

fn addresses(config: &Config, source: &mut Source) {
    let listen = &config.server.listen;
    if listen.is_empty() {
        source.contradiction("LISTEN", "the list is empty; give at least one address");
    }
    let repeated =
        listen.iter().enumerate().find(|(index, address)| listen.iter().take(*index).any(|a| a == *address));
    if let Some((_, address)) = repeated {
        source.contradiction("LISTEN", format!("{address} is in the list twice"));
    }
    if let Some(metrics) = config.server.metrics_listen
        && listen.contains(&metrics)
    {
        source.contradiction("METRICS_LISTEN", format!("{metrics} is an address of LISTEN already"));
    }
}

/// Fills in what was left to be derived; warns where the guess is likely to be wrong.
pub(super) fn derive(config: &mut Config, source: &mut Source) {
    let server = &config.server;
    let realm = match (&config.tokens.realm, server.listen.first().filter(|address| is_reachable(address))) {
        (Some(realm), _) => realm.clone(),
        (None, Some(address)) => {
            let scheme = if server.tls_certificate.is_some() { UrlScheme::Https } else { UrlScheme::Http };
            // By name: current clients refuse to send credentials to a loopback address written in numbers.
            let host = if address.ip().is_loopback() {
                format!("localhost:{}", address.port())
            } else {
                address.to_string()
            };
            format!("{}://{host}/v2/auth", scheme.word())
        }
        (None, None) => {
            if !source.is_given("SERVER_HOSTNAME") {
                source.warnings.push(format!(
                    "clients will be sent to {}://{}/v2/auth for tokens; set TOKEN_REALM to where they reach dockpass",
                    server.scheme.word(),
                    server.hostname
                ));
            }
            format!("{}://{}/v2/auth", server.scheme.word(), server.hostname)
        }
    };
    let host = realm.find("://").map_or(0, |at| at + 3);
    let end = realm.get(host..).and_then(|rest| rest.find(['/', '?'])).map_or(realm.len(), |at| host + at);
    let services = match config.tokens.services.as_slice() {
        [] => vec![server.hostname.clone()],
        given => given.to_vec(),
    };
    let repositories = &config.repositories;
    let library =
        repositories.library_support.then(|| Namespace::parse(&repositories.library_namespace).ok());
    let naming = Naming { hostname: server.hostname.clone(), library: library.flatten() };
    let origin = realm.get(..end).unwrap_or_default().to_owned();
    config.derived = Derived { realm, origin, services, naming };
}

/// Whether clients can connect to what is listened on: 0.0.0.0 and :: are no destination, port 0 is not known yet.
fn is_reachable(address: &SocketAddr) -> bool {
    !address.ip().is_unspecified() && address.port() != 0
}
