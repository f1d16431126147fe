//! The numbers behind `/metrics`.

use super::labels::{Access, CallerKind, ExchangeOutcome, KeyKind, TokenOutcome};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// The media type of [`Metrics::encode`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All metrics of the program. One instance is made by the wiring and shared; there is no global one, so that tests
/// do not count each other's requests.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    tokens: Family<TokenLabels, Counter>,
    /// Those of `tokens`, in the order of the outcomes and for each of them of the callers: to be found without a lock.
    tokens_in_order: Vec<Counter>,
    exchanges: Family<ExchangeLabels, Counter>,
    requests: Family<RouteLabels, Histogram, fn() -> Histogram>,
    responses: Family<ResponseLabels, Counter>,
    database: Family<DatabaseLabels, Histogram, fn() -> Histogram>,
    days_left: Family<KeyLabels, Gauge<f64, AtomicU64>>,
    /// Passwords that wait to be checked.
    pub argon2_waiting: Gauge,
    /// Threads that check a password.
    pub argon2_busy: Gauge,
    /// Panics, which are always faults of the program.
    pub panics: Counter,
    /// Log lines that were dropped because nobody read them in time.
    pub log_lines_dropped: Counter,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TokenLabels {
    outcome: TokenOutcome,
    caller: CallerKind,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ExchangeLabels {
    outcome: ExchangeOutcome,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResponseLabels {
    route: &'static str,
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DatabaseLabels {
    use_case: &'static str,
    access: Access,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KeyLabels {
    key: KeyKind,
}

impl Metrics {
    /// Everything at zero.
    pub fn new() -> Self {
        Self::with(|_| ())
    }

    /// Everything at zero, and what `others` registers: parts that count for themselves.
    pub fn with(others: impl FnOnce(&mut Registry)) -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("dockpass"),
            tokens: Family::default(),
            tokens_in_order: Vec::new(),
            exchanges: Family::default(),
            requests: Family::new_with_constructor(request_buckets),
            responses: Family::default(),
            database: Family::new_with_constructor(database_buckets),
            days_left: Family::default(),
            argon2_waiting: Gauge::default(),
            argon2_busy: Gauge::default(),
            panics: Counter::default(),
            log_lines_dropped: Counter::default(),
        };
        metrics.register();
        others(&mut metrics.registry);
        for (outcome, caller) in
            TokenOutcome::ALL.iter().flat_map(|o| CallerKind::ALL.iter().map(move |c| (*o, *c)))
        {
            let counter = metrics.tokens.get_or_create(&TokenLabels { outcome, caller }).clone();
            metrics.tokens_in_order.push(counter);
        }
        for outcome in ExchangeOutcome::ALL {
            drop(metrics.exchanges.get_or_create(&ExchangeLabels { outcome: *outcome }));
        }
        metrics
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "build",
            "The running version",
            Info::new([("version", env!("CARGO_PKG_VERSION"))]),
        );
        registry.register("tokens", "Token requests by outcome and kind of credentials", self.tokens.clone());
        registry.register(
            "robot_token_exchanges",
            "Tokens of outside issuers that were to be exchanged for robot tokens",
            self.exchanges.clone(),
        );
        registry.register("http_request_duration_seconds", "Time to answer a request", self.requests.clone());
        registry.register("http_responses", "Answers by class of status", self.responses.clone());
        registry.register(
            "database_duration_seconds",
            "Time of a use case in the store",
            self.database.clone(),
        );
        registry.register("key_expiry_days", "Days until a certificate expires", self.days_left.clone());
        registry.register("argon2_waiting", "Passwords that wait to be checked", self.argon2_waiting.clone());
        registry.register("argon2_busy", "Threads that check a password", self.argon2_busy.clone());
        registry.register("panics", "Panics", self.panics.clone());
        registry.register("log_lines_dropped", "Log lines dropped", self.log_lines_dropped.clone());
    }

    /// Counts a token request.
    pub fn token(&self, outcome: TokenOutcome, caller: CallerKind) {
        let place = outcome as usize * CallerKind::ALL.len() + caller as usize;
        if let Some(counter) = self.tokens_in_order.get(place) {
            counter.inc();
        }
    }

    /// Counts a request of a keyless robot.
    pub fn exchange(&self, outcome: ExchangeOutcome) {
        self.exchanges.get_or_create(&ExchangeLabels { outcome }).inc();
    }

    /// Counts an answered request. `route` is the route's fixed label.
    pub fn request(&self, route: &'static str, status: u16, duration: Duration) {
        self.requests.get_or_create(&RouteLabels { route }).observe(duration.as_secs_f64());
        self.responses.get_or_create(&ResponseLabels { route, status: class(status) }).inc();
    }

    /// What [`Self::request`] counts in for a route and a status, found once: for the answer that is given most often.
    pub fn requests_of(&self, route: &'static str, status: u16) -> Requests {
        Requests {
            durations: self.requests.get_or_create(&RouteLabels { route }).clone(),
            responses: self.responses.get_or_create(&ResponseLabels { route, status: class(status) }).clone(),
        }
    }

    /// Counts a use case of the store.
    pub fn database(&self, use_case: &'static str, access: Access, duration: Duration) {
        self.database.get_or_create(&DatabaseLabels { use_case, access }).observe(duration.as_secs_f64());
    }

    /// Says when a certificate expires: days from now, negative afterwards.
    pub fn set_days_left(&self, key: KeyKind, days: f64) {
        self.days_left.get_or_create(&KeyLabels { key }).set(days);
    }

    /// Everything in the text form of OpenMetrics; see [`CONTENT_TYPE`].
    pub fn encode(&self) -> String {
        let mut out = String::with_capacity(16 * 1024);
        // Writing to a String does not fail.
        let _ = text::encode(&mut out, &self.registry);
        out
    }
}

/// Requests of one route that were answered with one class of status.
#[derive(Clone, Debug)]
pub struct Requests {
    durations: Histogram,
    responses: Counter,
}

impl Requests {
    /// Counts one more.
    pub fn count(&self, duration: Duration) {
        self.durations.observe(duration.as_secs_f64());
        self.responses.inc();
    }
}

fn class(status: u16) -> &'static str {
    match status {
        100..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

fn request_buckets() -> Histogram {
    Histogram::new([0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0])
}

fn database_buckets() -> Histogram {
    Histogram::new([0.000_025, 0.000_1, 0.000_25, 0.001, 0.002_5, 0.01, 0.05, 0.25, 1.0, 5.0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_shown() {
        let metrics = Metrics::new();
        metrics.token(TokenOutcome::BadRequest, CallerKind::Robot);
        metrics.request("token", 503, Duration::from_millis(3));
        metrics.database("find_robot", Access::Read, Duration::from_micros(30));
        metrics.set_days_left(KeyKind::Root, -1.5);
        metrics.argon2_waiting.inc();
        metrics.panics.inc();
        let text = metrics.encode();
        for line in [
            "dockpass_build_info{version=\"0.1.0\"} 1",
            "dockpass_tokens_total{outcome=\"bad_request\",caller=\"robot\"} 1",
            "dockpass_tokens_total{outcome=\"granted\",caller=\"anonymous\"} 0",
            "dockpass_robot_token_exchanges_total{outcome=\"throttled\"} 0",
            "dockpass_http_request_duration_seconds_bucket{le=\"0.005\",route=\"token\"} 1",
            "dockpass_http_request_duration_seconds_bucket{le=\"0.0025\",route=\"token\"} 0",
            "dockpass_http_responses_total{route=\"token\",status=\"5xx\"} 1",
            "dockpass_database_duration_seconds_count{use_case=\"find_robot\",access=\"read\"} 1",
            "dockpass_key_expiry_days{key=\"root\"} -1.5",
            "dockpass_argon2_waiting 1",
            "dockpass_panics_total 1",
            "dockpass_log_lines_dropped_total 0",
        ] {
            assert!(text.lines().any(|shown| shown == line), "{line}\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));
    }
}
