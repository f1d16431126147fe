//! Taking connections, or turning them away.

use super::limits::TURNED_AWAY;
use super::slots::{AddressSlot, Slot, Slots};
use super::{Connection, Fault, Listener, Shared, canned, connection};
use crate::http::body::RequestBody;
use crate::http::reply::Body;
use hyper::{Request, Response};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

/// After an error of the system: long enough not to spin, short enough that nobody notices once it is over.
const PAUSE: Duration = Duration::from_millis(50);
const BETWEEN_WARNINGS: Duration = Duration::from_secs(10);

/// Accepts until the server drains. No error ends it: the next connection may well succeed.
pub(super) async fn accept<H, F>(listener: Listener, shared: Arc<Shared<H>>)
where
    H: Fn(Box<Request<RequestBody>>, Connection) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let mut drained = pin!(shared.stop.drained());
    let mut warnings = Warnings::default();
    // Registered before the flag is read, so that a signal in between is not missed.
    drained.as_mut().enable();
    while !shared.stop.is_draining() {
        let accepted = tokio::select! {
            biased;
            () = &mut drained => return,
            accepted = listener.socket.accept() => accepted,
        };
        match accepted {
            Ok((socket, peer)) => {
                if let Some(fault) = admit(&shared, &listener, socket, peer)
                    && warnings.is_due()
                {
                    tracing::warn!(?fault, %peer, "connections are being turned away");
                }
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                shared.statistics.count(Fault::Accept);
                if warnings.is_due() {
                    tracing::error!(%error, "cannot accept connections");
                }
                sleep(PAUSE).await;
            }
        }
    }
}

/// The client was gone before we came to it.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::ConnectionRefused
    )
}

/// One line now and then: a flood must not become a flood of log lines.
#[derive(Default)]
struct Warnings(Option<Instant>);

impl Warnings {
    fn is_due(&mut self) -> bool {
        let now = Instant::now();
        let due = self.0.is_none_or(|last| now - last >= BETWEEN_WARNINGS);
        if due {
            self.0 = Some(now);
        }
        due
    }
}

/// Starts a task for `socket`, or says why it is turned away.
fn admit<H, F>(
    shared: &Arc<Shared<H>>,
    listener: &Listener,
    socket: TcpStream,
    peer: SocketAddr,
) -> Option<Fault>
where
    H: Fn(Box<Request<RequestBody>>, Connection) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    shared.statistics.accepted.inc();
    let connection = Connection::new(peer, listener.tls.is_some());
    match slots(shared, &connection) {
        Ok(slots) => {
            let serving = connection::serve(Arc::clone(shared), socket, connection, listener.tls.clone());
            tokio::spawn(async move {
                serving.await;
                // Only now: the slots stand for the open socket, which the line above owned.
                drop(slots);
            });
            None
        }
        Err(fault) => {
            shared.statistics.count(fault);
            turn_away(shared, &connection, socket);
            Some(fault)
        }
    }
}

type Admission = (Slot<Arc<Slots>>, Option<AddressSlot>);

fn slots<H>(shared: &Shared<H>, connection: &Connection) -> Result<Admission, Fault> {
    let limits = &shared.limits;
    let address = connection.peer.ip();
    let loopback = address.is_loopback();
    let reserve = if loopback { limits.loopback_reserve } else { 0 };
    let slot = Slots::take(Arc::clone(&shared.connections), limits.connections + reserve);
    let slot = slot.ok_or(Fault::Full)?;
    if loopback || limits.proxies.iter().any(|proxy| proxy.contains(address)) {
        return Ok((slot, None));
    }
    let of_address = shared.addresses.take(address, limits.connections_per_address);
    Ok((slot, Some(of_address.ok_or(Fault::AddressFull)?)))
}

/// Tells the client to come back later, if that is cheap: without TLS, and to a few at a time.
fn turn_away<H>(shared: &Shared<H>, connection: &Connection, mut socket: TcpStream) {
    if connection.tls {
        return;
    }
    let Some(slot) = Slots::take(Arc::clone(&shared.turned_away), TURNED_AWAY) else {
        return;
    };
    let patience = shared.limits.linger;
    tokio::spawn(async move {
        let _slot = slot;
        let telling = async {
            socket.write_all(canned::TURNED_AWAY).await?;
            socket.shutdown().await?;
            // Its request has to be read, else the kernel answers it with a reset that overtakes the answer.
            let mut scratch = [0; 1024];
            while socket.read(&mut scratch).await? > 0 {}
            io::Result::Ok(())
        };
        // Whether or not it hears this, the client is gone afterwards.
        let _ = timeout(patience, telling).await;
    });
}
