//! Log lines as JSON. `tracing-subscriber` has a formatter of its own, which takes a map apart and puts it together again
//! for each line: a sixth of what dockpass itself does for a token.

use serde_json::to_writer;
use std::error::Error;
use std::fmt;
use std::io::Write;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Writes an event as one object: `timestamp`, `level`, the event's own fields with `message` among them, `target`.
pub(super) struct JsonLines;

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'w> FormatFields<'w> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        writer.write_str("{\"timestamp\":\"")?;
        SystemTime.format_time(&mut writer)?;
        let metadata = event.metadata();
        let mut line = Line(Vec::with_capacity(512));
        line.raw("\",\"level\":\"");
        line.raw(metadata.level().as_str());
        line.raw("\"");
        event.record(&mut line);
        line.member("target", |out| to_writer(out, metadata.target()));
        line.raw("}\n");
        // All of it was written by serde_json or from texts.
        writer.write_str(std::str::from_utf8(&line.0).map_err(|_| fmt::Error)?)
    }
}

/// The rest of a line, as bytes because that is what serde_json writes.
struct Line(Vec<u8>);

impl Line {
    fn raw(&mut self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
    }

    /// Field names are Rust identifiers and need no escaping. Writing scalars and texts to memory does not fail.
    fn member(&mut self, name: &str, value: impl FnOnce(&mut Vec<u8>) -> serde_json::Result<()>) {
        self.raw(",\"");
        self.raw(name);
        self.raw("\":");
        let _ = value(&mut self.0);
    }
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.member(field.name(), |out| to_writer(out, value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.member(field.name(), |out| to_writer(out, &value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.member(field.name(), |out| to_writer(out, &value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.member(field.name(), |out| to_writer(out, &value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.member(field.name(), |out| to_writer(out, &value));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.member(field.name(), |out| {
            // Through a text, since the value's own form may hold anything that has to be escaped.
            let mut text = Vec::new();
            let _ = write!(text, "{value:?}");
            to_writer(out, &String::from_utf8_lossy(&text))
        });
    }
}
