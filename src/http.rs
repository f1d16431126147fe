//! The wire: accept loop, routes, errors, the token endpoint, REST API and web pages.
