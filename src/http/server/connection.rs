//! One connection: handshake, requests, and the one timer that ends it when the client makes us wait.

use super::progress::{Phase, Progress, Stream, Watched};
use super::service::{Requests, Tracked};
use super::stop::Stop;
use super::{Connection, Fault, Limits, Shared, Tls};
use crate::http::body::RequestBody;
use crate::http::reply::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{HttpService, service_fn};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};

/// What a client has to take of its response within [`Limits::write`]. One byte would let it hold a connection for days.
const LEAST_PROGRESS: u64 = 4096;

/// How long a client may take for one piece of a response, however steadily it takes it.
const LONGEST_PIECE: Duration = Duration::from_mins(10);

/// Serves `socket` until it closes.
pub(super) async fn serve<H, F>(
    shared: Arc<Shared<H>>,
    socket: TcpStream,
    connection: Connection,
    tls: Option<Tls>,
) where
    H: Fn(Box<Request<RequestBody>>, Connection) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let peer = connection.peer;
    // Answers go out in one piece; waiting to fill packets would only delay them.
    let _ = socket.set_nodelay(true);
    let stream = match tls {
        None => Stream::Plain(socket),
        // Boxed: the handshake's state is large, and every connection's task would keep room for it.
        Some(tls) => match Box::pin(timeout(shared.limits.handshake, tls.0.accept(socket))).await {
            Ok(Ok(stream)) => Stream::Tls(Box::new(stream)),
            Ok(Err(error)) => {
                shared.statistics.count(Fault::Handshake);
                tracing::debug!(%peer, %error, "TLS handshake failed");
                return;
            }
            Err(_) => return shared.statistics.count(Fault::Handshake),
        },
    };
    let progress = Arc::new(Progress::default());
    let io = TokioIo::new(Watched::new(stream, Arc::clone(&progress)));
    let requests =
        Arc::new(Requests { shared: Arc::clone(&shared), connection, progress: Arc::clone(&progress) });
    // Boxed: hyper keeps room for the future of a request as long as the connection lasts, and most connections are idle.
    let service = service_fn(move |request| Box::pin(Arc::clone(&requests).answer(request)));
    let mut http = shared.http.serve_connection(io, service);
    match drive(&mut http, &progress, &shared.limits, &shared.stop).await {
        Ending::Finished(Ok(())) | Ending::Aborted => {}
        // The client broke off or sent what is not HTTP; hyper has answered 400 where it could.
        Ending::Finished(Err(error)) => {
            tracing::debug!(%peer, %error, "connection failed");
        }
        Ending::Cut(cause) => {
            tracing::debug!(%peer, ?cause, "connection cut");
            if let Some(fault) = cause.fault() {
                shared.statistics.count(fault);
            }
            if cause == Cause::Write {
                http.into_parts().io.into_inner().reset();
            }
        }
    }
}

enum Ending {
    Finished(hyper::Result<()>),
    Cut(Cause),
    Aborted,
}

/// What the client (or the handler) was too slow with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    Request,
    Header,
    Handler,
    Write,
    Close,
}

impl Cause {
    fn fault(self) -> Option<Fault> {
        match self {
            Self::Request | Self::Close => None,
            Self::Header => Some(Fault::SlowHeader),
            Self::Handler => Some(Fault::SlowHandler),
            Self::Write => Some(Fault::SlowReader),
        }
    }
}

/// Runs the connection. `async` and one `poll_fn`, because the order matters: hyper first, then, only if it waits
/// for something, the question whether it has waited too long.
async fn drive<S>(
    http: &mut http1::Connection<TokioIo<Watched>, S>,
    progress: &Progress,
    limits: &Limits,
    stop: &Stop,
) -> Ending
where
    S: HttpService<Incoming, ResBody = Tracked, Error = Infallible>,
{
    let mut drained = pin!(stop.drained());
    let mut aborted = pin!(stop.aborted());
    let mut registered = false;
    let mut told = false;
    let mut watch = Watch { armed: false, stamp: progress.stamp(), since: Instant::now(), blocked: None };
    let mut timer = pin!(sleep_until(watch.since + limits.idle));
    poll_fn(|context| {
        if !registered {
            // Once is enough: a task's waker stays the same, and polling these takes a lock that all share.
            registered = true;
            let _ = drained.as_mut().poll(context);
            let _ = aborted.as_mut().poll(context);
        }
        if stop.is_aborting() {
            return Poll::Ready(Ending::Aborted);
        }
        if stop.is_draining() && !told {
            told = true;
            if progress.phase() == Phase::Idle {
                progress.hasten();
            }
            Pin::new(&mut *http).graceful_shutdown();
        }
        if let Poll::Ready(result) = Pin::new(&mut *http).poll(context) {
            return Poll::Ready(Ending::Finished(result));
        }
        watch.poll(timer.as_mut(), context, progress, limits).map(Ending::Cut)
    })
    .await
}

/// Since when the connection has been waiting for what.
struct Watch {
    /// Whether the timer will wake the task.
    armed: bool,
    stamp: u64,
    since: Instant,
    /// When the client stopped taking bytes, and how many it had by then.
    blocked: Option<(Instant, u64)>,
}

impl Watch {
    /// Ready when the connection has waited too long. The timer is moved only when it has to fire earlier or has
    /// fired: after an ordinary request it is left to fire too early once and is then set anew.
    fn poll(
        &mut self,
        mut timer: Pin<&mut tokio::time::Sleep>,
        context: &mut Context<'_>,
        progress: &Progress,
        limits: &Limits,
    ) -> Poll<Cause> {
        loop {
            let now = Instant::now();
            let (due, cause) = self.due(now, progress, limits);
            if due <= now {
                return Poll::Ready(cause);
            }
            // A timer that is set stays so; polling it again after each request would gain nothing.
            if self.armed && due >= timer.deadline() && !timer.is_elapsed() {
                return Poll::Pending;
            }
            self.armed = true;
            timer.as_mut().reset(due);
            if timer.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
        }
    }

    fn due(&mut self, now: Instant, progress: &Progress, limits: &Limits) -> (Instant, Cause) {
        if self.stamp != progress.stamp() {
            self.stamp = progress.stamp();
            self.since = now;
        }
        let (patience, cause) = match progress.phase() {
            Phase::Idle => (limits.idle, Cause::Request),
            Phase::Header => (limits.header, Cause::Header),
            Phase::Handler => (limits.handler, Cause::Handler),
            Phase::Writing => (LONGEST_PIECE, Cause::Write),
            Phase::Closing => (limits.linger, Cause::Close),
        };
        let due = self.since + patience;
        match self.blocked_until(now, progress, limits) {
            Some(until) if until < due => (until, Cause::Write),
            _ => (due, cause),
        }
    }

    fn blocked_until(&mut self, now: Instant, progress: &Progress, limits: &Limits) -> Option<Instant> {
        let Some(written) = progress.blocked_at() else {
            self.blocked = None;
            return None;
        };
        match self.blocked {
            Some((since, before)) if now < since + limits.write || written < before + LEAST_PROGRESS => {
                Some(since + limits.write)
            }
            _ => {
                self.blocked = Some((now, written));
                Some(now + limits.write)
            }
        }
    }
}
