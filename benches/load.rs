//! Many requests from many connections, counted and timed.

use crate::client::{Connection, Target};
use crate::histogram::Histogram;
use crate::process;
use bytes::Bytes;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// What ends a run.
#[derive(Clone, Copy)]
pub enum Bound {
    Time(Duration),
    Requests(usize),
}

/// A run.
#[derive(Clone)]
pub struct Plan {
    pub target: Target,
    /// Sent in turn; a further run of the same plan goes on where the last one ended.
    pub requests: Arc<[Bytes]>,
    /// How many earlier runs have sent.
    pub sent: Arc<AtomicUsize>,
    /// Open at a time.
    pub connections: usize,
    /// One request on each connection instead of as many as fit.
    pub new_connections: bool,
    pub bound: Bound,
    /// The server's process, if its cost is to be told.
    pub pid: Option<u32>,
}

/// What came of it.
#[derive(Clone, Default)]
pub struct Measured {
    pub latencies: Histogram,
    pub errors: u64,
    pub first_error: Option<String>,
    pub elapsed: Duration,
    /// Processor seconds of the server.
    pub processor_seconds: Option<f64>,
    /// The server's peak resident memory in KiB.
    pub peak_memory: Option<u64>,
}

impl Measured {
    pub fn rate(&self) -> f64 {
        self.latencies.count() as f64 / self.elapsed.as_secs_f64()
    }

    /// Processor microseconds of the server for each answer, which is also its seconds for a million.
    pub fn processor_micros(&self) -> Option<f64> {
        self.processor_seconds.map(|seconds| seconds * 1e6 / self.latencies.count().max(1) as f64)
    }

    /// Fails loudly: figures of refused requests mean nothing.
    pub fn all_right(self, what: &str) -> Self {
        assert!(
            self.errors == 0 && self.latencies.count() > 0,
            "{what}: {} of {} requests failed, the first: {}",
            self.errors,
            self.errors + self.latencies.count(),
            self.first_error.as_deref().unwrap_or("there were none"),
        );
        self
    }
}

/// Carries a plan out with one thread for each processor.
pub fn run(plan: &Plan) -> Measured {
    let next = Arc::new(AtomicUsize::new(0));
    let threads = process::processors().min(plan.connections);
    let before = plan.pid.and_then(process::processor_seconds);
    let started = Instant::now();
    let workers: Vec<_> = (0..threads)
        .map(|thread| {
            let (plan, next) = (plan.clone(), Arc::clone(&next));
            let connections = (plan.connections + thread) / threads;
            std::thread::spawn(move || work(&plan, connections, &next, started))
        })
        .collect();
    let mut measured = Measured::default();
    for worker in workers {
        let part = worker.join().unwrap();
        measured.latencies.merge(&part.latencies);
        measured.errors += part.errors;
        measured.first_error = measured.first_error.or(part.first_error);
    }
    measured.elapsed = started.elapsed();
    plan.sent.fetch_add(next.load(Ordering::Relaxed), Ordering::Relaxed);
    let after = plan.pid.and_then(process::processor_seconds);
    measured.processor_seconds = before.zip(after).map(|(before, after)| after - before);
    measured.peak_memory = plan.pid.and_then(|pid| process::memory(pid, "VmHWM"));
    measured
}

fn work(plan: &Plan, connections: usize, next: &Arc<AtomicUsize>, started: Instant) -> Measured {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut clients = JoinSet::new();
        for _ in 0..connections {
            clients.spawn(client(plan.clone(), Arc::clone(next), started));
        }
        let mut sum = Measured::default();
        while let Some(part) = clients.join_next().await {
            let part = part.unwrap();
            sum.latencies.merge(&part.latencies);
            sum.errors += part.errors;
            sum.first_error = sum.first_error.or(part.first_error);
        }
        sum
    })
}

async fn client(plan: Plan, next: Arc<AtomicUsize>, started: Instant) -> Measured {
    let mut measured = Measured::default();
    let sent = plan.sent.load(Ordering::Relaxed);
    let mut open = None;
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let ended = match plan.bound {
            Bound::Time(time) => started.elapsed() >= time,
            Bound::Requests(count) => number >= count,
        };
        if ended {
            return measured;
        }
        let request = &plan.requests[(sent + number) % plan.requests.len()];
        let begun = Instant::now();
        match one(&plan, &mut open, request).await {
            Ok(200) => measured.latencies.record(begun.elapsed()),
            other => {
                measured.errors += 1;
                let text = other.map_or_else(|error| error.to_string(), |status| format!("status {status}"));
                measured.first_error.get_or_insert(text);
                // A server that is gone must not be asked a million times a second.
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        if plan.new_connections
            && let Some(connection) = open.take()
        {
            connection.close().await;
        }
    }
}

async fn one(plan: &Plan, open: &mut Option<Connection>, request: &[u8]) -> io::Result<u16> {
    let mut connection = match open.take() {
        Some(connection) => connection,
        None => plan.target.connect().await?,
    };
    let status = connection.exchange(request).await?;
    *open = Some(connection);
    Ok(status)
}
