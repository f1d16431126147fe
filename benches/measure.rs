//! Everything measured in one run, so that all figures come from the same machine in the same hour.

mod grants;
mod limit;
mod logins;
mod pages;
mod signing;
mod size;
mod writes;

use crate::certificate::Certificate;
use crate::client::Target;
use crate::dataset::{self, Shape};
use crate::histogram::Histogram;
use crate::load::{self, Bound, Measured, Plan};
use crate::plot::{self, Bar};
use crate::report::{Section, median};
use crate::request::{self, Login};
use crate::{document, process};
use bytes::Bytes;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The service that tokens are asked for: the default of SERVER_HOSTNAME.
const SERVICE: &str = "localhost:5000";

/// Measures everything and prints it.
#[derive(clap::Args)]
pub struct Run {
    /// Less than two minutes: shorter rounds, and no large data set.
    #[arg(long)]
    quick: bool,
    /// Only sections whose name holds this: signing, limit, logins, size, grants, writes,
    /// pages.
    #[arg(long)]
    only: Option<String>,
    /// Writes the results into docs/performance.md and docs/performance.svg.
    #[arg(long)]
    write: bool,
}

/// What the sections share.
struct Context {
    directory: TempDir,
    certificate: Certificate,
    quick: bool,
}

/// A section, and what the plot shows of it.
type Outcome = (Section, Vec<Bar>);

type Measure = fn(&Context) -> Outcome;

/// Carries a run out.
pub fn run(options: &Run) {
    let started = Instant::now();
    // Beside the build, not in /tmp: that may be memory, where a commit costs nothing.
    let directory = TempDir::with_prefix_in("bench-", env!("CARGO_TARGET_TMPDIR")).unwrap();
    let certificate = Certificate::make(directory.path());
    let context = Context { directory, certificate, quick: options.quick };
    println!("{}\n", process::machine());
    let sections: [(&str, Measure); 7] = [
        ("signing", signing::measure),
        ("limit", limit::measure),
        ("logins", logins::measure),
        ("size", size::measure),
        ("grants", grants::measure),
        ("writes", writes::measure),
        ("pages", pages::measure),
    ];
    let wanted = |name: &str| options.only.as_deref().is_none_or(|only| name.contains(only));
    let mut tables = Vec::new();
    let mut bars = Vec::new();
    for (_, measure) in sections.iter().filter(|(name, _)| wanted(name)) {
        let (section, plotted) = measure(&context);
        let text = section.markdown();
        println!("{text}");
        tables.push(text);
        bars.extend(plotted);
    }
    println!("took {} s", started.elapsed().as_secs());
    if options.write {
        let command = if options.quick { "make bench-quick" } else { "make bench" };
        document::write(&tables, limit::TITLE, command, started.elapsed());
        plot::write(&bars);
    }
}

impl Context {
    /// How long one round lasts.
    fn round(&self) -> Bound {
        Bound::Time(Duration::from_millis(if self.quick { 600 } else { 1500 }))
    }

    /// How many rounds each of several candidates gets, in turn: many short ones, since what else happens on the machine
    /// then meets both, or only some of the rounds.
    fn rounds(&self) -> usize {
        if self.quick { 5 } else { 12 }
    }

    /// A directory of this run with a data set in it.
    fn installation(&self, name: &str, shape: Shape) -> PathBuf {
        let directory = self.directory.path().join(name);
        dataset::write(&directory, shape);
        directory
    }
}

/// A plan over keep-alive connections, time-bound.
fn plan(target: Target, requests: Vec<Bytes>, connections: usize, bound: Bound, pid: u32) -> Plan {
    Plan {
        target,
        requests: requests.into(),
        sent: Arc::default(),
        connections,
        new_connections: false,
        bound,
        pid: Some(pid),
    }
}

/// A robot's request for one repository.
fn pull_and_push(target: &Target, login: &Login, repository: &str) -> Bytes {
    request::token(target, SERVICE, Some(login), &[format!("repository:{repository}:pull,push")])
}

/// The results of several rounds of one plan.
#[derive(Default)]
struct Rounds(Vec<Measured>);

impl Rounds {
    fn rate(&self) -> f64 {
        median(self.0.iter().map(Measured::rate))
    }

    fn processor_micros(&self) -> f64 {
        median(self.0.iter().filter_map(Measured::processor_micros))
    }

    /// The median over rounds: one disturbed round does not count.
    fn quantile(&self, quantile: f64) -> Duration {
        let seconds = median(self.0.iter().map(|round| round.latencies.quantile(quantile).as_secs_f64()));
        Duration::from_secs_f64(seconds)
    }

    fn peak_memory(&self) -> u64 {
        self.0.iter().filter_map(|round| round.peak_memory).max().unwrap_or_default()
    }

    /// Over all rounds.
    fn latencies(&self) -> Histogram {
        let mut sum = Histogram::default();
        self.0.iter().for_each(|round| sum.merge(&round.latencies));
        sum
    }
}

/// Runs the plans in turn, round after round, so that what else happens on the machine meets all of them alike.
/// A round that is not counted comes first.
fn alternate<const N: usize>(context: &Context, what: [&str; N], plans: &[Plan; N]) -> [Rounds; N] {
    let mut results: [Rounds; N] = std::array::from_fn(|_| Rounds::default());
    for round in 0..=context.rounds() {
        for ((plan, what), result) in plans.iter().zip(what).zip(&mut results) {
            let measured = load::run(plan).all_right(what);
            if round > 0 {
                result.0.push(measured);
            }
        }
    }
    results
}

/// The median over rounds of how one compares with the other in the same round.
fn share(of: &Rounds, to: &Rounds) -> f64 {
    median(of.0.iter().zip(&to.0).map(|(of, to)| of.rate() / to.rate()))
}

/// Sends one request on a new connection and keeps the answer.
fn answer(target: &Target, request: &[u8]) -> Vec<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut connection = target.connect().await.unwrap();
        assert_eq!(connection.exchange(request).await.unwrap(), 200);
        connection.answer().to_owned()
    })
}

/// Bytes of a database with its write-ahead log.
fn database_size(directory: &Path) -> u64 {
    let size = |name: &str| std::fs::metadata(directory.join("data").join(name)).map_or(0, |file| file.len());
    size("dockpass.db") + size("dockpass.db-wal")
}

/// Shares a list of requests.
fn shared(requests: impl IntoIterator<Item = Bytes>) -> Arc<[Bytes]> {
    requests.into_iter().collect()
}
