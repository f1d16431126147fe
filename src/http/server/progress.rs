//! Where a connection stands, kept by the socket wrapper and read by the time keeper in
//! [`connection`](super::connection).
//!
//! hyper's own header time-out is not used: it also runs while a kept-alive connection is idle, and it makes a new
//! timer for each request. Here a request costs a few plain stores, and a connection has one timer.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Waiting for a request.
    Idle,
    /// Some of a request's headers have come.
    Header,
    /// The handler has the request.
    Handler,
    /// A piece of a response is being written; how long that may take is counted by what the client takes.
    Writing,
    /// We have closed our side and wait for the client to close its own.
    Closing,
}

/// Shared by the parts of one connection. They all run in one task, so the atomics are only cells that may cross
/// threads together with it, and need no ordering.
#[derive(Default)]
pub(super) struct Progress {
    /// The phase in the lowest three bits, the number of changes above them.
    phase: AtomicU64,
    blocked: AtomicBool,
    written: AtomicU64,
    hasty: AtomicBool,
}

impl Progress {
    pub(super) fn enter(&self, phase: Phase) {
        let changes = (self.phase.load(Relaxed) >> 3) + 1;
        self.phase.store(changes << 3 | phase as u64, Relaxed);
    }

    pub(super) fn phase(&self) -> Phase {
        match self.phase.load(Relaxed) & 7 {
            0 => Phase::Idle,
            1 => Phase::Header,
            2 => Phase::Handler,
            3 => Phase::Writing,
            _ => Phase::Closing,
        }
    }

    /// A number that is another one after each change of phase, also from one request to the next.
    pub(super) fn stamp(&self) -> u64 {
        self.phase.load(Relaxed)
    }

    /// Bytes written so far, if the client does not take more at the moment.
    pub(super) fn blocked_at(&self) -> Option<u64> {
        self.blocked.load(Relaxed).then(|| self.written.load(Relaxed))
    }

    /// Makes the connection close without waiting for the client to read: it has nothing left to read.
    pub(super) fn hasten(&self) {
        self.hasty.store(true, Relaxed);
    }
}

/// A socket that notes its progress.
pub(super) struct Watched {
    stream: Stream,
    progress: Arc<Progress>,
    ended: bool,
    closed: bool,
}

/// The socket itself. Boxed with TLS because that is ten times the size.
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Watched {
    pub(super) fn new(stream: Stream, progress: Arc<Progress>) -> Self {
        Self { stream, progress, ended: false, closed: false }
    }

    /// Closes the socket so that the kernel drops what the client has not taken, instead of keeping it for minutes.
    pub(super) fn reset(self) {
        let socket = match &self.stream {
            Stream::Plain(socket) => socket,
            Stream::Tls(stream) => stream.get_ref().0,
        };
        // If this fails the socket is closed the ordinary way, which costs only the memory.
        let _ = socket.set_zero_linger();
    }

    fn note_written(&self, result: &Poll<io::Result<usize>>) {
        self.progress.blocked.store(result.is_pending(), Relaxed);
        if let Poll::Ready(Ok(count)) = result {
            let written = self.progress.written.load(Relaxed) + *count as u64;
            self.progress.written.store(written, Relaxed);
        }
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(self.stream.pin().poll_read(context, buffer))?;
        if buffer.filled().len() == before {
            self.ended = true;
        } else if self.progress.phase() == Phase::Idle {
            self.progress.enter(Phase::Header);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = self.stream.pin().poll_write(context, buffer);
        self.note_written(&result);
        result
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = self.stream.pin().poll_write_vectored(context, buffers);
        self.note_written(&result);
        result
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Plain(socket) => socket.is_write_vectored(),
            Stream::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = self.stream.pin().poll_flush(context);
        self.progress.blocked.store(result.is_pending(), Relaxed);
        result
    }

    /// Closes our side, then reads on until the client has closed its own: if unread input were waiting when the
    /// socket is closed, the kernel would send a reset, and the client may lose the response it has not read yet.
    /// [`Limits::linger`](super::Limits::linger) bounds this.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.closed {
            if self.progress.phase() != Phase::Closing {
                self.progress.enter(Phase::Closing);
            }
            ready!(self.stream.pin().poll_shutdown(context))?;
            self.closed = true;
        }
        let mut scratch = [0; 1024];
        while !self.ended && !self.progress.hasty.load(Relaxed) {
            let mut buffer = ReadBuf::new(&mut scratch);
            let read = ready!(self.stream.pin().poll_read(context, &mut buffer));
            self.ended = read.is_err() || buffer.filled().is_empty();
        }
        Poll::Ready(Ok(()))
    }
}

/// Both kinds of stream behind one pinned reference, so that each method above dispatches once.
trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

impl Stream {
    fn pin(&mut self) -> Pin<&mut dyn Duplex> {
        match self {
            Self::Plain(socket) => Pin::new(socket),
            Self::Tls(stream) => Pin::new(&mut **stream),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_of_phase_has_its_own_stamp() {
        let progress = Progress::default();
        assert_eq!(progress.phase(), Phase::Idle);
        let mut stamps = vec![progress.stamp()];
        for phase in [Phase::Header, Phase::Handler, Phase::Idle, Phase::Idle, Phase::Closing] {
            progress.enter(phase);
            assert_eq!(progress.phase(), phase);
            assert!(!stamps.contains(&progress.stamp()));
            stamps.push(progress.stamp());
        }
    }
}
