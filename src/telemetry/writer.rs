//! Gets log lines out without making anybody wait: lines are gathered in a bounded buffer, one thread writes it out. When
//! standard error is not read the buffer fills and lines are dropped and counted, because a log must not stop logins.

use prometheus_client::metrics::counter::Counter;
use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tracing_subscriber::fmt::MakeWriter;

/// Bytes of lines that wait at most: some ten thousand lines.
const ROOM: usize = 4 * 1024 * 1024;

/// Bytes that are worth writing at once.
const BATCH: usize = 256 * 1024;

/// How long lines are gathered before they are written. Waking the thread and entering the kernel for each line would cost
/// more than the rest of a token's way through the log; nobody reads a log faster than this.
const GATHER: Duration = Duration::from_millis(20);

/// How long the end of the program waits for the last lines.
const PATIENCE: Duration = Duration::from_secs(2);

/// Lines on their way out.
#[derive(Debug, Default)]
struct Waiting {
    lines: Vec<u8>,
    /// How many flushes have been asked for, and how many of these are done.
    asked: u64,
    done: u64,
    /// Nothing more will come: all who could log are gone.
    closed: bool,
}

impl Waiting {
    fn is_urgent(&self) -> bool {
        self.lines.len() >= BATCH || self.asked > self.done || self.closed
    }
}

/// What those who log share with the thread that writes.
#[derive(Debug, Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    /// Told when there is something to write.
    filled: Condvar,
    /// Told when a flush is done.
    flushed: Condvar,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a line, unless there is no room.
    fn push(&self, line: &[u8]) -> bool {
        let mut waiting = self.lock();
        let before = waiting.lines.len();
        if before + line.len() > ROOM {
            return false;
        }
        waiting.lines.extend_from_slice(line);
        let wake = before == 0 || before < BATCH && waiting.lines.len() >= BATCH;
        drop(waiting);
        if wake {
            self.filled.notify_one();
        }
        true
    }

    /// Waits for lines and moves them to `batch`; tells how many flushes are done once they are written, or nothing at the
    /// end.
    fn take(&self, batch: &mut Vec<u8>) -> Option<u64> {
        let wait = |waiting: &mut Waiting| waiting.lines.is_empty() && !waiting.is_urgent();
        let waiting = self.filled.wait_while(self.lock(), wait).unwrap_or_else(PoisonError::into_inner);
        let gathered = self.filled.wait_timeout_while(waiting, GATHER, |waiting| !waiting.is_urgent());
        let (mut waiting, _) = gathered.unwrap_or_else(PoisonError::into_inner);
        if waiting.closed && waiting.lines.is_empty() && waiting.asked == waiting.done {
            return None;
        }
        std::mem::swap(&mut waiting.lines, batch);
        Some(waiting.asked)
    }

    fn flushed(&self, done: u64) {
        self.lock().done = done;
        self.flushed.notify_all();
    }
}

/// Takes lines from the subscriber.
#[derive(Clone, Debug)]
pub(super) struct LogWriter {
    queue: Arc<Sender>,
    dropped: Counter,
}

/// Closes the queue when the last who could log is gone.
#[derive(Debug)]
struct Sender(Arc<Queue>);

impl Drop for Sender {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.filled.notify_one();
    }
}

/// Writes out what is waiting when it is dropped. Keep it until the end of `main`.
#[derive(Debug)]
#[must_use = "lines that are still waiting are lost without it"]
pub struct LogGuard {
    queue: Arc<Queue>,
}

impl LogWriter {
    /// Starts the thread that writes to `out`; lines that find no room are counted in `dropped`.
    pub(super) fn start(out: Box<dyn Write + Send>, dropped: Counter) -> io::Result<(Self, LogGuard)> {
        let queue = Arc::new(Queue::default());
        let (lines, told) = (Arc::clone(&queue), dropped.clone());
        std::thread::Builder::new().name("log".to_owned()).spawn(move || write_out(&lines, out, &told))?;
        let guard = LogGuard { queue: Arc::clone(&queue) };
        Ok((Self { queue: Arc::new(Sender(queue)), dropped }, guard))
    }
}

