//! The accept loop: from a bound socket to a request handed to a handler, with a limit on everything that a
//! client can make us wait for or keep. HTTP/1.1 only: registry clients need no more, and what is not spoken
//! cannot be flooded.

mod accept;
mod canned;
mod connection;
mod limits;
mod progress;
mod service;
mod slots;
mod statistics;
mod stop;

pub use limits::Limits;
pub use statistics::{Fault, Statistics};

use crate::http::body::RequestBody;
use crate::http::reply::Body;
use hyper::{Request, Response};
use slots::{Addresses, Slots};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use stop::Stop;
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// Connections the kernel may finish for us before they are accepted. A cluster starting at once brings
/// thousands; the kernel lowers this to `net.core.somaxconn`.
const BACKLOG: u32 = 4096;

/// Bytes of answers that the kernel keeps for a client that does not read (it counts its own overhead, so it is told half).
/// Left to itself it keeps megabytes, and a thousand clients that ask on and on without reading make it keep gigabytes.
const SEND_BUFFER: u32 = 64 * 1024;

/// A bound socket to accept from.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    tls: Option<Tls>,
}

/// Wrapped only because the acceptor has no `Debug`.
#[derive(Clone)]
struct Tls(TlsAcceptor);

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls")
    }
}

impl Listener {
    /// Speaks HTTP in clear text on `socket`.
    pub fn plain(socket: TcpListener) -> Self {
        Self { socket, tls: None }
    }

    /// Speaks HTTP inside TLS on `socket`.
    pub fn tls(socket: TcpListener, config: Arc<tokio_rustls::rustls::ServerConfig>) -> Self {
        Self { socket, tls: Some(Tls(config.into())) }
    }
}

/// Binds `address` with a long queue of connections not yet accepted. To be called inside a tokio runtime.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Else a restart fails for a minute while old connections linger in the kernel.
    socket.set_reuseaddr(true)?;
    // Inherited by every connection.
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// The connection a request came on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The other end of the socket; IPv4 is IPv4 also on a socket that listens on `[::]`. The client itself, unless
    /// a proxy stands in front: see [`client_address`](super::address::client_address).
    pub peer: SocketAddr,
    /// Whether this server speaks TLS on it.
    pub tls: bool,
    /// The peer's IP address as the log shows it with each request.
    pub address: Arc<str>,
}

impl Connection {
    /// A connection from `peer`.
    pub fn new(peer: SocketAddr, tls: bool) -> Self {
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        Self { peer, tls, address: peer.ip().to_string().into() }
    }
}

/// Everything the connections of one server share.
struct Shared<H> {
    handler: H,
    limits: Limits,
    statistics: Statistics,
    connections: Arc<Slots>,
    requests: Slots,
    turned_away: Arc<Slots>,
    addresses: Arc<Addresses>,
    stop: Stop,
    http: hyper::server::conn::http1::Builder,
}

/// Serves until `shutdown` completes, then drains: no new connections, idle ones closed at once, running requests
/// finished and answered with `Connection: close`. Returns when the last connection is gone, at the latest
/// after [`Limits::drain`].
///
/// The handler's future is dropped when its client goes away; what must finish belongs into a task of its own.
/// A panic in it costs that request (500) and nothing else.
pub async fn run<H, F>(
    listeners: Vec<Listener>,
    handler: H,
    shutdown: impl Future<Output = ()>,
    limits: Limits,
    statistics: Statistics,
) where
    H: Fn(Box<Request<RequestBody>>, Connection) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let shared = Arc::new(Shared {
        handler,
        connections: Arc::new(Slots::new(statistics.connections.clone())),
        requests: Slots::new(statistics.requests.clone()),
        turned_away: Arc::default(),
        addresses: Arc::default(),
        stop: Stop::default(),
        http: service::protocol(&limits),
        limits,
        statistics,
    });
    let mut accepting = JoinSet::new();
    for listener in listeners {
        accepting.spawn(accept::accept(listener, Arc::clone(&shared)));
    }
    shutdown.await;
    shared.stop.drain();
    // The sockets close here, so that a load balancer sees refused connections instead of hanging ones.
    while accepting.join_next().await.is_some() {}
    tracing::info!(connections = shared.connections.taken(), "draining");
    let drained = tokio::time::timeout(shared.limits.drain, shared.connections.emptied());
    if drained.await.is_err() {
        let connections = shared.connections.taken();
        tracing::warn!(connections, "cutting connections that did not finish in time");
        shared.stop.abort();
    }
}
