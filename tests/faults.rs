//! What goes wrong with the machine under dockpass: killed at any instant, disk full, disk failing, files altered, two
//! processes at once. Whatever was answered is kept, nothing is half done, no decision is wider than it was.
//!
//! What needs `strace` is `#[ignore]`d; `make test` runs it in a short form, `make soak` with `DOCKPASS_FAULTS=long` at
//! every place there is.

mod altered;
mod disk;
mod kill;
mod kill_server;
mod kill_session;
mod operations;
mod sandbox;
pub(crate) mod site;
mod systemd;
mod together;

/// Whether everything is to be tried, however long it takes.
pub(crate) fn is_long() -> bool {
    std::env::var_os("DOCKPASS_FAULTS").is_some_and(|form| form == "long")
}
