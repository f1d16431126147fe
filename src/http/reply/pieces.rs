//! A body that is made while it is sent: the next piece only when the client has taken the one before, so that neither a long
//! list nor a slow reader takes much memory.

use crate::http::blocking::Blocking;
use crate::service::error::ServiceError;
use bytes::Bytes;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::Instant;

/// How long an answer may take in all: until then it keeps others from theirs, since there is a bound on how many are written
/// in pieces at the same time.
const LONGEST: Duration = Duration::from_mins(10);

/// The rest of a body will not come. The connection is closed without the mark of a proper end, so that the client knows.
#[derive(Debug, thiserror::Error)]
#[error("the answer could not be finished")]
pub struct BrokenOff;

/// Makes the next piece; an empty one is the end. Runs where it may block.
type Maker = Box<dyn FnMut() -> Result<Vec<u8>, ServiceError> + Send>;
/// A piece being made; the maker is given back together with it.
type Making = Pin<Box<dyn Future<Output = Option<(Maker, Bytes)>> + Send>>;

enum State {
    Idle(Maker),
    Making(Making),
    Ended,
}

/// What comes after the first piece.
pub(super) struct Pieces {
    first: Option<Bytes>,
    state: State,
    blocking: Blocking,
    until: Instant,
}

impl Pieces {
    pub(super) fn new(first: Vec<u8>, blocking: Blocking, maker: Maker) -> Self {
        let until = Instant::now() + LONGEST;
        Self { first: Some(first.into()), state: State::Idle(maker), blocking, until }
    }

    pub(super) fn is_done(&self) -> bool {
        self.first.is_none() && matches!(self.state, State::Ended)
    }

    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BrokenOff>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(first)));
        }
        loop {
            match std::mem::replace(&mut self.state, State::Ended) {
                State::Ended => return Poll::Ready(None),
                State::Idle(maker) if Instant::now() < self.until => {
                    self.state = State::Making(Box::pin(step(self.blocking.clone(), maker)));
                }
                State::Idle(_) => return Poll::Ready(Some(Err(BrokenOff))),
                State::Making(mut making) => {
                    let polled = making.as_mut().poll(context);
                    if polled.is_pending() {
                        self.state = State::Making(making);
                    }
                    match ready!(polled) {
                        Some((_, piece)) if piece.is_empty() => return Poll::Ready(None),
                        Some((maker, piece)) => {
                            self.state = State::Idle(maker);
                            return Poll::Ready(Some(Ok(piece)));
                        }
                        None => return Poll::Ready(Some(Err(BrokenOff))),
                    }
                }
            }
        }
    }
}

async fn step(blocking: Blocking, mut maker: Maker) -> Option<(Maker, Bytes)> {
    let run = blocking.run_piece(move || {
        let piece = maker();
        piece.map(|piece| (maker, Bytes::from(piece)))
    });
    match run.await {
        Ok(Ok(next)) => Some(next),
        Ok(Err(error)) => {
            tracing::warn!(%error, "an answer was broken off");
            None
        }
        Err(busy) => {
            tracing::warn!(%busy, "an answer was broken off");
            None
        }
    }
}
