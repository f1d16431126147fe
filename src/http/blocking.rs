//! Where synchronous work runs: use cases block on the database and on the hashing threads, which the threads that serve
//! sockets must not.

use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Use cases that run at the same time. Writes queue on one lock anyway, and a reader is rarely slower than a millisecond.
const AT_ONCE: usize = 32;
/// Whole namespaces that are read at the same time: more would only be slower, and keep everybody else's requests waiting.
const LONG_AT_ONCE: usize = 4;
/// Answers that are being written in pieces at the same time. Each keeps about a megabyte: the ids of a hundred thousand robots
/// and two pieces.
const IN_PIECES: usize = 64;
/// How long a use case waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the next piece of an answer waits for its turn: less than a handler may take.
const PATIENCE_FOR_PIECES: Duration = Duration::from_secs(50);

/// Too many use cases are waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the service is busy, try again")]
pub struct Busy;

/// The bound on what runs at the same time. Clones share it.
#[derive(Clone, Debug)]
pub struct Blocking {
    turns: Arc<Semaphore>,
    long: Arc<Semaphore>,
    in_pieces: Arc<Semaphore>,
}

impl Default for Blocking {
    fn default() -> Self {
        let bound = |count| Arc::new(Semaphore::new(count));
        Self { turns: bound(AT_ONCE), long: bound(LONG_AT_ONCE), in_pieces: bound(IN_PIECES) }
    }
}

impl Blocking {
    /// The right to write one answer in pieces, for as long as it is held. Not waited for: those who have it may be slow.
    pub fn in_pieces(&self) -> Result<OwnedSemaphorePermit, Busy> {
        Arc::clone(&self.in_pieces).try_acquire_owned().map_err(|_| Busy)
    }

    /// As [`run`](Self::run), for what reads a whole namespace or a large part of it.
    pub async fn run_long<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Busy> {
        self.run_in_line(PATIENCE, work).await
    }

    /// As [`run_long`](Self::run_long), for the next piece of an answer that was begun: it is waited for longer, since breaking
    /// it off would waste all that was sent.
    pub async fn run_piece<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Busy> {
        self.run_in_line(PATIENCE_FOR_PIECES, work).await
    }

    async fn run_in_line<T: Send + 'static>(
        &self,
        patience: Duration,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let permit = turn(&self.long, patience).await?;
        self.run(move || {
            let result = work();
            drop(permit);
            result
        })
        .await
    }

    /// Runs `work` on a thread where it may block. Once begun it runs to its end, also when nobody waits for it any more: a
    /// change is made as a whole. A panic in it is this caller's panic.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Busy> {
        let permit = turn(&self.turns, PATIENCE).await?;
        let task = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(permit);
            result
        });
        match task.await {
            Ok(result) => Ok(result),
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // Only while the runtime shuts down.
                Err(_) => Err(Busy),
            },
        }
    }
}

async fn turn(of: &Arc<Semaphore>, patience: Duration) -> Result<OwnedSemaphorePermit, Busy> {
    let turn = tokio::time::timeout(patience, Arc::clone(of).acquire_owned()).await;
    turn.map_err(|_| Busy)?.map_err(|_| Busy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run<F: Future>(future: F) -> F::Output {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
    }

    #[test]
    fn a_result_comes_back_and_a_panic_goes_on() {
        let blocking = Blocking::default();
        assert_eq!(run(blocking.run(|| 7)), Ok(7));
        let panicked = std::panic::catch_unwind(|| run(Blocking::default().run(|| panic!("as wished"))));
        assert!(panicked.is_err());
        assert_eq!(run(blocking.run(|| 8)), Ok(8));
    }
}
