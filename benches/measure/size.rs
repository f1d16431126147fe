//! The same requests on a small and on a large installation.

use super::{Context, Outcome, Rounds, alternate, database_size, plan, pull_and_push, share};
use crate::dataset::{self, Shape};
use crate::plot::Bar;
use crate::process;
use crate::report::{self, Section, count, median, time, verdict};
use crate::server::Server;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Stands in for the large one in a quick run.
const MEDIUM: Shape = Shape { robots: 20_000, repositories: 2000, grants: 200_000, wide: 0 };
/// Robots at work: what a process keeps of the present state of the database is enough for these.
const SOME: usize = 50_000;
/// More than there are requests in all rounds, so that none is the second of its robot by more than chance.
const MANY: usize = 600_000;

pub(super) fn measure(context: &Context) -> Outcome {
    let (shape, large) = large(context);
    let small = context.installation("small", Shape::SMALL);
    let text = format!(
        "{} with {} repositories and {} grants beside 1,000 with 100 and 10,000, on {} keep-alive connections. At work in \
         the large one are {} robots, drawn evenly from all, and then, in the third row, with a process of its own, another \
         one with each request; both are compared with the small one in the same rounds. The file of the database is in the memory of the system. Start-up: from starting the process to the first \
         answer of /health/instance, median. Idle: resident memory a second after start.",
        count(shape.robots),
        count(shape.repositories),
        count(shape.grants),
        connections(),
        count(SOME),
    );
    let head =
        ["robots", "tokens/s", "server µs", "p50", "p99", "database", "start-up", "idle", "after load"];
    let mut section = Section::new("Flat with size", text, &head);
    let starts = [&small, &large].map(|directory| start(context, directory));
    warm(&large);
    let [small_beside_some, some] = compare(context, &small, &large, (shape, SOME));
    let [small_beside_others, others] = compare(context, &small, &large, (shape, MANY));
    let mut bars = Vec::new();
    let results = [(&small_beside_some, &small), (&some, &large), (&others, &large)];
    for (set, (result, directory)) in results.into_iter().enumerate() {
        let (started, idle) = starts[set.min(1)];
        let size = database_size(directory) >> 10;
        let robots = count(if set == 0 { Shape::SMALL.robots } else { shape.robots });
        section.row([
            if set == 2 { format!("{robots}, ever others") } else { robots },
            report::rate(result.rate()),
            format!("{:.1}", result.processor_micros()),
            time(result.quantile(0.5)),
            time(result.quantile(0.99)),
            report::memory(size),
            time(started),
            report::memory(idle),
            report::memory(result.peak_memory()),
        ]);
        for (name, quantile) in [("p50", 0.5), ("p99", 0.99)] {
            let latency = result.quantile(quantile);
            let label = ["1,000 robots", "large", "large, ever others"][set];
            let group = format!("latency {name}, µs");
            bars.push(Bar { group, label, value: latency.as_secs_f64() * 1e6, text: time(latency) });
        }
    }
    let of = |large: &Rounds, small: &Rounds, quantile| {
        large.quantile(quantile).as_secs_f64() / small.quantile(quantile).as_secs_f64()
    };
    let (p50, p99) = (of(&some, &small_beside_some, 0.5), of(&some, &small_beside_some, 0.99));
    let (started, idle) = starts[1];
    section.text.push_str(&format!(
        " p50 is {p50:.2} and p99 {p99:.2} times that of the small one (target: 1.3): {}; with ever other robots {:.2} and \
         {:.2} times. Tokens/s: {:.2} and {:.2} times. Start-up below 200 ms: {}. Idle below 64 MiB: {}.",
        verdict(p50 <= 1.3 && p99 <= 1.3),
        of(&others, &small_beside_others, 0.5),
        of(&others, &small_beside_others, 0.99),
        share(&some, &small_beside_some),
        share(&others, &small_beside_others),
        verdict(started < Duration::from_millis(200)),
        verdict(idle < 64 << 10),
    ));
    bars.sort_by(|one, other| one.group.cmp(&other.group));
    (section, bars)
}

/// Rounds of the small installation and of the large one, each served by one process: as it writes logins down, a second one
/// on the same database would take away what the first knows of it.
fn compare(context: &Context, small: &Path, large: &Path, (shape, robots): (Shape, usize)) -> [Rounds; 2] {
    let servers = [small, large].map(|directory| Server::dockpass(directory, None));
    let plans =
        [(&servers[0], Shape::SMALL, SOME), (&servers[1], shape, robots)].map(|(server, shape, robots)| {
            let target = server.target();
            let requests = shape
                .some_robots(robots)
                .map(|(login, repository)| pull_and_push(&target, &login, &repository));
            plan(target.clone(), requests.collect(), connections(), context.round(), server.pid())
        });
    alternate(context, ["small installation", "large installation"], &plans)
}

/// Few: queueing would hide the time of a single request.
fn connections() -> usize {
    2 * process::processors()
}

/// The large data set stays for the next run: writing it takes minutes.
fn large(context: &Context) -> (Shape, PathBuf) {
    if context.quick {
        return (MEDIUM, context.installation("medium", MEDIUM));
    }
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-large");
    if !directory.join("complete").exists() {
        println!("writing the large data set (some minutes; kept in {})", directory.display());
    }
    if let Some(took) = dataset::write(&directory, Shape::LARGE) {
        println!("written in {} s\n", took.as_secs());
    }
    (Shape::LARGE, directory)
}

/// Reads the file of a database, so that no request waits for the disk: how long that takes is the disk's affair.
fn warm(directory: &Path) {
    let file = std::fs::File::open(directory.join("data/dockpass.db"));
    std::io::copy(&mut file.unwrap(), &mut std::io::sink()).unwrap();
}

/// Start-up time and idle memory in KiB.
fn start(context: &Context, directory: &Path) -> (Duration, u64) {
    let started = (0..context.rounds()).map(|_| Server::dockpass(directory, None).started_in.as_secs_f64());
    let started = Duration::from_secs_f64(median(started));
    let server = Server::dockpass(directory, None);
    std::thread::sleep(Duration::from_secs(1));
    (started, process::memory(server.pid(), "VmRSS").unwrap_or_default())
}
