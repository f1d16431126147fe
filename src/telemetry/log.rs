//! Setting up the log. Lines are written with `tracing`: readable message and fields with fixed names.

use super::json::JsonLines;
use super::writer::LogWriter;
use prometheus_client::metrics::counter::Counter;
use std::io::Write;
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Registry;
use tracing_subscriber::layer::SubscriberExt;

pub use super::writer::LogGuard;

/// The target of audit events, to tell them from everything else.
pub const AUDIT: &str = "audit";

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object per line: `timestamp`, `level`, `message`, `target` and the fields.
    Json,
    /// Time, level, target, message, `field=value`. No colours: a line may then hold nothing but text.
    Text,
}

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// No thread to write it.
    #[error("the log thread cannot be started: {0}")]
    Thread(#[from] std::io::Error),
    /// Another log is in place.
    #[error("a log has been set up already")]
    Taken,
}

/// Sends everything that is logged in this process from now on to `out`. Call it once, first thing. `dropped` counts
/// lines that could not be written in time.
pub fn init(
    format: Format,
    level: LevelFilter,
    out: Box<dyn Write + Send>,
    dropped: Counter,
) -> Result<LogGuard, LogError> {
    let (subscriber, guard) = subscriber(format, level, out, dropped)?;
    tracing::subscriber::set_global_default(subscriber).map_err(|_| LogError::Taken)?;
    Ok(guard)
}

/// What [`init`] puts in place, for tests that look at their own lines only.
pub fn subscriber(
    format: Format,
    level: LevelFilter,
    out: Box<dyn Write + Send>,
    dropped: Counter,
) -> Result<(Box<dyn Subscriber + Send + Sync>, LogGuard), LogError> {
    let (writer, guard) = LogWriter::start(out, dropped)?;
    Ok(match format {
        Format::Json => (Box::new(Registry::default().with(level).with(JsonLines(writer))), guard),
        Format::Text => {
            let builder = tracing_subscriber::fmt().with_max_level(level).with_ansi(false);
            (Box::new(builder.with_writer(writer).finish()), guard)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::writer::tests::Page;
    use super::super::{RequestId, RequestRecord};
    use super::*;
    use crate::system::SystemRandom;
    use std::time::Duration;

    fn logged(format: Format, level: LevelFilter, body: impl FnOnce()) -> String {
        let page = Page::default();
        let (subscriber, guard) =
            subscriber(format, level, Box::new(page.clone()), Counter::default()).unwrap();
        tracing::subscriber::with_default(subscriber, body);
        drop(guard);
        page.text()
    }

    fn request(caller: &str, status: u16) {
        RequestRecord {
            route: "token",
            method: "GET",
            status,
            duration: Duration::from_micros(1234),
            caller,
            request_id: &RequestId::from_header(Some(b"abc"), &SystemRandom::default()),
            client: "192.0.2.1",
        }
        .log();
    }

    #[test]
    fn a_request_is_one_line_of_json_with_fixed_names() {
        let text = logged(Format::Json, LevelFilter::INFO, || request("acme+ci", 200));
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(text.lines().count(), 1);
        let expected = serde_json::json!({
            "timestamp": line["timestamp"], "level": "INFO", "message": "request", "target": "request", "route": "token",
            "method": "GET", "status": 200, "duration_us": 1234, "caller": "acme+ci", "request_id": "abc",
            "client": "192.0.2.1",
        });
        assert_eq!(line, expected);
        assert!(logged(Format::Json, LevelFilter::INFO, || request("", 503)).contains("\"WARN\""));
    }

    #[test]
    fn no_value_can_forge_a_line_or_reach_the_terminal() {
        let evil = "x\n{\"level\":\"INFO\"}\r\u{1b}]0;y\u{7}\u{9b}31m\u{202e}";
        for format in [Format::Json, Format::Text] {
            let text = logged(format, LevelFilter::INFO, || {
                request(evil, 200);
                tracing::info!("{evil}");
                tracing::info!(displayed = %evil, debugged = ?evil, plain = evil, "said");
            });
            assert_eq!(text.lines().count(), 3, "{text}");
            assert!(
                !text.replace('\n', "").contains(|c: char| c.is_control() || c == '\u{202e}'),
                "{text:?}"
            );
            if format == Format::Json {
                for line in text.lines() {
                    serde_json::from_str::<serde_json::Value>(line).unwrap();
                }
            }
        }
    }

    #[test]
    fn lines_below_the_level_are_not_written() {
        let text = logged(Format::Text, LevelFilter::WARN, || {
            request("acme+ci", 200);
            tracing::warn!(target: AUDIT, "kept");
        });
        assert_eq!(text.lines().count(), 1);
        assert!(text.contains("WARN audit: kept"), "{text}");
    }
}
