//! Logs and metrics: what dockpass tells about itself while it runs, and never a secret.

mod json;
pub mod labels;
pub mod log;
pub mod metrics;
pub mod panic;
pub mod request;
mod stopwatch;
mod writer;

pub use labels::{Access, CallerKind, KeyKind, TokenOutcome};
pub use metrics::Metrics;
pub use request::{RequestId, RequestRecord};
pub use stopwatch::Stopwatch;
