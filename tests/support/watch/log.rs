//! What this process logs, at the level of traces, as a server writes it.

use dockpass::telemetry::log::{Format, LogGuard, subscriber};
use prometheus_client::metrics::counter::Counter;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Mutex, OnceLock};
use tracing::level_filters::LevelFilter;

/// What has been logged, as far back as somebody reads it.
struct Page {
    bytes: Vec<u8>,
    /// How much was thrown away before `bytes`.
    gone: usize,
    /// From where each reader reads, and how many from there.
    readers: BTreeMap<usize, usize>,
}

static PAGE: Mutex<Page> = Mutex::new(Page { bytes: Vec::new(), gone: 0, readers: BTreeMap::new() });
static GUARD: OnceLock<LogGuard> = OnceLock::new();

struct Out;

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut page = PAGE.lock().unwrap();
        // Nobody reads what comes before the first installation or after the last.
        if page.readers.is_empty() {
            page.gone += bytes.len();
        } else {
            page.bytes.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads what is logged from now on. Tests run beside each other, and their lines are in it, too: a secret of this one must not be
/// in them either.
pub(super) struct Reader(usize);

impl Reader {
    pub(super) fn start() -> Self {
        GUARD.get_or_init(|| {
            let (subscriber, guard) =
                subscriber(Format::Json, LevelFilter::TRACE, Box::new(Out), Counter::default()).unwrap();
            tracing::subscriber::set_global_default(subscriber).unwrap();
            guard
        });
        let mut page = PAGE.lock().unwrap();
        let from = page.gone + page.bytes.len();
        *page.readers.entry(from).or_default() += 1;
        Self(from)
    }

    /// Everything that was logged since.
    pub(super) fn read(&self) -> Vec<u8> {
        if let Some(guard) = GUARD.get() {
            guard.flush();
        }
        let page = PAGE.lock().unwrap();
        page.bytes[self.0 - page.gone..].to_vec()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut page = PAGE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(count) = page.readers.get_mut(&self.0) {
            *count -= 1;
        }
        page.readers.retain(|_, count| *count > 0);
        let unread = page.readers.keys().next().map_or(page.bytes.len(), |from| from - page.gone);
        page.bytes.drain(..unread);
        page.gone += unread;
    }
}
