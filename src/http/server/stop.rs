//! Telling every connection to finish, and then to give up.

use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// Two signals, each given once. Connections read the flag, which costs nothing, and register with the notification
/// once in their life, only to be woken.
#[derive(Default)]
pub(super) struct Stop {
    draining: AtomicBool,
    drain: Notify,
    aborting: AtomicBool,
    abort: Notify,
}

impl Stop {
    /// From now on: no new requests.
    pub(super) fn drain(&self) {
        // The flag first: who registers after the notification reads it set.
        self.draining.store(true, Ordering::SeqCst);
        self.drain.notify_waiters();
    }

    /// From now on: no connection at all.
    pub(super) fn abort(&self) {
        self.aborting.store(true, Ordering::SeqCst);
        self.abort.notify_waiters();
    }

    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }

    pub(super) fn is_aborting(&self) -> bool {
        self.aborting.load(Ordering::SeqCst)
    }

    /// Completes at [`drain`](Self::drain), if polled before; check [`is_draining`](Self::is_draining) after that.
    pub(super) fn drained(&self) -> Notified<'_> {
        self.drain.notified()
    }

    /// Completes at [`abort`](Self::abort), if polled before; check [`is_aborting`](Self::is_aborting) after that.
    pub(super) fn aborted(&self) -> Notified<'_> {
        self.abort.notified()
    }
}
