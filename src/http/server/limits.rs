//! How long and how much a client may make the server wait and keep.

use crate::domain::cidr::Cidr;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::time::Duration;

/// Connections that are told 503 at the same time while the server is full; more are just closed.
pub(super) const TURNED_AWAY: usize = 64;

/// File descriptors kept for all else: database, key files, logs, listeners, standard streams, the runtime.
const OTHER_FILES: usize = 192;

/// Limits of one server. The size and time of a request body are the handler's to choose, as
/// [`BodyLimits`](crate::http::body::BodyLimits).
#[derive(Clone, Debug)]
pub struct Limits {
    /// From a connection's first byte to the end of the TLS handshake. Default 5 s.
    pub handshake: Duration,
    /// From the first byte of a request to the end of its headers. Default 5 s.
    pub header: Duration,
    /// From the end of the headers to the response: a bound for the handler, body included. Default 60 s.
    pub handler: Duration,
    /// For a client to take the next few kilobytes of a response that it lets wait. Default 15 s.
    pub write: Duration,
    /// Without a request, new connections included. Default 60 s.
    pub idle: Duration,
    /// After the last response on a connection that we close: how long for the client to read it. Default 2 s.
    pub linger: Duration,
    /// For running requests to finish at shutdown. Default 30 s.
    pub drain: Duration,
    /// Bytes of request line and headers together. Default 16 KiB; at least 8 KiB.
    pub header_bytes: usize,
    /// Connections at the same time. Default 20,000.
    pub connections: usize,
    /// Connections at the same time from one IPv4 address or IPv6 /64. Default 4096. Loopback and
    /// [`proxies`](Self::proxies) are not counted: they stand for many clients.
    pub connections_per_address: usize,
    /// Connections, and requests, that loopback may have beyond the limits, so that health checks and
    /// administration get through when the server is full. Default 16.
    pub loopback_reserve: usize,
    /// Requests being handled at the same time. Default 8192.
    pub requests: usize,
    /// Addresses of reverse proxies.
    pub proxies: Vec<Cidr>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(5),
            header: Duration::from_secs(5),
            handler: Duration::from_mins(1),
            write: Duration::from_secs(15),
            idle: Duration::from_mins(1),
            linger: Duration::from_secs(2),
            drain: Duration::from_secs(30),
            header_bytes: 16 * 1024,
            connections: 20_000,
            connections_per_address: 4096,
            loopback_reserve: 16,
            requests: 8192,
            proxies: Vec::new(),
        }
    }
}

impl Limits {
    /// Lowers [`connections`](Self::connections) to what the process's limit on open files carries, after
    /// raising that limit as far as the system lets us (`RLIMIT_NOFILE` up to its hard value). Without this, a full
    /// server could not open its own database.
    #[must_use]
    pub fn fitted_to_open_files(self) -> Self {
        let wanted = self.connections + self.loopback_reserve + TURNED_AWAY + OTHER_FILES;
        let limit = raise_open_files(u64::try_from(wanted).unwrap_or(u64::MAX));
        self.fitted_to(limit)
    }

    fn fitted_to(mut self, open_files: Option<u64>) -> Self {
        let files = open_files.map_or(usize::MAX, |files| usize::try_from(files).unwrap_or(usize::MAX));
        let kept = self.loopback_reserve + TURNED_AWAY + OTHER_FILES;
        // Serving a few is better than refusing to start, however low the limit.
        let fitting = files.saturating_sub(kept).max(16);
        if fitting < self.connections {
            tracing::warn!(
                connections = fitting,
                configured = self.connections,
                open_files,
                "fewer connections than configured: raise the limit on open files (ulimit -n)"
            );
            self.connections = fitting;
        }
        self
    }
}

/// The limit on open files after trying to bring it to `wanted`; `None` when there is none.
fn raise_open_files(wanted: u64) -> Option<u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let soft = current?;
    let target = maximum.map_or(wanted, |hard| hard.min(wanted));
    if target <= soft {
        return Some(soft);
    }
    let raised = Rlimit { current: Some(target), maximum };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => Some(target),
        Err(_) => Some(soft),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_lowered_to_what_the_open_files_carry() {
        let fitted = |open_files| Limits::default().fitted_to(open_files).connections;
        assert_eq!(fitted(None), 20_000);
        assert_eq!(fitted(Some(1_048_576)), 20_000);
        assert_eq!(fitted(Some(1024)), 1024 - 16 - 64 - 192);
        assert_eq!(fitted(Some(20)), 16);
    }

    #[test]
    fn the_limit_of_this_process_is_only_ever_raised() {
        let before = getrlimit(Resource::Nofile).current;
        let after = raise_open_files(64);
        assert_eq!(after, before);
    }
}
