//! Figures under load: what `make soak` prints and docs/reliability.md holds. Nothing here asserts that something is fast; each
//! test asserts that what is right under no load is right under this one, and prints how long it took.
//!
//! The long forms are `#[ignore]`d. They mean something with the optimised program on a machine that does nothing else:
//! `tests/soak/run.sh load`. The short ones only look for what must never happen.

mod client;
mod clients;
mod flood;
mod guess;
mod lists;
mod switch;
mod timing;

use crate::faults::site::{Server, Site};
use std::fs;
use std::time::Duration;

/// Organization `acme` with repository `acme/app` and robot `acme+ci` that may write to it. Gives its secret.
fn prepare(site: &Site) -> String {
    site.ok(&["init"]);
    site.ok(&["org", "create", "acme"]);
    site.ok(&["repo", "create", "acme/app"]);
    site.ok(&["robot", "create", "acme+ci", "--repository", "app:write"])
}

/// A runtime for the clients.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Processor time of the server so far.
fn processor_time(server: &Server) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{}/stat", server.0.id())).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

/// A line of `/proc/PID/status` in KiB: `VmRSS`, `VmHWM`.
fn memory(server: &Server, line: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.0.id())).unwrap();
    let found = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':'));
    found.unwrap().trim().trim_end_matches(" kB").parse().unwrap()
}

/// Prints a row for docs/reliability.md.
fn row(what: &str, target: &str, figure: &str, met: bool) {
    println!("\n| {what} | {target} | {figure} | {} |", if met { "yes" } else { "NO" });
}

/// For people.
fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

/// The value that so many of a hundred do not exceed.
fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort_unstable();
    times.get((times.len() * percent / 100).min(times.len().saturating_sub(1))).copied().unwrap_or_default()
}