fn write_out(queue: &Queue, mut out: Box<dyn Write + Send>, dropped: &Counter) {
    let mut batch = Vec::with_capacity(BATCH);
    let mut reported = dropped.get();
    while let Some(done) = queue.take(&mut batch) {
        // Nobody is left to tell when standard error is gone.
        let _ = out.write_all(&batch).and_then(|()| out.flush());
        batch.clear();
        // A reader that was slow once must not cost that memory for ever.
        batch.shrink_to(BATCH);
        queue.flushed(done);
        let total = dropped.get();
        if total > reported {
            // Goes into the queue like any other line, and is not worth waiting for either.
            tracing::warn!(
                lines = total - reported,
                "log lines were dropped because nobody read them in time"
            );
            reported = total;
        }
    }
}

impl LogGuard {
    /// Waits, for two seconds at most, until everything logged so far is written.
    pub fn flush(&self) {
        let mut waiting = self.queue.lock();
        waiting.asked += 1;
        let mine = waiting.asked;
        self.queue.filled.notify_one();
        // Whether or not it was done in time: there is nobody to tell.
        let _ = self.queue.flushed.wait_timeout_while(waiting, PATIENCE, |waiting| waiting.done < mine);
    }
}

impl Drop for LogGuard {
    fn drop(&mut self) {
        self.flush();
    }
}

impl LogWriter {
    /// Hands over one complete line.
    pub(super) fn line(&self, line: &[u8]) {
        if !self.queue.0.push(&harmless(line)) {
            self.dropped.inc();
        }
    }
}

impl<'a> MakeWriter<'a> for LogWriter {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> &'a Self {
        self
    }
}

/// The subscriber hands over each event as one complete line in one call.
impl Write for &LogWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.line(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One line without anything that a terminal or a log reader would act on: control characters (a line break forges a
/// line, ESC and its 8-bit relatives command the terminal) and those that turn the writing direction are written as
/// `\u....`, which is right in JSON too.
fn harmless(line: &[u8]) -> Cow<'_, [u8]> {
    let body = line.strip_suffix(b"\n").unwrap_or(line);
    // Nearly always; without a way out in the middle the compiler looks at many bytes at once.
    if body.iter().fold(true, |plain, byte| plain & matches!(byte, b' '..=b'~')) {
        return Cow::Borrowed(line);
    }
    let mut out = String::with_capacity(line.len() + 16);
    for character in String::from_utf8_lossy(body).chars() {
        if character.is_control() || matches!(character, '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}') {
            let _ = write!(out, "\\u{:04x}", u32::from(character));
        } else {
            out.push(character);
        }
    }
    out.push('\n');
    Cow::Owned(out.into_bytes())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    /// Where tests read what was logged.
    #[derive(Clone, Default)]
    pub(in crate::telemetry) struct Page(Arc<Mutex<Vec<u8>>>);

    impl Page {
        pub(in crate::telemetry) fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_come_out_in_order_and_complete() {
        let page = Page::default();
        let (writer, guard) = LogWriter::start(Box::new(page.clone()), Counter::default()).unwrap();
        let lines: Vec<_> = (0..5000).map(|number| format!("{number}\n")).collect();
        for line in &lines {
            (&writer).write_all(line.as_bytes()).unwrap();
        }
        drop(guard);
        assert_eq!(page.text(), lines.concat());
    }

    #[test]
    fn a_reader_that_hangs_costs_lines_and_not_time() {
        const LINE: &[u8] = b"a line of some length, so that the room is filled soon\n";
        struct Hangs(std::sync::mpsc::Receiver<()>);
        impl Write for Hangs {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                let _ = self.0.recv();
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let (release, hangs) = std::sync::mpsc::sync_channel(1);
        let dropped = Counter::default();
        let (writer, guard) = LogWriter::start(Box::new(Hangs(hangs)), dropped.clone()).unwrap();
        for _ in 0..ROOM / LINE.len() + BATCH {
            (&writer).write_all(LINE).unwrap();
        }
        assert!(dropped.get() > 0);
        drop(release);
        drop(guard);
    }

    #[test]
    fn nothing_in_a_line_is_acted_on() {
        let text = |line: &str| String::from_utf8(harmless(line.as_bytes()).into_owned()).unwrap();
        assert_eq!(text("plain\n"), "plain\n");
        assert_eq!(text("a\nb\n"), "a\\u000ab\n");
        assert_eq!(
            text("\u{1b}[31m\u{9b}31m\u{7f}\r\t\0é\n"),
            "\\u001b[31m\\u009b31m\\u007f\\u000d\\u0009\\u0000é\n"
        );
        assert_eq!(text("\u{202e}abc\u{2028}\n"), "\\u202eabc\\u2028\n");
    }
}
