//! The service with the programs it is for: real registries and real clients, each started here on a free port
//! of the loopback interface and ended before its test returns.
//!
//! These tests are `#[ignore]`d, for they need what `tests/install-tools.sh` installs; `make test` runs them with
//! `--ignored`. Then a tool that is missing fails the test on CI and is named in a `SKIPPED` line elsewhere.
//! A client's test prints the client's version (`--nocapture` shows it while it runs).

mod clients;
mod dockpass;
pub(crate) mod http;
mod image;
pub(crate) mod process;
mod registry;
mod standin;
pub(crate) mod tools;

mod compose;
mod credentials;
mod doctor;
mod documentation;
mod every_client;
mod forge;
mod forged_tokens;
mod harness;
mod key_headers;
mod key_rotation;
mod keyless;
mod robots_by_api;
mod robots_disallow;
