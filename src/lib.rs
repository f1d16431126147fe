//! dockpass: robot accounts and registry tokens for any OCI registry.
//!
//! One request goes down this road, each hop handing on a new type:
//! `TcpStream -> Request -> Route -> Caller -> Granted -> SignedToken -> Response`.
//! Arrows between modules point downwards only, in the order of this list:
//!
//! - [`cli`]: the command line; wires everything below and returns an exit code
//! - [`http`]: the wire: accept loop, routes, errors, the token endpoint, REST API and web pages
//! - [`service`]: use cases; knows no HTTP
//! - [`issuers`]: outside issuers of identities: their keys, fetched, and tokens checked with them
//! - [`client`]: outgoing HTTP
//! - [`store`]: what is kept, behind one trait; SQLite engine
//! - [`keys`]: the key directory: signing keys, verifier, seal and session keys
//! - [`password`]: argon2 on fixed threads with fixed memory
//! - [`config`]: `config.yaml`, environment, and the two settings that change while running
//! - [`telemetry`]: logs and metrics
//! - [`system`]: the real clock and random source
//! - [`domain`]: pure rules: names, scopes, roles, the decider, claims

pub mod cli;
pub mod client;
pub mod config;
pub mod domain;
pub mod http;
pub mod issuers;
pub mod keys;
pub mod password;
pub mod service;
pub mod store;
pub mod system;
pub mod telemetry;
