//! Gets log lines out without making anybody wait: lines go into a bounded queue, one thread writes them. When standard
//! error is not read the queue fills and lines are dropped and counted, because a log must not stop logins.

use prometheus_client::metrics::counter::Counter;
use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::time::Duration;
use tracing_subscriber::fmt::MakeWriter;

/// Lines that wait at most: at some 400 bytes each, a few MiB.
const QUEUE: usize = 8192;

/// Bytes that are written at once.
const BATCH: usize = 64 * 1024;

/// How long the end of the program waits for the last lines.
const PATIENCE: Duration = Duration::from_secs(2);

enum Message {
    Line(Vec<u8>),
    Flush(SyncSender<()>),
}

/// Takes lines from the subscriber.
#[derive(Clone, Debug)]
pub(super) struct LogWriter {
    queue: SyncSender<Message>,
    dropped: Counter,
}

/// Writes out what is waiting when it is dropped. Keep it until the end of `main`.
#[derive(Debug)]
#[must_use = "lines that are still waiting are lost without it"]
pub struct LogGuard {
    queue: SyncSender<Message>,
}

impl LogWriter {
    /// Starts the thread that writes to `out`; lines that do not fit the queue are counted in `dropped`.
    pub(super) fn start(out: Box<dyn Write + Send>, dropped: Counter) -> io::Result<(Self, LogGuard)> {
        let (queue, lines) = sync_channel(QUEUE);
        let told = dropped.clone();
        std::thread::Builder::new().name("log".to_owned()).spawn(move || write_out(&lines, out, &told))?;
        Ok((Self { queue: queue.clone(), dropped }, LogGuard { queue }))
    }
}

fn write_out(lines: &Receiver<Message>, mut out: Box<dyn Write + Send>, dropped: &Counter) {
    let mut batch = Vec::with_capacity(BATCH);
    let mut reported = dropped.get();
    while let Ok(first) = lines.recv() {
        let mut next = Ok(first);
        let mut flushed = None;
        while let Ok(message) = next {
            match message {
                Message::Line(line) => batch.extend_from_slice(&line),
                Message::Flush(done) => flushed = Some(done),
            }
            next = if batch.len() < BATCH && flushed.is_none() {
                lines.try_recv()
            } else {
                Err(TryRecvError::Empty)
            };
        }
        // Nobody is left to tell when standard error is gone.
        let _ = out.write_all(&batch).and_then(|()| out.flush());
        batch.clear();
        if let Some(done) = flushed {
            let _ = done.send(());
        }
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
        let (done, wait) = sync_channel(1);
        let mut message = Message::Flush(done);
        for _ in 0..200 {
            match self.queue.try_send(message) {
                Ok(()) => break,
                Err(std::sync::mpsc::TrySendError::Full(back)) => message = back,
                Err(std::sync::mpsc::TrySendError::Disconnected(_)) => return,
            }
            std::thread::sleep(PATIENCE / 200);
        }
        let _ = wait.recv_timeout(PATIENCE);
    }
}

impl Drop for LogGuard {
    fn drop(&mut self) {
        self.flush();
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
        if self.queue.try_send(Message::Line(harmless(line).into_owned())).is_err() {
            self.dropped.inc();
        }
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
    if body.iter().all(|byte| matches!(byte, b' '..=b'~')) {
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
        struct Hangs(Receiver<()>);
        impl Write for Hangs {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                let _ = self.0.recv();
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let (release, hangs) = sync_channel(1);
        let dropped = Counter::default();
        let (writer, guard) = LogWriter::start(Box::new(Hangs(hangs)), dropped.clone()).unwrap();
        for _ in 0..QUEUE + 5000 {
            (&writer).write_all(b"line\n").unwrap();
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
