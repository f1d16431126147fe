//! Log lines as JSON. `tracing-subscriber` has a formatter of its own, which takes a map apart and puts it together again
//! for each line: a sixth of what dockpass itself does for a token.

use super::writer::LogWriter;
use jiff::fmt::temporal::DateTimePrinter;
use serde::{Serialize, Serializer};
use serde_json::to_writer;
use std::error::Error;
use std::fmt;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

/// Microseconds, always as many digits.
const TIME: DateTimePrinter = DateTimePrinter::new().precision(Some(6));

/// Writes an event as one object: `timestamp`, `level`, the event's own fields with `message` among them, `target`.
pub(super) struct JsonLines(pub(super) LogWriter);

impl<S: Subscriber> Layer<S> for JsonLines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        let mut line = Line(Vec::with_capacity(512));
        line.raw("{\"timestamp\":\"");
        // The machine's own time, whatever clock the rest of the program was handed. Writing to memory does not fail.
        let _ = TIME.print_timestamp(&jiff::Timestamp::now(), &mut line.0);
        line.raw("\",\"level\":\"");
        line.raw(metadata.level().as_str());
        line.raw("\"");
        event.record(&mut line);
        line.member("target", metadata.target());
        line.raw("}\n");
        self.0.line(&line.0);
    }
}

/// A line, as bytes because that is what serde_json writes.
struct Line(Vec<u8>);

impl Line {
    fn raw(&mut self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
    }

    /// Field names are Rust identifiers and need no escaping. Writing scalars and texts to memory does not fail.
    fn member(&mut self, name: &str, value: impl Serialize) {
        self.raw(",\"");
        self.raw(name);
        self.raw("\":");
        let _ = to_writer(&mut self.0, &value);
    }
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.member(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.member(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.member(field.name(), value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.member(field.name(), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.member(field.name(), value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.member(field.name(), Debugged(value));
    }
}

/// A value's own form as a text, since it may hold anything that has to be escaped.
struct Debugged<'a>(&'a dyn fmt::Debug);

impl Serialize for Debugged<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:?}", self.0))
    }
}
