//! The wire: accept loop, routes, errors, the token endpoint, REST API and web pages.

pub mod address;
pub mod api;
pub mod authenticate;
pub mod blocking;
pub mod body;
pub mod browser;
pub mod dispatch;
pub mod error;
pub mod exchange;
pub mod quay;
pub mod registry;
pub mod reply;
pub mod route;
pub mod server;
pub mod tls;
pub mod web;
