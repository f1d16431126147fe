//! The wire: accept loop, routes, errors, the token endpoint, REST API and web pages.

pub mod address;
pub mod body;
pub mod reply;
pub mod server;
