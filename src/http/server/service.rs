//! One request: from hyper to the handler and back.

use super::progress::{Phase, Progress};
use super::slots::Slots;
use super::{Connection, Fault, Limits, Shared, canned};
use crate::http::body::RequestBody;
use crate::http::reply::{Body, BrokenOff};
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper::header::{HOST, TRANSFER_ENCODING};
use hyper::server::conn::http1;
use hyper::{HeaderMap, Request, Response, Version};
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

/// How hyper is to read requests.
pub(super) fn protocol(limits: &Limits) -> http1::Builder {
    let bytes = limits.header_bytes.max(8192);
    let mut builder = http1::Builder::new();
    builder
        .max_header_size(bytes)
        // Bounds what one connection keeps in memory for reading and writing; hyper demands 8 KiB.
        .max_buf_size(bytes.max(64 * 1024))
        // Time is kept by `connection`, see `progress`.
        .header_read_timeout(None);
    builder
}

/// What one connection's requests have in common.
pub(super) struct Requests<H> {
    pub(super) shared: Arc<Shared<H>>,
    pub(super) connection: Connection,
    pub(super) progress: Arc<Progress>,
}

impl<H, F> Requests<H>
where
    H: Fn(Box<Request<RequestBody>>, Connection) -> F,
    F: Future<Output = Response<Body>>,
{
    /// Answers `request`, whatever happens. It is boxed here, once: it goes through many hands, whose futures would each keep
    /// room for it.
    pub(super) fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> impl Future<Output = Result<Response<Tracked>, Infallible>> {
        let request = Box::new(request.map(RequestBody::from));
        async move {
            self.progress.enter(Phase::Handler);
            let response = self.respond(request).await;
            let progress = Arc::clone(&self.progress);
            Ok(response.map(|body| Tracked { body, progress }))
        }
    }

    async fn respond(&self, request: Box<Request<RequestBody>>) -> Response<Body> {
        let Shared { limits, statistics, .. } = &*self.shared;
        let reserve = if self.connection.peer.ip().is_loopback() { limits.loopback_reserve } else { 0 };
        let Some(_slot) = Slots::take(&self.shared.requests, limits.requests + reserve) else {
            statistics.count(Fault::Busy);
            return canned::busy();
        };
        let hosts = request.headers().get_all(HOST).iter().take(2).count();
        if hosts > 1 || (hosts == 0 && request.version() >= Version::HTTP_11) {
            return canned::bad_host();
        }
        if !is_plainly_framed(request.headers()) {
            return canned::bad_coding();
        }
        let call = || (self.shared.handler)(request, self.connection.clone());
        if let Some(response) = unpanicked(call).await {
            response
        } else {
            statistics.count(Fault::Panic);
            tracing::error!("a request handler panicked");
            canned::broken()
        }
    }
}

/// Whether the body's end is where every reader sees it. hyper takes any list of codings that ends in `chunked`; a proxy in
/// front that understands only one coding, or undoes two, would see another end.
fn is_plainly_framed(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => true,
        (Some(coding), None) => coding.as_bytes().eq_ignore_ascii_case(b"chunked"),
        _ => false,
    }
}

/// What the future that `call` makes comes to; `None` when making or running it panics. The panic hook has said
/// where by then.
async fn unpanicked<F: Future>(call: impl FnOnce() -> F) -> Option<F::Output> {
    // Unwind safety: the future is dropped after a panic, and what it shares with others uses locks that are
    // poisoned by a panic or are written not to need it.
    let mut future = pin!(catch_unwind(AssertUnwindSafe(call)).ok()?);
    std::future::poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(poll) => poll.map(Some),
        Err(_) => Poll::Ready(None),
    })
    .await
}

/// A response body that tells who is waited for: us, while a piece of it is being made; the client, while it has not taken a
/// piece; and, when hyper has taken all of it, nobody: the connection then waits for the next request.
pub(super) struct Tracked {
    body: Body,
    progress: Arc<Progress>,
}

impl HttpBody for Tracked {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        let phase = if polled.is_pending() { Phase::Handler } else { Phase::Writing };
        if self.progress.phase() != phase {
            self.progress.enter(phase);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        self.progress.enter(Phase::Idle);
    }
}
