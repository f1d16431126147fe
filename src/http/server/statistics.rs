//! What the accept loop counts.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Counters of one server; clones count together.
#[derive(Clone, Debug, Default)]
pub struct Statistics {
    /// Connections open now.
    pub connections: Gauge,
    /// Requests being handled now.
    pub requests: Gauge,
    /// Connections ever accepted.
    pub accepted: Counter,
    faults: Family<FaultLabel, Counter>,
}

/// What went wrong with a connection or request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The operating system gave no connection, for example for want of file descriptors.
    Accept,
    /// Turned away: all connections are in use.
    Full,
    /// Turned away: too many connections from the same address.
    AddressFull,
    /// Answered 503: too many requests at the same time.
    Busy,
    /// The TLS handshake failed or took too long.
    Handshake,
    /// Cut: the headers of a request took too long.
    SlowHeader,
    /// Cut: the client did not take its response.
    SlowReader,
    /// Cut: the handler took too long.
    SlowHandler,
    /// The handler panicked.
    Panic,
}

impl Fault {
    const fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Full => "full",
            Self::AddressFull => "address_full",
            Self::Busy => "busy",
            Self::Handshake => "handshake",
            Self::SlowHeader => "slow_header",
            Self::SlowReader => "slow_reader",
            Self::SlowHandler => "slow_handler",
            Self::Panic => "panic",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FaultLabel {
    kind: &'static str,
}

impl Statistics {
    /// Makes these counters part of what `registry` shows, under names starting with `http_`.
    pub fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("http");
        registry.register("connections", "Connections open", self.connections.clone());
        registry.register("requests_in_flight", "Requests being handled", self.requests.clone());
        registry.register("accepted", "Connections accepted", self.accepted.clone());
        registry.register(
            "faults",
            "Connections and requests turned away, cut or failed",
            self.faults.clone(),
        );
    }

    /// How often `fault` has happened.
    pub fn faults(&self, fault: Fault) -> u64 {
        self.counter(fault).get()
    }

    pub(super) fn count(&self, fault: Fault) {
        self.counter(fault).inc();
    }

    fn counter(&self, fault: Fault) -> Counter {
        self.faults.get_or_create(&FaultLabel { kind: fault.name() }).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_counted_by_kind_and_shown() {
        let statistics = Statistics::default();
        let mut registry = Registry::default();
        statistics.register(&mut registry);
        statistics.clone().count(Fault::Panic);
        assert_eq!(statistics.faults(Fault::Panic), 1);
        assert_eq!(statistics.faults(Fault::Busy), 0);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        assert!(text.contains("http_faults_total{kind=\"panic\"} 1"), "{text}");
    }
}
